"""Figures by matplotlib: learning curves, sweeps, attention maps, expression trees, solve rates, verdicts.

Colours are those of Okabe & Ito (2008), which colour-blind readers tell apart, in an order that alternates light and
dark. Every line has a marker or a dash of its own besides, for prints in grey.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from symbolic.expressions.prefix import Tree
from symbolic.runtime.atomic import atomic_path

QUANTITIES = {
    "loss": "loss (nats per token)",
    "token_accuracy": "token accuracy",
    "solve_rate": "solve rate",
    "exact_match": "exact match",
}
X_AXES = {"epoch": "epoch", "problems": "training problems seen", "seconds": "training seconds"}
_ALWAYS = ("loss", "token_accuracy")
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#595959", "#56b4e9", "#d55e00", "#8c6d00")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_DASHES = ("-", "--", "-.", ":")
_NO_QUANTITIES = ("epoch", "seconds", "learning_rate", "problems")  # columns of a history that are not drawn
# Of the five outcomes: blue where it is solved, orange where it is refuted; each differs in grey and by its pattern.
_OUTCOMES = (("#004c86", ""), ("#6db6ea", ""), ("#e8741e", "///"), ("#f5d491", ".."), ("#d9d9d9", ""))
_ERROR_LINES = {"error_kw": {"elinewidth": 1, "capsize": 2, "ecolor": "0.25"}}
_WITH = "with_"  # columns of results about a model and a proposer together
_FAMILIES = {"fwd": "forward", "bwd": "backward", "ibp": "by parts", "ode1": "first order", "ode2": "second order"}
_SOLVERS = {"pretrained": "shipped model", "sympy": "SymPy", "maxima": "Maxima", "fricas": "FriCAS", "giac": "Giac"}
_SOLVERS |= {"alkahest": "Alkahest"}
_EPOCH_MEAN = "The training curve is the mean over the epoch, while the weights change; validation comes at its end."


def plot_comparison(histories: Mapping[str, pd.DataFrame | Sequence[pd.DataFrame]], x: str = "epoch") -> Figure:
    """Validation loss and token accuracy, all trials together; then whatever else the trials report.

    A trial with several seeds is the line of their mean in a band from the lowest to the highest, as far as all of them
    go.

    Args:
        histories: trial -> its history, or one for each of its seeds: a row per epoch with `epoch`, `val_loss` and
            `val_token_accuracy`. A quantity without a `val_` column, such as one that a callback reports, is drawn as
            it is.
        x: what the horizontal axis is, one of X_AXES; "problems" needs a column of that name.

    Raises:
        ValueError: there is no such axis.
    """
    if x not in X_AXES:
        raise ValueError(f"`x` must be one of {', '.join(X_AXES)}. Received: {x!r}.")
    seeds = {trial: [each] if isinstance(each, pd.DataFrame) else list(each) for trial, each in histories.items()}
    quantities = _quantities(history for each in seeds.values() for history in each)
    figure, axes = _panels_for(len(quantities))
    for axis, quantity in zip(axes, quantities, strict=True):
        is_validated = False
        for index, (trial, its_histories) in enumerate(seeds.items()):
            is_validated |= any(f"val_{quantity}" in history for history in its_histories)
            column = f"val_{quantity}" if f"val_{quantity}" in its_histories[0] else quantity
            drawn = [history for history in its_histories if column in history and (x != "problems" or x in history)]
            if drawn:
                _draw_seeds(axis, drawn, column, x, label=trial, **_line(drawn[0], index))
        _finish(axis, quantity, f"{'validation ' if is_validated else ''}{quantity.replace('_', ' ')}", X_AXES[x])
        if x != "epoch":
            axis.xaxis.set_major_locator(MaxNLocator(5))
    _legend(figure, dict(enumerate(axes)))
    return figure


def _draw_seeds(axis, histories: Sequence[pd.DataFrame], column: str, x: str, **style) -> None:
    epochs = min(map(len, histories))
    values = np.array([history[column].to_numpy(float)[:epochs] for history in histories])
    along = np.mean([_along(history, x)[:epochs] for history in histories], axis=0)
    axis.plot(along, values.mean(axis=0), **style)
    if len(histories) > 1:
        axis.fill_between(along, values.min(axis=0), values.max(axis=0), color=style["color"], alpha=0.2, linewidth=0)


def _along(history: pd.DataFrame, x: str) -> np.ndarray:
    return history["seconds"].cumsum().to_numpy() if x == "seconds" else history[x].to_numpy(float)


def plot_trial(trial: str, history: pd.DataFrame) -> Figure:
    """Training against validation of one trial: loss, token accuracy, and whatever else it reports, by epoch."""
    quantities = _quantities([history])
    figure, axes = _panels_for(len(quantities))
    for axis, quantity in zip(axes, quantities, strict=True):
        for index, (column, label) in enumerate(((quantity, "training"), (f"val_{quantity}", "validation"))):
            if column in history:
                if label == "training" and f"val_{quantity}" not in history:
                    label = "validation" if quantity in ("solve_rate", "exact_match") else quantity.replace("_", " ")
                axis.plot(history["epoch"], history[column], label=label, **_line(history, index))
        _finish(axis, quantity, quantity.replace("_", " "))
    axes[0].legend(frameon=False)
    figure.suptitle(trial)
    figure.supxlabel(_EPOCH_MEAN, fontsize="small", color="0.35")
    return figure


def plot_learning_rate_range(table: pd.DataFrame) -> Figure:
    """The loss while the learning rate grows: of every batch, and smoothed.

    Args:
        table: columns `learning_rate`, `loss` and `smoothed`, a row per batch.
    """
    figure, axis = plt.subplots(figsize=(6.5, 4.0), layout="constrained")
    axis.plot(table["learning_rate"], table["loss"], ".", color="0.6", label="loss of a batch")
    axis.plot(table["learning_rate"], table["smoothed"], color=_COLOURS[0], label="smoothed")
    axis.set_xscale("log")
    axis.set_xlabel("learning rate")
    axis.set_ylabel(QUANTITIES["loss"])
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    return figure


def plot_heat_map(table: pd.DataFrame, across: str, down: str, figure_name: str = "solve_rate") -> Figure:
    """A sweep over two parameters: a cell per trial, with its figure.

    Args:
        table: a row per trial with its values of both parameters, and its figure.
        across, down: the parameters of columns and rows.
        figure_name: "solve_rate" or "loss".
    """
    grid = table.pivot(index=down, columns=across, values=figure_name)
    figure, axis = plt.subplots(
        figsize=(2.6 + 0.9 * len(grid.columns), 1.6 + 0.6 * len(grid.index)), layout="constrained"
    )
    image = axis.imshow(grid, cmap="cividis", aspect="auto")
    middle = (grid.min(axis=None) + grid.max(axis=None)) / 2
    for row, values in enumerate(grid.to_numpy(float)):
        for column, value in enumerate(values):
            colour = "white" if value < middle else "black"
            axis.text(column, row, _figure_text(figure_name, value), ha="center", va="center", color=colour)
    axis.set_xticks(range(len(grid.columns)), map(str, grid.columns))
    axis.set_yticks(range(len(grid.index)), map(str, grid.index))
    axis.set_xlabel(across)
    axis.set_ylabel(down)
    figure.colorbar(image, label=QUANTITIES[figure_name], format=_formatter(figure_name))
    return figure


def plot_parallel_coordinates(
    table: pd.DataFrame, parameters: Sequence[str], figure_name: str = "solve_rate"
) -> Figure:
    """A sweep over several parameters: an axis for each, a line per trial, coloured by its figure.

    Args:
        table: a row per trial with its values of the parameters, and its figure.
        parameters: the axes from the left; the figure is the last one. Numbers that span more than a factor of 20 are
            drawn on a logarithmic axis, texts in the order of their names.
        figure_name: "solve_rate" or "loss".
    """
    names = [*parameters, figure_name]
    scaled = {name: _scaled(table[name]) for name in names}
    figure, axis = plt.subplots(figsize=(1.5 + 1.8 * len(names), 4.0), layout="constrained")
    values = table[figure_name].astype(float)
    colours = plt.get_cmap("cividis")
    span = (values.max() - values.min()) or 1.0
    for place in values.argsort():  # the best on top
        heights = [scaled[name][0][place] for name in names]
        axis.plot(range(len(names)), heights, color=colours((values.iloc[place] - values.min()) / span), marker="o")
    for place, name in enumerate(names):
        axis.axvline(place, color="0.7", linewidth=0.8, zorder=0)
        for height, label in scaled[name][1]:
            text = _figure_text(figure_name, label) if name == figure_name else str(label)
            axis.annotate(text, (place, height), (5, 0), textcoords="offset points", va="center", fontsize="small")
    axis.set_xticks(range(len(names)), [name.replace("_", " ") for name in names])
    axis.set_xlim(-0.2, len(names) - 0.5)
    axis.set_yticks([])
    axis.spines[:].set_visible(False)
    return figure


def _scaled(values: pd.Series) -> tuple[np.ndarray, list[tuple[float, object]]]:
    """The values on an axis from 0 to 1, and the places of its labels."""
    numeric = values.map(lambda value: isinstance(value, int | float | np.number) and not isinstance(value, bool))
    if numeric.all():
        numbers = values.to_numpy(float)
        is_log = numbers.min() > 0 and numbers.max() > 20 * numbers.min()
        heights = np.log(numbers) if is_log else numbers
        low, span = heights.min(), (heights.max() - heights.min()) or 1.0
        labels = sorted(set(values))
        if len(labels) > 5:
            labels = [labels[round(i * (len(labels) - 1) / 4)] for i in range(5)]
        places = np.log(np.array(labels, float)) if is_log else np.array(labels, float)
        return (heights - low) / span, list(zip((places - low) / span, labels, strict=True))
    labels = sorted(set(map(str, values)))
    places = {label: i / max(1, len(labels) - 1) for i, label in enumerate(labels)}
    return np.array([places[str(value)] for value in values]), [(place, label) for label, place in places.items()]


def _figure_text(name: str, value: float) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.1%}" if name == "solve_rate" else f"{value:.3f}"


def _formatter(name: str):
    return PercentFormatter(1.0) if name == "solve_rate" else None


def plot_attention(weights: np.ndarray, context: Sequence[str], target: Sequence[str], title: str = "") -> Figure:
    """The attention of a decoder: one map per head, its colours from 0 to the largest weight of all heads.

    Args:
        weights: (heads, target tokens, context tokens), each row summing to 1.
        context: the context tokens, one for each column.
        target: the tokens written, one for each row.
        title: of the figure, such as the equation.
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
        image = axis.imshow(weights[head], vmin=0, vmax=weights.max(), cmap="cividis", aspect="auto")
        axis.set_xticks(range(len(context)), context, rotation=90, fontsize="small")
        axis.set_yticks(range(len(target)), target, fontsize="small")
        axis.set_title(f"head {head + 1}", fontsize="medium")
    if title:
        figure.suptitle(title)
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
    """Solve rates in classes of problems: a panel for every problem set, a bar for every class and solver.

    The lines are 95 % confidence intervals after Wilson, for the number of problems in the class.

    Args:
        table: columns `solver`, `set`, `by` (an ordered category), `problems` and `solve_rate`.
        by: what the problems are grouped by.
        label: of the horizontal axis.
    """
    solvers = list(table["solver"].unique())
    width = 0.8 / len(solvers)
    figure, axes = _panels(table["set"].unique())
    for name, axis in axes.items():
        in_panel = table[table["set"] == name]
        groups = in_panel[by].cat.remove_unused_categories().cat
        for index, solver in enumerate(solvers):
            rates = in_panel[in_panel["solver"] == solver]
            places = groups.codes[rates.index] + width * (index - (len(solvers) - 1) / 2)
            bars = {"width": width, "color": _COLOURS[index % len(_COLOURS)], "label": solver_title(solver)}
            axis.bar(places, rates["solve_rate"], yerr=_errors(rates), **bars, **_ERROR_LINES)
        axis.set_xticks(range(len(groups.categories)), groups.categories)
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
            style = {"label": solver_title(solver), "color": _COLOURS[index % len(_COLOURS)]}
            rates = results[(results["set"] == name) & (results["solver"] == solver)].sort_values("beam")
            if rates["beam"].isna().all():
                for rate in rates["solve_rate"]:
                    axis.axhline(rate, linestyle=_DASHES[1 + index % 3], linewidth=1.2, **style)
                continue
            marker = _MARKERS[index % len(_MARKERS)]
            axis.errorbar(rates["beam"].astype(int), rates["solve_rate"], _errors(rates), marker=marker, **style)
        if beams:
            axis.set_xscale("log")
            axis.set_xticks(beams, [str(beam) for beam in beams])
            axis.minorticks_off()
        _finish_rates(axis, "beam size", name)
    figure.supylabel("solve rate", fontsize="medium")
    _legend(figure, axes)
    return figure


