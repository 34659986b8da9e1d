"""Computer algebra systems answer, give up or are stopped; the judge confirms their answers."""

import os

import pytest

from symbolic.systems.asking import asking, solves
from symbolic.systems.integrators import INTEGRATORS
from symbolic.systems.sessions import is_installed
from symbolic.verification import verify
from tests.systems.fake_giac import fake_giac


@pytest.mark.parametrize("system", INTEGRATORS)
def test_installed_systems_integrate(system):
    if not is_installed(system):
        pytest.skip(f"{system} is not installed")
    equations = ["sub Y' mul x exp x", "sub Y' exp pow x INT+ 2", "sub Y' cos x"]
    with asking(system, time_limit=20, workers=2) as ask:
        solved, unsolved, easy = ask(equations)
    assert verify(equations[0], solved.answers[0]).solved and verify(equations[2], easy.answers[0]).solved
    assert unsolved.answers == [] and unsolved.failure and solved.failure == ""
    assert solved.seconds > 0


@pytest.mark.parametrize("system", [system for system in INTEGRATORS if solves(system, "add Y Y'")])
def test_installed_systems_solve_differential_equations(system):
    if not is_installed(system):
        pytest.skip(f"{system} is not installed")
    equations = ["add Y' Y", "sub mul x Y'' sin Y", "sub Y'' Y"]
    with asking(system, time_limit=30, workers=2) as ask:
        first, unsolved, second = ask(equations)
    assert verify(equations[0], first.answers[0]).solved and verify(equations[2], second.answers[0]).solved
    assert unsolved.answers == [] and unsolved.failure


def test_sympy_is_stopped_at_the_limit():
    # No solver is this fast: the first task has to import SymPy.
    with asking("sympy", time_limit=1e-3) as ask:
        (attempt,) = ask(["add Y' Y"])
    assert attempt.answers == [] and attempt.failure == "time limit"


def test_a_system_that_hangs_or_dies_costs_its_problem(monkeypatch, tmp_path):
    for answer, failure in [("HANG", "time limit"), ("CRASH", "system crashed"), ("x", "")]:
        monkeypatch.setenv("PATH", fake_giac(tmp_path / answer, answer))
        with asking("giac", time_limit=0.3) as ask:
            attempts = ask(["sub Y' INT+ 1", "add Y' Y", "sub Y' INT+ 1"])
        assert [attempt.failure for attempt in attempts] == [failure] * 3
        for process in (tmp_path / answer / "processes").read_text().split():
            with pytest.raises(ProcessLookupError):
                os.kill(int(process), 0)


def test_an_integrand_without_a_value_is_a_failure():
    with asking("sympy") as ask:
        (attempt,) = ask(["sub Y' div INT+ 1 INT+ 0"])
    assert attempt.answers == [] and "no finite value" in attempt.failure


def test_every_system_integrates_and_only_alkahest_solves_no_differential_equation():
    assert all(solves(system, "sub Y' x") for system in INTEGRATORS)
    assert [system for system in INTEGRATORS if not solves(system, "add Y Y''")] == ["alkahest"]


@pytest.mark.skipif(not is_installed("alkahest"), reason="alkahest is not installed")
def test_an_equation_that_a_system_does_not_solve_has_no_answer():
    with asking("alkahest") as ask:
        (attempt,) = ask(["add Y Y'"])
    assert attempt.answers == [] and attempt.failure == "no answer found"
