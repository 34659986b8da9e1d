"""Equations by kind, for `benchmarks.linearise`: every kind draws its members from a seed, most with a reference.

A kind is a function of a generator of random numbers; it returns (equation, solution), SymEngine expressions. The
equation is an expression in x, Y, Y' and Y'' that is 0. The solution, with the constants a8 and a9, only serves to
compare lengths; it is None where nobody wrote one. The members were drawn up before anything was solved with them.
"""

import numpy as np
import symengine as se

X, Y, DY, DDY = (se.Symbol(name) for name in ("x", "Y", "Y'", "Y''"))
C, D = se.Symbol("a8"), se.Symbol("a9")
LETTERS = [se.Symbol(f"a{index}") for index in range(3)]
exp, ln, sin, cos, tan, sqrt, atan = se.exp, se.log, se.sin, se.cos, se.tan, se.sqrt, se.atan
HALF = se.Rational(1, 2)

Pair = tuple[se.Basic, se.Basic | None]


class Draw:
    """Small numbers and choices, drawn as people choose them."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def int(self, low: int, high: int) -> se.Integer:
        return se.Integer(int(self.rng.integers(low, high + 1)))

    def nonzero(self, size: int = 5) -> se.Integer:
        return self.int(1, size) * self.sign()

    def sign(self) -> se.Integer:
        return se.Integer(1 if self.chance(50) else -1)

    def chance(self, percent: int) -> bool:
        return self.rng.random() * 100 < percent

    def one(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def rational(self, size: int = 5) -> se.Basic:
        return self.nonzero(size) / self.int(1, 3)


def _roots(d: Draw):
    """(b, c, basis) of y'' + b*y' + c*y with rational, double or complex roots."""
    match d.int(0, 3):
        case 0 | 1:
            r = d.int(-5, 5) if d.chance(80) else d.rational()
            s = r + d.nonzero(6)
            return -r - s, r * s, (exp(r * X), exp(s * X))
        case 2:
            r = d.rational() if d.chance(30) else d.nonzero()
            return -2 * r, r**2, (exp(r * X), X * exp(r * X))
        case _:
            p, q = (d.int(-3, 3) if d.chance(75) else d.rational(3)), d.int(1, 5)
            return -2 * p, p**2 + q**2, (exp(p * X) * cos(q * X), exp(p * X) * sin(q * X))


def _both(basis) -> se.Basic:
    return C * basis[0] + D * basis[1]


def constant_coefficients(d: Draw) -> Pair:
    if d.chance(75):
        b, c, basis = _roots(d)
        return d.int(1, 3) * se.expand(DDY + b * DY + c * Y), _both(basis)
    b, c = d.int(-4, 4), d.nonzero(6)
    disc = b**2 - 4 * c
    w, k = sqrt(abs(disc)) / 2, -b / se.Integer(2)
    if disc > 0:
        basis = exp((k + w) * X), exp((k - w) * X)
    elif disc < 0:
        basis = exp(k * X) * cos(w * X), exp(k * X) * sin(w * X)
    else:
        basis = exp(k * X), X * exp(k * X)
    return DDY + b * DY + c * Y, _both(basis)


def letters(d: Draw) -> Pair:
    a, b, n = LETTERS[0], LETTERS[1], d.int(1, 4)
    return d.one(
        (DDY + n * a * DY, C + D * exp(-n * a * X)),
        (DDY - a**2 * Y, C * exp(a * X) + D * exp(-a * X)),
        (DDY + n**2 * a**2 * Y, C * cos(n * a * X) + D * sin(n * a * X)),
        (se.expand(DDY - (a + b) * DY + a * b * Y), C * exp(a * X) + D * exp(b * X)),
        (DDY - 2 * a * DY + a**2 * Y, (C + D * X) * exp(a * X)),
        (se.expand(DDY - 2 * a * DY + (a**2 + b**2) * Y), exp(a * X) * (C * cos(b * X) + D * sin(b * X))),
        (DDY - (a + n) * DY + a * n * Y, C * exp(a * X) + D * exp(n * X)),
        (DY + a * Y - b, C * exp(-a * X) + b / a),
        (DY - n * a * Y, C * exp(n * a * X)),
        (DY + a * Y - n * X, C * exp(-a * X) + n * X / a - n / a**2),
        (DY - a * Y**2, -1 / (C + a * X)),
        (DY - a * Y * (1 - Y / b), b / (1 + C * exp(-a * X))),
        (DY - a * Y + b * Y**2, a / (b + C * exp(-a * X))),
        (X * DY - a * Y, C * X**a),
        (X * DY - a * Y - n, C * X**a - n / a),
        (DDY + n**2 * Y - a, C * cos(n * X) + D * sin(n * X) + a / n**2),
        (DDY - a - b * X, C + D * X + a * X**2 / 2 + b * X**3 / 6),
        (DY + n * Y - exp(a * X), C * exp(-n * X) + exp(a * X) / (a + n)),
        (a * DDY + b * DY, C + D * exp(-b * X / a)),
        (DY - a * X * Y, C * exp(a * X**2 / 2)),
        (Y * DY - a * X, sqrt(C + a * X**2)),
        (DY - a * cos(b * X), C + a / b * sin(b * X)),
        (se.expand(X**2 * DDY + (1 - a - b) * X * DY + a * b * Y), C * X**a + D * X**b),
        (DDY + a**2 * Y - b * X, C * cos(a * X) + D * sin(a * X) + b * X / a**2),
        (
            DDY - Y - a * exp(n * X) if n > 1 else DDY - Y - a,
            _both((exp(X), exp(-X))) + (a * exp(n * X) / (n**2 - 1) if n > 1 else -a),
        ),
        (DY - a**2 - Y**2, a * tan(a * X + C)),
    )


