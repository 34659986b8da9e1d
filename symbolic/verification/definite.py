"""Definite integrals, rigorously: Arb's quadrature encloses the value (Johansson, ICMS 2018), and claims are compared.

`acb.integral` needs to know where an integrand is analytic. So roots, logarithms and inverse functions give no value on
balls that touch their branch cuts, abs and sign none on balls that hold their kinks. An integrand that is not bounded,
or not real on the whole interval, has no integral here: the message names where.
"""

import operator
from collections.abc import Mapping

import numpy as np
from flint import acb, arb, ctx, fmpq

from symbolic.expressions.prefix import PrefixError, Tree, from_prefix
from symbolic.expressions.program import Program
from symbolic.verification import balls
from symbolic.verification.verdict import Verdict

DIGITS = 30  # to which a claim must agree
_BITS = 160
_SAMPLES = 48  # points of the interval at which the integrand must be real
_DEPTH = 60  # bisections that look for a place without a value
_TRIALS = 4  # random values of the letters in a claim


class NoIntegral(ValueError):
    """The integrand has no integral over the interval, or none that can be enclosed; the message tells why."""


def quadrature(integrand: Tree, lower: Tree, upper: Tree, values: Mapping[str, fmpq] | None = None) -> arb:
    """A ball that certainly holds the integral of an integrand in x.

    Args:
        lower, upper: the limits, without x.
        values: of the coefficients a0, a1, …

    Raises:
        NoIntegral: the integrand is not real, or has no finite value somewhere; or the quadrature did not converge.
    """
    values = dict(values or {})
    program = Program()
    slot = program.enter(integrand)
    with ctx.workprec(_BITS):
        ends = constant(lower, values), constant(upper, values)
        if not all(end.is_finite() for end in ends):
            raise NoIntegral("a limit of the integral has no finite real value")
        _check_real(program, slot, ends, values)

        def function(z, analytic):
            return _value(program, slot, z, values, analytic)

        value = acb.integral(function, acb(ends[0]), acb(ends[1]))
        scale = max(1.0, float(abs(value.real).upper())) if value.is_finite() else 1.0
        if not value.is_finite() or float(value.rad()) > 10.0**-DIGITS * scale:
            raise NoIntegral(_why(program, slot, ends, values))
        if not value.imag.contains(0):
            raise NoIntegral("the integrand is not real on the whole interval")
        return value.real


def constant(tree: Tree, values: Mapping[str, fmpq] | None = None) -> arb:
    """The ball of a tree without variables; nan where it has no real value."""
    program = Program()
    slot = program.enter(tree)
    try:
        return arb(balls.run(program, dict(values or {}))[slot])
    except KeyError:
        return arb("nan")


def verify_integral(integrand: Tree | str, lower: Tree | str, upper: Tree | str, claim: Tree | str) -> Verdict:
    """Judge the claimed value of a definite integral: "confirmed" if it agrees with a quadrature to 30 digits.

    Args:
        integrand: in x and coefficients a0, a1, …, for which random values are taken.
        claim: the value, without x.

    Returns:
        A verdict: "refuted" if the claim is certainly another number, or the integral does not exist; "undecided" if it
        could not be enclosed. `evidence` has the value, under "value", to some digits.
    """
    try:
        trees = [each if isinstance(each, Tree) else from_prefix(each) for each in (integrand, lower, upper, claim)]
    except PrefixError as error:
        return Verdict("undecided", f"malformed claim: {error}")
    letters = sorted({leaf for tree in trees for leaf in _leaves(tree) if str(leaf)[0] == "a" and leaf != "abs"})
    if "x" in _leaves(trees[3]):
        return Verdict("refuted", "the claimed value holds the variable of the integral")
    generator = np.random.default_rng(len(str(trees)))
    agreed, failures, shown = 0, [], None
    for trial in range(_TRIALS if letters else 1):
        # The first values are positive: letters under roots and logarithms often are.
        values = {name: fmpq(int(generator.integers(1, 400)), 127) for name in letters}
        if trial % 2:
            values = {name: -value if generator.random() < 0.5 else value for name, value in values.items()}
        try:
            enclosed = quadrature(*trees[:3], values)
        except NoIntegral as error:
            failures.append(str(error))
            continue
        with ctx.workprec(_BITS):
            claimed = constant(trees[3], values)
            shown = enclosed.str(20, radius=False)
            if not claimed.is_finite():
                return Verdict("undecided", "the claimed value has no finite real value", {"value": shown})
            difference = claimed - enclosed
            if not difference.contains(0):
                reason = f"the integral is {enclosed.str(15, radius=False)}, not {claimed.str(15, radius=False)}"
                return Verdict("refuted", reason, {"value": shown})
            if float(difference.rad()) > 10.0**-DIGITS * max(1.0, abs(float(enclosed.mid()))):
                failures.append("the claimed value could not be enclosed narrowly enough")
                continue
            agreed += 1
    if agreed < (2 if letters else 1):
        return Verdict("undecided", failures[0] if failures else "too few values of the letters could be tried")
    reason = f"the value agrees with a rigorous quadrature to {DIGITS} digits"
    if letters:
        reason += f", at {agreed} random values of the letters"
    evidence = {"value": shown, "extent": "general", "general": True, "order": 1, "constants": 0, "points": agreed}
    return Verdict("confirmed", reason, evidence)


