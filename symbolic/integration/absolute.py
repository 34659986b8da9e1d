"""Integrands with |u| and sign(u): between the zeros of u, sign(u) is a constant s with s^2 = 1."""

from collections.abc import Callable

import symengine as se

from symbolic.expressions.engines import UNDEFINED
from symbolic.integration.forms import ONE, V, W, depends, mapped, parts, power_of, remade

_SIGNS = (V, W)


def without_absolute_values(f: se.Basic, integrate: Callable[[se.Basic], se.Basic | None]) -> se.Basic | None:
    """The primitive that `integrate` finds with s*u for |u| and s for sign(u), with sign(u) put back for s.

    At most two different u are handled, and no logarithms or functions of s other than powers in the result.
    """
    inner: dict[se.Basic, se.Symbol] = {}
    replaced = {}
    for part in parts(f):
        if not isinstance(part, se.Abs | se.sign):
            continue
        (whole,) = part.args
        u, power = power_of(whole)
        if not (isinstance(power, se.Integer) and int(power) % 2):  # u^2, sqrt(u) and the like are not negative
            replaced[part] = whole if isinstance(part, se.Abs) else ONE
            continue
        if u not in inner:
            if len(inner) == len(_SIGNS):
                return None
            inner[u] = _SIGNS[len(inner)]
        replaced[part] = (inner[u] * u) ** power if isinstance(part, se.Abs) else inner[u]
    if not replaced:
        return integrate(f)
    found = integrate(_reduced(mapped(f, lambda part: replaced.get(part, part)), inner))
    if found is None:
        return None
    return _with_signs(_reduced(found, inner), inner)


def _reduced(expr: se.Basic, inner) -> se.Basic:
    """Even powers of s as 1, odd ones as s."""
    symbols = set(inner.values())

    def visit(part):
        if not part.args or isinstance(part, UNDEFINED):
            return part
        if isinstance(part, se.Pow) and part.args[0] in symbols and isinstance(part.args[1], se.Integer):
            return part.args[0] if int(part.args[1]) % 2 else se.Integer(1)
        return remade(part, list(map(visit, part.args)))

    return visit(expr)


def _with_signs(expr: se.Basic, inner) -> se.Basic:
    """s*u as |u|, and other s as sign(u)."""
    of_symbol = {s: u for u, s in inner.items()}

    def visit(part):
        if part in of_symbol:
            return se.sign(of_symbol[part])
        if not part.args or isinstance(part, UNDEFINED):
            return part
        if isinstance(part, se.Mul):
            for s, u in of_symbol.items():
                if s in part.args:
                    rest = part / s
                    if u in se.Mul.make_args(rest):
                        return se.Abs(u) * visit(rest / u)
                    ratio = rest / u
                    if not depends(ratio):
                        return se.Abs(u) * ratio
        return remade(part, list(map(visit, part.args)))

    return visit(expr)