def _smooth(d: Draw) -> se.Basic:
    """A function of the class of undetermined coefficients."""
    k, w, m = d.nonzero(3), d.int(1, 4), d.nonzero()
    return m * d.one(
        X,
        X**2,
        X**3,
        se.Integer(1),
        X**2 + X,
        exp(k * X),
        exp(k * X),
        sin(w * X),
        cos(w * X),
        X * exp(k * X),
        X**2 * exp(k * X),
        exp(k * X) * sin(w * X),
        exp(k * X) * cos(w * X),
        X * sin(w * X),
        X * cos(w * X),
    )


def undetermined_coefficients(d: Draw) -> Pair:
    b, c, basis = _roots(d)
    if d.chance(55):  # a right-hand side whose answer is known
        particular = _smooth(d) + (_smooth(d) if d.chance(25) else 0)
        right = particular.diff(X, 2) + b * particular.diff(X) + c * particular
        return se.expand(DDY + b * DY + c * Y - right), _both(basis) + particular
    if d.chance(50):  # resonance
        return DDY + b * DY + c * Y - d.nonzero() * d.one(*basis), None
    return DDY + b * DY + c * Y - _smooth(d) - (_smooth(d) if d.chance(25) else 0), None


def variation_of_parameters(d: Draw) -> Pair:
    w, k, m = d.int(1, 3), d.nonzero(3), d.nonzero(4)
    wave, double = DDY + w**2 * Y, DDY - 2 * k * DY + k**2 * Y
    e = exp(k * X)
    return d.one(
        (wave - m / cos(w * X), None),
        (wave - m / sin(w * X), None),
        (wave - m * tan(w * X), None),
        (wave - m / cos(w * X) ** 2, None),
        (wave - m / cos(w * X) ** 3, _both((cos(w * X), sin(w * X))) + m / (2 * w**2) / cos(w * X)),
        (wave - m * sin(w * X) ** 2, None),
        (wave - m * cos(w * X) / sin(w * X), None),
        (double - m * e / X, e * (C + D * X + m * X * ln(X))),
        (double - m * e / X**2, e * (C + D * X - m * ln(X))),
        (double - m * e / X**3, e * (C + D * X + m / (2 * X))),
        (double - m * e * ln(X), e * (C + D * X + m * (X**2 * ln(X) / 2 - 3 * X**2 / 4))),
        (double - m * e * sqrt(X), e * (C + D * X + m * se.Rational(4, 15) * X**2 * sqrt(X))),
        (double - m * e / (1 + X**2), e * (C + D * X + m * (X * atan(X) - ln(1 + X**2) / 2))),
        (double - m * e / (X + w), e * (C + D * X + m * (X + w) * ln(X + w))),
        (double - m * e / cos(X) ** 2, e * (C + D * X - m * ln(cos(X)))),
        (DDY - 3 * DY + 2 * Y - m / (1 + exp(-X)), None),
        (DDY - Y - m / (1 + exp(X)), None),
        (DDY - DY - m / (1 + exp(X)), None),
        (DDY + 3 * DY + 2 * Y - m / (exp(X) + w), None),
        (DDY - k * DY - m * exp(2 * k * X) * cos(exp(k * X)), None),
        (DDY + 3 * DY + 2 * Y - m * sin(exp(X)), None),
    )


