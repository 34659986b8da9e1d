"""Formulas in exponentials and near a point: equal values, and no more than that."""

import pytest
import symengine as se

from symbolic.expressions.engines import to_symengine
from symbolic.expressions.infix import from_infix
from symbolic.verification import verify
from symbolic.verification.normal_form import Exponentials, near
from symbolic.verification.residual import residual_of
from symbolic.verification.symbols import is_zero


def formula(text):
    return to_symengine(from_infix(text))


@pytest.mark.parametrize(
    "text",
    [
        "sin(x)^2 + cos(x)^2 - 1",
        "sin(2*x) - 2*sin(x)*cos(x)",
        "tan(x)*cos(x) - sin(x)",
        "cosh(x)^2 - sinh(x)^2 - 1",
        "tanh(x) - (exp(2*x) - 1)/(exp(2*x) + 1)",
        "exp(x + 1) - exp(1)*exp(x)",
        "sin(x + a8) - sin(x)*cos(a8) - cos(x)*sin(a8)",
        "exp(x/2)^2 - exp(x)",
        "sqrt(1 + tan(x)^2)*sqrt(1 + tan(x)^2) - 1/cos(x)^2",
    ],
)
def test_identities_vanish_in_exponentials(text):
    form = Exponentials(formula(text))
    once = form.written(formula(text)).as_numer_denom()[0].expand()
    assert form.written(once).as_numer_denom()[0].expand() == 0


@pytest.mark.parametrize(
    "text", ["sin(x)^2 + cos(x)^2", "sin(2*x) - sin(x)*cos(x)", "exp(x + 1) - exp(x)", "tan(x) - sin(x)"]
)
def test_what_does_not_vanish_does_not_vanish_in_exponentials(text):
    assert Exponentials(formula(text)).written(formula(text)).as_numer_denom()[0].expand() != 0


NEAR = [
    "sqrt((x + a8)^2)", "asin(sin(3*x))", "acos(cos(x - a8))", "atan(tan(5*x))", "acos(sin(x))", "asin(-cos(4*x))",
    "ln((x - a8)^2*x^4)", "sqrt(1 - sin(x)^2)", "sqrt(9 - 9*cos(x)^2)", "sqrt(1 + sinh(x)^2)", "acosh(cosh(x - 1))",
    "asinh(sinh(x)) + atanh(tanh(x))", "exp(ln(x^2)/2 + x)", "cos(asin(x/4))", "cosh(asinh(x))", "sinh(atanh(x/4))",
    "(x^2*a8^4)^(1/4)", "sqrt(x/a8)*sqrt(a8*x^3)", "abs(x - 1)*sign(x + a8)", "sqrt(1 - (1 - x^2))",
]  # fmt: skip


@pytest.mark.parametrize("text", NEAR)
def test_a_formula_near_a_point_has_the_values_of_the_first(text):
    for at_x, at_a8 in ((0.7, -1.3), (-2.1, 0.4), (1.9, 1.1), (-0.6, -2.2)):
        there = {se.Symbol("x"): se.RealDouble(at_x + 1e-3), se.Symbol("a8"): se.RealDouble(at_a8 - 1e-3)}
        try:
            expected = float(formula(text).xreplace(there).n(53, real=True))
        except RuntimeError:
            continue  # it is not real there
        other = near(formula(text), {"x": at_x, "a8": at_a8}).formula
        assert float(other.xreplace(there).n(53, real=True)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "has_kink", "is_everywhere"),
    [
        ("ln(exp(x))", False, True),
        ("asinh(sinh(x))", False, True),
        ("sqrt(x^2)", True, False),
        ("abs(x)", True, False),
        ("asin(sin(x))", True, False),
        ("ln(x^2)", False, True),
        ("sqrt(x*a8)", False, False),  # x, a8 > 0 or x, a8 < 0
    ],
)
def test_what_holds_only_near_a_point_is_known(text, has_kink, is_everywhere):
    found = near(formula(text), {"x": 0.5, "a8": 0.5})
    assert (found.has_kink, found.is_everywhere) == (has_kink, is_everywhere)


@pytest.mark.parametrize(
    ("integrand", "answer"),
    [
        ("sin(x)^2", "x/2 - sin(2*x)/4"),
        ("tan(x)", "ln(1/cos(x))"),
        ("1/cos(x)^2", "tan(x)"),
        ("1/cos(x)", "ln(1/cos(x) + tan(x))"),
        ("sinh(x)*cosh(x)", "cosh(2*x)/4"),
        ("cos(x)*cos(3*x)", "sin(4*x)/8 + sin(2*x)/4"),
    ],
)
def test_school_identities_are_proved(integrand, answer):
    assert verify(from_infix(f"Y' - {integrand}"), from_infix(answer)).status == "proved"


def test_a_wrong_answer_is_no_zero_formula():
    assert not is_zero(residual_of(from_infix("Y' - sin(x)^2"), from_infix("x/2 + sin(2*x)/4")))
