"""To SymPy and to LaTeX: in little time whatever the numbers, and one sentence where SymPy cannot follow."""

import signal
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.expressions.engines import TooLargeError, UndefinedError, to_symengine
from symbolic.expressions.exchange import from_sympy, to_latex, to_sympy
from symbolic.expressions.infix import InfixError, from_infix
from symbolic.expressions.prefix import Tree

HUGE = 9223372036854775808


@pytest.mark.parametrize(
    "text, latex",
    [
        (f"2^-{HUGE}", rf"\frac{{1}}{{2^{{{HUGE}}}}}"),
        ("1/2^-3", r"\frac{1}{{2^{-3}}}"),
        ("1/x^-2", r"\frac{1}{{x^{-2}}}"),
        ("x*2^-3", r"\frac{x}{2^{3}}"),
        ("x^-2", r"\frac{1}{x^{2}}"),
        ("(-2)^-2", r"\frac{1}{{\left(-2\right)}^{2}}"),
        ("(1/2)^-3", r"\frac{1}{{\left(\frac{1}{2}\right)}^{3}}"),
        ("3/x", r"\frac{3}{x}"),
        ("1/(x*2^-3)", r"\frac{1}{{x 2^{-3}}}"),
    ],
)
def test_negative_powers_are_printed_as_they_are_written(text, latex):
    assert to_latex(from_infix(text)) == latex


@pytest.mark.parametrize("text", ["^".join(["-3"] * 60), "2^-" * 60 + "32", "x^(1/" * 50 + "x" + ")" * 50])
def test_towers_take_little_time(text):
    started = time.monotonic()
    assert len(to_latex(from_infix(text))) > 200
    assert time.monotonic() - started < 20


numbers = st.sampled_from([0, 1, -1, 2, -2, 3, 10, -7, HUGE, -HUGE, 10**40, -(10**40)]).map(Tree)
trees = st.recursive(
    numbers | st.just(Tree("x")),
    lambda operands: (
        st.builds(
            lambda head, *pair: Tree(head, pair),
            st.sampled_from(["add", "mul", "div", "pow", "rac"]),
            operands,
            operands,
        )
        | st.builds(
            lambda head, operand: Tree(head, (operand,)),
            st.sampled_from(["inv", "sqrt", "pow2", "ln", "exp"]),
            operands,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(trees)
def test_latex_takes_little_time_whatever_the_numbers(tree):
    signal.alarm(20)  # SymPy computes in native code, which no exception interrupts
    try:
        started = time.monotonic()
        assert to_latex(tree)
        assert time.monotonic() - started < 10
    finally:
        signal.alarm(0)


small = st.recursive(
    st.sampled_from([Tree("x"), *map(Tree, (2, 3, -2, -3))]),
    lambda operands: (
        st.builds(lambda *pair: Tree("div", pair), operands, operands)
        | st.builds(lambda a, n: Tree("pow", (a, Tree(n))), operands, st.integers(-3, 3))
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(small)
def test_latex_reads_back_with_the_same_value(tree):
    try:
        difference = (to_symengine(from_infix(to_latex(tree))) - to_symengine(tree)).expand()
    except (TooLargeError, UndefinedError, InfixError):  # the reader refuses `x 2`; what it reads must be right
        return
    assert difference == 0 or abs(complex(difference.subs({"x": 1.37}).n(53, real=False))) < 1e-9


@pytest.mark.parametrize("head", ["sub", "add", "pow", "div"])
def test_what_nests_too_deeply_for_sympy_is_one_sentence(head):
    tree = Tree("x")
    for _ in range(254):
        tree = Tree(head, (tree, Tree("x")))
    for convert in (lambda: from_sympy(to_sympy(tree)), lambda: to_latex(tree)):
        try:
            convert()
        except TooLargeError as error:
            assert "too deeply" in str(error)