def _euler_roots(d: Draw):
    match d.int(0, 3):
        case 0 | 1:
            r = d.int(-3, 3) if d.chance(75) else d.rational(3)
            s = r + d.nonzero(4)
            return 1 - r - s, r * s, (X**r, X**s)
        case 2:
            r = d.int(-3, 3) if d.chance(75) else d.rational(3)
            return 1 - 2 * r, r**2, (X**r, X**r * ln(X))
        case _:
            p, q = d.int(-2, 2), d.int(1, 4)
            return 1 - 2 * p, p**2 + q**2, (X**p * cos(q * ln(X)), X**p * sin(q * ln(X)))


def euler(d: Draw) -> Pair:
    b, c, basis = _euler_roots(d)
    return d.int(1, 3) * se.expand(X**2 * DDY + b * X * DY + c * Y), _both(basis)


def euler_with_right_side(d: Draw) -> Pair:
    b, c, basis = _euler_roots(d)
    m, k = d.nonzero(), d.int(-2, 4)
    right = m * d.one(
        X**k, X**k, X, se.Integer(1), ln(X), X * ln(X), X**2 * ln(X), sqrt(X), 1 / X, X**2 + X, X**3 + 1, ln(X) ** 2
    )
    return X**2 * DDY + b * X * DY + c * Y - right, None


def _with_primitive(d: Draw):
    """(f, a primitive of f)."""
    n, k, a = d.int(2, 4), d.nonzero(3), d.int(1, 4)
    m = d.nonzero(4) if d.chance(40) else se.Integer(1)
    f, s = d.one(
        (se.Integer(1), X),
        (X, X**2 / 2),
        (X**n, X ** (n + 1) / (n + 1)),
        (exp(k * X), exp(k * X) / k),
        (sin(k * X), -cos(k * X) / k),
        (cos(k * X), sin(k * X) / k),
        (1 / X, ln(X)),
        (1 / X**2, -1 / X),
        (1 / (1 + X**2), atan(X)),
        (1 / (X + a), ln(X + a)),
        (2 * X + a, X**2 + a * X),
        (sqrt(X), 2 * X * sqrt(X) / 3),
        (X * exp(X), (X - 1) * exp(X)),
        (1 / cos(X) ** 2, tan(X)),
        (X / (X**2 + a), ln(X**2 + a) / 2),
        (ln(X), X * ln(X) - X),
        (1 / sqrt(1 - X**2), se.asin(X)),
        (X * cos(X), X * sin(X) + cos(X)),
    )
    return m * f, m * s


def _explicit(d: Draw):
    """(g, v) with v(s)' = g(v) for s with the constant inside already."""
    a, k = d.int(1, 5), d.nonzero(3)
    b = d.nonzero(4)

    def v(s):
        return {
            0: (Y, C * exp(s)),
            1: (Y**2, -1 / (s + C)),
            2: (1 + Y**2, tan(s + C)),
            3: (exp(-Y), ln(s + C)),
            4: (exp(k * Y), -ln(C - k * s) / k),
            5: (1 / Y, sqrt(2 * s + C)),
            6: (Y**3, 1 / sqrt(C - 2 * s)),
            7: (sqrt(Y), (s / 2 + C) ** 2),
            8: (cos(Y) ** 2, atan(s + C)),
            9: (sin(Y), 2 * atan(C * exp(s))),
            10: (1 / cos(Y), se.asin(s + C)),
            11: (Y * ln(Y), exp(C * exp(s))),
            12: ((Y + b) ** 2, -b - 1 / (s + C)),
            13: (1 - Y**2, (C * exp(2 * s) - 1) / (C * exp(2 * s) + 1)),
            14: (Y**2 + a**2, a * tan(a * s + C)),
            15: (tan(Y), se.asin(C * exp(s))),
            16: (Y + b, C * exp(s) - b),
            17: (1 / (2 * Y + b), (-b + sqrt(C + 4 * s)) / 2),
            18: ((Y - b) * (Y - b - a), None),
            19: (sqrt(1 - Y**2), sin(s + C)),
            20: (Y ** (-2), (3 * s + C) ** se.Rational(1, 3)),
            21: (1 + exp(Y), None),
            22: ((1 + Y**2) / Y, sqrt(C * exp(2 * s) - 1)),
            23: (Y**2 + 2 * Y + 1 + a**2, a * tan(a * s + C) - 1),
            24: (1 + Y, C * exp(s) - 1),
            25: (k * Y, C * exp(k * s)),
        }[pick]

    pick = int(d.int(0, 25))
    return v


