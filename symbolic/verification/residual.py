"""The residual of an equation: its left-hand side with an answer in the place of Y.

An answer is right where its residual is zero. This module builds residuals; others evaluate them.
"""

from typing import NamedTuple

from symbolic.expressions.equations import UNKNOWNS
from symbolic.expressions.prefix import PrefixError, Tree, fold, from_prefix, to_prefix
from symbolic.expressions.program import WITHOUT_VALUE, Program
from symbolic.expressions.tokens import TOKENS, spellings
from symbolic.verification.points import seed_of

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
        unknowns: those of Y, Y', Y'' that the problem holds.
        constants: coefficients of the answer that are not the problem's.
        free: x and every other variable or coefficient that needs a value at a point.
        seed: the seed of all random choices, computed from problem and answer.
        of_values: None, or the residual as a function of x and of real Y, Y', Y'', which are leaves of its program. It
            is for answers whose parts are complex and whose values are real.
        asks_extent: whether the judge also measures how much of the solution the answer is.
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
    seed: int
    of_values: "Residual | None" = None
    asks_extent: bool = True

    @property
    def answer_slot(self) -> int:
        return self.answer_slots[0]

    @property
    def is_integral(self) -> bool:
        """Whether the equation holds only x and Y' and is linear in Y', so that it asks for a primitive."""
        if self.unknowns != {"Y'"} or self.order != 1:
            return False
        if self.problem.head == "sub" and self.problem.operands[0].head == "Y'":
            return "Y'" not in to_prefix(self.problem.operands[1])
        if self.holds_derivative:
            return False
        program = Program()
        slope = program.derivative(program.enter(self.problem, {"Y'": program.step("Y'")}), "Y'")
        return slope is None or program.derivative(slope, "Y'") is None

    @property
    def asks_for_derivative(self) -> bool:
        """Whether the equation holds only x and one derivative of Y, and so is true for all constants or none."""
        return self.order < len(UNKNOWNS) and self.unknowns == {UNKNOWNS[self.order]}

    @property
    def holds_derivative(self) -> bool:
        """Whether the problem differentiates parts of itself; then values of Y, Y', Y'' do not determine it."""
        return "derivative" in to_prefix(self.problem)


class ProblemError(ValueError):
    """The problem is not an equation that can be checked."""


class AnswerError(ValueError):
    """The answer cannot be right whatever the problem is."""


def residual_of(problem: Tree | str, answer: Tree | str, seed: int = 0) -> Residual:
    """The residual of an answer.

    Args:
        problem, answer: trees or prefix texts.
        seed: another one means other random points.

    Raises:
        ProblemError: the problem is malformed or no equation in Y.
        AnswerError: the answer is malformed or holds something that no answer may hold.
    """
    problem, answer = _tree(problem, ProblemError("malformed problem")), _tree(answer, AnswerError("malformed answer"))
    problem_leaves, answer_leaves = set(to_prefix(problem)), set(to_prefix(answer))
    if "derivative" in problem_leaves:
        problem = fold(problem, _without_derivative)
        problem_leaves = set(to_prefix(problem))
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
    seed = seed_of(program.steps, seed)
    return Residual(problem, answer, program, slots, slot, factors, order, unknowns, constants, free, seed)


def needed_slots(residual: Residual) -> list[int]:
    """The slots on which the residual or the answer depends, operands before their use."""
    return ancestors(residual.program, [residual.slot, *residual.answer_slots])


def ancestors(program: Program, slots: list[int]) -> list[int]:
    """These slots and those on which they depend, operands before their use."""
    needed = set(slots)
    for slot in range(max(slots), -1, -1):
        if slot in needed:
            needed.update(program.steps[slot][1])
    return sorted(needed)


def descendants(program: Program, slots: list[int]) -> list[int]:
    """These slots and those that depend on them, operands before their use."""
    dependent = set(slots)
    for slot, (_, operands) in enumerate(program.steps):
        if not dependent.isdisjoint(operands):
            dependent.add(slot)
    return sorted(dependent)


def varying_slots(residual: Residual) -> set[int]:
    """The needed slots whose values are not the same at all points."""
    steps, varying = residual.program.steps, set()
    for slot in needed_slots(residual):
        head, operands = steps[slot]
        if not varying.isdisjoint(operands) or (not operands and (head in residual.free or head in UNKNOWNS)):
            varying.add(slot)
    return varying


def _highest_derivative(head, operands: list[int | None]) -> int | None:
    """The order of the highest derivative of Y, given that in each operand; None if there is no Y."""
    if head in UNKNOWNS:
        return UNKNOWNS.index(head)
    highest = max((order for order in operands if order is not None), default=None)
    return highest + 1 if head == "derivative" and highest is not None else highest


def _without_derivative(head, operands: list[Tree]) -> Tree:
    """`derivative Y x` is Y', `derivative Y' x` is Y''."""
    if head == "derivative" and operands[1].head == "x" and operands[0].head in UNKNOWNS[:-1]:
        return Tree(UNKNOWNS[UNKNOWNS.index(operands[0].head) + 1])
    return Tree(head, tuple(operands))


def by_real_values(residual: Residual) -> Residual:
    """The same residual, with a value wherever the answer and its derivatives are real, even if parts of them are not.

    The parts of the problem must still be real.
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
