"""Primitives of powers of linear terms, rational functions, and roots of linear, quotient and quadratic terms."""

import math

import flint
import symengine as se

from symbolic.algebra.polynomials import Polynomial, fraction
from symbolic.expressions.engines import TooLargeError, UndefinedError
from symbolic.integration import rational
from symbolic.integration.forms import (
    HALF,
    ONE,
    U,
    W,
    X,
    depends,
    linear,
    logarithm,
    power_of,
    rational_exponents,
    tidied,
)
from symbolic.integration.search import Search, substituted

_MOST_TERMS = 150
_MOST_GENERATORS = 8
_HIGHEST_DEGREE = 30


def power_of_linear(f: se.Basic, search: Search) -> se.Basic | None:
    """(a*x + b)^n, for any constant n."""
    base, exponent = power_of(f)
    if depends(exponent) or (found := linear(base)) is None:
        return None
    if exponent == -1:
        return logarithm(base) / found[0]
    return base ** (exponent + 1) / (found[0] * (exponent + 1))


def polynomial_times_power(f: se.Basic, search: Search) -> se.Basic | None:
    """p(x)*(a*x + b)^n for a polynomial p and any n but 1 and 2, in powers of a*x + b."""
    if not isinstance(f, se.Mul):
        return None
    power, others = None, []
    for factor in f.args:
        base, exponent = power_of(factor)
        found = None if depends(exponent) else linear(base)
        if found is not None and (base != X or not isinstance(exponent, se.Integer)) and exponent not in (1, 2):
            if power is not None:
                return None
            power = (base, exponent, *found)
        else:
            others.append(factor)
    if power is None:
        return None
    base, exponent, a, b = power
    coefficients = polynomial_coefficients(se.Mul(*others))
    if coefficients is None or len(coefficients) > 8:
        return None
    if isinstance(exponent, se.Integer) and -1 >= exponent and exponent + len(coefficients) > 1:
        return None  # a rational function with a polynomial part
    shifted = se.expand(sum((c * (X - b) ** k / a**k for k, c in enumerate(coefficients)), se.Integer(0)))
    shifted = polynomial_coefficients(shifted)
    if shifted is None:
        return None
    result = se.Integer(0)
    for k, c in enumerate(shifted):
        if c != 0:
            n = exponent + k + 1
            result += c / a * (logarithm(base) if n == 0 else base**n / n)
    return result


def polynomial_coefficients(expr: se.Basic) -> list[se.Basic] | None:
    """The coefficients of a polynomial in x, from degree 0 up, with any constants; None for other expressions."""
    if not 0 <= _degree(expr) <= _HIGHEST_DEGREE:
        return None
    found: dict[int, se.Basic] = {}
    for term in se.Add.make_args(se.expand(expr)):
        if not depends(term):
            found[0] = found.get(0, se.Integer(0)) + term
            continue
        powers = [power_of(factor) for factor in se.Mul.make_args(term) if depends(factor)]
        if len(powers) != 1 or powers[0][0] != X or not isinstance(powers[0][1], se.Integer) or powers[0][1] < 0:
            return None
        k = int(powers[0][1])
        found[k] = found.get(k, se.Integer(0)) + term / X**k
    return [found.get(k, se.Integer(0)) for k in range(max(found, default=0) + 1)]


def _degree(expr: se.Basic) -> int:
    """The degree of a polynomial in x that is not multiplied out, or more; -1 for other expressions."""
    if not depends(expr):
        return 0
    if expr == X:
        return 1
    if isinstance(expr, se.Add | se.Mul):
        degrees = [_degree(operand) for operand in expr.args]
        return -1 if -1 in degrees else max(degrees) if isinstance(expr, se.Add) else sum(degrees)
    if isinstance(expr, se.Pow) and isinstance(expr.args[1], se.Integer) and 0 < expr.args[1] <= _HIGHEST_DEGREE:
        degree = _degree(expr.args[0])
        return -1 if degree < 0 else degree * int(expr.args[1])
    return -1


# --- Rational functions ---------------------------------------------------------------------------------------------


def is_rational(f: se.Basic) -> bool:
    """Whether an expression is rational in x; its constants may be anything."""
    todo = [f]
    while todo:
        part = todo.pop()
        if part == X or not depends(part):
            continue
        if isinstance(part, se.Add | se.Mul):
            todo += part.args
        elif isinstance(part, se.Pow) and isinstance(part.args[1], se.Integer):
            if abs(int(part.args[1])) > _HIGHEST_DEGREE:
                return False
            todo.append(part.args[0])
        else:
            return False
    return True


