"""The data of a run: files found, encoded, mixed, described."""

import contextlib
import hashlib
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from symbolic.problems.files import ProblemFiles
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.production.stream import stream
from symbolic.problems.splits import skeleton
from symbolic.seq2seq.batches import (
    BATCHES_PER_STREAMED_WINDOW,
    Batch,
    EvaluationBatches,
    streamed_batches,
    training_batches,
)
from symbolic.seq2seq.encoding import EncodedFile
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.shapes import Shapes, Source, batch_shapes
from symbolic.seq2seq.token_store import TokenStore


def in_turns(store: TokenStore, files: list[EncodedFile]) -> TokenStore:
    """The problems of several files in the order of `ProblemFiles`: the first of each, then the second of each."""
    number = np.concatenate([np.arange(file.report.kept) for file in files])
    first = np.repeat([file.first for file in files], [file.report.kept for file in files])
    return store.select((first + number)[np.argsort(number, kind="stable")])


def sha256_of_lines(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def parse_weights(words: str, option: str = "stream", what: str = "TASK") -> dict[str, float]:
    """`bwd:0.6,ibp:0.4` as {"bwd": 0.6, "ibp": 0.4}; what has no weight has 1.

    Raises:
        ValueError: a name is empty or comes twice, or a weight is no finite number above 0.
    """
    weights = {}
    for word in words.split(","):
        name, colon, weight = word.partition(":")
        try:
            value = float(weight) if colon else 1.0
        except ValueError:
            value = math.nan
        if not name or name in weights or not 0 < value < math.inf:
            raise ValueError(
                f"`--{option}` takes {what} or {what}:WEIGHT, separated by commas, each {what} once and with a number "
                f"above 0. Received: {word!r} in {words!r}."
            )
        weights[name] = value
    return weights


class TrialData(NamedTuple):
    """What every trial of a run is trained and judged on.

    Attributes:
        description: what the data and vocabularies are, for `params.json`: counts and hashes.
        problems: split -> its files.
        stores: split -> the same problems as token ids.
        sources: what is mixed for training, parts of the train store with their weights; that store alone if empty.
        stream: tasks of fresh problems to train on in place of the train split, with their weights; none if empty.
    """

    description: dict[str, Any]
    context_processor: TextProcessor
    target_processor: TextProcessor
    problems: dict[str, ProblemFiles]
    stores: dict[str, TokenStore]
    stream: dict[str, float] = {}
    sources: Sequence[Source] = ()


def training_input(params, data: TrialData, train: TokenStore, start_step: int, workers: int) -> Iterator[Batch]:
    sizes = {"batch_tokens": params["batch_tokens"], "max_length": params["max_length"]}
    sizes["batch_size"] = params["batch_size"] if params["batch_tokens"] is None else None
    sources = data.sources or [Source(train)]
    if data.stream:
        return _fresh_batches(params, data, batch_shapes(sources, **sizes), start_step, workers)
    return training_batches(sources, **sizes, seed=params["seed"], start_step=start_step)


def validation_input(params: dict[str, Any], valid: TokenStore) -> EvaluationBatches:
    return EvaluationBatches(valid, params["batch_size"], params["validation_steps"], params["batch_tokens"])


def _fresh_batches(params, data: TrialData, shapes: Shapes, start_step: int, workers: int) -> Iterator[Batch]:
    """Batches of problems that are drawn while the model trains, none of them one that is held out."""
    window = BATCHES_PER_STREAMED_WINDOW * shapes.pairs_per_batch
    options = ProblemOptions(max_len=params["max_length"] - 2)  # max_len counts neither [START] nor [END]
    held_out = _held_out(data.problems)
    start = start_step // BATCHES_PER_STREAMED_WINDOW * window
    problems = stream(data.stream, params["seed"], workers=workers, start=start, options=options, held_out=held_out)

    def windows():
        while True:
            equations, solutions = zip(*itertools.islice(problems, window), strict=True)
            yield TokenStore.of(data.context_processor.encode(equations), data.target_processor.encode(solutions))

    with contextlib.closing(problems):
        yield from streamed_batches(windows(), shapes, params["seed"], start_step)


def _held_out(problems: dict[str, ProblemFiles]) -> set[str]:
    """What a stream must not bring: validation and test problems, whatever their numbers."""
    tested = (files.frame()["input"] for split, files in problems.items() if split != "train")
    return set(map(skeleton, itertools.chain.from_iterable(tested)))
