"""Shards: so many problems each, drawn in processes with limits on time and memory.

What a shard holds follows from its fields alone: every draw has random numbers of its own, and a family keeps nothing
from one shard to the next. A shard is drawn in a fresh process, so what a hang, a crash in a native library or a memory
blow-up ends is that process; the draw under way is lost and counted, and a new process goes on with the next draw. A
process that ends before its first draw costs nothing.

A loss has two effects on the rest of its shard: one more problem is drawn at the end, and a family that learns from
its own problems starts learning anew. So the bytes of a shard depend on which draws are lost, and on nothing else: not
on the number of workers, and not on other shards. A draw that always crashes or never ends is lost every time; only one
that takes just about the limit may be lost in one run and kept in another. For that reason limits should be far above
what draws need, and families should count steps where they can.

Knows nothing of the files that shards end up in. Needs a POSIX system.
"""

import dataclasses
import itertools
import math
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path
from typing import TypeVar

import numpy as np
from pebble import ProcessExpired, ProcessFuture

from symbolic.problems.problem import Problem, ProblemOptions, Rejected
from symbolic.problems.splits import content_hash, skeleton, split_of
from symbolic.problems.tasks import MOST_REJECTED_IN_A_ROW, counts_by_reason
from symbolic.runtime.processes import limit_this_process, preload_module, process_pool

preload_module(__name__)

Result = TypeVar("Result")

_OUT_OF_MEMORY = 77  # exit code of a process whose memory limit Python noticed
_LOSSES = {
    -signal.SIGPROF: "time limit",
    -signal.SIGALRM: "time limit",
    -signal.SIGKILL: "killed",
    _OUT_OF_MEMORY: "memory limit",
}
_CRASH = "crash"
_BEGUN = ""  # the line that a process writes into its journal before its first draw; it is removed after its death
# A shard that loses so many draws in a row gives up, and so does a run whose processes end so often before a draw.
_MOST_LOST_IN_A_ROW = 20
# A draw that waits, for another process say, uses no CPU time: it may take so many times its limit on the clock.
_CLOCK_PER_CPU = 10
_SECONDS_BETWEEN_LOOKS = 1.0


@dataclasses.dataclass(frozen=True)
class Shard:
    """A fixed number of problems of one task.

    Attributes:
        task: its name; tasks with equal seeds have different random numbers.
        family: what makes a function that draws a problem, as in `tasks.TASKS`; a function of a module, by whose name
            the processes find it.
        options: what the problems are made of.
        seed, number: which random numbers the shard has.
        size: problems in it. Duplicates are not looked for.
        time_limit: seconds of CPU time that a draw may take; on the clock, ten times as many.
        memory_limit: GiB of address space that a process may have.
        for_training: only problems that a set cut by skeletons has for training (`splits.split_of`) may occur.
        held_out: `splits.content_hash` of what else must not occur: equations, or skeletons of equations.
    """

    task: str
    family: Callable[[ProblemOptions], Callable[[np.random.Generator], Problem]]
    options: ProblemOptions
    seed: int
    number: int
    size: int
    time_limit: float = 10.0
    memory_limit: float = 2.0
    for_training: bool = False
    held_out: frozenset[int] = frozenset()

    def __post_init__(self):
        if self.family.__module__ == "__main__":
            raise ValueError(
                f"the family `{self.task}` must be a function of a module that workers can import. Received: one of "
                "the main program."
            )
        if self.seed < 0:
            raise ValueError(f"`seed` must be at least 0. Received: {self.seed}.")
        for name in ("time_limit", "memory_limit"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"`{name}` must be positive and finite. Received: {getattr(self, name)}.")


