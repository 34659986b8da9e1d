"""The forms of differential equations that a first course asks for: each a small function from random parameters.

A form returns (equation, solution): an expression in x, Y, Y' and Y'' that is 0, and y(x) with the constants a8 and a9.
Both come from the construction, so nothing is solved here. Every pair is judged before it becomes a problem, so a
formula need not hold for every parameter. The methods are those of any first course (Boyce & DiPrima, chapters 2 to 5).
"""

from collections.abc import Callable

import symengine as se

from symbolic.problems.families.parameters import Parameters

Pair = tuple[se.Basic, se.Basic]  # an equation = 0 and its solution
Form = Callable[[Parameters], Pair]

X, Y, DY, DDY = (se.Symbol(name) for name in ("x", "Y", "Y'", "Y''"))
C, D = se.Symbol("a8"), se.Symbol("a9")
sin, cos, tan, sqrt, ln = se.sin, se.cos, se.tan, se.sqrt, se.log
_LN_ABS_X, _L = ln(abs(X)), se.Symbol("ln_abs_x")


def exp(u: se.Basic) -> se.Basic:
    """e^u, with x^k for e^(k*ln|x|) if k is a number: the constant beside it takes the sign."""
    power = se.sympify(u).xreplace({_LN_ABS_X: _L})
    if not se.has_symbol(power, _L):
        return se.exp(u)
    power = se.expand(power)
    k = power.diff(_L)
    return se.exp(power - k * _L) * X**k if isinstance(k, se.Number) else se.exp(u)


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


def _simple(p: Parameters) -> se.Basic:
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


# --- first order ------------------------------------------------------------------------------------------------------


def _autonomous(p: Parameters, s: se.Basic) -> Pair:
    """(g(Y), v) with v' = g(v) s' for every s; s holds no constant yet."""
    a, b = p.small(6), p.nonzero()
    k = p.scale()
    n = p.one_of((2, 2, 3, -1, se.Rational(1, 2), -2, se.Rational(3, 2), se.Rational(2, 3), 4))
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
            (Y**n, ((1 - n) * (s + C)) ** (1 / (1 - se.sympify(n)))),
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
    particular = _simple(p)
    return DY + q * Y - se.expand(particular.diff(X) + q * particular), particular + C / factor


def linear_with_constant_coefficient(p: Parameters) -> Pair:
    """y' + k*y = a polynomial, an exponential or a wave, solved by undetermined coefficients."""
    k = p.nonzero()
    right, particular = _response(p, (se.Integer(0), se.Integer(1), k))
    return DY + k * Y - right, particular + C * exp(-k * X)


def bernoulli(p: Parameters) -> Pair:
    """y' + q*y = r*y^n: linear in y^(1 - n)."""
    n = se.sympify(p.one_of((2, 2, 2, 3, 3, -1, se.Rational(1, 2), 4, -2)))
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


# --- second order -----------------------------------------------------------------------------------------------------


def _response(p: Parameters, coefficients: tuple) -> Pair:
    """(r, y) with a*y'' + b*y' + c*y = r for coefficients (a, b, c), r as it is asked for: undetermined coefficients."""
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
    right, particular = _response(p, (a, b, c))
    if p.chance(20):
        second, other = _response(p, (a, b, c))
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
    g = _simple(p) + (_simple(p) if p.chance(40) else 0)
    return DDY - se.expand(g.diff(X, 2)), g + C * X + D


def without_y(p: Parameters) -> Pair:
    """y'' = f(x, y'): of first order in y'."""
    k, a = p.nonzero(), p.small(5)
    particular = _simple(p)
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
    u, n = C * X + D, p.one_of((2, 3, -1, -2, se.Rational(1, 2), se.Rational(1, 3), se.Rational(3, 2)))
    n = se.sympify(n)
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
            (DDY - k * Y * DY, -sqrt(C) * tan(D - k * sqrt(C) * X / 2) * 1),
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
    particular = _simple(p) if p.chance(35) else se.Integer(0)

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
