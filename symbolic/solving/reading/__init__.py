"""What a person hands in (text, SymPy, a tree or prefix tokens) to a question that models can read.

    characters  any character to plain ones.
    lexer       plain text to tokens, LaTeX's layout away.
    integrals   ∫ … dx, limits, words around an integrand.
    equations   derivatives in every notation, initial and boundary conditions.
    solutions   answers that are to be judged.
    writer      tokens to the strict notation of `symbolic.expressions.infix`; letters become constants.

No text is evaluated. Prefix tokens and trees are taken as they are.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING

import symengine as se

from symbolic.algebra.constants import has_real_constants
from symbolic.algebra.polynomials import numerator
from symbolic.algebra.simplification import rebuilt
from symbolic.expressions.engines import ABSTRACT, canonical, from_symengine, to_symengine
from symbolic.expressions.equations import UNKNOWNS, integral_equation, integrand_of
from symbolic.expressions.infix import to_infix
from symbolic.expressions.prefix import Tree, from_prefix, prefix_text, to_prefix
from symbolic.expressions.tokens import ARITY, NEGATIVE, POSITIVE, spellings
from symbolic.runtime.processes import preload_module
from symbolic.solving.question import Names, Question
from symbolic.solving.reading.equations import AskedEquation, NoDerivative, read_equation
from symbolic.solving.reading.integrals import AskedIntegral, read_integral
from symbolic.solving.reading.sympy_objects import (
    conditions_text,
    equation_text,
    integral_text,
    is_sympy,
    is_sympy_equation,
)
from symbolic.solving.reading.writer import COEFFICIENTS
from symbolic.solving.sandbox import LimitReached, limited_call

if TYPE_CHECKING:
    import sympy as sp

    Variable = str | sp.Symbol | tuple | None  # alone or with two limits, as SymPy's integrate takes it

preload_module(__name__)


def integral_question(integrand: str | sp.Basic | Tree, variable: Variable = None) -> Question:
    """The question for an integral: of a text, a SymPy expression or integral, a tree or `sub Y' f` in prefix tokens.

    Args:
        variable: what to integrate over, if the integrand alone does not tell: a name, or with limits `(x, 0, 1)`.

    Raises:
        ValueError: it is no integral that can be read (the message names the part), or it has no finite value.
    """
    asked = _asked_integral(integrand, variable)
    tree = asked.integrand
    if tree.head == "sub" or set(UNKNOWNS).intersection(to_prefix(tree)):
        raise ValueError(f"an integrand is an expression; `{to_infix(tree)}` is an equation")
    _check_language(tree, "an integrand holds only the variable x and constants", ["x", *COEFFICIENTS])
    problem = integral_equation(canonical(tree))
    return Question(
        prefix_text(integral_equation(tree)),
        prefix_text(problem),
        is_integral=True,
        names=asked.names,
        limits=asked.limits,
        notes=asked.notes,
    )


def equation_question(
    equation: str | sp.Basic | Tree,
    time_limit: float = 10.0,
    *,
    conditions: str | Mapping | None = None,
) -> Question:
    """The question for the solution of a differential equation; an expression stands for the equation with 0.

    Args:
        equation: a text, with initial or boundary conditions after a comma if there are any; in SymPy with any one
            function of any variable; a tree or prefix tokens in x, Y, Y' and Y''.
        time_limit: seconds that its numerator may take.
        conditions: further conditions, a text or as SymPy's `ics`.

    Raises:
        ValueError: it is no differential equation of first or second order (the message names the part), nothing solves
            it, or its numerator could not be found in time.
    """
    asked = _asked_equation(equation, conditions_text(conditions))
    tree = asked.equation
    allowed = ["x", *UNKNOWNS, *COEFFICIENTS]
    _check_language(tree, "a differential equation holds only x, constants and y(x) with its derivatives", allowed)
    text = prefix_text(tree)
    try:
        problem = limited_call(equation_problem, text, time_limit=time_limit)
    except LimitReached as limit:
        raise ValueError(f"the numerator of `{to_infix(tree)}` could not be found: {limit}") from None
    return Question(
        text,
        problem,
        is_integral=False,
        names=asked.names,
        conditions=asked.conditions,
        notes=asked.notes,
    )


def read_problem(problem: str | sp.Basic | Tree) -> Question:
    """The question of a problem that may be an integral or a differential equation, for a judge: no model reads it.

    Raises:
        ValueError: it can be read as neither.
    """
    if is_sympy(problem):
        problem = equation_text(problem) if is_sympy_equation(problem) else _as_integral_text(problem)
    if (tree := _prefix_tree(problem)) is not None:
        text = prefix_text(tree)
        return Question(text, text, integrand_of(tree) is not None, Names(constants=COEFFICIENTS))
    try:
        asked = read_equation(problem)
    except NoDerivative:
        read = read_integral(problem)
        text = prefix_text(integral_equation(read.integrand))
        return Question(text, text, True, read.names, read.limits, notes=read.notes)
    text = prefix_text(asked.equation)
    return Question(text, text, False, asked.names, None, asked.conditions, asked.notes)


def _as_integral_text(problem: sp.Basic) -> str:
    integrand, name, limits = integral_text(problem)
    if name is None:
        return integrand
    return (
        f"Integral({integrand}, {name})" if limits is None else f"Integral({integrand}, ({name}, {', '.join(limits)}))"
    )


# --- What people hand in ----------------------------------------------------------------------------------------------


def _asked_integral(integrand: str | sp.Basic | Tree, variable: Variable) -> AskedIntegral:
    name, limits = _variable_and_limits(variable)
    if is_sympy(integrand):
        integrand, own, own_limits = integral_text(integrand)
        name, limits = name or own, limits or own_limits
    tree = _prefix_tree(integrand)
    if tree is None:
        return read_integral(integrand, name, limits)
    tree = integrand_of(tree) or tree
    ends = None if limits is None else tuple(read_integral(f"({end}) dx").integrand for end in limits)
    return AskedIntegral(tree, Names(constants=COEFFICIENTS), ends, ())


def _variable_and_limits(variable: Variable) -> tuple[str | None, tuple[str, str] | None]:
    if isinstance(variable, tuple | list) or (is_sympy(variable) and not variable.is_Symbol):
        if len(variable) not in (1, 3):
            raise ValueError(f"a variable stands alone or with two limits, `(x, 0, 1)`. Received: {variable!r}.")
        name, *limits = map(str, variable)
        return name, tuple(limits) if limits else None
    return None if variable is None else str(variable), None


def _asked_equation(equation: str | sp.Basic | Tree, conditions: str) -> AskedEquation:
    if is_sympy(equation):
        equation = equation_text(equation)
    tree = _prefix_tree(equation)
    if tree is None:
        return read_equation(equation, conditions)
    if tree.head != "sub":
        tree = Tree("sub", (tree, Tree(0)))
    read = read_equation("y' = 0", conditions).conditions if conditions else ()
    return AskedEquation(tree, Names(constants=COEFFICIENTS), read, ())


def _prefix_tree(asked: str | Tree) -> Tree | None:
    """The tree of a tree or of prefix tokens; None for any other text.

    Raises:
        ValueError: it is neither, or malformed.
    """
    if isinstance(asked, Tree):
        return from_prefix(to_prefix(asked))  # which finds heads that are no tokens
    if not isinstance(asked, str):
        raise ValueError(f"a problem is text, a SymPy expression or equation, or a tree. Received: {asked!r}.")
    return from_prefix(asked.split()) if is_tokens(asked) else None


def is_tokens(text: str) -> bool:
    """Whether a text is prefix tokens, well-formed or not, and nothing that a person types: `cos x` is typed."""
    words = text.split()
    if {POSITIVE, NEGATIVE}.intersection(words):
        return True
    if len(words) < 2 or not all(word in ARITY for word in words):
        return False
    return ARITY[words[0]] > 1 or words[0] in _WRITTEN_OTHERWISE


_WRITTEN_OTHERWISE = set(spellings("operator", 1)) - {"sqrt"}  # inv, pow2, …: nobody types them


def _check_language(tree: Tree, rule: str, allowed: list[str]) -> None:
    tokens = set(to_prefix(tree))
    known = [token for kind in ("unknown", "coefficient", "variable") for token in spellings(kind)]
    foreign = [token for token in (*known, *ABSTRACT) if token in tokens and token not in allowed]
    if foreign:
        raise ValueError(f"{rule}; `{to_infix(tree)}` has {' and '.join(f'`{token}`' for token in foreign)}")


# --- What models read -------------------------------------------------------------------------------------------------


def equation_problem(equation: str) -> str:
    """An equation `sub LEFT RIGHT` as the training data spell it; both are prefix text.

    That is the numerator of LEFT - RIGHT without factors of lower order, because whatever solves one factor solves the
    equation. Factors that hold the highest derivative only within functions go too, if there are others. It may take
    very long, so it is called in a process with limits.

    Raises:
        ValueError: it is no differential equation, or nothing solves it.
    """
    tree = from_prefix(equation)
    left, right = map(to_symengine, tree.operands)
    difference = left - right
    order = max((n for n, name in enumerate(UNKNOWNS) if se.has_symbol(difference, se.Symbol(name))), default=0)
    if not order:
        raise ValueError(f"a differential equation holds y' or y''; `{to_infix(tree)}` holds neither")
    if not has_real_constants(difference):
        raise ValueError(f"a differential equation has real numbers; `{to_infix(tree)}` has others")
    unknowns = tuple(se.Symbol(name) for name in reversed(UNKNOWNS[: order + 1]))
    try:
        factors = numerator(difference, unknowns).factors()
    except RuntimeError:  # FLINT's, for exponents beyond all measure
        raise ValueError(f"`{to_infix(tree)}` is too large to be brought into the form that models read") from None
    holding = [factor for factor in factors if se.has_symbol(factor.expression(), unknowns[0])]
    kept = [factor for factor in holding if factor.degree(0)] or holding
    if not kept:
        if any(se.has_symbol(factor.expression(), unknown) for factor in factors for unknown in unknowns):
            raise ValueError(f"`{to_infix(tree)}` holds no {unknowns[0]}: it cancels, or stands only in a denominator")
        raise ValueError(f"nothing solves `{to_infix(tree)}`")
    return prefix_text(from_symengine(rebuilt(functools.reduce(operator.mul, kept).expression())))
