"""From a verified answer to what was asked: tidied, judged again, with values for limits and constants for conditions.

Everything here runs in worker processes with limits, and whatever it makes is judged before it is shown: a tidied form
as any answer, the value of a definite integral by rigorous quadrature, a solution that meets conditions by the equation
and by the conditions.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import symengine as se
from flint import arb, ctx, fmpq

from symbolic.expressions.engines import canonical, from_symengine, to_symengine
from symbolic.expressions.prefix import Tree, fold, from_prefix, prefix_text, to_prefix
from symbolic.expressions.program import Program
from symbolic.runtime.processes import preload_module
from symbolic.solving.candidates import Candidate, best_of
from symbolic.solving.question import Names, Question
from symbolic.solving.sandbox import limited_map
from symbolic.solving.widening import beside, holds_as_much, widened
from symbolic.solving.wording import name_table, words
from symbolic.verification import Verdict, balls, verify
from symbolic.verification.definite import NoIntegral, constant, quadrature, verify_integral

if TYPE_CHECKING:
    import sympy as sp

preload_module(__name__)
preload_module("symbolic.expressions.exchange")  # with SymPy, which takes a third of a second

TIDY_LIMIT = 3.0  # seconds for the forms of an answer
_LONG = 120  # tokens of an answer that is too long to be simplified
_JOINED = 8  # verified answers that may be joined to one
_SOLUTIONS = 3  # verified answers whose constants are fitted to conditions
_DRAWS = 10  # random values of the letters for each pattern of their signs
_SIGNS = 3  # letters whose signs are tried


class Value(NamedTuple):
    """The value of a definite integral.

    Attributes:
        exact: as an expression, if one was found that agrees with the quadrature.
        digits: its first digits, from a rigorous enclosure; None if there is none.
        reason: how it was found, or why there is no value.
    """

    exact: Tree | None
    digits: str | None
    reason: str


class Finished(NamedTuple):
    """What is shown of an answer.

    Attributes:
        answer: the tidied answer, None if none verified.
        value: of a definite integral.
        met: solutions that meet the conditions, each with its verdict.
        remark: what is to be said of the conditions, or of the letters: for which signs the answer is right.
        beside: singular solutions of an equation, which the answer does not hold.
    """

    answer: Candidate | None
    value: Value | None = None
    met: tuple[Candidate, ...] = ()
    remark: str = ""
    beside: tuple[Candidate, ...] = ()


def finish(question: Question, candidates: Sequence[Candidate], time_limit: float = 10.0) -> Finished:
    """The best of the candidates, tidied, with whatever else was asked for."""
    verified = [each for each in candidates if each.verdict.solved]
    best = best_of(verified)
    with limited_map(1, time_limit, quiet=True) as limited:

        def compute(function: Callable, *arguments, at_most: float = math.inf):
            """The result of one call; None if it reached a limit."""
            return limited(function, [arguments], at_most)[0]

        if best is not None:
            best = _tidied(question, _widened(question, best, verified, compute), compute)
        remark = "" if best is None else _signs(question, best, compute)
        if question.limits is not None:
            return Finished(best, _value(question, best, compute), (), remark)
        if not question.conditions:
            return Finished(best, remark=remark, beside=_beside(question, best, compute))
        met, said = _meeting(question, [best, *verified] if best else [], compute)
        return Finished(best, None, met, "; ".join(filter(None, (remark, said))))


# --- more of the line, more solutions ---------------------------------------------------------------------------------


def _widened(question: Question, best: Candidate, verified: Sequence[Candidate], compute: Callable) -> Candidate:
    """The best answer, or a form of the verified ones that is right on more of the line or holds more solutions."""
    answers = dict.fromkeys([best.tokens, *(each.tokens for each in verified)])
    wider = compute(widened, question.equation, list(answers)[:_JOINED])
    return best if wider is None else best._replace(tokens=wider.tokens, verdict=wider.verdict)


def _beside(question: Question, best: Candidate | None, compute: Callable) -> tuple[Candidate, ...]:
    """Singular solutions of an equation, which the best answer does not hold."""
    if best is None or question.is_integral:
        return ()
    found = compute(beside, question.equation, [best.tokens]) or []
    return tuple(Candidate(each.tokens, math.nan, best.origin, each.verdict) for each in found)


# --- tidying ----------------------------------------------------------------------------------------------------------


def _tidied(question: Question, best: Candidate, compute: Callable) -> Candidate:
    """The shortest form of an answer that is judged as well as the answer itself."""
    forms = compute(tidy_forms, best.tokens, question.is_integral, at_most=TIDY_LIMIT) or []
    for form in forms:
        if form == best.tokens:
            return best
        verdict = compute(verify, question.equation, form, 0, True, True)
        if verdict is not None and verdict.solved and _is_as_good(verdict, best.verdict):
            return best._replace(tokens=form, verdict=verdict)
    return best


def _is_as_good(verdict: Verdict, other: Verdict) -> bool:
    if other.status == "proved" and verdict.status != "proved":
        return False
    if "complex" in verdict.evidence and "complex" not in other.evidence:
        return False
    return holds_as_much(verdict, other)


def tidy_forms(tokens: str, is_integral: bool) -> list[str]:
    """Forms of an answer from the shortest as it is shown to the answer itself; those not longer than it."""
    import sympy as sp

    from symbolic.expressions.exchange import from_sympy, to_sympy

    tree = from_prefix(tokens)
    trees = [tree]
    if len(tokens.split()) <= _LONG:
        with contextlib.suppress(ValueError, RuntimeError):
            trees.append(canonical(tree))
        expression = to_sympy(tree, evaluate=True)
        for form in (sp.factor_terms, sp.expand, sp.together, _simplified):
            with contextlib.suppress(Exception):  # a form that cannot be had is none
                made = form(expression)
                trees.append(from_sympy(_without_constant(made) if is_integral else made))
        if is_integral:
            with contextlib.suppress(Exception):
                trees.append(from_sympy(_without_constant(expression)))
    texts = {}
    for each in trees:
        shown = words(each, name_table_of(each))
        texts.setdefault(prefix_text(each), (len(shown), shown.count("/"), shown.count("(")))
    longest = texts[tokens] if tokens in texts else max(texts.values())
    return [text for text in sorted(texts, key=texts.get) if texts[text] <= longest]


def name_table_of(tree: Tree) -> dict[str, str]:
    """The names with which lengths are compared."""
    return name_table(Names(constants=tuple(f"a{index}" for index in range(8))), tree)


def _simplified(expression: sp.Expr) -> sp.Expr:
    import sympy as sp

    return sp.simplify(expression, ratio=1.0)


def _without_constant(expression: sp.Expr) -> sp.Expr:
    """Without the terms of a sum that do not hold x: + C goes without saying."""
    import sympy as sp

    constant_part, rest = expression.as_independent(sp.Symbol("x"), as_Add=True)
    return rest if rest != 0 else expression


# --- letters ----------------------------------------------------------------------------------------------------------


def _signs(question: Question, best: Candidate, compute: Callable) -> str:
    """For which signs of the question's letters the answer is right, as words; nothing if for all."""
    letters = sorted({token for token in question.equation.split() if token[0] == "a" and token[1:].isdecimal()})
    if not letters or len(letters) > _SIGNS:
        return ""
    patterns = list(itertools.product((1, -1), repeat=len(letters)))
    results = compute(right_for_signs, question.equation, best.tokens, letters, patterns)
    if results is None or set(results) <= {"always"} or "always" not in results and "sometimes" not in results:
        return ""
    names = name_table(question.names)
    if "sometimes" in results:
        found = compute(radicands_decide, question.equation, best.tokens, letters)
        if found:
            shown = " and ".join(f"{words(from_prefix(each), names)} > 0" for each in found)
            return f"right where {shown} (tried at random values)"
        listed = ", ".join(names[letter] for letter in letters)
        return f"right for some values of {listed}, not for all (tried at random)"
    right = [pattern for pattern, result in zip(patterns, results, strict=True) if result == "always"]
    fixed = [
        f"{names[letter]} {'>' if signs == {1} else '<'} 0"
        for index, letter in enumerate(letters)
        if len(signs := {pattern[index] for pattern in right}) == 1
    ]
    if len(right) == 2 ** (len(letters) - len(fixed)):
        cases = [" and ".join(fixed)]
    else:
        cases = [
            ", ".join(
                f"{names[letter]} {'>' if sign > 0 else '<'} 0" for letter, sign in zip(letters, pattern, strict=True)
            )
            for pattern in right
        ]
    return f"right for {'; or '.join(cases)} (tried at random values)"