def as_fraction(f: se.Basic) -> tuple[Polynomial, Polynomial] | None:
    """Numerator and denominator over the functions and roots in f; None if these or the terms are too many."""
    if _count_generators(f) > _MOST_GENERATORS:
        return None
    try:
        top, bottom = fraction(f)
    except (TooLargeError, UndefinedError, RuntimeError, ValueError, OverflowError):
        return None
    return None if max(len(top.terms), len(bottom.terms)) > _MOST_TERMS else (top, bottom)


def _count_generators(f: se.Basic) -> int:
    """How many different symbols, functions and roots f is a rational function of."""
    found, seen, todo = set(), set(), [f]
    while todo:
        part = todo.pop()
        if part in seen or isinstance(part, se.Number):
            continue
        seen.add(part)
        if isinstance(part, se.Add | se.Mul):
            todo += part.args
        elif isinstance(part, se.Pow) and isinstance(part.args[1], se.Integer):
            todo.append(part.args[0])
        else:
            found.add(part)
    return len(found)


def univariate(polynomial: Polynomial) -> flint.fmpq_poly | None:
    """A polynomial in x alone, or None if other symbols or functions occur."""
    generators = polynomial.generators
    used = [index for index, degree in enumerate(polynomial.terms.degrees()) if degree]
    if any(generators[index] != X for index in used):
        return None
    if not used:
        return flint.fmpq_poly([int(c) for c in polynomial.terms.coeffs()] or [0])
    coefficients: dict[int, int] = {}
    for degrees, coefficient in polynomial.terms.terms():
        coefficients[int(degrees[used[0]])] = int(coefficient)
    return flint.fmpq_poly([coefficients.get(k, 0) for k in range(max(coefficients) + 1)])


def rational_function(f: se.Basic, search: Search) -> se.Basic | None:
    """Any rational function of x with rational coefficients, and those with other constants that factor far enough."""
    if not is_rational(f):
        return None
    coefficients = polynomial_coefficients(f)
    if coefficients is not None:
        return sum((c * X ** (k + 1) / (k + 1) for k, c in enumerate(coefficients)), se.Integer(0))
    parts = as_fraction(f)
    if parts is None:
        return None
    top, bottom = map(univariate, parts)
    if top is not None and bottom is not None:
        return rational.primitive(top, bottom)
    return _with_constants(*parts, search)


def _with_constants(top: Polynomial, bottom: Polynomial, search: Search) -> se.Basic | None:
    """The primitive of a rational function whose coefficients are expressions: partial fractions over them."""
    numerator = polynomial_coefficients(top.expression())
    content, factors = bottom.factored()
    scale, divisors = se.Integer(content), []
    for factor, times in factors:
        coefficients = polynomial_coefficients(factor.expression())
        if coefficients is None or len(coefficients) > 3 or (len(coefficients) == 3 and times > 1):
            return None
        if len(coefficients) == 1:
            scale *= coefficients[0] ** times
        else:
            divisors.append((coefficients, times))
    if numerator is None or len(numerator) > 12:
        return None
    denominator = [ONE]
    for coefficients, times in divisors:
        for _ in range(times):
            denominator = _product(denominator, coefficients)
    if len(denominator) > 12:
        return None
    whole, rest = _divided(numerator, denominator)
    result = sum((c * X ** (k + 1) / (k + 1) for k, c in enumerate(whole)), se.Integer(0))
    for index, (coefficients, times) in enumerate(divisors):
        others = [ONE]
        for other, (each, repeat) in enumerate(divisors):
            for _ in range(repeat if other != index else 0):
                others = _product(others, each)
        if len(coefficients) == 2:
            b, a = coefficients
            root = -b / a
            value = _evaluated(rest) / _evaluated(others)
            for k in range(times):  # the Taylor series of rest/others at the root
                c = _simpler(value.xreplace({X: root}))
                power = times - k
                base = a * X + b
                c = c / a**k / math.factorial(k)
                result += c / a * (logarithm(base) if power == 1 else base ** (1 - power) / (1 - power))
                value = value.diff(X)
        else:
            c, b, a = coefficients
            u, v = _reduced(rest, a, b, c)
            p, q = _reduced(others, a, b, c)
            # (u*x + v)/(p*x + q) = (u*x + v)*(conjugate)/norm modulo a*x^2 + b*x + c
            norm = _simpler(q**2 - p * q * b / a + p**2 * c / a)
            inverse = (-p / norm, (q - p * b / a) / norm)
            e, f = _reduced([v * inverse[1], u * inverse[1] + v * inverse[0], u * inverse[0]], a, b, c)
            result += rational.over_quadratic(_simpler(e), _simpler(f), a, b, c)
    return result / scale


