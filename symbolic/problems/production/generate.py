"""Any number of problems of one task, in shards, by several processes; a run that was killed is taken up again.

A folder gets a file for every shard (`bwd-00042.tsv.gz`, a problem a line, `input<TAB>output`, duplicates included) and
`manifest.json`: the settings, and for every finished shard what was rejected and the SHA-256 of its text. A shard
appears under its name when it is whole and safely on disk. The same settings give the same bytes, whatever the number
of workers and however often the run was interrupted; `shards` explains what a time limit can change about that.

Processes of this machine draw the shards, or the nodes of a Ray cluster. The package `data_sets` removes duplicates and
makes train, valid and test sets.
"""

import contextlib
import dataclasses
import errno
import functools
import hashlib
import importlib.metadata
import os
import shutil
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import symbolic
from symbolic.problems.families.forward import forward, integrators_of
from symbolic.problems.files import write_problems
from symbolic.problems.lengths import count_lengths, describe_lengths
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.production import nodes
from symbolic.problems.production.manifest import (
    add_shard,
    count_problems,
    count_rejected,
    flat,
    lengths_of,
    open_manifest,
    save_manifest,
)
from symbolic.problems.production.shards import Limits, Shard, draw_shard, run_shards
from symbolic.problems.tasks import Family, counts_by_reason, family_named, file_stem, is_built_in
from symbolic.runtime.cluster import connection, is_cluster
from symbolic.runtime.disks import full_disk
from symbolic.runtime.files import sha256_of
from symbolic.runtime.folders import differences
from symbolic.runtime.locks import locked
from symbolic.runtime.progress import tqdm

SHARD_SIZE = 10_000

_WORK = ".work"  # subfolder of what is not finished; nothing in it outlives its run
_SECONDS_BETWEEN_SAVES = 5.0
_BYTES_OF_A_PROBLEM = 60  # on disk, until a shard of the run tells
_MAKERS = ("symengine", "sympy", "python-flint", "numpy")  # packages whose versions may change what is made


@dataclasses.dataclass
class ProductionReport:
    """What a folder of shards holds; `str(report)` is a small table.

    Attributes:
        kept: problems in all shards.
        rejected: reason -> draws that gave no problem.
        lengths: "input" and "output" -> number of tokens -> problems.
        kept_before: problems that an earlier run had made.
        seconds: wall time of this run.
    """

    kept: int
    rejected: Counter
    lengths: dict[str, Counter]
    kept_before: int
    seconds: float

    def __str__(self) -> str:
        new = self.kept - self.kept_before
        return "\n".join(
            [
                f"kept: {self.kept:,}, of which {self.kept_before:,} by an earlier run",
                f"rejected draws: {counts_by_reason(self.rejected)}",
                *describe_lengths(self.lengths),
                f"rate: {new / self.seconds:,.0f} problems a second ({new:,} in {self.seconds:,.1f} s)",
            ]
        )


