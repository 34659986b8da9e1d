"""What every method may use: hypotheses, integrals, and time."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import symengine as se

from symbolic.solving.linearise import primitives as integration
from symbolic.solving.linearise.primitives import Integrals


class Means(NamedTuple):
    """What every method may use.

    Attributes:
        hypotheses: what a model proposes, as expressions in x and constants.
        ask: answers integration problems that `integration` does not, see `primitives`; None if nobody does.
        left: the equation's left-hand side as it was asked; how it is written shows substitutions.
        deadline: seconds of CPU time of this process at which a search stops.
    """

    hypotheses: Sequence[se.Basic]
    ask: Integrals | None
    left: se.Basic
    deadline: float

    def time_is_up(self) -> bool:
        return time.process_time() > self.deadline

    def primitive(self, integrand: se.Basic) -> se.Basic | None:
        """A primitive by x, or None."""
        return self.primitives([integrand])[0]

    def primitives(self, integrands: Sequence[se.Basic]) -> list[se.Basic | None]:
        """A primitive by x of each, or None."""
        if self.time_is_up():
            return [None] * len(integrands)
        return integration.primitives(integrands, self.ask)
