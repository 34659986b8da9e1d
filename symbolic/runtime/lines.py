"""Files of lines: plain text, gzip (`.gz`) or Parquet (`.parquet`), and what becomes of the lines that are no good.

A line is a text, a tab and a text, each of tokens with one space between them; a Parquet file has them in its columns
`input` and `output`. What is said here of lines holds for whoever reads them. Knows nothing of what tokens mean.
"""

import dataclasses
import glob
import gzip
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAX_TOKENS = (1 << 16) - 3  # of a text: a token store counts them in 16 bits, with one more before and one behind
OVERLONG = "\ufffd"  # stands for a line of more than `_LINE_BYTES`; no text may have the character
_LINE_BYTES = 1 << 22  # more than two texts of `MAX_TOKENS` take
_BLOCK_BYTES = 1 << 21
_BLOCK_ROWS = 10_000
_SHOWN_PER_REASON = 3
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COUNT = re.compile("[1-9][0-9]{0,17}")


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
        unknown: token -> how often the lines kept have it where a vocabulary lacks it.
    """

    path: Path
    kept: int = 0
    bad: Counter = dataclasses.field(default_factory=Counter)
    examples: list[str] = dataclasses.field(default_factory=list)
    unknown: Counter = dataclasses.field(default_factory=Counter)

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
        unknown = [f"not in the vocabulary: {token} {count:,}" for token, count in self.unknown.most_common()]
        return "\n".join([" · ".join([f"{self.path}: kept {self.kept:,}", *counts, *unknown]), *self.examples])


def check_max_bad_share(share: float) -> None:
    """Raises ValueError unless `share` can be the share of bad lines that a file may have."""
    if not 0 <= share < 1:
        raise ValueError(f"`max_bad_share` (--max-bad-lines) must be from 0 up to, but not, 1. Received: {share}.")


class Block(NamedTuple):
    """Some whole lines of a file.

    Attributes:
        text: the lines, UTF-8; `lines_of` takes them apart.
        read: how many of the file's bytes are read so far.
    """

    text: bytes
    read: int


def blocks(path: Path) -> Iterator[Block]:
    """The lines of a file, about 2 MB at a time.

    Raises:
        OSError: the file is missing, is a folder, or is not the gzip or Parquet that its name promises.
        ValueError: a Parquet file lacks the columns.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; a file of problems was expected.")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist. Beside it there are: {listing(path.parent)}.")
    return (_parquet_blocks if path.suffix == ".parquet" else _text_blocks)(path)


def _text_blocks(path: Path) -> Iterator[Block]:
    with open(path, "rb") as raw:
        file = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        try:
            text = file.read(_BLOCK_BYTES).removeprefix(_BYTE_ORDER_MARK)
            while text:
                yield Block(_whole_lines(text, file), raw.tell())
                text = file.read(_BLOCK_BYTES)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise OSError(f"{path} is named .gz but is no whole gzip file: {error}.") from None


def _whole_lines(text: bytes, file: BinaryIO) -> bytes:
    """A text that was read from the file, and what its last line lacks. A line without end must not fill the memory."""
    rest = file.readline(_LINE_BYTES)
    if len(rest) < _LINE_BYTES or rest.endswith(b"\n"):
        return text + rest
    while rest and not rest.endswith(b"\n"):
        rest = file.readline(_LINE_BYTES)
    return text[: text.rfind(b"\n") + 1] + OVERLONG.encode() + b"\n"


def _parquet_blocks(path: Path) -> Iterator[Block]:
    import duckdb  # which takes its time to load, and few files need it

    size, name = path.stat().st_size, glob.escape(str(path))  # DuckDB takes a name for a pattern
    with duckdb.connect() as connection:
        try:
            (total,) = connection.execute("SELECT count(*) FROM read_parquet(?)", [name]).fetchone()
            # A line break inside a text would be taken for the end of a line: here it is a token that no text may have.
            rows = connection.execute(
                "SELECT replace(coalesce(input, '') || chr(9) || coalesce(output, ''), chr(10), '\\n') || chr(10) "
                "FROM read_parquet(?)",
                [name],
            )
            done = 0
            while lines := rows.fetchmany(_BLOCK_ROWS):
                done += len(lines)
                yield Block("".join(line for (line,) in lines).encode(), size * done // total)
        except (duckdb.BinderException, duckdb.ConversionException):
            raise ValueError(f"{path} must have the columns input and output, of texts.") from None
        except duckdb.Error as error:
            raise OSError(f"{path} is named .parquet but cannot be read as such: {error}") from None


def lines_of(text: bytes) -> list[str]:
    """The lines of a block without their ends. Bytes that are not UTF-8 become U+FFFD, which no token has."""
    return text.decode(errors="replace").replace("\r\n", "\n").removesuffix("\n").split("\n")


def cut_count(text: str) -> tuple[int, str]:
    """The count and the text in `count|text`; 1 where there is no `|`, and 0 and all of it where the count is wrong."""
    count, bar, counted = text.rpartition("|")
    if not bar:
        return 1, text
    return (int(count), counted) if _COUNT.fullmatch(count) else (0, text)


def tokens_of(text: str) -> list[str]:
    """The tokens of a text; BadLine if they are more than `MAX_TOKENS`."""
    tokens = text.split(" ")
    if len(tokens) > MAX_TOKENS:
        raise BadLine("too long", f"a text has at most {MAX_TOKENS:,} tokens, {len(tokens):,} found")
    return tokens


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not blank, without their ends, numbered from 1. Raises what `blocks` does."""
    lines = itertools.chain.from_iterable(lines_of(block.text) for block in blocks(path))
    return ((number, line) for number, line in enumerate(lines, 1) if line)


def listing(folder: Path, most: int = 10) -> str:
    """The first names in a folder, for messages about a file that is not there."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join(names[:most] + more) or "no files"
