"""Files of text to a token store on disk, by several processes in one pass.

A line is `context<TAB>target`, or `count|context<TAB>target`, tokens with one space between them. Which lines are good
says a function that is handed in; where the texts are in a prefix notation, an account of it as plain numbers tells the
good lines of a block at once, and that function is asked about the others alone. Knows nothing of what tokens mean, and
needs no TensorFlow.
"""

import functools
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from symbolic.runtime.files import sha256_of
from symbolic.runtime.lines import (
    BadLine,
    Block,
    ReadReport,
    blocks,
    check_max_bad_share,
    cut_count,
    lines_of,
    tokens_of,
)
from symbolic.runtime.locks import locked
from symbolic.runtime.processes import ordered_map, preload_module
from symbolic.seq2seq.notation import Notation, keys_of, well_formed
from symbolic.seq2seq.special_tokens import END_ID, SPECIAL_TOKENS, START_ID, UNKNOWN_ID
from symbolic.seq2seq.token_store import (
    CONTEXT_LENGTHS,
    FORMAT,
    IDS,
    SETTINGS,
    STARTS,
    TokenStore,
    _append,
    _Pairs,
    _write_settings,
    read_settings,
)

Parser = Callable[[str], tuple[int, str, str]]

_PAIRS_PER_STEP = 20_000  # of a pass over what is on disk
_RECORDED = ("kept", "bad", "examples", "unknown")  # of a ReadReport


class EncodedFile(NamedTuple):
    """The pairs of one file in a store: their rows, from `first` up, and what became of the file's lines."""

    first: int
    report: ReadReport


class _Encoder(NamedTuple):
    """All that a worker process needs; see `encode_files`."""

    contexts: Sequence[str]  # with the special tokens, like the targets
    targets: Sequence[str]
    parse: Parser
    notation: Notation | None
    dtype: str


_Reader = Callable[[_Encoder, ReadReport], Iterator[_Pairs]]


def encode_files(
    paths: Sequence[Path | str],
    folder: Path | str,
    *,
    contexts: Sequence[str],
    targets: Sequence[str],
    parse: Parser,
    notation: Notation | None = None,
    adapt: bool = False,
    max_bad_share: float = 0.01,
    workers: int = 1,
    progress: bool = False,
) -> list[EncodedFile]:
    """Add to the store in `folder` the pairs of those files that it does not hold; `TokenStore.open` opens it.

    A file is known by the SHA-256 of its bytes, computed once in a process; the arrays in `folder` are not hashed, only
    their sizes are checked. `store.json` is replaced after each file, so that a run killed anywhere leaves the store as
    it was after the last whole file. Tokens that the vocabulary lacks become [UNK] and are counted; bad lines are left
    out, counted and located.

    Args:
        paths: the files, in the order in which new ones are added.
        folder: a new folder, or one that an earlier call wrote.
        contexts, targets: the vocabularies without the special tokens: token i gets the id i + 4, as in
            `processors.TextProcessor`.
        parse: count, context and target of a good line; raises `lines.BadLine` for another one. Like `notation` it goes
            to the worker processes, so it must be a function of a module.
        notation: spares most lines `parse`, which takes far longer than all else.
        adapt: leave out of a new store's vocabularies the tokens that do not occur, the most frequent coming first and
            equals by spelling. It is then written once, after the last file. A store that is there keeps its
            vocabularies.
        max_bad_share: bad lines allowed in a file.
        workers: processes that encode.
        progress: show a progress bar for every file.

    Returns:
        What the store holds of each file, in the order of `paths`.

    Raises:
        OSError: a file cannot be read, the folder cannot be written, or another run writes it.
        ValueError: the store has other vocabularies or cannot be read (`token_store.read_settings`), or a file is empty
            or has too many bad lines.
    """
    check_max_bad_share(max_bad_share)
    folder = Path(folder)
    files = {sha256_of(path): Path(path) for path in paths}
    vocabularies = [*SPECIAL_TOKENS, *contexts], [*SPECIAL_TOKENS, *targets]
    encoder = _Encoder(*vocabularies, parse, notation, np.min_scalar_type(max(map(len, vocabularies)) - 1).name)
    if not (folder / SETTINGS).exists() or files.keys() - read_settings(folder)["files"].keys():
        folder.mkdir(parents=True, exist_ok=True)
        preload_module(parse.__module__)
        with locked(folder), ordered_map(workers, "encoding", __name__) as parallel_map:
            read = functools.partial(_read, parallel_map=parallel_map, max_bad_share=max_bad_share, progress=progress)
            _add(files, folder, encoder, read, adapt)
    settings = read_settings(folder)
    _check_vocabularies(folder, settings, encoder, adapt)
    encoded = [_encoded_file(settings["files"][sha256_of(path)], Path(path)) for path in paths]
    for _, report in encoded:
        report.check(max_bad_share)  # an earlier call may have allowed more
    return encoded


