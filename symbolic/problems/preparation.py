"""From generated or published files to a training data set, and how much of one file's problems another one holds.

Duplicates are removed with their counts kept, and valid and test sets cut by content, out of core: DuckDB keeps all
problems on disk, so that memory does not grow with their number. The files written depend on the problems read alone,
not on their order or on the files they come from. Knows nothing of how problems are drawn, and computes with none.
"""

import contextlib
import dataclasses
import itertools
import json
import multiprocessing
import os
import platform
import shlex
import shutil
import signal
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from tqdm import tqdm

import symbolic
from symbolic.atomic import atomic_path
from symbolic.problems.files import (
    MAX_BAD_SHARE,
    BadLine,
    ReadReport,
    numbered_lines,
    parse_line,
    write_counted_problems,
)
from symbolic.problems.problem import unknown_name
from symbolic.problems.production import MANIFEST
from symbolic.problems.splits import SPLITS, TEST_PERCENT, VALID_PERCENT, content_hash, skeleton, split_of

RECORD = "preparation.json"
README = "README.md"
SPLIT_KINDS = ("skeleton", "exact")  # what of a problem decides about its set
MEMORY_LIMIT = "4GB"

_WORK = ".preparing"  # subfolder of what is not finished; a later run removes what a killed one left
_NOT_PROBLEMS = (".json", ".md")  # what may lie beside shards
_BATCH = 5_000  # lines that a process checks at a time
_FETCH = 10_000  # rows read back at a time


@dataclasses.dataclass
class Leakage:
    """How many problems of one file another one holds too; `str(leakage)` is a small table.

    Attributes:
        seen, tested: names of the two.
        problems: lines in `tested`.
        exact: those with an equation that is in `seen`.
        skeleton: those with an equation that is in `seen` up to its numbers; `exact` ones among them.
    """

    seen: str
    tested: str
    problems: int
    exact: int
    skeleton: int

    def __str__(self) -> str:
        shares = [
            f"{kind} {found:,} ({found / self.problems:.2%})"
            for kind, found in (("exact", self.exact), ("skeleton", self.skeleton))
        ]
        return f"of the {self.problems:,} problems in {self.tested}, in {self.seen}: {' · '.join(shares)}"


@dataclasses.dataclass
class Preparation:
    """What a preparation did; `str(preparation)` is a small table.

    Attributes:
        files: what was read from each file.
        drawn: sum of the counts of all lines read.
        distinct: equations without duplicates.
        kept: set -> problems in it.
        leakage: from train into valid and test.
    """

    files: list[ReadReport]
    drawn: int
    distinct: int
    kept: dict[str, int]
    leakage: list[Leakage]

    @property
    def unused(self) -> int:
        """Problems of the two held-out shares that no set asked for."""
        return self.distinct - sum(self.kept.values())

    def __str__(self) -> str:
        bad = sum((report.bad for report in self.files), Counter())
        left_out = "".join(f" · {reason} {count:,}" for reason, count in bad.most_common())
        return "\n".join(
            [
                f"read: {len(self.files):,} files · good lines {sum(file.kept for file in self.files):,}{left_out}",
                *(example for report in self.files for example in report.examples),
                f"problems: drawn {self.drawn:,} · distinct {self.distinct:,}",
                f"kept: {' · '.join(f'{name} {count:,}' for name, count in self.kept.items())}"
                f" · held out but in no set {self.unused:,}",
                *(str(leakage) for leakage in self.leakage),
            ]
        )


