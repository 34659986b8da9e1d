"""Linear equations of first order, v' = a(x)*v + b(x): an integrating factor, and one particular solution."""

from collections.abc import Iterator, Sequence

import symengine as se

from symbolic.algebra import polynomials
from symbolic.expressions.engines import from_symengine, to_symengine
from symbolic.expressions.equations import integral_equation
from symbolic.solving.linearise.forms import length, shortest
from symbolic.solving.linearise.functions import exponential
from symbolic.solving.linearise.means import Means
from symbolic.solving.linearise.primitives import closure, kernels, primitive
from symbolic.solving.linearise.symbols import CURVATURE, FIRST, SLOPE, X, Y
from symbolic.solving.repair import repaired

_COMMON = (1 / X, se.log(X), se.sqrt(X), se.exp(X), se.exp(-X), se.sin(X), se.cos(X), X * se.exp(X))
_LONG = 40  # tokens of a rate
_NOTHING = {Y: se.Integer(0), SLOPE: se.Integer(0), CURVATURE: se.Integer(0)}


def first_order(a: se.Basic, b: se.Basic, means: Means, constant: se.Symbol = FIRST) -> Iterator[se.Basic]:
    """General solutions v(x) of v' = a*v + b."""
    if a == 0:
        total = means.primitive(b)
        totals = particular(b - SLOPE, [b], [], means) if total is None else [total]
        yield from (total + constant for total in totals)
        return
    h = exponential_of_integral(a, means)
    if h is None:
        return
    if b == 0:
        yield constant * h
        return
    over = shortest(b / h)
    inner = primitive(over)
    if inner is not None:
        yield h * (constant + inner)
    found = [] if inner is not None else particular(Y * a - SLOPE + b, [b, b / a], [h], means)
    for each in found:
        yield each + constant * h
    if inner is None and not found and means.ask is not None:
        inner = means.primitive(over)
        if inner is not None:
            yield h * (constant + inner)


def exponential_of_integral(rate: se.Basic, means: Means) -> se.Basic | None:
    """exp of a primitive of a rate, the solution of h' = rate*h; None if none is found.

    A long rate is mostly a sum of logarithmic derivatives c*f'/f of its denominator's factors and its functions. A fit
    finds them.
    """
    if rate == 0:
        return se.Integer(1)
    is_long = length(rate) > _LONG
    if is_long and (h := _by_logarithmic_derivatives(rate)) is not None:
        return h
    exponent = means.primitive(rate)
    if exponent is not None:
        return exponential(exponent)
    return None if is_long else _by_logarithmic_derivatives(rate)


def _by_logarithmic_derivatives(rate):
    if rate.free_symbols != {X}:
        return None
    try:
        _, bottom = polynomials.fraction(rate)
        factors = [factor.expression() for factor in bottom.factors()]
    except (ValueError, RuntimeError):
        return None
    functions = [kernel for kernel in kernels(rate) if length(kernel) < 40]
    terms = [se.log(each) for each in [*factors, *functions, X] if se.has_symbol(each, X)]
    terms = dict.fromkeys([*terms, X, X**2, 1 / X, *functions])
    ansatz = se.Add(*((index + 2) * term for index, term in enumerate(terms)))
    try:
        found = repaired(integral_equation(from_symengine(rate)), [from_symengine(ansatz)])
    except (ValueError, RuntimeError):
        return None
    return exponential(to_symengine(found[0])) if found else None


def particular(
    equation: se.Basic, sources: Sequence[se.Basic], factors: Sequence[se.Basic], means: Means
) -> list[se.Basic]:
    """Particular solutions of a linear equation = 0, by undetermined coefficients.

    Args:
        equation: linear in Y, Y' and Y''.
        sources: expressions whose terms, with those of their derivatives, may occur.
        factors: solutions of the homogeneous equation, whose products with x and the like may occur.
        means: their hypotheses give terms, too.
    """
    if set().union(equation.free_symbols, *(each.free_symbols for each in sources)) - {X, Y, SLOPE, CURVATURE}:
        return []
    own = closure(sources, 1)
    functions = [kernel for expr in (*sources, equation.xreplace(_NOTHING)) for kernel in kernels(expr)]
    near = [factor * power for factor in factors for power in (X, X**2, se.log(X), X * se.log(X))]
    polynomial = [se.Integer(1), X, X**2, X**3]
    ansatzes = (
        [*closure(sources, 0), *polynomial],
        [*own, *near, *polynomial],
        [*functions, *closure(sources), *near, *polynomial, *_COMMON],
        [*means.terms(), *functions, *near[:4], *closure(sources, 0), *polynomial],
    )
    hypotheses = []
    for terms in ansatzes:
        terms = dict.fromkeys(term for term in terms if length(term) < 60)
        hypotheses.append(se.Add(*((index + 2) * term for index, term in enumerate(terms))))
    try:
        found = repaired(from_symengine(equation), [from_symengine(each) for each in hypotheses])
        return [to_symengine(tree) for tree in found]
    except (ValueError, RuntimeError):
        return []
