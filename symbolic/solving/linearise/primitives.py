"""Primitives of what arises while an equation is solved; letters a0 … a9 stand for any numbers.

First by rules: linearity, a table for linear arguments, substitution (a kernel whose derivative divides the integrand),
partial fractions, integration by parts. What the rules leave open is asked of a function that takes problems
`sub Y' f`, several at once. A primitive is used only if the judge does not refute it.
"""

from collections.abc import Callable, Sequence

import symengine as se

from symbolic.algebra import polynomials
from symbolic.algebra.terms import additive_terms, constant_factor
from symbolic.expressions.engines import differentiate, from_symengine, symengine_to_prefix, to_symengine
from symbolic.expressions.equations import integral_equation
from symbolic.expressions.prefix import from_prefix, prefix_text
from symbolic.solving.linearise.forms import fraction, is_finite, length, shortest
from symbolic.solving.linearise.inverse import perfect_square
from symbolic.solving.linearise.symbols import V, X
from symbolic.solving.repair import repaired
from symbolic.verification import verify

Integrals = Callable[[Sequence[str]], list[str | None]]

_DEPTH = 4
_LONGEST = 200  # tokens of an integrand
_LONGEST_CLOSURE = 40  # terms
_HALF = se.Rational(1, 2)


def _kind(function):
    return type(function(X))


_SIN, _COS, _TAN, _LN = map(_kind, (se.sin, se.cos, se.tan, se.log))

# f -> a primitive of f(u) by u.
_TABLE: dict[type, Callable[[se.Basic], se.Basic]] = {
    _SIN: lambda u: -se.cos(u),
    _COS: se.sin,
    _TAN: lambda u: -se.log(se.cos(u)),
    _kind(se.cot): lambda u: se.log(se.sin(u)),
    _kind(se.sec): lambda u: se.log(1 / se.cos(u) + se.tan(u)),
    _kind(se.csc): lambda u: se.log(se.tan(u / 2)),
    _kind(se.sinh): se.cosh,
    _kind(se.cosh): se.sinh,
    _kind(se.tanh): lambda u: se.log(se.cosh(u)),
    _LN: lambda u: u * se.log(u) - u,
    _kind(se.asin): lambda u: u * se.asin(u) + se.sqrt(1 - u**2),
    _kind(se.acos): lambda u: u * se.acos(u) - se.sqrt(1 - u**2),
    _kind(se.atan): lambda u: u * se.atan(u) - se.log(1 + u**2) / 2,
    _kind(se.asinh): lambda u: u * se.asinh(u) - se.sqrt(1 + u**2),
}
# (f, n) -> a primitive of f(u)**n by u.
_POWERS = {
    (_COS, -2): se.tan,
    (_SIN, -2): lambda u: -1 / se.tan(u),
    (_TAN, 2): lambda u: se.tan(u) - u,
    (_TAN, -1): lambda u: se.log(se.sin(u)),
    (_COS, -1): lambda u: se.log(1 / se.cos(u) + se.tan(u)),
    (_SIN, -1): lambda u: se.log(se.tan(u / 2)),
    (_COS, 2): lambda u: u / 2 + se.sin(2 * u) / 4,
    (_SIN, 2): lambda u: u / 2 - se.sin(2 * u) / 4,
    (_kind(se.cosh), -2): se.tanh,
    (_kind(se.sinh), -2): lambda u: -1 / se.tanh(u),
    (_kind(se.tanh), 2): lambda u: u - se.tanh(u),
    (_kind(se.cosh), -1): lambda u: 2 * se.atan(se.exp(u)),
    (_kind(se.sinh), -1): lambda u: se.log(se.tanh(u / 2)),
    (_kind(se.tanh), -1): lambda u: se.log(se.sinh(u)),
    (_LN, 2): lambda u: u * se.log(u) ** 2 - 2 * u * se.log(u) + 2 * u,
}


