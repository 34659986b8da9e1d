"""How much of the solution of a differential equation an answer is.

An answer with as many independent constants as the order of the equation may still be a part: exp(a8 + x) misses the
negative solutions of Y' = Y, a8 - x misses half of those of Y'^2 = 1. An answer that is affine in its constants, with
independent parts, meets all values of y, …, y^(n - 1); if the equation is linear in its highest derivative, it is the
general solution, exactly. For any other, initial values are drawn where the equation has a real highest derivative, and
constants that meet them are searched for. If there are several highest derivatives, the answer must meet each.

Floats search for the constants, so the fraction is an estimate: a few initial values that are met may count as missed.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from symbolic.expressions import numeric
from symbolic.expressions.equations import UNKNOWNS
from symbolic.expressions.program import Program
from symbolic.verification import landmarks
from symbolic.verification.constants import constants_asked_for
from symbolic.verification.points import Point, signed_x, uniforms
from symbolic.verification.residual import Residual, ancestors, by_real_values, descendants

GENERAL, FAMILY, PARTICULAR = "general", "family", "particular"
EXTENTS = (GENERAL, FAMILY, PARTICULAR)

_ALL = 0.95  # of the initial values; above this fraction, the rest counts as numerical error
_PLACES, _VALUES = 6, 12  # how many x, and how many values of y, y', … at each
_CLOSE_TO_ROOT = 0.02
_SPARE = 6  # times as many values are drawn, for equations without a real highest derivative at most of them
_FIRST_PLACES = 2  # if all initial values at these are met, the others are not looked at
_ENOUGH = 15  # fewer initial values give no fraction
_SMALL, _LARGEST = 3.0, (3e4, 30.0)  # three of four values of y, y' are below the first, the others below these
_MOST_PEAKS = 4  # places where y may have a supremum in a constant
_AT_END = 40  # values of the grid that must rise up to its end
_STEADY = 0.25  # of a change, by which the next one must follow to count as going on
_SATURATED = 1e-2  # relative change of y that counts as none
# A sign change is searched for between this many values of a constant or a derivative, up to _WIDEST. An interval with
# one is cut into _PARTS, _ROUNDS times.
_GRID, _WIDEST = 1500, 1e6
_PARTS, _ROUNDS = 16, 11
_FEW_UNMET, _FINER = 0.3, 8  # if no more than this fraction is unmet, the grid for these is so many times finer
_FEW_STARTS, _STARTS, _NEWTON_STEPS = 20, 100, 40  # of Newton's method for two constants
_CLOSE = 1e-6  # relative distance of values that count as equal
_PRECISION = 1e-13  # with which a constant is found, relative to 1 + |constant|
_CLOSE_HIGHEST = 1e-4  # and of highest derivatives, in which rounding is larger
_ROUNDING = 1e-9  # an imaginary part below this, relative to the value, is rounding
_PURPOSE = 1 << 22  # of the first random numbers; see `uniforms`


class Extent(NamedTuple):
    """How much of the solution an answer is.

    Attributes:
        word: "general": every real solution except isolated ones; "family": as many independent constants as the
            order, but solutions are missing or may be; "particular": fewer constants.
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
    if not asked_for or is_complex:
        return Extent(GENERAL)
    is_affine = _is_affine(residual)
    if residual.holds_derivative:
        return Extent(GENERAL if is_affine else FAMILY)
    equation = _equation(residual)
    if is_affine and equation.slope is not None:
        return Extent(GENERAL)
    if not residual.asks_extent or residual.order > 2:
        return Extent(FAMILY)
    met = _met(residual, equation, _abscissae(residual, points))
    return Extent(FAMILY if met is None or met <= _ALL else GENERAL, met)


class _Equation(NamedTuple):
    """The equation as a function of x and Y, Y', …; and the factor of its highest derivative, if it is linear in it."""

    program: Program
    slot: int
    highest: str
    slope: int | None


