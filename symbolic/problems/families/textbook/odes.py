"""Differential equations as a first course asks them, with their general solutions: `textbook1` and `textbook2`.

The forms are those of `first_order` and `second_order`. An equation is written as the families `ode1` and `ode2` write
theirs: the numerator, without factors that hold no highest derivative. Every pair is judged before it becomes a
problem, and its solution must hold all constants.
"""

from collections.abc import Callable, Mapping

import numpy as np
import symengine as se

from symbolic.algebra.constants import has_real_constants
from symbolic.algebra.polynomials import numerator
from symbolic.algebra.simplification import rebuilt
from symbolic.expressions.engines import symengine_to_prefix
from symbolic.problems.families.drawing import rejecting
from symbolic.problems.families.odes import vanishing_factors
from symbolic.problems.families.textbook.equations import DDY, DY, Form, X, Y
from symbolic.problems.families.textbook.first_order import FIRST_ORDER
from symbolic.problems.families.textbook.parameters import Parameters
from symbolic.problems.families.textbook.second_order import SECOND_ORDER
from symbolic.problems.families.trees import draw_below
from symbolic.problems.problem import Problem, ProblemOptions, Rejected
from symbolic.verification import verify

_LETTERS = 10  # percentage of problems in which a parameter may be a letter


def textbook_first_order(options: ProblemOptions) -> Callable[[np.random.Generator], Problem]:
    """A function that draws one equation of first order of a first course. Of the options only `max_len` counts.

    The function raises `Rejected` for a draw that gives no problem.
    """
    return _family(options, FIRST_ORDER, (DY, Y))


def textbook_second_order(options: ProblemOptions) -> Callable[[np.random.Generator], Problem]:
    """A function that draws one equation of second order of a first course, as `textbook_first_order` does."""
    return _family(options, SECOND_ORDER, (DDY, DY, Y))


def _family(options: ProblemOptions, forms: Mapping[str, Form], unknowns: tuple[se.Symbol, ...]):
    drawn_from = tuple(forms.values())

    def draw(rng: np.random.Generator) -> Problem:
        p = Parameters(rng, letters=draw_below(rng, 100) < _LETTERS)
        with rejecting():
            equation, solution = p.one_of(drawn_from)(p)
            solution = rebuilt(solution)
            vanishing = vanishing_factors(numerator(rebuilt(equation), unknowns))
            equation = rebuilt(vanishing.expression())
            if not (has_real_constants(equation) and has_real_constants(solution)):
                raise Rejected("constant part not real")
            if not se.has_symbol(solution, X):
                raise Rejected("constant")
            source, target = symengine_to_prefix(equation), symengine_to_prefix(solution)
        if max(len(source), len(target)) + 2 > options.max_len:
            raise Rejected("too long")
        problem = Problem(" ".join(source), " ".join(target))
        verdict = verify(*problem, extent=False)
        if not verdict.solved:
            raise Rejected("not verified")
        if verdict.extent == "particular":
            raise Rejected("constants not independent")
        return problem

    return draw
