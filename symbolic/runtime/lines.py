"""Files of lines, plain, compressed (gzip, xz or bzip2) or Parquet (`.parquet`), and reports of the bad lines in them.

Whether a file is compressed is read from its first bytes, whatever its name. Text is UTF-8, with or without a byte
order mark, and lines end with LF or CRLF. Blanks at the edges of a text and doubled blanks are left out.

A line is a text, a tab and a text; a text is tokens with one space between them. A Parquet file has the two texts in
its columns `input` and `output`. This module splits files into lines and counts the bad ones. Which lines are bad is
decided by the modules that parse the tokens: they raise `BadLine`.
"""

import bz2
import dataclasses
import glob
import gzip
import itertools
import lzma
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAX_TOKENS = (1 << 16) - 3  # of a text: a token store counts them in 16 bits, together with a start and an end token
OVERLONG = "\ufffd"  # takes the place of a line of more than `_LINE_BYTES`; the character makes any text bad
_LINE_BYTES = 1 << 22  # more than two texts of `MAX_TOKENS` need
_BLOCK_BYTES = 1 << 21
_BLOCK_ROWS = 10_000
_SHOWN_PER_REASON = 3
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DECOMPRESSORS = {b"\x1f\x8b": gzip.open, b"\xfd7zXZ\x00": lzma.open, b"BZh": bz2.open}  # by first bytes
_ZSTD = b"\x28\xb5\x2f\xfd"
_COMPRESSED = (".gz", ".xz", ".bz2", ".zst")
_NEEDLESS = (b"  ", b" \n", b" \t", b"\n ", b"\t ")  # looking for these is faster than the pattern below
_NEEDLESS_BLANKS = re.compile(rb"(?:(?<=[\n\t ])|\A) +| +(?=[\n\t]|\Z)")
_COUNT = re.compile("[1-9][0-9]{0,17}")


class BadLine(ValueError):
    """A line is bad. Lines are counted by `reason`, a short fixed text; `detail` names the place in the line."""

    def __init__(self, reason: str, detail: str):
        super().__init__(reason, detail)  # both, so that it can be pickled between processes
        self.reason = reason

    def __str__(self) -> str:
        return ": ".join(self.args)


@dataclasses.dataclass
class ReadReport:
    """Counts of the lines of one file; `str(report)` is a small table.

    Attributes:
        path: the file.
        kept: good lines.
        bad: reason -> lines left out for it.
        examples: the first few bad lines of each reason, as "file:line: reason: detail".
        unknown: token that a vocabulary lacks -> how often it is in the kept lines.
        line_format: what a good line is, for the error about too many bad ones.
    """

    path: Path
    kept: int = 0
    bad: Counter = dataclasses.field(default_factory=Counter)
    examples: list[str] = dataclasses.field(default_factory=list)
    unknown: Counter = dataclasses.field(default_factory=Counter)
    line_format: str = (
        "A line is `input<TAB>output` or `count|input<TAB>output`, both of tokens with one space between them."
    )

    def add_bad(self, number: int, fault: BadLine) -> None:
        self.bad[fault.reason] += 1
        if self.bad[fault.reason] <= _SHOWN_PER_REASON:
            self.examples.append(f"{self.path}:{number}: {_escaped(str(fault))}")

    def check(self, max_bad_share: float) -> None:
        """Raises ValueError if the file is empty or the fraction of bad lines is above `max_bad_share`."""
        bad = self.bad.total()
        lines = self.kept + bad
        if not lines:
            raise ValueError(f"{self.path} is empty: it holds no problem.")
        if bad > max_bad_share * lines:
            raise ValueError(
                f"{self.path}: {bad:,} of {lines:,} lines are bad, more than the {max_bad_share:.3g} allowed. "
                f"Correct them, or allow a larger fraction with max_bad_share (--max-bad-lines). {self.line_format}"
                f"\n{self}"
            )

    def __str__(self) -> str:
        counts = [f"{reason} {count:,}" for reason, count in self.bad.most_common()]
        unknown = [f"not in the vocabulary: {token} {count:,}" for token, count in self.unknown.most_common()]
        return "\n".join([" · ".join([f"{self.path}: kept {self.kept:,}", *counts, *unknown]), *self.examples])


