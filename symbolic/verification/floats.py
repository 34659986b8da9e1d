"""The first stage: a residual in float64 at many random real points, all at once.

Floats find points of the common real domain of problem and answer, and the points where the residual looks wrong.
They decide nothing: rounding can make a zero look large and a difference vanish.
"""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from symbolic.expressions import numeric
from symbolic.expressions.equations import UNKNOWNS
from symbolic.expressions.program import Program
from symbolic.verification.landmarks import near_roots
from symbolic.verification.points import Point, Points, candidates, far
from symbolic.verification.residual import Residual, by_real_values, needed_slots

FIRST_POINTS, WIDEST_FIRST = 48, 50.0  # how many, and the largest |x| among them
MORE_POINTS, WIDEST = 4000, 1e4  # tried where too few of the first points are real
FIRST_NEAR_ROOTS, MORE_NEAR_ROOTS = 16, 64  # points for each of the `landmarks`
ENOUGH_POINTS = 12
SUSPICIOUS = 1e-7  # a relative size that is hardly rounding
_REAL = 1e-9  # an imaginary part below this, relative to the value, is rounding

Columns = Mapping[str, np.ndarray]


class Sample(NamedTuple):
    """Points of the real domain, the most suspicious half first.

    Attributes:
        points: where answer and residual are real, as far as floats tell.
        suspicious: the number of these points, from the first on, that look wrong.
        wrong_share: the fraction of points that look wrong, of all real points found.
        overflown: points where a value is too large for a float, so that floats do not tell.
        known_x, overflown_x: the x of all points found at which floats give a residual, and at which they overflow.
        overflown_share: the fraction of points at which floats overflow, of the real points not chosen near landmarks.
    """

    points: Points
    suspicious: int
    wrong_share: float
    overflown: Points
    known_x: np.ndarray
    overflown_x: np.ndarray
    overflown_share: float


def sample(residual: Residual, more: bool = False) -> Sample:
    """Up to FIRST_POINTS points at which answer and residual are real and finite.

    Args:
        more: look at MORE_POINTS from the start.
    """
    if not more:
        columns = _joined(
            residual,
            candidates(residual.free, residual.seed, FIRST_POINTS, WIDEST_FIRST),
            near_roots(residual, FIRST_NEAR_ROOTS),
        )
        sizes, is_overflown = relative_sizes(residual, columns)
        more = np.sum(np.isfinite(sizes) | is_overflown) < ENOUGH_POINTS
    if more:
        columns = _joined(
            residual,
            candidates(residual.free, residual.seed, MORE_POINTS, WIDEST),
            near_roots(residual, MORE_NEAR_ROOTS),
        )
        sizes, is_overflown = relative_sizes(residual, columns)
    return chosen(residual, columns, sizes, is_overflown, MORE_POINTS if more else FIRST_POINTS)