def run_shards(
    work: Callable[[Shard, Path], Result],
    shards: Iterable[Shard],
    folder: Path,
    workers: int,
    look: Callable[[list[Path]], None] = lambda journals: None,
    ahead: int = 0,
) -> Iterator[tuple[Shard, Result]]:
    """Each shard with what `work` returns for it, in the order in which they are finished.

    Closing the iterator ends the processes.

    Args:
        work: a function of a module, called in a process of its own as `work(shard, journal)`; it calls `draw_shard`.
        shards: begun in their order, as workers become free; may be endless.
        folder: holds the journals of the shards under way.
        workers: processes at a time, at least 1.
        look: called about once a second with the journals of the shards under way.
        ahead: shards that are made while no result is asked for, beside one for each worker.

    Raises:
        OSError: 20 draws in a row were lost, or 20 processes ended before their first draw.
        Exception: whatever `work` raises.
    """
    waiting, false_starts = iter(shards), 0
    under_way: dict[ProcessFuture, tuple[Shard, Path]] = {}
    with process_pool(workers, max_tasks=1) as pool:

        def begin(shard: Shard, journal: Path) -> None:
            under_way[pool.schedule(work, [shard, journal])] = shard, journal

        while True:
            for shard in itertools.islice(waiting, workers + ahead - len(under_way)):
                begin(shard, folder / f"{shard.task}-{shard.number}.journal")
            if not under_way:
                return
            finished, _ = wait(under_way, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
            look([journal for _, journal in under_way.values()])
            for future in itertools.islice(finished, 1):  # so that the next shard is begun before its result is used
                shard, journal = under_way.pop(future)
                try:
                    result = future.result()
                except ProcessExpired as death:
                    false_starts = 0 if _record_loss(journal, death.exitcode) else false_starts + 1
                    if false_starts == _MOST_LOST_IN_A_ROW:
                        raise OSError(
                            f"{false_starts} processes ended before their first draw, the last one with "
                            f"{death.exitcode}: processes do not start here, or the memory limit is too tight."
                        ) from None
                    begin(shard, journal)
                else:
                    false_starts = 0
                    journal.unlink()
                    yield shard, result


def _record_loss(journal: Path, exitcode: int) -> bool:
    """Write down why the draw under way gave no problem; false if none was under way."""
    *lines, _ = journal.read_text().split("\n") if journal.exists() else [""]  # without the one that death may have cut
    if _BEGUN not in lines:
        return False
    lines = [line for line in lines if line != _BEGUN] + [_LOSSES.get(exitcode, _CRASH)]
    journal.write_text("".join(f"{line}\n" for line in lines))
    last = lines[-_MOST_LOST_IN_A_ROW:]
    if len(last) == _MOST_LOST_IN_A_ROW and set(last) <= {*_LOSSES.values(), _CRASH}:
        raise OSError(
            f"{len(last)} draws in a row were lost ({counts_by_reason(Counter(last))}), and the last process ended "
            f"with {exitcode}: the limits on time and memory are too tight, or processes are killed here."
        )
    return True


def draw_shard(shard: Shard, journal: Path) -> tuple[list[str], Counter]:
    """Draw the problems of a shard, or those still missing, under its limits; for a process that does nothing else.

    Args:
        journal: a file that gets a line for every draw as it is made: `equation<TAB>solution`, or the reason why there
            is no problem. A shard whose process died goes on behind its last line.

    Returns:
        The lines of the problems, and reason -> draws that gave none.

    Raises:
        ValueError: 10,000 draws in a row were rejected.
    """
    limit_this_process(int(shard.memory_limit * 2**30))
    for timer in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(timer, signal.SIG_DFL)  # the kernel ends the process, whatever code it is in
    draw = shard.family(shard.options)
    rng_of = _random_numbers(shard)
    lines = journal.read_text().splitlines() if journal.exists() else []
    kept = sum("\t" in line for line in lines)
    rejected_in_a_row = sum(1 for _ in itertools.takewhile(lambda line: "\t" not in line, reversed(lines)))
    with open(journal, "ab", buffering=0) as file:
        file.write(f"{_BEGUN}\n".encode())
        while kept < shard.size and rejected_in_a_row < MOST_REJECTED_IN_A_ROW:
            _set_timers(shard.time_limit)
            line = _drawn(draw, rng_of(len(lines)), shard)
            file.write(line.encode() + b"\n")
            lines.append(line)
            is_problem = "\t" in line
            kept += is_problem
            rejected_in_a_row = 0 if is_problem else rejected_in_a_row + 1
    _set_timers(0)
    rejected = Counter(line for line in lines if "\t" not in line)
    if kept < shard.size:
        reasons = counts_by_reason(rejected)
        raise ValueError(f"{rejected_in_a_row:,} draws in a row were rejected ({reasons}): choose other options.")
    return [line for line in lines if "\t" in line], rejected


def _drawn(draw: Callable[[np.random.Generator], Problem], rng: np.random.Generator, shard: Shard) -> str:
    try:
        problem = draw(rng)
    except Rejected as rejection:
        return rejection.reason
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)  # what is left of the memory might not do for the next draw
    except Exception as error:  # an error of a family costs a draw too, and shows among the reasons
        return f"error {type(error).__name__}"
    return "held out" if _is_held_out(problem.equation, shard) else "\t".join(problem)


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
