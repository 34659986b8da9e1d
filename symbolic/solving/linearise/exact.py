"""Exact equations m(x, Y) + n(x, Y)*Y' = 0, also with an integrating factor; and those linear in x(Y)."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import symengine as se

from symbolic.algebra import polynomials
from symbolic.solving.linearise import linear
from symbolic.solving.linearise.forms import fraction, is_finite, length, shortest
from symbolic.solving.linearise.functions import exponential
from symbolic.solving.linearise.inverse import solutions
from symbolic.solving.linearise.means import Means
from symbolic.solving.linearise.symbols import FIRST, X, Y
from symbolic.solving.linearise.values import evaluated, grid

_LETTER = se.Symbol("a7")  # stands for the variable that is held fixed
_FITS = 1e-8
_POWERS = 6  # the largest exponent of an integrating factor x**p * Y**q


def general(right: se.Basic, means: Means) -> Iterator[se.Basic]:
    """Explicit solutions of Y' = right from a function that is constant along them."""
    if length(right) > 200:
        return
    for potential in potentials(right, means):
        yield from solutions(potential - FIRST, Y)


def potentials(right: se.Basic, means: Means) -> Iterator[se.Basic]:
    """Functions of x and Y that are constant along the solutions of Y' = right."""
    top, bottom = _as_fraction(right)
    for m, n in ((-top, bottom), (-right, se.Integer(1))):
        for factor in _integrating_factors(m, n, means):
            potential = _potential(shortest(fraction(factor * m)), shortest(fraction(factor * n)), means)
            if potential is not None:
                yield potential
                return
    # x as a function of Y
    swapped = shortest(fraction(1 / right)).xreplace({X: Y, Y: X})
    slope = swapped.diff(Y)
    a = shortest(fraction(slope))
    if not se.has_symbol(a, Y):
        b = shortest(fraction(swapped - a * Y))
        if not se.has_symbol(b, Y):
            for x in linear.first_order(a, b, means):
                coefficient = x.diff(FIRST)
                rest = x - coefficient * FIRST
                yield ((X - rest.xreplace({X: Y, FIRST: 0})) / coefficient.xreplace({X: Y})).expand()
                return


def _as_fraction(expr):
    try:
        top, bottom = polynomials.fraction(expr)
        return top.expression(), bottom.expression()
    except (ValueError, RuntimeError):
        return expr, se.Integer(1)


def _integrating_factors(m, n, means) -> Iterator[se.Basic]:
    """Functions that make m + n*Y' = 0 exact: 1, one of x, one of Y, a product of powers."""
    gap = m.diff(Y) - n.diff(X)
    columns = grid([m, n, gap], 12, 8)
    table = evaluated([m, n, gap], columns)
    known = np.isfinite(table).all(axis=0)
    if known.sum() < 20:
        return
    m_at, n_at, gap_at = table[:, known]
    x_at, y_at = columns[X][known], columns[Y][known]
    size = np.abs(evaluated([m.diff(Y)], columns)[0][known]) + 1e-9
    if (np.abs(gap_at) <= _FITS * (1 + size)).all():
        yield se.Integer(1)
        return
    with np.errstate(all="ignore"):
        by_x = gap_at / n_at
    if _depends_on_row(by_x, x_at):
        rate = shortest(fraction(gap / n))
        yield from _exponential_of(rate, Y, means)
    if _depends_on_column(gap, m, columns):
        rate = shortest(fraction(-gap / m))
        yield from _exponential_of(rate, X, means)
    # x**p * Y**q: p*n/x - q*m/Y = m_Y - n_x
    matrix = np.stack([n_at / x_at, -m_at / y_at], axis=1)
    scale = np.abs(matrix).max(axis=1) + np.abs(gap_at)
    weights, *_ = np.linalg.lstsq(matrix / scale[:, None], gap_at / scale, rcond=None)
    if np.abs(matrix @ weights - gap_at).max() <= 1e-7 * np.abs(scale).max():
        exponents = [Fraction(w).limit_denominator(6) for w in weights]
        if all(abs(e - w) < 1e-6 and abs(e) <= _POWERS for e, w in zip(exponents, weights, strict=True)):
            p, q = (se.Rational(e.numerator, e.denominator) for e in exponents)
            yield X**p * Y**q


def _depends_on_row(values, x) -> bool:
    """Whether values at points are the same along each row of one x."""
    good = np.isfinite(values)
    rows = {}
    for key, value in zip(x[good], values[good], strict=True):
        rows.setdefault(key, []).append(value)
    return all(max(row) - min(row) <= 1e-7 * (1 + max(map(abs, row))) for row in rows.values())


def _depends_on_column(gap, m, columns) -> bool:
    """Whether gap/m does not depend on x: the grid with x and Y exchanged."""
    swapped = columns | {X: columns[Y], Y: columns[X]}
    values = evaluated([gap / m], swapped)[0]
    return np.isfinite(values).sum() > 20 and _depends_on_row(values, swapped[Y])


def _exponential_of(rate, absent, means):
    """exp of the primitive of a rate that holds only one variable."""
    variable = X if absent == Y else Y
    if se.has_symbol(rate, absent):
        rate = shortest(rate.xreplace({absent: se.Integer(1)}))
    if not is_finite(rate):
        return
    exponent = means.primitive(rate.xreplace({variable: X}))
    if exponent is not None:
        yield exponential(exponent).xreplace({X: variable})


def _potential(m, n, means) -> se.Basic | None:
    """A function with the derivatives m by x and n by Y."""
    first = means.primitive(m.xreplace({Y: _LETTER}))
    if first is not None:
        first = first.xreplace({_LETTER: Y})
        rest = shortest(fraction(n - first.diff(Y)))
        if not se.has_symbol(rest, X):
            second = means.primitive(rest.xreplace({Y: X})) if rest != 0 else se.Integer(0)
            if second is not None:
                return first + second.xreplace({X: Y})
    first = means.primitive(n.xreplace({X: _LETTER, Y: X}))
    if first is not None:
        first = first.xreplace({X: Y, _LETTER: X})
        rest = shortest(fraction(m - first.diff(X)))
        if not se.has_symbol(rest, Y):
            second = means.primitive(rest) if rest != 0 else se.Integer(0)
            if second is not None:
                return first + second
    return None
