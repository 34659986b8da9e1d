"""What a solver gives back: what was asked, everything that was tried, and which of it is an answer.

Only a candidate that verified is an answer. It is shown first, in the names of the person who asked; then how much of
the solution it is, where it holds, who found it and how it was checked.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic.expressions.prefix import PrefixError, Tree, from_prefix
from symbolic.solving.candidates import Candidate, best_of
from symbolic.solving.finishing import Finished, Value
from symbolic.solving.question import Names, Question
from symbolic.solving.rounds import Certificate
from symbolic.solving.sandbox import derivative_of, evaluated, limited_map
from symbolic.solving.wording import domain_in_words, latex, name_table, shown_number, words
from symbolic.verification import Verdict

if TYPE_CHECKING:
    import sympy as sp

_TIME_LIMIT = 5.0  # seconds for `derivative` and `expression` each
_SHOWN = 5  # candidates that are listed where there is no answer

# What an answer is called by how much of the solution it is.
_EXTENTS = {
    "general": "the general solution",
    "family": "a family of solutions, not all of them",
    "particular": "a particular solution",
}
# Who found it, by the candidate's origin.
_FINDERS = {
    "model": "the model",
    "repair": "repair: the model's terms, with coefficients from linear algebra",
    "linearity": "linearity: the integral was taken part by part",
    "ansatz": "ansatz: the rules and trial functions of a calculus course",
    "linearise": "linearise: the methods for kinds of equations",
    "giac": "Giac",
    "maxima": "Maxima",
    "fricas": "FriCAS",
    "alkahest": "Alkahest",
    "sympy": "SymPy",
    "conditions": "trying a constant",
}
_AUTHORS = {"SymPy": "SymPy's Risch algorithm"}


@dataclasses.dataclass(frozen=True, repr=False)
class Solution:
    """The outcome for one integral or differential equation. Prints as text, and in a notebook as LaTeX.

    To print it computes nothing. `derivative` and `expression` do, once, in a process with limits.

    Attributes:
        question: what was asked, and the problem that the model read.
        candidates: all that was tried: the model's hypotheses, the likeliest first, then what was made of them.
        seconds: how long search and proof took.
        certificate: a proof that there is no elementary answer; None if nobody proved it.
        finished: the answer as it is shown, with the value of a definite integral and the solutions that meet
            conditions; None if the candidates were not worked on further.
    """

    question: Question
    candidates: list[Candidate]
    seconds: float
    certificate: Certificate | None = None
    finished: Finished | None = None

    @property
    def asked(self) -> Tree:
        """The integrand, or the equation `sub left right`, as it was written, in x and Y."""
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
        """The candidate that is shown: the answer, in its tidied form, or one that meets the conditions.

        If none verified, the first of all; None if nothing was tried.
        """
        if self.finished is not None and self.finished.met:
            return self.finished.met[0]
        if self.finished is not None and self.finished.answer is not None:
            return self.finished.answer
        return best_of(self.candidates)

    @property
    def verdict(self) -> Verdict:
        """The verdict on the best candidate, with its evidence (`verdict.evidence`)."""
        return Verdict("undecided", "nothing was tried") if self.best is None else self.best.verdict

    @property
    def solved(self) -> bool:
        """Whether what was asked for was found: an answer, a value, a solution that meets the conditions."""
        if self.question.limits is not None and self.finished is not None:
            return self.value is not None and (self.value.exact is not None or self.value.digits is not None)
        if self.question.conditions and self.finished is not None:
            return bool(self.finished.met)
        return self.verdict.solved

    @property
    def value(self) -> Value | None:
        """The value of a definite integral."""
        return None if self.finished is None else self.finished.value

    @property
    def answer(self) -> Tree | None:
        """y(x); None if no candidate verified."""
        return from_prefix(self.best.tokens) if self.verdict.solved else None

    @functools.cached_property
    def expression(self) -> sp.Expr | None:
        """What was found, in SymPy and in the names of the question: an answer, or the value of a definite integral.

        It is unevaluated if SymPy takes too long to evaluate it; None if nothing was found.
        """
        import sympy as sp

        from symbolic.expressions.exchange import to_sympy

        if self.value is not None:
            tokens = None if self.value.exact is None else self.value.exact
            if tokens is None:
                return None if self.value.digits is None else sp.Float(self.value.digits, 16)
            return self._renamed(to_sympy(tokens, evaluate=True))
        if not self.verdict.solved:
            return None
        with limited_map(1, _TIME_LIMIT) as compute:
            (expression,) = compute(evaluated, [(self.best.tokens,)])
        return self._renamed(to_sympy(self.answer) if expression is None else expression)

    def _renamed(self, expression: sp.Expr) -> sp.Expr:
        """The expression in the names that were asked with; the constants of integration are C1, C2 as in SymPy."""
        import sympy as sp

        names = {"x": self.question.names.variable}
        names |= {f"a{index}": name for index, name in enumerate(self.question.names.constants)}
        taken = set(names.values())
        for token, name in (("a8", "C1"), ("a9", "C2")):
            if token not in names:
                names[token] = name if name not in taken else f"{name}_"
        return expression.xreplace({sp.Symbol(old): sp.Symbol(new) for old, new in names.items()})

    @functools.cached_property
    def derivative(self) -> Tree | None:
        """The derivative of the best candidate by x, an answer or not; None if there is none or it is too costly."""
        if self.best is None:
            return None
        with limited_map(1, _TIME_LIMIT) as compute:
            (text,) = compute(derivative_of, [(self.best.tokens,)])
        return None if text is None else from_prefix(text)

    # --- text ---

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain texts and numbers, expressions as a person types them."""
        answer, table = self.answer, self._table()
        shown = {
            "integrand" if self.is_integral else "equation": words(self.asked, table),
            "answer": None if answer is None else words(answer, table),
            "latex": None if answer is None else latex(answer, table),
        }
        if self.value is not None:
            exact = self.value.exact
            shown |= {"value": None if exact is None else words(exact, table), "digits": self.value.digits}
        if self.question.conditions:
            shown["solutions"] = [words(from_prefix(each.tokens), table) for each in self._met()]
        if self._beside():
            shown["singular_solutions"] = [words(tree, table) for tree in self._beside()]
        return shown | {
            "variable": self.question.names.variable,
            "notes": list(self.question.notes),
            "general": self.verdict.general,
            **self.verdict._asdict(),
            "not_elementary": None if self.certificate is None else self.certificate.author,
            "with_special_functions": self._special(),
            "seconds": round(self.seconds, 3),
            "problem": self.problem,
            "candidates": [_as_dict(candidate, self.question.names) for candidate in self.candidates],
        }

    def report(self, verbose: bool = False, everything: bool = False) -> str:
        """The outcome as text.

        Args:
            verbose: with residuals and what else the verdict rests on.
            everything: with all candidates, also where there is an answer.
        """
        lines = [*self._result(), *self._remarks(), *self._checked(verbose)]
        if everything or not (self.solved or self.verdict.solved or self.certificate):
            lines += self._tried(None if everything else _SHOWN)
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.report()

    def __str__(self) -> str:
        return self.report()

    def _table(self) -> dict[str, str]:
        trees = [self.asked, *(from_prefix(each.tokens) for each in self._met()), *self._beside()]
        trees += [] if self.answer is None else [self.answer]
        return name_table(self.question.names, *trees)

    def _met(self) -> tuple[Candidate, ...]:
        return () if self.finished is None else self.finished.met

    def _beside(self) -> list[Tree]:
        """Singular solutions, which the answer does not hold."""
        if self.finished is None or self.finished.met:
            return []
        return [from_prefix(each.tokens) for each in self.finished.beside]

    def _domain(self) -> str:
        """Where the answer holds, if it is not wherever the question has real values, and where it jumps."""
        domain = self.verdict.evidence.get("domain") if self.verdict.solved else None
        return "" if domain is None else domain_in_words(domain, self.is_integral, self.question.names.variable)

    def _result(self) -> list[str]:
        """The answer, one line for each solution; or that there is none."""
        table = self._table()
        asked, unknown = words(self.asked, table), self.question.names.unknown
        if not self.is_integral:
            if self._met():
                return [f"{unknown} = {words(from_prefix(each.tokens), table)}" for each in self._met()]
            if self.answer is None:
                return [f"no answer was found to {asked}"]
            if not self.question.conditions:
                return [f"{unknown} = {words(self.answer, table)}{self._plus_constant(table)}"]
            return [
                f"no solution of {asked} with {self._conditions(table)} was found",
                f"without conditions: {unknown} = {words(self.answer, table)}{self._plus_constant(table)}",
            ]
        integral = f"∫ {_factor(asked)} d{self.question.names.variable}"
        if self.question.limits is None:
            if self.answer is None and self.certificate is not None:
                shown = [
                    f"{integral} is not elementary, by {_AUTHORS.get(self.certificate.author, self.certificate.author)}"
                ]
                if (special := self._special()) is not None:
                    shown.append(f"with special functions it is {special} + {self._integration_constant()}")
                return shown
            if self.answer is None:
                return [f"no answer was found to {integral}"]
            return [f"{integral} = {words(self.answer, table)} + {self._integration_constant()}"]
        lower, upper = (words(each, table) for each in self.question.limits)
        integral += f" from {lower} to {upper}"
        if self.value is None or (self.value.exact is None and self.value.digits is None):
            reason = "" if self.value is None else f": {self.value.reason}"
            return [f"no value was found for {integral}{self._in_names(reason)}"]
        if self.value.exact is None:
            return [f"{integral} ≈ {self.value.digits}"]
        exact = words(self.value.exact, table)
        is_short = self.value.digits in (None, exact)
        return [f"{integral} = {exact}" + ("" if is_short else f" ≈ {self.value.digits}")]

    def _special(self) -> str | None:
        """The primitive with special functions that goes with a certificate, in the names of the question."""
        if self.certificate is None or self.certificate.special is None:
            return None
        table = name_table(self.question.names)
        return re.sub(r"\b(x|a\d)\b", lambda match: table.get(match[1], match[1]), self.certificate.special.text)

    def _in_names(self, text: str) -> str:
        return text.replace("near x =", f"near {self.question.names.variable} =")

    def _integration_constant(self) -> str:
        return "C" if "C" not in (*self.question.names.constants, self.question.names.variable) else "K"

    def _conditions(self, table: dict[str, str]) -> str:
        unknown = self.question.names.unknown
        return ", ".join(
            f"{unknown}{chr(39) * each.order}({words(each.at, table)}) = {words(each.value, table)}"
            for each in self.question.conditions
        )

    def _remarks(self) -> list[str]:
        """How the text was read, how much of the solution it is, where it holds."""
        lines = []
        if self.question.notes:
            lines.append(f"note: {'; '.join(self.question.notes)}")
        if not self.is_integral and self.verdict.solved:
            table = self._table()
            line = f"solves {words(self.asked, table)}"
            if self._met():
                line += f" with {self._conditions(table)}"
            elif self.verdict.extent:
                line += f"; {_EXTENTS[self.verdict.extent]}"
                if self.verdict.extent == "family" and "met" in self.verdict.evidence:
                    line += f" (it meets {self.verdict.evidence['met']:.0%} of random initial values)"
            if (variable := self.question.names.variable) != "x":
                line += f"; {self.question.names.unknown} is a function of {variable}"
            lines.append(line)
        if self.finished is not None and self.finished.remark:
            lines.append(self.finished.remark)
        if self.certificate is not None and not self.verdict.solved and self.question.limits is not None:
            lines.append(
                f"no antiderivative is elementary, by {_AUTHORS.get(self.certificate.author, self.certificate.author)}"
            )
        if self._beside():
            table = self._table()
            shown = ", ".join(f"{self.question.names.unknown} = {words(tree, table)}" for tree in self._beside())
            lines.append(f"besides, it is solved by {shown}")
        if self.question.limits is None and (where := self._domain()):
            lines.append(where)
        elif self.verdict.solved and self.verdict.evidence.get("branch"):
            where = "on an interval" + (" that depends on the constants" if "a8" in self.best.tokens.split() else "")
            lines.append(f"it holds {where}")
        if self.verdict.solved and "complex" in self.verdict.evidence:
            lines.append("it is real nowhere; it holds for complex values")
        return lines

    def _checked(self, verbose: bool) -> list[str]:
        """Who found the answer and how it was checked, in one sentence; with `verbose` the verdict's own words."""
        if self.best is None:
            return ["nothing was tried"]
        lines: list[str] = []
        if self.verdict.solved:
            origin = self.best.origin
            found = f"found by {_FINDERS.get(origin, origin)}"
            if self.value is not None and self.value.exact is not None:
                lines.append(f"antiderivative {found}; {self.value.reason}")
            elif self.value is not None and self.value.digits is not None:
                lines.append(self.value.reason)
            elif self.value is None:
                lines.append(f"{found}; {self.verdict.status}: {self._how()}")
        elif self.value is not None and self.value.digits is not None:
            lines.append(self.value.reason)
        if verbose:
            lines.append(f"verdict: {self.verdict.status}: {self.verdict.reason}")
            if self.verdict.solved:
                evidence = ", ".join(f"{name} {value}" for name, value in self.verdict.evidence.items())
                lines.append(f"evidence: {evidence}")
            lines.append(f"time: {self.seconds:.2f} seconds")
        return lines

    def _how(self) -> str:
        what = "its derivative is the integrand" if self.is_integral else "the equation holds"
        points = self.verdict.evidence.get("points", 0)
        if self.verdict.status == "proved":
            return f"{what}, as a formula and at {points} random points"
        if self.verdict.evidence.get("branch"):
            return f"{what} to 50 digits at {points} random points of an interval"
        return f"{what} to 50 digits at {points} random points"

    def _tried(self, most: int | None) -> list[str]:
        """One line for each candidate: what it is and why it is no answer."""
        if not self.candidates:
            return []
        shown = self.candidates[:most]
        lines = [f"tried {len(self.candidates)} candidates:"]
        width = min(44, max(len(_as_typed(each, self.question.names)) for each in shown))
        for each in shown:
            lines.append(f"  {_as_typed(each, self.question.names):<{width}}  {_fault(each, self.question.names)}")
        if len(shown) < len(self.candidates):
            lines.append(f"  and {len(self.candidates) - len(shown)} more; --all lists them")
        return lines

    def _plus_constant(self, table: dict[str, str]) -> str:
        """The constant of integration, where the answer does not write one, as in the training data."""
        evidence = self.verdict.evidence
        missing = self.verdict.general and evidence.get("constants", 0) < evidence.get("order", 0)
        return f" + {self._integration_constant()}" if missing and "a8" not in self.best.tokens.split() else ""

    def latex(self) -> str:
        """What was found, as LaTeX for math mode.

        Raises:
            ValueError: nothing was found.
        """
        if not self.solved:
            raise ValueError("there is no answer to be written in LaTeX")
        table = self._table()
        if not self.is_integral:
            unknown = name_latex(self.question.names.unknown)
            trees = [from_prefix(each.tokens) for each in self._met()] or [self.answer]
            return r",\quad ".join(f"{unknown} = {latex(tree, table)}{self._plus_constant(table)}" for tree in trees)
        integrand = latex(self.asked, table)
        integrand = rf"\left({integrand}\right)" if self.asked.head == "add" else integrand
        variable = name_latex(self.question.names.variable)
        if self.question.limits is None:
            return rf"\int {integrand}\,d{variable} = {latex(self.answer, table)} + {self._integration_constant()}"
        lower, upper = (latex(each, table) for each in self.question.limits)
        value = self.value.digits if self.value.exact is None else latex(self.value.exact, table)
        sign = r"\approx" if self.value.exact is None else "="
        return rf"\int_{{{lower}}}^{{{upper}}} {integrand}\,d{variable} {sign} {value}"

    def _repr_latex_(self) -> str:
        if not self.solved:
            return self._result()[0]
        return f"${self.latex()}$ ({self.verdict.status})"

    def plot(self, path: Path | str | None = None, constants: tuple[float, ...] = (-1.0, 0.0, 1.0)):
        """Draw the answer, and the integrand beside it; a family for some values of its constants.

        Args:
            path: the file to write, .png, .svg or .pdf; without it the figure is returned.
            constants: the values that each constant of integration takes.

        Raises:
            ValueError: there is no answer to draw, or it holds letters of the question.
        """
        from symbolic.solving.drawing import drawn

        return drawn(self, path, constants)


