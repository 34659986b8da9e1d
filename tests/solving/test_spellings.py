"""Every spelling is the same problem: the same right answers are proved, and equal problems get one spelling."""

import pytest

from symbolic.expressions.tokens import TOKENS
from symbolic.solving.spellings import SPELLINGS, as_trained, in_sines_and_cosines
from symbolic.verification import verify

INTEGRALS = {
    "mul x cos x": "add cos x mul x sin x",
    "pow sec x INT+ 2": "tan x",
    "mul add x INT+ 1 add x INT+ 2": "add div pow x INT+ 3 INT+ 3 add mul div INT+ 3 INT+ 2 pow x INT+ 2 mul INT+ 2 x",
    "coth x": "ln abs sinh x",
}
EQUATIONS = {"sub Y' Y": "mul a8 exp x", "add div Y' x mul INT- 1 Y": "mul a8 exp div pow x INT+ 2 INT+ 2"}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spelling_keeps_the_problem(name):
    problems = {f"sub Y' {integrand}": primitive for integrand, primitive in INTEGRALS.items()} | EQUATIONS
    for problem, answer in problems.items():
        assert verify(SPELLINGS[name](problem), answer).solved
        assert verify(SPELLINGS[name](problem), f"add x {answer}").status == "refuted"


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spelling_of_a_spelling_is_itself(name):
    for problem in [*(f"sub Y' {integrand}" for integrand in INTEGRALS), *EQUATIONS]:
        once = SPELLINGS[name](problem)
        assert SPELLINGS[name](once) == once


def test_orders_of_operands_and_factors_that_vanish_nowhere_do_not_matter():
    assert as_trained("sub Y' mul cos x x") == as_trained("sub Y' mul x cos x") == "sub Y' mul x cos x"
    assert SPELLINGS["shortened"]("sub Y' add pow sin x INT+ 2 pow cos x INT+ 2") == "sub Y' INT+ 1"
    assert as_trained("mul exp x sub Y' Y") == as_trained("sub Y' Y")


def test_sines_and_cosines_replace_their_quotients():
    gone = {"tan", "cot", "sec", "csc", "tanh", "coth", "sech", "csch"}
    assert gone <= set(TOKENS)
    for name in gone:
        assert not gone & set(in_sines_and_cosines(f"sub Y' {name} x").split())
