"""Trials side by side, from what their folders hold: one table, and their curves.

Reads saved files alone, so runs of different days and machines compare.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from symbolic.evaluation.plots import plot_comparison, plot_trial, save_figure
from symbolic.evaluation.tables import as_text
from symbolic.runtime.atomic import atomic_path
from symbolic.training.recording import read_history
from symbolic.training.trials import read_params, read_result, trial_folders
from symbolic.verification import STATUSES

TABLE, CURVES = "comparison.csv", "comparison.png"


def compare(runs: Path | str) -> pd.DataFrame:
    """The table of all trials in a runs folder, also saved there as comparison.csv.

    A row per trial: the parameters in which the trials differ, weights, epochs run, training seconds, and loss, token
    accuracy, exact match, solve rate and verdicts on the test set (on validation problems where no test problems were
    judged).

    Raises:
        FileNotFoundError: there is no trial in the folder.
    """
    folders = trial_folders(runs)
    params = pd.DataFrame([read_params(folder)["params"] for folder in folders])
    differing = [key for key in params if params[key].nunique(dropna=False) > 1]
    table = pd.DataFrame([_row(folder, differing) for folder in folders])
    with atomic_path(Path(runs) / TABLE) as temporary:
        table.to_csv(temporary, index=False)
    return table


def _row(folder: Path, differing: list[str]) -> dict[str, Any]:
    params, result = read_params(folder), read_result(folder)
    judged_on = next((split for split in ("test", "valid") if split in result), None)
    judged = result.get(judged_on, {})
    return {
        "trial": params["trial"],
        "parameters": " ".join(f"{key}={params['params'][key]}" for key in differing if key in params["params"]),
        "status": result.get("status", "unfinished"),
        "reason": result.get("reason"),
        "weights": result.get("weights"),
        "epochs": result.get("epochs", len(read_history(folder))),
        "seconds": result.get("training_seconds"),
        "judged_on": judged_on,
        **{
            figure: judged.get(figure) for figure in ("problems", "loss", "token_accuracy", "exact_match", "solve_rate")
        },
        **{status: judged.get(status) for status in STATUSES},
    }


def format_table(table: pd.DataFrame) -> str:
    """The table as text for a terminal; the parameters and reasons, which are long, are left to the CSV file."""
    formats = dict.fromkeys(("weights", "epochs", "seconds", "problems"), "{:,.0f}") | {"loss": "{:.3f}"}
    formats |= dict.fromkeys(("token_accuracy", "exact_match", "solve_rate", *STATUSES), "{:.1%}")
    return as_text(table.drop(columns=["parameters", "reason", "judged_on"]), formats)


def draw_curves(runs: Path | str) -> list[Path]:
    """Draw the comparison of all trials in a runs folder and each trial's own curves; the files written.

    Raises:
        FileNotFoundError: there is no trial in the folder.
    """
    histories = {folder: read_history(folder) for folder in trial_folders(runs)}
    histories = {folder: history for folder, history in histories.items() if len(history)}
    paths = []
    for folder, history in histories.items():
        paths.append(folder / "curves.png")
        save_figure(plot_trial(folder.name, history), paths[-1])
    if histories:
        paths.insert(0, Path(runs) / CURVES)
        save_figure(plot_comparison({folder.name: history for folder, history in histories.items()}), paths[0])
    return paths
