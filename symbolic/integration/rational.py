"""Primitives of rational functions over the rational numbers.

Hermite's reduction gives the rational part and partial fractions the rest. The logarithmic part of an irreducible
denominator of degree 3 or more comes from its residues (Rothstein, Trager; Bronstein, Symbolic Integration I, ch. 2):
roots and residues are computed with many digits and recognised as rational numbers, or as numbers a + b*sqrt(m). What
is recognised is checked exactly where that is cheap; the caller checks every primitive.
"""

import functools
import math
from collections import defaultdict
from fractions import Fraction

import flint
import symengine as se

from symbolic.integration.forms import ONE, X, logarithm

_PRECISION = 400  # bits, of roots and residues
_MOST_DIGITS = 10**25  # in a denominator that is recognised
MAX_DEGREE = 40


def primitive(numerator: flint.fmpq_poly, denominator: flint.fmpq_poly) -> se.Basic | None:
    """A primitive of numerator/denominator with respect to x; None if it needs roots that are not written here."""
    common = numerator.gcd(denominator)
    numerator, denominator = numerator // common, denominator // common
    if max(numerator.degree(), denominator.degree()) > MAX_DEGREE:
        return None
    whole, rest = divmod(numerator, denominator)
    result = expression(whole.integral())
    if not rest:
        return result
    step = _common_step(rest, denominator)
    if step > 1:  # with u = x^step, dx * x^(step - 1) = du/step
        inner = primitive(_thinned(rest, step, step - 1) / step, _thinned(denominator, step, 0))
        return None if inner is None else result + inner.xreplace({X: X**step})
    _, factors = denominator.numer().factor()
    for factor, times in factors:
        part = _part(rest, denominator, flint.fmpq_poly(factor), times)
        term = _of_power(part, factor, times)
        if term is None:
            term = _over_binomial(rest, denominator)
            return None if term is None else expression((numerator // denominator).integral()) + term
        result += term
    return result


def expression(polynomial: flint.fmpq_poly) -> se.Basic:
    """A polynomial as a SymEngine expression in x."""
    return se.Add(*(rational(c) * X**k for k, c in enumerate(polynomial.coeffs()) if c))


def rational(number) -> se.Basic:
    """A rational number of FLINT, or a Fraction, as SymEngine's."""
    if isinstance(number, Fraction):
        return se.Rational(number.numerator, number.denominator)
    return se.Rational(int(number.p), int(number.q)) if isinstance(number, flint.fmpq) else se.Integer(int(number))


def _common_step(numerator, denominator) -> int:
    """The largest k for which x*numerator and denominator are polynomials in x^k."""
    step = 0
    for degree, coefficient in enumerate(denominator.coeffs()):
        step = math.gcd(step, degree) if coefficient else step
    for degree, coefficient in enumerate(numerator.coeffs()):
        step = math.gcd(step, degree + 1) if coefficient else step
    return step


def _thinned(polynomial, step, offset) -> flint.fmpq_poly:
    return flint.fmpq_poly(polynomial.coeffs()[offset::step])


def _part(numerator, denominator, factor, times) -> flint.fmpq_poly:
    """The numerator over factor^times in the partial fractions of numerator/denominator."""
    power = factor**times
    other = denominator // power
    if other.degree() < 1:
        return numerator / other[0]
    one, inverse, _ = other.xgcd(power)
    return (numerator * inverse / one[0]) % power


def _of_power(numerator, factor: flint.fmpz_poly, times: int) -> se.Basic | None:
    p = flint.fmpq_poly(factor)
    base, result = expression(p), se.Integer(0)
    if factor.degree() == 1:
        for power in range(times, 1, -1):
            numerator, rest = divmod(numerator, p)
            result += rational(rest[0] / p[1] / (1 - power)) * base ** (1 - power)
    else:
        # Of a/p^k = s*p'/p^k + t/p^(k-1), the first term is integrated by parts.
        one, _, inverse = p.xgcd(p.derivative())
        inverse /= one[0]
        for power in range(times, 1, -1):
            s = numerator * inverse % p
            result -= expression(s) / (power - 1) * base ** (1 - power)
            numerator = (numerator - s * p.derivative()) // p + s.derivative() / (power - 1)
    if not numerator:
        return result
    whole, numerator = divmod(numerator, p)
    term = _logarithmic(numerator, factor)
    return None if term is None else result + expression(whole.integral()) + term


def _logarithmic(numerator, factor: flint.fmpz_poly) -> se.Basic | None:
    """The primitive of numerator/factor for an irreducible factor, by logarithms and arcus tangents."""
    if not numerator:
        return se.Integer(0)
    degree = factor.degree()
    if degree == 1:
        return rational(numerator[0] / factor[1]) * logarithm(expression(factor_monic(factor)))
    if degree == 2:
        return over_quadratic(
            *(rational(flint.fmpq(numerator[k])) for k in (1, 0)), *(se.Integer(int(factor[k])) for k in (2, 1, 0))
        )
    p = flint.fmpq_poly(factor)
    ratio = numerator[degree - 1] / (degree * p[degree])
    if numerator == ratio * p.derivative():
        return rational(ratio) * logarithm(expression(p))
    # The mean of the roots is put to 0: (x + 1)^3 - 2 is x^3 - 2 with x + 1 for x.
    mean = -p[degree - 1] / (degree * p[degree])
    there, back = flint.fmpq_poly([mean, 1]), X - rational(flint.fmpq(mean))
    numerator, p = numerator(there), p(there)
    for method in (_by_residues, _over_binomial, _over_two_quadratics, _over_biquadratic):
        result = method(numerator, p)
        if result is not None:
            return result.xreplace({X: back})
    return None


def factor_monic(factor: flint.fmpz_poly) -> flint.fmpq_poly:
    """A linear factor, monic where that has whole coefficients: 2*x + 4 as x + 2."""
    if factor[0] % factor[1] == 0:
        return flint.fmpq_poly([factor[0] // factor[1], 1])
    return flint.fmpq_poly(factor)


def over_quadratic(e, f, a, b, c) -> se.Basic:
    """A primitive of (e*x + f)/(a*x^2 + b*x + c), for coefficients without x; of real roots with the same form."""
    q = a * X**2 + b * X + c
    rest = se.expand(f - e * b / (2 * a))
    result = e / (2 * a) * logarithm(q) if e != 0 else se.Integer(0)
    if rest == 0:
        return result
    discriminant = se.expand(4 * a * c - b**2)
    if discriminant == 0:
        return result - 2 * rest / (2 * a * X + b)
    root, top = _either_root(discriminant), 2 * a * X + b
    if is_negative(discriminant):
        root = _either_root(-discriminant)
        top, root_in_log = without_content(top, root)
        return result + rest / root * logarithm((top - root_in_log) / (top + root_in_log))
    top, root_inside = without_content(top, root)
    ratio = top / root_inside
    return result + 2 * rest / root * se.atan(se.expand(ratio) if isinstance(root_inside, se.Number) else ratio)


def _either_root(number) -> se.Basic:
    """A square root, of either sign: 2*a0 of 4*a0^2. Where it is used, its sign does not matter."""
    result, rest = ONE, ONE
    for factor in se.Mul.make_args(number):
        if isinstance(factor, se.Pow) and isinstance(factor.args[1], se.Integer) and int(factor.args[1]) % 2 == 0:
            result *= factor.args[0] ** (factor.args[1] / 2)
        else:
            rest *= factor
    return result * square_root(rest)


def without_content(top, root):
    """top and root without a common rational factor: 2*x + 2 and 4 as x + 1 and 2."""
    slope = top.diff(X)
    if not isinstance(slope, se.Rational):
        return top, root
    if not isinstance(se.expand(top / slope - X), se.Integer):
        return top, root
    return se.expand(top / slope), root / slope


def square_root(number) -> se.Basic:
    """The positive square root, a*sqrt(m) for rational numbers, and the root of a + b*sqrt(m) without a root in it."""
    number = se.expand(number)
    if isinstance(number, se.Add) and len(number.args) == 2:
        found = _denested(number)
        if found is not None:
            return found
    if isinstance(number, se.Pow) and number.args[1] == 2:
        return number.args[0]
    if isinstance(number, se.Rational) and not is_negative(number):
        q, m = _square_free(Fraction(int(number.p), int(number.q)))
        return rational(q) * se.sqrt(se.Integer(m))
    return se.sqrt(number)


def _denested(number) -> se.Basic | None:
    """sqrt(a + b*sqrt(m)) as sqrt(u) + sqrt(v) or sqrt(u) - sqrt(v), if u and v are rational."""
    a = sum((term for term in number.args if isinstance(term, se.Rational)), se.Integer(0))
    b = number - a
    square = se.expand(b**2)
    if a == 0 or not isinstance(square, se.Rational):
        return None
    root = se.sqrt(a**2 - square)
    if not isinstance(root, se.Rational):
        return None
    u, v = (a + root) / 2, (a - root) / 2
    return se.sqrt(u) + se.sqrt(v) if float(b) > 0 else se.sqrt(u) - se.sqrt(v)


def is_negative(expr) -> bool:
    """Whether a number is negative; an expression with symbols is taken for positive, its negative for negative."""
    if not expr.free_symbols:
        try:
            return float(expr.n(64, real=True)) < 0
        except RuntimeError:
            return False
    terms = se.Add.make_args(expr)
    return all(any(isinstance(f, se.Number) and f.is_negative for f in se.Mul.make_args(term)) for term in terms)


# --- Irreducible denominators of degree 3 and more --------------------------------------------------------------------


def _fraction_of(value: flint.arb) -> Fraction | None:
    """The rational number of few digits that a ball holds, or None."""
    if not value.is_finite():
        return None
    if value.contains(0):
        return Fraction(0) if abs(value) < flint.arb(1) / _MOST_DIGITS**3 else None
    mantissa, exponent = value.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    close = exact.limit_denominator(_MOST_DIGITS)
    return close if abs(exact - close) < Fraction(1, _MOST_DIGITS**3) else None


def _fractions_of(values) -> list[Fraction] | None:
    found = []
    for value in values:
        fraction = _fraction_of(value)
        if fraction is None:
            return None
        found.append(fraction)
    return found


@functools.lru_cache(32)
def _roots_of(coefficients: tuple) -> list[flint.acb]:
    before, flint.ctx.prec = flint.ctx.prec, _PRECISION
    try:
        return [root for root, _ in flint.fmpq_poly(list(coefficients)).complex_roots()]
    finally:
        flint.ctx.prec = before


def _roots(p: flint.fmpq_poly) -> list[flint.acb]:
    return _roots_of(tuple(p.coeffs()))


def _value(p: flint.fmpq_poly, at: flint.acb) -> flint.acb:
    total = flint.acb(0)
    for coefficient in reversed(p.coeffs()):
        total = total * at + flint.acb(flint.arb(coefficient))
    return total


def _with_precision(method):
    @functools.wraps(method)
    def called(*arguments):
        before, flint.ctx.prec = flint.ctx.prec, _PRECISION
        try:
            return method(*arguments)
        finally:
            flint.ctx.prec = before

    return called


def _square_free(number: Fraction) -> tuple[Fraction, int]:
    """(q, m) with number = q^2*m for an integer m without square factors that are found by trial division."""
    if number == 0:
        return Fraction(0), 1
    m, q = number.numerator * number.denominator, Fraction(1, number.denominator)
    sign, m = (1, m) if m > 0 else (-1, -m)
    for prime in range(2, 1000):
        while m % (prime * prime) == 0:
            m //= prime * prime
            q *= prime
    root = math.isqrt(m)
    if root * root == m:
        q, m = q * root, 1
    return q, sign * m


@_with_precision
def _by_residues(numerator, p) -> se.Basic | None:
    """The logarithmic part if the residues take two values, which are conjugate: a + b*sqrt(m)."""
    slope = p.derivative()
    groups: list[tuple[flint.acb, list]] = []
    for root in _roots(p):
        residue = _value(numerator, root) / _value(slope, root)
        for known, roots in groups:
            if known.overlaps(residue):
                roots.append(root)
                break
        else:
            groups.append((residue, [root]))
    if len(groups) != 2 or len(groups[0][1]) != len(groups[1][1]):
        return None
    (first, roots), (second, _) = groups
    if first.imag < second.imag:
        (first, _), (second, roots) = groups[0], groups[1]
        first, second = second, first
    mean = _fraction_of((first + second).real / 2)
    square = _fraction_of(((first - second) * (first - second)).real / 4)
    if mean is None or square is None:
        return None
    product = [flint.acb(1)]
    for root in roots:  # the polynomial with these roots
        product = [flint.acb(0), *product]
        for k in range(len(product) - 1):
            product[k] -= root * product[k + 1]
    q, m = _square_free(square)
    monic = p / p[p.degree()]
    result = rational(mean) * logarithm(expression(monic)) if mean else se.Integer(0)
    size = (flint.arb(abs(m))).sqrt()
    if m < 0:
        real, imaginary = _fractions_of(c.real for c in product), _fractions_of(c.imag / size for c in product)
        if real is None or imaginary is None:
            return None
        a, b = (_expression(part) for part in (real, imaginary))
        coefficient = rational(q) * se.sqrt(se.Integer(-m))
        ratio = se.expand(a / b) if not b.free_symbols else a / b
        return result + 2 * coefficient * se.atan(ratio / se.sqrt(se.Integer(-m)))
    # The conjugate product has the same rational parts, and the others with the opposite sign.
    other = [flint.acb(1)]
    for root in groups[0][1] if roots is groups[1][1] else groups[1][1]:
        other = [flint.acb(0), *other]
        for k in range(len(other) - 1):
            other[k] -= root * other[k + 1]
    real = _fractions_of((c + d).real / 2 for c, d in zip(product, other, strict=True))
    rest = _fractions_of((c - d).real / 2 / size for c, d in zip(product, other, strict=True))
    if real is None or rest is None:
        return None
    a, b = _expression(real), _expression(rest) * se.sqrt(se.Integer(m))
    sign = 1 if first.real > second.real else -1
    coefficient = sign * rational(q) * se.sqrt(se.Integer(m))
    return result + coefficient * logarithm((a + b) / (a - b))


def _expression(coefficients: list[Fraction]) -> se.Basic:
    return se.Add(*(rational(c) * X**k for k, c in enumerate(coefficients)))


def _over_binomial(numerator, p) -> se.Basic | None:
    """The primitive of numerator/(x^n + b): roots are b^(1/n) times roots of unity."""
    n = p.degree()
    if any(p[k] for k in range(1, n)) or n > 12:
        return None
    b = p[0] / p[n]
    numerator = numerator / p[n]
    modulus = se.Pow(rational(abs(b)), se.Rational(1, n))
    angles = [se.Rational(2 * k + 1, n) * se.pi for k in range(n // 2)] if b > 0 else []
    if b < 0:
        angles = [se.Rational(2 * k, n) * se.pi for k in range(1, (n + 1) // 2)]
    logs = defaultdict(lambda: se.Integer(0))
    result = se.Integer(0)
    real_roots = [modulus] if b < 0 else []
    if (n % 2 == 0) == (b < 0):
        real_roots.append(-modulus)
    for j in range(n):
        weight = numerator[j]
        if not weight:
            continue
        scale = -rational(weight / (n * b))
        for root in real_roots:
            logs[X - root] += scale * root ** (j + 1)
        for angle in angles:
            u, v = modulus * _cos(angle), modulus * _sin(angle)
            size = modulus ** (j + 1)
            quadratic = X**2 - 2 * u * X + modulus**2
            logs[quadratic] += scale * size * _cos((j + 1) * angle)
            result -= 2 * scale * size * _sin((j + 1) * angle) * se.atan((X - u) / v)
    return result + se.Add(*(se.expand(c) * logarithm(argument) for argument, c in logs.items()))


_FIFTHS = {  # the cosines that SymEngine does not evaluate
    1: (1 + se.sqrt(5)) / 4,
    2: (se.sqrt(5) - 1) / 4,
    3: (1 - se.sqrt(5)) / 4,
    4: (-1 - se.sqrt(5)) / 4,
}


def _cos(angle) -> se.Basic:
    value = se.cos(angle)
    fifths = se.expand(angle * 5 / se.pi)
    if value.args and isinstance(fifths, se.Integer):
        k = int(fifths) % 10
        return _FIFTHS.get(min(k, 10 - k), value)
    return value


def _sin(angle) -> se.Basic:
    return se.sin(angle)


@_with_precision
def _over_two_quadratics(numerator, p) -> se.Basic | None:
    """The primitive of numerator/p for p of degree 4 that is a product of two quadratics over Q(sqrt(m))."""
    if p.degree() != 4:
        return None
    roots = _roots(p)
    pairings = [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
    for pairing in pairings:
        (s1, t1), (s2, t2) = ((roots[i] + roots[j], roots[i] * roots[j]) for i, j in pairing)
        if not all(value.imag.contains(0) for value in (s1, t1, s2, t2)):
            continue
        s1, t1, s2, t2 = s1.real, t1.real, s2.real, t2.real
        mean_s, mean_t = _fraction_of((s1 + s2) / 2), _fraction_of((t1 + t2) / 2)
        squares = [_fraction_of(half * half) for half in ((s1 - s2) / 2, (t1 - t2) / 2)]
        if None in (mean_s, mean_t, *squares):
            continue
        _, m = _square_free(squares[0] or squares[1])
        if m <= 1:
            continue
        size = flint.arb(m).sqrt()
        delta = _fractions_of([(s1 - s2) / 2 / size, (t1 - t2) / 2 / size])
        if delta is None:
            continue
        # numerator/(lead*(x^2 - s1*x + t1)*(x^2 - s2*x + t2)) in partial fractions, by the residues.
        values = []
        for i, j in pairing:
            slope = p.derivative()
            residues = [_value(numerator, roots[k]) / _value(slope, roots[k]) for k in (i, j)]
            e = residues[0] + residues[1]
            f = -(residues[0] * roots[j] + residues[1] * roots[i])
            values.append((e.real, f.real))
        (e1, f1), (e2, f2) = values
        found = _fractions_of([(e1 + e2) / 2, (e1 - e2) / 2 / size, (f1 + f2) / 2, (f1 - f2) / 2 / size])
        if found is None:
            continue
        root = se.sqrt(se.Integer(m))
        result = se.Integer(0)
        for sign in (1, -1):
            s, t, e, f = (
                rational(c) + sign * rational(d) * root
                for c, d in ((mean_s, delta[0]), (mean_t, delta[1]), found[:2], found[2:])
            )
            result += over_quadratic(e, f, ONE, -s, t)
        return result
    return None


def _over_biquadratic(numerator, p) -> se.Basic | None:
    """The primitive of numerator/(x^4 + b*x^2 + c) with b^2 < 4*c: the factors are x^2 - s*x + r and x^2 + s*x + r."""
    if p.degree() != 4 or p[1] or p[3]:
        return None
    numerator, p = numerator / p[4], p / p[4]
    if p[2] * p[2] >= 4 * p[0]:
        return None
    odd = primitive(flint.fmpq_poly([0, numerator[1], 0, numerator[3]]), p)
    r = square_root(rational(flint.fmpq(p[0])))
    s = square_root(2 * r - rational(flint.fmpq(p[2])))
    e, f = rational(flint.fmpq(numerator[2])), rational(flint.fmpq(numerator[0]))
    slope = (f / r - e) / (2 * s)
    return odd + over_quadratic(slope, f / (2 * r), ONE, s, r) + over_quadratic(-slope, f / (2 * r), ONE, -s, r)
