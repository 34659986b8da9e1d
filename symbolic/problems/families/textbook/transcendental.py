"""Forms of integrals with waves, exponentials, logarithms and inverse functions.

Each is a function from random parameters to (f, F), where F' = f. Every pair is judged before it becomes a problem, so
a formula need not hold for every parameter.
"""

import functools
from fractions import Fraction

import symengine as se

from symbolic.problems.families.textbook.formulas import (
    Form,
    Pair,
    X,
    acos,
    asin,
    asinh,
    atan,
    cos,
    cosh,
    cot,
    csc,
    exp,
    ln,
    sec,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from symbolic.problems.families.textbook.parameters import Parameters


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
    """1/(a + b*cos x) and the like, by t = tan(x/2); such primitives jump where tan(x/2) has poles."""
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


TRANSCENDENTAL: dict[str, Form] = {
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
    "wave of logarithm": wave_of_logarithm,
    "exponential quotients": exponential_quotients,
    "exponential with derivative": exponential_with_derivative,
    "logarithmic derivative": logarithmic_derivative,
    "derivative of product": derivative_of_product,
}
