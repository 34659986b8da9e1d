"""Simplified forms: shorter, equal by SymPy and in numbers, canonical, and on the whole real line."""

import itertools

import numpy as np
import pytest
import symengine as se

from symbolic.algebra import simplification
from symbolic.algebra.agreement import agree
from symbolic.algebra.simplification import simplified
from symbolic.expressions import numeric
from symbolic.expressions.engines import from_symengine, symengine_to_prefix, to_symengine
from symbolic.expressions.exchange import to_sympy
from symbolic.expressions.prefix import from_prefix, to_prefix
from symbolic.problems.families.checks import check_primitive
from symbolic.problems.problem import ProblemOptions, Rejected
from symbolic.problems.tasks import problems

X = se.Symbol("x")
U = 2 + X / 7


@pytest.fixture(scope="module")
def derivatives():
    """Derivatives of random functions as differentiation leaves them."""
    drawn = itertools.islice(problems("bwd", 4, ProblemOptions(simplify=0)), 250)
    return [to_symengine(from_prefix(problem.equation).operands[1]) for problem in drawn]


def length(expr):
    return len(symengine_to_prefix(expr))


def test_random_derivatives_become_shorter_never_longer_and_stay_canonical(derivatives):
    results = [simplified(expr) for expr in derivatives]
    for expr, result in zip(derivatives, results, strict=True):
        assert result == expr or length(result) < length(expr)
        tokens = symengine_to_prefix(result)
        assert symengine_to_prefix(to_symengine(from_prefix(tokens))) == tokens
    assert sum(map(length, results)) < 0.92 * sum(map(length, derivatives))


def test_simplified_forms_have_the_values_of_the_original(derivatives):
    """At other points than those of the check, by trees and NumPy instead of SymEngine's own evaluation."""
    points = {"x": np.concatenate([np.linspace(0.11, 4.1, 40), -np.linspace(0.13, 3.7, 40)])}
    compared = 0
    for expr in derivatives:
        before, after = (numeric.values(from_symengine(each), points) for each in (expr, simplified(expr)))
        assert np.mean(np.isfinite(before) == np.isfinite(after)) > 0.95, expr
        inside = np.isfinite(before) & np.isfinite(after)
        close = np.isclose(before, after, rtol=1e-6, atol=1e-9)[inside]  # not where a difference cancels to nothing
        assert close.mean() > 0.9 if len(close) else True, expr
        compared += len(close)
    assert compared > 2000


@pytest.mark.parametrize(
    "expr, expected",
    [
        (X * se.sin(U) + X * se.exp(X), X * (se.sin(U) + se.exp(X))),
        (X * se.sin(U) + se.sin(X) * X**2 + se.cos(X), se.cos(X) + X * (se.sin(U) + X * se.sin(X))),
        (5 + 5 * se.tan(U) ** 2, 5 / se.cos(U) ** 2),
        (X - X * se.tanh(U) ** 2, X / se.cosh(U) ** 2),
        (1 - se.sin(U) ** 2, se.cos(U) ** 2),
        (1 - se.cos(U) ** 2, se.sin(U) ** 2),
        (1 + se.sinh(U) ** 2, se.cosh(U) ** 2),
        (X - X * se.cosh(U) ** 2, -X * se.sinh(U) ** 2),
        (X + X * se.sin(U) ** 2 + X * se.cos(U) ** 2, 2 * X),
        (se.cosh(U) ** 2 - se.sinh(U) ** 2 + X, 1 + X),
        (se.sin(U) ** 2 / se.cos(U) ** 2, se.tan(U) ** 2),
        (se.tanh(U) * se.cosh(U), se.sinh(U)),
        (X**-2 * (X**2 + X**3), 1 + X),
        ((X**3) ** se.Rational(-1, 2), X ** se.Rational(-3, 2)),
        (se.sqrt(se.exp(2 * X)), se.exp(X)),
        (se.log(se.exp(U)), U),
        (X + X**2 / (1 + X) + X / (1 + X), 2 * X),
        (X, X),
        (se.sin(X) + 2, se.sin(X) + 2),
    ],
)
def test_known_identities(expr, expected):
    result = simplified(expr)
    assert length(result) <= length(expected)
    assert to_sympy(from_symengine(result - expected), evaluate=True).equals(0)


def test_forms_that_are_equal_on_half_of_the_real_line_only_are_not_taken(monkeypatch):
    expr = X * se.sqrt(X**2) + 1
    monkeypatch.setitem(simplification._RULES, se.Pow, (lambda power: [X] if power == se.sqrt(X**2) else [],))
    assert simplified(expr) == expr


@pytest.mark.parametrize(
    "first, second, equal",
    [
        (se.sin(X) ** 2, 1 - se.cos(X) ** 2, True),
        (se.sqrt(X**2), X, False),
        (se.sqrt(X**2), se.Abs(X), True),
        (2 * se.log(X), se.log(X**2), False),  # other domains
        (se.log(X) ** 2, se.log(X) ** 2 + se.Rational(1, 10**5), False),
        (se.sqrt(-1 - X**2), se.sqrt(-1 - X**2), False),  # real nowhere
        (se.Symbol("y") + X, X + se.Symbol("y"), True),
        (se.Symbol("y") * X, X**2, False),
    ],
)
def test_agreement(first, second, equal):
    assert agree(first, second) is equal


@pytest.mark.parametrize(
    "primitive, integrand, reason",
    [
        ("ln x", "pow x INT- 1", None),
        ("ln abs x", "pow x INT- 1", None),
        ("asin sin x", "INT+ 1", "wrong primitive"),
        ("pow x INT+ 2", "x", "wrong primitive"),
        ("sin INT+ 2", "x", "wrong primitive"),
        ("sqrt sub INT- 1 pow x INT+ 2", "x", "no real domain"),
        ("mul ln x INT+ 2", "div INT+ 2 abs x", None),
    ],
)
def test_primitives_are_checked_where_both_sides_are_real(primitive, integrand, reason):
    if reason is None:
        check_primitive(from_prefix(primitive), from_prefix(integrand))
    else:
        with pytest.raises(Rejected, match=reason):
            check_primitive(from_prefix(primitive), from_prefix(integrand))


def test_lengths_are_counted_as_they_are_written(derivatives):
    shortener = simplification._Shortener()
    for expr in [*derivatives, se.Integer(-120), se.Rational(-3, 17), 1 / X, se.exp(se.sqrt(X)), se.pi * X, X**X]:
        assert shortener.length(expr) == len(to_prefix(from_symengine(expr)))


@pytest.mark.parametrize("expression", [X + se.zoo, X * se.zoo, 2 + se.oo * X])
def test_an_expression_that_holds_an_infinity_is_left_as_it_is(expression):
    """By parts makes one now and then; whoever writes the expression down rejects it."""
    assert simplified(expression) == expression