@dataclasses.dataclass(frozen=True)
class Production:
    """Which problems a folder holds: what `generate` is asked for, without where and by whom it is done.

    Attributes:
        task: a name in `tasks.TASKS`, or `my_module:my_family`.
        count: problems in all shards.
        seed: any integer from 0 up.
        options: what the problems are made of.
        shard_size: problems in a shard; the last one may hold fewer.
        limits: what a draw may use.

    Raises:
        ValueError: an unknown task, or a number out of its range.
    """

    task: str
    count: int
    seed: int
    options: ProblemOptions
    shard_size: int
    limits: Limits

    def __post_init__(self):
        _check_at_least_1("count", self.count)
        _check_at_least_1("shard_size", self.shard_size)
        self.shard(0)  # which checks the rest

    @functools.cached_property
    def family(self) -> Family:
        """What the task names."""
        return family_named(self.task)

    def shard(self, number: int) -> Shard:
        """The shard with a number from 0 up."""
        size = min(self.shard_size, self.count - number * self.shard_size)
        return Shard(self.task, self.family, self.options, self.seed, number, size, self.limits)

    def shards(self) -> Iterator[Shard]:
        """All shards in order."""
        return map(self.shard, range(-(-self.count // self.shard_size)))

    def settings(self) -> dict[str, Any]:
        """What a person chose, as the manifest has it; where files of known primitives lie is not among it."""
        options = dataclasses.asdict(self.options)
        del options["known_primitives"]
        return {
            **{"task": self.task, "count": self.count, "seed": self.seed, "shard_size": self.shard_size},
            **dataclasses.asdict(self.limits),
            "options": options,
        }


def generate(
    folder: Path | str,
    task: str,
    count: int,
    seed: int,
    *,
    options: ProblemOptions | None = None,
    workers: int | None = 1,
    engine: str = "local",
    shard_size: int = SHARD_SIZE,
    time_limit: float = Limits.time_limit,
    memory_limit: float = Limits.memory_limit,
) -> ProductionReport:
    """Make `count` problems of a task in a folder, or those that an interrupted run with these settings left to make.

    Args:
        folder: where the files go; created if it is not there.
        task: a name in `tasks.TASKS`, or `my_module:my_family`.
        options: what the problems are made of; None for the published settings.
        workers: processes, or Ray tasks on a cluster, at a time; None for all cores. They change only the time.
        engine: "local", or "ray" for a Ray cluster, as `runtime.cluster.connection` finds it. It changes only the time.
        shard_size: problems in a file; the last one may hold fewer. A killed run loses its unfinished shards. A family
            that learns from its own problems starts anew in every shard.
        time_limit, memory_limit: what a draw may use, as in `shards.Limits`.

    Raises:
        ValueError: an unknown task or engine, or a number out of its range; a folder begun with other settings; a node
            with other versions than this machine; options that reject 10,000 draws in a row.
        OSError: the folder cannot be written, another run is at work in it, a file of known primitives cannot be read,
            20 draws in a row were lost, or the cluster failed.
    """
    limits = Limits(time_limit, memory_limit)
    production = Production(task, count, seed, options or ProblemOptions(), shard_size, limits)
    if workers is not None:
        _check_at_least_1("workers", workers)
    on_cluster, folder = is_cluster(engine), Path(folder)
    ingredients = _ingredients(production.family, production.options)
    if on_cluster:
        check = functools.partial(_check_node, production.family, production.options, ingredients)
        run = functools.partial(nodes.run_shards, workers=workers, check=check)
    else:
        run = functools.partial(run_shards, workers=workers or os.cpu_count())
    with connection() if on_cluster else contextlib.nullcontext():
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            manifest = open_manifest(folder, production.settings() | ingredients, production.options.known_primitives)
            return _make_missing(folder, production, manifest, run)


def _check_at_least_1(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"`{name}` must be at least 1. Received: {value}.")


def _ingredients(family: Family, options: ProblemOptions) -> dict[str, Any]:
    """What else decides which problems there are: versions, the systems that integrate, and the contents of files.

    `fwd` asks computer algebra systems; a family outside this package is known by its module's file.
    """
    versions = {"symbolic": symbolic.__version__, **{name: importlib.metadata.version(name) for name in _MAKERS}}
    systems = integrators_of(options) if family is forward else []
    ingredients = {
        "versions": versions,
        "integrators": {system.name: system.version() for system in systems},
        "known_primitives": [f"sha256 {_sha256_of_known(path)}" for path in options.known_primitives],
    }
    if not is_built_in(family):  # the version of this package does not tell what it draws
        ingredients["family"] = f"sha256 {sha256_of(sys.modules[family.__module__].__file__)}"
    return ingredients


def _sha256_of_known(path: str) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise OSError(f"`known_primitives` must be files of problems. Received: {path} ({error.strerror}).") from None


def _check_node(family: Family, options: ProblemOptions, expected: dict[str, Any]) -> None:
    if changed := differences(flat(expected), flat(_ingredients(family, options)), ("here", "there")):
        raise ValueError(f"the node {socket.gethostname()} would make other problems: {'; '.join(changed)}.")


def _make_missing(folder: Path, production: Production, manifest: dict[str, Any], run: Callable) -> ProductionReport:
    start = saved = time.perf_counter()
    work, done = folder / _WORK, manifest["shards"]
    missing = [
        shard
        for shard in production.shards()
        if _file_name(shard) not in done or not (folder / _file_name(shard)).exists()
    ]
    kept = kept_before = production.count - sum(shard.size for shard in missing)
    shutil.rmtree(work, ignore_errors=True)  # what a killed run left
    work.mkdir()
    with tqdm(total=production.count, initial=kept, desc=production.task, unit=" problems") as bar:

        def show(under_way: int) -> None:
            bar.update(kept + under_way - bar.n)

        try:
            save_manifest(manifest, folder, work)
            with contextlib.closing(run(_make_shard, missing, work, progress=show)) as results:
                for shard, (entry, lengths) in results:
                    name = _file_name(shard)
                    os.replace(work / name, folder / name)
                    kept += shard.size
                    if name not in done:  # it is, when only its file was missing
                        add_shard(manifest, name, entry, lengths)
                    if time.perf_counter() - saved > _SECONDS_BETWEEN_SAVES:
                        save_manifest(manifest, folder, work)
                        saved = time.perf_counter()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise full_disk(folder, _room(production, folder, done, kept), error.errno) from error
            raise
        finally:
            shutil.rmtree(work, ignore_errors=True)  # first, for on a full disk the manifest needs the room
            save_manifest(manifest, folder, work)
            shutil.rmtree(work, ignore_errors=True)
    seconds = time.perf_counter() - start
    return ProductionReport(
        count_problems(manifest), count_rejected(manifest), lengths_of(manifest), kept_before, seconds
    )


def _room(production: Production, folder: Path, done: Iterable[str], kept: int) -> str:
    """How much the problems that are missing take, for the error of a full disk."""
    sizes = [path.stat().st_size for path in map(folder.joinpath, done) if path.exists()]
    each = sum(sizes) / kept if kept and sizes else _BYTES_OF_A_PROBLEM
    # Besides, the journals of the shards under way are not packed.
    wanted = int((production.count - kept) * each) + 10 * int(production.shard_size * each)
    return (
        f" About {wanted:,} bytes are wanted. {kept:,} problems of finished shards are kept, "
        "and the same command makes the rest."
    )


def _file_name(shard: Shard) -> str:
    return f"{file_stem(shard.task)}-{shard.number:05d}.tsv.gz"


def _make_shard(shard: Shard, journal: Path) -> tuple[dict[str, Any], dict[str, Counter]]:
    """In a worker: draw a shard and write its file beside the journal. Returns the manifest's entry and the lengths."""
    lines, rejected = draw_shard(shard, journal)
    pairs = [line.split("\t") for line in lines]
    write_problems(journal.with_name(_file_name(shard)), pairs)
    lengths = count_lengths(pairs)
    tokens = {f"{side}_tokens": sum(length * n for length, n in count.items()) for side, count in lengths.items()}
    sha256 = hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
    return {"problems": len(lines), "rejected": dict(rejected.most_common()), **tokens, "sha256": sha256}, lengths
