"""The judge on a file of right pairs, on answers a token away from them, and on the right answers written otherwise.

    python -m benchmarks.judge FILE [--limit N] [--rewritten N] [--seed S]

FILE holds pairs in a published format. For each kind of answer it prints the percentage of each verdict, and the pairs
per CPU-second of `verify` and of only its first two stages: residual, floats, and balls at six points. It prints right
answers that are refuted, and wrong ones that are solved, unless they differ from the right answer by a constant.
Without Giac (`apt install xcas`) its forms are left out. 10,000 pairs with their mutations take about a minute; what
takes longer is rewriting.

The public implementation of Lample & Charton (2020) knows one check, a SymPy simplification under a time limit.
Measured once on a machine of the same kind, nothing here runs it, it took 0.05 to 0.3 CPU-seconds on an answer that was
not written as expected, and called 12 % of such right integrals and 24 % of right solutions of ode1 wrong.
"""

import argparse
import cmath
import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import symengine as se

from benchmarks.rewriting import FORMS, INTEGRAL_FORMS, ODE_FORMS, mutated
from symbolic.expressions import engines
from symbolic.expressions.infix import to_infix
from symbolic.expressions.prefix import Tree, from_prefix, prefix_text
from symbolic.problems.files import numbered_lines, parse_line
from symbolic.verification import STATUSES, balls, floats, verify
from symbolic.verification.residual import AnswerError, residual_of
from symbolic.verification.verdict import Verdict

_X = se.Symbol("x")
_OTHERS = {se.Symbol(f"a{index}"): 0.5 + 0.1 * index for index in range(10)}
_POINTS = [_OTHERS | {_X: x} for x in (-17.3, -4.4, -2.3, -1.1, -0.6, -0.1, 0.07, 0.4, 0.9, 1.3, 2.2, 3.7, 9.1, 31.6)]

REWRITING_LIMIT = 5  # seconds of wall time for one form of one answer

Pair = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--limit", type=int, help="pairs that are drawn from the file; all, if not given")
    parser.add_argument("--rewritten", type=int, default=100, help="pairs whose answers are rewritten")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    pairs = [parse_line(line)[1:] for _, line in numbered_lines(args.file)]
    pairs = rng.sample(pairs, min(len(pairs), args.limit or len(pairs)))
    print(f"{'answers':34}{'pairs':>8}" + "".join(f"{status:>11}" for status in STATUSES) + f"{'pairs/CPU-s':>13}")
    verdicts = report("as they are", pairs)
    _print_refuted(pairs, verdicts)
    report_first_stages(pairs)
    wrong = [(problem, mutated(answer, rng)) for problem, answer in pairs]
    _print_confirmed(pairs, wrong, report("a token changed", wrong))
    right = [pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict.solved][: args.rewritten]
    report_rewritten(right)


def report(name: str, pairs: list[Pair]) -> list[Verdict]:
    """Judge pairs, print a row, and return the verdicts."""
    begin = time.process_time()
    verdicts = [verify(*pair) for pair in pairs]
    seconds = time.process_time() - begin
    counts = Counter(verdict.status for verdict in verdicts)
    shares = "".join(f"{counts[status] / max(1, len(pairs)):>11.2%}" for status in STATUSES)
    print(f"{name:34}{len(pairs):>8,}{shares}{len(pairs) / max(seconds, 1e-9):>13,.0f}", flush=True)
    return verdicts


def report_first_stages(pairs: list[Pair]) -> None:
    begin = time.process_time()
    for pair in pairs:
        with contextlib.suppress(AnswerError):
            residual = residual_of(*pair)
            for point in floats.sample(residual).points[:6]:
                balls.enclose(residual, point)
    rate = len(pairs) / (time.process_time() - begin)
    print(f"{'the first two stages alone':34}{len(pairs):>8,}{'':44}{rate:>13,.0f}", flush=True)


def report_rewritten(pairs: list[Pair]) -> None:
    """A row for each way to write the answers otherwise, and one for all of them."""
    if not pairs:
        return
    forms = FORMS | (ODE_FORMS if any("a8" in answer.split() for _, answer in pairs) else INTEGRAL_FORMS)
    everything = []
    for name, form in forms.items():
        changed = list(_rewritten(pairs, form))
        _print_refuted(changed, report(name, changed))
        everything += changed
    report("all of these", everything)


def _rewritten(pairs: list[Pair], form: Callable[[Tree], Tree]) -> Iterator[Pair]:
    signal.signal(signal.SIGALRM, _stop)
    for problem, answer in pairs:
        signal.alarm(REWRITING_LIMIT)
        try:
            changed = prefix_text(form(from_prefix(answer)))
        except (ValueError, RuntimeError, TimeoutError, NotImplementedError):
            continue  # this form has nothing to offer
        finally:
            signal.alarm(0)
        if changed != answer:
            yield problem, changed


def _stop(signal_number, frame):
    raise TimeoutError


def _print_refuted(pairs: list[Pair], verdicts: list[Verdict]) -> None:
    for (problem, answer), verdict in zip(pairs, verdicts, strict=True):
        if verdict.status == "refuted":
            print(f"  REFUTED: {verdict.reason}\n    {_infix(problem)}\n    {_infix(answer)}")


def _print_confirmed(pairs: list[Pair], wrong: list[Pair], verdicts: list[Verdict]) -> None:
    solved = [(right, pair) for right, pair, verdict in zip(pairs, wrong, verdicts, strict=True) if verdict.solved]
    false = [(problem, answer) for (_, right), (problem, answer) in solved if not differ_by_a_constant(right, answer)]
    print(f"  solved: {len(solved):,}; of these differ from the right answer by more than a constant: {len(false):,}")
    for problem, answer in false:
        print(f"    {_infix(problem)}\n    {_infix(answer)}")


def differ_by_a_constant(first: str, second: str) -> bool:
    """Whether SymEngine says that two answers have one derivative where both are real, or at all points if nowhere."""
    slopes = [engines.differentiate(engines.to_symengine(from_prefix(answer)), _X) for answer in (first, second)]
    values = [[complex(slope.subs(point).n(53)) for slope in slopes] for point in _POINTS]
    values = [pair for pair in values if all(map(cmath.isfinite, pair))]
    real = [pair for pair in values if all(abs(value.imag) < 1e-9 for value in pair)]
    return bool(values) and all(abs(a - b) <= 1e-6 * (1e-3 + abs(a)) for a, b in real or values)


def _infix(text: str) -> str:
    return to_infix(from_prefix(text))


if __name__ == "__main__":
    main()
