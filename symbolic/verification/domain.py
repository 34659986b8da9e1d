"""Where on the real line a problem is real, where an answer is right, and where the answer jumps.

ln(5*x) is a primitive of 1/|x| for x > 0, and the problem is real for x < 0, too. Floats look at many x. Where what
they see changes, the place is narrowed down; it is given exactly if a simple number makes a part of problem or answer
vanish, to the precision of balls. Balls check the answer within each interval. Isolated points do not count.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from flint import arb, ctx, fmpq

from symbolic.expressions import numeric
from symbolic.expressions.equations import UNKNOWNS
from symbolic.expressions.program import Program
from symbolic.verification import balls, floats, landmarks
from symbolic.verification.points import Point, uniforms
from symbolic.verification.residual import Residual, ancestors, by_real_values, descendants, needed_slots

_WIDEST, _GRID = 1e4, 1600  # x that are looked at, spaced as sinh
_PURPOSE = 1 << 23  # of the random numbers that shift the grid; see `uniforms`
_MOST_PLACES = 6  # places that are named; farther ones are outside of the window that is described
_MOST_CANDIDATES = 80  # places that may be poles or jumps
_PARTS, _ROUNDS = 16, 11  # sections of an interval in which something changes
_MOST_RUNS = 12  # intervals where floats fail at which balls look
_CHECKED = 3  # points of each interval that balls look at
_BESIDE, _CLOSE_BESIDE = 1e-7, 1e-9  # distances from a pole and from a jump, relative to 1 + |x|
_JUMP, _SMOOTH = 1e-6, 0.1  # relative change across a jump, at least; and beside it, of the jump, at most
_EVEN = 1e-3  # relative change of the problem across a jump of the answer, at most
_CLOSE_TO_ROOT = 1e-4  # a change this close to the root of a part is taken to be there, relative to 1 + |x|
_SAME_PLACE, _NEAR_NUMBER = 1e-6, 1e-7  # relative distances of places, and of a place from a simple number
_GROWTH = 1.5  # of a value beside a pole when the distance is halved, at least

# What floats see of a problem and an answer at an x.
_UNREAL, _FAILS, _HOLDS, _UNKNOWN, _MISSING = 0, 1, 2, 3, 4


class End(NamedTuple):
    """An end of an interval, or a place.

    Attributes:
        value: the nearest float.
        text: exact, as `sqrt(2)`; or decimal, with `…` after digits that are certain.
    """

    value: float
    text: str


class Domain(NamedTuple):
    """Where an answer is right.

    Attributes:
        problem: where the parts of the problem without Y are real, as text.
        holds: where the answer is real and right, as text.
        whole: whether the answer is right wherever the problem is real.
        jumps: places inside of the domain where the answer jumps and the problem does not.
        share: the fraction of the problem's x, spaced as sinh, at which the answer is right; to compare answers.
    """

    problem: str
    holds: str
    whole: bool
    jumps: list[str]
    share: float

    def sentence(self, is_integral: bool) -> str:
        """What a reader must know of it; empty if the answer is right and continuous wherever the problem is real."""
        sentences = []
        if not self.whole:
            of_problem = f", the problem is real for {self.problem}" if is_integral else ""
            sentences.append(f"it holds for {self.holds}{of_problem}")
        if self.jumps:
            sentences.append(f"the answer jumps at x = {', '.join(self.jumps)}")
        return "; ".join(sentences)


def domain_of(residual: Residual) -> Domain | None:
    """The domain of a right answer; None if it is not known or depends on the constants.

    Constants and the problem's own coefficients have random values.
    """
    if residual.of_values is not None or residual.holds_derivative:
        return None
    found = [_domain_at(residual, _others(residual, draw)) for draw in range(2 if len(residual.free) > 1 else 1)]
    return found[0] if all(each is not None and each[:4] == found[0][:4] for each in found) else None


def _others(residual: Residual, draw: int) -> dict[str, float]:
    """Values of everything but x."""
    values = 4 * uniforms(residual.seed, _PURPOSE + draw, len(residual.free)) - 2
    return {name: float(value) for name, value in zip(residual.free, values, strict=True) if name != "x"}


class _View:
    """What floats see of a residual along x."""

    def __init__(self, residual: Residual, others: dict[str, float]):
        self.residual, self.others = residual, others
        self.problem = by_real_values(residual).of_values
        with_unknown = set(descendants(self.problem.program, self.problem.answer_slots))
        slots = ancestors(residual.program, residual.answer_slots)
        self.answer_slots = [*(slot for slot in slots if slot != residual.answer_slot), residual.answer_slot]
        self.derivatives = [self.answer_slots.index(slot) for slot in residual.answer_slots[1:]]
        self.own = [slot for slot in ancestors(self.problem.program, [self.problem.slot]) if slot not in with_unknown]

    def columns(self, x: np.ndarray) -> dict[str, np.ndarray]:
        return {"x": x} | {name: np.full(x.shape, value) for name, value in self.others.items()}

    def states(self, x: np.ndarray) -> np.ndarray:
        """What is seen at each x: one of the constants above, where _UNREAL stands for the problem."""
        columns = self.columns(x)
        own = self.own_values(columns)
        has_overflown = np.isinf(own).any(axis=0)
        is_real = ~np.isnan(own).any(axis=0) | has_overflown
        sizes, is_overflown = floats.relative_sizes(self.residual, columns)
        states = np.where(np.isnan(sizes), _MISSING, np.where(sizes > floats.SUSPICIOUS, _FAILS, _HOLDS))
        states = np.where(is_overflown | has_overflown, _UNKNOWN, states)
        return np.where(is_real, states, _UNREAL)

    def own_values(self, columns: dict[str, np.ndarray]) -> np.ndarray:
        """The values of the problem's parts without Y, (parts, x)."""
        shape = columns["x"].shape
        values = numeric.run(self.problem.program, columns | dict.fromkeys(UNKNOWNS, np.ones(shape)))
        return np.stack([np.broadcast_to(values[slot], shape) for slot in self.own] or [np.zeros(shape)])

    def answer_values(self, x: np.ndarray) -> np.ndarray:
        """All parts of the answer and its derivatives, (parts, x); the last one is the answer."""
        values = numeric.run(self.residual.program, self.columns(x))
        return np.stack([np.broadcast_to(values[slot], x.shape) for slot in self.answer_slots])


