"""The forms of integrals that a calculus course asks for: each a small function from random parameters to (f, F), F' = f.

`OUTER` holds integrals in one letter u, which `textbook` puts linear arguments and inner functions into. `FORMS` holds
the integrals that are more than that. The formulas are those of any table of integrals (Abramowitz & Stegun 1964,
chapters 3 to 6). Each primitive holds on the whole domain of its integrand where ln|u| and sign can do that. Every pair
is judged before it becomes a problem, so a formula need not hold for every parameter.
"""

import functools
from collections.abc import Callable
from fractions import Fraction
from math import isqrt

import symengine as se

from symbolic.problems.families.parameters import Parameters
from symbolic.problems.families.rational_functions import (
    as_expression,
    integral_of_quotient,
    integral_over_quadratic,
    polynomial,
    product,
)

Pair = tuple[se.Basic, se.Basic]  # an integrand and its primitive
Form = Callable[[Parameters], Pair]

X = se.Symbol("x")
sin, cos, tan, sec, csc, cot = se.sin, se.cos, se.tan, se.sec, se.csc, se.cot
sinh, cosh, tanh, sech, csch, coth = se.sinh, se.cosh, se.tanh, se.sech, se.csch, se.coth
exp, atan, asin, acos, asinh = se.exp, se.atan, se.asin, se.acos, se.asinh


def sqrt(u: se.Basic) -> se.Basic:
    """The square root; of a whole number with its square factors taken out, 2*sqrt(7) for sqrt(28)."""
    if not isinstance(u, se.Integer) or u <= 0:
        return se.sqrt(u)
    outside, inside = 1, int(u)
    for factor in range(isqrt(inside), 1, -1):
        if inside % factor**2 == 0:
            outside, inside = factor, inside // factor**2
            break
    return outside * se.sqrt(se.Integer(inside))


def ln(u: se.Basic) -> se.Basic:
    """ln|u|."""
    return se.log(abs(u))


# --- one function of u: (f(u), F(u)) ----------------------------------------------------------------------------------


def _power(p: Parameters, u) -> Pair:
    n = p.exponent()
    return u**n, u ** (n + 1) / (n + 1)


def _general_power(p: Parameters, u) -> Pair:
    base = p.one_of((2, 3, 5, 10, p.positive() + 1))
    return se.Integer(base) ** u, se.Integer(base) ** u / se.log(base)


def _root_of_square(p: Parameters, u) -> Pair:
    square = p.small(9) ** 2 if p.chance(60) else p.positive()
    a = sqrt(square)
    kind = p.below(9)
    if kind == 0:
        return 1 / sqrt(square - u**2), asin(u / a)
    if kind == 1:
        return 1 / sqrt(square + u**2), asinh(u / a)
    if kind == 2:
        return 1 / sqrt(u**2 - square), ln(u + sqrt(u**2 - square))
    if kind == 3:
        return sqrt(square - u**2), u * sqrt(square - u**2) / 2 + square / 2 * asin(u / a)
    if kind == 4:
        return sqrt(square + u**2), u * sqrt(square + u**2) / 2 + square / 2 * asinh(u / a)
    if kind == 5:
        return sqrt(u**2 - square), u * sqrt(u**2 - square) / 2 - square / 2 * ln(u + sqrt(u**2 - square))
    if kind == 6:
        return 1 / (square + u**2), atan(u / a) / a
    if kind == 7:
        return 1 / (u**2 - square), (ln(u - a) - ln(u + a)) / (2 * a)
    return 1 / (square - u**2), (ln(u + a) - ln(u - a)) / (2 * a)


def _three_halves(p: Parameters, u) -> Pair:
    square = p.small(9) ** 2 if p.chance(60) else p.positive()
    radicand = p.one_of((square - u**2, square + u**2))
    return radicand ** se.Rational(-3, 2), u / (square * sqrt(radicand))