def primitives(integrands: Sequence[se.Basic], ask: Integrals) -> list[se.Basic | None]:
    """A primitive by x of each integrand, or None; asks for all at once that the rules leave open."""
    found = [_checked(f, by_rules(f)) for f in integrands]
    open_ones = {}
    for index, f in enumerate(integrands):
        if found[index] is None and length(f) <= _LONGEST:
            open_ones[index] = prefix_text(integral_equation(from_symengine(f)))
    if open_ones:
        answers = ask(list(open_ones.values()))
        for index, answer in zip(open_ones, answers, strict=True):
            if answer is not None:
                found[index] = _checked(integrands[index], to_symengine(from_prefix(answer)))
    return found


def primitive(integrand: se.Basic, ask: Integrals) -> se.Basic | None:
    """A primitive by x, or None."""
    return primitives([integrand], ask)[0]


def _checked(integrand, answer):
    """The answer, unless it is refuted."""
    if answer is None or not is_finite(answer):
        return None
    try:
        problem = prefix_text(integral_equation(from_symengine(integrand)))
        verdict = verify(problem, " ".join(symengine_to_prefix(answer)), extent=False)
    except (ValueError, RuntimeError):
        return None
    return answer if verdict.solved else None


def own_integrals(problems: Sequence[str]) -> list[str | None]:
    """What `primitives` asks where nothing else is given: repair, with the terms that derivatives of the integrand hold."""
    return [_by_closure(problem) for problem in problems]


def _by_closure(problem: str) -> str | None:
    tree = from_prefix(problem)
    integrand = to_symengine(tree.operands[1])
    if integrand.free_symbols - {X}:
        return None
    ansatz = se.Add(*((index + 2) * term for index, term in enumerate(closure([integrand]))))
    try:
        return next((prefix_text(answer) for answer in repaired(tree, [from_symengine(ansatz)])), None)
    except (ValueError, RuntimeError):
        return None


def closure(exprs: Sequence[se.Basic], steps: int = 2) -> list[se.Basic]:
    """The terms of expressions and of their derivatives, times 1, x and x**2, and logarithms of what they divide by."""
    terms: dict[se.Basic, None] = {}
    for expr in exprs:
        for _ in range(steps + 1):
            parts = additive_terms(expr)
            if len(parts) > _LONGEST_CLOSURE:
                break
            terms.update(dict.fromkeys(constant_factor(part)[1] for part in parts))
            expr = differentiate(expr, X)
    logarithms = {}
    for term in list(terms):
        for factor in se.Mul.make_args(term):
            base, exponent = factor.args if isinstance(factor, se.Pow) else (factor, se.Integer(1))
            if isinstance(exponent, se.Number) and exponent < 0 and se.has_symbol(base, X):
                logarithms[se.log(base)] = None
                logarithms[base] = None
                logarithms[se.atan(base)] = None
                logarithms[term * se.log(base)] = None
    found = {}
    for power in (1, X, X**2, 1 / X):
        found.update(dict.fromkeys(term * power for term in terms))
    found |= logarithms
    return list(found)[: 3 * _LONGEST_CLOSURE]


# --- Rules ------------------------------------------------------------------------------------------------------------


def by_rules(f: se.Basic, depth: int = 0) -> se.Basic | None:
    """A primitive by x, by rules; None if they find none. Not checked."""
    if not is_finite(f) or length(f) > _LONGEST:
        return None
    c, f = constant_factor(f)
    if f == 1:
        return c * X
    result = _table(f)
    if result is None and depth < _DEPTH:
        for rule in (_sum, _substitution, _rational, _trigonometric, _by_parts, _grouped):
            result = rule(f, depth)
            if result is not None:
                break
    return None if result is None else c * result


