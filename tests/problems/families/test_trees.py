"""Random trees: the counts are right, every tree is equally likely, and options decide what they hold."""

import math
from collections import Counter

import numpy as np
import pytest

from symbolic.expressions.prefix import fold, from_prefix, to_prefix
from symbolic.problems.families.drawing import draw_operator_count, operator_count
from symbolic.problems.families.trees import draw_below, shape_of_rank, tree_count, tree_sampler
from symbolic.problems.problem import PUBLISHED_OPERATORS, ProblemOptions


def rng(seed=0):
    return np.random.Generator(np.random.PCG64(seed))


def shapes(operators, arities):
    """Every tree with this many operators, by its definition: a root, and its operands' shapes in all ways."""
    if operators == 0:
        return [[0]]
    found = []
    for arity in arities:
        if arity == 1:
            found += [[1, *operand] for operand in shapes(operators - 1, arities)]
        else:
            for left in range(operators):
                for first in shapes(left, arities):
                    found += [[2, *first, *second] for second in shapes(operators - 1 - left, arities)]
    return found


def forests(empty, operators, arities):
    """How many ways to grow operators on several empty nodes, by adding up over what the first one gets."""
    if empty == 0:
        return int(operators == 0)
    return sum(
        len(shapes(first, arities)) * forests(empty - 1, operators - first, arities) for first in range(operators + 1)
    )


@pytest.mark.parametrize("arities", [(1, 2), (1,), (2,)])
@pytest.mark.parametrize("operators", range(5))
def test_every_tree_has_one_rank(operators, arities):
    expected = shapes(operators, arities)
    ranked = [shape_of_rank(rank, operators, arities) for rank in range(tree_count(1, operators, arities))]
    assert sorted(ranked) == sorted(expected)


@pytest.mark.parametrize("arities", [(1, 2), (1,), (2,)])
def test_counts_agree_with_brute_force(arities):
    for empty in range(1, 4):
        for operators in range(5):
            assert tree_count(empty, operators, arities) == forests(empty, operators, arities)


def test_counts_of_binary_and_of_unary_binary_trees_are_known_numbers():
    assert [tree_count(1, n, (2,)) for n in range(7)] == [1, 1, 2, 5, 14, 42, 132]  # Catalan
    assert [tree_count(1, n) for n in range(6)] == [1, 2, 6, 22, 90, 394]  # large Schröder


@pytest.mark.parametrize("bound", [1, 2, 3, 40, 2**64 - 1, 2**64, 3**60])
def test_drawn_integers_stay_below_their_bound_and_reach_its_upper_half(bound):
    generator = rng()
    values = [draw_below(generator, bound) for _ in range(200)]
    assert all(0 <= value < bound for value in values)
    assert max(values) >= (bound - 1) // 2 and min(values) <= bound // 2


