"""A candidate: a proposed answer, who proposed it, and the judge's verdict on it."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from symbolic.verification import Verdict

MODEL = "model"  # the origin of what a trained model writes; `proposers.PROPOSERS` has the names of all others


class Candidate(NamedTuple):
    """A proposed answer and its verdict.

    Attributes:
        tokens: the answer as prefix text; what a model wrote without grammar may be malformed.
        score: the model's score; nan where the answer is not the model's own.
        origin: who proposed it: "model", or the name of a proposer.
        verdict: whether it solves the problem; "refuted" if it is malformed.
        seconds: when the verdict came, in wall seconds since the search began; nan where nobody took the time.
    """

    tokens: str
    score: float
    origin: str
    verdict: Verdict
    seconds: float = math.nan


def first_solved(candidates: Iterable[Candidate]) -> Candidate | None:
    """The first candidate that verified."""
    return next((candidate for candidate in candidates if candidate.verdict.solved), None)


def best_of(candidates: Iterable[Candidate]) -> Candidate | None:
    """The first general solution; without one the first candidate that verified; without that the first of all."""
    every = list(candidates)
    solved = [candidate for candidate in every if candidate.verdict.solved]
    general = [candidate for candidate in solved if candidate.verdict.general]
    return next(iter(general or solved or every), None)


def is_settled(candidates: Iterable[Candidate]) -> bool:
    """Whether there is nothing left to look for: a candidate verified as the general solution."""
    return any(candidate.verdict.general for candidate in candidates)
