"""What does the proposer `ansatz` solve, how fast, and how long are its answers?

    python -m benchmarks.ansatz [--kinds | --files FILE …] [--limit N] [--seed S] [--failures]

Each row: problems, solved (the judge proves or confirms the first answer that is right), wrong (the judge refutes a
proposal), CPU-milliseconds of a call, and the length of the answer beside the file's own (median, and how many are at
most twice as long).
"""

import argparse
import gzip
import random
import statistics
from pathlib import Path

from benchmarks.ansatz_call import timed
from benchmarks.integrands import KINDS, integrands
from symbolic.expressions.engines import canonical
from symbolic.expressions.equations import integral_equation
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.prefix import from_prefix, prefix_text
from symbolic.runtime.pool import Pool
from symbolic.runtime.processes import ProcessExpired, limit_this_process, process_pool
from symbolic.verification import verify_many

LIMIT = 10.0  # seconds of wall time for one problem
MEMORY = 2 << 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="*", help="kinds of `benchmarks.integrands`; all, if none is named")
    parser.add_argument("--files", nargs="*", type=Path, default=[], help="files of problems in a published format")
    parser.add_argument("--asked", type=Path, help="a table with integrands as people type them in its third column")
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--failures", action="store_true", help="print what is not solved")
    args = parser.parse_args()
    print(
        f"{'problems':32}{'count':>6}{'solved':>8}{'wrong':>7}{'lost':>6}{'median':>9}{'mean':>8}{'max ms':>9}"
        f"{'length':>8}{'<= 2x':>7}"
    )
    with process_pool(1, initializer=limit_this_process, initargs=[MEMORY]) as pool:
        if args.kinds is not None:
            for kind in args.kinds or KINDS:
                problems = [(_problem(text), None) for text in integrands(kind, seed=args.seed)]
                report(kind, problems, pool, args.failures)
        if args.asked:
            rows = [line.split("\t") for line in args.asked.read_text().splitlines() if "\tintegrate\t" in line]
            pairs = [(_problem(row[2]), None if row[3].startswith("none") else _read(row[3])) for row in rows]
            report(args.asked.name, pairs, pool, args.failures)
        for path in args.files:
            report(path.name, _sample(path, args.limit, args.seed), pool, args.failures)


def _read(text: str) -> str:
    return prefix_text(from_infix(text))


def _problem(text: str) -> str:
    return prefix_text(integral_equation(from_infix(text)))


def _sample(path: Path, limit: int, seed: int) -> list[tuple[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt") as file:
        lines = [line.rstrip("\n").split("|")[-1].split("\t") for line in file]
    return [tuple(line[:2]) for line in random.Random(seed).sample(lines, min(limit, len(lines)))]


def report(name: str, problems: list[tuple[str, str | None]], pool: Pool, failures: bool) -> None:
    pool.schedule(timed, args=["sub Y' x"]).result()  # loads the modules
    futures = [pool.schedule(timed, args=[problem], timeout=LIMIT) for problem, _ in problems]
    proposals, seconds, lost = [], [], 0
    for (problem, _), future in zip(problems, futures, strict=True):
        try:
            found, spent = future.result()
        except (TimeoutError, ProcessExpired, MemoryError) as error:
            found, spent, lost = [], LIMIT, lost + 1
            print(f"  LOST {type(error).__name__}: {to_infix(from_prefix(problem).operands[1])}")
        except Exception as error:
            found, spent, lost = [], 0.0, lost + 1
            print(f"  ERROR {type(error).__name__}: {error}: {to_infix(from_prefix(problem).operands[1])}")
        proposals.append(found)
        seconds.append(spent)
    pairs = [(problem, each) for (problem, _), found in zip(problems, proposals, strict=True) for each in found]
    verdicts = iter(verify_many(pairs))
    solved, wrong, ratios = 0, 0, []
    for (problem, reference), found in zip(problems, proposals, strict=True):
        judged = [(each, next(verdicts)) for each in found]
        right = [each for each, verdict in judged if verdict.solved]
        refuted = [each for each, verdict in judged if verdict.status == "refuted"]
        solved += bool(right)
        wrong += bool(refuted)
        if right and reference:
            ratios.append(len(right[0].split()) / max(1, len(_canonical(reference).split())))
        if failures and (not right or refuted):
            statuses = ",".join(verdict.status for _, verdict in judged) or "none"
            print(f"  {statuses:10} {to_infix(from_prefix(problem).operands[1])}")
            for each in refuted:
                print(f"             REFUTED {to_infix(from_prefix(each))}")
    ms = sorted(1e3 * value for value in seconds)
    lengths = f"{statistics.median(ratios):>8.2f}{sum(r <= 2 for r in ratios) / len(ratios):>7.0%}" if ratios else ""
    print(
        f"{name:32}{len(problems):>6}{solved:>8}{wrong:>7}{lost:>6}{statistics.median(ms):>9.1f}"
        f"{statistics.mean(ms):>8.1f}{ms[-1]:>9.0f}{lengths}",
        flush=True,
    )


def _canonical(answer: str) -> str:
    try:
        return prefix_text(canonical(from_prefix(answer)))
    except ValueError:
        return answer


if __name__ == "__main__":
    main()
