"""Expressions as people write them, in the names of the person who asked: x^2/2, 1/x, sqrt(x), ln|x|, C1*sin(t).

The strict text of `symbolic.expressions.infix` keeps the shape of a tree; this one keeps its value and is for reading.
What it writes is read back by `symbolic.solving.reading`.
"""

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from symbolic.expressions.prefix import Tree, fold, to_prefix
from symbolic.solving.question import Names
from symbolic.verification.domain import Domain

_INTEGRATION = ("a8", "a9")  # constants of integration in the data
_SUM, _PRODUCT, _POWER, _ATOM = range(4)


def name_table(names: Names, *trees: Tree) -> dict[str, str]:
    """Token -> what it is called: the variable, the unknown function, the letters, the constants of integration.

    One constant of integration is C, several are C1, C2, …; a letter of the question keeps its name.
    """
    table = {"x": names.variable, "E": "e", "I": "i"}
    for order in range(3):
        table["Y" + "'" * order] = names.unknown + "'" * order
    table |= {f"a{index}": name for index, name in enumerate(names.constants)}
    tokens = {token for tree in trees for token in to_prefix(tree)}
    free = [f"a{index}" for index in (8, 9, *range(8)) if f"a{index}" in tokens and f"a{index}" not in table]
    taken = {*names.constants, names.variable, names.unknown}
    letter = next(letter for letter in ("C", "K", "c", "k", "A", "B", "D") if letter not in taken)
    for number, token in enumerate(free, 1):
        table[token] = letter if len(free) == 1 else f"{letter}{number}"
    return table


def words(tree: Tree, table: Mapping[str, str]) -> str:
    """The text of a tree; `sub` at the root is an equation."""
    if tree.head == "sub":
        return " = ".join(words(side, table) for side in tree.operands)
    return str(fold(tree, _Writer(table)).text)


def latex(tree: Tree, table: Mapping[str, str]) -> str:
    """LaTeX source of a tree, for math mode, in the same names."""
    from symbolic.expressions.exchange import to_latex  # here, because importing SymPy takes a third of a second

    return to_latex(tree, {token: _latex_name(name) for token, name in table.items()})


_GREEK = dict(
    zip(
        "α β γ δ ε ζ η θ ι κ λ μ ν ξ π ρ σ τ υ φ χ ψ ω Γ Δ Θ Λ Ξ Π Σ Φ Ψ Ω".split(),
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi"
        " omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega".split(),
        strict=True,
    )
)


def _latex_name(name: str) -> str:
    letter, rest = name[0], name[1:].lstrip("_")
    letter = f"\\{_GREEK[letter]}" if letter in _GREEK else letter
    if rest.strip("'"):
        return f"{letter}_{{{rest}}}"
    return letter + rest


class _Factor(NamedTuple):
    """A factor of a product: a text with its level, its exponent as a text ("" for 1), and where it is put."""

    text: str
    level: int
    exponent: Fraction
    rank: int


class _Part(NamedTuple):
    """A tree as text.

    Attributes:
        terms: of a sum: (number, factors) pairs; any other tree is a sum of one term.
    """

    terms: tuple[tuple[Fraction, tuple[_Factor, ...]], ...]

    @property
    def text(self) -> str:
        return _sum_text(self.terms)


