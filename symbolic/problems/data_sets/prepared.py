"""From generated or published files to a training data set.

Duplicates are removed with their counts kept, and valid and test sets cut by content, in a database on disk, so that
memory does not grow with the number of problems. The files written depend only on the problems read, neither on their
order nor on the files they come from.
"""

import dataclasses
import itertools
import json
import platform
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

import symbolic
from symbolic.problems.data_sets.database import MEMORY_LIMIT, Resources, find_source_files, open_database, read_files
from symbolic.problems.data_sets.leakage import Leakage, leakage_of_tables
from symbolic.problems.files import MAX_BAD_SHARE, ReadReport, check_max_bad_share, write_counted_problems
from symbolic.problems.production.manifest import MANIFEST, count_problems, read_manifest
from symbolic.problems.splits import SPLIT_KINDS, SPLITS, describe_split
from symbolic.problems.tasks import file_stem
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.cluster import is_cluster
from symbolic.runtime.folders import holds_earlier, replaced_together
from symbolic.runtime.names import unknown_name
from symbolic.runtime.progress import tqdm

RECORD = "preparation.json"
README = "README.md"

_WORK = ".preparing"  # subfolder of what is not finished; a later run removes what a killed one left
_FETCH = 10_000  # rows read back at a time
# The room that a preparation takes, the database and its sorting included, as a multiple of the size of the files.
_ROOM_FOR_PACKED, _ROOM_FOR_PLAIN = 25, 5


@dataclasses.dataclass
class Preparation:
    """What a preparation did; `str(preparation)` is a small table.

    Attributes:
        files: what was read from each file.
        drawn: sum of the counts of all lines read.
        distinct: equations without duplicates.
        kept: set -> problems in it.
        leakage: from train into valid and test.
        left_out: drawn problems that equal one of the files to leave out, up to numbers.
        unfinished: what runs of the generator have left to make, a line for each folder.
    """

    files: list[ReadReport]
    drawn: int
    distinct: int
    kept: dict[str, int]
    leakage: list[Leakage]
    left_out: int = 0
    unfinished: list[str] = dataclasses.field(default_factory=list)

    @property
    def unused(self) -> int:
        """Problems held out for validation and testing that no set asked for."""
        return self.distinct - sum(self.kept.values())

    def __str__(self) -> str:
        bad = sum((report.bad for report in self.files), Counter())
        left_out = "".join(f" · {reason} {count:,}" for reason, count in bad.most_common())
        return "\n".join(
            [
                *self.unfinished,
                f"read: {len(self.files):,} files · good lines {sum(file.kept for file in self.files):,}{left_out}",
                *(example for report in self.files for example in report.examples),
                f"problems: drawn {self.drawn:,} · distinct {self.distinct:,}"
                + (f" · left out {self.left_out:,}" if self.left_out else ""),
                f"kept: {' · '.join(f'{name} {count:,}' for name, count in self.kept.items())}"
                f" · held out but in no set {self.unused:,}",
                *(str(leakage) for leakage in self.leakage),
            ]
        )


@dataclasses.dataclass(frozen=True)
class _DataSet:
    """Which data set to write.

    Attributes:
        name: the first part of the file names.
        split: what of a problem decides about its set, one of `SPLIT_KINDS`.
        sizes: "valid" and "test" -> exact number of problems.
    """

    name: str
    split: str
    sizes: Mapping[str, int]

    def __post_init__(self):
        if self.split not in SPLIT_KINDS:
            raise unknown_name("kind of split", self.split, SPLIT_KINDS)
        for part, size in self.sizes.items():
            if size < 1:
                raise ValueError(f"`{part}` must be at least 1. Received: {size}.")
        if not self.name or "/" in self.name or self.name.startswith("."):
            raise ValueError(f"`name` must be the first part of a file name, such as bwd. Received: {self.name!r}.")

    def file(self, part: str) -> str:
        return f"{self.name}.{part}.gz"

    def files(self) -> list[str]:
        """All that is written. The training file is last: without it nobody takes a folder for a data set."""
        return [RECORD, README, *map(self.file, reversed(SPLITS))]

    def command(self, sources: Iterable[Path], out: Path, leave_out: Iterable[Path]) -> str:
        words = ["prepare", *map(str, sources), "--out", str(out), "--name", self.name, "--split", self.split]
        words += [f"--{part}={size}" for part, size in self.sizes.items()]
        if left_out := [str(path) for path in leave_out]:
            words += ["--leave-out", *left_out]
        return f"python -m symbolic {shlex.join(words)}"


