"""Integrals and differential equations: text, SymPy or prefix in, a checked answer out.

`symbolic.solving.reading` makes a question of what a person hands in, a trained model is loaded, and
`symbolic.solving.search` finds and judges the answers.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import symbolic
from symbolic.expressions.equations import order_of
from symbolic.expressions.prefix import Tree, from_prefix
from symbolic.runtime.processes import WarmPools
from symbolic.seq2seq.searches import Beam
from symbolic.seq2seq.translator import Translator
from symbolic.solving.finishing import finish
from symbolic.solving.proposers import OWN, installed_systems
from symbolic.solving.question import Question
from symbolic.solving.reading import equation_question, integral_question
from symbolic.solving.rounds import Inquiry, fixed, widening
from symbolic.solving.search import Event, search
from symbolic.solving.solution import Solution
from symbolic.solving.wording import name_table

if TYPE_CHECKING:
    import sympy as sp

    from symbolic.solving.reading import Variable

_PACKAGE = Path(symbolic.__file__).parent
# The model that serves where none is given: inside an installed package, or beside the package in a clone.
PRETRAINED = _PACKAGE / "pretrained" if (_PACKAGE / "pretrained").is_dir() else _PACKAGE.parent / "pretrained"

_CONSTANTS = ("a8", "a9")  # of general solutions, in the published data sets


def integrate(
    integrand: str | sp.Expr | sp.Integral | Tree,
    variable: Variable = None,
    *,
    model: Translator | Path | str | None = None,
    beam: int | None = None,
    seconds: float = 10.0,
    proposers: Sequence[str] = OWN,
    systems: bool = True,
    time_limit: float = 10.0,
) -> Solution:
    """Find a primitive. A trained model proposes, then algorithms and computer algebra systems; all of it is judged.

    Between limits the primitive gives the value, and a rigorous quadrature checks it.

    Args:
        integrand: what to integrate, as a person types it ("x*cos(x)", "\\int_0^1 t^2 dt"), in SymPy, as a tree or in
            prefix tokens.
        variable: as SymPy's: the variable, or with limits (x, 0, 1). Without it the text decides.
        model: a trained model, or its folder; the one in `pretrained/` if None.
        beam: the beam size of the model's one search. Without it the beam widens until an answer is proved.
        seconds: the time for a widening search; with `beam` it has no effect.
        proposers: who proposes beside the model, of `solving.proposers.OWN`, in this order.
        systems: ask the installed computer algebra systems if nothing else is right; with `beam` they are not asked.
        time_limit: seconds that the check of one candidate may take.

    Raises:
        ValueError: the integrand cannot be read, has no finite value, or holds what the model has never seen.
        FileNotFoundError: the folder holds no trained model, or there is none in `pretrained/`.

    Examples:
        >>> integrate("2x", model="runs/quick_rnn").expression
        x**2
    """
    question = integral_question(integrand, variable)
    return _solution(question, load_model(model), beam, seconds, proposers, systems, time_limit)


def dsolve(
    equation: str | sp.Eq | sp.Expr | Tree,
    unknown: sp.Basic | str | None = None,
    *,
    ics: str | Mapping | None = None,
    model: Translator | Path | str | None = None,
    beam: int | None = None,
    seconds: float = 10.0,
    proposers: Sequence[str] = OWN,
    systems: bool = True,
    time_limit: float = 10.0,
) -> Solution:
    """Solve a differential equation of first or second order as `integrate` finds primitives.

    Args:
        equation: as a person types it ("y' + y = x", "dy/dt = -k y, y(0) = 1"), in SymPy with one function of one
            variable, as a tree or in prefix tokens; an expression stands for expression = 0.
        unknown: the unknown function, as SymPy's dsolve takes it; the equation alone tells it too.
        ics: initial or boundary conditions, as SymPy's ({y(0): 1}) or as a text.
        model, beam, seconds, proposers, systems, time_limit: as for `integrate`.

    Returns:
        The general solution if there is one among the candidates that verify. With conditions, the constants are
        solved for and what meets the conditions is judged again.

    Raises:
        ValueError, FileNotFoundError: as for `integrate`.
    """
    question = equation_question(equation, time_limit, conditions=ics)
    named = None if unknown is None else str(unknown).partition("(")[0]
    if named not in (None, question.names.unknown, "Y"):
        raise ValueError(f"the unknown function of the equation is `{question.names.unknown}`. Received: `{unknown}`.")
    return _solution(question, load_model(model), beam, seconds, proposers, systems, time_limit)


class Solver:
    """Answers questions one after another, without starting anew: the model is read once, worker processes stay.

    Several threads may ask at the same time; each has worker processes of its own. They end with the block, or with
    `close`.

    Args:
        model: a trained model, or its folder; the one in `pretrained/` if None.
        options: for every question: `beam`, `seconds` and the others that `integrate` and `dsolve` share.

    Raises:
        FileNotFoundError: as for `integrate`.

    Examples:
        >>> with Solver(seconds=5) as solver:
        ...     solver.integrate("2x").expression
        x**2
    """

    def __init__(self, model: Translator | Path | str | None = None, **options):
        self.model, self._options, self._pools = load_model(model), options, WarmPools()

    def __enter__(self) -> Solver:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def integrate(self, integrand: str | sp.Expr | Tree, **options) -> Solution:
        """As the function `integrate`, with the solver's model and options, or other options for this question."""
        with self._pools.in_use():
            return integrate(integrand, model=self.model, **(self._options | options))

    def dsolve(self, equation: str | sp.Eq | sp.Expr | Tree, **options) -> Solution:
        """As the function `dsolve`, with the solver's model and options, or other options for this question."""
        with self._pools.in_use():
            return dsolve(equation, model=self.model, **(self._options | options))

    def close(self) -> None:
        """End the worker processes; a question after that raises ValueError."""
        self._pools.close()


