"""Backward problems: what is written differentiates back, is canonical, real, and has no constant term."""

import itertools
from collections import Counter

import numpy as np
import pytest
import symengine as se
import sympy as sp

from symbolic.algebra.constants import has_real_constants
from symbolic.algebra.terms import without_constant_terms
from symbolic.expressions.engines import symengine_to_prefix, to_symengine
from symbolic.expressions.exchange import to_sympy
from symbolic.expressions.prefix import from_prefix
from symbolic.problems.families.checks import check_real_domain
from symbolic.problems.families.drawing import integration_problem
from symbolic.problems.problem import ProblemOptions, Rejected
from symbolic.problems.tasks import TASKS, problems
from symbolic.verification import SOLVED, verify

X = se.Symbol("x")
DEFAULT, SMALL = ProblemOptions(simplify=0), ProblemOptions(max_ops=4, simplify=0)
HALF_SIMPLIFIED, SIMPLIFIED = ProblemOptions(), ProblemOptions(simplify=1)


def first(count, options, seed=11, task="bwd"):
    return list(itertools.islice(problems(task, seed, options), count))


def sides(problem):
    """The integrand and the primitive of a problem as trees."""
    equation = from_prefix(problem.equation)
    assert equation.head == "sub" and equation.operands[0].head == "Y'"
    return equation.operands[1], from_prefix(problem.solution)


@pytest.mark.parametrize("options", [DEFAULT, SMALL])
def test_the_solution_differentiates_to_the_integrand(options):
    for problem in first(150, options):
        integrand, primitive = map(to_symengine, sides(problem))
        assert se.expand(primitive.diff(X) - integrand) == 0, problem


def test_the_share_asked_for_is_simplified_and_the_primitives_stay_the_same():
    plain, half, every = (first(300, options) for options in (DEFAULT, HALF_SIMPLIFIED, SIMPLIFIED))
    assert [p.solution for p in plain] == [p.solution for p in half] == [p.solution for p in every]
    changed = [a != c for a, c in zip(plain, every, strict=True)]
    changed_of_half = [a != b for a, b in zip(plain, half, strict=True)]
    assert 0.6 < np.mean(changed) < 0.9
    assert 0.4 < np.sum(changed_of_half) / np.sum(changed) < 0.6
    assert all(b in (a, c) for a, b, c in zip(plain, half, every, strict=True))


def test_the_judge_takes_every_solution_where_all_integrands_are_simplified():
    statuses = Counter(verify(*problem).status for problem in first(300, SIMPLIFIED))
    assert set(statuses) <= SOLVED


def test_what_is_real_nowhere_is_no_problem():
    check_real_domain(se.acosh(X), 1 / se.sqrt(X**2 - 1))
    check_real_domain(se.acos(20 * X - 3))  # from 0.1 to 0.2, where none of the fixed points is
    for nowhere in (se.acosh(X) + se.acos(X), se.sqrt(-1 - X**2), se.exp(se.exp(8 * (9 + X**2)))):
        with pytest.raises(Rejected, match="no real domain"):
            check_real_domain(X, nowhere)


def test_a_sum_that_only_rounding_keeps_from_0_is_refused():
    check_real_domain(se.sqrt(X - se.asinh(X)))
    for zero in (X - se.asinh(se.sinh(X)), se.cos(X) ** 2 + se.sin(X) ** 2 - 1):
        with pytest.raises(Rejected, match="a sum is 0"):
            check_real_domain(se.sqrt(zero), 1 / se.sqrt(zero))


def test_sympy_at_points_agrees():
    """A route without SymEngine: a difference quotient of high precision."""
    x = sp.Symbol("x")
    compared = 0
    for problem in first(25, SMALL):
        integrand, primitive = (to_sympy(side) for side in sides(problem))
        for point in (sp.Rational(3, 10), sp.Rational(17, 10)):
            step = sp.Rational(1, 10**12)
            ends = [primitive.subs(x, point + sign * step).evalf(50) for sign in (1, -1)]
            expected = integrand.subs(x, point).evalf(50)
            if all(value.is_finite and value.is_real for value in (*ends, expected)):
                assert abs((ends[0] - ends[1]) / (2 * step) - expected) < 1e-9 * (1 + abs(expected)), problem
                compared += 1
    assert compared > 20


def test_problems_are_canonical_and_short_enough():
    options = ProblemOptions(max_len=60)
    for problem in first(1000, options):
        for text in problem:
            assert text == " ".join(text.split())
        assert max(problem.equation.count(" ") + 1, problem.solution.count(" ") + 3) <= 60
        for side, text in zip(
            sides(problem), (problem.equation.removeprefix("sub Y' "), problem.solution), strict=True
        ):
            assert symengine_to_prefix(to_symengine(side)) == text.split()


