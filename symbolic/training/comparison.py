"""Trials side by side, from what their folders hold: one table, their differences, and their curves.

Only saved files are read, so runs of different days and machines compare. Folders of one trial with several seeds (see
`params.with_seeds`) are one row, with the mean of each figure.
"""

import html
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd

from symbolic.evaluation.plots import (
    plot_comparison,
    plot_heat_map,
    plot_parallel_coordinates,
    plot_trial,
    save_figure,
    wilson_interval,
)
from symbolic.evaluation.rows import OUTCOMES
from symbolic.evaluation.tables import as_text
from symbolic.runtime.atomic import atomic_path
from symbolic.training.differences import differences
from symbolic.training.params import without_seed
from symbolic.training.recording import TRAINER_COLUMNS, best_epoch, read_history
from symbolic.training.trials import read_params, read_result, trial_folders

TABLE, CURVES, SWEEP, DIFFERENCES = "comparison.csv", "comparison.png", "sweep.png", "differences.csv"
FIGURES = ("loss", "token_accuracy", "exact_match", "solve_rate")
_WIDTH = 100  # columns of a terminal
_LONGEST_LABEL = 40
# Columns that come before those of one's own losses, metrics and callbacks.
_COLUMNS = (
    *("trial", "parameters", "status", "reason", "seeds", "weights", "epochs", "problems_seen", "seconds"),
    *("judged_on", "problems", *FIGURES, "solve_rate_sd", "solve_rate_low", "solve_rate_high", *OUTCOMES),
)


class Comparison(pd.DataFrame):
    """The table of `compare`, which a notebook shows whole, with percentages."""

    def _repr_html_(self) -> str:
        shown = _formatted(self.dropna(axis="columns", how="all"))
        note = html.escape(_caption(self)) if {"judged_on", "problems"} <= set(self) else ""
        with pd.option_context("display.max_columns", None, "display.max_colwidth", None):
            return shown.to_html(index=False, na_rep="", max_rows=None) + f"<p>{note}</p>"


def compare(runs: Path | str, each_seed: bool = False) -> Comparison:
    """The table of all trials in a runs folder, also saved there as comparison.csv.

    A row per trial: the parameters in which the trials differ; status; seeds; weights, epochs run, training problems
    seen (about, with repetitions), training seconds; loss, token accuracy, exact match, solve rate and verdicts on the
    test set (on validation problems where no test problems were judged). Then a column for every loss, metric and
    callback of one's own, see `_own_figures`. Of several seeds each figure is the mean, and `solve_rate_sd` the
    standard deviation between the seeds. `solve_rate_low` and `solve_rate_high` are Wilson's 95 % interval for the
    number of problems, which tells nothing of the seeds. Trials whose files are damaged are left out, and a sentence on
    stderr names each.

    Args:
        each_seed: a row per folder instead.

    Raises:
        FileNotFoundError: there is no trial in the folder.
        ValueError: all of them are damaged.
    """
    folders = _readable(runs, warn=True)
    groups = {folder.name: [folder] for folder in folders} if each_seed else trials_of(runs)
    differing = differing_parameters(runs, with_seed=each_seed)
    rows = [_joined(trial, [_row(folder, differing) for folder in folders]) for trial, folders in groups.items()]
    table = pd.DataFrame(rows)
    table = Comparison(table[[*_COLUMNS, *(name for name in table if name not in _COLUMNS)]])
    with atomic_path(Path(runs) / TABLE) as temporary:
        table.to_csv(temporary, index=False)
    return table


def _readable(runs: Path | str, warn: bool = False) -> list[Path]:
    """The trial folders whose files are whole."""
    readable, faults = [], []
    for folder in trial_folders(runs):
        try:
            _row(folder, [])
            readable.append(folder)
        except (ValueError, KeyError, TypeError, AttributeError) as error:  # the last three: figures of another kind
            faults.append(f"{folder} is left out of the comparison: {error or type(error).__name__}")
    if not readable:
        raise ValueError("; ".join(faults))
    if warn:
        for fault in faults:
            print(fault, file=sys.stderr)
    return readable


