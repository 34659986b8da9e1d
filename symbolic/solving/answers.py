"""Questions in, judged candidates out: what the solver and the evaluation share.

A trained model proposes. For whatever is still unsolved, repair and linearity propose more if they are asked for. Every
proposal is judged.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tqdm import tqdm

from symbolic.expressions.notation import prefix_grammar
from symbolic.seq2seq.grammar import Grammar
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.searches import Beam, Hypothesis, Search
from symbolic.seq2seq.special_tokens import END_ID
from symbolic.seq2seq.translator import Translator
from symbolic.solving.question import Question, question_of
from symbolic.solving.sandbox import combination, groups, limited_map, repairs, terms
from symbolic.verification import Verdict, verify_many

DEFAULT_SEARCH = Beam(10)

_Parts = Sequence[tuple[str, str]]  # (coefficient, problem) pairs
_Compute = Callable[[Callable, Sequence[tuple]], list]  # as `limited_map` gives it


class Candidate(NamedTuple):
    """A proposed answer and its verdict.

    Attributes:
        tokens: the answer as prefix text; what a model wrote without grammar may be malformed.
        score: the model's score; nan where the answer is not the model's own.
        origin: who proposed it, "model", "repair" or "linearity".
        verdict: whether it solves the problem; "refuted" if it is malformed.
    """

    tokens: str
    score: float
    origin: str
    verdict: Verdict


def answers(
    questions: Sequence[Question],
    translator: Translator,
    search: Search = DEFAULT_SEARCH,
    *,
    repair: bool = False,
    linearity: bool = False,
    grammar: bool = True,
    time_limit: float = 10.0,
    workers: int = 1,
    progress: bool = False,
) -> list[list[Candidate]]:
    """Judged answers to questions: the model's in the model's order, then the repaired, then linearity's.

    Args:
        questions: what is asked, with the problems in the spelling that the model was trained on.
        repair: where no hypothesis verifies, correct their coefficients (`symbolic.solving.repair`).
        linearity: where nothing verifies, ask for the parts of the integrand one by one (`symbolic.solving.linearity`).
        grammar: the model can write only well-formed expressions.
        time_limit: seconds that the judge may take for an answer, and repair and linearity for a problem. Proposals of
            these two that time out or crash are dropped; their number is printed.
        workers: processes that judge, repair and add up.
        progress: show progress bars.

    Returns:
        A list for each question; without repair and linearity it is empty if the problem is longer than the model
        reads.
    """
    problems = [question.problem for question in questions]
    found: list[list[Candidate]] = [[] for _ in questions]
    verdicts: dict[tuple[str, str], Verdict] = {}
    limits = {"time_limit": time_limit, "workers": workers}

    def judge(origin: str, proposals: Mapping[int, Sequence[Hypothesis]]) -> None:
        pairs = [(questions[index].equation, hypothesis.text) for index, row in proposals.items() for hypothesis in row]
        new = [pair for pair in dict.fromkeys(pairs) if pair not in verdicts]
        judging = verify_many(new, **limits)
        bar = tqdm(judging, total=len(new), desc=f"judging, {origin}", unit="answer", disable=not progress)
        verdicts.update(zip(new, bar, strict=True))
        for index, row in proposals.items():
            equation = questions[index].equation
            found[index] += [Candidate(*each, origin, verdicts[equation, each.text]) for each in row]

    def ask_for_parts(parts: Sequence[str]) -> dict[str, str]:
        """Part -> its first verified answer, for those that have one."""
        if not parts:
            return {}
        asked = [question_of(part) for part in parts]
        rows = answers(asked, translator, search, repair=repair, grammar=grammar, **limits, progress=progress)
        best = zip(parts, map(first_solved, rows), strict=True)
        return {part: candidate.tokens for part, candidate in best if candidate}

    legal = grammar_of(translator.target_processor) if grammar else None
    judge("model", dict(enumerate(translator.translate(problems, search, legal, progress=progress))))
    with limited_map(**limits, progress=progress) as compute:
        if repair:
            judge("repair", _repairs(problems, found, compute))
        if linearity:
            judge("linearity", _by_linearity(problems, found, compute, ask_for_parts))
    return found


def grammar_of(processor: TextProcessor) -> Grammar:
    """The grammar of prefix expressions, integers spelt as `from_prefix` reads them, over a processor's vocabulary."""
    return Grammar(*prefix_grammar(processor.vocabulary, END_ID))


def first_solved(candidates: Sequence[Candidate]) -> Candidate | None:
    """The first candidate that verified."""
    return next((candidate for candidate in candidates if candidate.verdict.solved), None)


def _unsolved(found: Sequence[Sequence[Candidate]]) -> list[int]:
    return [index for index, candidates in enumerate(found) if first_solved(candidates) is None]


def _repairs(
    problems: Sequence[str], found: Sequence[Sequence[Candidate]], compute: _Compute
) -> dict[int, list[Hypothesis]]:
    """Index -> what coefficient repair makes of the hypotheses, for each problem that none of them solves."""
    unsolved = _unsolved(found)
    hypotheses = [(problems[index], [candidate.tokens for candidate in found[index]]) for index in unsolved]
    return {
        index: [_not_by_the_model(answer) for answer in offered or ()]
        for index, offered in zip(unsolved, compute(repairs, hypotheses), strict=True)
    }


def _by_linearity(
    problems: Sequence[str],
    found: Sequence[Sequence[Candidate]],
    compute: _Compute,
    ask_for_parts: Callable[[Sequence[str]], Mapping[str, str]],
) -> dict[int, list[Hypothesis]]:
    """Index -> the sum of the parts' verified primitives, for each unsolved problem whose parts all have one.

    The parts are groups of terms that have functions in common. Problems and groups that still have no primitive are
    split into single terms.
    """
    unsolved = {index: " ".join(problems[index].split()) for index in _unsolved(found)}
    asked = dict.fromkeys(unsolved.values())  # problems and parts that the model was asked for, in this order
    primitives: dict[str, str] = {}  # of problems and parts
    splits: list[dict[str, _Parts]] = []  # problem -> parts, by groups and then by terms
    for split in (groups, terms):
        still_open = [problem for problem in asked if problem not in primitives]
        rows = compute(split, [(problem,) for problem in still_open])
        splits.append({problem: parts for problem, parts in zip(still_open, rows, strict=True) if parts})
        parts = dict.fromkeys(part for row in splits[-1].values() for _, part in row)
        new = [part for part in parts if part not in asked]
        primitives |= ask_for_parts(new)
        asked |= dict.fromkeys(new)
        for parts_of in reversed(splits):  # terms add up to groups, and groups to problems
            primitives |= _sums(parts_of, primitives, compute)
    return {index: [_not_by_the_model(primitives[each])] for index, each in unsolved.items() if each in primitives}


def _sums(parts_of: Mapping[str, _Parts], primitives: Mapping[str, str], compute: _Compute) -> dict[str, str]:
    """Problem -> the sum of its parts' primitives, for each problem without a primitive whose parts all have one."""
    ready = {
        problem: [(coefficient, primitives[part]) for coefficient, part in parts]
        for problem, parts in parts_of.items()
        if problem not in primitives and all(part in primitives for _, part in parts)
    }
    totals = compute(combination, [(pairs,) for pairs in ready.values()])
    return {problem: total for problem, total in zip(ready, totals, strict=True) if total is not None}


def _not_by_the_model(answer: str) -> Hypothesis:
    return Hypothesis(answer, math.nan)
