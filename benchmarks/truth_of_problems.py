"""Whether every generated pair is right: fresh problems of each task, all judged.

    python -m benchmarks.truth_of_problems [TASK ...] [--count N] [--seed S] [--workers N]

The settings are the published ones. A pair is bad if it is neither proved nor confirmed, or if the answer to a
differential equation is a particular solution. Bad pairs are printed, and make the exit status 1.
`branch` counts the confirmed pairs that hold on an interval that depends on their constants. 20,000 problems of a task
take from one minute to ten, those of fwd half an hour or more.
"""

import argparse
import itertools
import sys
import time
from collections import Counter

from tqdm import tqdm

from symbolic.problems.tasks import TASKS, problems
from symbolic.verification import STATUSES, verify_many

COLUMNS = ("problems", *STATUSES, "branch", "bad")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", default=list(TASKS), help=", ".join(TASKS))
    parser.add_argument("--count", type=int, default=20_000, help="problems of each task")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes that judge")
    args = parser.parse_args()
    print(_row("task", [*COLUMNS, "seconds"]))
    bad = 0
    for task in args.tasks:
        begin = time.perf_counter()
        counts = judged(task, args.count, args.seed, args.workers)
        bad += counts["bad"]
        numbers = [*(counts[column] for column in COLUMNS), round(time.perf_counter() - begin)]
        print(_row(task, [f"{number:,}" for number in numbers]), flush=True)
    return 1 if bad else 0


def _row(name: str, cells: list[str]) -> str:
    return f"{name:8}" + "".join(f"{cell:>11}" for cell in cells)


def judged(task: str, count: int, seed: int, workers: int) -> Counter:
    """How many of a task's first problems got each verdict; prints the bad ones."""
    counts = Counter()
    drawn, judge_reads = itertools.tee(itertools.islice(problems(task, seed), count))
    verdicts = verify_many(judge_reads, workers=workers, time_limit=60)
    for problem, verdict in zip(drawn, tqdm(verdicts, total=count, desc=task, unit="problem"), strict=True):
        is_bad = not verdict.general
        counts.update(problems=1, branch=verdict.evidence.get("branch", False), bad=is_bad)
        counts[verdict.status] += 1
        if is_bad:
            tqdm.write(f"{task}: {verdict.status}: {verdict.reason}\n{problem.equation}\t{problem.solution}")
    return counts


if __name__ == "__main__":
    sys.exit(main())
