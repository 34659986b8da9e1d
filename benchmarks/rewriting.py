"""Right answers rewritten, and answers one token away from right ones: what the judge is tested on.

Every form is a function from an answer to another one. Wherever the answer is real both have the same value, up to a
constant term or other names of the constants. A form raises ValueError where it does not apply.
"""

import random
import subprocess
from collections.abc import Callable

import symengine as se
import sympy as sp

from symbolic.expressions.engines import canonical, from_symengine, to_symengine
from symbolic.expressions.exchange import from_sympy, to_sympy
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.notation import is_prefix
from symbolic.expressions.prefix import Tree, fold, from_prefix
from symbolic.expressions.tokens import TOKENS
from symbolic.systems.sessions import is_installed

GIAC_LIMIT = 5  # seconds

# A function of u by other functions of u, here x; of equal value wherever the function is real.
_IN_OTHER_FUNCTIONS = {
    "acosh": "ln add x mul sqrt sub x INT+ 1 sqrt add x INT+ 1",
    "asinh": "ln add x sqrt add pow2 x INT+ 1",
    "atanh": "mul div INT+ 1 INT+ 2 ln div add INT+ 1 x sub INT+ 1 x",
    "sinh": "div sub exp x exp mul INT- 1 x INT+ 2",
    "cosh": "div add exp x exp mul INT- 1 x INT+ 2",
    "tan": "div sin x cos x",
    "cos": "sub INT+ 1 mul INT+ 2 pow2 sin div x INT+ 2",
    "sin": "mul INT+ 2 mul sin div x INT+ 2 cos div x INT+ 2",
    "asin": "sub div pi INT+ 2 acos x",
    "acos": "sub div pi INT+ 2 asin x",
    "atan": "asin div x sqrt add INT+ 1 pow2 x",
    "sqrt": "pow x div INT+ 1 INT+ 2",
}
_WITH_BARS = {
    "ln": "ln abs x",
    "sqrt": "sqrt abs x",
    "cos": "cos abs x",
    "sin": "mul sign x sin abs x",
    "atan": "mul sign x atan abs x",
    "exp": "abs exp x",
}


def _by_table(table: dict[str, str]) -> Callable[[Tree], Tree]:
    forms = {token: from_prefix(text) for token, text in table.items()}

    def write(tree: Tree) -> Tree:
        return fold(
            tree, lambda head, below: _with_x(forms[head], below[0]) if head in forms else Tree(head, tuple(below))
        )

    return write


def _with_x(form: Tree, operand: Tree) -> Tree:
    return fold(form, lambda head, below: operand if head == "x" else Tree(head, tuple(below)))


def _expanded(tree: Tree) -> Tree:
    return from_symengine(to_symengine(tree).expand())


def _one_fraction(tree: Tree) -> Tree:
    numerator, denominator = se.expand(to_symengine(tree)).as_numer_denom()
    return Tree("div", (from_symengine(numerator), from_symengine(denominator)))


def _by_sympy(change: Callable[[sp.Basic], sp.Basic]) -> Callable[[Tree], Tree]:
    return lambda tree: from_sympy(change(to_sympy(tree, evaluate=True)))


def _by_giac(command: str) -> Callable[[Tree], Tree]:
    def write(tree: Tree) -> Tree:
        text = to_infix(tree).replace("E", "exp(1)")
        try:
            answer = subprocess.run(
                ["giac"], input=f"string({command}({text}))\n", capture_output=True, text=True, timeout=GIAC_LIMIT
            )
        except subprocess.TimeoutExpired:
            raise ValueError(f"giac's {command} took too long") from None
        printed = [line for line in answer.stdout.splitlines() if line.startswith('"')]
        if not printed:
            raise ValueError(f"giac's {command} gave no answer")
        return from_infix(printed[-1].strip('"').replace("i", "I") if "*i" in printed[-1] else printed[-1].strip('"'))

    return write


def _with_constant(text: str) -> Callable[[Tree], Tree]:
    return lambda tree: Tree("add", (tree, from_prefix(text)))


def _with_other_constants(text: str) -> Callable[[Tree], Tree]:
    """Every constant a8, a9 replaced by a function of itself, written as one of x."""
    form = from_prefix(text)

    def write(tree: Tree) -> Tree:
        return fold(
            tree,
            lambda head, below: _with_x(form, Tree(head)) if head in ("a8", "a9") else Tree(head, tuple(below)),
        )

    return write


FORMS: dict[str, Callable[[Tree], Tree]] = {
    "canonical": canonical,
    "expanded": _expanded,
    "one fraction": _one_fraction,
    "other functions": _by_table(_IN_OTHER_FUNCTIONS),
    "with bars": _by_table(_WITH_BARS),
    "SymPy expand": _by_sympy(sp.expand),
    "SymPy factor": _by_sympy(sp.factor),
    "SymPy together": _by_sympy(sp.together),
    "SymPy trig expanded": _by_sympy(lambda expr: sp.expand(expr, trig=True)),
    "SymPy by exp": _by_sympy(lambda expr: expr.rewrite(sp.exp)),
    "SymPy by tan": _by_sympy(lambda expr: expr.rewrite(sp.tan)),
}
if is_installed("giac"):
    FORMS |= {f"giac {command}": _by_giac(command) for command in ("normal", "texpand", "simplify")}
INTEGRAL_FORMS = {
    "plus a8": _with_constant("a8"),
    "plus a number": _with_constant("mul pi sqrt INT+ 7"),
}
ODE_FORMS = {
    f"constants {text}": _with_other_constants(text)
    for text in ("mul INT- 3 x", "add x INT+ 5", "pow x INT+ 3", "ln x", "inv x", "tan x")
}


def mutated(answer: str, rng: random.Random) -> str:
    """The answer with one of its digits, functions or operators replaced by another of the same arity.

    Where it has none of them, as `x`, it is doubled.
    """
    words = answer.split()
    places = [index for index, word in enumerate(words) if TOKENS[word].kind in ("digit", "function", "operator")]
    if not places:
        return f"mul INT+ 2 {answer}"
    while True:
        index = rng.choice(places)
        old = TOKENS[words[index]]
        choices = [t.spelling for t in TOKENS.values() if (t.kind, t.arity) == (old.kind, old.arity) and t != old]
        changed = [*words[:index], rng.choice(choices), *words[index + 1 :]]
        if is_prefix(changed):
            return " ".join(changed)