class _Writer:
    """Combines the parts of a tree from its leaves up."""

    def __init__(self, table: Mapping[str, str]):
        self.table = table

    def __call__(self, head: str | int, operands: list[_Part]) -> _Part:
        if isinstance(head, int):
            return _number(Fraction(head))
        if not operands:
            name = self.table.get(head, head)
            rank = 0 if head[0] == "a" or head in ("pi", "E", "I") else 1 if head == "x" else 2
            return _atom(name, rank)
        method = getattr(self, f"_{head}", None)
        if method is not None:
            return method(*operands)
        arguments = ", ".join(operand.text for operand in operands)
        return _atom(f"{head}({arguments})", 4 if head != "exp" else 3)

    def _add(self, a, b):
        return _Part(a.terms + b.terms)

    def _sub(self, a, b):
        return _Part(a.terms + _negated(b).terms)

    def _mul(self, a, b):
        if len(a.terms) == 1 and len(b.terms) == 1:
            (m, first), (n, second) = a.terms[0], b.terms[0]
            return _Part(((m * n, _merged(first + second)),))
        for number, other in ((a, b), (b, a)):
            if len(number.terms) == 1 and not number.terms[0][1] and number.terms[0][0] in (1, -1):
                return other if number.terms[0][0] == 1 else _negated(other)
        return self._mul(_single(a), _single(b))

    def _div(self, a, b):
        if len(b.terms) > 1:
            b = _single(b)
        (n, factors), *_ = b.terms
        if n == 0:
            return _atom(f"{_wrapped(a)}/0", 4)
        inverse = tuple(factor._replace(exponent=-factor.exponent) for factor in factors)
        return self._mul(_single(a) if len(a.terms) > 1 else a, _Part(((1 / n, inverse),)))

    def _inv(self, a):
        return self._div(_number(Fraction(1)), a)

    def _pow(self, base, exponent):
        value = _value(exponent)
        if value is None:
            text = f"{_wrapped(base)}^{_wrapped(exponent)}"
            return _Part(((Fraction(1), (_Factor(text, _POWER, Fraction(1), 3),)),))
        if len(base.terms) == 1:
            number, factors = base.terms[0]
            if not factors:
                if (
                    value.denominator == 1
                    and abs(value) * (1 + abs(math.log2(abs(number) or 1))) < 64
                    and (number or value > 0)
                ):
                    return _number(number ** int(value))
                if number.denominator == 1 and number > 0:
                    return _Part(((Fraction(1), (_Factor(str(number), _ATOM, value, 0),)),))
            elif number == 1 and len(factors) == 1 and (value.denominator == 1 or factors[0].exponent == 1):
                if factors[0].exponent.denominator == 1 or value.denominator == 1:
                    return _Part(((Fraction(1), (factors[0]._replace(exponent=factors[0].exponent * value),)),))
        factor = _Factor(base.text, _level(base), value, max([each.rank for _, fs in base.terms for each in fs] or [0]))
        return _Part(((Fraction(1), (factor,)),))

    def _sqrt(self, a):
        return self._pow(a, _number(Fraction(1, 2)))

    def _rac(self, a, degree):
        value = _value(degree)
        if value:
            return self._pow(a, _number(1 / value))
        return self._pow(a, self._inv(degree))

    def _pow2(self, a):
        return self._pow(a, _number(Fraction(2)))

    def _pow3(self, a):
        return self._pow(a, _number(Fraction(3)))

    def _pow4(self, a):
        return self._pow(a, _number(Fraction(4)))

    def _pow5(self, a):
        return self._pow(a, _number(Fraction(5)))

    def _abs(self, a):
        return _atom(f"|{a.text}|" if "|" not in a.text else f"abs({a.text})", 4)

    def _ln(self, a):
        text = a.text
        bars = text.startswith("|") and text.endswith("|") and text.count("|") == 2
        return (
            _Part(((Fraction(1), (_Factor(f"ln{text}", _POWER, Fraction(1), 4),)),))
            if bars
            else _atom(f"ln({text})", 4)
        )


def _number(value: Fraction) -> _Part:
    return _Part(((value, ()),))


def _atom(text: str, rank: int) -> _Part:
    return _Part(((Fraction(1), (_Factor(text, _ATOM, Fraction(1), rank),)),))


def _single(part: _Part) -> _Part:
    """A sum as one factor."""
    if len(part.terms) == 1:
        return part
    rank = max([factor.rank for _, factors in part.terms for factor in factors] or [0])
    return _Part(((Fraction(1), (_Factor(part.text, _SUM, Fraction(1), rank),)),))


def _negated(part: _Part) -> _Part:
    return _Part(tuple((-number, factors) for number, factors in part.terms))


def _value(part: _Part) -> Fraction | None:
    """The number that a part is; None if it is none."""
    return part.terms[0][0] if len(part.terms) == 1 and not part.terms[0][1] else None


def _merged(factors: tuple[_Factor, ...]) -> tuple[_Factor, ...]:
    """Factors with equal texts as one, where both exponents are positive integers or both negative."""
    result: list[_Factor] = []
    for factor in factors:
        for index, other in enumerate(result):
            whole = factor.exponent.denominator == other.exponent.denominator == 1
            if other.text == factor.text and whole and (factor.exponent > 0) == (other.exponent > 0):
                result[index] = other._replace(exponent=other.exponent + factor.exponent)
                break
        else:
            result.append(factor)
    return tuple(result)


