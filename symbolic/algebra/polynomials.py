"""SymEngine expressions as polynomials over their kernels, to clear denominators and to factor; SymEngine does neither.

The generators are symbols, functions, exponentials and roots, which are taken to be independent: exp(2*x) is the square
of exp(x), and x that of sqrt(x), but sin(x)**2 + cos(x)**2 does not become 1. FLINT does the arithmetic.
"""

import dataclasses
import functools
import math
import operator

import flint
import symengine as se

from symbolic.expressions.engines import TooLargeError, UndefinedError, symengine_to_prefix

# Products of terms in one product of polynomials: a result of several hundred terms is too long to write down.
MAX_PRODUCTS = 2000

_NUMBERS = (se.Integer, se.Rational)
_ONE = se.Integer(1)


@dataclasses.dataclass(frozen=True)
class Polynomial:
    """A polynomial with integer coefficients in SymEngine expressions.

    Attributes:
        terms: FLINT's polynomial.
        ring: the expressions that its variables stand for.
    """

    terms: flint.fmpz_mpoly
    ring: "_Ring"

    @property
    def generators(self) -> list[se.Basic]:
        """The expressions that the variables stand for."""
        return self.ring.generators

    def __mul__(self, other: "Polynomial") -> "Polynomial":
        return Polynomial(_times(self.terms, other.terms), self.ring)

    def degree(self, index: int) -> int:
        """The degree in one generator."""
        return self.terms.degrees()[index]

    def factors(self) -> list["Polynomial"]:
        """The irreducible factors except numbers, each once, with positive leading coefficients.

        Raises:
            TooLargeError: their coefficients have too many digits.
        """
        _, factors = self.factored()
        return [factor for factor, _ in factors]

    def factored(self) -> tuple[int, list[tuple["Polynomial", int]]]:
        """A number, and the irreducible factors with their multiplicities; their leading coefficients are positive.

        Raises:
            TooLargeError: as `factors` raises it.
        """
        try:
            content, factors = self.terms.factor()
        except OverflowError:  # python-flint sorts the factors by coefficients as C integers
            raise TooLargeError("a polynomial has factors with too large coefficients") from None
        signs = [1 if factor.leading_coefficient() > 0 else -1 for factor, _ in factors]
        content = math.prod((sign**times for sign, (_, times) in zip(signs, factors, strict=True)), start=int(content))
        parts = [(Polynomial(sign * f, self.ring), times) for sign, (f, times) in zip(signs, factors, strict=True)]
        return content, parts

    def indices_with(self, symbol: se.Symbol) -> list[int]:
        """The indices of those generators in the polynomial that hold a symbol."""
        degrees = zip(self.generators, self.terms.degrees(), strict=True)
        return [i for i, (generator, degree) in enumerate(degrees) if degree and se.has_symbol(generator, symbol)]

    def coefficients(self, index: int) -> dict[int, se.Basic]:
        """Degree in one generator -> coefficient, for every degree that occurs."""
        return {degree: self.ring.expression(part) for degree, part in _by_degree(self.terms, index).items()}

    def is_square_root(self, index: int) -> bool:
        """Whether a generator is the square root of a sum, a product or a number, and occurs in no higher power."""
        return self.ring.roots.get(index) == 2 and self.degree(index) == 1

    def without_square_root(self, index: int) -> "Polynomial":
        """The product of a + b*r with its conjugate, a**2 - b**2 * r**2, for a generator r that is a square root."""
        parts = _by_degree(self.terms, index)
        a, b = (parts.get(degree, self.terms * 0) for degree in (0, 1))
        value, denominator = self.ring.square(index)
        return Polynomial(_times(_times(a, a), denominator) - _times(_times(b, b), value), self.ring)

    def least_tokens(self) -> int:
        """A lower bound of the tokens of `expression`: two for each generator in each term, itself and an operator."""
        return sum(2 * sum(map(bool, degrees)) for degrees in self.terms.monoms()) - 1

    def expression(self) -> se.Basic:
        """The polynomial as a sum of products."""
        return self.ring.expression(self.terms)


def numerator(expr: se.Basic, leading: tuple[se.Symbol, ...]) -> Polynomial:
    """The numerator of an expression written as one fraction in lowest terms.

    Args:
        expr: an expression without complex numbers.
        leading: symbols that come first among the generators, and so in the order of monomials.

    Raises:
        TooLargeError: the numerator has far more terms than can be written down.
        UndefinedError: a denominator in the expression is identically 0.
    """
    ring = _Ring(expr, leading)
    terms, _ = ring.fraction(expr)
    return Polynomial(ring.without_powers_of_roots(terms), ring)


def fraction(expr: se.Basic) -> tuple[Polynomial, Polynomial]:
    """Numerator and denominator of an expression written as one fraction in lowest terms; raises as `numerator`."""
    ring = _Ring(expr, ())
    top, bottom = map(ring.without_powers_of_roots, ring.fraction(expr))
    return Polynomial(top, ring), Polynomial(bottom, ring)


