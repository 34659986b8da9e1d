"""Integrals without an elementary primitive: a certificate, and a primitive with special functions.

Both come from SymPy, which may hang: call them in processes with limits. SymPy is imported only there, because that
takes a third of a second.
"""

from typing import NamedTuple

from symbolic.expressions.prefix import from_prefix, prefix_text

_SPECIAL = ("erf", "erfi", "erfc", "Ei", "li", "Si", "Ci", "Shi", "Chi", "fresnels", "fresnelc")


class SpecialForm(NamedTuple):
    """A primitive with special functions, not checked.

    Attributes:
        text: SymPy's text for it.
        latex: the same in LaTeX.
        derivative: its derivative by x as prefix text, an elementary expression.
    """

    text: str
    latex: str
    derivative: str


def has_no_elementary_primitive(integrand: str) -> bool:
    """Whether SymPy's Risch algorithm proves that an integrand, as prefix text, has no elementary primitive.

    False means that it proved nothing: it may have found one, or may not be able to decide. The algorithm covers towers
    of exponentials and logarithms (Bronstein 2005, Symbolic Integration I), no roots.
    """
    import sympy as sp
    from sympy.functions.elementary.hyperbolic import HyperbolicFunction
    from sympy.functions.elementary.trigonometric import TrigonometricFunction
    from sympy.integrals.risch import NonElementaryIntegral, risch_integrate

    from symbolic.expressions.exchange import to_sympy

    try:
        expression = to_sympy(from_prefix(integrand), evaluate=True)
        found = risch_integrate(expression.rewrite((TrigonometricFunction, HyperbolicFunction), sp.exp), sp.Symbol("x"))
    except Exception:  # SymPy raises errors of any kind on integrands outside of the algorithm's domain
        return False
    return found.has(NonElementaryIntegral)


def special_form(integrand: str) -> SpecialForm | None:
    """SymPy's primitive with erf, Ei, li, Si, Ci, Fresnel's integrals and the like; None if it finds none."""
    import sympy as sp

    from symbolic.expressions.exchange import from_sympy, to_sympy

    x = sp.Symbol("x")
    try:
        primitive = sp.gammasimp(sp.integrate(to_sympy(from_prefix(integrand), evaluate=True), x))
        if not primitive.has(*(getattr(sp, name) for name in _SPECIAL)) or primitive.has(sp.Integral, sp.Piecewise):
            return None
        derivative = from_sympy(sp.expand(sp.diff(primitive, x)))
    except Exception:  # as above, or the derivative holds a function without a token
        return None
    return SpecialForm(sp.sstr(primitive), sp.latex(primitive), prefix_text(derivative))