def _leaves(tree: Tree) -> set[str | int]:
    leaves, todo = set(), [tree]
    while todo:
        node = todo.pop()
        todo += node.operands
        leaves |= set() if node.operands else {node.head}
    return leaves


def _check_real(program: Program, slot: int, ends: tuple[arb, arb], values: Mapping[str, fmpq]) -> None:
    """Refuse an integrand that is certainly complex at a random point of the interval."""
    generator = np.random.default_rng(len(program.steps))
    outside = 0
    for share in generator.random(_SAMPLES):
        x = ends[0] + (ends[1] - ends[0]) * arb(float(share))
        value = _value(program, slot, acb(x), values, False)
        outside += value.is_finite() and not value.imag.contains(0)
    if outside:
        where = "anywhere" if outside == _SAMPLES else "on a part"
        raise NoIntegral(f"the integrand is not real {where} of the interval".replace("anywhere of", "anywhere in"))


def _why(program: Program, slot: int, ends: tuple[arb, arb], values: Mapping[str, fmpq]) -> str:
    """Where the integrand has no bounded value: the interval is bisected towards it."""

    def is_bounded(left: float, right: float) -> bool:
        middle, radius = (left + right) / 2, abs(right - left) / 2
        value = _value(program, slot, acb(arb(middle, radius)), values, False)
        return value.is_finite()

    todo = [(float(ends[0].mid()), float(ends[1].mid()), 0)]
    steps = 0
    while todo and steps < 4000:
        left, right, depth = todo.pop()
        steps += 1
        if is_bounded(left, right):
            continue
        if depth == _DEPTH or abs(right - left) < 1e-12 * (1 + abs(left)):
            place = (left + right) / 2
            return f"the integrand has no finite value near x = {0 if abs(place) < 1e-9 else round(place, 9):g}"
        middle = (left + right) / 2
        todo += [(middle, right, depth + 1), (left, middle, depth + 1)]
    return "the quadrature did not converge"


# --- values with the flag "analytic" ----------------------------------------------------------------------------------


def _value(program: Program, slot: int, z: acb, values: Mapping[str, fmpq], analytic: bool) -> acb:
    point = dict(values) | {"x": z}

    def leaf(head):
        if isinstance(head, int):
            return fmpq(head)
        if head in point:
            return point[head]
        return acb.pi() if head == "pi" else acb(1).exp() if head == "E" else acb(0, 1) if head == "I" else acb("nan")

    return acb(program.run(leaf, _operations(analytic))[slot])


def _operations(analytic: bool):
    nan = acb("nan")

    def exact(operation):
        def operate(a, b):
            if isinstance(a, fmpq) and isinstance(b, fmpq):
                return operation(a, b)
            return operation(acb(a), acb(b))

        return operate

    def divide(a, b):
        if isinstance(a, fmpq) and isinstance(b, fmpq):
            return nan if b == 0 else a / b
        return acb(a) / acb(b)

    def power(base, exponent):
        if isinstance(exponent, fmpq):
            if exponent.q == 1 and abs(exponent.p) < 10_000:
                if isinstance(base, fmpq):
                    base = acb(base)
                return base ** int(exponent.p)
            if exponent.q == 2 and abs(exponent.p) < 10_000:
                return acb(base).sqrt(analytic=analytic) ** int(exponent.p)
            if exponent > 0 and not analytic and acb(base).contains(0):  # bounded there, as sqrt is
                bound = acb(base).abs_upper() ** arb(exponent)
                ball = arb(0, bound.upper()) if bound.is_finite() else arb("nan")
                return acb(ball, ball)
        return acb(base).pow(acb(exponent), analytic=analytic)

    def off_cut(function, touches):
        def operate(u):
            u = acb(u)
            return nan if analytic and touches(u) else function(u)

        return operate

    def outside_unit(u):  # cuts on the real axis beyond -1 and 1
        return u.imag.contains(0) and not (u.real < 1 and u.real > -1)

    def outside_unit_of_i(u):  # the same on the imaginary axis
        return u.real.contains(0) and not (u.imag < 1 and u.imag > -1)

    def left_of_1(u):
        return u.imag.contains(0) and not u.real > 1

    operations = {
        "add": exact(operator.add),
        "sub": exact(operator.sub),
        "mul": exact(operator.mul),
        "div": divide,
        "pow": power,
        "sqrt": lambda u: acb(u).sqrt(analytic=analytic),
        "ln": lambda u: acb(u).log(analytic=analytic),
        "abs": lambda u: acb(u).real_abs(analytic=analytic),
        "sign": lambda u: acb(u).real_sgn(analytic=analytic),
        "asin": off_cut(acb.asin, outside_unit),
        "acos": off_cut(acb.acos, outside_unit),
        "atanh": off_cut(acb.atanh, outside_unit),
        "atan": off_cut(acb.atan, outside_unit_of_i),
        "asinh": off_cut(acb.asinh, outside_unit_of_i),
        "acosh": off_cut(acb.acosh, left_of_1),
    }
    for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh"):
        operations[name] = (lambda method: lambda u: method(acb(u)))(getattr(acb, name))
    return operations
