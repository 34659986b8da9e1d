"""Forms of first order (Boyce & DiPrima, chapter 2). The construction gives both sides, so nothing is solved here."""

import symengine as se

from symbolic.problems.families.textbook.equations import (
    _LN_ABS_X,
    DY,
    C,
    Form,
    Pair,
    X,
    Y,
    cos,
    exp,
    ln,
    response,
    simple,
    sin,
    sqrt,
    tan,
)
from symbolic.problems.families.textbook.parameters import Parameters


def _integrable(p: Parameters) -> Pair:
    """A simple function of x and a primitive of it."""
    k, a = p.scale(), p.small(5)
    n = p.small(4)
    pairs = (
        (se.Integer(1), X),
        (se.Integer(1), X),
        (X, X**2 / 2),
        (X**n, X ** (n + 1) / (n + 1)),
        (1 / X, _LN_ABS_X),
        (1 / X**2, -1 / X),
        (sqrt(X), 2 * X * sqrt(X) / 3),
        (1 / sqrt(X), 2 * sqrt(X)),
        (exp(k * X), exp(k * X) / k),
        (sin(k * X), -cos(k * X) / k),
        (cos(k * X), sin(k * X) / k),
        (1 / (1 + X**2), se.atan(X)),
        (1 / (X + a), ln(abs(X + a))),
        (1 / cos(X) ** 2, tan(X)),
        (2 * X + a, X**2 + a * X),
        (X * exp(X), (X - 1) * exp(X)),
        (ln(X), X * ln(X) - X),
    )
    f, primitive = p.one_of(pairs)
    c = p.coefficient() if p.chance(40) else se.Integer(1)
    return c * f, c * primitive


def _integrating_factor(p: Parameters) -> Pair:
    """(q, exp of a primitive of q), where that is simple."""
    k = p.nonzero() if p.chance(60) else p.rational()
    a = p.small(6)
    return p.one_of(
        (
            (k, exp(k * X)),
            (k, exp(k * X)),
            (p.scale(), None),
            (k / X, X**k),
            (k / X, X**k),
            (2 * k * X, exp(k * X**2)),
            (k * X, exp(k * X**2 / 2)),
            (3 * X**2, exp(X**3)),
            (k * cos(X), exp(k * sin(X))),
            (k * sin(X), exp(-k * cos(X))),
            (tan(X), 1 / cos(X)),
            (-tan(X), cos(X)),
            (1 / tan(X), sin(X)),
            (1 / (X + a), X + a),
            (2 * X / (X**2 + a), X**2 + a),
            (-1 / X**2, exp(1 / X)),
            (exp(X), exp(exp(X))),
        )
    )


def _factor(p: Parameters) -> Pair:
    q, factor = _integrating_factor(p)
    return q, exp(q * X) if factor is None else factor


def _autonomous(p: Parameters, s: se.Basic) -> Pair:
    """(g(Y), v) with v' = g(v) s' for every s; s holds no constant yet."""
    a, b = p.small(6), p.nonzero()
    k = p.scale()
    halves_and_thirds = (se.Rational(1, 2), se.Rational(3, 2), se.Rational(2, 3))
    n = p.one_of((*map(se.Integer, (2, 2, 3, -1, -2, 4)), *halves_and_thirds))
    root, other = p.whole(), p.whole()
    if root == other:
        other = root + a
    ratio = C * exp((root - other) * s)
    return p.one_of(
        (
            (k * Y, C * exp(k * s)),
            (k * Y, C * exp(k * s)),
            (k * Y + b, C * exp(k * s) - b / k),
            (k * (Y - b), b + C * exp(k * s)),
            (Y**2, -1 / (s + C)),
            (k * Y**2, -1 / (k * s + C)),
            (Y**n, ((1 - n) * (s + C)) ** (1 / (1 - n))),
            (k / Y, sqrt(2 * k * s + C)),
            (a**2 + Y**2, a * tan(a * s + C)),
            (1 + Y**2, tan(s + C)),
            (1 - Y**2, (C * exp(2 * s) - 1) / (C * exp(2 * s) + 1)),
            (k * Y * (1 - Y), 1 / (1 + C * exp(-k * s))),
            (k * Y * (1 - Y / a), a / (1 + C * exp(-k * s))),
            ((Y - root) * (Y - other), (root - other * ratio) / (1 - ratio)),
            (a * Y**2 - k * Y, 1 / (a / k + C * exp(k * s))),
            (exp(Y), -ln(C - s)),
            (exp(-Y), ln(s + C)),
            (exp(k * Y), -ln(C - k * s) / k),
            (sqrt(Y), (s / 2 + C) ** 2),
            (sqrt(1 - Y**2), sin(s + C)),
            (sqrt(1 + Y**2), se.sinh(s + C)),
            (cos(Y) ** 2, se.atan(s + C)),
            (1 / cos(Y), se.asin(s + C)),
            (tan(Y), se.asin(C * exp(s))),
            (Y * ln(Y), exp(C * exp(s))),
            ((Y + b) ** 2, -b - 1 / (s + C)),
            (Y - Y**3, 1 / sqrt(1 + C * exp(-2 * s))),
            (Y + Y**2, 1 / (C * exp(-s) - 1)),
        )
    )