def separable(d: Draw) -> Pair:
    (f, s), v = _with_primitive(d), _explicit(d)
    g, solution = v(s)
    return DY - f * g, solution


def _factor(d: Draw):
    """(q, exp of a primitive of q)."""
    k, a = d.nonzero(4), d.int(1, 5)
    return d.one(
        (k, exp(k * X)),
        (k, exp(k * X)),
        (k / X, X**k),
        (k / X, X**k),
        (k * X, exp(k * X**2 / 2)),
        (2 * X, exp(X**2)),
        (cos(X), exp(sin(X))),
        (tan(X), 1 / cos(X)),
        (-tan(X), cos(X)),
        (1 / (X + a), X + a),
        (2 * X / (X**2 + a), X**2 + a),
        (1 / X**2, exp(-1 / X)),
        (cos(X) / sin(X), sin(X)),
        (1 / (2 * X), sqrt(X)),
        (exp(X), exp(exp(X))),
        (k + 1 / X, X * exp(k * X)),
        (-X / (1 + X**2), (1 + X**2) ** -HALF),
        (1 / (X * ln(X)), ln(X)),
    )


def linear(d: Draw) -> Pair:
    q, factor = _factor(d)
    if d.chance(60):
        f, s = _with_primitive(d)
        return se.expand(DY + q * Y - f / factor), (s + C) / factor
    particular = d.nonzero() * d.one(X, X**2, exp(X), sin(X), cos(X), se.Integer(1), 1 / X, X + 1, ln(X))
    return se.expand(DY + q * Y - particular.diff(X) - q * particular), particular + C / factor


def bernoulli(d: Draw) -> Pair:
    n = d.one(*map(se.Integer, (2, 2, 3, 3, -1, 4, -2, 5)), HALF, se.Rational(3, 2))
    q, factor = _factor(d)
    f, s = _with_primitive(d)
    return se.expand(DY + q / (1 - n) * Y - f / factor / (1 - n) * Y**n), ((s + C) / factor) ** (1 / (1 - n))


def homogeneous(d: Draw) -> Pair:
    a, u = d.int(1, 4), Y / X
    if d.chance(55):
        v = _explicit(d)
        k = d.nonzero(3)
        g, solution = v(k * ln(X))
        return X * DY - Y - X * k * g.xreplace({Y: u}), None if solution is None else X * solution
    return d.one(
        (X * Y * DY - X**2 - Y**2, X * sqrt(2 * ln(X) + C)),
        (2 * X * Y * DY - Y**2 + X**2, sqrt(C * X - X**2)),
        (X**2 * DY - Y**2 - a * X * Y, None),
        (X * DY - Y - a * X, X * (a * ln(X) + C)),
        (X * DY - Y - sqrt(X**2 + Y**2), (C * X**2 - 1 / C) / 2),
        (2 * X * Y * DY - X**2 - Y**2, sqrt(X**2 + C * X)),
        ((X**2 - Y**2) * DY - 2 * X * Y, None),
        ((X + Y) * DY + Y + a * X, None),
        ((X + a * Y) * DY + Y, None),
        (X**2 * DY - Y**2 - a * X**2 - X * Y, None),
        (X**2 * DY + Y**2 - X * Y, X / (ln(X) + C)),
        (a * Y * Y * DY * X - Y**3 - X**3, None),
        (X * DY - Y * (ln(Y) - ln(X) + 1), X * exp(C * X)),
    )


def product_xy(d: Draw) -> Pair:
    v = _explicit(d)
    f, s = _with_primitive(d)
    g, solution = v(s)
    return X * DY + Y - f * g.xreplace({Y: X * Y}), None if solution is None else solution / X


def function_of_line(d: Draw) -> Pair:
    a, b, c = d.nonzero(3), d.one(1, 1, -1, 2), d.int(-3, 3)
    line = a * X + b * Y + c
    k = d.nonzero(3)
    return DY - k * d.one(
        line**2,
        exp(line),
        exp(-line),
        line,
        line**2 + 1,
        cos(line) ** 2 - a / (b * k),
        tan(line) - a / (b * k),
        line**3 - a / (b * k),
        1 / line - a / (b * k),
        sqrt(line) - a / (b * k),
        line**2 - 1 - a / (b * k),
    ), None


