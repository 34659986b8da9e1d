"""`proposals`: the methods in an order by cost, for each factor and root of an equation, until one gives the answer."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence

import symengine as se

from symbolic.expressions.engines import from_symengine, symengine_to_prefix, to_symengine
from symbolic.expressions.prefix import from_prefix, prefix_text, to_prefix
from symbolic.expressions.program import WITHOUT_VALUE
from symbolic.solving.linearise import (
    clairaut,
    disguises,
    exact,
    linear,
    reductions,
    riccati,
    second_order,
    separable,
)
from symbolic.solving.linearise.explicit import Explicit, explicit, factors
from symbolic.solving.linearise.forms import exponential, fraction, is_finite, length, put_in, shortest, written
from symbolic.solving.linearise.inverse import inverted
from symbolic.solving.linearise.means import Means
from symbolic.solving.linearise.primitives import primitive
from symbolic.solving.linearise.symbols import CURVATURE, FIRST, SECOND, SLOPE, V, X, Y
from symbolic.verification import floats, verify
from symbolic.verification.residual import residual_of

SECONDS = 4.0  # of CPU time for an equation
_MOST_HYPOTHESES = 12
_LONGEST = 600  # tokens of a candidate
_AFTER_A_FAMILY = 0.15  # seconds of CPU time in which a general solution is searched for if there is a family
_MOSTLY_WRONG = 0.9  # a candidate that floats find wrong at more of the points is not judged
_MOST_KEPT = 4  # families of one root


def proposals(
    problem: str,
    hypotheses: Sequence[str] = (),
    integrals: Callable[[Sequence[str]], list[str | None]] | None = None,
) -> list[str]:
    """Candidates for the general solution of a differential equation of first or second order.

    Args:
        problem: the left-hand side of an equation = 0 in x, Y, Y' and Y'', as prefix text.
        hypotheses: what a model proposes, as prefix texts; malformed ones are ignored.
        integrals: answers integration problems `sub Y' f`, several at once, with a primitive or None each.

    Returns:
        Prefix texts with the constants a8 and a9: general solutions first, then families, the short ones first. They
        passed the judge once without hints on their extent, and must be judged again by whoever uses them.

    Raises:
        PrefixError: the problem is malformed.
    """
    tree = from_prefix(problem)
    found: dict[se.Basic, str] = {}  # candidate -> extent
    deadline = time.process_time() + SECONDS
    try:
        means = Means(_expressions(hypotheses), integrals, to_symengine(tree), deadline)
        parts = factors(tree)
    except (ValueError, RuntimeError):
        return []
    for order, factor in parts:
        found |= _lines(factor) if order == 1 else {}
        for equation in explicit(order, factor):
            found |= solved(equation, means)
    return _sorted(found)


_RANKS = {"general": 0, "family": 1, "particular": 2}


def _sorted(found: dict[se.Basic, str]) -> list[str]:
    return [_text(y) for y in sorted(found, key=lambda y: (_RANKS[found[y]], length(y), str(y)))]


def _text(expr: se.Basic) -> str:
    return " ".join(symengine_to_prefix(expr))


def _expressions(hypotheses: Sequence[str]) -> list[se.Basic]:
    found = {}
    for hypothesis in hypotheses:
        try:
            tree = from_prefix(hypothesis)
            if not WITHOUT_VALUE.intersection(to_prefix(tree)):
                found[to_symengine(tree)] = None
        except (ValueError, RuntimeError):
            continue
    return list(found)[:_MOST_HYPOTHESES]


def solved(equation: Explicit, means: Means) -> dict[se.Basic, str]:
    """Solution -> extent of what the judge does not refute, until one is general or the time is up."""
    unknown = CURVATURE if equation.order == 2 else SLOPE
    try:
        problem = _text(unknown - equation.right)
    except (ValueError, RuntimeError):
        return {}
    found: dict[se.Basic, str] = {}
    seen = set()
    end = means.deadline
    methods = second_order_candidates if equation.order == 2 else first_order_candidates
    for y in methods(equation.right, means):
        if y not in seen and is_finite(y):
            seen.add(y)
            extent = _extent(problem, y)
            if extent is not None:
                short = written(y)
                if short != y:
                    other = _extent(problem, short)
                    if other is not None and _RANKS[other] <= _RANKS[extent]:
                        y, extent = short, other
                found[y] = extent
                if extent == "general":
                    return {y: extent}
                if extent == "family":
                    end = min(end, time.process_time() + _AFTER_A_FAMILY)
        if time.process_time() > end:
            break
    best = min(map(_RANKS.get, found.values()), default=0)
    return {y: found[y] for y in sorted(found, key=length)[:_MOST_KEPT] if _RANKS[found[y]] == best}


def _extent(problem: str, y: se.Basic) -> str | None:
    """The extent of a solution; None if it is not known to be right."""
    if length(y) > _LONGEST:
        return None
    try:
        text = _text(y)
        sample = floats.sample(residual_of(problem, text))
        if len(sample.points) and sample.wrong_share > _MOSTLY_WRONG:
            return None
        return verify(problem, text).extent
    except (ValueError, RuntimeError):
        return None


def _lines(factor: se.Basic) -> dict[se.Basic, str]:
    """Straight lines that solve an equation of first order, if it is Clairaut's."""
    if not se.has_symbol(factor.diff(SLOPE), SLOPE) and not se.has_symbol(factor.diff(SLOPE), X):
        return {}
    problem = _text(factor)
    found = {}
    for y in clairaut.general(factor):
        if is_finite(y):
            y = shortest(y)
            extent = _extent(problem, y)
            if extent is not None:
                found[y] = extent
    return found