def _simpler(expr):
    """A constant with its numerator and denominator multiplied out."""
    parts = as_fraction(expr)
    if parts is None:
        return expr
    top, bottom = parts
    return top.expression() / bottom.expression()


def _product(p, q):
    result = [se.Integer(0)] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            result[i + j] += a * b
    return list(map(se.expand, result))


def _divided(numerator, denominator):
    rest, whole = list(numerator), [se.Integer(0)] * max(0, len(numerator) - len(denominator) + 1)
    for k in range(len(whole) - 1, -1, -1):
        factor = _simpler(rest[k + len(denominator) - 1] / denominator[-1])
        whole[k] = factor
        for i, c in enumerate(denominator):
            rest[k + i] = _simpler(rest[k + i] - factor * c)
    return whole, rest[: len(denominator) - 1]


def _evaluated(coefficients):
    return sum((c * X**k for k, c in enumerate(coefficients)), se.Integer(0))


def _reduced(coefficients, a, b, c):
    """(slope, constant) of a polynomial modulo a*x^2 + b*x + c."""
    _, rest = _divided(coefficients, [c, b, a])
    rest = [*rest, se.Integer(0), se.Integer(0)][:2]
    return rest[1], rest[0]


# --- Roots of linear terms ------------------------------------------------------------------------------------------


def roots_of_linear_terms(f: se.Basic, search: Search) -> se.Basic | None:
    """u = (a*x + b)^(1/k), or the root of a quotient of linear terms, wherever such a root occurs."""
    bases: dict[se.Basic, int] = {}
    for base, exponent in rational_exponents(f):
        bases[base] = math.lcm(bases.get(base, 1), int(exponent.q))
    for base, k in sorted(bases.items(), key=lambda item: (item[0] != X, -item[1], str(item[0]))):
        found = _inverse_of(base)
        if found is None or k > 12:
            continue
        inverse = found.xreplace({X: X**k})
        changed = _with_root(f, base, k, inverse)
        if changed is None:
            continue
        slope = inverse.diff(X)
        result = substituted(normal(changed * slope), base ** se.Rational(1, k), search)
        if result is not None:
            return result
    return None


def _inverse_of(base: se.Basic) -> se.Basic | None:
    """x as a function of y, here called x, for y = (a*x + b)/(c*x + d); None for other expressions."""
    if (found := linear(base)) is not None:
        return (X - found[1]) / found[0]
    parts = as_fraction(base) if is_rational(base) else None
    if parts is None:
        return None
    top, bottom = (polynomial_coefficients(part.expression()) for part in parts)
    if top is None or bottom is None or max(len(top), len(bottom)) > 2:
        return None
    (b, a), (d, c) = ([*each, se.Integer(0)][:2] for each in (top, bottom))
    return (b - d * X) / (c * X - a)


def _with_root(f, base, k, inverse) -> se.Basic | None:
    """f in u, here called x, for base = u^k."""
    replaced = {}
    for each, exponent in rational_exponents(f):
        if each == base and k % int(exponent.q) == 0:
            replaced[each**exponent] = U ** (exponent * k)
    changed = f.xreplace(replaced)
    if base == X:
        changed = changed.xreplace({X: U**k})
    else:
        changed = changed.xreplace({base: U**k}).xreplace({X: inverse.xreplace({X: U})})
    return tidied(changed.xreplace({U: X}))


def normal(f: se.Basic) -> se.Basic:
    """The same as a product of polynomials over the functions in it, without common factors, or as it is."""
    parts = as_fraction(f)
    if parts is None:
        return f
    result = ONE
    for part, sign in zip(parts, (1, -1), strict=True):
        try:
            content, factors = part.factored()
        except TooLargeError:
            return f
        result *= se.Integer(content) ** sign
        for factor, times in factors:
            result *= factor.expression() ** (sign * times)
    return result


# --- Roots of quadratic terms ---------------------------------------------------------------------------------------


