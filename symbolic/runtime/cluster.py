"""A Ray cluster: the connection to it, and a function applied to items on its nodes.

Ray repeats a task whose node died until it is done. Ray is imported when a cluster is asked for, and not before.
"""

import contextlib
import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from symbolic.runtime.names import unknown_name

Item = TypeVar("Item")
Result = TypeVar("Result")

ENGINES = ("local", "ray")  # what `--engine` may be: processes of this machine, or the nodes of a Ray cluster
TASKS_PER_CORE = 2  # one runs, one waits, so that a core need not wait for us
_SECONDS_TO_ANSWER = 10.0
_SECONDS_TO_END = 10.0  # for tasks that are called off: they end their processes and remove their files


def is_cluster(engine: str) -> bool:
    """Whether `--engine` asks for the nodes of a Ray cluster; False for the processes of this machine.

    Raises:
        ValueError: it is not in `ENGINES`.
    """
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    return engine == "ray"


@contextlib.contextmanager
def connection() -> Iterator[None]:
    """Within the block this process is connected to a cluster.

    Ray decides to which one: that of the environment variable RAY_ADDRESS, or the one that was last begun on this
    machine, or a new one of this machine, which ends with the block. A program that is connected already stays so.

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
    """Ray itself would try for minutes before it reports that nobody answers at HOST:PORT."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or "://" in host:
        return
    try:
        socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER).close()
    except OSError as error:
        raise OSError(f"no cluster answers at RAY_ADDRESS={address}: {error}.") from None


def mapped(function: Callable[[Item], Result], items: Iterable[Item], workers: int | None) -> Iterator[Result]:
    """`map` on the nodes of a cluster: results in the order of the items, with few items under way at a time.

    Args:
        workers: Ray tasks at a time; None for twice as many as the cluster has cores at that moment.

    Raises:
        OSError: the cluster was lost, or a node cannot import the function.
        Exception: whatever the function raises.
    """
    import ray

    remote = ray.remote(num_cpus=1, max_retries=-1)(function)
    under_way = deque()
    with errors_of_cluster(), called_off(under_way):
        for item in items:
            under_way.append(remote.remote(item))
            if len(under_way) >= (workers or cores_of_cluster() * TASKS_PER_CORE):
                yield ray.get(under_way.popleft())
        while under_way:
            yield ray.get(under_way.popleft())


def cores_of_cluster() -> int:
    """Cores of the cluster as it is now; it may grow and shrink. At least 1, for one that has yet to grow."""
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 0)))


@contextlib.contextmanager
def errors_of_cluster() -> Iterator[None]:
    """Within the block errors of tasks are raised as they were, and those of the cluster itself as OSError."""
    import ray

    try:
        yield
    except ray.exceptions.RayTaskError as failure:  # Ray's wrap around the error of the task
        if isinstance(failure.cause, ray.exceptions.RaySystemError):  # the task could not even be unpacked
            reason = str(failure.cause).partition("\n")[0].removeprefix("System error: ")
            raise OSError(f"a node cannot unpack its task ({reason}): it needs the same modules as here.") from None
        raise failure.cause from None
    except ray.exceptions.RayError as failure:
        raise OSError(f"the Ray cluster failed: {failure}") from None


@contextlib.contextmanager
def called_off(under_way: Iterable) -> Iterator[None]:
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
