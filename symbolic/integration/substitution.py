"""Primitives by substitution: f(g(x))*g'(x) for every part g of the integrand, inverse functions and logarithms."""

import symengine as se

from symbolic.expressions.engines import UNDEFINED, differentiate
from symbolic.integration.algebraic import normal
from symbolic.integration.forms import (
    ACOS,
    ACOSH,
    ASIN,
    ASINH,
    ATAN,
    ATANH,
    COS,
    COSH,
    LN,
    ONE,
    SIN,
    SINH,
    TAN,
    TANH,
    U,
    X,
    depends,
    exponent_of,
    linear,
    mapped,
    parts,
    power_of,
    size,
    tidied,
)
from symbolic.integration.search import Search

_MOST_CANDIDATES = 12


def derivative_divides(f: se.Basic, search: Search) -> se.Basic | None:
    """u = g for a part g of the integrand: where f/g' is a function of g, its primitive is found and g put in."""
    return _by_inner_part(f, search, _in_terms_of)


def derivative_is_a_factor(f: se.Basic, search: Search) -> se.Basic | None:
    """`derivative_divides` where g' is a factor as it stands, which costs little to see."""
    return _by_inner_part(f, search, _quotient_in_terms_of) if isinstance(f, se.Mul) else None


def _by_inner_part(f, search, in_terms_of) -> se.Basic | None:
    for g in _candidates(f):
        if search.left <= 0:
            return None
        changed = in_terms_of(f, g, search)
        if changed is None or changed == f:
            continue
        found = search.integrate(changed)
        if found is not None:
            return tidied(found.xreplace({X: g}))
    return None


def _candidates(f) -> list[se.Basic]:
    found: dict[se.Basic, None] = {}
    for part in parts(f):
        if part == f and isinstance(part, se.Mul | se.Add):
            continue
        if isinstance(part, se.Mul):
            varying = se.Mul(*(factor for factor in part.args if depends(factor)))
            found[varying] = None
            if all(isinstance(n, se.Integer) and int(n) % 2 == 0 for _, n in map(power_of, varying.args)):
                found[se.Mul(*(base ** (n / 2) for base, n in map(power_of, varying.args)))] = None
            continue
        found[part] = None
        if isinstance(part, se.Pow):
            base, exponent = part.args
            if base == X and isinstance(exponent, se.Integer):
                for n in (2, 3, 4):
                    if int(exponent) % n == 0 or (int(exponent) + 1) % n == 0:
                        found[X**n] = None
            if isinstance(exponent, se.Integer) and int(exponent) % 2 == 0:
                found[base ** (exponent / 2)] = None
                found[base**2] = None
    if any(part == X for part in f.args) or any(X in part.args for part in parts(f) if isinstance(part, se.Mul)):
        found[X**2] = None
    unwanted = [g for g in found if g == X or linear(g) is not None or not depends(g)]
    ordered = [g for g in found if g not in unwanted]
    ordered.sort(key=lambda g: (-size(g), str(g)))
    return ordered[:_MOST_CANDIDATES]


def _quotient_in_terms_of(f, g, search) -> se.Basic | None:
    """f/g' as a function of g, with x for g, if SymEngine cancels g'."""
    slope = differentiate(g, X)
    if slope == 0 or isinstance(slope, UNDEFINED):
        return None
    quotient = (f / slope).xreplace(_replacements(f, g))
    return None if depends(quotient) else quotient.xreplace({U: X})


def _in_terms_of(f, g, search) -> se.Basic | None:
    """f/g' as a function of g, with x for g; None if it is none."""
    slope = differentiate(g, X)
    if slope == 0 or isinstance(slope, UNDEFINED):
        return None
    if not search.spend(1):
        return None
    protected = f.xreplace(_replacements(f, g))
    for divisor in dict.fromkeys([slope, slope.xreplace(_replacements(slope, g))]):
        quotient = normal(protected / divisor)
        quotient = quotient.xreplace(_replacements(quotient, g))
        if depends(quotient):
            quotient = _solved_for(quotient, g)
        if quotient is not None and not depends(quotient):
            return quotient.xreplace({U: X})
    return None


