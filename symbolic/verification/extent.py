"""How much of the solution of a differential equation an answer is.

An answer with as many independent constants as the order of the equation may still be a part: exp(a8 + x) misses the
negative solutions of Y' = Y, a8 - x misses half of those of Y'^2 = 1. So initial values are drawn where the equation
has a real highest derivative, and constants that meet them are searched for. An answer that is affine in its constants,
with independent parts, meets all values of y, …, y^(n - 1). Then only the highest derivative remains to be checked, and
not even that if the equation is linear in it.

Floats search for the constants, so the fraction is an estimate: a few initial values that are met may count as missed.
"""

import itertools
from typing import NamedTuple

import numpy as np

from symbolic.expressions import numeric
from symbolic.expressions.equations import UNKNOWNS
from symbolic.expressions.program import Program
from symbolic.verification.constants import constants_asked_for
from symbolic.verification.points import Point, signed_x, uniforms
from symbolic.verification.residual import Residual, by_real_values

GENERAL, FAMILY, PARTICULAR = "general", "family", "particular"
EXTENTS = (GENERAL, FAMILY, PARTICULAR)

_ALL = 0.85  # of the initial values; above this fraction, the rest counts as numerical error
_PLACES, _VALUES = 5, 12  # how many x, and how many values of y, y', … at each
_ENOUGH = 15  # fewer initial values give no fraction
# A sign change is searched for between this many values of a constant or a derivative, up to _WIDEST, then bisected.
_GRID, _WIDEST = 1500, 1e6
_BISECTIONS = 40
_STARTS, _NEWTON_STEPS = 100, 40  # of Newton's method for two constants
_CLOSE = 1e-6  # relative distance of values that count as equal
_PURPOSE = 1 << 22  # of the first random numbers; see `uniforms`


class Extent(NamedTuple):
    """How much of the solution an answer is.

    Attributes:
        word: "general": every real solution except isolated ones; "family": as many independent constants as the
            order, but solutions are missing; "particular": fewer constants.
        met: the fraction of random initial values that the answer meets, None where it was not measured.
    """

    word: str
    met: float | None = None


def extent_of(residual: Residual, constants: int, points: list[Point], is_complex: bool = False) -> Extent:
    """The extent of a right answer.

    Args:
        residual: the equation with the answer.
        constants: how many independent ones it holds.
        points: where it is right; initial values are drawn at their x.
        is_complex: whether it is real nowhere; then only the constants are counted.
    """
    asked_for = constants_asked_for(residual)
    if constants < asked_for:
        return Extent(PARTICULAR)
    if not asked_for or residual.order > 2 or is_complex or residual.of_values is not None:
        return Extent(GENERAL)
    if residual.holds_derivative:
        return Extent(GENERAL)
    if not residual.asks_extent:
        return Extent(FAMILY)
    met = _met(residual, sorted(map(signed_x, points), key=_from_1)[:_PLACES])
    return Extent(GENERAL if met is None or met > _ALL else FAMILY, met)


def _from_1(x: float) -> float:
    """How far |x| is from 1: where |x| is very small or large, so may be the constants that are needed."""
    return abs(abs(x) - 1)


def _met(residual: Residual, abscissae: list[float]) -> float | None:
    """The fraction of random initial values, each with every highest derivative, that the answer meets.

    None if it is unknown, or if the answer meets all of them for certain.
    """
    problem = by_real_values(residual).of_values
    highest = UNKNOWNS[residual.order]
    slope = problem.program.derivative(problem.slot, highest)
    is_linear = problem.program.derivative(slope, highest) is None
    if is_linear and _is_affine(residual):
        return None
    places = _initial_values(residual, abscissae)
    by_answer = _by_newton(residual, places) if residual.order == 2 else _by_bisection(residual, places)
    by_equation = _highest_derivatives(problem, highest, slope if is_linear else None, places)
    is_met = [
        bool(np.any(np.abs(by_answer[index] - each) <= _CLOSE * (1 + abs(each))))
        for index, derivatives in by_equation
        for each in derivatives
    ]
    return round(sum(is_met) / len(is_met), 2) if len(is_met) >= _ENOUGH else None


