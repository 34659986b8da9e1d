"""Files of text to a token store on disk, by several processes in one pass.

A line is `context<TAB>target`, or `count|context<TAB>target`, tokens with one space between them. A `parse` function
decides which lines are good. Where the texts are in prefix notation, a table of the notation accepts most good lines of
a block at once, and `parse` sees only the others. This module does not import TensorFlow.
"""

import functools
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

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
from symbolic.runtime.progress import tqdm
from symbolic.seq2seq.notation import Notation, joint_ids, well_formed
from symbolic.seq2seq.special_tokens import END_ID, SPECIAL_TOKENS, START_ID, UNKNOWN_ID
from symbolic.seq2seq.token_store import (
    CONTEXT_LENGTHS,
    FORMAT,
    IDS,
    SETTINGS,
    STARTS,
    EncodedBlock,
    TokenStore,
    append,
    read_settings,
    write_settings,
)

Parser = Callable[[str], tuple[int, str, str]]

_PAIRS_PER_STEP = 20_000  # of a pass over what is on disk
_RECORDED = ("kept", "bad", "examples", "unknown")  # of a ReadReport


class EncodedFile(NamedTuple):
    """The pairs of one file in a store.

    Attributes:
        first: the row of the file's first pair; the others follow.
        report: what became of the file's lines.
    """

    first: int
    report: ReadReport


class _Encoder(NamedTuple):
    """What a worker process needs besides the lines; see `encode_files`."""

    contexts: Sequence[str]  # the special tokens included, as in the targets
    targets: Sequence[str]
    parse: Parser
    notation: Notation | None
    dtype: str


_Reader = Callable[[_Encoder, ReadReport], Iterator[EncodedBlock]]


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
    """Add the pairs of new files to the store in `folder`, which `TokenStore.open` opens.

    A file is new unless the store holds one with the same SHA-256. Of the arrays in `folder` only the sizes are
    checked. `store.json` is replaced after each file, so that a run killed at any moment leaves the store as it was
    after the last complete file. Tokens that the vocabulary lacks become [UNK] and are counted; bad lines are left out,
    counted and located.

    Args:
        paths: the files, in the order in which new ones are added.
        folder: a new folder, or one that an earlier call wrote.
        contexts, targets: the vocabularies without the special tokens: token i gets the id i + 4, as in
            `processors.TextProcessor`.
        parse: returns count, context and target of a good line, and raises `lines.BadLine` for a bad one. It is sent to
            the worker processes, so it must be a function of a module.
        notation: accepts most good lines, so that `parse`, which takes far longer than all else, need not see them.
        adapt: reduce the vocabularies of a new store to the tokens that occur, the most frequent first and equally
            frequent ones by spelling. The store is then written once, after the last file. An existing store keeps its
            vocabularies.
        max_bad_share: the largest fraction of a file's lines that may be bad.
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
    at_once = is_new and adapt  # which tokens occur is known only after the last file
    for digest, path in files.items():
        if digest in settings["files"]:
            continue
        first, report = settings["pairs"], ReadReport(path)
        append(folder, settings, read(encoder, report))
        record = {field: getattr(report, field) for field in _RECORDED}
        settings["files"][digest] = {"name": path.name, "first": first} | record
        if not at_once:
            write_settings(folder, settings)
    if at_once:
        _adapt(folder, settings)
        write_settings(folder, settings)


def _read(
    encoder: _Encoder, report: ReadReport, parallel_map: Callable, max_bad_share: float, progress: bool
) -> Iterator[EncodedBlock]:
    """The pairs of the report's file, block by block; the report is filled in meanwhile and checked at the end."""
    line, path = 1, report.path
    size, name = path.stat().st_size, f"encoding {path.name}"
    with tqdm(desc=name, total=size, unit="B", unit_scale=True, disable=not progress) as bar:
        for block in parallel_map(functools.partial(_encode, encoder=encoder), blocks(path)):
            report.kept += len(block.lengths)
            report.unknown += block.unknown
            for place, fault in block.bad:
                report.add_bad(line + place, fault)
            line += block.lines
            bar.update(block.read - bar.n)
            yield block
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
    present = [settings["context_vocabulary"], settings["target_vocabulary"]]
    if not adapt and present != [encoder.contexts, encoder.targets]:
        raise ValueError(f"the token store {folder} has other vocabularies; choose another folder.")


def _encoded_file(record: dict[str, Any], path: Path) -> EncodedFile:
    report = ReadReport(path, record["kept"], Counter(record["bad"]), record["examples"], Counter(record["unknown"]))
    return EncodedFile(record["first"], report)


# --- lines to ids -----------------------------------------------------------------------------------------------------


