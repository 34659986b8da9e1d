"""Command that judges answers: a pair of texts, or a file or pipe of pairs."""

import argparse
import io
import json
import os
import re
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from symbolic.commands import AddCommand, check_at_least_1, check_positive

_LISTED = 20  # lines that are not solved, at most
_MALFORMED = "malformed"
# The beginning of prefix tokens, whole or not: such a line is no text that a person typed.
_TOKENS = re.compile(r"(\d+\|)?(sub|add|mul|div|pow|rac|inv)\b|.*\bINT[+-]")


def add(command: AddCommand) -> None:
    """Add this command to the command line."""
    sub = command(
        "verify",
        _verify,
        "Judge an answer, or every answer in a file. Exit status: 0 if all are right, 1 if not, 2 after an error.",
    )
    sub.add_argument(
        "problem",
        metavar="PROBLEM|FILE",
        help="an integral or a differential equation as people type it; or a file of lines PROBLEM<TAB>ANSWER or "
        'JSON {"problem": …, "answer": …}, plain or .gz, in text or prefix tokens; - for a pipe',
    )
    sub.add_argument("answer", nargs="?", metavar="ANSWER", help="an antiderivative, a value, or y(x)")
    sub.add_argument("--json", action="store_true", help="print an object for every pair; the table goes to stderr")
    sub.add_argument("--verbose", action="store_true", help="of one pair, also what the verdict rests on")
    sub.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N", help="processes")
    sub.add_argument("--time-limit", type=float, default=5.0, metavar="S", help="seconds that a pair may take")


def _verify(args: argparse.Namespace) -> int:
    check_at_least_1("--workers", args.workers)
    check_positive("--time-limit", args.time_limit)
    if args.answer is not None:
        return _verify_pair(args)
    return _verify_lines(args)


def _verify_pair(args: argparse.Namespace) -> int:
    from symbolic.solving.claims import sentence, verdicts
    from symbolic.solving.reading import read_problem

    read_problem(args.problem)  # an error of the command line, where it cannot be read
    (verdict,) = verdicts([(args.problem, args.answer)], time_limit=args.time_limit, domain=True)
    said = sentence(args.problem, args.answer, verdict)
    if args.json:
        record = {"problem": args.problem, "answer": args.answer, "said": said}
        print(json.dumps(record | verdict._asdict(), ensure_ascii=False))
    else:
        print(said)
        if args.verbose:
            print(f"verdict: {verdict.status}: {verdict.reason}")
            if verdict.solved:
                print("evidence:", ", ".join(f"{name} {value}" for name, value in verdict.evidence.items()))
    return 0 if verdict.solved else 1


def _verify_lines(args: argparse.Namespace) -> int:
    from symbolic.verification import SOLVED

    counts, unsolved = Counter(), []
    for record in _records(args):
        counts[record["status"]] += 1
        if record["status"] not in SOLVED and len(unsolved) < _LISTED:
            unsolved.append(f"{args.problem}:{record['line']}: {record['status']}: {record['reason']}")
        if args.json:
            print(json.dumps(record, ensure_ascii=False), flush=True)
    if not counts:
        raise ValueError(f"{args.problem} is empty: it holds no pair.")
    count_unsolved = counts.total() - sum(counts[status] for status in SOLVED)
    if count_unsolved > len(unsolved):
        unsolved.append(f"and {count_unsolved - len(unsolved):,} more; --json lists all")
    print(_table(counts), *unsolved, sep="\n", file=sys.stderr if args.json else sys.stdout)
    return 1 if count_unsolved else 0


def _lines(name: str) -> Iterator[tuple[int, str]]:
    """(number, line) of what is not blank in a file or in a pipe, which can be read only once."""
    from symbolic.runtime.lines import numbered_lines

    path = Path(name)
    if name != "-" and (not path.exists() or path.is_file() or path.is_dir()):
        return numbered_lines(path)
    stream = sys.stdin.buffer if name == "-" else open(path, "rb")  # noqa: SIM115  closed when the process ends
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace")
    return ((number, line.rstrip("\r\n")) for number, line in enumerate(text, 1) if line.strip())


def _pair(line: str) -> tuple[str, str]:
    """The problem and the answer in a line.

    Raises:
        BadLine: it holds no pair.
    """
    from symbolic.problems.files import BadLine, parse_line

    if line.lstrip().startswith("{"):
        try:
            record = json.loads(line)
            problem, answer = record["problem"], record["answer"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BadLine("no pair", 'an object with "problem" and "answer" was expected') from None
        if not isinstance(problem, str) or not isinstance(answer, str):
            raise BadLine("no pair", "problem and answer must be texts")
        return problem, answer
    if line.count("\t") != 1 or _TOKENS.match(line):
        return parse_line(line)[1:]
    try:
        return parse_line(line)[1:]
    except BadLine:
        return tuple(line.split("\t"))


def _records(args: argparse.Namespace) -> Iterator[dict]:
    """A record of each line, in their order: its number, the verdict with its reason, and the evidence for it."""
    from tqdm import tqdm

    from symbolic.problems.files import BadLine
    from symbolic.solving.claims import judged
    from symbolic.verification.workers import judge_many

    waiting = deque()  # lines read ahead of their verdicts

    def pairs() -> Iterable[tuple[str, str]]:
        for number, line in _lines(args.problem):
            try:
                problem, answer = _pair(line)
            except BadLine as fault:
                waiting.append({"line": number, "status": _MALFORMED, "reason": str(fault)})
            else:
                waiting.append({"line": number, "problem": problem, "answer": answer})
                yield problem, answer

    def malformed():
        while waiting and "status" in waiting[0]:
            yield waiting.popleft()

    is_file = args.problem != "-" and not Path(args.problem).is_fifo() and Path(args.problem).is_file()
    last = max((number for number, _ in _lines(args.problem)), default=0) if is_file else None
    with tqdm(total=last, desc="verifying", unit="line") as bar:
        for verdict in judge_many(pairs(), judged, args.workers, args.time_limit):
            yield from malformed()
            record = waiting.popleft() | verdict._asdict()
            bar.update(record["line"] - bar.n)
            yield record
        yield from malformed()
        bar.update((last or bar.n) - bar.n)


def _table(counts: Counter) -> str:
    from symbolic.verification import STATUSES

    total = counts.total()
    statuses = [*STATUSES, *[_MALFORMED] * (_MALFORMED in counts)]
    rows = [f"{status:<10}{counts[status]:>10,}{counts[status] / total:>9.2%}" for status in statuses]
    return "\n".join([f"{'verdict':<10}{'lines':>10}{'percent':>9}", *rows])