def _solutions(right: se.Basic, means: Means) -> list[se.Basic]:
    """Solutions of Y' = right with the constant a8, general ones first."""
    found = solved(Explicit(1, right), means)
    return [y for y in sorted(found, key=lambda y: _RANKS[found[y]]) if se.has_symbol(y, FIRST)]


def _second_order_solutions(right: se.Basic, means: Means) -> list[se.Basic]:
    found = solved(Explicit(2, right), means)
    return [y for y in sorted(found, key=lambda y: _RANKS[found[y]]) if se.has_symbol(y, SECOND)]


# --- First order ------------------------------------------------------------------------------------------------------


def first_order_candidates(right: se.Basic, means: Means) -> Iterator[se.Basic]:
    """Candidates for y with y' = right(x, y), cheap methods first."""
    if not se.has_symbol(right, Y):
        total = means.primitive(right)
        if total is not None:
            yield total + FIRST
        return
    riccatis = []
    yield from _in_disguise(Y, right, means, riccatis)
    yield from _in_disguises(disguises.in_equation(right), right, means, riccatis)
    yield from separable.general(right, means)
    hypothetical = (phi for hypothesis in means.hypotheses for phi in disguises.peeled(hypothesis))
    yield from _in_disguises(hypothetical, right, means, riccatis)
    for found in riccatis[:3]:
        yield from _through(found, riccati.solutions(*found.values, means))
    yield from exact.general(right, means)
    more = []
    yield from _in_disguises(disguises.listed(right), right, means, more)
    for found in more[:4]:
        yield from _through(found, riccati.solutions(*found.values, means))


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
    yield from _through(found, linear.first_order(a, b, means))


def _through(found: disguises.Coefficients, solutions_in_v) -> Iterator[se.Basic]:
    for v in solutions_in_v:
        for inverse in found.inverses:
            y = put_in(inverse, {V: v})
            if y is not None:
                yield y


# --- Second order -----------------------------------------------------------------------------------------------------


def second_order_candidates(right: se.Basic, means: Means) -> Iterator[se.Basic]:
    """Candidates for y with y'' = right(x, y, y'), cheap methods first."""
    parts = _linear_parts(right)
    if parts is not None:
        yield from second_order.general(*parts, means)
        if se.has_symbol(right, Y) or means.time_is_up():
            return
    yield from _linearised(right, means)
    yield from reductions.without_y(right, _solutions, means)
    yield from reductions.without_x(right, _solutions, means)
    yield from reductions.homogeneous_in_y(right, _solutions, means)
    yield from reductions.scale_invariant(right, _second_order_solutions, means)


