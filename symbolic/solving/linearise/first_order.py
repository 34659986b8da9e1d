"""Equations of first order, y' = f(x, y): methods in an order by cost."""

from collections.abc import Iterator

import symengine as se

from symbolic.solving.linearise import disguises, exact, linear, riccati, separable
from symbolic.solving.linearise.attempts import attempts
from symbolic.solving.linearise.forms import is_finite
from symbolic.solving.linearise.functions import put_in
from symbolic.solving.linearise.means import Means
from symbolic.solving.linearise.symbols import V, Y


def candidates(right: se.Basic, means: Means) -> Iterator[se.Basic]:
    """Candidates for y with y' = right(x, y), cheap methods first."""
    if not se.has_symbol(right, Y):
        yield from linear.first_order(se.Integer(0), right, means)
        return
    shown: list[disguises.Coefficients] = []  # in which it is Riccati's equation
    listed: list[disguises.Coefficients] = []
    peeled = (phi for hypothesis in means.hypotheses for phi in disguises.peeled(hypothesis))
    yield from attempts(
        lambda: _in_disguise(Y, right, means, shown),
        lambda: _in_disguises(disguises.in_equation(right), right, means, shown),
        lambda: separable.general(right, means),
        lambda: _in_disguises(peeled, right, means, shown),
        lambda: _riccati(shown[:3], means),
        lambda: exact.general(right, means),
        lambda: _in_disguises(disguises.listed(right), right, means, listed),
        lambda: _riccati(listed[:4], means),
    )


def _riccati(equations: list[disguises.Coefficients], means) -> Iterator[se.Basic]:
    for equation in equations:
        yield from _through(equation, riccati.solutions(*equation.values, means))


def _in_disguises(phis, right, means, riccatis) -> Iterator[se.Basic]:
    seen = set()
    for phi in phis:
        if means.time_is_up():
            return
        if phi not in seen and se.has_symbol(phi, Y) and is_finite(phi):
            seen.add(phi)
            yield from _in_disguise(phi, right, means, riccatis)


def _in_disguise(phi, right, means, riccatis) -> Iterator[se.Basic]:
    """Solutions if the equation is linear in phi; an equation of degree 2 is added to `riccatis`."""
    found = disguises.coefficients(phi, right)
    if found is None:
        return
    b, a, c = found.values
    if c != 0:
        riccatis.append(found)
        return
    yield from _through(found, linear.first_order(a, b, means.through(phi)))


def _through(found: disguises.Coefficients, solutions_in_v) -> Iterator[se.Basic]:
    for v in solutions_in_v:
        for inverse in found.inverses:
            y = put_in(inverse, {V: v})
            if y is not None:
                yield y
