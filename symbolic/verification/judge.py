"""Whether an answer is right: cheap checks first, rigorous ones where they matter.

    floats     find points of the common real domain of problem and answer, and those where the residual looks wrong;
    balls      enclose the residual there: an enclosure without 0 refutes the answer;
    symbols    a residual that vanishes as a formula, and
    balls      again, at a few points, where it must have a value: zero to 50 digits at all of them proves the answer;
               without the formula, at more points, it confirms it, after a look at
    landmarks  points near the roots of its parts, far points, and points where floats overflow.

An answer is right when it satisfies the equation wherever problem and answer are real, poles and jumps aside: ln x and
ln|x| are primitives of 1/x, asin(sin x) is none of 1. For a solution with constants it is enough to solve the equation
on an interval that depends on them (see `branches`), and an answer that is real nowhere is judged by its complex values
(see `complex_values`). What "confirmed" leaves open is a residual below 10^-50 at every point tried, or one that
differs from 0 only on a part of the domain that all points missed; the evidence estimates how large that may be. Of a
differential equation's answer it also says how many independent constants it holds, and the verdict says whether that
is a general solution (see `Verdict`).

Everything runs in the calling process, without limits on time; `verify_many` has them.
"""

from collections.abc import Sequence

import numpy as np

from symbolic.expressions.prefix import Tree
from symbolic.verification import balls, complex_values, floats, landmarks, symbols
from symbolic.verification.branches import branch_of
from symbolic.verification.points import Point, distance
from symbolic.verification.residual import AnswerError, ProblemError, Residual, residual_of
from symbolic.verification.verdict import Verdict, confirmed, proved, refuted, unseen_share

CONFIRMING_POINTS = 16
ENOUGH_POINTS = 6  # fewer known points say too little
# What is not 0 as a formula is looked at with the highest precision at this many points near 0, and far from it on each
# side.
SHARP_POINTS, FAR_POINTS = 2, 2
NEAR_CROSSINGS = 12  # points for each
OVERFLOWN_POINTS = 8  # this many are tried of the points where floats overflow
MOST_UNKNOWN = 0.5  # a larger part of the domain where balls are too wide leaves too much open


def verify(problem: Tree | str, answer: Tree | str, seed: int = 0, extent: bool = True) -> Verdict:
    """Judge an answer to an equation.

    Args:
        problem: the left-hand side of an equation = 0 in x, Y, Y', Y'', as a tree or prefix text; `sub Y' f` asks for
            a primitive of f.
        answer: y(x) as a tree or prefix text. Coefficients a0 … a9 that are not the problem's are its constants: the
            equation must hold for any values of them, or on a branch (see above).
        seed: another one means other random points. They depend on problem and answer besides.
        extent: whether to measure how much of the solution of a differential equation the answer is, which takes most
            of the time. Without it an answer that holds all constants counts as a family.

    Returns:
        A verdict; malformed input gets one too ("undecided" where the problem is at fault, "refuted" where the answer
        is).
    """
    try:
        residual = residual_of(problem, answer, seed)._replace(asks_extent=extent)
    except ProblemError as error:
        return Verdict("undecided", str(error))
    except AnswerError as error:
        return Verdict("refuted", str(error))
    verdict = _on_the_real_line(residual)
    if (verdict is None or verdict.evidence.get("points") == 0) and symbols.is_undefined(residual):
        return Verdict("refuted", "the answer is undefined: it divides by zero or the like")
    return verdict or complex_values.judge(residual, _on_the_real_line)


def _on_the_real_line(residual: Residual) -> Verdict | None:
    """The verdict that real points give, or None if no point is certainly real."""
    sample = floats.sample(residual)
    if not sample.points and not sample.overflown:
        return None
    failing = _failing(residual, sample.points[: sample.suspicious])
    if failing is not None:
        return _wrong(residual, sample, *failing, {"wrong_share": sample.wrong_share})
    if residual.of_values is None:
        formula_is_zero = symbols.is_zero(residual)
        asked_for = ENOUGH_POINTS if formula_is_zero else CONFIRMING_POINTS
    else:  # where parts are complex, floats and formulas may be on another side of a branch cut
        formula_is_zero, asked_for = False, floats.FIRST_POINTS
    seen = _seen(residual, sample, asked_for)
    if len(seen.zeros) < ENOUGH_POINTS and not seen.failing and seen.outside:  # by rounding, floats took it for real
        sample = floats.sample(residual, more=True)
        seen = _seen(residual, sample, asked_for)
        if not (seen.zeros or seen.failing) and seen.outside >= ENOUGH_POINTS:
            return None
    if seen.failing:
        return _wrong(residual, sample, *seen.failing)
    if len(seen.zeros) < ENOUGH_POINTS:
        reason = f"only {len(seen.zeros)} real points could be checked"
        return Verdict("undecided", reason, {"points": len(seen.zeros)})
    if formula_is_zero:
        return proved(residual, seen.zeros, seen.radii)
    return _without_formula(residual, sample, seen)


class _Seen:
    """What balls say at points, one after the other."""

    def __init__(self):
        self.zeros: list[Point] = []
        self.radii: list[float] = []
        self.failing: tuple[Point, balls.Enclosure] | None = None
        self.outside = self.unknown = 0

    def look(self, residual: Residual, point: Point, precisions=balls.PRECISIONS) -> None:
        enclosure = balls.enclose(residual, point, precisions=precisions)
        match enclosure.status:
            case "zero":
                self.zeros.append(point)
                self.radii.append(enclosure.radius)
            case "nonzero":
                self.failing = point, enclosure
            case "outside":
                self.outside += 1
            case _:
                self.unknown += 1

    @property
    def unknown_share(self) -> float:
        real = self.unknown + len(self.zeros)
        return self.unknown / real if real else 0.0


