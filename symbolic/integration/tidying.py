"""The shortest form of a primitive: constants dropped, terms multiplied out or factored, logarithms together."""

from collections import defaultdict

import numpy as np
import symengine as se

from symbolic.algebra.agreement import FIXED_POINTS
from symbolic.algebra.simplification import rebuilt, simplified
from symbolic.algebra.terms import additive_terms, constant_factor, without_constant_terms
from symbolic.expressions.engines import UNDEFINED, symengine_to_prefix
from symbolic.integration.forms import LN, ONE, depends, exponent_of, mapped, parts, size, with_quotients

_LARGEST = 250  # parts of an expression that is still simplified


def tidy(primitive: se.Basic, points: dict[str, np.ndarray]) -> list[se.Basic]:
    """Forms of a primitive that differ from it by a constant, the shortest first.

    Args:
        points: real points at which the integrand has values; there the sign of what stands in ln|u| is looked at.
    """
    plain = without_constant_terms(primitive)
    first = _without_bars(_with_logarithms_together(plain), points)
    forms = [first]
    if size(first) <= _LARGEST:
        terms = se.Add(*additive_terms(first))
        together = without_constant_terms(_without_bars(_with_logarithms_together(terms), points))
        forms += [together]
        forms += [without_constant_terms(_shortened(form)) for form in (first, together)]
    forms.append(_without_bars(plain, points))
    forms = [_powers_of_numbers(form) for form in forms]
    lengths = {}
    for form in dict.fromkeys(forms):
        try:
            lengths[form] = len(symengine_to_prefix(form))
        except ValueError:
            continue
    return sorted(lengths, key=lambda form: lengths[form])


def _shortened(form):
    try:
        return simplified(form)
    except (RuntimeError, ValueError):
        return form


def _with_logarithms_together(expr: se.Basic) -> se.Basic:
    """c*ln|u| - c*ln|v| as c*ln|u/v|, and c*ln|u| + c*ln|v| as c*ln|u*v|."""
    if not isinstance(expr, se.Add):
        return expr
    groups: dict[se.Basic, list] = defaultdict(list)
    rest = []
    for term in expr.args:
        constant, varying = constant_factor(term)
        if type(varying) is LN:
            sign = -1 if _starts_negative(constant) else 1
            groups[sign * constant].append((sign, varying.args[0]))
        else:
            rest.append(term)
    for constant, logarithms in groups.items():
        if len(logarithms) == 1 or len(logarithms) > 4:
            rest += [constant * sign * se.log(argument) for sign, argument in logarithms]
            continue
        bars = any(isinstance(argument, se.Abs) for _, argument in logarithms)
        product = ONE
        for sign, argument in logarithms:
            product *= (_shorter_sign(argument.args[0]) if isinstance(argument, se.Abs) else argument) ** sign
        sign = 1
        if all(sign < 0 for sign, _ in logarithms):
            product, sign = 1 / product, -1
        multiplied_out = se.expand(with_quotients(product)) if size(product) < 40 else product
        product = min(product, multiplied_out, key=size)
        rest.append(sign * constant * se.log(se.Abs(product) if bars else product))
    return se.Add(*rest)


def _shorter_sign(u: se.Basic) -> se.Basic:
    """u or -u, whichever is shorter: SymEngine writes |x - 1| as |1 - x|."""
    return min(u, se.expand(-u), key=size) if isinstance(u, se.Add) else u


def _starts_negative(constant) -> bool:
    return any(isinstance(factor, se.Number) and factor.is_negative for factor in se.Mul.make_args(constant))


def _without_bars(expr: se.Basic, points: dict[str, np.ndarray]) -> se.Basic:
    """ln|u| as ln(u) or ln(-u) where u has one sign at all points at which it is real."""
    inner = [part.args[0].args[0] for part in parts(expr) if type(part) is LN and isinstance(part.args[0], se.Abs)]
    if not inner:
        return expr
    replaced = {}
    for each, sign in zip(inner, _signs(inner, points), strict=True):
        if sign:
            replaced[se.log(se.Abs(each))] = se.log(each if sign > 0 else se.expand(-each))
    return mapped(expr, lambda part: replaced.get(part, part)) if replaced else expr


def _signs(exprs: list[se.Basic], points) -> list[int]:
    symbols = sorted(set().union(*(expr.free_symbols for expr in exprs)), key=str)
    count = len(points["x"])
    columns = [points[str(s)] if str(s) in points else np.resize(FIXED_POINTS[str(s)], count) for s in symbols]
    try:
        function = se.Lambdify(symbols, exprs, backend="lambda")
        values = function(np.stack(columns, axis=-1)).reshape(count, len(exprs))
    except RuntimeError:
        return [0] * len(exprs)
    signs = []
    for column in values.T:
        known = column[np.isfinite(column)]
        signs.append(1 if len(known) and (known > 0).all() else -1 if len(known) and (known < 0).all() else 0)
    return signs


def _powers_of_numbers(expr: se.Basic) -> se.Basic:
    """exp(x*ln(2)) as 2^x."""

    def change(part):
        exponent = exponent_of(part)
        if exponent is None:
            return part
        result, rest = ONE, []
        for term in se.Add.make_args(exponent):
            logarithms = [f for f in se.Mul.make_args(term) if type(f) is LN and not depends(f)]
            if len(logarithms) == 1 and depends(term):
                result *= logarithms[0].args[0] ** (term / logarithms[0])
            else:
                rest.append(term)
        return result * se.exp(se.Add(*rest))

    changed = mapped(expr, change)
    return expr if isinstance(changed, UNDEFINED) else rebuilt(changed)