def _is_affine(residual: Residual) -> bool:
    """Whether the answer is affine in its constants."""
    program = residual.program
    for first in residual.constants:
        slope = program.derivative(residual.answer_slot, first)
        if slope is not None and any(program.derivative(slope, each) is not None for each in residual.constants):
            return False
    return True


def _initial_values(residual: Residual, abscissae: list[float]) -> dict[str, np.ndarray]:
    """x, Y and, for the second order, Y', with the problem's own coefficients; several values for each x."""
    names = [name for name in residual.free if name not in residual.constants] + list(UNKNOWNS[: residual.order])
    table = uniforms(residual.seed, _PURPOSE, (len(names), len(abscissae) * _VALUES))
    columns = {name: 6.0 * row - 3.0 for name, row in zip(names, table, strict=True)}
    for name in names:
        if name not in UNKNOWNS:
            columns[name] = np.repeat(columns[name][::_VALUES], _VALUES)
    return columns | {"x": np.repeat(abscissae, _VALUES)}


def _highest_derivatives(problem: Residual, highest: str, slope: int | None, places: dict[str, np.ndarray]):
    """(index, highest derivatives) of each initial value at which the equation has a real one, with all of these."""
    if slope is not None:  # F = slope * derivative + rest
        values = numeric.run(problem.program, places | {highest: np.zeros_like(places["x"])})
        with np.errstate(all="ignore"):
            derivatives = np.broadcast_to(-values[problem.slot] / values[slope], places["x"].shape)
        for index in np.flatnonzero(np.isfinite(derivatives)):
            yield index, derivatives[index : index + 1]
        return
    program = Program()
    program.steps = problem.program.steps[: problem.slot + 1]
    grid = _grid()

    def function(index: np.ndarray, derivative: np.ndarray) -> np.ndarray:
        at = {name: column[index] for name, column in places.items()}
        return np.broadcast_to(numeric.run(program, at | {highest: derivative})[problem.slot], derivative.shape)

    roots = _roots(function, len(places["x"]), grid)
    for index, each in enumerate(roots):
        if len(each):
            yield index, each


def _by_bisection(residual: Residual, places: dict[str, np.ndarray]) -> list[np.ndarray]:
    """For each initial value of an equation of the first order: y' of the answer with the constants that meet it.

    One constant is searched for; others, which there need not be, are 1.
    """
    program = residual.program
    name = next(each for each in residual.constants if program.derivative(residual.answer_slot, each) is not None)
    fixed = {each: np.ones(1) for each in residual.constants if each != name}

    def function(index: np.ndarray, constant: np.ndarray) -> np.ndarray:
        at = {key: column[index] for key, column in places.items() if key not in UNKNOWNS}
        values = numeric.run(program, at | fixed | {name: constant})[residual.answer_slot]
        return np.broadcast_to(values, constant.shape) - places["Y"][index]

    derivatives = []
    for index, constants in enumerate(_roots(function, len(places["x"]), _grid())):
        at = {key: np.full(len(constants), column[index]) for key, column in places.items() if key not in UNKNOWNS}
        values = numeric.run(program, at | fixed | {name: constants})[residual.answer_slots[1]]
        derivatives.append(np.broadcast_to(values, constants.shape))
    return derivatives


def _by_newton(residual: Residual, places: dict[str, np.ndarray]) -> list[np.ndarray]:
    """For each initial value of an equation of the second order: y'' of the answer with the constants that meet it.

    Newton's method searches for two constants from many starts at once; others, which there need not be, are 1.
    """
    program, rows = residual.program, residual.answer_slots[:2]
    pair = _independent_pair(residual, places)
    jacobian = [[program.derivative(row, each) for each in pair] for row in rows]
    at = {key: column[:, None] for key, column in places.items() if key not in UNKNOWNS}
    at |= {each: np.ones((1, 1)) for each in residual.constants if each not in pair}
    wanted = [places[name][:, None] for name in UNKNOWNS[:2]]
    constants = _starts(residual, len(places["x"]))
    with np.errstate(all="ignore"):
        for _ in range(_NEWTON_STEPS):
            values = numeric.run(program, at | dict(zip(pair, constants, strict=True)))
            errors = [values[row] - each for row, each in zip(rows, wanted, strict=True)]
            slopes = [[np.zeros(1) if slot is None else values[slot] for slot in row] for row in jacobian]
            constants = constants - _newton_step(errors, slopes, constants)
        values = numeric.run(program, at | dict(zip(pair, constants, strict=True)))
        is_met = _is_close(values[rows[0]], wanted[0]) & _is_close(values[rows[1]], wanted[1])
    derivative = np.broadcast_to(values[residual.answer_slots[2]], constants[0].shape)
    is_met = np.broadcast_to(is_met, constants[0].shape)
    return [each[met] for each, met in zip(derivative, is_met, strict=True)]


