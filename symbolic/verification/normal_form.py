"""A normal form of formulas, in which more identities are seen: exponentials, and inverse functions resolved.

sin, cos, tan, sinh, cosh and tanh become rational functions of exponentials, exp(u + v) becomes exp(u) exp(v). This
holds for all complex numbers, poles aside.

Near a real point more holds: sqrt(u^2) is u or -u there, as the sign of u at the point decides, and asin(sin(u)) is
(-1)^k (u - k pi). So a formula that vanishes in this form vanishes on a neighbourhood of the point, up to where some u
changes its sign or leaves the range of an inverse function.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import symengine as se

from symbolic.expressions.engines import NAMED_FUNCTIONS

_X = se.Symbol("x")
_CLASSES = {name: type(getattr(se, NAMED_FUNCTIONS[name])(_X)) for name in NAMED_FUNCTIONS}
_NAMES = {found: name for name, found in _CLASSES.items()}
_CIRCULAR, _HYPERBOLIC = {"sin", "cos", "tan"}, {"sinh", "cosh", "tanh"}
_UNSURE = 1e-9  # a value whose sign floats may have wrong


class Exponentials:
    """Writes formulas with symbols for exponentials in the place of exponential, trigonometric, hyperbolic functions.

    Each symbol is exp(rest / n), where n makes all exponents of it integers. A formula vanishes if it vanishes as a
    rational function of the symbols. What stands under roots or within other functions is left as it is.
    """

    def __init__(self, formula: se.Basic):
        self._denominators: dict[se.Basic, int] = {}
        self._symbols: dict[se.Basic, se.Symbol] = {}
        self._written: dict[se.Basic, se.Basic] = {}
        self._collected: set[se.Basic] = set()
        self._collect(formula)

    def _collect(self, expr: se.Basic) -> None:
        """Note the exponents that occur."""
        if expr in self._collected or not expr.args:
            return
        self._collected.add(expr)
        argument = _exponent(expr)
        if argument is not None:
            for coefficient, rest in _terms(argument):
                known = self._denominators.get(rest, 1)
                self._denominators[rest] = math.lcm(known, int(coefficient.q))
        elif isinstance(expr, se.Add | se.Mul | se.Pow):
            for each in expr.args:
                self._collect(each)

    def written(self, expr: se.Basic) -> se.Basic:
        """The formula in the symbols."""
        if not expr.args:
            return expr
        if expr not in self._written:
            self._written[expr] = self._write(expr)
        return self._written[expr]

    def _write(self, expr: se.Basic) -> se.Basic:
        argument = _exponent(expr)
        if argument is not None:
            power = self._exponential(argument)
            return power if isinstance(expr, se.Pow) else _FROM_EXPONENTIAL[_NAMES[type(expr)]](power)
        if isinstance(expr, se.Pow):
            base, exponent = expr.args
            if not isinstance(exponent, se.Rational):
                return expr
            whole = int(exponent.p) // int(exponent.q)
            power = self.written(base) ** whole
            root = base ** (exponent - whole)
            # Multiplied out, or SymEngine would put the root back under the same exponent.
            return power if root == 1 else se.expand(power) * root
        return expr.func(*map(self.written, expr.args)) if isinstance(expr, se.Add | se.Mul) else expr

    def _exponential(self, argument: se.Basic) -> se.Basic:
        """The exponential in the symbols; an exponent that was not collected gets a symbol when it first occurs.

        Raises:
            RuntimeError: it is a root of its symbol, which has several values.
        """
        factors = []
        for coefficient, rest in _terms(argument):
            symbol = self._symbols.setdefault(rest, se.Symbol(f"exponential_{len(self._symbols)}"))
            power = coefficient * self._denominators.setdefault(rest, int(coefficient.q))
            if not isinstance(power, se.Integer):
                raise RuntimeError(f"exp({argument}) is a root of {symbol}")
            factors.append(symbol**power)
        return se.Mul(*factors)


# With z = exp(i u) for circular functions of u, and z = exp(u) for hyperbolic ones.
_FROM_EXPONENTIAL = {
    "sin": lambda z: (z - 1 / z) / (2 * se.I),
    "cos": lambda z: (z + 1 / z) / 2,
    "tan": lambda z: (z**2 - 1) / (z**2 + 1) / se.I,
    "sinh": lambda z: (z - 1 / z) / 2,
    "cosh": lambda z: (z + 1 / z) / 2,
    "tanh": lambda z: (z**2 - 1) / (z**2 + 1),
}


def _exponent(expr: se.Basic) -> se.Basic | None:
    """The u of exp(u), which all exponential, trigonometric and hyperbolic functions are made of; None for others."""
    if isinstance(expr, se.Pow):
        return expr.args[1] if expr.args[0] == se.E else None
    name = _NAMES.get(type(expr))
    if name in _CIRCULAR:
        return se.I * expr.args[0]
    return expr.args[0] if name in _HYPERBOLIC else None


def _terms(argument: se.Basic) -> list[tuple[se.Rational, se.Basic]]:
    """(rational coefficient, rest) of the terms of an exponent."""
    return [_coefficient(term) for term in se.Add.make_args(se.expand(argument))]


def _coefficient(term: se.Basic) -> tuple[se.Rational, se.Basic]:
    if isinstance(term, se.Rational):
        return term, se.Integer(1)
    coefficient, others = se.Integer(1), []
    for factor in se.Mul.make_args(term):
        if isinstance(factor, se.Rational):
            coefficient *= factor
        elif isinstance(factor, se.Number) and factor.real == 0:  # a multiple of I
            coefficient *= factor.imag
            others.append(se.I)
        else:
            others.append(factor)
    return coefficient, se.Mul(*others)


# --- Near a point -----------------------------------------------------------------------------------------------------


class Near(NamedTuple):
    """A formula as it is near a point.

    Attributes:
        formula: has the same values there.
        has_kink: whether the point decided what it is, as the first formula has a kink or a jump elsewhere.
        is_everywhere: whether it vanishes wherever the first one is real, if it vanishes as a formula.
    """

    formula: se.Basic
    has_kink: bool
    is_everywhere: bool


def near(formula: se.Basic, point: Mapping[str, float]) -> Near:
    """A formula that has the same values near a real point, where the formula is real, without needless inverses.

    Args:
        formula: real at the point. What holds a symbol that is not in the point is left as it is.
        point: a value for each variable and coefficient.
    """
    at = {se.Symbol(name): se.RealDouble(value) for name, value in point.items()}
    known: dict[se.Basic, se.Basic] = {}
    has_kink, is_everywhere = False, True

    def value(expr: se.Basic) -> float | None:
        try:
            found = float(expr.xreplace(at).n(53, real=True))
        except (RuntimeError, TypeError, ValueError):  # it is not real, or has no value
            return None
        return found if math.isfinite(found) else None

    def written(expr: se.Basic) -> se.Basic:
        nonlocal has_kink, is_everywhere
        if not expr.args:
            return expr
        if expr not in known:
            inner = expr.func(*map(written, expr.args))
            rule = _RULES.get(type(inner))
            result = None if rule is None else rule(inner, value)
            if result is not None and result != inner:
                has_kink = has_kink or _has_kink(inner)
                is_everywhere = is_everywhere and not has_kink and not _has_signs(inner)
            known[expr] = inner  # what a rule gives may hold the same again
            if result is not None and result != inner:
                known[expr] = written(result)
        return known[expr]

    return Near(written(formula), has_kink, is_everywhere)


def _has_signs(expr: se.Basic) -> bool:
    """Whether the signs of several factors decide what a root of their product becomes: sqrt(u v) with u, v < 0."""
    if not isinstance(expr, se.Pow) or expr.args[0] == se.E:
        return False
    factors = [_base_and_exponent(factor) for factor in se.Mul.make_args(expr.args[0])]
    return sum(bool(u.free_symbols) and n != 0 and u != se.E for u, n in factors) > 1


def _has_kink(expr: se.Basic) -> bool:
    """Whether a kink or a jump parts what a rule makes of an expression at different points.

    ln(u^2) has none, and what exp and a product of roots become is the same everywhere.
    """
    if isinstance(expr, se.Pow):
        base, exponent = expr.args
        if base == se.E or isinstance(exponent, se.Integer):
            return False
        factors = [_base_and_exponent(factor) for factor in se.Mul.make_args(_pythagorean(base))]
        return any(isinstance(n, se.Integer) and int(n) % 2 == 0 and u.free_symbols for u, n in factors)
    return _NAMES.get(type(expr)) in _WITH_KINKS


_WITH_KINKS = {"abs", "sign", "asin", "acos", "atan", "acosh"}


def _sign(expr: se.Basic, value) -> int | None:
    found = value(expr)
    return None if found is None or abs(found) < _UNSURE else 1 if found > 0 else -1


def _power(expr: se.Basic, value) -> se.Basic | None:
    """(u^m v^n)^r = (s u)^(m r) (t v)^(n r) with the signs s of u and t of v; exp(r ln(u) + v) = u^r exp(v)."""
    base, exponent = expr.args
    if base == se.E:
        return _exponential_of_logarithms(exponent)
    if isinstance(exponent, se.Integer):
        return None
    if isinstance(base, se.Add):
        base = _pythagorean(base)
    factors = [_base_and_exponent(factor) for factor in se.Mul.make_args(base)]
    if len(factors) == 1 and factors[0][1] == 1:
        return base**exponent
    signed = [(_sign(u, value), u, n) for u, n in factors]
    if any(sign is None or (sign < 0 and not isinstance(n, se.Integer)) for sign, _, n in signed):
        return None
    if math.prod(sign ** int(n) for sign, _, n in signed if isinstance(n, se.Integer)) < 0:
        return None
    return se.Mul(*((sign * u) ** (n * exponent) for sign, u, n in signed))


def _exponential_of_logarithms(exponent: se.Basic) -> se.Basic | None:
    factors, others = [], []
    for coefficient, rest in _terms(exponent):
        if isinstance(rest, _CLASSES["ln"]):
            factors.append(rest.args[0] ** coefficient)
        else:
            others.append(coefficient * rest)
    return se.exp(se.Add(*others)) * se.Mul(*factors) if factors else None


def _flat(expr: se.Basic) -> se.Basic:
    """A sum without sums among its terms: 1 - (1 - u) is u."""
    terms = []
    for term in expr.args:
        number, rest = _coefficient(term)
        terms += [number * each for each in rest.args] if isinstance(rest, se.Add) else [term]
    return se.Add(*terms)


def _base_and_exponent(factor: se.Basic) -> tuple[se.Basic, se.Basic]:
    return factor.args if isinstance(factor, se.Pow) else (factor, se.Integer(1))


def _logarithm(expr: se.Basic, value) -> se.Basic | None:
    """ln(u^m v^n) = m ln(s u) + n ln(t v); ln(exp(u)) = u."""
    (operand,) = expr.args
    factors = [_base_and_exponent(factor) for factor in se.Mul.make_args(operand)]
    terms = []
    for u, n in factors:
        if u == se.E:
            terms.append(n)
            continue
        sign = _sign(u, value)
        if sign is None or (sign < 0 and not isinstance(n, se.Integer)):
            return None
        terms.append(n * se.log(sign * u))
    return se.Add(*terms)


def _absolute(expr: se.Basic, value) -> se.Basic | None:
    sign = _sign(expr.args[0], value)
    return None if sign is None else sign * expr.args[0]


def _sum(expr: se.Basic, value) -> se.Basic:
    return _flat(expr)


def _signum(expr: se.Basic, value) -> se.Basic | None:
    sign = _sign(expr.args[0], value)
    return None if sign is None else se.Integer(sign)


def _inverse_circular(expr: se.Basic, value) -> se.Basic | None:
    """asin(sin(u)), acos(cos(u)), atan(tan(u)) and the mixed ones are u or -u, up to a multiple of pi / 2."""
    outer, sign, inner = _NAMES[type(expr)], 1, expr.args[0]
    if type(inner) not in _NAMES:
        sign, inner = -1, -inner
    if {outer, _NAMES.get(type(inner))} not in _MATCHING:
        return None
    (u,) = inner.args
    if outer in ("asin", "acos") and _NAMES[type(inner)] == "cos":
        u = se.pi / 2 - u
    at = value(u)
    if at is None:
        return None
    k = round(at / math.pi)
    found = sign * (u - k * se.pi) * (-1 if k % 2 and outer != "atan" else 1)
    return se.pi / 2 - found if outer == "acos" else found


_MATCHING = ({"asin", "sin"}, {"asin", "cos"}, {"acos", "sin"}, {"acos", "cos"}, {"atan", "tan"})


def _inverse_hyperbolic(expr: se.Basic, value) -> se.Basic | None:
    """asinh(sinh(u)) = atanh(tanh(u)) = u; acosh(cosh(u)) = |u|."""
    outer, sign, inner = _NAMES[type(expr)], 1, expr.args[0]
    if type(inner) not in _NAMES and outer != "acosh":
        sign, inner = -1, -inner
    if _NAMES.get(type(inner)) != outer[1:]:
        return None
    (u,) = inner.args
    if outer == "acosh":
        sign = _sign(u, value)
    return None if sign is None else sign * u


def _of_inverse(expr: se.Basic, value) -> se.Basic | None:
    """cos(asin(u)) = sqrt(1 - u^2) and its kin, for real principal values."""
    (operand,) = expr.args
    rule = _OF_INVERSE.get((_NAMES[type(expr)], _NAMES.get(type(operand))))
    return None if rule is None else rule(operand.args[0])


_OF_INVERSE = {
    **{(name, f"a{name}"): lambda u: u for name in _CIRCULAR | _HYPERBOLIC},
    ("cos", "asin"): lambda u: se.sqrt(1 - u**2),
    ("sin", "acos"): lambda u: se.sqrt(1 - u**2),
    ("cos", "atan"): lambda u: 1 / se.sqrt(1 + u**2),
    ("sin", "atan"): lambda u: u / se.sqrt(1 + u**2),
    ("tan", "asin"): lambda u: u / se.sqrt(1 - u**2),
    ("tan", "acos"): lambda u: se.sqrt(1 - u**2) / u,
    ("cosh", "asinh"): lambda u: se.sqrt(1 + u**2),
    ("sinh", "acosh"): lambda u: se.sqrt(u**2 - 1),
    ("cosh", "atanh"): lambda u: 1 / se.sqrt(1 - u**2),
    ("sinh", "atanh"): lambda u: u / se.sqrt(1 - u**2),
    ("tanh", "asinh"): lambda u: u / se.sqrt(1 + u**2),
    ("tanh", "acosh"): lambda u: se.sqrt(u**2 - 1) / u,
}

_RULES = {
    se.Add: _sum,
    se.Pow: _power,
    **{_CLASSES[name]: _of_inverse for name in _CIRCULAR | _HYPERBOLIC},
    _CLASSES["ln"]: _logarithm,
    _CLASSES["abs"]: _absolute,
    _CLASSES["sign"]: _signum,
    **{_CLASSES[name]: _inverse_circular for name in ("asin", "acos", "atan")},
    **{_CLASSES[name]: _inverse_hyperbolic for name in ("asinh", "acosh", "atanh")},
}

# f -> the sign s and g with 1 + s f(u)^2 = g(u).
_SQUARES = {
    "sin": (-1, lambda u: se.cos(u) ** 2),
    "cos": (-1, lambda u: se.sin(u) ** 2),
    "tan": (1, lambda u: se.cos(u) ** -2),
    "sinh": (1, lambda u: se.cosh(u) ** 2),
    "cosh": (-1, lambda u: -(se.sinh(u) ** 2)),
    "tanh": (-1, lambda u: se.cosh(u) ** -2),
}


def _pythagorean(expr: se.Basic) -> se.Basic:
    """a - a sin(u)^2 = a cos(u)^2 and its kin; any other sum as it is."""
    for term in expr.args:
        for factor in se.Mul.make_args(term):
            base, exponent = _base_and_exponent(factor)
            name = _NAMES.get(type(base))
            if exponent == 2 and name in _SQUARES:
                sign, square = _SQUARES[name]
                a = sign * term / factor
                if se.expand(expr - term - a) == 0:
                    return a * square(*base.args)
    return expr
