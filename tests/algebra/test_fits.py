"""Fits with exact coefficients: the combination is found, and nothing where there is none."""

import symengine as se

from symbolic.algebra.fits import fit, real_points, units_of, values_at

X = se.Symbol("x")
TERMS = [X, se.sin(X), se.log(X), X * se.exp(X)]


def fitted(right):
    points, values = real_points(right, seed=0)
    return fit(list(zip(TERMS, values_at(TERMS, points), strict=True)), values, units_of(right))


def test_rational_coefficients_are_exact():
    right = 3 * X / 7 - se.sin(X) / 12 + 5 * se.log(X)
    assert fitted(right) == right


def test_coefficients_may_be_multiples_of_a_number_of_the_right_side():
    right = se.log(2) * X - 2 * se.sin(X)
    assert fitted(right) == right


def test_what_is_no_combination_is_none():
    assert fitted(se.cos(X) + X) is None


def test_values_outside_the_real_domain_are_not_finite():
    (values,) = values_at([se.sqrt(-1 - X**2)], real_points(X, seed=0)[0])
    assert not (values == values).any()
