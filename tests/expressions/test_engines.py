import cmath
import math

import pytest
import symengine as se
import sympy as sp
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from symbolic.expressions.engines import (
    ABSTRACT,
    TooLargeError,
    UndefinedError,
    canonical,
    differentiate,
    from_symengine,
    symengine_to_prefix,
    to_symengine,
)
from symbolic.expressions.exchange import from_sympy, to_latex, to_sympy
from symbolic.expressions.infix import from_infix
from symbolic.expressions.notation import MAX_DEPTH, is_prefix
from symbolic.expressions.prefix import Tree, fold, from_prefix, prefix_text, to_prefix
from symbolic.expressions.tokens import ARITY, TOKENS
from tests.expressions.strategies import LEAVES, OPERATORS, repeatable, trees

X = se.Symbol("x")
ELEMENTARY = sorted(set(OPERATORS) - set(ABSTRACT))
REAL = ["add", "sub", "mul", "div", "pow2", "pow3", "inv", "sqrt", "exp", "sin", "cos", "atan", "asinh", "tanh", "sech"]


def evaluated(tree):
    """The SymEngine expression of a tree; a Hypothesis example without one is rejected."""
    try:
        return to_symengine(tree)
    except (UndefinedError, TooLargeError):
        reject()


def written(expr):
    """The canonical tree of an expression; a Hypothesis example without one is rejected."""
    try:
        return from_symengine(expr)
    except (UndefinedError, TooLargeError):
        reject()


# --- SymEngine ------------------------------------------------------------------------------------------------------


@repeatable(max_examples=200)
@given(trees())
def test_canonical_is_the_same_expression_and_stays_as_it_is(tree):
    expr = evaluated(tree)
    spelt = written(expr)
    assert is_prefix(to_prefix(spelt))
    assert to_symengine(spelt) == expr
    assert canonical(spelt) == spelt


@repeatable(max_examples=200)
@given(trees(ELEMENTARY), st.randoms(use_true_random=False))
def test_the_canonical_spelling_does_not_depend_on_the_order_of_operands(tree, random):
    def commute(head, operands):
        if head in ("add", "mul") and random.random() < 0.5:
            operands.reverse()
        return Tree(head, tuple(operands))

    expr, commuted = evaluated(tree), evaluated(fold(tree, commute))
    assert expr == commuted
    assert written(expr) == written(commuted)


def test_a_long_sum_has_one_spelling_whatever_the_order():
    terms = [from_infix(text) for text in ["x", "y", "sin x", "x^2", "3", "exp(x)/2", "-y*x", "ln x"]]
    spellings = set()
    for shift in range(len(terms)):
        rotated = terms[shift:] + terms[:shift]
        for order in (rotated, rotated[::-1]):
            total = order[0]
            for term in order[1:]:
                total = Tree("add", (total, term))
            spellings.add(prefix_text(canonical(total)))
    assert len(spellings) == 1


@pytest.mark.parametrize(
    "text",
    ["1/0", "ln(0)", "tan(pi/2)", "inv(inv(0))", "rac(x, 0)", "f(1/0)", "abs(1/0)", "0*ln(0)", "0^-1", "x + 1/(x-x)"],
)
def test_an_expression_without_a_finite_value_is_refused(text):
    with pytest.raises(UndefinedError):
        to_symengine(from_infix(text))


@pytest.mark.parametrize("value", [se.oo, -se.oo, se.zoo, se.nan])
def test_infinities_have_no_spelling(value):
    for expr in (value, se.Function("f")(value)):
        with pytest.raises(UndefinedError):
            from_symengine(expr)


@pytest.mark.parametrize("expr", [se.Symbol("q"), se.RealDouble(0.5), se.Function("q")(X), X.diff(X) + se.gamma(X)])
def test_what_no_token_spells_is_refused(expr):
    with pytest.raises(ValueError, match="no token spells"):
        symengine_to_prefix(expr)


def test_integers_of_too_many_digits_are_refused_as_an_error_of_size():
    product = to_symengine(from_infix("*".join(["3^600"] * 5)))
    for expr in (product, 1 / product, X + product):
        with pytest.raises(TooLargeError, match="digits"):
            from_symengine(expr)


def test_powers_at_the_limit_are_computed():
    assert to_symengine(from_infix("2^1000")) == se.Integer(2) ** 1000
    assert to_symengine(from_infix("(x+2)^(10^9)")) == (X + 2) ** (10**9)
    assert to_symengine(from_infix("I^(10^9)")) == 1
    assert to_symengine(from_infix("sqrt(2)^3000")) == se.Integer(2) ** 1500


# --- Differentiation ------------------------------------------------------------------------------------------------


