import numpy as np
import pytest
import sympy as sp

from symbolic.expressions import engines, exchange
from symbolic.expressions.numeric import values
from symbolic.expressions.prefix import Tree, from_prefix
from symbolic.expressions.program import Program
from symbolic.expressions.tokens import TOKENS

WITHOUT_VALUE = {"f", "g", "h"}
WITH_VALUE = [
    token
    for token in TOKENS.values()
    if token.kind in ("operator", "function") and token.spelling not in {*WITHOUT_VALUE, "derivative"}
]
UNARY = [token.spelling for token in WITH_VALUE if token.arity == 1]
BINARY = [token.spelling for token in WITH_VALUE if token.arity == 2]
NEARLY = {"rtol": 1e-9, "atol": 1e-12}


def random_points(seed, count=40, **widths):
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(-width, width, count) for name, width in widths.items()}


def derivative(tree, points, variable="x", order=1):
    """The derivative of a tree at points."""
    for _ in range(order):
        tree = Tree("derivative", (tree, Tree(variable)))
    return values(tree, points)


def random_tree(rng, size):
    """A tree of about `size` operators in x, small integers and constants."""
    if size == 0:
        return [Tree("x"), Tree("x"), Tree(int(rng.integers(-4, 5))), Tree("pi"), Tree("E")][rng.integers(5)]
    if rng.random() < 0.5:
        return Tree(str(rng.choice(UNARY)), (random_tree(rng, size - 1),))
    left = int(rng.integers(size))
    head = str(rng.choice(["add", "sub", "mul", "div"]))
    return Tree(head, (random_tree(rng, left), random_tree(rng, size - 1 - left)))


@pytest.mark.parametrize("token", WITH_VALUE, ids=lambda token: token.spelling)
def test_every_token_has_the_value_that_sympy_gives_it_and_nan_where_that_is_complex(token):
    tree = Tree(token.spelling, tuple(map(Tree, "xy"[: token.arity])))
    points = random_points(1, count=16, x=3.0, y=3.0)
    x, y = sp.symbols("x y")
    expected = []
    for row in range(16):
        exactly = {x: sp.Float(points["x"][row], 30), y: sp.Float(points["y"][row], 30)}
        formula = exchange.to_sympy(Tree("add", (tree, Tree(0))), evaluate=True)
        value = complex(formula.subs(exactly).evalf(20))
        expected.append(value.real if abs(value.imag) < 1e-15 else np.nan)
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(values(tree, points), expected, **NEARLY)


@pytest.mark.parametrize("seed", range(60))
def test_derivatives_of_random_trees_equal_those_of_symengine(seed):
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, size=int(rng.integers(1, 7)))
    points = random_points(seed, x=2.0)
    try:
        formula = engines.to_symengine(tree)
        trees = [engines.from_symengine(formula)]
        for _ in range(2):
            formula = engines.differentiate(formula, engines.to_symengine(Tree("x")))
            trees.append(engines.from_symengine(formula))
    except engines.UndefinedError:
        return
    for order, theirs in enumerate(trees):
        ours, expected = derivative(tree, points, order=order), values(theirs, points)
        both = np.isfinite(ours) & np.isfinite(expected) & (np.abs(expected) < 1e8)
        np.testing.assert_allclose(ours[both], expected[both], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("token", [*UNARY, "pow", "rac", "div"])
def test_derivatives_are_the_limits_of_difference_quotients(token):
    operands = (from_prefix("add x div x INT+ 7"), from_prefix("add INT+ 2 sin x"))[: TOKENS[token].arity]
    tree = Tree(token, operands)
    points = random_points(2, x=1.5)["x"]
    step = 1e-6
    slope = derivative(tree, {"x": points})
    quotient = (values(tree, {"x": points + step}) - values(tree, {"x": points - step})) / (2 * step)
    known = np.isfinite(slope) & np.isfinite(quotient) & (np.abs(slope) < 1e3)
    assert known.any()
    np.testing.assert_allclose(slope[known], quotient[known], rtol=1e-4, atol=1e-4)


def test_derivatives_with_respect_to_a_coefficient_and_of_constants():
    points = {"x": np.array([1.0, 2.0]), "a8": np.array([3.0, 4.0])}
    np.testing.assert_allclose(derivative(from_prefix("mul pow a8 INT+ 2 x"), points, "a8"), [6.0, 16.0])
    for order in (1, 2):
        np.testing.assert_array_equal(derivative(from_prefix("sin a8"), points, order=order), np.zeros(2))


def test_a_derivative_is_by_a_variable_or_a_coefficient():
    for text in ("derivative sin x INT+ 2", "derivative sin x sin x", "derivative sin x pi"):
        with pytest.raises(ValueError, match="`derivative u v` has a value for a variable"):
            values(from_prefix(text), {"x": np.ones(1)})


def test_outside_the_real_domain_everything_is_nan():
    x = {"x": np.array([-8.0, -0.5])}
    for text in (
        "ln x",
        "sqrt x",
        "pow x div INT+ 1 INT+ 3",
        "rac x INT+ 3",
        "mul I x",
        "pow INT+ 1 ln x",
        "pow ln x INT+ 0",
        "acosh x",
        "add INT+ 1 asin sub x INT+ 2",
    ):
        assert np.isnan(values(from_prefix(text), x)).all(), text


def test_values_take_the_shape_of_the_points_and_large_integers_overflow_quietly():
    grid = {"x": np.ones((3, 1)), "a8": np.arange(4.0)}
    assert values(from_prefix("add x a8"), grid).shape == (3, 4)
    assert values(Tree(2), grid).shape == (3, 4)
    assert values(Tree(-(10**999)), {"x": np.ones(1)}) == -np.inf


def test_equal_parts_are_computed_once():
    program = Program()
    program.enter(from_prefix("add sin x mul sin x pow sin x INT+ 2"))
    assert sum(head == "sin" for head, _ in program.steps) == 1


@pytest.mark.parametrize("token", [*sorted(WITHOUT_VALUE), "Y", "Y'"])
def test_tokens_without_a_value_are_refused_by_name(token):
    tree = Tree(token, (Tree("x"),) * TOKENS[token].arity)
    with pytest.raises(ValueError, match=f"`{token}` has no value"):
        values(tree, {"x": np.ones(1)})


def test_a_missing_variable_is_named():
    with pytest.raises(ValueError, match="missing: `a8`"):
        values(from_prefix("mul a8 x"), {"x": np.ones(1)})
