"""What every method may use: hypotheses, integrals, and time."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import symengine as se

from symbolic.algebra.terms import additive_terms, constant_factor
from symbolic.solving.linearise import primitives as integration
from symbolic.solving.linearise.forms import length
from symbolic.solving.linearise.functions import put_in
from symbolic.solving.linearise.primitives import Integrals
from symbolic.solving.linearise.symbols import CONSTANTS, X, Y

_LONGEST = 200  # tokens of a hypothesis whose terms are used


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

    def through(self, disguise: se.Basic) -> "Means":
        """The same with the hypotheses as they are for a new unknown v = disguise(x, Y)."""
        if disguise == Y:
            return self
        values = (put_in(disguise, {Y: hypothesis}) for hypothesis in self.hypotheses)
        return self._replace(hypotheses=[value for value in values if value is not None])

    def terms(self) -> list[se.Basic]:
        """The terms of the hypotheses without constant factors, constants being 1."""
        found: dict[se.Basic, None] = {}
        for hypothesis in self.hypotheses:
            value = put_in(hypothesis, dict.fromkeys(CONSTANTS, se.Integer(1)))
            for term in additive_terms(value) if value is not None and length(value) < _LONGEST else ():
                found[constant_factor(term)[1]] = None
        return [term for term in found if term.free_symbols == {X}]

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
