"""Whether an answer is right: cheap checks first, rigorous ones where they matter.

    floats   find points of the common real domain of problem and answer, and those where the residual looks wrong;
    balls    enclose the residual there: an enclosure without 0 refutes the answer;
    symbols  a residual that vanishes as a formula, and
    balls    again, at a few points, where it must have a value: zero to 50 digits at all of them proves the answer;
             without the formula, at more points, it confirms it.

An answer is right when it satisfies the equation wherever problem and answer are real, poles and jumps aside: ln x and
ln|x| are primitives of 1/x, asin(sin x) is none of 1. For a solution with constants it is enough to solve the equation
on an interval that depends on them (see `branches`). What "confirmed" leaves open is a residual below 10^-50 at
every point tried, or one that differs from 0 only on a part of the domain that all points missed, beyond 10,000, say;
the evidence estimates how large that may be. Of a differential equation's answer it also says how many independent
constants it holds, and the verdict says whether that is a general solution (see `Verdict`).

Everything runs in the calling process, without limits on time; `verify_many` has them.
"""

from symbolic.expressions.prefix import Tree, to_prefix
from symbolic.verification import balls, floats, symbols
from symbolic.verification.branches import branch_of
from symbolic.verification.constants import constants_asked_for, independent_constants
from symbolic.verification.residual import AnswerError, ProblemError, Residual, by_real_values, residual_of
from symbolic.verification.verdict import Verdict

Point = dict[str, float]  # or complex: variable or coefficient to value

