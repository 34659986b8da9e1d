"""The last stage: whether a residual is zero as a formula, with SymEngine.

SymEngine replaces x/x by 1, and its derivative of acosh is right only on half of the plane. So a formula that vanishes
proves an answer only together with points at which the residual vanishes. SymEngine finds identities of rational
functions of the parts; `normal_form` brings it those of trigonometric and hyperbolic functions.
"""

import math
from collections.abc import Iterable

import symengine as se

from symbolic.expressions import engines
from symbolic.expressions.equations import UNKNOWNS
from symbolic.verification.normal_form import Exponentials, near
from symbolic.verification.points import Point, as_float
from symbolic.verification.residual import Residual

MAX_TERMS = 3000  # sums that would expand to more are not expanded
_MAX_EXPONENT = 2**62  # a larger one makes SymEngine end the process


def is_zero(residual: Residual) -> bool:
    """Whether the residual simplifies to 0: at once, expanded, as the numerator of one fraction, or in exponentials."""
    try:
        formula = _formula(residual)
        return _numerator(formula) == 0 or _vanishes_in_exponentials(formula)
    except (engines.UndefinedError, engines.TooLargeError, RuntimeError):
        return False


def is_zero_near(residual: Residual, point: Point) -> bool:
    """Whether the residual simplifies to 0 on a neighbourhood of a real point, by the rules of `normal_form.near`.

    False if the answer, or a part of the problem without Y, is another formula elsewhere, as |x| is for x < 0.
    """
    at = {name: as_float(value) for name, value in point.items()}
    try:
        for tree in (residual.answer, residual.problem):
            _, has_choices = near(engines.to_symengine(tree), at)
            if has_choices:
                return False
        formula, _ = near(_formula(residual), at)
        return _numerator(formula) == 0 or _vanishes_in_exponentials(formula)
    except (engines.UndefinedError, engines.TooLargeError, RuntimeError):
        return False


def _numerator(formula: se.Basic) -> se.Basic | None:
    """0 if the formula vanishes at once or expanded; else its numerator, expanded; None if that is too large."""
    if formula == 0 or (_terms_expanded(formula) <= MAX_TERMS and formula.expand() == 0):
        return se.Integer(0)
    numerator, _ = formula.as_numer_denom()
    return numerator.expand() if _terms_expanded(numerator) <= MAX_TERMS else None


def _vanishes_in_exponentials(formula: se.Basic) -> bool:
    """Whether a formula vanishes with exponentials for the functions made of them."""
    form = Exponentials(formula)
    numerator = _numerator(form.written(formula))
    if numerator is None or numerator == 0:
        return numerator is not None
    return _numerator(form.written(numerator)) == 0  # squares of roots have set free what stood under them


def is_undefined(residual: Residual) -> bool:
    """Whether the answer has no value anywhere, because it divides by 0 or the like."""
    try:
        engines.canonical(residual.answer)
    except engines.UndefinedError:
        return True
    except ValueError:  # too large to write down, which is not undefined
        return False
    return False


def _formula(residual: Residual) -> se.Basic:
    x = se.Symbol("x")
    derivatives = [engines.to_symengine(residual.answer)]
    problem = engines.to_symengine(residual.problem)
    powers = derivatives[0].atoms(se.Pow), problem.atoms(se.Pow)
    _check_exponents(powers[0] | powers[1], _MAX_EXPONENT)
    unknown = [power for power in powers[1] if any(se.has_symbol(power, se.Symbol(name)) for name in UNKNOWNS)]
    _check_exponents(unknown, MAX_TERMS)  # their bases may become numbers, and SymEngine computes such powers
    for _ in range(residual.order):
        derivatives.append(engines.differentiate(derivatives[-1], x))
    replacements = {se.Symbol(name): each for name, each in zip(UNKNOWNS, derivatives, strict=False)}
    formula = problem.xreplace(replacements)
    _check_exponents(formula.atoms(se.Pow), _MAX_EXPONENT)
    return formula


def _check_exponents(powers: Iterable[se.Basic], largest: int) -> None:
    exponents = [power.args[1] for power in powers]
    if any(isinstance(each, se.Integer) and abs(int(each)) > largest for each in exponents):
        raise engines.TooLargeError("an exponent is too large")


def _terms_expanded(expr: se.Basic) -> int:
    """At most how many terms the expansion has, in this sum and in those inside it."""
    if not expr.args:
        return 1
    inner = [_terms_expanded(operand) for operand in expr.args]
    if isinstance(expr, se.Add):
        return sum(inner)
    if isinstance(expr, se.Mul):
        return math.prod(inner)
    if isinstance(expr, se.Pow) and isinstance(expr.args[1], se.Integer) and inner[0] > 1:
        power = abs(int(expr.args[1]))
        return math.comb(inner[0] + power - 1, power) if power <= MAX_TERMS else MAX_TERMS + 1
    return 1 if max(inner) <= MAX_TERMS else MAX_TERMS + 1
