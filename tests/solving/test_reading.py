"""Whatever a person hands in becomes a question: as it was asked, and as the training data spell it."""

import pytest

from symbolic.expressions.infix import from_infix
from symbolic.expressions.prefix import PrefixError, prefix_text
from symbolic.solving.question import Question, question_of
from symbolic.solving.reading import equation_question, integral_question


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
    ],
)
def test_a_derivative_may_stand_only_within_a_function(equation, problem):
    assert equation_question(equation).problem == problem