def _domain_at(residual: Residual, others: dict[str, float]) -> Domain | None:
    view = _View(residual, others)
    (shift,) = uniforms(residual.seed, _PURPOSE - 1, 1)
    ends = np.arcsinh(_WIDEST)
    lines = [each.root for each in landmarks.roots_of_lines(residual) if each.name == "x" and abs(each.root) < _WIDEST]
    beside = [root + side * 1e-6 * (1 + abs(root)) for root in lines for side in (-1, 1)]
    grid = np.unique(np.concatenate([np.sinh(np.linspace(-ends, ends, _GRID) + shift * 2 * ends / _GRID), beside]))
    with np.errstate(all="ignore"):
        states = _without_unknown(view, grid, view.states(grid))
        if not (states == _HOLDS).any():
            return None
        changes, window = _nearest(grid, np.flatnonzero(np.diff(states)))
        roots, farthest = _sign_changes(view, grid)
        places = _narrowed(view, grid, states, changes)
        if len(places):
            places = _snapped(places, _sign_changes(view, grid, of_all=True)[0])
        poles, of_answer, jumps, window = _poles_and_jumps(view, roots, window)
        if poles or of_answer or jumps:
            window = min(window, farthest)
    inside = np.abs(grid) < window
    kinds = [states[changes[0]] if len(changes) else states[0], *states[changes + 1]]
    ends_of = [End(-math.inf, ""), *(_end(view, place) for place in places), End(math.inf, "")]
    intervals = [(kind, lower, upper) for kind, lower, upper in zip(kinds, ends_of[:-1], ends_of[1:], strict=True)]
    if not _is_confirmed(view, intervals, window):
        return None
    intervals = [each for each in intervals if each[1].value < window and each[2].value > -window]
    pole_ends, of_answer_ends = ([_end(view, place) for place in places] for places in (poles, of_answer))
    real = [(lower, upper) for kind, lower, upper in intervals if kind != _UNREAL]
    holds = [(lower, upper) for kind, lower, upper in intervals if kind == _HOLDS]
    within = "" if window > _WIDEST else f" (seen for |x| < {window:.3g})"
    is_real, is_held = inside & (states != _UNREAL), inside & (states == _HOLDS)
    return Domain(
        _text(real, pole_ends) + within,
        _text(holds, sorted({*pole_ends, *of_answer_ends})) + within,
        not (is_real & ~is_held).any(),
        [_end(view, place).text for place in jumps] + (["…"] if jumps and within else []),
        round(float(np.sum(is_held) / max(1, np.sum(is_real))), 3),
    )


