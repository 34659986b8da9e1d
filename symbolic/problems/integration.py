"""Integration problems: find y with y' = f. Here by the backward method of Lample & Charton 2020, section 4.1.

The input is `sub Y' <f>`, the output a primitive F of f, both in the canonical spelling of
`expressions.engines.symengine_to_prefix`. Knows nothing of files, counts and duplicates.
"""

import contextlib
import math
from collections.abc import Callable, Iterator

import numpy as np
import symengine as se

from symbolic.expressions.engines import (
    TooLargeError,
    UndefinedError,
    differentiate,
    symengine_to_prefix,
    to_symengine,
)
from symbolic.problems.checks import check_real_domain
from symbolic.problems.problem import Problem, ProblemOptions, Rejected
from symbolic.problems.simplification import rebuilt, simplified
from symbolic.problems.splits import content_hash
from symbolic.problems.trees import draw_operator_count, operator_count, tree_sampler

_X = se.Symbol("x")
_BITS = 128  # of the numbers that constants are looked at with; in floats tan(exp(36)) has the wrong sign


def backward(options: ProblemOptions) -> Callable[[np.random.Generator], Problem]:
    """A function that draws one problem backwards: a random F, made canonical and differentiated to f.

    A primitive is only defined up to a constant, so that a model could not know which one to give: the constant
    terms of F are dropped. A share of the integrands, `options.simplify`, is simplified; which ones, a hash of the
    primitive decides, so that the primitives drawn are the same whatever the share.

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
        if operator_count(solution) < operators / 2:  # as published: what collapses so far is too easy
            raise Rejected("collapsed")
        check_real_domain(primitive, integrand)
        if content_hash(f"simplify {' '.join(solution)}") < options.simplify * 2**64:
            integrand = simplified(integrand)
        return integration_problem(symengine_to_prefix(integrand), solution, options)

    return draw


@contextlib.contextmanager
def rejecting() -> Iterator[None]:
    """Rejections in place of the errors that SymEngine's expressions raise."""
    try:
        yield
    except (UndefinedError, RuntimeError):  # a RuntimeError is SymEngine's word for a division by zero
        raise Rejected("no finite value") from None
    except TooLargeError:
        raise Rejected("too large") from None


def integration_problem(integrand: list[str], primitive: list[str], options: ProblemOptions) -> Problem:
    """The problem `sub Y' f` with its solution, from prefix tokens.

    Raises:
        Rejected: either side is longer than `max_len`, counting two tokens for `sub Y'` or for start and end.
    """
    if max(len(integrand), len(primitive)) + 2 > options.max_len:
        raise Rejected("too long")
    return Problem(" ".join(["sub", "Y'", *integrand]), " ".join(primitive))


def without_constant_terms(expr: se.Basic) -> se.Basic:
    """An expression that differs from `expr` by a constant and has no constant term: 3 + 2*(1 + x) becomes 2*x.

    A constant times a sum, which SymEngine leaves as it stands, is multiplied out to get at the terms.
    """
    if not se.has_symbol(expr, _X):
        return se.Integer(0)
    if isinstance(expr, se.Add):
        return se.Add(*(without_constant_terms(term) for term in expr.args))
    if isinstance(expr, se.Mul):
        varying = [factor for factor in expr.args if se.has_symbol(factor, _X)]
        if len(varying) == 1 and isinstance(varying[0], se.Add):
            coefficient = expr / varying[0]
            return se.Add(*(without_constant_terms(coefficient * term) for term in varying[0].args))
    return expr


def has_real_constants(expr: se.Basic) -> bool:
    """Whether every part without variables is a finite real number.

    It is false for I and for infinities, and for asin(2) and atanh(1), which SymEngine leaves as they stand, also where
    what is made of them is finite, as 1/atanh(1) is to SymEngine.
    """
    constant_parts: list[se.Basic] = []
    if _is_constant(expr, constant_parts):
        constant_parts.append(expr)
    return all(map(_is_real_number, constant_parts))


def _is_constant(expr, constant_parts) -> bool:
    """Whether an expression has no variable; of one that has, the largest parts without one are added to the list."""
    if isinstance(expr, se.Symbol):
        return False
    constant = []
    operands = expr.args
    for operand in operands:
        if isinstance(operand, se.Number) or _is_constant(operand, constant_parts):
            constant.append(operand)
    if len(constant) == len(operands):
        return True
    constant_parts += constant
    return False


def _is_real_number(expr) -> bool:
    if isinstance(expr, se.Rational):
        return True
    try:
        return math.isfinite(float(expr.n(_BITS, real=True))) and all(map(_is_real, expr.args))
    except RuntimeError:  # SymEngine has no real value for I and for the infinity without a sign
        return False


def _is_real(part) -> bool:
    """Whether a part of a number is finite and real, with all that it is made of; it may be too large for a float."""
    if isinstance(part, se.Rational):
        return True
    value = part.n(_BITS, real=True)
    is_finite = math.isfinite(float(value)) or float(value / value) == 1  # infinity by itself is no number
    return is_finite and all(map(_is_real, part.args))