CONFIRMING_POINTS = 16
ENOUGH_POINTS = 6  # fewer known points say too little
# What is not 0 as a formula is looked at with the highest precision at so many points near 0, and far from it on each
# side.
SHARP_POINTS, FAR_POINTS = 3, 3
COMPLEX_POINTS = 24
_SINGLE_VALUED = {"add", "sub", "mul", "div", "pow", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh"}
_PIECEWISE = {"abs", "sign"}


def verify(problem: Tree | str, answer: Tree | str, seed: int = 0) -> Verdict:
    """Judge an answer to an equation.

    Args:
        problem: the left-hand side of an equation = 0 in x, Y, Y', Y'', as a tree or prefix text; `sub Y' f` asks for
            a primitive of f.
        answer: y(x) as a tree or prefix text. Coefficients a0 … a9 that are not the problem's are its constants: the
            equation must hold for any values of them, or on a branch (see above).
        seed: of the random points.

    Returns:
        A verdict; malformed input gets one too ("undecided" where the problem is at fault, "refuted" where the answer
        is).
    """
    try:
        residual = residual_of(problem, answer)
    except ProblemError as error:
        return Verdict("undecided", str(error))
    except AnswerError as error:
        return Verdict("refuted", str(error))
    sample = floats.sample(residual, seed)
    if sample.points:
        return _on_the_real_line(residual, sample, seed)
    if symbols.is_undefined(residual):
        return Verdict("refuted", "the answer is undefined: it divides by zero or the like")
    return _off_the_real_domain(residual, seed)


def _on_the_real_line(residual: Residual, sample: floats.Sample, seed: int) -> Verdict:
    for point in sample.points[: sample.suspicious]:
        enclosure = balls.enclose(residual, point)
        if enclosure.status == "nonzero":
            refutation = _refuted(point, enclosure, {"wrong_share": sample.wrong_share})
            return _on_a_branch(residual, sample.points, seed) or refutation
    formula_is_zero = symbols.is_zero(residual)
    return _by_balls(residual, sample.points, formula_is_zero, seed)


def _by_balls(residual: Residual, points: list[Point], formula_is_zero: bool, seed: int) -> Verdict:
    """Proved or confirmed if the residual is 0 to 50 digits at enough points, refuted if it is not 0 at one."""
    asked_for = ENOUGH_POINTS if formula_is_zero else CONFIRMING_POINTS
    zeros, radii = [], []
    for point in points:
        enclosure = balls.enclose(residual, point)
        if enclosure.status == "nonzero":
            return _on_a_branch(residual, points, seed) or _refuted(point, enclosure)
        if enclosure.status == "zero":
            zeros.append(point)
            radii.append(enclosure.radius)
        if len(radii) == asked_for:
            break
    if len(radii) < ENOUGH_POINTS:
        return Verdict("undecided", f"only {len(radii)} real points could be checked", {"points": len(radii)})
    evidence = {"points": len(radii), "radius": max(radii)}
    if formula_is_zero:
        return _right("proved", residual, zeros, evidence)
    # What fades on one side, such as 1 - tanh(exp(x)), passes for 0 wherever it is small enough: least so where x is
    # small, or, as 1 - tanh(exp(x + 60)) does, beyond all points tried. What fades on both sides of some x, as
    # exp(-(x^2 - 200)^2) does, is seen only where `floats` looks: near 0, and near the roots of what is linear in it.
    far = floats.far_points(residual, seed, FAR_POINTS)
    for point in _nearest(points) + far:
        enclosure = balls.enclose(residual, point, precisions=balls.PRECISIONS[-1:])
        if enclosure.status == "nonzero":
            return _on_a_branch(residual, points + far, seed) or _refuted(point, enclosure)
    return _right("confirmed", residual, zeros, evidence | {"unseen_share": _unseen_share(len(points))})


def _nearest(points: list[Point]) -> list[Point]:
    return sorted(points, key=lambda point: abs(point.get("x", 0)))[:SHARP_POINTS]


def _unseen_share(points: int) -> float:
    """A part of the domain, as it is sampled, that is larger than this share holds a point with a probability of 95 %.

    So large a part may have been missed on which a residual differs from 0, relative to its largest term, by more than
    floats tell.
    """
    return round(1 - 0.05 ** (1 / points), 3)


def _on_a_branch(residual: Residual, points: list[Point], seed: int) -> Verdict | None:
    """Confirmed if the answer, wrong for some values of its constants, solves the equation for others."""
    branch = branch_of(residual, points, seed)
    if branch is None:
        return None
    evidence = {"points": len(branch.radii), "radius": max(branch.radii), "branch": True}
    verdict = _right("confirmed", residual, branch.points, evidence)
    return verdict._replace(reason=f"{verdict.reason}, on an interval that depends on the constants")


def _off_the_real_domain(residual: Residual, seed: int) -> Verdict:
    """Judge an answer with parts that are real nowhere, by principal values, at real x first and then at complex x.

    A branch cut may part the points into right and wrong ones: an answer that holds at some only is right if it holds
    wherever its values are real all the same, or on a branch there, and else undecided.
    """
    for points in _real_and_complex_points(residual, seed):
        enclosures = [(point, balls.enclose(residual, point, is_complex=True)) for point in points]
        wrong = [(point, enclosure) for point, enclosure in enclosures if enclosure.status == "nonzero"]
        radii = [enclosure.radius for _, enclosure in enclosures if enclosure.status == "zero"]
        if len(wrong) + len(radii) < ENOUGH_POINTS:
            continue
        evidence = {"points": len(wrong) + len(radii), "complex": True}
        if not radii:
            if _complex_values_tell(residual, seed):
                return _refuted(*wrong[0], evidence)
            reason = "no real point was found; with complex values it fails, but those of another branch may not"
            return Verdict("undecided", reason, evidence | {"wrong_share": 1.0})
        if wrong:
            if (verdict := _on_real_values(residual, seed)) is not None:
                return verdict
            reason = "not real everywhere; with complex values it holds at some points only"
            return Verdict("undecided", reason, evidence | {"wrong_share": round(len(wrong) / evidence["points"], 3)})
        evidence["radius"] = max(radii)
        if symbols.is_zero(residual):
            return _right("proved", residual, points, evidence)
        for point in _nearest(points) + floats.far_points(residual, seed, FAR_POINTS):
            enclosure = balls.enclose(residual, point, is_complex=True, precisions=balls.PRECISIONS[-1:])
            if enclosure.status == "nonzero":
                reason = f"not real everywhere; with complex values it fails at {_named(point)}"
                return Verdict("undecided", reason, evidence)
        return _right("confirmed", residual, points, evidence | {"unseen_share": _unseen_share(len(radii))})
    return Verdict("undecided", "no points were found at which problem and answer have values")


def _complex_values_tell(residual: Residual, seed: int) -> bool:
    """Whether complex values that are wrong refute an answer of which no real point is known.

    They do if the residual has one value wherever it has any; and if the problem is real where the answer is not, but
    for |.| and sign, which are other functions elsewhere.
    """
    steps, varying = residual.program.steps, _varying(residual)
    heads = {steps[slot][0] for slot in varying if steps[slot][1]}
    powers = [steps[slot][1] for slot in varying if steps[slot][0] == "pow"]
    if heads <= _SINGLE_VALUED and all(base not in varying or isinstance(steps[n][0], int) for base, n in powers):
        return True
    return heads.isdisjoint(_PIECEWISE) and floats.problem_is_real(residual, seed)


def _varying(residual: Residual) -> set[int]:
    """The slots that the residual needs and whose values are not the same at all points."""
    steps, needed = residual.program.steps, {residual.slot}
    for slot in range(residual.slot, -1, -1):  # operands come before their use
        if slot in needed:
            needed.update(steps[slot][1])
    varying = set()
    for slot in sorted(needed):
        head, operands = steps[slot]
        if not varying.isdisjoint(operands) or (not operands and head in residual.free):
            varying.add(slot)
    return varying


def _on_real_values(residual: Residual, seed: int) -> Verdict | None:
    """Proved or confirmed where an answer has real values, as atanh(I sin(x) I) has; None if it is neither.

    It must not be certain of any real point that the answer is complex there: by the identity theorem, a part that is
    real on an interval is real as far as it is analytic, and what seems real elsewhere, as I (1 - tanh(exp(x))) does
    for large x, has an imaginary part too small to be seen.
    """
    if "derivative" in to_prefix(residual.problem):  # of Y, whose values do not tell it
        return None
    if any(balls.is_not_real(residual, point) for point in floats.hardly_real(residual, seed)):
        return None
    residual = by_real_values(residual)
    sample = floats.sample(residual, seed)
    if not sample.points:
        return None
    verdict = _on_the_real_line(residual, sample, seed)
    if not verdict.solved:
        return None
    reason = f"{verdict.reason}; parts of the answer are complex, its values there are real"
    return verdict._replace(reason=reason, evidence=verdict.evidence | {"complex_parts": True})


def _real_and_complex_points(residual: Residual, seed: int):
    columns = floats.candidates(seed, COMPLEX_POINTS, widest=50.0)
    real = [{name: float(columns[name][row]) for name in residual.free} for row in range(COMPLEX_POINTS)]
    yield real
    heights = floats.candidates(seed + 1, COMPLEX_POINTS, widest=5.0)["x"]
    yield [point | {"x": complex(point["x"], height)} for point, height in zip(real, heights, strict=True)]


def _named(point: Point) -> str:
    return ", ".join(f"{name} = {value:.6g}" for name, value in point.items())


def _refuted(point: Point, enclosure: balls.Enclosure, more: dict | None = None) -> Verdict:
    evidence = {"point": {name: str(value) for name, value in point.items()}, "residual": enclosure.value}
    evidence |= more or {}
    return Verdict("refuted", f"the residual at {_named(point)} is {enclosure.value}, not 0", evidence)


def _right(status: str, residual: Residual, points: list[Point], evidence: dict) -> Verdict:
    points_named = f"{evidence['points']} {'complex' if 'complex' in evidence else 'real'} points"
    if status == "proved":
        reason = f"the residual is 0 as a formula, and at {points_named}"
    else:
        reason = f"the residual is 0 to {balls.DIGITS} digits at {points_named}"
    constants = independent_constants(residual, points, "complex" in evidence)
    is_general = constants >= constants_asked_for(residual)
    evidence |= {"order": residual.order, "constants": constants, "general": is_general}
    if not is_general:
        reason += f"; of the {residual.order} independent constants of the general solution it holds {constants}"
    return Verdict(status, reason, evidence)
