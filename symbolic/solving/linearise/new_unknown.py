"""Equations of second order that are linear in a new unknown v = phi(x, Y), or do not hold v itself."""

import itertools
from collections.abc import Iterator

import symengine as se

from symbolic.expressions.engines import UNDEFINED
from symbolic.solving.linearise import disguises, reductions, second_order
from symbolic.solving.linearise.forms import fraction, is_finite, length, shortest
from symbolic.solving.linearise.functions import exponential, put_in, undone
from symbolic.solving.linearise.inverse import inverted
from symbolic.solving.linearise.means import Means
from symbolic.solving.linearise.primitives import primitive
from symbolic.solving.linearise.reductions import FirstOrder
from symbolic.solving.linearise.symbols import CURVATURE, SLOPE, V, X, Y

_LONGEST = 600  # tokens of a transformed equation
_MOST_DISGUISES = 40  # that are tried for equations that are not quadratic in Y'
_NODES = (se.Integer(0), se.Integer(1), se.Integer(2), se.Rational(1, 2), se.Integer(-2))  # values of a new unknown
_LETTER = se.Symbol("a7")


def candidates(right: se.Basic, solve: FirstOrder, means: Means) -> Iterator[se.Basic]:
    """Solutions if the equation is linear in some v = phi(x, Y), which then has v'' without Y'**2.

    If right = g*Y'**2 + ..., that means phi_YY + g*phi_Y = 0, so phi is the primitive of exp(-int g) by Y.
    """
    g = shortest(fraction(right.diff(SLOPE, 2) / 2))
    if se.has_symbol(g, SLOPE):
        yield from _without_new_unknown(right, solve, means)
        return
    for phi in _phis(right, g, means):
        for inverse in inverted(phi, V, Y):
            parts = _parts_in(phi, inverse, right)
            if parts is not None:
                solutions_in_v = second_order.general(*parts, means.through(phi))
            else:
                new = None if phi == Y else _transformed(phi, inverse, right)
                if new is None or se.has_symbol(new, Y):
                    continue
                solutions_in_v = reductions.without_y(new, solve, means)
            for v in solutions_in_v:
                y = put_in(inverse, {V: v})
                if y is not None:
                    yield y


def _without_new_unknown(right, solve, means) -> Iterator[se.Basic]:
    """Solutions if v'' = f(x, v') for one of the disguises v that hypotheses and the equation show."""
    peeled = (phi for hypothesis in means.hypotheses for phi in disguises.peeled(hypothesis))
    shown = itertools.chain(peeled, disguises.in_equation(means.left), disguises.listed(Y))
    for phi in itertools.islice(dict.fromkeys(phi for phi in shown if se.has_symbol(phi, Y)), _MOST_DISGUISES):
        if means.time_is_up():
            return
        if phi == Y or {SLOPE, CURVATURE} & phi.free_symbols or not is_finite(phi):
            continue
        for inverse in inverted(phi, V, Y)[:1]:
            new = _transformed(phi, inverse, right)
            if new is not None and not se.has_symbol(new, Y):
                for v in reductions.without_y(new, solve, means):
                    y = put_in(inverse, {V: v})
                    if y is not None:
                        yield y


def _parts_in(phi, inverse, right) -> tuple[se.Basic, se.Basic, se.Basic] | None:
    """(p, q, r) with v'' = p*v' + q*v + r for v = phi(x, Y), from its values at three pairs (v, v'); or None."""
    first, total = _derivatives(phi, right)
    for base in _NODES:
        values = []
        for v, dv in ((base, 0), (base + 1, 0), (base, 1)):
            y = put_in(inverse, {V: v})
            slope = None if y is None else put_in((dv - phi.diff(X)) / phi.diff(Y), {Y: y})
            value = None if slope is None else put_in(total.xreplace({phi: v}), {Y: y, SLOPE: slope})
            if value is None or length(value) > _LONGEST:
                break
            values.append(fraction(value, _LONGEST))
        if len(values) == 3:
            q = shortest(fraction(values[1] - values[0]))
            p = shortest(fraction(values[2] - values[0]))
            r = shortest(fraction(values[0] - base * q))
            return (p, q, r) if reductions.vanishes(total - p * first - q * phi - r, phi.diff(Y) * right) else None
    return None


def _derivatives(phi, right) -> tuple[se.Basic, se.Basic]:
    """v' and v'' of v = phi(x, Y), in x, Y and Y'."""
    first = phi.diff(X) + phi.diff(Y) * SLOPE
    return first, first.diff(X) + first.diff(Y) * SLOPE + phi.diff(Y) * right


def _phis(right, g, means) -> Iterator[se.Basic]:
    """Functions phi of x and Y with phi_YY + g*phi_Y = 0."""
    if g == 0:
        yield Y
        return
    exponent = primitive(-g.xreplace({X: _LETTER, Y: X}))
    if exponent is not None:
        slope = shortest(exponential(exponent))
    found = False
    for _ in range(2 if exponent is not None else 0):
        phi = primitive(slope)
        if phi is None:
            phi = primitive(fraction(slope))
        if phi is not None:
            phi = shortest(undone(phi)).xreplace({X: Y, _LETTER: X})
            factors = [factor for factor in se.Mul.make_args(phi) if not se.has_symbol(factor, Y)]
            yield phi / se.Mul(*factors)
            if any(se.has_symbol(factor, X) for factor in factors):
                yield phi
            found = True
            if not _has_root(slope):
                return
            slope = _with_negated_roots(slope)  # the same slope but for a factor, real where it was imaginary
        if not found:
            break
    peeled = (phi for hypothesis in means.hypotheses for phi in disguises.peeled(hypothesis))
    for phi in itertools.chain(disguises.in_equation(right), peeled, disguises.listed(right)):
        if means.time_is_up():
            return
        first = phi.diff(Y)
        if is_finite(first) and first != 0 and reductions.vanishes(phi.diff(Y, 2) + g * first, g * first):
            yield phi


def _has_root(expr) -> bool:
    return any(
        isinstance(each.args[1], se.Rational) and each.args[1].q != 1 and each.args[0].args
        for each in expr.atoms(se.Pow)
    )


def _with_negated_roots(expr):
    if not expr.args or isinstance(expr, UNDEFINED):
        return expr
    if isinstance(expr, se.Pow) and isinstance(expr.args[1], se.Rational) and expr.args[1].q != 1 and expr.args[0].args:
        return (-1 * expr.args[0]).expand() ** expr.args[1]
    return expr.func(*map(_with_negated_roots, expr.args))


def _transformed(phi, inverse, right) -> se.Basic | None:
    """The right side of v'' for v = phi(x, Y), with v written Y and v' written Y'."""
    _, total = _derivatives(phi, right)
    new = put_in(total, {SLOPE: (SLOPE - phi.diff(X)) / phi.diff(Y)})
    new = None if new is None else put_in(new, {Y: inverse})
    return None if new is None or length(new) > _LONGEST else shortest(fraction(new)).xreplace({V: Y})


def linear_parts(right: se.Basic) -> tuple[se.Basic, se.Basic, se.Basic] | None:
    """(p, q, r) with right = p*Y' + q*Y + r; None if it is not linear."""
    p, q = shortest(fraction(right.diff(SLOPE))), shortest(fraction(right.diff(Y)))
    if {SLOPE, Y} & (p.free_symbols | q.free_symbols):
        return None
    r = put_in(right, {SLOPE: se.Integer(0), Y: se.Integer(0)})
    return None if r is None else (p, q, shortest(fraction(r)))
