"""What a solver gives back: what was asked, everything that was tried, and which of it is an answer.

Only a candidate that verified is an answer.
"""

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any

from symbolic.expressions.infix import to_infix
from symbolic.expressions.prefix import PrefixError, Tree, from_prefix
from symbolic.solving.candidates import Candidate, best_of
from symbolic.solving.question import Question
from symbolic.solving.rounds import Certificate
from symbolic.solving.sandbox import derivative_of, evaluated, limited_map
from symbolic.verification import Verdict

if TYPE_CHECKING:
    import sympy as sp

# What an answer that is not the general solution is called.
_PARTS = {"family": "a family of solutions", "particular": "a particular solution"}

_TIME_LIMIT = 5.0  # seconds for `derivative` and `expression` each


@dataclasses.dataclass(frozen=True, repr=False)
class Solution:
    """The outcome for one integral or differential equation. Prints as text, and in a notebook as LaTeX.

    To print it computes nothing. `derivative`, `expression` and `report` do, once, in a process with limits.

    Attributes:
        question: what was asked, and the problem that the model read.
        candidates: all that was tried: the model's hypotheses, the likeliest first, then what was made of them.
        seconds: how long search and proof took.
        certificate: a proof that there is no elementary answer; None if nobody proved it.
    """

    question: Question
    candidates: list[Candidate]
    seconds: float
    certificate: Certificate | None = None

    @property
    def asked(self) -> Tree:
        """The integrand, or the equation `sub left right`, as it was written."""
        return self.question.asked

    @property
    def problem(self) -> str:
        """What the model read, as prefix text."""
        return self.question.problem

    @property
    def is_integral(self) -> bool:
        """Whether an integral was asked for; then the answer is one primitive, without its + C."""
        return self.question.is_integral

    @property
    def best(self) -> Candidate | None:
        """The first candidate that verified; of an equation's, the first general solution if there is one.

        If none verified, the first of all; None if nothing was tried.
        """
        return best_of(self.candidates)

    @property
    def verdict(self) -> Verdict:
        """The verdict on the best candidate, with its evidence (`verdict.evidence`)."""
        return Verdict("undecided", "nothing was tried") if self.best is None else self.best.verdict

    @property
    def answer(self) -> Tree | None:
        """y(x); None if no candidate verified."""
        return from_prefix(self.best.tokens) if self.verdict.solved else None

    @functools.cached_property
    def expression(self) -> "sp.Expr | None":
        """The answer in SymPy, unevaluated if SymPy takes too long to evaluate it; None if no candidate verified."""
        if not self.verdict.solved:
            return None
        with limited_map(1, _TIME_LIMIT) as compute:
            (expression,) = compute(evaluated, [(self.best.tokens,)])
        from symbolic.expressions.exchange import to_sympy

        return to_sympy(self.answer) if expression is None else expression

    @functools.cached_property
    def derivative(self) -> Tree | None:
        """The derivative of the best candidate by x, an answer or not; None if there is none or it is too costly."""
        if self.best is None:
            return None
        with limited_map(1, _TIME_LIMIT) as compute:
            (text,) = compute(derivative_of, [(self.best.tokens,)])
        return None if text is None else from_prefix(text)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain texts and numbers, expressions as a person types them."""
        from symbolic.expressions.exchange import to_latex  # here, because importing SymPy takes a third of a second

        answer, special = self.answer, self.certificate and self.certificate.special
        return {
            "integrand" if self.is_integral else "equation": to_infix(self.asked),
            "answer": None if answer is None else to_infix(answer),
            "latex": None if answer is None else to_latex(answer),
            "general": self.verdict.general,
            **self.verdict._asdict(),
            "not_elementary": None if self.certificate is None else self.certificate.author,
            "with_special_functions": special and special.text,
            "seconds": round(self.seconds, 3),
            "problem": self.problem,
            "candidates": [_as_dict(candidate) for candidate in self.candidates],
        }

    def report(self) -> str:
        """The text of `print`, and of an integral also the derivative of the best candidate, beside the integrand."""
        return self._text(self.derivative if self.is_integral else None)

    def __repr__(self) -> str:
        return self._text()

    def _text(self, derivative: Tree | None = None) -> str:
        lines = [f"{'integrand' if self.is_integral else 'equation':<11} {to_infix(self.asked)}"]
        if self.answer is not None:
            lines.append(f"answer      {self._answer_as_text()}")
        elif self.certificate is not None:
            lines.append(f"answer      none is elementary, by {self.certificate.author}'s Risch algorithm")
            if self.certificate.special is not None:
                lines.append(f"            with special functions: {self.certificate.special.text} + C")
            return "\n".join(lines)
        elif self.best is not None:
            likeliest = _as_typed(self.best)
            lines.append(f"no verified answer; the likeliest of {len(self.candidates)} candidates: {likeliest}")
        if derivative is not None:
            lines.append(f"derivative  {to_infix(derivative)}")
        lines.append(f"verdict     {self.verdict.status}: {self.verdict.reason}")
        if self.answer is None and self.candidates:
            lines += ["tried         score  by         verdict    candidate", *map(_line, self.candidates)]
        return "\n".join(lines)

    def _answer_as_text(self) -> str:
        text = to_infix(self.answer) + self._plus_constant()
        remarks = [] if self.verdict.general else [_PARTS[self.verdict.extent]]
        remarks += [] if self.best.origin == "model" else [f"by {self.best.origin}"]
        return ("" if self.is_integral else "Y = ") + text + (f" ({', '.join(remarks)})" if remarks else "")

    def _plus_constant(self) -> str:
        """The constant of integration, where the answer does not write one, as in the training data."""
        missing = self.verdict.general and self.verdict.evidence["constants"] < self.verdict.evidence["order"]
        return " + C" if missing else ""

    def _repr_latex_(self) -> str:
        from symbolic.expressions.exchange import to_latex

        asked = to_latex(self.asked)
        if self.is_integral:
            asked = rf"\int \left({asked}\right)\,dx" if self.asked.head == "add" else rf"\int {asked}\,dx"
        if self.answer is None:
            return f"no verified answer to ${asked}$ among {len(self.candidates)} candidates"
        gives = "=" if self.is_integral else r"\;\Rightarrow\; Y ="
        return f"${asked} {gives} {to_latex(self.answer)}{self._plus_constant()}$ ({self.verdict.status})"


def _as_typed(candidate: Candidate) -> str:
    """A candidate as a person types it; its tokens if they are no expression."""
    try:
        return to_infix(from_prefix(candidate.tokens))
    except PrefixError:
        return candidate.tokens


def _line(candidate: Candidate) -> str:
    score = "" if math.isnan(candidate.score) else f"{candidate.score:.2f}"
    return f"{score:>19}  {candidate.origin:<9}  {candidate.verdict.status:<9}  {_as_typed(candidate)}"


def _as_dict(candidate: Candidate) -> dict[str, Any]:
    score = None if math.isnan(candidate.score) else float(candidate.score)
    named = {"expression": _as_typed(candidate), "tokens": candidate.tokens, "score": score, "origin": candidate.origin}
    return named | candidate.verdict._asdict()
