"""The published file formats, read and written: `count|input<TAB>output` or `input<TAB>output`, plain or compressed.

A file is text in UTF-8 with a problem a line, in prefix tokens with one space between them. Parquet files with the
columns input and output are read too.
"""

import contextlib
import gzip
import itertools
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from symbolic.expressions.notation import MAX_DEPTH, is_prefix
from symbolic.expressions.prefix import PrefixError, from_prefix
from symbolic.problems.splits import SPLITS
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.lines import (
    OVERLONG,
    BadLine,
    ReadReport,
    check_max_bad_share,
    cut_count,
    listing,
    numbered_lines,
    tokens_of,
)
from symbolic.runtime.names import unknown_name

_log = logging.getLogger(__name__)

MAX_BAD_SHARE = 0.01
_COLUMNS = ["count", "input", "output", "line"]
_GZIP_LEVEL = 6  # a tenth larger than the highest, 9, at a fifth of its time
_DATA_FILE = re.compile(rf"(?P<name>.+)\.(?P<split>{'|'.join(SPLITS)})(\.(?i:gz|xz|bz2|zst)|\.parquet)?")
PREFIX, ANY = (
    "prefix",
    "any",
)  # what the tokens of a file may be: those of the token table in prefix order, or any words
LINE_FORMAT = (
    "A line is `input<TAB>output` or `count|input<TAB>output`, both in prefix tokens with one space between them, such "
    "as `sub Y' cos x<TAB>sin x`. `symbolic convert` reads formulas as people write them."
)


def read_problems(path: Path | str, max_bad_share: float = MAX_BAD_SHARE) -> tuple[pd.DataFrame, ReadReport]:
    """The problems in one file, plain or compressed (see `runtime.lines`), Parquet if its name ends in `.parquet`.

    Returns:
        A frame with the columns `count` (1 where the file has none), `input`, `output` and `line` (from 1 up), and a
        report of the lines left out. Blank lines are skipped.

    Raises:
        OSError: the file is missing, is a folder, or is not the gzip or Parquet that its name promises.
        ValueError: it is empty, or a larger fraction than `max_bad_share` of its lines is bad.
    """
    return read_lines(path, parse_line, max_bad_share, LINE_FORMAT)


def read_lines(
    path: Path | str,
    parse: Callable[[str], tuple[int, str, str]],
    max_bad_share: float,
    line_format: str | None = None,
) -> tuple[pd.DataFrame, ReadReport]:
    """What `read_problems` returns, of a file whose lines `parse` reads: count, input and output, or a `BadLine`.

    Args:
        line_format: what a good line is, for the error about too many bad ones; None for `input<TAB>output`.
    """
    check_max_bad_share(max_bad_share)
    path = Path(path)
    report = ReadReport(path) if line_format is None else ReadReport(path, line_format=line_format)
    rows = list(_good_lines(path, parse, report))
    report.kept = len(rows)
    report.check(max_bad_share)
    return pd.DataFrame(rows, columns=_COLUMNS), report


def _good_lines(
    path: Path, parse: Callable[[str], tuple[int, str, str]], report: ReadReport
) -> Iterator[tuple[int, str, str, int]]:
    for number, line in numbered_lines(path):
        try:
            yield (*parse(line), number)
        except BadLine as fault:
            report.add_bad(number, fault)


def parse_line(line: str) -> tuple[int, str, str]:
    """The count, input and output in a line `count|input<TAB>output` or `input<TAB>output`.

    Raises:
        BadLine: the line cannot be right.
    """
    if line == OVERLONG:
        raise BadLine("too long", "a line of more than 4 MB")
    sides = line.split("\t")
    if len(sides) != 2:
        raise BadLine("not one tab", f"one tab between input and output was expected, {len(sides) - 1} found")
    count, source = cut_count(sides[0])
    if not count:
        before = source.rpartition("|")[0]
        raise BadLine("bad count", f"a positive number was expected before `|`, `{before[:40]}` found")
    for side, text in (("input", source), ("output", sides[1])):
        _check_side(side, text)
    return count, source, sides[1]


def parse_any_line(line: str) -> tuple[int, str, str]:
    """The same for a line of any words, whatever they mean.

    Raises:
        BadLine: there is not one tab, a side is empty, or a side has too many words.
    """
    sides = line.split("\t")
    if line == OVERLONG or len(sides) != 2:
        raise BadLine("not one tab", f"one tab between input and output was expected, {len(sides) - 1} found")
    count, source = cut_count(sides[0])
    for side, text in (("input", source), ("output", sides[1])):
        if not text:
            raise BadLine(f"empty {side}", f"words were expected {'before' if side == 'input' else 'after'} the tab")
        tokens_of(text)
    return count or 1, source, sides[1]


def _check_side(side: str, text: str) -> None:
    if not text:
        raise BadLine(f"empty {side}", f"the {side} was expected {'before' if side == 'input' else 'after'} the tab")
    tokens = tokens_of(text)
    if len(tokens) <= MAX_DEPTH and is_prefix(tokens):  # too short to be too deep, which is_prefix does not check
        return
    try:
        from_prefix(tokens)  # slower, but its error tells what is wrong
    except PrefixError as error:
        raise BadLine(error.reason, f"in the {side}, {error}") from None


