"""Forms of an expression: one fraction in lowest terms, and the shortest of several."""

import symengine as se

from symbolic.algebra import polynomials, simplification
from symbolic.expressions.engines import UNDEFINED, symengine_to_prefix
from symbolic.solving.linearise.symbols import SLOPE, X, Y

_COS, _TAN, _COSH, _TANH = (type(function(X)) for function in (se.cos, se.tan, se.cosh, se.tanh))
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
    if not expr.args or isinstance(expr, UNDEFINED):
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
    if not expr.args or isinstance(expr, UNDEFINED):
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
