"""Sums and products in x as SymEngine expressions: their terms, their constant parts, and bounded expansion.

To multiply out a product of sums may give more terms than anybody can use. Whatever would give more than MAX_TERMS is
left as it is.
"""

import math

import symengine as se

MAX_TERMS = 24  # before like terms are taken together

_X = se.Symbol("x")


def constant_factor(expr: se.Basic) -> tuple[se.Basic, se.Basic]:
    """(c, t) with expr = c*t: c is the product of the factors without x, t that of the others."""
    constant, varying = [], []
    for factor in se.Mul.make_args(expr):
        (varying if se.has_symbol(factor, _X) else constant).append(factor)
    return se.Mul(*constant), se.Mul(*varying)


def without_constant_terms(expr: se.Basic) -> se.Basic:
    """An expression that differs from `expr` by a constant and has no constant term: 3 + 2*(1 + x) becomes 2*x.

    A constant times a sum, which SymEngine leaves as it stands, is multiplied out to get at the terms.
    """
    if not se.has_symbol(expr, _X):
        return se.Integer(0)
    if isinstance(expr, se.Add):
        return se.Add(*(without_constant_terms(term) for term in expr.args))
    if isinstance(expr, se.Mul):
        varying = [factor for factor in expr.args if se.has_symbol(factor, _X)]
        if len(varying) == 1 and isinstance(varying[0], se.Add):
            coefficient = expr / varying[0]
            return se.Add(*(without_constant_terms(coefficient * term) for term in varying[0].args))
    return expr


def expanded(expr: se.Basic) -> se.Basic:
    """The expression multiplied out, under roots and in denominators too, unless it has more than MAX_TERMS then."""
    return se.expand(expr) if _count_terms(expr) <= MAX_TERMS else expr


def additive_terms(expr: se.Basic) -> list[se.Basic]:
    """The terms of a sum, with products and powers of sums multiplied out; like terms are taken together.

    Roots and denominators stay as they are, and so does each product or power that would give more than MAX_TERMS.
    """
    return list(se.Add.make_args(se.Add(*_multiplied_out(expr))))


def _multiplied_out(expr) -> list[se.Basic]:
    """The terms before like ones are taken together."""
    if isinstance(expr, se.Add):
        return [term for operand in expr.args for term in _multiplied_out(operand)]
    factors = _factors(expr)
    if len(factors) == 1:
        return [expr]
    products = [se.Integer(1)]
    for factor in factors:
        terms = _multiplied_out(factor)
        if len(products) * len(terms) > MAX_TERMS:
            return [expr]
        products = [product * term for product in products for term in terms]
    return products


def _count_terms(expr) -> int:
    """How many terms the multiplied-out expression has at most; MAX_TERMS + 1 stands for all larger numbers."""
    if isinstance(expr, se.Add):
        return sum(map(_count_terms, expr.args))
    factors = _factors(expr)
    if len(factors) == 1:
        return 1
    return min(math.prod(map(_count_terms, factors)), MAX_TERMS + 1)


def _factors(expr) -> list[se.Basic]:
    """The factors of a product; of a sum to the power n, the sum n times, or often enough to be beyond MAX_TERMS."""
    if isinstance(expr, se.Pow):
        base, exponent = expr.args
        if isinstance(base, se.Add) and isinstance(exponent, se.Integer) and exponent > 1:
            return [base] * min(int(exponent), MAX_TERMS)
    return list(se.Mul.make_args(expr))