def test_solutions_have_no_constant_term_and_hold_real_constants_only():
    for problem in first(300, SMALL):
        integrand, primitive = map(to_symengine, sides(problem))
        terms = primitive.args if isinstance(primitive, se.Add) else (primitive,)
        assert all(se.has_symbol(term, X) for term in terms)
        assert has_real_constants(primitive) and has_real_constants(integrand)


@pytest.mark.parametrize(
    "expression, expected",
    [
        (3 + X, X),
        (se.sin(2) + se.exp(X) + se.pi, se.exp(X)),
        (3 + 2 * (1 + X), 2 * X),
        (X - (X + X**2), -(X**2)),
        (se.sin(1) * (2 + X), se.sin(1) * X),
        (2 * (1 + 3 * (X + 5)), 6 * X),
        (X * (1 + X), X * (1 + X)),
        (se.Integer(7), 0),
        (se.sin(3), 0),
        (se.log(2 + X), se.log(2 + X)),
    ],
)
def test_constant_terms_are_dropped(expression, expected):
    expression = se.sympify(expression)
    assert without_constant_terms(expression) == expected
    assert se.expand(expression.diff(X) - without_constant_terms(expression).diff(X)) == 0


@pytest.mark.parametrize(
    "tokens, real",
    [
        ("mul x asin INT+ 1", True),
        ("mul x asin INT+ 2", False),
        ("add x atanh INT+ 1", False),
        ("sqrt mul x sqrt sub sin INT+ 1 INT+ 2", False),
        ("mul I x", False),
        ("mul x ln sin INT+ 4", False),
        ("ln mul INT- 1 x", True),
        ("add pi mul E div INT+ 1 INT+ 3", True),
        ("mul x pow atanh INT+ 1 INT- 1", False),
        ("add x exp pow ln INT+ 2 INT- 1", True),
        ("mul x ln tan exp INT+ 3 6", False),
        ("mul x atan exp INT+ 1 0 0 0", True),
        ("mul x exp INT+ 1 0 0 0", False),
    ],
)
def test_constants_without_a_real_value_are_seen(tokens, real):
    assert has_real_constants(to_symengine(from_prefix(tokens))) is real


def test_infinite_constants_are_seen():
    assert not has_real_constants(X + se.zoo)


def test_too_long_problems_are_rejected():
    options = ProblemOptions(max_len=5)
    assert integration_problem(["exp", "x"], ["exp", "x"], options).equation == "sub Y' exp x"
    with pytest.raises(Rejected, match="too long"):
        integration_problem(["sin", "exp", "sin", "x"], ["x"], options)
    with pytest.raises(Rejected, match="too long"):
        integration_problem(["x"], ["sin", "exp", "sin", "x"], options)


def test_rejected_draws_are_counted_by_reason():
    options = ProblemOptions(
        operators={"sub": 2, "div": 4, "asin": 2, "pow": 4, "mul": 1}, leaves={"variable": 1, "integer": 1}, max_len=40
    )
    generator = np.random.Generator(np.random.PCG64(1))
    draw = TASKS["bwd"](options)
    kept, rejected, rejected_before_the_last = 0, Counter(), Counter()
    for _ in range(2000):
        try:
            draw(generator)
        except Rejected as rejection:
            rejected[rejection.reason] += 1
        else:
            kept += 1
            rejected_before_the_last = rejected.copy()
    assert set(rejected) >= {"no finite value", "constant", "constant part not real", "collapsed", "too long"}
    counted = Counter()
    list(itertools.islice(problems("bwd", 1, options, counted), kept))
    assert counted == rejected_before_the_last


def test_powers_of_numbers_that_are_too_large_are_rejected():
    options = ProblemOptions(operators={"pow": 1}, leaves={"integer": 9, "variable": 1}, max_int=9)
    rejected = Counter()
    list(itertools.islice(problems("bwd", 0, options, rejected), 20))
    assert rejected["too large"] > 0


def test_the_same_seed_gives_the_same_problems_and_another_seed_others():
    assert first(50, SMALL, seed=1) == first(50, SMALL, seed=1)
    assert first(50, SMALL, seed=1) != first(50, SMALL, seed=2)


def test_an_unknown_task_is_refused_at_once():
    with pytest.raises(ValueError, match="unknown task `bwdd`. Did you mean `bwd`"):
        problems("bwdd", 0)


def test_a_stream_that_only_rejects_gives_up():
    options = ProblemOptions(leaves={"integer": 1}, max_ops=1)
    with pytest.raises(ValueError, match="10,000 draws in a row were rejected .constant"):
        next(problems("bwd", 0, options))
