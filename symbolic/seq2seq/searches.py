"""The settings of the searches: greedy, sampling, beam; and what a search returns.

A search keeps some hypotheses of each problem while it runs (`hypotheses`) and returns some outputs (`returned`).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Greedy:
    """The likeliest token at every position. Scores are sums of log-probabilities, in nats."""

    hypotheses = returned = 1
    length_penalty = 0.0


@dataclass(frozen=True)
class Sampling:
    """Independent random outputs, drawn token by token. Scores are sums of the model's log-probabilities, in nats.

    Args:
        samples: outputs for each problem.
        temperature: divides the logits; below 1 the likely tokens become likelier.
        top_k: draw only among this many likeliest tokens (Fan et al. 2018); among all if None.
        top_p: draw only among the fewest likeliest tokens whose probabilities add up to at least this (Holtzman et al.
            2020); among all if None.
        seed: the seed and the number of a problem determine its outputs, whatever batch the problem is decoded in.

    Raises:
        ValueError: an argument is out of its range.
    """

    samples: int = 1
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 0

    length_penalty = 0.0

    def __post_init__(self):
        _check_at_least_one("samples", self.samples)
        if not self.temperature > 0:
            raise ValueError(f"`temperature` must be greater than 0. Received: {self.temperature}.")
        if self.top_k is not None:
            _check_at_least_one("top_k", self.top_k)
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"`top_p` must be greater than 0 and at most 1. Received: {self.top_p}.")

    @property
    def hypotheses(self) -> int:
        return self.samples

    returned = hypotheses


@dataclass(frozen=True)
class Beam:
    """Beam search: at every position, only the `size` likeliest beginnings are continued.

    Beginnings and finished outputs do not compete for places. The search of a problem ends when no beginning, whatever
    follows it, can score better than the worst of the `n_best` finished outputs. Scores are sums of log-probabilities
    in nats, divided by length ** length_penalty, END counted.

    Args:
        size: beginnings that are kept at every position.
        length_penalty: 0 ranks by probability, which favours short outputs; 1 ranks by the mean of the tokens (Wu et
            al. 2016 discuss the values between). At least 0.
        n_best: outputs that are returned, at most `size`; `size` of them if None. With fewer the search ends earlier.

    Raises:
        ValueError: an argument is out of its range.
    """

    size: int = 10
    length_penalty: float = 0.0
    n_best: int | None = None

    def __post_init__(self):
        _check_at_least_one("size", self.size)
        if not self.length_penalty >= 0:
            raise ValueError(f"`length_penalty` must be at least 0. Received: {self.length_penalty}.")
        if self.n_best is not None and not 1 <= self.n_best <= self.size:
            raise ValueError(f"`n_best` must be from 1 to size={self.size}. Received: {self.n_best}.")

    @property
    def hypotheses(self) -> int:
        return self.size

    @property
    def returned(self) -> int:
        return self.size if self.n_best is None else self.n_best


Search = Greedy | Sampling | Beam


class Hypothesis(NamedTuple):
    """An output as text, with the score that the search ranks by."""

    text: str
    score: float


class Decoded(NamedTuple):
    """What a search returns, the best output of each problem first.

    Attributes:
        ids: (B, N, L) int32, the tokens after START, with END if the output ended, then padding.
        scores: (B, N) float32, minus infinity where there is no output. A problem has outputs without END only if none
            of its outputs ended within L tokens.
    """

    ids: np.ndarray
    scores: np.ndarray


def _check_at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"`{name}` must be at least 1. Received: {value}.")