def trials_of(runs: Path | str) -> dict[str, list[Path]]:
    """Trial -> the folders of its seeds: those that differ by name and seed alone.

    Raises:
        FileNotFoundError: there is no trial in the folder.
    """
    groups: dict[str, list[Path]] = {}
    settings: dict[str, Any] = {}
    for folder in _readable(runs):
        record = read_params(folder)
        name = without_seed(folder.name, record["params"].get("seed", 0))
        its_settings = [_settings(folder) | {"seed": None}, record.get("data")]
        if settings.setdefault(name, its_settings) != its_settings:
            name = folder.name
        groups.setdefault(name, []).append(folder)
    return groups


def differing_parameters(runs: Path | str, with_seed: bool = False) -> list[str]:
    """The parameters in which the trials of a runs folder differ."""
    settings = pd.DataFrame([_settings(folder) for folder in _readable(runs)])
    return [key for key in settings if settings[key].nunique(dropna=False) > 1 and (with_seed or key != "seed")]


def compare_differences(runs: Path | str) -> pd.DataFrame:
    """The best trial beside every other (see `differences.differences`), also saved as differences.csv.

    Raises:
        FileNotFoundError: there is no trial in the folder.
    """
    table = differences(trials_of(runs))
    with atomic_path(Path(runs) / DIFFERENCES) as temporary:
        table.to_csv(temporary, index=False)
    return table


def best_trial(table: pd.DataFrame) -> tuple[str, str] | None:
    """The best finished trial of a table and by what: its solve rate, or its loss where nothing was solved."""
    finished = table[table["status"] == "finished"]
    for figure, sign in (("solve_rate", 1), ("exact_match", 1), ("loss", -1)):
        values = sign * finished[figure].dropna().astype(float)
        if len(values) and (sign < 0 or values.max() > 0):
            return finished.loc[values.idxmax(), "trial"], figure
    return None


def _settings(folder: Path) -> dict[str, Any]:
    """The parameters of a trial, and the loss, metrics and callbacks that were handed in; lists and options as text."""
    record = read_params(folder)
    settings = record["params"] | record.get("extensions", {})
    return {key: json.dumps(value) if isinstance(value, list | dict) else value for key, value in settings.items()}


def _row(folder: Path, differing: list[str]) -> dict[str, Any]:
    record, result, settings = read_params(folder), read_result(folder), _settings(folder)
    history, params = read_history(folder), record["params"]
    judged_on = next((split for split in ("test", "valid") if split in result), None)
    judged = result.get(judged_on, {})
    epochs = result.get("epochs", len(history))
    row = {
        "trial": folder.name,
        "parameters": " ".join(f"{key}={settings[key]}" for key in differing if key in settings),
        "status": result.get("status", "unfinished"),
        "reason": result.get("reason"),
        "weights": result.get("weights"),
        "epochs": epochs,
        "problems_seen": _problems_seen(params, epochs),
        "seconds": result.get("training_seconds"),
        "judged_on": judged_on,
        **{figure: judged.get(figure) for figure in ("problems", *FIGURES)},
        **{status: judged.get(status) for status in OUTCOMES},
    }
    figures = _own_figures(judged, history, params.get("early_stopping", "val_loss"))
    return row | {name: value for name, value in figures.items() if name not in row}


def _problems_seen(params: dict[str, Any], epochs: int) -> int | None:
    """Training problems in so many epochs; None where a batch is a number of tokens, since that was not counted."""
    if params.get("batch_tokens") is not None or not {"steps_per_epoch", "batch_size"} <= params.keys():
        return None
    return epochs * params["steps_per_epoch"] * params["batch_size"]


