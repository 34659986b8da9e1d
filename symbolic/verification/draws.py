"""Values of the constants of an answer, drawn at many x, to see where it holds and where it fails.

Floats compute the residual for all of them at once. Balls look again at an x where it seems to fail for all constants.
"""

from typing import NamedTuple

import numpy as np

from symbolic.verification import balls, floats, landmarks
from symbolic.verification.points import Points, as_float, signed_x
from symbolic.verification.residual import Residual

DRAWS = 120  # values of the constants at every x
COMMON_SIZES = 0.01, 50.0  # every second draw of a constant has a size between these, the others are below 3
HOLDS = 1e-11  # below this, the residual relative to its largest term may be 0
HOLDS_PERHAPS = 1e-9  # so it may below this, where balls check it; above floats.SUSPICIOUS the answer seems to fail


class Draws(NamedTuple):
    """Many draws of the constants at many x.

    Attributes:
        abscissae: the x.
        columns: values of x and all else, by name; the draws at one x follow each other.
        sizes: the relative size of the residual, by x and draw; nan outside the real domain.
    """

    abscissae: np.ndarray
    columns: dict[str, np.ndarray]
    sizes: np.ndarray

    def points(self, residual: Residual, rows: list[int], draws: list[int]) -> Points:
        """The points of these draws at these x, both given by their indices."""
        return floats.points_of(residual, self.columns, np.array(rows) * self.sizes.shape[1] + np.array(draws))


def draw(
    residual: Residual, abscissae: np.ndarray, count: int, sizes: tuple[float, float], rng: np.random.Generator
) -> Draws:
    """Draw this many values of everything but x at each x.

    Half of them lie between -3 and 3, half at a distance of any scale within `sizes` from 0 or from a landmark.
    """
    columns = {}
    total = len(abscissae) * count
    for name in residual.free:
        roots = [0.0, *(each.root for each in landmarks.roots_of_lines(residual) if each.name == name)]
        signs = rng.choice([-1.0, 1.0], total)
        distances = np.exp(rng.uniform(*np.log(sizes), total))
        on_any_scale = signs * distances + rng.choice(roots, total)
        columns[name] = np.where(np.arange(total) % 2, on_any_scale, rng.uniform(-3.0, 3.0, total))
    columns["x"] = np.repeat(abscissae, count)
    relative, _ = floats.relative_sizes(residual, columns)
    return Draws(abscissae, columns, relative.reshape(-1, count))


_FAR_POINTS = 3  # x far from 0, on each side
_BESIDE_ROOTS = 1e-6, 1e-2  # distances of more x from the roots of parts
_AT_BUMPS = 0.3  # distance of more x from the roots of parts, at which exp(-(x - 8)^4) is seen, or a kink far out
_AWAY_FROM_LINES = 8.0  # distance of more x from the roots of linear parts
_CLOSE_TO_ROOT = 1e-3  # known x this close to the root of a part are not used, since every term is small there


def draws_at_many_x(residual: Residual, points: Points, rng: np.random.Generator) -> Draws | None:
    """Draws at the x of known points and at others; None if the answer seems to hold at none of the known x."""
    points = points[:]
    known = _away_from_roots(residual, np.sort([signed_x(point) for point in points]), _CLOSE_TO_ROOT)
    narrowest, widest = COMMON_SIZES
    constants = [abs(as_float(value)) for point in points for name, value in point.items() if name != "x"]
    sizes = narrowest, max(widest, 2 * max(constants, default=0.0))  # points may have been chosen for their constants
    first = draw(residual, known, DRAWS, sizes, rng).sizes
    if not (first < HOLDS).any():
        return None
    abscissae = np.concatenate([known, _between(known, first, rng), additional_x(residual)])
    return draw(residual, abscissae, DRAWS, sizes, rng)


def additional_x(residual: Residual) -> np.ndarray:
    """Values of x that a sample may lack: far from 0, and on both sides of where a part changes its sign."""
    far = [signed_x(point) for point in floats.far_points(residual, _FAR_POINTS)]
    lines = np.array([each.root for each in landmarks.roots_of_lines(residual) if each.name == "x"])
    others = np.array([each.root for each in landmarks.crossings(residual)])
    near = [root + side * by for root in (lines, others) for side in (-1, 1) for by in _BESIDE_ROOTS]
    by = (-_AWAY_FROM_LINES, -_AT_BUMPS, _AT_BUMPS, _AWAY_FROM_LINES)
    return np.concatenate([far, *near, *(lines + each for each in by), *(others + each for each in by[1:3])])


