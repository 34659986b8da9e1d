"""What verified is the answer and nothing else is; any spelling will do; what is outside the language is named."""

import json
import subprocess
import sys

import pytest
import sympy as sp

from symbolic import solver
from symbolic.__main__ import main
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.prefix import Tree, prefix_text
from symbolic.solver import dsolve, integrate
from symbolic.solving import claims, reading
from symbolic.solving.candidates import Candidate
from symbolic.solving.question import question_of
from symbolic.solving.solution import Solution
from symbolic.verification import verify
from tests import PROJECT, worker_tasks

X, T = sp.symbols("x t")
REAL_X = sp.Symbol("x", real=True)
F, G = sp.Function("f"), sp.Function("g")


# --- answers ----------------------------------------------------------------------------------------------------------


def test_a_verified_answer_is_given(translator):
    solution = integrate("2x", model=translator, beam=2)
    assert to_infix(solution.answer) == "x^2" and solution.verdict.status == "proved" and solution.verdict.general
    assert sp.diff(solution.expression, X) == 2 * X
    assert solution.candidates[0].score > solution.candidates[1].score
    assert repr(solution).splitlines()[0] == "∫ 2*x dx = x^2 + C"
    assert "found by the model; proved: its derivative is the integrand" in solution.report()
    assert "the residual is 0 as a formula" in solution.report(verbose=True)
    assert "tried 2 candidates" in solution.report(everything=True) and "tried" not in solution.report()
    assert solution._repr_latex_() == r"$\int 2 x\,dx = x^{2} + C$ (proved)"


def test_a_wrong_answer_is_never_given_as_one(translator):
    solution = integrate("sin(x)", model=translator, beam=2, proposers=["linearity"])
    assert solution.answer is None and solution.expression is None and not solution.verdict.general
    assert solution.verdict.status == "refuted" and "point" in solution.verdict.evidence
    assert solution.as_dict()["answer"] is None and solution.as_dict()["latex"] is None
    first, second, *tried = repr(solution).splitlines()
    assert first == "no answer was found to ∫ sin(x) dx" == solution._repr_latex_()
    assert second == "tried 2 candidates:" and tried[0].split()[0] == "cos(x)"
    assert all("wrong, for example at x = " in line for line in tried)
    with pytest.raises(ValueError, match="no answer"):
        solution.latex()


def test_coefficients_are_repaired_and_the_answer_names_repair(translator):
    solution = integrate("sin(x)", model=translator, beam=2, proposers=["repair"])
    assert solution.expression == -sp.cos(X) and solution.best.origin == "repair"
    assert "∫ sin(x) dx = -cos(x) + C\nfound by repair" in repr(solution)


def test_a_sum_is_integrated_term_by_term(ode_translator):
    solution = integrate("cos(x) - x", model=ode_translator, beam=2, proposers=["linearity"])
    assert solution.best.origin == "linearity" and sp.diff(solution.expression, X) == sp.cos(X) - X
    assert r"\int \left(\cos{\left(x \right)} - x\right)\,dx = " in solution._repr_latex_()
    assert repr(solution).startswith("∫ (cos(x) - x) dx = sin(x) - x^2/2 + C\n")
    assert integrate("cos(x) - x", model=ode_translator, beam=2, proposers=[]).answer is None


def judged(asked: str, *proposals: str) -> Solution:
    """A solution with these candidates."""
    question = question_of(prefix_text(from_infix(asked)))._replace(is_integral=False)
    candidates = [Candidate(tokens, -1.0, "model", verify(question.equation, tokens)) for tokens in proposals]
    return Solution(question, candidates, 0.1)


def test_a_general_solution_is_preferred_and_a_particular_one_named():
    wrong, particular, general = "ln x", "sin x", "mul a8 sin add x a9"
    best = judged("y'' + y = 0", wrong, particular, general)
    assert best.best.tokens == general and best.verdict.general and "y = C1*sin(x + C2)\n" in repr(best)
    less = judged("y'' + y = 0", wrong, "mul a8 sin x", particular)
    assert less.best.tokens == "mul a8 sin x" and not less.verdict.general
    assert "y = C*sin(x)\nsolves y'' + y = 0; a particular solution\n" in repr(less)
    none = judged("y'' + y = 0", wrong, "x")
    assert none.best.tokens == wrong and none.answer is None


