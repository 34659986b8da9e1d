"""What parts a point where an answer holds from one where it fails: an edge, a kink, or only a residual that fades.

A solution ends at an edge. There a function of Y in the equation is not analytic (for instance, a square root at 0), Y
or the equation has a pole, or a gap begins in which something is not real. Between edges the residual is analytic, so
it is 0 at all points or at isolated ones. Two kinds of wrong answers look as if they had edges:

- The residual of a8 exp(x) + exp(-exp(a9 x)) for Y' = Y fades: it becomes too small to be seen, and is not 0. Then a
  ball that holds points of both kinds and no edge shows that the answer fails at all of them.
- The answer itself has a kink, as a8 exp(x) + |x - a9| has.

Where balls show that a function is analytic, it is so for certain. Where they do not, an edge must be explained.
"""

import numpy as np
from flint import acb, arb, ctx

from symbolic.expressions.program import Program
from symbolic.verification import balls
from symbolic.verification.points import Point, as_float, between
from symbolic.verification.residual import Residual, ancestors, by_real_values, descendants

# --- Whether the answer holds at a point ------------------------------------------------------------------------------

BITS = (1024,)  # the precision that shows whether the answer holds
_MORE_BITS = (4096,)  # for a residual that is not small enough beside its terms, or whose terms vanish at fewer bits
# A residual counts as 0 if it is this small beside its largest term. One that fades is no larger than 1e-300 at 1024
# bits close to the place from where on it counts as 0.
_SMALL = 1e-250


def fails_at(residual: Residual, point: Point) -> bool:
    """Whether the residual is certainly not 0."""
    return balls.enclose(residual, point, precisions=BITS).status == "nonzero"


def holds_at(residual: Residual, point: Point) -> balls.Enclosure | None:
    """The enclosure of a residual that is 0 beside terms that are not; None for any other.

    tanh(u) with a large u is all but constant and so solves many equations nearly.
    """
    for bits in (BITS, _MORE_BITS):
        enclosure = balls.enclose(residual, point, precisions=bits)
        if enclosure.status == "nonzero":
            return None
        if enclosure.status == "zero" and enclosure.relative_radius < _SMALL:
            return enclosure
    return None


# --- What lies between two points -------------------------------------------------------------------------------------

EDGE, SINGULAR, KINK, FADING, NONE = "edge", "singular", "kink", "fading", "none"

_STEPS = 50  # by which two points are brought together; each halves the way where balls tell
_HALVINGS = 7  # of a segment; a shorter piece that balls cannot see through counts as holding an edge
_CLOSE = 1e-6  # points that are closer than this, relative to their values, have only a kink or a pole between them
_POLE = 4.0  # Y, Y', … grow at least by this factor from some distance to a millionth of it beside a pole


def what_parts(residual: Residual, holding: Point, failing: Point, rng: np.random.Generator) -> str:
    """What parts a point where the answer holds from one where it fails.

    Returns:
        EDGE: a place that may part them. SINGULAR: the answer or its derivatives have no value there and no pole, as
        those of sqrt(|a8|) at 0, which explains nothing. KINK: a kink of the answer, or of a part of the equation
        without Y, where all have values. FADING:
        the residual has become too small to be seen, and an edge lies between that place and the holding point. NONE:
        there is no edge at all, so the answer fails on both sides.
    """
    inner, outer = _closed_in(residual, holding, failing, rng)
    found = _what_is_between(residual, inner, outer, holding, failing)
    if found != NONE:
        return found
    return NONE if is_analytic_between(residual, inner, holding) else FADING


def is_analytic_between(residual: Residual, first: Point, second: Point) -> bool:
    """Whether balls show the residual to be analytic on the whole segment between two points."""
    todo = [(first, second, 0)]
    while todo:
        first, second, halvings = todo.pop()
        with ctx.workprec(balls.PRECISIONS[0]):
            is_analytic, problem, values = _analyticity(residual, _box(first, second))
            if is_analytic and _is_analytic_in_all(problem, values):
                continue
        if halvings == _HALVINGS:
            return False
        middle = between(first, second, 0.5)
        todo += [(middle, second, halvings + 1), (first, middle, halvings + 1)]
    return True


def _closed_in(residual: Residual, holding: Point, failing: Point, rng: np.random.Generator) -> tuple[Point, Point]:
    """Two points close to each other between those given, one where the answer holds and one where it fails.

    On the way from one real point to the other, problem and answer may be complex. Beside a pole they may have no
    value: then a random place on the way is tried next, instead of the middle.
    """
    fraction = 0.5
    for _ in range(_STEPS):
        middle = between(holding, failing, fraction)
        enclosure = balls.enclose(residual, middle, is_complex=True, precisions=BITS)
        if enclosure.status == "zero":
            holding = middle
        elif enclosure.status == "nonzero":
            failing = middle
        fraction = rng.uniform() if enclosure.status == "unknown" else 0.5
    return holding, failing


def _what_is_between(residual: Residual, inner: Point, outer: Point, holding: Point, failing: Point) -> str:
    """EDGE, KINK or NONE for two close points, given the points from which these were found."""
    box = _box(inner, outer)  # at the default precision, so a little wider than the two points
    with ctx.workprec(balls.PRECISIONS[0]):
        answer_is_analytic, problem, values = _analyticity(residual, box)
        if answer_is_analytic:
            if _is_analytic_in_all(problem, values):
                return NONE
            return EDGE if _has_edge_in_unknown(problem, values) else KINK
        if _has_gap(residual, inner, outer) or _has_pole_in_x(problem, values):
            return EDGE
        margin = _CLOSE * (1 + _largest(residual, holding))
        both = _values_at_both(residual, problem, inner, outer, margin)
        if _has_edge_in_unknown(problem, balls.run_on_box(problem.program, box | both)):
            return EDGE
        apart = max(abs(as_float(inner[name] - outer[name])) for name in inner)
        if apart > _CLOSE * max(abs(as_float(inner[name])) for name in inner):  # there are no values in between
            return EDGE
        if any(_grows(residual, *each, apart) for each in ((inner, holding), (outer, failing))):
            return EDGE
        return KINK if _has_values(residual, box) else SINGULAR