def _equation(residual: Residual) -> _Equation:
    problem = by_real_values(residual).of_values
    highest = UNKNOWNS[residual.order]
    slope = problem.program.derivative(problem.slot, highest)
    is_linear = slope is not None and problem.program.derivative(slope, highest) is None
    return _Equation(problem.program, problem.slot, highest, slope if is_linear else None)


def _is_affine(residual: Residual) -> bool:
    """Whether the answer is affine in its constants; |a8| is not, although its second derivative is 0."""
    program = residual.program
    with_constants = descendants(program, _constant_slots(residual))
    if any(program.steps[slot][0] in ("abs", "sign") for slot in with_constants):
        return False
    for first in residual.constants:
        slope = program.derivative(residual.answer_slot, first)
        if slope is not None and any(program.derivative(slope, each) is not None for each in residual.constants):
            return False
    return True


def _abscissae(residual: Residual, points: list[Point]) -> list[float]:
    """x of initial values, of both signs by turns: one of each near 1, then those of points that are nearest to 1.

    Close to the roots of linear parts, and far out, the constants that are needed may be very large.
    """
    roots = [each.root for each in landmarks.roots_of_lines(residual) if each.name == "x"]
    near = 0.4 + 1.6 * uniforms(residual.seed, _PURPOSE + 103, 2 * _SPARE)
    by_distance = sorted(map(signed_x, points), key=lambda x: abs(abs(x) - 1))
    away = [
        [x for x in chosen if all(abs(x - root) > _CLOSE_TO_ROOT for root in roots)]
        for chosen in (near, -near, [x for x in by_distance if x > 0], [x for x in by_distance if x < 0])
    ]
    first = [x for side in away[:2] for x in side[:1]]
    by_turns = [x for pair in itertools.zip_longest(*away[2:]) for x in pair if x is not None]
    return (first + by_turns + by_distance)[:_PLACES]


def _met(residual: Residual, equation: _Equation, abscissae: list[float]) -> float | None:
    """The fraction of random initial values, each with every highest derivative, that the answer meets.

    None if there are too few initial values.
    """
    is_met: list[bool] = []
    for chosen in (abscissae[:_FIRST_PLACES], abscissae[_FIRST_PLACES:]):
        if not chosen:
            break
        places, by_equation = _initial_values(residual, equation, chosen)
        is_met += _met_at(residual, places, by_equation, one_is_enough=equation.slope is not None)
        if len(is_met) >= _ENOUGH and all(is_met):
            return 1.0
    return round(sum(is_met) / len(is_met), 2) if len(is_met) >= _ENOUGH else None


def _initial_values(
    residual: Residual, equation: _Equation, abscissae: list[float]
) -> tuple[dict[str, np.ndarray], dict[int, np.ndarray]]:
    """_VALUES initial values for each x: columns of x, Y, …, and the highest derivatives by index where they are real.

    Of several times as many, those come first at which the equation has a real highest derivative.
    """
    if equation.slope is None:  # to find its highest derivatives takes long
        places = _drawn(residual, abscissae, _VALUES)
        return places, _highest_derivatives(equation, places)
    places = _drawn(residual, abscissae, _VALUES * _SPARE)
    found = _highest_derivatives(equation, places)
    is_real = np.zeros(len(places["x"]), bool)
    is_real[list(found)] = True
    order = np.argsort(~is_real.reshape(len(abscissae), -1), axis=1, kind="stable")[:, :_VALUES]
    kept = (order + np.arange(len(abscissae))[:, None] * _VALUES * _SPARE).ravel()
    by_equation = {index: found[row] for index, row in enumerate(kept) if row in found}
    return {name: column[kept] for name, column in places.items()}, by_equation


