"""Primitives by undetermined coefficients, in the way of Risch and Norman: guess the terms, fit the coefficients.

Terms are those of the integrand and of its derivatives, with one power less of what stands in denominators, times
powers of x, and the logarithms and arcus tangents of denominators (Geddes, Czapor and Labahn, Algorithms for Computer
Algebra, ch. 12). The fit is that of `algebra.fits`, in floats at points.
"""

from collections.abc import Iterator

import symengine as se

from symbolic.algebra.fits import SPARE_POINTS, by_length, fit, real_points, units_of, values_at
from symbolic.algebra.terms import additive_terms, constant_factor
from symbolic.expressions.engines import UNDEFINED, TooLargeError, differentiate
from symbolic.integration.algebraic import as_fraction, polynomial_coefficients
from symbolic.integration.forms import LN, X, depends, logarithm, parts, power_of, size
from symbolic.integration.rational import is_negative, square_root
from symbolic.integration.search import Search

MAX_COLUMNS = 60
_LARGEST_TERM = 60  # parts
_SEED = 0
_ROUNDS = 2  # of derivatives


def undetermined(f: se.Basic, search: Search) -> se.Basic | None:
    """A combination of terms that come from f and its derivatives, if one fits; at the top of a search only."""
    if search.depth > 2 or f.free_symbols != {X} or size(f) > 200:
        return None
    points, right = real_points(f, _SEED)
    if len(points) < SPARE_POINTS + 4:
        return None
    search.left -= 5
    tried = None
    for terms in _stages(f):
        if terms != tried and (found := fitted(f, terms, points, right)) is not None:
            return found
        tried = terms
    return None


def fitted(f, terms, points, right) -> se.Basic | None:
    """The combination of terms whose derivative is f at the points."""
    derivatives, kept = [], []
    for term in terms:
        derivative = differentiate(term, X)
        if not isinstance(derivative, UNDEFINED):
            derivatives.append(derivative)
            kept.append(term)
    columns = list(zip(kept, values_at(derivatives, points), strict=True))
    return fit(columns, right, units_of(f))


def _stages(f) -> Iterator[list[se.Basic]]:
    """Terms to combine, fewer before more, because floats recover few coefficients better."""
    logarithms = []
    start = list(additive_terms(f))
    fraction = as_fraction(f)
    reduced = []
    if fraction is not None:
        top, bottom = fraction
        try:
            _, factors = bottom.factored()
        except TooLargeError:
            factors = []
        denominator = se.Integer(1)
        for factor, times in factors:
            expr = factor.expression()
            if not depends(expr):
                continue
            logarithms += _logarithmic(expr)
            denominator *= expr ** (times - 1) if isinstance(expr, se.Add) else expr**times
            if isinstance(expr, se.Add) and times == 1:
                reduced += [term / expr for term in additive_terms(top.expression())[:8]]
        reduced += [term / denominator for term in additive_terms(top.expression())[:12]]
    known: dict[se.Basic, None] = {}
    layer = [*start, *reduced]
    for _ in range(_ROUNDS + 1):
        new = []
        for term in layer:
            term = _stripped(term)
            if depends(term) and term not in known and size(term) <= _LARGEST_TERM and len(known) < MAX_COLUMNS:
                known[term] = None
                new.append(term)
        layer = [
            each
            for term in new
            if not isinstance(derivative := differentiate(term, X), UNDEFINED)
            for each in additive_terms(derivative)
        ]
    closure = by_length(known)
    whole = [X, *(term for part in parts(f) if type(part) is LN for term in (part, X * part))]
    for powers in ((0,), (0, 1), (0, 1, -1, 2)):
        terms = dict.fromkeys([*logarithms[:12], *whole, *(_stripped(term * X**k) for term in closure for k in powers)])
        yield by_length(term for term in terms if depends(term) and size(term) <= _LARGEST_TERM)[:MAX_COLUMNS]


def _logarithmic(factor) -> list[se.Basic]:
    """ln|p| for a factor p of a denominator, and for a quadratic p in x what else integrates 1/p."""
    found = [logarithm(factor)]
    coefficients = polynomial_coefficients(factor)
    if coefficients is not None and len(coefficients) == 3:
        c, b, a = coefficients
        discriminant = se.expand(4 * a * c - b**2)
        if discriminant != 0 and not is_negative(discriminant):
            found.append(se.atan(se.expand((2 * a * X + b) / square_root(discriminant))))
    base, _ = power_of(factor)
    if isinstance(base, se.Add):
        varying = [term for term in base.args if depends(term)]
        if len(varying) == 1 and len(base.args) == 2:
            inner, exponent = power_of(constant_factor(varying[0])[1])
            if exponent == 2:
                found.append(se.atan(inner))
    return found


def _stripped(term: se.Basic) -> se.Basic:
    return se.Mul(*(factor for factor in se.Mul.make_args(term) if not isinstance(factor, se.Number)))
