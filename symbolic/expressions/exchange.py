"""Trees to SymPy expressions and back, and to LaTeX.

By default nothing is evaluated, so that prefix -> SymPy -> prefix gives back what went in. That holds for the spelling
of the published data: rationals in lowest terms, no `inv`, `pow2` and the like, for which SymPy has no form of its own.
"""

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping

import sympy as sp

from symbolic.expressions.engines import (
    ABSTRACT,
    NAMED_FUNCTIONS,
    TooLargeError,
    UndefinedError,
    short_text,
    to_symengine,
)
from symbolic.expressions.prefix import Tree, chain, fold
from symbolic.expressions.tokens import TOKENS

_X = sp.Symbol("x")
_Y = sp.Function("Y")(_X)
_SYMBOLS = {t.spelling: sp.Symbol(t.spelling) for t in TOKENS.values() if t.kind in ("variable", "coefficient")}
_UNKNOWNS = {"Y": _Y, "Y'": sp.Derivative(_Y, _X), "Y''": sp.Derivative(_Y, (_X, 2))}
_CONSTANTS = {"pi": sp.pi, "E": sp.E, "I": sp.I}
_FUNCTIONS = {token: getattr(sp, name) for token, name in NAMED_FUNCTIONS.items()} | {"exp": sp.exp}
_FUNCTIONS |= {name: sp.Function(name) for name in ABSTRACT}

_LARGE = 20  # parts of an exponent; a larger one is printed once and then only copied
_LEAVES = _SYMBOLS | _UNKNOWNS | _CONSTANTS
_LATEX_LEAVES = _SYMBOLS | {unknown: sp.Symbol(unknown) for unknown in _UNKNOWNS} | _CONSTANTS

# For `from_sympy`.
_TOKENS_OF_FUNCTIONS = {function: token for token, function in _FUNCTIONS.items()}
_TOKENS_OF_LEAVES = {leaf: token for token, leaf in _LEAVES.items()}


def to_sympy(tree: Tree, evaluate: bool = False) -> sp.Basic:
    """The SymPy expression of a tree; a difference at the root, as in `sub Y' f`, becomes an equation.

    `Y`, `Y'` and `Y''` become Y(x) and its derivatives. Unless `evaluate` is set, the structure is kept as it is
    written, so that `from_sympy` finds it again; `.doit()` evaluates afterwards. Trees can hold numbers that evaluation
    would blow up, so text from outside should only be evaluated in a process with limits.

    Raises:
        TooLargeError: the tree nests more deeply than SymPy can compute with.
        UndefinedError, TooLargeError: with `evaluate`, as `to_symengine` raises them.
    """
    if evaluate:
        to_symengine(tree)  # refuses powers of numbers that SymPy would write out
    with _depth_checked():
        return _built(tree, _operations(evaluate), _LEAVES)


def from_sympy(expr: sp.Basic) -> Tree:
    """The tree of a SymPy expression, operands in the order SymPy holds them; an equation becomes `sub`.

    Raises:
        UndefinedError: infinity or nan occurs in it.
        TooLargeError: it nests too deeply.
        ValueError: it holds something that no token spells.
    """
    with _depth_checked():
        return _tree(expr)


def _tree(expr: sp.Basic) -> Tree:
    if isinstance(expr, sp.Equality):
        return Tree("sub", tuple(map(_tree, expr.args)))
    if expr.is_Integer:
        return Tree(int(expr))
    if expr.is_Rational:
        return Tree("div", (Tree(int(expr.p)), Tree(int(expr.q))))
    if expr in _TOKENS_OF_LEAVES:
        return Tree(_TOKENS_OF_LEAVES[expr])
    if expr in (sp.nan, sp.oo, -sp.oo, sp.zoo):
        raise UndefinedError(f"the expression has no finite value: it contains {expr}")
    if expr.is_Add or expr.is_Mul:
        return chain("add" if expr.is_Add else "mul", map(_tree, expr.args))
    if expr.is_Pow:
        base, exponent = expr.args
        if exponent == sp.S.Half:
            return Tree("sqrt", (_tree(base),))
        return Tree("pow", (_tree(base), _tree(exponent)))
    if expr.func in _TOKENS_OF_FUNCTIONS:
        return Tree(_TOKENS_OF_FUNCTIONS[expr.func], tuple(map(_tree, expr.args)))
    raise ValueError(f"no token spells {type(expr).__name__} {short_text(expr)}")


