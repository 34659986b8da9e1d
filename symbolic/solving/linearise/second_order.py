"""Linear equations of second order, v'' = p*v' + q*v + r: two independent solutions, and a particular one.

Two solutions come, in this order, in closed form for constant and Euler's coefficients; from the null space of the
equation over terms of hypotheses and coefficients; from a change of the variable, after which the coefficients are
constant (Liouville's normal form); from one solution by reduction of order.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import symengine as se

from symbolic.solving.linearise import linear, particular_solutions
from symbolic.solving.linearise.forms import fraction, is_finite, length, shortest
from symbolic.solving.linearise.functions import power
from symbolic.solving.linearise.inverse import perfect_square
from symbolic.solving.linearise.means import Means
from symbolic.solving.linearise.primitives import closure, kernels
from symbolic.solving.linearise.symbols import CONSTANTS, CURVATURE, FIRST, SECOND, SLOPE, X, Y
from symbolic.solving.linearise.values import evaluated

Basis = tuple[se.Basic, se.Basic]

_POINTS = 48
_ZERO = 1e-9  # a relative singular value that is rounding
_HALF = se.Rational(1, 2)


def general(p: se.Basic, q: se.Basic, r: se.Basic, means: Means) -> Iterator[se.Basic]:
    """General solutions of v'' = p*v' + q*v + r, with a8 and a9."""
    for first, second in homogeneous(p, q, means):
        if r == 0:
            yield FIRST * first + SECOND * second
            continue
        found = False
        for each in particular(p, q, r, (first, second), means):
            found = True
            yield each + FIRST * first + SECOND * second
        if found or means.time_is_up():
            return


def particular(p, q, r, basis: Basis, means: Means) -> Iterator[se.Basic]:
    """Particular solutions: by undetermined coefficients, else by variation of the constants."""
    equation = p * SLOPE + q * Y + r - CURVATURE
    sources = [r] if q == 0 else [r, shortest(fraction(r / q))]
    found = linear.particular(equation, sources, basis, means)
    yield from found
    if found:
        return
    first, second = basis
    wronskian = shortest(fraction(first * second.diff(X) - second * first.diff(X)))
    left, right = (shortest(fraction(r * each / wronskian)) for each in (second, first))
    left, right = means.primitives([left, right])
    if left is not None and right is not None:
        yield second * right - first * left


def homogeneous(p: se.Basic, q: se.Basic, means: Means) -> Iterator[Basis]:
    """Pairs of independent solutions of v'' = p*v' + q*v."""
    if not (se.has_symbol(p, X) or se.has_symbol(q, X)):
        yield _constant(p, q, X)
        return
    shifted = _euler(p, q)
    if shifted is not None:
        yield shifted
        return
    if q == 0:
        slope = linear.exponential_of_integral(p, means)
        second = None if slope is None else means.primitive(shortest(slope))
        if second is not None:
            yield se.Integer(1), second
            return
    letters = (p.free_symbols | q.free_symbols) - {X}
    found = []
    if not letters:
        found = null_space(p, q, _terms(p, q, means.terms()))
        if len(found) >= 2:
            yield found[0], found[1]
            return
        changed = list(_by_change_of_variable(p, q, means))
        if changed:
            yield from changed
            return
    for h in [*found, *_hyperexponential(p, q, means)]:
        if means.time_is_up():
            return
        wronskian = linear.exponential_of_integral(p, means)
        if wronskian is None:
            return
        inner = means.primitive(shortest(fraction(wronskian / h**2)))
        if inner is not None:
            yield h, shortest(se.expand(h * inner))
            return


# --- Closed forms -----------------------------------------------------------------------------------------------------


def _constant(p, q, t) -> Basis:
    """Solutions of v'' = p*v' + q*v by t, for constants p and q; letters are taken to be positive numbers."""
    discriminant = shortest(p**2 + 4 * q)
    if discriminant == 0:
        return se.exp(p * t / 2), t * se.exp(p * t / 2)
    if _is_negative(discriminant):
        root = perfect_square(-discriminant)
        w = (se.sqrt(-discriminant) if root is None else root) / 2
        return se.exp(p * t / 2) * se.cos(w * t), se.exp(p * t / 2) * se.sin(w * t)
    root = perfect_square(discriminant)
    w = se.sqrt(discriminant) if root is None else root
    roots = [shortest(se.expand((p + sign * w) / 2)) for sign in (1, -1)]
    return se.exp(roots[0] * t), se.exp(roots[1] * t)