def plot_solvers(results: pd.DataFrame) -> Figure:
    """Who solves how much: a panel for every problem set, a bar for every solver, with Wilson's 95 % intervals.

    Below a model's own bar are its bars with proposers, such as repair, which count what both solve together.

    Args:
        results: a row per solver and set, with `problems`, `solve_rate` and columns `with_NAME`.
    """
    pieces = []
    for solver in results.sort_values("beam", kind="stable")["solver"].unique():  # systems, without one, come last
        own = results[results["solver"] == solver]
        pieces.append(own.assign(row=solver_title(solver), is_own=True))
        for column in [name for name in own if name.startswith(_WITH) and own[name].notna().any()]:
            words = f"  with {column.removeprefix(_WITH).replace('_', ' ')}"
            pieces.append(own.assign(row=solver_title(solver) + words, solve_rate=own[column], is_own=False))
    bars = pd.concat(pieces, ignore_index=True).dropna(subset="solve_rate")
    rows, sets = list(bars["row"].unique()), list(bars["set"].unique())
    size = (3.0 + 2.3 * len(sets), 1.1 + 0.32 * len(rows))
    figure, axes = plt.subplots(1, len(sets), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axis, name in zip(axes[0], sets, strict=True):
        table = bars[bars["set"] == name]
        places = [rows.index(row) for row in table["row"]]
        colours = ["#0072b2" if is_own else "#56b4e9" for is_own in table["is_own"]]
        axis.barh(places, table["solve_rate"], xerr=_errors(table), color=colours, **_ERROR_LINES)
        for place, rate in zip(places, table["solve_rate"], strict=True):
            axis.annotate(
                f"{rate:.1%}", (0.02, place), va="center", fontsize="small", color="white" if rate > 0.25 else "black"
            )
        axis.set_xlim(0, 1.02)
        axis.set_title(set_title(name), fontsize="medium")
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.xaxis.set_major_locator(MaxNLocator(3))
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_yticks(range(len(rows)), [_indented(row) for row in rows])
    axes[0, 0].set_ylim(len(rows) - 0.5, -0.5)
    figure.supxlabel("solve rate", fontsize="medium")
    return figure


def _indented(row: str) -> str:
    return row.partition("  ")[2] or row


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
                    *(answered, fractions),
                    where="post",
                    label=solver_title(solver),
                    color=_COLOURS[index % len(_COLOURS)],
                    linestyle=_DASHES[index % 4],
                )
        axis.set_xscale("log")
        _finish_rates(axis, "seconds to the first verified answer", name)
    figure.supylabel("problems answered", fontsize="medium")
    _legend(figure, axes)
    return figure


