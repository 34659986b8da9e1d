"""Any number of problems of one family, in shards, by several processes; a run that was killed is taken up again.

A folder gets a file for every shard (`bwd-00042.tsv.gz`, a problem a line, `input<TAB>output`, duplicates included) and
`manifest.json`: the settings, and for every finished shard what was rejected and the SHA-256 of its text. A shard
appears under its name when it is whole and safely on disk. The same settings give the same bytes, whatever the number
of workers and however often the run was interrupted; `shards` says what a time limit can change about that.

The shards are drawn by processes of this machine (engine "local") or on the nodes of a Ray cluster ("ray"). Knows
nothing of duplicates, and of train, valid and test sets; of how problems are drawn it knows one thing, that `fwd` asks
computer algebra systems, whose versions belong to the settings.
"""

import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

import symbolic
from symbolic.problems.families.forward import forward, integrators_of
from symbolic.problems.files import write_problems
from symbolic.problems.lengths import count_lengths, describe_lengths
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.production import nodes
from symbolic.problems.production.shards import Shard, draw_shard, run_shards
from symbolic.problems.tasks import TASKS, counts_by_reason
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.cluster import ENGINES, connection
from symbolic.runtime.files import sha256_of
from symbolic.runtime.locks import locked
from symbolic.runtime.names import unknown_name

MANIFEST = "manifest.json"
SHARD_SIZE = 10_000

_WORK = ".work"  # subfolder of what is not finished; nothing in it outlives its run
_SECONDS_BETWEEN_SAVES = 5.0
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
    workers: int | None = 1,
    engine: str = "local",
    shard_size: int = SHARD_SIZE,
    time_limit: float = 10.0,
    memory_limit: float = 2.0,
) -> ProductionReport:
    """Make `count` problems of a task in a folder, or those that an interrupted run with these settings left to make.

    Args:
        folder: where the files go; made if it is not there.
        task: a name in `tasks.TASKS`.
        workers: processes, or tasks on a cluster, at a time; None for all cores. They change nothing but the time it
            takes.
        engine: "local", or "ray" for a Ray cluster, as `runtime.cluster.connection` finds it. It changes only the time.
        shard_size: problems in a file; the last one may hold fewer. A killed run loses its unfinished shards. A family
            that learns from its own problems starts anew in every shard.
        time_limit: seconds of CPU time that a draw may take; on the clock, ten times as many.
        memory_limit: GiB of address space that a worker may have.

    Raises:
        ValueError: an unknown task or engine, or a number out of its range; a folder begun with other settings; a node
            with other versions than this machine; options that reject 10,000 draws in a row.
        OSError: the folder cannot be written, another run is at work in it, a file of known primitives cannot be read,
            20 draws in a row were lost, or the cluster was.
    """
    if task not in TASKS:
        raise unknown_name("task", task, TASKS)
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    for name, value in (("count", count), ("shard_size", shard_size), ("workers", workers)):
        if value is not None and value < 1:
            raise ValueError(f"`{name}` must be at least 1. Received: {value}.")
    options = options or ProblemOptions()
    limits = {"time_limit": time_limit, "memory_limit": memory_limit}
    shards = [
        Shard(task, TASKS[task], options, seed, number, min(shard_size, count - first), **limits)
        for number, first in enumerate(range(0, count, shard_size))
    ]
    ingredients = _ingredients(TASKS[task], options)
    settings = {
        **{"task": task, "count": count, "seed": seed, "shard_size": shard_size, **limits},
        "options": {name: value for name, value in dataclasses.asdict(options).items() if name != "known_primitives"},
        **ingredients,
    }
    if engine == "ray":
        check = functools.partial(_check_node, TASKS[task], options, ingredients)
        run = functools.partial(nodes.run_shards, check=check)
    else:
        run, workers = run_shards, workers or os.cpu_count()
    folder = Path(folder)
    with connection() if engine == "ray" else contextlib.nullcontext():
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            return _make_missing(folder, shards, _open_manifest(folder, settings, options), run, workers)


def _ingredients(family: Callable, options: ProblemOptions) -> dict[str, Any]:
    """What else decides which problems there are: versions, the systems that integrate, and the contents of files."""
    versions = {"symbolic": symbolic.__version__, **{name: importlib.metadata.version(name) for name in _MAKERS}}
    systems = integrators_of(options) if family is forward else []
    return {
        "versions": versions,
        "integrators": {system.name: system.version() for system in systems},
        "known_primitives": [f"sha256 {_sha256_of_file(path)}" for path in options.known_primitives],
    }


def _sha256_of_file(path: str) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise OSError(f"`known_primitives` must be files of problems. Received: {path} ({error.strerror}).") from None


def _check_node(family: Callable, options: ProblemOptions, expected: dict[str, Any]) -> None:
    if differences := _differences(expected, _ingredients(family, options), "here", "there"):
        raise ValueError(f"the node {socket.gethostname()} would make other problems: {differences}.")


def _open_manifest(folder: Path, settings: dict[str, Any], options: ProblemOptions) -> dict[str, Any]:
    """The manifest of a folder, new or as an earlier run with the same settings left it."""
    settings = json.loads(json.dumps(settings))
    path = folder / MANIFEST
    if not path.exists():
        lengths = {"input": {}, "output": {}}
        begun_on = {"python": platform.python_version(), "platform": platform.platform()}
        begun_on |= {"known_primitives": list(options.known_primitives)}  # where; `settings` has what was in them
        return {"settings": settings, "begun_on": begun_on, "lengths": lengths, "shards": {}}
    manifest = read_manifest(path)
    if differences := _differences(manifest["settings"], settings, "was", "is now"):
        raise ValueError(
            f"{folder} was begun with other settings: {differences}. Use the same ones to go on, or another folder."
        )
    return manifest


def read_manifest(path: Path) -> dict[str, Any]:
    """What `generate` wrote beside its shards.

    Raises:
        ValueError: the file is another program's.
    """
    with contextlib.suppress(ValueError):
        match manifest := json.loads(path.read_text(encoding="utf-8")):
            case {
                "settings": {"task": str(), "count": int(), "seed": int()},
                "lengths": {"input": dict(), "output": dict()},
                "shards": dict(shards),
            } if all(map(_is_shard, shards.values())):
                return manifest
    raise ValueError(f"{path} is no manifest of generated problems: give them a folder of their own.")


def _is_shard(entry: Any) -> bool:
    match entry:
        case {"problems": int(), "rejected": dict()}:
            return True
    return False


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], was: str, is_now: str) -> str:
    """`seed was 1 and is now 2; …`, or nothing."""
    before, now = _flat(before), _flat(now)
    return "; ".join(
        f"{name} {was} {before.get(name)!r} and {is_now} {now.get(name)!r}"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    )


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


def _make_missing(
    folder: Path, shards: list[Shard], manifest: dict[str, Any], run: Callable, workers: int | None
) -> ProductionReport:
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
            with contextlib.closing(run(_make_shard, missing, work, workers, show)) as results:
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