def _is_negative(expr) -> bool:
    letters = sorted(expr.free_symbols, key=str)
    return complex(expr.xreplace({each: se.Rational(11 + 3 * i, 10) for i, each in enumerate(letters)}).n(53)).real < 0


def _euler(p, q) -> Basis | None:
    """Solutions for p = b/(x + s) and q = c/(x + s)**2, powers of t = x + s; None for other coefficients."""
    pole = X
    if p != 0:
        inverse = shortest(fraction(1 / p))
        slope = inverse.diff(X)
        if slope == 0 or se.has_symbol(slope, X):
            return None
        pole = shortest(se.expand(inverse / slope))
    elif q != 0:
        root = perfect_square(shortest(fraction(1 / q))) or perfect_square(shortest(fraction(-1 / q)))
        slope = None if root is None else root.diff(X)
        if slope is None or slope == 0 or se.has_symbol(slope, X):
            return None
        pole = shortest(se.expand(root / slope))
    b, c = shortest(fraction(p * pole)), shortest(fraction(q * pole**2))
    if se.has_symbol(b, X) or se.has_symbol(c, X):
        return None
    # by ln t: v'' = (b + 1)*v' + c*v
    discriminant = shortest((b + 1) ** 2 + 4 * c)
    middle = (b + 1) / 2
    t = se.log(pole)
    if discriminant == 0:
        return pole**middle, pole**middle * t
    if _is_negative(discriminant):
        root = perfect_square(-discriminant)
        w = (se.sqrt(-discriminant) if root is None else root) / 2
        return pole**middle * se.cos(w * t), pole**middle * se.sin(w * t)
    root = perfect_square(discriminant)
    w = (se.sqrt(discriminant) if root is None else root) / 2
    return pole ** se.expand(middle + w), pole ** se.expand(middle - w)


# --- Null space -------------------------------------------------------------------------------------------------------


def _terms(p, q, hypothetical) -> list[se.Basic]:
    """Functions that may add up to solutions: of the hypotheses, of the coefficients, powers of x, exponentials."""
    terms: dict[se.Basic, None] = {}
    terms.update(dict.fromkeys(term for term in hypothetical if length(term) < 60))
    terms.update(dict.fromkeys((se.Integer(1), X, X**2, X**3, 1 / X, se.exp(X), se.exp(-X), X * se.exp(X))))
    powers = (X**-2, X**4, se.sqrt(X), se.log(X), X * se.log(X), se.sin(X), se.cos(X), X * se.exp(-X), X**2 * se.exp(X))
    terms.update(dict.fromkeys(powers))
    own = [part for part in [*kernels(p), *kernels(q)] if length(part) < 30]
    for part in own:
        terms.update(dict.fromkeys((part, X * part, part / X)))
        if isinstance(part, se.Pow):
            terms[part.args[0]] = None
            terms[1 / part.args[0]] = None
    for expr in (p, q):
        terms.update(dict.fromkeys(t for t in closure([expr], 1) if length(t) < 40))
    return [term for term in terms if is_finite(term)][:64]


def null_space(p: se.Basic, q: se.Basic, terms: Sequence[se.Basic]) -> list[se.Basic]:
    """Solutions of v'' = p*v' + q*v that are rational combinations of terms, those of few terms first.

    Single terms that are solutions come first; then the terms' null space in float64, its rows reduced, and rounded.
    """
    x = np.concatenate([np.linspace(0.23, 2.9, 2 * _POINTS), -np.linspace(0.31, 2.3, _POINTS)])
    exprs = [p, q, *(each for t in terms for each in (t, t.diff(X), t.diff(X, 2)))]
    table = evaluated(exprs, {X: x})
    p_at, q_at = table[:2]
    v, dv, ddv = table[2::3], table[3::3], table[4::3]
    with np.errstate(all="ignore"):
        images = ddv - p_at * dv - q_at * v
        sizes = np.abs(ddv) + np.abs(p_at * dv) + np.abs(q_at * v)
    finite = np.isfinite(images)
    usable = [index for index in range(len(terms)) if finite[index].sum() >= 30]
    single = []
    for index in usable:
        good = finite[index]
        if (np.abs(images[index][good]) <= 1e-9 * (sizes[index][good] + 1e-30)).all():
            single.append(terms[index])
    independent = _independent(single, x)
    if len(independent) >= 2:
        return independent[:2]
    rest = [index for index in usable if terms[index] not in single]
    combined = _combinations(images, sizes, finite, _not_dependent(v, finite, rest), terms)
    return _independent([*independent, *combined], x)[:2]


