"""Answers written so that they hold more solutions, or more of the line; singular solutions."""

import pytest

from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.prefix import from_prefix, prefix_text
from symbolic.solving.general_form import general_forms, singular_solutions
from symbolic.solving.whole_domain import whole_domain_forms
from symbolic.solving.widening import beside, holds_as_much, widened
from symbolic.verification import verify


def text(typed):
    return prefix_text(from_infix(typed))


@pytest.mark.parametrize(
    ("equation", "answers"),
    [
        ("Y' = Y", ["exp(a8 + x)"]),
        ("Y' = Y", ["exp(x)"]),
        ("Y' = Y", ["a8^2*exp(x)"]),
        ("Y' + Y = x", ["x - 1 + exp(a8 - x)"]),
        ("Y' + Y = x", ["x - 1", "x - 1 + exp(-x)"]),
        ("Y'' - Y = 0", ["a8*cosh(a9 + x)"]),
        ("Y'' - Y = 0", ["a8*sinh(a9 + x)"]),
        ("Y'' - Y = 0", ["exp(x)", "sinh(x)", "cosh(x)"]),
        ("Y'' + Y = 0", ["a8*sin(x)", "a8*cos(x)"]),
        ("Y'' - 2*Y' + Y = 0", ["(a8 + x)*exp(x + a9)"]),
        ("3*Y' + 2*Y''*x = 0", ["a8 + sqrt(a9/x)"]),
        ("Y' = 1 - Y^2", ["tanh(x + a8)"]),
        ("Y' = Y*(1 - Y)", ["1/(1 + exp(a8 - x))"]),
        ("Y' = Y*ln(Y)", ["exp(exp(a8 + x))"]),
    ],
)
def test_families_and_particular_solutions_become_general(equation, answers):
    problem, answers = text(equation), list(map(text, answers))
    assert not any(verify(problem, answer).general for answer in answers)
    assert any(verify(problem, form).general for form in general_forms(problem, answers))
    assert widened(problem, answers).verdict.general


def test_a_family_that_is_all_there_is_stays_as_it_is():
    problem = text("Y'^2 = 1")
    assert widened(problem, [text("a8 - x")]).tokens == text("a8 - x")


@pytest.mark.parametrize(
    ("equation", "answer", "expected"),
    [
        ("Y'^2 = 4*Y", "(x + a8)^2", {"0"}),
        ("Y = x*Y' + Y'^2", "a8*x + a8^2", {"-1/4*x^2"}),
        ("Y' = Y^2", "1/(a8 - x)", {"0"}),
        ("Y'^2 = 1 - Y^2", "sin(x + a8)", {"-1", "1"}),
        ("Y' = 3*Y^(2/3)", "(x + a8)^3", {"0"}),
        ("Y' = Y", "a8*exp(x)", set()),  # 0 is a member of the family
        ("Y' = Y*(1 - Y)", "1/(1 + a8*exp(-x))", {"0"}),  # 1 is a member
        ("Y'' = Y", "a8*exp(x)", set()),
    ],
)
def test_singular_solutions_stand_beside(equation, answer, expected):
    problem = text(equation)
    found = beside(problem, [text(answer)])
    assert {to_infix(from_prefix(each.tokens)) for each in found} == expected
    assert all(each.verdict.solved for each in found)
    assert {each.tokens for each in found} <= set(singular_solutions(problem, [text(answer)]))


@pytest.mark.parametrize(
    ("integrand", "answer"),
    [
        ("1/x", "ln(x)"),
        ("1/abs(x)", "ln(5*x)"),
        ("x*sqrt(abs(x))", "2/5*x^(5/2)"),
        ("abs(x)", "1/2*sqrt(x)*x^(3/2)"),
        ("sign(x)", "sqrt(x)^2"),
        ("1/(1 - x^2)", "atanh(x)"),
        ("1/sqrt(x^2 - 1)", "acosh(x)"),
        ("1/(x*ln(x))", "ln(ln(x))"),
        ("abs(x)^(1/3)", "3/4*x^(4/3)"),
        ("1/(x*(x + 1))", "ln(x) - ln(x + 1)"),
    ],
)
def test_an_answer_for_a_part_of_the_line_becomes_one_for_all_of_it(integrand, answer):
    problem = text(f"Y' - {integrand}")
    assert not verify(problem, text(answer), domain=True).evidence["domain"]["whole"]
    found = widened(problem, [text(answer)])
    assert found.verdict.solved and found.verdict.evidence["domain"]["whole"]
    assert found.tokens in whole_domain_forms(text(answer))
    assert holds_as_much(found.verdict, verify(problem, text(answer), domain=True))


def test_where_no_form_holds_on_more_the_answer_stays():
    found = widened(text("Y' = 1/sqrt(x^2)"), [text("ln(2*x + 2*sqrt(x^2))")])
    assert found.tokens == text("ln(2*x + 2*sqrt(x^2))") and "it holds for x > 0" in found.verdict.reason
