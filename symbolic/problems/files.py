"""The published file formats, read and written: `count|input<TAB>output` or `input<TAB>output`, plain or gzip.

A file is text in UTF-8, a problem a line, prefix tokens with one space between them. Knows nothing of how problems are
made and what a model does with them.
"""

import contextlib
import dataclasses
import gzip
import logging
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd

from symbolic.atomic import atomic_path
from symbolic.expressions.prefix import MAX_DEPTH, PrefixError, from_prefix, is_prefix
from symbolic.problems.splits import SPLITS

_log = logging.getLogger(__name__)

MAX_BAD_SHARE = 0.01
_SHOWN_PER_REASON = 3
_GZIP_LEVEL = 6  # a tenth larger than the highest, 9, at a fifth of its time
_COUNT = re.compile("[1-9][0-9]{0,17}")
_DATA_FILE = re.compile(rf"(?P<name>.+)\.(?P<split>{'|'.join(SPLITS)})(\.gz)?")


class BadLine(ValueError):
    """A line is no problem. `reason` is a short fixed text to count by; the message names the place in the line."""

    def __init__(self, reason: str, detail: str):
        super().__init__(reason, detail)  # both, so that it survives the way from one process to another
        self.reason = reason

    def __str__(self) -> str:
        return ": ".join(self.args)


@dataclasses.dataclass
class ReadReport:
    """What was read from one file: `str(report)` is a small table.

    Attributes:
        path: the file.
        kept: lines that are problems.
        bad: reason -> lines left out for it.
        examples: the first few bad lines of each reason, as "file:line: what is wrong".
    """

    path: Path
    kept: int = 0
    bad: Counter = dataclasses.field(default_factory=Counter)
    examples: list[str] = dataclasses.field(default_factory=list)

    def add_bad(self, number: int, fault: BadLine) -> None:
        self.bad[fault.reason] += 1
        if self.bad[fault.reason] <= _SHOWN_PER_REASON:
            self.examples.append(f"{self.path}:{number}: {fault}")

    def check(self, max_bad_share: float) -> None:
        """Raises ValueError if the file was empty, or more than `max_bad_share` of its lines are bad."""
        bad = self.bad.total()
        lines = self.kept + bad
        if not lines:
            raise ValueError(f"{self.path} is empty: it holds no problem.")
        if bad > max_bad_share * lines:
            raise ValueError(
                f"{self.path}: {bad:,} of {lines:,} lines are bad, more than the {max_bad_share:.3g} allowed. "
                f"Correct them, or allow a larger share with max_bad_share (--max-bad-lines).\n{self}"
            )

    def __str__(self) -> str:
        counts = [f"{reason} {count:,}" for reason, count in self.bad.most_common()]
        return "\n".join([" · ".join([f"{self.path}: kept {self.kept:,}", *counts]), *self.examples])


def check_max_bad_share(share: float) -> None:
    """Raises ValueError unless `share` can be the share of bad lines that a file may have."""
    if not 0 <= share < 1:
        raise ValueError(f"`max_bad_share` (--max-bad-lines) must be from 0 up to, but not, 1. Received: {share}.")


def read_problems(path: Path | str, max_bad_share: float = MAX_BAD_SHARE) -> tuple[pd.DataFrame, ReadReport]:
    """The problems in one file, gzip if its name ends in `.gz`.

    Returns:
        A frame with the columns `count` (1 where the file has none), `input`, `output` and `line` (from 1 up), and a
        report of the lines left out. Blank lines are skipped.

    Raises:
        OSError: the file is missing, is a folder, or is not the gzip that its name promises.
        ValueError: it is empty, it is not UTF-8, or more than `max_bad_share` of its lines are bad.
    """
    return read_lines(path, parse_line, max_bad_share)


