"""The verdict on an answer without a known real point: by its principal values, at real x and then at complex x.

A branch cut may part the points into right and wrong ones. If an answer holds at only some of them, its real values
decide: atanh(I sin(x) I) has some, although its parts are complex. The answer is right if it holds at all of these or
on a branch, else undecided. A formula that vanishes proves nothing where functions have many values: SymEngine replaces
sqrt(1/u) sqrt(u) by 1, which is right only for u > 0.
"""

from collections.abc import Callable

import numpy as np

from symbolic.verification import balls, floats, landmarks, symbols
from symbolic.verification.points import Point, candidates, distance, named
from symbolic.verification.residual import Residual, by_real_values, varying_slots
from symbolic.verification.verdict import Verdict, confirmed, proved, refuted, unseen_share

POINTS, FAR_POINTS = 20, 3  # at random, and far from 0 on each side
SHARP_POINTS = 3  # near 0, where the highest precision is used, as at the far ones
ENOUGH_POINTS = 6
_SINGLE_VALUED = {"add", "sub", "mul", "div", "pow", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh"}
_PIECEWISE = {"abs", "sign"}


def judge(residual: Residual, on_the_real_line: Callable[[Residual], Verdict | None]) -> Verdict:
    """Judge an answer that has no real point.

    Args:
        residual: the problem with the answer.
        on_the_real_line: judges by real points, for an answer whose values are real although its parts are not.
    """
    for points in (_real_points(residual), _complex_points(residual)):
        enclosures = [(point, balls.enclose(residual, point, is_complex=True)) for point in points]
        wrong = [each for each in enclosures if each[1].status == "nonzero"]
        right = [each for each in enclosures if each[1].status == "zero"]
        if len(wrong) + len(right) < ENOUGH_POINTS:
            continue
        if not wrong:
            return _holding(residual, right)
        if not right:
            return _failing(residual, wrong)
        wrong_share = round(len(wrong) / (len(wrong) + len(right)), 3)
        reason = "not real everywhere; with complex values it holds at some points only"
        undecided = Verdict("undecided", reason, _evidence(wrong + right) | {"wrong_share": wrong_share})
        return _on_real_values(residual, on_the_real_line) or undecided
    return Verdict("undecided", "no points were found at which problem and answer have values")


def _holding(residual: Residual, right: list[tuple[Point, balls.Enclosure]]) -> Verdict:
    """The verdict on an answer that holds at all points tried."""
    points, radii = [point for point, _ in right], [enclosure.radius for _, enclosure in right]
    by_distance = sorted(points, key=distance)
    evidence = _evidence(right)
    evidence["unseen_share"] = unseen_share(len(points))
    if _is_single_valued(residual) and symbols.is_zero(residual):
        return proved(residual, points, radii, evidence)
    for point in by_distance[:SHARP_POINTS] + by_distance[-2 * FAR_POINTS :]:
        enclosure = balls.enclose(residual, point, is_complex=True, precisions=balls.PRECISIONS[-1:])
        if enclosure.status == "nonzero":
            reason = f"not real everywhere; with complex values it fails at {named(point)}"
            return Verdict("undecided", reason, evidence)
    return confirmed(residual, points, radii, evidence)


def _failing(residual: Residual, wrong: list[tuple[Point, balls.Enclosure]]) -> Verdict:
    """The verdict on an answer that fails at all points tried: refuted if complex values tell."""
    evidence = _evidence(wrong)
    if _complex_values_tell(residual):
        return refuted(*wrong[0], evidence)
    reason = "no real point was found; with complex values it fails, but those of another branch may not"
    return Verdict("undecided", reason, evidence | {"wrong_share": 1.0})


def _evidence(enclosures: list) -> dict:
    return {"points": len(enclosures), "complex": True}


def _complex_values_tell(residual: Residual) -> bool:
    """Whether wrong complex values refute an answer without a known real point.

    They do if the residual is single-valued. They also do if the problem is real where the answer is not, unless it
    holds |.| or sign, which have no derivative at complex arguments.
    """
    if _is_single_valued(residual):
        return True
    steps = residual.program.steps
    heads = {steps[slot][0] for slot in varying_slots(residual)}
    return heads.isdisjoint(_PIECEWISE) and floats.problem_is_real(residual)


def _is_single_valued(residual: Residual) -> bool:
    """Whether no function of many values is applied to anything that varies."""
    steps, varying = residual.program.steps, varying_slots(residual)
    heads = {steps[slot][0] for slot in varying if steps[slot][1]}
    powers = [steps[slot][1] for slot in varying if steps[slot][0] == "pow"]
    return heads <= _SINGLE_VALUED and all(base not in varying or isinstance(steps[n][0], int) for base, n in powers)


def _on_real_values(residual: Residual, on_the_real_line: Callable[[Residual], Verdict | None]) -> Verdict | None:
    """Proved or confirmed where an answer has real values; None if it is neither.

    It is None if the answer is certainly complex at some real point. By the identity theorem, what is real on an
    interval is real as far as it is analytic. So such an answer only seems real elsewhere: the imaginary part of
    I (1 - tanh(exp(x))) is too small to be seen for large x.
    """
    if residual.holds_derivative or any(balls.is_not_real(residual, point) for point in floats.hardly_real(residual)):
        return None
    verdict = on_the_real_line(by_real_values(residual))
    if verdict is None or not verdict.solved:
        return None
    reason = f"{verdict.reason}; parts of the answer are complex, its values there are real"
    return verdict._replace(reason=reason, evidence=verdict.evidence | {"complex_parts": True})


def _real_points(residual: Residual) -> list[Point]:
    """Points near 0, far from it, and near the roots of parts."""
    columns = candidates(residual.free, residual.seed, POINTS, widest=50.0)
    near = floats.points_of(residual, columns, np.arange(POINTS))[:]
    return (
        near + floats.far_points(residual, FAR_POINTS) + landmarks.closest(residual, landmarks.roots_of_lines(residual))
    )


def _complex_points(residual: Residual) -> list[Point]:
    columns = candidates(residual.free, residual.seed, POINTS, widest=50.0)
    heights = candidates([], residual.seed + 1, POINTS, widest=5.0)["x"]
    return floats.points_of(residual, columns | {"x": columns["x"] + 1j * heights}, np.arange(POINTS))[:]
