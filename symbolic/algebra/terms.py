"""The terms and factors of SymEngine expressions in x: multiplied out within a bound, constants split off."""

import symengine as se

_X = se.Symbol("x")

MAX_TERMS = 24  # a product or power of sums that gives more is left as it is


def additive_terms(expr: se.Basic) -> list[se.Basic]:
    """The terms of a sum, with products and powers of sums multiplied out; like terms are taken together."""
    return list(se.Add.make_args(se.Add(*_multiplied_out(expr))))


def split_constant(term: se.Basic) -> tuple[se.Basic, se.Basic]:
    """(c, t) with term = c*t, where c holds every factor without x."""
    factors = se.Mul.make_args(term)
    return (
        se.Mul(*(factor for factor in factors if _X not in factor.free_symbols)),
        se.Mul(*(factor for factor in factors if _X in factor.free_symbols)),
    )


def _multiplied_out(expr: se.Basic) -> list[se.Basic]:
    if isinstance(expr, se.Add):
        return [term for operand in expr.args for term in _multiplied_out(operand)]
    terms = [se.Integer(1)]
    for factor in _factors(expr):
        factor_terms = [factor] if factor == expr else _multiplied_out(factor)
        if len(terms) * len(factor_terms) > MAX_TERMS:
            return [expr]
        terms = [a * b for a in terms for b in factor_terms]
    return terms


def _factors(expr: se.Basic) -> list[se.Basic]:
    """The factors of a product; of a sum to the power n, the sum n times."""
    if isinstance(expr, se.Pow) and isinstance(expr.args[0], se.Add) and expr.args[1] in range(2, MAX_TERMS):
        return [expr.args[0]] * int(expr.args[1])
    return list(se.Mul.make_args(expr))


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


_MOST_TERMS = 24  # sums that would have more terms are not multiplied out


def constant_factor(expr: se.Basic) -> tuple[se.Basic, se.Basic]:
    """The product of the factors without x, and that of the others."""
    constants = [factor for factor in se.Mul.make_args(expr) if not se.has_symbol(factor, _X)]
    constant = se.Mul(*constants)
    return constant, expr / constant


def expanded(expr: se.Basic) -> se.Basic:
    """The expression multiplied out, unless that would give more than 24 terms."""
    return se.expand(expr) if _terms_of_expansion(expr) <= _MOST_TERMS else expr


def _terms_of_expansion(expr) -> int:
    """A bound of how many terms the expanded expression has; any number above the limit stands for all of them."""
    if isinstance(expr, se.Add):
        return sum(map(_terms_of_expansion, expr.args))
    count = 1
    if isinstance(expr, se.Mul):
        for factor in expr.args:
            count *= _terms_of_expansion(factor)
    elif isinstance(expr, se.Pow) and isinstance(expr.args[1], se.Integer) and expr.args[1] > 1:
        base, exponent = expr.args
        count = _terms_of_expansion(base) ** min(int(exponent), _MOST_TERMS)
    return min(count, _MOST_TERMS + 1)
