"""The residual of an equation: what its left-hand side is when an answer takes the place of Y.

An answer is right where its residual is zero. This file builds residuals; others evaluate them.
"""

from typing import NamedTuple

from symbolic.expressions.prefix import PrefixError, Tree, fold, from_prefix, to_prefix
from symbolic.expressions.program import WITHOUT_VALUE, Program
from symbolic.expressions.tokens import TOKENS, spellings

UNKNOWNS = spellings("unknown")
_FREE_KINDS = ("variable", "coefficient")


class Residual(NamedTuple):
    """A problem with an answer put in, as a program.

    Attributes:
        problem: the equation's left-hand side, in x, Y, Y', Y''.
        answer: y(x).
        program: computes the answer, the residual, its factors and their terms.
        answer_slots: the values of the answer and of its derivatives, up to the order.
        slot: the value of the residual.
        factors: the slots of the residual's factors, each with those of its additive terms: the residual is 0 where a
            factor is, and a small factor is compared with the largest of its terms.
        order: of the equation.
        unknowns: which of Y, Y', Y'' the problem holds.
        constants: coefficients of the answer that are not the problem's.
        free: x and every other variable or coefficient that needs a value at a point.
        of_values: None, or the residual as a function of x and of real Y, Y', Y'', which are leaves of its program: for
            answers whose parts are complex and whose values are real.
    """

    problem: Tree
    answer: Tree
    program: Program
    answer_slots: list[int]
    slot: int
    factors: dict[int, list[int]]
    order: int
    unknowns: set[str]
    constants: list[str]
    free: list[str]
    of_values: "Residual | None" = None

    @property
    def answer_slot(self) -> int:
        return self.answer_slots[0]

    @property
    def is_integral(self) -> bool:
        """Whether the equation is one in Y' and x alone, which asks for a primitive."""
        return self.unknowns == {"Y'"} and self.order == 1


class ProblemError(ValueError):
    """The problem is not an equation that can be checked."""


class AnswerError(ValueError):
    """The answer cannot be right whatever the problem is."""


def residual_of(problem: Tree | str, answer: Tree | str) -> Residual:
    """The residual of an answer.

    Raises:
        ProblemError: the problem is malformed or no equation in Y.
        AnswerError: the answer is malformed or holds something that no answer may hold.
    """
    problem, answer = _tree(problem, ProblemError("malformed problem")), _tree(answer, AnswerError("malformed answer"))
    problem_leaves, answer_leaves = set(to_prefix(problem)), set(to_prefix(answer))
    order = fold(problem, _highest_derivative)
    if order is None:
        raise ProblemError("the problem holds none of Y, Y', Y''")
    for token in sorted(problem_leaves & WITHOUT_VALUE - {*UNKNOWNS, "derivative"}):
        raise ProblemError(f"the problem holds the abstract function `{token}`")
    other_variables = set(spellings("variable")) - {"x"} - problem_leaves
    foreign = answer_leaves & (WITHOUT_VALUE | other_variables)
    if foreign:
        raise AnswerError(f"the answer contains {', '.join(f'`{token}`' for token in sorted(foreign))}")

    program = Program()
    slots = [program.enter(answer)]
    for _ in range(order):
        derivative = program.derivative(slots[-1])
        slots.append(program.step(0) if derivative is None else derivative)
    try:
        slot = program.enter(problem, dict(zip(UNKNOWNS, slots, strict=False)))
    except ValueError as error:  # a derivative by something that is no variable
        raise ProblemError(f"malformed problem: {error}") from None
    leaves = problem_leaves | answer_leaves | {"x"}
    free = sorted(token for token in leaves if TOKENS[token].kind in _FREE_KINDS)
    constants = [token for token in free if token not in problem_leaves and TOKENS[token].kind == "coefficient"]
    factors = {factor: program.terms(factor) for factor in _factors(program, slot)}
    unknowns = problem_leaves.intersection(UNKNOWNS)
    return Residual(problem, answer, program, slots, slot, factors, order, unknowns, constants, free)


def _highest_derivative(head, operands: list[int | None]) -> int | None:
    """Of Y in an expression, given those in its operands; `derivative` counts. None if there is no Y."""
    if head in UNKNOWNS:
        return UNKNOWNS.index(head)
    highest = max((order for order in operands if order is not None), default=None)
    return highest + 1 if head == "derivative" and highest is not None else highest


def by_real_values(residual: Residual) -> Residual:
    """The same residual, with a value wherever those of answer and derivatives are real, their parts complex or not.

    The parts of the problem must be real as ever.
    """
    program = Program()
    slots = [program.step(unknown) for unknown in UNKNOWNS[: residual.order + 1]]
    slot = program.enter(residual.problem, dict(zip(UNKNOWNS, slots, strict=False)))
    factors = {factor: program.terms(factor) for factor in _factors(program, slot)}
    return residual._replace(
        of_values=residual._replace(program=program, answer_slots=slots, slot=slot, factors=factors)
    )


def _factors(program: Program, slot: int) -> list[int]:
    head, operands = program.steps[slot]
    if head == "mul":
        return [factor for operand in operands for factor in _factors(program, operand)]
    return _factors(program, operands[0]) if head == "div" else [slot]


def _tree(expression: Tree | str, error: ValueError) -> Tree:
    if isinstance(expression, Tree):
        return expression
    try:
        return from_prefix(expression)
    except PrefixError as cause:
        raise type(error)(f"{error}: {cause}") from None
