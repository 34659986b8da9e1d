"""Figures by matplotlib: learning curves, comparisons of trials, attention maps, expression trees, solve rates."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from symbolic.expressions.prefix import Tree
from symbolic.runtime.atomic import atomic_path

QUANTITIES = {"loss": "loss (nats per token)", "token_accuracy": "token accuracy"}
_DASHES = ("-", "--", "-.", ":")
_NO_QUANTITIES = ("epoch", "seconds", "learning_rate")  # columns of a history that are not drawn


def plot_comparison(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Validation loss and token accuracy by epoch, all trials together; then whatever else the trials report.

    Args:
        histories: trial -> its history, a row per epoch with `epoch`, `val_loss` and `val_token_accuracy`. A quantity
            without a `val_` column, such as one that a callback reports, is drawn as it is.
    """
    quantities = _quantities(histories.values())
    figure, axes = plt.subplots(1, len(quantities), figsize=(5.5 * len(quantities), 4.2), layout="constrained")
    for axis, quantity in zip(axes, quantities, strict=True):
        is_validated = False
        for trial, history in histories.items():
            is_validated |= f"val_{quantity}" in history
            column = f"val_{quantity}" if f"val_{quantity}" in history else quantity
            if column in history:
                axis.plot(history["epoch"], history[column], label=trial, **_line(history))
        _finish(axis, quantity, f"{'validation ' if is_validated else ''}{quantity.replace('_', ' ')}")
    _legend(figure, dict(enumerate(axes)))
    return figure


def plot_trial(trial: str, history: pd.DataFrame) -> Figure:
    """Training against validation of one trial: loss, token accuracy, and whatever else it reports, by epoch."""
    quantities = _quantities([history])
    figure, axes = plt.subplots(1, len(quantities), figsize=(5.5 * len(quantities), 4.2), layout="constrained")
    for axis, quantity in zip(axes, quantities, strict=True):
        for column, label in ((quantity, "training"), (f"val_{quantity}", "validation")):
            if column in history:
                axis.plot(history["epoch"], history[column], label=label, **_line(history))
        _finish(axis, quantity, quantity.replace("_", " "))
    axes[0].legend(frameon=False)
    figure.suptitle(trial)
    return figure