def _escaped(text: str) -> str:
    """The text with its control characters as escapes, so that a terminal shows and does not obey them."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def check_max_bad_share(share: float) -> None:
    """Raises ValueError unless `share`, the largest fraction of bad lines in a file, is in [0, 1)."""
    if not 0 <= share < 1:
        raise ValueError(f"`max_bad_share` (--max-bad-lines) must be at least 0 and less than 1. Received: {share}.")


class Block(NamedTuple):
    """A piece of a file that ends at the end of a line.

    Attributes:
        text: UTF-8, to be split by `lines_of`.
        read: bytes of the file read so far, for a progress bar.
    """

    text: bytes
    read: int


def blocks(path: Path) -> Iterator[Block]:
    """The lines of a file, about 2 MB at a time.

    Raises:
        OSError: the file is missing, is a folder, is not what its name promises, or is compressed in another way.
        ValueError: a Parquet file lacks the columns, or the text is UTF-16.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; a file of problems was expected.")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist. Beside it there are: {listing(path.parent)}.")
    return (_parquet_blocks if path.suffix == ".parquet" else _text_blocks)(path)


def _text_blocks(path: Path) -> Iterator[Block]:
    with open(path, "rb") as raw:
        file = _decompressed(path, raw)
        try:
            text = file.read(_BLOCK_BYTES)
            if text.startswith(_UTF_16_MARKS):
                raise ValueError(f"{path} is text in UTF-16: save it as UTF-8, or `iconv -f UTF-16 -t UTF-8`.")
            text = text.removeprefix(_BYTE_ORDER_MARK)
            while text:
                yield Block(_whole_lines(text, file), raw.tell())
                text = file.read(_BLOCK_BYTES)
        except (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError) as error:
            raise OSError(f"{path} is compressed, and not whole: {error}.") from None
        except OSError as error:
            if isinstance(file, bz2.BZ2File):
                raise OSError(f"{path} is compressed, and not whole: {error}.") from None
            raise


def _decompressed(path: Path, raw: BinaryIO) -> BinaryIO:
    """A file as it would be unpacked.

    Raises:
        OSError: its name promises what it is not, or Python cannot unpack it.
    """
    head = raw.read(6)
    raw.seek(0)
    if head.startswith(_ZSTD):
        raise OSError(f"{path} is compressed by zstd, which is not read here: unpack it with `zstd -d` first.")
    for first_bytes, opened in _DECOMPRESSORS.items():
        if head.startswith(first_bytes):
            return opened(raw)
    if path.suffix.lower() in _COMPRESSED:
        raise OSError(f"{path} is named {path.suffix} but is no such file: it begins with {head!r}.")
    return raw


def _whole_lines(text: bytes, file: BinaryIO) -> bytes:
    """The text just read, completed to the end of its last line, or with OVERLONG in place of a last line too long."""
    rest = file.readline(_LINE_BYTES)
    if len(rest) < _LINE_BYTES or rest.endswith(b"\n"):
        return text + rest
    while rest and not rest.endswith(b"\n"):
        rest = file.readline(_LINE_BYTES)
    return text[: text.rfind(b"\n") + 1] + OVERLONG.encode() + b"\n"


def _parquet_blocks(path: Path) -> Iterator[Block]:
    import duckdb  # slow to import, and few files need it

    size, name = path.stat().st_size, glob.escape(str(path))  # DuckDB reads a name as a pattern
    with duckdb.connect() as connection:
        try:
            (total,) = connection.execute("SELECT count(*) FROM read_parquet(?)", [name]).fetchone()
            # A line break inside a text would end the line. It is replaced by a word that is no token: a bad line.
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
    """The lines of a block without their line ends. Bytes that are not UTF-8 become U+FFFD, which is in no token.

    Blanks at the edges of lines and around tabs are left out, and of several in a row all but one.
    """
    text = text.replace(b"\r\n", b"\n")
    if any(blanks in text for blanks in _NEEDLESS) or text.startswith(b" ") or text.endswith(b" "):
        text = _NEEDLESS_BLANKS.sub(b"", text)
    return text.decode(errors="replace").removesuffix("\n").split("\n")


def cut_count(text: str) -> tuple[int, str]:
    """The count and the text of `count|text`: count 1 if there is no `|`, 0 and the whole text if it is no number."""
    count, bar, counted = text.rpartition("|")
    if not bar:
        return 1, text
    return (int(count), counted) if _COUNT.fullmatch(count) else (0, text)


def tokens_of(text: str) -> list[str]:
    """The tokens of a text. Raises BadLine if there are more than `MAX_TOKENS`."""
    tokens = text.split(" ")
    if len(tokens) > MAX_TOKENS:
        raise BadLine("too long", f"a text has at most {MAX_TOKENS:,} tokens, {len(tokens):,} found")
    return tokens


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number, line) of the lines that are not blank, counted from 1, without line ends. Raises what `blocks` does."""
    lines = itertools.chain.from_iterable(lines_of(block.text) for block in blocks(path))
    return ((number, line) for number, line in enumerate(lines, 1) if line)


def listing(folder: Path, most: int = 10) -> str:
    """The first names in a folder, hidden ones apart, for errors about a missing file."""
    there = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    names = sorted(name for name in there if not name.startswith("."))
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join(names[:most] + more) or "no files"