def plot_verdicts(results: pd.DataFrame, outcomes: Sequence[str]) -> Figure:
    """The verdicts on the problems: a row for every set and solver, a colour and a pattern for every outcome.

    Args:
        results: columns `solver`, `set` and one for each outcome: the fraction of the problems that have it.
        outcomes: the five outcomes, in the order in which they are drawn from the left.
    """
    several = results["solver"].nunique() > 1
    height = len(results) + results["set"].nunique() * several
    figure, axis = plt.subplots(figsize=(8.5, 1.2 + 0.3 * height), layout="constrained")
    place, places, labels = 0, [], []
    for name in results["set"].unique():
        table = results[results["set"] == name]
        if several:  # a heading takes a row
            places, labels, place = [*places, place], [*labels, set_title(name).upper()], place + 1
        rows = place + np.arange(len(table))
        left = np.zeros(len(table))
        for outcome, (colour, hatch) in zip(outcomes, _OUTCOMES, strict=True):
            style = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
            axis.barh(rows, table[outcome], left=left, label=outcome, **style)
            left += table[outcome].to_numpy()
        places += rows.tolist()
        labels += [solver_title(solver) if several else set_title(name) for solver in table["solver"]]
        place += len(table)
    axis.set_yticks(places, labels)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(place - 0.5, -0.5)
    axis.set_xlim(0, 1)
    axis.xaxis.set_major_formatter(PercentFormatter(1.0))
    axis.set_xlabel("percentage of the problems")
    axis.spines[["top", "right"]].set_visible(False)
    if not several:
        axis.set_title(solver_title(results["solver"].iloc[0]), fontsize="medium")
    _legend(figure, {"": axis})
    return figure


