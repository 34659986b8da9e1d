"""What the formulas of textbook integrals are written with: x, functions, ln|u|, roots without square factors."""

from collections.abc import Callable
from math import isqrt

import symengine as se

from symbolic.problems.families.textbook.parameters import Parameters

Pair = tuple[se.Basic, se.Basic]  # an integrand and its primitive
Form = Callable[[Parameters], Pair]

X = se.Symbol("x")
sin, cos, tan, sec, csc, cot = se.sin, se.cos, se.tan, se.sec, se.csc, se.cot
sinh, cosh, tanh, sech, csch, coth = se.sinh, se.cosh, se.tanh, se.sech, se.csch, se.coth
exp, atan, asin, acos, asinh = se.exp, se.atan, se.asin, se.acos, se.asinh


def sqrt(u: se.Basic) -> se.Basic:
    """The square root; of a whole number with its square factors taken out, 2*sqrt(7) for sqrt(28)."""
    if not isinstance(u, se.Integer) or u <= 0:
        return se.sqrt(u)
    outside, inside = 1, int(u)
    for factor in range(isqrt(inside), 1, -1):
        if inside % factor**2 == 0:
            outside, inside = factor, inside // factor**2
            break
    return outside * se.sqrt(se.Integer(inside))


def ln(u: se.Basic) -> se.Basic:
    """ln|u|."""
    return se.log(abs(u))
