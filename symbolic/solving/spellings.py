"""Spellings of a problem: a model reads one spelling better than another, and the judge reads none of them.

Each spelling is a function from the problem as prefix text, `sub Y' f` or an equation's left-hand side, to the same
problem in other words. They may hang on what people and models write, so they are called in processes with limits.
"""

from collections.abc import Callable
from types import MappingProxyType

import symengine as se

from symbolic.algebra.simplification import rebuilt, simplified
from symbolic.algebra.terms import without_constant_terms
from symbolic.expressions.engines import from_symengine, to_symengine
from symbolic.expressions.equations import integral_equation, integrand_of
from symbolic.expressions.prefix import Tree, fold, from_prefix, prefix_text
from symbolic.runtime.processes import preload_module
from symbolic.solving.reading import equation_problem

preload_module(__name__)


def as_trained(problem: str) -> str:
    """As the families spell their problems.

    An integrand is canonical. An equation is a numerator without factors of lower order (`reading.equation_problem`).

    Raises:
        ValueError: the problem has no value, or is too large to be written down; or nothing solves the equation.
    """
    if integrand_of(from_prefix(problem)) is None:
        return equation_problem(f"sub {problem} {prefix_text(Tree(0))}")
    return canonical(problem)


def canonical(problem: str) -> str:
    """In SymEngine's own form, without any shortening; raises as `as_trained` does."""
    return _respelt(problem, rebuilt)


def shortened(problem: str) -> str:
    """An integrand in the shortest form that the rules find, as half of the `bwd` problems are; raises likewise."""
    if integrand_of(from_prefix(problem)) is None:
        return canonical(problem)
    return _respelt(problem, lambda integrand: simplified(rebuilt(integrand)))


def expanded(problem: str) -> str:
    """With products of sums multiplied out; raises as `as_trained` does."""
    return _respelt(problem, se.expand)


def in_sines_and_cosines(problem: str) -> str:
    """With tan, cot, sec, csc and their hyperbolic kin written by sin, cos, sinh and cosh; raises as `as_trained`."""
    return canonical(prefix_text(fold(from_prefix(problem), _by_sine_and_cosine)))


def spelt_answer(problem: str, answer: str) -> str:
    """The answer in the spelling of the families: canonical; a primitive simplified and without its constant terms.

    It is not checked. It may hang on what solvers write, so it is called in a process with limits.

    Raises:
        ValueError: the answer has no value, or is too large to be written down.
    """
    expression = rebuilt(to_symengine(from_prefix(answer)))
    if integrand_of(from_prefix(problem)) is not None:
        expression = simplified(rebuilt(without_constant_terms(se.expand(expression))))
    return prefix_text(from_symengine(expression))


SPELLINGS = MappingProxyType(
    {
        "as trained": as_trained,
        "shortened": shortened,
        "expanded": expanded,
        "sines and cosines": in_sines_and_cosines,
    }
)


def _respelt(problem: str, rewrite: Callable[[se.Basic], se.Basic]) -> str:
    """The problem with its integrand, or with its whole left-hand side, rewritten."""
    tree = from_prefix(problem)
    integrand = integrand_of(tree)
    rewritten = from_symengine(rewrite(to_symengine(tree if integrand is None else integrand)))
    return prefix_text(rewritten if integrand is None else integral_equation(rewritten))


# function -> (numerator, denominator); None for 1
_QUOTIENTS = {
    "tan": ("sin", "cos"),
    "cot": ("cos", "sin"),
    "sec": (None, "cos"),
    "csc": (None, "sin"),
    "tanh": ("sinh", "cosh"),
    "coth": ("cosh", "sinh"),
    "sech": (None, "cosh"),
    "csch": (None, "sinh"),
}


def _by_sine_and_cosine(head: str | int, operands: list[Tree]) -> Tree:
    if head not in _QUOTIENTS:
        return Tree(head, tuple(operands))
    above, below = _QUOTIENTS[head]
    return Tree("div", (Tree(above, tuple(operands)) if above else Tree(1), Tree(below, tuple(operands))))