def _between(abscissae: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As many x again, between neighbours of which some draws hold and some fail.

    An answer may hold for all draws at one x and for none at the next: what depends on the constants is in between.
    """
    holds, fails = (sizes < HOLDS).any(axis=1), (sizes > floats.SUSPICIOUS).any(axis=1)
    intervals = np.flatnonzero((holds[1:] | holds[:-1]) & (fails[1:] | fails[:-1]))
    if not len(intervals):
        return np.array([])
    lower = rng.choice(intervals, len(abscissae))
    return rng.uniform(abscissae[lower], abscissae[lower + 1])


def _away_from_roots(residual: Residual, abscissae: np.ndarray, distance: float) -> np.ndarray:
    """The x that are not close to the root of a linear part; all x if only few are not.

    The distance is relative to the root if it is large.
    """
    roots = np.array([each.root for each in landmarks.roots_of_lines(residual) if each.name == "x"])
    distances = np.abs(abscissae[:, None] - roots) / np.maximum(1.0, np.abs(roots))
    away = abscissae[(distances > distance).all(axis=1)]
    return away if len(away) >= floats.ENOUGH_POINTS else abscissae


# --- An x at which the answer fails for all constants -----------------------------------------------------------------

_FARTHEST_BARE = 3.0  # beyond this |x| the constants needed may be too large for floats, as those of ln(a8 + x)
_FARTHEST_BUMP = 400.0  # but up to this |x| beside the roots of parts
_RATHER_CLOSE_TO_ROOT = 0.05  # such an x must be farther from the roots of linear parts
_SEARCHED = 6  # x with the fewest draws that hold, at which more constants are searched
_MORE_DRAWS = 2000  # constants at each of these, for each range of sizes
_SIZES = [(1e-8, 1e6), (1e-300, 1e300)]  # the ranges
_NEAR_ROOTS = 64  # more of them for each root of a part in a constant
_FAILING_DRAWS = 30  # of all these the residual must be real and suspicious; with fewer the search shows nothing
_CERTAIN = 12  # of the draws that seem to fail, at which balls look
_BY_BALLS = 8  # points with a small residual at which balls are asked


def is_bare_somewhere(residual: Residual, draws: Draws, rng: np.random.Generator) -> bool:
    """Whether there is an x at which the answer fails for all constants of a wide search."""
    abscissae, sizes = draws.abscissae, draws.sizes
    away = np.isin(abscissae, _away_from_roots(residual, abscissae, _RATHER_CLOSE_TO_ROOT))
    is_tried = (away & (np.abs(abscissae) < _FARTHEST_BARE)) | _is_at_bump(residual, abscissae)
    rows = np.flatnonzero(is_tried & (sizes > floats.SUSPICIOUS).any(axis=1))
    by_rarity = rows[np.argsort(np.mean(sizes[rows] <= floats.SUSPICIOUS, axis=1), kind="stable")]
    for row in by_rarity[:_SEARCHED]:
        drawn = {name: column.reshape(sizes.shape)[row] for name, column in draws.columns.items()}
        if _may_hold(residual, drawn, sizes[row]):
            continue
        searched = _search(residual, abscissae[row], rng)
        wide, _ = floats.relative_sizes(residual, searched)
        if _may_hold(residual, searched, wide) or np.sum(wide > floats.SUSPICIOUS) < _FAILING_DRAWS:
            continue
        if _certainly_fails(residual, searched, wide):
            return True
    return False


def _is_at_bump(residual: Residual, abscissae: np.ndarray) -> np.ndarray:
    """Whether each x is where `additional_x` looks for a bump, and not so far out that constants are too large."""
    lines = [each.root for each in landmarks.roots_of_lines(residual) if each.name == "x"]
    roots = np.array(lines + [each.root for each in landmarks.crossings(residual)])
    distances = np.abs(abscissae[:, None] - roots)
    is_at_bump = np.zeros(distances.shape, bool)
    for offset in (_AT_BUMPS, *_BESIDE_ROOTS):
        is_at_bump |= np.abs(distances - offset) < 1e-3 * offset
    return is_at_bump.any(axis=1) & (np.abs(abscissae) < _FARTHEST_BUMP)


def _certainly_fails(residual: Residual, columns: dict[str, np.ndarray], sizes: np.ndarray) -> bool:
    """Whether balls see the answer fail at some of the points where floats do, which may be rounding beside a root."""
    suspicious = np.flatnonzero(sizes > floats.SUSPICIOUS)
    chosen = suspicious[np.linspace(0, len(suspicious) - 1, _CERTAIN).astype(int)]
    points = floats.points_of(residual, columns, chosen)
    return all(balls.enclose(residual, point).status == "nonzero" for point in points)


def _may_hold(residual: Residual, columns: dict[str, np.ndarray], sizes: np.ndarray) -> bool:
    """Whether balls leave it open that the residual is 0 at some of the points where it is relatively small.

    Floats cannot tell: with large constants any residual is small beside its terms. Where no residual is small, they
    may be rounding beside a singular point; then balls look where it is smallest.
    """
    small = np.flatnonzero(sizes <= floats.SUSPICIOUS)
    if len(small) > _BY_BALLS:
        small = small[np.argsort(sizes[small])][np.linspace(0, len(small) - 1, _BY_BALLS).astype(int)]
    points = floats.points_of(residual, columns, small)
    if any(balls.enclose(residual, point).status in ("zero", "unknown") for point in points):
        return True
    least = np.argsort(sizes)[:_BY_BALLS] if not len(small) else []  # nan comes last
    return any(balls.enclose(residual, point).status == "zero" for point in floats.points_of(residual, columns, least))


def _search(residual: Residual, x: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Constants on all scales, and near the roots of parts: sin(x + ln(a8 + x)) may hold only near a8 = -x."""
    parts = [draw(residual, np.array([x]), _MORE_DRAWS, sizes, rng).columns for sizes in _SIZES]
    for name in residual.constants:
        roots = landmarks.crossings(residual, name, {"x": float(x)})
        parts.append(landmarks.near(residual, roots, _NEAR_ROOTS))
    return {name: np.concatenate([part[name] for part in parts]) for name in residual.free}