def right_for_signs(equation: str, answer: str, letters: Sequence[str], patterns: Sequence[Sequence[int]]) -> list[str]:
    """Whether an answer is right, and real, for letters of each pattern of signs: "always", "sometimes" or "never".

    The values are spread over four powers of ten, so that a condition such as c^2 < 4*m*k fails for some of them.
    """
    generator = np.random.default_rng(len(equation) + len(answer))
    results = []
    for pattern in patterns:
        seen = set()
        for _ in range(_DRAWS):
            seen.add(_is_right_at(equation, answer, _drawn(letters, pattern, generator)))
            if len(seen) == 2:
                break
        results.append("sometimes" if len(seen) == 2 else "always" if True in seen else "never")
    return results


def _drawn(letters: Sequence[str], signs: Sequence[int], generator: np.random.Generator) -> dict[str, Tree]:
    sizes = np.ceil(1000 * 10 ** generator.uniform(-2, 2, len(letters)))
    return {
        letter: Tree("div", (Tree(int(sign) * int(size)), Tree(1009)))
        for letter, sign, size in zip(letters, signs, sizes, strict=True)
    }


def _is_right_at(equation: str, answer: str, values: dict[str, Tree]) -> bool:
    verdict = verify(_with(from_prefix(equation), values), _with(from_prefix(answer), values), extent=False)
    return verdict.solved and "complex" not in verdict.evidence


