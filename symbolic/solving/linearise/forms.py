"""Forms of an expression: one fraction in lowest terms, the shortest of several, constants absorbed."""

import itertools
from collections.abc import Iterator

import symengine as se

from symbolic.algebra import polynomials, simplification
from symbolic.algebra.simplification import rebuilt
from symbolic.expressions.engines import UNDEFINED, symengine_to_prefix
from symbolic.solving.linearise.symbols import CONSTANTS, SLOPE, X, Y

_SIN, _COS, _TAN, _ATAN, _SINH, _COSH, _TANH, _LN, _ABS = (
    type(function(X)) for function in (se.sin, se.cos, se.tan, se.atan, se.sinh, se.cosh, se.tanh, se.log, se.Abs)
)
_QUOTIENTS = {_TAN: (se.sin, se.cos), _TANH: (se.sinh, se.cosh)}
_RECIPROCALS = {type(f(X)): g for f, g in ((se.sec, se.cos), (se.csc, se.sin), (se.sech, se.cosh), (se.csch, se.sinh))}
_COTANGENTS = {type(f(X)): g for f, g in ((se.cot, (se.cos, se.sin)), (se.coth, (se.cosh, se.sinh)))}
_LONG = 400  # tokens beyond which an expression is left as it is


def length(expr: se.Basic) -> int:
    """The number of tokens of an expression; a large number if it cannot be written."""
    try:
        return len(symengine_to_prefix(expr))
    except (ValueError, RuntimeError):
        return 10**6


def is_finite(expr: se.Basic) -> bool:
    """Whether an expression holds no infinity, no undefined part and no imaginary unit."""
    todo = [expr]
    while todo:
        part = todo.pop()
        if isinstance(part, UNDEFINED) or (isinstance(part, se.Number) and not isinstance(part, se.Rational)):
            return False
        todo += part.args
    return True


def put_in(expr: se.Basic, values: dict) -> se.Basic | None:
    """An expression with symbols replaced, evaluated anew; None where it has no finite value then."""
    try:
        result = undone(rebuilt(expr.xreplace(values)))
    except (RuntimeError, ZeroDivisionError, KeyError):
        return None
    return result if is_finite(result) else None


def undone(expr: se.Basic) -> se.Basic:
    """An expression without functions of their inverses: exp(2*ln u) is u**2, sin(acos u) is sqrt(1 - u**2)."""
    if not expr.args or isinstance(expr, UNDEFINED):
        return expr
    operands = [undone(operand) for operand in expr.args]
    first = operands[0]
    if isinstance(expr, se.Pow):
        if first == se.E:
            return exponential(operands[1])
        if isinstance(operands[1], se.Rational) and operands[1].q == 2 and isinstance(first, se.Add):
            if first.atoms(se.sin, se.cos, se.sinh, se.cosh, se.tanh):  # sqrt(1 - sin(u)**2) is cos(u)
                first = simplified(first)
            elif length(first) < 60:
                first = se.expand(first)
        if isinstance(first, se.Pow | se.Mul) and isinstance(operands[1], se.Number):
            return power(first, operands[1])
        return first ** operands[1]
    elif len(operands) == 1 and len(first.args) == 1:
        rule = _UNDONE.get((type(expr), type(first)))
        if rule is not None:
            return rule(first.args[0])
    elif type(expr) is _LN and isinstance(first, se.Pow) and first.args[0] == se.E:
        return first.args[1]
    return expr.func(*operands)


def _kinds(*functions):
    return [type(function(X)) for function in functions]


