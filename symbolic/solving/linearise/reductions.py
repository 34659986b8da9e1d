"""Equations of second order that become of first order, because they hold no Y or no x or are homogeneous in Y.

Scale-invariant ones become equations without x.
"""

from collections.abc import Callable, Iterator

import numpy as np
import symengine as se

from symbolic.solving.linearise.forms import fraction, shortest
from symbolic.solving.linearise.functions import exponential, put_in, undone
from symbolic.solving.linearise.inverse import inverted, solutions
from symbolic.solving.linearise.means import Means
from symbolic.solving.linearise.symbols import CURVATURE, FIRST, SECOND, SLOPE, V, X, Y
from symbolic.solving.linearise.values import evaluated, grid

FirstOrder = Callable[[se.Basic, Means], list[se.Basic]]  # right side of Y' -> general solutions with a8
_MOST = 3  # solutions of the equation of first order that are followed
_FITS = 1e-8


def without_y(right: se.Basic, solve: FirstOrder, means: Means) -> Iterator[se.Basic]:
    """Y'' = right(x, Y'): of first order in Y'."""
    if se.has_symbol(right, Y):
        return
    left = means.left.xreplace({SLOPE: Y, CURVATURE: SLOPE})
    for slope in solve(right.xreplace({SLOPE: Y}), means._replace(left=left, hypotheses=()))[:_MOST]:
        for form in dict.fromkeys((slope, shortest(slope))):
            total = _primitive_of_affine(form, means)
            if total is not None:
                yield total + SECOND
                break


def _primitive_of_affine(slope, means):
    """A primitive; the part with a8 as a factor apart from the other, if the constant stands linearly."""
    coefficient = slope.diff(FIRST)
    if not se.has_symbol(shortest(coefficient), FIRST):
        parts = means.primitives([shortest(coefficient), shortest(slope.xreplace({FIRST: se.Integer(0)}))])
        if None not in parts:
            return FIRST * parts[0] + parts[1]
    return means.primitive(slope)


def without_x(right: se.Basic, solve: FirstOrder, means: Means) -> Iterator[se.Basic]:
    """Y'' = right(Y, Y'): with Y' as a function of Y it is of first order, and then separable."""
    if se.has_symbol(right, X):
        return
    by_y = fraction(right.xreplace({Y: X, SLOPE: Y}) / Y)
    for slope in solve(by_y, means)[:_MOST]:
        for form in _parametrised(slope):
            if means.time_is_up():
                return
            left = means.primitive(shortest(fraction(1 / form)))
            if left is None:
                continue
            left = left.xreplace({X: Y})
            values = inverted(left, X + SECOND, Y) or solutions(left - X - SECOND, Y)
            yield from values
            if values:
                break


def _parametrised(slope) -> Iterator[se.Basic]:
    """The same family with the constant written a8, a8**2, -a8**2 or 1/a8: its primitive may be shorter then."""
    seen = set()
    for replacement in (FIRST, FIRST**2, -(FIRST**2), -FIRST):
        form = put_in(slope, {FIRST: replacement})
        if form is not None:
            form = shortest(_positive(form))
            if form not in seen:
                seen.add(form)
                yield form


def _positive(expr):
    """sqrt(a8**2) is a8."""
    if not expr.args:
        return expr
    if isinstance(expr, se.Pow) and isinstance(expr.args[0], se.Pow) and expr.args[0].args[0] == FIRST:
        return FIRST ** (expr.args[0].args[1] * expr.args[1])
    return expr.func(*map(_positive, expr.args))


def homogeneous_in_y(right: se.Basic, solve: FirstOrder, means: Means) -> Iterator[se.Basic]:
    """Y'' = right of degree 1 in Y and Y' together: of first order in u = Y'/Y."""
    scaled = right.xreplace({Y: 2 * Y, SLOPE: 2 * SLOPE}) - 2 * right
    if not vanishes(scaled, right):
        return
    inner = put_in(right, {SLOPE: V, Y: se.Integer(1)})
    if inner is None:
        return
    by_u = fraction(inner.xreplace({V: Y}) - Y**2)
    for u in solve(by_u, means)[:_MOST]:
        exponent = _primitive_of_affine(u, means)
        if exponent is not None:
            yield SECOND * exponential(exponent)


def scale_invariant(right: se.Basic, solve_second: Callable, means: Means) -> Iterator[se.Basic]:
    """Equations that stay the same for x -> 2*x: with t = ln x they do not hold t."""
    scaled = 4 * right.xreplace({X: 2 * X, SLOPE: SLOPE / 2}) - right
    if not se.has_symbol(right, X) or not vanishes(scaled, right):
        return
    # Y_tt = Y_t + x**2*Y'' with Y' = Y_t/x, at x = 1
    by_t = put_in(SLOPE + right, {X: se.Integer(1)})
    if by_t is None:
        return
    for y in solve_second(fraction(by_t), means)[:_MOST]:
        yield shortest(undone(y.xreplace({X: se.log(X)})))


def vanishes(expr: se.Basic, beside: se.Basic) -> bool:
    """Whether an expression in x, Y and Y' is 0 beside another one, at a grid of points."""
    columns = grid([expr, beside], 16, 12)
    values, sizes = evaluated([expr, beside], columns)
    known = np.isfinite(values) & np.isfinite(sizes)
    return known.sum() >= 12 and bool((np.abs(values[known]) <= _FITS * (np.abs(sizes[known]) + 1e-9)).mean() > 0.97)
