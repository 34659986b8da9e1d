"""Riccati's equation v' = a + b*v + c*v**2: from one particular solution, or as a linear equation of second order."""

from collections.abc import Iterator

import symengine as se

from symbolic.solving.linearise import linear, particular_solutions, second_order
from symbolic.solving.linearise.forms import fraction, shortest
from symbolic.solving.linearise.means import Means
from symbolic.solving.linearise.symbols import FIRST, X


def solutions(a: se.Basic, b: se.Basic, c: se.Basic, means: Means) -> Iterator[se.Basic]:
    """General solutions v(x) of v' = a + b*v + c*v**2, with the constant a8."""
    found = 0
    for v1 in particular_solutions.of_riccati(a, b, c, means.hypotheses):
        # v = v1 + 1/u with u' = -(b + 2*c*v1)*u - c
        slope = shortest(fraction(-(b + 2 * c * v1)))
        for u in linear.first_order(slope, -c, means):
            yield v1 + 1 / u
            found += 1
            break
        if found >= 2 or means.time_is_up():
            break
    if found:
        return
    # v = -w'/(c*w) with w'' = (b + c'/c)*w' - a*c*w
    basis = second_order.homogeneous(shortest(fraction(b + c.diff(X) / c)), shortest(fraction(-a * c)), means)
    for first, second in basis:
        w = first + FIRST * second
        yield fraction(-w.diff(X) / (c * w))
        yield -w.diff(X) / (c * w)
