"""Shards: fixed numbers of problems, drawn in processes with limits on time and memory.

What a shard holds follows from its fields: every draw has random numbers of its own, and a family keeps nothing from
one shard to the next. A shard is drawn in a process of its own. A hang, a crash in a native library or a memory blow-up
ends that process. The draw under way is then lost and counted, and a new process goes on with the next draw. A process
that ends before its first draw costs nothing.

A loss has two effects on the rest of its shard: one more problem is drawn at the end, and a family that learns from
its own problems starts learning anew. So the bytes of a shard depend on which draws are lost, and on nothing else:
neither on the number of workers nor on other shards. A draw that always crashes or never ends is lost every time. Draws
near the time limit may be lost in one run and kept in another. So limits should be far above what draws need, and
families should count steps where they can.

This module does not know the files that shards end up in. It needs a POSIX system.
"""

import dataclasses
import itertools
import math
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import TypeVar

import numpy as np

from symbolic.problems.problem import ProblemOptions, Rejected
from symbolic.problems.production import journal
from symbolic.problems.production.journal import Kind, Record
from symbolic.problems.splits import content_hash, skeleton, split_of
from symbolic.problems.tasks import (
    MOST_REJECTED_IN_A_ROW,
    Draw,
    Family,
    all_rejected,
    counts_by_reason,
    drawing_function,
)
from symbolic.runtime.processes import ProcessExpired, limit_this_process, preload_module, process_pool

preload_module(__name__)

Result = TypeVar("Result")