def _square_with_power(p: Parameters, u) -> Pair:
    """x^2/(x^2+a^2), x^2 times or over a root."""
    square = p.small(9) ** 2 if p.chance(60) else p.positive()
    a = sqrt(square)
    kind = p.below(4)
    if kind == 0:
        return u**2 / (u**2 + square), u - a * atan(u / a)
    if kind == 1:
        return u**2 / sqrt(square - u**2), square / 2 * asin(u / a) - u * sqrt(square - u**2) / 2
    if kind == 2:
        return u**2 / sqrt(square + u**2), u * sqrt(square + u**2) / 2 - square / 2 * asinh(u / a)
    return 1 / (u * sqrt(u**2 - square)), atan(sqrt(u**2 - square) / a) / a


def _fixed(*pairs: Callable[[se.Basic], Pair]) -> Callable[[Parameters, se.Basic], Pair]:
    """A form that takes one of several pairs, whichever the draw says."""
    return lambda p, u: p.one_of(pairs)(u)


def _recip(u):
    return 1 / u


OUTER: dict[str, Callable[[Parameters, se.Basic], Pair]] = {
    "power": _power,
    "reciprocal": _fixed(lambda u: (1 / u, ln(u))),
    "exponential": _fixed(lambda u: (exp(u), exp(u))),
    "general exponential": _general_power,
    "sine, cosine": _fixed(lambda u: (sin(u), -cos(u)), lambda u: (cos(u), sin(u))),
    "tangent and the like": _fixed(
        lambda u: (tan(u), -ln(cos(u))),
        lambda u: (cot(u), ln(sin(u))),
        lambda u: (sec(u), ln(sec(u) + tan(u))),
        lambda u: (csc(u), ln(tan(u / 2))),
        lambda u: (1 / cos(u), ln(1 / cos(u) + tan(u))),
        lambda u: (1 / sin(u), ln(tan(u / 2))),
        lambda u: (1 / tan(u), ln(sin(u))),
    ),
    "squares of secant and the like": _fixed(
        lambda u: (sec(u) ** 2, tan(u)),
        lambda u: (csc(u) ** 2, -cot(u)),
        lambda u: (1 / cos(u) ** 2, tan(u)),
        lambda u: (1 / sin(u) ** 2, -1 / tan(u)),
        lambda u: (tan(u) ** 2, tan(u) - u),
        lambda u: (cot(u) ** 2, -cot(u) - u),
        lambda u: (1 + tan(u) ** 2, tan(u)),
        lambda u: (sec(u) * tan(u), sec(u)),
        lambda u: (csc(u) * cot(u), -csc(u)),
        lambda u: (sin(u) / cos(u) ** 2, 1 / cos(u)),
    ),
    "hyperbolic": _fixed(
        lambda u: (sinh(u), cosh(u)),
        lambda u: (cosh(u), sinh(u)),
        lambda u: (tanh(u), se.log(cosh(u))),
        lambda u: (coth(u), ln(sinh(u))),
        lambda u: (sech(u), atan(sinh(u))),
        lambda u: (csch(u), ln(tanh(u / 2))),
        lambda u: (sech(u) ** 2, tanh(u)),
        lambda u: (csch(u) ** 2, -coth(u)),
        lambda u: (1 / cosh(u) ** 2, tanh(u)),
        lambda u: (tanh(u) ** 2, u - tanh(u)),
        lambda u: (sech(u) * tanh(u), -sech(u)),
        lambda u: (csch(u) * coth(u), -csch(u)),
    ),
    "roots and quotients of squares": _root_of_square,
    "radicand to the power -3/2": _three_halves,
    "squares beside squares": _square_with_power,
    "logarithm": _fixed(
        lambda u: (se.log(u), u * se.log(u) - u),
        lambda u: (se.log(u) ** 2, u * se.log(u) ** 2 - 2 * u * se.log(u) + 2 * u),
        lambda u: (se.log(u) / u, se.log(u) ** 2 / 2),
        lambda u: (1 / (u * se.log(u)), ln(se.log(u))),
        lambda u: (u * se.log(u), u**2 * se.log(u) / 2 - u**2 / 4),
    ),
    "inverse functions": _fixed(
        lambda u: (asin(u), u * asin(u) + sqrt(1 - u**2)),
        lambda u: (acos(u), u * acos(u) - sqrt(1 - u**2)),
        lambda u: (atan(u), u * atan(u) - se.log(1 + u**2) / 2),
        lambda u: (asinh(u), u * asinh(u) - sqrt(1 + u**2)),
        lambda u: (se.atanh(u), u * se.atanh(u) + ln(1 - u**2) / 2),
        lambda u: (u * atan(u), (u**2 + 1) * atan(u) / 2 - u / 2),
        lambda u: (asin(u) ** 2, u * asin(u) ** 2 + 2 * sqrt(1 - u**2) * asin(u) - 2 * u),
    ),
    "abs and sign": _fixed(
        lambda u: (abs(u), u * abs(u) / 2),
        lambda u: (se.sign(u), abs(u)),
        lambda u: (sqrt(abs(u)), 2 * u * sqrt(abs(u)) / 3),
        lambda u: (1 / abs(u), se.sign(u) * ln(u)),
        lambda u: (1 / sqrt(abs(u)), 2 * se.sign(u) * sqrt(abs(u))),
        lambda u: (u * abs(u), abs(u) ** 3 / 3),
        lambda u: (exp(abs(u)), se.sign(u) * (exp(abs(u)) - 1)),
        lambda u: (exp(-abs(u)), se.sign(u) * (1 - exp(-abs(u)))),
    ),
}


