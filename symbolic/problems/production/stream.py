"""Fresh problems without end, of one or several tasks, made ahead by worker processes: for training on no data set.

A stream is as reproducible as the shards that it is cut from, and can be entered at any position.
"""

import contextlib
import dataclasses
import heapq
import itertools
import math
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from symbolic.problems.problem import Problem, ProblemOptions
from symbolic.problems.production.shards import Shard, draw_shard, run_shards
from symbolic.problems.splits import content_hash
from symbolic.problems.tasks import family_named

_SHARD_SIZE = 1_000
_AHEAD = 16  # shards; more than a window of training batches holds, so that workers are busy while a model trains
_WEIGHT_STEPS = 1_000  # weights are rounded to this many parts of their sum


def stream(
    tasks: Mapping[str, float],
    seed: int,
    *,
    workers: int = 1,
    start: int = 0,
    options: ProblemOptions | None = None,
    held_out: Iterable[str] = (),
) -> Iterator[Problem]:
    """Problems from position `start` on, always the same ones for the same tasks, weights, seed and held-out equations.

    They are drawn anew all the time, so a problem comes twice only where its family draws it twice. None is one that a
    data set cut by skeletons, now or later, has for validation or testing (`splits.split_of`). Workers go on while the
    stream is not read, until 16,000 problems and another 1,000 for each of them are waiting. Close the iterator to end
    the processes.

    Args:
        tasks: name in `tasks.TASKS`, or `my_module:my_family`, -> weight. Tasks are mixed evenly by their weights,
            which are rounded to a thousandth of their sum.
        seed: any integer from 0 up.
        workers: processes at a time; they change nothing but the rate.
        start: how many problems to leave out; nearly no work, so that an interrupted training goes on where it was.
        options: what the problems are made of; None for the published settings.
        held_out: equations, or skeletons of equations, that must not occur either: those of other sets for testing.

    Raises:
        ValueError: an unknown task or a number out of its range; while it is read, options that reject too much.
        OSError: while it is read, 20 draws in a row were lost.
    """
    check_tasks(tasks)
    for name, value, least in (("seed", seed, 0), ("workers", workers, 1), ("start", start, 0)):
        if value < least:
            raise ValueError(f"`{name}` must be at least {least}. Received: {value}.")
    options, held_out = options or ProblemOptions(), frozenset(map(content_hash, held_out))
    first_shards = {
        task: Shard(task, family_named(task), options, seed, 0, _SHARD_SIZE, for_training=True, held_out=held_out)
        for task in tasks
    }
    return _stream(first_shards, task_pattern(tasks), workers, start)


def check_tasks(tasks: Mapping[str, float]) -> None:
    """Raises ValueError for an unknown task, for none at all, and for a weight that is no finite number above 0."""
    for task in tasks:
        family_named(task)
    if not tasks or not all(0 < weight < math.inf for weight in tasks.values()):
        raise ValueError(f"`tasks` must give at least one task a positive weight. Received: {dict(tasks)}.")


def _stream(first_shards: Mapping[str, Shard], pattern: list[str], workers: int, start: int) -> Iterator[Problem]:
    """The problems; `first_shards` are number 0 of each task, and `pattern` repeats the tasks of the stream."""
    rounds, rest = divmod(start, len(pattern))
    before = {task: rounds * pattern.count(task) + pattern[:rest].count(task) for task in first_shards}

    def shards_of(task):
        """The task's shards, each behind the position in the stream that needs it first."""
        for number in itertools.count(before[task] // _SHARD_SIZE):
            shard = dataclasses.replace(first_shards[task], number=number)
            yield number * _SHARD_SIZE / pattern.count(task), task, shard

    by_need = (shard for _, _, shard in heapq.merge(*map(shards_of, first_shards), key=lambda item: item[:2]))
    to_make, in_order = itertools.tee(by_need)
    with (
        tempfile.TemporaryDirectory(prefix="problems-") as folder,
        contextlib.closing(run_shards(_problem_lines, to_make, Path(folder), workers, ahead=_AHEAD)) as results,
    ):
        ordered = _ordered(results, in_order)
        ready = {task: deque() for task in first_shards}
        for task in itertools.islice(itertools.cycle(pattern), rest, None):
            while not ready[task]:
                shard, lines = next(ordered)
                ready[shard.task].extend(lines[max(0, before[shard.task] - shard.number * _SHARD_SIZE) :])
            yield Problem(*ready[task].popleft().split("\t"))


def _problem_lines(shard: Shard, journal: Path) -> list[str]:
    """In a worker: the problems of a shard."""
    lines, _ = draw_shard(shard, journal)
    return lines


def _ordered(results: Iterator[tuple[Shard, list[str]]], shards: Iterable[Shard]) -> Iterator[tuple[Shard, list[str]]]:
    """The results in the order of `shards`."""
    early = {}
    for shard in shards:
        while (shard.task, shard.number) not in early:
            finished, lines = next(results)
            early[finished.task, finished.number] = lines
        yield shard, early.pop((shard.task, shard.number))


def task_pattern(tasks: Mapping[str, float]) -> list[str]:
    """The shortest sequence in which every task is as frequent as its weight, mixed evenly (smooth round robin)."""
    total = sum(tasks.values())
    steps = {task: max(1, round(_WEIGHT_STEPS * weight / total)) for task, weight in sorted(tasks.items())}
    divisor = math.gcd(*steps.values())
    steps = {task: count // divisor for task, count in steps.items()}
    length = sum(steps.values())
    pattern, due = [], dict.fromkeys(steps, 0)
    for _ in range(length):
        for task, count in steps.items():
            due[task] += count
        task = max(due, key=due.get)
        due[task] -= length
        pattern.append(task)
    return pattern
