"""Families by name: the options that all of them have work in each."""

import itertools

import pytest

from symbolic.problems.problem import ProblemOptions
from symbolic.problems.tasks import problems
from symbolic.verification import verify


@pytest.mark.parametrize("task", ["bwd", "ibp", "ode1"])
def test_coefficients_and_constants_may_be_leaves(task):
    kinds = {"variable": 3, "coefficient": 2, "constant": 1}
    options = ProblemOptions(max_ops=5, leaves=kinds, coefficients=("a0", "a1"))
    drawn = list(itertools.islice(problems(task, 1, options), 12))
    tokens = {token for problem in drawn for token in f"{problem.equation} {problem.solution}".split()}
    assert tokens & {"a0", "a1"} and tokens & {"pi", "E"}
    assert not [problem for problem in drawn if verify(*problem).status == "refuted"]


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="`seed` must be at least 0. Received: -1"):
        next(problems("bwd", -1))
