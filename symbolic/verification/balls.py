"""The second stage: rigorous enclosures of a residual at one point, with python-flint's ball arithmetic (Arb).

An enclosure is an interval, or a rectangle in the complex plane, that certainly contains the exact value. Without 0
in it the residual is not zero, whatever the rounding. Rational parts are computed exactly, so that x^(1/3 - 4/3) has
an integer exponent.
"""

import math
import operator
from collections.abc import Sequence
from typing import NamedTuple

from flint import acb, arb, ctx, fmpq

from symbolic.expressions.equations import UNKNOWNS
from symbolic.expressions.program import Program
from symbolic.verification.points import Point
from symbolic.verification.residual import Residual, needed_slots

PRECISIONS = (256, 1024, 4096)  # bits, tried in turn until an enclosure is narrow enough
DIGITS = 50  # a factor below 10^-DIGITS, and below this fraction of its largest term, counts as zero
_ZERO = arb(10) ** -DIGITS
_TINY = arb(10) ** (-2 * DIGITS)  # a factor below this counts as zero, too, since its terms may be zero
_MAX_EXACT_BITS = 2048  # longer rationals are rounded


class Enclosure(NamedTuple):
    """What is certain of a residual at a point.

    Attributes:
        status: "nonzero", "zero" (to DIGITS digits), "unknown" (too wide, or a part has no value), or "outside": real
            values are asked for, and a part of problem or answer is certainly not real.
        value: the enclosure as text.
        radius: a bound of |residual|, or of a factor of it, where the status is "zero", else None.
        size: where it is "nonzero", a lower bound of min(|factor| / min(1, |largest term|)) over the factors, else
            None.
        relative_radius: where it is "zero", `radius` / min(1, |largest term|) of that factor, else None. It is infinite
            where the terms themselves cannot be told from zero.
    """

    status: str
    value: str
    radius: float | None = None
    size: float | None = None
    relative_radius: float | None = None


def enclose(
    residual: Residual,
    point: Point,
    is_complex: bool = False,
    precisions: Sequence[int] = PRECISIONS,
) -> Enclosure:
    """The residual at a point, with rising precision until it is known whether it is zero to DIGITS digits.

    Without `is_complex`, every part of problem and answer must be real. With `residual.of_values`, only the parts of
    the problem and the values of the answer must be: an imaginary part that is 0 to DIGITS digits counts as 0.

    With `is_complex`, values are principal values. Then abs and sign have a value only at real arguments, since they
    have no derivative elsewhere.
    """
    for bits in precisions:
        with ctx.workprec(bits):
            enclosure = _judge(residual, point, is_complex)
        if enclosure.status != "unknown":
            break
    return enclosure


def is_not_real(residual: Residual, point: Point) -> bool:
    """Whether the answer or one of its derivatives certainly has an imaginary part other than 0, however small."""
    with ctx.workprec(PRECISIONS[-1]):
        return any(value.is_finite() and not value.imag.contains(0) for value in _complex_values(residual, point))


def run(program: Program, point: Point, is_complex: bool = False) -> list[arb | acb | fmpq]:
    """Enclosures of all slots of a program at a point, at flint's current precision; nan where there is no value.

    The coordinates of a point are rationals or balls. Balls give enclosures of the values at all points in them.
    """
    ball, operations = (acb, _COMPLEX) if is_complex else (arb, _REAL)

    def leaf(head):
        if isinstance(head, int):
            return fmpq(head)
        if head in point:
            value = point[head]
            return acb(*map(arb, value)) if isinstance(value, tuple) else value
        return _CONSTANTS[head](ball)

    return program.run(leaf, operations)


def run_on_box(program: Program, box: dict[str, arb]) -> list[arb | fmpq]:
    """As `run` with wide real balls, and with a value for quotients by exp and cosh.

    Wide balls of exp and cosh contain 0, though the functions have no root; so `run` gives no value there.
    """
    values = []
    for head, operands in program.steps:
        if not operands:
            values.append(fmpq(head) if isinstance(head, int) else box[head] if head in box else _CONSTANTS[head](arb))
            continue
        value = _REAL[head](*(values[each] for each in operands))
        if head == "div" and not arb(value).is_finite():
            divisor, inner = program.steps[operands[1]]
            if divisor == "cosh":
                value = values[operands[0]] * arb(0.5, 0.5)
            elif divisor == "exp":
                value = values[operands[0]] * (-arb(values[inner[0]])).exp()
        values.append(value)
    return values


