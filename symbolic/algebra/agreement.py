"""Whether two expressions have the same values at fixed real points, in float64: quick, and no proof.

The points are the same in every process and on every machine, so that whatever is decided by them is reproducible.
"""

from collections.abc import Callable, Sequence

import numpy as np
import symengine as se

from symbolic.expressions.tokens import spellings

ENOUGH_POINTS = 4  # of the real domain; fewer say too little
TOLERANCE = 1e-9  # relative; rounding may exceed it, which costs a problem or a shorter form
SMALL = 1e-6  # where terms cancel to less, as in 1 - tanh(9)**2, rounding is not small beside what is left

_POINTS = 32
_X = se.Symbol("x")


def _fixed_points() -> dict[str, np.ndarray]:
    names = spellings("variable") + spellings("coefficient")
    multiples = np.arange(1, _POINTS + 1)
    signs = np.where(multiples % 3 == 0, -1.0, 1.0)  # two of three are positive, for roots and logarithms
    # Multiples of a square root modulo 1 are spread evenly, and are the same everywhere.
    return {
        name: np.roll(signs, shift) * 0.05 * 400 ** (multiples * np.sqrt(shift**2 + 1.25) % 1)
        for shift, name in enumerate(names)
    }


# Values of every variable and coefficient (32 each), of both signs, spread evenly on a logarithmic scale of 0.05 to 20.
FIXED_POINTS = _fixed_points()


def agree(first: se.Basic, second: se.Basic) -> bool:
    """Whether two expressions are real at the same fixed points and equal there, at four or more of them not near 0.

    Points where one of them overflows are ignored.
    """
    function, points = compiled([first, second])
    values = function(points)
    a, b = values[~np.isinf(values).any(axis=-1)].T
    real = np.isfinite(a)
    if np.sum(np.abs(a[real]) > SMALL) < ENOUGH_POINTS or not np.array_equal(real, np.isfinite(b)):
        return False
    return bool(np.all(np.abs(a - b)[real] <= TOLERANCE * (np.abs(a[real]) + SMALL)))


def compiled(functions: Sequence[se.Basic]) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """Several expressions as one function of points, and the fixed points as its argument.

    Returns:
        A function from points (N, variables) to values (N, functions), nan outside the real domain; and the fixed
        points (32, variables), with x in the first column and then the other symbols by name.
    """
    symbols = set().union(*(each.free_symbols for each in functions)) - {_X}
    names = ["x", *sorted(map(str, symbols))]
    # SymEngine itself evaluates them: for so few points NumPy over trees takes several times as long, and so does
    # SymEngine's compiler LLVM, which it would use without "lambda".
    function = se.Lambdify([se.Symbol(name) for name in names], functions, backend="lambda")
    return function, np.stack([FIXED_POINTS[name] for name in names], axis=-1)