def root_of_quadratic(f: se.Basic, search: Search) -> se.Basic | None:
    """p(x) + r(x)/sqrt(q) for a quadratic q and rational functions p and r."""
    roots = list(rational_exponents(f))
    if len({base for base, _ in roots}) != 1 or any(exponent.q != 2 for _, exponent in roots):
        return None
    coefficients = polynomial_coefficients(roots[0][0])
    if coefficients is None or len(coefficients) != 3:
        return None
    c, b, a = coefficients
    radicand = a * X**2 + b * X + c
    replaced = {base**exponent: W * radicand ** (exponent - HALF) for base, exponent in roots}
    changed = f.xreplace(replaced)
    if not is_rational(changed):
        return None
    parts = as_fraction(changed)
    if parts is None:
        return None
    parts = [_in_root(part, radicand) for part in parts]
    (n0, n1), (d0, d1) = parts
    norm = d0**2 - d1**2 * radicand
    if norm == 0:
        return None
    plain = normal((n0 * d0 - n1 * d1 * radicand) / norm)
    over_root = normal((n1 * d0 - n0 * d1) * radicand / norm)
    rest = _over_root(over_root, a, b, c, radicand, search)
    if rest is None:
        return None
    if plain == 0:
        return rest
    first = search.integrate(plain)
    return None if first is None else first + rest


