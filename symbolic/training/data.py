"""The data of a run: files found, vocabularies made, files encoded to token stores, all of it described.

data = TrainingData.find("data/starter", "runs")    # reads nothing yet
data = data.with_vocabulary("adapted").encoded()
data.splits["valid"].spread(100).frame()            # 100 problems as text
data.splits["valid"].spread(100).store              # the same problems as token ids
"""

import contextlib
import dataclasses
import hashlib
import itertools
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from symbolic.expressions.notation import prefix_notation
from symbolic.expressions.tokens import TOKENS
from symbolic.problems.files import ANY, PREFIX, ProblemFiles, find_data, in_turns, spread
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.production.stream import stream
from symbolic.problems.splits import skeleton
from symbolic.problems.tasks import TASKS, split_weight
from symbolic.runtime.files import sha256_of
from symbolic.runtime.lines import BadLine, numbered_lines
from symbolic.seq2seq.batches import (
    BATCHES_PER_STREAMED_WINDOW,
    Batch,
    EvaluationBatches,
    streamed_batches,
    training_batches,
)
from symbolic.seq2seq.encoding import EncodedFile, encode_files
from symbolic.seq2seq.notation import Notation
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.shapes import Shapes, Source, batch_shapes, longer_than
from symbolic.seq2seq.special_tokens import SPECIAL_TOKENS
from symbolic.seq2seq.token_store import FORMAT, TokenStore, read_settings
from symbolic.training.params import TrialParameters

VOCABULARIES = ("adapted", "fixed")