def _linear_parts(right: se.Basic) -> tuple[se.Basic, se.Basic, se.Basic] | None:
    """(p, q, r) with right = p*Y' + q*Y + r; None if it is not linear."""
    p, q = shortest(fraction(right.diff(SLOPE))), shortest(fraction(right.diff(Y)))
    if {SLOPE, Y} & (p.free_symbols | q.free_symbols):
        return None
    r = put_in(right, {SLOPE: se.Integer(0), Y: se.Integer(0)})
    return None if r is None else (p, q, shortest(fraction(r)))


_LETTER = se.Symbol("a7")


def _linearised(right: se.Basic, means: Means) -> Iterator[se.Basic]:
    """Solutions if the equation is linear in some v = phi(x, Y), which then has v'' without Y'**2.

    If right = g*Y'**2 + ..., that means phi_YY + g*phi_Y = 0, so phi is the primitive of exp(-int g) by Y.
    """
    g = shortest(fraction(right.diff(SLOPE, 2) / 2))
    if se.has_symbol(g, SLOPE):
        return
    for phi in _phis(right, g, means):
        for inverse in inverted(phi, V, Y):
            parts = _parts_in(phi, inverse, right)
            if parts is not None:
                solutions_in_v = second_order.general(*parts, means)
            else:
                new = None if phi == Y else _transformed(phi, inverse, right)
                if new is None or se.has_symbol(new, Y):
                    continue
                solutions_in_v = reductions.without_y(new, _solutions, means)
            for v in solutions_in_v:
                y = put_in(inverse, {V: v})
                if y is not None:
                    yield y


def _has_root(expr) -> bool:
    return any(
        isinstance(each.args[1], se.Rational) and each.args[1].q != 1 and each.args[0].args
        for each in expr.atoms(se.Pow)
    )


def _with_negated_roots(expr):
    if not expr.args:
        return expr
    if isinstance(expr, se.Pow) and isinstance(expr.args[1], se.Rational) and expr.args[1].q != 1 and expr.args[0].args:
        return (-1 * expr.args[0]).expand() ** expr.args[1]
    return expr.func(*map(_with_negated_roots, expr.args))


def _parts_in(phi, inverse, right) -> tuple[se.Basic, se.Basic, se.Basic] | None:
    """(p, q, r) with v'' = p*v' + q*v + r for v = phi(x, Y), from its values at three pairs (v, v'); or None."""
    first, total = _derivatives(phi, right)
    values = []
    for v, dv in ((1, 0), (2, 0), (1, 1)):
        y = put_in(inverse, {V: se.Integer(v)})
        slope = None if y is None else put_in((dv - phi.diff(X)) / phi.diff(Y), {Y: y})
        value = None if slope is None else put_in(total.xreplace({phi: se.Integer(v)}), {Y: y, SLOPE: slope})
        if value is None or length(value) > _LONGEST:
            return None
        values.append(fraction(value, _LONGEST))
    q = shortest(fraction(values[1] - values[0]))
    p = shortest(fraction(values[2] - values[0]))
    r = shortest(fraction(values[0] - q))
    return (p, q, r) if reductions.vanishes(total - p * first - q * phi - r, total) else None


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
            phi = shortest(phi).xreplace({X: Y, _LETTER: X})
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
    if found:
        return
    peeled = (phi for hypothesis in means.hypotheses for phi in disguises.peeled(hypothesis))
    for phi in itertools.chain(disguises.in_equation(right), peeled, disguises.listed(right)):
        if means.time_is_up():
            return
        first = phi.diff(Y)
        if is_finite(first) and first != 0 and reductions.vanishes(phi.diff(Y, 2) + g * first, g * first):
            yield phi


def _transformed(phi, inverse, right) -> se.Basic | None:
    """The right side of v'' for v = phi(x, Y), with v written Y and v' written Y'."""
    _, total = _derivatives(phi, right)
    new = put_in(total, {SLOPE: (SLOPE - phi.diff(X)) / phi.diff(Y)})
    new = None if new is None else put_in(new, {Y: inverse})
    return None if new is None or length(new) > _LONGEST else shortest(fraction(new)).xreplace({V: Y})