def exact(d: Draw) -> Pair:
    (_, factor), (_, s) = _factor(d), _with_primitive(d)
    n = d.int(2, 4)
    if d.chance(65):
        value = (C - s) / factor
        h, y = d.one(
            (Y**2, sqrt(value)),
            (Y**n, value ** (1 / n)),
            (exp(Y), ln(value)),
            (ln(Y), exp(value)),
            (sin(Y), se.asin(value)),
            (1 / Y, 1 / value),
            (tan(Y), atan(value)),
            (Y, value),
            (Y**2 + 2 * Y, None),
            (exp(Y) + exp(-Y), None),
        )
        potential = factor * h + s
    else:
        b = d.one(X, X**2, exp(X), sin(X), 1 / X, se.Integer(1), ln(X))
        potential, y = d.nonzero(3) * Y**2 + d.nonzero(3) * b * Y + s, None
    return se.expand(potential.diff(X) + potential.diff(Y) * DY), y


def with_integrating_factor(d: Draw) -> Pair:
    m, n, k = d.int(1, 3), d.int(1, 3), d.nonzero(3)
    return d.one(
        (se.expand(Y * (1 + k * X * Y) + X * DY), None),
        (Y**2 + X + 2 * Y * DY, sqrt(C * exp(-X) - X + 1)),
        (3 * X * Y + Y**2 + (X**2 + X * Y) * DY, None),
        (X**2 + Y**2 + X + X * Y * DY, None),
        (2 * X * Y + (Y**2 - X**2) * DY, None),
        (se.expand(m * Y + n * X * DY), C * X ** (-m / n)),
        (Y - X * DY + k * X**2, C * X + k * X**2),
        (X * DY - Y - k * X**2 * Y**2, None),
        (X**2 + Y**2 - 2 * X * Y * DY, sqrt(X**2 + C * X)),
        (exp(Y) + X * exp(Y) * DY + k * X, None),
        (Y**2 + X**m * DY * Y, None),
        (Y * exp(X) + k + exp(X) * DY, (C - k * X) * exp(-X)),
        (2 * Y**2 + k * X + 2 * X * Y * DY, None),
        (m * Y**2 + n * X * Y * DY + k * X**2, None),
    )


def riccati_constant(d: Draw) -> Pair:
    return DY - d.nonzero(4) * Y**2 - d.int(-5, 5) * Y - d.nonzero(6), None


def riccati_rational(d: Draw) -> Pair:
    k, a = d.nonzero(3), d.int(1, 3)
    y1 = d.one(X, -X, k / X, 1 / X, X + a, X**2, k * X, 1 / X**2, se.Integer(a))
    q, factor = d.one(
        (k, exp(k * X)),
        (k / X, X**k),
        (k / X, X**k),
        (2 * k * X, exp(k * X**2)),
        (se.Integer(0), se.Integer(1)),
        (1 / (X + a), X + a),
    )
    f, s = d.one(
        (se.Integer(1), X), (X, X**2 / 2), (1 / X, ln(X)), (X**2, X**3 / 3), (1 / X**2, -1 / X), (factor * q, factor)
    )
    if f == 0:
        f, s = se.Integer(1), X
    r = -f / factor
    b = q - 2 * r * y1
    return se.expand(DY - (y1.diff(X) - b * y1 - r * y1**2) - b * Y - r * Y**2), y1 + factor / (s + C)


def _twice(d: Draw):
    """(q, r) for which y'' + q*y' = r has an elementary solution."""
    k, a, m = d.nonzero(4), d.int(1, 4), d.nonzero(4)
    return d.one(
        (k, m * X),
        (k, m),
        (k, m * exp(X)),
        (1 / X, m),
        (k / X, m * X if k != -2 else m),
        (2 / X, m),
        (tan(X), 0),
        (-tan(X), 0),
        (1 / (X + a), m),
        (2 * X / (X**2 + a), m),
        (2 * X / (X**2 + a), m * X),
        (1 / (2 * X), m),
        (-X / (1 + X**2), 0),
        (cos(X) / sin(X), m),
        (1 / X**2 + 2 / X, 0),
        (k, m * sin(X)),
    )