def set_title(name: str) -> str:
    """A problem set as people call it: `bwd.test` is backward (bwd)."""
    words = re.sub(r"\.(test|valid|train|head|tsv)$", "", name)
    found = re.search(r"(?<![a-z])(fwd|bwd|ibp|ode1|ode2)(?![a-z0-9])", words)
    if not found:
        return words.replace("_", " ")
    before = words[: found.start()].replace("_", " ").strip()
    return f"{before} {_FAMILIES[found[0]]} ({found[0]})".strip()


def solver_title(label: str) -> str:
    """A solver as people call it: `pretrained@50` is the shipped model, beam 50."""
    name, _, beam = label.partition("@")
    budget = re.fullmatch(r"(.+)_([0-9.]+s)(_systems)?", name)
    rest = [f"beam {beam}"] if beam else []
    if budget:
        name, rest = budget[1], [f"{budget[2][:-1]} s", *(["systems last"] if budget[3] else [])]
    return ", ".join([_SOLVERS.get(name, name), *rest])


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


def _errors(rates: pd.DataFrame) -> tuple:
    """How far Wilson's interval reaches below and above each solve rate."""
    low, high = wilson_interval(rates["solve_rate"], rates["problems"])
    return rates["solve_rate"] - low, high - rates["solve_rate"]


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
    axis.set_title(set_title(title), fontsize="medium")
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


