"""Equations solved for their highest derivative: y' = f(x, y) or y'' = f(x, y, y'), one for each factor and root."""

from typing import NamedTuple

import symengine as se

from symbolic.algebra.polynomials import numerator
from symbolic.solving.linearise.forms import fraction, is_finite, length
from symbolic.solving.linearise.inverse import solutions
from symbolic.solving.linearise.symbols import CURVATURE, SLOPE, Y

_LONGEST = 1500  # tokens of what is brought into lowest terms


class Explicit(NamedTuple):
    """An equation solved for its highest derivative: the derivative of this order is `right`."""

    order: int
    right: se.Basic


def factors(left: se.Basic) -> list[tuple[int, se.Basic]]:
    """(order, factor) of every factor of an equation left = 0 that holds a derivative; one of them is 0."""
    try:
        parts = [part.expression() for part in numerator(left, (CURVATURE, SLOPE, Y)).factors()]
    except (ValueError, RuntimeError):
        parts = [left]
    found = []
    for part in parts:
        if se.has_symbol(part, CURVATURE):
            found.append((2, part))
        elif se.has_symbol(part, SLOPE):
            found.append((1, part))
    return found


def explicit(order: int, factor: se.Basic) -> list[Explicit]:
    """The factor solved for its highest derivative: one equation for every root, the shortest first."""
    roots = (fraction(root, _LONGEST) for root in solutions(factor, CURVATURE if order == 2 else SLOPE))
    return [Explicit(order, root) for root in sorted(filter(is_finite, roots), key=length)]