def plot_attention(weights: np.ndarray, context: Sequence[str], target: Sequence[str]) -> Figure:
    """The attention of a decoder: one map per head.

    Args:
        weights: (heads, target tokens, context tokens), each row summing to 1.
        context: the context tokens, one for each column.
        target: the tokens written, one for each row.
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


def plot_tree(tree: Tree) -> Figure:
    """An expression as a tree, every operator above its operands; depth first from the left is prefix order."""
    nodes = []
    _place(tree, 0, nodes)
    leaves, deepest = sum(not below for *_, below in nodes), max(depth for _, depth, *_ in nodes)
    figure, axis = plt.subplots(figsize=(1 + 0.7 * leaves, 0.8 + 0.7 * deepest), layout="constrained")
    for x, depth, label, below in nodes:
        for operand in below:
            axis.plot([x, operand], [depth, depth + 1], color="0.6", linewidth=1, zorder=1)
        box = {"boxstyle": "round,pad=0.3", "edgecolor": "0.6", "facecolor": "#dbe9f6" if below else "white"}
        axis.text(x, depth, label, ha="center", va="center", bbox=box)
    axis.set_xlim(-0.6, leaves - 0.4)
    axis.set_ylim(deepest + 0.4, -0.4)
    axis.axis("off")
    return figure


def _place(tree: Tree, depth: int, nodes: list[tuple[float, int, str, list[float]]]) -> float:
    """Append a tree's nodes as (x, depth, label, x of the operands), and return the root's x.

    Leaves stand side by side, operators above the middle of their operands.
    """
    below = [_place(operand, depth + 1, nodes) for operand in tree.operands]
    x = (below[0] + below[-1]) / 2 if below else sum(not operands for *_, operands in nodes)
    nodes.append((x, depth, str(tree.head), below))
    return x


def plot_solve_rates(table: pd.DataFrame, by: str, label: str) -> Figure:
    """Solve rates in groups of problems: a panel for every problem set, a line for every solver.

    The bars are 95 % confidence intervals after Wilson, for the number of problems in the group.

    Args:
        table: columns `solver`, `set`, `by` (an ordered category), `problems` and `solve_rate`.
        by: what the problems are grouped by.
        label: of the horizontal axis.
    """
    solvers = table["solver"].unique()
    figure, axes = _panels(table["set"].unique())
    for name, axis in axes.items():
        in_panel = table[table["set"] == name]
        groups = in_panel[by].cat.remove_unused_categories().cat
        for index, solver in enumerate(solvers):
            rates = in_panel[in_panel["solver"] == solver]
            shift = 0.05 * (index - (len(solvers) - 1) / 2)  # so that no interval hides another
            _draw_rates(axis, groups.codes[rates.index] + shift, rates, label=solver, color=f"C{index}")
        axis.set_xticks(range(len(groups.categories)), groups.categories, rotation=45, ha="right")
        axis.set_xlim(-0.5, len(groups.categories) - 0.5)
        _finish_rates(axis, label, name)
    figure.supylabel("solve rate", fontsize="medium")
    _legend(figure, axes)
    return figure


def plot_solve_rates_by_beam(results: pd.DataFrame) -> Figure:
    """Solve rates by beam size: a panel for every problem set, a line for every model, a dashed line for every system.

    Args:
        results: columns `solver`, `beam` (missing for a system), `set`, `problems` and `solve_rate`.
    """
    figure, axes = _panels(results["set"].unique())
    beams = sorted(results["beam"].dropna().unique())
    for name, axis in axes.items():
        for index, solver in enumerate(results["solver"].unique()):
            rates = results[(results["set"] == name) & (results["solver"] == solver)].sort_values("beam")
            if rates["beam"].isna().all():
                for rate in rates["solve_rate"]:
                    axis.axhline(rate, label=solver, color=f"C{index}", linestyle="--", linewidth=1.2)
                continue
            _draw_rates(axis, rates["beam"].astype(int), rates, label=solver, color=f"C{index}")
        if beams:
            axis.set_xscale("log")
            axis.set_xticks(beams, [str(beam) for beam in beams])
            axis.minorticks_off()
        _finish_rates(axis, "beam size", name)
    figure.supylabel("solve rate", fontsize="medium")
    _legend(figure, axes)
    return figure


def plot_solved_by_seconds(rows: pd.DataFrame) -> Figure:
    """The percentage of problems that are answered within a time: a panel for every set, a step line for every solver.

    Args:
        rows: columns `solver`, `set`, and `seconds_to_answer`, which is missing for a problem without an answer.
    """
    figure, axes = _panels(rows["set"].unique())
    for name, axis in axes.items():
        for index, solver in enumerate(rows["solver"].unique()):
            seconds = rows.loc[(rows["set"] == name) & (rows["solver"] == solver), "seconds_to_answer"]
            if len(seconds):
                answered = np.sort(seconds.dropna())
                fractions = np.arange(1, len(answered) + 1) / len(seconds)
                axis.step(
                    answered, fractions, where="post", label=solver, color=f"C{index}", linestyle=_DASHES[index % 4]
                )
        axis.set_xscale("log")
        _finish_rates(axis, "seconds to the first verified answer", name)
    figure.supylabel("problems answered", fontsize="medium")
    _legend(figure, axes)
    return figure


def plot_verdicts(results: pd.DataFrame, outcomes: Sequence[str]) -> Figure:
    """The verdicts on the problems: a panel for every set, a bar for every solver, a colour for every outcome.

    Args:
        results: columns `solver`, `set` and one for each outcome: the fraction of the problems that have it.
        outcomes: the five outcomes, in the order in which they are drawn from the left.
    """
    solvers = list(results["solver"].unique())
    colours = dict(zip(outcomes, ("#1a7f37", "#7cc48a", "#c93c37", "#d9a400", "0.8"), strict=True))
    figure, axes = _panels(results["set"].unique())
    for name, axis in axes.items():
        table = results[results["set"] == name].set_index("solver")
        left = np.zeros(len(table))
        rows = [solvers.index(solver) for solver in table.index]
        for outcome in outcomes:
            axis.barh(rows, table[outcome], left=left, color=colours[outcome], label=outcome)
            left += table[outcome].to_numpy()
        axis.set_yticks(range(len(solvers)), solvers)
        axis.set_ylim(len(solvers) - 0.5, -0.5)
        axis.set_xlim(0, 1)
        axis.set_title(name, fontsize="medium")
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("percentage of the problems", fontsize="medium")
    _legend(figure, axes)
    return figure


def save_figure(figure: Figure, path: Path | str) -> None:
    """Write a figure in the format that the path's ending names, and close it."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130)
    plt.close(figure)


