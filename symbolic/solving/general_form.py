"""Answers with their constants written otherwise, so that they hold more solutions; and solutions beside a family.

exp(a8 + x) solves Y' = Y and misses the negative solutions; a8*exp(x) holds them. So parts without x are separated, by
exp(u + v) = exp(u) exp(v), the addition theorems, ln(u v) = ln(u) + ln(v) and (u v)^r = u^r v^r, and each of them
becomes a constant of its own. Of a linear equation all sums of solutions of the homogeneous one are solutions, so two
answers are joined into one. What these functions return must be judged.
"""

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import symengine as se

from symbolic.algebra.agreement import ENOUGH_POINTS, compiled
from symbolic.algebra.terms import expanded
from symbolic.expressions.engines import NAMED_FUNCTIONS, canonical, differentiate, symengine_to_prefix, to_symengine
from symbolic.expressions.equations import UNKNOWNS, order_of
from symbolic.expressions.prefix import from_prefix, prefix_text, to_prefix
from symbolic.expressions.tokens import spellings

_X = se.Symbol("x")
_UNKNOWNS = [se.Symbol(name) for name in UNKNOWNS]
_COEFFICIENTS = [se.Symbol(name) for name in spellings("coefficient")]
_NEW = [se.Symbol(name) for name in ("a8", "a9", "a7", "a6", "a5")]  # names of constants, in the order of their use
_CLASSES = {name: type(getattr(se, NAMED_FUNCTIONS[name])(_X)) for name in NAMED_FUNCTIONS}
_EXPONENTIAL = se.Function("exponential")  # exp of what holds no x, or SymEngine would write exp(c + u) again
_MOST_PARTS = 8  # different parts without x, more of which are no constants of a solution
_DEPENDENT = 1e-8  # relative to the largest singular value

# f -> f(c + u), with c without x.
_OF_SUM = {
    _CLASSES["sin"]: lambda c, u: se.sin(c) * se.cos(u) + se.cos(c) * se.sin(u),
    _CLASSES["cos"]: lambda c, u: se.cos(c) * se.cos(u) - se.sin(c) * se.sin(u),
    _CLASSES["sinh"]: lambda c, u: se.sinh(c) * se.cosh(u) + se.cosh(c) * se.sinh(u),
    _CLASSES["cosh"]: lambda c, u: se.cosh(c) * se.cosh(u) + se.sinh(c) * se.sinh(u),
    _CLASSES["tan"]: lambda c, u: (se.tan(c) + se.tan(u)) / (1 - se.tan(c) * se.tan(u)),
    _CLASSES["tanh"]: lambda c, u: (se.tanh(c) + se.tanh(u)) / (1 + se.tanh(c) * se.tanh(u)),
}


def general_forms(problem: str, answers: Sequence[str]) -> list[str]:
    """Forms of right answers that may hold more solutions; not judged, the most promising first.

    Args:
        problem: an equation's left-hand side in x, Y, Y', Y'', as prefix text.
        answers: right answers to it, in which coefficients that are not the problem's are constants.

    Returns:
        Prefix texts, whose constants are a8, a9, …; none for an integral.

    Raises:
        PrefixError: a text is malformed.
    """
    tree = from_prefix(problem)
    order = order_of(tree)
    taken = set(to_prefix(tree))
    names = [symbol for symbol in _NEW if str(symbol) not in taken]
    separated = []
    for answer in answers:
        try:
            separated.append(_separated(to_symengine(from_prefix(answer)), taken))
        except (ValueError, RuntimeError):  # it has no value, or SymEngine divided by 0 on the way
            continue
    found = []
    right = _right_of_linear(to_symengine(tree))
    if right is not None:
        found += _joined(separated, order, names, is_homogeneous=right == 0)
    for expr in separated:
        found += _with_new_constants(expr, taken, names[:order])
    return _as_texts(found, excluded=answers)


def _as_texts(found: Sequence[se.Basic], excluded: Sequence[str]) -> list[str]:
    texts = []
    for expr in found:
        try:
            texts.append(" ".join(symengine_to_prefix(expr)))
        except ValueError:  # no token spells it, as complex infinity
            continue
    known = {" ".join(each.split()) for each in excluded}
    for each in excluded:
        with contextlib.suppress(ValueError):
            known.add(prefix_text(canonical(from_prefix(each))))
    return [text for text in dict.fromkeys(texts) if text not in known]


