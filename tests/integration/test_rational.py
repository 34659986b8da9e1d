"""Rational functions: what is integrated differentiates back, for denominators of every kind."""

import flint
import numpy as np
import pytest
import symengine as se
from hypothesis import given
from hypothesis import strategies as st

from symbolic.integration.forms import X, mapped
from symbolic.integration.rational import over_quadratic, primitive, square_root
from tests.expressions.strategies import repeatable

POINTS = np.array([-7.31, -2.83, -0.61, 0.27, 1.37, 3.91])

small = st.integers(-4, 4)
linear_factors = st.tuples(small, st.integers(1, 3)).map(list)
quadratic_factors = st.tuples(st.integers(-5, 5), small, st.integers(1, 2)).map(list)
factors = st.tuples(linear_factors | quadratic_factors, st.integers(1, 3))


def polynomial(coefficients):
    return flint.fmpq_poly(coefficients)


def product(powers):
    result = polynomial([1])
    for coefficients, times in powers:
        result *= polynomial(coefficients) ** times
    return result


def differs(expr, numerator, denominator):
    """The largest relative difference between the derivative of an expression and numerator/denominator."""
    expr = mapped(
        expr, lambda part: part.args[0] if isinstance(part, se.Abs) else part
    )  # ln|u| and ln u: one derivative
    values = se.Lambdify([X], [expr.diff(X)], real=False, backend="lambda")(POINTS[:, None] + 0j).ravel()
    top, bottom = (np.polyval([float(c) for c in reversed(p.coeffs())], POINTS) for p in (numerator, denominator))
    known = np.isfinite(values) & (np.abs(bottom) > 1e-3)
    assert known.sum() >= 3
    right = top[known] / bottom[known]
    return np.max(np.abs(values[known] - right) / (1e-3 + np.abs(right)))


@repeatable(max_examples=60)
@given(st.lists(small, min_size=1, max_size=6), st.lists(factors, min_size=1, max_size=3))
def test_products_of_linear_and_quadratic_factors(numerator, powers):
    numerator, denominator = polynomial(numerator), product(powers)
    assert differs(primitive(numerator, denominator), numerator, denominator) < 1e-6


@pytest.mark.parametrize(
    "denominator",
    [
        [1, 0, 0, 1],
        [-3, 0, 0, 2],
        [1, 0, 0, 0, 1],
        [-2, 0, 0, 0, 1],
        [1, 0, 1, 0, 1],
        [5, 0, 1, 0, 1],  # x^2 - s*x + sqrt(5) with a nested root s
        [1, 0, -10, 0, 1],  # four real roots in Q(sqrt(2), sqrt(3))
        [1, 1, 1, 1, 1],
        [1, 0, 0, 0, 0, 1],
        [-1, 0, 0, 0, 0, 0, 1],
        [1, 0, 0, 0, 0, 0, 0, 0, 1],
    ],
)
@pytest.mark.parametrize("numerator", [[1], [0, 1], [3, -2, 1]])
def test_denominators_that_split_only_over_roots(numerator, denominator):
    numerator, denominator = polynomial(numerator), polynomial(denominator)
    assert differs(primitive(numerator, denominator), numerator, denominator) < 1e-6


def test_residues_that_take_two_values():
    """Trager's example, and one with real residues."""
    numerator, denominator = polynomial([6, 0, -3, 0, 1]), polynomial([4, 0, 5, 0, -5, 0, 1])
    assert differs(primitive(numerator, denominator), numerator, denominator) < 1e-6
    p, q = polynomial([1, 1, 0, 1]), polynomial([2, 0, 1])  # p^2 - 2*q^2 is irreducible, its factors are over sqrt(2)
    denominator = p * p - 2 * q * q
    numerator = p.derivative() * q - p * q.derivative()
    assert differs(primitive(numerator, denominator), numerator, denominator) < 1e-6


def test_what_needs_other_roots_is_given_up():
    assert primitive(polynomial([1]), polynomial([1, 1, 0, 1])) is None


def test_the_derivative_of_any_polynomial_over_it_is_its_logarithm():
    p = polynomial([7, -3, 0, 2, 1, 0, 5])
    assert primitive(3 * p.derivative(), p) == 3 * se.log(se.Abs(7 - 3 * X + 2 * X**3 + X**4 + 5 * X**6))


def test_a_common_power_of_x_is_taken_for_the_variable():
    assert primitive(polynomial([0, 0, 0, 4]), polynomial([1, 0, 0, 0, 0, 0, 0, 0, 1])) == se.atan(X**4)


def test_quadratics_with_symbols():
    a0, zero, one = se.Symbol("a0"), se.Integer(0), se.Integer(1)
    assert over_quadratic(zero, one, one, zero, a0**2) == se.atan(X / a0) / a0


@pytest.mark.parametrize(
    ("number", "root"),
    [
        (se.Integer(0), 0),
        (se.Integer(12), 2 * se.sqrt(3)),
        (se.Rational(8, 9), 2 * se.sqrt(2) / 3),
        (3 + 2 * se.sqrt(2), 1 + se.sqrt(2)),
        (7 - 4 * se.sqrt(3), 2 - se.sqrt(3)),
    ],
)
def test_square_roots_are_without_square_factors_and_not_nested(number, root):
    assert square_root(number) == root
