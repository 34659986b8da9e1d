"""Equations as trees: how an integration problem `sub Y' f` is built and recognised, and the order of an equation."""

from collections.abc import Iterable

from symbolic.expressions.prefix import Tree, to_prefix
from symbolic.expressions.tokens import spellings

UNKNOWNS = tuple(spellings("unknown"))  # Y, Y', Y''
_DERIVATIVE = UNKNOWNS[1]


def integral_equation(integrand: Tree) -> Tree:
    """The equation y' = f that a primitive of `integrand` solves: the tree of `sub Y' f`."""
    return Tree("sub", (Tree(_DERIVATIVE), integrand))


def integral_tokens(integrand: Iterable[str]) -> list[str]:
    """The same equation as prefix tokens."""
    return ["sub", _DERIVATIVE, *integrand]


def integrand_of(equation: Tree) -> Tree | None:
    """f where the equation is an integration problem `sub Y' f`, with no unknown function in f; else None."""
    if equation.head != "sub" or equation.operands[0] != Tree(_DERIVATIVE):
        return None
    integrand = equation.operands[1]
    return None if set(UNKNOWNS).intersection(map(str, to_prefix(integrand))) else integrand


def order_of(equation: Tree) -> int:
    """The order of the highest derivative of y in an equation: 0, 1 or 2."""
    tokens = set(to_prefix(equation))
    return max((order for order, name in enumerate(UNKNOWNS) if name in tokens), default=0)
