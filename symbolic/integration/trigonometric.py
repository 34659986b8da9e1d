"""Primitives of rational functions of sin and cos, or of sinh and cosh, and of exp.

With S and C for sin and cos, S^2 + C^2 = 1. What is odd in S is a function of C times S, so u = cos; what is odd in C,
u = sin; what does not change with the signs of both, u = tan; anything else, u = tan(x/2) (Bioche's rules). The same
holds for sinh and cosh, with C^2 - S^2 = 1.
"""

import functools
from typing import NamedTuple

import flint
import symengine as se

from symbolic.expressions.engines import UNDEFINED
from symbolic.integration.algebraic import as_fraction, normal, univariate
from symbolic.integration.exponential import exponential_polynomial
from symbolic.integration.forms import (
    COS,
    COSH,
    ONE,
    SIN,
    SINH,
    U,
    V,
    X,
    depends,
    exponent_of,
    gcd_of,
    linear,
    logarithm,
    parts,
    size,
    tidied,
    with_exponentials,
    with_quotients,
)
from symbolic.integration.rational import rational
from symbolic.integration.search import Search

_HIGHEST_MULTIPLE = 8
_LARGEST = 400  # parts of a function of S and C
_S, _C = U, V


class _Functions(NamedTuple):
    """A pair of functions: S^2 = sign*(1 - C^2), C' = -sign*S, and T = S/C with T' = 1 + sign*T^2."""

    sine: type
    cosine: type
    sign: int
    s: callable
    c: callable
    t: callable


_TRIGONOMETRIC = _Functions(SIN, COS, 1, se.sin, se.cos, se.tan)
_HYPERBOLIC = _Functions(SINH, COSH, -1, se.sinh, se.cosh, se.tanh)


def of_sines(f: se.Basic, search: Search) -> se.Basic | None:
    """A function of sin and cos (and tan, ...) of multiples of one linear term, or of sinh and cosh."""
    if (found := _of_different_phases(f)) is not None:
        return found
    f = with_quotients(f)
    for functions in (_TRIGONOMETRIC, _HYPERBOLIC):
        read = _in_s_and_c(f, functions)
        if read is not None:
            return _integrated(*read, functions, search)
    return None


def _of_different_phases(f) -> se.Basic | None:
    """Products such as cos(x)*cos(x + 1), which sums of multiple angles write without cos(1)*cos(x)."""
    arguments = [part.args[0] for part in parts(f) if type(part) in (SIN, COS, SINH, COSH)]
    is_one_angle = not arguments or any(linear(u) is None for u in arguments) or gcd_of(arguments) is not None
    return None if is_one_angle else exponential_polynomial(f)


def _in_s_and_c(f, functions) -> tuple[se.Basic, se.Basic] | None:
    """f in S and C, and the angle; None if x occurs elsewhere."""
    found = [part for part in parts(f) if type(part) in (functions.sine, functions.cosine)]
    if not found:
        return None
    arguments = list(dict.fromkeys(part.args[0] for part in found))
    if any(linear(argument) is None for argument in arguments):
        return None
    angle = gcd_of(arguments)
    if angle is None:  # sin(x + 3) beside sin(x): the constants are split off
        slope = gcd_of([linear(argument)[0] for argument in arguments])
        if slope is None:
            return None
        angle = slope * X
    replaced = {}
    for part in found:
        multiple, rest = _quotient(part.args[0], angle)
        if abs(multiple) > _HIGHEST_MULTIPLE:
            return None
        s, c = _multiple(abs(multiple), functions.sign)
        s = s if multiple > 0 else -s
        if rest != 0:  # sin(u + b) and cos(u + b)
            sine, cosine = functions.s(rest), functions.c(rest)
            s, c = s * cosine + c * sine, c * cosine - functions.sign * s * sine
        replaced[part] = c if type(part) is functions.cosine else s
    changed = f.xreplace(replaced)
    return None if depends(changed) else (changed, angle)


def _quotient(argument, angle) -> tuple[int, se.Basic]:
    """(n, b) with argument = n*angle + b."""
    multiple = se.expand(linear(argument)[0] / linear(angle)[0])
    return int(multiple), se.expand(argument - multiple * angle)


