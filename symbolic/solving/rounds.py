"""Rounds of the search for an answer: each gets what is still open, and proposes more.

A round asks the model, an algorithm of `proposers`, the parts of a sum, or a computer algebra system. `fixed` and
`widening` list the rounds of the two ways to search, in an order by cost.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from symbolic.expressions.equations import integrand_of
from symbolic.expressions.notation import prefix_grammar
from symbolic.expressions.prefix import from_prefix, prefix_text
from symbolic.seq2seq.grammar import Grammar
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.searches import Beam, Hypothesis, Search
from symbolic.seq2seq.special_tokens import END_ID
from symbolic.seq2seq.translator import Translator
from symbolic.solving.candidates import MODEL, Candidate, is_settled
from symbolic.solving.proposers import IGNORED, LINEARITY, NEEDED, PROPOSERS, check_proposers
from symbolic.solving.question import Question
from symbolic.solving.sandbox import combination, groups, terms
from symbolic.solving.spellings import SPELLINGS
from symbolic.systems.asking import asking, solves
from symbolic.systems.nonelementary import SpecialForm, has_no_elementary_primitive, special_form
from symbolic.verification import verify

WIDTHS = (10, 50, 200, 500)  # beams of the widening search

_OTHER_SPELLINGS = ("shortened", "sines and cosines", "expanded")

_Parts = Sequence[tuple[str, str]]  # (coefficient, problem) pairs
Compute = Callable[..., list]  # as `sandbox.limited_map` gives it


class Certificate(NamedTuple):
    """A proof that an integrand has no elementary primitive.

    Attributes:
        author: who proved it.
        special: a primitive with special functions whose derivative was verified to be the integrand; None if there is
            none.
    """

    author: str
    special: SpecialForm | None


@dataclass
class Inquiry:
    """A question, and what was found so far.

    Attributes:
        question: what is asked.
        candidates: what was proposed and judged, in this order.
        certificate: a proof that there is no elementary answer.
    """

    question: Question
    candidates: list[Candidate] = field(default_factory=list)
    certificate: Certificate | None = None

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to look for."""
        return self.certificate is not None or is_settled(self.candidates)

    @property
    def hypotheses(self) -> list[str]:
        """The texts of all candidates by the model, without repetitions."""
        return list(dict.fromkeys(each.tokens for each in self.candidates if each.origin == MODEL))


class Means(NamedTuple):
    """What rounds work with.

    Attributes:
        translator: the trained model.
        legal: the grammar of its answers, or None.
        compute: calls functions in processes with limits.
        answer_parts: problems -> the first verified answer to each that has one.
        limit: a function that returns how many seconds a computer algebra system may take for a question, from now.
        workers: processes at a time.
        progress: whether to show progress bars.
    """

    translator: Translator
    legal: Grammar | None
    compute: Compute
    answer_parts: Callable[[Sequence[str]], Mapping[str, str]]
    limit: Callable[[], float]
    workers: int
    progress: bool


class Round(NamedTuple):
    """One round.

    Attributes:
        name: what people see while it runs.
        origin: who proposes; see `candidates.Candidate`.
        propose: a function from open inquiries to proposals, a list for each.
        width: the beam size of a round that asks the model again, by which its time is foretold; 0 for any other.
    """

    name: str
    origin: str
    propose: Callable[[Sequence[Inquiry], Means], list[list[Hypothesis]]]
    width: int = 0


def fixed(search: Search, proposers: Sequence[str] = ()) -> list[Round]:
    """The model with one search, then these proposers one after the other.

    Raises:
        ValueError: there is no such proposer.
    """
    check_proposers(proposers)
    return [by_model(search), *(_by_name(name) for name in proposers)]


def widening(proposers: Sequence[str], systems: Sequence[str] = (), widths: Sequence[int] = WIDTHS) -> list[Round]:
    """The rounds of a search that goes on until something is proved.

    First those of `fixed`, then a proof that there is no elementary answer, then the model in other spellings and wider
    beams, each with the proposers that use their hypotheses, and systems last.

    Raises:
        ValueError: there is no such proposer.
    """
    first, *wider = widths
    reading = [name for name in proposers if name in PROPOSERS and PROPOSERS[name].hypotheses != IGNORED]
    again = [_by_name(name) for name in reading]
    rounds = fixed(Beam(first), proposers)
    if "sympy" in systems:
        rounds.append(by_certificate())
    rounds += [by_model(Beam(first), spelling) for spelling in _OTHER_SPELLINGS] + again
    for width in wider:
        rounds += [by_model(Beam(width), width=width), *again]
    return rounds + [by_system(name) for name in systems]


def _by_name(name: str) -> Round:
    return by_linearity() if name == LINEARITY else by_proposer(name)


def by_model(search: Search, spelling: str | None = None, width: int = 0) -> Round:
    """Ask the model; in another spelling only for problems that it changes."""

    def propose(inquiries: Sequence[Inquiry], means: Means) -> list[list[Hypothesis]]:
        problems = [inquiry.question.problem for inquiry in inquiries]
        asked = dict(enumerate(problems))
        if spelling is not None:
            respelt = means.compute(SPELLINGS[spelling], [(problem,) for problem in problems])
            asked = {index: new for index, new in enumerate(respelt) if new not in (None, problems[index])}
        if not asked:
            return [[] for _ in inquiries]
        rows = means.translator.translate(list(asked.values()), search, means.legal, progress=means.progress)
        found = dict(zip(asked, rows, strict=True))
        return [found.get(index, []) for index in range(len(problems))]

    words = [f"beam {search.size}"] if isinstance(search, Beam) else []
    words += [spelling] if spelling else []
    return Round(", ".join([MODEL, *words]), MODEL, propose, width)


