"""Repair finds the coefficients that make a sum of proposed terms an answer, and no proposal stops it."""

from fractions import Fraction

import pytest
import symengine as se
from hypothesis import given
from hypothesis import strategies as st

from symbolic.expressions.engines import canonical, from_symengine, to_symengine
from symbolic.expressions.equations import integral_equation
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.prefix import Tree, from_prefix, operands_of_chain, to_prefix
from symbolic.expressions.tokens import spellings
from symbolic.solving.repair import repaired
from symbolic.verification import verify
from tests.expressions.strategies import repeatable, trees

INDEPENDENT = ["x", "x^4", "x*exp(x)", "sin(3*x)", "x^2*cos(x)", "ln(x)", "atan(x)", "sqrt(1+x^2)", "tan(x)", "2^x"]
factors = st.fractions(-99, 99, max_denominator=20).filter(bool)


def weighted_sum(terms: dict[str, Fraction]) -> Tree:
    return from_infix(" + ".join(f"({factor})*({term})" for term, factor in terms.items()))


@repeatable(max_examples=60)
@given(st.dictionaries(st.sampled_from(INDEPENDENT), st.tuples(factors, factors), min_size=1, max_size=6))
def test_wrong_factors_of_all_terms_are_put_right(terms):
    answer = weighted_sum({term: right for term, (right, _) in terms.items()})
    proposed = weighted_sum({term: wrong for term, (_, wrong) in terms.items()})
    integrand = from_symengine(to_symengine(answer).diff(se.Symbol("x")))
    problem = integral_equation(integrand)
    best, *_ = repaired(problem, [proposed])
    assert to_symengine(best) == to_symengine(answer)
    assert verify(problem, best).solved


@pytest.mark.parametrize(
    ("problem", "proposals"),
    [
        ("y' = 2*x", ["2*x^2"]),
        ("y' = x*cos(x)", ["1/2*sin(x)"]),  # multiplied by x, and the cofunction
        ("y' = x*cos(x)", ["x*cos(x)"]),
        ("y' = exp(x)*sin(x)", ["exp(x)*cos(x)"]),
        ("y' = ln(x)", ["x*ln(x)"]),  # a factor dropped
        ("y' = x*sinh(x) + 1/x", ["x*cosh(x) + 1", "ln(x)"]),  # terms of different proposals
        ("y' = 7*x^6", ["x^2"]),  # an exponent from the integrand
        ("y' = 57*cos(83*x)", ["57/83*sin(88*x)"]),  # an argument
        ("y' = exp(x^2)*x", ["exp(x)"]),
        ("y' = x*2^x", ["x*2^x + 2^x"]),  # over ln(2) and its square
        ("y' = pi*x + sqrt(3)*cos(x)", ["x^2 + sin(x)"]),
        ("y' = abs(x)", ["x*abs(x)"]),
        ("y' = 1/x", ["3*ln(abs(x)) + a0"]),
        ("y' = x*exp(x)", ["1/0", "ln(I*x)", "f(x)", "x*exp(x)"]),
        ("y' + y = x", ["a8*exp(-x) + 2*x"]),
        ("x*y' = y + x^2", ["a8*x + 5*x^2"]),
        ("y'' + y = x*cos(x)", ["a8*sin(x + a9) + x^2*cos(x) + x*sin(x)"]),
        ("y'' = y + sin(x)", ["a8*exp(x) + a9*exp(-x) + 3*sin(x)"]),
    ],
)
def test_what_is_near_an_answer_becomes_one(problem, proposals):
    problem, proposals = from_infix(problem), [from_infix(each) for each in proposals]
    assert not any(verify(problem, each).solved for each in proposals)
    best, *_ = repaired(problem, proposals)
    assert verify(problem, best).solved
    assert constants_in(best) == set.union(*map(constants_in, proposals))
    assert repaired(problem, proposals, seed=1) == repaired(problem, proposals)


def constants_in(tree: Tree) -> set[str]:
    return set(to_prefix(tree)) & set(spellings("coefficient"))


