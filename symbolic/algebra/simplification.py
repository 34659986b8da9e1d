"""Shorter forms of an expression: exact rules from the leaves up, and a check of the result in numbers.

The rules are those that derivatives call for: common factors and denominators, Pythagorean identities, quotients such
as sin over cos, powers of powers, ln of exp. A rule is applied where its form has fewer tokens. The result is accepted
if it has the real domain and the values of the original.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator

import symengine as se

from symbolic.algebra.agreement import agree
from symbolic.expressions.engines import UNDEFINED
from symbolic.expressions.tokens import spellings

_X = se.Symbol("x")
_STAND_INS = {
    se.Symbol(name): se.Symbol(f"stand_in_{name}")
    for kind in ("variable", "coefficient", "unknown")
    for name in spellings(kind)
}
_HALF = se.Rational(1, 2)
_SIN, _COS, _TAN, _SINH, _COSH, _TANH, _LN = (
    type(function(_X)) for function in (se.sin, se.cos, se.tan, se.sinh, se.cosh, se.tanh, se.log)
)


def simplified(expr: se.Basic) -> se.Basic:
    """A form of an expression with fewer tokens, or the expression as it is.

    The published generator calls SymPy's `simplify` instead, which also rewrites what does not become shorter.
    """
    shortener = _Shortener()
    try:
        shorter = rebuilt(shortener.shortened(expr))
    except RuntimeError:  # what SymEngine raises for a form that divides by zero
        return expr
    if shortener.length(shorter) < shortener.length(expr) and agree(expr, shorter):
        return shorter
    return expr


def rebuilt(expr: se.Basic) -> se.Basic:
    """The same expression, evaluated anew from its leaves.

    SymEngine's operations leave parts that evaluation would change, such as 1 + (1 + tan(x)**2) in derivatives and
    (x**2)**(-1). Without this, one expression has several spellings.
    """
    stand_ins = {symbol: _STAND_INS[symbol] for symbol in expr.free_symbols}
    return expr.xreplace(stand_ins).xreplace({stand_in: symbol for symbol, stand_in in stand_ins.items()})


class _Shortener:
    """Shortens expressions and remembers every part, because equal parts are frequent in a derivative."""

    def __init__(self):
        self._shortened: dict[se.Basic, se.Basic] = {}
        self._lengths: dict[se.Basic, int] = {}

    def shortened(self, expr: se.Basic) -> se.Basic:
        """The shortest form that the rules find, from the leaves up and one improvement after the other."""
        if not expr.args or isinstance(expr, UNDEFINED):  # SymEngine's infinities have arguments
            return expr
        best = self._shortened.get(expr)
        if best is None:
            best = expr.func(*map(self.shortened, expr.args))
            while type(best) in _RULES and (shorter := self._shortest_form(best)) is not best:
                best = shorter
            self._shortened[expr] = best
        return best

    def _shortest_form(self, expr):
        """The shortest of the expression and the forms that one rule gives; of several, the first by its text.

        The forms come in SymEngine's order of operands, which is not the same on every platform.
        """
        forms = [form for rule in _RULES[type(expr)] for form in rule(expr)]
        least = min(map(self.length, forms), default=math.inf)
        if least >= self.length(expr):
            return expr
        return min((form for form in forms if self.length(form) == least), key=str)

    def length(self, expr: se.Basic) -> int:
        """The number of tokens of `symengine_to_prefix`, without writing them."""
        length = self._lengths.get(expr)
        if length is None:
            length = self._lengths[expr] = self._count(expr)
        return length

    def _count(self, expr) -> int:
        operands = expr.args
        if isinstance(expr, se.Integer):
            return _digits(expr)
        if isinstance(expr, se.Rational):
            return 1 + _digits(expr.p) + _digits(expr.q)
        below = sum(map(self.length, operands))
        if isinstance(expr, se.Add | se.Mul):
            return below + len(operands) - 1
        if isinstance(expr, se.Pow):
            if operands[0] == se.E:
                return 1 + self.length(operands[1])
            if operands[1] == _HALF:
                return 1 + self.length(operands[0])
        return below + 1


def _digits(integer: se.Integer) -> int:
    return 1 + len(str(abs(int(integer))))


# --- Rules: each gives forms that have the values of the expression wherever it is real ------------------------------


def _powers(term: se.Basic) -> dict[se.Basic, se.Rational]:
    """The factors of a term as base -> rational exponent, numbers left out."""
    powers = {}
    for factor in se.Mul.make_args(term):
        if isinstance(factor, se.Pow) and isinstance(factor.args[1], se.Rational):
            base, exponent = factor.args
        else:
            base, exponent = factor, se.Integer(1)
        if not isinstance(base, se.Number):
            powers[base] = exponent
    return powers


def _product(powers: dict[se.Basic, se.Rational]) -> se.Basic:
    return se.Mul(*(base**exponent for base, exponent in powers.items()))


def _taken_out(factor: se.Basic, terms: Iterable[se.Basic]) -> se.Basic:
    return factor * se.Add(*(term / factor for term in terms))


def _factored(expr: se.Add) -> Iterator[se.Basic]:
    """a*b + a*c = a*(b + c), for factors that all terms share or only some, and b/a + c = (b + a*c)/a."""
    powers = {term: _powers(term) for term in expr.args}
    exponents = defaultdict(list)
    for of_term in powers.values():
        for base, exponent in of_term.items():
            exponents[base].append(exponent)
    shared = {base: min(found) for base, found in exponents.items() if len(found) == len(powers)}
    if shared:
        yield _taken_out(_product(shared), powers)
    denominator = {base: min(found) for base, found in exponents.items() if min(found) < 0}
    if denominator.keys() - shared.keys():
        yield _taken_out(_product(shared | denominator), powers)
    for base, found in exponents.items():
        if 2 <= len(found) < len(powers):
            holding = [term for term in powers if base in powers[term]]
            rest = [term for term in powers if base not in powers[term]]
            in_all = set.intersection(*(set(powers[term]) for term in holding))
            factor = _product({each: min(powers[term][each] for term in holding) for each in in_all})
            yield _taken_out(factor, holding) + se.Add(*rest)


# f -> the sign s and the function g for which 1 + s*f(u)**2 = g(u).
_PYTHAGOREAN = {
    _SIN: (-1, lambda u: se.cos(u) ** 2),
    _COS: (-1, lambda u: se.sin(u) ** 2),
    _TAN: (1, lambda u: se.cos(u) ** -2),
    _SINH: (1, lambda u: se.cosh(u) ** 2),
    _COSH: (-1, lambda u: -(se.sinh(u) ** 2)),
    _TANH: (-1, lambda u: se.cosh(u) ** -2),
}


def _pythagorean(expr: se.Add) -> Iterator[se.Basic]:
    """a + a*s*f(u)**2 = a*g(u), and a*g(u) - a*s*f(u)**2 = a."""
    terms = set(expr.args)
    for term in expr.args:
        for factor in se.Mul.make_args(term):
            if isinstance(factor, se.Pow) and factor.args[1] == 2 and type(factor.args[0]) in _PYTHAGOREAN:
                sign, function = _PYTHAGOREAN[type(factor.args[0])]
                a = sign * term / factor
                a_times_g = a * function(*factor.args[0].args)
                if a in terms:
                    yield expr - term - a + a_times_g
                if -a_times_g in terms:
                    yield expr - term + a_times_g - a


# f -> the functions g and h for which f(u) / g(u) = h(u).
_QUOTIENTS = {_SIN: (se.cos, se.tan), _SINH: (se.cosh, se.tanh)}
_PRODUCTS = {_TAN: (se.cos, se.sin), _TANH: (se.cosh, se.sinh)}


def _quotients(expr: se.Mul) -> Iterator[se.Basic]:
    """sin(u)/cos(u) = tan(u), tan(u)*cos(u) = sin(u) and their powers, and the hyperbolic ones."""
    powers = _powers(expr)
    for base, exponent in powers.items():
        for table, sign in ((_QUOTIENTS, -1), (_PRODUCTS, 1)):
            if type(base) in table and isinstance(exponent, se.Integer):
                other, result = (function(*base.args) for function in table[type(base)])
                if other in powers:
                    yield expr * (result / base / other**sign) ** exponent


def _distributed(expr: se.Mul) -> Iterator[se.Basic]:
    """a*(b + c) = a*b + a*c."""
    sums = [factor for factor in expr.args if isinstance(factor, se.Add)]
    if len(sums) == 1:
        rest = expr / sums[0]
        yield se.Add(*(rest * term for term in sums[0].args))


def _power_of_power(expr: se.Pow) -> Iterator[se.Basic]:
    """(a**p)**q = a**(p*q) for p that leave a its sign, and exp(a)**q = exp(q*a)."""
    base, exponent = expr.args
    if isinstance(base, se.Pow) and isinstance(exponent, se.Rational):
        inner_base, inner = base.args
        if inner_base == se.E or (isinstance(inner, se.Rational) and inner.p % 2):
            yield inner_base ** (inner * exponent)


def _logarithm_of_exponential(expr: se.Basic) -> Iterator[se.Basic]:
    """ln(exp(a)) = a."""
    (operand,) = expr.args
    if isinstance(operand, se.Pow) and operand.args[0] == se.E:
        yield operand.args[1]


_RULES = {
    se.Add: (_factored, _pythagorean),
    se.Mul: (_quotients, _distributed),
    se.Pow: (_power_of_power,),
    _LN: (_logarithm_of_exponential,),
}