def _independent(solutions, x) -> list[se.Basic]:
    kept, rows = [], []
    for each in solutions:
        values = evaluated([each], {X: x})[0]
        candidate = [*rows, values]
        known = np.isfinite(np.stack(candidate)).all(axis=0)
        if known.sum() < 10:
            continue
        matrix = np.stack(candidate)[:, known]
        sizes = np.linalg.norm(matrix, axis=1, keepdims=True)
        if not (np.isfinite(sizes).all() and (sizes > 0).all()):
            continue
        matrix = matrix / sizes
        if np.linalg.svd(matrix, compute_uv=False)[-1] > 1e-7:
            kept.append(each)
            rows.append(values)
    return kept


def _not_dependent(values, finite, rest) -> list[int]:
    """The indices of terms that are no combination of earlier ones (Gram-Schmidt over points where most are known)."""
    if not rest:
        return []
    points = np.flatnonzero(finite[rest].mean(axis=0) > 0.8)
    basis, kept = np.empty((len(points), 0)), []
    for index in rest:
        column = values[index][points]
        if not np.isfinite(column).all() or not column.any():
            kept.append(index)  # it may be needed where it is known
            continue
        column = column / np.linalg.norm(column)
        remainder = column - basis @ (basis.T @ column)
        remainder -= basis @ (basis.T @ remainder)
        size = np.linalg.norm(remainder)
        if size > 1e-9:
            kept.append(index)
            basis = np.column_stack([basis, remainder / size])
    return kept


def _combinations(images, sizes, finite, rest, terms) -> list[se.Basic]:
    if len(rest) < 2:
        return []
    # points at which most terms have values; terms without a value at one of them are left out
    share = finite[rest].mean(axis=0)
    points = np.flatnonzero(share > 0.8)
    if len(points) < 30:
        points = np.flatnonzero(share > 0.5)
    columns = [index for index in rest if finite[index][points].all()][: max(0, len(points) - 12)]
    if len(columns) < 2:
        return []
    matrix = images[columns][:, points].T
    scale = sizes[columns][:, points].max(axis=0)[:, None]
    matrix = matrix / np.where(scale > 0, scale, 1.0)
    if not np.isfinite(matrix).all():
        return []
    norms = np.linalg.norm(matrix, axis=0)
    norms = np.where(norms > 0, norms, 1.0)
    _, singular, rows = np.linalg.svd(matrix / norms, full_matrices=True)
    singular = np.concatenate([singular, np.zeros(len(columns) - len(singular))])
    null = rows[singular < _ZERO * singular[0]] / norms
    if not 1 <= len(null) <= 6:
        return []
    found = []
    for row in _reduced(null):
        exact = [_rational(value) for value in row]
        if None not in exact:
            found.append(se.Add(*(c * terms[index] for c, index in zip(exact, columns, strict=True) if c != 0)))
    return sorted(found, key=length)


def _reduced(matrix: np.ndarray) -> np.ndarray:
    """The reduced row echelon form, with the last columns as free ones."""
    matrix = matrix[:, ::-1].copy()
    row = 0
    for column in range(matrix.shape[1]):
        if row == len(matrix):
            break
        pivot = row + int(np.argmax(np.abs(matrix[row:, column])))
        if abs(matrix[pivot, column]) < 1e-7 * np.abs(matrix).max():
            continue
        matrix[[row, pivot]] = matrix[[pivot, row]]
        matrix[row] /= matrix[row, column]
        for other in range(len(matrix)):
            if other != row:
                matrix[other] -= matrix[other, column] * matrix[row]
        row += 1
    return matrix[:row, ::-1]


