"""Unary-binary trees, uniformly at random, and random expressions on them (Lample & Charton 2020, appendix C).

All arithmetic is on exact integers and all randomness comes from the raw words of the bit generator, which NumPy
keeps the same on every platform and in every version (NEP 19). So a seed gives the same trees everywhere.
"""

import bisect
import functools
import itertools
from collections.abc import Callable, Mapping

import numpy as np

from symbolic.expressions.prefix import Tree
from symbolic.expressions.tokens import ARITY
from symbolic.problems.problem import ProblemOptions

_CONSTANTS = ("pi", "E")  # what a leaf of the kind "constant" may be


def draw_below(rng: np.random.Generator, bound: int) -> int:
    """A uniform integer from 0 to `bound` - 1, however large.

    The generator must stand on a bit generator of 64-bit words: PCG64 (NumPy's default), Philox or SFC64.
    """
    bits = (bound - 1).bit_length()
    while True:
        value = 0
        for _ in range(0, bits, 64):
            value = value << 64 | rng.bit_generator.random_raw()
        value >>= -bits % 64
        if value < bound:
            return value


@functools.cache
def tree_count(empty: int, operators: int, arities: tuple[int, ...] = (1, 2)) -> int:
    """D(e, n): the number of ways in which n = `operators` operators, and leaves, can grow on e = `empty` empty nodes.

    The first empty node becomes a leaf, a unary operator or a binary one:
    D(e, n) = D(e - 1, n) + D(e, n - 1) + D(e + 1, n - 1), with D(e, 0) = 1 and D(0, n) = 0 for n > 0
    (appendix C with L = p1 = p2 = 1: every shape counts once, whatever its operators and leaves may be).
    """
    if operators == 0:
        return 1
    if empty == 0:
        return 0
    grown = (tree_count(empty - 1 + arity, operators - 1, arities) for arity in arities)
    return tree_count(empty - 1, operators, arities) + sum(grown)


def shape_of_rank(rank: int, operators: int, arities: tuple[int, ...] = (1, 2)) -> list[int]:
    """The tree with `operators` operators that has a given rank: the arities of its nodes in prefix order, 0 a leaf.

    The ranks from 0 to D(1, operators) - 1 give every tree once, so a uniform rank gives a uniform tree. In prefix
    order the choices of appendix C come one at a time: the next operator's position is the number of leaves before it.
    """
    shape = []
    empty = 1
    while empty:
        for arity in (0, *arities):
            count = tree_count(empty - 1 + arity, operators - (arity > 0), arities)
            if rank < count:
                break
            rank -= count
        shape.append(arity)
        empty += arity - 1
        operators -= arity > 0
    return shape


def _chooser(weights: Mapping[str, int]) -> Callable[[np.random.Generator], str]:
    """A function that draws a name by weight, whatever the order in which the weights are written."""
    names = sorted(weights)
    bounds = list(itertools.accumulate(weights[name] for name in names))
    return lambda rng: names[bisect.bisect_right(bounds, draw_below(rng, bounds[-1]))]


def tree_sampler(options: ProblemOptions) -> Callable[[np.random.Generator, int], Tree]:
    """A function `(rng, operators) -> Tree` that draws a random expression with exactly this many operators.

    The shape is uniform among those that the options' operators allow; operators and leaves follow their weights.
    """
    by_arity = {arity: {o: w for o, w in options.operators.items() if ARITY[o] == arity} for arity in (1, 2)}
    arities = tuple(arity for arity, weights in by_arity.items() if weights)
    choose_operator = {arity: _chooser(by_arity[arity]) for arity in arities}
    choose_kind = _chooser(options.leaves)
    names = {"variable": options.variables, "coefficient": options.coefficients, "constant": _CONSTANTS}

    def draw_leaf(rng):
        kind = choose_kind(rng)
        if kind in names:
            return Tree(names[kind][draw_below(rng, len(names[kind]))])
        value = 1 + draw_below(rng, options.max_int)
        return Tree(-value if options.negative_integers and draw_below(rng, 2) else value)

    def draw_tree(rng, operators):
        rank = draw_below(rng, tree_count(1, operators, arities))
        complete = []  # subtrees without a parent yet, the leftmost last
        for arity in reversed(shape_of_rank(rank, operators, arities)):
            if arity == 0:
                complete.append(draw_leaf(rng))
            else:
                operands = tuple(complete.pop() for _ in range(arity))
                complete.append(Tree(choose_operator[arity](rng), operands))
        return complete[0]

    return draw_tree
