"""Pairs of texts get the right verdict, a sentence, and never an error."""

import pytest
import sympy as sp

from symbolic.solving.claims import MAX_LENGTH, sentence, verdicts, verify
from tests import worker_tasks

X = sp.Symbol("x")
Y = sp.Function("y")

RIGHT = [
    ("y' = 2x", "x^2 + C"),
    ("2x", "x^2"),
    ("\\int 2t dt", "t^2 + 5"),
    ("y' = y", "y = C e^x"),
    ("y'' + y = 0", "C_1 \\cos x + C_2 \\sin x"),
    ("y'' + y = 0", "y(x) = A cos(x) + B sin(x)"),
    ("dy/dt = -k y", "y = y_0 e^{-kt}"),
    ("y'' = -g", "-g t^2/2 + v t + h"),
    ("\\int_0^1 x^2 dx", "1/3"),
    ("\\int_0^1 x^2 dx", "= \\frac{1}{3}"),
    ("\\int_0^a x dx", "a^2/2"),
    ("y' = -2y, y(0) = 1", "exp(-2x)"),
    ("y'' = -y, y(0) = 0, y(pi/2) = 2", "2 sin x"),
    ("y' = a*y; y(0) = b", "b e^{a x}"),
    ("1/x", "ln|x| + c"),
    ("\\int x e^x dx", "\\boxed{(x-1)e^x + C}, where C is an arbitrary constant"),
    (sp.Integral(X**2, (X, 0, 1)), sp.Rational(1, 3)),
    (sp.Eq(Y(X).diff(X), Y(X)), sp.Eq(Y(X), sp.Symbol("C1") * sp.exp(X))),
    ("sub Y' cos x", "sin x"),
]
WRONG = [
    ("y' = 2x", "x^2 + C*x"),
    ("2x", "x"),
    ("\\int_0^1 x^2 dx", "1/2"),
    ("\\int_0^1 x^2 dx", "0.34"),
    ("y' = -2y, y(0) = 1", "2 exp(-2x)"),
    ("y' = -2y, y(0) = 1", "C exp(-2x)"),
    ("y' = a*y; y(0) = b", "c e^{a x}"),
    ("dy/dt = -k y", "y_0 e^{kt}"),
    ("sub Y' cos x", "cos x"),
    ("sub Y' cos x", "sin"),
]
UNDECIDED = [
    ("\\int_0^1 x^2 dx", "0.333", "in its 3 decimals"),
    ("\\int_{-1}^1 1/x dx", "0", "near x = 0"),
    ("y' = x/y", "y^2 = x^2 + C", "implicit"),
    ("2x", "foo(x)", "unknown name"),
    ("y' = y", "y = 0 or y = e^x", "several answers"),
    ("2x", "", "an answer was expected"),
    ("\\int_0^1 x dx", "c/2", "holds `c`"),
]


@pytest.mark.parametrize(("problem", "answer"), RIGHT, ids=str)
def test_right_answers_of_any_notation_are_right(problem, answer):
    verdict = verify(problem, answer)
    assert verdict.solved, verdict
    assert sentence(problem, answer, verdict).startswith("right: ")


@pytest.mark.parametrize(("problem", "answer"), WRONG, ids=str)
def test_wrong_answers_are_wrong(problem, answer):
    verdict = verify(problem, answer)
    assert verdict.status == "refuted", verdict
    assert sentence(problem, answer, verdict).startswith("wrong: ")


@pytest.mark.parametrize(("problem", "answer", "words"), UNDECIDED, ids=str)
def test_what_cannot_be_judged_is_undecided_with_its_reason(problem, answer, words):
    verdict = verify(problem, answer)
    assert verdict.status == "undecided" and words in verdict.reason


def test_a_sentence_names_the_reason():
    assert sentence("y' = 2x", "x^2 + C", verify("y' = 2x", "x^2 + C")) == (
        "right: it solves y' = 2*x (proved as a formula); it is the general solution"
    )
    assert "a particular solution" in sentence("y' = y", "0", verify("y' = y", "0"))
    said = sentence("cos(t) dt", "cos t", verify("cos(t) dt", "cos t"))
    assert said.startswith("wrong: its derivative is not cos(t), for example at t = ")


def test_an_unreadable_problem_is_an_error_of_the_caller():
    for problem in ("foo", "y''' = y", 3):
        with pytest.raises(ValueError):
            verify(problem, "x")


def test_many_pairs_never_raise():
    pairs = [
        ("2x", "x^2"),
        ("2x", "x"),
        ("foo", "x"),
        ("2x", None),
        (None, "x"),
        ("2x", "x" * (MAX_LENGTH + 1)),
        ("2x", "\\frac{"),
        ("2x", "(" * 500),
        ("y'=y", "9^9^9^9^9*exp(x)"),
        ("sub Y'", "x"),
        ("\x00", "\ud800"),
        ("y' = 2x", "x^2"),
    ]
    found = [verdict.status for verdict in verdicts(pairs, time_limit=20)]
    assert found[0] == found[-1] == "proved" and found[1] == "refuted"
    assert not {"proved", "confirmed"} & set(found[2:-1]) and len(found) == len(pairs)


def test_a_judge_that_hangs_or_crashes_costs_only_its_pair(monkeypatch):
    for task, words in ((worker_tasks.hang_over, "time limit"), (worker_tasks.crash, "crash")):
        monkeypatch.setattr("symbolic.solving.claims.judged", task)
        (verdict,) = verdicts([("2x", "x^2")], time_limit=0.5)
        assert verdict.status == "undecided" and words in verdict.reason


def test_limits_are_checked():
    with pytest.raises(ValueError, match="workers=0"):
        verdicts([], workers=0)
