"""SymPy's objects to the texts that SymPy prints of them, which the reader knows; so names are read in one place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy as sp

_MOST = 10_000  # parts of an expression; larger ones would print slowly


def is_sympy(asked: Any) -> bool:
    """Whether this is an object of SymPy, which is not imported for that: it takes a third of a second."""
    return "sympy" in sys.modules and isinstance(asked, sys.modules["sympy"].Basic)


def is_sympy_equation(asked: sp.Basic) -> bool:
    """Whether an object of SymPy is an equation, or holds a derivative."""
    import sympy as sp

    return isinstance(asked, sp.Equality) or asked.has(sp.Derivative)


def integral_text(asked: sp.Basic) -> tuple[str, str | None, tuple[str, str] | None]:
    """The text of an integrand, with the variable and the limits if it is an `Integral`.

    Raises:
        ValueError: it is no expression, or an integral over several variables.
    """
    import sympy as sp

    if isinstance(asked, sp.Integral):
        if len(asked.limits) != 1 or len(asked.limits[0]) == 2:
            raise ValueError(f"integrals are in one variable, with two limits or none. Received: {asked}.")
        name, *limits = map(sp.sstr, asked.limits[0])
        return _text(asked.function), name, tuple(limits) if limits else None
    if not isinstance(asked, sp.Expr | sp.Equality):
        raise ValueError(f"a problem is text, a SymPy expression or equation, or a tree. Received: {asked!r}.")
    return _text(asked), None, None


def equation_text(asked: sp.Basic) -> str:
    """The text of an equation with one function of one variable.

    Raises:
        ValueError: it holds several functions, or none.
    """
    import sympy as sp
    from sympy.core.function import AppliedUndef

    if not isinstance(asked, sp.Expr | sp.Equality):
        raise ValueError(f"a problem is text, a SymPy expression or equation, or a tree. Received: {asked!r}.")
    functions = asked.atoms(AppliedUndef)
    variables = {argument for function in functions for argument in function.args}
    if len(functions) != 1 or len(variables) != 1 or not next(iter(variables)).is_Symbol:
        named = ", ".join(sorted(map(str, functions))) or "none"
        raise ValueError(f"a differential equation has one unknown function, of one variable. Received: {named}.")
    if isinstance(asked, sp.Equality):
        return f"{_text(asked.lhs)} = {_text(asked.rhs)}"
    return _text(asked)


def conditions_text(conditions: str | Mapping | None) -> str:
    """The text of initial conditions: SymPy's `ics`, or a text as it is."""
    if conditions is None or isinstance(conditions, str):
        return conditions or ""
    import sympy as sp

    return "; ".join(f"{_place(at)} = {sp.sstr(value)}" for at, value in conditions.items())


def _place(at: sp.Basic) -> str:
    """y(0), or y'(0) as `Derivative(y(x), x).subs(x, 0)`."""
    import sympy as sp

    if isinstance(at, sp.Subs):
        return f"{sp.sstr(at.expr)}.subs({sp.sstr(at.variables[0])}, {sp.sstr(at.point[0])})"
    return sp.sstr(at)


def _text(expression: sp.Basic) -> str:
    import sympy as sp

    for number in expression.atoms(sp.Float):
        expression = expression.xreplace({number: sp.Rational(str(number))})  # as in text
    if sum(1 for _ in sp.preorder_traversal(expression)) > _MOST:
        raise ValueError(f"an expression may have at most {_MOST:,} parts.")
    return sp.sstr(expression, order="none")
