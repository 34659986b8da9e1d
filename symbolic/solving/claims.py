"""Whether a claimed answer is right, for texts of any origin: a student's, a system's, a language model's.

`verify` reads a problem and an answer as people write them and judges the pair: integrals, values of definite
integrals, solutions of differential equations with or without conditions. `verdicts` does so for many pairs, in
processes with limits, and never raises.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from flint import ctx

from symbolic.expressions.prefix import Tree, from_prefix, prefix_text, to_prefix
from symbolic.expressions.tokens import ARITY, DIGITS
from symbolic.runtime.processes import preload_module
from symbolic.solving import finishing
from symbolic.solving.question import Question
from symbolic.solving.reading import is_tokens, read_problem
from symbolic.solving.reading.lexer import tokens_of
from symbolic.solving.reading.solutions import read_answer
from symbolic.solving.reading.sympy_objects import is_sympy
from symbolic.solving.wording import domain_in_words, name_table, shown_number, words
from symbolic.verification import Verdict
from symbolic.verification import verify as verify_tokens
from symbolic.verification.definite import NoIntegral, constant, quadrature, verify_integral
from symbolic.verification.workers import MEMORY_LIMIT, judge_many

preload_module(__name__)

MAX_LENGTH = 4000  # characters of a problem or an answer for `verdicts`

if TYPE_CHECKING:
    import sympy as sp

    Expression = str | sp.Basic | Tree


def verify(
    problem: Expression, answer: Expression, seed: int = 0, extent: bool = True, domain: bool = False
) -> Verdict:
    """Judge an answer to an integral or a differential equation.

    Args:
        problem: a text as people type it ("2x", "\\\\int_0^1 x^2 dx", "y' = 2x, y(0) = 1"), LaTeX, SymPy, a tree or
            prefix tokens, where `sub Y' f` asks for a primitive of f.
        answer: in the same notations; `y =` may stand in front. Letters that the problem does not hold are constants of
            integration. For a definite integral it is a value.
        seed: another seed means other random points.
        extent: whether to measure how much of the solution of a differential equation the answer is.
        domain: whether to find out where a right answer holds (`evidence["domain"]`).

    Returns:
        A verdict. An answer that cannot be read is "undecided", with the reason; malformed tokens are "refuted".

    Raises:
        ValueError: the problem cannot be read.

    Examples:
        >>> verify("y' = 2x", "x^2 + C").status
        'proved'
    """
    question = read_problem(_checked(problem))
    if isinstance(answer, str) and _is_in_t(question, answer):
        question = question._replace(names=question.names._replace(variable="t"))
    table = name_table(question.names)
    if isinstance(answer, Tree) or _is_tokens(answer, problem):
        if question.limits is None and not question.conditions:
            return verify_tokens(question.equation, answer, seed, extent, domain)
        tree = answer if isinstance(answer, Tree) else from_prefix(answer)
    else:
        try:
            text = _text(answer)
            tree = read_answer(text, question.names, is_value=question.limits is not None)
        except ValueError as fault:
            return Verdict("undecided", f"the answer cannot be read: {str(fault).partition(chr(10))[0]}")
    if question.limits is not None:
        return _judged_value(question, tree, answer)
    verdict = verify_tokens(question.equation, tree, seed, extent, domain)
    if not verdict.solved or not question.conditions:
        return verdict
    return _with_conditions(question, tree, verdict, table)


def _checked(problem: Any) -> Expression:
    if not (isinstance(problem, str | Tree) or is_sympy(problem)):
        raise ValueError(f"a problem is text, a SymPy expression or equation, or a tree. Received: {problem!r}.")
    return problem


def _is_tokens(answer: Any, problem: Any) -> bool:
    """Whether an answer is prefix tokens: to a problem in tokens it is, if it consists of them."""
    if not isinstance(answer, str):
        return False
    if isinstance(problem, Tree) or (isinstance(problem, str) and is_tokens(problem)):
        return all(word in ARITY or word in DIGITS for word in answer.split())
    return is_tokens(answer)


def _is_in_t(question: Question, answer: str) -> bool:
    """Whether an answer to an equation without its variable, such as y'' = -g, is a function of t."""
    if question.is_integral or question.names.variable != "x" or "x" in question.equation.split():
        return False
    letters = {token.text for token in tokens_of(answer)} if len(answer) <= MAX_LENGTH else set()
    return "t" in letters and "x" not in letters and "t" not in question.names.constants


def _judged_value(question: Question, tree: Tree, answer: Any) -> Verdict:
    verdict = verify_integral(question.asked, *question.limits, tree)
    if verdict.status == "refuted" and isinstance(answer, str):
        digits = [token.text.partition(".")[2] for token in tokens_of(answer) if token.kind == "number"]
        places = len(digits[0]) if len(digits) == 1 and digits[0].isdecimal() else 0
        if places:
            with ctx.workprec(160):
                try:
                    error = abs(quadrature(question.asked, *question.limits) - constant(tree))
                except NoIntegral:
                    return verdict
                if error < 10.0**-places * 0.51:
                    reason = f"it agrees with the value {verdict.evidence['value']} in its {places} decimals, no more"
                    return verdict._replace(status="undecided", reason=reason)
    return verdict


def _with_conditions(question: Question, tree: Tree, verdict: Verdict, table: dict[str, str]) -> Verdict:
    """The verdict on a solution of the equation that must also meet conditions."""
    unknown = question.names.unknown
    for condition in question.conditions:
        conditions = ((condition.order, prefix_text(condition.at), prefix_text(condition.value)),)
        if not finishing.holds(prefix_text(tree), conditions):
            at, value = words(condition.at, table), words(condition.value, table)
            shown = f"{unknown}{chr(39) * condition.order}({at}) = {value}"
            free = [name for name in ("a8", "a9") if name in to_prefix(tree)]
            why = ", as its constants are free" if free else ""
            return Verdict("refuted", f"it solves the equation and does not meet {shown}{why}", dict(verdict.evidence))
    return verdict._replace(reason=f"{verdict.reason}; it meets the conditions")


def sentence(problem: Expression, answer: Expression, verdict: Verdict) -> str:
    """The verdict on a pair as one sentence: right or wrong, and why."""
    try:
        question = read_problem(problem)
    except ValueError:
        return f"{verdict.status}: {verdict.reason}"
    asked = words(question.asked, name_table(question.names, question.asked))
    variable, evidence = question.names.variable, verdict.evidence
    if question.limits is not None:
        judged = {"refuted": "wrong", "undecided": "undecided"}.get(verdict.status, "right")
        return f"{judged}: {verdict.reason}"
    if verdict.status == "undecided":
        return f"undecided: {verdict.reason}"
    if verdict.status == "refuted":
        point = evidence.get("point")
        if not point or "x" not in point:
            return f"wrong: {verdict.reason}"
        what = f"its derivative is not {asked}" if question.is_integral else f"{asked} does not hold"
        return f"wrong: {what}, for example at {variable} = {shown_number(point['x'])}"
    where = ""
    if "domain" in evidence:
        where = domain_in_words(evidence["domain"], question.is_integral, variable)
    elif evidence.get("branch"):
        where = "it holds on an interval"
    where = f"; {where}" if where else ""
    how = "proved as a formula" if verdict.status == "proved" else f"to 50 digits at {evidence.get('points', 0)} points"
    if question.is_integral:
        where += "; it is real nowhere" if "complex" in evidence else ""
        return f"right: its derivative is {asked} ({how}){where}"
    if question.conditions:
        return f"right: it solves {asked} and meets the conditions ({how}){where}"
    extent = {
        "general": "it is the general solution",
        "family": "a family of solutions, not all of them",
        "particular": "a particular solution",
    }
    return f"right: it solves {asked} ({how}); {extent[verdict.extent]}{where}"


# --- many -------------------------------------------------------------------------------------------------------------


def verdicts(
    pairs: Iterable[tuple[str, str]], workers: int = 1, time_limit: float = 5.0, domain: bool = False
) -> Iterator[Verdict]:
    """Verdicts on pairs of texts, in their order. Whatever a text holds, no pair raises an error or stops the others.

    Args:
        pairs: (problem, answer), read as the verdicts are taken, a few ahead. What is no text is "undecided".
        workers: processes.
        time_limit: seconds a pair may take; one that takes longer is "undecided".
        domain: as for `verify`.

    Raises:
        ValueError: `workers` or `time_limit` is not positive.
    """
    judge = functools.partial(judged, domain=True) if domain else judged
    return judge_many(((_text(problem), _text(answer)) for problem, answer in pairs), judge, workers, time_limit)


def _text(anything: Any) -> str | None:
    if isinstance(anything, Tree):
        return prefix_text(anything)
    return str(anything) if isinstance(anything, str) or is_sympy(anything) else None


def judged(problem: str | None, answer: str | None, domain: bool = False) -> Verdict:
    """The verdict on a pair of texts; "undecided" where anything goes wrong."""
    if problem is None or answer is None:
        return Verdict("undecided", f"the {'problem' if problem is None else 'answer'} is no text")
    if max(len(problem), len(answer)) > MAX_LENGTH:
        return Verdict("undecided", f"a text has more than {MAX_LENGTH:,} characters")
    try:
        return verify(problem, answer, domain=domain)
    except ValueError as fault:
        return Verdict("undecided", f"the problem cannot be read: {str(fault).partition(chr(10))[0]}")
    except MemoryError:
        return Verdict("undecided", f"memory limit: more than {MEMORY_LIMIT >> 30} GiB")
    except Exception as error:  # no pair may cost the others their verdicts
        return Verdict("undecided", f"the checker crashed: {type(error).__name__}: {error}")