def _judge(residual, point, is_complex) -> Enclosure:
    if residual.of_values is not None and not is_complex:
        values = _complex_values(residual, point)
        if any(value.is_finite() and not value.imag.contains(0) for value in values):
            return Enclosure("outside", "complex")
        point = point | _real_values(values)
        residual = residual.of_values
    ball = acb if is_complex else arb
    values = run(residual.program, point, is_complex)
    value, answer = ball(values[residual.slot]), ball(values[residual.answer_slot])
    if not (value.is_finite() and answer.is_finite()):
        is_outside = not is_complex and _is_outside(residual, point)
        return Enclosure("outside" if is_outside else "unknown", str(value))
    factors = [
        (ball(values[slot]), _scale([ball(values[term]) for term in terms])) for slot, terms in residual.factors.items()
    ]
    if not value.contains(0):
        size = min(float(factor.abs_lower() / scale) for factor, scale in factors)
        return Enclosure("nonzero", value.str(10), size=size)
    bounds = [(factor.abs_upper(), scale) for factor, scale in factors if _counts_as_zero(factor, scale)]
    if bounds:
        relative, radius = min((_ratio(bound, scale), float(bound)) for bound, scale in bounds)
        return Enclosure("zero", value.str(10), radius, relative_radius=relative)
    return Enclosure("unknown", value.str(10))


def _is_outside(residual: Residual, point: Point) -> bool:
    """Whether some part of the residual certainly has an imaginary part other than 0, however small."""
    values = run(residual.program, point, is_complex=True)
    return any(
        isinstance(values[slot], acb) and values[slot].is_finite() and not values[slot].imag.contains(0)
        for slot in needed_slots(residual)
    )


def _real_values(values: list[acb]) -> dict[str, arb]:
    """Y, Y', Y'' from complex balls; nan where an imaginary part may be another number than 0."""
    return {name: each.real if _is_real(each) else arb("nan") for name, each in zip(UNKNOWNS, values, strict=False)}


def _complex_values(residual: Residual, point: Point) -> list[acb]:
    values = run(residual.program, point, is_complex=True)
    return [acb(values[slot]) for slot in residual.answer_slots]


def _is_real(value: acb) -> bool:
    return value.imag.contains(0) and value.imag.abs_upper() <= _ZERO


def _counts_as_zero(factor: arb | acb, scale: arb) -> bool:
    bound = factor.abs_upper()
    return factor.contains(0) and (bound <= _ZERO * scale or bound <= _TINY)


def _ratio(bound: arb, scale: arb) -> float:
    return float(bound / scale) if scale > 0 else math.inf if bound > 0 else 0.0


def _scale(terms: list[arb | acb]) -> arb:
    """The size of the largest term, at most 1: large terms that cancel must not hide a residual of common size."""
    if len(terms) == 1:
        return arb(1)  # no sum: the one term is the factor itself
    scale = arb(0)
    for term in terms:
        scale = scale.max(term.abs_lower())
    return scale.min(arb(1))


def _exact_or(ball, operation):
    """The operation on balls; rationals stay exact while they are short."""

    def operate(a, b):
        if isinstance(a, fmpq) and isinstance(b, fmpq):
            a, b = _shortened(a, ball), _shortened(b, ball)
        return operation(a, b)

    return operate


def _shortened(rational: fmpq, ball):
    return rational if rational.height_bits() <= _MAX_EXACT_BITS else ball(rational)


def _division(ball):
    def divide(a, b):
        return ball("nan") if isinstance(b, fmpq) and b == 0 else a / b

    return divide


def _power(ball):
    def power(base, exponent):
        if not isinstance(exponent, fmpq):
            return ball(base) ** exponent
        if exponent.q == 2 and abs(exponent.p) < 64:
            return ball(base).sqrt() ** int(exponent.p)
        if exponent.q == 1 and isinstance(base, fmpq) and _is_short_power(base, exponent):
            return base ** int(exponent.p)
        base = ball(base)
        if exponent.q == 1 and ball is arb and base.contains(0):
            return (acb(base) ** exponent).real  # arb gives nan here, even for a square
        return base**exponent

    return power


def _is_short_power(base: fmpq, exponent: fmpq) -> bool:
    if base == 0:
        return exponent >= 0
    return abs(exponent.p) * base.height_bits() <= _MAX_EXACT_BITS


def _function(ball, name):
    function = getattr(ball, name)
    return lambda u: function(ball(u))


_FUNCTIONS = {"ln": "log"} | {
    name: name for name in "exp sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh".split()
}


def _operations(ball):
    operations = {
        "add": _exact_or(ball, operator.add),
        "sub": _exact_or(ball, operator.sub),
        "mul": _exact_or(ball, operator.mul),
        "div": _exact_or(ball, _division(ball)),
        "pow": _power(ball),
    }
    return operations | {token: _function(ball, name) for token, name in _FUNCTIONS.items()}


def _abs(u):
    return abs(arb(u))


def _sign(u):
    return arb(u).sgn()


def _on_the_real_line(function):
    def operate(u):
        u = acb(u)
        return acb(function(u.real)) if u.imag.is_zero() else acb("nan")

    return operate


_REAL = _operations(arb) | {"abs": _abs, "sign": _sign}
_COMPLEX = _operations(acb) | {"abs": _on_the_real_line(_abs), "sign": _on_the_real_line(_sign)}
_CONSTANTS = {
    "pi": lambda ball: ball.pi(),
    "E": lambda ball: ball(1).exp(),
    "I": lambda ball: acb(0, 1) if ball is acb else arb("nan"),
}
