"""The journal of a shard: a file with a record of every draw, which outlives the process that draws.

A record is a line: its kind, a tab and a text. A process that is killed leaves whole lines and at most one cut line,
which is ignored. Only this module reads and writes the lines.

    problem     EQUATION<TAB>SOLUTION     the draw gave this problem
    rejected    REASON                    the draw gave none, or one that the shard does not want
    lost        REASON                    the process died during the draw; its parent adds this
    begun                                 a process begins to draw; its parent takes this out after its death

Every record but `begun` stands for one draw, in the order of the draws.
"""

import enum
import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from symbolic.problems.problem import Problem


class Kind(enum.StrEnum):
    """The kinds of records; the module's docstring has their meanings."""

    PROBLEM = "problem"
    REJECTED = "rejected"
    LOST = "lost"
    BEGUN = "begun"


class Record(NamedTuple):
    """One line: its kind, and the problem or the reason why there is none."""

    kind: Kind
    text: str = ""

    @classmethod
    def of_problem(cls, problem: Problem) -> "Record":
        return cls(Kind.PROBLEM, "\t".join(problem))

    @classmethod
    def of_rejection(cls, reason: str) -> "Record":
        return cls(Kind.REJECTED, reason.replace("\n", " "))  # a family may give any text as its reason


def append(file: BinaryIO, record: Record) -> None:
    """Write a record at the end of an unbuffered file, in one call.

    Raises:
        OSError: the disk is full, and only a part of the record was written.
    """
    line = _line(record)
    if file.write(line) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def rewrite(journal: Path, records: Iterable[Record]) -> None:
    """Write a journal anew; for the parent, while no process draws."""
    journal.write_bytes(b"".join(map(_line, records)))


def _line(record: Record) -> bytes:
    return f"{record.kind}\t{record.text}\n".encode()


def read(journal: Path) -> list[Record]:
    """The records in a journal; none if the file is not there."""
    if not journal.exists():
        return []
    *lines, _ = journal.read_bytes().split(b"\n")  # what follows the last line end is empty, or was cut by a death
    records = (line.decode().partition("\t") for line in lines)
    return [Record(Kind(kind), text) for kind, _, text in records]


def count_problems(journal: Path) -> int:
    """How many problems a journal holds so far; `read` would take longer."""
    lines = b"\n" + journal.read_bytes() if journal.exists() else b""
    return lines.count(f"\n{Kind.PROBLEM}\t".encode())
