"""A picture of a tree shows every node once, in its place; bars of verdicts are as long as their fractions."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from hypothesis import given
from matplotlib.colors import to_rgb

from symbolic.evaluation.plots import plot_solvers, plot_tree, plot_verdicts, set_title, solver_title
from symbolic.evaluation.tables import in_classes
from symbolic.expressions.prefix import Tree, fold, from_prefix
from tests.expressions.strategies import repeatable, trees


def drawn(tree: Tree) -> list[tuple[float, float, str]]:
    """(x, depth, label) of every node in the picture of a tree, from the left."""
    figure = plot_tree(tree)
    (axis,) = figure.axes
    nodes = sorted((*text.get_position(), text.get_text()) for text in axis.texts)
    plt.close(figure)
    return nodes


@repeatable(max_examples=10)
@given(trees(max_leaves=8))
def test_every_node_is_drawn_apart_from_the_others(tree):
    nodes = drawn(tree)
    assert len({(x, depth) for x, depth, _ in nodes}) == len(nodes)
    labels = fold(tree, lambda head, below: [str(head), *sum(below, [])])
    assert sorted(label for _, _, label in nodes) == sorted(labels)


def test_operands_hang_from_the_left_to_the_right_under_their_operator():
    assert drawn(from_prefix("div pow x INT+ 2 add sin x INT- 1 5")) == [
        (0, 2, "x"),
        (0.5, 1, "pow"),
        (1, 2, "2"),
        (1.5, 0, "div"),
        (2, 2, "sin"),
        (2, 3, "x"),
        (2.5, 1, "add"),
        (3, 2, "-15"),
    ]


OUTCOMES = ("proved", "confirmed", "refuted", "undecided", "unanswered")
FRACTIONS = [(0.5, 0.1, 0.3, 0.1, 0.0), (0.2, 0.2, 0.2, 0.2, 0.2), (0.0, 0.0, 1.0, 0.0, 0.0)]


def test_the_verdicts_of_every_set_and_solver_fill_a_row():
    results = pd.DataFrame(FRACTIONS, columns=OUTCOMES).assign(solver=["a", "b", "b"], set=["bwd", "bwd", "fwd"])
    figure = plot_verdicts(results, OUTCOMES)
    (axis,) = figure.axes
    plt.close(figure)
    labels = {tick.get_text(): place for tick, place in zip(axis.get_yticklabels(), axis.get_yticks(), strict=True)}
    assert list(labels) == ["BACKWARD (BWD)", "a", "b", "FORWARD (FWD)"]  # a label that comes twice counts once
    for place, fractions in zip((1, 2, 4), FRACTIONS, strict=True):
        own = [bar for bar in axis.patches if bar.get_y() + bar.get_height() / 2 == pytest.approx(place)]
        assert [bar.get_width() for bar in own] == pytest.approx(fractions)
        assert own[-1].get_x() + own[-1].get_width() == pytest.approx(1)


def luminance(colour):
    """Relative luminance (WCAG 2)."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in to_rgb(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_solved_and_refuted_can_be_told_apart_in_grey_and_by_their_pattern():
    results = pd.DataFrame(FRACTIONS[1:2], columns=OUTCOMES).assign(solver="a", set="bwd")
    figure = plot_verdicts(results, OUTCOMES)
    bars = dict(zip(OUTCOMES, figure.axes[0].patches, strict=True))
    plt.close(figure)
    light, dark = (luminance(bars[name].get_facecolor()) for name in ("refuted", "proved"))
    assert (light + 0.05) / (dark + 0.05) > 2.5
    assert bars["refuted"].get_hatch() and not bars["proved"].get_hatch() and not bars["confirmed"].get_hatch()


def test_models_come_with_their_proposers_below_and_systems_last():
    results = pd.DataFrame(
        {"solver": ["giac", "m@10"], "beam": [pd.NA, 10], "set": "fwd", "problems": 10, "solve_rate": [0.9, 0.5]}
    ).assign(with_repair=[float("nan"), 0.7])
    figure = plot_solvers(results)
    (axis,) = figure.axes
    plt.close(figure)
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["m, beam 10", "with repair", "Giac"]
    assert [bar.get_width() for bar in axis.patches] == [0.5, 0.7, 0.9]


def test_three_classes_hold_all_problems_of_the_finer_groups():
    labels = ["0–10", "11–20", "21–30", "61–80", "241–"]
    groups = pd.DataFrame({"solver": "a", "set": "s", "length": pd.Categorical(labels, labels, ordered=True)})
    groups = groups.assign(problems=[10, 30, 5, 3, 1], solve_rate=[1.0, 0.5, 0.2, 0.0, 1.0])
    classes = in_classes(groups, "length")
    assert list(classes["length"]) == ["up to 20", "21–60", "over 60"]
    assert list(classes["problems"]) == [40, 5, 4]
    assert list(classes["solve_rate"]) == pytest.approx([25 / 40, 0.2, 0.25])


def test_sets_and_solvers_have_the_names_that_people_use():
    assert set_title("bwd.test") == "backward (bwd)" and set_title("scaled.test") == "scaled"
    assert set_title("published_fwd.valid") == "published forward (fwd)"
    assert set_title("reference_ode1.tsv") == "reference first order (ode1)"
    assert solver_title("pretrained@50") == "shipped model, beam 50" and solver_title("sympy") == "SymPy"
    assert solver_title("quick_rnn_10s_systems") == "quick_rnn, 10 s, systems last"
