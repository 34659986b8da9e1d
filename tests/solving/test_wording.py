"""What people are shown is the same expression, in their names, and short."""

import pytest
from hypothesis import given

from symbolic.expressions.engines import TooLargeError, UndefinedError, to_symengine
from symbolic.expressions.infix import from_infix
from symbolic.solving.question import Names
from symbolic.solving.reading.integrals import read_integral
from symbolic.solving.wording import latex, name_table, words
from tests.expressions.strategies import repeatable, trees
from tests.solving.meanings import are_equal


def shown(text, names=Names()):  # noqa: B008
    tree = from_infix(text)
    return words(tree, name_table(names, tree))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x^(-1)", "1/x"),
        ("1/2*x^2", "x^2/2"),
        ("-1 + x + a8*exp(-x)", "x + C*exp(-x) - 1"),
        ("a8*exp(x) + a9*exp(-x)", "C1*exp(x) + C2*exp(-x)"),
        ("ln(abs(x))", "ln|x|"),
        ("ln(abs(x))^2", "(ln|x|)^2"),
        ("x^(1/2)", "sqrt(x)"),
        ("x^(-1/2)", "1/sqrt(x)"),
        ("x^(-1)*(a8 + sin(x))", "(C + sin(x))/x"),
        ("-(x + 1)^2/3", "-(x + 1)^2/3"),
        ("(1/2)^x", "(1/2)^x"),
        ("(-2)^x", "(-2)^x"),
        ("(x*sin(x))^(-2)", "1/(x*sin(x))^2"),
        ("x - (x + 1)", "x - x - 1"),
        ("-x^2 + 1", "1 - x^2"),
        ("abs(x - abs(x))", "abs(x - |x|)"),
        ("Y' = 2*x", "y' = 2*x"),
        ("x/0", "x/0"),
    ],
)
def test_people_read(text, expected):
    assert shown(text) == expected


def test_the_names_of_the_question_are_kept():
    names = Names("t", "N", ("k", "C"))
    assert shown("a8*exp(-a0*x) + a1", names) == "K*exp(-k*t) + C"
    assert shown("Y' = -a0*Y", names) == "N' = -k*N"
    tree = from_infix("sqrt(x)*a0")
    assert latex(tree, name_table(Names("θ", "y", ("x_0",)), tree)) == r"\sqrt{\theta} x_{0}"


SHOWN = ["add", "mul", "div", "pow", "sqrt", "rac", "inv", "pow2", "pow3", "abs", "ln", "exp", "sin"]


@repeatable(max_examples=300)
@given(trees(SHOWN, ["x", "pi", "a0"], max_leaves=8))
def test_what_is_shown_is_read_back_as_the_same(tree):
    try:
        to_symengine(tree)
    except (UndefinedError, TooLargeError):
        return
    text = words(tree, name_table(Names("x", "y", ("k",)), tree))
    read = read_integral(f"{text}, x")
    assert set(read.names.constants) <= {"k"} and are_equal(read.integrand, tree), text
