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
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import symengine as se

from symbolic.algebra.terms import additive_terms, constant_factor
from symbolic.expressions.engines import differentiate, from_symengine, to_symengine
from symbolic.expressions.equations import UNKNOWNS
from symbolic.expressions.prefix import Tree, operands_of_chain, to_prefix
from symbolic.expressions.program import WITHOUT_VALUE

MAX_TERMS = 60  # in an ansatz

_POINTS, _CANDIDATES = 96, 1200
_SPARE_POINTS = 8  # more equations than unknowns
_FITS = 1e-8  # a residual this small relative to the right side is rounding, and so is the weight of a column
_DEPENDENT = 1e-7  # and so is what is left of a column without its projection on those before it
_MAX_DENOMINATOR = 10**5
_MAX_CONSTANTS = 4
_MAX_ARGUMENTS = 8
_POWERS = (-1, 1, -2, 2)  # of a constant, in a coefficient
_CLEAN = 1e-4  # a float c stands for p/q if |c - p/q| q^2 is below; of random c that is rare

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
    points, right = _points(equation.right, seed)
    if len(points) < _SPARE_POINTS:
        return []
    units = _units(equation.right)
    columns: dict[se.Basic, np.ndarray] = {}
    for ansatzes in _stages(hypotheses, equation.right):
        new = {term for _, terms in ansatzes for term in terms} - columns.keys()
        columns |= _columns(equation, _by_length(new), points)
        fits = [(kept, _fit([(term, columns[term]) for term in terms], right, units)) for kept, terms in ansatzes]
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
    return kept, _distinct(_by_length(_stripped(term) for term in terms if term.free_symbols == {_X}))


def _stripped(term: se.Basic) -> se.Basic:
    return se.Mul(*(factor for factor in se.Mul.make_args(term) if not isinstance(factor, se.Number)))


def _by_length(exprs: Iterable[se.Basic]) -> list[se.Basic]:
    return sorted(exprs, key=lambda expr: (len(text := str(expr)), text))


def _distinct(terms: Iterable[se.Basic]) -> tuple[se.Basic, ...]:
    return tuple(itertools.islice(dict.fromkeys(terms), MAX_TERMS))


def _variants(terms: Sequence[se.Basic], exponents: dict, arguments: list[se.Basic]) -> list[se.Basic]:
    """The variants of several terms, without constant factors, the near ones first."""
    terms = [constant_factor(term)[1] for term in terms]
    near = {variant for term in terms for variant in _near_variants(term)}
    borrowed = {variant for term in terms for variant in _borrowed_variants(term, exponents, arguments)}
    return [*terms, *_by_length(near), *_by_length(borrowed)]


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
    for part in _parts(right):
        for base, exponent, _ in _powers(part):
            if isinstance(exponent, se.Rational):
                found[base] |= {exponent - 1, exponent, exponent + 1}
    return {base: sorted(of_base) for base, of_base in found.items()}


def _arguments(right: se.Basic) -> list[se.Basic]:
    """The arguments of functions and powers in the right side, the shortest first."""
    found = set()
    for part in _parts(right):
        if isinstance(part, se.Pow):
            base, exponent = part.args
            found.add(base if isinstance(exponent, se.Rational) else exponent)
        elif not isinstance(part, se.Add | se.Mul):
            found |= set(part.args)
    return _by_length(argument for argument in found if _X in argument.free_symbols)[:_MAX_ARGUMENTS]


def _parts(expr: se.Basic) -> set[se.Basic]:
    """Every part of an expression that holds x, the expression itself included."""
    found, todo = set(), [expr]
    while todo:
        part = todo.pop()
        if part not in found and _X in part.free_symbols:
            found.add(part)
            todo += part.args
    return found


# --- Values at points -----------------------------------------------------------------------------------------------


