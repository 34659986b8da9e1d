"""Shards drawn on the nodes of a Ray cluster.

What a Ray task gives follows from what it is given, so Ray repeats a task whose node died until it is done. Nodes need
no common disk: results come back to the process that asked, and the files of a shard with them. A node draws a shard as
`shards.run_shards` does, in a process with limits on time and memory.

Ray is imported when a cluster is asked for, and not before.
"""

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from symbolic.problems.production import shards as here
from symbolic.problems.production.shards import Shard
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.cluster import TASKS_PER_CORE, Result, called_off, cores_of_cluster, errors_of_cluster

_SECONDS_BETWEEN_REPORTS = 1.0


def run_shards(
    work: Callable[[Shard, Path], Result],
    shards: Iterable[Shard],
    folder: Path,
    workers: int | None,
    progress: Callable[[int], None],
    check: Callable[[], None],
) -> Iterator[tuple[Shard, Result]]:
    """The twin of `shards.run_shards`: each shard with what `work` returns for it, in the order in which they finish.

    A shard is one Ray task, on one core. The files that `work` leaves beside its journal are in `folder` when its
    result comes. Closing the iterator calls off the tasks under way.

    Args:
        work, shards: as for `shards.run_shards`.
        folder: gets the files; journals stay on the nodes.
        workers: Ray tasks at a time; None for twice as many as the cluster has cores at that moment.
        progress: called about once a second with 0, as the journals are elsewhere.
        check: called on the node before each shard; its error ends the run.

    Raises:
        OSError: 20 draws in a row were lost, or the cluster failed.
        Exception: whatever `work` or `check` raises.
    """
    import ray

    remote = ray.remote(num_cpus=1, max_retries=-1)(_run_shard)
    waiting = iter(shards)
    under_way = {}
    with errors_of_cluster(), called_off(under_way):
        while True:
            room = max(0, (workers or cores_of_cluster() * TASKS_PER_CORE) - len(under_way))
            for shard in itertools.islice(waiting, room):
                under_way[remote.remote(work, shard, check)] = shard
            if not under_way:
                return
            finished, _ = ray.wait(list(under_way), timeout=_SECONDS_BETWEEN_REPORTS)
            for reference in finished:
                result, files = ray.get(reference)
                for name, content in files.items():
                    with atomic_path(folder / name) as temporary:
                        temporary.write_bytes(content)
                yield under_way.pop(reference), result
            progress(0)


def _run_shard(
    work: Callable[[Shard, Path], Result], shard: Shard, check: Callable[[], None]
) -> tuple[Result, dict[str, bytes]]:
    """On a node: the result for a shard, and the files by name."""
    check()
    with tempfile.TemporaryDirectory(prefix="symbolic-shard-") as folder:
        with contextlib.closing(here.run_shards(work, [shard], Path(folder), workers=1)) as results:
            ((_, result),) = results
        return result, {path.name: path.read_bytes() for path in Path(folder).iterdir()}