def _table(f):
    base, exponent = f.args if isinstance(f, se.Pow) else (f, se.Integer(1))
    if not se.has_symbol(exponent, X):
        slope = _slope(base)
        if slope is not None:
            return se.log(base) / slope if exponent == -1 else base ** (exponent + 1) / ((exponent + 1) * slope)
        quadratic = _quadratic(base)
        if quadratic is not None:
            return _power_of_quadratic(base, exponent, *quadratic)
        if len(base.args) == 1:
            (argument,) = base.args
            slope = _slope(argument)
            if slope is not None:
                rule = _TABLE.get(type(base)) if exponent == 1 else None
                if rule is None and isinstance(exponent, se.Integer):
                    rule = _POWERS.get((type(base), int(exponent)))
                return None if rule is None else rule(argument) / slope
        return None
    slope = _slope(exponent)
    if slope is not None and not se.has_symbol(base, X):
        return f / (slope * (1 if base == se.E else se.log(base)))
    return None


def _slope(expr):
    """a of a*x + b; None for other expressions."""
    slope = se.expand(expr).diff(X)
    return None if slope == 0 or se.has_symbol(slope, X) else slope


def _quadratic(expr):
    """(a, b, c) of a*x**2 + b*x + c with a not 0; None for other expressions."""
    expanded = se.expand(expr)
    second = expanded.diff(X, 2)
    if second == 0 or se.has_symbol(second, X):
        return None
    return second / 2, expanded.diff(X).xreplace({X: se.Integer(0)}), expanded.xreplace({X: se.Integer(0)})


def _is_negative(expr) -> bool:
    """Whether a constant is negative when its letters are positive."""
    value = complex(expr.xreplace({symbol: se.Rational(11 + i, 10) for i, symbol in enumerate(sorted(expr.free_symbols, key=str))}).n(53))
    return value.real < 0


def _square_root(expr):
    """The square root of a constant; of a square its base, whatever its sign."""
    root = perfect_square(expr)
    return se.sqrt(expr) if root is None else root


def _power_of_quadratic(q, exponent, a, b, c):
    discriminant = se.expand(b**2 - 4 * a * c)
    line = 2 * a * X + b
    if discriminant == 0:
        # q = a*(x + b/(2a))**2
        return _table((X + b / (2 * a)) ** (2 * exponent)) * a**exponent
    if exponent == -1:
        if _is_negative(discriminant):
            root = _square_root(-discriminant)
            return 2 / root * se.atan(shortest(line / root))
        root = _square_root(discriminant)
        return se.log((X + (b - root) / (2 * a)) / (X + (b + root) / (2 * a))) / root
    if exponent == -_HALF:
        if not _is_negative(a):
            if _is_negative(discriminant):
                return se.asinh(shortest(line / _square_root(-discriminant))) / se.sqrt(a)
            return se.log(line + 2 * se.sqrt(a) * se.sqrt(q)) / se.sqrt(a)
        return se.asin(shortest(-line / _square_root(discriminant))) / se.sqrt(-a)
    if exponent == -3 * _HALF:
        return -2 * line / (discriminant * se.sqrt(q))
    if exponent == _HALF:
        inner = _power_of_quadratic(q, -_HALF, a, b, c)
        return line * se.sqrt(q) / (4 * a) - discriminant / (8 * a) * inner
    if exponent == -2:
        inner = _power_of_quadratic(q, se.Integer(-1), a, b, c)
        return -line / (discriminant * q) - 2 * a / discriminant * inner
    return None


def _sum(f, depth):
    if not isinstance(f, se.Add):
        return None
    parts = []
    for term in f.args:
        part = by_rules(term, depth + 1)
        if part is None:
            return None
        parts.append(part)
    return se.Add(*parts)


def _grouped(f, depth):
    """The terms of a product multiplied out, those with the same functions of x together as one fraction."""
    expanded = se.expand(f)
    if not isinstance(expanded, se.Add) or isinstance(f, se.Add) and depth:
        return None
    groups: dict[se.Basic, list[se.Basic]] = {}
    for term in expanded.args:
        functions = se.Mul(*(factor for factor in se.Mul.make_args(term) if _has_functions(factor)))
        groups.setdefault(functions, []).append(term)
    if len(groups) == 1 and isinstance(f, se.Add):
        return None
    parts = [fraction(se.Add(*terms)) for terms in groups.values()]
    if len(parts) == 1:
        return _sum(expanded, depth)
    return _sum(se.Add(*parts), depth) or _sum(expanded, depth)