def _drawn(residual: Residual, abscissae: list[float], count: int) -> dict[str, np.ndarray]:
    """Columns of x, Y, for the second order Y', and the problem's own coefficients; so many rows for each x."""
    unknowns = UNKNOWNS[: residual.order]
    names = [name for name in residual.free if name not in residual.constants] + list(unknowns)
    total = len(abscissae) * count
    table = uniforms(residual.seed, _PURPOSE + len(abscissae), (len(names), total))
    table[-len(unknowns) :] = _spread(table[-len(unknowns) :, 0], total)
    columns = {name: 2 * row - 1 for name, row in zip(names, table, strict=True)}
    for name, column in columns.items():
        if name in unknowns:
            columns[name] = _SMALL * column * np.abs(column)  # more of them near 0, as |y| < 1 may be asked for
            large = _SMALL * (_LARGEST[residual.order - 1] / _SMALL) ** np.abs(column)
            rows = slice(UNKNOWNS.index(name), None, 4)
            columns[name][rows] = (np.sign(column) * large)[rows]
        else:
            columns[name] = _SMALL * np.repeat(column[::count], count)
    return columns | {"x": np.repeat(abscissae, count)}


def _spread(start: np.ndarray, count: int) -> np.ndarray:
    """Numbers in [0, 1), (dimensions, count), spread more evenly than random ones: multiples of irrational numbers.

    They are powers of the root of t^(d + 1) = t + 1, as in the sequences R_d of M. Roberts (2018).
    """
    root = {1: 1.6180339887498949, 2: 1.324717957244746}[len(start)]
    steps = root ** -np.arange(1.0, len(start) + 1)
    return (start[:, None] + steps[:, None] * np.arange(count)) % 1.0


def _highest_derivatives(equation: _Equation, places: dict[str, np.ndarray]) -> dict[int, np.ndarray]:
    """From the index of an initial value to the real highest derivatives there, where there are some."""
    program, slot, highest, slope = equation
    count = len(places["x"])
    if slope is not None:  # F = slope * derivative + rest
        values = numeric.run(program, places | {highest: np.zeros(count)})
        with np.errstate(all="ignore"):
            derivatives = np.broadcast_to(-values[slot] / values[slope], count)
        return {index: derivatives[[index]] for index in np.flatnonzero(np.isfinite(derivatives))}
    columns = {name: column[:, None] for name, column in places.items()}

    def function(index: np.ndarray, derivative: np.ndarray) -> np.ndarray:
        at = {name: column[index] for name, column in columns.items()}
        return _values(program, at | {highest: derivative}, slot)

    grid = _grid()
    roots = _roots(function, function(np.arange(count), grid[None, :]), grid, most=8)
    return {index: each for index, each in enumerate(roots) if len(each)}


def _met_at(
    residual: Residual, places: dict[str, np.ndarray], by_equation: dict[int, np.ndarray], one_is_enough: bool
) -> list[bool]:
    """For each initial value and each highest derivative there, whether a solution meets it, as far as floats tell.

    Args:
        one_is_enough: whether all solutions that meet an initial value have the same highest derivative.
    """
    if residual.order == 1:
        return _met_by_bisection(_first_order(residual, places), by_equation, one_is_enough)
    pair, program = _independent_pair(residual, places), residual.program
    inner, wanted = _without_outer_functions(residual, places)
    for linear, other in (pair, pair[::-1]):
        slope = program.derivative(inner, linear)
        if slope is not None and program.derivative(slope, linear) is None:
            search = _second_order(residual, places, inner, wanted, linear, other)
            return _met_by_bisection(search, by_equation, one_is_enough)
    if residual.of_values is not None:
        return []
    return _met_by_newton(residual, places, pair, by_equation)


class _InOneConstant(NamedTuple):
    """What one constant is searched for by.

    Attributes:
        value: of indices of initial values (count,) and constants (count, many): what must have the wanted value.
        wanted: that value, for each initial value.
        highest: the highest derivative, of the same arguments.
        repeated: `value` is the same function for so many initial values, one after the other.
    """

    value: Callable[[np.ndarray, np.ndarray], np.ndarray]
    wanted: np.ndarray
    highest: Callable[[np.ndarray, np.ndarray], np.ndarray]
    repeated: int


