"""Rows hold a solver's answers and the judge's verdicts; figures are counted over rows."""

import json
import math

import keras
import pandas as pd
import pytest

from symbolic.evaluation.rows import (
    OUTCOMES,
    control,
    evaluate,
    evaluate_system,
    evaluate_within,
    proposer_columns,
    summarise,
)
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.translator import Translator
from symbolic.solving.candidates import Candidate
from symbolic.solving.proposers import PROPOSERS
from symbolic.solving.question import question_of
from symbolic.systems.asking import asking
from symbolic.verification import verify
from tests.conftest import LEARNT

REPAIR = PROPOSERS["repair"]
TOO_LONG = "sub Y' " + "sin " * 40 + "x"
WRITTEN_OTHERWISE = {"sub Y' mul INT+ 2 x": "add pow x INT+ 2 INT+ 1"}


def frame(problems):
    return pd.DataFrame(problems.items(), columns=["input", "output"])


@pytest.fixture(scope="module")
def greedy(translator):
    return evaluate(translator, frame(LEARNT | {TOO_LONG: "x"}), progress=False)


@pytest.fixture(scope="module")
def repaired(translator):
    return evaluate(translator, frame(LEARNT | {TOO_LONG: "x"}), proposers=["repair", "linearity"], progress=False)


def test_rows_are_the_problems_with_answers_and_verdicts(greedy):
    assert greedy["input"].tolist() == [*LEARNT, TOO_LONG]
    assert greedy["answer"].tolist() == [*LEARNT.values(), ""]
    assert greedy["status"].tolist() == ["proved", "proved", "refuted", "unanswered"]
    assert greedy["exact"].tolist() == [True, True, True, False]
    assert greedy["general"].tolist() == [True, True, False, False]
    assert greedy["hypotheses"].tolist() == [1, 1, 1, 0] and (greedy["seconds"] > 0).all()
    assert greedy["reason"].iloc[-1] == "longer than the model reads" and math.isnan(greedy["score"].iloc[-1])
    assert not proposer_columns(greedy)


def test_problems_that_are_spelt_as_in_the_training_data_are_read_as_they_stand(translator, monkeypatch):
    """A spelling of its own for each problem, which the model never saw, is asked for only of other test sets."""
    monkeypatch.setattr(
        "symbolic.evaluation.rows.as_trained", lambda problems, workers: [question_of("sub Y' mul INT+ 2 x")]
    )
    problems = frame({"sub Y' cos x": "sin x"})
    assert evaluate(translator, problems, progress=False, respell=False)["exact"].all()
    assert not evaluate(translator, problems, progress=False)["exact"].any()


def test_exact_match_and_solve_rate_are_two_figures(translator):
    rows = evaluate(translator, frame(WRITTEN_OTHERWISE), progress=False)
    assert rows["exact"].tolist() == [False] and rows["status"].tolist() == ["proved"]


def test_a_beam_keeps_all_hypotheses_and_the_best_verdict_counts(translator):
    rows = evaluate(translator, frame(LEARNT), beam=4, progress=False)
    assert set(rows["hypotheses"]) <= {1, 2, 3, 4} and (rows["hypotheses"] > 1).any()
    for row in rows.itertuples():
        candidates = json.loads(row.candidates)
        assert len(candidates) == row.hypotheses
        assert [c["score"] for c in candidates] == sorted((c["score"] for c in candidates), reverse=True)
        assert all(c["origin"] == "model" for c in candidates)
        statuses = [verify(row.input, c["answer"]).status for c in candidates]
        assert statuses == [c["status"] for c in candidates]
        best = min(statuses, key=["proved", "confirmed", "undecided", "refuted"].index)
        assert row.status == best and row.answer == candidates[statuses.index(best)]["answer"]
        assert row.exact == any(c["answer"] == row.reference for c in candidates)


def test_repair_and_linearity_stand_apart(greedy, repaired):
    for column in ("answer", "score", "status", "exact", "general", "hypotheses", "invalid"):
        pd.testing.assert_series_equal(greedy[column], repaired[column])
    assert repaired["with_repair"].tolist() == [True, True, True, False]  # cos x becomes -cos x
    assert (repaired["with_linearity"] >= repaired["with_repair"]).all()
    assert summarise(repaired)["solve_rate"] == summarise(greedy)["solve_rate"] == 0.5
    assert summarise(repaired)["with_repair"] == 0.75
    origins = [{c["origin"] for c in json.loads(text)} for text in repaired["candidates"]]
    assert origins[0] == {"model"} and "repair" in origins[2]


def proposed(*answers):
    return [Candidate(answer, -1.0, "model", verify("sub Y' x", answer)) for answer in answers]


