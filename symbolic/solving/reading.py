"""What a person hands in (text, SymPy, a tree or prefix tokens) to a question that models can read."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING

import symengine as se

from symbolic.algebra.constants import has_real_constants
from symbolic.algebra.polynomials import numerator
from symbolic.algebra.simplification import rebuilt
from symbolic.expressions.engines import ABSTRACT, canonical, from_symengine, to_symengine
from symbolic.expressions.equations import UNKNOWNS, integral_equation, integrand_of
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.notation import is_prefix
from symbolic.expressions.prefix import Tree, from_prefix, prefix_text, to_prefix
from symbolic.expressions.tokens import NEGATIVE, POSITIVE, spellings
from symbolic.runtime.processes import preload_module
from symbolic.solving.question import Question
from symbolic.solving.sandbox import LimitReached, limited_call

if TYPE_CHECKING:
    import sympy as sp

preload_module(__name__)


def integral_question(integrand: str | sp.Basic | Tree) -> Question:
    """The question for a primitive of an integrand f, which may be given as `f`, or as `sub Y' f` in prefix tokens.

    Raises:
        ValueError: it is no expression in x (the message names the part), or it has no finite value.
    """
    tree = _tree(integrand)
    tree = integrand_of(tree) or tree
    if tree.head == "sub":
        raise ValueError(f"an integrand is an expression; `{to_infix(tree)}` is an equation")
    _check_language(tree, "an integrand holds only the variable x", ["x"])
    problem = integral_equation(canonical(tree))
    return Question(prefix_text(integral_equation(tree)), prefix_text(problem), is_integral=True)


def equation_question(equation: str | sp.Basic | Tree, time_limit: float = 10.0) -> Question:
    """The question for the solution of a differential equation; an expression stands for the equation with 0.

    Args:
        equation: in x, y, y' and y''; in SymPy with any one function of x.
        time_limit: seconds that its numerator may take.

    Raises:
        ValueError: it is no differential equation of first or second order (the message names the part), nothing solves
            it, or its numerator could not be found in time.
    """
    tree = _tree(equation if isinstance(equation, str | Tree) else _with_unknown_Y(equation))
    if tree.head != "sub":
        tree = Tree("sub", (tree, Tree(0)))
    _check_language(tree, "a differential equation holds only x and y(x) with its derivatives", ["x", *UNKNOWNS])
    asked = prefix_text(tree)
    try:
        problem = limited_call(equation_problem, asked, time_limit=time_limit)
    except LimitReached as limit:
        raise ValueError(f"the numerator of `{to_infix(tree)}` could not be found: {limit}") from None
    return Question(asked, problem, is_integral=False)


# --- What people write ------------------------------------------------------------------------------------------------


def _tree(asked: str | sp.Basic | Tree) -> Tree:
    """The tree of whatever a person hands in.

    Raises:
        ValueError: it is not in the language; the message names the part.
    """
    if isinstance(asked, Tree):
        return from_prefix(to_prefix(asked))  # which finds heads that are no tokens
    if isinstance(asked, str):
        words = asked.split()
        return from_prefix(words) if is_prefix(words) or {POSITIVE, NEGATIVE} & set(words) else from_infix(asked)
    import sympy as sp  # here, because it takes a third of a second

    from symbolic.expressions.exchange import from_sympy

    if isinstance(asked, sp.Expr | sp.Equality):
        # To SymPy a symbol with assumptions differs from one without.
        replacements = {symbol: sp.Symbol(symbol.name) for symbol in asked.free_symbols}
        replacements |= {number: sp.Rational(str(number)) for number in asked.atoms(sp.Float)}  # as in text
        return from_sympy(asked.xreplace(replacements))
    raise ValueError(f"a problem is text, a SymPy expression or equation, or a tree. Received: {asked!r}.")


def _with_unknown_Y(equation: sp.Basic) -> sp.Basic:
    """The equation with its one function of x, whatever its name, renamed Y(x)."""
    import sympy as sp
    from sympy.core.function import AppliedUndef

    if not isinstance(equation, sp.Basic):
        return equation  # which `_tree` refuses
    functions = equation.atoms(AppliedUndef)
    if len(functions) != 1 or [str(argument) for function in functions for argument in function.args] != ["x"]:
        named = ", ".join(sorted(map(str, functions))) or "none"
        raise ValueError(f"a differential equation has one unknown function, and that is one of x. Received: {named}.")
    return equation.xreplace({unknown: sp.Function(UNKNOWNS[0])(*unknown.args) for unknown in functions})


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
