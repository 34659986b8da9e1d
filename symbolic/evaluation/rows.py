"""What a solver really solves: a row per problem, and figures over rows.

Three figures must not be mixed up. Token accuracy comes from the training loop: the percentage of target tokens that
the model predicts right when it is given the right tokens before them (teacher forcing). Exact match: a hypothesis
equals the reference token by token. Solve rate: a hypothesis is verified to solve the problem.

The solve rate counts only a model's own hypotheses. Repair (which fits the coefficients of a hypothesis) and linearity
(which asks for a sum term by term) have columns of their own. So has the control of repair: how many problems repair
solves when it is given hypotheses for other problems, which is no merit of the model.
"""

import json
import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from symbolic.expressions.notation import is_prefix
from symbolic.seq2seq.searches import Beam, Greedy
from symbolic.seq2seq.translator import Translator
from symbolic.solving.answers import Candidate, answers
from symbolic.solving.question import question_of
from symbolic.solving.sandbox import limited_map, repairs
from symbolic.systems.asking import Attempt
from symbolic.verification import SOLVED, STATUSES, Verdict, verify_many

UNANSWERED = "unanswered"
OUTCOMES = (*STATUSES, UNANSWERED)
# Origin of a candidate -> the column that counts it and those above, in the order in which they are tried.
ADDED = {"repair": "with_repair", "linearity": "with_linearity"}
CONTROL = "repair_control"
_LIMIT = 10.0  # seconds that the judge may take for an answer, and repair for a problem
_BEST_FIRST = ("proved", "confirmed", "undecided", "refuted")


def evaluate(
    translator: Translator,
    problems: pd.DataFrame,
    *,
    beam: int = 1,
    repair: bool = False,
    linearity: bool = False,
    grammar: bool = True,
    workers: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """A trained model's answers with their verdicts: a row per problem.

    Args:
        problems: a frame with the columns `input` and `output`; other columns are kept.
        beam: hypotheses that the search keeps and returns; 1 is greedy search.
        repair, linearity, grammar, workers, progress: as for `symbolic.solving.answers.answers`.

    Returns:
        The problems with `output` renamed `reference`, and the columns
        answer, score, status, reason: of the model's best hypothesis, by verdict and then by score; the status is
            "unanswered" if there is none;
        exact: whether a hypothesis equals the reference token by token;
        general: whether a hypothesis verifies as the general solution (`Verdict.extent`);
        with_repair: whether a hypothesis or a repaired one verifies; only with `repair`;
        with_linearity: the same, with what linearity adds after repair; only with `linearity`;
        repair_control: whether repair solves the problem from hypotheses for another one (see the function
            `repair_control`); only with `repair`;
        hypotheses, invalid: the number of hypotheses, and of those that are no prefix expressions;
        seconds: wall seconds of search and judging, averaged over all problems;
        candidates: all hypotheses, and what repair and linearity added, with scores and verdicts, as JSON.
    """
    started = time.perf_counter()
    search = Greedy() if beam == 1 else Beam(beam)
    options = {"repair": repair, "linearity": linearity, "grammar": grammar}
    questions = [question_of(problem) for problem in problems["input"]]
    found = answers(questions, translator, search, **options, workers=workers, progress=progress)
    seconds = (time.perf_counter() - started) / max(1, len(problems))  # the control below is no part of answering
    rows = _rows(problems, found, ["longer than the model reads"] * len(problems))
    for origin, column in ADDED.items():
        if options[origin]:
            rows[column] = [_solved(candidates, up_to=origin) for candidates in found]
    if repair:
        rows[CONTROL] = repair_control(rows["input"].tolist(), found, workers)
    return _finished(rows, found, [seconds] * len(problems))


def repair_control(problems: Sequence[str], found: Sequence[Sequence[Candidate]], workers: int = 1) -> list[bool]:
    """Whether repair solves each problem from the model's hypotheses for another problem.

    The other problem is drawn with a fixed seed, so that each problem's hypotheses are used once. If it happens to be
    the same equation, as for a single problem, repair gets no hypotheses and solves nothing.

    Args:
        problems: equations as prefix text.
        found: the candidates that `answers` returns for them.
        workers: processes that repair and judge.
    """
    order = np.random.default_rng(0).permutation(len(problems))
    lenders = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))

    def lent(index: int) -> list[str]:
        lender = lenders[index]
        if problems[lender] == problems[index]:
            return []
        return [candidate.tokens for candidate in found[lender] if candidate.origin == "model"]

    with limited_map(workers, _LIMIT) as compute:
        repaired = compute(repairs, [(problem, lent(index)) for index, problem in enumerate(problems)])
    answers = [each or [] for each in repaired]  # None where repair hung or crashed
    return [any(verdict.solved for verdict in each) for each in _judged(problems, answers, workers)]


