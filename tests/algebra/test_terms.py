"""Terms and factors put together again are the expression, and nothing is multiplied out beyond the limit."""

import pytest
import symengine as se
from hypothesis import assume, given

from symbolic.algebra.terms import MAX_TERMS, additive_terms, constant_factor, expanded
from symbolic.expressions.engines import to_symengine
from symbolic.expressions.infix import from_infix
from tests.expressions.strategies import repeatable, trees

X = se.Symbol("x")
OPERATORS = ["add", "sub", "mul", "div", "pow2", "pow3", "pow5", "sin", "exp", "ln", "sqrt"]


def expression(text: str) -> se.Basic:
    return to_symengine(from_infix(text))


def value(tree) -> se.Basic:
    """The expression of a tree; a Hypothesis example without one is dropped."""
    try:
        return to_symengine(tree)
    except ValueError:
        assume(False)


@repeatable(max_examples=200)
@given(trees(OPERATORS, ["x", "pi", "a8"], max_leaves=12))
def test_the_constant_factor_times_the_rest_is_the_expression(tree):
    expr = value(tree)
    constant, rest = constant_factor(expr)
    assert constant * rest == expr and not se.has_symbol(constant, X)
    assert rest == 1 or all(se.has_symbol(factor, X) for factor in se.Mul.make_args(rest))


@pytest.mark.parametrize("text", ["0", "pi", "exp(-10 - a8)", "(10 + pi)^(10 + pi)"])
def test_of_a_constant_nothing_is_left(text):
    assert constant_factor(expression(text)) == (expression(text), 1)


@repeatable(max_examples=200)
@given(trees(OPERATORS, ["x", "pi"], max_leaves=12))
def test_terms_add_up_to_the_expression(tree):
    expr = value(tree)
    terms = additive_terms(expr)
    assert se.expand(se.Add(*terms) - expr) == 0
    assert not any(isinstance(term, se.Add) for term in terms)


@pytest.mark.parametrize(
    ("text", "count", "is_expanded"),
    [
        ("(1 + x)^2*(x + sin(x))", 6, True),  # 8 terms, of which two pairs are alike
        ("(1 + x)^4", 5, True),
        ("(1 + x)^5", 1, False),  # 32 terms before like ones are taken together
        ("(1 + x)^(10^12)", 1, False),
        ("(1 + x)^5 + x*(1 + x)", 3, False),  # together they are too many
        ("x/(1 + x)^2", 1, True),  # only `expanded` goes into denominators
        ("sqrt(x*(1 + x))", 1, True),  # and roots
        ("x*exp((1 + x)^2)", 1, False),
    ],
)
def test_what_is_multiplied_out(text, count, is_expanded):
    expr = expression(text)
    assert len(additive_terms(expr)) == count
    assert (expanded(expr) != expr) == is_expanded


def test_the_limit_is_that_of_terms():
    terms = se.Add(*(X**power for power in range(1, MAX_TERMS // 2 + 1)))
    assert len(additive_terms(terms * (1 + se.sin(X)))) == MAX_TERMS
    assert len(additive_terms(terms * (1 + se.sin(X) + se.exp(X)))) == 1
