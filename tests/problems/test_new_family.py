"""A family that is registered like the README's example can be drawn, produced by workers, prepared and judged."""

import gzip
import itertools

import pytest

from symbolic.problems.problem import ProblemOptions
from symbolic.problems.production.generate import generate
from symbolic.problems.tasks import TASKS, problems
from symbolic.verification import verify
from tests.problems.derivative_family import derivative

SMALL = ProblemOptions(max_ops=4)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(TASKS, "derivative", derivative)


def drawn(count, seed=0):
    return list(itertools.islice(problems("derivative", seed, SMALL), count))


def test_its_problems_are_right_and_a_wrong_answer_or_the_question_itself_is_not():
    for equation, solution in drawn(30):
        assert equation.startswith("sub Y derivative ")
        assert verify(equation, solution).solved
        assert verify(equation, f"add INT+ 1 {solution}").status == "refuted"
        assert verify(equation, equation.removeprefix("sub Y ")).status == "refuted"


def test_workers_find_it_by_its_module(tmp_path):
    report = generate(tmp_path, "derivative", 40, seed=1, options=SMALL, workers=2, shard_size=20)
    assert report.kept == 40
    lines = gzip.decompress((tmp_path / "derivative-00000.tsv.gz").read_bytes()).decode().splitlines()
    assert all(verify(*line.split("\t")).solved for line in lines[:5])


def test_a_derivative_by_no_variable_is_no_problem():
    verdict = verify("sub Y derivative sin x INT+ 2", "cos x")
    assert verdict.status == "undecided" and "malformed problem" in verdict.reason
