"""`proposals`: every factor and root of an equation, by methods in an order by cost, until one gives the answer."""

import time
from collections.abc import Callable, Iterator, Sequence

import symengine as se

from symbolic.expressions.engines import UNDEFINED, symengine_to_prefix, to_symengine
from symbolic.expressions.prefix import from_prefix, to_prefix
from symbolic.expressions.program import WITHOUT_VALUE
from symbolic.solving.linearise import clairaut, first_order, new_unknown, reductions, second_order
from symbolic.solving.linearise.attempts import FAILURES, attempts
from symbolic.solving.linearise.constants import with_abs, written
from symbolic.solving.linearise.explicit import Explicit, explicit, factors
from symbolic.solving.linearise.forms import fraction, is_finite, length, shortest
from symbolic.solving.linearise.functions import put_in
from symbolic.solving.linearise.means import Means
from symbolic.solving.linearise.symbols import CURVATURE, FIRST, SECOND, SLOPE, X, Y
from symbolic.verification import floats, verify
from symbolic.verification.residual import residual_of

SECONDS = 4.0  # of CPU time for an equation
_MOST_HYPOTHESES = 12
_LONGEST = 600  # tokens of a candidate
_LONG, _ENOUGH_POINTS = 350, 6  # tokens beyond which floats judge, and the points that they need
_AFTER_A_FAMILY = 0.15  # seconds of CPU time in which a general solution is searched for if there is a family
_MOSTLY_WRONG = 0.9  # a candidate that floats find wrong at more of the points is not judged
_LARGEST_NUMBER, _LARGEST_EXPONENT = 10**7, 40
_MOST_KEPT = 4  # families of one root
_RANKS = {"general": 0, "family": 1, "particular": 2}


def proposals(
    problem: str,
    hypotheses: Sequence[str] = (),
    integrals: Callable[[Sequence[str]], list[str | None]] | None = None,
) -> list[str]:
    """Candidates for the general solution of a differential equation of first or second order.

    Call it in a process with limits, because SymEngine hangs on some expressions.

    Args:
        problem: the left-hand side of an equation = 0 in x, Y, Y', Y'' and letters a0 … a7, as prefix text.
        hypotheses: what a model proposes, as prefix texts; malformed ones are ignored.
        integrals: answers integration problems `sub Y' f`, several at once, with a primitive or None each.

    Returns:
        Prefix texts with the constants a8 and a9: general solutions first, then families, the short ones first. The
        judge found them right for one factor and root of the equation; whoever uses them judges them for the whole.

    Raises:
        PrefixError: the problem is malformed.
    """
    tree = from_prefix(problem)
    found: dict[se.Basic, str] = {}  # candidate -> extent
    deadline = time.process_time() + SECONDS
    try:
        left = to_symengine(tree)
        if not _is_moderate(left) or left.free_symbols & {FIRST, SECOND}:
            return []
        means = Means(list(filter(_is_moderate, _expressions(hypotheses))), integrals, left, deadline)
        parts = factors(left)
    except (ValueError, RuntimeError):
        return []
    for order, factor in parts:
        try:
            if order == 1:
                found |= _lines(factor)
            for equation in explicit(order, factor):
                found |= {_on_both_sides(factor, y): extent for y, extent in solved(equation, means).items()}
        except FAILURES:
            continue
    return [_text(y) for y in sorted(found, key=lambda y: (_RANKS[found[y]], length(y), str(y)))]


def _is_moderate(expr: se.Basic) -> bool:
    """Whether no number is so large that FLINT and SymEngine would compute for very long, as with x**(10**9)."""
    todo, seen = [expr], set()
    while todo:
        part = todo.pop()
        if part in seen or isinstance(part, UNDEFINED):
            continue
        seen.add(part)
        if isinstance(part, se.Rational) and max(abs(int(part.p)), int(part.q)) > _LARGEST_NUMBER:
            return False
        if isinstance(part, se.Pow) and isinstance(part.args[1], se.Rational):
            exponent = part.args[1]
            if max(abs(int(exponent.p)), int(exponent.q)) > _LARGEST_EXPONENT:
                return False
        todo += part.args
    return True


def _text(expr: se.Basic) -> str:
    return " ".join(symengine_to_prefix(expr))


def _expressions(hypotheses: Sequence[str]) -> list[se.Basic]:
    found = {}
    for hypothesis in hypotheses:
        try:
            tree = from_prefix(hypothesis)
            if not WITHOUT_VALUE.intersection(to_prefix(tree)):
                found[to_symengine(tree)] = None
        except (ValueError, RuntimeError):
            continue
    return list(found)[:_MOST_HYPOTHESES]


