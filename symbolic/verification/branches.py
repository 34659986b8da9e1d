"""Whether an answer to a differential equation that fails at some points solves it on a branch.

y = (x + a8)^2 solves Y' = 2 sqrt(Y) where x + a8 > 0 and fails elsewhere: at the same x it holds for some values of the
constant and fails for others. Such an answer is a solution, on an interval that depends on the constants; (x + 2)^2 is
one for x > -2. Three conditions make it one:

- At every x there are constants for which it holds (see `draws`). x^2/2 + a8 fails for Y' = |x| at x < 0, whatever a8
  is.
- An edge parts where it holds from where it fails (see `edges` and `contrasts`). Where the answer
  has no value and that explains nothing, the verdict stays open.
- Another function does not do as well there.

Equations in x and one derivative, such as Y' = f(x), have no branches: at each x their solutions hold for all constants
or for none. Constants that choose between formulas are not recognized: a9 exp(x sign(a8)) passes for Y' = Y.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from flint import arb, ctx

from symbolic.expressions.prefix import Tree, from_prefix
from symbolic.verification import balls, contrasts, edges, floats, symbols
from symbolic.verification.constants import independent_constants
from symbolic.verification.contrasts import Contrast
from symbolic.verification.draws import (
    DRAWS,
    HOLDS,
    HOLDS_PERHAPS,
    Draws,
    draws_at_many_x,
    is_bare_somewhere,
)
from symbolic.verification.edges import FADING, KINK, NONE, SINGULAR, fails_at, holds_at
from symbolic.verification.points import Point, Points, as_float, distance, signed_x
from symbolic.verification.residual import Residual, by_real_values, descendants, residual_of

_ENOUGH = 16  # contrasts that show a branch that depends on the constants
_ENOUGH_IN_X = 6  # contrasts that show a branch of x
_EXAMINED = 8  # of the first contrasts each must have an edge between its points
_MOST_FADING = 2  # of those may have a residual that fades instead, as tanh does on the wrong side of a branch
_MOVED = 3  # points with the smallest constants, and as many with the largest, that are moved along x
_LOOKED_BESIDE = 2  # points whose constants are used where only balls see an answer fail
_FORMULAS = 2  # points near which the formula must vanish
_ENOUGH_BY_FORMULA, _TRIED_BY_FORMULA = 8, 40  # zeros that prove a branch together with it, and points tried for them
_UNRELATED = from_prefix("div sin sin x INT+ 1 0 0 0 0 0 0 0 0 0")  # added to an answer: another function close by


class Branch(NamedTuple):
    """Where an answer holds although it fails elsewhere.

    Attributes:
        points: one dict a point, of variable or coefficient to value.
        radii: bounds of |residual| at these points.
        depends_on_constants: whether for every x there are constants with which the answer holds; else it is one with
            fewer constants than the order, on an interval.
        is_explained: whether edges part these points from those where the answer fails, and not only places where it
            has no value.
    """

    points: list[Point]
    radii: list[float]
    depends_on_constants: bool
    is_explained: bool


class _Holding(NamedTuple):
    """Points where an answer holds with bounds of |residual|, and points where its residual may only be small.

    `parted_by` is what lies between the first points and points where the answer fails.
    """

    points: list[Point]
    radii: list[float]
    hidden: list[Point]
    parted_by: list[str]


def branch_of(residual: Residual, points: Points) -> Branch | None:
    """The branch on which the answer solves the equation, or None. The search starts at the x of real points."""
    if residual.asks_for_derivative or residual.holds_derivative or not points:
        return None
    rng = np.random.default_rng([residual.seed, DRAWS])
    draws = None
    if residual.constants:
        draws = draws_at_many_x(residual, points, rng)
        if draws is None or is_bare_somewhere(residual, draws, rng):
            return None
    depends_on_constants = len(residual.constants) >= residual.order
    branch = _branch_by_formula(residual, points, draws, rng)
    if branch is not None:
        return branch._replace(depends_on_constants=depends_on_constants)
    if depends_on_constants:
        return _branch_of_constants(residual, points, draws, rng)
    return _branch_of_x(residual, points, rng)


def _branch_by_formula(
    residual: Residual, points: Points, draws: Draws | None, rng: np.random.Generator
) -> Branch | None:
    """The branch around points near which the residual is 0 as a formula. Only functions of Y end it."""
    if residual.of_values is not None:
        return None
    other = _with_another_function(residual)
    held, radii = [], []
    for point in _seeming_to_hold(residual, points, draws, rng):
        enclosure = balls.enclose(residual, point)
        if enclosure.status != "zero" or balls.enclose(other, point).status != "nonzero":
            continue
        if len(held) < _FORMULAS and not symbols.is_zero_near(residual, point):
            return None
        held.append(point)
        radii.append(enclosure.radius)
        if len(held) == _ENOUGH_BY_FORMULA:
            return Branch(held, radii, depends_on_constants=False, is_explained=True)
    return None


def _seeming_to_hold(
    residual: Residual, points: Points, draws: Draws | None, rng: np.random.Generator
) -> Iterator[Point]:
    """Random points at which floats see the answer hold."""
    if draws is None:
        sizes, _ = floats.relative_sizes(residual, {name: points.column(name) for name in residual.free})
        yield from (points[row] for row in rng.permutation(np.flatnonzero(sizes < HOLDS)))
    else:
        rows, columns = np.nonzero(draws.sizes < HOLDS)
        chosen = rng.permutation(len(rows))[:_TRIED_BY_FORMULA]
        yield from draws.points(residual, rows[chosen], columns[chosen])


def _branch_of_x(residual: Residual, points: Points, rng: np.random.Generator) -> Branch | None:
    """An interval of x on which an answer with fewer constants than the order holds."""
    found = _holding_up_to_edges(residual, contrasts.along_x(residual, points, points[:_MOVED], rng), _ENOUGH_IN_X, rng)
    if found is None or not _is_seen_to_hold(residual, found.points):
        return None
    return Branch(found.points, found.radii, False, is_explained=SINGULAR not in found.parted_by)


def _branch_of_constants(residual: Residual, points: Points, draws: Draws, rng: np.random.Generator) -> Branch | None:
    """An interval that depends on the constants, on which an answer with as many of them as the order holds."""
    found = _holding_up_to_edges(residual, contrasts.at_one_x(residual, draws, rng), _ENOUGH, rng)
    if found is None or independent_constants(residual, found.points) < residual.order:
        return None
    parted_by = {*found.parted_by, *_others_parted_by(residual, points, found, rng)}
    if not parted_by.isdisjoint((KINK, NONE)) or _reaches_bare_x(residual, draws, rng):
        return None
    return Branch(found.points, found.radii, True, is_explained=SINGULAR not in parted_by)


def _holding_up_to_edges(
    residual: Residual, pairs: Iterable[Contrast], enough: int, rng: np.random.Generator
) -> _Holding | None:
    """Points of contrasts where the answer certainly holds; None if there are too few, or nothing parts a contrast."""
    other = _with_another_function(residual)
    found, parted_by = _Holding([], [], [], []), []
    for holding, failing in pairs:
        enclosure = holds_at(residual, holding)
        if enclosure is None:
            found.hidden.append(holding)
            continue
        if balls.enclose(other, holding).status != "nonzero" or not fails_at(residual, failing):
            continue  # only rounding made the difference
        found.points.append(holding)
        found.radii.append(enclosure.radius)
        if len(parted_by) < _EXAMINED:
            parted_by.append(edges.what_parts(residual, holding, failing, rng))
            if parted_by[-1] in (KINK, NONE) or parted_by.count(FADING) > _MOST_FADING:
                return None
        if len(found.points) == enough:
            break
    return found._replace(parted_by=parted_by) if len(found.points) >= min(enough, _EXAMINED) else None


def _with_another_function(residual: Residual) -> Residual:
    """The residual of the answer plus a function that no problem is about."""
    other = residual_of(residual.problem, Tree("add", (residual.answer, _UNRELATED)))
    return other if residual.of_values is None else by_real_values(other)


def _others_parted_by(residual: Residual, points: Points, found: _Holding, rng: np.random.Generator) -> Iterator[str]:
    """What parts the points of contrasts of other kinds than those of `found`."""
    by_size = sorted(found.points, key=lambda each: sum(abs(each[name]) for name in residual.constants))
    moved = by_size[:_MOVED] + by_size[-_MOVED:]
    hidden = [point for point in found.hidden[: 2 * _MOVED] if fails_at(residual, point)]
    pairs = [
        *contrasts.along_x(residual, points, moved, rng, most=1),
        *contrasts.at_landmarks(residual, rng),
        *contrasts.beside_roots(residual, found.points[:_LOOKED_BESIDE]),
    ]
    for failing in hidden:
        pairs += [(holding, failing) for holding in contrasts.holding_along_x(residual, points, failing, rng)]
    for holding, failing in pairs:
        if fails_at(residual, failing) and holds_at(residual, holding):
            yield edges.what_parts(residual, holding, failing, rng)


# --- Answers with fewer constants than the order ----------------------------------------------------------------------

_SHARP_POINTS = 2  # points nearest to 0 at which the residual is enclosed at a very high precision
_SHARP_BITS = (16384,)  # this precision


def _is_seen_to_hold(residual: Residual, points: list[Point]) -> bool:
    """Whether nothing that fades away could have been missed at these points.

    The residual must be 0 to very many digits where |x| is smallest. And every term must be seen somewhere: with
    exp(-exp(x)) added, Y' = 2 sqrt(Y) looks the same beyond x = 10.
    """
    for point in sorted(points, key=distance)[:_SHARP_POINTS]:
        if balls.enclose(residual, point, precisions=_SHARP_BITS).status == "nonzero":
            return False
    if residual.of_values is not None:
        return True
    groups = _groups_of_terms(residual)
    with ctx.workprec(balls.PRECISIONS[1]):
        runs = [balls.run(residual.program, point) for point in points]
        return all(any(_is_seen(values, group) for values in runs) for group in groups if group)


def _groups_of_terms(residual: Residual) -> list[tuple[int, ...]]:
    """Slots of terms whose sum must be seen: single ones, those of a factor without Y, pairs of the answer's."""
    program = residual.program
    dependent = set(descendants(program, residual.answer_slots))
    groups = [(term,) for factor in residual.factors.values() if len(factor) > 1 for term in factor]
    groups += [tuple(term for term in factor if term not in dependent) for factor in residual.factors.values()]
    in_answer = program.terms(residual.answer_slot)
    return groups + [(term,) for term in in_answer] + list(itertools.combinations(in_answer, 2))


