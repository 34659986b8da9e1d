"""Work on the nodes of a Ray cluster: shards drawn, and a function applied to items.

What a task gives follows from what it is given, so Ray repeats a task whose node died until it is done. Nodes need no
common disk: results come back to the process that asked, and the files of a shard with them. On its node a shard is
drawn as `shards.run_shards` draws it, by a process with limits on time and memory.

Knows nothing of what is drawn or computed. Ray is imported when a cluster is asked for, and not before.
"""

import contextlib
import itertools
import logging
import os
import socket
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from symbolic.atomic import atomic_path
from symbolic.problems import shards as here
from symbolic.problems.shards import Shard

Item = TypeVar("Item")
Result = TypeVar("Result")

_TASKS_PER_CORE = 2  # one runs, one waits, so that a core need not wait for us
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_TO_ANSWER = 10.0
_SECONDS_TO_END = 10.0  # for tasks that are called off: they end their processes and remove their files


@contextlib.contextmanager
def connection() -> Iterator[None]:
    """Within the block this process is connected to a cluster.

    To which one, Ray decides: that of the environment variable RAY_ADDRESS, or the one that was last begun on this
    machine, or a new one of this machine alone, which ends with the block. A program that is connected already stays
    so.

    Raises:
        ValueError: Ray is not installed.
        OSError: the cluster does not answer, or does not let this program in.
    """
    try:
        import ray
    except ImportError:
        raise ValueError('the engine `ray` needs the package ray: pip install "ray>=2.50".') from None
    if ray.is_initialized():
        yield
        return
    _check_address(os.environ.get("RAY_ADDRESS", ""))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that we start reports to nobody
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.WARNING)
    except (RuntimeError, ConnectionError, ray.exceptions.RayError) as error:
        raise OSError(f"Ray neither found a cluster nor began one: {error}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _check_address(address: str) -> None:
    """Ray itself would try for minutes before it says that nobody answers at HOST:PORT."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or "://" in host:
        return
    try:
        socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER).close()
    except OSError as error:
        raise OSError(f"no cluster answers at RAY_ADDRESS={address}: {error}.") from None


def run_shards(
    work: Callable[[Shard, Path], Result],
    shards: Iterable[Shard],
    folder: Path,
    workers: int | None,
    look: Callable[[list[Path]], None],
    check: Callable[[], None],
) -> Iterator[tuple[Shard, Result]]:
    """The twin of `shards.run_shards`: each shard with what `work` returns for it, in the order of their ends.

    A shard is one task, on one core. The files that `work` leaves beside its journal are in `folder` when its result
    comes. Closing the iterator calls off the tasks under way.

    Args:
        work, shards: as for `shards.run_shards`.
        folder: gets the files; no journals, which stay on the nodes.
        workers: tasks at a time; None for twice as many as the cluster has cores at that moment.
        look: called about once a second, with no journals.
        check: called on the node before each shard; its error ends the run.

    Raises:
        OSError: 20 draws in a row were lost, or the cluster was.
        Exception: whatever `work` or `check` raises.
    """
    import ray

    task = ray.remote(num_cpus=1, max_retries=-1)(_run_shard)
    waiting = iter(shards)
    under_way = {}
    with _errors_of_the_cluster(), _called_off(under_way):
        while True:
            room = max(0, (workers or _cores() * _TASKS_PER_CORE) - len(under_way))
            for shard in itertools.islice(waiting, room):
                under_way[task.remote(work, shard, check)] = shard
            if not under_way:
                return
            finished, _ = ray.wait(list(under_way), timeout=_SECONDS_BETWEEN_LOOKS)
            for reference in finished:
                result, files = ray.get(reference)
                for name, content in files.items():
                    with atomic_path(folder / name) as temporary:
                        temporary.write_bytes(content)
                yield under_way.pop(reference), result
            look([])


def _run_shard(
    work: Callable[[Shard, Path], Result], shard: Shard, check: Callable[[], None]
) -> tuple[Result, dict[str, bytes]]:
    """On a node: the result for a shard, and the files by name."""
    check()
    with tempfile.TemporaryDirectory(prefix="symbolic-shard-") as folder:
        with contextlib.closing(here.run_shards(work, [shard], Path(folder), workers=1)) as results:
            ((_, result),) = results
        return result, {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def mapped(function: Callable[[Item], Result], items: Iterable[Item], workers: int | None) -> Iterator[Result]:
    """`map` by the nodes, results in the order of the items, of which few are under way at a time.

    Args:
        workers: tasks at a time; None for twice as many as the cluster has cores at that moment.

    Raises:
        OSError: the cluster was lost.
        Exception: whatever the function raises.
    """
    import ray

    task = ray.remote(num_cpus=1, max_retries=-1)(function)
    under_way = deque()
    with _errors_of_the_cluster(), _called_off(under_way):
        for item in items:
            under_way.append(task.remote(item))
            if len(under_way) >= (workers or _cores() * _TASKS_PER_CORE):
                yield ray.get(under_way.popleft())
        while under_way:
            yield ray.get(under_way.popleft())


def _cores() -> int:
    """Cores of the cluster as it is now; it may grow and shrink. At least 1, for one that has yet to grow."""
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 0)))


@contextlib.contextmanager
def _errors_of_the_cluster() -> Iterator[None]:
    """Errors of tasks as they were raised, and those of the cluster itself as OSError."""
    import ray

    try:
        yield
    except ray.exceptions.RayTaskError as failure:  # Ray's wrap around the error of the task
        raise failure.cause from None
    except ray.exceptions.RayError as failure:
        raise OSError(f"the Ray cluster failed: {failure}") from None


@contextlib.contextmanager
def _called_off(under_way: Iterable) -> Iterator[None]:
    """After the block the tasks that are still under way are ended."""
    import ray

    try:
        yield
    finally:
        references = list(under_way)
        for reference in references:
            ray.cancel(reference)
        if references:
            ray.wait(references, num_returns=len(references), timeout=_SECONDS_TO_END)
