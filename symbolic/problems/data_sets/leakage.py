"""How much of one set of problems another one holds too: equal equations, and equations equal up to their numbers."""

import dataclasses
import tempfile
from pathlib import Path

import duckdb

from symbolic.problems.data_sets.database import Resources, find_source_files, open_database, read_files
from symbolic.problems.files import MAX_BAD_SHARE, check_max_bad_share


@dataclasses.dataclass
class Leakage:
    """How many problems of one file another one holds too; `str(leakage)` is a small table.

    Attributes:
        seen, tested: names of the two.
        problems: lines in `tested`.
        exact: those with an equation that is in `seen`.
        skeleton: those with an equation that is in `seen` up to its numbers, the `exact` ones included.
    """

    seen: str
    tested: str
    problems: int
    exact: int
    skeleton: int

    def __str__(self) -> str:
        kinds = [
            f"{kind} {found:,} ({found / self.problems:.2%})"
            for kind, found in (("exact", self.exact), ("skeleton", self.skeleton))
        ]
        return f"of the {self.problems:,} problems in {self.tested}, in {self.seen}: {' · '.join(kinds)}"


def leakage_between(
    seen: Path | str, tested: Path | str, *, max_bad_share: float = MAX_BAD_SHARE, workers: int | None = 1
) -> Leakage:
    """How many of the problems in one file or folder, `tested`, are also in another, `seen`.

    Args:
        seen, tested: files of problems, or folders of such files.
        max_bad_share: fraction of bad lines allowed in a file.
        workers: processes that check lines, and threads of DuckDB; None for all cores.

    Raises:
        OSError: a file that cannot be read.
        ValueError: an argument out of its range, or a file that is no problem file.
    """
    check_max_bad_share(max_bad_share)
    resources = Resources(workers)
    with tempfile.TemporaryDirectory() as folder, open_database(folder, resources) as database:
        for table, source in (("seen", seen), ("tested", tested)):
            read_files(database, table, find_source_files([Path(source)]), "exact", max_bad_share, resources)
        return leakage_of_tables(database, "seen", "tested", str(seen), str(tested))


def leakage_of_tables(
    database: duckdb.DuckDBPyConnection, seen: str, tested: str, seen_name: str = "", tested_name: str = ""
) -> Leakage:
    """How many rows of the table `tested` are also in `seen`; both have the columns `exact` and `skeleton`."""

    def found(where):
        return database.execute(f"SELECT count(*) FROM {tested} {where}").fetchone()[0]

    shared = {kind: found(f"SEMI JOIN {seen} USING ({kind})") for kind in ("exact", "skeleton")}
    return Leakage(seen_name or seen, tested_name or tested, found(""), **shared)