def _without_unknown(view: _View, grid: np.ndarray, states: np.ndarray) -> np.ndarray:
    """What balls see where floats overflow or see the answer fail; if nothing, the state of the x beside it."""
    states = states.copy()
    is_finite = np.isfinite(view.own_values(view.columns(grid))).all(axis=0)
    runs = _runs(((states == _UNKNOWN) & is_finite) | (states == _FAILS))
    runs = runs[np.argsort(np.abs(grid[runs[:, 0]]))]
    for start, end in runs[:_MOST_RUNS]:
        points = floats.points_of(view.residual, view.columns(grid), np.linspace(start, end - 1, _CHECKED).astype(int))
        seen = [balls.enclose(view.residual, point) for point in points[:]]
        if any(each.status == "nonzero" for each in seen):
            states[start:end] = _FAILS
        elif any(each.status == "zero" for each in seen):
            states[start:end] = _HOLDS  # floats underflow
        elif any(each.status == "outside" or "nan" in each.value for each in seen):  # as ln(x - x)
            states[start:end] = _MISSING
    if len(others := runs[_MOST_RUNS:]):  # so many are rounding, as far from 0 in the logarithm of a quotient near 1
        chosen = others[np.linspace(0, len(others) - 1, min(len(others), _MOST_RUNS)).astype(int), 0]
        points = floats.points_of(view.residual, view.columns(grid), chosen)
        if {balls.enclose(view.residual, point).status for point in points[:]} == {"zero"}:
            for start, end in others:
                states[start:end] = _HOLDS
    known = np.flatnonzero(states != _UNKNOWN)
    if not len(known):
        return states
    before = np.searchsorted(known, np.arange(len(states)), side="right") - 1
    return states[known[np.maximum(before, 0)]]


def _runs(chosen: np.ndarray) -> np.ndarray:
    """(start, end) of the runs of True."""
    return np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(int), [0]]))).reshape(-1, 2)


