"""The verdict on an answer."""

from typing import Any, NamedTuple

from symbolic.verification import balls
from symbolic.verification.constants import independent_constants
from symbolic.verification.domain import domain_of
from symbolic.verification.extent import FAMILY, GENERAL, PARTICULAR, extent_of
from symbolic.verification.points import Point, named
from symbolic.verification.residual import Residual

STATUSES = ("proved", "confirmed", "refuted", "undecided")
SOLVED = frozenset({"proved", "confirmed"})  # the verdicts that count as solved


class Verdict(NamedTuple):
    """A verdict on an answer.

    Attributes:
        status: "proved": the residual is zero as a formula, and to 50 digits at random points where all parts of
            problem and answer certainly have a value. "confirmed": it is zero to 50 digits at more such points.
            "refuted": it is not zero, by a rigorous enclosure, or the answer is no answer. "undecided": none of these.
        reason: one short sentence.
        evidence: what the verdict rests on, plain numbers and texts under short names:
            `points`: how many points were checked rigorously.
            `branch`: the answer to a differential equation holds at some random points and fails at others. It is a
            solution for some values of its constants, or on an interval.
            `complex`: no point was found at which problem and answer are real. Values are complex, those of many-valued
            functions are principal values.
            `unseen_share`: with 95 % confidence, at most this fraction of the sampled domain is wrong and was missed.
            `order`, `constants`: the order of the equation, and the number of independent constants of the answer.
            `met`: the fraction of random initial values that a family of solutions meets; see `extent`.
            `domain`: where a right answer holds, if that was asked for and is known: `holds` and `problem` are unions
            of intervals as text, `whole` tells whether the first is all of the second, `jumps` lists where the answer
            jumps and the problem does not, `share` is the fraction of the problem's x at which the answer holds.
    """

    status: str
    reason: str
    evidence: dict[str, Any] = {}

    @property
    def solved(self) -> bool:
        """Whether the answer counts as right."""
        return self.status in SOLVED

    @property
    def extent(self) -> str | None:
        """How much of the solution a right answer is; None for one that is not known to be right.

        "general": every real solution except isolated ones. Every primitive is general, as + C goes without saying.
        "family": it has as many independent constants as the order, but solutions are missing, as in exp(a8 + x) for
        Y' = Y. "particular": it has fewer constants, as y = 0 for Y' = Y.
        """
        return self.evidence["extent"] if self.solved else None

    @property
    def general(self) -> bool:
        """Whether the answer is right and holds every real solution except isolated ones."""
        return self.extent == "general"


def with_domain(verdict: Verdict, residual: Residual) -> Verdict:
    """The verdict on a right answer, with its domain."""
    domain = domain_of(residual) if "complex" not in verdict.evidence else None
    if domain is None:
        return verdict
    sentence = domain.sentence(residual.is_integral)
    reason = f"{verdict.reason}; {sentence}" if sentence else verdict.reason
    return verdict._replace(reason=reason, evidence=verdict.evidence | {"domain": domain._asdict()})


def proved(residual: Residual, points: list[Point], radii: list[float], more: dict | None = None) -> Verdict:
    """The verdict on a residual that is 0 as a formula, and at these points, where it is at most `radii`."""
    return _right("proved", "the residual is 0 as a formula, and", residual, points, radii, more or {})


def confirmed(residual: Residual, points: list[Point], radii: list[float], more: dict | None = None) -> Verdict:
    """The verdict on a residual that is 0 at these points to DIGITS digits."""
    return _right("confirmed", f"the residual is 0 to {balls.DIGITS} digits", residual, points, radii, more or {})


def refuted(point: Point, enclosure: balls.Enclosure, more: dict | None = None) -> Verdict:
    """The verdict on a residual that is certainly not 0 at a point."""
    evidence = {"point": {name: _text(value) for name, value in point.items()}, "residual": enclosure.value}
    reason = f"the residual at {named(point)} is {enclosure.value}, not 0"
    return Verdict("refuted", reason, evidence | (more or {}))


def unseen_share(points: int) -> float:
    """With 95 % confidence, at most this fraction of the sampled domain is wrong and was missed by all points.

    It solves (1 - fraction)^points = 0.05. Wrong means that floats could see it: the residual differs enough from 0
    relative to its largest term.
    """
    return round(1 - 0.05 ** (1 / points), 3)


def _right(
    status: str, reason: str, residual: Residual, points: list[Point], radii: list[float], more: dict
) -> Verdict:
    is_complex = "complex" in more
    evidence = {"points": len(points), **more, "radius": max(radii)}
    reason += f" at {len(points)} {'complex' if is_complex else 'real'} points"
    constants = independent_constants(residual, points, is_complex)
    extent = extent_of(residual, constants, points, is_complex)
    evidence |= {"order": residual.order, "constants": constants, "extent": extent.word}
    evidence["general"] = extent.word == GENERAL
    if extent.word == PARTICULAR:
        reason += f"; of the {residual.order} independent constants of the general solution it holds {constants}"
    if extent.met is not None and extent.word == FAMILY:
        evidence["met"] = extent.met
        reason += f"; a family of solutions that meets {_share(extent.met)} of random initial values"
    return Verdict(status, reason, evidence)


_SHARES = {
    0.05: "few", 0.1: "about a tenth", 0.25: "about a quarter", 0.33: "about a third", 0.5: "about half",
    0.67: "about two thirds", 0.75: "about three quarters", 0.9: "most",
}  # fmt: skip


def _share(fraction: float) -> str:
    """A fraction that is an estimate, in words."""
    return _SHARES[min(_SHARES, key=lambda each: abs(each - fraction))]


def _text(value) -> str:
    return f"{value[0]} + {value[1]}*I" if isinstance(value, tuple) else str(value)