def test_the_constant_of_integration_is_written_where_the_answer_has_none():
    assert "y = x^2/2 + C\n" in repr(judged("y' = x", "mul div INT+ 1 INT+ 2 pow x INT+ 2"))
    assert "y = x^2/2 + C\n" in repr(judged("y' = x", "add mul div INT+ 1 INT+ 2 pow x INT+ 2 a8"))


def test_no_candidates_and_malformed_ones_are_shown():
    nothing = judged("y' = y")
    assert nothing.answer is None and nothing.verdict.status == "undecided" and "nothing was tried" in repr(nothing)
    malformed = judged("y' = y", "mul x")
    assert malformed.answer is None and "  mul x  refuted: malformed answer" in repr(malformed)
    assert malformed.as_dict()["candidates"][0]["expression"] == "mul x"


def test_what_crashes_while_a_solution_is_shown_is_left_out(monkeypatch):
    for name in ("derivative_of", "evaluated"):
        monkeypatch.setattr(f"symbolic.solving.solution.{name}", worker_tasks.crash)
    shown = of_2x()
    assert "= x^2 + C" in shown.report()
    assert shown.derivative is None and shown.expression == X**2


def of_2x() -> Solution:
    question = question_of("sub Y' mul INT+ 2 x")
    candidate = Candidate("pow x INT+ 2", -1.0, "model", verify(question.equation, "pow x INT+ 2"))
    return Solution(question, [candidate], 0.1)


def test_to_show_a_solution_starts_no_process(monkeypatch):
    def refuse(*args, **options):
        raise AssertionError("a process was asked for")

    monkeypatch.setattr("symbolic.solving.sandbox.process_pool", refuse)
    for solution in (of_2x(), judged("y'' + y = 0", "ln x", "sin x"), judged("y' = y", "mul x")):
        assert repr(solution) and solution._repr_latex_() and solution.as_dict() and solution.report(verbose=True)
    with pytest.raises(AssertionError, match="a process was asked for"):
        of_2x().derivative  # noqa: B018


def test_what_is_computed_for_a_solution_is_computed_once(monkeypatch):
    solution = of_2x()
    assert to_infix(solution.derivative) == "2*x" and solution.expression == X**2
    monkeypatch.setattr("symbolic.solving.sandbox.process_pool", None)
    assert to_infix(solution.derivative) == "2*x" and solution.expression == X**2


def test_the_package_itself_offers_the_three_functions():
    import symbolic

    assert (symbolic.integrate, symbolic.dsolve, symbolic.verify) == (integrate, dsolve, claims.verify)
    assert {"integrate", "dsolve", "verify"} <= set(dir(symbolic))
    assert not hasattr(symbolic, "solve")


# --- problems ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "integrand",
    [
        "2x",
        "x*2",
        2.0 * X,
        "mul INT+ 2 x",
        "sub Y' mul INT+ 2 x",
        "add x x",
        Tree("mul", (Tree(2), Tree("x"))),
        2 * REAL_X,
    ],
)
def test_an_integrand_may_be_written_in_any_way(translator, integrand):
    assert solver.problem_of(integrand, translator) == "sub Y' mul INT+ 2 x"


@pytest.mark.parametrize(
    "equation",
    [
        "y' + y = x",
        "y' = x - y",
        "2y' + 2y - 2x",
        "y'/x + y/x = 1",
        "x*(y' + y) = x^2",
        "sub add Y' Y x",
        sp.Eq(F(X).diff(X) + F(X), X),
        F(REAL_X).diff(REAL_X) + F(REAL_X) - REAL_X,
    ],
)
def test_an_equation_may_be_written_in_any_way(ode_translator, equation):
    solution = dsolve(equation, model=ode_translator, beam=1)
    assert solution.problem == "add Y add Y' mul INT- 1 x"
    assert solution.verdict.general
    assert sp.checkodesol(F(X).diff(X) + F(X) - X, sp.Eq(F(X), solution.expression))[0]