def evaluate_system(
    ask: Callable[[Sequence[str]], list[Attempt]], system: str, problems: pd.DataFrame, workers: int = 1
) -> pd.DataFrame:
    """The same rows for a computer algebra system, asked by a function of `systems.asking`.

    A system spells its answers in its own way, so `exact` is empty. `seconds` do not include the judge.
    """
    equations = problems["input"].tolist()
    attempts = ask(equations)
    verdicts = _judged(equations, [attempt.answers for attempt in attempts], workers)
    found = [
        [Candidate(answer, math.nan, system, verdict) for answer, verdict in zip(attempt.answers, each, strict=True)]
        for attempt, each in zip(attempts, verdicts, strict=True)
    ]
    rows = _rows(problems, found, [attempt.failure for attempt in attempts])
    rows["exact"] = None
    return _finished(rows, found, [attempt.seconds for attempt in attempts])


def summarise(rows: pd.DataFrame) -> dict[str, float]:
    """The figures over the rows of `evaluate`: fractions from 0 to 1 but for `problems` and `seconds_per_problem`.

    A figure that does not apply, such as the exact match of a computer algebra system, is nan.
    """
    figures = {
        "problems": len(rows),
        "exact_match": _mean(rows["exact"]),
        "solve_rate": _mean(rows["status"].isin(SOLVED)),
        "general": _mean(rows["general"]),
        **{column: _mean(rows[column]) for column in (*ADDED.values(), CONTROL) if column in rows},
        "invalid": rows["invalid"].sum() / max(1, rows["hypotheses"].sum()),
        **{outcome: _mean(rows["status"] == outcome) for outcome in OUTCOMES},
        "seconds_per_problem": rows["seconds"].mean(),
    }
    return {name: value if name == "problems" else float(value) for name, value in figures.items()}


def _judged(equations: Sequence[str], answers: Sequence[Sequence[str]], workers: int) -> list[list[Verdict]]:
    """The verdicts on the answers to each equation."""
    pairs = [(equation, answer) for equation, each in zip(equations, answers, strict=True) for answer in each]
    verdicts = verify_many(pairs, workers=workers, time_limit=_LIMIT)
    return [[next(verdicts) for _ in each] for each in answers]


def _rows(problems: pd.DataFrame, found: list[list[Candidate]], failures: list[str]) -> pd.DataFrame:
    rows = problems.drop(columns="count", errors="ignore").rename(columns={"output": "reference"})
    rows = rows.reset_index(drop=True)
    own = [[candidate for candidate in candidates if candidate.origin not in ADDED] for candidates in found]
    best = [min(candidates, key=_rank, default=None) for candidates in own]
    rows["answer"] = [each.tokens if each else "" for each in best]
    rows["score"] = [each.score if each else math.nan for each in best]
    rows["status"] = [each.verdict.status if each else UNANSWERED for each in best]
    rows["reason"] = [each.verdict.reason if each else why for each, why in zip(best, failures, strict=True)]
    rows["exact"] = [
        any(candidate.tokens == reference for candidate in candidates)
        for candidates, reference in zip(own, rows["reference"], strict=True)
    ]
    rows["general"] = [any(candidate.verdict.general for candidate in candidates) for candidates in own]
    rows["hypotheses"] = [len(candidates) for candidates in own]
    rows["invalid"] = [sum(not is_prefix(candidate.tokens.split()) for candidate in candidates) for candidates in own]
    return rows


def _finished(rows: pd.DataFrame, found: list[list[Candidate]], seconds: list[float]) -> pd.DataFrame:
    """The rows with their last two columns, which people read least."""
    return rows.assign(seconds=seconds, candidates=[_as_json(candidates) for candidates in found])


def _rank(candidate: Candidate) -> int:
    return _BEST_FIRST.index(candidate.verdict.status)


def _solved(candidates: list[Candidate], up_to: str) -> bool:
    """Whether a candidate verifies, of those by the model and by the origins in `ADDED` up to this one."""
    later = list(ADDED)[list(ADDED).index(up_to) + 1 :]
    return any(candidate.verdict.solved for candidate in candidates if candidate.origin not in later)


def _as_json(candidates: list[Candidate]) -> str:
    return json.dumps(
        [
            {
                "answer": candidate.tokens,
                "score": None if math.isnan(candidate.score) else round(float(candidate.score), 4),
                "origin": candidate.origin,
                "status": candidate.verdict.status,
                "reason": candidate.verdict.reason,
            }
            for candidate in candidates
        ]
    )


def _mean(flags: pd.Series) -> float:
    return flags.astype(float).mean()
