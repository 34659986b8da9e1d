"""Integrals and differential equations: text, SymPy or prefix in, a checked answer out.

Binds the two sides: `expressions` on one, a trained model on the other. Knows how people write problems and how models
were taught to read them; how answers are found and judged is a matter of `symbolic.answers`.
"""

import functools
import operator
import time
from pathlib import Path

import symengine as se
import sympy as sp
from sympy.core.function import AppliedUndef

import symbolic
from symbolic.answers import answers
from symbolic.expressions.engines import ABSTRACT, from_sympy, symengine_to_prefix, to_symengine
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.prefix import Tree, from_prefix, is_prefix, to_prefix
from symbolic.expressions.tokens import NEGATIVE, POSITIVE, spellings
from symbolic.problems.integration import has_real_constants
from symbolic.problems.polynomials import numerator
from symbolic.problems.simplification import rebuilt
from symbolic.seq2seq.decoding import Beam
from symbolic.seq2seq.translator import Translator
from symbolic.solution import Solution

PRETRAINED = Path(symbolic.__file__).parents[1] / "pretrained"  # the model that serves where none is given

_UNKNOWNS = spellings("unknown")  # Y, Y', Y''
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
        linearity: integrate term by term if nothing else is right.
        time_limit: seconds that the check of one candidate may take.

    Raises:
        ValueError: the integrand is no expression in x, has no finite value, or holds what the model has never seen.
        FileNotFoundError: the folder holds no trained model, or there is none in `pretrained/`.

    Example:
        >>> integrate("2x", "runs/quick_rnn").expression
        x**2
    """
    asked = _integrand(integrand)
    translator = load_model(model)
    problem = _integral_of(asked, translator)
    equation = " ".join(["sub", "Y'", *to_prefix(asked)])
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
    asked = _equation(equation)
    translator = load_model(model)
    problem = _numerator_of(asked, translator)
    judged = " ".join(to_prefix(asked))
    return _solution(asked, problem, judged, translator, beam, time_limit, repair=repair, linearity=linearity)


def problem_of(integrand: str | sp.Expr | Tree, translator: Translator) -> str:
    """The problem `sub Y' f` of an integrand f, as the model reads it; raises as `integrate` does."""
    return _integral_of(_integrand(integrand), translator)


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


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(problem: str | sp.Basic | Tree) -> Tree:
    """The tree of whatever a person hands in.

    Raises:
        ValueError: it is not in the language; the message names the part.
    """
    if isinstance(problem, Tree):
        return from_prefix(to_prefix(problem))  # which finds heads that are no tokens
    if isinstance(problem, str):
        words = problem.split()
        return from_prefix(words) if is_prefix(words) or {POSITIVE, NEGATIVE} & set(words) else from_infix(problem)
    if isinstance(problem, sp.Expr | sp.Equality):
        # Symbols that were made with assumptions are others to SymPy than those without.
        return from_sympy(problem.xreplace({symbol: sp.Symbol(symbol.name) for symbol in problem.free_symbols}))
    raise ValueError(f"a problem is text, a SymPy expression or equation, or a tree. Received: {problem!r}.")


def _integrand(problem: str | sp.Basic | Tree) -> Tree:
    tree = _read(problem)
    if tree.head == "sub" and tree.operands[0] == Tree("Y'"):
        tree = tree.operands[1]
    if tree.head == "sub":
        raise ValueError(f"an integrand is an expression; `{to_infix(tree)}` is an equation")
    _check_language(tree, "an integrand is an expression in x alone", ["x"])
    return tree


def _equation(problem: str | sp.Basic | Tree) -> Tree:
    tree = _read(_with_unknown_Y(problem) if isinstance(problem, sp.Basic) else problem)
    if tree.head != "sub":
        tree = Tree("sub", (tree, Tree(0)))
    _check_language(tree, "a differential equation holds x and y(x) with its derivatives alone", ["x", *_UNKNOWNS])
    return tree


def _with_unknown_Y(equation: sp.Basic) -> sp.Basic:
    """The equation with its one function of x, whatever it is called, renamed Y(x)."""
    functions = equation.atoms(AppliedUndef)
    if len(functions) != 1 or [str(argument) for function in functions for argument in function.args] != ["x"]:
        named = ", ".join(sorted(map(str, functions))) or "none"
        raise ValueError(f"a differential equation has one unknown function, and that is one of x. Received: {named}.")
    return equation.xreplace({unknown: sp.Function(_UNKNOWNS[0])(*unknown.args) for unknown in functions})


def _check_language(tree: Tree, rule: str, allowed: list[str]) -> None:
    tokens = set(to_prefix(tree))
    known = [token for kind in ("unknown", "coefficient", "variable") for token in spellings(kind)]
    foreign = [token for token in (*known, *ABSTRACT) if token in tokens and token not in allowed]
    if foreign:
        raise ValueError(f"{rule}; `{to_infix(tree)}` has {' and '.join(f'`{token}`' for token in foreign)}")


# --- as models read it ------------------------------------------------------------------------------------------------


def _integral_of(integrand: Tree, translator: Translator) -> str:
    problem = " ".join(["sub", "Y'", *symengine_to_prefix(to_symengine(integrand))])
    _check_model_reads(problem, translator)
    return problem


def _numerator_of(equation: Tree, translator: Translator) -> str:
    """The equation as the training data spell it: its numerator, without factors that hold no highest derivative."""
    left, right = map(to_symengine, equation.operands)
    difference = left - right
    order = max((n for n, name in enumerate(_UNKNOWNS) if se.has_symbol(difference, se.Symbol(name))), default=0)
    if not order:
        raise ValueError(f"a differential equation holds y' or y''; `{to_infix(equation)}` holds neither")
    if not has_real_constants(difference):
        raise ValueError(f"a differential equation has real numbers; `{to_infix(equation)}` has others")
    unknowns = tuple(se.Symbol(name) for name in reversed(_UNKNOWNS[: order + 1]))
    factors = [factor for factor in numerator(difference, unknowns).factors() if factor.degree(0)]
    if not factors:
        raise ValueError(f"nothing solves `{to_infix(equation)}`")
    _check_model_writes(_CONSTANTS[order - 1], order, translator)
    problem = " ".join(symengine_to_prefix(rebuilt(functools.reduce(operator.mul, factors).expression())))
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