def _snapped(places: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """The places, or roots very close to them: beside those of sqrt(1 - sin(x)^2) floats see nothing but rounding."""
    if not len(roots):
        return places
    nearest = roots[np.abs(places[:, None] - roots).argmin(axis=1)]
    return np.where(np.abs(nearest - places) < _CLOSE_TO_ROOT * (1 + np.abs(places)), nearest, places)


def _nearest(grid: np.ndarray, changes: np.ndarray) -> tuple[np.ndarray, float]:
    """The changes nearest to 0 in their order, and the |x| of the next one."""
    by_distance = np.argsort(np.abs(grid[changes]), kind="stable")
    window = np.inf if len(changes) <= _MOST_PLACES else float(abs(grid[changes[by_distance[_MOST_PLACES]]]))
    return np.sort(changes[by_distance[:_MOST_PLACES]]), window


def _narrowed(view: _View, grid: np.ndarray, states: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """The x at which the states change after these indices of the grid."""
    left, right, before = grid[changes], grid[changes + 1], states[changes]
    each = np.arange(len(changes))
    for _ in range(_ROUNDS if len(changes) else 0):
        inner = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, _PARTS + 1)
        is_before = view.states(inner[:, 1:-1].ravel()).reshape(len(changes), -1) == before[:, None]
        step = np.argmin(np.column_stack([is_before, np.zeros(len(changes), bool)]), axis=1)
        left, right = inner[each, step], inner[each, step + 1]
    return (left + right) / 2


def _poles_and_jumps(view: _View, x: np.ndarray, window: float) -> tuple[list[float], list[float], list[float], float]:
    """Of places: poles of the problem, those of the answer, its jumps beside poles; and the window they are in."""
    if not len(x):
        return [], [], [], window
    around = _around(x, _BESIDE)
    is_pole = _grow(view.own_values(view.columns(around)).reshape(-1, 4, len(x)))
    of_answer = view.answer_values(around).reshape(-1, 4, len(x))
    around = _around(x, _CLOSE_BESIDE)
    own, answer = view.own_values(view.columns(around)).reshape(-1, 4, len(x)), view.answer_values(around)[-1]
    answer = answer.reshape(4, len(x))
    is_pole_of_answer = _grow(of_answer[[*view.derivatives, -1]])
    across, scale = np.abs(answer[2] - answer[1]), 1 + np.abs(answer[1])
    is_smooth = np.maximum(np.abs(answer[1] - answer[0]), np.abs(answer[3] - answer[2])) < _SMOOTH * across
    is_even = (np.abs(own[:, 2] - own[:, 1]) < _EVEN * (1 + np.abs(own[:, 1]))).all(0)
    is_jump = (across > _JUMP * scale) & is_smooth & is_even & ~is_pole & ~is_pole_of_answer
    for each in sorted(np.abs(x[is_pole | is_pole_of_answer | is_jump]))[_MOST_PLACES:][:1]:
        window = min(window, float(each))
    kept = np.abs(x) < window
    return *(sorted(x[places & kept]) for places in (is_pole, is_pole_of_answer, is_jump)), window


def _around(x: np.ndarray, relative: float) -> np.ndarray:
    """Two x on each side of places, from left to right, one after the other for all places."""
    step = relative * (1 + np.abs(x))
    return np.concatenate([x - 2 * step, x - step, x + step, x + 2 * step])


def _grow(values: np.ndarray) -> np.ndarray:
    """Whether one of the values grows as at a pole on both sides of a place, (parts, 4 x around it, places)."""
    sizes = np.abs(values)
    grows = (sizes[:, 1] > _GROWTH * sizes[:, 0]) & (sizes[:, 2] > _GROWTH * sizes[:, 3]) & (sizes[:, 1] > 1)
    return grows.any(axis=0)


def _sign_changes(view: _View, grid: np.ndarray, of_all: bool = False) -> tuple[np.ndarray, float]:
    """Where a pole, a kink or a jump may be: where operands change their sign, through 0 or through infinity.

    All of these up to the |x| that is returned with them; those of all parts, operands or not, if `of_all`.
    """
    own = _operands(view.problem.program, view.own, of_all)
    of_answer = _operands(view.residual.program, view.answer_slots, of_all)

    def values(x: np.ndarray) -> np.ndarray:
        return np.concatenate([view.own_values(view.columns(x))[own], view.answer_values(x)[of_answer]])

    if not own and not of_answer:
        return np.array([]), np.inf
    signs = np.sign(np.nan_to_num(values(grid), nan=0.0, posinf=1.0, neginf=-1.0))
    part, place = np.nonzero(signs[:, 1:] * signs[:, :-1] < 0)
    by_distance = np.argsort(np.abs(grid[place]), kind="stable")
    chosen = by_distance[:_MOST_CANDIDATES]
    farthest = float(abs(grid[place[chosen[-1]]])) if len(by_distance) > _MOST_CANDIDATES else np.inf
    part, left, right = part[chosen], grid[place[chosen]], grid[place[chosen] + 1]
    sign, each = signs[part, place[chosen]], np.arange(len(chosen))
    for _ in range(_ROUNDS if len(chosen) else 0):
        inner = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, _PARTS + 1)
        found = np.sign(values(inner.ravel()).reshape(-1, *inner.shape)[part, each])
        step = np.argmax(found[:, 1:] != sign[:, None], axis=1)
        left, right = inner[each, step], inner[each, step + 1]
    middle = np.sort((left + right) / 2)
    apart = np.diff(middle, prepend=-np.inf) > _SAME_PLACE * (1 + np.abs(middle))
    return middle[apart], farthest


def _operands(program: Program, slots: list[int], of_all: bool) -> list[int]:
    """The indices of those slots that are denominators, or operands of functions with a pole, a kink or a jump."""
    found = set(slots) if of_all else set()
    for slot in slots:
        head, operands = program.steps[slot]
        if head == "div":
            found.add(operands[1])
        elif head in ("abs", "sign", "ln", "sqrt", "pow"):
            found.add(operands[0])
        elif head == "tan":
            found.add(slot)
    return [index for index, slot in enumerate(slots) if slot in found]


