"""Linear fits with exact coefficients: which rational combination of terms equals a function at random points?

Values are float64, and the coefficients are recovered from them by their continued fractions. A fit at points may still
be wrong, so what comes of it must be judged.
"""

import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import symengine as se

_POINTS, _CANDIDATES = 96, 1200
SPARE_POINTS = 8  # more equations than unknowns
_FITS = 1e-8  # a residual this small relative to the right side is rounding, and so is the weight of a column
_DEPENDENT = 1e-7  # and so is what is left of a column without its projection on those before it
_MAX_DENOMINATOR = 10**5
_MAX_CONSTANTS = 4
_POWERS = (-1, 1, -2, 2)  # of a constant, in a coefficient
_CLEAN = 1e-4  # a float c stands for p/q if |c - p/q| q^2 is below; of random c that is rare

_X = se.Symbol("x")


def real_points(right: se.Basic, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points near 0, around it and on any scale, and the finite values of the right side there."""
    rng = np.random.default_rng(seed)
    near, around = rng.uniform(-1.0, 1.0, _CANDIDATES), rng.uniform(-5.0, 5.0, _CANDIDATES)
    any_scale = rng.choice([-1.0, 1.0], _CANDIDATES) * np.exp(rng.uniform(np.log(0.01), np.log(1e3), _CANDIDATES))
    points = np.choose(np.arange(_CANDIDATES) % 3, [near, around, any_scale])
    values = values_at([right], points)[0]
    inside = np.flatnonzero(np.isfinite(values))[:_POINTS]
    return points[inside], values[inside]


def values_at(exprs: list[se.Basic], points: np.ndarray) -> np.ndarray:
    """(expressions, points) float64, nan outside the real domain and for expressions with `I` or without a value."""
    if not exprs:
        return np.empty((0, len(points)))
    try:
        function = se.Lambdify([_X], exprs, backend="lambda")  # cse=True would crash SymEngine on some long terms
    except RuntimeError:  # because of one of them
        if len(exprs) == 1:
            return np.full((1, len(points)), np.nan)
        return np.concatenate([values_at([expr], points) for expr in exprs])
    return function(points[:, None]).reshape(len(points), len(exprs)).T


def fit(columns: list[tuple[se.Basic, np.ndarray]], right: np.ndarray, units: dict[se.Basic, float]) -> se.Basic | None:
    """The combination of terms whose columns add up to the right side, with exact coefficients; None if none does.

    Of terms that depend on one another the first are used.
    """
    usable = [(term, column) for term, column in columns if np.isfinite(column).mean() > 0.25 and column.any()]
    if not usable:
        return None
    terms, values = zip(*usable, strict=True)
    coefficients = _coefficients(np.stack(values, axis=1), right)
    if coefficients is None:
        return None
    exact = [(term, _exact(value, units)) for term, value in zip(terms, coefficients, strict=True) if value]
    if any(number is None for _, number in exact):
        return None
    return se.Add(*(number * term for term, number in exact))


def _coefficients(matrix: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """The solution of `matrix @ coefficients = right`, 0 for columns that it does not need; None if there is none.

    Args:
        matrix: (points, terms), nan where a term has no value.
        right: (points,).
    """
    known = np.isfinite(matrix).all(axis=1)
    if known.sum() < matrix.shape[1] + SPARE_POINTS:
        return None
    matrix, right = _rows_scaled(matrix[known], right[known])
    sizes = np.linalg.norm(matrix, axis=0)
    matrix = matrix / np.where(sizes > 0, sizes, 1.0)
    chosen = _independent(matrix)
    weights, *_ = np.linalg.lstsq(matrix[:, chosen], right)
    largest_error = _FITS * np.linalg.norm(right)
    if np.linalg.norm(matrix[:, chosen] @ weights - right) > largest_error:
        return None
    coefficients = np.zeros(len(sizes))
    coefficients[chosen] = np.where(np.abs(weights) > largest_error, weights / sizes[chosen], 0.0)
    return coefficients


def _rows_scaled(matrix: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every equation divided by its largest number, because functions that grow would outweigh all other points."""
    scale = np.maximum(np.abs(matrix).max(axis=1), np.abs(right))
    scale = np.where(scale > 0, scale, 1.0)
    return matrix / scale[:, None], right / scale


def _independent(matrix: np.ndarray) -> list[int]:
    """The indices of columns, each of length 1, that do not depend on earlier ones (Gram-Schmidt, each step twice)."""
    chosen, basis = [], np.empty((len(matrix), 0))
    for index, column in enumerate(matrix.T):
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        size = np.linalg.norm(rest)
        if size > _DEPENDENT:
            chosen.append(index)
            basis = np.column_stack([basis, rest / size])
    return chosen


def _exact(value: float, units: dict[se.Basic, float]) -> se.Basic | None:
    """The number that a float stands for: a rational multiple of the first unit that gives one, or None."""
    for unit, size in units.items():
        fraction = _rational(value / size)
        if fraction is not None:
            return se.Rational(fraction.numerator, fraction.denominator) * unit
    return None


def _rational(value: float) -> Fraction | None:
    """The first convergent p/q of a float's continued fraction with an error far below 1/q^2, or None."""
    if not value or not math.isfinite(value):
        return None
    exact = Fraction(value)
    before, convergent, rest = (1, 0), (math.floor(exact), 1), exact - math.floor(exact)
    while convergent[1] < _MAX_DENOMINATOR:
        numerator, denominator = convergent
        if numerator and abs(exact - Fraction(numerator, denominator)) * denominator**2 < _CLEAN:
            return Fraction(numerator, denominator)
        rest = 1 / rest
        quotient = math.floor(rest)
        before, convergent = convergent, (quotient * numerator + before[0], quotient * denominator + before[1])
        rest -= quotient
    return None


def units_of(expr: se.Basic) -> dict[se.Basic, float]:
    """1, and powers of the irrational numbers in an expression, such as ln(2), pi and, for a**x, ln(a)."""
    found = set()
    for part in parts(expr):
        found |= {number for number in part.args if not number.free_symbols}
        if isinstance(part, se.Pow):
            found.add(se.log(part.args[0]))
    numbers = by_length(number for number in found if not (isinstance(number, se.Number) or number.free_symbols))
    units = [se.Integer(1), *(number**power for power in _POWERS for number in numbers[:_MAX_CONSTANTS])]
    sizes = values_at(units, np.ones(1))[:, 0].tolist()
    return {unit: size for unit, size in zip(units, sizes, strict=True) if 1e-3 < abs(size) < 1e3}


def by_length(exprs: Iterable[se.Basic]) -> list[se.Basic]:
    """The expressions by the length of their text, then by the text."""
    return sorted(exprs, key=lambda expr: (len(text := str(expr)), text))


def parts(expr: se.Basic) -> set[se.Basic]:
    """Every part of an expression that holds x, the expression itself included."""
    found, todo = set(), [expr]
    while todo:
        part = todo.pop()
        if part not in found and _X in part.free_symbols:
            found.add(part)
            todo += part.args
    return found