def read_lines(
    path: Path | str, parse: Callable[[str], tuple[int, str, str]], max_bad_share: float
) -> tuple[pd.DataFrame, ReadReport]:
    """What `read_problems` returns, of a file whose lines `parse` reads: count, input and output, or a `BadLine`."""
    check_max_bad_share(max_bad_share)
    path = Path(path)
    report = ReadReport(path)
    rows = []
    for number, line in numbered_lines(path):
        try:
            rows.append((*parse(line), number))
        except BadLine as fault:
            report.add_bad(number, fault)
    report.kept = len(rows)
    report.check(max_bad_share)
    return pd.DataFrame(rows, columns=["count", "input", "output", "line"]), report


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file that are not blank, without their ends, numbered from 1; gzip if it is named `.gz`.

    Raises:
        OSError: the file is missing, is a folder, or is not the gzip that its name promises.
        ValueError: it is not UTF-8.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; a file of problems was expected.")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist. Beside it there are: {_listing(path.parent)}.")
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line := line.rstrip("\n"):
                    yield number, line
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8: {error.reason}.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise OSError(f"{path} is named .gz but is no whole gzip file: {error}.") from None


def parse_line(line: str) -> tuple[int, str, str]:
    """The count, input and output in a line `count|input<TAB>output` or `input<TAB>output`.

    Raises:
        BadLine: the line cannot be right.
    """
    sides = line.split("\t")
    if len(sides) != 2:
        raise BadLine("not one tab", f"one tab between input and output was expected, {len(sides) - 1} found")
    before, bar, source = sides[0].rpartition("|")
    if bar and not _COUNT.fullmatch(before):
        raise BadLine("bad count", f"a positive number was expected before `|`, `{before[:40]}` found")
    for side, text in (("input", source), ("output", sides[1])):
        _check_side(side, text)
    return int(before) if bar else 1, source, sides[1]


def _check_side(side: str, text: str) -> None:
    if not text:
        raise BadLine(f"empty {side}", f"the {side} was expected {'before' if side == 'input' else 'after'} the tab")
    tokens = text.split(" ")
    if len(tokens) <= MAX_DEPTH and is_prefix(tokens):  # too short to be too deep, which is_prefix does not check
        return
    try:
        from_prefix(tokens)  # slower, and says what is wrong
    except PrefixError as error:
        raise BadLine(error.reason, f"in the {side}, {error}") from None


def find_data_files(folder: Path | str) -> dict[str, Path]:
    """The files "train", "valid" and "test" of the one data set in a folder.

    They are named `NAME.train`, `NAME.valid` and `NAME.test`, each with or without `.gz`: `integration.train` in the
    first replication, `prim_fwd.train` among the published files.

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
            f"and NAME.test were expected, such as integration.train. There are: {_listing(folder)}."
        )
    return {split: files[split] for split in SPLITS}


def _listing(folder: Path, most: int = 10) -> str:
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join(names[:most] + more) or "no files"


def read_data_folder(folder: Path | str, max_bad_share: float = MAX_BAD_SHARE) -> dict[str, pd.DataFrame]:
    """The data set in a folder: "train", "valid" and "test" -> frame, as `find_data_files` and `read_problems` have it.

    The reports of the three files are logged, as warnings where lines were left out.
    """
    frames = {}
    for split, path in find_data_files(folder).items():
        frames[split], report = read_problems(path, max_bad_share)
        _log.log(logging.WARNING if report.bad else logging.INFO, "%s", report)
    return frames


def write_problems(path: Path | str, problems: Iterable[tuple[str, str]]) -> None:
    """Write (input, output) pairs as `input<TAB>output`, gzip if the name ends in `.gz`: the whole file or none of it.

    The compressed bytes hold neither time nor name, so the same problems give the same file (with the same zlib).
    """
    _write_lines(path, (f"{source}\t{target}\n" for source, target in problems))


def write_counted_problems(path: Path | str, problems: Iterable[tuple[int, str, str]]) -> None:
    """Write (count, input, output) as `count|input<TAB>output`, and all else as `write_problems` does."""
    _write_lines(path, (f"{count}|{source}\t{target}\n" for count, source, target in problems))


def _write_lines(path, lines: Iterable[str]) -> None:
    with atomic_path(path) as temporary, open(temporary, "wb") as raw, contextlib.ExitStack() as stack:
        packed = raw
        if temporary.suffix == ".gz":
            packed = stack.enter_context(gzip.GzipFile("", "wb", _GZIP_LEVEL, fileobj=raw, mtime=0))
        for line in lines:
            packed.write(line.encode())
