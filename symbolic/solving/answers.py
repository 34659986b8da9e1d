"""Problems in, judged candidates out: what the solver and the evaluation share.

A trained model proposes; repair and linearity, where they are asked for, propose more for what is still unsolved; every
proposal is judged. Knows neither how a person writes a problem nor how results are kept.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tqdm import tqdm

from symbolic.expressions.notation import prefix_grammar
from symbolic.expressions.prefix import from_prefix
from symbolic.seq2seq.grammar import Grammar
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.searches import Beam, Hypothesis, Search
from symbolic.seq2seq.special_tokens import END_ID
from symbolic.seq2seq.translator import Translator
from symbolic.solving.sandbox import combination, groups, limited, repairs, terms
from symbolic.verification import Verdict, verify_many

DEFAULT_SEARCH = Beam(10)


class Candidate(NamedTuple):
    """An answer that was proposed, and what the judge says of it.

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
    problems: Sequence[str],
    translator: Translator,
    search: Search = DEFAULT_SEARCH,
    *,
    equations: Sequence[str] | None = None,
    repair: bool = False,
    linearity: bool = False,
    grammar: bool = True,
    time_limit: float = 10.0,
    workers: int = 1,
    progress: bool = False,
) -> list[list[Candidate]]:
    """Judged answers to problems: the model's in the model's order, then the repaired, then linearity's.

    Args:
        problems: left-hand sides of equations = 0 as prefix text, spelt as those that the model was trained on.
        equations: the same problems as they are judged, if that is another spelling.
        repair: where no hypothesis verifies, correct their coefficients (`symbolic.solving.repair`).
        linearity: where nothing verifies, ask for the parts of the integrand one by one (`symbolic.solving.linearity`).
        grammar: the model can write nothing but well-formed expressions.
        time_limit: seconds that the judge may take for an answer, and repair and linearity for a problem. What these
            two would propose is lost where they reach it, or crash; how often that was is printed.
        workers: processes that judge, repair and add up.
        progress: show progress bars.

    Returns:
        A list for each problem; without repair and linearity it is empty if the problem is longer than the model reads.

    Raises:
        PrefixError: a problem is not a prefix expression.
    """
    for problem in problems:
        from_prefix(problem)
    equations = problems if equations is None else equations
    found: list[list[Candidate]] = [[] for _ in problems]
    verdicts: dict[tuple[str, str], Verdict] = {}
    limits = {"time_limit": time_limit, "workers": workers}

    def judge(origin: str, proposals: Mapping[int, Sequence[Hypothesis]]) -> None:
        pairs = [(equations[index], hypothesis.text) for index, row in proposals.items() for hypothesis in row]
        new = [pair for pair in dict.fromkeys(pairs) if pair not in verdicts]
        judging = verify_many(new, **limits)
        bar = tqdm(judging, total=len(new), desc=f"judging, {origin}", unit="answer", disable=not progress)
        verdicts.update(zip(new, bar, strict=True))
        for index, row in proposals.items():
            found[index] += [Candidate(*each, origin, verdicts[equations[index], each.text]) for each in row]

    def ask(simpler: Sequence[str]) -> list[list[Candidate]]:
        return answers(simpler, translator, search, repair=repair, grammar=grammar, **limits, progress=progress)

    legal = grammar_of(translator.target_processor) if grammar else None
    judge("model", dict(enumerate(translator.translate(problems, search, legal, progress=progress))))
    with limited(**limits, progress=progress) as compute:
        if repair:
            judge("repair", _repairs(problems, found, compute))
        if linearity:
            judge("linearity", _by_linearity(problems, found, compute, ask))
    return found


def grammar_of(processor: TextProcessor) -> Grammar:
    """The grammar of prefix expressions, integers spelt as `from_prefix` reads them, over a processor's vocabulary."""
    return Grammar(*prefix_grammar(processor.vocabulary, END_ID))


def first_solved(candidates: Sequence[Candidate]) -> Candidate | None:
    """The first candidate that verified."""
    return next((candidate for candidate in candidates if candidate.verdict.solved), None)


def _unsolved(found: list[list[Candidate]]) -> list[int]:
    return [index for index, candidates in enumerate(found) if first_solved(candidates) is None]


def _repairs(
    problems: Sequence[str], found: list[list[Candidate]], compute: Callable[..., list]
) -> dict[int, list[Hypothesis]]:
    """What coefficient repair makes of the hypotheses, for each problem that none of them solves."""
    unsolved = _unsolved(found)
    asked = [(problems[index], [candidate.tokens for candidate in found[index]]) for index in unsolved]
    return {
        index: [_not_by_the_model(answer) for answer in offered or ()]
        for index, offered in zip(unsolved, compute(repairs, asked), strict=True)
    }


def _by_linearity(
    problems: Sequence[str],
    found: list[list[Candidate]],
    compute: Callable[..., list],
    ask: Callable[[Sequence[str]], list[list[Candidate]]],
) -> dict[int, list[Hypothesis]]:
    """The sum of the parts' verified primitives, for each unsolved problem whose parts all have one.

    Parts are groups of terms that have functions in common; where not all groups are solved, also single terms, of the
    problem and of those groups.
    """
    unsolved = {index: " ".join(problems[index].split()) for index in _unsolved(found)}
    asked = dict.fromkeys(unsolved.values())  # in this order, and each once
    primitives: dict[str, str] = {}
    levels: list[dict[str, list[tuple[str, str]]]] = []  # problem -> its parts with their coefficients

    def ready(level):
        """Problems that are not solved themselves, but all of whose parts are."""
        return [
            problem
            for problem, row in level.items()
            if problem not in primitives and all(part in primitives for _, part in row)
        ]

    for split in (groups, terms):
        settled = {*primitives, *itertools.chain.from_iterable(map(ready, levels))}
        still_open = [problem for problem in asked if problem not in settled]
        rows = compute(split, [(problem,) for problem in still_open])
        levels.append({problem: row for problem, row in zip(still_open, rows, strict=True) if row})
        parts = dict.fromkeys(part for row in levels[-1].values() for _, part in row)
        new = [part for part in parts if part not in asked]
        for part, candidates in zip(new, ask(new) if new else (), strict=True):
            if best := first_solved(candidates):
                primitives[part] = best.tokens
        asked |= dict.fromkeys(new)
    for level in reversed(levels):
        problems_ready = ready(level)
        pairs = [[(coefficient, primitives[part]) for coefficient, part in level[each]] for each in problems_ready]
        sums = zip(problems_ready, compute(combination, [(each,) for each in pairs]), strict=True)
        primitives |= {problem: total for problem, total in sums if total is not None}
    return {index: [_not_by_the_model(primitives[each])] for index, each in unsolved.items() if each in primitives}


def _not_by_the_model(answer: str) -> Hypothesis:
    return Hypothesis(answer, math.nan)
