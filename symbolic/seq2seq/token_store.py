"""A data set as token ids: pairs of a context and a target sequence, in memory or memory-mapped from a folder.

    store.json             the number of pairs and ids, the files that they came from, and the vocabularies
    ids.bin                the ids of every pair, its context and then its target, each between START and END
    starts.bin             where every pair begins in ids.bin, and where the last one ends, int64
    context_lengths.bin    how many of a pair's ids are its context's, uint16

`store.json` names the `FORMAT`, so that files of another version of the program are refused, not misread. The arrays
are plain NumPy. Bytes past the end that `store.json` records are ignored. `encoding` makes the folders; this module
imports neither it nor TensorFlow.
"""

import contextlib
import json
import mmap
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.files import read_json
from symbolic.runtime.lines import BadLine
from symbolic.seq2seq.special_tokens import SPECIAL_TOKENS

FORMAT = 1  # raise it with every change of these files, and of the rule that decides which lines are good
SETTINGS, IDS, STARTS, CONTEXT_LENGTHS = "store.json", "ids.bin", "starts.bin", "context_lengths.bin"

Sequences = tuple[np.ndarray, np.ndarray]


class TokenStore:
    """Pairs (context, target) of id sequences, START and END included.

    Attributes:
        ids: all ids end to end, every pair's context before its target.
        starts: (n + 1,) int64, where the pairs begin in `ids`, and where the last one ends.
        context_lengths: (n,) how many of a pair's ids are its context's.
    """

    def __init__(self, ids: np.ndarray, starts: np.ndarray, context_lengths: np.ndarray):
        self.ids, self.starts, self.context_lengths = ids, starts, context_lengths

    @classmethod
    def of(cls, contexts: Sequences, targets: Sequences) -> "TokenStore":
        """A store in memory, of contexts and the same number of targets.

        Args:
            contexts: flat ids and the n + 1 offsets at which the sequences begin and the last one ends, as
                `TextProcessor.encode` returns them.
            targets: the same for the targets, in the same order.

        Raises:
            ValueError: the numbers of contexts and targets differ.
        """
        (context_ids, context_offsets), (target_ids, target_offsets) = contexts, targets
        if len(context_offsets) != len(target_offsets):
            raise ValueError(
                "`contexts` and `targets` must be equally many. "
                f"Received: {len(context_offsets) - 1} and {len(target_offsets) - 1}."
            )
        context_lengths = np.diff(context_offsets)
        lengths = np.stack([context_lengths, np.diff(target_offsets)], axis=1).ravel()
        is_context = np.repeat(np.arange(len(lengths)) % 2 == 0, lengths)
        ids = np.empty(len(is_context), np.result_type(context_ids, target_ids))
        ids[is_context], ids[~is_context] = context_ids, target_ids
        return cls(ids, context_offsets + target_offsets, context_lengths)

    @classmethod
    def open(cls, folder: Path | str) -> "TokenStore":
        """The store in a folder that `encoding.encode_files` wrote, memory-mapped: instant, whatever its size.

        Raises:
            FileNotFoundError, ValueError: there is no store that can be read; see `read_settings`.
        """
        folder = Path(folder)
        settings = read_settings(folder)
        return cls(
            _mapped(folder / IDS, settings["dtype"], settings["ids"]),
            _mapped(folder / STARTS, "int64", settings["pairs"] + 1),
            _mapped(folder / CONTEXT_LENGTHS, "uint16", settings["pairs"]),
        )

    def __len__(self) -> int:
        return len(self.context_lengths)

    @property
    def target_lengths(self) -> np.ndarray:
        """Ids of every target (n,); computed for all of them, so not for a large store."""
        return np.diff(self.starts) - self.context_lengths

    def context(self, i: int) -> np.ndarray:
        """Ids of context i, from 0 up."""
        return self.ids[self.starts[i] :][: self.context_lengths[i]]

    def target(self, i: int) -> np.ndarray:
        """Ids of target i, from 0 up."""
        return self.ids[self.starts[i] + self.context_lengths[i] : self.starts[i + 1]]

    def part(self, first: int, pairs: int) -> "TokenStore":
        """This many pairs from `first` on, as a view."""
        last = first + pairs
        return TokenStore(self.ids, self.starts[first : last + 1], self.context_lengths[first:last])

    def select(self, rows: np.ndarray) -> "TokenStore":
        """A store in memory of some of the pairs: `rows` is a mask (n,) or an array of row numbers, in any order."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        begins, lengths = self.starts[rows], self.starts[rows + 1] - self.starts[rows]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        places = np.repeat(begins - starts[:-1], lengths) + np.arange(starts[-1])
        return TokenStore(self.ids[places], starts, self.context_lengths[rows])

    def release(self) -> None:
        """Return the pages of mapped files to the system; otherwise a process that reads here and there soon holds all.

        The system caches them while it has memory to spare, so reading them again is cheap.
        """
        for array in (self.ids, self.starts, self.context_lengths):
            while isinstance(array, np.ndarray):
                array = array.base
            if isinstance(array, mmap.mmap):
                array.madvise(mmap.MADV_DONTNEED)


def read_settings(folder: Path) -> dict[str, Any]:
    """The contents of `store.json`, after a check of every entry, and that the other files are there and long enough.

    Raises:
        FileNotFoundError: the folder holds no store.
        ValueError: `store.json` is damaged or of another format, or another file is missing or too short.
    """
    if not (folder / SETTINGS).is_file():
        raise FileNotFoundError(f"{folder} is not a token store: it has no {SETTINGS}.")
    remedy = "Delete this folder; the files are then encoded again."
    try:
        settings = read_json(folder / SETTINGS)
    except ValueError:
        raise ValueError(f"the token store {folder} is damaged: {SETTINGS} cannot be read. {remedy}") from None
    written = settings.get("format")
    if written != FORMAT:
        raise ValueError(f"the token store {folder} has the format {written!r:.20}, but {FORMAT} is read. {remedy}")
    for name, is_valid in _IS_VALID.items():
        if not is_valid(settings.get(name)):
            raise ValueError(
                f"the token store {folder} is damaged: {SETTINGS} has {name}={settings.get(name)!r:.60}. {remedy}"
            )
    pairs, ids, dtype = settings["pairs"], settings["ids"], settings["dtype"]
    sizes = {IDS: ids * np.dtype(dtype).itemsize, STARTS: (pairs + 1) * 8, CONTEXT_LENGTHS: pairs * 2}
    for name, size in sizes.items():
        if not (folder / name).is_file() or (folder / name).stat().st_size < size:
            raise ValueError(
                f"the token store {folder} is damaged: {name} is missing or has less than {size:,} bytes. {remedy}"
            )
    if sum(record["kept"] for record in settings["files"].values()) != pairs:
        raise ValueError(f"the token store {folder} is damaged: its files do not have {pairs:,} pairs. {remedy}")
    with open(folder / STARTS, "rb") as starts:
        starts.seek(pairs * 8)
        if int.from_bytes(starts.read(8), "little") != ids:
            raise ValueError(f"the token store {folder} is damaged: {STARTS} does not end at id {ids:,}. {remedy}")
    return settings


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 48


def _is_vocabulary(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(token, str) for token in value)
        and tuple(value[: len(SPECIAL_TOKENS)]) == tuple(SPECIAL_TOKENS)
    )


def _is_counter(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_count, value.values()))


def _are_files(value: Any) -> bool:
    def is_record(record: Any) -> bool:
        match record:
            case {"name": str(), "first": first, "kept": kept, "bad": bad, "examples": list(texts), "unknown": unknown}:
                counts = _is_count(first) and _is_count(kept) and _is_counter(bad) and _is_counter(unknown)
                return counts and all(isinstance(text, str) for text in texts)
        return False

    return isinstance(value, dict) and all(map(is_record, value.values()))


# What `store.json` must hold. Ids are unsigned numbers of these widths; NumPy would take other types for pointers.
_IS_VALID = {
    "pairs": _is_count,
    "ids": _is_count,
    "dtype": lambda value: value in ("uint8", "uint16", "uint32"),
    "files": _are_files,
    "context_vocabulary": _is_vocabulary,
    "target_vocabulary": _is_vocabulary,
}


def _mapped(path: Path, dtype: str, count: int) -> np.ndarray:
    if not count:
        return np.empty(0, dtype)  # an empty file cannot be mapped
    return np.asarray(np.memmap(path, dtype, mode="r", shape=(count,)))


class EncodedBlock(NamedTuple):
    """The lines of a block of a file as ids.

    Attributes:
        ids: of all pairs, one after another, as they are stored.
        lengths: (n, 2) ids of every context and target.
        lines: the number of lines in the block.
        bad: for each bad line its number in the block, from 0 up, and what is wrong with it.
        unknown: token -> how often the good lines have it while a vocabulary lacks it.
        read: bytes of the file up to the end of the block.
    """

    ids: bytes
    lengths: np.ndarray
    lines: int
    bad: list[tuple[int, BadLine]]
    unknown: Counter
    read: int


def append(folder: Path, settings: dict[str, Any], blocks: Iterable[EncodedBlock]) -> None:
    """Write the pairs of a file after those of the store, and count them in `settings`, which is not written."""
    count, end = settings["pairs"], settings["ids"]
    with (
        _opened_at(folder / IDS, end * np.dtype(settings["dtype"]).itemsize) as ids,
        _opened_at(folder / STARTS, (count + 1) * 8) as starts,  # a new file begins with the 0 of the first pair
        _opened_at(folder / CONTEXT_LENGTHS, count * 2) as context_lengths,
    ):
        for block in blocks:
            ends = end + np.cumsum(block.lengths.sum(axis=1))
            with _writing(folder):
                _write(ids, block.ids)
                _write(starts, ends.tobytes())
                _write(context_lengths, block.lengths[:, 0].astype(np.uint16).tobytes())
            count, end = count + len(ends), int(ends[-1]) if len(ends) else end
        with _writing(folder):
            for file in (ids, starts, context_lengths):
                os.fsync(file.fileno())
    settings["pairs"], settings["ids"] = count, end


@contextlib.contextmanager
def _opened_at(path: Path, end: int) -> Iterator[BinaryIO]:
    """A file to be written from byte `end` on; bytes past it, which a killed run left, are cut off."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0) as file:
        file.truncate(end)
        file.seek(end)
        yield file


def _write(file: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # a disk that is nearly full writes only a part
        rest = rest[file.write(rest) :]


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"the token store {folder} cannot be written: {error.strerror}") from error


def write_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Replace `store.json`; from then on the store has the pairs that `settings` counts."""
    with _writing(folder), atomic_path(folder / SETTINGS) as temporary:
        temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def padded(ids: np.ndarray, starts: np.ndarray, lengths: np.ndarray, width: int) -> np.ndarray:
    """Sequences as one matrix (n, width), int32, padded on the right.

    Args:
        ids: sequences, one after another.
        starts, lengths: (n,) where the wanted ones begin in `ids`, and their lengths, at most `width`.
    """
    position = np.arange(width)
    inside = position < lengths[:, None]
    matrix = np.zeros(inside.shape, np.int32)
    matrix[inside] = ids[(starts[:, None] + position)[inside]]
    return matrix