def separable(p: Parameters) -> Pair:
    """y' = f(x) * g(y)."""
    f, s = _integrable(p)
    g, v = _autonomous(p, s)
    return DY - f * g, v


def linear(p: Parameters) -> Pair:
    """y' + q(x)*y = r(x), from an integrating factor and either the integral or a particular solution."""
    q, factor = _factor(p)
    if p.chance(15):
        return DY + q * Y, C / factor
    if p.chance(50):
        f, s = _integrable(p)
        return DY + q * Y - f / factor, (s + C) / factor
    particular = simple(p)
    return DY + q * Y - se.expand(particular.diff(X) + q * particular), particular + C / factor


def linear_with_constant_coefficient(p: Parameters) -> Pair:
    """y' + k*y = a polynomial, an exponential or a wave, solved by undetermined coefficients."""
    k = p.nonzero()
    right, particular = response(p, (se.Integer(0), se.Integer(1), k))
    return DY + k * Y - right, particular + C * exp(-k * X)


def bernoulli(p: Parameters) -> Pair:
    """y' + q*y = r*y^n: linear in y^(1 - n)."""
    n = p.one_of((*map(se.Integer, (2, 2, 2, 3, 3, -1, 4, -2)), se.Rational(1, 2)))
    q, factor = _factor(p)
    f, s = _integrable(p)  # with v = y^(1-n): v' + q v = f / factor
    return DY + q / (1 - n) * Y - f / factor / (1 - n) * Y**n, ((s + C) / factor) ** (1 / (1 - n))


def homogeneous(p: Parameters) -> Pair:
    """y' = y/x + g(y/x) * h: with y = x*v it is separable."""
    f, s = (1 / X, _LN_ABS_X) if p.chance(70) else _integrable(p)
    g, v = _autonomous(p, s)
    return DY - Y / X - X * f * g.xreplace({Y: Y / X}), X * v


def function_of_linear(p: Parameters) -> Pair:
    """y' = g(y + a*x + b) - a: with v = y + a*x + b it is autonomous."""
    a, b = p.nonzero(), p.whole()
    g, v = _autonomous(p, X)
    return DY - g.xreplace({Y: Y + a * X + b}) + a, v - a * X - b


def exact(p: Parameters) -> Pair:
    """a(x)*h(y) + b(x) = C, differentiated."""
    (_, factor), (f, b) = _factor(p), _integrable(p)
    value = (C - b) / factor
    n = 1 + p.small(3)
    h, y = p.one_of(
        (
            (Y**2, sqrt(value)),
            (Y**n, value ** (se.Integer(1) / n)),
            (exp(Y), ln(value)),
            (ln(Y), exp(value)),
            (sin(Y), se.asin(value)),
            (1 / Y, 1 / value),
            (sqrt(Y), value**2),
            (Y, value),
        )
    )
    return factor.diff(X) * h + f + factor * h.diff(Y) * DY, y


def riccati(p: Parameters) -> Pair:
    """y' = A + B*y + R*y^2 with a known solution y1: y = y1 + 1/u makes it linear."""
    y1 = p.one_of((X, 1 / X, se.Integer(0), p.nonzero(), -X, X**2, -1 / X, exp(X), tan(X)))
    q, factor = _factor(p)
    f, s = _integrable(p)
    r = -f / factor  # u' + q*u = -r, so u = (s + C) / factor
    b = q - 2 * r * y1
    return DY - (y1.diff(X) - b * y1 - r * y1**2) - b * Y - r * Y**2, y1 + factor / (s + C)


def clairaut(p: Parameters) -> Pair:
    """y = x*y' + f(y')."""
    k = p.nonzero()
    f = p.one_of((DY**2, k * DY**2, 1 / DY, k / DY, sqrt(1 + DY**2), exp(DY), sin(DY), ln(DY), DY - DY**2))
    return Y - X * DY - f, C * X + f.xreplace({DY: C})


def squared_derivative(p: Parameters) -> Pair:
    """y'^2 = 4*k*y and y'^2 = k^2*(a^2 - y^2) and the like."""
    k, a = p.small(5), p.small(5)
    return p.one_of(
        (
            (DY**2 - 4 * k * Y, k * (X + C) ** 2),
            (DY**2 - k**2 * (a**2 - Y**2), a * sin(k * X + C)),
            (DY**2 - k**2 * (a**2 + Y**2), a * se.sinh(k * X + C)),
            (DY**2 - Y**3, 4 / (X + C) ** 2),
            (Y * DY**2 - k, (3 * sqrt(k) / 2 * X + C) ** se.Rational(2, 3)),
        )
    )


FIRST_ORDER: dict[str, Form] = {
    "separable": separable,
    "linear": linear,
    "linear with constant coefficient": linear_with_constant_coefficient,
    "Bernoulli": bernoulli,
    "homogeneous": homogeneous,
    "function of linear": function_of_linear,
    "exact": exact,
    "Riccati": riccati,
    "Clairaut": clairaut,
    "squared derivative": squared_derivative,
}