def _joined(trial: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One row for all seeds of a trial: the mean of each number over the seeds that have it."""
    frame = pd.DataFrame(rows)
    joined = {}
    for name in frame:
        values = frame[name].dropna()
        if name in ("judged_on", "problems", "parameters", "weights"):
            joined[name] = values.iloc[0] if len(values) else None
        elif name in ("status", "reason"):
            joined[name] = "; ".join(dict.fromkeys(map(str, values))) or None
        elif name != "trial":
            joined[name] = pd.to_numeric(values).mean() if len(values) else None
    rates = pd.to_numeric(frame["solve_rate"].dropna())
    low = high = None
    if len(rates) and joined["problems"]:
        low, high = wilson_interval(rates.mean(), joined["problems"])
    return {
        "trial": trial,
        "seeds": len(rows),
        **joined,
        "solve_rate_sd": rates.std(ddof=1) if len(rates) > 1 else None,
        "solve_rate_low": low,
        "solve_rate_high": high,
    }


def _own_figures(judged: dict[str, Any], history: pd.DataFrame, early_stopping: str) -> dict[str, float]:
    """What losses, metrics and callbacks of one's own report: on the judged problems, else in the best epoch.

    Of a metric the best epoch's figure is that of the validation set.
    """
    figures = dict(judged.get("metrics", {}))
    if len(history):
        best = history.iloc[best_epoch(history, early_stopping)]
        names = [name.removeprefix("val_") for name in history if name not in TRAINER_COLUMNS]
        for name in dict.fromkeys(names):
            figures.setdefault(name, float(best.get(f"val_{name}", best.get(name))))
    return figures


# --- as text ---------------------------------------------------------------------------------------------------------

_COUNTS = ("seeds", "weights", "epochs", "problems_seen", "seconds", "problems")
_RATES = ("token_accuracy", "exact_match", "solve_rate", "solve_rate_sd", "solve_rate_low", "solve_rate_high")


def format_table(table: pd.DataFrame) -> str:
    """The table as text, at most 100 columns wide: what differs, the training, the answers, figures of one's own.

    Reasons of failures, which are long, are only in the CSV file.
    """
    name = table["trial"].map(lambda trial: textwrap.shorten(trial, 26, placeholder="…") if len(trial) > 26 else trial)
    blocks = [_what_differs(table)] if table["parameters"].any() else []
    training = table.assign(trial=name)[
        ["trial", "status", "seeds", "weights", "epochs", "problems_seen", "seconds", "loss"]
    ]
    blocks.append(as_text(training, dict.fromkeys(_COUNTS, "{:,.0f}") | {"loss": "{:.3f}"}))
    if table["exact_match"].notna().any():
        blocks.append(f"{_answers(table.assign(trial=name))}\n{_caption(table)}")
    own = [column for column in table if column not in _COLUMNS]
    if own:
        figures = table.assign(trial=name).set_index("trial")[own]
        shown = figures.map("{:.4g}".format, na_action="ignore").fillna("")
        shown = shown.rename(columns=lambda column: column.replace("_", " "))
        blocks.append(shown.rename_axis(None).to_string(line_width=_WIDTH))
    return "\n\n".join(blocks)


def _what_differs(table: pd.DataFrame) -> str:
    lines = []
    for row in table.itertuples():
        lines += textwrap.wrap(
            f"{row.trial}: {row.parameters}", _WIDTH, subsequent_indent="    ", break_long_words=True
        )
    return "\n".join(lines)


def _answers(table: pd.DataFrame) -> str:
    """Percentages of the judged problems; columns that no trial has are left out."""

    def percent(value: Any) -> str:
        return "" if pd.isna(value) else f"{100 * value:.1f}"

    shown = pd.DataFrame({"trial": table["trial"]})
    shown["token acc."] = table["token_accuracy"].map(percent)
    shown["exact"] = table["exact_match"].map(percent)
    if table["solve_rate"].notna().any():
        shown["solved"] = table["solve_rate"].map(percent)
        if table["solve_rate_sd"].notna().any():
            shown["± sd"] = table["solve_rate_sd"].map(percent)
        ends = zip(table["solve_rate_low"].map(percent), table["solve_rate_high"].map(percent), strict=True)
        shown["95 %"] = [f"{low}–{high}" if low else "" for low, high in ends]
        for outcome in OUTCOMES:
            shown[outcome] = table[outcome].map(percent)
    return shown.to_string(index=False)


def _caption(table: pd.DataFrame) -> str:
    """What the percentages of a table are of."""
    judged = table.dropna(subset="judged_on")
    if judged.empty:
        return ""
    problems = " or ".join(
        dict.fromkeys(
            f"{problems:,.0f} {'test' if split == 'test' else 'validation'} problems"
            for problems, split in zip(judged["problems"], judged["judged_on"], strict=True)
        )
    )
    text = f"Percentages of {problems}."
    if judged["solve_rate"].notna().any():
        text += " The 95 % interval is for the number of problems."
    if (judged["seeds"] > 1).any():
        text += " Means over the seeds; sd: the standard deviation between them."
    return "\n".join(textwrap.wrap(text, _WIDTH))


def _formatted(table: pd.DataFrame) -> pd.DataFrame:
    formats = dict.fromkeys(_COUNTS, "{:,.0f}") | {"loss": "{:.3f}"} | dict.fromkeys((*_RATES, *OUTCOMES), "{:.1%}")
    shown = pd.DataFrame(table).copy()
    for column in shown:
        if column in formats or pd.api.types.is_float_dtype(shown[column]):
            pattern = formats.get(column, "{:.4g}")
            shown[column] = ["" if pd.isna(value) else pattern.format(value) for value in shown[column]]
    return shown.rename(columns=lambda name: name.replace("_", " "))


# --- pictures --------------------------------------------------------------------------------------------------------


def draw_curves(runs: Path | str, x: str = "epoch") -> list[Path]:
    """Draw the comparison of all trials in a runs folder, each trial's own curves, and a sweep; the files written.

    A sweep is drawn where at least three judged trials differ in parameters that all of them have.

    Args:
        x: the horizontal axis of the comparison: "epoch", "problems" (seen in training) or "seconds".

    Raises:
        FileNotFoundError: there is no trial in the folder.
    """
    groups = {trial: [f for f in folders if len(read_history(f))] for trial, folders in trials_of(runs).items()}
    groups = {trial: folders for trial, folders in groups.items() if folders}
    own_losses = {f: read_params(f).get("extensions", {}).get("loss") for folders in groups.values() for f in folders}
    paths = []
    for folder, loss in own_losses.items():
        figure = plot_trial(folder.name, read_history(folder))
        if loss:
            figure.axes[0].set_ylabel(loss.partition("(")[0])
        paths.append(folder / "curves.png")
        save_figure(figure, paths[-1])
    if groups:
        labels = curve_labels(runs)
        histories = {labels[trial]: [history_of(folder) for folder in folders] for trial, folders in groups.items()}
        figure = plot_comparison(histories, x)
        if any(own_losses.values()):
            figure.axes[0].set_ylabel("loss")  # in nats of some trials only
        paths.insert(0, Path(runs) / CURVES)
        save_figure(figure, paths[0])
    if figure := sweep_figure(runs):
        paths.insert(1, Path(runs) / SWEEP)
        save_figure(figure, paths[1])
    return paths


def history_of(folder: Path) -> pd.DataFrame:
    """A trial's history with `problems`, the training problems seen so far, where that is known."""
    history, params = read_history(folder), read_params(folder)["params"]
    in_an_epoch = _problems_seen(params, 1)
    return history if in_an_epoch is None else history.assign(problems=history["epoch"] * in_an_epoch)


def curve_labels(runs: Path | str) -> dict[str, str]:
    """Trial -> its name, and the parameters in which the trials differ where these are few."""
    differing = differing_parameters(runs)
    texts = {}
    for trial, (folder, *_) in trials_of(runs).items():
        settings = _settings(folder)
        texts[trial] = " ".join(f"{key}={settings[key]}" for key in differing if key in settings)
    if max(map(len, texts.values())) > _LONGEST_LABEL:
        return {trial: trial for trial in texts}
    return {trial: f"{trial}: {text}" if text else trial for trial, text in texts.items()}


def sweep_figure(runs: Path | str):
    """The picture of a sweep: a heat map of two parameters on a grid, else parallel coordinates; None without one."""
    table = compare_values(runs)
    parameters = [name for name in table if name not in ("trial", "solve_rate", "loss")]
    if len(table) < 3 or not parameters or table[parameters].isna().any(axis=None):
        return None
    figure = "solve_rate" if (table["solve_rate"] > 0).any() else "loss"
    table = table.dropna(subset=figure)
    if len(table) < 3:
        return None
    values = [table[name].nunique() for name in parameters]
    if len(parameters) == 2 and values[0] * values[1] == len(table):
        return plot_heat_map(table, *parameters, figure)
    return plot_parallel_coordinates(table, parameters, figure)


def compare_values(runs: Path | str) -> pd.DataFrame:
    """A row per trial with its name, the values of the parameters that differ, and mean solve rate and loss."""
    differing = differing_parameters(runs)
    rows = []
    for trial, folders in trials_of(runs).items():
        settings = _settings(folders[0])
        figures = pd.DataFrame([_row(folder, []) for folder in folders])[["solve_rate", "loss"]]
        means = figures.apply(pd.to_numeric).mean()
        rows.append({"trial": trial} | {key: settings.get(key) for key in differing} | means.to_dict())
    return pd.DataFrame(rows)