def prepare(
    sources: Iterable[Path | str],
    out: Path | str,
    *,
    name: str | None = None,
    split: str = "skeleton",
    valid: int = 10_000,
    test: int = 10_000,
    leave_out: Iterable[Path | str] = (),
    max_bad_share: float = MAX_BAD_SHARE,
    workers: int | None = 1,
    engine: str = "local",
    memory_limit: str = MEMORY_LIMIT,
    temp: Path | str | None = None,
) -> Preparation:
    """Write `NAME.train.gz`, `NAME.valid.gz`, `NAME.test.gz`, a README.md and `preparation.json`.

    A line is `count|input<TAB>output`; lines are sorted by falling count, then by input. An input occurs once: of
    several solutions the simplest is kept, as `splits.add_distinct` has it, and its count is the sum of all their
    counts. `splits.split_of` holds out 5 % of the problems for each of validation and testing. The sets take those of
    them with the lowest hashes of their equations; what they leave is in no set.

    Nothing is written to `out` before all is done, but for a folder `.preparing` that is removed at the end.

    Args:
        sources: files, and folders of files: all in it but hidden ones, `.json` and `.md`.
        name: the first part of the file names. None for the tasks that the generator's manifests beside the shards
            name (`bwd`, `bwd_ibp`), or `problems` where there are none.
        split: "skeleton", so that problems equal up to their numbers fall on the same side, or "exact", where only the
            same equations do, as published.
        valid, test: the exact sizes of those sets.
        leave_out: files, and folders of files, of test problems made elsewhere. Problems that equal one of them up to
            their numbers come into no set.
        max_bad_share: fraction of bad lines allowed in a file; they are left out and counted.
        workers: processes that check lines, or Ray tasks on a cluster, and threads of DuckDB; None for all cores. They
            change nothing but the time it takes.
        engine: "local", or "ray" for a cluster, whose nodes check the lines. All else, reading files, DuckDB and
            writing, is done on this machine.
        memory_limit: what DuckDB may use before it goes to disk, such as "4GB". It should be half of the machine's
            memory at most: the rest of the program needs about 0.5 GB, and more with many workers.
        temp: a folder with room for all problems several times over, best on a fast disk of the machine; `out` if None.

    Raises:
        ValueError: an argument out of its range, a file that is no problem file, or too few problems for a set.
        OSError: a file that cannot be read, a folder that cannot be written or that another run writes, or a full disk.
    """
    out, sources, leave_out = Path(out), [Path(source) for source in sources], [Path(path) for path in leave_out]
    resources = Resources(workers, is_cluster(engine), memory_limit)
    check_max_bad_share(max_bad_share)
    files, files_left_out = find_source_files(sources), find_source_files(leave_out)
    manifests = _manifests(files)
    data_set = _DataSet(_default_name(manifests) if name is None else name, split, {"valid": valid, "test": test})
    _check_out(out, data_set, sources)
    unfinished = _unfinished(manifests)
    for line in unfinished:
        tqdm.write(line, file=sys.stderr)  # now, as there may be hours until the report
    with replaced_together(out, data_set.files(), _WORK) as work:
        with open_database(temp or work, resources, _room(files)) as database:
            reports = read_files(database, "lines", files, split, max_bad_share, resources)
            read_files(database, "left_out", files_left_out, split, max_bad_share, resources)
            preparation = dataclasses.replace(_cut(database, reports, data_set.sizes), unfinished=unfinished)
            for part in SPLITS:
                _write(database, part, work / data_set.file(part), preparation.kept[part])
        generated = {folder: manifest["settings"] for folder, manifest in manifests.items()}
        _describe(work, data_set, preparation, data_set.command(sources, out, leave_out), generated)
    return preparation