def _replacements(f, g) -> dict:
    """What is a function of g, with U for g: g and its powers, multiples of g, and exponentials of g or with it."""
    replaced = {g: U, -g: -U, g**2: U**2, g**-2: U**-2}
    base, exponent = power_of(g)
    exponentials = [factor for factor in se.Mul.make_args(g) if exponent_of(factor) is not None]
    inner = exponent_of(exponentials[0]) if len(exponentials) == 1 else None
    for part in parts(f):
        other = exponent_of(part)
        part_base, part_exponent = power_of(part)
        if other is not None:
            changed = _exponential(other, g, inner)
            if changed is not None:
                replaced[part] = changed
        elif isinstance(part, se.Mul) and (power := _power_in(part, g)):
            replaced[part] = part / g**power * U**power
        elif inner is None and part_base == base and part != g and isinstance(exponent, se.Rational):
            ratio = part_exponent / exponent
            if isinstance(ratio, se.Integer) or exponent == 1:
                replaced[part] = U**ratio
    return replaced


def _power_in(part, g) -> int:
    """n of part = c*g^n with a number c; 0 if it is none."""
    return next((n for n in (1, 2, -1, -2) if isinstance(part / g**n, se.Number)), 0)


def _exponential(exponent, g, inner) -> se.Basic | None:
    """exp(exponent) with exp(c*U) for each term c*g, and, for g = r*exp(inner), (U/r)^n for each term n*inner."""
    result, rest = ONE, []
    for term in se.Add.make_args(exponent):
        if isinstance(term / g, se.Number):
            result *= se.exp(term / g * U)
            continue
        ratio = None if inner is None else term / inner
        ratio = se.expand(ratio) if ratio is not None and depends(ratio) else ratio
        scale = ONE if inner is None else g / se.exp(inner)
        if isinstance(ratio, se.Integer) or (isinstance(ratio, se.Rational) and scale == 1):
            result *= (U / scale) ** ratio
        else:
            rest.append(term)
    return None if result == 1 else result * se.exp(se.Add(*rest))


def _solved_for(quotient, g) -> se.Basic | None:
    """The quotient with one part of g = a*part + b solved for, as x^2 = u - 1 of u = x^2 + 1."""
    if not isinstance(g, se.Add):
        return None
    varying = [term for term in g.args if depends(term)]
    if len(varying) != 1:
        return None
    (term,) = varying
    factor = se.Mul(*(each for each in se.Mul.make_args(term) if depends(each)))
    value = (U - (g - term)) * factor / term
    base, exponent = power_of(factor)
    replaced = {factor: value}
    for part in parts(quotient):
        part_base, part_exponent = power_of(part)
        if part_base == base and isinstance(exponent, se.Integer):
            ratio = part_exponent / exponent
            if isinstance(ratio, se.Integer):
                replaced[part] = value**ratio
    return quotient.xreplace(replaced)


def linear_argument(f: se.Basic, search: Search) -> se.Basic | None:
    """u = a*x + b, if that is the only argument of functions and base of roots."""
    inner = set()
    for part in parts(f):
        if isinstance(part, se.Pow) and exponent_of(part) is None:
            base, exponent = part.args
            if not isinstance(exponent, se.Integer) and linear(base) is not None:
                inner.add(base)
        elif exponent_of(part) is None and len(part.args) == 1 and linear(part.args[0]) is not None:
            inner.add(part.args[0])
    if len(inner) != 1 or X in inner:
        return None
    (only,) = inner
    a, b = linear(only)
    changed = f.xreplace({only: U}).xreplace({X: (U - b) / a}).xreplace({U: X})
    found = search.integrate(changed / a)
    return None if found is None else tidied(found.xreplace({X: only}))


# --- u = asin(x) and the like -----------------------------------------------------------------------------------------

_INVERSES = {  # function -> x as a function of u, and the pair of u's functions with their values in x
    ASIN: (se.sin, {SIN: lambda x: x, COS: lambda x: se.sqrt(1 - x**2)}),
    ACOS: (se.cos, {COS: lambda x: x, SIN: lambda x: se.sqrt(1 - x**2)}),
    ATAN: (se.tan, {TAN: lambda x: x, COS: lambda x: 1 / se.sqrt(1 + x**2), SIN: lambda x: x / se.sqrt(1 + x**2)}),
    ASINH: (se.sinh, {SINH: lambda x: x, COSH: lambda x: se.sqrt(1 + x**2)}),
    ACOSH: (se.cosh, {COSH: lambda x: x, SINH: lambda x: se.sqrt(x - 1) * se.sqrt(x + 1)}),
    ATANH: (se.tanh, {TANH: lambda x: x}),
}
_WITH_ROOTS = (ASIN, ACOS, ASINH, ACOSH)  # whose derivatives hold a root
_ROOTS = {  # base -> u's function whose square it is, for the roots beside an inverse function
    ASIN: lambda x: {1 - x**2: se.cos(X)},
    ACOS: lambda x: {1 - x**2: se.sin(X)},
    ATAN: lambda x: {1 + x**2: 1 / se.cos(X)},
    ASINH: lambda x: {1 + x**2: se.cosh(X)},
    ACOSH: lambda x: {x - 1: None, x**2 - 1: se.sinh(X)},
    ATANH: lambda x: {},
}