@functools.cache
def _multiple(n: int, sign: int) -> tuple[se.Basic, se.Basic]:
    """sin(n*t) and cos(n*t) in S and C, the powers of S reduced."""
    if n == 1:
        return _S, _C
    s, c = _multiple(n - 1, sign)
    first = se.expand(s * _C + c * _S)
    second = se.expand(c * _C - sign * s * _S)
    square = sign * (1 - _C**2)
    return se.expand(_reduced(first, _S, square)), se.expand(_reduced(second, _S, square))


def _integrated(g, angle, functions, search) -> se.Basic | None:
    slope = angle.diff(X)
    if size(g) > _LARGEST:
        return None
    if functions is _TRIGONOMETRIC and g == 1 / _C:  # shorter than what u = sin gives
        return logarithm(se.tan(angle) + 1 / se.cos(angle)) / slope
    if g == 1 / _S:
        return logarithm(functions.t(angle / 2)) / slope
    candidates = [method(g, angle, functions, search) for method in (_by_cosine, _by_sine, _by_tangent)]
    candidates = [each for each in candidates if each is not None]
    if not candidates:
        for method in (_split, _by_half_angle):
            found = method(g, angle, functions, search)
            if found is not None:
                candidates.append(found)
    if not candidates:
        return None
    return min(candidates, key=size) / slope


def _only(expr, symbol, other, square) -> se.Basic | None:
    """The expression in `symbol` alone, if the other occurs with even powers only."""
    changed = _reduced(expr, other, square)
    if other in changed.free_symbols:
        parts_of = as_fraction(changed)
        if parts_of is None:
            return None
        changed = _rationalised(parts_of, other, square)
        if changed is None or other in changed.free_symbols:
            return None
    return changed


