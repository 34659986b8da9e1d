"""Disguises: functions v = phi(x, Y) in which an equation may be linear, or of another kind that can be solved.

They come from the hypotheses, by peeling off the operations above the constants; from the functions in the equation;
and from a list. `coefficients` tests a disguise numerically: along rows of points with the same x, v' must be a
polynomial in v of degree 2 at most.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import symengine as se

from symbolic.solving.linearise.forms import fraction, is_finite, length, shortest
from symbolic.solving.linearise.functions import put_in
from symbolic.solving.linearise.inverse import inverted
from symbolic.solving.linearise.symbols import CONSTANTS, V, X, Y
from symbolic.solving.linearise.values import evaluated, grid

_ROWS, _DRAWS = 24, 10
_FITS = 1e-7  # relative; a residual that is hardly rounding is larger
_ENOUGH_ROWS = 5

_HALF = se.Rational(1, 2)
_ZERO, _ONE, _TWO, _THREE = map(se.Integer, range(4))
# Where the coefficients are interpolated, in the order in which these are tried.
_NODES = ((_ZERO, _ONE, _TWO), (_ONE, _TWO, _THREE), (_HALF, _ONE, _TWO), (_ONE, -_ONE, _TWO))
_OUTER = (
    lambda u: se.log(u),
    lambda u: 1 / u,
    lambda u: u**2,
    se.exp,
    lambda u: se.exp(-u),
    se.sqrt,
    lambda u: u**3,
    lambda u: u**-2,
    lambda u: u ** (-_HALF),
    se.tan,
    se.sin,
    se.cos,
    se.atan,
    se.asin,
    se.sinh,
    se.asinh,
    se.acos,
    se.tanh,
    se.atanh,
    se.cosh,
    lambda u: u ** se.Rational(3, 2),
    lambda u: u ** se.Rational(1, 3),
    lambda u: u**-3,
    lambda u: se.exp(2 * u),
    lambda u: u**4,
)


def listed(expr: se.Basic) -> Iterator[se.Basic]:
    """Disguises by the list, of Y, Y/x, x*Y, and of the arguments of functions of Y in an expression."""
    inner = [Y, Y / X, X * Y, *(u for u in arguments(expr) if u not in (Y, Y / X, X * Y))]
    for index, u in enumerate(inner[:7]):
        for outer in _OUTER[: 25 if index < 3 else 12]:
            yield outer(u)


def arguments(expr: se.Basic) -> list[se.Basic]:
    """The arguments of functions, and the bases of powers, that hold Y in an expression, shortest first."""
    found = {}
    for kernel in _functions_of_y(expr):
        if isinstance(kernel, se.Pow):
            base, exponent = kernel.args
            inner = exponent if not se.has_symbol(base, Y) else base
        else:
            inner = kernel.args[0] if len(kernel.args) == 1 else kernel
        found[inner] = None
        if isinstance(inner, se.Mul) or isinstance(inner, se.Add):
            number = (
                inner.args[0] if isinstance(inner.args[0], se.Number) and isinstance(inner, se.Mul) else se.Integer(1)
            )
            found[inner / number] = None
    return sorted((u for u in found if is_finite(u)), key=lambda u: (length(u), str(u)))


def _functions_of_y(expr) -> list[se.Basic]:
    found, todo = {}, [expr]
    while todo:
        part = todo.pop()
        if part == Y or part in found or not se.has_symbol(part, Y):
            continue
        if not isinstance(part, se.Mul) or se.has_symbol(part, X):
            found[part] = None
        todo += part.args
    return list(found)


def in_equation(expr: se.Basic) -> Iterator[se.Basic]:
    """Disguises that stand in an expression: its functions of Y, and Y**(1 - n) for each power Y**n."""
    own = [part for part in _functions_of_y(expr) if length(part) < 30]
    for part in sorted(own, key=lambda u: (length(u), str(u))):
        if isinstance(part, se.Pow) and part.args[0] == Y and isinstance(part.args[1], se.Number):
            for n in (1 - part.args[1], 1 + part.args[1]):
                if n not in (0, 1):
                    yield Y**n
        if not isinstance(part, se.Add) or len(inverted(part, V, Y)):
            yield part


def peeled(hypothesis: se.Basic) -> Iterator[se.Basic]:
    """Disguises in which a hypothesis is simpler: of exp(x + a8/x) they are ln(Y), ln(Y) - x and x*(ln(Y) - x)."""
    value, rest = Y, hypothesis
    for _ in range(12):
        constants = set(CONSTANTS)
        holding = [operand for operand in rest.args if operand.free_symbols & constants]
        if not holding:
            return
        if isinstance(rest, se.Add):
            kept = se.Add(*(a for a in rest.args if not a.free_symbols & constants))
            if kept != 0:
                value = value - kept
                yield value
            if len(holding) > 1:
                return
            (rest,) = holding
            continue
        if isinstance(rest, se.Mul):
            kept = se.Mul(*(a for a in rest.args if not a.free_symbols & constants))
            if kept != 1:
                value = value / kept
                if se.has_symbol(kept, X):
                    yield value
            if len(holding) > 1:
                return
            (rest,) = holding
            continue
        if len(holding) > 1:
            return
        (inner,) = holding
        template = rest.xreplace({inner: V}) if inner in rest.args else None
        values = inverted(template, value, V) if template is not None and se.has_symbol(template, V) else []
        if not values:
            return
        value, rest = values[0], inner
        yield value


class Coefficients(NamedTuple):
    """v' = values[0] + values[1]*v + values[2]*v**2 for a disguise v, as expressions in x."""

    disguise: se.Basic
    values: tuple[se.Basic, ...]
    inverses: tuple[se.Basic, ...]  # Y by v


