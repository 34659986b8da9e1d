"""Splits: disjoint, of the sizes asked for, and a matter of content alone."""

import itertools
import random

import pytest

from symbolic.problems.problem import Problem, ProblemOptions
from symbolic.problems.splits import SPLITS, add_distinct, leakage, split, split_of
from symbolic.problems.tasks import problems


def some(count, seed=0):
    return list(itertools.islice(problems("bwd", seed, ProblemOptions(max_ops=5)), count))


def test_splits_are_disjoint_and_of_exact_size():
    sets = split(some(3000), valid=40, test=30)
    assert list(sets) == list(SPLITS)
    assert (len(sets["valid"]), len(sets["test"])) == (40, 30)
    equations = {name: [problem.equation for problem in chosen] for name, chosen in sets.items()}
    for name in SPLITS:
        assert len(set(equations[name])) == len(equations[name])
        assert all(split_of(equation) == name for equation in equations[name])
    for a, b in itertools.permutations(SPLITS, 2):
        assert leakage(equations[a], equations[b]) == 0


def test_the_order_of_the_problems_decides_nothing():
    given = some(2000)
    shuffled = random.Random(1).sample(given, len(given))
    for size in range(5, 60, 5):
        first, second = split(given, valid=size, test=size), split(shuffled, valid=size, test=size)
        assert all(sorted(first[name]) == sorted(second[name]) for name in SPLITS)


def test_two_data_sets_never_train_on_what_the_other_tests():
    small, large = split(some(1000), valid=10, test=10), split(some(3000, seed=1), valid=50, test=50)
    shared = {p.equation for p in some(1000)} & {p.equation for p in some(3000, seed=1)}
    assert shared
    for held_out in ("valid", "test"):
        assert leakage([p.equation for p in large["train"]], [p.equation for p in small[held_out]]) == 0
        assert leakage([p.equation for p in small["train"]], [p.equation for p in large[held_out]]) == 0


def test_shares_are_about_five_percent_each():
    names = [split_of(f"sub Y' INT+ {i}") for i in range(10_000)]
    assert 400 < names.count("valid") < 600
    assert 400 < names.count("test") < 600


def test_the_set_of_a_problem_never_changes():
    """Fixed for all data ever made: a change here would let old test problems into new training data."""
    sets = {"test": (14, 31), "valid": (15, 36), "train": (0, 1)}
    assert all(split_of(f"sub Y' INT+ {number}") == name for name, numbers in sets.items() for number in numbers)


def test_the_simplest_solution_stays_whatever_the_order():
    equation = "sub Y' pow x INT- 1"
    solutions = ["ln mul INT+ 5 x", "ln x", "ln mul INT+ 2 x"]
    for order in itertools.permutations(solutions):
        kept = {}
        assert [add_distinct(kept, Problem(equation, solution)) for solution in order] == [True, False, False]
        assert kept == {equation: "ln x"}


def test_a_share_that_is_too_small_is_an_error():
    given = some(200)
    possible = sum(split_of(equation) == "test" for equation in {p.equation for p in given})
    with pytest.raises(ValueError, match=f"`test` must be at most {possible}: .* Received: 150"):
        split(given, valid=1, test=150)


def test_leakage_counts_the_tested_equations_that_were_seen():
    assert leakage(["a", "b", "c"], ["b", "b", "d"]) == 2
    assert leakage([], ["a"]) == 0