def kernels(expr: se.Basic) -> list[se.Basic]:
    """The functions, powers and arguments with x in an expression, shortest first."""
    found, todo = {}, [expr]
    while todo:
        part = todo.pop()
        if part == X or part in found or not se.has_symbol(part, X):
            continue
        if isinstance(part, se.Pow):
            base, exponent = part.args
            if isinstance(exponent, se.Number):
                if base == X and exponent not in (-1, 1):
                    found[part] = None
                    if isinstance(exponent, se.Integer) and exponent % 2 == 0:
                        if abs(exponent) > 2:
                            found[X ** (abs(exponent) / 2)] = None
            else:
                found[part] = None
            todo += part.args
        elif isinstance(part, se.Mul):
            todo += part.args
        elif isinstance(part, se.Add):
            found[part] = None
            todo += part.args
        else:
            found[part] = None
            todo += part.args
    return sorted(found, key=lambda kernel: (length(kernel), str(kernel)))


def _substitution(f, depth):
    for u in kernels(f)[:10]:
        slope = u.diff(X)
        quotient = in_terms_of(f / slope, u)
        if quotient is None:
            cancelled = fraction(f / slope)
            quotient = in_terms_of(cancelled, u)
        if quotient is None or length(quotient) > _LONGEST:
            continue
        inner = by_rules(quotient.xreplace({V: X}), depth + 1)
        if inner is not None:
            return inner.xreplace({X: u})
    return None


def in_terms_of(expr: se.Basic, u: se.Basic) -> se.Basic | None:
    """An expression in x as one in z = u, or None where x remains."""
    result = _put(expr, u, *(u.args if isinstance(u, se.Pow) else (u, se.Integer(1))))
    return None if se.has_symbol(result, X) else result


def _put(expr, u, base, exponent):
    if expr == u:
        return V
    if not se.has_symbol(expr, X):
        return expr
    if expr == base and isinstance(exponent, se.Rational) and abs(exponent.p) == 1:  # x = z**2 for u = sqrt(x)
        return V ** (1 / exponent)
    if isinstance(expr, se.Pow):
        own_base, own_exponent = expr.args
        if own_base == base:
            ratio = own_exponent / exponent
            if isinstance(ratio, se.Integer) or (isinstance(ratio, se.Rational) and base == se.E):
                return V**ratio
    if not expr.args:
        return expr
    return expr.func(*(_put(operand, u, base, exponent) for operand in expr.args))


def _rational(f, depth):
    """Partial fractions: linear factors first, one after the other, then what has one quadratic denominator."""
    if any(kernel for kernel in kernels(f) if not isinstance(kernel, se.Add | se.Pow) or _has_functions(kernel)):
        return None
    try:
        _, bottom = polynomials.fraction(f)
        factors = [(bottom.ring.expression(base), int(m)) for base, m in bottom.terms.factor()[1]]
    except (ValueError, RuntimeError, OverflowError):
        return None
    factors = [(base, m) for base, m in factors if se.has_symbol(base, X)]
    rest, total = fraction(f), se.Integer(0)
    for base, multiplicity in factors:
        slope = _slope(base)
        if slope is None:
            continue
        root = X - se.expand(base / slope)
        for m in range(multiplicity, 0, -1):
            coefficient = fraction(rest * (X - root) ** m)
            try:
                coefficient = shortest(coefficient.xreplace({X: root}))
            except RuntimeError:
                return None
            if not is_finite(coefficient):
                return None
            if coefficient == 0:
                continue
            total += coefficient * (se.log(base) if m == 1 else (X - root) ** (1 - m) / (1 - m))
            rest = fraction(rest - coefficient / (X - root) ** m)
    if rest == 0:
        return total
    remaining = _polynomial_or_quadratic(rest)
    return None if remaining is None else total + remaining


