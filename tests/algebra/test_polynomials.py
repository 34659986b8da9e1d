"""Numerators of expressions: nothing is lost but factors, and roots are handled as what they are."""

import functools
import operator

import numpy as np
import pytest
import symengine as se

from symbolic.algebra.polynomials import fraction, numerator
from symbolic.expressions.engines import TooLargeError, UndefinedError, symengine_to_prefix

X, Y = se.symbols("x Y")
POINTS = [{X: x, Y: y} for x, y in ((0.3, 1.7), (1.2, 0.4), (2.1, 3.3))]
EXPRESSIONS = [
    1 / X + Y / (X + 1),
    se.exp(2 * X + 3) / (1 + se.exp(X)) + Y,
    se.sqrt(X) * Y - X**2 / 3 + X ** se.Rational(5, 3),
    (1 + X) ** se.Rational(5, 2) / Y + se.sqrt(1 + X),
    1 / (1 + se.sqrt(1 + se.sqrt(X + Y))) - Y,
    se.sin(X) ** 2 * Y / se.cos(X * Y) - se.sqrt(2) * Y**-3,
    X ** (Y + 2) + se.pi * X ** (-Y) + 2 ** (X / 2),
    se.sqrt(Y / (1 + X)) + se.log(Y / (1 + X)) / se.Integer(7),
    (X * Y + X) ** 3 / (Y + 1) ** 2 - X**3 * Y,
]


def values(expr):
    return np.array([complex(expr.xreplace({s: se.RealDouble(v) for s, v in point.items()}).n()) for point in POINTS])


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_quotient_of_expression_and_numerator_is_the_denominator(expression):
    """The denominator of e is also that of e + 2: the numerators differ by twice the denominator."""
    original, shifted = (values(numerator(e, (Y,)).expression()) for e in (expression, expression + 2))
    np.testing.assert_allclose(original * 2, values(expression) * (shifted - original), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_factors_are_all_of_the_polynomial(expression):
    polynomial = numerator(expression, (Y,))
    product = functools.reduce(operator.mul, polynomial.factors())
    assert {factor.expression() for factor in product.factors()} == {f.expression() for f in polynomial.factors()}
    quotient = values(polynomial.expression()) / values(product.expression())
    assert np.isfinite(quotient).all() and (quotient != 0).all()


def test_factors_are_found_through_exponentials_and_roots():
    polynomial = numerator(se.exp(2 * X) - Y**2, (Y,))
    assert {factor.expression() for factor in polynomial.factors()} == {Y + se.exp(X), Y - se.exp(X)}
    polynomial = numerator(X ** se.Rational(3, 2) - se.sqrt(X) * Y**2, (Y,))
    assert {factor.expression() for factor in polynomial.factors()} == {se.sqrt(X), Y - se.sqrt(X), Y + se.sqrt(X)}


def test_coefficients_that_python_flint_cannot_sort_by_are_refused():
    polynomial = numerator((10**20 * X + 1) * (X - 10**25 * Y) * Y, (Y,))
    with pytest.raises(TooLargeError, match="too large coefficients"):
        polynomial.factors()


def test_what_is_0_by_cancelling_has_no_terms():
    assert numerator(se.sqrt(1 + X) ** 2 * Y - X * Y - Y, (Y,)).expression() == 0
    assert numerator((X**2 - 1) / (X - 1) - X - 1, (Y,)).expression() == 0


def test_coefficients_put_together_again_are_the_polynomial():
    polynomial = numerator(Y**3 * se.sin(X) - Y * X + 4 / X, (Y,))
    parts = polynomial.coefficients(0)
    assert sorted(parts) == [0, 1, 3]
    assert se.expand(sum(part * Y**degree for degree, part in parts.items()) - polynomial.expression()) == 0


def test_a_square_root_goes_with_the_conjugate():
    polynomial = numerator(X + Y * se.sqrt(1 + X * Y), (Y,))
    (root,) = [index for index in range(len(polynomial.generators)) if polynomial.is_square_root(index)]
    rational = polynomial.without_square_root(root).expression()
    assert se.expand(rational - (X**2 - Y**2 * (1 + X * Y))) == 0


def test_generators_with_a_symbol_are_those_in_the_polynomial():
    polynomial = numerator(se.sin(X) * Y + X + se.exp(Y), (Y,))
    held = {polynomial.generators[index] for index in polynomial.indices_with(X)}
    assert held == {X, se.sin(X)}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_no_expression_is_shorter_than_the_least_tokens(expression):
    polynomial = numerator(expression, (Y,))
    assert polynomial.least_tokens() <= len(symengine_to_prefix(polynomial.expression()))


@pytest.mark.parametrize(
    "expression", [(1 + X + Y) ** 90, (1 + X) ** (10**9), (1 + X) ** -70 + Y**70 * (1 + Y + se.sin(X)) ** 20]
)
def test_what_is_too_large_is_refused_at_once(expression):
    with pytest.raises(TooLargeError, match="too many terms"):
        numerator(expression, (Y,))


def test_a_denominator_that_is_0_is_refused():
    with pytest.raises(UndefinedError, match="divides by a part that is identically 0"):
        numerator(1 / (X**2 + X - X * (1 + X)) + Y, (Y,))


def test_a_fraction_is_in_lowest_terms():
    x, e = se.Symbol("x"), se.exp(se.Symbol("x"))
    top, bottom = fraction((x * e + e) / (x**2 - 1) / e**2)
    assert se.expand(top.expression() * (x - 1) * e - bottom.expression()) == 0
    assert bottom.degree(bottom.generators.index(x)) == 1


def test_a_polynomial_is_the_product_of_its_factors_and_their_number():
    x, y = se.Symbol("x"), se.Symbol("y")
    expr = -6 * (x - y) ** 3 * (2 * x + 1)
    number, factors = fraction(se.expand(expr))[0].factored()
    product = number * se.Mul(*(factor.expression() ** times for factor, times in factors))
    assert se.expand(product - expr) == 0
    assert sorted(times for _, times in factors) == [1, 3]
