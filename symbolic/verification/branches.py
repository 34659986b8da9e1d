"""Whether an answer to a differential equation that fails at some points solves it on a branch.

y = (x + a8)^2 solves Y' = 2 sqrt(Y) where x + a8 > 0 and fails elsewhere: at one and the same x it holds for some
values of the constant and not for others. Such an answer is a solution, on an interval that depends on the constants,
and (x + 2)^2 is one for x > -2. What it must have for that:

- At every x there are constants for which it holds: x^2/2 + a8 fails for Y' = |x| at x < 0, whatever a8 is.
- Where it holds and where it fails are parted by a place where a function of Y in the equation is not analytic (the
  root of what stands under a root, say), by a pole, or by a gap in which something is not real. Between such places the
  residual is analytic: it is 0 at all points or at isolated ones. Where a8 exp(x) + exp(-exp(a9 x)) seems to solve
  Y' = Y the residual fades away, and a ball that holds points of both kinds, with no such place in it, gives it away.
  So does one around a kink of the answer itself, as that of a8 exp(x) + |x - a9|.
- Another function does not do as well there.

There is no branch of an equation in x and one derivative alone, as Y' = f(x), whose solutions hold at some x all or
none. Constants that choose between formulas are not seen through: a9 exp(x sign(a8)) passes for Y' = Y.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from flint import acb, arb, ctx

from symbolic.expressions.prefix import Tree, from_prefix
from symbolic.verification import balls, floats, landmarks
from symbolic.verification.constants import independent_constants
from symbolic.verification.points import Point, Points, between, distance
from symbolic.verification.residual import Residual, ancestors, by_real_values, residual_of

_DRAWS = 120  # values of the constants that are tried at every x
_NARROWEST, _WIDEST = 0.01, 50.0  # of every second draw of the constants, on any scale, at least
_MORE_DRAWS, _SCALES = 2000, [(1e-8, 1e6), (1e-300, 1e300)]  # of each kind, at an x where none of these hold
_BARE, _FAILING_DRAWS = 6, 30  # the x that are looked at again, and the draws that must be real there
_FAR = 3.0  # beyond it the constants that are needed may be beyond floats, as with ln(a8 + x)
_NEAR_ROOTS = 64  # points for each root in a constant
_SMALLEST = 8  # of the points where floats leave open that it holds
_NEAR, _AWAY = 1e-3, 0.05  # distances from roots of parts
_CLOSEST = 12  # points nearest to 0 that are tried first: there what fades is largest
_NEAREST = 30  # points where floats say that it fails: some of them by rounding alone
# Distances from the root of a part; a pair of points there is looked at if the answer holds at one and fails at the
# other for most constants.
_OFFSETS, _AT_LANDMARK = (-10.0, -1.0, -1e-2, -1e-6, 1e-6, 1e-2, 1.0, 10.0), 2
_MOST_OF_THEM, _NEARLY_ALL = 0.6, 0.95
_HOLDS_NEAR_LANDMARKS = 1e-9  # where balls are asked at once
_ASIDE = 8.0
_BLIND, _BESIDE_ROOT = 2, (-8.0, -1e-3, 1e-3, 8.0)
_BESIDE, _SIDE_BY_SIDE, _COMBINATIONS = 4, 12.0, 12  # ways to an x where all fails, how long, and tries at each step
_SHARP, _SHARP_BITS = 2, (16384,)  # points near 0 where an answer without constants is looked at very closely
_LINES = 3  # values of the constants with which x is moved from where the answer holds to where it fails
_HOLDS = 1e-11  # a residual this small relative to its largest term may be 0
_TRIED = 120  # pairs of points that are tried: some lie at kinks, some are right or wrong by rounding alone
_ENOUGH = 16  # of them show a branch
_ENOUGH_ON_THE_LINE = 6  # points show an answer without constants
_EDGES, _FADINGS = 8, 2  # edges that are looked at, and how many may be none: tanh fades on the wrong side of a branch
# A residual that fades is no larger than 1e-300 at this many bits beside the place from where on it counts as 0.
_BITS, _STEPS, _SMALL = (1024,), 50, 1e-250
_MORE_BITS = 4096  # for a residual that is not that small beside its terms, or whose terms vanish at fewer bits
_HALVINGS = 7  # of a segment, before a piece that balls cannot see through counts as holding an edge
_CLOSE = 1e-6  # two points closer than this, relative to their values, are on the two sides of a kink
_POLE = 4.0  # by this factor Y, Y', … grow at least from some distance to a millionth of it beside a pole
_NONE = ("kink", "none")  # what lies between, if not an edge
_UNRELATED = from_prefix("div sin sin x INT+ 1 0 0 0 0 0 0 0 0 0")  # added to a solution: another function close by


_PROBLEMS: dict[tuple, Residual] = {}  # the last one asked for, which is asked for often


class Branch(NamedTuple):
    """Where an answer holds although it fails elsewhere.

    Attributes:
        points: one dict a point, of variable or coefficient to value.
        radii: bounds of |residual| at these points.
        depends_on_constants: whether for every x there are constants with which the answer holds; else it is one with
            fewer constants than the order, on an interval.
    """

    points: list[Point]
    radii: list[float]
    depends_on_constants: bool


def branch_of(residual: Residual, points: Points) -> Branch | None:
    """The branch on which the answer solves the equation, looked for at the x of known real points, or None."""
    if residual.asks_for_derivative or residual.holds_derivative or not points:
        return None
    rng = np.random.default_rng([residual.seed, _DRAWS])
    has_all_constants = len(residual.constants) >= residual.order
    if residual.constants:
        drawn = _drawn_at_many_x(residual, points, rng)
        if drawn is None or _is_bare_somewhere(residual, *drawn, rng):
            return None
        pairs = _pairs_at_one_x(residual, *drawn, rng)
    if not has_all_constants:
        pairs = _pairs_on_the_line(residual, points, points[:_LINES], rng)
    branch = Branch([], [], has_all_constants)
    other = residual_of(residual.problem, Tree("add", (residual.answer, _UNRELATED)))
    other = other if residual.of_values is None else by_real_values(other)
    hidden: list[Point] = []  # where the residual is too small for floats, or not known
    edges = fadings = 0
    enough = _ENOUGH if has_all_constants else _ENOUGH_ON_THE_LINE
    for holding, failing in pairs:
        enclosure = _enclosure_where_it_holds(residual, holding)
        if enclosure is None:
            hidden.append(holding)
            continue
        if balls.enclose(other, holding).status != "nonzero" or not _fails(residual, failing):  # by rounding alone
            continue
        branch.points.append(holding)
        branch.radii.append(enclosure.radius)
        if edges < _EDGES:
            edges += 1
            found = _edge(residual, holding, failing, rng)
            fadings += found == "fading"
            if found in _NONE or fadings > _FADINGS:
                return None
        if len(branch.points) == enough:
            break
    if len(branch.points) < min(enough, _EDGES):
        return None
    if not has_all_constants:
        return branch if _is_seen_to_hold(residual, branch.points) else None
    if independent_constants(residual, branch.points) < residual.order:
        return None
    by_size = sorted(branch.points, key=lambda each: sum(abs(each[name]) for name in residual.constants))
    lines = by_size[:_LINES] + by_size[-_LINES:]
    hidden = [point for point in hidden[: 2 * _LINES] if _fails(residual, point)]
    others = [
        *_pairs_on_the_line(residual, points, lines, rng, most=1),
        *_pairs_at_landmarks(residual, rng),
        *_pairs_that_floats_hide(residual, branch.points[:_BLIND]),
        *((holding, each) for each in hidden for holding in _holding_on_the_line(residual, points, each, rng)),
    ]
    for holding, failing in others:
        if _fails(residual, failing) and _enclosure_where_it_holds(residual, holding):
            if _edge(residual, holding, failing, rng) in _NONE:
                return None
    return None if _reaches_bare_x(residual, *drawn, rng) else branch


def _fails(residual: Residual, point: Point) -> bool:
    return balls.enclose(residual, point, precisions=_BITS).status == "nonzero"


def _is_seen_to_hold(residual: Residual, points: list[Point]) -> bool:
    """Whether nothing that fades away could have been missed where an answer without constants holds.

    The residual must be 0 with very many digits where |x| is smallest, and every term of it must be seen somewhere:
    with exp(-exp(x)) added, Y' = 2 sqrt(Y) looks the same beyond x = 10.
    """
    for point in sorted(points, key=distance)[:_SHARP]:
        if balls.enclose(residual, point, precisions=_SHARP_BITS).status == "nonzero":
            return False
    program = (residual.of_values or residual).program
    if residual.of_values is not None:
        return True
    dependent = set(_dependent_on(program, residual.answer_slots))
    groups = [(term,) for factor in residual.factors.values() if len(factor) > 1 for term in factor]
    groups += [tuple(term for term in factor if term not in dependent) for factor in residual.factors.values()]
    in_answer = program.terms(residual.answer_slot)
    groups += [(term,) for term in in_answer] + list(itertools.combinations(in_answer, 2))
    with ctx.workprec(balls.PRECISIONS[1]):
        runs = [balls.run(program, point) for point in points]
        return all(any(_is_seen(values, group) for values in runs) for group in groups if group)


def _is_seen(values: list, group: tuple[int, ...]) -> bool:
    """Whether the terms of a sum together have a value that is not too small to matter, or are 0 for certain."""
    total = sum((arb(values[slot]) for slot in group), start=arb(0))
    return total == 0 or total.abs_upper() > 10.0**-balls.DIGITS


def _enclosure_where_it_holds(residual: Residual, point: Point) -> balls.Enclosure | None:
    """The residual if it is 0 beside terms that are not: tanh(u) with a large u is all but constant and solves much."""
    for bits in (*_BITS, _MORE_BITS):
        enclosure = balls.enclose(residual, point, precisions=(bits,))
        if enclosure.status == "nonzero":
            return None
        if enclosure.status == "zero" and enclosure.share < _SMALL:
            return enclosure
    return None


# --- Points where an answer holds, each with one where it fails -------------------------------------------------------


def _drawn_at_many_x(residual: Residual, points: Points, rng: np.random.Generator) -> "_Drawn | None":
    """Draws of the constants at the x of known points and at others; None if the answer seems to hold nowhere."""
    points = points[:]
    known = _away_from_roots(residual, np.sort([_float(point["x"]) for point in points]))
    largest = max((abs(_float(value)) for point in points for name, value in point.items() if name != "x"), default=0.0)
    scales = _NARROWEST, max(_WIDEST, 2 * largest)  # points may have been chosen for their constants
    _, sizes = _drawn(residual, known, _DRAWS, scales, rng)
    holds, fails = sizes < _HOLDS, sizes > floats.SUSPICIOUS
    if not holds.any():
        return None
    abscissae = np.concatenate([known, _between(known, holds, fails, rng), _far_and_near_landmarks(residual)])
    return _Drawn(abscissae, *_drawn(residual, abscissae, _DRAWS, scales, rng))


class _Drawn(NamedTuple):
    """Many draws of the constants at many x: columns of all of them, and relative sizes by x and draw."""

    abscissae: np.ndarray
    columns: dict[str, np.ndarray]
    sizes: np.ndarray


def _pairs_at_one_x(residual, abscissae, columns, sizes, rng) -> Iterator[tuple[Point, Point]]:
    """Points where floats say that the answer holds, each with one at the same x where they say that it fails."""
    holds, fails = sizes < _HOLDS, sizes > floats.SUSPICIOUS
    found = np.flatnonzero(holds & fails.any(axis=1, keepdims=True))
    for index in rng.permutation(found)[:_TRIED]:
        abscissa = index // _DRAWS
        failing = abscissa * _DRAWS + rng.choice(np.flatnonzero(fails[abscissa]))
        yield tuple(floats.points_of(residual, columns, np.array([index, failing])))


def _reaches_bare_x(residual, abscissae, columns, sizes, rng) -> bool:
    """Whether a point where the answer seems to hold is connected with one where it fails, with no edge between.

    The way goes to an x at which the answer fails for nearly all draws, from the x close to it where it holds for some.
    """
    holds = (sizes < _HOLDS_NEAR_LANDMARKS).any(axis=1)
    bare = np.flatnonzero(~holds & (sizes > floats.SUSPICIOUS).any(axis=1) & (np.abs(abscissae) < _WIDEST))
    holding = np.flatnonzero((sizes < _HOLDS).any(axis=1))
    distances = np.abs(abscissae[bare][:, None] - abscissae[holding]).ravel()
    close = rng.permutation(np.flatnonzero(distances < _SIDE_BY_SIDE))
    tried = 0
    for pair in close[:_TRIED]:
        to, start = abscissae[bare[pair // len(holding)]], holding[pair % len(holding)]
        draw = rng.choice(np.flatnonzero(sizes[start] < _HOLDS))
        point = floats.points_of(residual, columns, np.array([start * _DRAWS + draw]))[0]
        if _enclosure_where_it_holds(residual, point):
            tried += 1
            end = _connected(residual, point, float(to), rng)
            if end is not None and _fails(residual, end):
                return True
        if tried == _BESIDE:
            break
    return False


def _connected(residual: Residual, point: Point, to: float, rng: np.random.Generator) -> Point | None:
    """A point at another x that small steps without an edge between lead to, the constants changed on the way."""
    columns = {name: np.zeros(1) for name in residual.free}
    start = _float(point["x"])
    steps = max(4, round(abs(to - start)))
    for x in np.linspace(start, to, steps + 1)[1:]:
        for _ in range(_COMBINATIONS):
            for name in residual.free:
                change = rng.choice([-1.0, 1.0]) * 10 ** rng.uniform(-2.0, 2.0) * abs(to - start) / steps
                columns[name][0] = x if name == "x" else _float(point[name]) + change * (name in residual.constants)
            other = floats.points_of(residual, columns, np.array([0]))[0]
            if _is_analytic_between(residual, point, other):
                point = other
                break
        else:
            return None
    return point


def _away_from_roots(residual: Residual, abscissae: np.ndarray, by: float = _NEAR) -> np.ndarray:
    """The x that are not very close to the root of a part, where all is small; all of them if few are not."""
    roots = np.array([each.root for each in landmarks.roots_of_lines(residual) if each.name == "x"])
    distances = np.abs(abscissae[:, None] - roots) / np.maximum(1.0, np.abs(roots))
    away = abscissae[(distances > by).all(axis=1)]
    return away if len(away) >= floats.ENOUGH_POINTS else abscissae


def _is_bare_somewhere(
    residual: Residual, abscissae: np.ndarray, columns: dict, sizes: np.ndarray, rng: np.random.Generator
) -> bool:
    """Whether there is an x at which the answer fails for all constants of a wide search."""
    away = np.isin(abscissae, _away_from_roots(residual, abscissae, _AWAY)) & (np.abs(abscissae) < _FAR)
    near = np.flatnonzero(away & (sizes > floats.SUSPICIOUS).any(axis=1))
    by_rarity = near[np.argsort(np.mean(sizes[near] <= floats.SUSPICIOUS, axis=1), kind="stable")]
    for row in by_rarity[:_BARE]:
        drawn = {name: column.reshape(sizes.shape)[row] for name, column in columns.items()}
        if _may_hold(residual, drawn, sizes[row]):
            continue
        searched = _searched(residual, abscissae[row], rng)
        wide, _ = floats.relative_sizes(residual, searched)
        if not _may_hold(residual, searched, wide) and np.sum(wide > floats.SUSPICIOUS) >= _FAILING_DRAWS:
            return True
    return False


def _may_hold(residual: Residual, columns: dict, sizes: np.ndarray) -> bool:
    """Whether balls leave it open that the residual is 0 at some of the points where it is small beside its terms.

    With large constants any residual is small beside them.
    """
    small = np.flatnonzero(sizes <= floats.SUSPICIOUS)
    if len(small) > _SMALLEST:
        small = small[np.argsort(sizes[small])][np.linspace(0, len(small) - 1, _SMALLEST).astype(int)]
    points = floats.points_of(residual, columns, small)
    return any(balls.enclose(residual, point).status in ("zero", "unknown") for point in points)


def _searched(residual: Residual, x: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Constants on all scales, and near the roots of parts: sin(x + ln(a8 + x)) may hold near a8 = -x alone."""
    parts = [_drawn(residual, np.array([x]), _MORE_DRAWS, scales, rng)[0] for scales in _SCALES]
    for name in residual.constants:
        roots = landmarks.crossings(residual, name, {"x": float(x)})
        parts.append(landmarks.near(residual, roots, _NEAR_ROOTS))
    return {name: np.concatenate([part[name] for part in parts]) for name in residual.free}


