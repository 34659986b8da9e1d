"""The README's example of a new family, in a module that worker processes can import; its test registers it."""

import symengine

from symbolic.algebra.simplification import rebuilt
from symbolic.expressions.engines import differentiate, symengine_to_prefix, to_symengine
from symbolic.problems.families.drawing import draw_operator_count, rejecting
from symbolic.problems.families.trees import tree_sampler
from symbolic.problems.problem import Problem, Rejected


def derivative(options):
    """Functions to differentiate: from Y - d/dx f(x) = 0 to f'(x)."""
    draw_tree = tree_sampler(options)

    def draw(rng):
        tree = draw_tree(rng, draw_operator_count(rng, options, smallest=1))
        with rejecting():
            function = to_symengine(tree)
            slope = rebuilt(differentiate(function, symengine.Symbol("x")))
            equation = ["sub", "Y", "derivative", *symengine_to_prefix(function), "x"]
            solution = symengine_to_prefix(slope)
        if max(len(equation), len(solution)) + 2 > options.max_len:
            raise Rejected("too long")
        return Problem(" ".join(equation), " ".join(solution))

    return draw
