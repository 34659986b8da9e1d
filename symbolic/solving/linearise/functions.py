"""Functions of their inverses, exponentials of logarithms, powers of powers: written without one another.

All this is done as it is right for positive numbers. Elsewhere a factor may be wrong, which a constant absorbs or the
judge finds.
"""

import symengine as se

from symbolic.algebra.simplification import rebuilt
from symbolic.expressions.engines import UNDEFINED
from symbolic.solving.linearise.forms import is_finite, length, simplified
from symbolic.solving.linearise.symbols import X

_LN, _ABS = (type(function(X)) for function in (se.log, se.Abs))


def put_in(expr: se.Basic, values: dict) -> se.Basic | None:
    """An expression with symbols replaced, evaluated anew; None where it has no finite value then."""
    try:
        result = undone(rebuilt(expr.xreplace(values)))
    except (RuntimeError, ZeroDivisionError, KeyError):
        return None
    return result if is_finite(result) else None


def undone(expr: se.Basic) -> se.Basic:
    """An expression without functions of their inverses: exp(2*ln u) is u**2, sin(acos u) is sqrt(1 - u**2)."""
    if not expr.args or isinstance(expr, UNDEFINED):
        return expr
    operands = [undone(operand) for operand in expr.args]
    first = operands[0]
    if isinstance(expr, se.Pow):
        if first == se.E:
            return exponential(operands[1])
        if isinstance(operands[1], se.Rational) and operands[1].q == 2 and isinstance(first, se.Add):
            if first.atoms(se.sin, se.cos, se.sinh, se.cosh, se.tanh):  # sqrt(1 - sin(u)**2) is cos(u)
                first = simplified(first)
            elif length(first) < 60:
                first = se.expand(first)
        if isinstance(first, se.Pow | se.Mul) and isinstance(operands[1], se.Number):
            return power(first, operands[1])
        return first ** operands[1]
    if len(operands) > 1:
        return expr.func(*operands)
    if isinstance(first, se.Mul) and any(isinstance(factor, se.Add) for factor in first.args):
        first = min(first, se.expand(first), key=length)
    if len(first.args) == 1 and (rule := _UNDONE.get((type(expr), type(first)))) is not None:
        return rule(first.args[0])
    return logarithm(first) if type(expr) is _LN else expr.func(first)


def logarithm(expr: se.Basic) -> se.Basic:
    """ln of an expression, with the exponents of exponential factors outside: x + ln(2) for 2*exp(x)."""
    exponent, rest = se.Integer(0), se.Integer(1)
    for factor in se.Mul.make_args(expr):
        if factor == se.E:
            exponent += 1
        elif isinstance(factor, se.Pow) and factor.args[0] == se.E:
            exponent += factor.args[1]
        else:
            rest *= factor
    return exponent + se.log(rest)


def exponential(expr: se.Basic) -> se.Basic:
    """exp of an expression, with u**c for exp(c*ln(u)) where c holds no x; |u| is written u."""
    powers, rest = se.Integer(1), se.Integer(0)
    for term in se.Add.make_args(se.expand(expr)):
        logarithms = [factor for factor in se.Mul.make_args(term) if type(factor) is _LN]
        if len(logarithms) == 1:
            coefficient = term / logarithms[0]
            if not se.has_symbol(coefficient, X) and logarithms[0] not in coefficient.args:
                powers *= power(_without_sign(without_abs(logarithms[0].args[0])), coefficient)
                continue
        rest += term
    return powers * se.exp(rest)


def _without_sign(expr):
    """The same of a sum and its negative."""
    return min(expr, se.expand(-expr), key=lambda form: (length(form), str(form))) if isinstance(expr, se.Add) else expr


def power(base: se.Basic, exponent: se.Basic) -> se.Basic:
    """A power with powers inside it multiplied out, as far as that is right for positive numbers."""
    if isinstance(exponent, se.Integer) and exponent != -1:
        return base**exponent
    if isinstance(base, se.Mul):
        outside, inside = se.Integer(1), se.Integer(1)
        for factor in base.args:
            if isinstance(factor, se.Pow) and isinstance(factor.args[1], se.Number):
                outside *= power(factor, exponent)
            elif isinstance(factor, se.Pow) and factor.args[0] == se.E:
                outside *= se.exp(factor.args[1] * exponent)
            else:
                inside *= factor
        return outside * inside**exponent
    if isinstance(base, se.Pow):
        inner, own = base.args
        if inner == se.E:
            return se.exp(own * exponent)
        if isinstance(own, se.Number) or isinstance(exponent, se.Integer):
            return inner ** (own * exponent)
    return base**exponent


def root_of(number: int) -> se.Basic:
    """The square root of a positive integer, 2*sqrt(6) for 24."""
    outside, inside = 1, number
    for factor in (2, 3, 5, 7, 11, 13):
        while inside % (factor * factor) == 0:
            inside //= factor * factor
            outside *= factor
    return outside * se.sqrt(se.Integer(inside))


def without_abs(expr: se.Basic) -> se.Basic:
    """|u| is u: the constant beside it takes the sign."""
    if not expr.args or isinstance(expr, UNDEFINED):
        return expr
    operands = [without_abs(operand) for operand in expr.args]
    return operands[0] if type(expr) is _ABS else expr.func(*operands)


def _kinds(*functions):
    return [type(function(X)) for function in functions]


def _undoing() -> dict:
    """(outer, inner) -> outer(inner(u)) for a function of an inverse function, and the other way round."""
    rules = {}
    triples = (
        (se.asin, lambda u: u, lambda u: se.sqrt(1 - u**2)),
        (se.acos, lambda u: se.sqrt(1 - u**2), lambda u: u),
        (se.atan, lambda u: u / se.sqrt(1 + u**2), lambda u: 1 / se.sqrt(1 + u**2)),
    )
    for inverse, sine, cosine in triples:
        rules[se.sin, inverse], rules[se.cos, inverse] = sine, cosine
    rules[se.tan, se.atan] = lambda u: u
    rules[se.tan, se.asin] = lambda u: u / se.sqrt(1 - u**2)
    rules[se.tan, se.acos] = lambda u: se.sqrt(1 - u**2) / u
    triples = (
        (se.asinh, lambda u: u, lambda u: se.sqrt(1 + u**2)),
        (se.acosh, lambda u: se.sqrt(u**2 - 1), lambda u: u),
        (se.atanh, lambda u: u / se.sqrt(1 - u**2), lambda u: 1 / se.sqrt(1 - u**2)),
    )
    for inverse, sine, cosine in triples:
        rules[se.sinh, inverse], rules[se.cosh, inverse] = sine, cosine
    rules[se.tanh, se.atanh] = lambda u: u
    rules[se.tanh, se.asinh] = lambda u: u / se.sqrt(1 + u**2)
    for function, inverse in (
        (se.sin, se.asin),
        (se.cos, se.acos),
        (se.tan, se.atan),
        (se.sinh, se.asinh),
        (se.cosh, se.acosh),
        (se.tanh, se.atanh),
    ):
        rules[inverse, function] = lambda u: u
    rules[se.acos, se.sin] = rules[se.asin, se.cos] = lambda u: se.pi / 2 - u
    return {tuple(_kinds(*pair)): rule for pair, rule in rules.items()}


_UNDONE = _undoing()