def _has_functions(expr) -> bool:
    if isinstance(expr, se.Pow):
        base, exponent = expr.args
        return not isinstance(exponent, se.Integer) and se.has_symbol(expr, X) or _has_functions(base)
    if isinstance(expr, se.Add | se.Mul):
        return any(map(_has_functions, expr.args))
    return bool(expr.args) and se.has_symbol(expr, X)


def _polynomial_or_quadratic(f):
    try:
        top, bottom = (se.expand(part.expression()) for part in polynomials.fraction(f))
    except (ValueError, RuntimeError):
        return None
    if not se.has_symbol(bottom, X):
        return _polynomial(top / bottom)
    quotient = se.Integer(0)
    low, high = _coefficients(bottom), _coefficients(top)
    if low is None or high is None:
        return None
    d = max(low)
    while high and max(high) >= d:
        n = max(high)
        c = high[n] / low[d]
        quotient += c * X ** (n - d)
        for k, value in low.items():
            high[k + n - d] = se.expand(high.get(k + n - d, se.Integer(0)) - c * value)
        high.pop(n)
        high = {k: value for k, value in high.items() if fraction(value) != 0}
    result = _polynomial(quotient)
    if not high:
        return result
    if d != 2 or result is None:
        return None
    a, b, c = low[2], low.get(1, se.Integer(0)), low.get(0, se.Integer(0))
    p, q = high.get(1, se.Integer(0)), high.get(0, se.Integer(0))
    inner = _power_of_quadratic(bottom, se.Integer(-1), a, b, c)
    return result + p / (2 * a) * se.log(bottom) + shortest(q - p * b / (2 * a)) * inner


def _coefficients(expr):
    """Degree -> coefficient of a polynomial in x; None if it is none."""
    found = {}
    for term in se.Add.make_args(se.expand(expr)):
        degree, coefficient = 0, se.Integer(1)
        for factor in se.Mul.make_args(term):
            base, exponent = factor.args if isinstance(factor, se.Pow) else (factor, se.Integer(1))
            if base == X and isinstance(exponent, se.Integer) and exponent > 0:
                degree += int(exponent)
            elif se.has_symbol(factor, X):
                return None
            else:
                coefficient *= factor
        found[degree] = found.get(degree, se.Integer(0)) + coefficient
    return found


def _polynomial(expr):
    coefficients = _coefficients(expr)
    if coefficients is None:
        return None
    return se.Add(*(c * X ** (n + 1) / (n + 1) for n, c in coefficients.items()))


