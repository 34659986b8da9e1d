"""Suites that show how brittle a solver is: series of simple integrals with checked solutions.

After Welleck, West, Cao & Choi 2022, "Symbolic Brittleness in Sequence Models" (AAAI): simple primitives with varied
coefficients and exponents, sums of problems that a solver solves one by one, and multiples of known problems. Their
Fail@k is the percentage of a suite's problems for which no hypothesis of a beam of size k is right.
"""

import contextlib
import dataclasses
import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from symbolic.evaluation.problem_sets import is_integral, read_problem_set, with_kind
from symbolic.expressions.engines import TooLargeError, UndefinedError, canonical
from symbolic.expressions.equations import integral_equation, integrand_of
from symbolic.expressions.infix import from_infix
from symbolic.expressions.prefix import Tree, chain, from_prefix, prefix_text
from symbolic.problems.files import write_problems
from symbolic.problems.problem import Problem
from symbolic.problems.tasks import counts_by_reason
from symbolic.runtime.names import unknown_name
from symbolic.runtime.progress import tqdm
from symbolic.verification import SOLVED, verify_many

Pairs = Iterator[tuple[Tree, Tree]]  # integrands, each with a primitive; endless, or every pair that a suite can have

# Integrands with their primitives; the paper's seven.
_SIMPLE = {
    "{a}*x": "{a}/2*x^2",
    "{a}*x^42": "{a}/43*x^43",
    "{a}*ln({b}*x)": "{a}*x*ln({b}*x) - {a}*x",
    "{a}*exp({b}*x)": "{a}/{b}*exp({b}*x)",
    "{a}*sin({b}*x)": "-{a}/{b}*cos({b}*x)",
    "{a}*cos({b}*x)": "{a}/{b}*sin({b}*x)",
    "{a}*tan({b}*x)": "-{a}/{b}*ln(cos({b}*x))",
}
_LARGEST_EXPONENT = 1000
_MOST_TERMS = 4
_MOST_IN_VAIN = 1000  # successive pairs without a new problem; then the suite is taken to be complete


def _coefficients(rng: np.random.Generator, lowest: int, highest: int) -> Pairs:
    """The simple integrands with coefficients from a range."""
    templates = list(_SIMPLE.items())
    while True:
        integrand, primitive = templates[rng.integers(len(templates))]
        a, b = rng.integers(lowest, highest, size=2, endpoint=True)
        yield from_infix(integrand.format(a=a, b=b)), from_infix(primitive.format(a=a, b=b))


def _powers(rng: np.random.Generator) -> Pairs:
    for k in 1 + rng.permutation(_LARGEST_EXPONENT):
        yield from_infix(f"x^{k}"), from_infix(f"x^{k + 1}/{k + 1}")


def _roots(rng: np.random.Generator) -> Pairs:
    for k in 2 + rng.permutation(_LARGEST_EXPONENT - 1):
        yield from_infix(f"x^(1/{k})"), from_infix(f"{k}/{k + 1}*x^({k + 1}/{k})")


def _sums(rng: np.random.Generator, problems: Sequence[Problem]) -> Pairs:
    """Sums of two to four of the problems."""
    while True:
        count = rng.integers(2, min(_MOST_TERMS, len(problems)), endpoint=True)
        chosen = [_sides(problems[i]) for i in rng.choice(len(problems), count, replace=False)]
        integrands, primitives = zip(*chosen, strict=True)
        yield chain("add", integrands), chain("add", primitives)


def _scaled(rng: np.random.Generator, problems: Sequence[Problem]) -> Pairs:
    """The problems times numbers from 2 to 100."""
    while True:
        integrand, primitive = _sides(problems[rng.integers(len(problems))])
        factor = Tree(int(rng.integers(2, 100, endpoint=True)))
        yield Tree("mul", (factor, integrand)), Tree("mul", (factor, primitive))


def _sides(problem: Problem) -> tuple[Tree, Tree]:
    return integrand_of(from_prefix(problem.equation)), from_prefix(problem.solution)


_SIMPLE_SUITES: dict[str, Callable[[np.random.Generator], Pairs]] = {
    "coefficients": functools.partial(_coefficients, lowest=1, highest=100),
    "far-coefficients": functools.partial(_coefficients, lowest=200, highest=1000),
    "powers": _powers,
    "roots": _roots,
}
_SUITES_OF_PROBLEMS: dict[str, Callable[[np.random.Generator, Sequence[Problem]], Pairs]] = {
    "sums": _sums,
    "scaled": _scaled,
}
SUITES = (*_SIMPLE_SUITES, *_SUITES_OF_PROBLEMS)


