"""What is made of a verified answer: a tidy form, values, solutions that meet conditions, signs of letters."""

import math

import pytest

from symbolic.expressions.infix import from_infix
from symbolic.expressions.prefix import from_prefix, prefix_text
from symbolic.solving.candidates import Candidate
from symbolic.solving.finishing import constants_for, finish, holds, right_for_signs, tidy_forms
from symbolic.solving.reading import equation_question, integral_question
from symbolic.solving.wording import name_table, words
from symbolic.verification import verify


def tokens(text):
    return prefix_text(from_infix(text))


def finished(question, *answers):
    candidates = [
        Candidate(tokens(text), math.nan, "model", verify(question.equation, tokens(text))) for text in answers
    ]
    return finish(question, candidates, time_limit=20)


def shown(question, candidate):
    tree = from_prefix(candidate.tokens)
    return words(tree, name_table(question.names, tree))


def test_an_answer_is_tidied_and_judged_again():
    question = integral_question("x^2")
    answer = finished(question, "1/6*x^3 + x^3/6 + 7").answer
    assert shown(question, answer) == "x^3/3" and answer.verdict.status == "proved"
    assert tidy_forms(tokens("x"), True) == ["x"]
    assert finished(question).answer is None


def test_a_form_that_does_not_verify_is_not_shown(monkeypatch):
    monkeypatch.setattr("symbolic.solving.finishing.tidy_forms", two_forms)
    question = integral_question("x^2")
    assert finished(question, "x^3/3").answer.tokens == tokens("x^3/3")


def two_forms(answer, is_integral):
    return ["x", answer]


@pytest.mark.parametrize(
    ("integrand", "primitive", "exact", "digits"),
    [
        ("x^2 from 0 to 1", "x^3/3", "1/3", "0.3333333333333333"),
        ("cos(t) from 0 to pi/2", "sin(x)", "1", "1"),
        ("1/x from 1 to 2", "ln(x)", "ln(2)", "0.6931471805599453"),
        ("a*x from 0 to 1", "a0*x^2/2", "a/2", None),
    ],
)
def test_a_value_is_exact_and_in_digits(integrand, primitive, exact, digits):
    question = integral_question(integrand)
    value = finished(question, primitive).value
    assert words(value.exact, name_table(question.names)) == exact
    assert (value.digits or "").startswith(digits or "")


def test_a_primitive_with_a_jump_gives_no_exact_value():
    value = finished(integral_question("1/(2 + cos(x)) from 0 to 2*pi"), "2/sqrt(3)*atan(tan(x/2)/sqrt(3))").value
    assert value.exact is None and value.digits.startswith("3.62759872846") and "jumps" in value.reason


def test_no_value_says_why():
    question = integral_question("1/x from -1 to 1")
    assert "near x = 0" in finished(question, "ln(abs(x))").value.reason
    assert finished(question, "ln(abs(x))").value.digits is None
    assert finished(integral_question("exp(-x^2) from 0 to 1")).value.digits.startswith("0.74682413281242")


@pytest.mark.parametrize(
    ("equation", "general", "met"),
    [
        ("y' = -2y, y(0) = 1", "a8*exp(-2*x)", ["exp(-2*x)"]),
        ("y'' + y = 0; y(0) = 0; y'(0) = 3", "a8*sin(x) + a9*cos(x)", ["3*sin(x)"]),
        ("y' = 2x, y(1) = 0", "x^2", ["x^2 - 1"]),
        ("y' = k*y, y(0) = b", "a8*exp(a0*x)", ["b*exp(k*x)"]),
        ("y' = y*(1-y), y(0) = 0", "1/(1 + a8*exp(-x))", ["0"]),
        ("y' = y, y(0) = 1, y(1) = 1", "a8*exp(x)", []),
        ("y'' + y = 0, y(0) = 1", "a8*sin(x) + a9*cos(x)", ["C*sin(x) + cos(x)"]),
    ],
)
def test_solutions_meet_conditions(equation, general, met):
    question = equation_question(equation)
    found = finished(question, general)
    assert sorted(shown(question, each) for each in found.met) == sorted(met)
    assert all(each.verdict.solved for each in found.met)
    assert met or "no constants" in found.remark


def test_several_solutions_are_all_told():
    question = equation_question("y' = 2*sqrt(y), y(0) = 0")
    found = finished(question, "(x + a8)^2")
    assert {shown(question, each) for each in found.met} == {"x^2", "0"} and "2 solutions" in found.remark


def test_conditions_are_checked_apart_from_the_solving():
    condition = ((0, "INT+ 0", "INT+ 1"),)
    assert holds("exp x", condition) and not holds("mul INT+ 2 exp x", condition)
    assert not holds("ln x", condition) and not holds("mul a8 exp x", condition)
    assert holds("sqrt x", ((0, "INT+ 0", "INT+ 0"),))
    assert constants_for("add x a8", condition) == ["add INT+ 1 x"]


def test_signs_of_letters_are_told_where_they_matter():
    question = equation_question("y'' + k*y = 0")
    remark = finished(question, "a8*sin(sqrt(a0)*x) + a9*cos(sqrt(a0)*x)").remark
    assert remark == "right for k > 0 (tried at random values)"
    assert finished(equation_question("y' = k*y"), "a8*exp(a0*x)").remark == ""
    equation = equation_question("y'' + k*y = 0").equation
    counts = right_for_signs(equation, tokens("sin(sqrt(a0)*x)"), ["a0"], [(1,), (-1,)])
    assert counts[0] > 0 and counts[1] == 0
