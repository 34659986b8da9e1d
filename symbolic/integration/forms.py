"""Parts of SymEngine expressions in x that integration rules look at: linear terms, factors, powers; and rewriting."""

import functools
import math
from collections.abc import Callable, Iterator

import symengine as se

X = se.Symbol("x")
U, V, W = map(se.Symbol, "yzt")  # stand for functions of x while an integrand is rewritten; no integrand holds them
ONE, HALF = se.Integer(1), se.Rational(1, 2)

SIN, COS, TAN, SEC, CSC, COT = (type(f(X)) for f in (se.sin, se.cos, se.tan, se.sec, se.csc, se.cot))
SINH, COSH, TANH, SECH, CSCH, COTH = (type(f(X)) for f in (se.sinh, se.cosh, se.tanh, se.sech, se.csch, se.coth))
ASIN, ACOS, ATAN, ASINH, ACOSH, ATANH = (type(f(X)) for f in (se.asin, se.acos, se.atan, se.asinh, se.acosh, se.atanh))
ACOT, ASEC, ACSC, ACOTH, ASECH, ACSCH = (type(f(X)) for f in (se.acot, se.asec, se.acsc, se.acoth, se.asech, se.acsch))
LN = type(se.log(X))


def depends(expr: se.Basic) -> bool:
    """Whether x occurs in an expression."""
    return se.has_symbol(expr, X)


def parts(expr: se.Basic) -> list[se.Basic]:
    """The distinct parts of an expression that hold x, itself included, from the outside in."""
    found, todo = {}, [expr]
    while todo:
        part = todo.pop()
        if part not in found and part.args and depends(part):
            found[part] = None
            todo += part.args
    return list(found)


def linear(expr: se.Basic) -> tuple[se.Basic, se.Basic] | None:
    """(a, b) of a*x + b with a and b without x, and a not 0; None for any other expression."""
    if expr == X:
        return ONE, se.Integer(0)
    slope = expr.diff(X)
    if depends(slope) or slope == 0:
        return None
    return slope, expr.xreplace({X: se.Integer(0)})


def power_of(factor: se.Basic) -> tuple[se.Basic, se.Basic]:
    """(base, exponent) of a factor; exp(x) is a base of its own."""
    if isinstance(factor, se.Pow) and factor.args[0] != se.E:
        return factor.args
    return factor, ONE


def exponent_of(expr: se.Basic) -> se.Basic | None:
    """u of exp(u), else None."""
    return expr.args[1] if isinstance(expr, se.Pow) and expr.args[0] == se.E else None


def is_exponential(expr: se.Basic) -> bool:
    return isinstance(expr, se.Pow) and expr.args[0] == se.E


def mapped(expr: se.Basic, change: Callable[[se.Basic], se.Basic]) -> se.Basic:
    """An expression with `change` applied to every part that holds x, from the leaves up."""
    known: dict[se.Basic, se.Basic] = {}

    def visit(part):
        if not part.args or not depends(part):
            return part
        result = known.get(part)
        if result is None:
            operands = part.args
            changed = [visit(operand) for operand in operands]
            rebuilt = part if all(a is b for a, b in zip(changed, operands, strict=True)) else part.func(*changed)
            result = known[part] = change(rebuilt)
        return result

    return visit(expr)


def size(expr: se.Basic) -> int:
    """The number of operators and leaves, a rough length."""
    total, todo = 0, [expr]
    while todo:
        part = todo.pop()
        total += 1
        todo += part.args
    return total


# --- Rewriting ------------------------------------------------------------------------------------------------------