@pytest.mark.parametrize("draw", [lambda g: draw_below(g, 6), lambda g: draw_below(g, 6 * 2**80) // 2**80])
def test_drawn_integers_are_uniform(draw):
    generator = rng(1)
    counts = Counter(draw(generator) for _ in range(6000))
    assert_frequencies(counts, dict.fromkeys(range(6), 1 / 6))


def assert_frequencies(counts, probabilities, sigmas=5):
    total = counts.total()
    assert set(counts) <= set(probabilities)
    for name, probability in probabilities.items():
        spread = math.sqrt(total * probability * (1 - probability))
        assert abs(counts[name] - total * probability) < sigmas * spread + 1, name


def shape(tree):
    return fold(tree, lambda head, operands: (len(operands), *(arity for operand in operands for arity in operand)))


def test_random_trees_are_uniform_over_shapes():
    generator, draw_tree = rng(2), tree_sampler(ProblemOptions())
    counts = Counter(shape(draw_tree(generator, 3)) for _ in range(4400))
    assert_frequencies(counts, {tuple(s): 1 / 22 for s in shapes(3, (1, 2))})


def test_operators_and_leaves_follow_their_weights():
    generator, options = rng(3), ProblemOptions()
    draw_tree = tree_sampler(options)
    tokens = [token for _ in range(1500) for token in to_prefix(draw_tree(generator, 6))]
    for names in (
        ["add", "sub", "mul", "div"],
        [name for name in PUBLISHED_OPERATORS if name not in "add sub mul div"],
    ):
        total = sum(PUBLISHED_OPERATORS[name] for name in names)
        counts = Counter(token for token in tokens if token in names)
        assert_frequencies(counts, {name: PUBLISHED_OPERATORS[name] / total for name in names})
    leaves = Counter(token for token in tokens if token in ("x", "INT+", "INT-"))
    assert_frequencies(leaves, {"x": 0.75, "INT+": 0.25})
    digits = Counter(token for token in tokens if token.isdigit())
    assert_frequencies(digits, {str(value): 1 / 5 for value in range(1, 6)})


def test_trees_have_the_operators_asked_for_and_are_well_formed():
    generator = rng(4)
    kinds = {"variable": 3, "integer": 1, "coefficient": 1, "constant": 1}
    names = {"variables": ("x", "z"), "coefficients": ("a0", "a7")}
    options = ProblemOptions(leaves=kinds, **names, max_int=123, negative_integers=True)
    draw_tree = tree_sampler(options)
    seen = set()
    for operators in [*range(20), 100]:
        tokens = to_prefix(draw_tree(generator, operators))
        assert operator_count(tokens) == operators
        assert to_prefix(from_prefix(tokens)) == tokens
        seen.update(tokens)
    assert {"x", "z", "INT+", "INT-", "a0", "a7", "pi", "E"} <= seen


def test_the_order_in_which_weights_are_written_changes_nothing():
    backwards = ProblemOptions(operators=dict(reversed(PUBLISHED_OPERATORS.items())))
    trees = [tree_sampler(options)(rng(5), 12) for options in (ProblemOptions(), backwards)]
    assert trees[0] == trees[1]


@pytest.mark.parametrize(
    "options, low, high",
    [
        (ProblemOptions(), 4, 15),
        (ProblemOptions(max_ops=2), 2, 2),
        (ProblemOptions(min_ops=1, max_ops=3), 1, 3),
        (ProblemOptions(min_ops=0, max_ops=3), 0, 3),
    ],
)
def test_one_tree_of_forty_is_smaller_than_the_rest(options, low, high):
    generator = rng(6)
    counts = Counter(draw_operator_count(generator, options, smallest=4) for _ in range(8000))
    small = dict.fromkeys(range(low), 1 / 40 / max(low, 1))
    usual = (1 - sum(small.values())) / (high - low + 1)
    assert_frequencies(counts, small | dict.fromkeys(range(low, high + 1), usual))


@pytest.mark.parametrize(
    "choices, message",
    [
        ({"operators": {"add": 1, "sinn": 2}}, "unknown operator `sinn`. Did you mean `sin`"),
        ({"operators": {"x": 1}}, "unknown operator `x`"),
        ({"operators": {"add": 0}}, "positive integers. Received: add=0"),
        ({"operators": {"add": 0.5}}, "positive integers. Received: add=0.5"),
        ({"operators": {}}, "`operators` must name at least one operator"),
        ({"leaves": {"variables": 1}}, "unknown kind of leaf `variables`. Did you mean `variable`"),
        ({"variables": ("x", "w")}, "unknown variable `w`"),
        ({"variables": ("y",)}, "`variables` must hold x"),
        ({"leaves": {"coefficient": 1}}, "`coefficients` and the weight of `coefficient` in `leaves` go together"),
        ({"coefficients": ("a0",)}, "`coefficients` and the weight of `coefficient` in `leaves` go together"),
        ({"coefficients": ("a8",), "leaves": {"coefficient": 1}}, "unknown coefficient `a8`"),
        ({"max_ops": -1}, "`max_ops` must be from 0 to 100. Received: -1"),
        ({"max_ops": 3, "min_ops": 4}, "`min_ops` must be from 0 to max_ops=3. Received: 4"),
        ({"max_int": 0}, "`max_int` must be at least 1. Received: 0"),
    ],
)
def test_impossible_options_are_refused(choices, message):
    with pytest.raises(ValueError, match=message):
        ProblemOptions(**choices)
