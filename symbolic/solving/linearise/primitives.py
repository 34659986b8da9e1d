"""Primitives of what arises while an equation is solved; letters a0 … a9 stand for any numbers.

They come from `integration`, and what that leaves open is asked of whoever offers to answer. |u| is written u in them:
a constant takes the sign. Also here: the terms and functions that an expression holds, of which solutions are made.
"""

from collections.abc import Callable, Sequence

import symengine as se

from symbolic.algebra.terms import additive_terms, constant_factor
from symbolic.expressions.engines import differentiate, from_symengine, to_symengine
from symbolic.expressions.equations import integral_equation
from symbolic.expressions.prefix import from_prefix, prefix_text
from symbolic.integration.primitives import primitives as candidates
from symbolic.solving.linearise.forms import is_finite, length
from symbolic.solving.linearise.functions import without_abs
from symbolic.solving.linearise.symbols import X

Integrals = Callable[[Sequence[str]], list[str | None]]

STEPS = 80  # of the search for a primitive
_LONGEST = 250  # tokens of an integrand
_LONGEST_CLOSURE = 40  # terms


def primitive(integrand: se.Basic, steps: int = STEPS) -> se.Basic | None:
    """A primitive by x, or None."""
    if integrand == 0:
        return se.Integer(0)
    if not is_finite(integrand) or length(integrand) > _LONGEST:
        return None
    try:
        found = candidates(from_symengine(integrand), steps)
    except (ValueError, RuntimeError):
        return None
    return next((answer for answer in map(without_abs, found) if is_finite(answer)), None)


def primitives(integrands: Sequence[se.Basic], ask: Integrals | None) -> list[se.Basic | None]:
    """A primitive by x of each integrand, or None; those that are not found are asked for, all at once."""
    found = [primitive(integrand) for integrand in integrands]
    open_ones = [index for index, answer in enumerate(found) if answer is None and _can_be_asked(integrands[index])]
    if ask is None or not open_ones:
        return found
    problems = [prefix_text(integral_equation(from_symengine(integrands[index]))) for index in open_ones]
    for index, answer in zip(open_ones, ask(problems), strict=True):
        if answer is not None:
            found[index] = without_abs(to_symengine(from_prefix(answer)))
    return found


def _can_be_asked(integrand: se.Basic) -> bool:
    return is_finite(integrand) and length(integrand) <= _LONGEST


# --- Parts of expressions ---------------------------------------------------------------------------------------------


def kernels(expr: se.Basic) -> list[se.Basic]:
    """The functions, powers and arguments with x in an expression, shortest first."""
    found, todo = {}, [expr]
    while todo:
        part = todo.pop()
        if part == X or part in found or not se.has_symbol(part, X):
            continue
        if isinstance(part, se.Pow):
            base, exponent = part.args
            if isinstance(exponent, se.Number):
                if base == X and exponent not in (-1, 1):
                    found[part] = None
                    if isinstance(exponent, se.Integer) and exponent % 2 == 0:
                        if abs(exponent) > 2:
                            found[X ** (abs(exponent) / 2)] = None
            else:
                found[part] = None
            todo += part.args
        elif isinstance(part, se.Mul):
            todo += part.args
        elif isinstance(part, se.Add):
            found[part] = None
            todo += part.args
        else:
            found[part] = None
            todo += part.args
    return sorted(found, key=lambda kernel: (length(kernel), str(kernel)))


def closure(exprs: Sequence[se.Basic], steps: int = 2) -> list[se.Basic]:
    """The terms of expressions and of their derivatives, times 1, x and x**2, and logarithms of what they divide by."""
    terms: dict[se.Basic, None] = {}
    for expr in exprs:
        for _ in range(steps + 1):
            parts = additive_terms(expr)
            if len(parts) > _LONGEST_CLOSURE:
                break
            terms.update(dict.fromkeys(constant_factor(part)[1] for part in parts))
            expr = differentiate(expr, X)
    logarithms = {}
    for term in list(terms):
        for factor in se.Mul.make_args(term):
            base, exponent = factor.args if isinstance(factor, se.Pow) else (factor, se.Integer(1))
            if isinstance(exponent, se.Number) and exponent < 0 and se.has_symbol(base, X):
                logarithms[se.log(base)] = None
                logarithms[base] = None
                logarithms[se.atan(base)] = None
                logarithms[term * se.log(base)] = None
    found = {}
    for power in (1, X, X**2, 1 / X):
        found.update(dict.fromkeys(term * power for term in terms))
    found |= logarithms
    return list(found)[: 3 * _LONGEST_CLOSURE]