_QUOTIENTS = {
    TAN: lambda u: se.sin(u) / se.cos(u),
    COT: lambda u: se.cos(u) / se.sin(u),
    SEC: lambda u: 1 / se.cos(u),
    CSC: lambda u: 1 / se.sin(u),
    TANH: lambda u: se.sinh(u) / se.cosh(u),
    COTH: lambda u: se.cosh(u) / se.sinh(u),
    SECH: lambda u: 1 / se.cosh(u),
    CSCH: lambda u: 1 / se.sinh(u),
}
_AS_EXPONENTIALS = {
    SINH: lambda u: (se.exp(u) - se.exp(-u)) / 2,
    COSH: lambda u: (se.exp(u) + se.exp(-u)) / 2,
    TANH: lambda u: (se.exp(2 * u) - 1) / (se.exp(2 * u) + 1),
}
_OF_RECIPROCALS = {
    ACOT: se.atan,
    ASEC: se.acos,
    ACSC: se.asin,
    ACOTH: se.atanh,
    ASECH: se.acosh,
    ACSCH: se.asinh,
}


def basic(expr: se.Basic) -> se.Basic:
    """The expression with few functions: 1/cos(x) for sec(x), acos(1/x) for asec(x), exp for 2^x, |u| for sqrt(u^2)."""

    def change(part):
        if type(part) in _OF_RECIPROCALS:
            return _OF_RECIPROCALS[type(part)](1 / part.args[0])
        if type(part) in _QUOTIENTS and type(part) not in (TAN, TANH):
            return _QUOTIENTS[type(part)](part.args[0])
        if isinstance(part, se.Pow):
            base, exponent = part.args
            if base != se.E and depends(exponent) and not depends(base):
                return se.exp(se.expand(exponent * se.log(base)))
            if is_exponential(base):
                return se.exp(base.args[1] * exponent)
            if isinstance(exponent, se.Rational) and exponent.q == 2:
                return _root_of_square(part)
        exponent = exponent_of(part)
        if exponent is not None:
            return _without_logarithms(exponent if size(exponent) > 40 else se.expand(exponent))
        return _logarithm_of_product(part) if isinstance(part, LN) else part

    return _without_mixed_squares(mapped(expr, change))


def _logarithm_of_product(part: se.Basic) -> se.Basic:
    """ln(c*exp(u)) as ln(c) + u for a positive constant c."""
    factors = se.Mul.make_args(part.args[0])
    exponents = [factor.args[1] for factor in factors if is_exponential(factor) and depends(factor)]
    scale = se.Mul(*(factor for factor in factors if not (is_exponential(factor) and depends(factor))))
    if not exponents or depends(scale):
        return part
    return se.Add(*exponents) + (se.log(scale) if scale != 1 else se.Integer(0))


# f -> the sign s and the function g with g(u)^-2 = 1 + s*f(u)^2
_RECIPROCAL_SQUARES = {TAN: (1, se.cos), TANH: (-1, se.cosh)}


def _without_mixed_squares(expr: se.Basic) -> se.Basic:
    """cos(u)^-2 as 1 + tan(u)^2 where tan(u) occurs too, and so for cosh and tanh."""
    replaced = {}
    for part in parts(expr):
        if type(part) in _RECIPROCAL_SQUARES:
            sign, function = _RECIPROCAL_SQUARES[type(part)]
            for k in (1, 2, 3):
                replaced[function(*part.args) ** (-2 * k)] = (1 + sign * part**2) ** k
    return expr.xreplace(replaced) if replaced else expr


def _root_of_square(part: se.Pow) -> se.Basic:
    """(u^2)^(n/2) as |u|^n, and so for (c*u^2)^(n/2) and quadratics a*(x + b)^2."""
    base, exponent = part.args
    scale, factors = ONE, []
    if isinstance(base, se.Add):
        slope = base.diff(X)
        curvature = slope.diff(X)
        if not isinstance(curvature, se.Rational) or curvature == 0 or (found := linear(slope)) is None:
            return part
        root = X + found[1] / curvature
        if se.expand(curvature / 2 * root**2 - base) != 0:
            return part
        scale, factors = curvature / 2, [root**2]
    else:
        for factor in se.Mul.make_args(base):
            if depends(factor):
                factors.append(factor)
            else:
                scale *= factor
    inner = ONE
    for factor in factors:
        u, n = power_of(factor)
        if not isinstance(n, se.Integer) or int(n) % 2:
            return part
        inner *= u ** (n / 2)
    return scale**exponent * se.Abs(inner) ** (2 * exponent)