def to_latex(tree: Tree, names: Mapping[str, str] | None = None) -> str:
    """LaTeX source of a tree, for math mode: `Y'` without its argument, sums and products without inner brackets.

    Args:
        names: what variables, coefficients and unknowns are called in the source, if not as their tokens.

    Raises:
        TooLargeError: the tree nests more deeply than SymPy can print.
    """
    symbols = {token: sp.Symbol(name) for token, name in (names or {}).items() if token not in _CONSTANTS}
    with _depth_checked():
        expr = _built(tree, _operations(False, flat=True), _LATEX_LEAVES | symbols)
        return sp.latex(expr, ln_notation=True, order="none")


@contextlib.contextmanager
def _depth_checked() -> Iterator[None]:
    """SymPy works by recursion, also where it only builds an expression."""
    try:
        yield
    except RecursionError:
        raise TooLargeError("the expression nests too deeply for SymPy") from None


def _built(tree: Tree, operations: Mapping[str, Callable], leaves: Mapping[str, sp.Basic]) -> sp.Basic:
    def combine(head, operands):
        if isinstance(head, int):
            return sp.Integer(head)
        return operations[head](*operands) if operands else leaves[head]

    if tree.head == "sub":
        left, right = (fold(operand, combine) for operand in tree.operands)
        return sp.Eq(left, right, evaluate=False)
    return fold(tree, combine)


@functools.cache
def _operations(evaluate: bool, flat: bool = False) -> dict[str, Callable]:
    """What each operator and function builds in SymPy.

    Args:
        evaluate: let SymPy evaluate it.
        flat: build sums and products with all terms and factors side by side, and 1/b as a power.
    """

    def operands(kind, a, b):
        return (*kind.make_args(a), *kind.make_args(b)) if flat else (a, b)

    def add(a, b):
        return sp.Add(*operands(sp.Add, a, b), evaluate=evaluate)

    def mul(a, b):
        return sp.Mul(*operands(sp.Mul, a, b), evaluate=evaluate)

    def power(a, b):
        if flat and b.is_Rational and b < 0:
            a = _as_written(a, b)
        if flat and len(list(itertools.islice(sp.preorder_traversal(b), _LARGE + 1))) > _LARGE:
            # SymPy's printer visits an exponent several times on every level, so a tower would take it for ever.
            b = sp.Symbol(_in_brackets(sp.latex(b, ln_notation=True, order="none")))
        return sp.Pow(a, b, evaluate=evaluate)

    def div(a, b):
        if a.is_Integer and b.is_Integer and b > 1:
            return sp.Rational(a, b)
        if flat and a == 1:
            return power(b, sp.S.NegativeOne)
        return mul(a, power(b, sp.S.NegativeOne))

    operations = {
        "add": add,
        "sub": lambda a, b: add(a, mul(sp.S.NegativeOne, b)),
        "mul": mul,
        "div": div,
        "pow": power,
        "rac": lambda a, b: power(a, div(sp.S.One, b)),
        "inv": lambda a: power(a, sp.S.NegativeOne),
        "sqrt": lambda a: power(a, sp.S.Half),
    }
    for exponent in range(2, 6):
        operations[f"pow{exponent}"] = functools.partial(lambda a, n: power(a, n), n=sp.Integer(exponent))
    for token, function in _FUNCTIONS.items():
        operations[token] = functools.partial(function, evaluate=evaluate)
    return operations


def _as_written(base: sp.Basic, exponent: sp.Rational) -> sp.Basic:
    """The base of a negative power, so that SymPy prints it below a fraction bar as it stands.

    SymPy's printer writes powers of numbers out, however large, and a negative power below the bar as a fraction in a
    fraction. A symbol with the LaTeX of such a base as its name it only prints.
    """
    if base.is_Rational:
        is_atom = base.is_Integer and base >= 0
        return sp.Symbol(sp.latex(base) if is_atom else _in_brackets(sp.latex(base)))
    factors = sp.Mul.make_args(base)
    if not any(map(_is_negative_power, factors)):
        return base
    written = [
        sp.Pow(factor.base, sp.Symbol(sp.latex(factor.exp)), evaluate=False) if _is_negative_power(factor) else factor
        for factor in factors
    ]
    latex = sp.latex(
        sp.Mul(*written, evaluate=False) if len(written) > 1 else written[0], ln_notation=True, order="none"
    )
    return sp.Symbol(f"{{{latex}}}" if exponent == -1 else _in_brackets(latex))


def _is_negative_power(factor: sp.Basic) -> bool:
    """Whether a factor is a negative power of anything but what `_as_written` returned."""
    return factor.is_Pow and factor.exp.is_Rational and factor.exp < 0 and not str(factor.base).startswith("{")


def _in_brackets(latex: str) -> str:
    return rf"{{\left({latex}\right)}}"