def _trigonometric(f, depth):
    """Products of sines and cosines as sums; even powers over a power of the other function by Pythagoras."""
    for base, other in ((_SIN, se.cos), (_COS, se.sin)):
        for factor in se.Mul.make_args(f):
            root, exponent = factor.args if isinstance(factor, se.Pow) else (factor, se.Integer(1))
            if type(root) is base and isinstance(exponent, se.Integer) and 2 <= exponent <= 6:
                partner = other(*root.args)
                if se.has_symbol(f / factor, X) and any(
                    isinstance(each, se.Pow) and each.args[0] == partner and each.args[1] < 0 for each in se.Mul.make_args(f)
                ):
                    rest = f / factor * root ** (exponent % 2)
                    return _sum(se.expand(rest * se.expand((1 - partner**2) ** (exponent // 2))), depth)
    waves = []
    rest = se.Integer(1)
    for factor in se.Mul.make_args(f):
        base, exponent = factor.args if isinstance(factor, se.Pow) else (factor, se.Integer(1))
        if type(base) in (_SIN, _COS) and isinstance(exponent, se.Integer) and 0 < exponent < 6:
            waves += [base] * int(exponent)
        else:
            rest *= factor
    if len(waves) < 2:
        return None
    terms = [(se.Integer(1), waves[0])]
    for wave in waves[1:]:
        terms = [each for c, other in terms for each in _product_as_sum(c, other, wave)]
    return _sum(se.expand(rest * se.Add(*(c * wave for c, wave in terms))), depth)


def _product_as_sum(c, first, second):
    if first == 1:
        return [(c, second)]
    (u,), (v,) = first.args, second.args
    plus, minus = se.expand(u + v), se.expand(u - v)
    match type(first) is _SIN, type(second) is _SIN:
        case True, True:
            return _wave(c / 2, se.cos(minus)) + _wave(-c / 2, se.cos(plus))
        case False, False:
            return _wave(c / 2, se.cos(minus)) + _wave(c / 2, se.cos(plus))
        case True, False:
            return _wave(c / 2, se.sin(plus)) + _wave(c / 2, se.sin(minus))
        case _:
            return _wave(c / 2, se.sin(plus)) + _wave(-c / 2, se.sin(minus))


def _wave(c, wave):
    number, rest = constant_factor(wave)
    if rest == 1:
        return [(c * number, se.Integer(1))] if number != 0 else []
    return [(c * number, rest)]


def _by_parts(f, depth):
    """x**n times an exponential, a sine or a cosine; exponential times wave; logarithms and inverse functions."""
    factors = list(se.Mul.make_args(f))
    exponentials = [a for a in factors if isinstance(a, se.Pow) and not se.has_symbol(a.args[0], X) and _slope(a.args[1]) is not None]
    waves = [a for a in factors if type(a) in (_SIN, _COS) and _slope(a.args[0]) is not None]
    if len(exponentials) == 1 and len(waves) == 1 and len(factors) == 2:
        return _exponential_wave(exponentials[0], waves[0])
    if len(waves) <= 1 and len(exponentials) <= 1 and (waves or exponentials):
        kept = se.Mul(*waves, *exponentials)
        rest = f / kept
        coefficients = _coefficients(rest)
        if coefficients is not None and max(coefficients) <= 6:
            total, sign = se.Integer(0), 1
            inner = kept
            while rest != 0:
                inner = _exponential_wave(exponentials[0], waves[0]) if inner == kept and waves and exponentials else by_rules(se.expand(inner), _DEPTH - 1)
                if inner is None:
                    return None
                total += sign * rest * inner
                rest, sign = se.expand(rest.diff(X)), -sign
            return total
    for factor in factors:
        base, exponent = factor.args if isinstance(factor, se.Pow) else (factor, se.Integer(1))
        if base == X and exponent in (1, 2) and depth < _DEPTH - 1:  # x times what can be integrated twice
            inner = by_rules(f / factor, _DEPTH - 1)
            if inner is not None:
                remaining = by_rules(se.expand(inner * factor.diff(X)), depth + 2)
                if remaining is not None:
                    return inner * factor - remaining
        if type(base) in _LOGARITHMIC and exponent in (1, 2) and depth < _DEPTH - 1:
            inner = by_rules(f / factor, depth + 1)
            if inner is not None:
                remaining = by_rules(fraction(inner * factor.diff(X)), depth + 1)
                if remaining is not None:
                    return inner * factor - remaining
    return None


_LOGARITHMIC = {_kind(g) for g in (se.log, se.atan, se.asin, se.acos, se.asinh, se.acosh, se.atanh)}


def _exponential_wave(e, wave):
    """A primitive of exp(a*x + c)*sin(b*x + d) or with the cosine."""
    (argument,) = wave.args
    base, exponent = e.args
    a = _slope(exponent) * (1 if base == se.E else se.log(base))
    b = _slope(argument)
    s, c = se.sin(argument), se.cos(argument)
    return e * ((a * s - b * c) if type(wave) is _SIN else (a * c + b * s)) / (a**2 + b**2)
