"""Duplicates, and train, valid and test sets by content.

Which set a problem may be in follows from a hash of its equation alone. So it is the same in every data set, whichever
generator, seed or machine made it, and no model ever trains on a problem that another data set tests. Knows nothing of
files.
"""

import hashlib
from collections.abc import Iterable

from symbolic.problems.problem import Problem

SPLITS = ("train", "valid", "test")
# Shares of all problems in percent; the rest is for training. A set asked for takes what it needs of its share.
VALID_PERCENT = TEST_PERCENT = 5


def content_hash(equation: str) -> int:
    """A hash of 64 bits, the same everywhere (Python's own differs from process to process)."""
    return int.from_bytes(hashlib.blake2b(equation.encode(), digest_size=8).digest(), "big")


def split_of(equation: str) -> str:
    """ "train", "valid" or "test": the only set that a problem with this equation may be in."""
    bucket = content_hash(equation) % 100
    if bucket < TEST_PERCENT:
        return "test"
    return "valid" if bucket < TEST_PERCENT + VALID_PERCENT else "train"


def add_distinct(solutions: dict[str, str], problem: Problem) -> bool:
    """Add a problem to `solutions` (equation -> solution) and return whether its equation is new.

    Of several solutions of one equation the one with fewer tokens stays, and the first in the alphabet of those: what
    stays depends on the problems alone, not on their order.
    """
    known = solutions.get(problem.equation)
    if known is None or _simplicity(problem.solution) < _simplicity(known):
        solutions[problem.equation] = problem.solution
    return known is None


def _simplicity(solution: str) -> tuple[int, str]:
    return solution.count(" "), solution


def split(problems: Iterable[Problem], valid: int, test: int) -> dict[str, list[Problem]]:
    """Problems without duplicates in three sets with no equation in common.

    Args:
        problems: any number of them, duplicates allowed.
        valid, test: the exact sizes of those sets. Each is filled from its share (5 % of all equations) with the
            lowest hashes; what is left of the two shares is in no set, so that it never trains a model either.

    Returns:
        "train", "valid" and "test" -> problems, in the order given.

    Raises:
        ValueError: a share is too small for its set.
    """
    solutions: dict[str, str] = {}
    for problem in problems:
        add_distinct(solutions, problem)
    shares: dict[str, list[str]] = {name: [] for name in SPLITS}
    for equation in solutions:
        shares[split_of(equation)].append(equation)
    for name, size in (("valid", valid), ("test", test)):
        if size > len(shares[name]):
            raise ValueError(
                f"`{name}` must be at most {len(shares[name]):,}: so many of the {len(solutions):,} distinct problems "
                f"may be in that set. Received: {size:,}."
            )
        chosen = set(sorted(shares[name], key=content_hash)[:size])
        shares[name] = [equation for equation in shares[name] if equation in chosen]
    return {name: [Problem(equation, solutions[equation]) for equation in shares[name]] for name in SPLITS}


def leakage(seen: Iterable[str], tested: Iterable[str]) -> int:
    """How many of the equations in `tested` are also in `seen`."""
    seen = set(seen)
    return sum(equation in seen for equation in tested)