@repeatable(max_examples=200)
@given(trees([*REAL, "abs", "sign"], ["x"], max_leaves=8), st.floats(-2, 2))
def test_the_derivative_agrees_with_differences(tree, point):
    expr = evaluated(tree)
    derivative = differentiate(expr, X)
    assert not derivative.atoms(se.Derivative)

    def value(of, at):
        try:
            result = complex(se.Lambdify([X], [of], real=False, backend="lambda")([complex(at)])[0])
        except (RuntimeError, ValueError, OverflowError):
            reject()
        assume(cmath.isfinite(result) and abs(result.imag) < 1e-12 and abs(result.real) < 1e3)
        return result.real

    steps = (1e-4, 5e-5)
    slopes = [(value(expr, point + h) - value(expr, point - h)) / (2 * h) for h in steps]
    assume(abs(slopes[0] - slopes[1]) < 1e-5 * (1 + abs(slopes[0])))  # smooth here: no kink between the points
    jumps = [value(expr, point + h) - value(expr, point) for h in steps]
    assume(abs(jumps[0] - 2 * jumps[1]) < 1e-5)
    assert value(derivative, point) == pytest.approx(slopes[1], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "derivative"),
    [
        ("abs(x)", "sign(x)"),
        ("sign(x)", "0"),
        ("x*sign(x)", "sign(x)"),
        ("abs(sin(x))", "sign(sin(x))*cos(x)"),
        ("abs(x)^2", "2*abs(x)*sign(x)"),
        ("abs(abs(x) + y)", "sign(abs(x) + y)*sign(x)"),
        ("ln(abs(x))", "sign(x)/abs(x)"),
        ("abs(x*sign(x - 1))", "sign(x*sign(x - 1))*sign(x - 1)"),
        ("abs(y)", "0"),
    ],
)
def test_the_derivative_of_abs_and_sign(text, derivative):
    assert differentiate(to_symengine(from_infix(text)), X) == to_symengine(from_infix(derivative))