def without_y(d: Draw) -> Pair:
    k, a, m = d.nonzero(4), d.int(1, 4), d.nonzero(4)
    if d.chance(45):
        q, right = _twice(d)
        return DDY + q * DY - right, None
    return d.one(
        (DDY - a * DY**2, C - ln(X + D) / a),
        (DDY - a**2 - DY**2, C - ln(cos(a * X + D))),
        (X * DDY - DY - m * X**2, None),
        (DDY - k * X * DY**2, None),
        (DDY + DY**2 - a**2, None),
        (X * DDY - k * DY, None),
        (DDY * DY - a, None),
        (DDY - a * exp(DY), None),
        (X * DDY - DY * (1 + k * DY), None),
        (2 * X * DY * DDY - DY**2 - 1, None),
        (DDY - 2 * DY / X - DY**2, None),
        ((1 + X**2) * DDY + 1 + DY**2, None),
        (DDY**2 - 4 * DY, None),
        (X * DDY - DY * ln(DY / X), None),
        (DDY - sqrt(DY), None),
        (DDY - a * sqrt(1 + DY**2), D + se.cosh(a * X + C) / a),
        (DDY - DY**3, None),
        (DDY - DY - DY**2, None),
        (X**2 * DDY - DY**2, None),
        (X * DDY + DY - a * DY**2, None),
    )


def without_x(d: Draw) -> Pair:
    k, a = d.nonzero(4), d.int(2, 5)
    return d.one(
        (Y * DDY - k * DY**2, None),
        (Y * DDY - DY**2, D * exp(C * X)),
        (DDY - k * DY**2, None),
        (Y * DDY + DY**2, sqrt(C * X + D)),
        (a * Y * DDY - DY**2, None),
        (DDY - 2 * k * Y * DY, None),
        (DDY - exp(Y) * DY, None),
        (Y**3 * DDY - k, None),
        (Y * DDY - DY**2 - DY, None),
        (DDY - k * DY**3, None),
        ((Y + a) * DDY - k * DY**2, None),
        (Y * DDY - DY**2 - Y * DY, None),
        (Y * DDY + DY**2 - a, None),
        (2 * Y * DDY - DY**2 - 1, None),
        (DDY + k**2 * Y, None),
        (DDY - tan(Y) * DY**2, None),
        ((1 + Y**2) * DDY - 2 * Y * DY**2, tan(C * X + D)),
        (Y * DDY - DY**2 - k * Y**2 * DY, None),
        (DDY - DY / Y * DY - k * DY, None),
        (Y * DDY - DY**2 + a * DY, None),
        (Y * DDY - DY**2 + Y**2 * k, None),
        (Y**2 * DDY - DY, None),
        (Y * DDY - DY**2 * (1 + ln(Y)) / ln(Y), None),
        (DDY * (1 - Y) + 2 * DY**2, None),
    )


def two_solutions(d: Draw) -> Pair:
    """y'' + p*y' + q*y = 0 that two functions solve, of which at least one is simple."""
    a, k = d.int(1, 3), d.nonzero(2)
    functions = [
        X,
        X**2,
        se.Integer(1),
        exp(k * X),
        sin(X),
        ln(X),
        1 / X,
        X**3,
        X * exp(X),
        sqrt(X),
        X + a,
        X**2 + a,
        exp(X**2),
        X**2 * exp(X),
        exp(X) / X,
        sin(X) / X,
        cos(X),
        X * ln(X),
    ]
    i, j = d.rng.choice(len(functions), 2, replace=False)
    y1, y2 = functions[int(i)], functions[int(j)]
    w = y1 * y2.diff(X) - y2 * y1.diff(X)
    q = y1.diff(X) * y2.diff(X, 2) - y2.diff(X) * y1.diff(X, 2)
    right = se.Integer(0)
    if d.chance(30):
        p = d.nonzero() * d.one(X, X**2, exp(X), se.Integer(1), X**3)
        right = w * p.diff(X, 2) - w.diff(X) * p.diff(X) + q * p
        return se.expand(w * DDY - w.diff(X) * DY + q * Y - right), C * y1 + D * y2 + p
    return se.expand(se.expand(w) * DDY - se.expand(w.diff(X)) * DY + se.expand(q) * Y), C * y1 + D * y2


def changed_variable(d: Draw) -> Pair:
    """h(x)*v(t(x)) where v has constant coefficients."""
    k = d.int(1, 4)
    t = d.one(X, X**2, ln(X), exp(X), sqrt(X), 1 / X, X**3, sin(X), atan(X), se.asin(X), se.asinh(X))
    h = d.one(se.Integer(1), X, 1 / X, exp(X), sqrt(X), exp(X**2), 1 / X**2, 1 / cos(X))
    wave = d.chance(50)
    slope = t.diff(X)
    v = C * cos(k * t) + D * sin(k * t) if wave else C * exp(k * t) + D * exp(-k * t)
    w = 1 / h
    v0, v1, v2 = Y * w, DY * w + Y * w.diff(X), DDY * w + 2 * DY * w.diff(X) + Y * w.diff(X, 2)
    return h * (v2 - slope.diff(X) / slope * v1 + (1 if wave else -1) * k**2 * slope**2 * v0), h * v