def by_proposer(name: str) -> Round:
    """Ask an algorithm of `proposers.PROPOSERS`, for each question that it can be asked."""
    proposer = PROPOSERS[name]

    def propose(inquiries: Sequence[Inquiry], means: Means) -> list[list[Hypothesis]]:
        asked = [
            index
            for index, inquiry in enumerate(inquiries)
            if proposer.asks(inquiry.question) and (inquiry.hypotheses or proposer.hypotheses != NEEDED)
        ]
        arguments = [(inquiries[index].question.problem, inquiries[index].hypotheses) for index in asked]
        found = dict(zip(asked, means.compute(proposer.propose, arguments), strict=True))
        return [_not_by_the_model(found.get(index) or ()) for index in range(len(inquiries))]

    return Round(name, name, propose)


def by_system(name: str) -> Round:
    """Ask a computer algebra system."""

    def propose(inquiries: Sequence[Inquiry], means: Means) -> list[list[Hypothesis]]:
        answers: list[list[Hypothesis]] = [[] for _ in inquiries]
        with asking(name, means.limit(), means.workers) as ask:
            can = [index for index, inquiry in enumerate(inquiries) if solves(name, inquiry.question.problem)]
            attempts = ask([inquiries[index].question.problem for index in can])
            for index, attempt in zip(can, attempts, strict=True):
                answers[index] = _not_by_the_model(attempt.answers)
        return answers

    return Round(name, name, propose)


def by_certificate() -> Round:
    """Prove that there is no elementary primitive, by SymPy's Risch algorithm. It proposes nothing."""

    def propose(inquiries: Sequence[Inquiry], means: Means) -> list[list[Hypothesis]]:
        integrals = [inquiry for inquiry in inquiries if inquiry.question.is_integral]
        integrands = [prefix_text(integrand_of(from_prefix(each.question.problem))) for each in integrals]
        certified = means.compute(has_no_elementary_primitive, [(integrand,) for integrand in integrands])
        for inquiry, integrand, is_certified in zip(integrals, integrands, certified, strict=True):
            if is_certified:
                (special,) = means.compute(special_form, [(integrand,)])
                inquiry.certificate = Certificate("SymPy", special if _checked(special, integrand, means) else None)
        return [[] for _ in inquiries]

    return Round("certificate", "sympy", propose)


def _checked(special: SpecialForm | None, integrand: str, means: Means) -> bool:
    """Whether the derivative of a special form is the integrand: then 0 is a primitive of their difference."""
    if special is None:
        return False
    (verdict,) = means.compute(verify, [(f"sub Y' sub {special.derivative} {integrand}", "INT+ 0")])
    return verdict is not None and verdict.solved


def by_linearity() -> Round:
    """Integrate part by part, where all parts have a verified primitive.

    The parts are groups of terms that have functions in common. Problems and groups that still have no primitive are
    split into single terms.
    """

    def propose(inquiries: Sequence[Inquiry], means: Means) -> list[list[Hypothesis]]:
        problems = [" ".join(inquiry.question.problem.split()) for inquiry in inquiries]
        asked = dict.fromkeys(problems)  # problems and parts that the model was asked for, in this order
        primitives: dict[str, str] = {}  # of problems and parts
        splits: list[dict[str, _Parts]] = []  # problem -> parts, by groups and then by terms
        for split in (groups, terms):
            still_open = [problem for problem in asked if problem not in primitives]
            rows = means.compute(split, [(problem,) for problem in still_open])
            splits.append({problem: parts for problem, parts in zip(still_open, rows, strict=True) if parts})
            parts = dict.fromkeys(part for row in splits[-1].values() for _, part in row)
            new = [part for part in parts if part not in asked]
            primitives |= means.answer_parts(new) if new else {}
            asked |= dict.fromkeys(new)
            for parts_of in reversed(splits):  # terms add up to groups, and groups to problems
                primitives |= _sums(parts_of, primitives, means.compute)
        return [_not_by_the_model([primitives[each]] if each in primitives else []) for each in problems]

    return Round(LINEARITY, LINEARITY, propose)


def grammar_of(processor: TextProcessor) -> Grammar:
    """The grammar of prefix expressions, integers spelt as `from_prefix` reads them, over a processor's vocabulary."""
    return Grammar(*prefix_grammar(processor.vocabulary, END_ID))


def _sums(parts_of: Mapping[str, _Parts], primitives: Mapping[str, str], compute: Compute) -> dict[str, str]:
    """Problem -> the sum of its parts' primitives, for each problem without a primitive whose parts all have one."""
    ready = {
        problem: [(coefficient, primitives[part]) for coefficient, part in parts]
        for problem, parts in parts_of.items()
        if problem not in primitives and all(part in primitives for _, part in parts)
    }
    totals = compute(combination, [(pairs,) for pairs in ready.values()])
    return {problem: total for problem, total in zip(ready, totals, strict=True) if total is not None}


def _not_by_the_model(answers: Sequence[str]) -> list[Hypothesis]:
    return [Hypothesis(answer, math.nan) for answer in answers]
