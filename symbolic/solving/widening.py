"""From verified answers to one that is right on more of the line, or holds more solutions; and solutions beside it.

`general_form` and `whole_domain` write answers otherwise; here they are judged, and kept where they verify as more.
"""

from collections.abc import Sequence
from typing import NamedTuple

from symbolic.solving.general_form import general_forms, singular_solutions
from symbolic.solving.whole_domain import whole_domain_forms
from symbolic.verification import Verdict, verify

_EXTENTS = ("particular", "family", "general")
_MORE = 0.01  # of the line, by which a domain is larger


class Judged(NamedTuple):
    """An answer as prefix text, and its verdict with its domain."""

    tokens: str
    verdict: Verdict


def widened(equation: str, answers: Sequence[str]) -> Judged:
    """The first of right answers, or a form made of all of them that holds more; it may take a second.

    A form that holds more solutions comes first, of such the first that is right on more of the line.

    Args:
        equation: the left-hand side of an equation = 0, as prefix text.
        answers: at least one right answer to it, the best first.

    Raises:
        PrefixError: a text is malformed.
    """
    best = _judged(equation, answers[0])
    if best.verdict.extent != "general":
        best = _first_better(equation, best, general_forms(equation, answers))
    if not _is_whole(best.verdict):
        best = _first_better(equation, best, whole_domain_forms(best.tokens))
    return best


def beside(equation: str, answers: Sequence[str]) -> list[Judged]:
    """Singular solutions that verify: those of an equation of the first order that the answers do not hold.

    Raises:
        PrefixError: a text is malformed.
    """
    found = [_judged(equation, each) for each in singular_solutions(equation, answers)]
    return [each for each in found if each.verdict.solved and "complex" not in each.verdict.evidence]


def holds_as_much(verdict: Verdict, other: Verdict) -> bool:
    """Whether a right answer holds no fewer solutions than another one, on no less of the line, as far as is known."""
    return _rank(verdict)[0] >= _rank(other)[0] and _rank(verdict)[1] >= _rank(other)[1] - _MORE


def _first_better(equation: str, best: Judged, forms: Sequence[str]) -> Judged:
    for form in forms:
        judged = _judged(equation, form)
        if not judged.verdict.solved or not holds_as_much(judged.verdict, best.verdict):
            continue
        (extent, share), (least_extent, least_share) = _rank(judged.verdict), _rank(best.verdict)
        if extent > least_extent or share > least_share + _MORE:
            best = judged
        if best.verdict.extent == "general" and _is_whole(best.verdict):
            break
    return best


def _judged(equation: str, answer: str) -> Judged:
    return Judged(answer, verify(equation, answer, domain=True))


def _rank(verdict: Verdict) -> tuple[int, float]:
    share = verdict.evidence.get("domain", {}).get("share", 0.0)
    return _EXTENTS.index(verdict.extent or "particular"), share


def _is_whole(verdict: Verdict) -> bool:
    return verdict.evidence.get("domain", {}).get("whole", True)
