"""Equations in x and y: how the integration problem `sub Y' f` is built and recognised, and the order of an equation.

An equation is written as its left-hand side, which equals 0: `sub Y' f` stands for y' - f = 0, that is y' = f.
"""

from collections.abc import Iterable

from symbolic.expressions.prefix import Tree, to_prefix
from symbolic.expressions.tokens import spellings

UNKNOWNS = tuple(spellings("unknown"))  # Y, Y', Y'': the index is the order of the derivative
_SLOPE = UNKNOWNS[1]


def integral_equation(integrand: Tree) -> Tree:
    """The equation y' = f that every primitive of the integrand f solves: the tree of `sub Y' f`."""
    return Tree("sub", (Tree(_SLOPE), integrand))


def integral_tokens(integrand: Iterable[str]) -> list[str]:
    """The same equation as prefix tokens, from those of the integrand."""
    return ["sub", _SLOPE, *integrand]


def integrand_of(equation: Tree) -> Tree | None:
    """The integrand f of an integration problem `sub Y' f`; None for any other equation, such as y' = y."""
    if equation.head != "sub" or equation.operands[0] != Tree(_SLOPE):
        return None
    integrand = equation.operands[1]
    return None if set(UNKNOWNS).intersection(to_prefix(integrand)) else integrand


def order_of(equation: Tree) -> int:
    """The order of the highest derivative of y in an equation: 0, 1 or 2."""
    tokens = set(to_prefix(equation))
    return max((order for order, name in enumerate(UNKNOWNS) if name in tokens), default=0)