def radicands_decide(equation: str, answer: str, letters: Sequence[str]) -> list[str]:
    """What stands under the square roots of an answer, without x, if it is right just where all of that is positive.

    That is tried at random values of the letters; if it does not decide, the list is empty.
    """
    found = {}
    todo = [from_prefix(answer)]
    while todo:
        tree = todo.pop()
        todo += tree.operands
        if tree.head == "sqrt" and "x" not in to_prefix(tree) and set(letters) & set(to_prefix(tree)):
            found[prefix_text(tree.operands[0])] = tree.operands[0]
    if not found or {"a8", "a9"} & {token for text in found for token in text.split()}:
        return []
    generator = np.random.default_rng(len(answer))
    seen = set()
    for _ in range(4 * _DRAWS):
        values = _drawn(letters, generator.choice([-1, 1], len(letters)), generator)
        is_positive = all(constant(_with(tree, values)) > 0 for tree in found.values())
        if is_positive != _is_right_at(equation, answer, values):
            return []
        seen.add(is_positive)
    return list(found) if len(seen) == 2 else []


def _with(tree: Tree, values: dict[str, Tree]) -> Tree:
    """The tree with leaves replaced."""
    return fold(
        tree,
        lambda head, operands: (
            values.get(head, Tree(head, tuple(operands))) if not operands else Tree(head, tuple(operands))
        ),
    )


# --- definite integrals -----------------------------------------------------------------------------------------------


def _value(question: Question, best: Candidate | None, compute: Callable) -> Value:
    integrand, (lower, upper) = question.asked, question.limits
    arguments = [prefix_text(each) for each in (integrand, lower, upper)]
    letters = any(token[0] == "a" and token[1:].isdecimal() for text in arguments for token in text.split())
    enclosed = compute(enclosed_integral, *arguments) if not letters else ("", "")
    if enclosed is None:
        return Value(None, None, "the quadrature took too long")
    digits, fault = enclosed
    if fault:
        return Value(None, None, fault)
    if best is not None:
        for claim in compute(differences, best.tokens, *arguments[1:]) or []:
            verdict = compute(verify_integral, *arguments, claim)
            if verdict is not None and verdict.solved:
                return Value(from_prefix(claim), digits or None, verdict.reason)
        if letters:
            return Value(None, None, "no value could be confirmed for random values of the letters")
        return Value(None, digits, "by rigorous quadrature; the antiderivative found jumps inside the interval")
    if letters:
        return Value(None, None, "no antiderivative was found")
    return Value(None, digits, "by rigorous quadrature; no antiderivative was found")


def enclosed_integral(integrand: str, lower: str, upper: str) -> tuple[str, str]:
    """The digits of a definite integral, or the reason why it has none."""
    try:
        value = quadrature(*map(from_prefix, (integrand, lower, upper)))
    except NoIntegral as error:
        return "", str(error)
    return shown_digits(value), ""


def shown_digits(value: arb) -> str:
    """The first digits of a number, all of them certain."""
    with ctx.workprec(160):
        if value.contains(0):
            return "0"
        text = value.str(16, radius=False)
    return text


def differences(primitive: str, lower: str, upper: str) -> list[str]:
    """F(upper) - F(lower) in some forms, the shortest first."""
    import sympy as sp

    from symbolic.expressions.exchange import from_sympy, to_sympy

    tree = from_prefix(primitive)
    parts = [_with(tree, {"x": from_prefix(end)}) for end in (upper, lower)]
    whole = Tree("add", (parts[0], Tree("mul", (Tree(-1), parts[1]))))
    trees = []
    expression = to_sympy(whole, evaluate=True)
    for form in (
        lambda each: each,
        sp.expand,
        sp.factor_terms,
        sp.simplify,
        lambda each: sp.simplify(sp.logcombine(each, force=True)),
    ):
        with contextlib.suppress(Exception):
            trees.append(from_sympy(form(expression)))
    texts = {prefix_text(each): len(words(each, name_table_of(each))) for each in trees}
    return sorted(texts, key=texts.get)


# --- conditions -------------------------------------------------------------------------------------------------------


