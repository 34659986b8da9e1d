"""Any number of problems of one family, in shards, by several processes; a run that was killed is taken up again.

A folder gets a file for every shard (`bwd-00042.tsv.gz`, a problem a line, `input<TAB>output`, duplicates included) and
`manifest.json`: the settings, and for every finished shard what was rejected and the SHA-256 of its text. A shard
appears under its name when it is whole and safely on disk. The same settings give the same bytes, whatever the number
of workers and however often the run was interrupted; `shards` says what a time limit can change about that.

Knows nothing of how problems are drawn, of duplicates, and of train, valid and test sets.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

import symbolic
from symbolic.atomic import atomic_path
from symbolic.problems.files import write_problems
from symbolic.problems.lengths import count_lengths, describe_lengths
from symbolic.problems.problem import ProblemOptions, unknown_name
from symbolic.problems.shards import Shard, draw_shard, run_shards
from symbolic.problems.tasks import TASKS, counts_by_reason

MANIFEST = "manifest.json"
SHARD_SIZE = 10_000

_WORK = ".work"  # subfolder of what is not finished; nothing in it outlives its run
_SECONDS_BETWEEN_SAVES = 5.0
# Packages whose versions may change what is made; those that are installed go into the settings.
_MAKERS = ("symengine", "sympy", "python-flint", "numpy", "alkahest")


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
        made = self.kept - self.kept_before
        return "\n".join(
            [
                f"kept: {self.kept:,}, of which {self.kept_before:,} by an earlier run",
                f"rejected draws: {counts_by_reason(self.rejected)}",
                *describe_lengths(self.lengths),
                f"rate: {made / self.seconds:,.0f} problems a second ({made:,} in {self.seconds:,.1f} s)",
            ]
        )


def generate(
    folder: Path | str,
    task: str,
    count: int,
    seed: int,
    *,
    options: ProblemOptions | None = None,
    workers: int = 1,
    shard_size: int = SHARD_SIZE,
    time_limit: float = 10.0,
    memory_limit: float = 2.0,
) -> ProductionReport:
    """Make `count` problems of a task in a folder, or those that an interrupted run with these settings left to make.

    Args:
        folder: where the files go; made if it is not there.
        task: a name in `tasks.TASKS`.
        workers: processes at a time; they change nothing but the time it takes.
        shard_size: problems in a file; the last one may hold fewer. A killed run loses its unfinished shards. A family
            that learns from its own problems starts anew in every shard.
        time_limit: seconds of CPU time that a draw may take; on the clock, ten times as many.
        memory_limit: GiB of address space that a worker may have.

    Raises:
        ValueError: an unknown task or a number out of its range; a folder begun with other settings; options that
            reject 10,000 draws in a row.
        OSError: the folder cannot be written, another run is at work in it, or 20 draws in a row were lost.
    """
    if task not in TASKS:
        raise unknown_name("task", task, TASKS)
    for name, value in (("count", count), ("shard_size", shard_size), ("workers", workers)):
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1. Received: {value}.")
    options = options or ProblemOptions()
    limits = {"time_limit": time_limit, "memory_limit": memory_limit}
    shards = [
        Shard(task, TASKS[task], options, seed, number, min(shard_size, count - first), **limits)
        for number, first in enumerate(range(0, count, shard_size))
    ]
    settings = {
        **{"task": task, "count": count, "seed": seed, "shard_size": shard_size, **limits},
        "options": dataclasses.asdict(options),
        "versions": {"symbolic": symbolic.__version__, **_versions()},
    }
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        return _make_missing(folder, shards, _open_manifest(folder, settings), workers)


def _versions() -> dict[str, str]:
    installed = {dist.metadata["Name"].lower(): dist.version for dist in importlib.metadata.distributions()}
    return {name: installed[name] for name in _MAKERS if name in installed}


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder; the system lifts the lock even of a process that was killed."""
    with open(folder / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"another run is at work in {folder}; give this one a folder of its own.") from None
        yield