def _points(right: se.Basic, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points near 0, around it and on any scale, and the finite values of the right side there."""
    rng = np.random.default_rng(seed)
    near, around = rng.uniform(-1.0, 1.0, _CANDIDATES), rng.uniform(-5.0, 5.0, _CANDIDATES)
    any_scale = rng.choice([-1.0, 1.0], _CANDIDATES) * np.exp(rng.uniform(np.log(0.01), np.log(1e3), _CANDIDATES))
    points = np.choose(np.arange(_CANDIDATES) % 3, [near, around, any_scale])
    values = _values([right], points)[0]
    inside = np.flatnonzero(np.isfinite(values))[:_POINTS]
    return points[inside], values[inside]


def _columns(equation: _Equation, terms: list[se.Basic], points: np.ndarray) -> dict[se.Basic, np.ndarray]:
    return dict(zip(terms, _values([equation.applied_to(term) for term in terms], points), strict=True))


def _values(exprs: list[se.Basic], points: np.ndarray) -> np.ndarray:
    """(expressions, points) float64, nan outside the real domain and for expressions with `I` or without a value."""
    if not exprs:
        return np.empty((0, len(points)))
    try:
        function = se.Lambdify([_X], exprs, backend="lambda")  # cse=True would crash SymEngine on some long terms
    except RuntimeError:  # because of one of them
        if len(exprs) == 1:
            return np.full((1, len(points)), np.nan)
        return np.concatenate([_values([expr], points) for expr in exprs])
    return function(points[:, None]).reshape(len(points), len(exprs)).T


# --- The fit --------------------------------------------------------------------------------------------------------


def _fit(
    columns: list[tuple[se.Basic, np.ndarray]], right: np.ndarray, units: dict[se.Basic, float]
) -> se.Basic | None:
    """The combination of terms whose columns add up to the right side, with exact coefficients; None if none does.

    Of terms that depend on one another the first are used.
    """
    usable = [(term, column) for term, column in columns if np.isfinite(column).mean() > 0.25 and column.any()]
    if not usable:
        return None
    terms, values = zip(*usable, strict=True)
    coefficients = _coefficients(np.stack(values, axis=1), right)
    if coefficients is None:
        return None
    exact = [(term, _exact(value, units)) for term, value in zip(terms, coefficients, strict=True) if value]
    if any(number is None for _, number in exact):
        return None
    return se.Add(*(number * term for term, number in exact))


def _coefficients(matrix: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """The solution of `matrix @ coefficients = right`, 0 for columns that it does not need; None if there is none.

    Args:
        matrix: (points, terms), nan where a term has no value.
        right: (points,).
    """
    known = np.isfinite(matrix).all(axis=1)
    if known.sum() < matrix.shape[1] + _SPARE_POINTS:
        return None
    matrix, right = _rows_scaled(matrix[known], right[known])
    sizes = np.linalg.norm(matrix, axis=0)
    matrix = matrix / np.where(sizes > 0, sizes, 1.0)
    chosen = _independent(matrix)
    weights, *_ = np.linalg.lstsq(matrix[:, chosen], right)
    largest_error = _FITS * np.linalg.norm(right)
    if np.linalg.norm(matrix[:, chosen] @ weights - right) > largest_error:
        return None
    coefficients = np.zeros(len(sizes))
    coefficients[chosen] = np.where(np.abs(weights) > largest_error, weights / sizes[chosen], 0.0)
    return coefficients


def _rows_scaled(matrix: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every equation divided by its largest number, because functions that grow would outweigh all other points."""
    scale = np.maximum(np.abs(matrix).max(axis=1), np.abs(right))
    scale = np.where(scale > 0, scale, 1.0)
    return matrix / scale[:, None], right / scale


def _independent(matrix: np.ndarray) -> list[int]:
    """The indices of columns, each of length 1, that do not depend on earlier ones (Gram-Schmidt, each step twice)."""
    chosen, basis = [], np.empty((len(matrix), 0))
    for index, column in enumerate(matrix.T):
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        size = np.linalg.norm(rest)
        if size > _DEPENDENT:
            chosen.append(index)
            basis = np.column_stack([basis, rest / size])
    return chosen


def _exact(value: float, units: dict[se.Basic, float]) -> se.Basic | None:
    """The number that a float stands for: a rational multiple of the first unit that gives one, or None."""
    for unit, size in units.items():
        fraction = _rational(value / size)
        if fraction is not None:
            return se.Rational(fraction.numerator, fraction.denominator) * unit
    return None


def _rational(value: float) -> Fraction | None:
    """The first convergent p/q of a float's continued fraction with an error far below 1/q^2, or None."""
    if not value or not math.isfinite(value):
        return None
    exact = Fraction(value)
    before, convergent, rest = (1, 0), (math.floor(exact), 1), exact - math.floor(exact)
    while convergent[1] < _MAX_DENOMINATOR:
        numerator, denominator = convergent
        if numerator and abs(exact - Fraction(numerator, denominator)) * denominator**2 < _CLEAN:
            return Fraction(numerator, denominator)
        rest = 1 / rest
        quotient = math.floor(rest)
        before, convergent = convergent, (quotient * numerator + before[0], quotient * denominator + before[1])
        rest -= quotient
    return None


def _units(expr: se.Basic) -> dict[se.Basic, float]:
    """1, and powers of the irrational numbers in an expression, such as ln(2), pi and, for a**x, ln(a)."""
    found = set()
    for part in _parts(expr):
        found |= {number for number in part.args if not number.free_symbols}
        if isinstance(part, se.Pow):
            found.add(se.log(part.args[0]))
    numbers = _by_length(number for number in found if not (isinstance(number, se.Number) or number.free_symbols))
    units = [se.Integer(1), *(number**power for power in _POWERS for number in numbers[:_MAX_CONSTANTS])]
    sizes = _values(units, np.ones(1))[:, 0].tolist()
    return {unit: size for unit, size in zip(units, sizes, strict=True) if 1e-3 < abs(size) < 1e3}


def _written(solutions: Iterable[se.Basic]) -> list[Tree]:
    """The trees of distinct answers, the shortest sum first."""
    trees = {}
    for solution in solutions:
        try:
            trees[solution] = from_symengine(solution)
        except ValueError:  # too large to write down
            continue
    return sorted(trees.values(), key=lambda tree: (len(operands_of_chain(tree, "add")), to_prefix(tree)))
