"""Integrals and differential equations: text, SymPy or prefix in, a checked answer out.

`symbolic.solving.reading` makes a question of what a person hands in, a trained model is loaded, and
`symbolic.solving.answers` finds and judges the answers.
"""

import functools
import time
from pathlib import Path

import sympy as sp

import symbolic
from symbolic.expressions.equations import order_of
from symbolic.expressions.prefix import Tree, from_prefix
from symbolic.seq2seq.searches import Beam
from symbolic.seq2seq.translator import Translator
from symbolic.solving.answers import answers
from symbolic.solving.question import Question
from symbolic.solving.reading import equation_question, integral_question
from symbolic.solving.solution import Solution

_PACKAGE = Path(symbolic.__file__).parent
# The model that serves where none is given: inside an installed package, or beside the package in a clone.
PRETRAINED = _PACKAGE / "pretrained" if (_PACKAGE / "pretrained").is_dir() else _PACKAGE.parent / "pretrained"

_CONSTANTS = ("a8", "a9")  # of general solutions, in the published data sets


def integrate(
    integrand: str | sp.Expr | Tree,
    model: Translator | Path | str | None = None,
    *,
    beam: int = 10,
    repair: bool = True,
    linearity: bool = True,
    time_limit: float = 10.0,
) -> Solution:
    """Ask a trained model for a primitive, and verify its proposals.

    Args:
        integrand: an expression in x, as a person types it ("x*cos(x)"), in SymPy, as a tree or in prefix tokens.
        model: a trained model, or its folder; the one in `pretrained/` if None.
        beam: hypotheses of the model.
        repair: correct their coefficients if none is right.
        linearity: integrate part by part if nothing else is right.
        time_limit: seconds that the check of one candidate may take.

    Raises:
        ValueError: the integrand is no expression in x, has no finite value, or holds what the model has never seen.
        FileNotFoundError: the folder holds no trained model, or there is none in `pretrained/`.

    Examples:
        >>> integrate("2x", "runs/quick_rnn").expression
        x**2
    """
    question = integral_question(integrand)
    return _solution(question, load_model(model), beam, time_limit, repair=repair, linearity=linearity)


def dsolve(
    equation: str | sp.Eq | sp.Expr | Tree,
    model: Translator | Path | str | None = None,
    *,
    beam: int = 10,
    repair: bool = True,
    linearity: bool = True,
    time_limit: float = 10.0,
) -> Solution:
    """Ask a trained model to solve a differential equation of first or second order, and verify its proposals.

    Args:
        equation: in x, y, y' and y'', as a person types it ("y' + y = x"), in SymPy with a function of x, as a tree or
            in prefix tokens; an expression stands for expression = 0.
        model, beam, repair, linearity, time_limit: as for `integrate`.

    Returns:
        The general solution, with the constants a8 and a9, if there is one among the candidates that verify.

    Raises:
        ValueError, FileNotFoundError: as for `integrate`.
    """
    question = equation_question(equation, time_limit)
    return _solution(question, load_model(model), beam, time_limit, repair=repair, linearity=linearity)


def problem_of(integrand: str | sp.Expr | Tree, translator: Translator) -> str:
    """The problem `sub Y' f` of an integrand f, as the model reads it; raises as `integrate` does."""
    question = integral_question(integrand)
    _check_model_reads(question, translator)
    return question.problem


def default_model() -> Path:
    """The folder of the model that serves where none is given.

    Raises:
        FileNotFoundError: there is none.
    """
    if not PRETRAINED.is_dir():
        raise FileNotFoundError(
            f"no model was given, and {PRETRAINED} does not exist: give the folder of a finished trial (--run), "
            "or train one with `make run`"
        )
    return PRETRAINED


def load_model(model: Translator | Path | str | None) -> Translator:
    """A model from its folder, which a process reads once; the default one for None."""
    return model if isinstance(model, Translator) else _load(Path(model or default_model()).resolve())


@functools.lru_cache(maxsize=2)
def _load(folder: Path) -> Translator:
    return Translator.load(folder)


def _solution(question: Question, translator: Translator, beam: int, time_limit: float, **options: bool) -> Solution:
    _check_model_writes_constants(question, translator)
    _check_model_reads(question, translator)
    started = time.perf_counter()
    (candidates,) = answers([question], translator, Beam(beam), time_limit=time_limit, **options)
    return Solution(question, candidates, time.perf_counter() - started)


def _check_model_writes_constants(question: Question, translator: Translator) -> None:
    if question.is_integral:
        return
    order = order_of(from_prefix(question.problem))
    constant = _CONSTANTS[order - 1]
    if constant not in translator.target_processor.vocabulary:
        equations = f"differential equations of order {order}"
        raise ValueError(f"this model was not trained on {equations}: it cannot write their constant `{constant}`")


def _check_model_reads(question: Question, translator: Translator) -> None:
    unseen = translator.context_processor.unknown_tokens([question.problem])
    if unseen:
        raise ValueError(f"this model never saw {' or '.join(f'`{token}`' for token in unseen)} in its training")
    needed = len(question.problem.split()) + 2  # with [START] and [END]
    if needed > translator.max_length:
        raise ValueError(f"the problem needs {needed} tokens, and this model reads at most {translator.max_length}")
