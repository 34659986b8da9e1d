"""The searches as settings: greedy, sampling, beam; and what a search returns."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Greedy:
    """The likeliest token at every position. Scores are sums of log-probabilities, in nats."""

    hypotheses = kept = 1
    length_penalty = 0.0


@dataclass(frozen=True)
class Sampling:
    """Independent random outputs, drawn token by token. Scores are sums of the model's log-probabilities, in nats.

    Args:
        samples: outputs for each problem.
        temperature: divides the logits; below 1 the likely tokens become likelier.
        top_k: draw among so many likeliest tokens (Fan et al. 2018), or all if None.
        top_p: draw among the fewest likeliest tokens that have this probability together (Holtzman et al. 2020), or
            all if None.
        seed: with the number of the problem it determines the outputs, in whatever batches problems are decoded.

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

    kept = hypotheses


@dataclass(frozen=True)
class Beam:
    """The likeliest outputs that keeping the `size` likeliest beginnings finds.

    Beginnings and finished outputs are kept apart. A problem is done when no beginning can become better than the worst
    of `n_best` finished outputs, whatever follows. Scores are sums of log-probabilities in nats, divided by
    length ** length_penalty, END counted.

    Args:
        size: beginnings that are kept at every position.
        length_penalty: 0 ranks by probability, which favours short outputs; 1 by the mean of the tokens (Wu et al.
            2016 discuss the values between). At least 0.
        n_best: outputs that are returned, at most `size`; all if None. With fewer the search ends earlier.

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
    def kept(self) -> int:
        return self.size if self.n_best is None else self.n_best


Search = Greedy | Sampling | Beam


class Hypothesis(NamedTuple):
    """An output as text, with the score that the search ranks by."""

    text: str
    score: float


class Decoded(NamedTuple):
    """What a search found, the best first.

    Attributes:
        ids: (B, N, L) int32, the tokens after START, END included where it came, then padding.
        scores: (B, N) float32, minus infinity where there is no hypothesis. One without END is there only if none of
            its problem ended within L tokens.
    """

    ids: np.ndarray
    scores: np.ndarray


def _check_at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"`{name}` must be at least 1. Received: {value}.")
