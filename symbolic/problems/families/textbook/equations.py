"""What the forms of textbook equations share: names, e^u, simple functions, and answers to simple right-hand sides.

A form returns (equation, solution): an expression in x, Y, Y' and Y'' that is 0, and y(x) with the constants a8 and a9.
"""

from collections.abc import Callable

import symengine as se

from symbolic.problems.families.textbook.parameters import Parameters

Pair = tuple[se.Basic, se.Basic]  # an equation = 0 and its solution
Form = Callable[[Parameters], Pair]

X, Y, DY, DDY = (se.Symbol(name) for name in ("x", "Y", "Y'", "Y''"))
C, D = se.Symbol("a8"), se.Symbol("a9")
sin, cos, tan, sqrt, ln = se.sin, se.cos, se.tan, se.sqrt, se.log
_LN_ABS_X, _L = ln(abs(X)), se.Symbol("ln_abs_x")


def exp(u: se.Basic) -> se.Basic:
    """e^u, with x^k for e^(k*ln|x|) if k is a number: the constant beside it takes the sign."""
    power = u.xreplace({_LN_ABS_X: _L})
    if not se.has_symbol(power, _L):
        return se.exp(u)
    power = se.expand(power)
    k = power.diff(_L)
    return se.exp(power - k * _L) * X**k if isinstance(k, se.Number) else se.exp(u)


def simple(p: Parameters) -> se.Basic:
    """A simple function of x, to be a particular solution or a right-hand side."""
    k, n = p.scale(), p.small(3)
    choices = (
        X,
        X**n,
        X**2 + p.whole(),
        exp(k * X),
        sin(k * X),
        cos(k * X),
        ln(X),
        1 / X,
        sqrt(X),
        X * exp(k * X),
        X * sin(X),
        se.Integer(1),
        p.nonzero() * X + p.whole(),
    )
    return p.coefficient() * p.one_of(choices)


def response(p: Parameters, coefficients: tuple) -> Pair:
    """(r, y) with a*y'' + b*y' + c*y = r for (a, b, c), r as people ask it: undetermined coefficients."""
    a, b, c = coefficients

    def at(r):  # the characteristic polynomial
        return a * r**2 + b * r + c

    kind = p.below(6)
    m = p.coefficient()
    if kind < 2:
        r = p.nonzero() if p.chance(50) else p.scale()
        value, slope = at(r), 2 * a * r + b
        if value != 0:
            return m * exp(r * X), m * exp(r * X) / value
        return m * exp(r * X), (m * X * exp(r * X) / slope) if slope != 0 else m * X**2 * exp(r * X) / (2 * a)
    if kind < 4:
        w = p.small(5)
        real, imaginary = c - a * w**2, b * w
        size = real**2 + imaginary**2
        wave, other, sign = (cos(w * X), sin(w * X), 1) if p.chance(50) else (sin(w * X), cos(w * X), -1)
        if size == 0:
            return m * wave, m * X * other * sign / (2 * a * w)
        return m * wave, m * (real * wave + sign * imaginary * other) / size
    degree = p.below(3)
    right = m * X**degree if p.chance(60) else se.Add(*(p.whole() * X**n for n in range(degree + 1))) + X**degree
    solution, rest = se.Integer(0), right
    if c == 0:
        return right, _by_primitives(right, b, a)
    while rest != 0:  # D^-1 as a geometric series
        solution += rest / c
        rest = se.expand(-(a * rest.diff(X, 2) + b * rest.diff(X)) / c)
    return right, se.expand(solution)


def _by_primitives(right: se.Basic, b: se.Basic, a: se.Basic) -> se.Basic:
    """A polynomial y with a*y'' + b*y' = right."""
    if b == 0:
        return _primitive(_primitive(right)) / a
    slope, rest = se.Integer(0), right
    while rest != 0:
        slope += rest / b
        rest = se.expand(-a * rest.diff(X) / b)
    return _primitive(se.expand(slope))


def _primitive(polynomial: se.Basic) -> se.Basic:
    terms = []
    for term in se.Add.make_args(se.expand(polynomial)):
        degree = 0
        while term.diff(X) != 0 and degree < 10 and (term / X**degree).diff(X) != 0:
            degree += 1
        terms.append(term * X / (degree + 1))
    return se.Add(*terms)
