"""An integration problem is recognised as one and gives its integrand; any other equation does not."""

import pytest
from hypothesis import given

from symbolic.expressions.equations import UNKNOWNS, integral_equation, integral_tokens, integrand_of, order_of
from symbolic.expressions.infix import from_infix
from symbolic.expressions.prefix import to_prefix
from tests.expressions.strategies import repeatable, trees


@repeatable()
@given(trees())
def test_an_integrand_is_found_again_unless_it_holds_the_unknown_function(tree):
    equation = integral_equation(tree)
    assert to_prefix(equation) == integral_tokens(to_prefix(tree))
    holds_unknown = any(name in to_prefix(tree) for name in UNKNOWNS)
    assert integrand_of(equation) == (None if holds_unknown else tree)


@pytest.mark.parametrize(
    ("text", "order", "is_integral"),
    [
        ("y' = x", 1, True),
        ("y' = 1", 1, True),
        ("y' = y", 1, False),
        ("y' + x = 0", 1, False),
        ("y'' = x", 2, False),
        ("y'' + y' = y", 2, False),
        ("Y = x", 0, False),
        ("x*cos(x)", 0, False),
    ],
)
def test_order_and_kind(text, order, is_integral):
    equation = from_infix(text)
    assert order_of(equation) == order and (integrand_of(equation) is not None) == is_integral