def _failing(residual: Residual, points: list[Point]) -> tuple[Point, balls.Enclosure] | None:
    """The first of the points at which the residual is certainly not 0, with what is known of it."""
    for point in points:
        enclosure = balls.enclose(residual, point)
        if enclosure.status == "nonzero":
            return point, enclosure
    return None


def _seen(residual: Residual, sample: floats.Sample, asked_for: int) -> _Seen:
    """What balls say at the points of a sample, until this many zeros are known or one fails."""
    seen = _Seen()
    for points, most in ((sample.points, len(sample.points)), (sample.overflown, 2 * OVERFLOWN_POINTS)):
        for point in points[:most] if most < len(points) else points:
            if seen.failing or len(seen.zeros) == asked_for:
                return seen
            seen.look(residual, point)
    return seen


def _without_formula(residual: Residual, sample: floats.Sample, seen: _Seen) -> Verdict:
    """The verdict on a residual that is 0 at many points and is not known to be 0 as a formula.

    What fades on one side, such as 1 - tanh(exp(x)), passes for 0 wherever it is small enough: least so where x is
    small, or, as 1 - tanh(exp(x + 60)) does, beyond all points tried. What fades on both sides of some x, as
    exp(-(x^2 - 200)^2) does, is seen only near the root of a part; so is the place from where on |x - 40| is another
    function. Where floats overflow nothing is known before balls have looked.
    """
    crossings = landmarks.crossings(residual)
    near = _near(residual, crossings)
    failing = _failing(residual, near.points[: near.suspicious])
    if failing is not None:
        return _wrong(residual, sample, *failing)
    has_overflown = len(sample.overflown) + len(near.overflown) > 0
    near_landmarks = _Seen()
    for point in landmarks.closest(residual, landmarks.roots_of_lines(residual) + crossings):
        near_landmarks.look(residual, point, balls.PRECISIONS if has_overflown else balls.PRECISIONS[:2])
    sharp = _Seen()
    for point in _nearest(sample.points) + floats.far_points(residual, FAR_POINTS):
        sharp.look(residual, point, balls.PRECISIONS[-1:])
    overflown = _Seen()
    for point in sample.overflown[:OVERFLOWN_POINTS]:
        overflown.look(residual, point)
    hidden = _hidden_cells(residual, (sample, near), crossings)
    for each in (near_landmarks, sharp, overflown, *hidden):
        if each.failing:
            return _wrong(residual, sample, *each.failing)
    unknown = overflown.unknown_share * sample.overflown_share
    if unknown > MOST_UNKNOWN or any(each.unknown and not each.zeros for each in hidden):
        where = "beyond some place" if unknown <= MOST_UNKNOWN else f"on {unknown:.0%} of the domain"
        reason = f"values are too large to be told apart {where}"
        return Verdict("undecided", reason, {"points": len(seen.zeros), "unknown_share": round(unknown, 3)})
    unseen = unseen_share(len(sample.points) or len(seen.zeros))
    return confirmed(residual, seen.zeros, seen.radii, {"unseen_share": round(unseen + unknown, 3)})


def _hidden_cells(
    residual: Residual, samples: Sequence[floats.Sample], crossings: list[landmarks.Landmark]
) -> list["_Seen"]:
    """What balls say where floats overflow at all points between two neighbouring places at which parts have a root.

    Between such places the residual is analytic, and one known point speaks for all.
    """
    if not any(len(each.overflown_x) for each in samples):
        return []
    roots = sorted(each.root for each in landmarks.roots_of_lines(residual) + crossings if each.name == "x")
    known = {cell for each in samples for cell in np.searchsorted(roots, each.known_x)}
    cells: dict[int, _Seen] = {}
    for sample in samples:
        for index, cell in enumerate(np.searchsorted(roots, sample.overflown_x)):
            if cell not in known:
                seen = cells.setdefault(cell, _Seen())
                if not (seen.zeros or seen.failing) and seen.unknown + seen.outside < OVERFLOWN_POINTS:
                    seen.look(residual, sample.overflown[index])
    return list(cells.values())


def _near(residual: Residual, crossings: list[landmarks.Landmark]) -> floats.Sample:
    columns = landmarks.near(residual, crossings, NEAR_CROSSINGS)
    return floats.chosen(residual, columns, *floats.relative_sizes(residual, columns))


def _nearest(points: floats.Points) -> list[Point]:
    return sorted(points, key=distance)[:SHARP_POINTS]


def _wrong(
    residual: Residual,
    sample: floats.Sample,
    point: Point,
    enclosure: balls.Enclosure,
    more: dict | None = None,
) -> Verdict:
    """Refuted by a point at which the residual is not 0, or confirmed if the answer holds on a branch all the same."""
    branch = branch_of(residual, sample.points)
    if branch is None:
        return refuted(point, enclosure, more)
    verdict = confirmed(residual, branch.points, branch.radii, {"branch": True})
    where = "that depends on the constants" if branch.depends_on_constants else "of x"
    return verdict._replace(reason=f"{verdict.reason}, on an interval {where}")