def _in_root(part: Polynomial, radicand):
    """(p, q) of a polynomial p + q*w with w^2 = radicand."""
    expr = part.expression()
    halves = [se.Integer(0), se.Integer(0)]
    for term in se.Add.make_args(expr):
        degree = next((e for base, e in map(power_of, se.Mul.make_args(term)) if base == W), se.Integer(0))
        degree = int(degree)
        halves[degree % 2] += term / W**degree * radicand ** (degree // 2)
    return halves


def _over_root(r: se.Basic, a, b, c, radicand, search) -> se.Basic | None:
    """A primitive of r/sqrt(radicand) for a rational function r: undetermined coefficients, exactly."""
    if r == 0:
        return se.Integer(0)
    root = se.sqrt(radicand)
    parts = as_fraction(r)
    if parts is None:
        return None
    top, bottom = map(univariate, parts)
    quadratic = [univariate(part) for part in as_fraction(radicand) or ()]
    if top is None or bottom is None or len(quadratic) != 2 or None in quadratic:
        if r.is_Number or not depends(r):
            return r * _inverse_root(a, b, c)
        return _over_root_with_constants(r, a, b, c, radicand)
    q = quadratic[0] / quadratic[1][0]
    # F = g/d*w + k*(primitive of 1/w) + sum of m_i*(primitive of 1/((x - p_i)*w)); times w its derivative is r.
    d, simple = flint.fmpq_poly([1]), []
    for factor, times in bottom.numer().factor()[1]:
        p = flint.fmpq_poly(factor)
        if q.gcd(p).degree() > 0:
            d *= p**times
        else:
            d *= p ** (times - 1)
            if p.degree() > 1:
                return _by_euler(r, a, b, c, radicand, search)
            simple.append(-p[0] / p[1])
    degree = max(top.degree() - bottom.degree(), 0) + d.degree() + 1
    if degree > _HIGHEST_DEGREE:
        return None
    # (g'*q + g*q'/2)/d - g*d'*q/d^2 + k + sum(m_i/(x - p_i)) = top/bottom, times d^2*bottom
    columns = []
    x = flint.fmpq_poly([0, 1])
    for k in range(degree + 1):
        g = x**k
        columns.append(((g.derivative() * q + g * q.derivative() / 2) * d - g * d.derivative() * q) * bottom)
    columns.append(d * d * bottom)
    for root_of_factor in simple:
        columns.append(d * d * (bottom // (x - root_of_factor)))
    solution = _solved(columns, top * d * d)
    if solution is None:
        return None
    g = rational.expression(flint.fmpq_poly(solution[: degree + 1]))
    result = g / _factored(d) * root
    result += rational.rational(solution[degree + 1]) * _inverse_root(a, b, c)
    for pole, weight in zip(simple, solution[degree + 2 :], strict=True):
        if weight:
            result += rational.rational(weight) * _inverse_linear_root(rational.rational(pole), a, b, c, root)
    return result


def _factored(d: flint.fmpq_poly) -> se.Basic:
    content, factors = d.numer().factor()
    result = se.Integer(int(content)) / se.Integer(int(d.denom()))
    for factor, times in factors:
        result *= rational.expression(flint.fmpq_poly(factor)) ** times
    return result


def _solved(columns, right) -> list | None:
    """Rational numbers c with sum(c_i*column_i) = right, for polynomials; None if there are none."""
    height = max(p.degree() for p in (*columns, right)) + 1
    matrix = flint.fmpq_mat(height, len(columns) + 1)
    for j, column in enumerate((*columns, right)):
        for i, coefficient in enumerate(column.coeffs()):
            matrix[i, j] = coefficient
    return solved(matrix)


def solved(matrix: flint.fmpq_mat) -> list[flint.fmpq] | None:
    """A solution c of A*c = b for a matrix (A, b); unknowns that are free are 0. None if there is none."""
    width = matrix.ncols() - 1
    reduced, rank = matrix.rref()
    solution = [flint.fmpq(0)] * width
    for i in range(rank):
        pivot = next(j for j in range(width + 1) if reduced[i, j] != 0)
        if pivot == width:
            return None
        solution[pivot] = reduced[i, width]
    return solution


def _inverse_root(a, b, c) -> se.Basic:
    """A primitive of 1/sqrt(a*x^2 + b*x + c)."""
    discriminant = se.expand(b**2 - 4 * a * c)
    root_of_a = rational.square_root(-a if rational.is_negative(a) else a)
    top = 2 * a * X + b
    bottom = rational.square_root(-discriminant if rational.is_negative(discriminant) else discriminant)
    if rational.is_negative(a):
        top, bottom = rational.without_content(-top, bottom)
        return se.asin(se.expand(top / bottom)) / root_of_a
    if rational.is_negative(discriminant):
        top, bottom = rational.without_content(top, bottom)
        return se.asinh(se.expand(top / bottom)) / root_of_a
    root = se.sqrt(a * X**2 + b * X + c)
    return logarithm(se.expand(top / (2 * root_of_a)) + root) / root_of_a


def _inverse_linear_root(pole, a, b, c, root) -> se.Basic:
    """A primitive of 1/((x - pole)*sqrt(q)), by 1/t = x - pole."""
    value = se.expand(a * pole**2 + b * pole + c)
    slope = se.expand(2 * a * pole + b)
    t = X - pole
    if value == 0:
        return -2 * root / (slope * t)
    if rational.is_negative(value):
        size = rational.square_root(-value)
        return se.atan(se.expand(slope * t + 2 * value) / (2 * size * root)) / size
    size = rational.square_root(value)
    return -logarithm((se.expand((slope * t + 2 * value) / (2 * size)) + root) / t) / size


def _over_root_with_constants(r, a, b, c, radicand) -> se.Basic | None:
    """r/sqrt(q) for a polynomial r with any constants: the powers of x are taken off from above."""
    coefficients = polynomial_coefficients(r)
    if coefficients is None or len(coefficients) > 8:
        return None
    root, result = se.sqrt(radicand), se.Integer(0)
    # d(x^(n-1)*w) = ((n-1)*x^(n-2)*q + x^(n-1)*(2*a*x + b)/2)/w
    coefficients = [*coefficients, se.Integer(0), se.Integer(0)]
    for n in range(len(coefficients) - 1, 0, -1):
        weight = _simpler(coefficients[n] / (n * a))
        if weight == 0:
            continue
        result += weight * X ** (n - 1) * root
        coefficients[n] = se.Integer(0)
        coefficients[n - 1] -= weight * (n - 1) * b + weight * b / 2
        if n > 1:
            coefficients[n - 2] -= weight * (n - 1) * c
    return result + _simpler(coefficients[0]) * _inverse_root(a, b, c)


def _by_euler(r, a, b, c, radicand, search) -> se.Basic | None:
    """Euler's substitutions sqrt(q) = u - sqrt(a)*x and sqrt(q) = x*u + sqrt(c), for r/sqrt(q)."""
    root = se.sqrt(radicand)
    if not rational.is_negative(a):
        size = rational.square_root(a)
        x = (X**2 - c) / (b + 2 * size * X)
        # dx/sqrt(q) = 2*du/(b + 2*size*u)
        return substituted(normal(r.xreplace({X: x}) * 2 / (b + 2 * size * X)), root + size * X, search)
    if not rational.is_negative(c):
        size = rational.square_root(c)
        x = (b - 2 * size * X) / (X**2 - a)
        return substituted(normal(r.xreplace({X: x}) * 2 / (a - X**2)), (root - size) / X, search)
    return None
