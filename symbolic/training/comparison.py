"""Trials side by side, from what their folders hold: one table, and their curves.

Only saved files are read, so runs of different days and machines compare.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from symbolic.evaluation.plots import plot_comparison, plot_trial, save_figure
from symbolic.evaluation.tables import as_text
from symbolic.runtime.atomic import atomic_path
from symbolic.training.recording import TRAINER_COLUMNS, best_epoch, read_history
from symbolic.training.trials import read_params, read_result, trial_folders
from symbolic.verification import STATUSES

TABLE, CURVES = "comparison.csv", "comparison.png"


def compare(runs: Path | str) -> pd.DataFrame:
    """The table of all trials in a runs folder, also saved there as comparison.csv.

    A row per trial: the parameters in which the trials differ, weights, epochs run, training seconds, and loss, token
    accuracy, exact match, solve rate and verdicts on the test set (on validation problems where no test problems were
    judged). Then a column for every loss, metric and callback of one's own, see `_own_figures`. A trial whose files
    are damaged is left out, and a sentence on stderr names it.

    Raises:
        FileNotFoundError: there is no trial in the folder.
        ValueError: all of them are damaged.
    """
    folders = _readable(trial_folders(runs))
    settings = pd.DataFrame([_settings(folder) for folder in folders])
    differing = [key for key in settings if settings[key].nunique(dropna=False) > 1]
    table = pd.DataFrame([_row(folder, differing) for folder in folders])
    with atomic_path(Path(runs) / TABLE) as temporary:
        table.to_csv(temporary, index=False)
    return table


def _readable(folders: list[Path]) -> list[Path]:
    readable, faults = [], []
    for folder in folders:
        try:
            _row(folder, [])
            readable.append(folder)
        except (ValueError, KeyError, TypeError, AttributeError) as error:  # the last three: figures of another kind
            faults.append(f"{folder} is left out of the comparison: {error or type(error).__name__}")
    if not readable:
        raise ValueError("; ".join(faults))
    for fault in faults:
        print(fault, file=sys.stderr)
    return readable


def _settings(folder: Path) -> dict[str, Any]:
    """The parameters of a trial, and the loss, metrics and callbacks that were handed in; lists and options as text."""
    record = read_params(folder)
    settings = record["params"] | record.get("extensions", {})
    return {key: json.dumps(value) if isinstance(value, list | dict) else value for key, value in settings.items()}


def _row(folder: Path, differing: list[str]) -> dict[str, Any]:
    record, result, settings = read_params(folder), read_result(folder), _settings(folder)
    history = read_history(folder)
    judged_on = next((split for split in ("test", "valid") if split in result), None)
    judged = result.get(judged_on, {})
    row = {
        "trial": record["trial"],
        "parameters": " ".join(f"{key}={settings[key]}" for key in differing if key in settings),
        "status": result.get("status", "unfinished"),
        "reason": result.get("reason"),
        "weights": result.get("weights"),
        "epochs": result.get("epochs", len(history)),
        "seconds": result.get("training_seconds"),
        "judged_on": judged_on,
        **{
            figure: judged.get(figure) for figure in ("problems", "loss", "token_accuracy", "exact_match", "solve_rate")
        },
        **{status: judged.get(status) for status in STATUSES},
    }
    figures = _own_figures(judged, history, record["params"].get("early_stopping", "val_loss"))
    return row | {name: value for name, value in figures.items() if name not in row}


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


def format_table(table: pd.DataFrame) -> str:
    """The table as text for a terminal; the parameters and reasons, which are long, are only in the CSV file."""
    shown = table.drop(columns=["parameters", "reason", "judged_on"])
    formats = dict.fromkeys(("weights", "epochs", "seconds", "problems"), "{:,.0f}") | {"loss": "{:.3f}"}
    formats |= dict.fromkeys(("token_accuracy", "exact_match", "solve_rate", *STATUSES), "{:.1%}")
    own = [name for name in shown if name not in formats and name not in ("trial", "status")]
    return as_text(shown, formats | dict.fromkeys(own, "{:.4g}"))


def draw_curves(runs: Path | str) -> list[Path]:
    """Draw the comparison of all trials in a runs folder and each trial's own curves; the files written.

    Raises:
        FileNotFoundError: there is no trial in the folder.
    """
    histories = {folder: read_history(folder) for folder in trial_folders(runs)}
    histories = {folder: history for folder, history in histories.items() if len(history)}
    own_losses = {folder: read_params(folder).get("extensions", {}).get("loss") for folder in histories}
    paths = []
    for folder, history in histories.items():
        figure = plot_trial(folder.name, history)
        if own_losses[folder]:
            figure.axes[0].set_ylabel(own_losses[folder].partition("(")[0])
        paths.append(folder / "curves.png")
        save_figure(figure, paths[-1])
    if histories:
        figure = plot_comparison({folder.name: history for folder, history in histories.items()})
        if any(own_losses.values()):
            figure.axes[0].set_ylabel("loss")  # in nats of some trials only
        paths.insert(0, Path(runs) / CURVES)
        save_figure(figure, paths[0])
    return paths
