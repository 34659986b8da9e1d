"""The first stage: a residual in float64 at many random real points, all at once.

Floats find points of the common real domain of problem and answer, and the points where the residual looks wrong.
They decide nothing: rounding can make a zero look large and a difference vanish.
"""

import functools
from typing import NamedTuple

import numpy as np

from symbolic.expressions import numeric
from symbolic.expressions.prefix import to_prefix
from symbolic.expressions.tokens import spellings
from symbolic.verification.landmarks import near_roots
from symbolic.verification.residual import UNKNOWNS, Residual, by_real_values

FIRST_POINTS, WIDEST_FIRST = 48, 50.0  # and the largest |x| among them
MORE_POINTS, WIDEST = 4000, 1e4  # where the first points meet the real domain too rarely
FIRST_NEAR_ROOTS, MORE_NEAR_ROOTS = 16, 64  # points for each of the `landmarks`
ENOUGH_POINTS = 12
SUSPICIOUS = 1e-7  # a relative size that is hardly rounding
_REAL = 1e-9  # so small an imaginary part, relative to the value, is rounding


class Sample(NamedTuple):
    """Points of the real domain, the most suspicious half first.

    Attributes:
        points: one dict a point, of variable or coefficient to value.
        suspicious: how many of these points, from the first on, look wrong.
        wrong_share: the share of points that look wrong, of all that were found.
    """

    points: list[dict[str, float]]
    suspicious: int
    wrong_share: float


def sample(residual: Residual, seed: int) -> Sample:
    """Up to FIRST_POINTS points at which answer and residual are real and finite."""
    columns = _joined(
        residual, candidates(seed, FIRST_POINTS, WIDEST_FIRST), near_roots(residual, seed, FIRST_NEAR_ROOTS)
    )
    sizes = relative_sizes(residual, columns)
    if np.sum(np.isfinite(sizes)) < ENOUGH_POINTS:
        columns = _joined(residual, candidates(seed, MORE_POINTS, WIDEST), near_roots(residual, seed, MORE_NEAR_ROOTS))
        sizes = relative_sizes(residual, columns)
    inside = np.flatnonzero(np.isfinite(sizes))
    if not len(inside):
        return Sample([], 0, 0.0)
    worst, others = np.split(inside[np.argsort(-sizes[inside], kind="stable")], [FIRST_POINTS // 2])
    # Rounding is worst where functions saturate and balls know nothing: so the rest is taken as it comes.
    chosen = np.concatenate([worst, np.sort(others)])[:FIRST_POINTS]
    suspicious = int(np.sum(sizes[worst] > SUSPICIOUS))
    return Sample(rows(residual, columns, chosen), suspicious, round(float(np.mean(sizes[inside] > SUSPICIOUS)), 3))


@functools.lru_cache(maxsize=8)
def candidates(seed: int, count: int, widest: float) -> dict[str, np.ndarray]:
    """Random values of every variable and coefficient; of x near 0, around it, and on any scale up to `widest`."""
    rng = np.random.default_rng(seed)
    names = spellings("variable") + spellings("coefficient")
    columns = {name: rng.uniform(-3.0, 3.0, count) for name in names}
    any_scale = rng.choice([-1.0, 1.0], count) * np.exp(rng.uniform(np.log(0.01), np.log(widest), count))
    near, around = rng.uniform(-1.0, 1.0, count), rng.uniform(-5.0, 5.0, count)
    columns["x"] = np.choose(np.arange(count) % 3, [near, around, any_scale])
    return columns


def _joined(residual: Residual, *parts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in residual.free}


def relative_sizes(residual: Residual, columns: dict[str, np.ndarray]) -> np.ndarray:
    """|residual| relative to its largest term at every point; nan outside the common real domain.

    Of a product it is the smallest of its factors' sizes.
    """
    if residual.of_values is not None:
        columns = columns | _real_values(residual, columns)
        residual = residual.of_values
    values = numeric.run(residual.program, columns)
    with np.errstate(all="ignore"):
        sizes = functools.reduce(np.minimum, (_size(values, *factor) for factor in residual.factors.items()))
    inside = np.isfinite(values[residual.answer_slot]) & np.isfinite(values[residual.slot]) & np.isfinite(sizes)
    return np.where(inside, sizes, np.full_like(columns["x"], np.nan))


def problem_is_real(residual: Residual, seed: int) -> bool:
    """Whether a problem is real at ENOUGH_POINTS of many, with random Y, Y', Y''.

    False for one with `derivative`, whose value no values of Y tell.
    """
    if "derivative" in to_prefix(residual.problem):
        return False
    columns = candidates(seed, MORE_POINTS, WIDEST)
    unknowns = dict(zip(UNKNOWNS, (columns["a0"], columns["a1"], columns["a2"]), strict=True))
    residual = by_real_values(residual).of_values
    values = numeric.run(residual.program, columns | unknowns)[residual.slot]
    return bool(np.sum(np.isfinite(values)) >= ENOUGH_POINTS)


def hardly_real(residual: Residual, seed: int) -> list[dict[str, float]]:
    """Real points to look at where the answer may not be real: any at first, then such as floats say that of."""
    first, more = candidates(seed, FIRST_POINTS, WIDEST_FIRST), candidates(seed, MORE_POINTS, WIDEST)
    values, is_real = _complex_values(residual, more)
    chosen = np.flatnonzero(np.isfinite(values).all(axis=0) & ~is_real)[:FIRST_POINTS]
    return rows(residual, first, np.arange(FIRST_POINTS)) + rows(residual, more, chosen)


def far_points(residual: Residual, seed: int, count: int) -> list[dict[str, float]]:
    """So many points on each side of 0, on any scale beyond the first ones; they may lie outside the real domain."""
    columns = candidates(seed, MORE_POINTS, WIDEST)
    by_distance = np.argsort(np.abs(columns["x"]))
    chosen = []
    for side in (-1, 1):
        far = by_distance[side * columns["x"][by_distance] > WIDEST_FIRST]
        chosen.append(far[np.linspace(0, len(far) - 1, count).astype(int)])
    return rows(residual, columns, np.concatenate(chosen))


def _real_values(residual: Residual, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Y, Y', Y'' at every point, computed with complex numbers; nan where they are not all real."""
    values, is_real = _complex_values(residual, columns)
    return dict(zip(UNKNOWNS, np.where(is_real, values.real, np.nan), strict=False))


def _complex_values(residual: Residual, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Principal values of Y, Y', Y'' at every point, (order + 1, points), and at which points all seem to be real."""
    run = numeric.run(residual.program, columns, is_complex=True)
    values = np.stack([np.broadcast_to(run[slot], columns["x"].shape) for slot in residual.answer_slots])
    with np.errstate(all="ignore"):
        return values, (np.abs(values.imag) <= _REAL * (1 + np.abs(values.real))).all(axis=0)


def _size(values: list[np.ndarray], factor: int, terms: list[int]) -> np.ndarray:
    largest = functools.reduce(np.maximum, (np.abs(values[slot]) for slot in terms))
    return np.abs(values[factor]) / np.where(largest > 0, largest, 1.0)


def rows(residual: Residual, columns: dict[str, np.ndarray], indices: np.ndarray) -> list[dict[str, float]]:
    """The chosen points, one dict each, of the variables and coefficients that the residual needs."""
    return [{name: float(columns[name][index]) for name in residual.free} for index in indices]
