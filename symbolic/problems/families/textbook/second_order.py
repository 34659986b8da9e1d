"""Forms of second order: both sides come from the construction (Boyce & DiPrima, chapters 3 to 5)."""

import symengine as se

from symbolic.problems.families.textbook.equations import (
    DDY,
    DY,
    C,
    D,
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


def _homogeneous_solution(p: Parameters) -> tuple[tuple, se.Basic]:
    """((a, b, c), the general solution of a*y'' + b*y' + c*y = 0), real, double or complex roots."""
    lead = se.Integer(1) if p.chance(80) else 1 + p.small(4)
    kind = p.below(10)
    if kind < 4:
        r, s = p.whole(), p.whole()
        if r == s:
            s = r + p.small(4)
        if lead != 1:
            r = r / lead
        return (lead, -lead * (r + s), lead * r * s), C * exp(r * X) + D * exp(s * X)
    if kind < 6:
        r = p.nonzero() / (1 if p.chance(80) else 2)
        return (lead, -2 * lead * r, lead * r**2), (C + D * X) * exp(r * X)
    if kind < 8:
        alpha, beta = p.whole() / (1 if p.chance(80) else 2), p.small(6)
        return (lead, -2 * alpha * lead, lead * (alpha**2 + beta**2)), exp(alpha * X) * (
            C * cos(beta * X) + D * sin(beta * X)
        )
    b, c = p.whole(), p.nonzero()
    discriminant = b**2 - 4 * c
    half = -b / se.Integer(2)
    if discriminant > 0:
        w = sqrt(discriminant) / 2
        return (se.Integer(1), b, c), C * exp((half + w) * X) + D * exp((half - w) * X)
    if discriminant == 0:
        return (se.Integer(1), b, c), (C + D * X) * exp(half * X)
    w = sqrt(-discriminant) / 2
    return (se.Integer(1), b, c), exp(half * X) * (C * cos(w * X) + D * sin(w * X))


def constant_coefficients(p: Parameters) -> Pair:
    """a*y'' + b*y' + c*y = 0."""
    (a, b, c), solution = _homogeneous_solution(p)
    return a * DDY + b * DY + c * Y, solution


def undetermined_coefficients(p: Parameters) -> Pair:
    """a*y'' + b*y' + c*y = r(x), resonance included."""
    (a, b, c), solution = _homogeneous_solution(p)
    right, particular = response(p, (a, b, c))
    if p.chance(20):
        second, other = response(p, (a, b, c))
        right, particular = right + second, particular + other
    return a * DDY + b * DY + c * Y - right, particular + solution


def euler(p: Parameters) -> Pair:
    """a*x^2*y'' + b*x*y' + c*y = 0, or = m*x^k."""
    kind = p.below(3)
    if kind == 0:
        r, s = p.whole(), p.whole() if p.chance(70) else p.rational()
        if r == s:
            s = r + p.small(3)
        b, c, solution = 1 - r - s, r * s, C * X**r + D * X**s
    elif kind == 1:
        r = p.whole() if p.chance(70) else p.rational()
        s = r
        b, c, solution = 1 - 2 * r, r**2, X**r * (C + D * ln(X))
    else:
        r, w = p.whole(), p.small(5)
        s = r
        b, c = 1 - 2 * r, r**2 + w**2
        solution = X**r * (C * cos(w * ln(X)) + D * sin(w * ln(X)))
    left = X**2 * DDY + b * X * DY + c * Y
    if p.chance(50):
        return left, solution
    k, m = p.one_of((0, 1, 2, 3, -1, -2)), p.coefficient()
    value = k * (k - 1) + b * k + c
    if value != 0:
        return left - m * X**k, solution + m * X**k / value
    slope = 2 * k - 1 + b
    if slope != 0:
        return left - m * X**k, solution + m * X**k * ln(X) / slope
    return left - m * X**k, solution + m * X**k * ln(X) ** 2 / 2


def twice_integrated(p: Parameters) -> Pair:
    """y'' = f(x)."""
    g = simple(p) + (simple(p) if p.chance(40) else 0)
    return DDY - se.expand(g.diff(X, 2)), g + C * X + D


def without_y(p: Parameters) -> Pair:
    """y'' = f(x, y'): of first order in y'."""
    k, a = p.nonzero(), p.small(5)
    particular = simple(p)
    right = se.expand(particular.diff(X, 2) + k * particular.diff(X) / X)
    return p.one_of(
        (
            (X * DDY + k * DY, C * X ** (1 - k) + D if k != 1 else C * ln(X) + D),
            (DDY + k * DY / X - right, particular + (C * X ** (1 - k) + D if k != 1 else C * ln(X) + D)),
            (DDY - a * DY**2, -ln(C * X + D) / a),
            (DDY - 1 - DY**2, D - ln(cos(X + C))),
            (DDY - a * (1 + DY**2), D - ln(cos(a * X + C)) / a),
            (DDY - 2 * X * DY / (1 + X**2), C * (X + X**3 / 3) + D),
            (DDY + DY * tan(X), C * sin(X) + D),
            (DDY - DY * cos(X) / sin(X), C * cos(X) + D),
            ((1 + X**2) * DDY + 2 * X * DY, C * se.atan(X) + D),
            ((1 + X**2) * DDY + 2 * X * DY - k, C * se.atan(X) + D + k * ln(1 + X**2) / 2),
            (DDY - k / DY, (2 * k * X + C) ** se.Rational(3, 2) / (3 * k) + D),
            (DDY - sqrt(1 - DY**2), D - cos(X + C)),
            (DDY - sqrt(1 + DY**2), D + se.cosh(X + C)),
            (DDY + DY**2 - a**2, ln(se.cosh(a * X + C)) + D),
            (X * DDY - DY - X**2 * exp(X), C * X**2 + D + X * exp(X) - exp(X)),
        )
    )


def without_x(p: Parameters) -> Pair:
    """An equation in y, y', y'' alone, whose solution is a function of C*x + D."""
    fractions = (se.Rational(1, 2), se.Rational(1, 3), se.Rational(3, 2))
    u, n = C * X + D, p.one_of((*map(se.Integer, (2, 3, -1, -2)), *fractions))
    k = p.small(4)
    return p.one_of(
        (
            (Y * DDY - DY**2, D * exp(C * X)),
            (n * Y * DDY - (n - 1) * DY**2, u**n),
            (n * Y * DDY - (n - 1) * DY**2, u**n),
            (DDY + k * DY**2, ln(u) / k),
            ((1 + Y**2) * DDY - 2 * Y * DY**2, tan(u)),
            ((1 - Y**2) * DDY + Y * DY**2, sin(u)),
            ((1 + Y**2) * DDY - Y * DY**2, se.sinh(u)),
            (Y * DDY - DY**2 - Y**2 * ln(Y), exp(C * exp(X) + D * exp(-X))),
            (DDY - k * Y * DY, -sqrt(C) * tan(D - k * sqrt(C) * X / 2)),
            (Y * DDY - DY**2 - k * Y * DY, D * exp(C * exp(k * X))),
        )
    )


def transformed(p: Parameters) -> Pair:
    """h(x) * v(g(x)) with v'' = k*v: linear with variable coefficients."""
    k = p.small(4)
    g = p.one_of((X, X**2, ln(X), exp(X), sqrt(X), 1 / X, X**3, sin(X)))
    h = p.one_of((se.Integer(1), X, 1 / X, X**2, exp(X), sqrt(X), exp(X**2 / 2), 1 / sqrt(X), exp(-X), 1 / cos(X)))
    if p.chance(50):
        sign, v = -1, C * cos(k * g) + D * sin(k * g)
    else:
        sign, v = 1, C * exp(k * g) + D * exp(-k * g)
    # v as a function of x: v'' - g''/g' * v' - sign*k^2*g'^2*v = 0, with v = Y/h
    slope = g.diff(X)
    q = -g.diff(X, 2) / slope
    w = 1 / h
    v0, v1, v2 = Y * w, DY * w + Y * w.diff(X), DDY * w + 2 * DY * w.diff(X) + Y * w.diff(X, 2)
    particular = simple(p) if p.chance(35) else se.Integer(0)

    def left(y, dy, ddy):
        names = {Y: y, DY: dy, DDY: ddy}
        return se.expand(h * (v2 + q * v1 - sign * k**2 * slope**2 * v0).xreplace(names))

    right = left(particular, particular.diff(X), particular.diff(X, 2))
    return left(Y, DY, DDY) - right, h * v + particular


def two_known_solutions(p: Parameters) -> Pair:
    """Two functions y1, y2 span the solutions of y'' + P*y' + Q*y = 0: P and Q from their Wronskian."""
    functions = (
        X,
        X**2,
        se.Integer(1),
        exp(X),
        exp(-X),
        exp(2 * X),
        sin(X),
        cos(X),
        ln(X),
        1 / X,
        X**3,
        X * exp(X),
        sqrt(X),
        X + 1,
        exp(X**2),
    )
    first, step = p.below(len(functions)), 1 + p.below(len(functions) - 1)
    y1, y2 = functions[first], functions[(first + step) % len(functions)]
    wronskian = y1 * y2.diff(X) - y2 * y1.diff(X)
    q = y1.diff(X) * y2.diff(X, 2) - y2.diff(X) * y1.diff(X, 2)
    return se.expand(wronskian) * DDY - se.expand(wronskian.diff(X)) * DY + se.expand(q) * Y, C * y1 + D * y2


SECOND_ORDER: dict[str, Form] = {
    "constant coefficients": constant_coefficients,
    "undetermined coefficients": undetermined_coefficients,
    "Euler": euler,
    "twice integrated": twice_integrated,
    "without y": without_y,
    "without x": without_x,
    "transformed": transformed,
    "two known solutions": two_known_solutions,
}
