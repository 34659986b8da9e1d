"""The proposer `ansatz`: prefix texts in and out."""

import pytest

from symbolic.expressions.prefix import PrefixError
from symbolic.solving.ansatz import proposals
from symbolic.verification import verify


def test_a_candidate_solves_the_problem():
    problem = "sub Y' mul x cos x"
    best, *_ = proposals(problem)
    assert verify(problem, best).solved


def test_hypotheses_are_ignored():
    assert proposals("sub Y' ln x", ["x", "nonsense"]) == proposals("sub Y' ln x")


@pytest.mark.parametrize("problem", ["sub Y' Y", "add Y'' Y", "sub Y' exp pow x INT+ 2", "sub Y' div INT+ 1 INT+ 0"])
def test_there_is_no_candidate_for_other_problems(problem):
    assert proposals(problem) == []


def test_what_is_no_expression_is_an_error():
    with pytest.raises(PrefixError):
        proposals("sub Y' mul x")
