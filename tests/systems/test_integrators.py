"""Computer algebra systems: their primitives agree with quadrature, and a hang or crash costs only one integral."""

import math
import os

import numpy as np
import pytest

from symbolic.expressions import numeric
from symbolic.expressions.infix import from_infix
from symbolic.systems.integrators import INTEGRATORS, Integrator, best_installed
from symbolic.systems.sessions import REASONS, NoAnswer, is_installed
from tests.systems.fake_giac import fake_giac

GENEROUS = 5.0  # seconds, for tests that are not about the limit


@pytest.fixture(scope="module", params=INTEGRATORS)
def integrator(request):
    if not is_installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    integrator = Integrator(request.param, GENEROUS)
    yield integrator
    integrator.close()


def primitive_by(answer, monkeypatch, folder):
    """The tree that `integrate` returns for 1/x if the system prints `answer`."""
    monkeypatch.setenv("PATH", fake_giac(folder, answer))
    integrator = Integrator("giac", GENEROUS)
    try:
        return integrator.integrate(from_infix("1/x"))
    finally:
        integrator.close()


def assert_primitive(primitive, integrand):
    """Checked without derivatives, by Gauss-Legendre quadrature of the integrand between two points."""
    nodes, weights = np.polynomial.legendre.leggauss(30)
    area = 0.1 * weights @ numeric.values(integrand, {"x": 0.5 + 0.1 * nodes})
    ends = numeric.values(primitive, {"x": np.array([0.4, 0.6])})
    assert ends[1] - ends[0] == pytest.approx(area, abs=1e-10)


@pytest.mark.parametrize(
    "integrand",
    ["x*exp(x)", "1/(x^2+1)", "ln(x)", "cos(3*x)", "pi*E*x^2", "sqrt(x)", "x^-1", "5*x^3-2*x/7", "tan(x)"],
)
def test_known_integrals_agree_with_quadrature(integrator, integrand):
    assert_primitive(integrator.integrate(from_infix(integrand)), from_infix(integrand))


@pytest.mark.parametrize("integrand", ["exp(x^2)", "x^x", "sin(x)/x", "x/ln(x)"])
def test_integrals_that_are_not_elementary_have_no_primitive(integrator, integrand):
    with pytest.raises(NoAnswer) as caught:
        integrator.integrate(from_infix(integrand))
    assert caught.value.reason in ("not elementary", "function without a token", "no answer found", "step limit")


@pytest.mark.parametrize("name", INTEGRATORS)
def test_after_a_hard_integral_the_next_is_answered(name):
    if not is_installed(name):
        pytest.skip(f"{name} is not installed")
    integrator = Integrator(name, 0.3)
    hard, easy = from_infix("(exp(x)+ln(x)*sin(x)+sqrt(x+tan(x)))^7*atan(x+cos(x))"), from_infix("x^2")
    with pytest.raises(NoAnswer) as caught:
        integrator.integrate(hard)
    assert caught.value.reason in REASONS
    assert_primitive(integrator.integrate(easy), easy)
    integrator.close()


def test_a_hang_is_stopped_and_the_process_is_gone(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", fake_giac(tmp_path, "HANG"))
    integrator = Integrator("giac", 0.05)
    for _ in range(2):
        with pytest.raises(NoAnswer, match="time limit"):
            integrator.integrate(from_infix("x"))
    processes = [int(number) for number in (tmp_path / "processes").read_text().split()]
    assert len(processes) == 2
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_closing_ends_the_process_and_so_does_forgetting(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", fake_giac(tmp_path, "x"))
    for end in (Integrator.close, lambda integrator: None):
        integrator = Integrator("giac", GENEROUS)
        integrator.integrate(from_infix("1"))
        process = int((tmp_path / "processes").read_text().split()[-1])
        os.kill(process, 0)
        end(integrator)
        del integrator
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


@pytest.mark.parametrize(
    "answer, reason",
    [
        ("CRASH", "system crashed"),
        ("x +", "answer not readable"),
        ("1.5 ln(x)", "rounded numbers"),
        ("x - 2.5e-3*x^2", "rounded numbers"),
        ("1e-05*x", "rounded numbers"),
        ("((((", "answer not readable"),
        ("rootof([1,2])", "function without a token"),
        ("x + erf(x)", "function without a token"),
        ("exec(x)", "function without a token"),
        ("x + f(x)", "function without a token"),
        ("C_1*x + t + Y", "function without a token"),
        ("", "no answer found"),
        ("x*integrate(1/x,x)", "no answer found"),
        ("+x" * 6000, "too long"),
    ],
)
def test_answers_without_a_primitive_are_refused(answer, reason, monkeypatch, tmp_path):
    with pytest.raises(NoAnswer) as caught:
        primitive_by(answer, monkeypatch, tmp_path)
    assert caught.value.reason == reason


def test_the_answer_is_read_as_it_stands(monkeypatch, tmp_path):
    assert primitive_by("ln(abs(x))", monkeypatch, tmp_path) == from_infix("ln|x|")


def test_some_system_is_always_there():
    assert is_installed("sympy") and is_installed(best_installed())


def test_wrong_settings_are_refused(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="unknown integrator `giack`. Did you mean `giac`"):
        Integrator("giack")
    for limit in (0, math.inf):
        with pytest.raises(ValueError, match=f"must be positive and finite. Received: {limit}"):
            Integrator("sympy", limit)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ValueError, match="`giac` is not installed. Installed: .*sympy. To install it: apt install xcas"
    ):
        Integrator("giac")
