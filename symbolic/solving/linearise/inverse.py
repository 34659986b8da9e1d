"""Solving an equation for a symbol: functions are inverted, polynomials in one function of the symbol are solved."""

from collections.abc import Callable

import symengine as se

from symbolic.algebra.polynomials import Polynomial, fraction, numerator
from symbolic.solving.linearise.forms import is_finite, length, shortest
from symbolic.solving.linearise.functions import exponential, logarithm, power, root_of
from symbolic.solving.linearise.symbols import X

_DEPTH = 12
_LONGEST = 1500  # tokens
_LN = type(se.log(X))
_HALF = se.Rational(1, 2)


def _kind(function):
    return type(function(X))


# f -> the inverse functions: all values y with f(y) = v, up to periods.
_INVERSES: dict[type, Callable[[se.Basic], list[se.Basic]]] = {
    _kind(se.log): lambda v: [exponential(v)],
    _kind(se.sin): lambda v: [se.asin(v)],
    _kind(se.cos): lambda v: [se.acos(v)],
    _kind(se.tan): lambda v: [se.atan(v)],
    _kind(se.asin): lambda v: [se.sin(v)],
    _kind(se.acos): lambda v: [se.cos(v)],
    _kind(se.atan): lambda v: [se.tan(v)],
    _kind(se.sinh): lambda v: [se.asinh(v)],
    _kind(se.cosh): lambda v: [se.acosh(v)],
    _kind(se.tanh): lambda v: [se.atanh(v)],
    _kind(se.asinh): lambda v: [se.sinh(v)],
    _kind(se.acosh): lambda v: [se.cosh(v)],
    _kind(se.atanh): lambda v: [se.tanh(v)],
    _kind(se.Abs): lambda v: [v, -v],
    _kind(se.cot): lambda v: [se.atan(1 / v)],
    _kind(se.sec): lambda v: [se.acos(1 / v)],
    _kind(se.csc): lambda v: [se.asin(1 / v)],
    _kind(se.coth): lambda v: [se.atanh(1 / v)],
    _kind(se.acoth): lambda v: [1 / se.tanh(v)],
    _kind(se.acot): lambda v: [1 / se.tan(v)],
}


def solutions(expr: se.Basic, symbol: se.Symbol, depth: int = 0) -> list[se.Basic]:
    """Values of a symbol with which an expression is 0; some may be wrong, because branches are not looked at.

    Args:
        expr: what must be 0.
        symbol: what it is solved for.
    """
    if depth > _DEPTH or not se.has_symbol(expr, symbol) or length(expr) > _LONGEST:
        return []
    if expr == symbol:
        return [se.Integer(0)]
    try:
        found = _by_peeling(expr, se.Integer(0), symbol, depth)
        if not found:
            found = _by_exponentials(expr, symbol, depth) or _by_polynomials(expr, symbol, depth)
    except (RuntimeError, ArithmeticError):  # SymEngine's, for a value that is infinite
        return []
    return [value for value in dict.fromkeys(found) if is_finite(value) and not se.has_symbol(value, symbol)]


def inverted(expr: se.Basic, value: se.Basic, symbol: se.Symbol) -> list[se.Basic]:
    """Values of a symbol with which an expression has a value that does not hold the symbol."""
    try:
        return solutions_of(expr, value, symbol, 0)
    except (RuntimeError, ArithmeticError):  # SymEngine's, for a value that is infinite
        return []


def solutions_of(expr, value, symbol, depth):
    if depth > _DEPTH:
        return []
    if expr == symbol:
        return [value]
    return _by_peeling(expr, value, symbol, depth) or solutions(expr - value, symbol, depth + 1)


def _by_peeling(expr, value, symbol, depth):
    """Undoes the outermost operation of an expression, if the symbol stands in only one of its operands."""
    holding = [operand for operand in expr.args if se.has_symbol(operand, symbol)]
    if len(holding) != 1:
        return []
    (inner,) = holding
    if isinstance(expr, se.Add):
        return solutions_of(inner, value - (expr - inner), symbol, depth + 1)
    if isinstance(expr, se.Mul):
        return solutions_of(inner, value * inner / expr, symbol, depth + 1)
    if isinstance(expr, se.Pow):
        base, exponent = expr.args
        if inner == base:
            return [each for root in _roots(value, exponent) for each in solutions_of(base, root, symbol, depth + 1)]
        return solutions_of(exponent, logarithm(value) / logarithm(base), symbol, depth + 1)
    inverses = _INVERSES.get(type(expr))
    if inverses is None:
        return []
    return [each for result in inverses(value) for each in solutions_of(inner, result, symbol, depth + 1)]


