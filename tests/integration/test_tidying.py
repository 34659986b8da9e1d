"""The forms of a primitive: they differ from it by a constant at most, and the shortest comes first."""

import numpy as np
import pytest

from symbolic.expressions.engines import symengine_to_prefix, to_symengine
from symbolic.expressions.infix import from_infix
from symbolic.integration.tidying import tidy

POINTS = {"x": np.array([-3.7, -1.3, -0.2, 0.4, 1.9, 5.3])}


@pytest.mark.parametrize(
    ("primitive", "shortest"),
    [
        ("3 + x^2", "x^2"),
        ("ln(abs(x^2+1))", "ln(x^2+1)"),
        ("ln(abs(-1-x^2))", "ln(x^2+1)"),
        ("ln(abs(x))", "ln(abs(x))"),
        ("ln(abs(x+1)) - ln(abs(x-1))", "ln(abs((x+1)/(x-1)))"),
        ("exp(x*ln(3))", "3^x"),
        ("2*(x*exp(x) - exp(x)) + 5", "2*exp(x)*(x-1)"),
        ("ln(abs(cos(x)*(1+tan(x))))", "ln(abs(cos(x)*(1+tan(x))))"),
    ],
)
def test_the_shortest_form(primitive, shortest):
    best, *_ = tidy(to_symengine(from_infix(primitive)), POINTS)
    assert len(symengine_to_prefix(best)) <= len(symengine_to_prefix(to_symengine(from_infix(shortest))))


@pytest.mark.parametrize(
    "primitive", ["x*(ln(abs(x+1))/3 - ln(abs(x-1))/3) + 7", "exp(x)*(sin(x)-cos(x))/2 + 1", "x^2*ln(x^2+1) + 4"]
)
def test_all_forms_have_one_derivative(primitive):
    expr = to_symengine(from_infix(primitive))
    for form in tidy(expr, POINTS):
        differences = {
            round(float((form - expr).subs({"x": point}).n(53, real=True)), 9) for point in (0.31, 0.77, 2.3)
        }
        assert len(differences) == 1