def product_of_factors(d: Draw) -> Pair:
    k, a = d.nonzero(3), d.int(1, 4)
    if d.chance(70):
        first = d.one(DY, DY - k, DY - 2 * X, DY + k * Y, X * DY - Y, DY - Y**2, DY + a * X, Y * DY - X)
        second = d.one(
            DY + Y, DY - X * Y, DY - k * Y - a, DY - exp(X), X * DY + a * Y, DY - 1 - Y**2, Y * DY + a * X, DY - a
        )
    else:
        first = d.one(DDY - Y, DDY + a**2 * Y, DDY - k * DY, DDY, DDY - X)
        second = d.one(DY, DDY + DY, DDY - a**2 * Y * 4, DY - Y)
    return se.expand(first * second), None


def clairaut(d: Draw) -> Pair:
    k, a = d.nonzero(4), d.int(1, 4)
    f = d.one(
        k * DY**2,
        DY**3,
        k / DY,
        a * sqrt(1 + DY**2),
        exp(k * DY),
        k * ln(DY),
        sin(DY),
        DY**2 - k * DY,
        DY / (DY + a),
        sqrt(DY),
        1 / DY**2,
        cos(a * DY),
        DY + k,
        atan(DY),
    )
    return Y - X * DY - f, C * X + f.xreplace({DY: C})


def several_slopes(d: Draw) -> Pair:
    k, a = d.int(1, 4), d.int(1, 3)
    return d.one(
        (DY**2 - k**2, None),
        (DY**2 - k * Y, None),
        (DY**2 - X, None),
        (DY**2 - a**2 * (k**2 - Y**2), k * sin(a * X + C)),
        (DY**2 - 1 - Y**2, None),
        (se.expand((DY - k * X) * (DY - Y)), None),
        (se.expand((DY - k) * (DY - Y - X)), None),
        (X * DY**2 - Y, None),
        (DY**2 - k * X**2 * Y**2, None),
        (X**2 * DY**2 - k**2 * Y**2, None),
        (DY**2 - Y**4, None),
        (Y * DY**2 - k, None),
        (DY**3 - k**3 * Y**3, None),
        (DY**2 - exp(2 * X), None),
        (DY**2 - (X + Y) * DY + X * Y, None),
        (se.expand(DY**2 - (k + X) * Y * DY + k * X * Y**2), None),
        (DY**2 - 4 * Y, (X + C) ** 2),
        (DY**3 - 8 * X**3, None),
        (exp(DY) - X, None),
        (exp(DY) - exp(X) * k, None),
        (DY**2 - Y**3, None),
        (DY**2 - exp(k * Y), None),
        (DY**3 - Y**2, None),
        (DY**2 + Y**2 - k**2, None),
        (tan(DY) - k, None),
        (sqrt(DY) - Y, None),
        (ln(DY) - X - Y, None),
        (DY**2 - DY * Y - 6 * Y**2, None),
    )


def logistic(d: Draw) -> Pair:
    r, m = d.rational(5), d.int(1, 9)
    f, s = d.one((se.Integer(1), X), (se.Integer(1), X), (X, X**2 / 2), (cos(X), sin(X)), (1 / X, ln(X)))
    form = d.int(0, 3)
    if form == 0:
        return DY - r * f * Y * (1 - Y / m), m / (1 + C * exp(-r * s))
    if form == 1:
        return DY - r * f * Y * (m - Y), m / (1 + C * exp(-r * m * s))
    if form == 2:
        return DY - r * Y + m * Y**2, r / (m + C * exp(-r * X))
    return DY - r * Y * (1 - Y / m) + d.int(1, 2) * Y, None


