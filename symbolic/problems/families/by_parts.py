"""Integration problems by parts: the family `ibp` of Lample & Charton 2020, section 4.1.

For random F and G with derivatives f and g, the integral of F*g is F*G minus the integral of f*G. If a growing table of
known primitives has one of these two products, the other one gives a new problem, which enters the table too.
"""

from collections.abc import Callable

import numpy as np
import symengine as se

from symbolic.algebra.constants import has_real_constants
from symbolic.algebra.simplification import rebuilt, simplified
from symbolic.algebra.terms import constant_factor, expanded, without_constant_terms
from symbolic.expressions.engines import differentiate, from_symengine, symengine_to_prefix, to_symengine
from symbolic.expressions.prefix import Tree
from symbolic.problems.families.checks import check_primitive
from symbolic.problems.families.drawing import draw_operator_count, integration_problem, rejecting
from symbolic.problems.families.primitives import PrimitiveTable
from symbolic.problems.families.trees import draw_below, tree_sampler
from symbolic.problems.files import read_problems
from symbolic.problems.problem import Problem, ProblemOptions, Rejected

_X = se.Symbol("x")


def by_parts(options: ProblemOptions, table: PrimitiveTable | None = None) -> Callable[[np.random.Generator], Problem]:
    """A function that draws one problem by parts, with a table of known primitives that grows with every draw.

    So a draw depends on all draws before it: the same problems come only if the table starts the same. Integrand and
    primitive are both simplified, as published. Unlike the published table this one also integrates sums term by term.
    It starts with the problems in the files `options.known_primitives`.

    Args:
        options: what the problems are made of.
        table: the table to use, for a caller that reads it afterwards; None for a new one.

    The function raises `Rejected` for a draw that gives no problem, most often because the table has neither product.

    Raises:
        OSError, ValueError: a file of known primitives cannot be read.
    """
    draw_tree = tree_sampler(options)
    table = PrimitiveTable(options.table_size) if table is None else table
    for path in options.known_primitives:
        frame, _ = read_problems(path)
        table.add_problems(zip(frame["input"], frame["output"], strict=True))

    def draw(rng: np.random.Generator) -> Problem:
        tree_F = draw_tree(rng, draw_operator_count(rng, options, smallest=4))
        tree_G = draw_tree(rng, 1 + draw_below(rng, options.max_ops_G))
        keeps_F, keeps_G, keeps_factor = (draw_below(rng, 2) == 0 for _ in range(3))
        with rejecting():
            F, G = _function(tree_F, keeps_F), _function(tree_G, keeps_G)
            integrand, primitive = _cleaned(*_product_rule(F, G, table), keeps_factor)
            problem = _problem(integrand, primitive, options)
            table.add(integrand, primitive)
        return problem

    return draw


def _function(tree: Tree, keeps_constants: bool) -> se.Basic:
    """The function that a tree stands for, without its constant terms if they are not kept."""
    expression = rebuilt(to_symengine(tree))
    if not keeps_constants:
        expression = without_constant_terms(expression)
    if not se.has_symbol(expression, _X):
        raise Rejected("constant")
    if not has_real_constants(expression):
        raise Rejected("constant part not real")
    return expression


def _product_rule(F: se.Basic, G: se.Basic, table: PrimitiveTable) -> tuple[se.Basic, se.Basic]:
    """F*g or f*G with its primitive, from the primitive of the other one; F and G enter the table first."""
    f, g = rebuilt(differentiate(F, _X)), rebuilt(differentiate(G, _X))
    if not (has_real_constants(f) and has_real_constants(g)):
        raise Rejected("constant part not real")
    factor, g = constant_factor(g)
    G = G / factor
    table.add(f, without_constant_terms(F))
    table.add(g, without_constant_terms(G))
    for known, integrand in ((f * G, F * g), (F * g, f * G)):
        integral = table.find(known)
        if integral is not None:
            return integrand, F * G - integral
    raise Rejected("no known integral")


def _cleaned(integrand: se.Basic, primitive: se.Basic, keeps_factor: bool) -> tuple[se.Basic, se.Basic]:
    """Both sides simplified; a constant factor that is not kept moves from the integrand to the primitive, as 1/c."""
    if not (has_real_constants(integrand) and has_real_constants(primitive)):
        raise Rejected("constant part not real")
    integrand = simplified(rebuilt(integrand))
    if not se.has_symbol(integrand, _X):
        raise Rejected("constant")
    primitive = simplified(rebuilt(without_constant_terms(expanded(primitive))))
    if not keeps_factor:
        factor, integrand = constant_factor(integrand)
        primitive = rebuilt(primitive / factor)
    return integrand, primitive


def _problem(integrand: se.Basic, primitive: se.Basic, options: ProblemOptions) -> Problem:
    problem = integration_problem(symengine_to_prefix(integrand), symengine_to_prefix(primitive), options)
    check_primitive(from_symengine(primitive), from_symengine(integrand))
    return problem