def _undoing() -> dict:
    """(outer, inner) -> outer(inner(u)) for a function of an inverse function, and the other way round."""
    rules = {}
    triples = (
        (se.asin, lambda u: u, lambda u: se.sqrt(1 - u**2)),
        (se.acos, lambda u: se.sqrt(1 - u**2), lambda u: u),
        (se.atan, lambda u: u / se.sqrt(1 + u**2), lambda u: 1 / se.sqrt(1 + u**2)),
    )
    for inverse, sine, cosine in triples:
        rules[se.sin, inverse], rules[se.cos, inverse] = sine, cosine
    rules[se.tan, se.atan] = lambda u: u
    rules[se.tan, se.asin] = lambda u: u / se.sqrt(1 - u**2)
    rules[se.tan, se.acos] = lambda u: se.sqrt(1 - u**2) / u
    triples = (
        (se.asinh, lambda u: u, lambda u: se.sqrt(1 + u**2)),
        (se.acosh, lambda u: se.sqrt(u**2 - 1), lambda u: u),
        (se.atanh, lambda u: u / se.sqrt(1 - u**2), lambda u: 1 / se.sqrt(1 - u**2)),
    )
    for inverse, sine, cosine in triples:
        rules[se.sinh, inverse], rules[se.cosh, inverse] = sine, cosine
    rules[se.tanh, se.atanh] = lambda u: u
    rules[se.tanh, se.asinh] = lambda u: u / se.sqrt(1 + u**2)
    for function, inverse in (
        (se.sin, se.asin),
        (se.cos, se.acos),
        (se.tan, se.atan),
        (se.sinh, se.asinh),
        (se.cosh, se.acosh),
        (se.tanh, se.atanh),
    ):
        rules[inverse, function] = lambda u: u
    return {tuple(_kinds(*pair)): rule for pair, rule in rules.items()}


_UNDONE = _undoing()


def fraction(expr: se.Basic, longest: int = _LONG) -> se.Basic:
    """An expression as one fraction in lowest terms over its functions; as it is if that fails or is too long.

    Tangents become quotients of sine and cosine, and even powers of a cosine those of the sine, so that equal functions
    of sine and cosine cancel.
    """
    if length(expr) > longest:
        return expr
    try:
        expr = _without_quotients(expr)
        result = _cancelled(expr)
        reduced = _without_cosine_powers(result)
        return result if reduced == result else _cancelled(reduced)
    except (ValueError, RuntimeError):
        return expr


def _cancelled(expr):
    top, bottom = polynomials.fraction(expr)
    return top.expression() / bottom.expression()


def _without_quotients(expr):
    if not expr.args:
        return expr
    operands = [_without_quotients(operand) for operand in expr.args]
    kind = type(expr)
    if kind in _QUOTIENTS or kind in _COTANGENTS:
        above, below = (_QUOTIENTS | _COTANGENTS)[kind]
        return above(*operands) / below(*operands)
    if kind in _RECIPROCALS:
        return 1 / _RECIPROCALS[kind](*operands)
    return expr.func(*operands)