def _without_logarithms(exponent: se.Basic) -> se.Basic:
    """exp(exponent) with exp(c*ln(u)) as u^c for constant c."""
    result, rest = ONE, []
    for term in se.Add.make_args(exponent):
        logarithm = [factor for factor in se.Mul.make_args(term) if isinstance(factor, LN) and depends(factor)]
        if len(logarithm) == 1 and not depends(term / logarithm[0]):
            result *= logarithm[0].args[0] ** (term / logarithm[0])
        else:
            rest.append(term)
    return result * se.exp(se.Add(*rest))


def with_quotients(expr: se.Basic) -> se.Basic:
    """The expression with tan, cot, sec, csc, and the hyperbolic ones, by sin and cos, sinh and cosh."""
    return mapped(expr, lambda part: _QUOTIENTS[type(part)](*part.args) if type(part) in _QUOTIENTS else part)


def with_exponentials(expr: se.Basic) -> se.Basic:
    """The expression with hyperbolic functions by exponentials."""
    return mapped(
        expr, lambda part: _AS_EXPONENTIALS[type(part)](*part.args) if type(part) in _AS_EXPONENTIALS else part
    )


def tidied(expr: se.Basic) -> se.Basic:
    """The expression with what cancels: ln|exp(u)| = u, exp(ln u) = u, atan(tan u) = u, (u^a)^b = u^(a*b) for odd a."""
    return mapped(expr, _tidied_part)


def _tidied_part(part: se.Basic) -> se.Basic:
    kind = type(part)
    if kind is LN:
        (inner,) = part.args
        if isinstance(inner, se.Abs):
            inner = inner.args[0]
            if isinstance(inner, se.Pow) and isinstance(inner.args[1], se.Integer):
                return inner.args[1] * se.log(se.Abs(inner.args[0]))
        if is_exponential(inner):
            return inner.args[1]
        if isinstance(inner, se.Mul):
            exponentials = [factor for factor in inner.args if is_exponential(factor)]
            if exponentials:
                rest = inner / exponentials[0]
                if depends(rest):
                    wrapped = se.Abs(rest) if isinstance(part.args[0], se.Abs) else rest
                    return exponentials[0].args[1] + se.log(wrapped)
                return exponentials[0].args[1]
        return part
    if kind is ATAN and isinstance(part.args[0], TAN):
        return part.args[0].args[0]
    if isinstance(part, se.Abs) and is_exponential(part.args[0]):
        return part.args[0]
    if isinstance(part, se.Pow):
        base, exponent = part.args
        if base == se.E:
            return _without_logarithms(exponent)
        if is_exponential(base) and not depends(exponent):
            return se.exp(base.args[1] * exponent)
        if isinstance(base, se.Pow) and isinstance(exponent, se.Rational):
            inner_base, inner = base.args
            if isinstance(inner, se.Rational) and int(inner.p) % 2:
                return inner_base ** (inner * exponent)
        return part
    return part


def logarithm(expr: se.Basic) -> se.Basic:
    """ln|u|; where u is positive, `tidy` takes the bars off later."""
    return se.log(se.Abs(expr))


def gcd_of(numbers: list[se.Basic]) -> se.Basic | None:
    """The largest c such that all numbers are integer multiples of it; None if their ratios are not rational."""
    first = numbers[0]
    ratios = [se.expand(number / first) for number in numbers]
    if not all(isinstance(ratio, se.Rational) for ratio in ratios):
        return None
    common = math.lcm(*(int(ratio.q) for ratio in ratios))
    divisor = functools.reduce(math.gcd, (abs(int(ratio * common)) for ratio in ratios))
    return first * se.Rational(divisor, common)


def rational_exponents(expr: se.Basic) -> Iterator[tuple[se.Basic, se.Rational]]:
    """(base, exponent) of every power with a fraction as exponent whose base holds x."""
    for part in parts(expr):
        if isinstance(part, se.Pow) and isinstance(part.args[1], se.Rational):
            if not isinstance(part.args[1], se.Integer):
                yield part.args
