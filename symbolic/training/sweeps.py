"""Trials on the nodes of a Ray cluster, one trial a task.

A task trains as a run on its node would, in the trial's own folder, so the nodes need a common file system. If its node
dies, the task begins again on another node and resumes at its last whole epoch. Ray is imported only when a cluster is
asked for.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path


def on_cluster(
    train: Callable[[str, int], None], trials: Iterable[str], cores: int, environment: Mapping[str, str]
) -> Iterator[tuple[str, str | None]]:
    """Each trial with the reason why it failed, None if it did not, in the order in which they finish.

    Call it within `symbolic.runtime.cluster.connection()`. Each trial gets its own process in the current folder, and
    one GPU where nodes have any. Closing the iterator ends the trials under way.

    Args:
        train: called on a node with the name of a trial and the number of its cores; its error is the trial's failure.
        cores: cores for each trial, if every node has this many for each of its GPUs; else as many as every node has.
        environment: variables that are set in these processes.

    Raises:
        OSError: no node has CPUs.
    """
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    if not nodes:
        raise OSError("the cluster has no node with CPUs")
    cores = min(cores, *(max(1, int(node["CPU"] // max(1, node.get("GPU", 0)))) for node in nodes))
    task = ray.remote(
        num_cpus=cores,
        num_gpus=int(any(node.get("GPU") for node in nodes)),
        max_calls=1,  # the next trial gets a fresh process
        max_retries=3,
        runtime_env={"env_vars": dict(environment)},
    )(_failure)
    under_way = {task.remote(train, trial, cores, Path.cwd()): trial for trial in trials}
    try:
        while under_way:
            (ended,), _ = ray.wait(list(under_way))
            trial = under_way.pop(ended)
            try:
                yield trial, ray.get(ended)
            except ray.exceptions.RayError as error:
                yield trial, f"the process that trained it was lost: {error}"
    finally:
        for reference in under_way:
            ray.cancel(reference)


def _failure(train: Callable[[str, int], None], trial: str, cores: int, folder: Path) -> str | None:
    """On a node: why a trial failed."""
    try:
        with contextlib.chdir(folder):
            train(trial, cores)
    except Exception as error:  # whatever it is, it costs only this trial
        return str(error)
