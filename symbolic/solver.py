"""Integrals and differential equations: text, SymPy or prefix in, a checked answer out.

It joins problems as people write them (`symbolic.solving.reading`) with a trained model; `symbolic.solving.answers`
finds and judges the answers.
"""

import functools
import time
from pathlib import Path

import sympy as sp

import symbolic
from symbolic.expressions.equations import integral_equation
from symbolic.expressions.infix import to_infix
from symbolic.expressions.prefix import Tree, prefix_text
from symbolic.seq2seq.searches import Beam
from symbolic.seq2seq.translator import Translator
from symbolic.solving.answers import answers
from symbolic.solving.reading import equation_problem, equation_tree, integral_problem, integrand_tree
from symbolic.solving.sandbox import LimitReached, within_limits
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
    """Ask a trained model for a primitive, and check what it says.

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

    Example:
        >>> integrate("2x", "runs/quick_rnn").expression
        x**2
    """
    asked = integrand_tree(integrand)
    translator = load_model(model)
    problem = _readable_integral(asked, translator)
    equation = prefix_text(integral_equation(asked))
    return _solution(asked, problem, equation, translator, beam, time_limit, repair=repair, linearity=linearity)


def dsolve(
    equation: str | sp.Eq | sp.Expr | Tree,
    model: Translator | Path | str | None = None,
    *,
    beam: int = 10,
    repair: bool = True,
    linearity: bool = True,
    time_limit: float = 10.0,
) -> Solution:
    """Ask a trained model for the solution of a differential equation of first or second order, and check what it says.

    Args:
        equation: in x, y, y' and y'', as a person types it ("y' + y = x"), in SymPy with a function of x, as a tree or
            in prefix tokens; what is no equation stands for one with 0.
        model, beam, repair, linearity, time_limit: as for `integrate`.

    Returns:
        The general solution, with the constants a8 and a9, if there is one among the candidates that verify.

    Raises:
        ValueError, FileNotFoundError: as for `integrate`.
    """
    asked = equation_tree(equation)
    translator = load_model(model)
    problem = _readable_equation(asked, translator, time_limit)
    judged = prefix_text(asked)
    return _solution(asked, problem, judged, translator, beam, time_limit, repair=repair, linearity=linearity)


def problem_of(integrand: str | sp.Expr | Tree, translator: Translator) -> str:
    """The problem `sub Y' f` of an integrand f, as the model reads it; raises as `integrate` does."""
    return _readable_integral(integrand_tree(integrand), translator)


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
    """A model from its folder, which is read once in a process; the default one for None."""
    return model if isinstance(model, Translator) else _load(Path(model or default_model()).resolve())


@functools.lru_cache(maxsize=2)
def _load(folder: Path) -> Translator:
    return Translator.load(folder)


def _solution(asked: Tree, problem: str, equation: str, translator, beam, time_limit, **more) -> Solution:
    started = time.perf_counter()
    (candidates,) = answers([problem], translator, Beam(beam), equations=[equation], time_limit=time_limit, **more)
    return Solution(asked, problem, candidates, time.perf_counter() - started)


# --- what the model can read and write --------------------------------------------------------------------------------


def _readable_integral(integrand: Tree, translator: Translator) -> str:
    problem = integral_problem(integrand)
    _check_model_reads(problem, translator)
    return problem


def _readable_equation(equation: Tree, translator: Translator, time_limit: float) -> str:
    try:
        problem, order = within_limits(equation_problem, prefix_text(equation), time_limit=time_limit)
    except LimitReached as limit:
        raise ValueError(f"the numerator of `{to_infix(equation)}` could not be found: {limit}") from None
    _check_model_writes(_CONSTANTS[order - 1], order, translator)
    _check_model_reads(problem, translator)
    return problem


def _check_model_writes(constant: str, order: int, translator: Translator) -> None:
    if constant not in translator.target_processor.vocabulary:
        equations = f"differential equations of order {order}"
        raise ValueError(f"this model was not trained on {equations}: it cannot write their constant `{constant}`")


def _check_model_reads(problem: str, translator: Translator) -> None:
    unseen = translator.context_processor.unknown_tokens([problem])
    if unseen:
        raise ValueError(f"this model never saw {' or '.join(f'`{token}`' for token in unseen)} in its training")
    needed = len(problem.split()) + 2  # with [START] and [END]
    if needed > translator.max_length:
        raise ValueError(f"the problem needs {needed} tokens, and this model reads at most {translator.max_length}")
