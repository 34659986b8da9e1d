"""Problems in, judged candidates out: what the solver and the evaluation share.

A trained model proposes; repair and linearity, where they are asked for, propose more for what is still unsolved; every
proposal is judged. Knows neither how a person writes a problem nor how results are kept.
"""

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from symbolic.expressions.prefix import MAX_DEPTH, MAX_DIGITS, PrefixError, Tree, from_prefix, to_prefix
from symbolic.expressions.tokens import ARITY, DIGITS, NEGATIVE, POSITIVE
from symbolic.linearity import combined, terms_of
from symbolic.repair import repaired
from symbolic.seq2seq.decoding import Beam, Hypothesis, Search
from symbolic.seq2seq.grammar import Grammar
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.special_tokens import END_ID
from symbolic.seq2seq.translator import Translator
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
        repair: where no hypothesis verifies, correct their coefficients (`symbolic.repair`).
        linearity: where nothing verifies, ask for the terms of the integrand one by one (`symbolic.linearity`).
        grammar: the model can write nothing but well-formed expressions.
        time_limit: seconds that the judge may take for one answer.
        workers: processes that judge.
        progress: show progress bars.

    Returns:
        A list for each problem; without repair and linearity it is empty if the problem is longer than the model reads.

    Raises:
        PrefixError: a problem is not a prefix expression.
    """
    trees = [from_prefix(problem) for problem in problems]
    equations = problems if equations is None else equations
    found: list[list[Candidate]] = [[] for _ in problems]
    verdicts: dict[tuple[str, str], Verdict] = {}

    def judge(origin: str, proposals: Sequence[Sequence[Hypothesis]]) -> None:
        pairs = [(equation, h.text) for equation, row in zip(equations, proposals, strict=True) for h in row]
        new = [pair for pair in dict.fromkeys(pairs) if pair not in verdicts]
        judging = verify_many(new, workers=workers, time_limit=time_limit)
        bar = tqdm(judging, total=len(new), desc=f"judging, {origin}", unit="answer", disable=not progress)
        verdicts.update(zip(new, bar, strict=True))
        for candidates, equation, row in zip(found, equations, proposals, strict=True):
            candidates += [Candidate(*hypothesis, origin, verdicts[equation, hypothesis.text]) for hypothesis in row]

    def ask(terms: Sequence[str]) -> list[list[Candidate]]:
        limits = {"time_limit": time_limit, "workers": workers, "progress": progress}
        return answers(terms, translator, search, repair=repair, grammar=grammar, **limits)

    legal = grammar_of(translator.target_processor) if grammar else None
    judge("model", translator.translate(problems, search, legal, progress=progress))
    if repair:
        judge("repair", _repairs(trees, found))
    if linearity:
        judge("linearity", _by_linearity(trees, found, ask))
    return found


def grammar_of(processor: TextProcessor) -> Grammar:
    """The grammar of prefix expressions, integers spelt as `from_prefix` reads them, over a processor's vocabulary."""
    kinds = np.array([_kind(token) for token in processor.vocabulary])
    kinds[END_ID] = _END
    opens = np.maximum(np.arange(len(_FILLS)) - _ARITY_0, 0)
    return Grammar(kinds, _FILLS, opens, _TRANSITIONS, max_operators=MAX_DEPTH, max_run=MAX_DIGITS)


# Kinds of tokens; that of an operator with n operands is _ARITY_0 + n.
_NOWHERE, _END, _PLUS, _MINUS, _ZERO, _DIGIT, _ARITY_0 = range(7)
_FILLS = np.array([0, 0, 1, 1, 0, 0, 1, 1, 1, 1])
# Rows: what was written last is no number that may go on, INT+, INT-, a number that may go on. Of leading zeros and
# of -0 there are none.
_TRANSITIONS = np.array(
    [
        [-1, 0, 1, 2, -1, -1, 0, 0, 0, 0],
        [-1, -1, -1, -1, 0, 3, -1, -1, -1, -1],
        [-1, -1, -1, -1, -1, 3, -1, -1, -1, -1],
        [-1, 0, 1, 2, 3, 3, 0, 0, 0, 0],
    ]
)


def _kind(token: str) -> int:
    if token in DIGITS:
        return _ZERO if token == "0" else _DIGIT
    if token in (POSITIVE, NEGATIVE):
        return _PLUS if token == POSITIVE else _MINUS
    return _ARITY_0 + ARITY[token] if token in ARITY else _NOWHERE


def first_solved(candidates: Sequence[Candidate]) -> Candidate | None:
    """The first candidate that verified."""
    return next((candidate for candidate in candidates if candidate.verdict.solved), None)


def _repairs(problems: list[Tree], found: list[list[Candidate]]) -> list[list[Hypothesis]]:
    """What coefficient repair makes of the hypotheses, for each problem that none of them solves."""
    return [
        [] if first_solved(candidates) else [_not_by_the_model(tree) for tree in repaired(problem, _trees(candidates))]
        for problem, candidates in zip(problems, found, strict=True)
    ]


def _trees(candidates: Sequence[Candidate]) -> list[Tree]:
    """The candidates that are expressions."""
    trees = []
    for candidate in candidates:
        with contextlib.suppress(PrefixError):
            trees.append(from_prefix(candidate.tokens))
    return trees


def _by_linearity(
    problems: list[Tree], found: list[list[Candidate]], ask: Callable[[list[str]], list[list[Candidate]]]
) -> list[list[Hypothesis]]:
    """The sum of the terms' verified primitives, for each unsolved problem whose terms all have one."""
    terms = [[] if first_solved(row) else _simpler_terms(problem) for problem, row in zip(problems, found, strict=True)]
    distinct = list(dict.fromkeys(term for row in terms for _, term in row))
    solved = {term: first_solved(row) for term, row in zip(distinct, ask(distinct), strict=True)}
    return [
        [_not_by_the_model(combined([(coefficient, from_prefix(solved[term].tokens)) for coefficient, term in row]))]
        if row and all(solved[term] for _, term in row)
        else []
        for row in terms
    ]


def _simpler_terms(problem: Tree) -> list[tuple[Tree, str]]:
    """(coefficient, term problem) pairs; none if the problem is its only term, and has been asked already."""
    return [(coefficient, _text(term)) for coefficient, term in terms_of(problem) if term != problem]


def _not_by_the_model(tree: Tree) -> Hypothesis:
    return Hypothesis(_text(tree), math.nan)


def _text(tree: Tree) -> str:
    return " ".join(to_prefix(tree))
