"""Contrasts: points where an answer seems to hold, each with one where it seems to fail.

What lies between the two must part them (see `edges`). There are several ways to choose them, since each misses wrong
answers that another finds.
"""

import functools
import itertools
from collections import Counter
from collections.abc import Iterator

import numpy as np

from symbolic.verification import balls, floats, landmarks
from symbolic.verification.draws import (
    COMMON_SIZES,
    DRAWS,
    HOLDS,
    HOLDS_PERHAPS,
    Draws,
    additional_x,
    draw,
)
from symbolic.verification.edges import BITS, fails_at, holds_at
from symbolic.verification.points import Point, Points, as_float, signed_x
from symbolic.verification.residual import Residual

Contrast = tuple[Point, Point]  # where it holds, where it fails

_MOST = 120  # contrasts tried of a kind; some have a kink between them, some exist only by rounding


def at_one_x(residual: Residual, draws: Draws, rng: np.random.Generator) -> Iterator[Contrast]:
    """Contrasts of two draws of the constants at the same x."""
    holds, fails = draws.sizes < HOLDS, draws.sizes > floats.SUSPICIOUS
    found = np.flatnonzero(holds & fails.any(axis=1, keepdims=True))
    for index in rng.permutation(found)[:_MOST]:
        row, holding = divmod(index, DRAWS)
        failing = rng.choice(np.flatnonzero(fails[row]))
        yield tuple(draws.points(residual, [row, row], [holding, failing]))


_RANDOM_X = 100  # more x that are tried
_LARGEST_RANDOM_X = 5.0
_NEAREST_TO_0 = 12  # points nearest to 0 that come first, since what fades is largest there
_FAILING_TRIED = 30  # points on each side where floats see it fail; at some of them it is rounding
_HOLDING_TRIED = 2  # points with the constants of one where the residual may only be small


def along_x(
    residual: Residual, points: Points, constants: list[Point], rng: np.random.Generator, most: int = _MOST
) -> Iterator[Contrast]:
    """Contrasts with the same constants: a point that holds and the nearest ones on both sides that fail.

    Args:
        points: their x are tried, with others.
        constants: points whose values of all but x are taken.
        most: points that hold, for each of these.
    """
    known_x = [signed_x(point) for point in points[:]]
    abscissae = np.concatenate([known_x, rng.uniform(-_LARGEST_RANDOM_X, _LARGEST_RANDOM_X, _RANDOM_X)])
    abscissae = np.unique(np.concatenate([abscissae, additional_x(residual)]))
    for other in constants[: 1 if len(residual.free) == 1 else None]:  # without constants these are all the same
        yield from _along(residual, other, abscissae, most, rng)


def _along(
    residual: Residual, point: Point, abscissae: np.ndarray, most: int, rng: np.random.Generator
) -> Iterator[Contrast]:
    columns, sizes = _moved(residual, point, abscissae)
    moved = floats.points_of(residual, columns, np.arange(len(abscissae)))
    holds, fails = np.flatnonzero(sizes < HOLDS), np.flatnonzero(sizes > floats.SUSPICIOUS)

    @functools.cache
    def fails_certainly(row: int) -> bool:
        return fails_at(residual, moved[row])

    by_distance = holds[np.argsort(np.abs(abscissae[holds]))]
    for holding in np.concatenate([by_distance[:_NEAREST_TO_0], rng.permutation(holds)])[:most]:
        place = np.searchsorted(fails, holding)
        for side in (fails[:place][::-1], fails[place:]):
            failing = next(filter(fails_certainly, side[:_FAILING_TRIED]), None)
            if failing is not None:
                yield moved[holding], moved[failing]


def holding_along_x(residual: Residual, points: Points, failing: Point, rng: np.random.Generator) -> list[Point]:
    """A few points with the constants of one where the answer fails, at which it seems to hold."""
    abscissae = np.array([signed_x(point) for point in points[:]])
    columns, sizes = _moved(residual, failing, abscissae)
    return floats.points_of(residual, columns, rng.permutation(np.flatnonzero(sizes < HOLDS))[:_HOLDING_TRIED])[:]


