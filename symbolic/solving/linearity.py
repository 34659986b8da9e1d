"""Integrals part by part: an integrand as a sum of simpler ones, and their primitives put together again.

The terms of an integrand with an elementary primitive may have none themselves: exp(x)/x and exp(x)/x^2 have none, but
their difference has. So there are two ways to split: into groups of terms that have functions in common, and into
single terms, with products of sums multiplied out where that gives few.
"""

from collections.abc import Callable, Iterable

import symengine as se

from symbolic.algebra.terms import additive_terms, constant_factor
from symbolic.expressions.engines import canonical, from_symengine, to_symengine
from symbolic.expressions.equations import integral_equation, integrand_of
from symbolic.expressions.prefix import Tree, chain, to_prefix

_X = se.Symbol("x")


def terms_of(problem: Tree) -> list[tuple[Tree, Tree]]:
    """The additive terms of an integration problem.

    Args:
        problem: `sub Y' f`.

    Returns:
        (coefficient, term problem) pairs in canonical spelling: f is the sum of coefficient times integrand. Factors
        without x are in the coefficients; the integrand of a constant is 1. A problem that is no sum gives one pair. It
        gives none if it is no integral or its integrand has no value.
    """
    return _pairs(problem, additive_terms)


def groups_of(problem: Tree) -> list[tuple[Tree, Tree]]:
    """The additive terms of an integration problem, as they stand, in groups that have no function in common.

    Terms with the same function of the same argument, or the same root or denominator, are in one group, because they
    may come from the derivative of one product. Arguments and result are those of `terms_of`, with groups for terms.
    """
    return _pairs(problem, _groups)


def _pairs(problem: Tree, split: Callable[[se.Basic], Iterable[se.Basic]]) -> list[tuple[Tree, Tree]]:
    integrand = integrand_of(problem)
    if integrand is None:
        return []
    try:
        parts = [constant_factor(part) for part in split(to_symengine(integrand))]
        pairs = [(from_symengine(constant), from_symengine(term)) for constant, term in parts]
    except ValueError:  # undefined, or too large to write down
        return []
    pairs.sort(key=lambda pair: to_prefix(pair[1]))  # SymEngine's order is not the same everywhere
    return [(constant, integral_equation(term)) for constant, term in pairs]


def combined(parts: Iterable[tuple[Tree, Tree]]) -> Tree:
    """The sum of one or more (coefficient, primitive) pairs; in canonical spelling where that exists."""
    total = chain("add", [Tree("mul", pair) for pair in parts])
    try:
        return canonical(total)
    except ValueError:
        return total


def _groups(expr: se.Basic) -> list[se.Basic]:
    groups: list[tuple[se.Basic, set]] = []  # sums, each with its functions
    for term in se.Add.make_args(expr):
        functions = _functions(term)
        joined = [group for group in groups if group[1] & functions]
        groups = [group for group in groups if not group[1] & functions]
        groups.append((se.Add(term, *(total for total, _ in joined)), functions.union(*(each for _, each in joined))))
    return [total for total, _ in groups]


def _functions(expr: se.Basic) -> set[tuple[str, se.Basic]]:
    """(kind, argument) of all functions of x in an expression, and of the roots that their derivatives add.

    Powers of x and positive powers of sums do not count as functions.
    """
    if _X not in expr.free_symbols or expr == _X:
        return set()
    found = set().union(*map(_functions, expr.args))
    if isinstance(expr, se.Pow):
        base, exponent = expr.args
        if not isinstance(exponent, se.Number):
            found.add(("power", expr))
        elif not (isinstance(exponent, se.Integer) and (base == _X or exponent > 0)):
            found.add(("root", base))
    elif not isinstance(expr, se.Add | se.Mul):
        name, argument = type(expr).__name__.lower(), expr.args[0]
        found.add((_KIN.get(name, name), argument))
        found |= {("root", root) for root in _ROOTS.get(name, lambda _: ())(argument) if root != _X}
    return found


# Functions whose derivatives hold each other.
_KIN = dict.fromkeys(("cos", "tan", "cot", "sec", "csc"), "sin")
_KIN |= dict.fromkeys(("cosh", "tanh", "coth", "sech", "csch"), "sinh")

# Denominators, and radicands of roots, in derivatives.
_ROOTS = (
    dict.fromkeys(("log",), lambda u: (u,))
    | dict.fromkeys(("asin", "acos", "atanh", "acoth"), lambda u: (1 - u**2,))
    | dict.fromkeys(("atan", "acot", "asinh"), lambda u: (1 + u**2,))
    | {"acosh": lambda u: (u - 1, u + 1, u**2 - 1)}
)
