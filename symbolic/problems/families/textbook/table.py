"""Integrals in one letter u: the table of any course (Abramowitz & Stegun 1964, chapters 3 and 4).

Each entry is a function from random parameters and u to (f(u), F(u)), where F' = f by u.
"""

from collections.abc import Callable

import symengine as se

from symbolic.problems.families.textbook.formulas import (
    Pair,
    acos,
    asin,
    asinh,
    atan,
    cos,
    cosh,
    cot,
    coth,
    csc,
    csch,
    exp,
    ln,
    sec,
    sech,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from symbolic.problems.families.textbook.parameters import Parameters


def _power(p: Parameters, u) -> Pair:
    n = p.exponent()
    return u**n, u ** (n + 1) / (n + 1)


def _general_power(p: Parameters, u) -> Pair:
    base = p.one_of((2, 3, 5, 10, p.positive() + 1))
    return se.Integer(base) ** u, se.Integer(base) ** u / se.log(base)


def _root_of_square(p: Parameters, u) -> Pair:
    square = p.small(9) ** 2 if p.chance(60) else p.positive()
    a = sqrt(square)
    kind = p.below(9)
    if kind == 0:
        return 1 / sqrt(square - u**2), asin(u / a)
    if kind == 1:
        return 1 / sqrt(square + u**2), asinh(u / a)
    if kind == 2:
        return 1 / sqrt(u**2 - square), ln(u + sqrt(u**2 - square))
    if kind == 3:
        return sqrt(square - u**2), u * sqrt(square - u**2) / 2 + square / 2 * asin(u / a)
    if kind == 4:
        return sqrt(square + u**2), u * sqrt(square + u**2) / 2 + square / 2 * asinh(u / a)
    if kind == 5:
        return sqrt(u**2 - square), u * sqrt(u**2 - square) / 2 - square / 2 * ln(u + sqrt(u**2 - square))
    if kind == 6:
        return 1 / (square + u**2), atan(u / a) / a
    if kind == 7:
        return 1 / (u**2 - square), (ln(u - a) - ln(u + a)) / (2 * a)
    return 1 / (square - u**2), (ln(u + a) - ln(u - a)) / (2 * a)


def _three_halves(p: Parameters, u) -> Pair:
    square = p.small(9) ** 2 if p.chance(60) else p.positive()
    radicand = p.one_of((square - u**2, square + u**2))
    return radicand ** se.Rational(-3, 2), u / (square * sqrt(radicand))


def _square_with_power(p: Parameters, u) -> Pair:
    """x^2/(x^2+a^2), x^2 times or over a root."""
    square = p.small(9) ** 2 if p.chance(60) else p.positive()
    a = sqrt(square)
    kind = p.below(4)
    if kind == 0:
        return u**2 / (u**2 + square), u - a * atan(u / a)
    if kind == 1:
        return u**2 / sqrt(square - u**2), square / 2 * asin(u / a) - u * sqrt(square - u**2) / 2
    if kind == 2:
        return u**2 / sqrt(square + u**2), u * sqrt(square + u**2) / 2 - square / 2 * asinh(u / a)
    return 1 / (u * sqrt(u**2 - square)), atan(sqrt(u**2 - square) / a) / a


def _fixed(*pairs: Callable[[se.Basic], Pair]) -> Callable[[Parameters, se.Basic], Pair]:
    """A form that draws one of several pairs."""
    return lambda p, u: p.one_of(pairs)(u)


OUTER: dict[str, Callable[[Parameters, se.Basic], Pair]] = {
    "power": _power,
    "reciprocal": _fixed(lambda u: (1 / u, ln(u))),
    "exponential": _fixed(lambda u: (exp(u), exp(u))),
    "general exponential": _general_power,
    "sine, cosine": _fixed(lambda u: (sin(u), -cos(u)), lambda u: (cos(u), sin(u))),
    "tangent and the like": _fixed(
        lambda u: (tan(u), -ln(cos(u))),
        lambda u: (cot(u), ln(sin(u))),
        lambda u: (sec(u), ln(sec(u) + tan(u))),
        lambda u: (csc(u), ln(tan(u / 2))),
        lambda u: (1 / cos(u), ln(1 / cos(u) + tan(u))),
        lambda u: (1 / sin(u), ln(tan(u / 2))),
        lambda u: (1 / tan(u), ln(sin(u))),
    ),
    "squares of secant and the like": _fixed(
        lambda u: (sec(u) ** 2, tan(u)),
        lambda u: (csc(u) ** 2, -cot(u)),
        lambda u: (1 / cos(u) ** 2, tan(u)),
        lambda u: (1 / sin(u) ** 2, -1 / tan(u)),
        lambda u: (tan(u) ** 2, tan(u) - u),
        lambda u: (cot(u) ** 2, -cot(u) - u),
        lambda u: (1 + tan(u) ** 2, tan(u)),
        lambda u: (sec(u) * tan(u), sec(u)),
        lambda u: (csc(u) * cot(u), -csc(u)),
        lambda u: (sin(u) / cos(u) ** 2, 1 / cos(u)),
    ),
    "hyperbolic": _fixed(
        lambda u: (sinh(u), cosh(u)),
        lambda u: (cosh(u), sinh(u)),
        lambda u: (tanh(u), se.log(cosh(u))),
        lambda u: (coth(u), ln(sinh(u))),
        lambda u: (sech(u), atan(sinh(u))),
        lambda u: (csch(u), ln(tanh(u / 2))),
        lambda u: (sech(u) ** 2, tanh(u)),
        lambda u: (csch(u) ** 2, -coth(u)),
        lambda u: (1 / cosh(u) ** 2, tanh(u)),
        lambda u: (tanh(u) ** 2, u - tanh(u)),
        lambda u: (sech(u) * tanh(u), -sech(u)),
        lambda u: (csch(u) * coth(u), -csch(u)),
    ),
    "roots and quotients of squares": _root_of_square,
    "radicand to the power -3/2": _three_halves,
    "squares beside squares": _square_with_power,
    "logarithm": _fixed(
        lambda u: (se.log(u), u * se.log(u) - u),
        lambda u: (se.log(u) ** 2, u * se.log(u) ** 2 - 2 * u * se.log(u) + 2 * u),
        lambda u: (se.log(u) / u, se.log(u) ** 2 / 2),
        lambda u: (1 / (u * se.log(u)), ln(se.log(u))),
        lambda u: (u * se.log(u), u**2 * se.log(u) / 2 - u**2 / 4),
    ),
    "inverse functions": _fixed(
        lambda u: (asin(u), u * asin(u) + sqrt(1 - u**2)),
        lambda u: (acos(u), u * acos(u) - sqrt(1 - u**2)),
        lambda u: (atan(u), u * atan(u) - se.log(1 + u**2) / 2),
        lambda u: (asinh(u), u * asinh(u) - sqrt(1 + u**2)),
        lambda u: (se.atanh(u), u * se.atanh(u) + ln(1 - u**2) / 2),
        lambda u: (u * atan(u), (u**2 + 1) * atan(u) / 2 - u / 2),
        lambda u: (asin(u) ** 2, u * asin(u) ** 2 + 2 * sqrt(1 - u**2) * asin(u) - 2 * u),
    ),
    "abs and sign": _fixed(
        lambda u: (abs(u), u * abs(u) / 2),
        lambda u: (se.sign(u), abs(u)),
        lambda u: (sqrt(abs(u)), 2 * u * sqrt(abs(u)) / 3),
        lambda u: (1 / abs(u), se.sign(u) * ln(u)),
        lambda u: (1 / sqrt(abs(u)), 2 * se.sign(u) * sqrt(abs(u))),
        lambda u: (u * abs(u), abs(u) ** 3 / 3),
        lambda u: (exp(abs(u)), se.sign(u) * (exp(abs(u)) - 1)),
        lambda u: (exp(-abs(u)), se.sign(u) * (1 - exp(-abs(u)))),
    ),
}