def _level(part: _Part) -> int:
    if len(part.terms) > 1:
        return _SUM
    number, factors = part.terms[0]
    if not factors:
        return _ATOM if number >= 0 and number.denominator == 1 else _SUM
    if number == 1 and len(factors) == 1 and factors[0].exponent == 1:
        return factors[0].level
    return _PRODUCT if number != 1 or len(factors) > 1 or factors[0].exponent < 0 else _POWER


def _wrapped(part: _Part) -> str:
    """The text of a part as a base or an exponent."""
    if len(part.terms) == 1 and part.terms[0][0] == 1 and len(part.terms[0][1]) == 1:
        (factor,) = part.terms[0][1]
        if factor.exponent == 1 and factor.level == _ATOM:
            return factor.text
        if factor.exponent == Fraction(1, 2):
            return part.text
    return part.text if _level(part) == _ATOM else f"({part.text})"


def _factor_text(factor: _Factor, exponent: Fraction) -> str:
    """base^exponent, for a positive exponent."""
    if exponent == Fraction(1, 2):
        return f"sqrt({factor.text})"
    base = factor.text if factor.level == _ATOM else f"({factor.text})"
    if exponent == 1:
        return base if factor.level != _POWER else factor.text
    return f"{base}^{exponent}" if exponent.denominator == 1 else f"{base}^({exponent})"


def _term_text(number: Fraction, factors: tuple[_Factor, ...]) -> str:
    """A term without its sign."""
    number = abs(number)
    ordered = sorted(factors, key=lambda factor: factor.rank)
    above = [_factor_text(factor, factor.exponent) for factor in ordered if factor.exponent > 0]
    below = [_factor_text(factor, -factor.exponent) for factor in ordered if factor.exponent < 0]
    if number.numerator != 1 or not above:
        above.insert(0, str(number.numerator))
    if number.denominator != 1:
        below.insert(0, str(number.denominator))
    if (
        len(above) == 1
        and not below
        and len(ordered) == 1
        and number == 1
        and ordered[0].level == _SUM
        and ordered[0].exponent == 1
    ):
        return above[0]
    text = "*".join(above)
    if not below:
        return text
    return f"{text}/{below[0]}" if len(below) == 1 else f"{text}/({'*'.join(below)})"


def _sum_text(terms: tuple[tuple[Fraction, tuple[_Factor, ...]], ...]) -> str:
    terms = [term for term in terms if term[0]] or [(Fraction(0), ())]
    plain = [term for term in terms if term[1]]
    degrees = [_degree(factors) for _, factors in plain]
    if None not in degrees:  # a polynomial begins with its highest power
        plain = [term for _, term in sorted(zip(degrees, plain, strict=True), key=lambda pair: -pair[0])]
    ordered = [*plain, *(term for term in terms if not term[1])]
    if ordered[0][0] < 0:  # a positive term leads if there is one
        first = next((term for term in ordered if term[0] > 0), ordered[0])
        ordered.remove(first)
        ordered.insert(0, first)
    text = ""
    for number, factors in ordered:
        sign = "-" if number < 0 else "+"
        body = _term_text(number, factors)
        text += f" {sign} {body}" if text else f"-{body}" if number < 0 else body
    return text


def _degree(factors: tuple[_Factor, ...]) -> Fraction | None:
    """The power of the variable in a term of a polynomial; None for any other term."""
    if any(factor.rank > 1 or factor.level != _ATOM for factor in factors):
        return None
    return sum((factor.exponent for factor in factors if factor.rank == 1), Fraction(0))


# --- parts of sentences ----------------------------------------------------------------------------------------------


def domain_in_words(domain: dict[str, Any], is_integral: bool, variable: str) -> str:
    """The sentence on a domain, of a verdict's evidence, with the name of the variable; empty if there is none."""
    return re.sub(r"\bx\b", variable, Domain(**domain).sentence(is_integral))


def shown_number(number: str) -> str:
    """A rational number as a short decimal; any other text as it is."""
    try:
        numerator, _, denominator = number.partition("/")
        return f"{int(numerator) / int(denominator or 1):.6g}"
    except ValueError:
        return number