_OUT_OF_MEMORY = 77  # exit code of a process whose memory limit Python noticed
_LOSSES = {
    -signal.SIGPROF: "time limit",
    -signal.SIGALRM: "time limit",
    -signal.SIGKILL: "killed",
    _OUT_OF_MEMORY: "memory limit",
}
# A shard gives up after this many lost draws in a row; a run, after this many processes that ended before a draw.
_MOST_LOST_IN_A_ROW = 20
# A draw that waits, for another process say, uses no CPU time: on the clock it may take this many times its limit.
_CLOCK_PER_CPU = 10
_SECONDS_BETWEEN_REPORTS = 1.0


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a draw may use.

    Attributes:
        time_limit: seconds of CPU time that a draw may take; on the clock, ten times as many.
        memory_limit: GiB of address space that a process may have.
    """

    time_limit: float = 10.0
    memory_limit: float = 2.0

    def __post_init__(self):
        for name, value in vars(self).items():
            if not 0 < value < math.inf:
                raise ValueError(f"`{name}` must be positive and finite. Received: {value}.")


@dataclasses.dataclass(frozen=True)
class Shard:
    """A fixed number of problems of one task.

    Attributes:
        task: its name; tasks with equal seeds have different random numbers.
        family: what the task names; a function of a module, by whose name worker processes find it.
        options: what the problems are made of.
        seed, number: which random numbers the shard has.
        size: problems in it, duplicates included.
        limits: what a draw may use.
        for_training: whether only problems may occur that a set cut by skeletons has for training (`splits.split_of`).
        held_out: `splits.content_hash` of what else must not occur: equations, or skeletons of equations.
    """

    task: str
    family: Family
    options: ProblemOptions
    seed: int
    number: int
    size: int
    limits: Limits = Limits()
    for_training: bool = False
    held_out: frozenset[int] = frozenset()

    def __post_init__(self):
        if not _is_importable(self.family):
            raise ValueError(
                f"the family `{self.task}` must be a function that worker processes can import by its name, from a "
                f"module that is not the main program. Received: {self.family!r}."
            )
        if self.seed < 0:
            raise ValueError(f"`seed` must be at least 0. Received: {self.seed}.")


def _is_importable(family: Family) -> bool:
    """Whether another process finds a function by its module and name, which it does not in the main program."""
    module = sys.modules.get(family.__module__ or "")
    return family.__module__ != "__main__" and getattr(module, getattr(family, "__name__", ""), None) is family


def run_shards(
    work: Callable[[Shard, Path], Result],
    shards: Iterable[Shard],
    folder: Path,
    workers: int,
    progress: Callable[[int], None] | None = None,
    ahead: int = 0,
) -> Iterator[tuple[Shard, Result]]:
    """Each shard with what `work` returns for it, in the order in which they are finished.

    Closing the iterator ends the processes.

    Args:
        work: a function of a module, called in a process of its own as `work(shard, path)` with the path of the shard's
            journal; it calls `draw_shard`.
        shards: begun in their order, as workers become free; may be endless.
        folder: holds the journals of the shards under way.
        workers: processes at a time, at least 1.
        progress: called about once a second with the number of problems in the shards under way.
        ahead: shards that are made while no result is asked for, beside one for each worker.

    Raises:
        OSError: 20 draws in a row were lost, or 20 processes ended before their first draw.
        Exception: whatever `work` raises.
    """
    waiting, false_starts = iter(shards), 0
    under_way: dict[Future, tuple[Shard, Path]] = {}
    with process_pool(workers, max_tasks=1) as pool:

        def begin(shard: Shard, path: Path) -> None:
            under_way[pool.schedule(work, [shard, path])] = shard, path

        while True:
            for shard in itertools.islice(waiting, workers + ahead - len(under_way)):
                begin(shard, folder / f"{shard.task}-{shard.number}.journal")
            if not under_way:
                return
            finished, _ = wait(under_way, _SECONDS_BETWEEN_REPORTS, FIRST_COMPLETED)
            if progress is not None:
                progress(sum(journal.count_problems(path) for _, path in under_way.values()))
            for future in itertools.islice(finished, 1):  # so that the next shard is begun before its result is used
                shard, path = under_way.pop(future)
                try:
                    result = future.result()
                except ProcessExpired as death:
                    false_starts = 0 if _record_loss(path, death.exitcode) else false_starts + 1
                    if false_starts == _MOST_LOST_IN_A_ROW:
                        raise OSError(
                            f"{false_starts} processes ended before their first draw, the last one with "
                            f"{death.exitcode}: processes do not start here, or the memory limit is too tight."
                        ) from None
                    begin(shard, path)
                else:
                    false_starts = 0
                    path.unlink()
                    yield shard, result


def _record_loss(path: Path, exitcode: int) -> bool:
    """Add to a journal why the draw under way was lost; False if none was under way."""
    records = journal.read(path)
    draws = [record for record in records if record.kind is not Kind.BEGUN]
    if len(draws) == len(records):
        return False
    draws.append(Record(Kind.LOST, _LOSSES.get(exitcode, "crash")))
    journal.rewrite(path, draws)
    last = draws[-_MOST_LOST_IN_A_ROW:]
    if len(last) == _MOST_LOST_IN_A_ROW and all(record.kind is Kind.LOST for record in last):
        reasons = counts_by_reason(Counter(record.text for record in last))
        raise OSError(
            f"{len(last)} draws in a row were lost ({reasons}), and the last process ended with {exitcode}: the limits "
            "on time and memory are too tight, or processes are killed here."
        )
    return True


def draw_shard(shard: Shard, path: Path) -> tuple[list[str], Counter]:
    """Draw the problems of a shard, or those still missing, under its limits; for a process that does nothing else.

    Args:
        path: of the shard's journal. A shard whose process died goes on behind its last record.

    Returns:
        The problems as lines `equation<TAB>solution`, and reason -> draws that gave none.

    Raises:
        ValueError: 10,000 draws in a row were rejected, or the family returns no function that draws.
    """
    limit_this_process(int(shard.limits.memory_limit * 2**30))
    for timer in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(timer, signal.SIG_DFL)  # the kernel ends the process, whatever code it is in
    draw, rng_of = drawing_function(shard.family, shard.options), _random_numbers(shard)
    records = journal.read(path)
    lines = [record.text for record in records if record.kind is Kind.PROBLEM]
    in_a_row = sum(1 for _ in itertools.takewhile(lambda record: record.kind is not Kind.PROBLEM, reversed(records)))
    with open(path, "ab", buffering=0) as file:
        journal.append(file, Record(Kind.BEGUN))
        while len(lines) < shard.size and in_a_row < MOST_REJECTED_IN_A_ROW:
            _set_timers(shard.limits.time_limit)
            record = _drawn(draw, rng_of(len(records)), shard)
            journal.append(file, record)
            records.append(record)
            if record.kind is Kind.PROBLEM:
                lines.append(record.text)
                in_a_row = 0
            else:
                in_a_row += 1
    _set_timers(0)
    rejected = Counter(record.text for record in records if record.kind is not Kind.PROBLEM)
    if len(lines) < shard.size:
        raise all_rejected(in_a_row, rejected)
    return lines, rejected


def _drawn(draw: Draw, rng: np.random.Generator, shard: Shard) -> Record:
    try:
        problem = draw(rng)
    except Rejected as rejection:
        return Record.of_rejection(rejection.reason)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)  # the memory left might not be enough for the next draw
    except Exception as error:  # an error of a family costs a draw too, and shows among the reasons
        return Record.of_rejection(f"error {type(error).__name__}")
    if _is_held_out(problem.equation, shard):
        return Record.of_rejection("held out")
    return Record.of_problem(problem)


def _is_held_out(equation: str, shard: Shard) -> bool:
    if not shard.for_training and not shard.held_out:
        return False  # skeletons take time
    its_skeleton = skeleton(equation)
    if shard.for_training and split_of(its_skeleton) != "train":
        return True
    return not shard.held_out.isdisjoint(map(content_hash, (equation, its_skeleton)))


def _random_numbers(shard: Shard) -> Callable[[int], np.random.Generator]:
    """A function that gives the generator for a draw, by the draw's number.

    Philox makes its words from a key and a counter: the key is the shard's, the counter's highest word the draw's.
    """
    bits = np.random.Philox(np.random.SeedSequence([shard.seed, content_hash(shard.task), shard.number]))
    rng, state = np.random.Generator(bits), bits.state

    def rng_of(draw: int) -> np.random.Generator:
        state["state"]["counter"][3] = draw
        bits.state = state
        return rng

    return rng_of


def _set_timers(time_limit: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, time_limit)
    signal.setitimer(signal.ITIMER_REAL, time_limit * _CLOCK_PER_CPU)