def test_nested_absolute_values_are_differentiated_in_steps_not_in_doublings():
    tree = Tree("x")
    for _ in range(MAX_DEPTH // 2):
        tree = Tree("abs", (Tree("sin", (tree,)),))
    assert differentiate(to_symengine(tree), X).atoms(se.sign)


# --- SymPy ----------------------------------------------------------------------------------------------------------


@repeatable(max_examples=150)
@given(trees(ELEMENTARY, set(LEAVES)))
def test_prefix_to_sympy_to_prefix_is_exact_on_canonical_trees(tree):
    tree = written(evaluated(tree))
    assert from_sympy(to_sympy(tree)) == tree


@repeatable(max_examples=60)
@given(trees(["add", "mul", "pow2", "sqrt", "exp", "sin", "cos", "atan", "tanh"], ["x", "pi"], max_leaves=6))
def test_sympy_and_symengine_agree_on_values(tree):
    expr = evaluated(tree)
    evaluated_by_sympy = to_sympy(tree, evaluate=True)
    kept_by_sympy = to_sympy(tree)
    expected = complex(expr.subs({X: se.Rational(7, 10)}).n(256, real=False))
    assume(abs(expected) < 1e6)
    for other in (evaluated_by_sympy, kept_by_sympy):
        value = complex(other.subs(sp.Symbol("x"), sp.Rational(7, 10)).evalf(30))
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_an_equation_and_its_unknown_in_sympy():
    equation = to_sympy(from_prefix("sub Y' mul INT+ 2 x"))
    x, y = sp.Symbol("x"), sp.Function("Y")
    assert isinstance(equation, sp.Equality) and equation.doit() == sp.Eq(y(x).diff(x), 2 * x)
    assert sp.checkodesol(equation.doit(), sp.Eq(y(x), x**2))[0]
    assert to_prefix(from_sympy(sp.Eq(y(x).diff(x, 2), x))) == "sub Y'' x".split()


@pytest.mark.parametrize("expr", [sp.oo, sp.zoo, sp.nan, sp.Symbol("x") + sp.zoo])
def test_infinities_from_sympy_are_refused(expr):
    with pytest.raises(UndefinedError):
        from_sympy(expr)


@pytest.mark.parametrize("expr", [sp.Symbol("q"), sp.Float(0.5), sp.gamma(sp.Symbol("x"))])
def test_sympy_objects_that_no_token_spells_are_refused(expr):
    with pytest.raises(ValueError, match="no token spells"):
        from_sympy(expr)


def test_sympy_evaluates_no_power_that_would_fill_the_memory():
    for text in ("10^10^10", "(2*x)^(10^9)", "(1+I)^(10^9)"):
        with pytest.raises(TooLargeError):
            to_sympy(from_infix(text), evaluate=True)


# --- All tokens, SymEngine and SymPy --------------------------------------------------------------------------------

# One operand at which every function of the table has a finite real value and none evaluates to a number.
INNER = {"asec": "x + 2", "acsc": "x + 2", "acosh": "x + 2", "acoth": "x + 2"}
MEANINGS = {
    "inv": lambda u: 1 / u,
    **{f"pow{n}": lambda u, n=n: u**n for n in range(2, 6)},
    "ln": math.log,
    "sign": lambda u: math.copysign(1, u),
    "abs": abs,
    "cot": lambda u: 1 / math.tan(u),
    "sec": lambda u: 1 / math.cos(u),
    "csc": lambda u: 1 / math.sin(u),
    "acot": lambda u: math.atan(1 / u),
    "asec": lambda u: math.acos(1 / u),
    "acsc": lambda u: math.asin(1 / u),
    "coth": lambda u: 1 / math.tanh(u),
    "sech": lambda u: 1 / math.cosh(u),
    "csch": lambda u: 1 / math.sinh(u),
    "acoth": lambda u: math.atanh(1 / u),
    "asech": lambda u: math.acosh(1 / u),
    "acsch": lambda u: math.asinh(1 / u),
    "add": lambda u, v: u + v,
    "sub": lambda u, v: u - v,
    "mul": lambda u, v: u * v,
    "div": lambda u, v: u / v,
    "pow": pow,
    "rac": lambda u, v: u ** (1 / v),
}


@pytest.mark.parametrize("token", ELEMENTARY)
def test_every_operator_means_the_same_in_symengine_and_sympy(token):
    inner = from_infix(INNER.get(token, "x"))
    tree = Tree("add", (Tree("y"), Tree(token, (inner, Tree("t"))[: ARITY[token]])))
    at_x, at_t = 0.7, 1.3
    operands = (at_x + 2 if token in INNER else at_x, at_t)[: ARITY[token]]
    expected = MEANINGS[token](*operands) if token in MEANINGS else getattr(math, token)(*operands)
    values = {"x": at_x, "t": at_t, "y": 0}
    by_symengine = to_symengine(tree).subs(values).n(real=True)
    by_sympy = to_sympy(tree).subs(values).evalf()
    assert float(by_symengine) == pytest.approx(expected)
    assert float(by_sympy) == pytest.approx(expected)


@pytest.mark.parametrize("token", sorted(set(TOKENS) - {t for t in TOKENS if TOKENS[t].kind in ("sign", "digit")}))
def test_every_token_comes_back_from_symengine_and_sympy(token):
    tree = Tree(token, tuple(Tree(name) for name in "xyz"[: ARITY[token]]))
    expr = to_symengine(tree)
    assert to_symengine(from_symengine(expr)) == expr
    kept = to_sympy(tree)
    assert to_sympy(from_sympy(kept)) == kept
    if not token.startswith(("pow", "inv", "sub", "div", "rac")):  # these have another canonical spelling
        assert from_symengine(expr) == from_sympy(kept) == tree


# --- LaTeX ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "latex"),
    [
        ("sub Y' mul INT+ 2 x", "Y' = 2 x"),
        ("add Y'' mul INT- 1 Y", "Y'' - Y"),
        ("add x add y z", "x + y + z"),
        ("add x mul INT- 1 add y z", r"x - \left(y + z\right)"),
        ("mul x mul y z", "x y z"),
        ("mul INT+ 2 INT+ 3", r"2 \cdot 3"),
        ("mul INT+ 2 INT- 3", r"2 \left(-3\right)"),
        ("mul div INT+ 1 INT+ 3 pow ln x INT- 1", r"\frac{1}{3 \ln{\left(x \right)}}"),
        ("mul div INT- 1 INT+ 2 x", r"- \frac{x}{2}"),
        ("div INT+ 1 x", r"\frac{1}{x}"),
        ("pow INT- 3 INT+ 2", r"\left(-3\right)^{2}"),
        ("pow Y' INT+ 2", "Y'^{2}"),
        ("exp mul INT+ 2 x", "e^{2 x}"),
        ("rac x INT+ 3", r"\sqrt[3]{x}"),
        ("mul a8 abs x", r"a_{8} \left|{x}\right|"),
    ],
)
def test_latex(prefix, latex):
    assert to_latex(from_prefix(prefix)) == latex


def test_the_deepest_trees_are_computed_and_too_deep_ones_are_not_printed():
    tower, mixed = Tree("x"), Tree("x")
    for level in range(MAX_DEPTH):
        tower = Tree("pow", (tower, Tree("y")))
        mixed = Tree("add" if level % 2 else "mul", (mixed, Tree("y")))
    for tree in (tower, mixed):
        expr = to_symengine(tree)
        assert to_symengine(from_symengine(expr)) == expr
        assert from_sympy(to_sympy(tree)) == tree
    with pytest.raises(TooLargeError, match="deep"):
        to_latex(tower)


@pytest.mark.parametrize(
    "text", ["sign pow mul INT- 1 x y", "abs pow mul INT- 2 x ln INT+ 2", "abs abs pow mul INT- 1 x y"]
)
def test_signs_of_powers_do_not_kill_the_process(text):
    # Left to itself, SymEngine recurses without end on sign((-x)**y), which differentiating abs leads to as well.
    expr = to_symengine(from_prefix(text))
    assert is_prefix(symengine_to_prefix(differentiate(expr, se.Symbol("x"))))