def _add(files: Mapping[str, Path], folder: Path, encoder: _Encoder, read: _Reader, adapt: bool) -> None:
    """Add the files that the store lacks, by their digests."""
    is_new = not (folder / SETTINGS).exists()
    settings = _new_settings(encoder) if is_new else read_settings(folder)
    _check_vocabularies(folder, settings, encoder, adapt)
    contexts, targets = settings["context_vocabulary"], settings["target_vocabulary"]
    encoder = encoder._replace(contexts=contexts, targets=targets, dtype=settings["dtype"])
    at_once = is_new and adapt  # what occurs is known after the last file
    for digest, path in files.items():
        if digest in settings["files"]:
            continue
        first, report = settings["pairs"], ReadReport(path)
        _append(folder, settings, read(encoder, report))
        record = {field: getattr(report, field) for field in _RECORDED}
        settings["files"][digest] = {"name": path.name, "first": first} | record
        if not at_once:
            _write_settings(folder, settings)
    if at_once:
        _adapt(folder, settings)
        _write_settings(folder, settings)


def _read(
    encoder: _Encoder, report: ReadReport, parallel_map: Callable, max_bad_share: float, progress: bool
) -> Iterator[_Pairs]:
    """The pairs of the file that the report is of; it says at the end what became of the file's lines."""
    line, path = 1, report.path
    size, name = path.stat().st_size, f"encoding {path.name}"
    with tqdm(desc=name, total=size, unit="B", unit_scale=True, disable=not progress) as bar:
        for pairs in parallel_map(functools.partial(_encode, encoder=encoder), blocks(path)):
            report.kept += len(pairs.lengths)
            report.unknown += pairs.unknown
            for place, fault in pairs.bad:
                report.add_bad(line + place, fault)
            line += pairs.lines
            bar.update(pairs.read - bar.n)
            yield pairs
    report.check(max_bad_share)


def _new_settings(encoder: _Encoder) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "pairs": 0,
        "ids": 0,
        "dtype": encoder.dtype,
        "files": {},
        "context_vocabulary": encoder.contexts,
        "target_vocabulary": encoder.targets,
    }


def _check_vocabularies(folder: Path, settings: dict[str, Any], encoder: _Encoder, adapt: bool) -> None:
    there = [settings["context_vocabulary"], settings["target_vocabulary"]]
    if not adapt and there != [encoder.contexts, encoder.targets]:
        raise ValueError(f"the token store {folder} has other vocabularies; choose another folder.")


def _encoded_file(record: dict[str, Any], path: Path) -> EncodedFile:
    report = ReadReport(path, record["kept"], Counter(record["bad"]), record["examples"], Counter(record["unknown"]))
    return EncodedFile(record["first"], report)


# --- lines to ids -----------------------------------------------------------------------------------------------------


def _encode(block: Block, encoder: _Encoder) -> _Pairs:
    """The good lines of a block as ids."""
    lines = lines_of(block.text)
    numbers, texts, size = _texts_of(lines, encoder)
    start, end = (np.array(id_, encoder.dtype).tobytes() for id_ in (START_ID, END_ID))
    ids = np.frombuffer(start + (end + start).join(texts) + end, encoder.dtype) if texts else np.empty(0, encoder.dtype)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) // size + 2
    good, bad, unknown = np.ones(len(numbers), bool), [], Counter()
    for pair in np.flatnonzero(
        ~well_formed(ids, lengths, encoder.notation, encoder.contexts, encoder.targets).reshape(-1, 2).all(axis=1)
    ):
        try:
            unknown += _parsed(lines[numbers[pair]], encoder)
        except BadLine as fault:
            bad.append((numbers[pair], fault))
            good[pair] = False
    lengths = lengths.reshape(-1, 2)
    ids = ids[np.repeat(good, lengths.sum(axis=1))] if bad else ids
    return _Pairs(ids.tobytes(), lengths[good], len(lines), bad, unknown, block.read)