def test_an_equation_is_judged_as_it_was_written(ode_translator):
    solution = dsolve("(y' + y - x)*ln(y' + y - x) = 0", model=ode_translator, beam=1, proposers=[])
    assert solution.problem == "add Y add Y' mul INT- 1 x"
    assert solution.answer is None  # ln 0 has no value


def test_a_solution_short_of_a_constant_is_widened(ode_translator):
    solution = dsolve("y' = y", model=ode_translator, beam=1, proposers=[])
    assert [candidate.tokens for candidate in solution.candidates] == ["exp x"]
    assert not solution.candidates[0].verdict.general and solution.verdict.general
    assert solution.expression == sp.Symbol("C1") * sp.exp(X)
    assert solution._repr_latex_() == "$y = C e^{x}$ (proved)"


@pytest.mark.parametrize(
    ("integrand", "message"),
    [
        ("a*b", "`a` and `b` could be the variable"),
        ("x*y", "this model never saw the constant `y`"),
        ("mul a9 z", "has `z` and `a9`|has `a9` and `z`"),
        ("y' + y = x", "is a differential equation: ask `dsolve`"),
        ("1 = x", "`1 = x` is an equation"),
        ("f(x)", "`f\\(x\\)` is a function without a formula"),
        ("tan(x)", "never saw `tan`"),
        ("1/0", "no finite value"),
        ("9^9^9^9", "too many digits|too large"),
        ("x +", "expected"),
        ("sine(x)", "did you mean"),
        ("mul INT+ 2", "incomplete at the end"),
        ("2" * 40 + "x", "needs 47 tokens, and this model reads at most 32"),
        (sp.erf(X), "erf, the error function, is not among the functions"),
        (sp.Eq(X, X), "a problem is text, a SymPy expression or equation, or a tree. Received: True"),
        (sp.Matrix([X]), "a problem is text"),
        (Tree("erf", (Tree("x"),)), "unknown token at token 0 `erf`"),
        (2, "Received: 2"),
    ],
    ids=str,
)
def test_what_is_no_integrand_is_named(translator, integrand, message):
    with pytest.raises(ValueError, match=message):
        integrate(integrand, model=translator)


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("y = x", "it holds no derivative of y"),
        ("1 = x", "it holds no derivative of y"),
        ("y' - y' = x", "holds neither"),
        ("sub Y' z", "derivatives; `Y' = z` has `z`"),
        ("mul a8 Y'", "has `a8`"),
        ("y' + y(0) = x", "may stand only in a condition"),
        ("y' = y(2x) + x(", "never closed"),
        ("y' = I*y", "has real numbers"),
        ("1/y' = 0", "nothing solves"),
        ("y/y' = 0", "holds no Y': it cancels, or"),
        ("y' = x^(10^100)", "too large to be brought into the form"),
        ("y''' = x", "of third order"),
        ("y' = y/0", "no finite value"),
        ("y'' + y = 0", "not trained on differential equations of order 2: it cannot write their constant `a9`"),
        ("y' = tan(x)", "never saw `tan`"),
        (X, "one unknown function, of one variable. Received: none"),
        (F(X) + G(X).diff(X), r"Received: f\(x\), g\(x\)"),
        (F(X).diff(X) + F(0), r"Received: f\(0\), f\(x\)"),
        (F(X).diff(X, 3), "of third order"),
    ],
    ids=str,
)
def test_what_is_no_differential_equation_is_named(ode_translator, equation, message):
    with pytest.raises(ValueError, match=message):
        dsolve(equation, model=ode_translator)


def test_a_model_is_a_keyword(translator):
    for model in ("runs/quick_rnn", translator):
        with pytest.raises(ValueError, match="a model is a keyword"):
            integrate("2x", model)


