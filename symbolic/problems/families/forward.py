"""Integration problems by the forward method of Lample & Charton 2020, section 4.1: a random f, and F by an integrator.

Integrators are computer algebra systems, which `systems.integrators` asks, and `ansatz`, the project's own, which runs
in the process that draws. They may be wrong, so this module checks their answers at real points.
"""

import functools
from collections.abc import Callable
from typing import Protocol

import numpy as np
import symengine as se

import symbolic
from symbolic.algebra.constants import has_real_constants
from symbolic.algebra.simplification import rebuilt, simplified
from symbolic.algebra.terms import without_constant_terms
from symbolic.expressions import numeric
from symbolic.expressions.engines import from_symengine, symengine_to_prefix, to_symengine
from symbolic.expressions.prefix import Tree, fold, from_prefix
from symbolic.expressions.program import Program
from symbolic.integration.primitives import primitives
from symbolic.problems.families.checks import check_primitive
from symbolic.problems.families.drawing import draw_operator_count, integration_problem, operator_count, rejecting
from symbolic.problems.families.trees import draw_below, tree_sampler
from symbolic.problems.problem import Problem, ProblemOptions, Rejected
from symbolic.runtime.names import unknown_name
from symbolic.systems.integrators import INTEGRATORS, Integrator, best_installed
from symbolic.systems.sessions import REASONS, NoAnswer

_X = se.Symbol("x")

# Where f and F are compared: closely around 0, and on every scale up to 10^4, the same points for every problem.
_SCALES = np.geomspace(0.0101, 9e3, 100)
_POINTS = {"x": np.concatenate([np.linspace(-5.01, 5.02, 400), _SCALES, -1.01 * _SCALES])}


def forward(options: ProblemOptions) -> Callable[[np.random.Generator], Problem]:
    """A function that draws one problem forwards: a random f, made canonical, and its primitive F.

    The integrators of `options.integrators` are asked one after the other until one gives an F that is right at all
    points where f and F are both real. As published, the constant terms of every second f are dropped. Those of F
    always are, as a model could not know them. ln|u| is written ln u where that is real.

    The function raises `Rejected` for a draw that gives no problem. The integrands drawn depend only on the seed, not
    on what the systems answer or how long they take.

    Raises:
        ValueError: one of `options.integrators` is unknown or not installed, or the options have coefficients or
            variables other than x.
    """
    names = (*options.variables, *options.coefficients)
    if set(names) != {"x"}:
        raise ValueError(f"`fwd` integrates only functions of x. Received: variables and coefficients {names}.")
    draw_tree = tree_sampler(options)
    chain = integrators_of(options)

    def draw(rng: np.random.Generator) -> Problem:
        operators = draw_operator_count(rng, options, smallest=3)
        tree = draw_tree(rng, operators)
        keeps_constants = bool(draw_below(rng, 2))
        integrand = _integrand(tree, operators, keeps_constants)
        if len(integrand) + 2 > options.max_len:
            raise Rejected("too long")
        integrand_tree = from_prefix(integrand)
        if not _has_real_domain(integrand_tree):
            raise Rejected("no real domain")
        reasons = []
        for integrator in chain:
            try:
                with rejecting():
                    answer = integrator.integrate(integrand_tree)
                return integration_problem(integrand, _checked(answer, integrand_tree), options)
            except (NoAnswer, Rejected) as failure:
                reasons.append(failure.reason)
        raise Rejected(min(reasons, key=_GRAVITY.index))

    return draw


class _Integrates(Protocol):
    """What is asked for primitives.

    Attributes:
        name: as `ProblemOptions.integrators` names it.
    """

    name: str

    def integrate(self, integrand: Tree) -> Tree:
        """A primitive, not checked; raises NoAnswer where it finds none."""

    def version(self) -> str:
        """The version, for the manifest of what was made."""


class Ansatz:
    """The project's own integrator, `integration.primitives`, with a small budget of work."""

    name = "ansatz"
    # Of 104 primitives that 150 steps find among 300 draws, 10 find 98, and in a tenth of the time.
    steps = 10

    def integrate(self, integrand: Tree) -> Tree:
        found = primitives(integrand, self.steps)
        if not found:
            raise NoAnswer("no answer found")
        return from_symengine(found[0])

    def version(self) -> str:
        return symbolic.__version__


def integrators_of(options: ProblemOptions) -> list[_Integrates]:
    """The integrators that the options name, in their order; by default Giac or Alkahest, else `ansatz`.

    SymPy is not a default, because `ansatz` keeps some thirty times as many problems a second.

    Raises:
        ValueError: one is unknown or not installed.
    """
    best = best_installed()
    names = options.integrators or [Ansatz.name if best == "sympy" else best]
    return [_integrator(name, options.integrator_limit) for name in names]


def _integrator(name: str, limit: float | None) -> _Integrates:
    if name == Ansatz.name:
        return Ansatz()
    if name not in INTEGRATORS:
        raise unknown_name("integrator", name, (*INTEGRATORS, Ansatz.name))
    return Integrator(name, limit)


# When several systems fail for different reasons, a draw is counted under the first of these.
_GRAVITY = (
    "wrong primitive",
    *REASONS,
    "no finite value",
    "too large",
    "constant part not real",
    "no real domain",
)


@rejecting()
def _integrand(tree: Tree, operators: int, keeps_constants: bool) -> list[str]:
    expression = _canonical(tree)
    if not se.has_symbol(expression, _X):
        raise Rejected("constant")
    if not keeps_constants:
        expression = rebuilt(without_constant_terms(expression))
    tokens = symengine_to_prefix(expression)
    if operator_count(tokens) < operators / 2:  # as published: what collapses that far is too easy
        raise Rejected("collapsed")
    return tokens


def _checked(answer: Tree, integrand: Tree) -> list[str]:
    """The canonical form of a system's answer, with ln u for ln|u| where that is real too."""
    plain = _without_bars(answer)
    try:
        return _canonical_primitive(plain, integrand)
    except Rejected:
        if plain == answer:
            raise
        return _canonical_primitive(answer, integrand)


@rejecting()
def _canonical_primitive(answer: Tree, integrand: Tree) -> list[str]:
    primitive = simplified(without_constant_terms(_canonical(answer)))
    tokens = symengine_to_prefix(rebuilt(without_constant_terms(primitive)))
    check_primitive(from_prefix(tokens), integrand, _POINTS)
    return tokens


def _canonical(tree: Tree) -> se.Basic:
    expression = rebuilt(to_symengine(tree))
    if not has_real_constants(expression):
        raise Rejected("constant part not real")
    return expression


def _without_bars(tree: Tree) -> Tree:
    def write(head, operands):
        if head == "ln" and operands[0].head == "abs":
            operands = operands[0].operands
        return Tree(head, tuple(operands))

    return fold(tree, write)


def _has_real_domain(integrand: Tree) -> bool:
    """Whether at one of the points all parts of the integrand have values; in floats exp(ln(0)), for example, is 0."""
    program = Program()
    program.enter(integrand)
    has_values = [np.isfinite(values) for values in numeric.run(program, _POINTS)]
    return bool(functools.reduce(np.logical_and, has_values).any())
