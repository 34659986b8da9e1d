"""Equations that a substitution u = theta(x, Y) makes separable: u' = g(x)*h(u)."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import symengine as se

from symbolic.solving.linearise.constants import without_arcs
from symbolic.solving.linearise.disguises import arguments
from symbolic.solving.linearise.forms import fraction, is_finite, length, shortest
from symbolic.solving.linearise.functions import put_in
from symbolic.solving.linearise.inverse import inverted, solutions
from symbolic.solving.linearise.means import Means
from symbolic.solving.linearise.symbols import FIRST, SLOPE, V, X, Y
from symbolic.solving.linearise.values import evaluated, grid

_NODES = (*map(se.Integer, (1, 2, 0, -1)), se.Rational(1, 2), se.Integer(3))
_FITS = 1e-9


def substitutions(right: se.Basic, left: se.Basic) -> Iterator[se.Basic]:
    """Functions of x and Y that may separate the variables; those that stand in the equation as it is written, too."""
    yield Y
    yield Y / X
    yield X * Y
    seen = {Y, Y / X, X * Y}
    for u in [*arguments(right), *arguments(left)]:
        if u.free_symbols >= {X, Y} and SLOPE not in u.free_symbols and u not in seen and length(u) < 25:
            seen.add(u)
            yield u
    line = _line(right)
    if line is not None and line not in seen:
        yield line
    for power in (2, -2, 3, -3, se.Rational(1, 2), se.Rational(-1, 2)):
        yield Y * X**power
    for power in (2, 3):
        yield Y**power / X
        yield Y**power * X
    yield Y + X
    yield Y - X


def _line(right) -> se.Basic | None:
    """Y + c*x if the right side is a function of it: its derivatives by x and Y have the ratio c everywhere."""
    by_x, by_y = right.diff(X), right.diff(Y)
    if by_y == 0 or right.free_symbols - {X, Y}:
        return None
    columns = grid([by_x, by_y], 10, 6)
    values = evaluated([by_x, by_y], columns)
    with np.errstate(all="ignore"):
        ratio = values[0] / values[1]
    ratio = ratio[np.isfinite(ratio)]
    if len(ratio) < 12 or np.ptp(ratio) > 1e-7 * (1 + abs(ratio[0])):
        return None
    exact = Fraction(float(ratio[0])).limit_denominator(60)
    return Y + se.Rational(exact.numerator, exact.denominator) * X if abs(exact - ratio[0]) < 1e-7 and exact else None


def general(right: se.Basic, means: Means) -> Iterator[se.Basic]:
    """General solutions of Y' = right, through each substitution that separates the variables."""
    for u in substitutions(right, means.left):
        if means.time_is_up():
            return
        inverses = inverted(u, V, Y)
        if not inverses:
            continue
        slope = u.diff(X) + u.diff(Y) * right
        if not _is_separable(slope, inverses[0]):
            continue
        for inverse in inverses:
            yield from _solved(u, slope, inverse, means)


def _is_separable(slope, inverse) -> bool:
    """Whether the slope is a product g(x)*h(u), at a grid of points."""
    rng = np.random.default_rng(1)
    x, u = rng.uniform(0.3, 2.2, 9), rng.uniform(0.2, 2.4, 9)
    letters = sorted((slope.free_symbols | inverse.free_symbols) - {X, Y, V}, key=str)
    for x_sign, u_sign in ((1, 1), (-1, 1), (1, -1), (0.3, 0.4), (1, 4)):
        columns = {X: np.repeat(x_sign * x, 9), V: np.tile(u_sign * u, 9)}
        columns |= {letter: np.full(81, 0.7 + 0.4 * index) for index, letter in enumerate(letters)}
        y = evaluated([inverse], columns)[0]
        values = evaluated([slope], columns | {Y: y})[0].reshape(9, 9)
        rows, lines = np.isfinite(values).all(axis=1), np.isfinite(values).all(axis=0)
        if rows.sum() < 4 and lines.sum() < 4:
            continue
        table = values[rows] if rows.sum() >= 4 else values[:, lines].T
        if not np.abs(table).max() > 0 or np.abs(table).max() > 1e9:
            continue
        singular = np.linalg.svd(table / np.abs(table).max(), compute_uv=False)
        return bool(singular[1] < _FITS * singular[0])
    return False


def _solved(u, slope, inverse, means) -> Iterator[se.Basic]:
    for g, h in _factors(slope, inverse):
        # both sides at once: the function of u is integrated by x and renamed
        over = fraction(1 / h.xreplace({V: X}))
        right, left = means.primitives([g, over])
        if left is None and right is not None:
            left = means.primitive(shortest(1 / h.xreplace({V: X})))
        if left is None or right is None:
            continue
        left = left.xreplace({X: V})
        found = False
        for value in inverted(left, right + FIRST, V):
            found = True
            yield inverse.xreplace({V: without_arcs(value)})
        if not found:
            for y in solutions(left.xreplace({V: u}) - right - FIRST, Y):
                found = True
                yield y
        if found:
            return


def _factors(slope, inverse) -> Iterator[tuple[se.Basic, se.Basic]]:
    """(g, h) with slope = g(x)*h(u), u written V; the shortest first, then others."""
    whole = put_in(slope, {Y: inverse})
    if whole is None:
        return
    whole = shortest(whole)
    if not se.has_symbol(whole, X):
        yield se.Integer(1), whole
        return
    if not se.has_symbol(whole, V):
        yield whole, se.Integer(1)
        return
    x_part, u_part, mixed = se.Integer(1), se.Integer(1), False
    for factor in se.Mul.make_args(whole):
        if not se.has_symbol(factor, V):
            x_part *= factor
        elif not se.has_symbol(factor, X):
            u_part *= factor
        else:
            mixed = True
    if not mixed:
        yield x_part, u_part
        return
    found = []
    for node in _NODES:
        by_x = put_in(whole, {V: node})
        if by_x is None or by_x == 0:
            continue
        for other in _NODES:
            by_u = put_in(whole, {X: other})
            scale = None if by_u is None else put_in(by_u, {V: node})
            if scale is None or scale == 0:
                continue
            g, h = shortest(by_x), shortest(by_u / scale)
            if is_finite(g) and is_finite(h):
                found.append((g, h))
            break
    found.sort(key=lambda pair: length(pair[0]) + length(pair[1]))
    yield from found[:2]
