"""Whether two trials differ in their solve rate by more than chance, on the same test problems.

With several seeds of both trials, the chance is that of the seeds and that of the problems. Their variances add:
s_a²/n_a + s_b²/n_b of the seeds' solve rates, and the variance of the mean, over the problems, of the difference in how
many seeds solve a problem. The difference is compared with Student's t, its degrees of freedom after Welch and
Satterthwaite. That is on the safe side, because the seeds' rates vary a little with the problems too.

With one seed on a side nothing is known of the chance of seeds. Then McNemar's exact test compares the two trained
models alone: it looks at the problems that one of them solves and the other does not.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import mpmath
import numpy as np
import pandas as pd

from symbolic.verification import SOLVED

LEVEL = 0.05  # a difference with a smaller probability under chance alone is called beyond it


class Difference(NamedTuple):
    """One trial beside another.

    Attributes:
        trial, other: their names.
        seeds, other_seeds: how many seeds of each were judged.
        problems: judged problems that they have in common.
        difference: solve rate of `trial` minus that of `other`.
        low, high: its 95 % interval; nan with one seed on a side.
        p: the probability of such a difference, or a larger one, by chance alone.
        test: "t over seeds and problems", or "McNemar" of one model of each.
    """

    trial: str
    other: str
    seeds: int
    other_seeds: int
    problems: int
    difference: float
    low: float
    high: float
    p: float
    test: str


def difference(trial: str, solved: np.ndarray, other: str, others_solved: np.ndarray) -> Difference:
    """Compare two trials by which of the same problems they solve.

    Args:
        solved: (seeds, problems), whether each seed of `trial` solves each problem.
        others_solved: the same of `other`; the number of seeds may differ.
    """
    seeds, other_seeds, problems = len(solved), len(others_solved), solved.shape[1]
    if min(seeds, other_seeds) < 2:
        found = float(solved[0].mean() - others_solved[0].mean())
        p = mcnemar(int((solved[0] & ~others_solved[0]).sum()), int((others_solved[0] & ~solved[0]).sum()))
        return Difference(trial, other, seeds, other_seeds, problems, found, math.nan, math.nan, p, "McNemar")
    by_problem = solved.mean(axis=0) - others_solved.mean(axis=0)
    parts = [  # (variance of the mean, degrees of freedom)
        (solved.mean(axis=1).var(ddof=1) / seeds, seeds - 1),
        (others_solved.mean(axis=1).var(ddof=1) / other_seeds, other_seeds - 1),
        (by_problem.var(ddof=1) / problems if problems > 1 else 0.0, max(1, problems - 1)),
    ]
    variance, found = sum(part for part, _ in parts), float(by_problem.mean())
    if not variance:
        p = float(found == 0)
        return Difference(
            trial, other, seeds, other_seeds, problems, found, found, found, p, "t over seeds and problems"
        )
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    error = math.sqrt(variance)
    half = error * _t_quantile(freedom)
    p = _two_sided(found / error, freedom)
    test = "t over seeds and problems"
    return Difference(trial, other, seeds, other_seeds, problems, found, found - half, found + half, p, test)


def mcnemar(only_one: int, only_other: int) -> float:
    """The exact two-sided probability of such an uneven pair of counts if either side were as likely (McNemar 1947)."""
    n, k = only_one + only_other, min(only_one, only_other)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n)


def _two_sided(t: float, freedom: float) -> float:
    """The probability that Student's t is at least this far from 0."""
    if freedom > 1000:  # where the series converges slowly, and the normal distribution is as good
        return math.erfc(abs(t) / math.sqrt(2))
    return float(mpmath.betainc(freedom / 2, 0.5, 0, freedom / (freedom + t * t), regularized=True))


def _t_quantile(freedom: float) -> float:
    """The t that is exceeded, on either side, with probability LEVEL; by bisection."""
    low, high = 0.0, 1e4
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _two_sided(middle, freedom) > LEVEL else (low, middle)
    return high


def differences(folders: Mapping[str, Sequence[Path]], split: str = "test") -> pd.DataFrame:
    """The trial with the best solve rate beside each of the others, from the predictions that their folders keep.

    The probabilities `p` are corrected for the number of comparisons (Holm 1979).

    Args:
        folders: trial -> the folders of its seeds.
        split: "test" or "valid": which predictions.

    Returns:
        A row per other trial with the fields of `Difference`, and `beyond`: whether the corrected p is below 0.05.
        Empty if fewer than two trials were judged, or nothing was solved. Trials that were judged on other problems are
        left out.
    """
    solved = {trial: _solved(its_folders, split) for trial, its_folders in folders.items()}
    solved = {trial: frame for trial, frame in solved.items() if len(frame)}
    rows: list[Difference] = []
    if solved:
        best = max(solved, key=lambda trial: solved[trial].to_numpy().mean())
        for trial, frame in solved.items() if solved[best].any(axis=None) else ():
            common = solved[best].columns.intersection(frame.columns)
            if trial != best and len(common):
                rows.append(difference(best, solved[best][common].to_numpy(), trial, frame[common].to_numpy()))
    table = pd.DataFrame(rows, columns=Difference._fields)
    table["p"] = _holm(table["p"].to_numpy(float))
    return table.assign(beyond=table["p"] < LEVEL)


def _solved(folders: Sequence[Path], split: str) -> pd.DataFrame:
    """(seeds, problems), whether each seed solves each problem; the columns are lines and inputs."""
    rows = []
    for folder in folders:
        path = folder / f"predictions_{split}.csv"
        if path.exists():
            frame = pd.read_csv(path)
            if "status" in frame:
                index = pd.MultiIndex.from_frame(frame[["line", "input"]].astype(str))
                series = pd.Series(frame["status"].isin(SOLVED).to_numpy(), index)
                rows.append(series[~series.index.duplicated()])
    return pd.concat(rows, axis="columns", join="inner").T if rows else pd.DataFrame()


def _holm(p: np.ndarray) -> np.ndarray:
    """Each probability times the number of those that are not smaller, never below that of a smaller one."""
    order = np.argsort(p, kind="stable")
    corrected = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))) if len(p) else p
    return corrected[np.argsort(order, kind="stable")]


def describe_differences(table: pd.DataFrame) -> str:
    """The comparisons as sentences for a terminal; empty if there are none."""
    if table.empty:
        return ""
    lines = [f"{table['trial'].iloc[0]} has the best solve rate. Beside it, on the same problems:"]
    width = max(map(len, table["other"]))
    for row in table.itertuples():
        if row.test == "McNemar":
            verdict = "these two models differ" if row.beyond else "these two models may be equally good"
            interval = ""
        else:
            verdict = f"{'beyond' if row.beyond else 'within'} the noise of seeds and problems"
            interval = f" [{100 * -row.high:+.1f}, {100 * -row.low:+.1f}]"
        p = "p < 0.001" if row.p < 0.001 else f"p = {row.p:.3f}"
        lines.append(f"  {row.other:{width}} {-100 * row.difference:+.1f} points{interval}: {verdict} ({p})")
    if (table["test"] == "McNemar").any():
        lines.append("One run says little about a trial. Train each with several seeds: --seed 0,1,2.")
    return "\n".join(lines)