def test_the_shortest_sum_comes_first_and_nothing_twice():
    proposals = ["ln(1 + x) + ln(1 - x)", "7*atanh(x)", "2*atanh(x)"]
    answers = repaired(from_infix("y' = 1/(1 - x^2)"), [from_infix(each) for each in proposals])
    assert to_infix(answers[0]) == "atanh(x)"
    assert [len(operands_of_chain(answer, "add")) for answer in answers] == [1, 2]


def test_of_terms_that_depend_on_one_another_only_some_are_used():
    (answer,) = repaired(from_infix("y' = sin(x)*cos(x)"), [from_infix("sin(x)^2 + cos(x)^2 + 2*cos(2*x)")])
    assert len(operands_of_chain(answer, "add")) == 1


def test_numbers_without_a_short_form_are_not_guessed():
    assert repaired(from_infix("y' = x^pi"), [from_infix("x^(1 + pi)")]) == []  # over 1 + pi
    (answer,) = repaired(from_infix("y' = x^(22/7)"), [from_infix("x^(29/7)")])
    assert answer == canonical(from_infix("7/29*x^(29/7)"))


@pytest.mark.parametrize("problem", ["y'*y = x", "y' = y^2", "y' = a0*x", "y' = 1/0", "y' = sqrt(-1 - x^2)", "x = 1"])
def test_nothing_is_offered_for_what_is_not_linear_or_not_real(problem):
    assert repaired(from_infix(problem), [from_infix("x^2")]) == []


@repeatable(max_examples=150)
@given(
    st.sampled_from(["y' = x*exp(x)", "y' = tan(x)/x + abs(x)", "y'' - y = x", "y' = ln(2)^x"]),
    st.lists(trees(max_leaves=14), max_size=4),
)
def test_no_proposal_raises_an_error(problem, proposals):
    for answer in repaired(from_infix(problem), proposals):
        assert isinstance(answer, Tree)


def test_a_long_proposal_does_not_crash_symengine():
    proposal = from_prefix("""
    add pow5 tanh asec asech add sech sqrt pow4 div x pow mul x add x x tan mul div x E pow x x pow cos add asec
    abs x x sign pow div pow5 INT- 1 2 coth div x div pow div x add x x x mul rac E x mul x x asinh mul add acot
    div coth I x pow x x add cos sec cos x pow asec x pow3 atanh x tan mul mul x inv add pow csch rac x pow mul pi
    add exp div acos sec acsch x csc x pow4 acsch cosh pow pow pow x INT- 2 x add x x cosh cot div pow x asinh x x
    rac a8 cosh asin div add sec add INT+ 0 sech x pow div abs x asech add x x add pow x x x acsc acot add mul div
    x x x mul x add x x asinh add rac div div sech x rac add rac ln pi pow5 x x pow mul x add x x pow x sec pow4 x
    x pow pow add pow acosh add E pow4 x div add I x sech E pow3 sinh add x sech add x x asin acoth pow rac div x
    x acos x mul acoth x add x x add sinh div mul x div atanh pow x x asec tan x add div add x E E cos sin x cosh
    tan add div div INT+ 1 x mul x x mul x acot x asech tan abs acot pow4 x sech mul mul div div div x pow4 div
    asin x acsc ln x atan csch x asec asin acoth sqrt add x div acosh x x x sinh inv a0
    """)
    assert repaired(from_prefix("sub Y' x"), [proposal]) == []


def test_no_answer_is_made_of_what_no_answer_may_hold():
    proposal = from_prefix("div acot pow x pi h mul x x x mul x atan I")  # SymEngine dies of its derivatives
    assert repaired(from_prefix("add mul x Y'' add Y' x"), [proposal]) == []


@pytest.mark.parametrize("problem", ["add Y' Y", "add Y'' mul x Y"])
def test_nothing_is_offered_for_a_homogeneous_equation_rather_than_y_equals_0(problem):
    assert repaired(from_prefix(problem), [from_prefix("x"), from_prefix("sin x")]) == []