def solve_events(
    inquiry: Inquiry,
    translator: Translator,
    *,
    beam: int | None = None,
    seconds: float = 10.0,
    proposers: Sequence[str] = OWN,
    systems: bool = True,
    time_limit: float = 10.0,
) -> Iterator[Event]:
    """What happens while an answer is searched, as it happens (see `solving.search`); the arguments of `integrate`.

    Args:
        inquiry: a question without candidates. What is found is added to it.

    Raises:
        ValueError: the question holds what the model has never seen, or there is no such proposer.
    """
    _check_model_writes_constants(inquiry.question, translator)
    _check_model_reads(inquiry.question, translator)
    if beam is not None:
        rounds, seconds = fixed(Beam(beam), proposers), None
    else:
        rounds = widening(proposers, installed_systems() if systems else ())
    return search([inquiry], translator, rounds, seconds=seconds, time_limit=time_limit)


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


def _solution(
    question: Question,
    translator: Translator,
    beam: int | None,
    seconds: float,
    proposers: Sequence[str],
    systems: bool,
    time_limit: float,
) -> Solution:
    started = time.perf_counter()
    inquiry = Inquiry(question)
    options = {"beam": beam, "seconds": seconds, "proposers": proposers, "systems": systems, "time_limit": time_limit}
    for _ in solve_events(inquiry, translator, **options):
        pass
    finished = finish(question, inquiry.candidates, time_limit)
    seconds = time.perf_counter() - started
    return Solution(question, inquiry.candidates, seconds, inquiry.certificate, finished)


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
        names = name_table(question.names)
        letters = [token for token in unseen if token in names]
        shown = [f"the constant `{names[token]}`" if token in letters else f"`{token}`" for token in unseen]
        raise ValueError(f"this model never saw {' or '.join(shown)} in its training")
    needed = len(question.problem.split()) + 2  # with [START] and [END]
    if needed > translator.max_length:
        raise ValueError(f"the problem needs {needed} tokens, and this model reads at most {translator.max_length}")