def _is_confirmed(view: _View, intervals: list[tuple[int, End, End]], window: float) -> bool:
    """Whether balls see the answer hold within each interval where floats do."""
    for kind, lower, upper in intervals:
        low, high = max(lower.value, -min(window, _WIDEST)), min(upper.value, min(window, _WIDEST))
        if kind != _HOLDS or high - low < _CLOSE_TO_ROOT * (1 + abs(low)):
            continue
        fractions = np.linspace(0.13, 0.87, _CHECKED)
        x = np.sinh(np.arcsinh(low) + (np.arcsinh(high) - np.arcsinh(low)) * fractions)
        points = floats.points_of(view.residual, view.columns(x), np.arange(len(x)))[:]
        statuses = {balls.enclose(view.residual, point).status for point in points}
        if "zero" not in statuses or statuses & {"nonzero", "outside"}:
            return False
    return True


# --- Places as text ---------------------------------------------------------------------------------------------------

_LARGEST_NUMERATOR = 2000
_DENOMINATORS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12)
_BITS = 256


def _end(view: _View, place: float) -> End:
    """A place with its exact text, if a simple number close to it makes a part of problem or answer special."""
    if abs(place) < _NEAR_NUMBER:
        place = 0.0
    for text, ball in _simple_numbers(place):
        if _is_special(view, ball):
            return End(place, text)
    return End(place, f"{place:.6g}…")


def _simple_numbers(place: float) -> Iterator[tuple[str, arb | fmpq]]:
    """Texts and values of rationals, roots, multiples of pi, logarithms and powers of e, that are close to a place."""
    with ctx.workprec(_BITS):
        sign = "-" if place < 0 else ""
        for value in _rationals(place):
            yield str(value), value
        for value in _rationals(place**2):
            yield f"{sign}sqrt({value})", (1 if place > 0 else -1) * arb(value).sqrt()
        for value in _rationals(place / math.pi):
            name = "pi" if abs(value.p) == 1 else f"{abs(int(value.p))}*pi"
            yield sign + name + ("" if value.q == 1 else f"/{value.q}"), arb(value) * arb.pi()
        for value in _rationals(abs(place) ** 3):
            yield f"{sign}({value})^(1/3)", (1 if place > 0 else -1) * arb(value).root(3)
        if abs(place) < 20:
            for value in filter(None, _rationals(math.exp(place))):
                yield f"ln({value})", arb(value).log()
        if place != 0:
            for value in _rationals(math.log(abs(place))):
                yield f"{sign}exp({value})", (1 if place > 0 else -1) * arb(value).exp()


def _rationals(value: float) -> Iterator[fmpq]:
    if not abs(value) < 1e6:
        return
    for q in _DENOMINATORS:
        p = round(value * q)
        if abs(value - p / q) < _NEAR_NUMBER * (1 + abs(value)) and abs(p) <= _LARGEST_NUMERATOR:
            yield fmpq(p, q)
            return


def _is_special(view: _View, ball: arb | fmpq) -> bool:
    """Whether a part of problem or answer vanishes at an x, has no value, or is 1 or -1 within an inverse function."""
    residual = view.residual
    point: Point = {"x": ball} | {name: fmpq(*value.as_integer_ratio()) for name, value in view.others.items()}
    with ctx.workprec(_BITS):
        values = balls.run(residual.program, point)
        for slot in needed_slots(residual):
            head, operands = residual.program.steps[slot]
            value = arb(values[slot])
            if not value.is_finite() and all(arb(values[each]).is_finite() for each in operands):
                return True
            if head in ("ln", "sqrt", "abs", "sign", "pow") and arb(values[operands[0]]).contains(0):
                return True
            if head in ("asin", "acos", "acosh", "atanh") and (1 - arb(values[operands[0]]) ** 2).contains(0):
                return True
    return False


def _text(intervals: list[tuple[End, End]], poles: list[End]) -> str:
    """Intervals as text, joined where one begins at the end of the other; poles of the problem are left out."""
    joined: list[tuple[End, End]] = []
    for lower, upper in intervals:
        if joined and joined[-1][1].value == lower.value:
            joined[-1] = (joined[-1][0], upper)
        else:
            joined.append((lower, upper))
    texts = [_interval(lower, upper) for lower, upper in joined]
    left_out = [each for each in poles if any(lower.value < each.value < upper.value for lower, upper in joined)]
    without = ", ".join(each.text for each in left_out)
    if texts == ["all x"] and without:
        return f"x != {without}"
    return " or ".join(texts) + (f" without {without}" if without else "")


def _interval(lower: End, upper: End) -> str:
    if not lower.text:
        return f"x < {upper.text}" if upper.text else "all x"
    return f"{lower.text} < x < {upper.text}" if upper.text else f"x > {lower.text}"
