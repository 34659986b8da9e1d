"""The table and the curves show what the folders hold, and no more."""

import json

import numpy as np
import pandas as pd
import pytest

from symbolic.evaluation.plots import plot_attention, plot_comparison, plot_trial
from symbolic.training.comparison import compare, draw_curves, format_table


def history(epochs, offset=0.0):
    rng = np.random.default_rng(epochs)
    columns = ["loss", "val_loss", "token_accuracy", "val_token_accuracy"]
    return pd.DataFrame({"epoch": range(1, epochs + 1)} | {name: offset + rng.random(epochs) for name in columns})


def make_trial(folder, name, params, result=None, epochs=2):
    (folder / name).mkdir(parents=True)
    (folder / name / "params.json").write_text(json.dumps({"trial": name, "params": params}))
    history(epochs).to_csv(folder / name / "history.csv", index=False)
    if result:
        (folder / name / "result.json").write_text(json.dumps(result))


@pytest.fixture
def runs(tmp_path):
    judged = {"problems": 10, "loss": 0.5, "token_accuracy": 0.9, "exact_match": 0.25, "solve_rate": 0.5}
    judged |= {"proved": 0.25, "confirmed": 0.25, "refuted": 0.375, "undecided": 0.125}
    finished = {"status": "finished", "reason": None, "weights": 1234, "epochs": 2, "training_seconds": 3.5}
    params = {"model": "attention_rnn", "num_units": 64, "seed": 0}
    make_trial(tmp_path, "a", params, finished | {"valid": judged | {"solve_rate": 0.0}, "test": judged})
    make_trial(tmp_path, "b", params | {"num_units": 128}, {"status": "failed", "reason": "Diverged: at once"})
    make_trial(tmp_path, "c", params | {"num_layers": 2}, epochs=3)
    return tmp_path


DAMAGED = {
    "params.json": ["", "[]", "{}", '{"trial": 3}', '{"trial": "b", "params": []}', "[" * 100_000],
    "result.json": [
        "",
        "[]",
        '{"status": "perhaps"}',
        '{"status": "finished"}',
        "\ufeff{",
        '{"a": ' + "9" * 5000 + "}",
    ],
}


@pytest.mark.parametrize("file, content", [(file, text) for file, texts in DAMAGED.items() for text in texts])
def test_a_damaged_trial_is_left_out_with_a_sentence(runs, file, content, capsys):
    (runs / "b" / file).write_text(content)
    assert list(compare(runs)["trial"]) == ["a", "c"]
    assert f"{runs / 'b'} is left out of the comparison: {runs / 'b' / file} is damaged" in capsys.readouterr().err


def test_where_all_trials_are_damaged_it_is_an_error(runs):
    for trial in "abc":
        (runs / trial / "params.json").write_text("{")
    with pytest.raises(ValueError, match="a is left out .*; .*b is left out .*; .*c is left out"):
        compare(runs)


def test_the_table_has_a_row_per_trial_and_names_the_differences(runs):
    table = compare(runs).set_index("trial")
    assert list(table.index) == ["a", "b", "c"]
    assert list(table["parameters"]) == ["num_units=64", "num_units=128", "num_units=64 num_layers=2"]
    assert list(table["status"]) == ["finished", "failed", "unfinished"]
    assert table.loc["a", "judged_on"] == "test" and table.loc["a", "solve_rate"] == 0.5
    assert table.loc["b", "reason"] == "Diverged: at once" and table.loc["c", "epochs"] == 3
    saved = pd.read_csv(runs / "comparison.csv").set_index("trial")
    assert saved.loc["a", "refuted"] == 0.375


def test_the_text_shows_shares_as_per_cent(runs):
    text = format_table(compare(runs))
    assert "50.0%" in text and "37.5%" in text and "1,234" in text and "nan" not in text.lower()


def test_curves_are_drawn_from_the_saved_histories(runs):
    paths = draw_curves(runs)
    assert [str(path.relative_to(runs)) for path in paths] == [
        "comparison.png",
        "a/curves.png",
        "b/curves.png",
        "c/curves.png",
    ]
    assert all(path.stat().st_size > 10_000 for path in paths)


def lines(figure):
    return [{line.get_label(): line.get_ydata() for line in axis.get_lines()} for axis in figure.axes]


def test_the_comparison_plots_validation_figures():
    histories = {"one": history(3), "two": history(5)}
    for axis, quantity in zip(lines(plot_comparison(histories)), ["val_loss", "val_token_accuracy"], strict=True):
        for trial, frame in histories.items():
            np.testing.assert_array_equal(axis[trial], frame[quantity])


def test_a_trials_plot_sets_training_against_validation():
    frame = history(4)
    for axis, quantity in zip(lines(plot_trial("t", frame)), ["loss", "token_accuracy"], strict=True):
        np.testing.assert_array_equal(axis["training"], frame[quantity])
        np.testing.assert_array_equal(axis["validation"], frame[f"val_{quantity}"])


def test_an_attention_map_per_head_with_its_tokens():
    weights = np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 2))
    figure = plot_attention(weights, ["[START]", "a", "b", "[END]"], ["c", "[END]"])
    maps = [axis for axis in figure.axes if axis.images and axis.get_title()]
    assert len(maps) == 3
    for head, axis in enumerate(maps):
        np.testing.assert_array_equal(axis.images[0].get_array(), weights[head])
        assert [label.get_text() for label in axis.get_xticklabels()] == ["[START]", "a", "b", "[END]"]
        assert [label.get_text() for label in axis.get_yticklabels()] == ["c", "[END]"]


@pytest.fixture(autouse=True)
def close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")
