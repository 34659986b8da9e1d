"""How much of the solution of a differential equation an answer is.

An answer with as many independent constants as the order of the equation may still be a part: exp(a8 + x) misses the
negative solutions of Y' = Y, a8 - x misses half of those of Y'^2 = 1. So initial values are drawn where the equation
has a real highest derivative, and constants are looked for that meet them. An answer that is affine in its constants,
with independent parts, meets all values of y, …, y^(n - 1): then only the highest derivative is asked for, and if the
equation is linear in it nothing is left to ask.

Floats look for the constants, so the percentage is an estimate: a few initial values that are met may count as missed.
"""

import itertools
from typing import NamedTuple

import numpy as np

from symbolic.expressions import numeric
from symbolic.expressions.program import Program
from symbolic.verification.constants import constants_asked_for
from symbolic.verification.points import Point, signed_x, uniforms
from symbolic.verification.residual import UNKNOWNS, Residual, by_real_values

GENERAL, FAMILY, PARTICULAR = "general", "family", "particular"
EXTENTS = (GENERAL, FAMILY, PARTICULAR)

_ALL = 0.85  # a larger part of the initial values is all of them, but for what floats miss
_PLACES, _VALUES = 5, 12  # values of x, and of y, y', … at each
_ENOUGH = 15  # initial values say something
_GRID, _WIDEST = 1500, 1e6  # values of a constant or a derivative between which a sign changes
_BISECTIONS = 40
_STARTS, _NEWTON_STEPS = 100, 40  # for two constants
_CLOSE = 1e-6  # relative distance of values that count as equal
_PURPOSE = 1 << 22  # of random numbers


class Extent(NamedTuple):
    """How much of the solution an answer is.

    Attributes:
        word: "general": every real solution but isolated ones; "family": as many independent constants as the order
            asks for, but solutions are missing; "particular": fewer constants.
        met: the part of random initial values that a family meets, None where it was not measured.
    """

    word: str
    met: float | None = None


def extent_of(residual: Residual, constants: int, points: list[Point], is_complex: bool = False) -> Extent:
    """The extent of a right answer.

    Args:
        residual: the equation with the answer.
        constants: how many independent ones it holds.
        points: where it is right; initial values are drawn at their x.
        is_complex: whether it is real nowhere; then nothing else is looked at.
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
    """How far |x| is from 1: where it is small or large, so may be the constants that are needed."""
    return abs(abs(x) - 1)


def _met(residual: Residual, abscissae: list[float]) -> float | None:
    """The part of random initial values, with all their highest derivatives, that the answer meets; None if unknown."""
    problem = by_real_values(residual).of_values
    highest = UNKNOWNS[residual.order]
    slope = problem.program.derivative(problem.slot, highest)
    is_linear = problem.program.derivative(slope, highest) is None
    is_affine = _is_affine(residual)
    if is_linear and is_affine:
        return None
    places = _initial_values(residual, abscissae)
    found = _by_newton(residual, places) if residual.order == 2 else _by_bisection(residual, places)
    met = asked = 0
    for index, derivatives in _highest_derivatives(problem, highest, slope if is_linear else None, places):
        mine = found[index]
        asked += len(derivatives)
        met += sum(bool(np.any(np.abs(mine - each) <= _CLOSE * (1 + abs(each)))) for each in derivatives)
    return round(met / asked, 2) if asked >= _ENOUGH else None


def _is_affine(residual: Residual) -> bool:
    """Whether the answer is a sum of parts times constants: then constants meet all initial values."""
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
    """For each initial value at which the equation has a real highest derivative: its index, and all of these."""
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

    One constant is looked for; others, which there need not be, are 1.
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
    """For each initial value of an equation of the second order: y'' of the answer with the constants that meet it."""
    program, rows = residual.program, residual.answer_slots[:2]
    first, second = _independent_pair(residual, places)
    jacobian = [[program.derivative(row, each) for each in (first, second)] for row in rows]
    count = len(places["x"])
    starts = 2.0 * uniforms(residual.seed, _PURPOSE + 1, (2, count, _STARTS)) - 1.0
    constants = np.sign(starts) * 0.02 * (500.0 ** np.abs(starts))
    at = {key: column[:, None] for key, column in places.items() if key not in UNKNOWNS}
    at |= {each: np.ones((1, 1)) for each in residual.constants if each not in (first, second)}
    wanted = [places[name][:, None] for name in UNKNOWNS[:2]]

    def run():
        values = numeric.run(program, at | {first: constants[0], second: constants[1]})
        entries = [[np.zeros(1) if slot is None else values[slot] for slot in row] for row in jacobian]
        return values, entries, [values[row] - each for row, each in zip(rows, wanted, strict=True)]

    with np.errstate(all="ignore"):
        for _ in range(_NEWTON_STEPS):
            _, ((a, b), (c, d)), (u, v) = run()
            determinant = a * d - b * c
            step = np.stack([np.broadcast_to(each, constants[0].shape) for each in (d * u - b * v, a * v - c * u)])
            step = step / determinant
            longest = 0.5 + 0.5 * np.abs(constants)
            constants = constants - np.clip(step, -longest, longest)
        values, _, (u, v) = run()
        is_met = (np.abs(u) <= _CLOSE * (1 + np.abs(wanted[0]))) & (np.abs(v) <= _CLOSE * (1 + np.abs(wanted[1])))
        derivative = np.broadcast_to(values[residual.answer_slots[2]], is_met.shape)
    return [derivative[index][is_met[index]] for index in range(count)]


def _independent_pair(residual: Residual, places: dict[str, np.ndarray]) -> tuple[str, str]:
    """The first two constants of which y and y' depend in different ways; the first two if floats do not tell."""
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
    ends = np.arcsinh(_WIDEST * 1e3)
    return np.sinh(np.linspace(-ends, ends, _GRID) + 0.123 * ends / _GRID) / 1e3


def _roots(function, count: int, grid: np.ndarray) -> list[np.ndarray]:
    """The places on a grid's line where function(index, place) changes its sign without a jump, for each index."""
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
