"""Duplicates, and train, valid and test sets by content.

A hash of a problem's equation, or of its equation up to numbers, decides which set the problem may be in. So the set is
the same in every data set, whichever family, seed or machine made it. No model ever trains on a problem that another
data set, split in the same way, tests.
"""

import hashlib
from collections.abc import Iterable

from symbolic.expressions.tokens import ARITY, DIGITS, spellings
from symbolic.problems.problem import Problem

SPLITS = ("train", "valid", "test")
# Percentages of all problems; the rest is for training. A set takes as many of these as its size asks for.
VALID_PERCENT = TEST_PERCENT = 5
SPLIT_KINDS = ("skeleton", "exact")  # what decides about a problem's set: its equation up to numbers, or all of it

NUMBER = "#"  # stands for any number in a skeleton
_SYMBOLS = frozenset(spellings("variable") + spellings("unknown"))


def content_hash(text: str) -> int:
    """A hash of 64 bits, the same everywhere (Python's own differs from process to process)."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def split_of(content: str) -> str:
    """ "train", "valid" or "test": the only set that a problem with this equation, or this skeleton, may be in."""
    bucket = content_hash(content) % 100
    if bucket < TEST_PERCENT:
        return "test"
    return "valid" if bucket < TEST_PERCENT + VALID_PERCENT else "train"


def describe_split(kind: str) -> str:
    """What one of the SPLIT_KINDS means, for the README of a data set."""
    sides, what = {
        "skeleton": ("nor one that differs only by its numbers", "the equation up to its numbers (its skeleton)"),
        "exact": ("but one that differs by its numbers may be", "the equation"),
    }[kind]
    return (
        f"- No equation occurs twice. No validation or test equation is in train, {sides}.\n"
        f"- A hash of {what} decides which set a problem may be in:\n"
        f"  {TEST_PERCENT} % of all are for test, {VALID_PERCENT} % for validation, the rest for training."
    )


def skeleton(equation: str) -> str:
    """A well-formed equation up to its numbers: `sub Y' mul INT+ 2 cos x` gives `sub Y' mul # cos x`.

    Each number becomes `#`: an integer with its sign, a quotient of two numbers, pi, E, I, and a coefficient a0 to a9.
    Sums and products are then sorted, because their order may depend on the numbers. A function of a number stays
    (`sqrt #`). A coefficient of 1, which is not written, has no `#`: `cos x` and `mul INT+ 2 cos x` have two skeletons.
    """
    read: list[str | list[str]] = []  # expressions from the right; a sum or product as [its head, *its operands]
    for token in reversed(equation.split(" ")):
        if token in DIGITS:
            continue
        if ARITY[token] == 0:
            read.append(token if token in _SYMBOLS else NUMBER)
            continue
        operands = [read.pop() for _ in range(ARITY[token])]
        if token in ("add", "mul"):
            read.append([token, *_chained(token, operands)])
        elif token == "div" and operands == [NUMBER, NUMBER]:
            read.append(NUMBER)
        else:
            read.append(" ".join([token, *map(_text, operands)]))
    return _text(read.pop())


def _chained(head, operands):
    for operand in operands:
        if isinstance(operand, list) and operand[0] == head:
            yield from operand[1:]
        else:
            yield _text(operand)


def _text(expression: str | list[str]) -> str:
    if isinstance(expression, str):
        return expression
    head, *operands = expression
    return f"{head} " * (len(operands) - 1) + " ".join(sorted(operands))


def add_distinct(solutions: dict[str, str], problem: Problem) -> bool:
    """Add a problem to `solutions` (equation -> solution) and return whether its equation is new.

    Of several solutions of one equation the one with the fewest tokens stays, and of those the first in alphabetical
    order. So what stays does not depend on the order of the problems.
    """
    known = solutions.get(problem.equation)
    if known is None or _simplicity(problem.solution) < _simplicity(known):
        solutions[problem.equation] = problem.solution
    return known is None


def _simplicity(solution: str) -> tuple[int, str]:
    return solution.count(" "), solution


def leakage(seen: Iterable[str], tested: Iterable[str]) -> int:
    """How many of the equations in `tested` are also in `seen`."""
    seen = set(seen)
    return sum(equation in seen for equation in tested)
