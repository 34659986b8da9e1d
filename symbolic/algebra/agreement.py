"""Whether two expressions agree in numbers, at fixed real points in float64: quick, and no proof."""

from collections.abc import Callable, Sequence

import numpy as np
import symengine as se

from symbolic.expressions.tokens import spellings

_X = se.Symbol("x")
_POINTS = 32
ENOUGH_POINTS = 4  # of the real domain; fewer say too little
TOLERANCE = 1e-9  # relative; rounding may exceed it, which costs a problem or a shorter form
SMALL = 1e-6  # where terms cancel to less, as in 1 - tanh(9)**2, rounding is not small beside what is left


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


FIXED_POINTS = _fixed_points()


def compiled(functions: Sequence[se.Basic]) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """A function from points to the values of several functions there, and the fixed points, x in the first column.

    SymEngine evaluates them itself: for so few points the way over trees costs several times as much.
    """
    symbols = set().union(*(each.free_symbols for each in functions)) - {_X}
    names = ["x", *sorted(map(str, symbols))]
    # Without "lambda" SymEngine compiles by LLVM, which takes milliseconds.
    values = se.Lambdify([se.Symbol(name) for name in names], functions, backend="lambda")
    return values, np.stack([FIXED_POINTS[name] for name in names], axis=-1)


def agree(first: se.Basic, second: se.Basic) -> bool:
    """Whether two expressions are real at the same fixed points and have equal values there, at least four not near 0.

    A point where one of them overflows says nothing.
    """
    values, fixed = compiled([first, second])
    both = values(fixed)
    a, b = both[~np.isinf(both).any(axis=-1)].T
    inside = np.isfinite(a)
    if np.sum(np.abs(a[inside]) > SMALL) < ENOUGH_POINTS or not np.array_equal(inside, np.isfinite(b)):
        return False
    return bool(np.all(np.abs(a - b)[inside] <= TOLERANCE * (np.abs(a[inside]) + SMALL)))
