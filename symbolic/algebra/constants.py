"""The constant parts of an expression: whether they are finite real numbers."""

import math

import symengine as se

_BITS = 128  # of the numbers that constants are looked at with; in floats tan(exp(36)) has the wrong sign


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