@dataclasses.dataclass(frozen=True)
class Split:
    """Problems of a split, as text in files and as token ids, in the same order.

    Attributes:
        files: the text of the whole split, read when it is asked for.
        store: the token ids of the problems.
        rows: (n,) which problems of `files` these are; None for all of them.
        takes_turns: whether the problems of several files take turns, or one file follows the other.
    """

    files: ProblemFiles
    store: TokenStore
    rows: np.ndarray | None = None
    takes_turns: bool = True

    def __len__(self) -> int:
        return len(self.store)

    def frame(self) -> pd.DataFrame:
        """The problems as text, a row each, with the columns of `ProblemFiles.frame`."""
        everything = self.files.frame(self.takes_turns)
        return everything if self.rows is None else everything.iloc[self.rows]

    def spread(self, n: int) -> "Split":
        """n of the problems, or all if there are fewer, evenly spread; the files begin with the easy ones."""
        return self._select(spread(n, len(self)))

    def fitting(self, max_length: int) -> "Split":
        """The problems that need at most `max_length` columns on either side."""
        return self._select(np.flatnonzero(~longer_than(self.store, max_length)))

    def too_long(self, max_length: int) -> int:
        """How many problems `fitting` leaves out; copies nothing."""
        return int(longer_than(self.store, max_length).sum())

    def _select(self, chosen: np.ndarray) -> "Split":
        rows = chosen if self.rows is None else self.rows[chosen]
        return dataclasses.replace(self, store=self.store.select(chosen), rows=rows)


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """What every trial of a run trains on and is judged on: `find`, then `with_vocabulary`, then `encoded`.

    Attributes:
        files: split ("train", "valid", "test") -> its files.
        weights: folder -> its weight in training.
        stream: task -> weight of fresh problems to train on in place of the train split; empty for none.
        token_dir: where the token stores are kept.
        workers: processes that encode files.
        vocabulary: "adapted" or "fixed"; None before `with_vocabulary`, like the processors.
        context_processor, target_processor: text to ids, for inputs and outputs.
        splits: split -> its problems; None before `encoded`.
        sources: the parts of the train split with their weights, one for each folder.
    """

    files: Mapping[str, ProblemFiles]
    weights: Mapping[str, float]
    token_dir: Path = Path("runs/tokens")
    stream: Mapping[str, float] = dataclasses.field(default_factory=dict)
    workers: int = 1
    vocabulary: str | None = None
    context_processor: TextProcessor | None = None
    target_processor: TextProcessor | None = None
    splits: Mapping[str, Split] | None = None
    sources: Sequence[Source] = ()

    @classmethod
    def find(
        cls,
        data_path: Path | str,
        run_dir: Path | str,
        max_bad_share: float = 0.01,
        stream: Mapping[str, float] | None = None,
        workers: int = 1,
        tokens: str = PREFIX,
    ) -> "TrainingData":
        """The files of a folder, or of several with weights, such as `DIR:0.6,DIR:0.3`. Their content is not read.

        Args:
            run_dir: token stores are kept in its folder `tokens`.
            max_bad_share: fraction of bad lines allowed in a file.
            tokens: "prefix": expressions in the tokens of `symbolic.expressions.tokens`; "any": words that mean
                something else, which only exact match can judge.

        Raises:
            OSError, ValueError: something is missing, see `symbolic.problems.files.find_data_files`, or a weight is no
                number above 0; or a stream is asked for beside tokens of any kind.
        """
        if tokens == ANY and stream:
            raise ValueError("a stream draws expressions: `--stream` and `--tokens any` exclude each other.")
        name = str(data_path)
        weights = {name: 1.0} if name and Path(name).is_dir() else parse_weights(name, "data", "DIR")
        files = find_data(weights, max_bad_share, tokens)
        return cls(files, weights, Path(run_dir) / "tokens", dict(stream or {}), workers)

    @property
    def tokens(self) -> str:
        """What the tokens of the files may be, "prefix" or "any"."""
        return self.files["train"].tokens

    def with_vocabulary(self, vocabulary: str = "adapted") -> "TrainingData":
        """The same data with text processors.

        Args:
            vocabulary: "adapted" takes the tokens of the training data, and encodes these; "fixed" takes all tokens.

        Raises:
            OSError, ValueError: the training data cannot be read, too many of their lines are bad, or the token store
                cannot be written.
        """
        if vocabulary not in VOCABULARIES:
            raise ValueError(f"`vocabulary` must be adapted or fixed. Received: {vocabulary!r}.")
        if self.tokens == ANY and vocabulary == "fixed":
            raise ValueError(
                "the fixed vocabulary is that of expressions: `--tokens any` needs `--vocabulary adapted`."
            )
        contexts = targets = list(TOKENS)
        if vocabulary == "adapted":
            folder, _ = dataclasses.replace(self, vocabulary=vocabulary)._encode("train")
            settings, first = read_settings(folder), len(SPECIAL_TOKENS)
            contexts, targets = settings["context_vocabulary"][first:], settings["target_vocabulary"][first:]
        return dataclasses.replace(
            self,
            vocabulary=vocabulary,
            context_processor=TextProcessor(contexts),
            target_processor=TextProcessor(targets),
        )

    def encoded(self) -> "TrainingData":
        """The same data with every split as token ids on disk, encoded once.

        Bad lines, and tokens that become [UNK], are counted and printed. A file is known by its SHA-256, so every start
        reads the text once; the ids on disk are not hashed.

        Raises:
            OSError, ValueError: as `with_vocabulary` does.
        """
        splits, sources = {}, []
        for split, files in self.files.items():
            folder, encoded = self._encode(split)
            store = TokenStore.open(folder)
            is_train = split == "train"
            if is_train:  # stays on disk, one file after the other
                parts = [store.part(file.first, file.report.kept) for file in encoded]
                sources = [Source(*part) for part in zip(parts, self.weights.values(), strict=True)]
            elif len(encoded) > 1:
                store = store.select(_rows_in_turns(encoded))
            splits[split] = Split(files, store, takes_turns=not is_train)
            for file in encoded:
                if file.report.bad or file.report.unknown:
                    print(file.report, file=sys.stderr)
        return dataclasses.replace(self, splits=splits, sources=sources)

    def describe(self) -> dict[str, Any]:
        """What the data and vocabularies are, for params.json: counts and hashes."""
        description = {
            split: {"problems": len(self.splits[split]), "sha256": [sha256_of(path) for path in files.paths]}
            for split, files in self.files.items()
        }
        description["train"]["weights"] = list(self.weights.values())
        for side, processor in (("context", self.context_processor), ("target", self.target_processor)):
            description[f"{side}_vocabulary"] = {
                "tokens": len(processor),
                "sha256": _sha256_of_lines(processor.vocabulary),
            }
        description |= {"stream": dict(self.stream)} if self.stream else {}
        return description | ({"tokens": ANY} if self.tokens == ANY else {})

    def _encode(self, split: str) -> tuple[Path, list[EncodedFile]]:
        """The folder of a split's token store, named by all that decides what is in it, and what it holds of each file.

        The store of an adapted train split gets its vocabularies from its files.
        """
        adapt = self.vocabulary == "adapted" and split == "train"
        contexts = targets = list(TOKENS)
        if adapt and self.tokens == ANY:
            contexts, targets = _words_in(self.files[split])
        if self.vocabulary == "adapted" and not adapt:
            first = len(SPECIAL_TOKENS)
            contexts, targets = (p.vocabulary[first:] for p in (self.context_processor, self.target_processor))
        paths = self.files[split].paths
        rules = [ANY] if self.tokens == ANY else []
        name = _sha256_of_lines([str(FORMAT), *map(sha256_of, paths), *contexts, "", *targets, str(adapt), *rules])[:12]
        folder = self.token_dir / f"{split}-{name}"
        files = encode_files(
            paths,
            folder,
            contexts=contexts,
            targets=targets,
            adapt=adapt,
            parse=self.files[split].parse,
            notation=None if self.tokens == ANY else Notation(*prefix_notation()),
            max_bad_share=self.files[split].max_bad_share,
            workers=self.workers,
            progress=True,
        )
        return folder, files


