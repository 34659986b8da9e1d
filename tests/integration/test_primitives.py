"""Every rule finds what it is for, and no candidate is wrong."""

import numpy as np
import pytest
import symengine as se
from hypothesis import given

from symbolic.expressions.engines import canonical, from_symengine
from symbolic.expressions.equations import integral_equation
from symbolic.expressions.infix import from_infix
from symbolic.expressions.prefix import prefix_text
from symbolic.integration.primitives import primitives
from symbolic.integration.search import Search, term_by_term
from symbolic.problems.families.trees import tree_sampler
from symbolic.problems.problem import ProblemOptions
from symbolic.verification import verify
from tests.expressions.strategies import repeatable, trees

OF_EACH_RULE = [
    "(3*x-1)^7",
    "x^pi",
    "x^2*(2*x+1)^(1/3)",
    "x*(x+a0)^9",
    "1/(x^3+1)",
    "1/(x*(x+a0))",
    "x/(x^2+sqrt(2)*x+1)",
    "1/(1+sin(x))",
    "1/(2+cos(x))",
    "1/(1+cos(x)^2)",
    "sin(x)^4",
    "tan(x)^5",
    "sec(x)^3",
    "csc(2*x)",
    "cos(x)^3/sqrt(sin(x))",
    "sin(2*x)*cos(3*x)",
    "1/(3+2*tan(x))",
    "tanh(x)^4",
    "1/(2+cosh(x))",
    "sqrt(exp(x)+1)",
    "exp(x)/(exp(2*x)-4)",
    "sin(x)*sinh(2*x)",
    "x^3*sqrt(x^2+1)",
    "x^2/(2-x^2)^(3/2)",
    "1/(x^3*sqrt(4*x-x^2))",
    "1/((x^2+1)*sqrt(x^2+2))",
    "1/((x+2)*sqrt(3-2*x^2))",
    "sqrt((x+1)/(x-1))",
    "sqrt(1+sqrt(x))",
    "1/(sqrt(x)+x^(1/3))",
    "1/(sqrt(x+1)+sqrt(x))",
    "sin(sqrt(x))*exp(sqrt(x))",
    "x*exp(x^2)",
    "exp(x+exp(x))",
    "(1+ln(x))*cos(x*ln(x))",
    "(x+1)*exp(x)*sinh(2*x*exp(x))",
    "x^x*(ln(x)+1)",
    "x*3^x",
    "2^x*cos(x)",
    "ln(x)^3*x",
    "ln(x+sqrt(x^2+1))",
    "sin(ln(x))",
    "x^2*atan(x)",
    "asin(x)^3",
    "x*acosh(2*x)^2",
    "acos(x+5)^2",
    "exp(atan(x))/(1+x^2)",
    "x*sec(x)^2",
    "x*exp(x)/(1+x)^2",
    "exp(x)*(1/x-1/x^2)",
    "x*ln(x)*cos(x)+ln(x)*sin(x)+sin(x)",
    "abs(x-1)*x",
    "sqrt(x^2-2*x+1)",
    "x*exp(-abs(x))",
    "tan(3)*x*exp(x)+cos(1)^3/x",
]


@pytest.mark.parametrize("integrand", OF_EACH_RULE)
def test_members_of_every_kind_are_solved(integrand):
    tree = from_infix(integrand)
    best, *_ = primitives(tree)
    assert verify(integral_equation(tree), from_symengine(best)).solved


@pytest.mark.parametrize(
    "integrand", ["exp(-x^2)", "sin(x)/x", "exp(x)/x", "1/ln(x)", "sin(x^2)", "sqrt(x^3+1)", "x^x"]
)
def test_there_is_no_candidate_where_there_is_no_elementary_primitive(integrand):
    assert primitives(from_infix(integrand)) == []


@pytest.mark.parametrize(
    ("integrand", "answer"),
    [
        ("1/x", "ln(abs(x))"),
        ("1/(x^2+1)", "atan(x)"),
        ("2*x/(x^2+1)", "ln(x^2+1)"),
        ("1/sqrt(1-x^2)", "asin(x)"),
        ("1/sqrt(x^2+1)", "asinh(x)"),
        ("sin(x)^2*cos(x)", "sin(x)^3/3"),
        ("1/(1+cos(x))", "tan(x/2)"),
        ("sec(x)^2", "tan(x)"),
        ("1/cosh(x)^2", "tanh(x)"),
        ("5^x", "5^x/ln(5)"),
        ("1/(x*ln(x))", "ln(abs(ln(x)))"),
        ("0", "0"),
        ("a0", "a0*x"),
    ],
)
def test_answers_are_as_short_as_people_write_them(integrand, answer):
    best, *_ = primitives(from_infix(integrand))
    written = from_symengine(best)
    assert len(prefix_text(written).split()) <= len(prefix_text(canonical(from_infix(answer))).split())


def test_candidates_for_random_integrands_are_not_wrong():
    draw, rng = tree_sampler(ProblemOptions(max_ops=8)), np.random.default_rng(4)
    solved = 0
    for _ in range(60):
        tree = draw(rng, int(rng.integers(1, 9)))
        try:
            found = primitives(tree)
        except ValueError:  # without a value, or too large
            continue
        for each in found:
            verdict = verify(integral_equation(tree), from_symengine(each))
            assert verdict.status != "refuted"
            solved += verdict.solved
    assert solved > 20


@repeatable(max_examples=40)
@given(trees())
def test_no_expression_stops_it(tree):
    try:
        found = primitives(tree, steps=20)
    except (ValueError, RuntimeError):
        return
    assert all(isinstance(each, se.Basic) for each in found)


@pytest.mark.parametrize("integrand", ["(1+x^99999)^(1/2)", "x^(10^6)*sin(x)", "sqrt(x^(1/100003)+1)"])
def test_powers_too_large_to_multiply_out_are_refused(integrand):
    assert primitives(from_infix(integrand)) == []


def test_what_is_0_in_floats_is_not_taken_for_0():
    assert 0 not in primitives(from_infix("4/cosh((5-x)*exp(10))"))


def test_more_steps_find_more():
    tree = from_infix("x*ln(x)*cos(x)+ln(x)*sin(x)+sin(x)")
    assert primitives(tree, steps=3) == []
    assert primitives(tree) != []


def test_a_search_ends_when_its_steps_are_used_up():
    asked = []

    def endless(f, search):
        asked.append(f)
        return search.integrate(f + se.Symbol("x"))

    x = se.Symbol("x")
    assert Search((endless,), steps=5).integrate(x**2) is None
    assert len(asked) == 5


def test_a_division_by_zero_in_one_rule_leaves_the_others():
    def divides(f, search):
        raise RuntimeError("Division by zero")

    x = se.Symbol("x")
    assert Search((divides, lambda f, search: x**3 / 3)).integrate(x**2) == x**3 / 3


def test_terms_that_have_no_primitive_alone_are_tried_together():
    x = se.Symbol("x")
    together = se.exp(x) / x - se.exp(x) / x**2
    known = {x: x**2 / 2, together: se.exp(x) / x}
    assert Search((lambda f, search: known.get(f), term_by_term)).integrate(x + together) == x**2 / 2 + se.exp(x) / x
