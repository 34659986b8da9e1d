"""Particular solutions of Riccati's equation as combinations of a few terms, by Gauss and Newton's method."""

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import symengine as se

from symbolic.algebra.terms import constant_factor
from symbolic.solving.linearise.forms import fraction, is_finite, length, shortest
from symbolic.solving.linearise.primitives import closure
from symbolic.solving.linearise.symbols import X
from symbolic.solving.linearise.values import evaluated

_POINTS = 24
_STARTS, _STEPS = 24, 25
_FITS = 1e-8
_LARGEST_DENOMINATOR = 24


def of_riccati(a: se.Basic, b: se.Basic, c: se.Basic, hypotheses: Sequence[se.Basic] = ()) -> Iterator[se.Basic]:
    """Particular solutions of v' = a + b*v + c*v**2, with rational coefficients, over small sets of terms."""
    if (a.free_symbols | b.free_symbols | c.free_symbols) - {X}:
        return
    x = np.concatenate([np.linspace(0.31, 2.7, 2 * _POINTS), -np.linspace(0.37, 2.1, _POINTS)])
    columns = {X: x}
    values = evaluated([a, b, c], columns)
    known = np.isfinite(values).all(axis=0)
    if known.sum() < _POINTS // 2:
        return
    x, (a_at, b_at, c_at) = x[known], values[:, known]
    if a == 0:
        yield se.Integer(0)
    seen = set()
    for terms in _ansatzes(a, b, c, hypotheses):
        table = evaluated([*terms, *(term.diff(X) for term in terms)], {X: x})
        usable = np.isfinite(table).all(axis=0)
        if usable.sum() < len(terms) + 6:
            continue
        t, dt = np.split(table[:, usable], 2)
        for weights in _solved(t, dt, a_at[usable], b_at[usable], c_at[usable]):
            solution = se.Add(*(w * term for w, term in zip(weights, terms, strict=True)))
            if solution not in seen:
                seen.add(solution)
                yield solution


def _ansatzes(a, b, c, hypotheses) -> Iterator[list[se.Basic]]:
    one = se.Integer(1)
    yield [one, X, 1 / X]
    own = [1 / X**2, X**2, X**3]
    if c != 0:
        root = shortest(fraction(-b / c))
        own += [root, shortest(fraction(1 / c))]
    terms = {}
    for expr in [*own, *hypotheses, *closure([a, b], 0)[:8]]:
        for part in se.Add.make_args(se.expand(expr)):
            term = constant_factor(part)[1]
            if term.free_symbols == {X} and is_finite(term) and length(term) < 30:
                terms[term] = None
    terms = list(terms)[:12]
    for term in terms:
        yield [term, one]
    for first, second in itertools.combinations(terms[:6], 2):
        yield [first, second]
    yield [X**2, X, one]
    yield [1 / X**2, 1 / X, one]


def _solved(t, dt, a, b, c) -> Iterator[list[se.Basic]]:
    """Rational weights w with v = w @ t a solution, by Gauss and Newton's method from many starts at once."""
    rng = np.random.default_rng(0)
    w = rng.normal(0.0, 2.0, (_STARTS, len(t)))
    with np.errstate(all="ignore"):
        scale = 1 / (1 + np.abs(a) + np.abs(b) + np.abs(c) + np.abs(dt).max(axis=0))
        for _ in range(_STEPS):
            v = w @ t
            residual = (w @ dt - a - b * v - c * v**2) * scale
            jacobian = (dt[None] - (b + 2 * c * v)[:, None, :] * t[None]) * scale
            normal = np.einsum("skp,slp->skl", jacobian, jacobian) + 1e-12 * np.eye(len(t))
            gradient = np.einsum("skp,sp->sk", jacobian, residual)
            good = np.isfinite(normal).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
            if not good.any():
                return
            w, normal, gradient = w[good], normal[good], gradient[good]
            try:
                w = w - np.linalg.solve(normal, gradient[..., None])[..., 0]
            except np.linalg.LinAlgError:
                return
        v = w @ t
        residual = np.abs((w @ dt - a - b * v - c * v**2) * scale).max(axis=1)
    found = {}
    for each, error in zip(w, residual, strict=True):
        if error < _FITS:
            exact = [_exact(value) for value in each]
            if None not in exact:
                found[tuple(exact)] = None
    for exact in sorted(found, key=lambda weights: (sum(w != 0 for w in weights), str(weights))):
        yield list(exact)


def _exact(value: float) -> se.Basic | None:
    """The rational number, or the root of a rational number, that a float is."""
    near = Fraction(value).limit_denominator(_LARGEST_DENOMINATOR)
    if abs(value - near) < 1e-7 * (1 + abs(value)):
        return se.Rational(near.numerator, near.denominator)
    square = Fraction(value * value).limit_denominator(_LARGEST_DENOMINATOR)
    if square and abs(value * value - square) < 1e-8 * (1 + value * value):
        root = se.sqrt(se.Rational(square.numerator, square.denominator))
        return root if value > 0 else -root
    return None