def _meeting(
    question: Question, solutions: Sequence[Candidate], compute: Callable
) -> tuple[tuple[Candidate, ...], str]:
    """The solutions that meet the conditions, and what is to be said of them."""
    conditions = tuple((each.order, prefix_text(each.at), prefix_text(each.value)) for each in question.conditions)
    met: dict[str, Candidate] = {}
    undecided = False

    def take(answers: Sequence[str], origin: str) -> None:
        for answer in answers:
            verdict = compute(verify, question.equation, answer, 0, True, True)
            if verdict is not None and verdict.solved and compute(holds, answer, conditions):
                if not any(compute(are_equal, answer, other) for other in met):
                    met[answer] = Candidate(answer, math.nan, origin, verdict)

    for solution in list({one.tokens: one for one in solutions}.values())[:_SOLUTIONS]:
        missing = solution.verdict.general and "a8" not in solution.tokens.split()
        answers = compute(constants_for, f"add {solution.tokens} a8" if missing else solution.tokens, conditions)
        undecided |= answers is None
        take(answers or (), solution.origin)
        if met:
            break
    # What a family may miss: y = 0 of y' = y*(1 - y).
    take([prefix_text(each.value) for each in question.conditions if each.order == 0][:1], "conditions")
    if met:
        return tuple(met.values()), f"{len(met)} solutions meet the conditions" if len(met) > 1 else ""
    if undecided:
        return (), "constants that meet the conditions could not be found in time"
    return (), "no constants of this solution meet the conditions" if solutions else ""


def are_equal(first: str, second: str) -> bool:
    """Whether two answers are equal as formulas, after expansion."""
    return (to_symengine(from_prefix(first)) - to_symengine(from_prefix(second))).expand() == 0


def constants_for(answer: str, conditions: Sequence[tuple[int, str, str]]) -> list[str]:
    """The answers with constants of integration that meet the conditions; constants that stay free are kept."""
    import sympy as sp

    from symbolic.expressions.exchange import from_sympy, to_sympy

    tree = from_prefix(answer)
    names = [token for token in dict.fromkeys(to_prefix(tree)) if token in ("a8", "a9")]
    expression = to_sympy(tree, evaluate=True)
    x, equations = sp.Symbol("x"), []
    for order, at, value in conditions:
        derivative = expression.diff(x, order) if order else expression
        place = to_sympy(from_prefix(at), evaluate=True)
        here = derivative.subs(x, place)
        if here.has(sp.nan, sp.zoo, sp.oo):
            here = sp.limit(derivative, x, place)
        equations.append(here - to_sympy(from_prefix(value), evaluate=True))
    symbols = [sp.Symbol(name) for name in names]
    if not symbols:
        return [answer]
    solutions = sp.solve(equations, symbols, dict=True)
    found = []
    for solution in solutions:
        if any(value.has(sp.I) and not value.is_real for value in solution.values()):
            continue
        made = expression.subs(solution)
        forms = [made]
        with contextlib.suppress(Exception):
            forms.append(sp.simplify(made))
        trees = []
        for form in forms:
            with contextlib.suppress(ValueError):
                trees.append(from_sympy(form))
        if trees:
            found.append(prefix_text(min(trees, key=lambda each: len(words(each, name_table_of(each))))))
    return found


def holds(answer: str, conditions: Sequence[tuple[int, str, str]]) -> bool:
    """Whether an answer meets conditions, in balls of 60 digits, with random values for letters and free constants.

    A ball that holds 0 and is as narrow as that is no proof, and enough where the constants were solved for exactly.
    """
    tree = from_prefix(answer)
    generator = np.random.default_rng(len(answer))
    letters = {
        token for text in (answer, *(part for each in conditions for part in each[1:])) for token in text.split()
    }
    values = {
        name: fmpq(int(generator.integers(1, 400)), 127) for name in letters if name[0] == "a" and name[1:].isdecimal()
    }
    program = Program()
    slots = [program.enter(tree)]
    for _ in range(max(order for order, *_ in conditions)):
        slots.append(program.derivative(slots[-1]) if slots[-1] is not None else None)
    with ctx.workprec(256):
        for order, at, value in conditions:
            place, expected = constant(from_prefix(at), values), constant(from_prefix(value), values)
            here = arb(0) if slots[order] is None else arb(balls.run(program, values | {"x": place})[slots[order]])
            if not here.is_finite():
                here = _exact_value(tree, order, from_prefix(at), values)
            difference = here - expected
            if not (difference.is_finite() and difference.contains(0) and float(difference.rad()) < 1e-40):
                return False
    return True


def _exact_value(tree: Tree, order: int, at: Tree, values: dict[str, fmpq]) -> arb:
    """The value of a derivative where balls have none, as of sqrt at 0, by substitution in SymEngine."""
    x = se.Symbol("x")
    with contextlib.suppress(Exception):
        expression = to_symengine(tree)
        for _ in range(order):
            expression = expression.diff(x)
        return constant(from_symengine(expression.subs({x: to_symengine(at)})), values)
    return arb("nan")