def _constants(expr: se.Basic, taken: set[str]) -> list[se.Symbol]:
    """The constants of an answer: its coefficients that are not the problem's."""
    return [symbol for symbol in _COEFFICIENTS if str(symbol) not in taken and se.has_symbol(expr, symbol)]


# --- Parts without x --------------------------------------------------------------------------------------------------


def _separated(expr: se.Basic, taken: set[str]) -> se.Basic:
    """The expression with parts without x outside of functions, where a rule takes them out."""
    if not expr.args:
        return expr
    inner = expr.func(*(_separated(operand, taken) for operand in expr.args))
    if not (_constants(inner, taken) and se.has_symbol(inner, _X)):
        return inner
    kind = type(inner)
    if isinstance(inner, se.Pow):
        base, exponent = inner.args
        if base == se.E:
            c, u = _split_sum(expanded(exponent))
            return inner if c == 0 else _EXPONENTIAL(c) * se.exp(u)
        if not se.has_symbol(exponent, _X):
            k, rest = _split_product(base)
            return k**exponent * rest**exponent
    elif kind in _OF_SUM:
        c, u = _split_sum(expanded(inner.args[0]))
        return inner if c == 0 else _OF_SUM[kind](c, u)
    elif kind is _CLASSES["ln"]:
        k, rest = _split_product(inner.args[0])
        return inner if k == 1 else se.log(k) + se.log(rest)
    elif kind is _CLASSES["abs"]:
        k, rest = _split_product(inner.args[0])
        return se.Abs(k) * se.Abs(rest)
    return inner


def _split_sum(expr: se.Basic) -> tuple[se.Basic, se.Basic]:
    """(c, u) with expr = c + u: the terms with a coefficient and without x, and the others."""
    parts = [], []
    for term in se.Add.make_args(expr):
        parts[se.has_symbol(term, _X) or not _has_coefficient(term)].append(term)
    return se.Add(*parts[0]), se.Add(*parts[1])


def _split_product(expr: se.Basic) -> tuple[se.Basic, se.Basic]:
    """(k, u) with expr = k*u: the factors with a coefficient and without x, and the others."""
    parts = [], []
    for factor in se.Mul.make_args(expr):
        parts[se.has_symbol(factor, _X) or not _has_coefficient(factor)].append(factor)
    return se.Mul(*parts[0]), se.Mul(*parts[1])


def _has_coefficient(expr: se.Basic) -> bool:
    return any(se.has_symbol(expr, symbol) for symbol in _COEFFICIENTS)


def _with_new_constants(expr: se.Basic, taken: set[str], names: Sequence[se.Symbol]) -> Iterator[se.Basic]:
    """The expression with a constant in the place of each part without x, as it stands and multiplied out."""
    for form in dict.fromkeys([expr, expanded(expr)]):
        parts: dict[se.Basic, se.Symbol] = {}
        stand_ins = [se.Symbol(f"constant_{index}") for index in range(_MOST_PARTS)]
        try:
            changed = _replaced(form, taken, parts, stand_ins)
        except _TooManyParts:
            continue
        if len(parts) <= len(names) and any(part.args for part in parts):
            yield changed.xreplace(dict(zip(parts.values(), names, strict=False)))


class _TooManyParts(Exception):
    """There are more different parts without x than constants of any solution."""


def _replaced(expr: se.Basic, taken: set[str], parts: dict, stand_ins: Sequence[se.Symbol]) -> se.Basic:
    """The expression with a stand-in for each largest part without x that holds a constant, numbers left out."""
    if not _constants(expr, taken):
        return expr
    if not se.has_symbol(expr, _X):
        key = _without_number(expr)
        if key not in parts:
            if len(parts) == len(stand_ins):
                raise _TooManyParts
            parts[key] = stand_ins[len(parts)]
        return parts[key]
    operands = list(expr.args)
    if isinstance(expr, se.Add | se.Mul):
        fixed = [each for each in operands if not se.has_symbol(each, _X)]
        if any(_constants(each, taken) for each in fixed):
            rest = [_replaced(each, taken, parts, stand_ins) for each in operands if se.has_symbol(each, _X)]
            return expr.func(_replaced(expr.func(*fixed), taken, parts, stand_ins), *rest)
    return expr.func(*(_replaced(each, taken, parts, stand_ins) for each in operands))