def _pairs_that_floats_hide(residual: Residual, points: list[Point]) -> Iterator[tuple[Point, Point]]:
    """Points beside the root of a part, of which balls say that the answer holds at one and fails at the other.

    Beside terms as large as exp(x)^2 floats do not see a kink. The constants are those of points where it holds.
    """
    roots = [each.root for each in landmarks.roots_of_lines(residual) if each.name == "x"]
    roots += [each.root for each in landmarks.crossings(residual)]
    for point, root in itertools.product(points, roots):
        columns = {name: np.full(len(_BESIDE_ROOT), _float(point[name])) for name in residual.free}
        columns["x"] = root + np.array(_BESIDE_ROOT)
        beside = floats.points_of(residual, columns, np.arange(len(_BESIDE_ROOT)))[:]
        statuses = [balls.enclose(residual, each, precisions=_BITS).status for each in beside]
        for first, second in itertools.pairwise(range(len(beside))):
            if (statuses[first], statuses[second]) == ("zero", "nonzero"):
                yield beside[first], beside[second]
            elif (statuses[first], statuses[second]) == ("nonzero", "zero"):
                yield beside[second], beside[first]


def _far_and_near_landmarks(residual: Residual) -> np.ndarray:
    """Values of x that the sample may lack: far from 0, and on both sides of where a part changes its sign."""
    far = [_float(point["x"]) for point in floats.far_points(residual, 3)]
    lines = np.array([each.root for each in landmarks.roots_of_lines(residual) if each.name == "x"])
    others = np.array([each.root for each in landmarks.crossings(residual)])
    near = [root + side * by for root in (lines, others) for side in (-1, 1) for by in (1e-6, 1e-2)]
    return np.concatenate([far, *near, lines - _ASIDE, lines + _ASIDE])


