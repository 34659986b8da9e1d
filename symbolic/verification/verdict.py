"""What the judge says of an answer."""

from typing import Any, NamedTuple

STATUSES = ("proved", "confirmed", "refuted", "undecided")
SOLVED = frozenset({"proved", "confirmed"})  # the verdicts that count as solved


class Verdict(NamedTuple):
    """A verdict on an answer.

    Attributes:
        status: "proved": the residual is zero symbolically, and at points; "confirmed": it is zero to 50 digits at
            many random points; "refuted": it is not zero, by a rigorous enclosure, or the answer is no answer;
            "undecided": none of these.
        reason: one short sentence.
        evidence: what the verdict rests on, plain numbers and texts under short names.
    """

    status: str
    reason: str
    evidence: dict[str, Any] = {}

    @property
    def solved(self) -> bool:
        """Whether the answer counts as right."""
        return self.status in SOLVED
