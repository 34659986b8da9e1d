"""Checks in numbers, at a few fixed real points, of what a generator is about to write down.

They are quick and in float64: what passes may still be wrong between the points, and rounding may fail what is right.
Verdicts on answers are the business of another room.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import symengine as se

from symbolic.expressions import numeric
from symbolic.expressions.prefix import Tree
from symbolic.expressions.program import Program
from symbolic.expressions.tokens import spellings
from symbolic.problems.problem import Rejected

_X = se.Symbol("x")
_POINTS = 32
_ENOUGH_POINTS = 4  # of the real domain; fewer say too little
_TOLERANCE = 1e-9  # relative; rounding may exceed it, which costs a problem or a shorter form
_SMALL = 1e-6  # where terms cancel to less, as in 1 - tanh(9)**2, rounding is not small beside what is left


def _fixed_points() -> dict[str, np.ndarray]:
    """Values of every variable and coefficient, of both signs, from 0.05 to 20, spread evenly on a logarithmic scale.

    Multiples of a square root modulo 1 are spread evenly and are the same everywhere. Two points of three are positive,
    which roots and logarithms want.
    """
    names = spellings("variable") + spellings("coefficient")
    multiples = np.arange(1, _POINTS + 1)
    signs = np.where(multiples % 3 == 0, -1.0, 1.0)
    return {
        name: np.roll(signs, shift) * 0.05 * 400 ** (multiples * np.sqrt(shift**2 + 1.25) % 1)
        for shift, name in enumerate(names)
    }


_FIXED_POINTS = _fixed_points()
_FIRST_POINTS = 8  # which settle most questions
_MORE_POINTS = np.linspace(-5.01, 5.02, 600)  # of x, where the fixed ones meet the real domain too rarely


def check_real_domain(*functions: se.Basic) -> None:
    """Check that functions of x, and parameters, are real and finite together at four points at least.

    Raises:
        Rejected: they are not, or only because rounding makes something of a sum that is 0, as in 1 + x - (1 + x).
    """
    values, fixed = _compiled(functions)
    real = _count_real(values(fixed[:_FIRST_POINTS]))
    if real == _FIRST_POINTS:
        return
    _check_sums(functions)
    if real >= _ENOUGH_POINTS or _count_real(values(fixed)) >= _ENOUGH_POINTS:
        return
    more = np.resize(fixed, (len(_MORE_POINTS), fixed.shape[1]))
    more[:, 0] = _MORE_POINTS
    if _count_real(values(more)) < _ENOUGH_POINTS:
        raise Rejected("no real domain")


def _check_sums(functions: Sequence[se.Basic]) -> None:
    """Check that no sum within the functions is next to 0 wherever it is real."""
    sums: dict[se.Basic, None] = {}
    todo = list(functions)
    while todo:
        part = todo.pop()
        todo += part.args
        if isinstance(part, se.Add):
            sums[part] = None
    if not sums:
        return
    values, fixed = _compiled(list(sums))
    sizes = np.abs(values(fixed).reshape(len(fixed), len(sums)))
    real = np.isfinite(sizes)
    if np.any(real.any(axis=0) & (np.where(real, sizes, 0.0).max(axis=0) < _SMALL)):
        raise Rejected("a sum is 0")


def _count_real(values: np.ndarray) -> int:
    return np.isfinite(values).all(axis=-1).sum()


def _compiled(functions: Sequence[se.Basic]) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """A function from points to the values of several functions there, and the fixed points, x in the first column.

    SymEngine evaluates them itself: for so few points the way over trees costs several times as much.
    """
    symbols = set().union(*(each.free_symbols for each in functions)) - {_X}
    names = ["x", *sorted(map(str, symbols))]
    # Without "lambda" SymEngine compiles by LLVM, which takes milliseconds.
    values = se.Lambdify([se.Symbol(name) for name in names], functions, backend="lambda")
    return values, np.stack([_FIXED_POINTS[name] for name in names], axis=-1)


def agree(first: se.Basic, second: se.Basic) -> bool:
    """Whether two expressions are real at the same fixed points and have equal values there, at least four not near 0.

    A point where one of them overflows says nothing.
    """
    values, fixed = _compiled([first, second])
    both = values(fixed)
    a, b = both[~np.isinf(both).any(axis=-1)].T
    inside = np.isfinite(a)
    if np.sum(np.abs(a[inside]) > _SMALL) < _ENOUGH_POINTS or not np.array_equal(inside, np.isfinite(b)):
        return False
    return bool(np.all(np.abs(a - b)[inside] <= _TOLERANCE * (np.abs(a[inside]) + _SMALL)))


def check_primitive(
    primitive: Tree, integrand: Tree, points: Mapping[str, np.ndarray] = MappingProxyType(_FIXED_POINTS)
) -> None:
    """Compare the derivative of `primitive` by x with `integrand` at those of the points where both functions are real.

    Raises:
        Rejected: they differ at one, or at fewer than four points both are real.
    """
    program = Program()
    value = program.enter(primitive)
    derivative = program.derivative(value)
    if derivative is None:
        raise Rejected("wrong primitive")
    residual = program.step("sub", derivative, program.enter(integrand))
    values = numeric.run(program, points)
    shape = points["x"].shape
    largest = np.max([np.broadcast_to(np.abs(values[term]), shape) for term in program.terms(residual)], axis=0)
    with np.errstate(all="ignore"):
        sizes = np.abs(values[residual]) / np.where(largest > 0, largest, 1.0)
    sizes = sizes[np.isfinite(values[value]) & np.isfinite(sizes)]
    if len(sizes) < _ENOUGH_POINTS:
        raise Rejected("no real domain")
    if np.any(sizes > _TOLERANCE):
        raise Rejected("wrong primitive")
