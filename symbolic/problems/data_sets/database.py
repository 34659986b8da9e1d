"""A database of problems on disk, and how files of problems get into it.

DuckDB moves to disk what does not fit in its memory limit, so memory does not grow with the number of problems.
Processes of this machine, or the nodes of a Ray cluster, check lines and find skeletons; the database is this
machine's.
"""

import contextlib
import dataclasses
import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import duckdb
import numpy as np

from symbolic.problems.files import LINE_FORMAT, BadLine, ReadReport, numbered_lines, parse_line
from symbolic.problems.splits import SPLITS, content_hash, skeleton, split_of
from symbolic.runtime import cluster
from symbolic.runtime.disks import full_disk, full_disk_named
from symbolic.runtime.processes import ordered_map
from symbolic.runtime.progress import tqdm

MEMORY_LIMIT = "4GB"

_NOT_PROBLEMS = (".json", ".md")  # what may lie beside shards
_BATCH = 5_000  # lines that a process checks at a time


@dataclasses.dataclass(frozen=True)
class Resources:
    """What reading files and the database may use. None of it changes what comes out.

    Attributes:
        workers: processes, or Ray tasks on a cluster, that check lines, and threads of DuckDB; None for all cores.
        on_cluster: whether the nodes of a Ray cluster check the lines, in place of processes of this machine.
        memory_limit: what DuckDB may use before it goes to disk, such as "4GB".
    """

    workers: int | None = 1
    on_cluster: bool = False
    memory_limit: str = MEMORY_LIMIT

    def __post_init__(self):
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"`workers` must be at least 1. Received: {self.workers}.")


def find_source_files(sources: Iterable[Path]) -> list[Path]:
    """The files, and those in the folders, each once.

    Raises:
        OSError: one of them does not exist.
        ValueError: a folder holds no files of problems.
    """
    found = []
    for source in sources:
        files = [source]
        if source.is_dir():
            files = [path for path in sorted(source.iterdir()) if path.is_file() and _may_hold_problems(path)]
            if not files:
                raise ValueError(f"{source} holds no files of problems.")
        elif not source.exists():
            raise FileNotFoundError(f"{source} does not exist; a file or a folder of files was expected.")
        found += files
    return list({path.resolve(): path for path in found}.values())


def _may_hold_problems(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix not in _NOT_PROBLEMS


@contextlib.contextmanager
def open_database(temp: Path | str, resources: Resources, wanted: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in a new folder inside `temp`, which also takes what does not fit in memory; gone with the block.

    Args:
        wanted: how much room it is likely to take, a sentence for the error.

    Raises:
        ValueError: the memory limit is no size.
        OSError: the disk is full, or the memory limit too low.
    """
    memory_limit = resources.memory_limit
    Path(temp).mkdir(parents=True, exist_ok=True)
    with full_disk_named(temp, wanted), tempfile.TemporaryDirectory(dir=temp, prefix="duckdb-") as folder:
        config = {
            "memory_limit": memory_limit,
            "temp_directory": folder,
            "threads": resources.workers or os.cpu_count(),
            "preserve_insertion_order": False,
            "autoload_known_extensions": False,
        }
        try:
            database = duckdb.connect(os.path.join(folder, "problems.duckdb"), config=config)
        except duckdb.Error as error:
            raise ValueError(
                f"`memory_limit` must be a size such as 4GB. Received: {memory_limit!r} ({error})."
            ) from None
        try:
            yield database
        except duckdb.Error as error:  # a full disk may be any of its errors, and so may Ctrl-C
            if "KeyboardInterrupt" in str(error):
                raise KeyboardInterrupt from None
            reason = str(error).partition("\n")[0]
            if "No space left" in reason or "File too large" in reason or "quota" in reason:
                raise full_disk(temp, wanted) from None
            if isinstance(error, duckdb.OutOfMemoryException):
                raise OSError(f"not enough memory (limit {memory_limit}) or disk in {temp}: {reason}") from None
            raise OSError(f"the database in {temp} failed: {reason}") from None
        except RuntimeError as error:
            if str(error) != "Query interrupted":  # what DuckDB makes of Ctrl-C during a query
                raise
            raise KeyboardInterrupt from None
        finally:
            database.close()


def read_files(
    database: duckdb.DuckDBPyConnection,
    table: str,
    files: list[Path],
    split: str,
    max_bad_share: float,
    resources: Resources,
) -> list[ReadReport]:
    """Fill a new table with the good lines of all files; from here on hashes stand for equation and skeleton.

    Its columns are `count`, `input`, `output`, the hashes `exact` and `skeleton`, and `part`, the number in `SPLITS` of
    the set that the problem may be in. Among 100 million equations two have the same 64 bits by chance in one case of
    4,000. So compare texts wherever a collision could lose a problem.

    Args:
        split: what decides about the set, "skeleton" or "exact".
        max_bad_share: fraction of bad lines allowed in a file; they are left out and reported.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file is empty, is not UTF-8, or has too many bad lines.
    """
    database.execute(
        f"CREATE TABLE {table} (count BIGINT, input VARCHAR, output VARCHAR, "
        "exact UBIGINT, skeleton UBIGINT, part UTINYINT)"
    )
    reports = []
    with _mapper(resources) as parallel_map, tqdm(desc="reading", unit=" lines", unit_scale=True) as bar:
        for path in files:
            report = ReadReport(path, line_format=LINE_FORMAT)
            batches = _batches(numbered_lines(path))
            for batch, bad in parallel_map(_checked, ((lines, split) for lines in batches)):
                if good := len(batch["count"]):
                    database.execute(f"INSERT INTO {table} SELECT * FROM batch")
                report.kept += good
                for number, fault in bad:
                    report.add_bad(number, fault)
                bar.update(good + len(bad))
            report.check(max_bad_share)
            reports.append(report)
    return reports


def _batches(lines: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    while batch := list(itertools.islice(lines, _BATCH)):
        yield batch


def _checked(batch: tuple[list[tuple[int, str]], str]) -> tuple[dict[str, np.ndarray], list[tuple[int, BadLine]]]:
    """In a worker: the columns of the good lines, and the bad ones with their numbers; `batch` is (lines, split)."""
    lines, split = batch
    rows, bad = [], []
    for number, line in lines:
        try:
            count, equation, solution = parse_line(line)
        except BadLine as fault:
            bad.append((number, fault))
            continue
        bones = skeleton(equation)
        part = SPLITS.index(split_of(bones if split == "skeleton" else equation))
        rows.append((count, equation, solution, content_hash(equation), content_hash(bones), part))
    types = {"count": "i8", "input": "O", "output": "O", "exact": "u8", "skeleton": "u8", "part": "u1"}
    columns = zip(*rows, strict=True) if rows else [()] * len(types)
    return {name: np.array(values, type_) for (name, type_), values in zip(types.items(), columns, strict=True)}, bad


@contextlib.contextmanager
def _mapper(resources: Resources) -> Iterator[Callable]:
    """`map`, by processes of this machine or by a cluster, with few items under way at a time."""
    if resources.on_cluster:
        with cluster.connection():
            yield lambda function, items: cluster.mapped(function, items, resources.workers)
        return
    with ordered_map(resources.workers or os.cpu_count(), "reading problems", __name__) as parallel_map:
        yield parallel_map
