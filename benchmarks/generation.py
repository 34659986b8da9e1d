"""Problems kept per CPU-second for each task, in one process, beside the reference generator and the targets.

    python -m benchmarks.generation [TASK ...] [--runs N]

The settings are the published ones, with every cleaning and check; `ibp` starts from an empty table. Each run has a
process and a seed of its own; the median is compared. CPU time is that of the process and of the processes that it
starts, computer algebra systems included; imports do not count. The whole benchmark takes about three minutes of CPU
time, most of it for `ibp`.

The reference is the public implementation of Lample & Charton (2020), which computes with SymPy. Its figures were
measured once on a machine of the same kind; nothing here runs it.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from typing import NamedTuple


class Goal(NamedTuple):
    """How many problems a run makes, and rates in problems per CPU-second: the reference's, and the target for ours."""

    problems: int
    reference: float
    target: float


GOALS = {
    "bwd": Goal(5_000, reference=4.0, target=1000),
    "fwd": Goal(100, reference=0.4, target=10),
    "ibp": Goal(5_000, reference=0.04, target=20),
    "ode1": Goal(1_500, reference=0.7, target=300),
    "ode2": Goal(200, reference=0.1, target=20),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", default=list(GOALS), help=", ".join(GOALS))
    parser.add_argument("--runs", type=int, default=3, help="runs of a task")
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)  # one run, in this process
    args = parser.parse_args()
    if args.seed is not None:
        print(rate(args.tasks[0], args.seed))
        return
    print(f"problems kept per CPU-second; load of the machine at the start {os.getloadavg()[0]:.1f}")
    print(f"{'task':8}{'median':>9}   {'runs':28}{'reference':>9}{'ratio':>8}{'target':>8}")
    for task in args.tasks:
        goal = GOALS[task]
        rates = [_rate_in_a_new_process(task, seed) for seed in range(args.runs)]
        median, runs = statistics.median(rates), " ".join(f"{each:.1f}" for each in rates)
        reached = "reached" if median >= goal.target else "MISSED"
        print(
            f"{task:8}{median:9.1f}   {runs:28}{goal.reference:9.2f}{median / goal.reference:8.0f}"
            f"{goal.target:8d}  {reached}",
            flush=True,
        )


def _rate_in_a_new_process(task: str, seed: int) -> float:
    command = [sys.executable, "-m", "benchmarks.generation", task, "--seed", str(seed)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def rate(task: str, seed: int) -> float:
    """Problems of a task kept per CPU-second of this process and of the processes that it starts."""
    from symbolic.problems.tasks import problems

    start, stream = _cpu_seconds(), problems(task, seed)
    for _ in range(GOALS[task].problems):
        next(stream)
    del stream  # ends a computer algebra system, whose time is known only then
    return GOALS[task].problems / (_cpu_seconds() - start)


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
