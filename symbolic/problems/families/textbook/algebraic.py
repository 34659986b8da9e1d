"""Forms of integrals with powers, roots and quotients of polynomials.

Each is a function from random parameters to (f, F), where F' = f. Every pair is judged before it becomes a problem, so
a formula need not hold for every parameter.
"""

from fractions import Fraction

import symengine as se

from symbolic.problems.families.textbook.formulas import Form, Pair, X, asin, asinh, atan, cos, exp, ln, sin, sqrt
from symbolic.problems.families.textbook.parameters import Parameters
from symbolic.problems.families.textbook.rational_functions import (
    as_expression,
    integral_of_quotient,
    integral_over_quadratic,
    polynomial,
    product,
)


def powers_over_a_power(p: Parameters) -> Pair:
    """(a + b*x^m + …) / x^r, where r may be a half: term by term."""
    r = p.one_of([se.Rational(n, 2) for n in (1, 1, 2, 3, 4)] + [se.Rational(1, 3)])
    exponents = sorted({p.below(5) for _ in range(2 + p.below(2))})
    terms = [(p.nonzero(), se.Integer(n)) for n in exponents]
    primitive = se.Add(*(c * (ln(X) if n - r == -1 else X ** (n - r + 1) / (n - r + 1)) for c, n in terms))
    return se.Add(*(c * X**n for c, n in terms)) / X**r, primitive


def rational(p: Parameters) -> Pair:
    """A quotient of polynomials: distinct and repeated roots, quadratics without real roots, improper ones."""
    factors: list[tuple] = []
    shape = p.one_of(("11", "11", "111", "2", "12", "1q", "1q", "q", "q", "qq", "11q", "1", "3", "13"))
    roots: set = set()
    for kind in shape:
        if kind == "q":
            quadratic = _quadratic(p)
            if quadratic not in [factor for factor, _ in factors]:
                factors.append((quadratic, 1))
        else:
            slope = 1 if p.chance(75) else int(1 + p.small(3))
            root = int(p.whole())
            if Fraction(root, slope) not in roots:
                roots.add(Fraction(root, slope))
                factors.append((polynomial(-root, slope), int(kind)))
    numerator = polynomial(*_numerator(p, sum((len(f) - 1) * n for f, n in factors)))
    primitive = integral_of_quotient(numerator, factors, X)
    if p.chance(55):
        denominator = as_expression(product(*(f for f, n in factors for _ in range(n))), X)
    else:
        denominator = se.Mul(*(as_expression(f, X) ** n for f, n in factors))
    return as_expression(numerator, X) / denominator, primitive