def _starts(residual: Residual, count: int) -> np.ndarray:
    """Values of two constants with sizes from 0.02 to 10, (2, count, _STARTS)."""
    starts = 2.0 * uniforms(residual.seed, _PURPOSE + 1, (2, count, _STARTS)) - 1.0
    return np.sign(starts) * 0.02 * (500.0 ** np.abs(starts))


def _newton_step(errors: list[np.ndarray], slopes: list[list[np.ndarray]], constants: np.ndarray) -> np.ndarray:
    """What Newton's method subtracts from two constants, by Cramer's rule; long steps are shortened."""
    (a, b), (c, d) = slopes
    u, v = errors
    numerators = [np.broadcast_to(each, constants[0].shape) for each in (d * u - b * v, a * v - c * u)]
    longest = 0.5 + 0.5 * np.abs(constants)
    return np.clip(np.stack(numerators) / (a * d - b * c), -longest, longest)


def _is_close(value: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return np.abs(value - wanted) <= _CLOSE * (1 + np.abs(wanted))


def _independent_pair(residual: Residual, places: dict[str, np.ndarray]) -> tuple[str, str]:
    """The first two constants on which y and y' depend independently; the first two if floats find none."""
    program, rows = residual.program, residual.answer_slots[:2]
    slopes = {each: [program.derivative(row, each) for row in rows] for each in residual.constants}
    table = uniforms(residual.seed, _PURPOSE + 2, (len(residual.constants), len(places["x"])))
    columns = dict(zip(residual.constants, 4.0 * table - 2.0, strict=True))
    values = numeric.run(program, {key: each for key, each in places.items() if key not in UNKNOWNS} | columns)
    known = {each: [0.0 if slot is None else values[slot] for slot in pair] for each, pair in slopes.items()}
    for first, second in itertools.combinations(residual.constants, 2):
        (a, c), (b, d) = known[first], known[second]
        with np.errstate(all="ignore"):
            if np.any(np.abs(a * d - b * c) > _CLOSE * (np.abs(a * d) + np.abs(b * c))):
                return first, second
    return tuple(residual.constants[:2])


def _grid() -> np.ndarray:
    """Values of both signs up to _WIDEST, evenly spaced near 0 and in their logarithm beyond; none of them is 0."""
    ends = np.arcsinh(_WIDEST * 1e3)
    return np.sinh(np.linspace(-ends, ends, _GRID) + 0.123 * ends / _GRID) / 1e3


def _roots(function, count: int, grid: np.ndarray) -> list[np.ndarray]:
    """For each index, the places along the grid where function(index, place) changes its sign without a jump."""
    with np.errstate(all="ignore"):
        values = np.stack([function(np.full(len(grid), index), grid) for index in range(count)])
        index, interval = np.nonzero(values[:, 1:] * values[:, :-1] < 0)
        left, right = grid[interval], grid[interval + 1]
        sign, size = np.sign(values[index, interval]), np.abs(values[index, interval])
        for _ in range(_BISECTIONS if len(index) else 0):
            middle = (left + right) / 2
            is_left = np.sign(function(index, middle)) == sign
            left, right = np.where(is_left, middle, left), np.where(is_left, right, middle)
        at_root = np.abs(function(index, right)) if len(index) else size
        is_root = at_root <= _CLOSE * (1 + size)
    return [right[(index == each) & is_root] for each in range(count)]
