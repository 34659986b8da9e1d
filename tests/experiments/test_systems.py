"""Computer algebra systems answer, give up or are stopped, and what they answer the judge can check."""

import os

import pytest

from symbolic.experiments.systems import SYSTEMS, asking, dsolve, solves
from symbolic.problems.integrators import is_installed
from symbolic.verification import verify
from tests.problems.fake_giac import fake_giac


@pytest.mark.parametrize("system", SYSTEMS)
def test_installed_systems_integrate(system):
    if not is_installed(system):
        pytest.skip(f"{system} is not installed")
    equations = ["sub Y' mul x exp x", "sub Y' exp pow x INT+ 2", "sub Y' cos x"]
    with asking(system, time_limit=20, workers=2) as ask:
        solved, unsolved, easy = ask(equations)
    assert verify(equations[0], solved.answers[0]).solved and verify(equations[2], easy.answers[0]).solved
    assert unsolved.answers == [] and unsolved.failure and solved.failure == ""
    assert solved.seconds > 0


@pytest.mark.parametrize(
    "equation",
    ["sub Y' Y", "add Y'' Y", "sub mul x Y' add Y pow x INT+ 2", "sub Y' mul INT+ 2 mul x Y"],
)
def test_sympys_solutions_of_differential_equations_are_general(equation):
    answers = dsolve(equation)
    verdicts = [verify(equation, answer) for answer in answers]
    assert any(v.solved and v.evidence["constants"] == v.evidence["order"] for v in verdicts)


def test_equations_without_an_explicit_elementary_solution_have_no_answer():
    assert dsolve("sub Y'' mul x Y") == []  # Airy's functions
    assert dsolve("sub Y' div x mul INT+ 0 Y") == []  # undefined


def test_differential_equations_are_solved_within_limits():
    with asking("sympy", time_limit=30) as ask:
        (attempt,) = ask(["add Y' Y"])
    assert verify("add Y' Y", attempt.answers[0]).solved
    # No solver is so fast: the first task has to import SymPy.
    with asking("sympy", time_limit=1e-3) as ask:
        (attempt,) = ask(["add Y' Y"])
    assert attempt.answers == [] and attempt.failure == "time limit"


def test_a_system_that_hangs_or_dies_costs_its_problem(monkeypatch, tmp_path):
    for answer, failure in [("HANG", "time limit"), ("CRASH", "system crashed"), ("x", "")]:
        monkeypatch.setenv("PATH", fake_giac(tmp_path / answer, answer))
        with asking("giac", time_limit=0.3) as ask:
            attempts = ask(["sub Y' INT+ 1", "sub Y' INT+ 1"])
        assert [attempt.failure for attempt in attempts] == [failure] * 2
        for process in (tmp_path / answer / "processes").read_text().split():
            with pytest.raises(ProcessLookupError):
                os.kill(int(process), 0)


def test_an_integrand_without_a_value_is_a_failure():
    with asking("sympy") as ask:
        (attempt,) = ask(["sub Y' div INT+ 1 INT+ 0"])
    assert attempt.answers == [] and "no finite value" in attempt.failure


def test_only_sympy_solves_differential_equations():
    assert all(solves(system, "bwd") for system in SYSTEMS)
    assert [system for system in SYSTEMS if solves(system, "ode2")] == ["sympy"]