def power_of_inverse_function(f: se.Basic, search: Search) -> se.Basic | None:
    """`inverse_function` where asin(x)^n or the like is a factor, with n of 2 or more."""
    powers = map(power_of, se.Mul.make_args(f))
    is_one = any(type(base) in _WITH_ROOTS and isinstance(n, se.Integer) and n >= 2 for base, n in powers)
    return inverse_function(f, search) if is_one else None


def inverse_function(f: se.Basic, search: Search) -> se.Basic | None:
    """u = asin(x), ln(x) and the like, of x or a linear term, where f is algebraic beside it."""
    for part in parts(f):
        if type(part) is LN and linear(part.args[0]) is not None:
            found = _by_logarithm(f, part, search)
        elif type(part) in _INVERSES and linear(part.args[0]) is not None:
            found = _by_inverse(f, part, search)
        else:
            continue
        if found is not None:
            return found
    return None


def _by_logarithm(f, part, search) -> se.Basic | None:
    """u = ln(a*x + b), x = (exp(u) - b)/a."""
    a, b = linear(part.args[0])
    changed = f.xreplace({part: U})
    if any(type(each) is LN for each in parts(changed)):
        return None
    changed = tidied(changed.xreplace({X: (se.exp(U) - b) / a}).xreplace({U: X})) * se.exp(X) / a
    found = search.integrate(se.expand(changed) if size(changed) < 40 else changed)
    if found is None:
        return None
    return _without_exponential(found, part)


def _without_exponential(found, logarithm):
    (inner,) = logarithm.args

    def change(part):
        exponent = exponent_of(part)
        if exponent is not None and linear(exponent) is not None:
            slope, constant = linear(exponent)
            return U**slope * (se.exp(constant) if constant != 0 else ONE)
        return part

    return tidied(mapped(found, change).xreplace({X: logarithm}).xreplace({U: inner}))


def _by_inverse(f, part, search) -> se.Basic | None:
    kind, (inner,) = type(part), part.args
    a, b = linear(inner)
    outer, values = _INVERSES[kind]
    changed = f.xreplace({part: U})
    if any(type(each) in _INVERSES or type(each) is LN for each in parts(changed)):
        return None
    x = (outer(X) - b) / a
    changed = changed.xreplace({X: x}).xreplace({U: X})
    # The root beside it, as sqrt(1 - sin(u)^2), becomes cos(u).
    replaced = {}
    for square, value in _ROOTS[kind](outer(X)).items():
        if value is None:
            continue
        for each in parts(changed):
            if isinstance(each, se.Pow) and isinstance(each.args[1], se.Rational):
                ratio = se.expand(each.args[0] / square) if each.args[0] != square else ONE
                if each.args[0] == square or isinstance(ratio, se.Rational):
                    replaced[each] = ratio ** each.args[1] * value ** (2 * each.args[1])
    changed = changed.xreplace(replaced)
    found = search.integrate(changed * outer(X).diff(X) / a)
    if found is None:
        return None
    return _back(found, part, values)


def _back(found, part, values) -> se.Basic | None:
    (inner,) = part.args

    def change(each):
        if type(each) in (SIN, COS, SINH, COSH) and each.args[0] != X:
            ratio = each.args[0] / X
            if isinstance(ratio, se.Integer) and 1 < int(ratio) <= 6:
                return _expanded_multiple(type(each), int(ratio))
        return each

    found = mapped(found, change)
    replaced = {}
    for each in parts(found):
        if each.args and each.args[0] == X and type(each) in values:
            replaced[each] = values[type(each)](U)
    result = found.xreplace(replaced).xreplace({X: part}).xreplace({U: inner})
    return tidied(result)


def _expanded_multiple(kind, n):
    hyperbolic = kind in (SINH, COSH)
    s, c = (se.sinh(X), se.cosh(X)) if hyperbolic else (se.sin(X), se.cos(X))
    sine, cosine = s, c
    for _ in range(n - 1):
        sine, cosine = se.expand(sine * c + cosine * s), se.expand(cosine * c + (sine * s if hyperbolic else -sine * s))
    return sine if kind in (SIN, SINH) else cosine
