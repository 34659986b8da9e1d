"""Points near the roots of the parts of a residual, where it may behave as it does nowhere else.

asin(x - 500) is real only near 500, tanh(100 (exp(x) - 17)) varies only near ln 17, and x |x - 40| changes its formula
at 40. Random points may miss all three. The roots of linear parts are computed exactly; those of other parts are
searched for along the real line.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from symbolic.expressions import numeric
from symbolic.expressions.program import Program
from symbolic.verification.points import Point, Points, uniforms
from symbolic.verification.residual import Residual, needed_slots

_MOST_ROOTS = 16  # those of the steepest lines
_CLOSEST, _FARTHEST = 1e-13, 30.0  # distances from a root; the closest is relative to a large root
_CLOSEST_ON_A_SLOPE = 1e-6  # divided by the slope
_ORDINARY = 10.0  # random points see what is no steeper than this and has its root no farther out
_ROUNDING = 2e-15  # a few times the relative distance of neighbouring floats
# Sign changes are searched for between _GRID values of x, up to _WIDEST. An interval with one is cut into _PARTS,
# _ROUNDS times, until it is nearly as short as floats allow.
_GRID, _WIDEST, _PARTS, _ROUNDS = 250, 1e4, 16, 10
_SMALL_GRID, _SMALLEST = 40, 1e-12  # more values of a constant, on each side of 0
_MOST_CROSSINGS = 10
_NEAR, _CROSSINGS = 1 << 20, 1 << 21  # purposes of random numbers


class _Line(NamedTuple):
    """slope * name + offset; a constant if the name is None."""

    name: str | None
    slope: float
    offset: float


class Landmark(NamedTuple):
    """A root of a part of the residual.

    Attributes:
        name: the variable or coefficient that has this value there.
        root: its value.
        slope: of the part; for the root of several parts, of the steepest.
        others: the values of all else, where the root depends on them; None if it does not.
    """

    name: str
    root: float
    slope: float
    others: dict[str, float] | None = None


def near_roots(residual: Residual, count: int) -> dict[str, np.ndarray]:
    """This many points for each root of a linear expression in x or in a coefficient, at distances of every scale."""
    return near(residual, roots_of_lines(residual), count)


def near(residual: Residual, landmarks: Sequence[Landmark], count: int) -> dict[str, np.ndarray]:
    """This many points for each landmark, at distances of every scale.

    Everything that a root does not depend on is random: x between -5 and 5, coefficients between -3 and 3.

    Returns:
        One array for x and for each variable or coefficient that the residual needs, all of one length.
    """
    table = uniforms(residual.seed, _NEAR + count, (len(residual.free) + 1, len(landmarks), count))
    columns = {name: (6.0 * part - 3.0).ravel() for name, part in zip(residual.free, table, strict=False)}
    columns["x"] *= 5 / 3
    signed = 2 * table[-1] - 1
    for index, (name, root, slope, others) in enumerate(landmarks):
        rows = slice(index * count, (index + 1) * count)
        for other, value in (others or {}).items():
            columns[other][rows] = value
        closest = _closest(root, slope)
        steps = (np.arange(count) + np.abs(signed[index])) / count
        columns[name][rows] = root + np.sign(signed[index]) * closest * (_FARTHEST / closest) ** steps
    return columns


def closest(residual: Residual, landmarks: Sequence[Landmark]) -> list[Point]:
    """A point on each side of every landmark, so close to it that what is steep there can be seen.

    Roots near 0 of parts that are not steep are left out: random points do as well.
    """
    rows = []
    for name, root, slope, others in landmarks:
        if others is None and max(slope, abs(root)) < _ORDINARY:
            continue
        for side in (-1, 1):
            place = {name: root + side * _closest(root, slope)}
            rows.append(dict.fromkeys(residual.free, 0.5) | (others or {}) | place)
    columns = {name: np.array([row[name] for row in rows]) for name in residual.free}  # empty ones if there are none
    return Points(columns, np.arange(len(rows)), residual.free, residual.seed)[:]


def _closest(root: float, slope: float) -> float:
    closest = min(_CLOSEST * max(1.0, abs(root)), _CLOSEST_ON_A_SLOPE / max(1.0, slope))
    return max(closest, _ROUNDING * abs(root))  # at the root itself a bump has the slope 0


def crossings(residual: Residual, name: str = "x", others: dict[str, float] | None = None) -> list[Landmark]:
    """Where on the real line the parts change their sign, or pass 1 or -1 within an inverse function.

    Args:
        name: the variable or coefficient that moves along the line.
        others: values of the others; those not given are random.
    """
    parts = _parts(residual)
    if not parts:
        return []
    *values, shift = uniforms(residual.seed, _CROSSINGS, len(residual.free) + 1).tolist()
    others = dict(zip(residual.free, (6 * value - 3 for value in values), strict=True)) | (others or {})
    ends = np.arcsinh(_WIDEST)
    grid = np.sinh(np.linspace(-ends, ends, _GRID) + (shift - 0.5) * 2 * ends / _GRID)
    if name != "x":  # ln(a8) + x crosses 0 close to a8 = 0
        small = np.geomspace(_SMALLEST, np.abs(grid).min(), _SMALL_GRID, endpoint=False)
        grid = np.sort(np.concatenate([grid, small, -small]))
    program = Program()
    program.steps = residual.program.steps[: max(slot for slot, _ in parts) + 1]

    def signs(along: np.ndarray) -> np.ndarray:
        """The sign of each part at each place, (parts, places); 0 where there is no value."""
        values = numeric.run(program, others | {name: along})
        table = np.stack([np.broadcast_to(values[slot] - level, along.shape) for slot, level in parts])
        return np.sign(np.nan_to_num(table, posinf=1.0, neginf=-1.0))

    with np.errstate(all="ignore"):
        found = signs(grid)
        changes = found[:, 1:] * found[:, :-1] < 0
        brackets = _chosen(changes, grid)
        if not len(brackets):
            return []
        part, left = brackets[:, 0], grid[brackets[:, 1]]
        right = grid[brackets[:, 1] + 1]
        for _ in range(_ROUNDS):
            inner = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, _PARTS + 1)
            sign = signs(inner.ravel()).reshape(len(parts), *inner.shape)[part, np.arange(len(part))]
            step = np.argmax(sign[:, 1:] != sign[:, :1], axis=1)
            left, right = inner[np.arange(len(part)), step], inner[np.arange(len(part)), step + 1]
    del others[name]
    return [Landmark(name, float(root), 1.0, others) for root in (left + right) / 2]


def _parts(residual: Residual) -> list[tuple[int, float]]:
    """(slot, level) of the operands of functions and powers and of denominators that vary and are not linear."""
    steps = residual.program.steps
    with np.errstate(all="ignore"):
        lines = residual.program.run(_leaf, _OPERATIONS)
    parts = {}
    for slot in needed_slots(residual):
        head, operands = steps[slot]
        if not operands or head in ("add", "sub") or (head == "mul" and operands[0] != operands[1]):
            continue
        inner = operands[1] if head == "div" else operands[0]
        if lines[inner] is None:
            parts |= dict.fromkeys((inner, level) for level in _LEVELS.get(head, (0.0,)))
    return list(parts)


_LEVELS = {name: (0.0, 1.0, -1.0) for name in ("asin", "acos", "acosh", "atanh")}


def _chosen(changes: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """(part, interval) of the sign changes to follow: those nearest to 0 first, but parts take turns."""
    part, interval = np.nonzero(changes)
    by_distance = np.argsort(np.abs(grid[interval]), kind="stable")
    turn = np.empty(len(part), int)
    for each in np.unique(part):
        turn[by_distance[part[by_distance] == each]] = np.arange(np.sum(part == each))
    order = np.lexsort((np.abs(grid[interval]), turn))[:_MOST_CROSSINGS]
    return np.stack([part[order], interval[order]], axis=1)


def roots_of_lines(residual: Residual) -> list[Landmark]:
    """The roots of linear expressions in x or in a coefficient, those of the steepest first."""
    with np.errstate(all="ignore"):
        lines = residual.program.run(_leaf, _OPERATIONS)
        steepest: dict[tuple[str, float], float] = {}
        for line in filter(None, lines):
            root = -line.offset / line.slope if line.name and line.slope else np.inf
            if np.isfinite(root) and np.isfinite(line.slope):
                place = line.name, float(root)
                steepest[place] = max(steepest.get(place, 0.0), float(abs(line.slope)))
    by_slope = sorted(steepest.items(), key=lambda each: -each[1])[:_MOST_ROOTS]
    return [Landmark(name, root, slope) for (name, root), slope in by_slope]


def _leaf(head: str | int) -> _Line:
    if isinstance(head, str) and head not in numeric.CONSTANTS:
        return _Line(head, np.float64(1), np.float64(0))
    return _Line(None, np.float64(0), numeric.constant(head))


def _sum(operation: Callable) -> Callable:
    def lines(a: _Line | None, b: _Line | None) -> _Line | None:
        if a is None or b is None or (a.name and b.name and a.name != b.name):
            return None
        return _Line(a.name or b.name, operation(a.slope, b.slope), operation(a.offset, b.offset))

    return lines


def _product(a: _Line | None, b: _Line | None) -> _Line | None:
    if a is None or b is None or (a.name and b.name):
        return None
    line, factor = (a, b.offset) if a.name else (b, a.offset)
    return _Line(line.name, line.slope * factor, line.offset * factor)


def _quotient(a: _Line | None, b: _Line | None) -> _Line | None:
    return None if b is None or b.name else _product(a, _Line(None, np.float64(0), 1 / b.offset))


def _of_constants(operation: Callable) -> Callable:
    def line(*operands: _Line | None) -> _Line | None:
        if any(each is None or each.name for each in operands):
            return None
        return _Line(None, np.float64(0), np.float64(operation(*(each.offset for each in operands))))

    return line


_OPERATIONS = {head: _of_constants(operation) for head, operation in numeric.OPERATIONS.items()}
_OPERATIONS |= {"add": _sum(np.add), "sub": _sum(np.subtract), "mul": _product, "div": _quotient}
