"""Textbook problems: every form gives pairs that the judge accepts, and the family draws them all."""

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import symengine as se

from symbolic.algebra.simplification import rebuilt
from symbolic.expressions.engines import symengine_to_prefix
from symbolic.expressions.equations import integral_tokens
from symbolic.problems.families.textbook.first_order import FIRST_ORDER
from symbolic.problems.families.textbook.formulas import X, sqrt
from symbolic.problems.families.textbook.integrals import FORMS, inner_function
from symbolic.problems.families.textbook.parameters import Parameters
from symbolic.problems.families.textbook.rational_functions import (
    as_expression,
    integral_of_quotient,
    polynomial,
    product,
)
from symbolic.problems.families.textbook.second_order import SECOND_ORDER
from symbolic.problems.families.textbook.table import OUTER
from symbolic.problems.files import read_problems
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.splits import skeleton
from symbolic.problems.tasks import problems
from symbolic.verification import verify
from tests import PROJECT

TASKS = ("textbook", "textbook1", "textbook2")


def parameters(seed: int, letters: bool = False) -> Parameters:
    return Parameters(np.random.Generator(np.random.PCG64(seed)), letters)


def text(expression: se.Basic) -> str:
    return " ".join(symengine_to_prefix(rebuilt(expression)))


@pytest.mark.parametrize("name", FORMS)
def test_a_form_gives_an_integrand_and_its_primitive(name):
    p = parameters(1)
    for _ in range(4):
        integrand, primitive = FORMS[name](p)
        verdict = verify(" ".join(integral_tokens(text(integrand).split())), text(primitive))
        assert verdict.solved, (text(integrand), text(primitive), verdict)


@pytest.mark.parametrize("name", OUTER)
def test_a_table_integral_holds_for_a_linear_argument(name):
    p = parameters(2)
    for _ in range(4):
        u, slope = p.linear(X)
        integrand, primitive = OUTER[name](p, u)
        verdict = verify(" ".join(integral_tokens(text(integrand).split())), text(primitive / slope))
        assert verdict.solved, (text(integrand), text(primitive), verdict)


@pytest.mark.parametrize(("forms", "name"), [(forms, name) for forms in (FIRST_ORDER, SECOND_ORDER) for name in forms])
def test_a_form_of_equations_gives_a_solution_with_all_constants(forms, name):
    p = parameters(3)
    for _ in range(4):
        equation, solution = forms[name](p)
        if equation == 0:
            continue
        verdict = verify(text(equation), text(solution))
        assert verdict.extent in ("general", "family"), (text(equation), text(solution), verdict)


@pytest.mark.parametrize("task", TASKS)
def test_nearly_every_draw_is_a_problem_and_the_same_seed_gives_the_same_ones(task):
    rejected = Counter()
    first = list(itertools.islice(problems(task, seed=5, rejected=rejected), 60))
    assert first == list(itertools.islice(problems(task, seed=5), 60))
    assert rejected.total() < 6, rejected
    assert len({skeleton(equation) for equation, _ in first}) > 25
    for equation, solution in first:
        assert verify(equation, solution).extent in ("general", "family")


@pytest.mark.parametrize("task", TASKS)
def test_long_problems_are_rejected(task):
    for equation, solution in itertools.islice(problems(task, seed=6, options=ProblemOptions(max_len=24)), 20):
        assert max(len(equation.split()), len(solution.split())) <= 24


def test_letters_stand_for_numbers_where_they_may():
    drawn = [parameters(seed, letters=True).scale() for seed in range(60)]
    assert any(value.free_symbols for value in drawn)
    assert not any(parameters(seed).scale().free_symbols for seed in range(60))


@pytest.mark.parametrize(
    ("numerator", "factors"),
    [
        (polynomial(1), [(polynomial(-1, 1), 1), (polynomial(2, 1), 1)]),
        (polynomial(3, -2, 5), [(polynomial(0, 1), 3), (polynomial(1, 1), 1)]),
        (polynomial(0, 1), [(polynomial(5, 2, 1), 1), (polynomial(-3, 2), 2)]),
        (polynomial(1, 0, 0, 0, 2), [(polynomial(4, 0, 9), 1), (polynomial(1, 1), 1)]),
    ],
)
def test_partial_fractions_differentiate_back(numerator, factors):
    denominator = product(*(factor for factor, power in factors for _ in range(power)))
    primitive = integral_of_quotient(numerator, factors, X)
    quotient = as_expression(numerator, X) / as_expression(denominator, X)
    for point in (Fraction(17, 5), Fraction(-29, 7)):
        value = se.Rational(point.numerator, point.denominator)
        h = se.Rational(1, 10**12)
        slope = (primitive.subs(X, value + h) - primitive.subs(X, value - h)) / (2 * h)
        assert abs(float((slope - quotient.subs(X, value)).n(200, real=True))) < 1e-9


@pytest.mark.parametrize(("n", "outside", "inside"), [(28, 2, 7), (72, 6, 2), (7, 1, 7), (49, 7, 1)])
def test_square_factors_leave_the_root(n, outside, inside):
    assert sqrt(se.Integer(n)) == outside * se.sqrt(se.Integer(inside))


def test_inner_functions_are_not_constant():
    p = parameters(8)
    assert all(se.has_symbol(inner_function(p), X) for _ in range(100))


@pytest.mark.parametrize(("name", "count"), [("integrals", 200), ("first_order", 50), ("second_order", 50)])
def test_the_test_set_is_right_and_each_problem_is_there_once(name, count):
    frame, report = read_problems(PROJECT / "data" / "textbook" / f"{name}.test")
    assert not report.bad and len(frame) == count == frame["input"].nunique()
    for row in frame.iloc[::7].itertuples():
        assert verify(row.input, row.output).extent in ("general", "family"), row
