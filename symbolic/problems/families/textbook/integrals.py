"""Integrals as a calculus course asks them: named forms with random parameters, put together.

A problem is one of
    a table integral of a linear argument, f(a*x + b);
    a form of its own, such as a rational function or a product of powers of sin and cos;
    a substitution, f(g(x)) * g'(x), with f from the table and g an inner function;
    a sum of two or three of these.

Every pair is judged before it becomes a problem. The spelling is that of the other families
(`expressions.engines.symengine_to_prefix`), without rewriting: 1/(x^2 - 5*x + 6) stays as it is asked.
"""

from collections.abc import Callable

import numpy as np
import symengine as se

from symbolic.algebra.constants import has_real_constants
from symbolic.algebra.simplification import rebuilt
from symbolic.algebra.terms import constant_factor, without_constant_terms
from symbolic.expressions.engines import symengine_to_prefix
from symbolic.problems.families.drawing import integration_problem, rejecting
from symbolic.problems.families.textbook.algebraic import ALGEBRAIC
from symbolic.problems.families.textbook.formulas import Pair, X
from symbolic.problems.families.textbook.parameters import Parameters
from symbolic.problems.families.textbook.table import OUTER
from symbolic.problems.families.textbook.transcendental import TRANSCENDENTAL
from symbolic.problems.families.trees import draw_below
from symbolic.problems.problem import Problem, ProblemOptions, Rejected
from symbolic.verification import verify

FORMS = ALGEBRAIC | TRANSCENDENTAL
_OUTER, _FORMS = tuple(OUTER.values()), tuple(FORMS.values())
LINEAR, SUBSTITUTED = 20, 38  # percentages of table integrals with a linear argument and with an inner function
_SINGLE, _PAIRS = 78, 17  # percentages of problems that are no sum, and sums of two; the rest are sums of three
_LETTERS = 12  # percentage of problems in which a parameter may be a letter


def textbook(options: ProblemOptions) -> Callable[[np.random.Generator], Problem]:
    """A function that draws one integral of a calculus course. Of the options only `max_len` counts.

    The function raises `Rejected` for a draw that gives no problem.
    """

    def draw(rng: np.random.Generator) -> Problem:
        p = Parameters(rng, letters=draw_below(rng, 100) < _LETTERS)
        with rejecting():
            integrand, primitive = _composed(p)
            integrand = rebuilt(integrand)
            primitive = rebuilt(without_constant_terms(rebuilt(primitive)))
            if not se.has_symbol(integrand, X) and not se.has_symbol(primitive, X):
                raise Rejected("constant")
            if not (has_real_constants(integrand) and has_real_constants(primitive)):
                raise Rejected("constant part not real")
            problem = integration_problem(symengine_to_prefix(integrand), symengine_to_prefix(primitive), options)
        if not verify(*problem).solved:
            raise Rejected("not verified")
        return problem

    return draw


def _composed(p: Parameters) -> Pair:
    kind = p.below(100)
    if kind < _SINGLE:
        return _single(p)
    pairs = [_single(p) for _ in range(2 if kind < _SINGLE + _PAIRS else 3)]
    scaled = [(c * f, c * primitive) for c, (f, primitive) in ((p.coefficient(), pair) for pair in pairs)]
    return se.Add(*(f for f, _ in scaled)), se.Add(*(primitive for _, primitive in scaled))


def _single(p: Parameters) -> Pair:
    kind = p.below(100)
    if kind < LINEAR:
        u, slope = p.linear(X)
        f, primitive = p.one_of(_OUTER)(p, u)
        primitive = primitive / slope
    elif kind < 100 - SUBSTITUTED:
        f, primitive = p.one_of(_FORMS)(p)
    else:
        f, primitive = _substituted(p)
    c = p.coefficient()
    return c * f, c * primitive


def _substituted(p: Parameters) -> Pair:
    """f(g(x)) * g'(x), the constant factor of g' left out of the integrand."""
    g = inner_function(p)
    f, primitive = p.one_of(_OUTER)(p, g)
    constant, slope = constant_factor(se.expand(g.diff(X)))
    return f * slope, primitive / constant


def inner_function(p: Parameters) -> se.Basic:
    """A function g to put into another: powers, polynomials, roots, exponentials, waves, logarithms, inverses."""
    kind = p.below(20)
    if kind < 4:
        return X ** (1 + p.small(4)) + p.whole()
    if kind < 6:
        return X**2 + p.nonzero() * X + p.whole()
    if kind < 8:
        return se.exp(p.scale() * X) + p.whole()
    if kind < 10:
        return se.sin(p.scale() * X) + (p.nonzero() if p.chance(30) else 0)
    if kind < 12:
        return se.cos(p.scale() * X) + (p.nonzero() if p.chance(30) else 0)
    if kind < 14:
        return se.log(p.small(5) * X) + p.whole()
    if kind == 14:
        return se.tan(p.small(3) * X) + p.whole()
    if kind == 15:
        return se.sqrt(X) + p.whole()
    if kind == 16:
        return 1 / X ** p.small(2)
    if kind == 17:
        return p.one_of((se.atan(X), se.asin(X), se.asinh(X), se.atan(X / (1 + p.small(3)))))
    if kind == 18:
        return p.one_of((se.cosh, se.sinh, se.tanh))(p.small(3) * X) + p.whole()
    return p.one_of((X * se.log(X), X * se.exp(X), se.sin(X) + se.cos(X), X + se.sin(X), X + 1 / X, se.sqrt(X**2 + 1)))