def _rational(value: float) -> se.Basic | None:
    if abs(value) < 1e-7:
        return se.Integer(0)
    near = Fraction(value).limit_denominator(720)
    if abs(value - near) > 1e-6 * abs(value):
        return None
    return se.Rational(near.numerator, near.denominator)


# --- Change of the variable ---------------------------------------------------------------------------------------


def _by_change_of_variable(p, q, means) -> Iterator[Basis]:
    """Solutions h(x)*w(t(x)) where w'' = k*w.

    With v = exp(int p/2)*u the equation is u'' = (q + p**2/4 - p'/2)*u. With u = w(t)/sqrt(t') it is w'' = k*w if that
    coefficient is k*t'**2 minus half of Schwarz's derivative of t.
    """
    parts = [q, p**2 / 4, -p.diff(X) / 2]
    x = np.concatenate([np.linspace(0.23, 2.9, 30), np.linspace(0.05, 0.9, 30), -np.linspace(0.31, 2.3, 20)])
    variables = _variables(p, q, means.hypotheses)
    schwarzians = [t.diff(X, 3) / t.diff(X) - se.Rational(3, 2) * (t.diff(X, 2) / t.diff(X)) ** 2 for t in variables]
    table = evaluated([*parts, *(t.diff(X) for t in variables), *schwarzians], {X: x})
    normal, slopes, schwarz = table[:3], table[3 : 3 + len(variables)], table[3 + len(variables) :]
    with np.errstate(all="ignore"):
        k_at = (normal.sum(axis=0) + schwarz / 2) / slopes**2
        sizes = (np.abs(normal).sum(axis=0) + np.abs(schwarz) / 2) / slopes**2
    for t, row, size in zip(variables, k_at, sizes, strict=True):
        good = np.isfinite(row)
        if good.sum() < 12:
            continue
        k = float(np.median(row[good]))
        if (np.abs(row[good] - k) > 1e-7 * (size[good] + abs(k) + 1e-12)).mean() > 0.05:
            continue
        k = 0.0 if abs(k) < 1e-6 * np.median(size[good]) else k
        exact = Fraction(k).limit_denominator(1000)
        if abs(exact - k) > 1e-6 * (1 + abs(k)):
            continue
        wronskian = linear.exponential_of_integral(p, means)
        if wronskian is None:
            return
        h = shortest(power(shortest(fraction(wronskian / t.diff(X))), _HALF))
        first, second = _constant(se.Integer(0), se.Rational(exact.numerator, exact.denominator), t)
        yield h * first, h * second
        return


def _variables(p, q, hypotheses) -> list[se.Basic]:
    """New variables t(x) that may make the coefficients constant."""
    found = {X: None}
    listed = (
        X**2,
        se.log(X),
        se.exp(X),
        se.sqrt(X),
        1 / X,
        X**3,
        se.exp(-X),
        se.exp(2 * X),
        se.sin(X),
        se.cos(X),
        se.tan(X),
    )
    found.update(dict.fromkeys(listed))
    for expr in [*hypotheses, p, q]:
        for part in kernels(expr)[:16]:
            part = part.xreplace(dict.fromkeys(CONSTANTS, se.Integer(1)))
            if length(part) < 40 and part.diff(X) != 0 and part.free_symbols == {X}:
                found[part] = None
                found[se.log(part)] = None
    listed = (se.atan(X), se.asin(X), se.asinh(X), X ** se.Rational(3, 2), X**4, 1 / X**2, se.cosh(X), se.sinh(X))
    found.update(dict.fromkeys(listed))
    found.update(
        dict.fromkeys((se.log(se.tan(X / 2)), se.log(se.cos(X)), X * se.log(X), X**-_HALF, se.atanh(X), se.exp(X**2)))
    )
    return [t for t in found if is_finite(t) and is_finite(t.diff(X))][:60]


# --- One solution -----------------------------------------------------------------------------------------------------


def _hyperexponential(p, q, means) -> Iterator[se.Basic]:
    """Solutions exp(int w) where w, a particular solution of w' = q + p*w - w**2, is a combination of few terms."""
    for w in particular_solutions.of_riccati(q, p, se.Integer(-1), ()):
        h = linear.exponential_of_integral(w, means)
        if h is not None:
            yield h