def _encode(block: Block, encoder: _Encoder) -> EncodedBlock:
    """The good lines of a block as ids."""
    lines = lines_of(block.text)
    numbers, texts = _looked_up(lines, encoder)
    ids, lengths = _between_start_and_end(texts, encoder.dtype)
    accepted = well_formed(ids, lengths, encoder.notation, encoder.contexts, encoder.targets)
    lengths = lengths.reshape(-1, 2)
    is_good, bad, unknown = np.ones(len(lengths), bool), [], Counter()
    for pair in np.flatnonzero(~accepted.reshape(-1, 2).all(axis=1)):
        number = numbers[pair]
        try:
            unknown += _unknown_tokens(lines[number], encoder)
        except BadLine as fault:
            bad.append((number, fault))
            is_good[pair] = False
    if bad:
        ids = ids[np.repeat(is_good, lengths.sum(axis=1))]
    return EncodedBlock(ids.tobytes(), lengths[is_good], len(lines), bad, unknown, block.read)


def _looked_up(lines: list[str], encoder: _Encoder) -> tuple[list[int], list[bytes]]:
    """The numbers of the lines that are not blank, and the ids of their contexts and targets in turn, as bytes.

    Most of the time of encoding goes into this loop, so it does little more than look every token up.
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
        except KeyError:  # rare, so that a default for every token would cost more
            texts.append(pack(context_ids.get(token, UNKNOWN_ID) for token in context))
            texts.append(pack(target_ids.get(token, UNKNOWN_ID) for token in target))
        numbers.append(number)
    return numbers, texts


def _ids_of(vocabulary: Sequence[str]) -> dict[str, int]:
    """The ids of the real tokens only: where a text spells out a special token, that is an unknown one."""
    return {token: id_ for id_, token in enumerate(vocabulary) if id_ >= len(SPECIAL_TOKENS)}


def _between_start_and_end(texts: list[bytes], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """The ids of all texts in one array, each text between START and END, and the ids of each (n,)."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) // np.dtype(dtype).itemsize + 2
    if not texts:
        return np.empty(0, dtype), lengths
    start, end = (np.array(id_, dtype).tobytes() for id_ in (START_ID, END_ID))
    return np.frombuffer(start + (end + start).join(texts) + end, dtype), lengths


def _unknown_tokens(line: str, encoder: _Encoder) -> Counter:
    """How often a good line has each token that the vocabularies lack.

    Raises:
        BadLine: the line is a bad one.
    """
    _, *texts = encoder.parse(line)
    unknown = Counter()
    for text, vocabulary in zip(texts, (encoder.contexts, encoder.targets), strict=True):
        known = vocabulary[len(SPECIAL_TOKENS) :]
        unknown.update(token for token in tokens_of(text) if token not in known)
    return unknown


# --- vocabularies of the tokens that occur ----------------------------------------------------------------------------


def _adapt(folder: Path, settings: dict[str, Any]) -> None:
    """Give the tokens that occur new ids, the frequent first, and drop the others; nobody reads the store yet."""
    sides = ("context_vocabulary", "target_vocabulary")
    offset = len(settings[sides[0]])
    counts = np.zeros(offset + len(settings[sides[1]]), np.int64)
    for _, joint in _parts_of(folder, settings, offset):
        counts += np.bincount(joint, minlength=len(counts))
    new_ids = np.zeros(len(counts), settings["dtype"])
    for side, first in zip(sides, (0, offset), strict=True):
        old = {token: first + i for i, token in enumerate(settings[side])}
        real = [token for token in settings[side][len(SPECIAL_TOKENS) :] if counts[old[token]]]
        settings[side] = [*SPECIAL_TOKENS, *sorted(real, key=lambda token: (-counts[old[token]], token))]
        for i, token in enumerate(settings[side]):
            new_ids[old[token]] = i
    for ids, joint in _parts_of(folder, settings, offset):
        ids[:] = new_ids[joint]


def _parts_of(folder: Path, settings: dict[str, Any], offset: int) -> Iterator[tuple[np.memmap, np.ndarray]]:
    """The ids of a store part by part, to be overwritten in place, and the same as `joint_ids`."""
    store = TokenStore(
        np.memmap(folder / IDS, settings["dtype"], mode="r+", shape=(settings["ids"],)),
        np.memmap(folder / STARTS, np.int64, mode="r"),
        np.memmap(folder / CONTEXT_LENGTHS, np.uint16, mode="r"),
    )
    for first in range(0, settings["pairs"], _PAIRS_PER_STEP):
        part = store.part(first, _PAIRS_PER_STEP)
        lengths = np.stack([part.context_lengths, part.target_lengths], axis=1).ravel()
        ids = store.ids[part.starts[0] : part.starts[-1]]
        yield ids, joint_ids(ids, lengths, offset)
        store.release()
    store.ids.flush()
