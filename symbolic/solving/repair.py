"""Coefficient repair: a model proposes the terms of an answer, linear algebra finds their coefficients.

The method is that of undetermined coefficients, with the ansatz y = sum of c_i t_i. As terms t_i it takes the additive
terms of the hypotheses without their coefficients, and simple variants of these; in the Risch-Norman method, rules give
the terms. A variant differs in one factor, which may take its exponent or argument from the equation. The c_i are
fitted in float64 at random points and recovered as rationals from their continued fractions. `2*x^2`, proposed for
y' = 2*x, becomes x^2.

It works on integrals and on ODEs that are linear in Y, Y' and Y''. Of an ODE's answer, only the terms without constants
a0 … a9 are fitted; those with constants, its homogeneous part, stay as they are. Repaired answers must be judged: a fit
at points in float64 may still be wrong.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import symengine as se

from symbolic.algebra.fits import SPARE_POINTS, by_length, fit, parts, real_points, units_of, values_at
from symbolic.algebra.terms import additive_terms, constant_factor
from symbolic.expressions.engines import differentiate, from_symengine, to_symengine
from symbolic.expressions.equations import UNKNOWNS
from symbolic.expressions.prefix import Tree, operands_of_chain, to_prefix
from symbolic.expressions.program import WITHOUT_VALUE

MAX_TERMS = 60  # in an ansatz

_MAX_ARGUMENTS = 8

_X = se.Symbol("x")
_UNKNOWNS = [se.Symbol(name) for name in UNKNOWNS]
_COFUNCTIONS = {se.sin: se.cos, se.cos: se.sin, se.sinh: se.cosh, se.cosh: se.sinh}
_COFUNCTIONS = {type(function(_X)): other for function, other in _COFUNCTIONS.items()}


class _Equation(NamedTuple):
    """The sum of `factors[k]` times the k-th derivative of y is `right`; all are expressions in x."""

    factors: list[se.Basic]
    right: se.Basic

    def applied_to(self, term: se.Basic) -> se.Basic:
        total, derivative = self.factors[0] * term, term
        for factor in self.factors[1:]:
            derivative = differentiate(derivative, _X)
            total += factor * derivative
        return total


def repaired(problem: Tree, hypotheses: Sequence[Tree], seed: int = 0) -> list[Tree]:
    """Answers whose coefficients fit the problem, made of the terms of hypotheses.

    The terms of each hypothesis are tried first, then those of all hypotheses together, then both with variants. The
    first of these stages in which something fits ends the search.

    Args:
        problem: an equation's left-hand side in x, Y, Y', Y'', such as `sub Y' f`.
        hypotheses: what a model proposes, wrong answers of any kind among them.
        seed: of the random points.

    Returns:
        Trees in canonical spelling, those with the fewest terms first, not yet judged; none if the equation is not
        linear or nothing fits.
    """
    equation = _linear_equation(problem)
    if equation is None:
        return []
    points, right = real_points(equation.right, seed)
    if len(points) < SPARE_POINTS:
        return []
    units = units_of(equation.right)
    columns: dict[se.Basic, np.ndarray] = {}
    for ansatzes in _stages(hypotheses, equation.right):
        new = {term for _, terms in ansatzes for term in terms} - columns.keys()
        columns |= _columns(equation, by_length(new), points)
        fits = [(kept, fit([(term, columns[term]) for term in terms], right, units)) for kept, terms in ansatzes]
        answers = _written(
            kept + fit for kept, fit in fits if fit is not None and not _is_trivial(equation, kept + fit)
        )
        if answers:
            return answers
    return []


def _is_trivial(equation: _Equation, answer: se.Basic) -> bool:
    """Whether an answer is the solution y = 0 that every homogeneous ODE has."""
    return answer == 0 and equation.factors[0] != 0


def _linear_equation(problem: Tree) -> _Equation | None:
    """The equation of a problem; None if it is not linear in Y, Y', Y'' or has no value."""
    try:
        left = to_symengine(problem)
        factors = [left.diff(unknown) for unknown in _UNKNOWNS]
        right = -left.xreplace({unknown: se.Integer(0) for unknown in _UNKNOWNS})
    except (ValueError, RuntimeError):
        return None
    if any(part.free_symbols - {_X} for part in [*factors, right]):
        return None
    while len(factors) > 1 and factors[-1] == 0:
        factors.pop()
    return _Equation(factors, right)


# --- The ansatz -----------------------------------------------------------------------------------------------------

_Ansatz = tuple[se.Basic, tuple[se.Basic, ...]]  # the part that is kept, and the terms that are fitted


def _stages(hypotheses: Sequence[Tree], right: se.Basic) -> Iterator[list[_Ansatz]]:
    """Ansatzes to try, in groups of about equal cost."""
    own = list(dict.fromkeys(filter(None, map(_ansatz, hypotheses))))
    all_terms = _distinct(term for _, terms in own for term in terms)
    together = [(kept, all_terms) for kept in dict.fromkeys(kept for kept, _ in own)]
    yield own
    yield together
    exponents, arguments = _exponents(right), _arguments(right)
    for ansatzes in (own, together):
        yield [(kept, _distinct([*terms, *_variants(terms, exponents, arguments)])) for kept, terms in ansatzes]