def solved(equation: Explicit, means: Means) -> dict[se.Basic, str]:
    """Solution -> extent of what the judge does not refute, until one is general or the time is up."""
    try:
        problem = _text((CURVATURE if equation.order == 2 else SLOPE) - equation.right)
    except (ValueError, RuntimeError):
        return {}
    found: dict[se.Basic, str] = {}
    seen = set()
    end = means.deadline
    methods = _second_order_candidates if equation.order == 2 else first_order.candidates
    for y in methods(equation.right, means):
        if y not in seen and is_finite(y):
            seen.add(y)
            extent = _extent(problem, y)
            if extent is not None:
                short = written(y)
                if short != y:
                    other = _extent(problem, short)
                    if other is not None and _RANKS[other] <= _RANKS[extent]:
                        y, extent = short, other
                if extent == "family" and equation.order == 1:
                    y, extent = _with_inverse_constant(problem, y)
                found[y] = extent
                if extent == "general":
                    return {y: extent}
                if extent == "family":
                    end = min(end, time.process_time() + _AFTER_A_FAMILY)
        if time.process_time() > end:
            break
    best = min(map(_RANKS.get, found.values()), default=0)
    return {y: found[y] for y in sorted(found, key=length)[:_MOST_KEPT] if _RANKS[found[y]] == best}


def _with_inverse_constant(problem: str, y: se.Basic) -> tuple[se.Basic, str]:
    """A family with 1/a8 for a8, if that is general: solutions may belong to small constants then, not to huge ones."""
    other = put_in(y, {FIRST: 1 / FIRST})
    other = y if other is None else written(fraction(other))
    extent = _extent(problem, other) if other != y and length(other) <= length(y) + 2 else None
    return (other, extent) if extent == "general" else (y, "family")


def _on_both_sides(factor: se.Basic, y: se.Basic) -> se.Basic:
    """The solution with ln|u| for ln(u), if that is as right, and so on both sides of the roots of u."""
    other = with_abs(y)
    if other == y or length(factor) + 3 * length(y) > _LONG:
        return y
    before, after = (verify(_text(factor), _text(each)) for each in (y, other))
    return other if after.solved and after.extent == before.extent and "branch" not in after.evidence else y


def _extent(problem: str, y: se.Basic) -> str | None:
    """The extent of a solution; None if it is not known to be right. Of long ones floats decide quickly."""
    if length(y) > _LONGEST:
        return None
    try:
        text = _text(y)
        residual = residual_of(problem, text)
        sample = floats.sample(residual)
        if len(sample.points) and sample.wrong_share > _MOSTLY_WRONG:
            return None
        if len(problem.split()) + 3 * len(text.split()) <= _LONG:
            return verify(problem, text).extent
    except (ValueError, RuntimeError):
        return None
    if len(sample.points) < _ENOUGH_POINTS:
        return None
    if len(residual.constants) < residual.order:
        return "particular"
    return "family" if sample.suspicious else "general"


def _lines(factor: se.Basic) -> dict[se.Basic, str]:
    """Straight lines that solve an equation of first order, if it is Clairaut's."""
    if not se.has_symbol(factor.diff(SLOPE), SLOPE) and not se.has_symbol(factor.diff(SLOPE), X):
        return {}
    problem = _text(factor)
    found = {}
    for y in clairaut.general(factor):
        if is_finite(y):
            y = shortest(y)
            extent = _extent(problem, y)
            if extent is not None:
                found[y] = extent
    return found


def _solutions(right: se.Basic, means: Means) -> list[se.Basic]:
    """Solutions of Y' = right with the constant a8, general ones first."""
    found = solved(Explicit(1, right), means)
    return [y for y in sorted(found, key=lambda y: _RANKS[found[y]]) if se.has_symbol(y, FIRST)]


def _second_order_solutions(right: se.Basic, means: Means) -> list[se.Basic]:
    found = solved(Explicit(2, right), means)
    return [y for y in sorted(found, key=lambda y: _RANKS[found[y]]) if se.has_symbol(y, SECOND)]


def _second_order_candidates(right: se.Basic, means: Means) -> Iterator[se.Basic]:
    """Candidates for y with y'' = right(x, y, y'), cheap methods first."""
    parts = new_unknown.linear_parts(right)
    if parts is not None:
        yield from attempts(lambda: second_order.general(*parts, means))
        if se.has_symbol(right, Y):
            return
    yield from attempts(
        lambda: new_unknown.candidates(right, _solutions, means),
        lambda: reductions.without_y(right, _solutions, means),
        lambda: reductions.without_x(right, _solutions, means),
        lambda: reductions.homogeneous_in_y(right, _solutions, means),
        lambda: reductions.scale_invariant(right, _second_order_solutions, means),
    )
