"""Whatever is proposed is judged, once; the grammar is that of prefix expressions; repair and linearity come after."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given

from symbolic.expressions.engines import canonical
from symbolic.expressions.equations import integral_equation
from symbolic.expressions.infix import from_infix
from symbolic.expressions.notation import is_prefix
from symbolic.expressions.prefix import prefix_text, to_prefix
from symbolic.expressions.tokens import TOKENS
from symbolic.seq2seq.grammar import allowed, first_parse, parsed, rules_of
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.searches import Beam, Sampling
from symbolic.seq2seq.translator import Hypothesis, Translator
from symbolic.solving.answers import answers
from symbolic.solving.candidates import first_solved
from symbolic.solving.proposers import OWN, PROPOSERS
from symbolic.solving.question import Question, question_of
from symbolic.solving.rounds import grammar_of
from symbolic.verification import verify, verify_many
from tests import worker_tasks
from tests.expressions.strategies import repeatable, trees

ALL_TOKENS = TextProcessor([*TOKENS, "foreign"])
LENGTH = 64


def accepted(sequences: list[list[str]]) -> np.ndarray:
    """Which of the sequences (all of one length) the grammar allows, token by token, with END after the last."""
    ids = np.array([[ALL_TOKENS.vocabulary.index(token) for token in (*row, "[END]")] for row in sequences])
    rules = rules_of(grammar_of(ALL_TOKENS), len(ALL_TOKENS), LENGTH)
    parse, legal = first_parse(len(ids), 1), np.ones(len(ids), bool)
    for position, tokens in enumerate(ids.T):
        legal &= np.asarray(allowed(rules, parse, LENGTH - 1 - position))[np.arange(len(ids)), 0, tokens]
        parse = parsed(rules, parse, tokens[:, None])
    return legal


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_the_grammar_allows_prefix_expressions_and_nothing_else(length):
    of_every_kind = ["INT+", "INT-", "0", "7", "x", "sin", "add", "h", "foreign", "[UNK]"]
    sequences = [list(row) for row in itertools.product(of_every_kind, repeat=length)]
    np.testing.assert_array_equal(accepted(sequences), [is_prefix(row) for row in sequences])


@repeatable(max_examples=25)
@given(trees(max_leaves=8).filter(lambda tree: len(to_prefix(tree)) < LENGTH))
def test_the_grammar_allows_every_prefix_expression(tree):
    assert accepted([to_prefix(tree)])


def answers_to(problems: list[str], *args, **options):
    """Judged answers to problems that are asked as they are spelt."""
    return answers([question_of(problem) for problem in problems], *args, **options)


def test_candidates_come_in_the_models_order_with_the_judges_verdicts(translator):
    problems = ["sub Y' cos x", "sub Y' sin x", "sub Y' cos x"]
    hypotheses = translator.translate(problems, Beam(4), grammar_of(translator.target_processor))
    found = answers_to(problems, translator, Beam(4))
    for problem, row, candidates in zip(problems, hypotheses, found, strict=True):
        assert [(c.tokens, c.score) for c in candidates] == [tuple(hypothesis) for hypothesis in row]
        assert {c.origin for c in candidates} == {"model"}
        assert [c.verdict.status for c in candidates] == [verify(problem, c.tokens).status for c in candidates]
    assert first_solved(found[0]).tokens == "sin x" and first_solved(found[1]) is None


def test_equal_problems_and_answers_are_judged_once(translator, monkeypatch):
    judged = []

    def recorded(pairs, **limits):
        judged.extend(pairs)
        return verify_many(pairs, **limits)

    monkeypatch.setattr("symbolic.solving.search.verify_many", recorded)
    problems = ["sub Y' sin x", "sub Y' sin x", "sub Y' mul INT+ 2 x"]
    found = answers_to(problems, translator, Sampling(6, seed=1), proposers=["repair"])
    pairs = [(problem, c.tokens) for problem, row in zip(problems, found, strict=True) for c in row]
    assert sorted(judged) == sorted(set(pairs)) and len(pairs) > len(judged)
    texts = [c.tokens for c in found[0]]
    assert not set(texts[6:]) & set(texts[:6])  # repair does not repeat what the model proposed


def test_answers_are_judged_by_the_equation_as_it_was_asked(translator):
    question = Question(equation="sub Y' sin x", problem="sub Y' cos x", is_integral=True)
    ((candidate,),) = answers([question], translator, Beam(1))
    assert candidate.tokens == "sin x" and candidate.verdict.status == "refuted"


def test_malformed_answers_are_refuted_and_the_grammar_leaves_none(translator):
    untrained = Translator(
        AttentionRNN(len(translator.context_processor), len(translator.target_processor), num_units=8, num_heads=2),
        translator.context_processor,
        translator.target_processor,
        max_length=16,
    )
    problems, search = ["sub Y' cos x", "sub Y' x"], Sampling(8, seed=0)
    freely = [c for row in answers_to(problems, untrained, search, grammar=False) for c in row]
    malformed = [c for c in freely if not is_prefix(c.tokens.split())]
    assert malformed and all(c.verdict.status == "refuted" and "malformed" in c.verdict.reason for c in malformed)
    by_grammar = [c for row in answers_to(problems, untrained, search) for c in row]
    assert len(by_grammar) == 16 and all(is_prefix(c.tokens.split()) for c in by_grammar)


def test_repair_comes_after_the_model_where_the_model_fails(translator):
    wrong, right = answers_to(["sub Y' sin x", "sub Y' cos x"], translator, Beam(2), proposers=["repair"])
    assert [c.origin for c in wrong[:3]] == ["model", "model", "repair"]
    assert first_solved(wrong).tokens == "mul INT- 1 cos x" and math.isnan(first_solved(wrong).score)
    assert {c.origin for c in right} == {"model"}


def test_a_repair_that_crashes_costs_only_itself(translator, monkeypatch, capsys):
    crashing = PROPOSERS["repair"]._replace(propose=worker_tasks.crash_for_sines)
    monkeypatch.setattr("symbolic.solving.rounds.PROPOSERS", {"repair": crashing})
    problems = ["sub Y' sin x", "sub Y' mul INT+ 3 x"]
    crashed, repaired = answers_to(problems, translator, Beam(2), proposers=["repair"])
    assert {c.origin for c in crashed} == {"model"} and repaired[-1].origin == "repair"
    assert "lost 1 of 2 (crash 1)" in capsys.readouterr().err


def test_linearity_adds_up_the_terms_that_the_model_solves(ode_translator):
    problem = "sub Y' add cos x mul INT+ 3 x"
    assert first_solved(answers_to([problem], ode_translator)[0]) is None
    last = answers_to([problem, "sub Y' cos x"], ode_translator, proposers=["linearity"])[0][-1]
    assert last.origin == "linearity" and last.verdict.status == "proved"


@pytest.fixture
def knowing(translator, monkeypatch):
    """A function that has the model know some primitives and nothing else; it returns the list of what is asked."""

    def know(primitives: dict[str, str]):
        asked, solved = [], {spelt(integrand): text(primitive) for integrand, primitive in primitives.items()}

        def translate(self, problems, *args, **kwargs):
            asked.append(list(problems))
            return [[Hypothesis(solved.get(each, "x"), -1.0)] for each in problems]

        monkeypatch.setattr(Translator, "translate", translate)
        return asked

    return know


def text(infix: str) -> str:
    return prefix_text(canonical(from_infix(infix)))


def spelt(integrand: str) -> str:
    return prefix_text(integral_equation(canonical(from_infix(integrand))))


def test_linearity_asks_for_groups_and_then_for_the_terms_of_those_that_are_not_solved(translator, knowing):
    primitives = {"exp(x)/x - exp(x)/x^2": "exp(x)/x", "x": "x^2/2", "cos(x)": "sin(x)", "x*cos(x)": "cos(x)+x*sin(x)"}
    asked = knowing(primitives)
    problem = spelt("exp(x)/x - exp(x)/x^2 + 3*x + (1 + x)*cos(x) - cos(x)*5")
    last = answers_to([problem], translator, Beam(2), proposers=["linearity"])[0][-1]
    assert last.origin == "linearity" and last.verdict.status == "proved"
    whole, by_groups, by_terms = map(sorted, asked)
    assert whole == [problem]
    assert by_groups == sorted(map(spelt, ["exp(x)/x - exp(x)/x^2", "x", "(1 + x)*cos(x) - 5*cos(x)"]))
    singles = ["exp(x)/x", "exp(x)/x^2", "cos(x)", "x*cos(x)"]
    assert by_terms == sorted(map(spelt, singles))  # once each, though the problem has them and the group


def test_linearity_takes_terms_together_that_cancel_between_groups(translator, knowing):
    asked = knowing({"exp(x)": "exp(x)"})
    problem = spelt("exp(x)*(exp(x)+x)/x - exp(2*x)/x")
    candidates = answers_to([problem, problem], translator, Beam(2), proposers=["linearity"])
    assert [row[-1].verdict.solved for row in candidates] == [True, True]
    questions = list(itertools.chain.from_iterable(asked))
    assert len(set(questions)) == len(questions) - 1  # the model itself is asked for each problem


def test_linearity_does_not_ask_twice_for_what_is_not_solved(translator, knowing):
    asked = knowing({"sin(x)": "-cos(x)"})
    problems = [spelt("exp(x)/x + sin(x)"), spelt("exp(x)*(1+x^2)/x"), spelt("exp(x)/x")]
    assert not any(map(first_solved, answers_to(problems, translator, Beam(2), proposers=["linearity"])))
    questions = list(itertools.chain.from_iterable(asked))
    assert len(questions) == len(set(questions))


def test_linearity_does_not_ask_again_for_a_problem_spelt_otherwise(ode_translator, monkeypatch):
    judged = []

    def recorded(pairs, **limits):
        judged.extend(pairs)
        return verify_many(pairs, **limits)

    monkeypatch.setattr("symbolic.solving.search.verify_many", recorded)
    problem = "sub Y'  exp x"
    (candidates,) = answers_to([problem], ode_translator, Beam(2), proposers=["linearity"])
    assert first_solved(candidates) is None and {asked for asked, _ in judged} == {problem}


def test_linearity_needs_every_term(ode_translator):
    (candidates,) = answers_to(["sub Y' add cos x exp x"], ode_translator, Beam(2), proposers=["linearity"])
    assert {c.origin for c in candidates} == {"model"}


def test_no_problems_and_problems_that_are_too_long(translator):
    assert answers_to([], translator, proposers=OWN) == []
    long = "sub Y' " + "add x " * 40 + "x"
    assert answers_to([long], translator) == [[]]
