"""Integrals of rational functions, by exact partial fractions over the rationals.

A polynomial is a tuple of Fractions, the constant coefficient first.
"""

from collections.abc import Sequence
from fractions import Fraction

import flint
import symengine as se

Polynomial = tuple[Fraction, ...]


def polynomial(*coefficients: int | Fraction) -> Polynomial:
    """The polynomial with these coefficients, the constant one first."""
    return tuple(map(Fraction, coefficients))


def product(*factors: Polynomial) -> Polynomial:
    """The product of polynomials."""
    result = polynomial(1)
    for factor in factors:
        terms = [Fraction(0)] * (len(result) + len(factor) - 1)
        for i, a in enumerate(result):
            for j, b in enumerate(factor):
                terms[i + j] += a * b
        result = tuple(terms)
    return result


def as_expression(coefficients: Polynomial, x: se.Basic) -> se.Basic:
    """The polynomial in x as an expression."""
    return se.Add(*(_number(c) * x**i for i, c in enumerate(coefficients)))


def integral_of_quotient(numerator: Polynomial, factors: Sequence[tuple[Polynomial, int]], x: se.Basic) -> se.Basic:
    """A primitive of numerator / product(factor ** power).

    Args:
        numerator: of any degree.
        factors: distinct polynomials (factor, power) of degree 1, or irreducible ones of degree 2 with power 1.
    """
    denominator = product(*(factor for factor, power in factors for _ in range(power)))
    quotient, remainder = _divided(numerator, denominator)
    terms = [_number(c) * x ** (i + 1) / (i + 1) for i, c in enumerate(quotient)]
    for factor, power, part in _partial_fractions(remainder, factors, denominator):
        terms.append(_integral_of_part(part, factor, power, x))
    return se.Add(*terms)


def integral_over_quadratic(part: Polynomial, quadratic: Polynomial, x: se.Basic) -> se.Basic:
    """A primitive of (B*x + A) / (c*x^2 + b*x + a), whose denominator has no real root."""
    a, b, c = quadratic
    constant, slope = (*part, Fraction(0))[:2]
    logarithm = slope / (2 * c)
    rest = constant - slope * b / (2 * c)
    root = se.sqrt(_number(4 * a * c - b * b))
    expression = as_expression(quadratic, x)
    arctangent = 2 * _number(rest) / root * se.atan((2 * _number(c) * x + _number(b)) / root)
    return _number(logarithm) * se.log(expression) + arctangent


def _divided(numerator: Polynomial, denominator: Polynomial) -> tuple[Polynomial, Polynomial]:
    remainder, quotient = list(numerator), []
    while len(remainder) >= len(denominator):
        factor = remainder[-1] / denominator[-1]
        quotient.insert(0, factor)
        for i, c in enumerate(denominator):
            remainder[len(remainder) - len(denominator) + i] -= factor * c
        remainder.pop()
    return tuple(quotient), tuple(remainder)


def _partial_fractions(remainder, factors, denominator):
    """(factor, power, part) with remainder / denominator = sum of part / factor ** power."""
    unknowns = []  # (factor, power, degree of x in the part)
    columns = []
    for factor, most in factors:
        for power in range(1, most + 1):
            others = [f for f, n in factors for _ in range(most - power if f is factor else n)]
            for degree in range(len(factor) - 1):
                unknowns.append((factor, power, degree))
                columns.append(product(polynomial(*([0] * degree), 1), *others))
    size = len(denominator) - 1
    matrix = flint.fmpq_mat(
        size, size, [_flint(column[i] if i < len(column) else 0) for i in range(size) for column in columns]
    )
    right = flint.fmpq_mat(size, 1, [_flint(remainder[i] if i < len(remainder) else 0) for i in range(size)])
    solution = matrix.solve(right)
    parts: dict[tuple[Polynomial, int], list[Fraction]] = {}
    for row, (factor, power, _) in enumerate(unknowns):
        value = solution[row, 0]
        parts.setdefault((factor, power), []).append(Fraction(int(value.p), int(value.q)))
    return [(factor, power, tuple(part)) for (factor, power), part in parts.items() if any(part)]


def _integral_of_part(part: Polynomial, factor: Polynomial, power: int, x: se.Basic) -> se.Basic:
    if len(factor) == 3:
        return integral_over_quadratic(part, factor, x)
    expression, slope = as_expression(factor, x), factor[1]
    constant = _number(part[0] / slope)
    if power == 1:
        return constant * se.log(abs(expression))
    return constant * expression ** (1 - power) / (1 - power)


def _number(value: Fraction) -> se.Basic:
    return se.Rational(value.numerator, value.denominator)


def _flint(value) -> flint.fmpq:
    value = Fraction(value)
    return flint.fmpq(value.numerator, value.denominator)
