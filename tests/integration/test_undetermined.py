"""Undetermined coefficients: exactly where terms are independent, in floats where identities are needed."""

import pytest
import symengine as se

from symbolic.expressions.engines import to_symengine
from symbolic.expressions.infix import from_infix
from symbolic.integration.search import Search
from symbolic.integration.undetermined import fitted_primitive


@pytest.mark.parametrize(
    "primitive",
    [
        "x^2*ln(x)*sin(x)",
        "x^3*exp(2*x)/7 - 5*x*ln(x)",
        "x*exp(x)/(x+1)",
        "exp(x)/x + ln(x)/x",
        "ln(x)*asin(x)",
        "sin(x)*exp(x^2)",
        "x*cos(1/(x+3))",
        "sqrt(x)*atan(x)*3",
        "tan(x)*ln(x)",
    ],
)
def test_the_derivative_of_a_product_is_found_again(primitive):
    expr, x = to_symengine(from_infix(primitive)), se.Symbol("x")
    derivative = se.expand(expr.diff(x))
    found = fitted_primitive(derivative, Search(()))
    difference = (found - expr).diff(x)
    for point in (0.31, 0.57, 0.83):
        assert abs(float(difference.subs({"x": point}).n(53, real=True))) < 1e-9


def test_it_costs_steps():
    x = se.Symbol("x")
    search = Search((), steps=3)
    assert fitted_primitive(x * se.exp(x), search) is None
    search = Search((), steps=10)
    assert fitted_primitive(x * se.exp(x), search) is not None
    assert search.left < 10