def _without_number(expr: se.Basic) -> se.Basic:
    """A product without its numbers: 3*a8 and -a8 are one constant."""
    factors = [factor for factor in se.Mul.make_args(expr) if factor.free_symbols]
    return se.Mul(*factors)


# --- Linear equations -------------------------------------------------------------------------------------------------


def _right_of_linear(equation: se.Basic) -> se.Basic | None:
    """What an equation linear in Y, Y', Y'' holds without them, 0 for a homogeneous one; None if it is not linear."""
    for first, second in itertools.combinations_with_replacement(_UNKNOWNS, 2):
        if differentiate(differentiate(equation, first), second).expand() != 0:
            return None
    return equation.xreplace(dict.fromkeys(_UNKNOWNS, se.Integer(0))).expand()


def _joined(
    answers: Sequence[se.Basic], order: int, names: Sequence[se.Symbol], is_homogeneous: bool
) -> Iterator[se.Basic]:
    """A particular solution and multiples of independent solutions of the homogeneous equation, made of all answers."""
    particular, solutions = [], []
    for answer in answers:
        rest, parts = se.Integer(0), {}
        for term in se.Add.make_args(expanded(answer)):
            k, u = _split_product(term)
            if _has_coefficient(u):
                break  # a constant that is not separated
            if k == 1:
                rest += u
            else:
                number, u = _number_and_rest(u)
                parts[k] = parts.get(k, 0) + number * u
        else:
            particular.append(rest)
            solutions += parts.values()
    if not particular:
        return
    differences = [(each - particular[0]).expand() for each in particular[1:]]
    chosen = _independent(solutions + (particular if is_homogeneous else differences), order)
    if chosen:
        first = se.Integer(0) if is_homogeneous else particular[0]
        yield first + se.Add(*(name * _without_number(each) for name, each in zip(names, chosen, strict=False)))


def _number_and_rest(expr: se.Basic) -> tuple[se.Basic, se.Basic]:
    numbers = [factor for factor in se.Mul.make_args(expr) if not factor.free_symbols]
    return se.Mul(*numbers), _without_number(expr)


def _independent(functions: Sequence[se.Basic], most: int) -> list[se.Basic]:
    """The first of the functions that are linearly independent, as far as floats tell."""
    chosen: list[se.Basic] = []
    for function in functions:
        if len(chosen) == most:
            break
        if function != 0 and _rank([*chosen, function]) > len(chosen):
            chosen.append(function)
    return chosen


def _rank(functions: Sequence[se.Basic]) -> int:
    function, points = compiled(functions)
    values = function(points)
    values = values[np.isfinite(values).all(axis=-1)]
    if len(values) < ENOUGH_POINTS:
        return 0
    largest = np.abs(values).max(axis=0)
    if not largest.all():
        return 0
    values = values / np.maximum(np.abs(values).max(axis=1, keepdims=True), np.finfo(float).tiny)
    return int(np.linalg.matrix_rank(values / np.linalg.norm(values, axis=0), tol=_DEPENDENT))


# --- Singular solutions -----------------------------------------------------------------------------------------------

_GRID = np.linspace(-12, 12, 4801) + 1e-5  # values of y among which constant solutions are searched
_SAME = 1e-9
_MOST_NUMBERS = 6  # constant solutions; where more numbers seem to be some, any number is
_NUMBERS = [
    *(se.Rational(p, q) for q in (1, 2, 3, 4, 5, 6) for p in range(-12 * q, 12 * q + 1) if math.gcd(p, q) == 1),
    *(sign * se.sqrt(n) for n in range(2, 40) for sign in (-1, 1)),
    *(se.Rational(p, q) * se.pi for q in (1, 2, 3, 4) for p in range(-3 * q, 3 * q + 1) if math.gcd(p, q) == 1),
]


