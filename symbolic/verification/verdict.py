"""What the judge says of an answer."""

from typing import Any, NamedTuple

from symbolic.verification import balls
from symbolic.verification.constants import independent_constants
from symbolic.verification.extent import FAMILY, GENERAL, PARTICULAR, extent_of
from symbolic.verification.points import Point, named
from symbolic.verification.residual import Residual

STATUSES = ("proved", "confirmed", "refuted", "undecided")
SOLVED = frozenset({"proved", "confirmed"})  # the verdicts that count as solved


class Verdict(NamedTuple):
    """A verdict on an answer.

    Attributes:
        status: "proved": the residual is zero as a formula, and to 50 digits at random points where all parts of
            problem and answer certainly have a value; "confirmed": it is zero to 50 digits at more such points;
            "refuted": it is not zero, by a rigorous enclosure, or the answer is no answer; "undecided": none of these.
            With `branch` in the evidence, "confirmed" says that an answer to a differential equation holds at random
            points and fails at others: it is a solution for some values of its constants, or on an interval. With
            `complex` there, no real point was found at which problem and answer are real, and values are complex, with
            principal values of many-valued functions.
        reason: one short sentence.
        evidence: what the verdict rests on, plain numbers and texts under short names. `points` were checked
            rigorously. `unseen_share` estimates what "confirmed" leaves open: a part of the domain, as it is sampled,
            may be wrong and have been missed, but with 95 % confidence none larger than this share. `order` is that
            of the equation, `constants` how many independent ones the answer holds, `met` the part of random initial
            values that a family of solutions meets; see `extent`.
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

        "general": every real solution but isolated ones. Any primitive is: + C goes without saying. "family": as many
        independent constants as the order asks for, and solutions are missing, as with exp(a8 + x) for Y' = Y.
        "particular": fewer constants, as y = 0 for Y' = Y.
        """
        return self.evidence["extent"] if self.solved else None

    @property
    def general(self) -> bool:
        """Whether the answer is right and holds every real solution but isolated ones."""
        return self.extent == "general"


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
    """A part of the domain, as it is sampled, that is larger than this share holds a point with a probability of 95 %.

    A part as large as that may have been missed on which a residual differs from 0, relative to its largest term, by
    more than floats tell.
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
        reason += f"; a family of solutions that meets {extent.met:.0%} of random initial values"
    return Verdict(status, reason, evidence)


def _text(value) -> str:
    return f"{value[0]} + {value[1]}*I" if isinstance(value, tuple) else str(value)
