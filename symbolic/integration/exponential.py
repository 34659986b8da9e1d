"""Primitives of x^n * exp(a*x) * sin(b*x + c) and of sums and products of such terms, with any constants a, b, c.

Products of sines and cosines become sums first. Then x^n is integrated by parts, n times.
"""

import math

import symengine as se

from symbolic.integration.forms import COS, COSH, ONE, SIN, SINH, X, depends, exponent_of, linear, power_of

_MOST_TERMS = 100
_HIGHEST_POWER = 12

_ZERO = se.Integer(0)
_Term = tuple  # (coefficient, power of x, exponent, function or None, its argument)
_SECOND = {  # f(u)*g(v) = (sign*h(u - v) + other*h(u + v))/2
    (COS, COS): (1, se.cos, 1),
    (SIN, SIN): (1, se.cos, -1),
    (SIN, COS): (1, se.sin, 1),
    (COSH, COSH): (1, se.cosh, 1),
    (SINH, SINH): (-1, se.cosh, 1),
    (SINH, COSH): (1, se.sinh, 1),
}
_FUNCTIONS = {COS: se.cos, SIN: se.sin, COSH: se.cosh, SINH: se.sinh}


def exponential_polynomial(f: se.Basic) -> se.Basic | None:
    """A primitive of a polynomial in x, exp, sin, cos, sinh and cosh of linear terms; None for other integrands."""
    if not _is_candidate(f):
        return None
    terms = _terms(f)
    if terms is None:
        return None
    return se.Add(*(_integrated(*term) for term in terms))


def _is_candidate(f) -> bool:
    todo = [f]
    while todo:
        part = todo.pop()
        if part == X or not depends(part):
            continue
        if isinstance(part, se.Add | se.Mul):
            todo += part.args
        elif exponent_of(part) is not None:
            if linear(exponent_of(part)) is None:
                return False
        elif isinstance(part, se.Pow):
            base, exponent = part.args
            if not (isinstance(exponent, se.Integer) and 0 < exponent <= _HIGHEST_POWER):
                return False
            todo.append(base)
        elif type(part) in _FUNCTIONS:
            if linear(part.args[0]) is None:
                return False
        else:
            return False
    return True


def _count_terms(f) -> int:
    """How many terms the multiplied-out f has at most."""
    if isinstance(f, se.Add):
        return sum(map(_count_terms, f.args))
    if isinstance(f, se.Mul):
        return math.prod(map(_count_terms, f.args))
    base, exponent = power_of(f)
    if isinstance(base, se.Add) and isinstance(exponent, se.Integer) and depends(base):
        return math.comb(_count_terms(base) + int(exponent) - 1, int(exponent))
    return 1


def _terms(f) -> list[_Term] | None:
    if _count_terms(f) > _MOST_TERMS:
        return None
    found: dict[tuple, se.Basic] = {}
    for product in se.Add.make_args(se.expand(f)):
        current = [(ONE, 0, _ZERO, None, None)]
        for factor in se.Mul.make_args(product):
            base, exponent = power_of(factor)
            repeat = 1
            if depends(base) and not depends(exponent) and exponent != 1 and base != X:
                repeat = int(exponent)
            for _ in range(repeat):
                piece = factor if repeat == 1 else base
                current = [new for term in current for new in _times(term, piece)]
                if len(current) > _MOST_TERMS:
                    return None
        for coefficient, *key in current:
            found[tuple(key)] = found.get(tuple(key), _ZERO) + coefficient
            if len(found) > _MOST_TERMS:
                return None
    return [(se.expand(coefficient), *key) for key, coefficient in found.items() if se.expand(coefficient) != 0]


def _times(term: _Term, factor) -> list[_Term]:
    coefficient, power, exponent, kind, angle = term
    if not depends(factor):
        return [(coefficient * factor, power, exponent, kind, angle)]
    base, degree = power_of(factor)
    if base == X:
        return [(coefficient, power + int(degree), exponent, kind, angle)]
    inner = exponent_of(factor)
    if inner is not None:
        slope, constant = linear(inner)
        if kind in (COSH, SINH):
            return [new for old in _as_exponentials(term) for new in _times(old, factor)]
        scale = se.exp(constant) if constant != 0 else ONE
        return [(coefficient * scale, power, exponent + slope * X, kind, angle)]
    function, argument = type(factor), factor.args[0]
    if function in (COSH, SINH) and (exponent != 0 or kind in (COS, SIN)):
        sign = 1 if function is COSH else -1
        return [
            new
            for scale, each in ((se.Rational(1, 2), argument), (se.Rational(sign, 2), -argument))
            for new in _times((coefficient * scale, power, exponent, kind, angle), se.exp(each))
        ]
    if kind is None:
        return [(coefficient, power, exponent, function, argument)]
    if kind in (COSH, SINH) and function in (COS, SIN):
        return [new for old in _as_exponentials(term) for new in _times(old, factor)]
    first, second = (kind, angle), (function, argument)
    if (kind, function) not in _SECOND:
        first, second = second, first
    sign, result, other = _SECOND[first[0], second[0]]
    halves = [(sign, se.expand(first[1] - second[1])), (other, se.expand(first[1] + second[1]))]
    return [
        new
        for weight, total in halves
        for new in _with_function(coefficient * weight / 2, power, exponent, result(total))
    ]


def _with_function(coefficient, power, exponent, value) -> list[_Term]:
    """The term with a value that is a function, its negative or a number."""
    result = []
    for each in se.Add.make_args(value):
        functions = [factor for factor in se.Mul.make_args(each) if depends(factor)]
        if not functions:
            result.append((coefficient * each, power, exponent, None, None))
        else:
            (function,) = functions
            result.append((coefficient * each / function, power, exponent, type(function), function.args[0]))
    return result


def _as_exponentials(term: _Term) -> list[_Term]:
    coefficient, power, exponent, kind, angle = term
    sign = 1 if kind is COSH else -1
    plain = (power, exponent, None, None)
    halves = ((coefficient / 2, angle), (sign * coefficient / 2, -angle))
    return [new for scale, each in halves for new in _times((scale, *plain), se.exp(each))]


def _integrated(coefficient, power, exponent, kind, angle) -> se.Basic:
    a = exponent.diff(X)
    if kind is None and a == 0:
        return coefficient * X ** (power + 1) / (power + 1)
    b = angle.diff(X) if kind is not None else _ZERO
    hyperbolic = kind in (COSH, SINH)
    square = a**2 - b**2 if hyperbolic else a**2 + b**2
    # The k-th repeated integral of exp(a*x)*cos(t) is exp(a*x)*(r*cos(t) + s*sin(t)), that of sin alike.
    even, odd = (se.cosh, se.sinh) if hyperbolic else (se.cos, se.sin)
    r, s = (ONE, _ZERO) if kind in (COS, COSH, None) else (_ZERO, ONE)
    polynomial, cosines, sines = X**power, _ZERO, _ZERO
    while polynomial != 0:
        if hyperbolic:
            r, s = se.expand(a * r - b * s) / square, se.expand(a * s - b * r) / square
        else:
            r, s = se.expand(a * r - b * s) / square, se.expand(a * s + b * r) / square
        cosines += r * polynomial
        sines += s * polynomial
        polynomial = -polynomial.diff(X)
    grows = se.exp(exponent)
    if kind is None:
        return coefficient * cosines * grows
    return coefficient * grows * (cosines * even(angle) + sines * odd(angle))