def _moved(residual: Residual, point: Point, abscissae: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The columns of a point moved to each x, and the relative sizes of the residual there."""
    columns = {name: np.full(len(abscissae), as_float(value)) for name, value in point.items()}
    columns["x"] = abscissae
    return columns, floats.relative_sizes(residual, columns)[0]


_OFFSETS = np.array([-10.0, -1.0, -1e-2, -1e-6, 1e-6, 1e-2, 1.0, 10.0])  # distances from the root of a part
_MOST_CONSTANTS = 0.6  # two offsets contrast if the answer holds at one and fails at the other for this fraction
_NEARLY_ALL = 0.95  # offsets that contrast for this fraction come first
_PER_ROOT = 2  # contrasts for each root


def at_landmarks(residual: Residual, rng: np.random.Generator) -> Iterator[Contrast]:
    """Contrasts near the root of a part, at two offsets of which one holds and one fails for most constants.

    An edge that depends on the constants lies there only for few of them.
    """
    roots = _roots_in_x(residual)
    if not roots:
        return
    columns, sizes = _around(residual, roots, rng)
    holds, fails = sizes < HOLDS_PERHAPS, sizes > floats.SUSPICIOUS
    left = Counter(dict.fromkeys(range(len(roots)), _PER_ROOT))
    for root, here, there in _contrasting_offsets(holds, fails, np.isfinite(sizes))[:_MOST]:
        drawn = rng.choice(np.flatnonzero(holds[root, here] & fails[root, there]))
        rows = [np.ravel_multi_index((root, offset, drawn), sizes.shape) for offset in (here, there)]
        holding, failing = floats.points_of(residual, columns, np.array(rows))
        if left[root] and holds_at(residual, holding):
            left[root] -= 1
            yield holding, failing


def _around(
    residual: Residual, roots: list[float], rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The same draws of the constants at every offset from every root: columns, and sizes by root, offset and draw."""
    abscissae = (np.array(roots)[:, None] + _OFFSETS).ravel()
    drawn = draw(residual, np.array([0.0]), DRAWS, COMMON_SIZES, rng).columns
    columns = {name: np.tile(column, len(abscissae)) for name, column in drawn.items()}
    columns["x"] = np.repeat(abscissae, DRAWS)
    sizes, _ = floats.relative_sizes(residual, columns)
    return columns, sizes.reshape(len(roots), len(_OFFSETS), DRAWS)


def _contrasting_offsets(holds: np.ndarray, fails: np.ndarray, is_known: np.ndarray) -> list[list[int]]:
    """[root, offset, other offset] where the answer holds at one offset and fails at the other for most constants.

    Those of nearly all constants come first, then the closest. Each argument is by root, offset and draw.
    """
    both = np.sum(holds[:, :, None] & fails[:, None, :], axis=-1)
    compared = np.sum(holds[:, :, None] & is_known[:, None, :], axis=-1)
    fraction = both / np.maximum(1, compared)

    def rank(each: list[int]) -> tuple[bool, float]:
        _, here, there = each
        return fraction[tuple(each)] < _NEARLY_ALL, abs(_OFFSETS[here] - _OFFSETS[there])

    return sorted(np.argwhere(fraction > _MOST_CONSTANTS).tolist(), key=rank)


_MOST_BUMPS = 3  # contrasts of a point with roots on both sides of which the answer fails, the farthest first
_BESIDE_ROOT = np.array([-8.0, -1e-3, 1e-3, 8.0])  # distances from the root of a part at which balls look


def beside_roots(residual: Residual, points: list[Point]) -> Iterator[Contrast]:
    """Contrasts beside the roots of parts that only balls see, with the constants of points where the answer holds.

    Beside terms as large as exp(x)^2 floats do not see a kink. Where the answer fails on both sides of a root, as
    beside a bump, the contrast is with the point itself.
    """
    for point in points:
        left = _MOST_BUMPS
        for root in sorted(_roots_in_x(residual), key=lambda each: -abs(each - signed_x(point))):
            columns = {name: np.full(len(_BESIDE_ROOT), as_float(point[name])) for name in residual.free}
            columns["x"] = root + _BESIDE_ROOT
            beside = floats.points_of(residual, columns, np.arange(len(_BESIDE_ROOT)))[:]
            statuses = [balls.enclose(residual, each, precisions=BITS).status for each in beside]
            for first, second in itertools.pairwise(range(len(beside))):
                if (statuses[first], statuses[second]) == ("zero", "nonzero"):
                    yield beside[first], beside[second]
                elif (statuses[first], statuses[second]) == ("nonzero", "zero"):
                    yield beside[second], beside[first]
            if left and "nonzero" in statuses and "zero" not in statuses:
                left -= 1
                yield point, beside[statuses.index("nonzero")]


def _roots_in_x(residual: Residual) -> list[float]:
    lines = [each.root for each in landmarks.roots_of_lines(residual) if each.name == "x"]
    return lines + [each.root for each in landmarks.crossings(residual)]
