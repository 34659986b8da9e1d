"""The search ends at the first general, verified answer, judges nothing twice, and keeps to its time."""

import itertools
import math
import time
from unittest.mock import ANY

import pytest

from symbolic.seq2seq.searches import Beam
from symbolic.seq2seq.translator import Translator
from symbolic.solving.candidates import best_of, first_solved
from symbolic.solving.proposers import NEEDED, OWN, PROPOSERS, Proposer, check_proposers, installed_systems
from symbolic.solving.question import question_of
from symbolic.solving.rounds import Inquiry, by_certificate, by_model, by_proposer, by_system, fixed, widening
from symbolic.solving.search import Began, Certified, Judged, Proposed, search
from symbolic.verification import verify_many
from tests import worker_tasks


def events_of(inquiry: Inquiry, translator, rounds, **options):
    return list(search([inquiry], translator, rounds, **options))


@pytest.fixture
def judged(monkeypatch):
    """The pairs that the judge is handed."""
    pairs = []

    def recorded(new, **limits):
        pairs.extend(new)
        return verify_many(new, **limits)

    monkeypatch.setattr("symbolic.solving.search.verify_many", recorded)
    return pairs


def test_events_tell_the_round_then_each_proposal_then_each_verdict(translator):
    inquiry = Inquiry(question_of("sub Y' sin x"))
    events = events_of(inquiry, translator, fixed(Beam(3), ["repair"]))
    began = [index for index, event in enumerate(events) if isinstance(event, Began)]
    assert [events[index].round for index in began] == ["model, beam 3", "repair"]
    for start, end in itertools.pairwise([*began, len(events)]):
        kinds = [type(event) for event in events[start + 1 : end]]
        assert kinds == [Proposed] * (len(kinds) // 2) + [Judged] * (len(kinds) // 2)
        proposed, verdicts = events[start + 1 :][: len(kinds) // 2], events[start + 1 :][len(kinds) // 2 : len(kinds)]
        assert [event.hypothesis.text for event in proposed] == [event.candidate.tokens for event in verdicts]
    assert [event.candidate for event in events if isinstance(event, Judged)] == inquiry.candidates
    assert all(0 < candidate.seconds < 60 for candidate in inquiry.candidates)


def test_a_search_with_a_budget_ends_at_the_first_answer(translator):
    inquiry = Inquiry(question_of("sub Y' cos x"))
    events_of(inquiry, translator, widening(OWN), seconds=30.0)
    assert inquiry.settled and inquiry.candidates[-1].verdict.solved
    assert not any(candidate.verdict.solved for candidate in inquiry.candidates[:-1])


def test_a_wider_beam_judges_only_what_is_new(translator, judged):
    inquiry = Inquiry(question_of("sub Y' exp x"))
    events_of(inquiry, translator, [by_model(Beam(2)), by_model(Beam(5), width=5)], seconds=60.0)
    texts = [candidate.tokens for candidate in inquiry.candidates]
    assert len(texts) == len(set(texts)) >= 5 and len(judged) == len(set(judged)) == len(texts)


def test_a_budget_that_is_spent_begins_no_round(translator):
    inquiry = Inquiry(question_of("sub Y' exp x"))
    assert events_of(inquiry, translator, widening(OWN), seconds=1e-9) == []


def test_a_beam_that_would_take_too_long_is_left_out(translator):
    inquiry = Inquiry(question_of("sub Y' exp x"))
    rounds = [by_model(Beam(2)), by_model(Beam(3), width=10**9), by_model(Beam(4))]
    began = [event.round for event in events_of(inquiry, translator, rounds, seconds=60.0) if isinstance(event, Began)]
    assert began == ["model, beam 2", "model, beam 4"]


def test_a_proposer_that_hangs_costs_only_its_time(translator, monkeypatch, capsys):
    hanging = Proposer("hanging", lambda question: True, worker_tasks.hang_over, NEEDED)
    monkeypatch.setattr("symbolic.solving.rounds.PROPOSERS", {**PROPOSERS, "hanging": hanging})
    inquiry = Inquiry(question_of("sub Y' sin x"))
    started = time.monotonic()
    events_of(inquiry, translator, [by_model(Beam(2)), by_proposer("hanging"), by_proposer("repair")], time_limit=1.0)
    assert first_solved(inquiry.candidates).origin == "repair" and time.monotonic() - started < 60
    assert "time limit 1" in capsys.readouterr().err


def test_other_spellings_are_asked_only_where_they_differ(translator, monkeypatch):
    asked = []
    original = Translator.translate

    def recorded(self, problems, *args, **options):
        asked.extend(problems)
        return original(self, problems, *args, **options)

    monkeypatch.setattr(Translator, "translate", recorded)
    same, other = Inquiry(question_of("sub Y' sin x")), Inquiry(question_of("sub Y' tan x"))
    list(search([same, other], translator, [by_model(Beam(2), "sines and cosines")]))
    assert asked == ["sub Y' mul sin x pow cos x INT- 1"] and not same.candidates
    assert {candidate.origin for candidate in other.candidates} == {"model"}


def test_a_system_is_asked_last_and_named(translator):
    assert "sympy" in installed_systems()
    inquiry = Inquiry(question_of("sub Y' exp x"))
    events_of(inquiry, translator, [by_model(Beam(2)), by_system("sympy")], seconds=60.0)
    last = inquiry.candidates[-1]
    assert last.origin == "sympy" and last.verdict.status == "proved" and math.isnan(last.score)
    assert best_of(inquiry.candidates) is last


def test_the_rounds_of_a_widening_search_are_in_order_of_cost():
    names = [each.name for each in widening(OWN, ["sympy"], widths=(10, 50))]
    assert names[0] == "model, beam 10" and names[1 : 1 + len(OWN)] == list(OWN) and names[-1] == "sympy"
    assert names.index("model, beam 10, shortened") < names.index("model, beam 50")
    assert "repair" in names[names.index("model, beam 50") :]


def test_a_misspelt_proposer_is_named():
    with pytest.raises(ValueError, match="unknown proposer `repiar`. Did you mean `repair`?"):
        check_proposers(["repiar"])
    with pytest.raises(ValueError, match="unknown proposer"):
        fixed(Beam(2), ["sympy"])


def test_a_proof_that_nothing_elementary_exists_ends_the_search(translator):
    inquiry = Inquiry(question_of("sub Y' exp mul INT- 1 pow x INT+ 2"))
    events = events_of(inquiry, translator, widening([], ["sympy"]), seconds=60.0)
    assert isinstance(events[-1], Certified) and events[-1].certificate == inquiry.certificate
    assert inquiry.certificate.special.text == "sqrt(pi)*erf(x)/2" and inquiry.settled
    assert not any(candidate.verdict.solved for candidate in inquiry.candidates)


def test_nothing_elementary_is_certified_away(translator):
    inquiries = [
        Inquiry(question_of(f"sub Y' {text}")) for text in ("mul x exp x", "sec x", "inv x", "mul x exp pow x INT+ 2")
    ]
    assert list(search(inquiries, translator, [by_certificate()])) == [Began("certificate", ANY)]
    assert [inquiry.certificate for inquiry in inquiries] == [None] * 4