def _first_order(residual: Residual, places: dict[str, np.ndarray]) -> _InOneConstant:
    """y must have its initial value; constants that are not needed are 1."""
    program, (answer, derivative) = _of_answer(residual), residual.answer_slots
    name = next(each for each in residual.constants if residual.program.derivative(answer, each) is not None)
    fixed = {each: np.ones((1, 1)) for each in residual.constants if each != name}
    run = _runner(program, places, fixed, residual.of_values is not None)
    return _InOneConstant(
        lambda index, constant: run(index, {name: constant}, answer)[0],
        places["Y"],
        lambda index, constant: run(index, {name: constant}, derivative)[0],
        _VALUES,
    )


# From the head of an outer function f to its inverse g, and to g'.
_INVERSES = {
    "exp": (np.log, lambda y: 1 / y),
    "ln": (np.exp, np.exp),
    "tan": (np.arctan, lambda y: 1 / (1 + y**2)),
    "atan": (np.tan, lambda y: 1 + np.tan(y) ** 2),
    "sinh": (np.arcsinh, lambda y: 1 / np.sqrt(1 + y**2)),
    "asinh": (np.sinh, np.cosh),
    "tanh": (np.arctanh, lambda y: 1 / (1 - y**2)),
    "atanh": (np.tanh, lambda y: 1 / np.cosh(y) ** 2),
    "sqrt": (lambda y: np.where(y < 0, np.nan, y**2), lambda y: 2 * y),
}


def _without_outer_functions(
    residual: Residual, places: dict[str, np.ndarray]
) -> tuple[int, tuple[np.ndarray, np.ndarray]]:
    """The slot of u for an answer f(u), and the values of u and u' at initial values; nan where there are none.

    f is made of functions with an inverse, powers, and sums, products and quotients with what holds no constants.
    """
    program, slot = residual.program, residual.answer_slot
    y, first = places["Y"], places["Y'"]
    fixed = set(range(len(program.steps))) - set(descendants(program, _constant_slots(residual)))

    def values(fixed_slot: int) -> tuple[np.ndarray, np.ndarray]:
        """The values of a slot without constants and of its derivative by x."""
        derivative = program.derivative(fixed_slot)
        needed = Program()
        needed.steps = program.steps[: max(fixed_slot, derivative or 0) + 1]
        run = numeric.run(needed, places | {name: np.ones(1) for name in residual.constants})
        return run[fixed_slot], np.zeros(1) if derivative is None else run[derivative]

    with np.errstate(all="ignore"):
        while True:
            head, operands = program.steps[slot]
            if head in _INVERSES:
                inverse, derivative = _INVERSES[head]
                y, first, slot = inverse(y), derivative(y) * first, operands[0]
                continue
            if len(operands) != 2 or not fixed.intersection(operands) or fixed.issuperset(operands):
                return slot, (y, first)
            known, slot = operands if operands[0] in fixed else operands[::-1]
            is_first = known == operands[0]
            k, slope = values(known)
            if head == "add":
                y, first = y - k, first - slope
            elif head == "sub":
                y, first = (k - y, slope - first) if is_first else (y + k, first + slope)
            elif head == "mul":
                y, first = y / k, (first - slope * y / k) / k
            elif head == "div" and is_first:
                y, first = k / y, (slope - k / y * first) / y
            elif head == "div":
                y, first = y * k, first * k + y * slope
            elif is_first:  # k^u
                y, first = np.log(y) / np.log(k), first / y / np.log(k)
            else:
                is_odd = np.isclose(k % 2, 1)
                root = np.where((y > 0) | is_odd, np.sign(y) * np.abs(y) ** (1 / k), np.nan)
                y, first = root, root * first / (k * y)


def _constant_slots(residual: Residual) -> list[int]:
    return [slot for slot, (head, _) in enumerate(residual.program.steps) if head in residual.constants]


