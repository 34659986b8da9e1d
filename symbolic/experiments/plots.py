"""Curves, comparisons and attention maps. Takes frames and arrays, gives matplotlib figures, knows nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from symbolic.atomic import atomic_path

QUANTITIES = {"loss": "loss (nats per token)", "token_accuracy": "token accuracy"}


def plot_comparison(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Validation loss and token accuracy by epoch, all trials together.

    Args:
        histories: trial -> its history, a row per epoch with `epoch`, `val_loss` and `val_token_accuracy`.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for axis, quantity in zip(axes, QUANTITIES, strict=True):
        for trial, history in histories.items():
            axis.plot(history["epoch"], history[f"val_{quantity}"], label=trial, **_line(history))
        _finish(axis, quantity, f"validation {quantity.replace('_', ' ')}")
    axes[0].legend(fontsize="small", frameon=False)
    return figure


def plot_trial(trial: str, history: pd.DataFrame) -> Figure:
    """Training against validation of one trial: loss and token accuracy by epoch."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for axis, quantity in zip(axes, QUANTITIES, strict=True):
        axis.plot(history["epoch"], history[quantity], label="training", **_line(history))
        axis.plot(history["epoch"], history[f"val_{quantity}"], label="validation", **_line(history))
        _finish(axis, quantity, quantity.replace("_", " "))
    axes[0].legend(frameon=False)
    figure.suptitle(trial)
    return figure


def plot_attention(weights: np.ndarray, context: Sequence[str], target: Sequence[str]) -> Figure:
    """Where a decoder looks: one map per head.

    Args:
        weights: (heads, target tokens, context tokens), each row summing to 1.
        context: the context tokens, one a column.
        target: the tokens written, one a row.
    """
    heads = len(weights)
    columns = min(heads, 2)
    rows = -(-heads // columns)
    width, height = 1.5 + 0.28 * len(context), 1.2 + 0.25 * len(target)
    figure, axes = plt.subplots(
        rows, columns, figsize=(columns * width, rows * height), squeeze=False, layout="constrained"
    )
    for head, axis in enumerate(axes.flat):
        if head >= heads:
            axis.set_visible(False)
            continue
        image = axis.imshow(weights[head], vmin=0, vmax=1, cmap="viridis", aspect="auto")
        axis.set_xticks(range(len(context)), context, rotation=90, fontsize="small")
        axis.set_yticks(range(len(target)), target, fontsize="small")
        axis.set_title(f"head {head + 1}", fontsize="medium")
    figure.supxlabel("input token")
    figure.supylabel("answer token")
    figure.colorbar(image, ax=axes, label="attention weight", shrink=0.8)
    return figure


def save_figure(figure: Figure, path: Path | str) -> None:
    """Write a figure, in the format its name ends with, and close it."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130)
    plt.close(figure)


def _line(history: pd.DataFrame) -> dict:
    return {"marker": "o" if len(history) <= 30 else None, "markersize": 3, "linewidth": 1.5}


def _finish(axis, quantity: str, title: str) -> None:
    axis.set_xlabel("epoch")
    axis.set_ylabel(QUANTITIES[quantity])
    axis.set_title(title)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if quantity == "token_accuracy":
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