def _has_values(residual: Residual, box: dict[str, arb]) -> bool:
    """Whether the answer and its derivatives are finite on a box."""
    values = balls.run(residual.program, box, residual.of_values is not None)
    return all(acb(values[slot]).is_finite() for slot in residual.answer_slots)


def _has_gap(residual: Residual, inner: Point, outer: Point) -> bool:
    """Whether something is not real at one of two points or in the middle."""
    middle = between(inner, outer, 0.5)
    return any(balls.enclose(residual, each).status == "outside" for each in (inner, outer, middle))


def _grows(residual: Residual, beside: Point, start: Point, apart: float) -> bool:
    """Whether Y, Y', … grow as beside a pole, on the last part of the way from a point to one beside it."""
    way = max(abs(as_float(beside[name] - start[name])) for name in beside)
    farther = between(beside, start, min(1.0, apart / way / _CLOSE) if way else 1.0)
    return _largest(residual, beside) > _POLE * _largest(residual, farther)


def _largest(residual: Residual, point: Point) -> float:
    """The largest of |Y|, |Y'|, … at a point; inf or nan where they are not known."""
    values = balls.run(residual.program, point, is_complex=True)
    return max(float(abs(acb(values[slot])).upper()) for slot in residual.answer_slots)


# --- Functions on boxes -----------------------------------------------------------------------------------------------


def _box(first: Point, second: Point) -> dict[str, arb]:
    return {name: arb(first[name]).union(arb(second[name])) for name in first}


def _analyticity(residual: Residual, box: dict[str, arb]) -> tuple[bool, Residual, list]:
    """Whether the answer is analytic on a box; and the problem in x and Y, Y', …, with the values of its program."""
    is_complex = residual.of_values is not None
    problem = _in_unknowns(residual)
    program = residual.program
    values = balls.run(program, box, is_complex) if is_complex else balls.run_on_box(program, box)
    answer = [acb(values[slot]) for slot in residual.answer_slots]
    is_analytic = all(each.is_finite() for each in answer)
    if not is_complex:
        is_analytic = is_analytic and _is_analytic(program, values, ancestors(program, residual.answer_slots))
    known = {name: each.real for name, each in zip(_unknowns(problem), answer, strict=True)}
    return is_analytic, problem, balls.run_on_box(problem.program, box | known)


_LAST_IN_UNKNOWNS: dict[tuple, Residual] = {}  # of one residual, for which it is asked often


def _in_unknowns(residual: Residual) -> Residual:
    """The problem as a function of x and of Y, Y', …."""
    if residual.of_values is not None:
        return residual.of_values
    key = residual.seed, residual.slot  # these depend on all of problem and answer
    if key not in _LAST_IN_UNKNOWNS:
        _LAST_IN_UNKNOWNS.clear()
        _LAST_IN_UNKNOWNS[key] = by_real_values(residual).of_values
    return _LAST_IN_UNKNOWNS[key]


def _unknowns(problem: Residual) -> list[str]:
    """The names of Y, Y', … as far as the order of a problem in them."""
    return [problem.program.steps[slot][0] for slot in problem.answer_slots]


def _values_at_both(residual: Residual, problem: Residual, inner: Point, outer: Point, margin: float) -> dict[str, arb]:
    """Y, Y', … from their values at one point to those at the other, and a margin."""
    runs = [balls.run(residual.program, point, residual.of_values is not None) for point in (inner, outer)]
    return {
        name: acb(runs[0][slot]).real.union(acb(runs[1][slot]).real) + arb(0, margin)
        for name, slot in zip(_unknowns(problem), residual.answer_slots, strict=True)
    }


def _is_analytic_in_all(problem: Residual, values: list) -> bool:
    """Whether a problem is analytic in x and Y, Y', … on the balls that its values were computed on."""
    return _is_analytic(problem.program, values, ancestors(problem.program, [problem.slot]))


def _is_analytic(program: Program, values: list, slots: list[int]) -> bool:
    """Whether all these slots are analytic on the balls that their values were computed on."""
    return all(arb(values[slot]).is_finite() and not _has_kink(program, values, slot) for slot in slots)


def _has_kink(program: Program, values: list, slot: int) -> bool:
    head, operands = program.steps[slot]
    return head in ("abs", "sign") and arb(values[operands[0]]).contains(0)


def _has_pole_in_x(problem: Residual, values: list) -> bool:
    """Whether a function of x alone in the problem has no finite value on the balls that its operands are."""
    program = problem.program
    with_unknown = set(descendants(program, problem.answer_slots))
    return any(
        operands and not arb(values[slot]).is_finite() and all(arb(values[each]).is_finite() for each in operands)
        for slot, (_, operands) in enumerate(program.steps)
        if slot not in with_unknown
    )


def _has_edge_in_unknown(problem: Residual, values: list) -> bool:
    """Whether a function of Y, Y', … in the problem is not analytic on the balls that its operands are."""
    program = problem.program
    for slot in descendants(program, problem.answer_slots):
        operands = program.steps[slot][1]
        if operands and all(arb(values[each]).is_finite() for each in operands):
            if _has_kink(program, values, slot) or not arb(values[slot]).is_finite():
                return True
    return False
