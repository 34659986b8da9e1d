"""Integration by parts: of L*r, with a logarithm or an inverse function L, and of p*r with a polynomial p."""

import symengine as se

from symbolic.expressions.engines import differentiate
from symbolic.integration.algebraic import is_rational, normal, polynomial_coefficients
from symbolic.integration.forms import (
    ACOS,
    ACOSH,
    ASIN,
    ASINH,
    ATAN,
    ATANH,
    LN,
    X,
    depends,
    power_of,
    size,
)
from symbolic.integration.search import Search

_DIFFERENTIATED = (LN, ASIN, ACOS, ATAN, ASINH, ACOSH, ATANH)
_HIGHEST_POWER = 6


def by_parts(f: se.Basic, search: Search) -> se.Basic | None:
    """L^n*r as L^n*R - int n*L^(n-1)*L'*R, with R' = r; then polynomials in the same way."""
    factors = list(se.Mul.make_args(f))
    for factor in factors:
        base, exponent = power_of(factor)
        if type(base) in _DIFFERENTIATED and isinstance(exponent, se.Integer) and 0 < exponent <= _HIGHEST_POWER:
            rest = f / factor
            if any(type(power_of(each)[0]) in _DIFFERENTIATED for each in se.Mul.make_args(rest)):
                continue
            found = _parts(factor, rest, search)
            if found is not None:
                return found
    return None


def polynomial_by_parts(f: se.Basic, search: Search) -> se.Basic | None:
    """p*r with a polynomial p: p*R - int p'*R."""
    if not isinstance(f, se.Mul):
        return None
    polynomial = se.Mul(*(factor for factor in f.args if polynomial_coefficients(factor) is not None))
    rest = f / polynomial
    if not depends(polynomial) or not depends(rest) or size(rest) > 60:
        return None
    return _parts(polynomial, rest, search)


def _parts(u, rest, search) -> se.Basic | None:
    v = search.integrate(rest)
    if v is None:
        return None
    slope = differentiate(u, X)
    remaining = slope * v
    remaining = normal(remaining) if is_rational(remaining) or size(remaining) < 60 else remaining
    if size(remaining) > 3 * size(u * rest) + 60:
        return None
    found = search.integrate(remaining)
    return None if found is None else u * v - found