# --- forms of x -------------------------------------------------------------------------------------------------------


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
        return [0, int(p.coefficient()) if p.chance(20) and p.below(1) else 1]
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
            primitive = sign * (ln(X + sign * a) / 3 - se.log(quadratic) / 6) + sign * sign * arctangent / r3
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


def trigonometric_powers(p: Parameters) -> Pair:
    """sin(k*x)^m * cos(k*x)^n: a polynomial in sin or cos where one exponent is odd, else multiple angles."""
    m, n = p.one_of([(m, n) for m in range(6) for n in range(7) if 2 <= m + n <= 7])
    k = se.Integer(1) if p.chance(60) else p.small(6)
    u = k * X
    integrand = sin(u) ** m * cos(u) ** n
    if m % 2:
        half = m // 2  # sin^(2h+1) cos^n: t = cos
        terms = [
            se.Integer(-1) ** (j + 1) * _binomial(half, j) * cos(u) ** (n + 2 * j + 1) / (n + 2 * j + 1)
            for j in range(half + 1)
        ]
    elif n % 2:
        half = n // 2
        terms = [
            se.Integer(-1) ** j * _binomial(half, j) * sin(u) ** (m + 2 * j + 1) / (m + 2 * j + 1)
            for j in range(half + 1)
        ]
    else:
        terms = [c * (u if not j else sin(2 * j * u) / (2 * j)) for j, c in _fourier(m, n).items()]
    return integrand, se.Add(*terms) / k


def _binomial(n: int, k: int) -> se.Integer:
    return se.Integer(1) if k == 0 else _binomial(n - 1, k - 1) * n / k