def test_the_control_repairs_with_what_was_proposed_for_another_problem(repaired):
    """Two problems lend each other their hypotheses, and repair gets no others."""
    assert repaired["repair_control"].tolist().count(True) <= 3
    problems = [question_of("sub Y' cos x"), question_of("sub Y' pow x INT+ 3")]
    right_elsewhere = [proposed("pow x INT+ 4"), proposed("sin x")]
    assert control(REPAIR, problems, right_elsewhere) == [True, True]
    right_here = [proposed("sin x"), proposed("pow x INT+ 4")]
    assert control(REPAIR, problems, right_here) == [False, False]
    assert control(REPAIR, problems[:1], right_here[:1]) == control(REPAIR, problems[:1] * 2, right_here[:1] * 2)[:1]
    assert summarise(repaired)["repair_control"] == repaired["repair_control"].mean()


def test_without_grammar_answers_may_be_invalid_and_with_it_none_is(translator):
    keras.utils.set_random_seed(1)
    sizes = len(translator.context_processor), len(translator.target_processor)
    untrained = Translator(
        AttentionRNN(*sizes, num_units=8, num_heads=2),
        translator.context_processor,
        translator.target_processor,
        max_length=12,
    )
    free, bound = (
        summarise(evaluate(untrained, frame(LEARNT), beam=5, grammar=grammar, progress=False))
        for grammar in (False, True)
    )
    assert free["invalid"] > 0 and bound["invalid"] == 0


def test_figures_are_fractions_of_the_rows(greedy):
    figures = summarise(greedy)
    assert figures["problems"] == 4 and figures["exact_match"] == 0.75 and figures["general"] == 0.5
    assert figures["proved"] == 0.5 and figures["refuted"] == figures["unanswered"] == 0.25
    assert sum(figures[outcome] for outcome in OUTCOMES) == pytest.approx(1)
    assert figures["seconds_per_problem"] == pytest.approx(greedy["seconds"].mean())


def test_a_system_is_judged_like_a_model():
    problems = frame({"sub Y' mul x cos x": "x", "sub Y' exp pow x INT+ 2": "x", "add Y' Y": "INT+ 0"})
    with asking("sympy", time_limit=20) as ask:
        rows = evaluate_system(ask, "sympy", problems)
    assert rows["status"].isin(["proved", "confirmed"]).tolist() == [True, False, True]
    assert rows["general"].tolist() == [True, False, True]
    assert rows["reason"].iloc[1] in ("function without a token", "no answer found", "time limit")
    figures = summarise(rows)
    assert figures["solve_rate"] == pytest.approx(2 / 3) and figures["unanswered"] == pytest.approx(1 / 3)
    assert math.isnan(figures["exact_match"]) and figures["invalid"] == 0


def test_a_particular_solution_solves_but_is_not_general():
    from symbolic.systems.asking import Attempt

    problems = frame({"add Y'' Y": "INT+ 0"})
    for answer, general in [("sin x", False), ("mul a8 sin x", False), ("mul a8 sin add x a9", True)]:
        rows = evaluate_system(lambda equations, answer=answer: [Attempt([answer], "", 0.1)], "person", problems)
        assert rows["status"].isin(["proved", "confirmed"]).all() and rows["general"].tolist() == [general]


def test_a_budget_of_seconds_tells_who_found_the_answer_and_when(translator):
    problems = frame(LEARNT | {"sub Y' exp x": "exp x", "sub Y' exp pow x INT+ 2": "x"})
    rows = evaluate_within(translator, problems, 20.0, proposers=["repair"], systems=["sympy"])
    assert rows["found_by"].tolist() == ["model", "model", "repair", "sympy", "nobody"]
    assert rows["status"].tolist()[:2] == ["proved", "proved"] and rows["status"].tolist()[2:] == ["refuted"] * 3
    assert rows["with_repair"].tolist() == [True, True, True, False, False]
    assert rows["with_sympy"].tolist() == [True, True, True, True, False]
    assert rows["seconds_to_answer"].isna().tolist() == [False] * 4 + [True]
    assert (rows["seconds_to_answer"].iloc[:4] <= rows["seconds"].iloc[:4]).all() and (rows["seconds"] < 60).all()


def test_the_model_reads_the_spelling_of_its_training_data(translator):
    rows = evaluate(translator, frame({"sub Y' mul INT+ 1 cos x": "sin x"}), progress=False)
    assert rows["status"].tolist() == ["proved"] and rows["answer"].tolist() == ["sin x"]
    assert rows["input"].tolist() == ["sub Y' mul INT+ 1 cos x"]
