"""Hypothesis strategies of expressions, built from the token table."""

import functools

from hypothesis import settings
from hypothesis import strategies as st

from symbolic.expressions.prefix import Tree
from symbolic.expressions.tokens import ARITY, spellings

# The same examples in every run, and no limit on the time of one.
repeatable = functools.partial(settings, deadline=None, derandomize=True)

LEAF_KINDS = ("variable", "constant", "coefficient", "unknown")
LEAVES = [spelling for kind in LEAF_KINDS for spelling in spellings(kind)]
OPERATORS = [spelling for kind in ("operator", "function") for spelling in spellings(kind)]


def integers():
    """Integer leaves: mostly small, sometimes of many digits."""
    return st.one_of(st.integers(-12, 12), st.integers(-(10**30), 10**30)).map(Tree)


def leaves(names=LEAVES):
    return st.one_of(integers(), st.sampled_from(sorted(names)).map(Tree))


def nodes(operands, operators=OPERATORS):
    """One operator over operands drawn from a strategy."""
    return st.sampled_from(sorted(operators)).flatmap(
        lambda head: st.tuples(*[operands] * ARITY[head]).map(lambda drawn: Tree(head, drawn))
    )


def trees(operators=OPERATORS, names=LEAVES, max_leaves=12):
    """Trees of the given operators over integers and the given names."""
    return st.recursive(leaves(names), lambda operands: nodes(operands, operators), max_leaves=max_leaves)


def arithmetic_trees(max_leaves=16):
    """Trees whose infix text lives from precedence and signs: where brackets are easily forgotten."""
    return trees(["add", "sub", "mul", "div", "pow", "sqrt"], ["x", "Y'"], max_leaves)