def _is_seen(values: list, group: tuple[int, ...]) -> bool:
    """Whether the terms of a sum together have a value that is not too small to matter, or are 0 for certain."""
    total = sum((arb(values[slot]) for slot in group), start=arb(0))
    return total == 0 or total.abs_upper() > 10.0**-balls.DIGITS


# --- Paths to an x at which the answer fails for nearly all constants -------------------------------------------------

_PATHS = 4  # paths that are followed
_PATHS_TRIED = 120  # pairs of x considered for these; many start at points where the answer does not hold
_LARGEST_X = 50.0  # |x| where a path may end
_LONGEST_PATH = 12.0  # distance of the two x
_FEWEST_STEPS = 4  # of a path; longer ones have one step for each unit of x
_DRAWS_PER_STEP = 12  # changes of the constants tried for each step
_SMALLEST_CHANGE, _LARGEST_CHANGE = -2.0, 2.0  # of a constant beside that of x, as powers of 10


def _reaches_bare_x(residual: Residual, draws: Draws, rng: np.random.Generator) -> bool:
    """Whether a path without an edge leads from a point where the answer holds to one where it fails.

    Paths start at an x where it holds for some draws. They end at one nearby where it fails for nearly all of them.
    """
    sizes, abscissae = draws.sizes, draws.abscissae
    holds_nowhere = ~(sizes < HOLDS_PERHAPS).any(axis=1)
    bare = np.flatnonzero(holds_nowhere & (sizes > floats.SUSPICIOUS).any(axis=1) & (np.abs(abscissae) < _LARGEST_X))
    holding = np.flatnonzero((sizes < HOLDS).any(axis=1))
    distances = np.abs(abscissae[bare][:, None] - abscissae[holding]).ravel()
    close = rng.permutation(np.flatnonzero(distances < _LONGEST_PATH))
    paths = 0
    for pair in close[:_PATHS_TRIED]:
        end, start = abscissae[bare[pair // len(holding)]], holding[pair % len(holding)]
        draw = rng.choice(np.flatnonzero(sizes[start] < HOLDS))
        point = draws.points(residual, [start], [draw])[0]
        if holds_at(residual, point):
            paths += 1
            reached = _end_of_path(residual, point, float(end), rng)
            if reached is not None and fails_at(residual, reached):
                return True
        if paths == _PATHS:
            break
    return False


def _end_of_path(residual: Residual, point: Point, end: float, rng: np.random.Generator) -> Point | None:
    """A point at another x that small steps without an edge lead to, or None. The constants change on the way."""
    start = signed_x(point)
    length = abs(end - start)
    steps = max(_FEWEST_STEPS, round(length))
    for x in np.linspace(start, end, steps + 1)[1:]:
        for _ in range(_DRAWS_PER_STEP):
            following = _changed(residual, point, x, length, steps, rng)
            if edges.is_analytic_between(residual, point, following):
                point = following
                break
        else:
            return None
    return point


def _changed(residual: Residual, point: Point, x: float, length: float, steps: int, rng: np.random.Generator) -> Point:
    """The point with another x, and with constants changed by 0.01 to 100 times one step of a path."""
    columns = {}
    for name in residual.free:
        change = rng.choice([-1.0, 1.0]) * 10 ** rng.uniform(_SMALLEST_CHANGE, _LARGEST_CHANGE) * length / steps
        is_changed = name in residual.constants
        value = x if name == "x" else as_float(point[name]) + change * is_changed
        columns[name] = np.full(1, value)
    return floats.points_of(residual, columns, np.array([0]))[0]
