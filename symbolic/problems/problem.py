"""What a problem is, what a person may choose about problems, and why a draw is rejected.

Families, production and data sets build on this module; it imports none of them.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from symbolic.expressions.tokens import TOKENS, spellings
from symbolic.runtime.names import unknown_name


class Problem(NamedTuple):
    """One problem, both sides in prefix tokens with one space between them.

    `equation` is a left-hand side equal to 0, such as `sub Y' cos x`; `solution` is a function y(x) that solves it.
    """

    equation: str
    solution: str


class Rejected(Exception):
    """A draw gave no problem. `reason` is a short fixed text to count by."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


# The operators of the published integration data with their weights (Lample & Charton 2020, section 4.1).
PUBLISHED_OPERATORS = {
    **{"add": 10, "sub": 3, "mul": 10, "div": 5},
    **{"sqrt": 4, "pow2": 4, "pow3": 2, "pow4": 1, "pow5": 1, "ln": 4, "exp": 4},
    **{"sin": 4, "cos": 4, "tan": 4, "asin": 1, "acos": 1, "atan": 1},
    **{"sinh": 1, "cosh": 1, "tanh": 1, "asinh": 1, "acosh": 1, "atanh": 1},
}

# Every operator that a random tree may hold: those with a meaning and with one or two operands.
_TREE_OPERATORS = [
    token.spelling
    for token in TOKENS.values()
    if token.arity in (1, 2) and token.spelling not in ("f", "g", "derivative")
]
_LEAF_KINDS = ("variable", "integer", "coefficient", "constant")
_COEFFICIENTS = spellings("coefficient")[:-2]  # a8 and a9 are the constants of solutions
_MOST_OPERATORS = 100  # in a tree; far beyond any published setting, and well within what the engines can nest


@dataclasses.dataclass(frozen=True)
class ProblemOptions:
    """What random problems are made of. The defaults are those of the published integration data.

    Attributes:
        operators: operator -> weight, a positive integer; unary and binary operators are weighted separately.
        min_ops, max_ops: operators in a random tree. 39 trees of 40 have from `min_ops` to `max_ops` of them, one has
            fewer. `min_ops` None is the number published for the family (4 for `bwd`) or `max_ops` if that is less.
        leaves: kind of leaf ("variable", "integer", "coefficient", or "constant" for pi and E) -> weight. The published
            probabilities are 0.75 for a variable and 0.25 for an integer.
        variables: the variables a leaf may be. The independent variable is always `x`.
        coefficients: the coefficients a leaf may be, of `a0` to `a7`.
        max_int: leaves hold the integers from 1 to `max_int`.
        negative_integers: whether half of these integers are negated.
        max_len: longest sequence, in tokens, start and end tokens included.
        simplify: for `bwd`, the fraction of integrands that are simplified, from 0 to 1.
        max_ops_G: for `ibp`, most operators in the second factor, G.
        table_size: for `ibp`, most entries in the table of known primitives, about 400 bytes each.
        known_primitives: for `ibp`, files of integration problems that the table starts with.
        integrators: for `fwd`, the integrators to ask, in this order, of "alkahest", "giac", "maxima", "fricas",
            "sympy" and "ansatz", the project's own. Empty for the best one installed.
        integrator_limit: for `fwd`, seconds of CPU time that a system may spend on one integral; None for the system's
            own default.

    Raises:
        ValueError: an unknown operator, kind of leaf, variable or coefficient, or a number out of its range.
    """

    operators: Mapping[str, int] = dataclasses.field(default_factory=lambda: dict(PUBLISHED_OPERATORS))
    min_ops: int | None = None
    max_ops: int = 15
    leaves: Mapping[str, int] = dataclasses.field(default_factory=lambda: {"variable": 3, "integer": 1})
    variables: tuple[str, ...] = ("x",)
    coefficients: tuple[str, ...] = ()
    max_int: int = 5
    negative_integers: bool = False
    max_len: int = 512
    simplify: float = 0.5
    max_ops_G: int = 4
    table_size: int = 200_000
    known_primitives: tuple[str, ...] = ()
    integrators: tuple[str, ...] = ()
    integrator_limit: float | None = None

    def __post_init__(self):
        _check_weights("operators", "operator", self.operators, _TREE_OPERATORS)
        _check_weights("leaves", "kind of leaf", self.leaves, _LEAF_KINDS)
        _check_names("variable", self.variables, spellings("variable"))
        _check_names("coefficient", self.coefficients, _COEFFICIENTS)
        if "x" not in self.variables:
            raise ValueError(f"`variables` must hold x, the independent variable. Received: {self.variables}.")
        if ("coefficient" in self.leaves) != bool(self.coefficients):
            raise ValueError(
                "`coefficients` and the weight of `coefficient` in `leaves` go together. Received: "
                f"coefficients={self.coefficients}, leaves={dict(self.leaves)}."
            )
        if not 0 <= self.max_ops <= _MOST_OPERATORS:
            raise ValueError(f"`max_ops` must be from 0 to {_MOST_OPERATORS}. Received: {self.max_ops}.")
        if self.min_ops is not None and not 0 <= self.min_ops <= self.max_ops:
            raise ValueError(f"`min_ops` must be from 0 to max_ops={self.max_ops}. Received: {self.min_ops}.")
        if not 0 <= self.simplify <= 1:
            raise ValueError(f"`simplify` must be from 0 to 1. Received: {self.simplify}.")
        if not 1 <= self.max_ops_G <= _MOST_OPERATORS:
            raise ValueError(f"`max_ops_G` must be from 1 to {_MOST_OPERATORS}. Received: {self.max_ops_G}.")
        for name in ("max_int", "max_len", "table_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1. Received: {getattr(self, name)}.")


def _check_names(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise unknown_name(what, name, known)


def _check_weights(option: str, what: str, weights: Mapping[str, int], known: Iterable[str]) -> None:
    _check_names(what, weights, known)
    for name, weight in weights.items():
        if not isinstance(weight, int) or weight < 1:
            raise ValueError(f"weights in `{option}` must be positive integers. Received: {name}={weight!r}.")
    if not weights:
        raise ValueError(f"`{option}` must name at least one {what}. Received: none.")
