"""Integration problems by the backward method of Lample & Charton 2020, section 4.1: a random F, and f = F'.

The input is `sub Y' f`, the output F, both in the canonical spelling of `expressions.engines.symengine_to_prefix`.
"""

from collections.abc import Callable

import numpy as np
import symengine as se

from symbolic.algebra.constants import has_real_constants
from symbolic.algebra.simplification import rebuilt, simplified
from symbolic.algebra.terms import without_constant_terms
from symbolic.expressions.engines import differentiate, symengine_to_prefix, to_symengine
from symbolic.problems.families.checks import check_real_domain
from symbolic.problems.families.drawing import draw_operator_count, integration_problem, operator_count, rejecting
from symbolic.problems.families.trees import tree_sampler
from symbolic.problems.problem import Problem, ProblemOptions, Rejected
from symbolic.problems.splits import content_hash

_X = se.Symbol("x")


def backward(options: ProblemOptions) -> Callable[[np.random.Generator], Problem]:
    """A function that draws one problem backwards: a random F, made canonical and differentiated to f.

    A primitive is only defined up to a constant, and a model could not know which one to give. So the constant terms of
    F are dropped. Some of the integrands, the fraction `options.simplify`, are simplified. A hash of the primitive
    decides which ones, so that the primitives drawn are the same whatever the fraction.

    The function raises `Rejected` for a draw that gives no problem.
    """
    draw_tree = tree_sampler(options)

    def draw(rng: np.random.Generator) -> Problem:
        operators = draw_operator_count(rng, options, smallest=4)
        tree = draw_tree(rng, operators)
        with rejecting():
            expression = rebuilt(to_symengine(tree))
        primitive = without_constant_terms(expression)
        if primitive == 0:
            raise Rejected("constant")
        integrand = rebuilt(differentiate(primitive, _X))
        if not (has_real_constants(expression) and has_real_constants(integrand)):
            raise Rejected("constant part not real")
        solution = symengine_to_prefix(primitive)
        if operator_count(solution) < operators / 2:  # as published: what collapses that far is too easy
            raise Rejected("collapsed")
        check_real_domain(primitive, integrand)
        if content_hash(f"simplify {' '.join(solution)}") < options.simplify * 2**64:
            integrand = simplified(integrand)
        return integration_problem(symengine_to_prefix(integrand), solution, options)

    return draw