def _drawn(
    residual: Residual, abscissae: np.ndarray, draws: int, scales: tuple[float, float], rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Many draws of all else at each x, half of them common values and half at any distance from 0 or from landmarks.

    Returns their columns, and by x and draw the relative size of the residual.
    """
    count = len(abscissae) * draws
    columns = {}
    for name in residual.free:
        roots = [0.0, *(each.root for each in landmarks.roots_of_lines(residual) if each.name == name)]
        any_scale = rng.choice([-1.0, 1.0], count) * np.exp(rng.uniform(*np.log(scales), count)) + rng.choice(
            roots, count
        )
        columns[name] = np.where(np.arange(count) % 2, any_scale, rng.uniform(-3.0, 3.0, count))
    columns["x"] = np.repeat(abscissae, draws)
    sizes, _ = floats.relative_sizes(residual, columns)
    return columns, sizes.reshape(-1, draws)


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


def _pairs_on_the_line(
    residual: Residual, points: Points, others: list[Point], rng: np.random.Generator, most: int = _TRIED
) -> Iterator[tuple[Point, Point]]:
    """Points where floats say that the answer holds, each with the nearest on both sides where it fails.

    All but x is as in one of the `others`; for each of them there are `most` points at most.
    """
    abscissae = np.concatenate([[_float(point["x"]) for point in points[:]], rng.uniform(-5, 5, 100)])
    abscissae = np.unique(np.concatenate([abscissae, _far_and_near_landmarks(residual)]))
    for other in others[: 1 if len(residual.free) == 1 else None]:
        columns = {name: np.full(len(abscissae), _float(value)) for name, value in other.items()}
        columns["x"] = abscissae
        sizes, _ = floats.relative_sizes(residual, columns)
        fails = np.flatnonzero(sizes > floats.SUSPICIOUS)
        holds = np.flatnonzero(sizes < _HOLDS)
        at = floats.points_of(residual, columns, np.arange(len(abscissae)))
        known: dict[int, bool] = {}
        by_distance = holds[np.argsort(np.abs(abscissae[holds]))]
        for index in np.concatenate([by_distance[:_CLOSEST], rng.permutation(holds)])[:most]:
            place = np.searchsorted(fails, index)
            for side in (fails[:place][::-1], fails[place:]):
                for failing in side[:_NEAREST]:
                    if failing not in known:
                        known[failing] = _fails(residual, at[failing])
                    if known[failing]:
                        yield at[index], at[failing]
                        break


def _holding_on_the_line(residual: Residual, points: Points, failing: Point, rng: np.random.Generator) -> list[Point]:
    """A few points with the same constants as one where it fails, where floats say that the answer holds."""
    abscissae = np.array([_float(point["x"]) for point in points[:]])
    columns = {name: np.full(len(abscissae), _float(value)) for name, value in failing.items()} | {"x": abscissae}
    sizes, _ = floats.relative_sizes(residual, columns)
    return floats.points_of(residual, columns, rng.permutation(np.flatnonzero(sizes < _HOLDS))[:2])[:]


def _pairs_at_landmarks(residual: Residual, rng: np.random.Generator) -> Iterator[tuple[Point, Point]]:
    """Points near the root of a part where for most constants the answer holds, and others close by where it fails.

    The constants are the same at both. An edge that depends on them lies there for few of them.
    """
    roots = [each.root for each in landmarks.roots_of_lines(residual) if each.name == "x"]
    roots += [each.root for each in landmarks.crossings(residual)]
    if not roots:
        return
    offsets = np.array(_OFFSETS)
    abscissae = (np.array(roots)[:, None] + offsets).ravel()
    columns, _ = _drawn(residual, np.array([0.0]), _DRAWS, (_NARROWEST, _WIDEST), rng)
    columns = {name: np.tile(column, len(abscissae)) for name, column in columns.items()}
    columns["x"] = np.repeat(abscissae, _DRAWS)
    sizes = floats.relative_sizes(residual, columns)[0].reshape(len(roots), len(offsets), _DRAWS)
    holds, fails = sizes < _HOLDS_NEAR_LANDMARKS, sizes > floats.SUSPICIOUS
    both = np.sum(holds[:, :, None] & fails[:, None, :], axis=-1)  # (root, offset, other offset)
    either = np.sum(holds[:, :, None] & np.isfinite(sizes)[:, None, :], axis=-1)
    share = both / np.maximum(1, either)
    found = np.argwhere(share > _MOST_OF_THEM).tolist()
    found.sort(key=lambda each: (share[tuple(each)] < _NEARLY_ALL, abs(offsets[each[1]] - offsets[each[2]])))
    left = Counter(dict.fromkeys(range(len(roots)), _AT_LANDMARK))
    for root, one, two in found[:_TRIED]:
        draw = rng.choice(np.flatnonzero(holds[root, one] & fails[root, two]))
        rows = [(root * len(offsets) + each) * _DRAWS + draw for each in (one, two)]
        holding, failing = floats.points_of(residual, columns, np.array(rows))
        if left[root] and _enclosure_where_it_holds(residual, holding):
            left[root] -= 1
            yield holding, failing


def _float(value) -> float:
    return int(value.p) / int(value.q)


# --- What lies between them -------------------------------------------------------------------------------------------


def _edge(residual: Residual, holding: Point, failing: Point, rng: np.random.Generator) -> str:
    """What parts a point where the answer holds from one where it fails.

    Returns:
        "edge": a place that may part them. "kink": one of the answer, or of the equation in x alone. "fading": the
        residual has become too small on the side where it fails, and there is an edge between. "none": there is none,
        so that the answer fails on both sides.
    """
    inner, outer = _closed_in(residual, holding, failing, rng)
    found = _what_is_between(residual, inner, outer, holding, failing)
    if found != "none":
        return found
    return "none" if _is_analytic_between(residual, inner, holding) else "fading"


def _closed_in(residual: Residual, holding: Point, failing: Point, rng: np.random.Generator) -> tuple[Point, Point]:
    """Two points close to each other between those given, one where the answer holds and one where it fails.

    On the way from one real point to the other, problem and answer may be complex. Beside a pole they may have no
    value: then the nearest place where they have one counts.
    """
    share = 0.5
    for _ in range(_STEPS):
        middle = between(holding, failing, share)
        enclosure = balls.enclose(residual, middle, is_complex=True, precisions=_BITS)
        if enclosure.status == "zero":
            holding = middle
        elif enclosure.status == "nonzero":
            failing = middle
        share = rng.uniform() if enclosure.status == "unknown" else 0.5
    return holding, failing


def _what_is_between(residual: Residual, inner: Point, outer: Point, holding: Point, failing: Point) -> str:
    box = _box(inner, outer)
    with ctx.workprec(balls.PRECISIONS[0]):
        answer_is_analytic, problem, values = _analyticity(residual, box)
        if answer_is_analytic:
            if _is_analytic(problem.program, values, ancestors(problem.program, [problem.slot])):
                return "none"
            return "edge" if _has_edge_in_unknown(problem, values) else "kink"
        middle = between(inner, outer, 0.5)
        if any(balls.enclose(residual, each).status == "outside" for each in (inner, outer, middle)):
            return "edge"
        size = _largest(residual, holding)
        both = _values_at_both(residual, problem, inner, outer, _CLOSE * (1 + size))
        if _has_edge_in_unknown(problem, balls.run_on_box(problem.program, box | both)):
            return "edge"
        apart = max(abs(_float(inner[name] - outer[name])) for name in inner)
        if apart > _CLOSE * max(abs(_float(inner[name])) for name in inner):  # there are no values in between
            return "edge"
        grows = any(_grows(residual, *each, apart) for each in ((inner, holding), (outer, failing)))
        return "edge" if grows else "kink"


def _analyticity(residual: Residual, box: dict) -> tuple[bool, Residual, list]:
    """Whether the answer is analytic on a box; and the problem in x and Y, Y', …, with the values of its program."""
    is_complex = residual.of_values is not None
    problem = _in_unknowns(residual)
    program = residual.program
    values = balls.run(program, box, is_complex) if is_complex else balls.run_on_box(program, box)
    answer = [acb(values[slot]) for slot in residual.answer_slots]
    is_analytic = all(each.is_finite() for each in answer)
    if not is_complex:
        is_analytic = is_analytic and _is_analytic(program, values, ancestors(program, residual.answer_slots))
    unknowns = [problem.program.steps[slot][0] for slot in problem.answer_slots]
    known = {name: each.real for name, each in zip(unknowns, answer, strict=True)}
    return is_analytic, problem, balls.run_on_box(problem.program, box | known)


def _in_unknowns(residual: Residual) -> Residual:
    """The problem as a function of x and of Y, Y', …."""
    if residual.of_values is not None:
        return residual.of_values
    key = residual.seed, residual.slot  # of problem and answer
    if key not in _PROBLEMS:
        _PROBLEMS.clear()
        _PROBLEMS[key] = by_real_values(residual).of_values
    return _PROBLEMS[key]


def _grows(residual: Residual, beside: Point, start: Point, apart: float) -> bool:
    """Whether Y, Y', … grow on the last part of the way from a point to one beside a pole."""
    way = max(abs(_float(beside[name] - start[name])) for name in beside)
    farther = between(beside, start, min(1.0, apart / way / _CLOSE) if way else 1.0)
    return _largest(residual, beside) > _POLE * _largest(residual, farther)


def _values_at_both(residual: Residual, problem: Residual, inner: Point, outer: Point, margin: float) -> dict[str, arb]:
    """Y, Y', … from their values at one point to those at the other, and a margin."""
    runs = [balls.run(residual.program, point, residual.of_values is not None) for point in (inner, outer)]
    unknowns = [problem.program.steps[slot][0] for slot in problem.answer_slots]
    return {
        name: acb(runs[0][slot]).real.union(acb(runs[1][slot]).real) + arb(0, margin)
        for name, slot in zip(unknowns, residual.answer_slots, strict=True)
    }


def _is_analytic_between(residual: Residual, first: Point, second: Point) -> bool:
    """Whether balls show the residual to be analytic on the whole segment between two points."""
    todo = [(first, second, 0)]
    while todo:
        first, second, halvings = todo.pop()
        with ctx.workprec(balls.PRECISIONS[0]):
            is_analytic, problem, values = _analyticity(residual, _box(first, second))
            if is_analytic and _is_analytic(problem.program, values, ancestors(problem.program, [problem.slot])):
                continue
        if halvings == _HALVINGS:
            return False
        middle = between(first, second, 0.5)
        todo += [(middle, second, halvings + 1), (first, middle, halvings + 1)]
    return True


def _box(first: Point, second: Point) -> dict:
    return {name: arb(first[name]).union(arb(second[name])) for name in first}


def _is_analytic(program, values: list, slots: list[int]) -> bool:
    """Whether all these slots are analytic on the balls that their values were computed on."""
    return all(arb(values[slot]).is_finite() for slot in slots) and not _has_kink(program, values, slots)


def _has_kink(program, values: list, slots: list[int]) -> bool:
    return any(
        program.steps[slot][0] in ("abs", "sign") and arb(values[program.steps[slot][1][0]]).contains(0)
        for slot in slots
    )


def _has_edge_in_unknown(problem: Residual, values: list) -> bool:
    """Whether a function of Y, Y', … in the problem is not analytic on the balls that its operands are."""
    steps = problem.program.steps
    for slot in _dependent_on(problem.program, problem.answer_slots):
        head, operands = steps[slot]
        if operands and all(arb(values[each]).is_finite() for each in operands):
            is_kink = head in ("abs", "sign") and arb(values[operands[0]]).contains(0)
            if is_kink or not arb(values[slot]).is_finite():
                return True
    return False


def _dependent_on(program, leaves: list[int]) -> list[int]:
    """The slots that depend on some of these."""
    dependent = set(leaves)
    for slot, (_, operands) in enumerate(program.steps):
        if not dependent.isdisjoint(operands):
            dependent.add(slot)
    return sorted(dependent)


def _largest(residual: Residual, point: Point) -> float:
    """The largest of |Y|, |Y'|, … at a point; inf or nan where they are not known."""
    values = balls.run(residual.program, point, is_complex=True)
    return max(float(abs(acb(values[slot])).upper()) for slot in residual.answer_slots)
