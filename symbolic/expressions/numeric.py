"""Values of expressions at many real points at once, in float64 with NumPy.

An expression is a real function here. Where any part of it leaves the real line (ln or sqrt of a negative number, an
odd root of one, asin 2, `I`) the principal value is complex, so its value here is nan. Overflow and poles are inf or
nan. Some real functions are written with complex parts, so a program can also be run with complex numbers.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from symbolic.expressions.prefix import Tree
from symbolic.expressions.program import Program


def _power(base, exponent):
    """NumPy has 1**nan = nan**0 = 1, but if a part is outside the real domain, so is the whole."""
    undefined = np.isnan(base) | np.isnan(exponent)
    return np.where(undefined, np.nan, np.power(base, exponent))


OPERATIONS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": _power,
    "exp": np.exp,
    "ln": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sign": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
}


def _on_the_real_line(operation):
    return lambda z: np.where(np.imag(z) == 0, operation(np.real(z)), np.nan)


# abs and sign have no derivative off the real line.
_COMPLEX_OPERATIONS = OPERATIONS | {name: _on_the_real_line(OPERATIONS[name]) for name in ("abs", "sign")}
CONSTANTS = {"pi": np.float64(np.pi), "E": np.float64(np.e), "I": np.float64(np.nan)}


def run(program: Program, points: Mapping[str, np.ndarray], is_complex: bool = False) -> list[np.ndarray]:
    """The values of all slots of a program; those that depend on no point are scalars.

    Args:
        points: an array of coordinates for each variable and coefficient; shapes broadcast.
        is_complex: compute with complex numbers; many-valued functions have their principal values.

    Raises:
        ValueError: the program has a variable that is not in `points`.
    """

    def leaf(head):
        if isinstance(head, int) or head in CONSTANTS:
            return constant(head)
        if head not in points:
            raise ValueError(f"`points` must give every variable. Received: {sorted(points)}; missing: `{head}`.")
        return points[head]

    with np.errstate(all="ignore"):
        if not is_complex:
            return program.run(leaf, OPERATIONS)
        return program.run(lambda head: 1j if head == "I" else np.asarray(leaf(head), complex), _COMPLEX_OPERATIONS)


def constant(head: int | str) -> np.float64:
    """The value of an integer or of one of the CONSTANTS."""
    if head in CONSTANTS:
        return CONSTANTS[head]
    try:
        return np.float64(head)
    except OverflowError:
        return np.float64(np.inf if head > 0 else -np.inf)


def values(tree: Tree, points: Mapping[str, np.ndarray]) -> np.ndarray:
    """The values of an expression at points.

    Args:
        tree: the expression.
        points: an array of coordinates for each variable and coefficient that occurs; shapes broadcast.

    Returns:
        float64 array of the points' shape; nan outside the real domain.

    Raises:
        ValueError: a variable is missing, or the expression holds `Y`, `f` or the like.
    """
    program = Program()
    slot = program.enter(tree)
    shape = np.broadcast_shapes(*(np.shape(array) for array in points.values()))
    return np.broadcast_to(run(program, points)[slot], shape)


def relative_size(values: Sequence[np.ndarray], slot: int, terms: Iterable[int]) -> np.ndarray:
    """How large the value of a slot is beside the largest of its terms; not finite where one has no real value.

    Args:
        values: of all slots of a program, as `run` returns them.
        terms: the slots of the terms, as `Program.terms` returns them.
    """
    with np.errstate(all="ignore"):
        largest = functools.reduce(np.maximum, (np.abs(values[term]) for term in terms))
        return np.abs(values[slot]) / np.where(largest > 0, largest, 1.0)
