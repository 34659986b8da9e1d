"""What the judge says of an answer."""

from typing import Any, NamedTuple

STATUSES = ("proved", "confirmed", "refuted", "undecided")
SOLVED = frozenset({"proved", "confirmed"})  # the verdicts that count as solved


class Verdict(NamedTuple):
    """A verdict on an answer.

    Attributes:
        status: "proved": the residual is zero as a formula, and to 50 digits at random points where all parts of
            problem and answer certainly have a value; "confirmed": it is zero to 50 digits at more such points;
            "refuted": it is not zero, by a rigorous enclosure, or the answer is no answer; "undecided": none of these.
            With `branch` in the evidence, "confirmed" says that an answer to a differential equation holds at random
            points and fails at others, with the same x and other constants: it is a solution for some values of its
            constants, or on an interval that depends on them. With `complex` there, no real point was found at which
            problem and answer are real, and values are complex, with principal values of many-valued functions.
        reason: one short sentence.
        evidence: what the verdict rests on, plain numbers and texts under short names. `points` were checked
            rigorously. `unseen_share` estimates what "confirmed" leaves open: a part of the domain, as it is sampled,
            may be wrong and have been missed, but with 95 % confidence none larger than this share. `order` is that
            of the equation, `constants` how many independent ones the answer holds; see `general`.
    """

    status: str
    reason: str
    evidence: dict[str, Any] = {}

    @property
    def solved(self) -> bool:
        """Whether the answer counts as right."""
        return self.status in SOLVED

    @property
    def general(self) -> bool:
        """Whether the answer is right and holds all the constants that it should: y = 0 solves Y' = Y and is not.

        Any primitive is general: + C goes without saying.
        """
        return self.solved and self.evidence["general"]
