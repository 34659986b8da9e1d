"""The last stage: whether a residual is zero as a formula, with SymEngine.

SymEngine replaces x/x by 1, and its derivative of acosh is right only on half of the plane. So a formula that vanishes
proves an answer only together with points at which the residual vanishes. SymEngine finds identities of rational
functions of the parts; `normal_form` brings it those of trigonometric and hyperbolic functions.
"""

import itertools
import math
from collections.abc import Iterable

import symengine as se

from symbolic.expressions import engines
from symbolic.expressions.equations import UNKNOWNS
from symbolic.expressions.prefix import Tree, fold
from symbolic.verification.normal_form import Exponentials, near
from symbolic.verification.points import Point, as_float
from symbolic.verification.residual import Residual

_MOST_SIGNS = 3  # different |u| or signs of u in a formula that are tried with both signs
MAX_TERMS = 3000  # sums that would expand to more are not expanded
_MAX_EXPONENT = 2**62  # a larger one makes SymEngine end the process


def is_zero(residual: Residual) -> bool:
    """Whether the residual simplifies to 0: at once, expanded, as the numerator of one fraction, or in exponentials."""
    try:
        formula = _formula(residual)
        return _vanishes(formula) or _vanishes_for_all_signs(formula)
    except (engines.UndefinedError, engines.TooLargeError, RuntimeError):
        return False


def is_zero_where_real(residual: Residual, point: Point) -> bool:
    """Whether the residual simplifies to 0 by rules that hold wherever it is real, as ln(exp(u)) = u does.

    Args:
        point: where the residual is real.
    """
    try:
        formula, _, is_everywhere = near(_formula(residual), _as_floats(point))
        return is_everywhere and (_numerator(formula) == 0 or _vanishes_in_exponentials(formula))
    except (engines.UndefinedError, engines.TooLargeError, RuntimeError):
        return False


def is_zero_near(residual: Residual, point: Point) -> bool:
    """Whether the residual simplifies to 0 on a neighbourhood of a real point, by the rules of `normal_form.near`.

    False if the answer, or a part of the problem without Y, is another formula elsewhere, as |x| is for x < 0.
    """
    at = _as_floats(point)
    try:
        if any(near(engines.to_symengine(tree), at).has_kink for tree in (residual.answer, residual.problem)):
            return False
        formula = near(_formula(residual), at).formula
        return _numerator(formula) == 0 or _vanishes_in_exponentials(formula)
    except (engines.UndefinedError, engines.TooLargeError, RuntimeError):
        return False


def _as_floats(point: Point) -> dict[str, float]:
    return {name: as_float(value) for name, value in point.items()}


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


def _vanishes(formula: se.Basic) -> bool:
    return _numerator(formula) == 0 or _vanishes_in_exponentials(formula)


def _vanishes_for_all_signs(formula: se.Basic) -> bool:
    """Whether a formula vanishes with u or -u for every |u|, and 1 or -1 for the sign of u: on the real line u has one.

    At u = 0 it may have another value. Where a |u| holds another, the formula is left to points.
    """
    parts = formula.atoms(se.Abs, se.sign)
    if any(part.args[0].atoms(se.Abs, se.sign) for part in parts):
        return False
    operands: dict[se.Basic, se.Basic] = {}  # of a part -> it, or what it is the opposite of
    for part in parts:
        (operand,) = part.args
        opposite = (-operand).expand()
        operands[operand] = next((each for each in operands.values() if (each - opposite).expand() == 0), operand)
    different = list(dict.fromkeys(operands.values()))
    if not 0 < len(different) <= _MOST_SIGNS:
        return False
    for signs in itertools.product((1, -1), repeat=len(different)):
        sign_of = dict(zip(different, signs, strict=True))
        chosen = {}
        for part in parts:
            (operand,) = part.args
            sign = sign_of[operands[operand]] * (1 if operands[operand] == operand else -1)
            chosen[part] = sign * operand if isinstance(part, se.Abs) else se.Integer(sign)
        if not _vanishes(formula.xreplace(chosen)):
            return False
    return True


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
    derivatives = [engines.to_symengine(fold(residual.answer, _by_sines))]
    problem = engines.to_symengine(fold(residual.problem, _by_sines))
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


# sec and its kin by the functions of which the normal form makes exponentials; None for 1.
_QUOTIENTS = {
    "cot": ("cos", "sin"),
    "sec": (None, "cos"),
    "csc": (None, "sin"),
    "coth": ("cosh", "sinh"),
    "sech": (None, "cosh"),
    "csch": (None, "sinh"),
}


def _by_sines(head: str | int, operands: list[Tree]) -> Tree:
    if head not in _QUOTIENTS:
        return Tree(head, tuple(operands))
    above, below = _QUOTIENTS[head]
    return Tree("div", (Tree(above, tuple(operands)) if above else Tree(1), Tree(below, tuple(operands))))


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