def chosen(
    residual: Residual, columns: Columns, sizes: np.ndarray, is_overflown: np.ndarray, at_random: int = 0
) -> Sample:
    """The sample from columns of points and the relative sizes there.

    Args:
        is_overflown: whether floats overflow, for each point.
        at_random: the number of points, from the first on, that were not chosen near landmarks.
    """
    inside = np.flatnonzero(np.isfinite(sizes))
    worst, others = np.split(inside[np.argsort(-sizes[inside], kind="stable")], [FIRST_POINTS // 2])
    # The second half is not chosen by size: sizes are largest where functions saturate and balls do not tell.
    rows = np.concatenate([worst, np.sort(others)])[:FIRST_POINTS]
    suspicious = int(np.sum(sizes[worst] > SUSPICIOUS))
    wrong_share = round(float(np.mean(sizes[inside] > SUSPICIOUS)), 3) if len(inside) else 0.0
    overflown = np.flatnonzero(is_overflown)
    known, unknown = np.sum(inside < at_random), np.sum(overflown < at_random)
    return Sample(
        points_of(residual, columns, rows),
        suspicious,
        wrong_share,
        points_of(residual, columns, overflown),
        columns["x"][inside],
        columns["x"][overflown],
        float(unknown / max(1, known + unknown)),
    )


def points_of(residual: Residual, columns: Columns, rows: np.ndarray) -> Points:
    """The chosen points, with the variables and coefficients that the residual needs."""
    return Points(columns, rows, residual.free, residual.seed)


def _joined(residual: Residual, *parts: Columns) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in residual.free}


def relative_sizes(residual: Residual, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """|residual| relative to its largest term at every point, and whether a value is too large for a float there.

    Sizes are nan outside the common real domain and where floats overflow. That of a product is the smallest of its
    factors' sizes.
    """
    if residual.of_values is not None:
        columns = {**columns, **_real_values(residual, columns)}
        residual = residual.of_values
    values, has_overflown = run(residual.program, columns)
    with np.errstate(all="ignore"):
        sizes = functools.reduce(
            np.minimum, (numeric.relative_size(values, *factor) for factor in residual.factors.items())
        )
    inside = np.isfinite(values[residual.answer_slot]) & np.isfinite(values[residual.slot]) & np.isfinite(sizes)
    inside = np.broadcast_to(inside, columns["x"].shape)
    is_overflown = np.zeros(columns["x"].shape, bool)
    if has_overflown and not inside.all():
        for slot in needed_slots(residual):
            is_overflown |= np.isinf(values[slot])
    return np.where(inside, sizes, np.full_like(columns["x"], np.nan)), is_overflown & ~inside


def run(program: Program, columns: Columns) -> tuple[list[np.ndarray], bool]:
    """The values of all slots at real points, and whether one of them became infinite on the way."""
    infinite = []

    def leaf(head):
        value = numeric.constant(head) if isinstance(head, int) or head in numeric.CONSTANTS else columns[head]
        if isinstance(head, int) and np.isinf(value):
            infinite.append(head)
        return value

    with np.errstate(all="ignore", over="call", divide="call", call=lambda *what: infinite.append(what)):
        values = program.run(leaf, numeric.OPERATIONS)
    return values, bool(infinite)


def problem_is_real(residual: Residual) -> bool:
    """Whether a problem is real at ENOUGH_POINTS of many, with random Y, Y', Y''.

    False for one with `derivative`: values of Y, Y', Y'' do not determine its value.
    """
    if residual.holds_derivative:
        return False
    columns = candidates([*residual.free, "y", "z", "t"], residual.seed, MORE_POINTS, WIDEST)
    unknowns = dict(zip(UNKNOWNS, (columns["y"], columns["z"], columns["t"]), strict=True))
    residual = by_real_values(residual).of_values
    values = numeric.run(residual.program, columns | unknowns)[residual.slot]
    return bool(np.sum(np.isfinite(values)) >= ENOUGH_POINTS)


def hardly_real(residual: Residual) -> list[Point]:
    """Real points at which the answer may not be real: random ones, then points where floats find no real value."""
    first = candidates(residual.free, residual.seed, FIRST_POINTS, WIDEST_FIRST)
    more = candidates(residual.free, residual.seed, MORE_POINTS, WIDEST)
    values, is_real = _complex_values(residual, more)
    rows = np.flatnonzero(np.isfinite(values).all(axis=0) & ~is_real)[:FIRST_POINTS]
    return points_of(residual, first, np.arange(FIRST_POINTS))[:] + points_of(residual, more, rows)[:]


def far_points(residual: Residual, count: int) -> list[Point]:
    """This many points on each side of 0, beyond WIDEST_FIRST on any scale; they may lie outside the real domain."""
    columns = far(residual.free, residual.seed, count, WIDEST_FIRST, WIDEST)
    return points_of(residual, columns, np.arange(2 * count))[:]


def _real_values(residual: Residual, columns: Columns) -> dict[str, np.ndarray]:
    """Y, Y', Y'' at every point, computed with complex numbers; nan where they are not all real."""
    values, is_real = _complex_values(residual, columns)
    return dict(zip(UNKNOWNS, np.where(is_real, values.real, np.nan), strict=False))


def _complex_values(residual: Residual, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """Principal values of Y, Y', Y'' at every point, (order + 1, points), and whether all seem real, by point."""
    run = numeric.run(residual.program, columns, is_complex=True)
    values = np.stack([np.broadcast_to(run[slot], columns["x"].shape) for slot in residual.answer_slots])
    with np.errstate(all="ignore"):
        return values, (np.abs(values.imag) <= _REAL * (1 + np.abs(values.real))).all(axis=0)