def _reduced(expr, symbol, square):
    """symbol^(2*k) as square^k, and symbol^(2*k + 1) as symbol*square^k, everywhere in an expression."""
    known = {}

    def visit(part):
        if not part.args or isinstance(part, UNDEFINED):
            return part
        if part in known:
            return known[part]
        if isinstance(part, se.Pow) and part.args[0] == symbol and isinstance(part.args[1], se.Integer):
            exponent = int(part.args[1])
            result = symbol ** (exponent % 2) * square ** (exponent // 2)
        else:
            result = part.func(*map(visit, part.args))
        known[part] = result
        return result

    return visit(expr)


def _rationalised(fraction_parts, symbol, square):
    """numerator/denominator in lowest terms, with `symbol` in neither if that is possible."""
    (n0, n1), (d0, d1) = (_halves(part, symbol, square) for part in fraction_parts)
    norm = se.expand(d0**2 - d1**2 * square)
    if norm == 0:
        return None
    odd = se.expand(n1 * d0 - n0 * d1)
    if odd != 0:
        return None
    return normal(se.expand(n0 * d0 - n1 * d1 * square) / norm)


def _halves(part, symbol, square):
    """(p, q) of a polynomial p + q*symbol."""
    if symbol not in part.generators:
        return part.expression(), se.Integer(0)
    halves = [se.Integer(0), se.Integer(0)]
    for degree, coefficient in part.coefficients(part.generators.index(symbol)).items():
        halves[degree % 2] += coefficient * square ** (degree // 2)
    return tuple(map(se.expand, halves))


def _by_cosine(g, angle, functions, search):
    changed = _only(normal(g / _S), _C, _S, functions.sign * (1 - _C**2))
    if changed is None:
        return None
    return _put(changed.xreplace({_C: X}) * -functions.sign, functions.c(angle), search)


def _by_sine(g, angle, functions, search):
    changed = _only(normal(g / _C), _S, _C, 1 - functions.sign * _S**2)
    if changed is None:
        return None
    return _put(changed.xreplace({_S: X}), functions.s(angle), search)


def _by_tangent(g, angle, functions, search):
    if _is_polynomial(g):
        found = exponential_polynomial(_at(g, X, functions))
        return None if found is None else found.xreplace({X: angle})
    changed = normal(g.xreplace({_S: _S * _C}))
    changed = _only(changed, _S, _C, 1 / (1 + functions.sign * _S**2))
    if changed is None:
        return None
    return _over_slope_of_tangent(changed.xreplace({_S: X}), angle, functions, search)


def _over_slope_of_tangent(r, angle, functions, search):
    """A primitive of r(u)/(1 + u^2) for u = tan x, where r(i) = a + b*i gives the terms a*x - b*ln|cos x|."""
    slope = 1 + functions.sign * X**2
    parts_of = as_fraction(r)
    top, bottom = map(univariate, parts_of) if parts_of is not None else (None, None)
    linear_part, logarithmic = se.Integer(0), se.Integer(0)
    if top is not None and bottom is not None:
        modulus = flint.fmpq_poly([1, 0, functions.sign])
        common, inverse, _ = bottom.xgcd(modulus)
        if common.degree() == 0:
            rest = top * inverse / common[0] % modulus
            a, b = rational(flint.fmpq(rest[0])), rational(flint.fmpq(rest[1]))
            linear_part, logarithmic = a * angle, -functions.sign * b * logarithm(functions.c(angle))
            r = normal(r - a - b * X)
    found = _put(normal(r / slope), functions.t(angle), search) if r != 0 else se.Integer(0)
    return None if found is None else found + linear_part + logarithmic


def _is_polynomial(g) -> bool:
    parts_of = as_fraction(g)
    return parts_of is not None and not parts_of[1].expression().free_symbols & {_S, _C}


def _at(g, angle, functions):
    return g.xreplace({_S: functions.s(angle), _C: functions.c(angle)})


def _by_half_angle(g, angle, functions, search):
    sign = functions.sign
    one_plus = 1 + sign * X**2
    changed = normal(g.xreplace({_S: 2 * X / one_plus, _C: (1 - sign * X**2) / one_plus}) * 2 / one_plus)
    return _put(changed, functions.t(angle / 2), search)


def _split(g, angle, functions, search):
    """A(C) + S*B(C), and A(C) as its even and odd part."""
    parts_of = as_fraction(g)
    if parts_of is None:
        return None
    square = functions.sign * (1 - _C**2)
    (n0, n1), (d0, d1) = (_halves(part, _S, square) for part in parts_of)
    norm = se.expand(d0**2 - d1**2 * square)
    if norm == 0:
        return None
    odd = normal(se.expand(n1 * d0 - n0 * d1) / norm)
    plain = normal(se.expand(n0 * d0 - n1 * d1 * square) / norm)
    mirrored = plain.xreplace({_C: -_C})
    pieces = [odd * _S, normal((plain + mirrored) / 2), normal((plain - mirrored) / 2)]
    pieces = [piece for piece in pieces if piece != 0]
    if len(pieces) < 2:
        return None
    total = se.Integer(0)
    for piece in pieces:
        found = None
        for method in (_by_cosine, _by_sine, _by_tangent):
            found = method(piece, angle, functions, search)
            if found is not None:
                break
        if found is None:
            return None
        total += found
    return total


def _put(integrand, inner, search) -> se.Basic | None:
    found = search.integrate(integrand)
    return None if found is None else tidied(found.xreplace({X: inner}))


# --- Exponentials ---------------------------------------------------------------------------------------------------


def of_exponentials(f: se.Basic, search: Search) -> se.Basic | None:
    """A function of exp(k*x) alone, with any powers of it: u = exp(k*x)."""
    f = with_exponentials(f)
    exponents = {exponent_of(part) for part in parts(f)} - {None}
    if not exponents or any(linear(exponent) is None for exponent in exponents):
        return None
    slopes = [linear(exponent)[0] for exponent in exponents]
    k = gcd_of(slopes)
    if k is None:
        return None
    if isinstance(k, se.Rational):
        k = -abs(k) if all(slope < 0 for slope in slopes) else abs(k)
    replaced = {}
    for exponent in exponents:
        slope, constant = linear(exponent)
        replaced[se.exp(exponent)] = U ** se.expand(slope / k) * (se.exp(constant) if constant != 0 else ONE)
    changed = f.xreplace(replaced)
    if depends(changed):
        return None
    changed = normal(changed / U) / k
    return _put(changed.xreplace({U: X}), se.exp(k * X), search)
