"""Splits follow from the content of a problem; a skeleton is its equation without its numbers."""

import itertools
import random

import pytest

from symbolic.expressions.prefix import Tree, chain, fold, from_prefix, operands_of_chain, prefix_text
from symbolic.expressions.tokens import ARITY, DIGITS, spellings
from symbolic.problems.problem import Problem, ProblemOptions
from symbolic.problems.splits import add_distinct, leakage, skeleton, split_of
from symbolic.problems.tasks import problems


def some_equations(count, seed=0):
    drawn = itertools.islice(problems("bwd", seed, ProblemOptions(max_ops=6)), count)
    return [problem.equation for problem in drawn]


def test_valid_and_test_get_about_five_percent_each():
    names = [split_of(f"sub Y' INT+ {i}") for i in range(10_000)]
    assert 400 < names.count("valid") < 600
    assert 400 < names.count("test") < 600


def test_the_set_of_a_problem_never_changes():
    """Fixed for all data ever made: a change here would let old test problems into new training data."""
    sets = {"test": (14, 31), "valid": (15, 36), "train": (0, 1)}
    assert all(split_of(f"sub Y' INT+ {number}") == name for name, numbers in sets.items() for number in numbers)


NUMBERS = {*DIGITS, *spellings("sign"), *spellings("constant"), *spellings("coefficient"), "div"}

SKELETONS = {
    "sub Y' INT- 1 2": "sub Y' #",
    "sub Y' mul div INT- 1 INT+ 2 3 pow x INT+ 2": "sub Y' mul # pow x #",
    "sub Y' mul pi mul E mul a0 x": "sub Y' mul mul mul # # # x",
    "sub Y' mul sqrt INT+ 3 x": "sub Y' mul sqrt # x",
    "sub Y' div INT+ 3 x": "sub Y' div # x",
    "add INT- 2 add Y'' mul x Y'": "add add # Y'' mul Y' x",
    "add add x y add z INT+ 1": "add add add # x y z",  # however it is nested
    "mul add x INT+ 1 add y INT+ 1": "mul add # x add # y",
    "h x INT+ 1 0 y": "h x # y",
}


@pytest.mark.parametrize("equation", SKELETONS)
def test_skeletons(equation):
    assert skeleton(equation) == SKELETONS[equation]


def with_other_numbers(tree, rng):
    """The same expression with other integers, its sums and products in another order."""

    def changed(head, operands):
        if isinstance(head, int):
            return Tree(rng.choice([-1, 1]) * rng.randint(1, 10 ** rng.randint(1, 4)))
        if head in ("add", "mul"):
            terms = operands_of_chain(Tree(head, tuple(operands)), head)
            return chain(head, rng.sample(terms, len(terms)))
        return Tree(head, tuple(operands))

    return fold(tree, changed)


def test_problems_equal_up_to_their_numbers_have_one_skeleton():
    rng = random.Random(0)
    for equation in some_equations(300):
        other = prefix_text(with_other_numbers(from_prefix(equation), rng))
        assert skeleton(other) == skeleton(equation), other


def test_a_skeleton_keeps_everything_but_numbers():
    for equation in some_equations(300):
        symbols = [
            sorted(t for t in text.split() if t in ARITY and t not in NUMBERS)
            for text in (equation, skeleton(equation))
        ]
        assert symbols[0] == symbols[1]


def test_operands_of_other_operators_keep_their_order():
    assert skeleton("pow x y") != skeleton("pow y x")
    assert skeleton("sub x y") != skeleton("sub y x")


def test_the_simplest_solution_stays_whatever_the_order():
    equation = "sub Y' pow x INT- 1"
    solutions = ["ln mul INT+ 5 x", "ln x", "ln mul INT+ 2 x"]
    for order in itertools.permutations(solutions):
        kept = {}
        assert [add_distinct(kept, Problem(equation, solution)) for solution in order] == [True, False, False]
        assert kept == {equation: "ln x"}


def test_leakage_counts_the_tested_equations_that_were_seen():
    assert leakage(["a", "b", "c"], ["b", "b", "d"]) == 2
    assert leakage([], ["a"]) == 0