def _without_cosine_powers(expr):
    if not expr.args:
        return expr
    if isinstance(expr, se.Pow) and isinstance(expr.args[1], se.Integer):
        base, exponent = expr.args
        size = abs(int(exponent))
        for kind, square in ((_COS, lambda u: 1 - se.sin(u) ** 2), (_COSH, lambda u: 1 + se.sinh(u) ** 2)):
            if type(base) is kind and 2 <= size <= 8:
                value = square(*base.args) ** (size // 2) * base ** (size % 2)
                return value if exponent > 0 else 1 / value
    return expr.func(*map(_without_cosine_powers, expr.args))


# The names under which the rules of simplification know the symbols.
_THERE = {Y: se.Symbol("y"), SLOPE: se.Symbol("t")}
_BACK = {there: here for here, there in _THERE.items()}


def simplified(expr: se.Basic) -> se.Basic:
    """A form with fewer tokens, by `simplification.simplified`, also of expressions with Y and Y'."""
    try:
        if not expr.free_symbols.intersection(_THERE):
            return simplification.simplified(expr)
        return simplification.simplified(expr.xreplace(_THERE)).xreplace(_BACK)
    except RuntimeError:  # what SymEngine raises for values at points that are infinite without a sign
        return expr


def shortest(expr: se.Basic) -> se.Basic:
    """The form of an expression with the fewest tokens, of those that are tried."""
    forms = [expr]
    if length(expr) <= _LONG:
        cancelled = fraction(expr)
        forms += [simplified(expr), cancelled, simplified(cancelled)]
        if length(expr) < 80:
            expanded = se.expand(expr)
            forms += [expanded, simplified(expanded)]
    return min(filter(is_finite, forms), key=lambda form: (length(form), str(form)), default=expr)


# --- Constants --------------------------------------------------------------------------------------------------------


def absorbed(expr: se.Basic) -> se.Basic:
    """The expression with simpler constants: what depends on one constant only becomes that constant.

    Of exp(2*a8)*x and x + a8 + 3 the results are a8*x and x + a8. A part is replaced if the constant stands nowhere
    else. This never loses solutions, because a constant may have any value.
    """
    for constant in CONSTANTS:
        expr = _out_of_exponents(expr, constant)
        for _ in range(8):
            parts = _constant_parts(expr, constant)
            if len(parts) != 1:
                break
            (part,) = parts
            if part == constant:
                break
            expr = _replaced(expr, part, constant)
    return expr


def _out_of_exponents(expr, constant):
    """exp(2*a8 + x) and exp(-2*a8) become a8*exp(x) and 1/a8, if the constant stands nowhere else."""
    rates = set()

    def collect(part) -> bool:
        if not se.has_symbol(part, constant):
            return True
        if isinstance(part, se.Pow) and part.args[0] == se.E:
            rate = se.expand(part.args[1]).diff(constant)
            if not rate.free_symbols and rate != 0:
                rates.add(rate)
                return True
        return bool(part.args) and all(map(collect, part.args))

    if not collect(expr) or not rates:
        return expr
    unit = min(rates, key=lambda rate: abs(float(rate.n(53, real=True))))
    if not all(isinstance(rate / unit, se.Integer) for rate in rates):
        return expr

    def replace(part):
        if not se.has_symbol(part, constant):
            return part
        if isinstance(part, se.Pow) and part.args[0] == se.E:
            exponent = se.expand(part.args[1])
            rate = exponent.diff(constant)
            return constant ** (rate / unit) * se.exp(exponent - rate * constant)
        return part.func(*map(replace, part.args))

    return replace(expr)


def _constant_parts(expr, constant) -> set:
    """The largest parts that hold this constant and no other symbol but letters."""
    if not se.has_symbol(expr, constant):
        return set()
    if expr.free_symbols - {constant} <= _letters(expr):
        return {expr}
    if isinstance(expr, se.Add | se.Mul):
        constant_part, rest = _split(expr, constant)
        found = set() if constant_part is None else {constant_part}
        return found.union(*(_constant_parts(operand, constant) for operand in rest))
    return set().union(*(_constant_parts(operand, constant) for operand in expr.args))


def _letters(expr) -> set:
    return {symbol for symbol in expr.free_symbols if str(symbol)[0] == "a" and symbol not in CONSTANTS}


def _split(expr, constant):
    """The operands of a sum or product that hold no symbol but this constant and letters, together, and the others."""
    own = [a for a in expr.args if not a.free_symbols - {constant} - _letters(a)]
    rest = [a for a in expr.args if a.free_symbols - {constant} - _letters(a)]
    if not any(se.has_symbol(a, constant) for a in own):
        return None, expr.args
    return expr.func(*own), rest


def _replaced(expr, part, constant):
    if expr == part:
        return constant
    if not se.has_symbol(expr, constant):
        return expr
    if isinstance(expr, se.Add | se.Mul):
        own, rest = _split(expr, constant)
        rest = [_replaced(each, part, constant) for each in rest]
        if own is None:
            return expr.func(*rest)
        return expr.func(constant if own == part else own, *rest)
    return expr.func(*(_replaced(operand, part, constant) for operand in expr.args))


_SCALES = (-1, 2, se.Rational(1, 2), -2, 3, se.Rational(1, 3), 4, se.Rational(1, 4), 6, se.Rational(1, 6))


def written(expr: se.Basic) -> se.Basic:
    """A solution as people write it: constants absorbed, the shortest form of it."""
    best = shortest(absorbed(shortest(_with_simple_roots(expr))))
    for _ in range(2):
        best = min([best, absorbed(best), *_rescaled(best)], key=lambda form: (length(form), str(form)))
    return shortest(best)


def _rescaled(expr) -> Iterator[se.Basic]:
    """The expression with a constant multiplied by small numbers; the shorter one may be among these."""
    present = [constant for constant in CONSTANTS if se.has_symbol(expr, constant)]
    if length(expr) > 120:
        return
    for constant, scale in itertools.product(present, _SCALES):
        other = expr.xreplace({constant: scale * constant})
        yield other
        yield absorbed(fraction(other))
        yield absorbed(simplified(other))


def without_arcs(expr: se.Basic) -> se.Basic:
    """tan(a8 + atan(u)) as (a8 + u)/(1 - a8*u): the new constant is the tangent of the old one."""
    if type(expr) is not _TAN or expr.args[0].diff(CONSTANTS[0]) not in (1, -1):
        return expr
    (argument,) = expr.args
    rest = argument.xreplace({CONSTANTS[0]: se.Integer(0)})
    for sign in (1, -1):
        if type(sign * rest) is _ATAN:
            u = sign * (sign * rest).args[0]
            return (CONSTANTS[0] + u) / (1 - CONSTANTS[0] * u)
    return expr


# --- Logarithms -------------------------------------------------------------------------------------------------------


def exponential(expr: se.Basic) -> se.Basic:
    """exp of an expression, with u**c for exp(c*ln(u)) where c holds no x; |u| is written u."""
    powers, rest = se.Integer(1), se.Integer(0)
    for term in se.Add.make_args(se.expand(expr)):
        logarithms = [factor for factor in se.Mul.make_args(term) if type(factor) is _LN]
        if len(logarithms) == 1:
            coefficient = term / logarithms[0]
            if not se.has_symbol(coefficient, X) and logarithms[0] not in coefficient.args:
                powers *= power(without_abs(logarithms[0].args[0]), coefficient)
                continue
        rest += term
    return powers * se.exp(rest)


def power(base: se.Basic, exponent: se.Basic) -> se.Basic:
    """A power with powers inside it multiplied out, as far as that is right for positive numbers."""
    if isinstance(exponent, se.Integer) and exponent != -1:
        return base**exponent
    if isinstance(base, se.Mul):
        outside, inside = se.Integer(1), se.Integer(1)
        for factor in base.args:
            if isinstance(factor, se.Pow) and isinstance(factor.args[1], se.Number):
                outside *= power(factor, exponent)
            elif isinstance(factor, se.Pow) and factor.args[0] == se.E:
                outside *= se.exp(factor.args[1] * exponent)
            else:
                inside *= factor
        return outside * inside**exponent
    if isinstance(base, se.Pow):
        inner, own = base.args
        if inner == se.E:
            return se.exp(own * exponent)
        if isinstance(own, se.Number) or isinstance(exponent, se.Integer):
            return inner ** (own * exponent)
    return base**exponent


def root_of(number: int) -> se.Basic:
    """The square root of a positive integer, 2*sqrt(6) for 24."""
    outside, inside = 1, number
    for factor in (2, 3, 5, 7, 11, 13):
        while inside % (factor * factor) == 0:
            inside //= factor * factor
            outside *= factor
    return outside * se.sqrt(se.Integer(inside))


def _with_simple_roots(expr):
    """sqrt(24) is 2*sqrt(6), also inside other expressions."""
    if not expr.args:
        return expr
    base, exponent = expr.args[0], expr.args[-1]
    if isinstance(expr, se.Pow) and isinstance(base, se.Integer) and base > 0 and isinstance(exponent, se.Rational):
        if exponent.q == 2:
            return root_of(int(base)) ** int(exponent.p)
        return expr
    return expr.func(*map(_with_simple_roots, expr.args))


def without_abs(expr: se.Basic) -> se.Basic:
    """|u| is u: the constant beside it takes the sign."""
    if not expr.args:
        return expr
    operands = [without_abs(operand) for operand in expr.args]
    return operands[0] if type(expr) is _ABS else expr.func(*operands)
