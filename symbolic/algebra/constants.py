"""Whether the constant parts of an expression are finite real numbers.

SymEngine leaves asin(2) and atanh(1) as they stand, so an expression may hold numbers that are complex or infinite.
"""

import math

import symengine as se

_BITS = 128  # of precision; in float64 tan(exp(36)) has the wrong sign


def has_real_constants(expr: se.Basic) -> bool:
    """Whether every part without variables is a finite real number.

    False for I, infinities, asin(2) and atanh(1), even within a part that SymEngine takes for finite, as 1/atanh(1).
    """
    constant_parts: list[se.Basic] = []
    if _is_constant(expr, constant_parts):
        constant_parts.append(expr)
    return all(map(_is_real_number, constant_parts))


def _is_constant(expr, constant_parts: list) -> bool:
    """Whether an expression has no variable; if it has one, its largest parts without one are added to the list."""
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
        return math.isfinite(float(expr.n(_BITS, real=True))) and all(map(_is_real_part, expr.args))
    except RuntimeError:  # SymEngine has no real value for I and for the infinity without a sign
        return False


def _is_real_part(part) -> bool:
    """Whether a part of a number is finite and real, with all its own parts; it may be too large for a float."""
    if isinstance(part, se.Rational):
        return True
    value = part.n(_BITS, real=True)
    is_finite = math.isfinite(float(value)) or float(value / value) == 1  # infinity divided by itself is nan
    return is_finite and all(map(_is_real_part, part.args))
