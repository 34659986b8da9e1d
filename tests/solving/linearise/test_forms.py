"""Forms keep values, constants are absorbed without losing solutions, inverses invert."""

import numpy as np
import pytest
import symengine as se

from symbolic.expressions.engines import to_symengine
from symbolic.expressions.infix import from_infix
from symbolic.solving.linearise.constants import absorbed, written
from symbolic.solving.linearise.disguises import coefficients, peeled
from symbolic.solving.linearise.forms import fraction, length, shortest
from symbolic.solving.linearise.functions import exponential, undone
from symbolic.solving.linearise.inverse import inverted, solutions
from symbolic.solving.linearise.particular_solutions import of_riccati
from symbolic.solving.linearise.second_order import null_space
from symbolic.solving.linearise.symbols import FIRST, SECOND, V, X, Y
from symbolic.solving.linearise.values import evaluated

POINTS = np.linspace(0.13, 0.94, 23)


def expression(text: str) -> se.Basic:
    return to_symengine(from_infix(text))


def values(expr: se.Basic, **fixed: float) -> np.ndarray:
    columns = {X: POINTS} | {se.Symbol(name): np.full(len(POINTS), value) for name, value in fixed.items()}
    return evaluated([expr], columns)[0]


TEXTS = [
    "tan(x)*cos(x)^2/(1+x) - x/(x+x^2)",
    "(exp(2*x) - 1)/(exp(x) - 1)",
    "cos(x)^2 + sin(x)^2",
    "1/(1/x + 1/sqrt(x))",
    "cosh(x)^4 - sinh(x)^2",
    "x/sec(x) + coth(x)",
    "(x^2 - 1)/(x - 1) - ln(x)*(x + 1)/ln(x)",
    "sqrt(24)*x/sqrt(6)",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("form", [fraction, shortest, written])
def test_forms_keep_values(text, form):
    np.testing.assert_allclose(values(form(expression(text))), values(expression(text)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "exp(2*ln(x) - x)",
        "sin(acos(x))",
        "tan(asin(x))",
        "cos(atan(x))",
        "cosh(asinh(x))",
        "sinh(acosh(1/x))",
        "ln(3*exp(x))",
        "tanh(atanh(x))",
        "atan(tan(x))",
        "acos(sin(x))",
    ],
)
def test_functions_of_inverse_functions_are_undone(text):
    before, after = expression(text), undone(expression(text))
    assert not any(name in str(after) for name in ("acos", "asin", "atan", "log(exp", "exp(", "sin(")) or "exp" in text
    np.testing.assert_allclose(values(after), values(before), rtol=1e-9)


def test_an_exponential_of_logarithms_is_a_product_of_powers():
    assert exponential(expression("3*ln(x) - ln(abs(1 + x))/2 + x")) == X**3 * (1 + X) ** se.Rational(-1, 2) * se.exp(X)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("exp(2*a8)*x", "a8*x"),
        ("x + a8 + 3", "a8 + x"),
        ("exp(a8 + x)", "a8*exp(x)"),
        ("exp(-3*a8)/(x + exp(-6*a8))", "a8/(x + a8^2)"),
        ("(2*a8 + x)/3 + a9/5", "(a8 + x)/3 + a9"),
        ("sin(a8 + x)*a9^3", "a9*sin(a8 + x)"),
        ("ln(a8)*x + ln(a8)", "a8*x + a8"),
    ],
)
def test_a_part_with_one_constant_is_a_constant(text, wanted):
    assert absorbed(expression(text)) == expression(wanted)


def test_two_uses_of_a_constant_stay_apart():
    text = expression("a8*x + exp(a8)")
    assert absorbed(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "exp(Y) - x",
        "ln(Y) - ln(1 - Y) - x",
        "Y^2 + x*Y - 1",
        "sin(Y)*x - 1/3",
        "1/(Y - x) - 2",
        "Y^4 - 3*Y^2 + x",
        "exp(2*Y) - 3*exp(Y) + x",
        "sqrt(Y + x) - Y",
        "atan(Y/x) - 1",
        "2*ln(Y) - ln(x + Y) - 1",
        "Y^(3/2) - x",
        "cosh(Y) - 2",
    ],
)
def test_solutions_make_an_expression_zero(text):
    found = solutions(expression(text), Y)
    residuals = [values(expression(text).xreplace({Y: value})) for value in found]
    assert any(np.nanmax(np.abs(residual)) < 1e-9 for residual in residuals if np.isfinite(residual).any())


def test_a_hypothesis_is_peeled_to_what_is_linear_in_its_constants():
    hypothesis = expression("x + exp(x^2*(a8 + sin(x)))")
    assert expression("ln(Y - x)") in set(peeled(hypothesis))
    linear = [
        phi for phi in peeled(hypothesis) if phi.xreplace({Y: hypothesis}) == expression("ln(exp(x^2*(a8 + sin(x))))")
    ]
    assert linear


def test_the_coefficients_in_a_disguise_are_those_of_the_linear_equation():
    # v = ln(Y/x) with v' = v*cos(x) + x
    right = expression("Y/x + Y*(ln(Y/x)*cos(x) + x)")
    found = coefficients(expression("ln(Y/x)"), right)
    assert [shortest(value) for value in found.values] == [X, se.cos(X), 0]
    assert coefficients(expression("Y"), expression("sin(Y) + x")) is None


def test_degree_two_is_riccatis_equation():
    found = coefficients(Y, expression("x + Y/x - Y^2"))
    assert found.values == (X, 1 / X, -1)


@pytest.mark.parametrize("solution", ["x + 2", "1/x", "x^2 - 1/x", "3", "2*x - 1/2"])
def test_particular_solutions_of_riccatis_equation(solution):
    v, b, c = expression(solution), expression("1/x"), expression("x")
    a = se.expand(v.diff(X) - b * v - c * v**2)
    assert any(se.expand(found - v) == 0 for found in of_riccati(a, b, c))


@pytest.mark.parametrize(
    ("first", "second"), [("x", "exp(x)"), ("x^2 + 1", "x"), ("sin(x) - x*cos(x)", "cos(x) + x*sin(x)")]
)
def test_the_null_space_holds_both_solutions(first, second):
    u, v = expression(first), expression(second)
    wronskian = u * v.diff(X) - v * u.diff(X)
    p = wronskian.diff(X) / wronskian
    q = -(u.diff(X) * v.diff(X, 2) - v.diff(X) * u.diff(X, 2)) / wronskian
    terms = [
        expression(text)
        for text in ("1", "x", "x^2", "exp(x)", "sin(x)", "x*cos(x)", "cos(x)", "x*sin(x)", "ln(x)", "x^3")
    ]
    found = null_space(p, q, terms)
    assert len(found) == 2
    for each in found:
        residual = each.diff(X, 2) - p * each.diff(X) - q * each
        np.testing.assert_allclose(values(residual), 0, atol=1e-8)
    basis = np.stack([values(each) for each in (u, v, *found)])
    assert np.linalg.matrix_rank(basis / np.linalg.norm(basis, axis=1, keepdims=True), tol=1e-8) == 2


def test_inverses_of_a_power_have_both_signs():
    assert {X, -X} == set(inverted(Y**2, X**2, Y)) or len(inverted(Y**2, V, Y)) == 2


def test_written_solutions_keep_their_constants():
    y = written(expression("2*a8*exp(x)*3 + exp(a9)*exp(-x)/2"))
    assert {FIRST, SECOND} <= y.free_symbols
    assert length(y) <= length(expression("a8*exp(x) + a9*exp(-x)"))
