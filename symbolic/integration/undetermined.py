"""Primitives by undetermined coefficients, in the way of Risch and Norman: guess the terms, fit the coefficients.

Terms are those of the integrand and of its derivatives, with one power less of what stands in denominators, times
powers of x, and the logarithms and arcus tangents of denominators (Geddes, Czapor and Labahn, Algorithms for Computer
Algebra, ch. 12). The fit is that of `algebra.fits`, in floats at points.
"""

from collections.abc import Iterable, Iterator

import flint
import symengine as se

from symbolic.algebra.fits import SPARE_POINTS, by_length, fit, real_points, units_of, values_at
from symbolic.algebra.terms import additive_terms, constant_factor
from symbolic.expressions.engines import UNDEFINED, TooLargeError, differentiate
from symbolic.integration.algebraic import as_fraction, polynomial_coefficients, solved
from symbolic.integration.forms import COS, COSH, LN, SIN, SINH, X, depends, logarithm, parts, power_of, size
from symbolic.integration.rational import is_negative, rational, square_root
from symbolic.integration.search import Search

_STAGES = (  # rounds of derivatives, powers of x, columns at most
    (1, (0,), 24),
    (2, (0, 1), 60),
    (2, (0, 1, -1, 2), 60),
)
_LARGEST_TERM = 50  # parts
_LARGEST_INTEGRAND = 150
_MOST_TERMS = 45  # of which derivatives are taken
_MOST_FACTORS = 15
_SEED = 0
_COFUNCTIONS = {SIN: se.cos, COS: se.sin, SINH: se.cosh, COSH: se.sinh}
_STEPS_OF_A_FIT = 3
STEPS_OF_ALL_FITS = _STEPS_OF_A_FIT * len(_STAGES)


def undetermined(f: se.Basic, search: Search) -> se.Basic | None:
    """`fitted_primitive` for terms and partial sums of the integrand; the whole integrand is tried after all rules."""
    return fitted_primitive(f, search) if search.depth == 2 else None


def fitted_primitive(f: se.Basic, search: Search) -> se.Basic | None:
    """A combination of terms that come from f and its derivatives, if one fits at real points."""
    if f.free_symbols != {X} or size(f) > _LARGEST_INTEGRAND:
        return None
    if search.left <= _STEPS_OF_A_FIT:
        return None
    points, right = real_points(f, _SEED)
    if len(points) < SPARE_POINTS + 4:
        return None
    units, columns, tried = units_of(f), {}, None
    expanded: dict[se.Basic, dict] = {}
    for terms in _stages(f):
        if terms == tried:
            continue
        if not search.spend(_STEPS_OF_A_FIT):
            return None
        new = [term for term in terms if term not in columns]
        derivatives = [differentiate(term, X) for term in new]
        expanded |= {term: _monomials(derivative) for term, derivative in zip(new, derivatives, strict=True)}
        if (found := _exact_combination(_monomials(f), {term: expanded[term] for term in terms})) is not None:
            return found
        columns |= dict(zip(new, values_at(derivatives, points), strict=True))
        if (found := fit([(term, columns[term]) for term in terms], right, units)) is not None:
            return found
        tried = terms
    return None


def _monomials(expr) -> dict[se.Basic, flint.fmpq]:
    """The terms of the multiplied-out expression without numbers -> their rational factors."""
    found: dict[se.Basic, flint.fmpq] = {}
    for term in additive_terms(expr):
        monomial, number = _stripped(term), se.Integer(1)
        for factor in se.Mul.make_args(term):
            if isinstance(factor, se.Number):
                number *= factor
        if isinstance(number, se.Rational):
            found[monomial] = flint.fmpq(int(number.p), int(number.q))
    return found


