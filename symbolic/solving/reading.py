"""Problems as people hand them in, as trees and as models were taught to read them.

Text, SymPy and prefix tokens come in. Knows nothing of any model in particular.
"""

import functools
import operator

import symengine as se
import sympy as sp
from sympy.core.function import AppliedUndef

from symbolic.algebra.constants import has_real_constants
from symbolic.algebra.polynomials import numerator
from symbolic.algebra.simplification import rebuilt
from symbolic.expressions.engines import ABSTRACT, symengine_to_prefix, to_symengine
from symbolic.expressions.equations import UNKNOWNS, integral_tokens, integrand_of
from symbolic.expressions.exchange import from_sympy
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.notation import is_prefix
from symbolic.expressions.prefix import Tree, from_prefix, to_prefix
from symbolic.expressions.tokens import NEGATIVE, POSITIVE, spellings
from symbolic.runtime.processes import preload_module

preload_module(__name__)


# --- what people write ------------------------------------------------------------------------------------------------


def integrand_tree(problem: str | sp.Basic | Tree) -> Tree:
    """The integrand f that a person means by `f`, or by `y' = f` in prefix tokens.

    Raises:
        ValueError: it is no expression in x; the message names the part.
    """
    tree = _read(problem)
    tree = integrand_of(tree) or tree
    if tree.head == "sub":
        raise ValueError(f"an integrand is an expression; `{to_infix(tree)}` is an equation")
    _check_language(tree, "an integrand is an expression in x alone", ["x"])
    return tree


def equation_tree(problem: str | sp.Basic | Tree) -> Tree:
    """The differential equation that a person means, `sub LEFT RIGHT`; what is no equation stands for one with 0.

    Raises:
        ValueError: it is not in the language of these equations; the message names the part.
    """
    tree = _read(_with_unknown_Y(problem) if isinstance(problem, sp.Basic) else problem)
    if tree.head != "sub":
        tree = Tree("sub", (tree, Tree(0)))
    _check_language(tree, "a differential equation holds x and y(x) with its derivatives alone", ["x", *UNKNOWNS])
    return tree


def _with_unknown_Y(equation: sp.Basic) -> sp.Basic:
    """The equation with its one function of x, whatever it is called, renamed Y(x)."""
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


def _read(problem: str | sp.Basic | Tree) -> Tree:
    """The tree of whatever a person hands in.

    Raises:
        ValueError: it is not in the language; the message names the part.
    """
    if isinstance(problem, Tree):
        return from_prefix(to_prefix(problem))  # which finds heads that are no tokens
    if isinstance(problem, str):
        words = problem.split()
        return from_prefix(words) if is_prefix(words) or {POSITIVE, NEGATIVE} & set(words) else from_infix(problem)
    if isinstance(problem, sp.Expr | sp.Equality):
        # Symbols that were made with assumptions are others to SymPy than those without.
        replacements = {symbol: sp.Symbol(symbol.name) for symbol in problem.free_symbols}
        replacements |= {number: sp.Rational(str(number)) for number in problem.atoms(sp.Float)}  # as in text
        return from_sympy(problem.xreplace(replacements))
    raise ValueError(f"a problem is text, a SymPy expression or equation, or a tree. Received: {problem!r}.")


# --- what models read -------------------------------------------------------------------------------------------------


def integral_problem(integrand: Tree) -> str:
    """The problem `sub Y' f` of an integrand, in the spelling of the training data.

    Raises:
        ValueError: it has no finite value.
    """
    return " ".join(integral_tokens(symengine_to_prefix(to_symengine(integrand))))


def equation_problem(equation: str) -> tuple[str, int]:
    """An equation `sub LEFT RIGHT`, in prefix tokens, as the training data spell it; and its order, 1 or 2.

    That is its numerator, without factors that hold no highest derivative, or hold it within functions alone, if there
    are others: what solves a factor solves the equation. To find these may take very long.

    Raises:
        ValueError: it is no differential equation, or one without solutions.
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
            raise ValueError(f"`{to_infix(tree)}` holds no {unknowns[0]}: it cancels, or stands in a denominator alone")
        raise ValueError(f"nothing solves `{to_infix(tree)}`")
    return " ".join(symengine_to_prefix(rebuilt(functools.reduce(operator.mul, kept).expression()))), order
