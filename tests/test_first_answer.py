"""An answer needs neither TensorFlow nor Keras; a solver that stays answers again without starting anew."""

import multiprocessing
import subprocess
import sys
import threading

import pytest

from symbolic import Solver
from tests import PROJECT

HEAVY = ("tensorflow", "tensorflow_text", "keras", "jax", "torch", "pandas", "matplotlib", "sympy")

# Importing them is an error, as in an installation without them; but not SymPy, which is everywhere.
PROGRAM = """
import sys
heavy = sys.argv[1].split(",")
sys.modules |= {name: None for name in heavy if name != "sympy"}
from symbolic.__main__ import main
status = main(sys.argv[2:])
print(sorted(name for name in heavy if sys.modules.get(name) is not None), status)
"""


def answered(*words: str, without=HEAVY) -> str:
    command = [sys.executable, "-c", PROGRAM, ",".join(without), *words]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=200)
    assert ended.stderr == "", ended.stderr
    return ended.stdout


@pytest.mark.parametrize("words", [["integrate", "x*exp(x)"], ["dsolve", "x*y' - y = 0"]], ids=str)
def test_the_shipped_model_answers_without_tensorflow_keras_pandas_and_sympy(words):
    *answer, end = answered(*words).splitlines()
    assert end == "[] 0" and "proved" in " ".join(answer)


def test_answers_are_verified_without_them_too(tmp_path):
    (tmp_path / "pairs").write_text("sub Y' cos x\tsin x\n")
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM, ",".join({*HEAVY} - {"pandas"}), "verify", str(tmp_path / "pairs")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert output.stdout.splitlines()[-1] == "[] 0", output.stderr


def test_the_shipped_model_is_evaluated_without_tensorflow_and_keras(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "few.test").write_text("sub Y' cos x\tsin x\nsub Y' x\tmul div INT+ 1 INT+ 2 pow x INT+ 2\n")
    words = ["evaluate", "--data", str(tmp_path / "data" / "few.test"), "--beam", "1,3", "--out", str(tmp_path / "out")]
    without = ",".join(("tensorflow", "tensorflow_text", "keras", "jax", "torch"))
    command = [sys.executable, "-c", PROGRAM, without, *words]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=200)
    assert ended.stdout.splitlines()[-1] == "[] 0", ended.stderr
    assert "pretrained@3" in ended.stdout


def test_a_model_that_needs_keras_says_so_where_there_is_none(tmp_path):
    command = [sys.executable, "-c", PROGRAM, "tensorflow,keras", "export", "pretrained", str(tmp_path / "saved")]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert ended.stdout.splitlines()[-1] == "[] 2"
    assert ended.stderr.startswith("symbolic export: the package keras is not installed for")


# --- a solver that stays ----------------------------------------------------------------------------------------------


def pids():
    return {process.pid for process in multiprocessing.active_children()}


def test_a_solver_keeps_its_processes_and_ends_them(translator):
    before = pids()
    with Solver(translator, beam=2) as solver:
        assert solver.integrate("2x").verdict.status == "proved"
        kept = pids() - before
        assert solver.integrate("cos(x)").verdict.status == "proved"
        assert kept and pids() - before == kept
        assert len(solver.integrate("cos(x)", beam=3).candidates) == 3
    assert pids() == before
    with pytest.raises(ValueError, match="ended"):
        solver.integrate("2x")


def test_several_threads_ask_one_solver(translator):
    asked, answers = ["2x", "cos(x)", "sin(x)"] * 2, []

    def ask(integrand):
        answers.append((integrand, solver.integrate(integrand).as_dict()["answer"]))

    with Solver(translator, beam=2) as solver:
        threads = [threading.Thread(target=ask, args=[integrand]) for integrand in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == sorted([("2x", "x^2"), ("cos(x)", "sin(x)"), ("sin(x)", "-cos(x)")] * 2)


def test_a_solver_solves_equations(ode_translator):
    with Solver(ode_translator, beam=1) as solver:
        assert solver.dsolve("y' + y = x").verdict.general
        assert solver.integrate("x").verdict.solved


def test_an_error_leaves_a_solver_usable(translator):
    with Solver(translator, beam=1) as solver:
        with pytest.raises(ValueError, match="tan"):
            solver.integrate("tan(x)")
        assert solver.integrate("2x").verdict.solved
