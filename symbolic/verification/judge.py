"""Whether an answer is right: cheap checks first, rigorous ones where they matter.

    floats     find points where problem and answer are real, and those of them where the residual looks wrong.
    balls      enclose the residual there: an enclosure without 0 refutes the answer.
    symbols    find out whether the residual vanishes as a formula.
    balls      prove the answer if it does: it must be zero to 50 digits at a few points where all parts have a value.
               If it does not, it must be zero at more points. They confirm the answer, together with
    landmarks  points near the roots of its parts, far points, and points where floats overflow.

An answer is right when it satisfies the equation wherever problem and answer are real, except at poles and jumps: ln x
and ln|x| are primitives of 1/x, asin(sin x) is none of 1. For a solution with constants it is enough to solve the
equation on an interval that depends on them (see `branches`). An answer that is real nowhere is judged by its complex
values (see `complex_values`).

"confirmed" leaves two cases open: the residual is below 10^-50 at every point tried, or it differs from 0 only on a
part of the domain that all points missed. The evidence estimates how large that part may be. For a differential
equation it also gives the number of independent constants, and `Verdict.extent` how much of the solution the answer is.

Everything runs in the calling process, without limits on time; `verify_many` has them.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from symbolic.expressions.prefix import Tree
from symbolic.verification import balls, complex_values, floats, landmarks, symbols
from symbolic.verification.branches import branch_of
from symbolic.verification.points import Point, distance
from symbolic.verification.residual import AnswerError, ProblemError, Residual, residual_of
from symbolic.verification.verdict import Verdict, confirmed, proved, refuted, unseen_share, with_domain

CONFIRMING_POINTS = 16  # zeros that confirm an answer without the formula
ENOUGH_POINTS = 6  # zeros that prove one with it; fewer decide nothing
SHARP_POINTS, FAR_POINTS = 2, 2  # the residual is enclosed at top precision at this many points near 0 and far out
NEAR_CROSSINGS = 12  # points for each root of a part that is not linear
OVERFLOWN_POINTS = 8  # this many are tried of the points where floats overflow
MOST_UNKNOWN = 0.5  # if balls are too wide on a larger fraction of the domain, too much is left open


def verify(
    problem: Tree | str, answer: Tree | str, seed: int = 0, extent: bool = True, domain: bool = False
) -> Verdict:
    """Judge an answer to an equation.

    Args:
        problem: the left-hand side of an equation = 0 in x, Y, Y', Y'', as a tree or prefix text; `sub Y' f` asks for
            a primitive of f.
        answer: y(x) as a tree or prefix text. Coefficients a0 … a9 that are not the problem's are its constants: the
            equation must hold for any values of them, or on a branch (see above).
        seed: another seed means other random points. They also depend on problem and answer.
        extent: whether to measure how much of the solution of a differential equation the answer is, which takes most
            of the time. Otherwise an answer that holds all constants counts as a family, unless it is general for
            certain.
        domain: whether to find out where a right answer holds, and where it jumps (see `domain`): then
            `evidence["domain"]` tells it, if it is known, and the reason if the answer is not right wherever the
            problem is real.

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
    verdict = verdict or complex_values.judge(residual, _on_the_real_line)
    return with_domain(verdict, residual) if domain and verdict.solved else verdict


def _on_the_real_line(residual: Residual) -> Verdict | None:
    """The verdict that real points give, or None if no point is certainly real."""
    sample = floats.sample(residual)
    if not sample.points and not sample.overflown:
        return None
    failing = _first_failing(residual, sample.points[: sample.suspicious])
    if failing is not None:
        return _wrong(residual, sample, *failing, {"wrong_share": sample.wrong_share})
    if residual.of_values is None:
        formula_is_zero = symbols.is_zero(residual) or (
            len(sample.points) > 0 and symbols.is_zero_where_real(residual, sample.points[-1])
        )
        asked_for = ENOUGH_POINTS if formula_is_zero else CONFIRMING_POINTS
    else:  # where parts are complex, floats and formulas may be on different sides of a branch cut
        formula_is_zero, asked_for = False, floats.FIRST_POINTS
    enclosed = _enclosed_until(residual, sample, asked_for)
    if len(enclosed.zeros) < ENOUGH_POINTS and not enclosed.failing and enclosed.outside:
        # Rounding made points outside the real domain look real to floats.
        sample = floats.sample(residual, more=True)
        enclosed = _enclosed_until(residual, sample, asked_for)
        if not (enclosed.zeros or enclosed.failing) and enclosed.outside >= ENOUGH_POINTS:
            return None
    if enclosed.failing:
        return _wrong(residual, sample, *enclosed.failing)
    if len(enclosed.zeros) < ENOUGH_POINTS:
        reason = f"only {len(enclosed.zeros)} real points could be checked"
        return Verdict("undecided", reason, {"points": len(enclosed.zeros)})
    if formula_is_zero:
        return proved(residual, enclosed.zeros, enclosed.radii)
    return _without_formula(residual, sample, enclosed)


class _Enclosures:
    """Enclosures at points, counted by what they show."""

    def __init__(self):
        self.zeros: list[Point] = []
        self.radii: list[float] = []
        self.failing: tuple[Point, balls.Enclosure] | None = None  # the last one
        self.outside = self.unknown = 0

    def enclose(self, residual: Residual, point: Point, precisions: Sequence[int] = balls.PRECISIONS) -> None:
        """Enclose the residual at one more point."""
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
    def unknown_fraction(self) -> float:
        """Of the points that may be real and do not fail, those where balls are too wide."""
        real = self.unknown + len(self.zeros)
        return self.unknown / real if real else 0.0


def _first_failing(residual: Residual, points: list[Point]) -> tuple[Point, balls.Enclosure] | None:
    """The first of the points at which the residual is certainly not 0, with its enclosure."""
    for point in points:
        enclosure = balls.enclose(residual, point)
        if enclosure.status == "nonzero":
            return point, enclosure
    return None


def _enclosed(residual: Residual, points: Sequence[Point], precisions: Sequence[int] = balls.PRECISIONS) -> _Enclosures:
    """Enclosures at all these points."""
    enclosures = _Enclosures()
    for point in points:
        enclosures.enclose(residual, point, precisions)
    return enclosures


def _enclosed_until(residual: Residual, sample: floats.Sample, zeros: int) -> _Enclosures:
    """Enclosures at the points of a sample, until this many zeros are known or one fails."""
    enclosures = _Enclosures()
    overflown = sample.overflown[: 2 * OVERFLOWN_POINTS]
    for point in itertools.chain(sample.points, overflown):
        if enclosures.failing or len(enclosures.zeros) == zeros:
            break
        enclosures.enclose(residual, point)
    return enclosures


def _without_formula(residual: Residual, sample: floats.Sample, enclosed: _Enclosures) -> Verdict:
    """The verdict on a residual that is 0 at many points and is not known to be 0 as a formula.

    Points of several kinds are added, each for residuals that vanish at the others.
    """
    crossings = landmarks.crossings(residual)
    near = _near(residual, crossings)
    failing = _first_failing(residual, near.points[: near.suspicious])
    if failing is not None:
        return _wrong(residual, sample, *failing)
    has_overflown = len(sample.overflown) + len(near.overflown) > 0
    overflown = _enclosed(residual, sample.overflown[:OVERFLOWN_POINTS])
    cells = _at_overflown_cells(residual, (sample, near), crossings)
    at_landmarks = _at_landmarks(residual, crossings, has_overflown)
    for each in (at_landmarks, _at_sharp_points(residual, sample), overflown, *cells):
        if each.failing:
            return _wrong(residual, sample, *each.failing)
    unknown = overflown.unknown_fraction * sample.overflown_share
    if unknown > MOST_UNKNOWN or any(each.unknown and not each.zeros for each in cells):
        where = "beyond some place" if unknown <= MOST_UNKNOWN else f"on {unknown:.0%} of the domain"
        reason = f"values are too large to be told apart {where}"
        return Verdict("undecided", reason, {"points": len(enclosed.zeros), "unknown_share": round(unknown, 3)})
    unseen = unseen_share(len(sample.points) or len(enclosed.zeros))
    return confirmed(residual, enclosed.zeros, enclosed.radii, {"unseen_share": round(unseen + unknown, 3)})


def _near(residual: Residual, crossings: list[landmarks.Landmark]) -> floats.Sample:
    """A sample near the roots of parts that are not linear; `floats.sample` is near the others."""
    columns = landmarks.near(residual, crossings, NEAR_CROSSINGS)
    return floats.chosen(residual, columns, *floats.relative_sizes(residual, columns))


def _at_landmarks(residual: Residual, crossings: list[landmarks.Landmark], has_overflown: bool) -> _Enclosures:
    """Close to the roots of parts.

    Only there is exp(-(x^2 - 200)^2) seen, which fades on both sides of some x, or where |x - 40| changes its formula.
    """
    points = landmarks.closest(residual, landmarks.roots_of_lines(residual) + crossings)
    return _enclosed(residual, points, balls.PRECISIONS if has_overflown else balls.PRECISIONS[:2])


def _at_sharp_points(residual: Residual, sample: floats.Sample) -> _Enclosures:
    """Near 0 and far out, at the highest precision.

    What fades on one side, such as 1 - tanh(exp(x)), passes for 0 wherever it is small enough. It is largest where x is
    small, or far out, as 1 - tanh(exp(x + 60)) is.
    """
    nearest = sorted(sample.points, key=distance)[:SHARP_POINTS]
    return _enclosed(residual, nearest + floats.far_points(residual, FAR_POINTS), balls.PRECISIONS[-1:])


def _at_overflown_cells(
    residual: Residual, samples: Sequence[floats.Sample], crossings: list[landmarks.Landmark]
) -> list[_Enclosures]:
    """One for each cell in which floats overflow at all points.

    A cell lies between neighbouring roots of parts. The residual is analytic there, so one known point decides for all.
    """
    if not any(len(each.overflown_x) for each in samples):
        return []
    roots = sorted(each.root for each in landmarks.roots_of_lines(residual) + crossings if each.name == "x")
    known = {cell for each in samples for cell in np.searchsorted(roots, each.known_x)}
    cells: dict[int, _Enclosures] = {}
    for sample in samples:
        for index, cell in enumerate(np.searchsorted(roots, sample.overflown_x)):
            if cell not in known:
                enclosures = cells.setdefault(cell, _Enclosures())
                is_decided = enclosures.zeros or enclosures.failing
                if not is_decided and enclosures.unknown + enclosures.outside < OVERFLOWN_POINTS:
                    enclosures.enclose(residual, sample.overflown[index])
    return list(cells.values())


def _wrong(
    residual: Residual,
    sample: floats.Sample,
    point: Point,
    enclosure: balls.Enclosure,
    more: dict | None = None,
) -> Verdict:
    """Refuted by a point at which the residual is not 0, unless the answer holds on a branch."""
    branch = branch_of(residual, sample.points)
    if branch is None:
        return refuted(point, enclosure, more)
    if not branch.is_explained:
        reason = f"it holds at {len(branch.points)} points and fails at others, parted by places where it has no value"
        return Verdict("undecided", reason, {"points": len(branch.points)})
    verdict = confirmed(residual, branch.points, branch.radii, {"branch": True})
    where = "that depends on the constants" if branch.depends_on_constants else "of x"
    return verdict._replace(reason=f"{verdict.reason}, on an interval {where}")
