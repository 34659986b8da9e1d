"""Constants of a solution, written as simply as they can be."""

import itertools
from collections.abc import Iterator

import numpy as np
import symengine as se

from symbolic.expressions.engines import UNDEFINED
from symbolic.solving.linearise.forms import fraction, length, shortest, simplified
from symbolic.solving.linearise.functions import root_of, undone
from symbolic.solving.linearise.symbols import CONSTANTS, FIRST, X
from symbolic.solving.linearise.values import evaluated

_TAN, _ATAN, _LN = (type(function(X)) for function in (se.tan, se.atan, se.log))
_BOTH_SIGNS = np.linspace(-2.9, 3.1, 40)


def absorbed(expr: se.Basic) -> se.Basic:
    """The expression with simpler constants: what depends on one constant only becomes that constant.

    Of exp(2*a8)*x and x + a8 + 3 the results are a8*x and x + a8. A part is replaced if the constant stands nowhere
    else. This never loses solutions, because a constant may have any value.
    """
    for constant in CONSTANTS:
        expr = _out_of_exponents(expr, constant)
        for _ in range(8):
            parts = _constant_parts(expr, constant)
            if len(parts) != 1:
                break
            (part,) = parts
            if part == constant:
                break
            expr = _replaced(expr, part, constant)
    return expr


def _out_of_exponents(expr, constant):
    """exp(2*a8 + x) and exp(-2*a8) become a8*exp(x) and 1/a8, if the constant stands nowhere else."""
    rates = set()

    def collect(part) -> bool:
        if not se.has_symbol(part, constant):
            return True
        if isinstance(part, se.Pow) and part.args[0] == se.E:
            rate = se.expand(part.args[1]).diff(constant)
            if not rate.free_symbols and rate != 0:
                rates.add(rate)
                return True
        return bool(part.args) and all(map(collect, part.args))

    if not collect(expr) or not rates:
        return expr
    unit = min(rates, key=lambda rate: abs(float(rate.n(53, real=True))))
    if not all(isinstance(rate / unit, se.Integer) for rate in rates):
        return expr

    def replace(part):
        if not se.has_symbol(part, constant):
            return part
        if isinstance(part, se.Pow) and part.args[0] == se.E:
            exponent = se.expand(part.args[1])
            rate = exponent.diff(constant)
            return constant ** (rate / unit) * se.exp(exponent - rate * constant)
        return part.func(*map(replace, part.args))

    return replace(expr)


def _constant_parts(expr, constant) -> set:
    """The largest parts that hold this constant and no other symbol but letters."""
    if not se.has_symbol(expr, constant):
        return set()
    if expr.free_symbols - {constant} <= _letters(expr):
        return {expr}
    if isinstance(expr, se.Add | se.Mul):
        constant_part, rest = _split(expr, constant)
        found = set() if constant_part is None else {constant_part}
        return found.union(*(_constant_parts(operand, constant) for operand in rest))
    return set().union(*(_constant_parts(operand, constant) for operand in expr.args))


def _letters(expr) -> set:
    return {symbol for symbol in expr.free_symbols if str(symbol)[0] == "a" and symbol not in CONSTANTS}


def _split(expr, constant):
    """The operands of a sum or product that hold no symbol but this constant and letters, together, and the others."""
    own = [a for a in expr.args if not a.free_symbols - {constant} - _letters(a)]
    rest = [a for a in expr.args if a.free_symbols - {constant} - _letters(a)]
    if not any(se.has_symbol(a, constant) for a in own):
        return None, expr.args
    return expr.func(*own), rest


def _replaced(expr, part, constant):
    if expr == part:
        return constant
    if not se.has_symbol(expr, constant):
        return expr
    if isinstance(expr, se.Add | se.Mul):
        own, rest = _split(expr, constant)
        rest = [_replaced(each, part, constant) for each in rest]
        if own is None:
            return expr.func(*rest)
        return expr.func(constant if own == part else own, *rest)
    return expr.func(*(_replaced(operand, part, constant) for operand in expr.args))


_SCALES = (-1, 2, se.Rational(1, 2), -2, 3, se.Rational(1, 3), 4, se.Rational(1, 4), 6, se.Rational(1, 6))


def written(expr: se.Basic) -> se.Basic:
    """A solution as people write it: constants absorbed, the shortest form of it."""
    best = shortest(absorbed(shortest(undone(_with_simple_roots(expr)))))
    for _ in range(2):
        forms = [best, absorbed(best), *_rescaled(best), *_with_factors_below(best)]
        best = min(forms, key=lambda form: (length(form), str(form)))
    return shortest(best)


def _with_factors_below(expr) -> Iterator[se.Basic]:
    """exp(x)/(a8 + exp(x)) as 1/(1 + a8*exp(-x)): a factor of a fraction's top divides the bottom."""
    factors = se.Mul.make_args(expr)
    for bottom in factors:
        if isinstance(bottom, se.Pow) and isinstance(bottom.args[0], se.Add) and bottom.args[1] == -1:
            for factor in factors:
                if factor != bottom and not isinstance(factor, se.Number):
                    yield expr / bottom / factor / se.expand(bottom.args[0] / factor)


def _rescaled(expr) -> Iterator[se.Basic]:
    """The expression with a constant multiplied by small numbers; the shorter one may be among these."""
    present = [constant for constant in CONSTANTS if se.has_symbol(expr, constant)]
    if length(expr) > 120:
        return
    for constant, scale in itertools.product(present, _SCALES):
        other = expr.xreplace({constant: scale * constant})
        yield other
        yield absorbed(fraction(other))
        yield absorbed(simplified(other))


def _with_simple_roots(expr):
    """sqrt(24) is 2*sqrt(6), also inside other expressions."""
    if not expr.args or isinstance(expr, UNDEFINED):
        return expr
    base, exponent = expr.args[0], expr.args[-1]
    if isinstance(expr, se.Pow) and isinstance(base, se.Integer) and base > 0 and isinstance(exponent, se.Rational):
        if exponent.q == 2:
            return root_of(int(base)) ** int(exponent.p)
        return expr
    return expr.func(*map(_with_simple_roots, expr.args))


def without_arcs(expr: se.Basic) -> se.Basic:
    """tan(a8 + atan(u)) as (a8 + u)/(1 - a8*u): the new constant is the tangent of the old one."""
    if type(expr) is not _TAN or expr.args[0].diff(FIRST) not in (1, -1):
        return expr
    (argument,) = expr.args
    rest = argument.xreplace({FIRST: se.Integer(0)})
    for sign in (1, -1):
        if type(sign * rest) is _ATAN:
            u = sign * (sign * rest).args[0]
            return (FIRST + u) / (1 - FIRST * u)
    return expr


def with_abs(expr: se.Basic) -> se.Basic:
    """ln|u| for ln(u), where u is negative somewhere."""
    if not expr.args or isinstance(expr, UNDEFINED):
        return expr
    if type(expr) is _LN and expr.free_symbols:
        (argument,) = expr.args
        columns = {
            symbol: np.roll(_BOTH_SIGNS, 7 * index) for index, symbol in enumerate(sorted(expr.free_symbols, key=str))
        }
        if (evaluated([argument], columns) < 0).any():
            return se.log(abs(with_abs(argument)))
    return expr.func(*map(with_abs, expr.args))