@functools.cache
def _fourier(m: int, n: int) -> dict[int, se.Basic]:
    """j -> c_j with sin(u)^m * cos(u)^n = sum of c_j * cos(2*j*u), for even m and n."""
    series = {0: Fraction(1)}
    for sign in [-1] * (m // 2) + [1] * (n // 2):  # sin^2 = (1 - cos 2u)/2, cos^2 = (1 + cos 2u)/2
        new: dict[int, Fraction] = {}
        for j, c in series.items():
            new[j] = new.get(j, Fraction(0)) + c / 2
            for other in (j + 1, abs(j - 1)):
                new[other] = new.get(other, Fraction(0)) + sign * c / 4
        series = new
    return {j: se.Rational(c.numerator, c.denominator) for j, c in sorted(series.items()) if c}


def products_of_waves(p: Parameters) -> Pair:
    """sin(a*x) * cos(b*x) and the like, as sums."""
    a, b = p.small(8), p.small(8)
    if a == b:
        b = a + 1
    kind = p.below(3)
    if kind == 0:
        return sin(a * X) * cos(b * X), -cos((a + b) * X) / (2 * (a + b)) - cos((a - b) * X) / (2 * (a - b))
    if kind == 1:
        return sin(a * X) * sin(b * X), sin((a - b) * X) / (2 * (a - b)) - sin((a + b) * X) / (2 * (a + b))
    return cos(a * X) * cos(b * X), sin((a - b) * X) / (2 * (a - b)) + sin((a + b) * X) / (2 * (a + b))


def powers_of_tangent_and_secant(p: Parameters) -> Pair:
    """tan^n, cot^n, sec^n, csc^n, tanh^n and products that a substitution or a reduction formula solves."""
    k = se.Integer(1) if p.chance(60) else p.small(5)
    u, n = k * X, int(2 + p.small(4))
    kind = p.below(7)
    if kind == 0:
        primitive = _tangent_power(n, u)
        return tan(u) ** n, primitive / k
    if kind == 1:
        return cot(u) ** n, -_tangent_power(n, u, cot, -1) / k
    if kind == 2:
        return sec(u) ** n, _secant_power(n, u) / k
    if kind == 3:
        return csc(u) ** n, _cosecant_power(n, u) / k
    if kind == 4:
        return tanh(u) ** n, _hyperbolic_tangent_power(n, u) / k
    if kind == 5:
        return tan(u) ** n * sec(u) ** 2, tan(u) ** (n + 1) / ((n + 1) * k)
    return sec(u) ** n * tan(u), sec(u) ** n / (n * k)


def _tangent_power(n: int, u, function=tan, sign=1):
    """A primitive of tan^n; of -cot^n with `function` cot and `sign` -1: both satisfy t' = ±(1 + t^2)."""
    if n == 0:
        return u if sign == 1 else -u
    if n == 1:
        return -ln(cos(u)) if sign == 1 else -ln(sin(u))
    return function(u) ** (n - 1) / (n - 1) - _tangent_power(n - 2, u, function, sign)


def _secant_power(n: int, u):
    if n == 1:
        return ln(sec(u) + tan(u))
    if n == 2:
        return tan(u)
    return sec(u) ** (n - 2) * tan(u) / (n - 1) + se.Rational(n - 2, n - 1) * _secant_power(n - 2, u)


def _cosecant_power(n: int, u):
    if n == 1:
        return ln(tan(u / 2))
    if n == 2:
        return -cot(u)
    return -(csc(u) ** (n - 2)) * cot(u) / (n - 1) + se.Rational(n - 2, n - 1) * _cosecant_power(n - 2, u)


def _hyperbolic_tangent_power(n: int, u):
    if n == 0:
        return u
    if n == 1:
        return se.log(cosh(u))
    return -(tanh(u) ** (n - 1)) / (n - 1) + _hyperbolic_tangent_power(n - 2, u)


def hyperbolic_powers(p: Parameters) -> Pair:
    """sinh(k*x)^m * cosh(k*x)^n with an odd exponent, or small even ones."""
    k = se.Integer(1) if p.chance(60) else p.small(5)
    u = k * X
    kind = p.below(5)
    if kind == 0:
        return sinh(u) ** 2, (sinh(2 * u) / 4 - u / 2) / k
    if kind == 1:
        return cosh(u) ** 2, (sinh(2 * u) / 4 + u / 2) / k
    if kind == 2:
        return sinh(u) ** 3, (cosh(u) ** 3 / 3 - cosh(u)) / k
    if kind == 3:
        return cosh(u) ** 3, (sinh(u) ** 3 / 3 + sinh(u)) / k
    n = p.small(5)
    return sinh(u) * cosh(u) ** n, cosh(u) ** (n + 1) / ((n + 1) * k)


def rational_in_sine_and_cosine(p: Parameters) -> Pair:
    """1/(a + b*cos x) and the like; where t = tan(x/2) brings jumps, so be it: the judge knows."""
    k = se.Integer(1) if p.chance(65) else p.small(4)
    u, t = k * X, tan(k * X / 2)
    kind = p.below(12)
    if kind == 0:
        return 1 / (1 + cos(u)), t / k
    if kind == 1:
        return 1 / (1 - cos(u)), -1 / (k * t)
    if kind == 2:
        return 1 / (1 + sin(u)), (tan(u) - 1 / cos(u)) / k
    if kind == 3:
        return 1 / (1 - sin(u)), (tan(u) + 1 / cos(u)) / k
    a, b = p.small(7), p.small(7) * (-1 if p.chance(40) else 1)
    if kind in (4, 5):
        wide = abs(a) > abs(b)
        if abs(a) == abs(b):
            a, wide = a + abs(b), True
        root = sqrt(a**2 - b**2) if wide else sqrt(b**2 - a**2)
        if kind == 4:
            if wide:
                return 1 / (a + b * cos(u)), 2 / (k * root) * atan((a - b) * t / root)
            return 1 / (a + b * cos(u)), (ln((b - a) * t + root) - ln((b - a) * t - root)) / (k * root)
        if wide:
            return 1 / (a + b * sin(u)), 2 / (k * root) * atan((a * t + b) / root)
        return 1 / (a + b * sin(u)), (ln(a * t + b - root) - ln(a * t + b + root)) / (k * root)
    if kind == 6:
        b = abs(b)
        return 1 / (a**2 * cos(u) ** 2 + b**2 * sin(u) ** 2), atan(b * tan(u) / a) / (a * b * k)
    if kind == 7:
        root = sqrt(1 + a)
        return 1 / (1 + a * cos(u) ** 2), atan(tan(u) / root) / (root * k)
    if kind == 8:
        root = sqrt(1 + a)
        return 1 / (1 + a * sin(u) ** 2), atan(root * tan(u)) / (root * k)
    if kind == 9:
        return sin(u) / (sin(u) + cos(u)), (u - ln(sin(u) + cos(u))) / (2 * k)
    if kind == 10:
        return cos(u) / (sin(u) + cos(u)), (u + ln(sin(u) + cos(u))) / (2 * k)
    return 1 / (sin(u) * cos(u)), ln(tan(u)) / k


def _polynomial(p: Parameters, most: int = 3) -> list[se.Basic]:
    """Coefficients of a polynomial of degree 1 to `most`, often a bare power."""
    degree = 1 + p.below(most)
    if p.chance(60):
        return [se.Integer(0)] * degree + [se.Integer(1)]
    return [p.whole() for _ in range(degree)] + [p.nonzero()]


def _value(coefficients) -> se.Basic:
    return se.Add(*(c * X**n for n, c in enumerate(coefficients)))


def polynomial_times_exponential(p: Parameters) -> Pair:
    """P(x) * e^(a*x), or times b^x: by parts until the polynomial is gone."""
    coefficients, a = _polynomial(p), p.scale()
    base = exp(a * X)
    if p.chance(12):
        number = p.one_of((2, 3, 10))
        a, base = se.log(se.Integer(number)), se.Integer(number) ** X
    polynomial_, primitive, sign = _value(coefficients), se.Integer(0), 1
    current, power = polynomial_, a
    while current != 0:
        primitive += sign * current / power
        current, power, sign = current.diff(X), power * a, -sign
    return polynomial_ * base, se.expand(primitive) * base


def polynomial_times_wave(p: Parameters) -> Pair:
    """P(x) times sin, cos, sinh or cosh of a*x."""
    coefficients, a = _polynomial(p), p.scale()
    u = a * X
    function = p.one_of((sin, cos, sin, cos, sinh, cosh))
    chain = {sin: (-1, cos), cos: (1, sin), sinh: (1, cosh), cosh: (1, sinh)}
    integrand, current = _value(coefficients) * function(u), _value(coefficients)
    primitive, sign, factor = se.Integer(0), 1, function
    while current != 0:
        turn, factor = chain[factor]
        sign *= turn
        primitive += sign * current / a * factor(u)
        current, sign = current.diff(X) / a, -sign
    return integrand, primitive


def exponential_times_wave(p: Parameters) -> Pair:
    """e^(a*x) * sin(b*x) and cos, times x now and then."""
    a, b = p.scale(), p.small(6) if p.chance(70) else abs(p.scale())
    size = a**2 + b**2
    e, s, c = exp(a * X), sin(b * X), cos(b * X)
    sine, cosine = e * (a * s - b * c) / size, e * (a * c + b * s) / size
    kind = p.below(6)
    if kind < 2:
        return e * s, sine
    if kind < 4:
        return e * c, cosine
    # by parts: x * I - the integral of I
    inner_sine = (a * sine - b * cosine) / size
    inner_cosine = (a * cosine + b * sine) / size
    if kind == 4:
        return X * e * s, se.expand(X * sine - inner_sine)
    return X * e * c, se.expand(X * cosine - inner_cosine)


def power_times_logarithm(p: Parameters) -> Pair:
    """x^n * ln(a*x)^k, and ln(x)/x^n."""
    n = p.one_of([se.Integer(n) for n in (-3, -2, 0, 1, 2, 3)] + [se.Rational(1, 2), se.Rational(-1, 2)])
    k, a = 1 + p.below(3), p.small(5) if p.chance(25) else se.Integer(1)
    logarithm = se.log(a * X)
    primitive, factor = se.Integer(0), se.Integer(1)
    for j in range(k, -1, -1):
        primitive += factor * logarithm**j / (n + 1)
        factor *= -se.Integer(j) / (n + 1)
    return X**n * logarithm**k, X ** (n + 1) * se.expand(primitive)


def logarithm_of_quadratic(p: Parameters) -> Pair:
    """ln(x^2 + a), ln|x^2 - a|, ln(x + sqrt(x^2 + a)), x * ln(x^2 + a)."""
    square = p.small(6) ** 2 if p.chance(50) else p.positive()
    a = sqrt(square)
    kind = p.below(5)
    if kind == 0:
        return se.log(X**2 + square), X * se.log(X**2 + square) - 2 * X + 2 * a * atan(X / a)
    if kind == 1:
        return se.log(X**2 - square), X * se.log(X**2 - square) - 2 * X + a * (ln(X + a) - ln(X - a))
    if kind == 2:
        root = sqrt(X**2 + square)
        return se.log(X + root), X * se.log(X + root) - root
    if kind == 3:
        s = X**2 + square
        return X * se.log(s), s * se.log(s) / 2 - X**2 / 2
    return se.log(X**2 + square) / X**2, -se.log(X**2 + square) / X + 2 / a * atan(X / a)


def power_times_inverse_function(p: Parameters) -> Pair:
    """x^n times atan, asin, acos or asinh."""
    kind = p.below(7)
    if kind == 0:
        return X**2 * atan(X), X**3 * atan(X) / 3 - X**2 / 6 + se.log(1 + X**2) / 6
    if kind == 1:
        return X * asin(X), (2 * X**2 - 1) * asin(X) / 4 + X * sqrt(1 - X**2) / 4
    if kind == 2:
        return atan(X) / X**2, -atan(X) / X + ln(X) - se.log(1 + X**2) / 2
    if kind == 3:
        return X * acos(X), (2 * X**2 - 1) * acos(X) / 4 - X * sqrt(1 - X**2) / 4
    if kind == 4:
        a = 1 + p.small(5)
        return X * atan(a * X), (X**2 + 1 / a**2) * atan(a * X) / 2 - X / (2 * a)
    if kind == 5:
        a = p.small(6)
        return atan(X / a), X * atan(X / a) - a * se.log(X**2 + a**2) / 2
    return X * asinh(X), (2 * X**2 + 1) * asinh(X) / 4 - X * sqrt(1 + X**2) / 4


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


def wave_of_logarithm(p: Parameters) -> Pair:
    """sin(a*ln x), cos(a*ln x)."""
    a = se.Integer(1) if p.chance(60) else p.small(5)
    u = a * se.log(X)
    size = 1 + a**2
    if p.chance(50):
        return sin(u), X * (sin(u) - a * cos(u)) / size
    return cos(u), X * (cos(u) + a * sin(u)) / size


def exponential_quotients(p: Parameters) -> Pair:
    """1/(1 + e^x), 1/(e^x + e^-x), e^x/(1 + e^x)^n and the like."""
    a, k = p.small(5), se.Integer(1) if p.chance(60) else p.small(4)
    e = exp(k * X)
    kind = p.below(5)
    if kind == 0:
        return 1 / (a + e), (X - se.log(a + e) / k) / a
    if kind == 1:
        return 1 / (e + 1 / e), atan(e) / k
    if kind == 2:
        return e / (a**2 + e**2), atan(e / a) / (a * k)
    if kind == 3:
        return 1 / (e - 1), ln(e - 1) / k - X
    return 1 / sqrt(a**2 + e), (ln(sqrt(a**2 + e) - a) - ln(sqrt(a**2 + e) + a)) / (a * k)


def exponential_with_derivative(p: Parameters) -> Pair:
    """e^(a*x) * (a*f + f'): what by parts gives back."""
    a = se.Integer(1) if p.chance(70) else p.nonzero()
    f = p.one_of((tan(X), 1 / X, sqrt(X), se.log(X), sin(X), 1 / (1 + X), 1 / X**2, atan(X), X**2, 1 / cos(X), cot(X)))
    return exp(a * X) * (a * f + f.diff(X)), exp(a * X) * f


def logarithmic_derivative(p: Parameters) -> Pair:
    """(g^h)' = g^h * (h' * ln g + h * g'/g): x^x and its like."""
    g = p.one_of((X, X, X, sin(X), se.log(X), X**2 + 1, 1 + X, cos(X)))
    h = p.one_of((X, X, 2 * X, sin(X), X**2, 1 / X, sqrt(X)))
    return g**h * (h.diff(X) * se.log(g) + h * g.diff(X) / g), g**h


def derivative_of_product(p: Parameters) -> Pair:
    """(u*v)' and (u/v)' for functions of one kind each."""
    kinds = (
        X,
        X**2,
        X**3,
        sqrt(X),
        exp(X),
        exp(-X),
        exp(2 * X),
        se.log(X),
        sin(X),
        cos(X),
        tan(X),
        atan(X),
        sin(2 * X),
        cosh(X),
        sinh(X),
        1 / X,
        1 + X**2,
        asin(X),
        sec(X),
        1 + exp(X),
        sqrt(1 + X**2),
    )
    u, v = p.one_of(kinds), p.one_of(kinds)
    function = u * v if p.chance(60) else u / v
    return function.diff(X), function


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


FORMS: dict[str, Form] = {
    "powers over a power": powers_over_a_power,
    "rational": rational,
    "linear over quadratic": over_quadratic,
    "power plus constant": power_plus_constant,
    "polynomial times power of linear": times_power_of_linear,
    "reciprocal with root of linear": reciprocal_with_root_of_linear,
    "over root of quadratic": over_root_of_quadratic,
    "trigonometric powers": trigonometric_powers,
    "products of waves": products_of_waves,
    "powers of tangent and secant": powers_of_tangent_and_secant,
    "hyperbolic powers": hyperbolic_powers,
    "rational in sine and cosine": rational_in_sine_and_cosine,
    "polynomial times exponential": polynomial_times_exponential,
    "polynomial times wave": polynomial_times_wave,
    "exponential times wave": exponential_times_wave,
    "power times logarithm": power_times_logarithm,
    "logarithm of quadratic": logarithm_of_quadratic,
    "power times inverse function": power_times_inverse_function,
    "function of root": function_of_root,
    "wave of logarithm": wave_of_logarithm,
    "exponential quotients": exponential_quotients,
    "exponential with derivative": exponential_with_derivative,
    "logarithmic derivative": logarithmic_derivative,
    "derivative of product": derivative_of_product,
    "abs and sign of functions": abs_of_wave,
}