class _Ring:
    """The polynomials in the generators of an expression: (base, exponent) pairs, to the power 1/denominator."""

    def __init__(self, expr, leading):
        self._denominators = {(symbol, _ONE): 1 for symbol in leading}
        self._find_generators(expr, set())
        keys = list(self._denominators)
        keys[len(leading) :] = sorted(keys[len(leading) :], key=_content)
        self.generators = [base ** (exponent / self._denominators[base, exponent]) for base, exponent in keys]
        self.roots = {
            index: self._denominators[key] for index, key in enumerate(keys) if _is_composite(key[0]) and key[1] == 1
        }
        self._keys = keys
        context = flint.fmpz_mpoly_ctx.get([f"g{index}" for index in range(len(keys))], "lex")
        self._variables = dict(zip(keys, context.gens(), strict=True))
        self._one = context.constant(1)
        self._known = {}

    def _find_generators(self, expr, seen):
        if expr in seen or isinstance(expr, _NUMBERS):
            return
        seen.add(expr)
        if isinstance(expr, se.Add | se.Mul):
            for operand in expr.args:
                self._find_generators(operand, seen)
            return
        base, powers = _powers(expr)
        for exponent, coefficient in powers:
            if _is_composite(base) and exponent == 1:
                self._find_generators(base, seen)
                if isinstance(coefficient, se.Integer):
                    continue
            known = self._denominators.get((base, exponent), 1)
            self._denominators[base, exponent] = math.lcm(known, int(coefficient.q))

    def fraction(self, expr):
        """Numerator and denominator without a common factor."""
        known = self._known.get(expr)
        if known is None:
            known = self._known[expr] = self._read(expr)
        return known

    def _read(self, expr):
        if isinstance(expr, _NUMBERS):
            return self._one * int(expr.p), self._one * int(expr.q)
        if isinstance(expr, se.Add):
            return functools.reduce(_sum, map(self.fraction, expr.args))
        if isinstance(expr, se.Mul):
            return functools.reduce(_product, map(self.fraction, expr.args))
        base, powers = _powers(expr)
        return functools.reduce(_product, (self._power(base, *power) for power in powers))

    def _power(self, base, exponent, coefficient):
        result = self._one, self._one
        if _is_composite(base) and exponent == 1:
            whole = int(coefficient.p) // int(coefficient.q)
            result = _power(self.fraction(base), whole)
            coefficient -= whole
        if coefficient == 0:
            return result
        degree = coefficient * self._denominators[base, exponent]
        return _product(result, _power((self._variables[base, exponent], self._one), int(degree)))

    def square(self, index):
        """What is under the root of a generator, as a fraction: x + 1 of sqrt(x + 1)."""
        return self.fraction(self._keys[index][0])

    def without_powers_of_roots(self, terms):
        """The same with sqrt(x + 1)**2 replaced by x + 1 in all powers of roots, the outer of nested roots first."""
        for index, root in reversed(self.roots.items()):
            value, denominator = self.square(index)
            if denominator == 1 and terms.degrees()[index] >= root:
                variable = self._variables[self._keys[index]]
                terms = functools.reduce(
                    operator.add,
                    (
                        _times(_times(part, variable ** (degree % root)), _repeated(value, degree // root))
                        for degree, part in _by_degree(terms, index).items()
                    ),
                )
        return terms

    def expression(self, terms):
        """A polynomial as a SymEngine expression."""
        return se.Add(*(self._monomial(degrees, coefficient) for degrees, coefficient in terms.terms()))

    def _monomial(self, degrees, coefficient):
        powers = (g ** int(degree) for g, degree in zip(self.generators, degrees, strict=True) if degree)
        return se.Mul(se.Integer(int(coefficient)), *powers)


def _content(key):
    """A key that orders generators alike on every platform, a base before what contains it."""
    tokens = [symengine_to_prefix(part) for part in key]
    return len(tokens[0]) + len(tokens[1]), tokens


def _powers(expr):
    """A base with (exponent, rational coefficient) pairs: x**(3/2 + 2*y) is x with the exponents 3/2 * 1 and 2 * y."""
    if not isinstance(expr, se.Pow):
        return expr, [(_ONE, _ONE)]
    base, exponent = expr.args
    return base, [_without_coefficient(term) for term in se.Add.make_args(exponent)]


def _without_coefficient(term):
    coefficient = next((factor for factor in se.Mul.make_args(term) if isinstance(factor, _NUMBERS)), _ONE)
    return term / coefficient, coefficient


def _is_composite(base) -> bool:
    return isinstance(base, (se.Add, se.Mul, se.Pow, *_NUMBERS))


def _by_degree(terms, index):
    parts: dict[int, dict] = {}
    for degrees, coefficient in terms.terms():
        parts.setdefault(int(degrees[index]), {})[(*degrees[:index], 0, *degrees[index + 1 :])] = coefficient
    return {degree: terms.context().from_dict(part) for degree, part in parts.items()}


def _times(a, b):
    if len(a) * len(b) > MAX_PRODUCTS:
        raise TooLargeError("a polynomial has too many terms to write down")
    return a * b


def _repeated(base, times):
    if len(base) == 1:
        return base**times
    if times > MAX_PRODUCTS:
        raise TooLargeError("a power of a sum has too many terms to write down")
    return functools.reduce(_times, [base] * times, base**0)


def _sum(a, b):
    (p, q), (r, s) = a, b
    common = q.gcd(s)
    s_rest = s / common
    terms = _times(p, s_rest) + _times(r, q / common)
    common = terms.gcd(common)
    return terms / common, _times(q, s_rest) / common


def _product(a, b):
    (p, q), (r, s) = a, b
    first, second = p.gcd(s), r.gcd(q)
    return _times(p / first, r / second), _times(q / second, s / first)


def _power(fraction, degree):
    top, bottom = fraction if degree >= 0 else fraction[::-1]
    if bottom == 0:
        raise UndefinedError("the expression divides by a part that is identically 0")
    return _repeated(top, abs(degree)), _repeated(bottom, abs(degree))