def _manifests(files: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Folder -> what the generator wrote beside its shards, for each folder of files that has a manifest."""
    manifests = dict.fromkeys(path.parent / MANIFEST for path in files)
    return {str(path.parent): read_manifest(path) for path in manifests if path.exists()}


def _room(files: Iterable[Path]) -> str:
    """How much a preparation takes, for the error of a full disk."""
    packed = (".gz", ".parquet")
    wanted = sum(
        path.stat().st_size * (_ROOM_FOR_PACKED if path.suffix in packed else _ROOM_FOR_PLAIN) for path in files
    )
    return f" About {wanted:,} bytes are wanted; free some, or name a folder on another disk (temp, --temp)."


def _unfinished(manifests: Mapping[str, dict[str, Any]]) -> list[str]:
    """A line for each folder whose generator was interrupted or is still at work."""
    lines = []
    for folder, manifest in manifests.items():
        there, count = count_problems(manifest), manifest["settings"]["count"]
        if there < count:
            lines.append(
                f"unfinished: {folder} holds {there:,} of {count:,} problems; the same `generate` makes the rest"
            )
    return lines


def _default_name(manifests: Mapping[str, dict[str, Any]]) -> str:
    tasks = {manifest["settings"]["task"] for manifest in manifests.values()}
    return "_".join(sorted(set(map(file_stem, tasks)))) or "problems"


def _check_out(out: Path, data_set: _DataSet, sources: Iterable[Path]) -> None:
    """Only an earlier preparation of the same name may be replaced."""
    if holds_earlier(out, data_set.files()) and not (out / RECORD).exists():
        raise ValueError(f"{out} holds files of another origin (no {RECORD}): give the data set a folder of its own.")
    if any(out.resolve() in (source.resolve(), source.resolve().parent) for source in sources):
        raise ValueError(f"{out} is read and cannot be written: give the data set a folder of its own.")


def _cut(database: duckdb.DuckDBPyConnection, reports: list[ReadReport], sizes: Mapping[str, int]) -> Preparation:
    """Make a table for each set, in place of `lines`."""
    tqdm.write("removing duplicates", file=sys.stderr)
    (drawn,) = database.execute("SELECT sum(count) FROM lines").fetchone()
    are_left_out = "skeleton IN (SELECT skeleton FROM left_out)"
    (left_out,) = database.execute(f"SELECT coalesce(sum(count), 0) FROM lines WHERE {are_left_out}").fetchone()
    database.execute(f"DELETE FROM lines WHERE {are_left_out}")
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
                f"`{part}` must be at most {kept[part]:,}: no more of the {distinct:,} distinct problems may be in "
                f"that set, about 5 % of them. Received: {size:,}."
            )
    leakage = [leakage_of_tables(database, "train", part) for part in sizes]
    return Preparation(reports, int(drawn), distinct, kept, leakage, int(left_out))


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
tokens: how often the input was drawn, the input, and the simplest output that came with it. The most frequent problems
come first.

```
{preparation}
```

{split}
- What was held out beyond the sizes asked for is in no set.
- The problems are {origin}
- `{record}` has the same figures for programs, what was read from each file, and the generators' settings.
- Made with symbolic {symbolic}, DuckDB {duckdb}, Python {python}.
"""


def _describe(
    work: Path, data_set: _DataSet, preparation: Preparation, command: str, generated: Mapping[str, dict[str, Any]]
) -> None:
    """Write the README, and the record with the same figures; `generated` is folder -> settings of the generator."""
    runs = [f"{of['count']:,} of {of['task']} with seed {of['seed']}" for of in generated.values()]
    versions = {"symbolic": symbolic.__version__, "duckdb": duckdb.__version__, "python": platform.python_version()}
    readme = _README.format(
        name=data_set.name,
        command=command,
        preparation=preparation,
        split=describe_split(data_set.split),
        origin=f"this project's own, from runs for {'; '.join(runs)}."
        if runs
        else "from files without a record of how they were made.",
        record=RECORD,
        **versions,
    )
    files = {
        str(file.path): {"good_lines": file.kept, "bad_lines": dict(file.bad.most_common())}
        for file in preparation.files
    }
    record = {
        "command": command,
        **{"drawn": preparation.drawn, "distinct": preparation.distinct, "left_out": preparation.left_out},
        **{"kept": preparation.kept, "held_out_unused": preparation.unused},
        "leakage": [dataclasses.asdict(leakage) for leakage in preparation.leakage],
        "versions": versions,
        "generated": generated,
        "unfinished": preparation.unfinished,
        "files": files,
    }
    for file, text in ((README, readme), (RECORD, json.dumps(record, indent=1) + "\n")):
        with atomic_path(work / file) as temporary:
            temporary.write_text(text, encoding="utf-8")
