"""Systems solve differential equations; their answers are read as printed or refused with a reason."""

import contextlib

import pytest

from symbolic.expressions.infix import from_infix
from symbolic.expressions.prefix import from_prefix, prefix_text
from symbolic.systems.ode_solvers import ODE_SOLVERS, OdeSolver, dsolve, lacking
from symbolic.systems.sessions import NoAnswer, is_installed
from symbolic.verification import verify
from tests.systems.fake_giac import fake_giac

GENEROUS = 20.0  # seconds, for tests that are not about the limit


@pytest.fixture(scope="module", params=ODE_SOLVERS)
def solve(request):
    """A function from an equation to a system's solutions."""
    if request.param == "sympy":
        yield dsolve
    elif is_installed(request.param) and not lacking(request.param):
        solver = OdeSolver(request.param, GENEROUS)
        yield solver.solve
        solver.close()
    else:
        pytest.skip(lacking(request.param) or f"{request.param} is not installed")


def solutions_by(answer, monkeypatch, folder):
    """The trees that `solve` returns for y' = y if Giac prints `answer`."""
    monkeypatch.setenv("PATH", fake_giac(folder, answer))
    solver = OdeSolver("giac", GENEROUS)
    try:
        return solver.solve(from_prefix("sub Y' Y"))
    finally:
        solver.close()


@pytest.mark.parametrize(
    "equation",
    [
        "sub Y' Y",
        "sub mul x Y' add Y pow x INT+ 2",
        "sub mul Y' exp Y x",  # solved for y
        "add mul x Y' sub pow Y INT+ 2 Y",  # Bernoulli's, Maxima's with y in two logarithms
        "add Y'' Y",
        "sub add mul x Y'' Y' ln x",
    ],
)
def test_solutions_are_right_and_general(solve, equation):
    verdicts = [verify(equation, prefix_text(answer)) for answer in solve(from_prefix(equation))]
    assert any(v.solved and v.evidence["constants"] == v.evidence["order"] for v in verdicts)


@pytest.mark.skipif(
    not is_installed("maxima") or lacking("maxima") != "", reason="Maxima or its package maxima-share is not installed"
)
@pytest.mark.parametrize(
    "equation",
    [
        "sub mul x Y' sqrt Y",  # asks for a sign
        "add Y' mul INT+ 8 sqrt Y",  # and solves it where that is negative
        "sub mul Y' add INT+ 1 pow tan Y INT+ 2 mul x cos x",  # solves tan(y) = w, but not tan(y) = x*sin(x) + ...
    ],
)
def test_maxima_is_helped_to_an_explicit_solution(equation):
    with contextlib.closing(OdeSolver("maxima", GENEROUS)) as solver:
        answers = solver.solve(from_prefix(equation))
    assert any(verify(equation, prefix_text(answer)).solved for answer in answers)


@pytest.mark.parametrize("equation", ["sub Y'' sin mul x Y", "sub Y' div x mul INT+ 0 Y"])
def test_what_no_system_solves_has_no_answer(solve, equation):
    try:
        assert solve(from_prefix(equation)) == []
    except NoAnswer as failure:
        assert failure.reason in ("no answer found", "function without a token", "answer not readable")


@pytest.mark.parametrize(
    "answer, expected",
    [
        ("c_0*exp(x)", ["a8*exp(x)"]),
        ("c_3*exp(x)+c_1", ["a8*exp(x)+a9"]),
        ("[c_1*exp(x)]", ["a8*exp(x)"]),
        ("[0,(x+c_1)^2]", ["0", "(x+a8)^2"]),
        ("2*n_3*pi+acos(c_0*x)", ["2*0*pi+acos(a8*x)"]),
        ("[rootof([1,2]),x,x*integrate(c_0,x)]", ["x"]),  # what can be read
    ],
)
def test_answers_are_read_as_they_stand(answer, expected, monkeypatch, tmp_path):
    assert solutions_by(answer, monkeypatch, tmp_path) == list(map(from_infix, expected))


@pytest.mark.parametrize(
    "answer, reason",
    [
        ("CRASH", "system crashed"),
        ("", "no answer found"),
        ("[]", "no answer found"),
        ('[""Unable to solve differential equation""]', "no answer found"),
        ("integrate(c_0*exp(x),x)", "no answer found"),
        ("c_0*erf(x)", "function without a token"),
        ("y(x)+c_0", "function without a token"),
        ("c_0*x+c_1+c_2", "function without a token"),  # a third constant
        ("[c_0*(x", "answer not readable"),
        ("1.5*c_0", "rounded numbers"),
    ],
)
def test_answers_without_a_solution_are_refused(answer, reason, monkeypatch, tmp_path):
    with pytest.raises(NoAnswer) as caught:
        solutions_by(answer, monkeypatch, tmp_path)
    assert caught.value.reason == reason


def test_equations_with_other_names_are_refused(solve):
    if solve is not dsolve:
        with pytest.raises(ValueError, match="only x, Y and its derivatives. Received: a8, y"):
            solve(from_prefix("sub Y' mul a8 add y mul x Y"))


def test_wrong_names_are_refused():
    with pytest.raises(ValueError, match="unknown solver of differential equations `giack`. Did you mean `giac`"):
        OdeSolver("giack", GENEROUS)
