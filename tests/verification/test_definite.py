"""Right values of definite integrals agree with the quadrature, wrong ones do not, and what has none says where."""

import pytest
from flint import fmpq

from symbolic.expressions.infix import from_infix
from symbolic.verification.definite import NoIntegral, quadrature, verify_integral


def judged(integrand, lower, upper, claim):
    return verify_integral(*map(from_infix, (integrand, lower, upper, claim)))


RIGHT = [
    ("x^2", "0", "1", "1/3"),
    ("x^2", "1", "0", "-1/3"),
    ("sqrt(x)", "0", "1", "2/3"),
    ("abs(x - 1/3)", "0", "1", "5/18"),
    ("sign(x)", "-1", "2", "1"),
    ("1/(2 + cos(x))", "0", "2*pi", "2*pi/sqrt(3)"),
    ("asin(x)", "0", "1", "pi/2 - 1"),
    ("acosh(x)", "1", "2", "2*acosh(2) - sqrt(3)"),
    ("atanh(x)", "0", "1/2", "ln(3)/4 + ln(3/4)/2"),
    ("asinh(x)", "-1", "1", "0"),
    ("ln(x)^2", "1", "E", "E - 2"),
    ("x^(1/3)", "0", "8", "12"),
    ("2^x", "0", "1", "1/ln(2)"),
    ("sec(x)^2", "0", "1", "tan(1)"),
    ("a0*x", "0", "1", "a0/2"),
    ("x", "0", "a0", "a0^2/2"),
    ("1/(x^2 + a0^2)", "0", "1", "atan(1/a0)/a0"),
]


@pytest.mark.parametrize("case", RIGHT, ids=str)
def test_right_values_are_confirmed_and_changed_ones_refuted(case):
    verdict = judged(*case)
    assert verdict.status == "confirmed" and verdict.general, verdict
    *integral, claim = case
    for wrong in (f"{claim} + 10^(-25)", f"({claim})*(1 + 10^(-20)) + 10^(-24)", "7"):
        assert judged(*integral, wrong).status == "refuted"


@pytest.mark.parametrize(
    ("integrand", "lower", "upper", "words"),
    [
        ("1/x", "-1", "1", "near x = 0"),
        ("tan(x)", "0", "2", "near x = 1.5708"),
        ("ln(x)", "0", "1", "near x = 0"),
        ("sqrt(x)", "-1", "1", "not real on a part"),
        ("sqrt(-x)", "1", "2", "not real anywhere"),
        ("x", "0", "1/(1-1)", "limit"),
        ("x", "0", "ln(-1)", "limit"),
    ],
)
def test_what_has_no_value_says_where(integrand, lower, upper, words):
    with pytest.raises(NoIntegral, match=words):
        quadrature(*map(from_infix, (integrand, lower, upper)))
    verdict = judged(integrand, lower, upper, "1")
    assert verdict.status == "undecided" and words in verdict.reason


def test_a_pole_far_from_every_sample_is_seen():
    assert judged("1/(x - 123456789/987654321)", "0", "1", "0").status == "undecided"


def test_letters_take_values_of_both_signs():
    assert judged("abs(a0)", "0", "1", "a0").status == "refuted"
    assert judged("sqrt(a0)", "0", "1", "sqrt(a0)").status == "confirmed"
    assert judged("x", "0", "1", "x/2").status == "refuted"
    ball = quadrature(*map(from_infix, ("a0*x", "0", "1")), values={"a0": fmpq(3)})
    assert ball.contains(fmpq(3, 2)) and float(ball.rad()) < 1e-30


def test_malformed_claims_get_a_verdict():
    assert verify_integral("x", "INT+ 0", "INT+ 1", "add x").status == "undecided"
