"""Points near the roots of what is linear in a residual, where it may do what it does nowhere else.

asin(x - 500) is real near 500 alone, and tanh(100 (x - 30)) is a constant but near 30: points at random miss both.
Knows nothing of what is looked for there.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from symbolic.expressions import numeric
from symbolic.verification.residual import Residual

_MOST_ROOTS = 16  # those of the steepest lines
_CLOSEST, _FARTHEST = 1e-6, 30.0  # distance from a root; the closest is divided by the slope


class _Line(NamedTuple):
    """slope * name + offset; a constant if the name is None."""

    name: str | None
    slope: float
    offset: float


def near_roots(residual: Residual, seed: int, count: int) -> dict[str, np.ndarray]:
    """So many points for each root of a linear expression in x or in a coefficient, at distances of every scale.

    What is not near its root is random: x between -5 and 5, coefficients between -3 and 3.

    Returns:
        Values of x and all that the residual needs a value for, arrays of one length.
    """
    roots = _roots(residual)
    rng = np.random.default_rng([seed, count])
    columns = {name: rng.uniform(-3.0, 3.0, count * len(roots)) for name in residual.free}
    columns["x"] *= 5 / 3
    for index, ((name, root), slope) in enumerate(roots):
        closest = _CLOSEST / max(1.0, slope)
        scale = (np.arange(count) + rng.random(count)) / count
        distance = closest * (_FARTHEST / closest) ** scale
        columns[name][index * count : (index + 1) * count] = root + rng.choice([-1.0, 1.0], count) * distance
    return columns


def _roots(residual: Residual) -> list[tuple[tuple[str, float], float]]:
    """((name, root), slope) of the linear expressions, the steepest of those with the same root."""
    with np.errstate(all="ignore"):
        lines = residual.program.run(_leaf, _OPERATIONS)
        steepest: dict[tuple[str, float], float] = {}
        for line in filter(None, lines):
            root = -line.offset / line.slope if line.name and line.slope else np.inf
            if np.isfinite(root) and np.isfinite(line.slope):
                place = line.name, float(root)
                steepest[place] = max(steepest.get(place, 0.0), float(abs(line.slope)))
    return sorted(steepest.items(), key=lambda each: -each[1])[:_MOST_ROOTS]


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
