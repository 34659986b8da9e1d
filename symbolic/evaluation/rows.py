"""What a solver really solves: a row per problem, and figures over rows.

Three figures, never to be mixed up: token accuracy (under teacher forcing, from the training loop), exact match (a
hypothesis equals the reference token by token) and solve rate (a hypothesis verifies). What repair and linearity add
to a model's own hypotheses stands in columns of its own. So does what repair solves without the model: where its terms
come from answers to other problems, it solves some all the same. Knows nothing of files.
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
from symbolic.verification import SOLVED, STATUSES, verify_many

UNANSWERED = "unanswered"
OUTCOMES = (*STATUSES, UNANSWERED)
ADDED = {
    "repair": "with_repair",
    "linearity": "with_linearity",
}  # origin -> column, in the order in which they are tried
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
    """A trained model's answers and what they are worth: a row per problem.

    Args:
        problems: a frame with the columns input and output; others are kept.
        beam: hypotheses that the search keeps and gives; 1 is greedy.
        repair, linearity, grammar, workers, progress: as `symbolic.solving.answers.answers` takes them.

    Returns:
        The problems with `output` renamed `reference`, and the columns
        answer, score, status, reason: the best of the model's hypotheses, by verdict and then by score; the status
            "unanswered" if there is none;
        exact: whether a hypothesis equals the reference token by token;
        general: whether a hypothesis verifies and, for a differential equation, has as many independent constants as
            its order;
        with_repair, with_linearity: whether one verifies among the hypotheses and what these added, linearity after
            repair; only if they were asked for;
        repair_control: whether repair solves the problem with the model's hypotheses for another problem in the place
            of its own (see `repair_control`); only if repair was asked for;
        hypotheses, invalid: how many there are, and how many of them are no prefix expressions;
        seconds: wall seconds of search and judging, those of all problems shared evenly;
        candidates: all hypotheses and what was added, with scores and verdicts, as JSON.
    """
    started = time.perf_counter()
    search = Greedy() if beam == 1 else Beam(beam)
    options = {"repair": repair, "linearity": linearity, "grammar": grammar}
    questions = [question_of(problem) for problem in problems["input"]]
    found = answers(questions, translator, search, **options, workers=workers, progress=progress)
    seconds = (time.perf_counter() - started) / max(1, len(problems))  # without the control, which answers nothing
    rows = _rows(problems, found, ["longer than the model reads"] * len(problems))
    for origin, column in ADDED.items():
        if options[origin]:
            rows[column] = [_solved(candidates, up_to=origin) for candidates in found]
    if repair:
        rows[CONTROL] = repair_control(rows["input"].tolist(), found, workers)
    return _finished(rows, found, [seconds] * len(problems))


def repair_control(problems: Sequence[str], found: Sequence[Sequence[Candidate]], workers: int = 1) -> list[bool]:
    """Whether repair solves each problem from the model's hypotheses for another one.

    Which one is random, and the same every time; each problem lends its hypotheses once. A single problem has no other,
    and equal problems are no others: there repair has nothing to work with.

    Args:
        problems: equations as prefix text.
        found: what `answers` gives for them.
        workers: processes that repair and judge.
    """
    order = np.random.default_rng(0).permutation(len(problems))
    lenders = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
    asked = [
        (problem, [each.tokens for each in found[lenders[index]] if each.origin == "model"])
        if problems[lenders[index]] != problem
        else (problem, [])
        for index, problem in enumerate(problems)
    ]
    with limited_map(workers, _LIMIT) as compute:
        offers = [offered or [] for offered in compute(repairs, asked)]
    pairs = [(problem, answer) for problem, answers in zip(problems, offers, strict=True) for answer in answers]
    verdicts = verify_many(pairs, workers=workers, time_limit=_LIMIT)
    return [any([next(verdicts).solved for _ in answers]) for answers in offers]


def evaluate_system(
    ask: Callable[[Sequence[str]], list[Attempt]], system: str, problems: pd.DataFrame, workers: int = 1
) -> pd.DataFrame:
    """The same for a computer algebra system, asked by `systems.asking`.

    Its answers are written in its own way, so `exact` is empty; `seconds` are those of the system, without the judge.
    """
    equations = problems["input"].tolist()
    attempts = ask(equations)
    pairs = [(eq, answer) for eq, attempt in zip(equations, attempts, strict=True) for answer in attempt.answers]
    verdicts = verify_many(pairs, workers=workers, time_limit=_LIMIT)
    found = [
        [Candidate(answer, math.nan, system, next(verdicts)) for answer in attempt.answers] for attempt in attempts
    ]
    rows = _rows(problems, found, [attempt.failure for attempt in attempts])
    rows["exact"] = None
    return _finished(rows, found, [attempt.seconds for attempt in attempts])


def summarise(rows: pd.DataFrame) -> dict[str, float]:
    """The figures over the rows of `evaluate`: how many, and shares of them; nan where a figure has no sense."""
    figures = {
        "problems": len(rows),
        "exact_match": _share(rows["exact"]),
        "solve_rate": _share(rows["status"].isin(SOLVED)),
        "general": _share(rows["general"]),
        **{column: _share(rows[column]) for column in (*ADDED.values(), CONTROL) if column in rows},
        "invalid": rows["invalid"].sum() / max(1, rows["hypotheses"].sum()),
        **{outcome: _share(rows["status"] == outcome) for outcome in OUTCOMES},
        "seconds_per_problem": rows["seconds"].mean(),
    }
    return {name: value if name == "problems" else float(value) for name, value in figures.items()}


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
    """The rows with their last two columns, which are the least read."""
    return rows.assign(seconds=seconds, candidates=[_as_json(candidates) for candidates in found])


def _rank(candidate: Candidate) -> int:
    return _BEST_FIRST.index(candidate.verdict.status)


def _solved(candidates: list[Candidate], up_to: str) -> bool:
    """Whether one verifies of the model's and of those that were added up to an origin."""
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


def _share(flags: pd.Series) -> float:
    return flags.astype(float).mean()
