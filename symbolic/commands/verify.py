"""Command that judges a file of problems and answers: verify."""

import argparse
import json
import os
import sys
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

from symbolic.commands import AddCommand, check_at_least_1

_LISTED = 20  # lines that are not solved, at most
_MALFORMED = "malformed"


def add(command: AddCommand) -> None:
    """Add this command to the command line."""
    sub = command("verify", _verify, "Judge every answer in a file. Exit status: 0 if all are solved, 1 if not.")
    sub.add_argument(
        "file", type=Path, metavar="FILE", help="lines PROBLEM<TAB>ANSWER, with or without counts, plain or .gz"
    )
    sub.add_argument("--json", action="store_true", help="print an object for every line; the table goes to stderr")
    sub.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N", help="processes")


def _verify(args: argparse.Namespace) -> int:
    check_at_least_1("--workers", args.workers)
    from symbolic.verification import SOLVED

    counts, unsolved = Counter(), []
    for record in _records(args.file, args.workers):
        counts[record["status"]] += 1
        if record["status"] not in SOLVED and len(unsolved) < _LISTED:
            unsolved.append(f"{args.file}:{record['line']}: {record['status']}: {record['reason']}")
        if args.json:
            print(json.dumps(record))
    if not counts:
        raise ValueError(f"{args.file} is empty: it holds no pair.")
    count_unsolved = counts.total() - sum(counts[status] for status in SOLVED)
    if count_unsolved > len(unsolved):
        unsolved.append(f"and {count_unsolved - len(unsolved):,} more; --json lists all")
    print(_table(counts), *unsolved, sep="\n", file=sys.stderr if args.json else sys.stdout)
    return 1 if count_unsolved else 0


def _records(path: Path, workers: int) -> Iterator[dict]:
    """A record of each line, in their order: its number, the verdict with its reason, and the evidence for it."""
    from tqdm import tqdm

    from symbolic.problems.files import BadLine, numbered_lines, parse_line
    from symbolic.verification import verify_many

    waiting = deque()  # lines read ahead of their verdicts

    def pairs():
        for number, line in numbered_lines(path):
            try:
                _, problem, answer = parse_line(line)
            except BadLine as fault:
                waiting.append({"line": number, "status": _MALFORMED, "reason": str(fault)})
            else:
                waiting.append({"line": number, "problem": problem, "answer": answer})
                yield problem, answer

    def malformed():
        while waiting and "status" in waiting[0]:
            yield waiting.popleft()

    last = max((number for number, _ in numbered_lines(path)), default=0)
    with tqdm(total=last, desc="verifying", unit="line") as bar:
        for verdict in verify_many(pairs(), workers=workers):
            yield from malformed()
            record = waiting.popleft() | verdict._asdict()
            bar.update(record["line"] - bar.n)
            yield record
        yield from malformed()
        bar.update(last - bar.n)


def _table(counts: Counter) -> str:
    from symbolic.verification import STATUSES

    total = counts.total()
    statuses = [*STATUSES, *[_MALFORMED] * (_MALFORMED in counts)]
    rows = [f"{status:<10}{counts[status]:>10,}{counts[status] / total:>9.2%}" for status in statuses]
    return "\n".join([f"{'verdict':<10}{'lines':>10}{'percent':>9}", *rows])