def _exact_combination(f: dict, derivatives: dict[se.Basic, dict]) -> se.Basic | None:
    """The combination of terms whose derivatives add up to f term by term, all of them taken for independent.

    Where identities between functions are needed it finds nothing, but it has no trouble with rounding.
    """
    rows = {monomial: index for index, monomial in enumerate(dict.fromkeys(m for d in derivatives.values() for m in d))}
    if any(monomial not in rows for monomial in f):
        return None
    matrix = flint.fmpq_mat(len(rows), len(derivatives) + 1)
    for j, column in enumerate([*derivatives.values(), f]):
        for monomial, number in column.items():
            matrix[rows[monomial], j] = number
    solution = solved(matrix)
    if solution is None:
        return None
    return se.Add(*(rational(number) * term for term, number in zip(derivatives, solution, strict=True) if number))


def _stages(f) -> Iterator[list[se.Basic]]:
    """Terms to combine, fewer before more, because floats recover few coefficients better."""
    start = list(additive_terms(f))
    logarithms, reduced = _from_denominator(f)
    logarithms += [X, *(term for part in parts(f) if type(part) is LN for term in (part, X * part))]
    known: dict[se.Basic, None] = {}
    layer, done = _new_terms([*start, *reduced], known), 0
    for rounds, powers, count in _STAGES:
        if done == 1:
            layer += _new_terms(_parents(f, start), known)
        while done < rounds:
            derivatives = [differentiate(term, X) for term in layer]
            layer = _new_terms((term for each in derivatives for term in additive_terms(each)), known)
            done += 1
        closure = [_stripped(term * X**k) for term in known for k in powers]
        terms = [term for term in dict.fromkeys([*logarithms, *closure]) if depends(term)]
        yield by_length(terms)[:count]


def _parents(f, terms: list[se.Basic]) -> list[se.Basic]:
    """Products that have a term of f among the terms of their derivative: of A'*B, A*B for the functions A in f."""
    factors = [factor for part in parts(f) for factor in (part, *_cofunctions(part)) if not isinstance(part, se.Add)]
    factors = [factor for factor in dict.fromkeys(factors) if not isinstance(factor, se.Mul) or size(factor) < 12]
    found = []
    for factor in factors[:_MOST_FACTORS]:
        slope = differentiate(factor, X)
        if slope == 0 or isinstance(slope, UNDEFINED):
            continue
        ratio = factor / slope
        for term in dict.fromkeys([*se.Add.make_args(f), *terms]):
            parent = term * ratio
            if size(parent) <= size(term) + size(factor):
                found.append(parent)
    return by_length(found)


def _cofunctions(part) -> list[se.Basic]:
    pair = _COFUNCTIONS.get(type(part))
    return [] if pair is None else [pair(*part.args)]


def _new_terms(terms: Iterable[se.Basic], known: dict[se.Basic, None]) -> list[se.Basic]:
    """Those of the terms, without numbers, that are not known and not too large; they are known then."""
    new = []
    for term in map(_stripped, terms):
        if len(known) >= _MOST_TERMS:
            break
        if depends(term) and term not in known and not isinstance(term, UNDEFINED) and size(term) <= _LARGEST_TERM:
            known[term] = None
            new.append(term)
    return new


def _from_denominator(f) -> tuple[list[se.Basic], list[se.Basic]]:
    """Logarithms of the factors of the denominator, and the integrand's terms over these with lower powers."""
    fraction = as_fraction(f)
    logarithms, reduced, denominator = [], [], se.Integer(1)
    if fraction is None:
        return logarithms, reduced
    top, bottom = fraction
    try:
        _, factors = bottom.factored()
    except TooLargeError:
        return logarithms, reduced
    numerators = additive_terms(top.expression())[:12]
    for factor, times in factors:
        expr = factor.expression()
        if not depends(expr):
            continue
        logarithms += _logarithmic(expr)
        is_sum = isinstance(expr, se.Add)
        denominator *= expr ** (times - 1) if is_sum else expr**times
        if is_sum and times == 1:
            reduced += [term / expr for term in numerators[:8]]
    return logarithms[:12], [*reduced, *(term / denominator for term in numerators)]


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