def find_data_files(folder: Path | str) -> dict[str, Path]:
    """The files "train", "valid" and "test" of the one data set in a folder.

    They are named `NAME.train`, `NAME.valid` and `NAME.test`, and may end in `.gz` or `.parquet`: integration.train
    in the first replication, `prim_fwd.train` among the published files.

    Raises:
        OSError: there is no such folder, or not all three files are in it.
        ValueError: the folder holds several data sets, or one file twice.
    """
    folder = Path(folder)
    if not folder.is_dir():
        there = "is not a folder" if folder.exists() else "does not exist"
        raise NotADirectoryError(f"{folder} {there}; a folder with NAME.train, NAME.valid and NAME.test was expected.")
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        match = _DATA_FILE.fullmatch(path.name)
        if not match:
            continue
        files = found.setdefault(match["name"], {})
        if match["split"] in files:
            raise ValueError(f"{folder} holds both {files[match['split']].name} and {path.name}: keep one of them.")
        files[match["split"]] = path
    if len(found) > 1:
        raise ValueError(f"{folder} holds several data sets ({', '.join(found)}): give each a folder of its own.")
    (files,) = found.values() or ({},)
    if missing := [split for split in SPLITS if split not in files]:
        raise FileNotFoundError(
            f"{folder} has no file {', '.join(f'NAME.{split}' for split in missing)} (or .gz); NAME.train, NAME.valid "
            f"and NAME.test were expected, such as integration.train. There are: {listing(folder)}."
        )
    return {split: files[split] for split in SPLITS}


class ProblemFiles(NamedTuple):
    """A split of a data set, in files that are read when asked for: a problem of each in turn.

    Attributes:
        paths: the files.
        max_bad_share: fraction of bad lines allowed in each when it is read whole.
        tokens: what their tokens may be, PREFIX or ANY.
    """

    paths: tuple[Path, ...]
    max_bad_share: float = MAX_BAD_SHARE
    tokens: str = PREFIX

    @property
    def parse(self) -> Callable[[str], tuple[int, str, str]]:
        return parse_line if self.tokens == PREFIX else parse_any_line

    def head(self, n: int = 5) -> pd.DataFrame:
        """The first n good problems, as `frame` has them; reads no further."""
        return _in_turns([_first_problems(path, self.parse, n) for path in self.paths]).head(n)

    def frame(self, take_turns: bool = True) -> pd.DataFrame:
        """All problems in memory, as `read_problems` returns them; its reports are logged. Raises what it raises.

        Args:
            take_turns: whether several files are taken in turns, a problem each, or one file after the other.
        """
        frames = [_reported(*read_lines(path, self.parse, self.max_bad_share)) for path in self.paths]
        return _in_turns(frames) if take_turns else pd.concat(frames, ignore_index=True)


def spread(n: int, total: int) -> np.ndarray:
    """The places of n of `total` problems (of all, if there are fewer), evenly spread.

    Prepared and published files are sorted by how often a problem was drawn, so they begin with easy ones.
    """
    n = min(n, total)
    return np.arange(n) * total // max(1, n)


def _first_problems(path: Path, parse: Callable[[str], tuple[int, str, str]], n: int) -> pd.DataFrame:
    return pd.DataFrame(itertools.islice(_good_lines(path, parse, ReadReport(path)), n), columns=_COLUMNS)


def in_turns(counts: Iterable[int]) -> np.ndarray:
    """The order of problems of several files laid end to end: the first of each file, then the second of each.

    Args:
        counts: problems in each file.
    """
    return np.argsort(np.concatenate([np.arange(count) for count in counts]), kind="stable")


def _in_turns(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames).iloc[in_turns(map(len, frames))].reset_index(drop=True)


def _reported(frame: pd.DataFrame, report: ReadReport) -> pd.DataFrame:
    _log.log(logging.WARNING if report.bad else logging.INFO, "%s", report)
    return frame


def find_data(
    folders: Iterable[Path | str], max_bad_share: float = MAX_BAD_SHARE, tokens: str = PREFIX
) -> dict[str, ProblemFiles]:
    """The splits of one or several data sets, joined.

    Raises:
        OSError, ValueError: as `find_data_files` does, or `max_bad_share` is out of its range, or `tokens` is neither
            PREFIX nor ANY.
    """
    check_max_bad_share(max_bad_share)
    if tokens not in (PREFIX, ANY):
        raise unknown_name("kind of tokens", tokens, (PREFIX, ANY))
    found = [find_data_files(folder) for folder in folders]
    return {split: ProblemFiles(tuple(files[split] for files in found), max_bad_share, tokens) for split in SPLITS}


def read_data_folder(folder: Path | str, max_bad_share: float = MAX_BAD_SHARE) -> dict[str, pd.DataFrame]:
    """The data set in a folder: "train", "valid" and "test" -> frame, as `read_problems` returns it.

    The reports of the three files are logged, as warnings where lines were left out. Raises what `find_data` does.
    """
    return {split: files.frame() for split, files in find_data([folder], max_bad_share).items()}


def write_problems(path: Path | str, problems: Iterable[tuple[str, str]]) -> None:
    """Write (input, output) pairs as `input<TAB>output`, gzip if the name ends in `.gz`: the whole file or none of it.

    The compressed bytes hold neither time nor name, so the same problems give the same file (if zlib is the same).
    """
    _write_lines(path, (f"{source}\t{target}\n" for source, target in problems))


def write_counted_problems(path: Path | str, problems: Iterable[tuple[int, str, str]]) -> None:
    """Write (count, input, output) as `count|input<TAB>output`; everything else is as in `write_problems`."""
    _write_lines(path, (f"{count}|{source}\t{target}\n" for count, source, target in problems))


def _write_lines(path, lines: Iterable[str]) -> None:
    with atomic_path(path) as temporary, open(temporary, "wb") as raw, contextlib.ExitStack() as stack:
        packed = raw
        if temporary.suffix == ".gz":
            packed = stack.enter_context(gzip.GzipFile("", "wb", _GZIP_LEVEL, fileobj=raw, mtime=0))
        for line in lines:
            packed.write(line.encode())