@dataclasses.dataclass
class SuiteReport:
    """The counts of a suite.

    Attributes:
        path: the file.
        wanted: problems that were asked for.
        kept: verdict on the solution -> problems written.
        left_out: reason -> pairs left out.
    """

    path: Path
    wanted: int
    kept: Counter
    left_out: Counter

    def __str__(self) -> str:
        text = f"{self.path}: kept: {counts_by_reason(self.kept)}; left out: {counts_by_reason(self.left_out)}"
        if self.kept.total() < self.wanted:
            text += f"; {self.wanted:,} were asked for, there are no more"
        return text


def make_suite(
    name: str, path: Path | str, count: int, seed: int, *, source: Path | str | None = None, workers: int = 1
) -> SuiteReport:
    """Write a suite of distinct problems, each with a solution that the judge accepts, in the published file format.

    A suite with fewer problems than `count`, such as the 1,000 powers, is written whole.

    Args:
        name: one of `SUITES`:
            "coefficients": a·x, a·x^42, and a·f(b·x) for f in ln, exp, sin, cos and tan, with a and b from 1 to 100;
            "far-coefficients": the same, with a and b from 200 to 1000;
            "powers": x^k with k up to 1000;
            "roots": x^(1/k) with k up to 1000;
            "sums": sums of two to four problems of `source`;
            "scaled": multiples of a problem of `source`.
        path: the file to write.
        count: problems to write.
        seed: of the random numbers; the same seed gives the same suite.
        source: only for "sums" and "scaled": a file of problems, or rows of an evaluation (`rows.csv`). Of rows, the
            solved ones are taken, with the solver's answers.
        workers: processes that judge.

    Raises:
        ValueError: there is no such suite, a number is out of range, or `source` is missing, superfluous or unusable.
        OSError: `source` cannot be read, or `path` cannot be written.
    """
    if name not in SUITES:
        raise unknown_name("suite", name, SUITES)
    if count < 1 or seed < 0 or workers < 1:
        raise ValueError(
            f"`count` and `workers` must be at least 1 and `seed` at least 0. Received: count={count}, "
            f"workers={workers}, seed={seed}."
        )
    if (source is None) == (name in _SUITES_OF_PROBLEMS):
        needs = "needs" if source is None else "takes no"
        raise ValueError(f"the suite `{name}` {needs} `source` (--of), a file of problems.")
    rng = np.random.Generator(np.random.PCG64(seed))
    if source is None:
        pairs = _SIMPLE_SUITES[name](rng)
    else:
        pairs = _SUITES_OF_PROBLEMS[name](rng, _integrals_of(Path(source)))
    report = SuiteReport(Path(path), count, Counter(), Counter())
    with contextlib.closing(_checked(pairs, workers, report)) as checked:
        write_problems(path, tqdm(itertools.islice(checked, count), total=count, desc=name, unit="problem"))
    return report


def _integrals_of(source: Path) -> list[Problem]:
    if source.suffix == ".csv":
        rows = with_kind(pd.read_csv(source, dtype=str, keep_default_na=False))
        if missing := {"input", "answer", "status", "kind"}.difference(rows):
            raise ValueError(
                f"{source} has no column {', '.join(sorted(missing))}: it is not the rows of an evaluation."
            )
        rows = rows[rows["status"].isin(SOLVED)].rename(columns={"answer": "output"})
    else:
        rows, _ = read_problem_set(source)
    rows = rows[rows["kind"].map(is_integral).astype(bool)]
    if len(rows) < 2:
        raise ValueError(f"{source} holds {len(rows)} solved integrals; at least 2 are needed.")
    return list(map(Problem, rows["input"], rows["output"]))


def _checked(pairs: Pairs, workers: int, report: SuiteReport) -> Iterator[Problem]:
    """Distinct problems whose solutions the judge accepts."""
    problems, judged = itertools.tee(_distinct(pairs, report))
    for verdict, problem in zip(verify_many(judged, workers=workers), problems, strict=True):
        (report.kept if verdict.solved else report.left_out)[verdict.status] += 1
        if verdict.solved:
            yield problem


def _distinct(pairs: Pairs, report: SuiteReport) -> Iterator[Problem]:
    """The pairs as problems, each once, until the last `_MOST_IN_VAIN` pairs gave no new problem."""
    known: set[str] = set()
    in_vain = 0
    for pair in pairs:
        problem = _problem(*pair)
        if problem is not None and problem.equation not in known:
            known.add(problem.equation)
            in_vain = 0
            yield problem
            continue
        report.left_out["repeated" if problem else "no finite value"] += 1
        in_vain += 1
        if in_vain == _MOST_IN_VAIN:
            return


def _problem(integrand: Tree, primitive: Tree) -> Problem | None:
    """The problem in canonical spelling; None if SymEngine finds no finite value, or the expression is too large."""
    try:
        integrand, primitive = canonical(integrand), canonical(primitive)
    except (UndefinedError, TooLargeError):
        return None
    return Problem(prefix_text(integral_equation(integrand)), prefix_text(primitive))