def _panels(titles: Sequence[str]) -> tuple[Figure, dict]:
    """A figure with a panel for each title, three in a row."""
    columns = min(len(titles), 3)
    rows = -(-len(titles) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(1.2 + 4.4 * columns, 0.6 + 3.6 * rows), squeeze=False, sharey=True, layout="constrained"
    )
    for axis in axes.flat[len(titles) :]:
        axis.set_visible(False)
    return figure, dict(zip(titles, axes.flat, strict=False))


def _draw_rates(axis, positions, rates: pd.DataFrame, **style) -> None:
    low, high = wilson_interval(rates["solve_rate"], rates["problems"])
    errors = (rates["solve_rate"] - low, high - rates["solve_rate"])
    axis.errorbar(positions, rates["solve_rate"], errors, marker="o", markersize=4, **style)


def wilson_interval(rates, counts, z: float = 1.96) -> tuple:
    """Wilson's confidence interval for success rates in `counts` trials: its lower and its upper ends.

    `z` is the number of standard deviations on either side; 1.96 gives 95 %.
    """
    centre = (rates + z**2 / (2 * counts)) / (1 + z**2 / counts)
    half = z / (1 + z**2 / counts) * np.sqrt(rates * (1 - rates) / counts + z**2 / (4 * counts**2))
    return np.minimum(centre - half, rates), np.maximum(centre + half, rates)  # rounding may put a rate outside


def _finish_rates(axis, label: str, title: str) -> None:
    axis.set_ylim(-0.03, 1.03)
    axis.set_xlabel(label)
    axis.set_title(title, fontsize="medium")
    axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)


def _legend(figure: Figure, axes: Mapping) -> None:
    """One legend for all panels, each label once."""
    lines = {}
    for axis in axes.values():
        handles, labels = axis.get_legend_handles_labels()
        lines |= dict(zip(labels, handles, strict=True))
    figure.legend(lines.values(), lines.keys(), loc="outside right upper", fontsize="small", frameon=False)


def _quantities(histories: Iterable[pd.DataFrame]) -> list[str]:
    """Loss and token accuracy, and every other quantity in the histories."""
    columns = [name for history in histories for name in history if name not in _NO_QUANTITIES]
    return list(dict.fromkeys([*QUANTITIES, *(name.removeprefix("val_") for name in columns)]))


def _line(history: pd.DataFrame) -> dict:
    return {"marker": "o" if len(history) <= 30 else None, "markersize": 3, "linewidth": 1.5}


def _finish(axis, quantity: str, title: str) -> None:
    axis.set_xlabel("epoch")
    axis.set_ylabel(QUANTITIES.get(quantity, quantity.replace("_", " ")))
    axis.set_title(title)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if quantity == "token_accuracy":
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