def _quadratic(p: Parameters):
    """A quadratic without real roots, often x^2 + a."""
    if p.chance(50):
        return polynomial(
            int(p.small(9) ** 2 if p.chance(60) else p.positive()), 0, 1 if p.chance(80) else int(p.small(9))
        )
    lead, middle = (1 if p.chance(80) else int(p.small(4))), int(p.nonzero())
    return polynomial(middle * middle // (4 * lead) + int(p.small(9)), middle, lead)


def _numerator(p: Parameters, degree: int) -> list[int]:
    kind = p.below(10)
    if kind < 4:
        return [int(p.nonzero())] if p.chance(40) else [1]
    if kind < 6:
        return [0, 1]
    if kind < 9:
        return [int(p.whole()) for _ in range(max(1, degree - 1))] + [int(p.nonzero())]
    return [int(p.whole()) for _ in range(degree + p.below(2))] + [1]


def power_plus_constant(p: Parameters) -> Pair:
    """x^k / (x^n + a^n) for n = 3, 4, 6, where surds come in."""
    a = se.Integer(1) if p.chance(60) else 1 + p.small(3)
    kind = p.below(7)
    r2, r3 = sqrt(se.Integer(2)), sqrt(se.Integer(3))
    if kind in (0, 1):
        sign = 1 if kind == 0 else -1
        quadratic = X**2 - sign * a * X + a**2
        arctangent = atan((2 * X - sign * a) / (r3 * a))
        if p.chance(70):
            primitive = (ln(X + sign * a) / 3 - se.log(quadratic) / 6 + sign * arctangent / r3) / a**2
            return 1 / (X**3 + sign * a**3), primitive
        primitive = (-sign * ln(X + sign * a) / 3 + sign * se.log(quadratic) / 6 + arctangent / r3) / a
        return X / (X**3 + sign * a**3), primitive
    plus, minus = X**2 + r2 * a * X + a**2, X**2 - r2 * a * X + a**2
    arctangents = atan(r2 * X / a + 1) + atan(r2 * X / a - 1)
    logarithms = se.log(plus) - se.log(minus)
    if kind == 2:
        return 1 / (X**4 + a**4), (logarithms / (4 * r2) + arctangents / (2 * r2)) / a**3
    if kind == 3:
        return X**2 / (X**4 + a**4), (-logarithms / (4 * r2) + arctangents / (2 * r2)) / a
    if kind == 4:
        return X / (X**4 + a**4), atan(X**2 / a**2) / (2 * a**2)
    if kind == 5:
        return 1 / (X**4 - a**4), (ln(X - a) - ln(X + a)) / (4 * a**3) - atan(X / a) / (2 * a**3)
    n = p.small(4) + 1
    return 1 / (X * (X**n + a)), (ln(X) - ln(X**n + a) / n) / a


def times_power_of_linear(p: Parameters) -> Pair:
    """P(x) * (a*x + b)^r: the primitive is (a*x + b)^(r + 1) times a polynomial."""
    a, b = p.small(5) if p.chance(70) else se.Integer(1), p.nonzero()
    r = p.one_of([se.Rational(n, 2) for n in (1, 1, -1, -1, 3, -3)] + [se.Rational(1, 3), se.Rational(-1, 3)])
    degree = 1 + p.below(2)
    coefficients = [se.Integer(0)] * degree + [se.Integer(1)]
    if p.chance(40):
        coefficients = [p.whole() for _ in range(degree)] + [p.nonzero()]
    base = a * X + b
    rest, quotient = list(coefficients), [se.Integer(0)] * (degree + 1)
    for n in range(degree, -1, -1):  # (a*(r+1)*Q + (a*x+b)*Q') = P, from the highest degree down
        quotient[n] = rest[n] / (a * (r + 1 + n))
        if n:
            rest[n - 1] -= b * n * quotient[n]
    integrand = se.Add(*(c * X**n for n, c in enumerate(coefficients))) * base**r
    return integrand, base ** (r + 1) * se.Add(*(c * X**n for n, c in enumerate(quotient)))


def reciprocal_with_root_of_linear(p: Parameters) -> Pair:
    """1 / (x * sqrt(a*x + b)) and sqrt(a*x + b) / x."""
    a, b = p.small(5), p.nonzero()
    root = sqrt(a * X + b)
    if b > 0:
        reciprocal = (ln(root - sqrt(b)) - ln(root + sqrt(b))) / sqrt(b)
    else:
        reciprocal = 2 / sqrt(-b) * atan(root / sqrt(-b))
    if p.chance(60):
        return 1 / (X * root), reciprocal
    return root / X, 2 * root + b * reciprocal


def over_root_of_quadratic(p: Parameters) -> Pair:
    """P(x) / sqrt(Q(x)) and sqrt(Q(x)) for a quadratic Q: S(x) * sqrt(Q) + k * the primitive of 1 / sqrt(Q)."""
    c, b, a = p.nonzero(), p.whole(), p.one_of((1, 1, 1, -1, -1, 4, 2, -4))
    a = se.Integer(a)
    q = a * X**2 + b * X + c
    discriminant = b**2 - 4 * a * c
    if a > 0 and discriminant < 0:
        base = asinh((2 * a * X + b) / sqrt(-discriminant)) / sqrt(a)
    elif a > 0:
        base = ln(2 * a * X + b + 2 * sqrt(a) * sqrt(q)) / sqrt(a)
    else:
        base = -asin((2 * a * X + b) / sqrt(discriminant)) / sqrt(-a)
    kind = p.below(4)
    if kind == 0:
        return 1 / sqrt(q), base
    if kind == 1:
        return sqrt(q), (2 * a * X + b) * sqrt(q) / (4 * a) - discriminant / (8 * a) * base
    m, n = p.nonzero(), (se.Integer(0) if kind == 2 else p.whole())
    return (m * X + n) / sqrt(q), m / a * sqrt(q) + (n - m * b / (2 * a)) * base


def function_of_root(p: Parameters) -> Pair:
    """e^sqrt(x), sin(sqrt(x)), atan(sqrt(x)), ln(1 + sqrt(x)), 1/(a + sqrt(x)) and the like: x = t^2."""
    a = se.Integer(1) if p.chance(60) else p.small(5)
    t, u = sqrt(X), a * sqrt(X)
    kind = p.below(9)
    if kind == 0:
        return exp(u), 2 * exp(u) * (u - 1) / a**2
    if kind == 1:
        return sin(u), 2 * (sin(u) - u * cos(u)) / a**2
    if kind == 2:
        return cos(u), 2 * (cos(u) + u * sin(u)) / a**2
    if kind == 3:
        return atan(t), (X + 1) * atan(t) - t
    if kind == 4:
        return 1 / (a + t), 2 * t - 2 * a * se.log(a + t)
    if kind == 5:
        return se.log(a + t), (X - a**2) * se.log(a + t) - X / 2 + a * t
    if kind == 6:
        return 1 / (t * (a + X)), 2 / sqrt(a) * atan(t / sqrt(a))
    if kind == 7:
        return t / (a + X), 2 * t - 2 * sqrt(a) * atan(t / sqrt(a))
    return 1 / (X + a * t), 2 * ln(t + a)


def abs_of_wave(p: Parameters) -> Pair:
    """|g| * g' and sign(g) * g', |x - a| * x."""
    kind = p.below(4)
    if kind == 0:
        g = p.one_of((cos(X), sin(X), se.log(X), X**2 - p.positive(), sin(p.small(5) * X)))
        return abs(g) * g.diff(X), g * abs(g) / 2
    if kind == 1:
        g = p.one_of((cos(X), sin(X), X**2 - p.positive(), X**3 - X, exp(X) - p.positive()))
        return se.sign(g) * g.diff(X), abs(g)
    a = p.nonzero()
    if kind == 2:
        return X * se.sign(X - a), (X**2 - a**2) / 2 * se.sign(X - a)
    return X * abs(X - a), ((X - a) / 3 + a / 2) * (X - a) * abs(X - a)


def over_quadratic(p: Parameters) -> Pair:
    """(m*x + n) / (a*x^2 + b*x + c) with a denominator that has no real root."""
    quadratic, part = _quadratic(p), polynomial(int(p.whole()), int(p.nonzero()))
    return as_expression(part, X) / as_expression(quadratic, X), integral_over_quadratic(part, quadratic, X)


ALGEBRAIC: dict[str, Form] = {
    "powers over a power": powers_over_a_power,
    "rational": rational,
    "linear over quadratic": over_quadratic,
    "power plus constant": power_plus_constant,
    "polynomial times power of linear": times_power_of_linear,
    "reciprocal with root of linear": reciprocal_with_root_of_linear,
    "over root of quadratic": over_root_of_quadratic,
    "function of root": function_of_root,
    "abs and sign of functions": abs_of_wave,
}