def _panels_for(number: int) -> tuple[Figure, np.ndarray]:
    """A figure with so many panels, three in a row at most; 4 take two rows of two."""
    columns = 2 if number == 4 else min(number, 3)
    rows = -(-number // columns)
    size = (5.2 * columns, 4.2 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for axis in axes.flat[number:]:
        axis.set_visible(False)
    return figure, axes.flat[:number]


def _quantities(histories: Iterable[pd.DataFrame]) -> list[str]:
    """Loss and token accuracy, and every other quantity in the histories."""
    columns = [name for history in histories for name in history if name not in _NO_QUANTITIES]
    return list(dict.fromkeys([*_ALWAYS, *(name.removeprefix("val_") for name in columns)]))


def _line(history: pd.DataFrame, index: int) -> dict:
    """Colour, marker and dash of the line number `index`: the 32nd is the first that repeats another."""
    return {
        "color": _COLOURS[index % len(_COLOURS)],
        "linestyle": _DASHES[index // len(_COLOURS) % len(_DASHES)],
        "marker": _MARKERS[index % len(_MARKERS)],
        "markevery": max(1, len(history) // 12),
        "markersize": 4.5,
        "linewidth": 1.5,
    }


def _finish(axis, quantity: str, title: str, x: str = "epoch") -> None:
    axis.set_xlabel(x)
    axis.set_ylabel(QUANTITIES.get(quantity, quantity.replace("_", " ")))
    axis.set_title(title)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if quantity in ("token_accuracy", "solve_rate", "exact_match"):
        axis.set_ylim(bottom=max(0, axis.get_ylim()[0]), top=min(1, max(0.05, axis.get_ylim()[1])))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
