"""The check in floats: right primitives pass, wrong ones do not, on narrow domains too."""

import pytest

from symbolic.expressions.engines import to_symengine
from symbolic.expressions.infix import from_infix
from symbolic.integration.checking import is_primitive, points_of


@pytest.mark.parametrize(
    ("primitive", "integrand", "right"),
    [
        ("x^3/3", "x^2", True),
        ("x^3/3 + 7", "x^2", True),
        ("x^3/2", "x^2", False),
        ("ln(x)", "1/x", True),  # where it is real
        ("2*x*sqrt(x)/3", "sqrt(x)", True),
        ("x^2/2", "abs(x)", False),  # right for half of all x
        ("x*abs(x)/2", "abs(x)", True),
        ("sqrt(x^2-1)", "x/sqrt(x^2-1)", True),
        ("exp(a0*x)/a0", "exp(a0*x)", True),
        ("exp(a0*x)", "exp(a0*x)", False),
        ("(x+5)*acos(x+5)-sqrt(1-(x+5)^2)", "acos(x+5)", True),
        ("asin(x+2*x)", "1/x", False),
    ],
)
def test_derivatives_are_compared(primitive, integrand, right):
    tree = from_infix(integrand)
    assert is_primitive(to_symengine(from_infix(primitive)), tree, points_of(tree)) is right


def test_functions_that_are_real_nowhere_have_no_points():
    assert points_of(from_infix("sqrt(-1-x^2)")) == {}


def test_narrow_domains_have_points():
    assert len(points_of(from_infix("asin(50*x)"))["x"]) >= 12