def _roots(value, exponent):
    """The numbers whose power is a value."""
    root = power(value, 1 / exponent)
    is_even = isinstance(exponent, se.Rational) and int(exponent.p) % 2 == 0
    return [root, -root] if is_even else [root]


def _by_exponentials(expr, symbol, depth):
    """Of a sum of logarithms with rational coefficients, exp makes a product of powers; y is ln(exp(y))."""
    terms = se.Add.make_args(se.expand(expr))
    logarithms, rest = {}, se.Integer(0)
    for term in terms:
        if not se.has_symbol(term, symbol):
            rest += term
            continue
        coefficient, argument = se.Integer(1), None
        for factor in se.Mul.make_args(term):
            if type(factor) is _LN and argument is None:
                argument = factor.args[0]
            elif factor == symbol and argument is None:
                argument = se.exp(symbol)
            else:
                coefficient *= factor
        if argument is None or coefficient.free_symbols & {symbol, X}:
            return []
        logarithms[argument] = coefficient
    if not logarithms or list(logarithms) == [se.exp(symbol)]:
        return []
    unit = next(iter(logarithms.values()))
    ratios = {argument: coefficient / unit for argument, coefficient in logarithms.items()}
    if not all(isinstance(ratio, se.Rational) for ratio in ratios.values()):
        return []
    smallest = min(abs(ratio) for ratio in ratios.values())
    powers = {argument: ratio / smallest for argument, ratio in ratios.items()}
    product = se.Mul(*(argument**exponent for argument, exponent in powers.items()))
    value = exponential(-rest / (unit * smallest))
    return solutions(product - value, symbol, depth + 1)


def _by_polynomials(expr, symbol, depth):
    """Factors that are of degree 1 or 2, or binomials, in one function of the symbol."""
    try:
        factors = numerator(expr, ()).factors()
    except (ValueError, RuntimeError):
        return []
    found = []
    for factor in factors:
        indices = factor.indices_with(symbol)
        if len(indices) == 1:
            generator = factor.generators[indices[0]]
            for value in _roots_of(factor, indices[0]):
                found += [value] if generator == symbol else solutions_of(generator, value, symbol, depth + 1)
        elif len(indices) == 2:
            found += _without_root(factor, indices, symbol, depth)
    return found


def _without_root(factor: Polynomial, indices, symbol, depth):
    """Squares away one square root, if there is one."""
    for index in indices:
        if factor.is_square_root(index):
            try:
                return solutions(factor.without_square_root(index).expression(), symbol, depth + 1)
            except (ValueError, RuntimeError):
                return []
    return []


def _roots_of(factor: Polynomial, index: int) -> list[se.Basic]:
    coefficients = factor.coefficients(index)
    degree = max(coefficients)
    if degree == 1:
        return [-coefficients.get(0, se.Integer(0)) / coefficients[1]]
    if set(coefficients) <= {0, degree}:
        return _roots(shortest(-coefficients.get(0, se.Integer(0)) / coefficients[degree]), se.Integer(degree))
    if degree % 2 == 0 and set(coefficients) <= {0, degree // 2, degree}:
        a, b, c = (coefficients.get(k, se.Integer(0)) for k in (degree, degree // 2, 0))
        values = quadratic_roots(a, b, c)
        return [
            root for value in values for root in (_roots(value, se.Integer(degree // 2)) if degree > 2 else [value])
        ]
    return []


def quadratic_roots(a: se.Basic, b: se.Basic, c: se.Basic) -> list[se.Basic]:
    """The two roots of a*t**2 + b*t + c."""
    half = -b / (2 * a)
    discriminant = shortest(half**2 - c / a)
    root = power(discriminant, _HALF)
    rewritten = perfect_square(discriminant)
    root = root if rewritten is None else rewritten
    return [half + root, half - root]


def perfect_square(expr: se.Basic) -> se.Basic | None:
    """The square root of an expression that is the square of a rational expression, up to its sign; or None."""
    try:
        parts = fraction(expr)
        root = se.Integer(1)
        for part, sign in zip(parts, (1, -1), strict=True):
            content, factors = part.terms.factor()
            number = root_of(int(abs(content)))
            if content < 0:
                return None
            root *= number**sign
            for base, multiplicity in factors:
                if multiplicity % 2:
                    return None
                root *= part.ring.expression(base) ** (sign * multiplicity // 2)
        return root
    except (ValueError, RuntimeError, OverflowError, ZeroDivisionError):
        return None
