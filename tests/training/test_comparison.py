"""The table and the curves show what the folders hold, and no more."""

import json

import numpy as np
import pandas as pd
import pytest

from symbolic.evaluation.plots import plot_attention, plot_comparison, plot_trial
from symbolic.training.comparison import (
    best_trial,
    compare,
    curve_labels,
    draw_curves,
    format_table,
    sweep_figure,
    trials_of,
)


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
    judged |= {"proved": 0.25, "confirmed": 0.25, "refuted": 0.25, "undecided": 0.125, "unanswered": 0.125}
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
    assert saved.loc["a", ["proved", "confirmed", "refuted", "undecided", "unanswered"]].sum() == 1
    low, high = saved.loc["a", ["solve_rate_low", "solve_rate_high"]]
    assert (low, high) == pytest.approx((0.2366, 0.7634), abs=1e-4)  # Wilson for 5 of 10


def test_the_text_shows_percentages_and_fits_a_terminal(runs):
    text = format_table(compare(runs))
    assert "50.0" in text and "12.5" in text and "1,234" in text and "nan" not in text.lower().split()
    assert "unanswered" in text and "23.7–76.3" in text and max(map(len, text.splitlines())) <= 100


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


def test_a_trial_of_several_seeds_is_their_mean_in_a_band():
    frames = [history(3), history(5)]
    figure = plot_comparison({"one": frames})
    mean = (frames[0]["val_loss"] + frames[1]["val_loss"][:3]) / 2
    np.testing.assert_allclose(lines(figure)[0]["one"], mean[:3])
    (band,) = figure.axes[0].collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(min(frame["val_loss"][:3].min() for frame in frames))


def test_every_line_has_colour_marker_and_dash_of_its_own():
    figure = plot_comparison({f"trial {i}": history(3) for i in range(20)})
    styles = [(line.get_color(), line.get_marker(), line.get_linestyle()) for line in figure.axes[0].get_lines()]
    assert len(set(styles)) == 20


def make_seeds(runs, rates, problems=200):
    """Trials with seeds whose predictions are right at a rate; result.json has the same rates."""
    for (trial, seed), rate in rates.items():
        rng = np.random.default_rng(seed)
        solved = rng.random(problems) < rate
        name = trial if seed == 0 else f"{trial}_seed_{seed}"
        judged = {"problems": problems, "loss": 1.0, "exact_match": 0.0, "solve_rate": float(solved.mean())}
        params = {"model": trial, "seed": seed}
        make_trial(runs, name, params, {"status": "finished", "reason": None, "weights": 5, "test": judged})
        rows = {"line": range(problems), "input": "x", "status": np.where(solved, "proved", "refuted")}
        pd.DataFrame(rows).to_csv(runs / name / "predictions_test.csv", index=False)


def test_seeds_are_one_row_with_mean_and_deviation_and_a_switch_shows_each(tmp_path):
    make_seeds(tmp_path, {("a", 0): 0.2, ("a", 1): 0.4, ("b", 0): 0.9, ("a", 10): 0.3, ("a", 9): 0.3})
    each = compare(tmp_path, each_seed=True).set_index("trial")
    assert list(each.index) == ["a", "a_seed_1", "a_seed_9", "a_seed_10", "b"]
    table = compare(tmp_path).set_index("trial")
    assert list(table["seeds"]) == [4, 1] and list(table["parameters"]) == ["model=a", "model=b"]
    rates = each["solve_rate"][:4].astype(float)
    assert table.loc["a", "solve_rate"] == pytest.approx(rates.mean())
    assert table.loc["a", "solve_rate_sd"] == pytest.approx(rates.std()) and np.isnan(table.loc["b", "solve_rate_sd"])
    assert "standard deviation" in format_table(compare(tmp_path))
    assert "<table" in compare(tmp_path)._repr_html_() and "standard deviation" in compare(tmp_path)._repr_html_()


def test_a_folder_named_like_a_seed_of_another_trial_is_a_trial_of_its_own(tmp_path):
    make_trial(tmp_path, "a", {"model": "rnn", "num_units": 4, "seed": 0})
    make_trial(tmp_path, "a_seed_1", {"model": "rnn", "num_units": 8, "seed": 1})
    make_trial(tmp_path, "a_seed_2", {"model": "rnn", "num_units": 4, "seed": 2})
    assert {trial: len(folders) for trial, folders in trials_of(tmp_path).items()} == {"a": 2, "a_seed_1": 1}


def test_the_best_is_by_loss_only_where_nothing_was_solved(tmp_path):
    make_seeds(tmp_path, {("a", 0): 0.0, ("b", 0): 0.0})
    table = compare(tmp_path)
    table["exact_match"], table["loss"] = 0.0, [2.0, 1.0]
    assert best_trial(table) == ("b", "loss")
    table["solve_rate"] = [0.1, 0.0]
    assert best_trial(table) == ("a", "solve_rate")
    assert best_trial(table.assign(status="failed")) is None


def test_curves_are_named_by_what_differs_where_that_is_short(tmp_path):
    for i, units in enumerate((16, 32, 64), start=1):
        make_trial(tmp_path, f"s_{i}", {"model": "rnn", "num_units": units, "seed": 0})
    assert curve_labels(tmp_path)["s_2"] == "s_2: num_units=32"
    make_trial(tmp_path, "s_4", {"model": "a_model_with_a_very_long_name:" + "M" * 40, "num_units": 2, "seed": 0})
    assert curve_labels(tmp_path)["s_2"] == "s_2"


def test_a_sweep_is_a_heat_map_or_parallel_coordinates(tmp_path):
    for i, (units, rate) in enumerate([(16, 1e-3), (16, 1e-2), (32, 1e-3), (32, 1e-2)], start=1):
        result = {"status": "finished", "test": {"solve_rate": i / 10, "loss": 1.0, "problems": 10}}
        make_trial(tmp_path, f"s_{i}", {"num_units": units, "learning_rate": rate, "seed": 0}, result)
    texts = {text.get_text() for text in sweep_figure(tmp_path).axes[0].texts}
    assert texts == {"10.0%", "20.0%", "30.0%", "40.0%"}
    make_trial(tmp_path, "s_5", {"num_units": 64, "learning_rate": 0.5, "seed": 0}, result)
    (axis,) = sweep_figure(tmp_path).axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["num units", "learning rate", "solve rate"]
    drawn = [line for line in axis.get_lines() if len(line.get_xdata()) == 3]
    assert len(drawn) == 5


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
