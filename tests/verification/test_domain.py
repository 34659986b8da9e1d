"""Where an answer holds: unions of intervals with exact ends, poles, jumps."""

import numpy as np
import pytest

from symbolic.expressions import numeric
from symbolic.expressions.infix import from_infix
from symbolic.expressions.program import Program
from symbolic.verification import verify, verify_many
from symbolic.verification.domain import domain_of
from symbolic.verification.residual import residual_of


def judged(equation, answer, **options):
    left, right = equation.split("=")
    return verify(from_infix(f"{left} - ({right})"), from_infix(answer), domain=True, **options)


@pytest.mark.parametrize(
    ("equation", "answer", "holds", "problem"),
    [
        ("Y' = 1/abs(x)", "ln(5*x)", "x > 0", "x != 0"),
        ("Y' = 1/x", "ln(x)", "x > 0", "x != 0"),
        ("Y' = abs(x)", "1/2*sqrt(x)*x^(3/2)", "x > 0", "all x"),
        ("Y' = sign(x)", "sqrt(x)^2", "x > 0", "all x"),
        ("Y' = 1/sqrt(x^2)", "ln(2*x + 2*sqrt(x^2))", "x > 0", "x != 0"),
        ("Y' = x*sqrt(abs(x))", "2/5*x^(5/2)", "x > 0", "all x"),
        ("Y' = 1/(1 - x^2)", "atanh(x)", "-1 < x < 1", "x != -1, 1"),
        ("Y' = 1/sqrt(x^2 - 1)", "acosh(x)", "x > 1", "x < -1 or x > 1"),
        ("Y' = 1/(x*ln(x))", "ln(ln(x))", "x > 1", "x > 0 without 1"),
        ("Y' = 1/(2*x - 5)", "ln(2*x - 5)/2", "x > 5/2", "x != 5/2"),
        ("Y' = 1/(x^2 - 2)", "ln((x - sqrt(2))/(x + sqrt(2)))/(2*sqrt(2))", "x < -sqrt(2) or x > sqrt(2)", None),
        ("Y' = exp(x)/(exp(x) - 3)", "ln(exp(x) - 3)", "x > ln(3)", "x != ln(3)"),
        ("Y' = sqrt(Y)", "(x + 2)^2/4", "x > -2", None),
        ("Y' = x*sqrt(Y)", "(x^2/4 - 1)^2", "x < -2 or x > 2", None),
        ("Y' = 4*Y/x + x*sqrt(Y)", "x^4*(ln(x) + 2)^2/4", "x > exp(-2)", None),
        ("x*Y'' + Y' = 0", "a8 + a9*ln(x)", "x > 0", None),
    ],
)
def test_an_answer_that_holds_on_a_part_of_the_line_is_partial(equation, answer, holds, problem):
    verdict = judged(equation, answer)
    domain = verdict.evidence["domain"]
    assert verdict.solved and not domain["whole"] and domain["holds"] == holds and domain["share"] < 1
    assert f"it holds for {holds}" in verdict.reason
    if problem is not None:
        assert domain["problem"] == problem and f"the problem is real for {problem}" in verdict.reason


@pytest.mark.parametrize(
    ("equation", "answer", "holds"),
    [
        ("Y' = 1/x", "ln(abs(x))", "x != 0"),
        ("Y' = 1/sqrt(1 - x^2)", "asin(x)", "-1 < x < 1"),
        ("Y' = ln(x)", "x*ln(x) - x", "x > 0"),
        ("Y' = exp(x)", "exp(x)", "all x"),
        ("Y' = 2*x/(1 + x^2)", "ln(1 + x^2)", "all x"),
        ("Y' = x^(1/3)", "3/4*x*abs(x)^(1/3)", "x > 0"),
        ("Y' = tanh(x)^2", "x - tanh(x)", "all x"),
        ("Y' = 1", "x + exp(x^4) - exp(x^4)", "all x"),  # floats overflow
        ("Y' = 1/(1 + exp(-x))", "ln(1 + exp(x))", "all x"),
        ("Y' = Y", "a8*exp(x)", "all x"),
    ],
)
def test_an_answer_that_holds_wherever_the_problem_is_real_is_whole(equation, answer, holds):
    domain = judged(equation, answer).evidence["domain"]
    assert domain["whole"] and domain["holds"] == holds and domain["share"] == 1 and not domain["jumps"]


@pytest.mark.parametrize(
    ("equation", "answer", "jumps"),
    [
        ("Y' = 1/(1 + x^2)", "-atan(1/x)", ["0"]),
        ("Y' = x", "x^2/2 + sign(x - 1)", ["1"]),
        ("Y' = 1/(2 + cos(x))", "2/sqrt(3)*atan(tan(x/2)/sqrt(3))", ["-pi", "pi"]),
        ("Y' = 2*x", "x^2 + abs(x^2 - 2)/(x^2 - 2)", ["-sqrt(2)", "sqrt(2)"]),
    ],
)
def test_a_jump_of_the_answer_is_named(equation, answer, jumps):
    verdict = judged(equation, answer)
    assert set(jumps) <= set(verdict.evidence["domain"]["jumps"]) and "the answer jumps at x = " in verdict.reason


def test_ends_that_are_no_simple_numbers_are_decimal_and_lie_at_a_root():
    residual = residual_of(from_infix("Y' - (1 + exp(x))/(x + exp(x))"), from_infix("ln(x + exp(x))"))
    holds = domain_of(residual).holds
    assert holds.startswith("x > -0.567143") and holds.endswith("…")
    root = float(holds.removeprefix("x > ").rstrip("…"))
    program = Program()
    slot = program.enter(from_infix("x + exp(x)"))
    below, above = numeric.run(program, {"x": np.array([root - 1e-5, root + 1e-5])})[slot]
    assert below < 0 < above


def test_a_domain_that_depends_on_the_constants_is_not_given():
    assert "domain" not in judged("Y' = 2*sqrt(Y)", "(x + a8)^2").evidence
    assert "domain" not in judged("Y' = cos(x)", "cos(x)").evidence  # it is refuted


def test_domains_are_computed_only_when_asked_for():
    pair = "sub Y' inv x", "ln x"
    assert "domain" not in verify(*pair).evidence
    (without,), (with_domain,) = (list(verify_many([pair], domain=asked)) for asked in (False, True))
    assert "domain" not in without.evidence and with_domain.evidence["domain"]["holds"] == "x > 0"
    assert with_domain == verify(*pair, domain=True)
