"""Clairaut's equation Y = x*Y' + f(Y'), and equations in Y' and one of x and Y that are easier solved for that one."""

from collections.abc import Iterator

import symengine as se

from symbolic.solving.linearise.functions import put_in
from symbolic.solving.linearise.inverse import solutions
from symbolic.solving.linearise.symbols import FIRST, SLOPE, X, Y


def general(factor: se.Basic) -> Iterator[se.Basic]:
    """Straight lines a8*x + f(a8) that solve an equation factor = 0 if it is Clairaut's; others are wrong."""
    for node in (0, 1, 2):
        at_node = put_in(factor, {X: se.Integer(node), SLOPE: FIRST})
        if at_node is None or not se.has_symbol(at_node, Y):
            continue
        values = solutions(at_node, Y)
        for value in values:
            yield value + FIRST * (X - node)
        if values:
            return
