"""Computer algebra systems answer, give up or are stopped; the judge confirms their answers."""

import os
import shutil

import pytest

from symbolic.systems.asking import asking, solves
from symbolic.systems.integrators import INTEGRATORS
from symbolic.systems.ode_solvers import ODE_SOLVERS, lacking
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


@pytest.mark.parametrize("system", ODE_SOLVERS)
def test_installed_systems_solve_differential_equations(system):
    if not is_installed(system) or lacking(system):
        pytest.skip(lacking(system) or f"{system} is not installed")
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
    whole = [system for system in INTEGRATORS if not lacking(system)]
    assert [system for system in whole if not solves(system, "add Y Y''")] == ["alkahest"]


def test_a_system_that_is_not_installed_whole_is_asked_once_and_named(monkeypatch, tmp_path):
    """Debian's Maxima without the package maxima-share."""
    if not is_installed("maxima"):
        pytest.skip("maxima is not installed")
    (tmp_path / "bare.mac").write_text("file_search_maxima:[]$\nfile_search_lisp:[]$\n")
    program = tmp_path / "maxima"
    real = f'exec {shutil.which("maxima")} --init-mac={tmp_path}/bare.mac "$@"'
    program.write_text(f"#!/bin/sh\necho started >> {tmp_path}/starts\n{real}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    lacking.cache_clear()
    try:
        assert [solves("maxima", equation) for equation in ("add Y Y'", "sub Y' x", "add Y Y''")] == [
            False,
            True,
            False,
        ]
        assert (tmp_path / "starts").read_text().count("started") == 1
        with asking("maxima") as ask:
            integral, equation = ask(["sub Y' x", "add Y Y'"])
        assert integral.answers and not equation.answers
        assert "it has no contrib_ode. To install it: apt install maxima maxima-share" in equation.failure
    finally:
        lacking.cache_clear()


@pytest.mark.skipif(not is_installed("alkahest"), reason="alkahest is not installed")
def test_an_equation_that_a_system_does_not_solve_has_no_answer():
    with asking("alkahest") as ask:
        (attempt,) = ask(["add Y Y'"])
    assert attempt.answers == [] and attempt.failure == "no answer found"