def _ansatz(hypothesis: Tree) -> _Ansatz | None:
    """The terms with constants a0 … a9, as they are, and those without, stripped of rational factors."""
    if WITHOUT_VALUE.intersection(to_prefix(hypothesis)):  # not an answer, and its derivatives can crash SymEngine
        return None
    try:
        terms = additive_terms(to_symengine(hypothesis))
    except (ValueError, RuntimeError):
        return None
    kept = se.Add(*(term for term in terms if term.free_symbols - {_X}))
    return kept, _distinct(by_length(_stripped(term) for term in terms if term.free_symbols == {_X}))


def _stripped(term: se.Basic) -> se.Basic:
    return se.Mul(*(factor for factor in se.Mul.make_args(term) if not isinstance(factor, se.Number)))


def _distinct(terms: Iterable[se.Basic]) -> tuple[se.Basic, ...]:
    return tuple(itertools.islice(dict.fromkeys(terms), MAX_TERMS))


def _variants(terms: Sequence[se.Basic], exponents: dict, arguments: list[se.Basic]) -> list[se.Basic]:
    """The variants of several terms, without constant factors, the near ones first."""
    terms = [constant_factor(term)[1] for term in terms]
    near = {variant for term in terms for variant in _near_variants(term)}
    borrowed = {variant for term in terms for variant in _borrowed_variants(term, exponents, arguments)}
    return [*terms, *by_length(near), *by_length(borrowed)]


def _near_variants(term: se.Basic) -> Iterator[se.Basic]:
    """Of x*cos(x): x^2*cos(x), cos(x), x and x*cos(x)^2, and the same with sin(x)."""
    for form in [term, *_with_cofunctions(term)]:
        yield form
        yield form * _X
        yield form / _X
        for base, exponent, rest in _powers(form):
            yield rest
            yield rest * base ** (exponent + 1)
            yield rest * base ** (exponent - 1)


def _with_cofunctions(term: se.Basic) -> Iterator[se.Basic]:
    for base, exponent, rest in _powers(term):
        if type(base) in _COFUNCTIONS:
            yield rest * _COFUNCTIONS[type(base)](*base.args) ** exponent


def _borrowed_variants(term: se.Basic, exponents: dict, arguments: list[se.Basic]) -> Iterator[se.Basic]:
    """Of x^7*sin(3*x), for the right side x^2*cos(2*x): x^n*sin(3*x) with n from 1 to 3, and x^7*sin(2*x)."""
    for base, exponent, rest in _powers(term):
        for other in exponents.get(base, ()):
            yield rest * base**other
        for argument in arguments:
            if base == se.E:
                yield rest * se.exp(argument)
            elif isinstance(base, se.Add):
                yield rest * argument**exponent
            elif len(base.args) == 1:
                yield rest * base.func(argument) ** exponent


def _powers(expr: se.Basic) -> Iterator[tuple[se.Basic, se.Basic, se.Basic]]:
    """(base, exponent, all other factors) of every factor; a factor that is no power has the exponent 1."""
    for factor in se.Mul.make_args(expr):
        base, exponent = factor.args if isinstance(factor, se.Pow) else (factor, se.Integer(1))
        yield base, exponent, expr / factor


def _exponents(right: se.Basic) -> dict[se.Basic, list[se.Basic]]:
    """The exponents that integration may give each base in the right side: those found there, one more and one less."""
    found = defaultdict(set)
    for part in parts(right):
        for base, exponent, _ in _powers(part):
            if isinstance(exponent, se.Rational):
                found[base] |= {exponent - 1, exponent, exponent + 1}
    return {base: sorted(of_base) for base, of_base in found.items()}


def _arguments(right: se.Basic) -> list[se.Basic]:
    """The arguments of functions and powers in the right side, the shortest first."""
    found = set()
    for part in parts(right):
        if isinstance(part, se.Pow):
            base, exponent = part.args
            found.add(base if isinstance(exponent, se.Rational) else exponent)
        elif not isinstance(part, se.Add | se.Mul):
            found |= set(part.args)
    return by_length(argument for argument in found if _X in argument.free_symbols)[:_MAX_ARGUMENTS]


def _columns(equation: _Equation, terms: list[se.Basic], points: np.ndarray) -> dict[se.Basic, np.ndarray]:
    return dict(zip(terms, values_at([equation.applied_to(term) for term in terms], points), strict=True))


def _written(solutions: Iterable[se.Basic]) -> list[Tree]:
    """The trees of distinct answers, the shortest sum first."""
    trees = {}
    for solution in solutions:
        try:
            trees[solution] = from_symengine(solution)
        except ValueError:  # too large to write down
            continue
    return sorted(trees.values(), key=lambda tree: (len(operands_of_chain(tree, "add")), to_prefix(tree)))