def _words_in(files: ProblemFiles) -> tuple[list[str], list[str]]:
    """All words of the good lines' inputs, and of their outputs, by spelling."""
    words: tuple[set[str], set[str]] = set(), set()
    for path in files.paths:
        for _, line in numbered_lines(path):
            with contextlib.suppress(BadLine):
                for side, text in zip(words, files.parse(line)[1:], strict=True):
                    side.update(text.split(" "))
    return sorted(words[0]), sorted(words[1])


def _rows_in_turns(files: Sequence[EncodedFile]) -> np.ndarray:
    """The rows of a store that `ProblemFiles.frame` has, in its order."""
    counts = [file.report.kept for file in files]
    rows = np.concatenate([file.first + np.arange(count) for file, count in zip(files, counts, strict=True)])
    return rows[in_turns(counts)]


def _sha256_of_lines(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def parse_stream(words: str) -> dict[str, float]:
    """The tasks of a stream with their weights: `bwd:0.6,my_module:my_family:0.4`; the default weight is 1.

    Raises:
        ValueError: as `parse_weights` does.
    """

    def split(word: str) -> tuple[str, str | None]:
        name, _, weight = word.partition(":")
        return (name, weight) if name in TASKS and weight else split_weight(word)

    return parse_weights(words, "stream", "TASK", split)


def _split_at_colon(word: str) -> tuple[str, str | None]:
    name, colon, weight = word.partition(":")
    return name, weight if colon else None


def parse_weights(
    words: str, option: str, what: str, split: Callable[[str], tuple[str, str | None]] = _split_at_colon
) -> dict[str, float]:
    """`a:0.6,b:0.4` as {"a": 0.6, "b": 0.4}; the default weight is 1.

    Args:
        option, what: the option and what it names, for errors.
        split: a word's name and the text of its weight, None for a word without one.

    Raises:
        ValueError: a name is empty or comes twice, or a weight is no finite number above 0.
    """
    weights = {}
    for word in words.split(","):
        name, weight = split(word)
        try:
            value = 1.0 if weight is None else float(weight)
        except ValueError:
            value = math.nan
        if not name or name in weights or not 0 < value < math.inf:
            raise ValueError(
                f"`--{option}` takes {what} or {what}:WEIGHT, separated by commas, each {what} once and with a number "
                f"above 0. Received: {word!r} in {words!r}."
            )
        weights[name] = value
    return weights


# --- batches ---------------------------------------------------------------------------------------------------------


def training_input(params: TrialParameters, data: TrainingData, start_step: int, workers: int) -> Iterator[Batch]:
    """Endless batches for training, from a step on.

    Args:
        workers: processes that make the problems of a stream.
    """
    sizes = {"batch_tokens": params.batch_tokens, "max_length": params.max_length}
    sizes["batch_size"] = params.batch_size if params.batch_tokens is None else None
    if data.stream:
        return _fresh_batches(params, data, batch_shapes(data.sources, **sizes), start_step, workers)
    return training_batches(data.sources, **sizes, seed=params.seed, start_step=start_step)


def validation_input(params: TrialParameters, data: TrainingData) -> EvaluationBatches:
    """The batches that are evaluated after every epoch. Raises ValueError if no problem is short enough."""
    store = data.splits["valid"].fitting(params.max_length).store
    if not len(store):
        raise ValueError(
            f"`max_length` must leave at least one validation problem: all {len(data.splits['valid'].store):,} need "
            f"more than {params.max_length} tokens on a side."
        )
    return EvaluationBatches(store, params.batch_size, params.validation_steps, params.batch_tokens)


def _fresh_batches(
    params: TrialParameters, data: TrainingData, shapes: Shapes, start_step: int, workers: int
) -> Iterator[Batch]:
    """Batches of problems that are drawn while the model trains; problems that are held out are left out."""
    window = BATCHES_PER_STREAMED_WINDOW * shapes.pairs_per_batch
    options = ProblemOptions(max_len=params.max_length - 2)  # max_len counts neither [START] nor [END]
    held_out = _held_out(data.files)
    start = start_step // BATCHES_PER_STREAMED_WINDOW * window
    problems = stream(data.stream, params.seed, workers=workers, start=start, options=options, held_out=held_out)

    def windows():
        while True:
            equations, solutions = zip(*itertools.islice(problems, window), strict=True)
            yield TokenStore.of(data.context_processor.encode(equations), data.target_processor.encode(solutions))

    with contextlib.closing(problems):
        yield from streamed_batches(windows(), shapes, params.seed, start_step)


def _held_out(files: Mapping[str, ProblemFiles]) -> set[str]:
    """Skeletons of the validation and test problems: the problems without their numbers."""
    tested = (files[split].frame()["input"] for split in files if split != "train")
    return set(map(skeleton, itertools.chain.from_iterable(tested)))
