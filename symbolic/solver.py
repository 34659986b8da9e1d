"""Answers that have been checked: text in, a model's answer with its verdict out.

Binds the two sides: `expressions` and `verification` on one, a trained model on the other. An answer that does not
verify is never presented as one.
"""

from pathlib import Path
from typing import Any, NamedTuple

import symengine as se

from symbolic.expressions.engines import ABSTRACT, differentiate, symengine_to_prefix, to_latex, to_symengine
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.prefix import PrefixError, Tree, from_prefix, to_prefix
from symbolic.expressions.tokens import spellings
from symbolic.seq2seq.translator import Translator
from symbolic.verification import Verdict, verify_many


class Solution(NamedTuple):
    """What a model answered to one integral, and what the judge says of it.

    Attributes:
        integrand: f, in canonical spelling.
        proposal: the model's answer as a tree; None if it is no expression.
        derivative: the proposal's derivative; None where it has none.
        verdict: whether the proposal's derivative is the integrand.
        tokens: the model's answer as it wrote it.
    """

    integrand: Tree
    proposal: Tree | None
    derivative: Tree | None
    verdict: Verdict
    tokens: str

    @property
    def answer(self) -> Tree | None:
        """The proposal if it verified, else None."""
        return self.proposal if self.verdict.solved else None

    def _repr_latex_(self) -> str:
        if self.answer is None:
            return f"no verified answer for ${to_latex(self.integrand)}$"
        return rf"$\int {to_latex(self.integrand)}\,dx = {to_latex(self.answer)} + C$ ({self.verdict.status})"


def integrate(integrand: str, translator: Translator | Path | str, time_limit: float = 10.0) -> Solution:
    """Ask a trained model for a primitive of an expression in x, and check what it says.

    Args:
        integrand: as a person types it, e.g. "x*cos(x)".
        translator: a trained model, loaded or as its folder.
        time_limit: seconds the check may take.

    Raises:
        ValueError: the text is no expression in x, has no finite value, or holds what the model has never seen.
        FileNotFoundError: the folder holds no trained model.
    """
    if not isinstance(translator, Translator):
        translator = Translator.load(translator)
    problem = problem_of(integrand, translator)
    (words,), _ = translator.translate([problem])
    (verdict,) = verify_many([(problem, words)], time_limit=time_limit)
    try:
        proposal = from_prefix(words)
    except PrefixError:
        proposal = None
    return Solution(from_prefix(problem).operands[1], proposal, _derivative(proposal), verdict, words)


def problem_of(integrand: str, translator: Translator) -> str:
    """The problem `sub Y' f`, in the spelling that models are trained on, of an integrand as a person types it.

    Raises:
        ValueError: as for `integrate`.
    """
    tree = from_infix(integrand)
    tokens = set(to_prefix(tree))
    foreign = [
        t for kind in ("unknown", "coefficient", "variable") for t in spellings(kind) if t != "x" and t in tokens
    ]
    foreign += [t for t in ABSTRACT if t in tokens]
    if foreign or tree.head == "sub":
        what = " and ".join(f"`{t}`" for t in foreign) or "an equals sign or `sub`"
        raise ValueError(f"an integrand is an expression in x alone; `{integrand}` has {what}")
    problem = " ".join(["sub", "Y'", *symengine_to_prefix(to_symengine(tree))])
    unseen = translator.context_processor.unknown_tokens([problem])
    if unseen:
        raise ValueError(f"this model never saw {' or '.join(f'`{t}`' for t in unseen)} in its training")
    needed = len(problem.split()) + 2  # with [START] and [END]
    if needed > translator.max_length:
        raise ValueError(f"the problem needs {needed} tokens, and this model reads at most {translator.max_length}")
    return problem


def _derivative(tree: Tree | None) -> Tree | None:
    if tree is None:
        return None
    try:
        return from_prefix(symengine_to_prefix(differentiate(to_symengine(tree), se.Symbol("x"))))
    except (ValueError, RuntimeError):  # undefined or too large: the verdict says what is wrong with it
        return None


def as_dict(solution: Solution) -> dict[str, Any]:
    """A solution as plain texts and numbers, expressions as a person types them."""

    def text(tree):
        return None if tree is None else to_infix(tree)

    return {
        "integrand": text(solution.integrand),
        "answer": text(solution.answer),
        "proposal": text(solution.proposal),
        "derivative": text(solution.derivative),
        **solution.verdict._asdict(),
        "tokens": solution.tokens,
    }


def describe(solution: Solution) -> str:
    """A solution as lines of text for a terminal."""
    lines = [f"integrand   {to_infix(solution.integrand)}"]
    if solution.answer is not None:
        lines.append(f"answer      {to_infix(solution.answer)} + C")
    elif solution.proposal is not None:
        lines.append(f"no verified answer; the model proposed {to_infix(solution.proposal)}")
    else:
        lines.append(f"no answer; the model wrote {solution.tokens or 'nothing'}")
    if solution.derivative is not None:
        lines.append(f"derivative  {to_infix(solution.derivative)}")
    lines.append(f"verdict     {solution.verdict.status}: {solution.verdict.reason}")
    return "\n".join(lines)
