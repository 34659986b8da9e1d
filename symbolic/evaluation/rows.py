"""What a solver really solves: a row per problem, and figures over rows.

Three figures must not be mixed up. Token accuracy comes from the training loop: the percentage of target tokens that
the model predicts right when it is given the right tokens before them (teacher forcing). Exact match: a hypothesis
equals the reference token by token. Solve rate: a hypothesis is verified to solve the problem.

The solve rate counts only a model's own hypotheses. Each proposer beside the model (`solving.proposers`) has a column
of its own, and controls: how many problems it solves without any hypotheses, and with hypotheses for other problems.
What these two solve is no merit of the model.
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
from symbolic.solving import spellings
from symbolic.solving.answers import answers
from symbolic.solving.candidates import MODEL, Candidate, best_of, first_solved
from symbolic.solving.proposers import IGNORED, NEEDED, OWN, PROPOSERS, Proposer
from symbolic.solving.question import Question, question_of
from symbolic.solving.rounds import Inquiry, widening
from symbolic.solving.sandbox import limited_map
from symbolic.solving.search import search as search_for
from symbolic.systems.asking import Attempt
from symbolic.verification import SOLVED, STATUSES, Verdict, verify_many

WITH, ALONE, CONTROL = "with_", "_alone", "_control"  # parts of the names of columns about proposers
UNANSWERED, NOBODY = "unanswered", "nobody"
OUTCOMES = (*STATUSES, UNANSWERED)
_LIMIT = 10.0  # seconds that the judge may take for an answer, and a proposer for a problem
_BEST_FIRST = ("proved", "confirmed", "undecided", "refuted")


def evaluate(
    translator: Translator,
    problems: pd.DataFrame,
    *,
    beam: int = 1,
    proposers: Sequence[str] = (),
    grammar: bool = True,
    workers: int = 1,
    progress: bool = True,
    respell: bool = True,
) -> pd.DataFrame:
    """A trained model's answers at one beam size, with their verdicts: a row per problem.

    The model reads each problem in the spelling of the training data (`solving.spellings.as_trained`). The judge reads
    it as it stands.

    Args:
        problems: a frame with the columns `input` and `output`; other columns are kept.
        beam: hypotheses that the search keeps and returns; 1 is greedy search.
        proposers, grammar, workers, progress: as for `symbolic.solving.answers.answers`.
        respell: False for a test set that was cut from the training data, whose spelling is theirs already.

    Returns:
        The problems with `output` renamed `reference`, and the columns
        answer, score, status, reason: of the model's best hypothesis, by verdict and then by score; the status is
            "unanswered" if there is none;
        exact: whether a hypothesis equals the reference token by token;
        general: whether a hypothesis verifies as the general solution (`Verdict.extent`);
        with_NAME: for each proposer, whether anything verifies of what the model, this proposer and those before it
            proposed;
        NAME_alone: whether a proposer solves the problem without any hypotheses; only of those that can do without;
        NAME_control: whether it solves the problem from hypotheses for another one (see `control`); only of those that
            use hypotheses;
        hypotheses, invalid: the number of hypotheses, and of those that are no prefix expressions;
        seconds: wall seconds of search and judging, averaged over all problems;
        candidates: all that was proposed, with scores and verdicts, as JSON.
    """
    started = time.perf_counter()
    search = Greedy() if beam == 1 else Beam(beam)
    inputs = problems["input"].tolist()
    questions = as_trained(inputs, workers) if respell else list(map(question_of, inputs))
    options = {"proposers": proposers, "grammar": grammar, "workers": workers, "progress": progress}
    found = answers(questions, translator, search, **options)
    seconds = (time.perf_counter() - started) / max(1, len(problems))  # the controls below are no part of answering
    rows = _rows(problems, found, ["longer than the model reads"] * len(problems))
    rows = _with_proposers(rows, found, proposers)
    for name in proposers:
        if name in PROPOSERS:
            rows = rows.assign(**_controls(PROPOSERS[name], questions, found, workers))
    return _finished(rows, found, [seconds] * len(problems))


def evaluate_within(
    translator: Translator,
    problems: pd.DataFrame,
    seconds: float,
    *,
    proposers: Sequence[str] = OWN,
    systems: Sequence[str] = (),
    workers: int = 1,
) -> pd.DataFrame:
    """What the whole solver does in a number of seconds for each problem, one problem after the other.

    Args:
        problems: as for `evaluate`.
        seconds: wall time for a problem.
        proposers: names of `solving.proposers.OWN`, in the order in which they are asked.
        systems: computer algebra systems, which are asked last.
        workers: processes that judge and propose.

    Returns:
        The columns of `evaluate` without the controls, with a column with_NAME for each system too. `status` and
        `answer` are the model's own, of all its beams. There are also
        found_by: who proposed the answer; "nobody" if none verified;
        seconds: wall seconds until the search ended;
        seconds_to_answer: until the first verified answer; missing if there is none.
    """
    questions = as_trained(problems["input"].tolist(), workers)
    rounds = widening(proposers, systems)
    found, took = [], []
    for question in questions:
        started = time.perf_counter()
        inquiry = Inquiry(question)
        for _ in search_for([inquiry], translator, rounds, seconds=seconds, time_limit=seconds, workers=workers):
            pass
        found.append(inquiry.candidates)
        took.append(time.perf_counter() - started)
    rows = _rows(problems, found, ["longer than the model reads"] * len(problems))
    rows = _with_proposers(rows, found, [*proposers, *systems])
    solved = [first_solved(candidates) for candidates in found]
    rows["found_by"] = [
        best_of(candidates).origin if each else NOBODY for candidates, each in zip(found, solved, strict=True)
    ]
    rows["seconds_to_answer"] = [each.seconds if each else math.nan for each in solved]
    return _finished(rows, found, took)


def as_trained(problems: Sequence[str], workers: int = 1) -> list[Question]:
    """Questions with the problems spelt as in the training data; in their own spelling where that cannot be had."""
    with limited_map(workers, _LIMIT) as compute:
        respelt = compute(spellings.as_trained, [(problem,) for problem in problems])
    questions = map(question_of, problems)
    return [
        question._replace(problem=new or question.problem) for question, new in zip(questions, respelt, strict=True)
    ]


def control(
    proposer: Proposer, questions: Sequence[Question], found: Sequence[Sequence[Candidate]], workers: int = 1
) -> list[bool]:
    """Whether a proposer solves each problem from the model's hypotheses for another problem.

    The other problem is drawn with a fixed seed, so that each problem's hypotheses are used once. If it happens to be
    the same equation, as for a single problem, the proposer gets no hypotheses.

    Args:
        questions: what is asked. The proposer reads the problem, the judge the equation as it was asked.
        found: the candidates that `answers` returns for them.
        workers: processes that propose and judge.
    """
    order = np.random.default_rng(0).permutation(len(questions))
    lenders = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))

    def lent(index: int) -> list[str]:
        lender = lenders[index]
        if questions[lender].problem == questions[index].problem:
            return []
        return [candidate.tokens for candidate in found[lender] if candidate.origin == MODEL]

    return _solved_by(proposer, questions, [lent(index) for index in range(len(questions))], workers)


def _controls(
    proposer: Proposer, questions: Sequence[Question], found: Sequence[Sequence[Candidate]], workers: int
) -> dict[str, list[bool]]:
    """The columns NAME_alone and NAME_control of a proposer, where they apply."""
    columns = {}
    if proposer.hypotheses != NEEDED:
        columns[f"{proposer.name}{ALONE}"] = _solved_by(proposer, questions, [[]] * len(questions), workers)
    if proposer.hypotheses != IGNORED:
        columns[f"{proposer.name}{CONTROL}"] = control(proposer, questions, found, workers)
    return columns


def _solved_by(
    proposer: Proposer, questions: Sequence[Question], hypotheses: Sequence[Sequence[str]], workers: int
) -> list[bool]:
    """Whether a proposer solves each problem from these hypotheses."""
    asked = list(map(proposer.asks, questions))
    arguments = [
        (question.problem, each) for question, each, can in zip(questions, hypotheses, asked, strict=True) if can
    ]
    with limited_map(workers, _LIMIT) as compute:
        proposed = iter(compute(proposer.propose, arguments))
    answers = [(next(proposed) or []) if can else [] for can in asked]  # None where it hung or crashed
    equations = [question.equation for question in questions]
    return [any(verdict.solved for verdict in each) for each in _judged(equations, answers, workers, extent=False)]


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
    rows = _rows(problems, found, [attempt.failure for attempt in attempts], system)
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
        **{column: _mean(rows[column]) for column in proposer_columns(rows)},
        "invalid": rows["invalid"].sum() / max(1, rows["hypotheses"].sum()),
        **{outcome: _mean(rows["status"] == outcome) for outcome in OUTCOMES},
        "seconds_per_problem": rows["seconds"].mean(),
    }
    return {name: value if name == "problems" else float(value) for name, value in figures.items()}


def proposer_columns(table: pd.DataFrame) -> list[str]:
    """The columns about proposers in rows or results: with_NAME, NAME_alone, NAME_control, in the order they stand."""
    return [name for name in table if name.startswith(WITH) or name.endswith((ALONE, CONTROL))]


def _judged(
    equations: Sequence[str], answers: Sequence[Sequence[str]], workers: int, extent: bool = True
) -> list[list[Verdict]]:
    """The verdicts on the answers to each equation."""
    pairs = [(equation, answer) for equation, each in zip(equations, answers, strict=True) for answer in each]
    verdicts = verify_many(pairs, workers=workers, time_limit=_LIMIT, extent=extent)
    return [[next(verdicts) for _ in each] for each in answers]


def _rows(
    problems: pd.DataFrame, found: list[list[Candidate]], failures: list[str], origin: str = MODEL
) -> pd.DataFrame:
    """The columns about the candidates of one origin, the model or a system."""
    rows = problems.drop(columns="count", errors="ignore").rename(columns={"output": "reference"})
    rows = rows.reset_index(drop=True)
    own = [[candidate for candidate in candidates if candidate.origin == origin] for candidates in found]
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


def _with_proposers(rows: pd.DataFrame, found: list[list[Candidate]], names: Sequence[str]) -> pd.DataFrame:
    """The rows with a column for each proposer: whether anything verifies of the model and the proposers up to it."""
    solvers = [{each.origin for each in candidates if each.verdict.solved} for candidates in found]
    columns = {}
    for number, name in enumerate(names, 1):
        columns[f"{WITH}{name}"] = [bool(origins & {MODEL, *names[:number]}) for origins in solvers]
    return rows.assign(**columns)


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