def test_an_equation_that_cannot_be_brought_into_form_in_time_is_named(ode_translator, monkeypatch):
    monkeypatch.setattr(reading, "equation_problem", worker_tasks.hang)
    with pytest.raises(ValueError, match=r"numerator of `.*Y' \+ Y.*` could not be found: time limit"):
        dsolve("y' + y = x", model=ode_translator, time_limit=0.5)


def test_a_model_of_integrals_refuses_equations(translator):
    with pytest.raises(ValueError, match="not trained on differential equations of order 1"):
        dsolve("y' = cos(x)", model=translator)


# --- the command line -------------------------------------------------------------------------------------------------


def test_without_a_folder_the_pretrained_model_serves(model_folder, monkeypatch, tmp_path):
    monkeypatch.setattr(solver, "PRETRAINED", tmp_path / "pretrained")
    with pytest.raises(FileNotFoundError, match="no model was given.*--run.*make run"):
        integrate("2x")
    monkeypatch.setattr(solver, "PRETRAINED", model_folder)
    assert solver.default_model() == model_folder
    assert integrate("2x", beam=1).expression == X**2


def test_the_exit_status_tells_whether_an_answer_verified(model_folder, capsys):
    run = ["--run", str(model_folder), "--beam", "2"]
    assert main(["integrate", "cos(x)", *run]) == 0
    assert "= sin(x) + C\n" in capsys.readouterr().out
    assert main(["integrate", "sin(x)", "--proposers", "linearity", *run]) == 1
    assert "no answer was found" in capsys.readouterr().out
    assert main(["integrate", "-cos(x) + 2cos(x)", *run]) == 0
    assert "= sin(x) + C\n" in capsys.readouterr().out
    assert main(["integrate", "x", "--time-limit", "-1", *run]) == 2
    assert "`--time-limit` must be positive. Received: -1.0." in capsys.readouterr().err
    assert main(["dsolve", "y' + y = x", *run]) == 2
    assert "not trained on differential equations" in capsys.readouterr().err


def test_dsolve_from_the_command_line(ode_translator, tmp_path, capsys):
    ode_translator.save(tmp_path)
    assert main(["dsolve", "y' + y = x", "--beam", "1", "--run", str(tmp_path)]) == 0
    assert "y = x + C*exp(-x) - 1\nsolves y' + y = x; the general solution\n" in capsys.readouterr().out


def test_a_saved_model_answers_in_a_process_of_its_own(model_folder):
    command = [sys.executable, "-m", "symbolic", "integrate", "sin(x)", "--run", str(model_folder), "--json"]
    command += ["--proposers", "repair"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert printed["answer"] == "-cos(x)" and printed["status"] == "proved" and printed["seconds"] > 0
    first, *_, last = printed["candidates"]
    assert (first["tokens"], first["origin"], first["status"]) == ("cos x", "model", "refuted") and first["score"] < 0
    assert last["origin"] == "repair" and last["score"] is None


def test_errors_of_the_command_line_are_one_sentence(model_folder, tmp_path, capsys):
    for arguments, words in [
        (["integrate", "sine(x)", "--run", str(model_folder)], "sin"),
        (["integrate", "x", "--run", str(model_folder), "--beam", "0"], "`--beam` must be at least 1. Received: 0."),
        (["integrate", "x", "--run", str(tmp_path)], "does not hold a trained model"),
        (["compare", "--runs", str(tmp_path)], "no trial in"),
        (["plot", "--attention", "x"], "needs `--run`"),
        (["generate", "--task", "bdw", "--out", str(tmp_path / "new")], "Did you mean `bwd`?"),
    ]:
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert words in error and "Traceback" not in error


def test_attention_is_drawn(model_folder, capsys):
    assert main(["plot", "--attention", "cos(x)", "--run", str(model_folder)]) == 0
    picture = capsys.readouterr().out.strip()
    with open(picture, "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
