"""A question, as it was asked and as models read it: the two spellings travel together from the reader to the judge."""

from typing import NamedTuple

from symbolic.expressions.equations import integrand_of
from symbolic.expressions.prefix import Tree, from_prefix


class Names(NamedTuple):
    """What the person who asks calls things, for the answer in the same words.

    Attributes:
        variable: what is x here.
        unknown: what is Y here.
        constants: the letters that are a0, a1, … here.
    """

    variable: str = "x"
    unknown: str = "y"
    constants: tuple[str, ...] = ()


class Condition(NamedTuple):
    """An initial or boundary condition: the derivative of this order has this value at this x."""

    order: int
    at: Tree
    value: Tree


class Question(NamedTuple):
    """An integral or a differential equation. Both spellings are left-hand sides of an equation = 0, as prefix text.

    Attributes:
        equation: as it was asked; answers are judged by it.
        problem: as the training data spell it; models read it.
        is_integral: whether a primitive was asked for; then the equation is `sub Y' f`.
        names: what the variable, the unknown function and the constants are called.
        limits: of a definite integral, the lower and the upper.
        conditions: initial or boundary conditions of a differential equation.
        notes: how ambiguous parts of the text were read, a sentence each.
    """

    equation: str
    problem: str
    is_integral: bool
    names: Names = Names()
    limits: tuple[Tree, Tree] | None = None
    conditions: tuple[Condition, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def asked(self) -> Tree:
        """What a person asked: the integrand f of an integral, else the equation."""
        equation = from_prefix(self.equation)
        return integrand_of(equation) if self.is_integral else equation


def question_of(problem: str) -> Question:
    """The question of a problem that is spelt as in the training data, and judged by that spelling.

    Raises:
        PrefixError: it is not a prefix expression.
    """
    return Question(problem, problem, is_integral=integrand_of(from_prefix(problem)) is not None)
