"""Whether an answer to a differential equation that fails at some points solves it on a branch.

y = (x + a8)^2 solves Y' = 2 sqrt(Y) where x + a8 > 0 and fails elsewhere: at one and the same x it holds for some
values of the constant and not for others. Such an answer is a solution, on an interval that depends on the constants.
One that fails at some x whatever the constants are, as x^2/2 + a8 does for Y' = |x|, is not taken for one.

On a branch the residual is 0 and not merely small. Where a8 exp(x) + exp(-exp(a9 x)) seems to solve Y' = Y the
residual fades away, through all sizes; at the edge of a branch it jumps to 0, has a kink, or a pole lies between. There
is no branch where another function would do as well, and none of an equation in x and one derivative alone, as
Y' = f(x), whose solutions hold at some x all or none. Constants that choose between formulas are not seen through:
a9 exp(x sign(a8)) passes for Y' = Y.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from symbolic.expressions.prefix import Tree, from_prefix
from symbolic.verification import balls, floats
from symbolic.verification.constants import independent_constants
from symbolic.verification.residual import UNKNOWNS, Residual, by_real_values, residual_of

Point = dict[str, float]

_DRAWS = 120  # values of the constants that are tried at every x
_WIDEST = 50.0  # of every second draw of the constants, on any scale, at least
_HOLDS = 1e-11  # a residual this small relative to its largest term may be 0
_TRIED = 120  # so many pairs of points are tried: some lie at kinks, some are right or wrong by rounding alone
_ENOUGH = 16  # of them show a branch
_EDGES, _FADINGS = 8, 2  # so many edges are looked at, and so few may be none: tanh fades on the wrong side of a branch
# At so many bits a residual that fades is no larger than 1e-300 beside the place from where on it counts as 0. So many
# steps leave about 1e-7 of the distance, and a residual that leaves 0 like its 30th power is larger than 1e-250 there.
_BITS, _STEPS, _JUMP = (1024,), 24, 1e-250
_MORE_BITS = 4096  # for a residual that is not that small beside its terms, or whose terms vanish at fewer bits
_UNRELATED = from_prefix("div sin sin x INT+ 1 0 0 0 0 0 0 0 0 0")  # added to a solution: another function close by


class Branch(NamedTuple):
    """Where an answer holds although for other constants it fails at the same x.

    Attributes:
        points: one dict a point, of variable or coefficient to value.
        radii: bounds of |residual| at these points.
    """

    points: list[Point]
    radii: list[float]


def branch_of(residual: Residual, points: list[Point], seed: int) -> Branch | None:
    """The branch on which the answer solves the equation, looked for at the x of known real points, or None.

    The answer must hold as many independent constants there as the equation's order asks for.
    """
    if residual.unknowns == {UNKNOWNS[residual.order]} or len(residual.constants) < residual.order:
        return None
    rng = np.random.default_rng(seed)
    other = residual_of(residual.problem, Tree("add", (residual.answer, _UNRELATED)))
    other = other if residual.of_values is None else by_real_values(other)
    branch, sizes = Branch([], []), []
    for holding, failing in _pairs(residual, points, rng):
        enclosure = _enclosure_where_it_holds(residual, holding)
        if enclosure is None or balls.enclose(other, holding).status != "nonzero":
            continue
        outside = balls.enclose(residual, failing, precisions=_BITS)
        if outside.status != "nonzero":  # it fails by rounding alone
            continue
        branch.points.append(holding)
        branch.radii.append(enclosure.radius)
        if len(sizes) < _EDGES:
            sizes.append(_size_beside_edge(residual, holding, failing, outside.size, rng))
            if sum(size < _JUMP for size in sizes) > _FADINGS:
                return None
        if len(branch.points) == _ENOUGH:
            break
    is_found = len(sizes) == _EDGES and independent_constants(residual, branch.points) >= residual.order
    return branch if is_found else None


def _enclosure_where_it_holds(residual: Residual, point: Point) -> balls.Enclosure | None:
    """The residual if it is 0 beside terms that are not: tanh(u) with a large u is all but constant and solves much."""
    for bits in (*_BITS, _MORE_BITS):
        enclosure = balls.enclose(residual, point, precisions=(bits,))
        if enclosure.status == "nonzero":
            return None
        if enclosure.status == "zero" and enclosure.share < _JUMP:
            return enclosure
    return None


def _pairs(residual: Residual, points: list[Point], rng: np.random.Generator) -> Iterator[tuple[Point, Point]]:
    """Points where floats say that the answer holds, each with one at the same x where they say that it fails."""
    known = np.sort([point["x"] for point in points])
    largest = max((abs(value) for point in points for name, value in point.items() if name != "x"), default=0.0)
    widest = max(_WIDEST, 2 * largest)  # where points have been chosen for their constants the edge may be far out
    _, holds, fails = _drawn(residual, known, widest, rng)
    if not holds.any():
        return
    columns, holds, fails = _drawn(residual, np.append(known, _between(known, holds, fails, rng)), widest, rng)
    found = np.flatnonzero(holds & fails.any(axis=1, keepdims=True))
    for index in rng.permutation(found)[:_TRIED]:
        abscissa = index // _DRAWS
        failing = abscissa * _DRAWS + rng.choice(np.flatnonzero(fails[abscissa]))
        yield tuple(floats.rows(residual, columns, np.array([index, failing])))


def _drawn(
    residual: Residual, abscissae: np.ndarray, widest: float, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Many draws of all else at each x, half of them common values and half of any scale.

    Returns their columns, and by x and draw whether the answer holds and whether it fails, as far as floats can tell.
    """
    count = len(abscissae) * _DRAWS
    columns = {}
    for name in residual.free:
        any_scale = rng.choice([-1.0, 1.0], count) * np.exp(rng.uniform(np.log(0.01), np.log(widest), count))
        columns[name] = np.where(np.arange(count) % 2, any_scale, rng.uniform(-3.0, 3.0, count))
    columns["x"] = np.repeat(abscissae, _DRAWS)
    sizes = floats.relative_sizes(residual, columns).reshape(-1, _DRAWS)
    return columns, sizes < _HOLDS, sizes > floats.SUSPICIOUS


def _between(abscissae: np.ndarray, holds: np.ndarray, fails: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As many x again, between neighbours at which the answer holds sometimes and fails sometimes.

    An answer may hold at all draws at one x and at none at the next: what depends on the constants is in between.
    """
    holds, fails = holds.any(axis=1), fails.any(axis=1)
    intervals = np.flatnonzero((holds[1:] | holds[:-1]) & (fails[1:] | fails[:-1]))
    if not len(intervals):
        return np.array([])
    lower = rng.choice(intervals, len(abscissae))
    return rng.uniform(abscissae[lower], abscissae[lower + 1])


def _size_beside_edge(
    residual: Residual, holding: Point, failing: Point, size: float, rng: np.random.Generator
) -> float:
    """How large the residual is just outside of a branch, at the same x, if it is of `size` at the failing point.

    On the way from one real point to the other, problem and answer may be complex. Beside a pole they may have no
    value: then the nearest place where they have one counts.
    """
    share = 0.5
    for _ in range(_STEPS):
        middle = {name: holding[name] + share * (failing[name] - holding[name]) for name in residual.free}
        enclosure = balls.enclose(residual, middle, is_complex=True, precisions=_BITS)
        if enclosure.status == "zero":
            holding = middle
        elif enclosure.status == "nonzero":
            failing, size = middle, enclosure.size
        share = rng.uniform() if enclosure.status == "unknown" else 0.5
    return size