def prepare(
    sources: Iterable[Path | str],
    out: Path | str,
    *,
    name: str | None = None,
    split: str = "skeleton",
    valid: int = 10_000,
    test: int = 10_000,
    max_bad_share: float = MAX_BAD_SHARE,
    workers: int = 1,
    memory_limit: str = MEMORY_LIMIT,
    temp: Path | str | None = None,
) -> Preparation:
    """Write `NAME.train.gz`, `NAME.valid.gz`, `NAME.test.gz`, a README.md and `preparation.json`.

    A line is `count|input<TAB>output`, the most frequent first and in the alphabet of the inputs among those. An input
    occurs once: of several solutions the simplest is kept, as `splits.add_distinct` has it, and its count is the sum of
    all their counts. Of the two shares that `splits.split_of` holds out, the valid and the test set are the problems
    with the lowest hashes of their equations; what is left of these shares is in no set.

    Nothing is written to `out` before all is done, but for a folder `.preparing` that is removed at the end.

    Args:
        sources: files, and folders of files: all in it but hidden ones, `.json` and `.md`.
        name: the first part of the file names. None for the tasks that the generator's manifests beside the shards
            name (`bwd`, `bwd_ibp`), or `problems` where there are none.
        split: "skeleton", so that problems equal up to their numbers fall on the same side, or "exact", where only the
            same equations do, as published.
        valid, test: the exact sizes of those sets.
        max_bad_share: bad lines allowed in a file; they are left out and counted.
        workers: processes that check lines, and threads of DuckDB; they change nothing but the time it takes.
        memory_limit: what DuckDB may use before it goes to disk, such as "4GB". It should be half of the machine's
            memory at most: the rest of the program needs about 0.5 GB, and more with many workers.
        temp: a folder with room for all problems several times over, best on a fast disk of the machine; `out` if None.

    Raises:
        ValueError: an argument out of its range, a file that is no problem file, or a share too small for its set.
        OSError: a file that cannot be read, a folder that cannot be written, or a full disk.
    """
    out, sources = Path(out), [Path(source) for source in sources]
    sizes = {"valid": valid, "test": test}
    _check_arguments(split, sizes, workers)
    files = find_source_files(sources)
    generated = _generator_settings(files)
    name = _default_name(generated) if name is None else name
    _check_out(out, name, sources)
    out.mkdir(parents=True, exist_ok=True)
    work = out / _WORK
    shutil.rmtree(work, ignore_errors=True)
    try:
        with _database(temp or work, memory_limit, workers) as database:
            reports = _read(database, "lines", files, split, max_bad_share, workers)
            preparation = _cut(database, reports, sizes)
            for part in SPLITS:
                _write(database, part, work / _file_name(name, part), preparation.kept[part])
        words = ["prepare", *map(str, sources), "--out", str(out), "--name", name, "--split", split]
        words += [f"--{part}={size}" for part, size in sizes.items()]
        command = f"python -m symbolic {shlex.join(words)}"
        _describe(work, preparation, name, split, command, generated)
        _publish(work, out, name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return preparation


def leakage_between(
    seen: Path | str, tested: Path | str, *, max_bad_share: float = MAX_BAD_SHARE, workers: int = 1
) -> Leakage:
    """How many of the problems in one file or folder, `tested`, are also in another, `seen`.

    Raises:
        ValueError, OSError: as in `prepare`.
    """
    with tempfile.TemporaryDirectory() as folder, _database(folder, MEMORY_LIMIT, workers) as database:
        for table, source in (("seen", seen), ("tested", tested)):
            _read(database, table, find_source_files([Path(source)]), "exact", max_bad_share, workers)
        return _leakage(database, "seen", "tested", str(seen), str(tested))


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


def _generator_settings(files: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Folder -> settings of the generator, for each folder of files that has a manifest."""
    manifests = dict.fromkeys(path.parent / MANIFEST for path in files)
    return {
        str(path.parent): json.loads(path.read_text(encoding="utf-8"))["settings"]
        for path in manifests
        if path.exists()
    }


def _default_name(generated: Mapping[str, dict[str, Any]]) -> str:
    return "_".join(sorted({settings["task"] for settings in generated.values()})) or "problems"


def _may_hold_problems(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix not in _NOT_PROBLEMS


def _check_arguments(split: str, sizes: Mapping[str, int], workers: int) -> None:
    if split not in SPLIT_KINDS:
        raise unknown_name("kind of split", split, SPLIT_KINDS)
    for name, value in (*sizes.items(), ("workers", workers)):
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1. Received: {value}.")


def _file_name(name: str, part: str) -> str:
    return f"{name}.{part}.gz"


def _files_of(name: str) -> list[str]:
    return [RECORD, README, *(_file_name(name, part) for part in reversed(SPLITS))]


def _check_out(out: Path, name: str, sources: Iterable[Path]) -> None:
    """Only an earlier preparation of the same name may be replaced."""
    if not name or "/" in name or name.startswith("."):
        raise ValueError(f"`name` must be the first part of a file name, such as bwd. Received: {name!r}.")
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"{out} is a file; a folder to write was expected.")
    there = {path.name for path in out.iterdir() if not path.name.startswith(".")} if out.exists() else set()
    if others := sorted(there - set(_files_of(name))):
        raise ValueError(f"{out} holds other files, such as {others[0]}: give the data set a folder of its own.")
    if there and RECORD not in there:
        raise ValueError(f"{out} holds files of another origin (no {RECORD}): give the data set a folder of its own.")
    if any(out.resolve() in (source.resolve(), source.resolve().parent) for source in sources):
        raise ValueError(f"{out} is read and cannot be written: give the data set a folder of its own.")


@contextlib.contextmanager
def _database(temp: Path | str, memory_limit: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in a new folder inside `temp`, where it also puts what does not fit in memory."""
    Path(temp).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=temp, prefix="duckdb-") as folder:
        config = {
            "memory_limit": memory_limit,
            "temp_directory": folder,
            "threads": threads,
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
        except duckdb.OutOfMemoryException as error:
            raise OSError(
                f"the memory limit of {memory_limit} or the disk of {temp} does not do for so many problems: {error}"
            ) from None
        except duckdb.IOException as error:
            raise OSError(f"the database in {temp} failed: {error}") from None
        except RuntimeError as error:
            if str(error) != "Query interrupted":  # what DuckDB makes of Ctrl-C during a query
                raise
            raise KeyboardInterrupt from None
        finally:
            database.close()


def _read(
    database: duckdb.DuckDBPyConnection,
    table: str,
    files: list[Path],
    split: str,
    max_bad_share: float,
    workers: int,
) -> list[ReadReport]:
    """Fill a new table with the good lines of all files; the hashes stand for equation and skeleton from here on.

    Two of 100 million equations have the same 64 bits by chance in one of 4,000 cases; texts are compared where
    problems could be lost by that.
    """
    database.execute(
        f"CREATE TABLE {table} (count BIGINT, input VARCHAR, output VARCHAR, "
        "exact UBIGINT, skeleton UBIGINT, part UTINYINT)"
    )
    reports = []
    with _mapper(workers) as parallel_map, tqdm(desc="reading", unit=" lines", unit_scale=True) as progress:
        for path in files:
            report = ReadReport(path)
            batches = _batches(numbered_lines(path))
            for batch, bad in parallel_map(_checked, ((lines, split) for lines in batches)):
                if good := len(batch["count"]):
                    database.execute(f"INSERT INTO {table} SELECT * FROM batch")
                report.kept += good
                for number, fault in bad:
                    report.add_bad(number, fault)
                progress.update(good + len(bad))
            report.check(max_bad_share)
            reports.append(report)
    return reports


def _batches(lines: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    while batch := list(itertools.islice(lines, _BATCH)):
        yield batch


def _checked(task: tuple[list[tuple[int, str]], str]) -> tuple[dict[str, np.ndarray], list[tuple[int, BadLine]]]:
    """The columns of the good lines, and the bad ones with their numbers; runs in the worker processes."""
    lines, split = task
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
def _mapper(workers: int) -> Iterator[Callable]:
    """`map`, done by so many processes, with few items under way at a time."""
    if workers == 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")  # a fork would inherit DuckDB's threads
    with ProcessPoolExecutor(workers, context, initializer=_ignore_interruption) as pool:

        def bounded_map(function, items):
            under_way = deque()
            for item in items:
                under_way.append(pool.submit(function, item))
                if len(under_way) > 2 * workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()

        yield bounded_map


def _ignore_interruption() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one


def _cut(database: duckdb.DuckDBPyConnection, reports: list[ReadReport], sizes: Mapping[str, int]) -> Preparation:
    """Make a table for each set, in place of `lines`."""
    tqdm.write("removing duplicates", file=sys.stderr)
    (drawn,) = database.execute("SELECT sum(count) FROM lines").fetchone()
    # The simplest solution, as in splits.add_distinct: structs are compared field by field.
    database.execute(
        "CREATE TABLE problems AS SELECT sum(count) AS count, input, "
        "min({'spaces': length(output) - length(replace(output, ' ', '')), 'output': output}).output AS output, "
        "any_value(exact) AS exact, any_value(skeleton) AS skeleton, any_value(part) AS part "
        "FROM lines GROUP BY input"
    )
    database.execute("DROP TABLE lines")
    (distinct,) = database.execute("SELECT count(*) FROM problems").fetchone()
    database.execute("CREATE VIEW train AS SELECT * FROM problems WHERE part = 0")
    for part, size in sizes.items():
        database.execute(
            f"CREATE TABLE {part} AS SELECT * FROM problems WHERE part = ? ORDER BY exact, input LIMIT ?",
            [SPLITS.index(part), size],
        )
    kept = {part: database.execute(f"SELECT count(*) FROM {part}").fetchone()[0] for part in SPLITS}
    for part, size in sizes.items():
        if kept[part] < size:
            raise ValueError(
                f"`{part}` must be at most {kept[part]:,}: so many of the {distinct:,} distinct problems may be in "
                f"that set. Received: {size:,}."
            )
    return Preparation(reports, int(drawn), distinct, kept, [_leakage(database, "train", part) for part in sizes])


def _leakage(
    database: duckdb.DuckDBPyConnection, seen: str, tested: str, seen_name: str = "", tested_name: str = ""
) -> Leakage:
    def found(where):
        return database.execute(f"SELECT count(*) FROM {tested} {where}").fetchone()[0]

    shared = {kind: found(f"SEMI JOIN {seen} USING ({kind})") for kind in ("exact", "skeleton")}
    return Leakage(seen_name or seen, tested_name or tested, found(""), **shared)


def _write(database: duckdb.DuckDBPyConnection, part: str, path: Path, total: int) -> None:
    result = database.execute(f"SELECT count, input, output FROM {part} ORDER BY count DESC, input")
    rows = itertools.chain.from_iterable(iter(lambda: result.fetchmany(_FETCH), []))
    write_counted_problems(path, tqdm(rows, desc=f"writing {part}", total=total, unit=" problems", unit_scale=True))


_README = """\
# {name}: a training data set

```
{command}
```

`{name}.train.gz`, `{name}.valid.gz` and `{name}.test.gz` hold a problem a line, as `count|input<TAB>output` in prefix
tokens: how often the input was drawn, the input, and the simplest output that came with it. The most frequent come
first.

```
{preparation}
```

- No input occurs twice. {sides}
- A hash of {what} decides which set a problem may be in:
  {test_percent} % of them are for test, {valid_percent} % for validation. What these shares hold beyond the sizes asked
  for is in no set.
- The problems are {origin}
- `{record}` has the same figures for programs, what was read from each file, and the generators' settings.
- Made with symbolic {symbolic}, DuckDB {duckdb}, Python {python}.
"""
_SIDES = {
    "skeleton": "No validation or test input is in train, nor one that differs by its numbers alone.",
    "exact": "No validation or test input is in train; one that differs by its numbers may be.",
}
_WHAT = {"skeleton": "the input up to its numbers (its skeleton)", "exact": "the input"}


def _describe(
    work: Path, preparation: Preparation, name: str, split: str, command: str, generated: Mapping[str, dict[str, Any]]
) -> None:
    runs = [f"{of['count']:,} of {of['task']} with seed {of['seed']}" for of in generated.values()]
    versions = {"symbolic": symbolic.__version__, "duckdb": duckdb.__version__, "python": platform.python_version()}
    readme = _README.format(
        name=name,
        command=command,
        preparation=preparation,
        sides=_SIDES[split],
        what=_WHAT[split],
        origin=f"this project's own: {'; '.join(runs)}." if runs else "from files that do not say how they were made.",
        test_percent=TEST_PERCENT,
        valid_percent=VALID_PERCENT,
        record=RECORD,
        **versions,
    )
    files = {
        str(file.path): {"good_lines": file.kept, "bad_lines": dict(file.bad.most_common())}
        for file in preparation.files
    }
    record = {
        "command": command,
        **{"drawn": preparation.drawn, "distinct": preparation.distinct},
        **{"kept": preparation.kept, "held_out_unused": preparation.unused},
        "leakage": [dataclasses.asdict(leakage) for leakage in preparation.leakage],
        "versions": versions,
        "generated": generated,
        "files": files,
    }
    for file, text in ((README, readme), (RECORD, json.dumps(record, indent=1) + "\n")):
        with atomic_path(work / file) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _publish(work: Path, out: Path, name: str) -> None:
    """Move the finished files to their place. A kill on the way leaves no folder that could be read as a data set."""
    for file in reversed(_files_of(name)):
        (out / file).unlink(missing_ok=True)
    for file in _files_of(name):
        os.replace(work / file, out / file)