def _texts_of(lines: list[str], encoder: _Encoder) -> tuple[list[int], list[bytes], int]:
    """The numbers of the lines that are not blank, and the ids of their contexts and targets in turn; bytes an id.

    Most of the time goes here: one look into a dictionary for each token, and as little as can be beside it.
    """
    context_ids, target_ids = _ids_of(encoder.contexts), _ids_of(encoder.targets)
    context_id, target_id = context_ids.__getitem__, target_ids.__getitem__
    dtype = np.dtype(encoder.dtype)
    pack = bytes if dtype == np.uint8 else lambda ids: array(dtype.char, ids).tobytes()
    numbers, texts = [], []
    for number, line in enumerate(lines):
        if not line:
            continue
        context, _, target = line.partition("\t")
        _, context = cut_count(context)
        context, target = context.split(" "), target.split(" ")
        try:
            texts += (pack(map(context_id, context)), pack(map(target_id, target)))
        except KeyError:
            texts.append(pack(context_ids.get(token, UNKNOWN_ID) for token in context))
            texts.append(pack(target_ids.get(token, UNKNOWN_ID) for token in target))
        numbers.append(number)
    return numbers, texts, dtype.itemsize


def _ids_of(vocabulary: Sequence[str]) -> dict[str, int]:
    """Those of the real tokens: a text that spells out a special one has a token that is unknown."""
    return {token: id_ for id_, token in enumerate(vocabulary) if id_ >= len(SPECIAL_TOKENS)}


def _parsed(line: str, encoder: _Encoder) -> Counter:
    """The tokens of a good line that the vocabularies lack; BadLine if it is a bad one."""
    _, *texts = encoder.parse(line)
    unknown = Counter()
    for text, vocabulary in zip(texts, (encoder.contexts, encoder.targets), strict=True):
        known = vocabulary[len(SPECIAL_TOKENS) :]
        unknown.update(token for token in tokens_of(text) if token not in known)
    return unknown


# --- ids to the disk --------------------------------------------------------------------------------------------------


# --- vocabularies of what occurs --------------------------------------------------------------------------------------


def _adapt(folder: Path, settings: dict[str, Any]) -> None:
    """Give the tokens that occur new ids, the frequent first, and forget the others; nobody reads the store yet."""
    sides = ("context_vocabulary", "target_vocabulary")
    offset = len(settings[sides[0]])
    counts = np.zeros(offset + len(settings[sides[1]]), np.int64)
    for _, keys in _keyed_ids(folder, settings, offset):
        counts += np.bincount(keys, minlength=len(counts))
    new_ids = np.zeros(len(counts), settings["dtype"])
    for side, first in zip(sides, (0, offset), strict=True):
        old = {token: first + i for i, token in enumerate(settings[side])}
        real = [token for token in settings[side][len(SPECIAL_TOKENS) :] if counts[old[token]]]
        settings[side] = [*SPECIAL_TOKENS, *sorted(real, key=lambda token: (-counts[old[token]], token))]
        for i, token in enumerate(settings[side]):
            new_ids[old[token]] = i
    for ids, keys in _keyed_ids(folder, settings, offset):
        ids[:] = new_ids[keys]


def _keyed_ids(folder: Path, settings: dict[str, Any], offset: int) -> Iterator[tuple[np.memmap, np.ndarray]]:
    """The ids of a store part by part, to be written to, and their `keys_of`."""
    store = TokenStore(
        np.memmap(folder / IDS, settings["dtype"], mode="r+", shape=(settings["ids"],)),
        np.memmap(folder / STARTS, np.int64, mode="r"),
        np.memmap(folder / CONTEXT_LENGTHS, np.uint16, mode="r"),
    )
    for first in range(0, settings["pairs"], _PAIRS_PER_STEP):
        part = store.part(first, _PAIRS_PER_STEP)
        lengths = np.stack([part.context_lengths, part.target_lengths], axis=1).ravel()
        ids = store.ids[part.starts[0] : part.starts[-1]]
        yield ids, keys_of(ids, lengths, offset)
        store.release()
    store.ids.flush()