def degree(disguise: se.Basic, right: se.Basic) -> tuple[int, dict] | None:
    """The degree in v of v' along Y' = right, at most 2, with the coefficients' values at the x of each row; or None.

    Returns:
        The degree, and {x and letters: (rows,)} together with (rows, 3) coefficients under "values".
    """
    slope = disguise.diff(X) + disguise.diff(Y) * right
    if not is_finite(slope):
        return None
    columns = grid([slope, disguise], _ROWS, _DRAWS)
    v, dv = evaluated([disguise, slope], columns).reshape(2, _ROWS, _DRAWS)
    known = (np.abs(v) < 1e6) & (np.abs(dv) < 1e8)  # which nan is not
    rows = known.sum(axis=1) >= 6
    if rows.sum() < _ENOUGH_ROWS:
        return None
    v, dv = np.where(known, v, 0.0), np.where(known, dv, 0.0)
    for count in (1, 2, 3):
        weights = _fit_rows([np.ones_like(v), v, v**2][:count], dv, known, rows)
        if weights is not None:
            symbols = {symbol: column.reshape(_ROWS, _DRAWS)[rows, 0] for symbol, column in columns.items()}
            return count - 1, symbols | {"values": weights}
    return None


def _fit_rows(basis: Sequence[np.ndarray], target: np.ndarray, known: np.ndarray, rows: np.ndarray):
    """(rows, basis) weights with which the basis adds up to the target in every row, or None."""
    matrix = np.stack([np.where(known, column, 0.0) for column in basis], axis=2)[rows]
    right = np.where(known, target, 0.0)[rows]
    sizes = np.sqrt((matrix**2).sum(axis=1, keepdims=True))
    sizes = np.where(sizes > 0, sizes, 1.0)
    scaled = matrix / sizes
    try:
        inverse = np.linalg.pinv(scaled, rcond=1e-12)
    except np.linalg.LinAlgError:
        return None
    weights = np.einsum("rkd,rd->rk", inverse, right)
    error = np.abs(np.einsum("rdk,rk->rd", scaled, weights) - right)
    largest = np.maximum(np.abs(scaled * weights[:, None, :]).max(axis=2), np.abs(right)).max(axis=1, keepdims=True)
    good = (error <= _FITS * (largest + 1e-12)).all(axis=1)
    if good.mean() < 0.95:
        return None
    return weights / sizes[:, 0, :]


def coefficients(disguise: se.Basic, right: se.Basic) -> Coefficients | None:
    """The coefficients of v' as expressions in x, if v' has degree 2 at most in v; None otherwise."""
    found = degree(disguise, right)
    if found is None:
        return None
    highest, measured = found
    inverses = tuple(inverted(disguise, V, Y))
    slope = disguise.diff(X) + disguise.diff(Y) * right
    for inverse in inverses:
        for nodes in _NODES:
            values = _interpolated(disguise, slope, inverse, nodes[: highest + 1])
            if values is not None and _agree(values, measured):
                return Coefficients(disguise, values, inverses)
    return None


def _interpolated(disguise, slope, inverse, nodes) -> tuple[se.Basic, ...] | None:
    points = []
    for node in nodes:
        y = put_in(inverse, {V: node})
        value = None if y is None else put_in(slope.xreplace({disguise: node}), {Y: y})
        if value is None or length(value) > 300:
            return None
        points.append(fraction(value))
    zero = se.Integer(0)
    n = list(nodes)
    if len(points) == 1:
        result = points
    elif len(points) == 2:
        b = fraction(points[1] - points[0]) / (n[1] - n[0])
        result = [points[0] - b * n[0], b]
    else:
        first = fraction(points[1] - points[0]) / (n[1] - n[0])
        second = fraction(points[2] - points[1]) / (n[2] - n[1])
        c = fraction(second - first) / (n[2] - n[0])
        b = fraction(first - c * (n[0] + n[1]))
        result = [points[0] - first * n[0] + c * n[0] * n[1], b, c]
    result = [shortest(each) for each in result]
    return tuple(result + [zero] * (3 - len(result)))


def _agree(values, measured) -> bool:
    columns = {symbol: column for symbol, column in measured.items() if isinstance(symbol, se.Symbol)}
    table = evaluated(list(values), columns).T
    wanted = measured["values"]
    wanted = np.pad(wanted, ((0, 0), (0, 3 - wanted.shape[1])))
    known = np.isfinite(table).all(axis=1)
    close = np.abs(table - wanted) <= 1e-5 * (1 + np.abs(wanted))
    return known.sum() >= _ENOUGH_ROWS and close[known].all(axis=1).mean() > 0.6