def name_latex(name: str) -> str:
    """A name as LaTeX."""
    return latex(Tree("x"), {"x": name})


def _factor(text: str) -> str:
    """An integrand before `dx`: a sum is put in brackets."""
    depth = 0
    for index, character in enumerate(text):
        depth += (character in "(") - (character in ")")
        if depth == 0 and index and character in "+-" and text[index - 1] == " ":
            return f"({text})"
    return text


def _as_typed(candidate: Candidate, names: Names) -> str:
    """A candidate as a person types it; its tokens if they are no expression."""
    try:
        tree = from_prefix(candidate.tokens)
    except PrefixError:
        return candidate.tokens
    return words(tree, name_table(names, tree))


def _fault(candidate: Candidate, names: Names) -> str:
    """Why a candidate is no answer, or that it is one."""
    verdict = candidate.verdict
    by = "" if candidate.origin == "model" else f" (by {candidate.origin})"
    if verdict.solved:
        return f"{verdict.status}{by}"
    point = verdict.evidence.get("point")
    if point and "x" in point:
        return f"wrong, for example at {names.variable} = {shown_number(point['x'])}{by}"
    return f"{verdict.status}: {verdict.reason}{by}"


def _as_dict(candidate: Candidate, names: Names) -> dict[str, Any]:
    score = None if math.isnan(candidate.score) else float(candidate.score)
    named = {
        "expression": _as_typed(candidate, names),
        "tokens": candidate.tokens,
        "score": score,
        "origin": candidate.origin,
    }
    return named | candidate.verdict._asdict()