def _open_manifest(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a folder, new or as an earlier run with the same settings left it."""
    settings = json.loads(json.dumps(settings))
    path = folder / MANIFEST
    if not path.exists():
        lengths = {"input": {}, "output": {}}
        machine = {"python": platform.python_version(), "platform": platform.platform()}
        return {"settings": settings, "begun_on": machine, "lengths": lengths, "shards": {}}
    manifest = json.loads(path.read_text(encoding="utf-8"))
    before, now = _flat(manifest["settings"]), _flat(settings)
    if changed := [name for name in {**before, **now} if before.get(name) != now.get(name)]:
        differences = "; ".join(f"{name} was {before.get(name)!r} and is now {now.get(name)!r}" for name in changed)
        raise ValueError(
            f"{folder} was begun with other settings: {differences}. Use the same ones to go on, or another folder."
        )
    return manifest


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level: {"options": {"max_ops": 4}} becomes {"options.max_ops": 4}."""
    flat = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat


def _save(manifest: Mapping[str, Any], folder: Path) -> None:
    manifest = {**manifest, "shards": dict(sorted(manifest["shards"].items()))}
    with atomic_path(folder / _WORK / MANIFEST) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    os.replace(folder / _WORK / MANIFEST, folder / MANIFEST)


def _make_missing(folder: Path, shards: list[Shard], manifest: dict[str, Any], workers: int) -> ProductionReport:
    start = saved = time.perf_counter()
    work, done = folder / _WORK, manifest["shards"]
    missing = [shard for shard in shards if _file_name(shard) not in done or not (folder / _file_name(shard)).exists()]
    wanted = sum(shard.size for shard in shards)
    kept = kept_before = wanted - sum(shard.size for shard in missing)
    shutil.rmtree(work, ignore_errors=True)  # what a killed run left
    work.mkdir()
    with tqdm(total=wanted, initial=kept, desc=shards[0].task, unit=" problems") as progress:

        def show(journals):
            progress.update(kept + sum(map(_problems_in, journals)) - progress.n)

        try:
            _save(manifest, folder)
            with contextlib.closing(run_shards(_make_shard, missing, work, workers, show)) as results:
                for shard, (entry, lengths) in results:
                    os.replace(work / _file_name(shard), folder / _file_name(shard))
                    kept += shard.size
                    if _file_name(shard) not in done:  # it is, when only its file was missing
                        done[_file_name(shard)] = entry
                        _add_lengths(manifest["lengths"], lengths)
                    if time.perf_counter() - saved > _SECONDS_BETWEEN_SAVES:
                        _save(manifest, folder)
                        saved = time.perf_counter()
        finally:
            _save(manifest, folder)
            shutil.rmtree(work, ignore_errors=True)
    return _report(manifest, kept_before, time.perf_counter() - start)


def _report(manifest: Mapping[str, Any], kept_before: int, seconds: float) -> ProductionReport:
    shards = manifest["shards"].values()
    rejected = sum((Counter(shard["rejected"]) for shard in shards), Counter())
    lengths = {side: Counter({int(n): count for n, count in of.items()}) for side, of in manifest["lengths"].items()}
    return ProductionReport(sum(shard["problems"] for shard in shards), rejected, lengths, kept_before, seconds)


def _file_name(shard: Shard) -> str:
    return f"{shard.task}-{shard.number:05d}.tsv.gz"


def _problems_in(journal: Path) -> int:
    return journal.read_bytes().count(b"\t") if journal.exists() else 0


def _add_lengths(totals: dict[str, dict[str, int]], lengths: Mapping[str, Counter]) -> None:
    for side, count in lengths.items():
        for length, problems in count.items():
            totals[side][str(length)] = totals[side].get(str(length), 0) + problems


def _make_shard(shard: Shard, journal: Path) -> tuple[dict[str, Any], dict[str, Counter]]:
    """In a worker: draw a shard and write its file beside the journal. Returns the manifest's entry and the lengths."""
    lines, rejected = draw_shard(shard, journal)
    pairs = [line.split("\t") for line in lines]
    write_problems(journal.with_name(_file_name(shard)), pairs)
    lengths = count_lengths(pairs)
    tokens = {f"{side}_tokens": sum(length * n for length, n in count.items()) for side, count in lengths.items()}
    sha256 = hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
    return {"problems": len(lines), "rejected": dict(rejected.most_common()), **tokens, "sha256": sha256}, lengths
