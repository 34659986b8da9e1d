"""Whatever a person hands in becomes a question: as it was meant, as it was asked, and as training data spell it."""

import pytest
import sympy as sp

from symbolic.expressions.infix import from_infix
from symbolic.expressions.prefix import PrefixError, Tree, from_prefix, prefix_text
from symbolic.problems.files import read_problems
from symbolic.solving.question import Condition, Names, Question, question_of
from symbolic.solving.reading import equation_question, integral_question, read_problem
from symbolic.solving.reading.integrals import read_integral
from symbolic.solving.reading.solutions import read_answer
from tests import PROJECT
from tests.solving.meanings import NOTATIONS, are_equal, disagreement, is_read_back, read_inputs

INPUTS = read_inputs(PROJECT / "tests" / "solving" / "typed_inputs.tsv")
X, T, K = sp.symbols("x t k")
Y = sp.Function("y")


@pytest.mark.parametrize("asked", INPUTS, ids=lambda asked: f"{asked.command} {asked.text}")
def test_what_people_type_is_read_as_meant(asked):
    assert disagreement(asked) == ""


def test_a_disagreement_is_seen():
    wrong = INPUTS[0]._replace(meaning="3*x^2 + 2")
    assert "means" in disagreement(wrong)
    assert "names" in disagreement(INPUTS[0]._replace(names="t"))
    assert "notes" in disagreement(INPUTS[0]._replace(says="says"))


def expressions():
    """Integrands and primitives of the starter data, evenly spread."""
    problems, _ = read_problems(PROJECT / "data" / "starter" / "bwd.test.gz")
    rows = problems.iloc[:: max(1, len(problems) // 40)]
    return [from_prefix(text.removeprefix("sub Y' ")) for row in rows.itertuples() for text in (row[2], row[3])]


@pytest.mark.parametrize("notation", NOTATIONS)
def test_what_is_written_is_read_back(notation):
    found = expressions()
    assert len(found) > 60
    assert [tree for tree in found if not is_read_back(tree, notation)] == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("x^a", "x^(a)"),
        ("1/2*x", "x/2"),
        ("sin(x)^2", "\\sin^2 x"),
        ("2^x", "2^{x}"),
        ("exp(2*x)", "e^{2x}"),
        ("x^(1/3)", "\\sqrt[3]{x}"),
        ("sqrt(x + 1)/2", "\\frac{\\sqrt{x+1}}{2}"),
        ("sin(x)^(3/4)", "\\sin^{\\frac{3}{4}}{\\left(x \\right)}"),
    ],
)
def test_notations_agree(text, written):
    assert are_equal(read_integral(text).integrand, read_integral(written).integrand)


# --- questions --------------------------------------------------------------------------------------------------------


def test_a_question_keeps_both_spellings():
    question = integral_question("x*2")
    assert question == Question("sub Y' mul x INT+ 2", "sub Y' mul INT+ 2 x", is_integral=True)
    assert question.asked == from_infix("x*2")
    question = equation_question("2y' = 2x")
    assert (question.problem, question.is_integral) == ("add Y' mul INT- 1 x", False)
    assert question.asked == from_infix("2y' = 2x") and question.equation == prefix_text(question.asked)


def test_a_problem_of_a_data_set_is_asked_as_it_is_spelt():
    assert question_of("sub Y' cos x") == Question("sub Y' cos x", "sub Y' cos x", is_integral=True)
    assert question_of("sub Y' Y").asked == from_infix("y' = y")
    with pytest.raises(PrefixError, match="incomplete"):
        question_of("sub Y'")


@pytest.mark.parametrize(
    ("equation", "problem"),
    [
        ("sin(y') = x", "add x mul INT- 1 sin Y'"),
        ("|y'| = 1", "add INT- 1 abs Y'"),
        ("exp(y'') + y' = x", "add Y' add exp Y'' mul INT- 1 x"),
        ("y' = -k*y", "add Y' mul Y a0"),
    ],
)
def test_a_derivative_may_stand_only_within_a_function(equation, problem):
    assert equation_question(equation).problem == problem


@pytest.mark.parametrize(
    ("integrand", "variable", "equation", "names"),
    [
        (sp.cos(T), T, "sub Y' cos x", Names("t")),
        (sp.cos(T), None, "sub Y' cos x", Names("t")),
        (K * X, K, "sub Y' mul x a0", Names("k", "y", ("x",))),
        (2.0 * X, None, "sub Y' mul INT+ 2 x", Names()),
        (sp.Integral(X**2, X), None, "sub Y' pow x INT+ 2", Names()),
        (Tree("x"), None, "sub Y' x", Names(constants=tuple(f"a{index}" for index in range(8)))),
    ],
    ids=str,
)
def test_sympy_is_read_in_its_own_names(integrand, variable, equation, names):
    question = integral_question(integrand, variable)
    assert (question.equation, question.names) == (equation, names)


def test_limits_come_from_text_and_from_sympy():
    expected = (Tree(0), Tree("pi"))
    for asked in (("sin(x) from 0 to pi",), ("sin(x)", (X, 0, sp.pi)), (sp.Integral(sp.sin(X), (X, 0, sp.pi)),)):
        assert integral_question(*asked).limits == expected
    with pytest.raises(ValueError, match="a limit is infinite"):
        integral_question("exp(-x) from 0 to infinity")
    with pytest.raises(ValueError, match="two limits"):
        integral_question("x", (X, 0))


@pytest.mark.parametrize("conditions", ["y(0) = 2", {Y(0): 2}])
def test_conditions_come_from_text_and_from_sympy(conditions):
    question = equation_question(Y(X).diff(X) - Y(X), conditions=conditions)
    assert question.conditions == (Condition(0, Tree(0), Tree(2)),)
    slope = equation_question("y'' = -y", conditions={Y(X).diff(X).subs(X, 0): 1}).conditions
    assert slope == (Condition(1, Tree(0), Tree(1)),)


def test_a_problem_of_either_kind_is_told_apart():
    assert read_problem("\\int x dx").is_integral and not read_problem("y' = x").is_integral
    assert read_problem("sub Y' cos x").is_integral and not read_problem("sub Y' Y").is_integral
    with pytest.raises(ValueError, match="of third order"):
        read_problem("y''' = x")


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("x^2 + C", "add pow x INT+ 2 a8"),
        ("y = C e^x", "mul a8 exp x"),
        ("y(x) = C_1 e^x + C_2 e^{-x}", "add mul a8 exp x mul a9 exp mul INT- 1 x"),
        ("C e^x = y", "mul a8 exp x"),
        ("Eq(y(x), C1*exp(x))", "mul a8 exp x"),
        ("\\boxed{x^2 + C}, where C is a constant", "add pow x INT+ 2 a8"),
        ("y = Ce^{kx}, C \\in \\mathbb{R}", "mul a8 exp mul a0 x"),
        ("Answer: x + K.", "add x a8"),
    ],
)
def test_answers_are_read_as_people_write_them(text, tokens):
    assert prefix_text(read_answer(text, Names("x", "y", ("k",)))) == tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [("y^2 = x", "implicit"), ("y = 0 or y = x", "several"), ("y = y'", "no derivative"), ("", "answer was expected")],
)
def test_what_is_no_answer_is_named(text, words):
    with pytest.raises(ValueError, match=words):
        read_answer(text, Names())


def test_a_value_holds_no_letters_of_its_own():
    assert prefix_text(read_answer("≈ 1/3", Names(), is_value=True)) == "div INT+ 1 INT+ 3"
    with pytest.raises(ValueError, match="`c`"):
        read_answer("c/2", Names(), is_value=True)