def _disguise(d: Draw):
    """(phi, psi): v = phi(x, Y) and Y = psi(v), written with Y for v."""
    k, b = d.int(2, 3), d.nonzero(4)
    e = d.one(X, X**2, exp(X), sin(X), 1 / X, se.Integer(1), ln(X))
    inner = d.one((Y, Y), (Y, Y), (Y / X, X * Y), (X * Y, Y / X), (Y + e, Y - e), (Y * e, Y / e), (Y + b, Y - b))
    outer = d.one(
        (exp(Y), ln(Y)),
        (ln(Y), exp(Y)),
        (Y**2, sqrt(Y)),
        (1 / Y, 1 / Y),
        (sqrt(Y), Y**2),
        (sin(Y), se.asin(Y)),
        (tan(Y), atan(Y)),
        (Y**3, Y ** se.Rational(1, 3)),
        (atan(Y), tan(Y)),
        (se.asin(Y), sin(Y)),
        (Y ** (-k), Y ** (-1 / k)),
        (exp(-Y), -ln(Y)),
        (se.sinh(Y), se.asinh(Y)),
        (cos(Y), se.acos(Y)),
        (se.atanh(Y), se.tanh(Y)),
    )
    return outer[0].xreplace({Y: inner[0]}), inner[1].xreplace({Y: outer[1]})


def disguised_first_order(d: Draw) -> Pair:
    phi, psi = _disguise(d)
    (q, factor), (f, s) = _factor(d), _with_primitive(d)
    if d.chance(40):
        q, factor = se.Integer(0), se.Integer(1)
    left = phi.diff(X) + phi.diff(Y) * DY + q * phi - f / factor
    return left, psi.xreplace({Y: (C + s) / factor})


def disguised_second_order(d: Draw) -> Pair:
    phi, psi = _disguise(d)
    first = phi.diff(X) + phi.diff(Y) * DY
    second = phi.diff(X, 2) + 2 * phi.diff(X, Y) * DY + phi.diff(Y, 2) * DY**2 + phi.diff(Y) * DDY
    if d.chance(35):
        b, c, basis = d.one((0, 0, (se.Integer(1), X)), _roots(d))
    elif d.chance(50):
        b, c, basis = _euler_roots(d)
        b, c = b / X, c / X**2
    else:
        q, right = _twice(d)
        return second + q * first - right, None
    particular = d.nonzero() * d.one(
        X, X**2, exp(X), sin(X), se.Integer(1), se.Integer(0), se.Integer(0), se.Integer(0)
    )
    right = particular.diff(X, 2) + b * particular.diff(X) + c * particular
    solution = None if basis is None else psi.xreplace({Y: _both(basis) + particular})
    return second + b * first + c * phi - right, solution


def constants_inside(d: Draw) -> Pair:
    """The second constant stands inside a function: y = h(x) + k*g(x)*w(x + a9) and the like, a8 outside."""
    k = d.nonzero(3)
    w = d.one(ln(Y), exp(Y), 1 / Y, sqrt(Y), sin(Y), atan(Y), Y**2, tan(Y), se.asinh(Y))
    s = d.one(X, X, X**2, exp(X), ln(X), sin(X))
    h = d.one(se.Integer(0), se.Integer(0), X, X**2, exp(X), sin(X))
    # u = (y - h)' = w'(s + a9)*s': invert w' where that is simple
    inverse = {
        ln(Y): 1 / Y,
        1 / Y: (-1 / Y) ** HALF,
        sqrt(Y): 1 / (4 * Y**2),
        sin(Y): se.acos(Y),
        atan(Y): sqrt(1 / Y - 1),
        Y**2: Y / 2,
        exp(Y): ln(Y),
        tan(Y): se.acos(1 / sqrt(Y)),
        se.asinh(Y): sqrt(1 / Y**2 - 1),
    }[w]
    u = (DY - h.diff(X)) / (k * s.diff(X))
    value = inverse.xreplace({Y: u})
    total = value.diff(X) + value.diff(DY) * DDY - s.diff(X)
    return total, C + h + k * w.xreplace({Y: s + D})


KINDS = {
    "constant coefficients": constant_coefficients,
    "letters": letters,
    "undetermined coefficients": undetermined_coefficients,
    "variation of parameters": variation_of_parameters,
    "Euler": euler,
    "Euler with right side": euler_with_right_side,
    "separable": separable,
    "linear": linear,
    "Bernoulli": bernoulli,
    "homogeneous": homogeneous,
    "function of x*Y": product_xy,
    "function of a line": function_of_line,
    "exact": exact,
    "integrating factor": with_integrating_factor,
    "Riccati, constant": riccati_constant,
    "Riccati, rational": riccati_rational,
    "without Y": without_y,
    "without x": without_x,
    "two solutions": two_solutions,
    "changed variable": changed_variable,
    "product of factors": product_of_factors,
    "Clairaut": clairaut,
    "several slopes": several_slopes,
    "logistic": logistic,
    "disguised, first order": disguised_first_order,
    "disguised, second order": disguised_second_order,
    "constants inside": constants_inside,
}