def singular_solutions(problem: str, answers: Sequence[str]) -> list[str]:
    """Solutions that a family may miss: constant ones, its envelope, and its limit for large constants; not judged.

    Those that a family holds for some value of its constant are left out, as far as floats tell.

    Args:
        problem: an equation of the first order as prefix text; there are none for another.
        answers: right answers to it.

    Returns:
        Prefix texts without constants.

    Raises:
        PrefixError: a text is malformed.
    """
    tree = from_prefix(problem)
    taken = set(to_prefix(tree))
    if order_of(tree) != 1 or UNKNOWNS[0] not in taken or taken & set(map(str, _COEFFICIENTS)):
        return []
    families, found = [], []
    for answer in answers:
        try:
            expr = to_symengine(from_prefix(answer))
        except ValueError:
            continue
        if len(_constants(expr, taken)) == 1:
            families.append((expr, _constants(expr, taken)[0]))
    try:
        found += _constant_solutions(to_symengine(tree))
        for expr, constant in families:
            found += [*_envelope(expr, constant), *_limit(expr, constant)]
    except (ValueError, RuntimeError):
        pass
    new = [each for each in found if not any(_is_member(each, *family) for family in families)]
    return _as_texts(new, excluded=answers)


def _constant_solutions(equation: se.Basic) -> list[se.Basic]:
    """Numbers c for which the equation holds with Y = c, recognized among simple ones."""
    y = _UNKNOWNS[0]
    at_rest = equation.xreplace({_UNKNOWNS[1]: se.Integer(0)})
    function = se.Lambdify([_X, y], [at_rest], backend="lambda")
    candidates = np.array([float(each) for each in _NUMBERS])
    zeros, others = np.zeros(len(candidates), int), np.zeros(len(candidates), int)
    for x in (0.37, 1.21, 2.63, -0.83, -1.9):
        values = function(np.column_stack([np.full(len(candidates), x), candidates]))[..., 0]
        zeros += np.abs(values) <= _SAME
        others += np.abs(values) > _SAME
    found = [_NUMBERS[index] for index in np.flatnonzero((zeros >= 2) & (others == 0))]
    return found if len(found) <= _MOST_NUMBERS else []


def _envelope(expr: se.Basic, constant: se.Symbol) -> Iterator[se.Basic]:
    """y where its derivative by the constant vanishes, if that is linear or quadratic in the constant."""
    numerator, _ = differentiate(expr, constant).as_numer_denom()
    for factor in {*se.Mul.make_args(numerator), numerator.expand()}:
        base = factor.args[0] if isinstance(factor, se.Pow) else factor
        coefficients = [base.xreplace({constant: se.Integer(0)})]
        derivative = base
        for index in (1, 2):
            derivative = differentiate(derivative, constant)
            coefficients.append(derivative.xreplace({constant: se.Integer(0)}) / index)
        if differentiate(derivative, constant).expand() != 0:
            continue
        c, b, a = coefficients
        roots = []
        if a.expand() != 0:
            root = se.sqrt((b**2 - 4 * a * c).expand())
            roots = [(-b + root) / (2 * a), (-b - root) / (2 * a)]
        elif b.expand() != 0:
            roots = [-c / b]
        for root in roots:
            value = expr.xreplace({constant: root.expand()}).expand()
            yield value


def _limit(expr: se.Basic, constant: se.Symbol) -> Iterator[se.Basic]:
    """The limit of an answer for a large constant, if it is a rational function of it."""
    small = se.Symbol("small")
    numerator, denominator = (each.expand() for each in expr.xreplace({constant: 1 / small}).as_numer_denom())
    at_zero = [each.xreplace({small: se.Integer(0)}) for each in (numerator, denominator)]
    if at_zero[1] != 0:
        yield at_zero[0] / at_zero[1]


def _is_member(function: se.Basic, family: se.Basic, constant: se.Symbol) -> bool:
    """Whether a family holds a function, as far as floats tell: whether one value of the constant fits at all x."""
    try:
        difference = se.Lambdify([_X, constant], [family - function], backend="lambda")
    except RuntimeError:  # it holds I or infinity, or another symbol
        return True
    constants = np.concatenate([_GRID, [float(each) for each in _NUMBERS]])
    worst = np.zeros(len(constants))
    for x in (0.37, 1.21, 2.63):
        values = difference(np.column_stack([np.full(len(constants), x), constants]))[..., 0]
        worst = np.fmax(worst, np.abs(values))
        worst[~np.isfinite(values)] = np.inf
    return bool((worst < 1e-6).any())
