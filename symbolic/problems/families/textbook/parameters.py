"""The numbers of textbook problems: small ones mostly, now and then of two or three digits, rationals, roots, letters.

All randomness comes from `draw_below`, so a seed gives the same numbers on every machine.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import symengine as se

from symbolic.problems.families.trees import draw_below

T = TypeVar("T")
LETTERS = tuple(se.Symbol(f"a{i}") for i in range(4))  # constants that stand for any number


class Parameters:
    """Draws the parameters of one problem."""

    def __init__(self, rng: np.random.Generator, letters: bool):
        """Args: letters: whether `scale` and `shift` may be letters in this problem."""
        self._rng = rng
        self._letters = list(LETTERS) if letters else []

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1."""
        return draw_below(self._rng, bound)

    def chance(self, percent: int) -> bool:
        """True in `percent` of 100 draws."""
        return self.below(100) < percent

    def one_of(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        return choices[self.below(len(choices))]

    def positive(self) -> se.Integer:
        """A positive whole number: of one digit in 85 % of the draws, of two in 12 %, of three in 3 %."""
        kind = self.below(100)
        if kind < 85:
            return se.Integer(1 + self.below(9))
        return se.Integer(10 + self.below(90)) if kind < 97 else se.Integer(100 + self.below(900))

    def small(self, largest: int = 6) -> se.Integer:
        """A whole number from 1 to `largest`."""
        return se.Integer(1 + self.below(largest))

    def nonzero(self) -> se.Integer:
        """A whole number other than 0."""
        return self.positive() * (-1 if self.chance(35) else 1)

    def whole(self) -> se.Integer:
        """A whole number, 0 in 20 % of the draws."""
        return se.Integer(0) if self.chance(20) else self.nonzero()

    def coefficient(self) -> se.Basic:
        """A factor before a term: mostly 1, else a whole number, a rational, a root, pi, or a letter."""
        kind = self.below(100)
        if kind < 45:
            return se.Integer(1)
        if kind < 82:
            return self.nonzero()
        if kind < 95:
            return self.rational()
        if self._letters and kind < 99:
            return self._letter()
        return se.sqrt(self.one_of((2, 3, 5, 6, 7))) if self.chance(70) else se.pi

    def rational(self) -> se.Basic:
        """A quotient of small whole numbers, with its sign."""
        value = se.Rational(int(self.small(9)), int(1 + self.small(8)))
        return -value if self.chance(30) else value

    def scale(self) -> se.Basic:
        """What multiplies x within a function: 1 in 30 % of the draws, never 0."""
        kind = self.below(100)
        if kind < 30:
            return se.Integer(1)
        if self._letters and kind > 60:
            return self._letter()
        if kind < 80:
            return self.small(9) if self.chance(85) else self.positive()
        return -self.small(5) if kind < 88 else abs(self.rational())

    def shift(self) -> se.Basic:
        """What is added to x within a function: 0 in 60 % of the draws."""
        if self.chance(60):
            return se.Integer(0)
        return self._letter() if self._letters and self.chance(30) else self.nonzero()

    def linear(self, x: se.Basic) -> tuple[se.Basic, se.Basic]:
        """(a*x + b, a)."""
        a = self.scale()
        return a * x + self.shift(), a

    def exponent(self) -> se.Basic:
        """An exponent other than 0 and -1: whole and half numbers, thirds."""
        kind = self.below(100)
        if kind < 50:
            return self.small(6)
        if kind < 65:
            return -se.Integer(2 + self.below(4))
        denominator = 2 if kind < 85 else self.one_of((3, 4, 5))
        numerator = self.one_of([n for n in range(-7, 8) if n % denominator and n != -denominator])
        return se.Rational(numerator, denominator)

    def _letter(self) -> se.Symbol:
        return self.one_of(self._letters)
