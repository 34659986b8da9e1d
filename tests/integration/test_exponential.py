"""Products of powers of x, exponentials, sines and hyperbolic functions of linear terms, with any constants."""

import numpy as np
import pytest
import symengine as se
from hypothesis import given
from hypothesis import strategies as st

from symbolic.expressions.engines import to_symengine
from symbolic.expressions.infix import from_infix
from symbolic.integration.exponential import exponential_polynomial
from symbolic.integration.forms import X
from tests.expressions.strategies import repeatable

POINTS = np.array([-1.31, -0.41, 0.27, 0.83, 1.7])
A0 = se.Symbol("a0")

slopes = st.sampled_from([-3, -2, -1, 1, 2, 3, se.Rational(1, 2), se.sqrt(2), A0])
arguments = st.tuples(slopes, st.integers(-2, 2)).map(lambda pair: pair[0] * X + pair[1])
functions = st.sampled_from([se.exp, se.sin, se.cos, se.sinh, se.cosh])
factors = st.tuples(functions, arguments, st.integers(1, 3)).map(lambda three: three[0](three[1]) ** three[2])
products = st.tuples(st.integers(0, 3), st.lists(factors, max_size=3)).map(lambda pair: X ** pair[0] * se.Mul(*pair[1]))


def error(primitive, f):
    function = se.Lambdify([X, A0], [primitive.diff(X), f], backend="lambda")
    values = function(np.stack([POINTS, np.full(5, 0.713)], axis=-1))
    return np.max(np.abs(values[:, 0] - values[:, 1]) / (1e-3 + np.abs(values[:, 1])))


@repeatable(max_examples=100)
@given(st.lists(products, min_size=1, max_size=3))
def test_the_primitive_differentiates_back(terms):
    f = se.Add(*terms)
    primitive = exponential_polynomial(f)
    if primitive is not None:  # else it has too many terms
        assert error(primitive, f) < 1e-6


@pytest.mark.parametrize(
    "text", ["x^2*exp(3*x)", "exp(a0*x)*sin(2*x)", "x*sin(x)^2", "exp(x)*cosh(x)", "(x+1)^2*cos(x)"]
)
def test_what_has_few_terms_is_solved(text):
    f = to_symengine(from_infix(text))
    assert error(exponential_polynomial(f), f) < 1e-9


@pytest.mark.parametrize("text", ["exp(x^2)", "sin(1/x)", "x*tan(x)", "sqrt(x)*exp(x)", "exp(x)/x", "ln(x)"])
def test_other_integrands_are_left_alone(text):
    assert exponential_polynomial(to_symengine(from_infix(text))) is None