def _second_order(
    residual: Residual,
    places: dict[str, np.ndarray],
    inner: int,
    wanted: tuple[np.ndarray, np.ndarray],
    linear: str,
    other: str,
) -> _InOneConstant:
    """u' must have its initial value, where the first constant, in which u is affine, is chosen by u.

    Args:
        inner: the slot of u; the answer is u or a function of it.
        wanted: values of u and u'.
    """
    program, second = residual.program, residual.answer_slots[2]
    first = program.derivative(inner)
    zero = program.step(0)
    first = zero if first is None else first
    by_inner, by_first = (program.derivative(slot, linear) for slot in (inner, first))
    by_first = zero if by_first is None else by_first
    needed = _of_answer(residual, [inner, first, by_inner, by_first])
    fixed = {each: np.ones((1, 1)) for each in residual.constants if each not in (linear, other)}
    run = _runner(needed, places, fixed, residual.of_values is not None)

    def with_linear(index: np.ndarray, constant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The linear constant, and u'."""
        at_zero = {linear: np.zeros((1, 1)), other: constant}
        u, u_slope, first_u, first_slope = run(index, at_zero, inner, by_inner, first, by_first)
        chosen = (wanted[0][index][:, None] - u) / u_slope
        return chosen, first_u + chosen * first_slope

    return _InOneConstant(
        lambda index, constant: with_linear(index, constant)[1],
        wanted[1],
        lambda index, constant: run(index, {linear: with_linear(index, constant)[0], other: constant}, second)[0],
        1,
    )


def _runner(
    program: Program, places: dict[str, np.ndarray], fixed: dict[str, np.ndarray], is_complex: bool
) -> Callable:
    """A function of indices, columns and slots: the real values of the slots at these initial values and columns.

    Their parts may be complex if `is_complex`.
    """
    columns = {key: column[:, None] for key, column in places.items() if key not in UNKNOWNS}

    def run(index: np.ndarray, more: dict[str, np.ndarray], *slots: int) -> list[np.ndarray]:
        at = {key: column[index] for key, column in columns.items()} | fixed | more
        shape = np.broadcast_shapes(*map(np.shape, at.values()))
        values = numeric.run(program, at, is_complex)
        return [_real(np.broadcast_to(values[slot], shape)) for slot in slots]

    return run


def _real(values: np.ndarray) -> np.ndarray:
    if not np.iscomplexobj(values):
        return values
    return np.where(np.abs(values.imag) <= _ROUNDING * (1 + np.abs(values.real)), values.real, np.nan)


def _met_by_bisection(search: _InOneConstant, by_equation: dict[int, np.ndarray], one_is_enough: bool) -> list[bool]:
    """For each initial value and each highest derivative there, whether a constant is found that meets it.

    What floats may have missed is left out.
    """
    wanted, grid = search.wanted[:, None], _grid()

    def difference(index: np.ndarray, constant: np.ndarray) -> np.ndarray:
        return _difference(search.value(index, constant), wanted[index])

    functions = np.arange(0, len(wanted), search.repeated)  # an initial value for each function
    with np.errstate(all="ignore"):
        on_grid = search.value(functions, grid[None, :])
        changes = _difference(np.repeat(on_grid, search.repeated, axis=0), wanted)
        roots = _roots(difference, changes, grid, most=6 if one_is_enough else 10)
        is_known = np.ones(len(wanted), bool)
        unmet = np.array([not len(constants) for constants in roots])
        if 0 < np.sum(unmet) <= _FEW_UNMET * len(unmet):  # a root beside a pole may lie within one step of the grid
            rows, finer = np.flatnonzero(unmet), _grid(_FINER * _GRID)
            changes = _difference(search.value(rows, finer[None, :]), wanted[rows])
            found = _roots(lambda index, constant: difference(rows[index], constant), changes, finer, most=2)
            roots = [found[np.searchsorted(rows, each)] if unmet[each] else roots[each] for each in range(len(roots))]
            unmet = np.array([not len(constants) for constants in roots])
        if unmet.any():
            is_known = ~(unmet & _may_be_missed(search, functions, on_grid, grid))
        is_met = []
        for index, constants in enumerate(roots):
            if index in by_equation and is_known[index]:
                around = constants + np.array([[0.0], [-1.0], [1.0]]) * _PRECISION * (1 + np.abs(constants))
                found = search.highest(np.array([index]), around)
                spread = np.abs(found[2] - found[1])
                for wanted_one, is_among in zip(
                    by_equation[index], _are_among(by_equation[index], found[0]), strict=True
                ):
                    if is_among or not np.any(
                        spread > _CLOSE_HIGHEST * (1 + abs(wanted_one))
                    ):  # else floats do not tell
                        is_met.append(is_among)
    return is_met


def _difference(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """y - Y, or 1/Y - 1/y for large Y, which is finite at poles."""
    return np.where(np.abs(wanted) < _SMALL, values - wanted, 1 / wanted - 1 / values)


def _may_be_missed(search: _InOneConstant, functions: np.ndarray, on_grid: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Whether the constants that meet a value may lie where no grid of floats shows them, as those of ln(a8 + x) may.

    They do if the function grows on towards the value at the end of the grid, beside a gap, or at a sharp peak.
    """
    may_be_missed = np.zeros(len(search.wanted), bool)
    for sign in (-1, 1):
        toward = np.where(np.isfinite(on_grid), sign * on_grid, -np.inf)
        place, shown, inner, outer = _limits(search.value, sign, functions, toward, grid)
        goes_on = (outer > shown) & (outer - inner > _SATURATED * (1 + np.abs(inner)))
        for each in np.flatnonzero(goes_on):
            here = slice(place[each] * search.repeated, (place[each] + 1) * search.repeated)
            may_be_missed[here] |= sign * search.wanted[here] > shown[each]
        overflows = np.repeat(np.isposinf(sign * on_grid).any(axis=1), search.repeated)
        may_be_missed |= overflows & (sign * search.wanted > np.repeat(toward.max(axis=1), search.repeated))
    return may_be_missed


def _limits(
    value: Callable, sign: int, functions: np.ndarray, on_grid: np.ndarray, grid: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where functions may grow beyond what the grid shows: the place of the function, the largest value shown there.

    Then the values close to there and closer, by which one sees whether the function goes on to grow.

    Args:
        value: a function of indices and constants, which is multiplied by the sign.
        functions: an index for each function.
        on_grid: the values on the grid, (functions, constants); -inf where there is none.
    """
    finite = np.isfinite(on_grid)
    rises = np.diff(on_grid, axis=1) / (1 + np.abs(on_grid[:, 1:]))
    is_peak = np.zeros(on_grid.shape, bool)
    is_peak[:, 1:-1] = (rises[:, :-1] > _SATURATED) & (rises[:, 1:] < -_SATURATED)
    is_peak[:, :-1] |= finite[:, :-1] & ~finite[:, 1:]  # beside a gap
    is_peak[:, 1:] |= finite[:, 1:] & ~finite[:, :-1]
    heights = np.where(is_peak, on_grid, -np.inf)
    place = np.argpartition(-heights, _MOST_PEAKS, axis=1)[:, :_MOST_PEAKS].ravel()
    row = np.repeat(np.arange(len(on_grid)), _MOST_PEAKS)
    kept = is_peak[row, place]
    row, place = row[kept], place[kept]
    left, right = grid[np.maximum(place - 1, 0)], grid[np.minimum(place + 1, len(grid) - 1)]
    each = np.arange(len(row))
    for _ in range(_ROUNDS if len(row) else 0):
        between = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, _PARTS + 1)
        best = np.argmax(np.nan_to_num(sign * value(functions[row], between), nan=-np.inf, posinf=np.inf), axis=1)
        left, right = between[each, np.maximum(best - 1, 0)], between[each, np.minimum(best + 1, _PARTS)]
    apart = 1e-7 * (1 + np.abs(left))
    around = np.stack([right - apart, left, right, left + apart], axis=1)  # one of the middle two may have no value
    around = np.nan_to_num(sign * value(functions[row], around), nan=-np.inf) if len(row) else around
    farther = _WIDEST ** np.linspace(1, 2, 5)
    ends = [sign * value(functions, side * farther[None, :]) for side in (-1.0, 1.0)]
    last = [on_grid[:, _AT_END - 1 :: -1], on_grid[:, -_AT_END:]]
    places = np.arange(len(functions))
    return (
        np.concatenate([row, places, places]),
        np.concatenate([on_grid.max(axis=1)[row], *(end[:, 0] for end in ends)]),
        np.concatenate([around[:, [0, 3]].max(axis=1), *(end[:, 0] for end in ends)]),
        np.concatenate([around[:, 1:3].max(axis=1), *map(_where_it_leads, last, ends)]),
    )


def _where_it_leads(before: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The last of values (count, several) that rise evenly enough to go on, as those before do; -inf for others."""
    rises = np.diff(values, axis=1)
    is_steady = ((rises[:, :1] > 0) & (rises[:, 1:] > _STEADY * rises[:, :-1])).all(axis=1)
    is_steady &= (np.diff(before, axis=1) >= 0).all(axis=1)  # not as sin, which may rise by chance
    return np.where(is_steady, values[:, -1], -np.inf)


def _of_answer(residual: Residual, more: Sequence[int] = ()) -> Program:
    """The steps that compute the answer, its derivatives and more slots; no other slots keep their places."""
    program = Program()
    program.steps = residual.program.steps[: max(*residual.answer_slots, *more) + 1]
    needed = set(ancestors(residual.program, [*residual.answer_slots, *more]))
    unused = (0, ())
    program.steps = [step if slot in needed else unused for slot, step in enumerate(program.steps)]
    return program


def _values(program: Program, columns: dict[str, np.ndarray], slot: int) -> np.ndarray:
    """The values of a slot, in the shape that the columns have together."""
    return np.broadcast_to(numeric.run(program, columns)[slot], np.broadcast_shapes(*map(np.shape, columns.values())))


def _are_among(wanted: np.ndarray, found: np.ndarray) -> list[bool]:
    return [bool(np.any(np.abs(found - each) <= _CLOSE_HIGHEST * (1 + abs(each)))) for each in wanted]


def _met_by_newton(
    residual: Residual, places: dict[str, np.ndarray], pair: tuple[str, str], by_equation: dict[int, np.ndarray]
) -> list[bool]:
    """For each initial value and each y'' there, whether a solution of an equation of the second order meets it.

    Newton's method searches for two constants from many starts at once; others, which there need not be, are 1. Only
    where it finds none from a few starts does it try more.
    """
    is_met = {index: np.zeros(len(wanted), bool) for index, wanted in by_equation.items()}
    starts = _starts(residual, len(places["x"]))
    for chosen in (slice(0, _FEW_STARTS), slice(_FEW_STARTS, _STARTS)):
        rows = np.array([index for index, each in is_met.items() if not each.all()], int)
        if not len(rows):
            break
        at = {name: column[rows] for name, column in places.items()}
        found = _by_newton(residual, at, pair, starts[:, rows, chosen])
        for index, derivatives in zip(rows, found, strict=True):
            is_met[index] |= _are_among(by_equation[index], derivatives)
    return [bool(each) for row in is_met.values() for each in row]


def _by_newton(
    residual: Residual, places: dict[str, np.ndarray], pair: tuple[str, str], constants: np.ndarray
) -> list[np.ndarray]:
    """For each initial value: y'' of the answer with the constants that meet y and y'.

    Args:
        places: x, Y, Y', …, with one value for each initial value.
        pair: the constants that are searched for.
        constants: their first values, (2, initial values, starts).
    """
    program, rows = residual.program, residual.answer_slots[:2]
    jacobian = [[program.derivative(row, each) for each in pair] for row in rows]
    needed = _of_answer(residual, [slot for row in jacobian for slot in row if slot is not None])
    at = {key: column[:, None] for key, column in places.items() if key not in UNKNOWNS}
    at |= {each: np.ones((1, 1)) for each in residual.constants if each not in pair}
    wanted = [places[name][:, None] for name in UNKNOWNS[:2]]
    with np.errstate(all="ignore"):
        for _ in range(_NEWTON_STEPS):
            values = numeric.run(needed, at | dict(zip(pair, constants, strict=True)))
            errors = [values[row] - each for row, each in zip(rows, wanted, strict=True)]
            slopes = [[np.zeros(1) if slot is None else values[slot] for slot in row] for row in jacobian]
            step = _newton_step(errors, slopes, constants)
            constants = constants - step
        values = numeric.run(_of_answer(residual), at | dict(zip(pair, constants, strict=True)))
        is_met = _is_close(values[rows[0]], wanted[0]) & _is_close(values[rows[1]], wanted[1])
    derivative = np.broadcast_to(values[residual.answer_slots[2]], constants[0].shape)
    is_met = np.broadcast_to(is_met, constants[0].shape)
    return [each[met] for each, met in zip(derivative, is_met, strict=True)]


def _starts(residual: Residual, count: int) -> np.ndarray:
    """Values of two constants with sizes from 0.02 to 10, (2, count, _STARTS)."""
    starts = 2.0 * uniforms(residual.seed, _PURPOSE + 101, (2, count, _STARTS)) - 1.0
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
    if len(residual.constants) == 2:
        return tuple(residual.constants)
    program, rows = residual.program, residual.answer_slots[:2]
    slopes = {each: [program.derivative(row, each) for row in rows] for each in residual.constants}
    table = uniforms(residual.seed, _PURPOSE + 102, (len(residual.constants), len(places["x"])))
    columns = dict(zip(residual.constants, 4.0 * table - 2.0, strict=True))
    values = numeric.run(program, {key: each for key, each in places.items() if key not in UNKNOWNS} | columns)
    known = {each: [0.0 if slot is None else values[slot] for slot in pair] for each, pair in slopes.items()}
    for first, second in itertools.combinations(residual.constants, 2):
        (a, c), (b, d) = known[first], known[second]
        with np.errstate(all="ignore"):
            if np.any(np.abs(a * d - b * c) > _CLOSE * (np.abs(a * d) + np.abs(b * c))):
                return first, second
    return tuple(residual.constants[:2])


def _grid(count: int = _GRID) -> np.ndarray:
    """So many values up to _WIDEST, evenly spaced near 0 and in their logarithm beyond; none of them is 0."""
    ends = np.arcsinh(_WIDEST * 1e3)
    return np.sinh(np.linspace(-ends, ends, count) + 0.123 * ends / count) / 1e3


def _roots(function: Callable, values: np.ndarray, grid: np.ndarray, most: int) -> list[np.ndarray]:
    """For each index, the places along a grid where a function changes its sign without a jump.

    Args:
        function: of indices (count,) and places (count, many).
        values: of the function on the grid, (indices, places).
        most: so many sign changes are looked at, those nearest to 0.
    """
    with np.errstate(all="ignore"):
        sizes = np.where(values[:, 1:] * values[:, :-1] < 0, np.abs(grid[1:]), np.inf)
        interval = np.argpartition(sizes, most, axis=1)[:, :most].ravel()
        index = np.repeat(np.arange(len(values)), most)
        changes = np.isfinite(sizes[index, interval])
        index, interval = index[changes], interval[changes]
        left, right = grid[interval], grid[interval + 1]
        sign, size = np.sign(values[index, interval]), np.abs(values[index, interval])
        each = np.arange(len(index))
        for _ in range(_ROUNDS if len(index) else 0):
            inner = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, _PARTS + 1)
            is_left = np.sign(function(index, inner[:, 1:-1])) == sign[:, None]
            step = np.argmin(np.column_stack([is_left, np.zeros(len(index), bool)]), axis=1)
            left, right = inner[each, step], inner[each, step + 1]
        at_root = np.abs(function(index, right[:, None])[:, 0]) if len(index) else size
        is_root = at_root <= _CLOSE * (1 + size)
    return [right[(index == each) & is_root] for each in range(len(values))]
