"""A picture of a tree shows every node once, in its place; bars of verdicts are as long as their fractions."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from hypothesis import given

from symbolic.evaluation.plots import plot_tree, plot_verdicts
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


def test_the_verdicts_of_a_set_fill_its_bars():
    outcomes = ("proved", "confirmed", "refuted", "undecided", "unanswered")
    fractions = [(0.5, 0.1, 0.3, 0.1, 0.0), (0.2, 0.2, 0.2, 0.2, 0.2), (0.0, 0.0, 1.0, 0.0, 0.0)]
    results = pd.DataFrame(fractions, columns=outcomes).assign(solver=["a", "b", "b"], set=["bwd", "bwd", "fwd"])
    figure = plot_verdicts(results, outcomes)
    panels = {axis.get_title(): axis for axis in figure.axes if axis.get_visible()}
    plt.close(figure)
    assert list(panels) == ["bwd", "fwd"]
    for name, rows in {"bwd": [0, 1], "fwd": [1]}.items():
        bars = panels[name].patches
        assert len(bars) == len(outcomes) * len(rows)
        for row in rows:
            own = [bar for bar in bars if bar.get_y() + bar.get_height() / 2 == pytest.approx(row)]
            which = fractions[row] if name == "bwd" else fractions[2]
            assert [bar.get_width() for bar in own] == pytest.approx(which)
            assert own[-1].get_x() + own[-1].get_width() == pytest.approx(1)
