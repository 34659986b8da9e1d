"""Pictures of answers: a curve for an antiderivative, several for a family of solutions."""

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.expressions import numeric
from symbolic.expressions.prefix import Tree, from_prefix, to_prefix
from symbolic.expressions.program import Program
from symbolic.runtime.atomic import atomic_path
from symbolic.solving.wording import name_table, words

if TYPE_CHECKING:
    from symbolic.solving.solution import Solution

_POINTS = 1001
_WIDTH = 5.0  # of the interval on each side of 0, where no limits are given


def drawn(solution: "Solution", path: Path | str | None, constants: tuple[float, ...]):
    """The figure of a solution, written to `path` if that is given; see `Solution.plot`."""
    if not solution.verdict.solved:
        raise ValueError("there is no answer to draw")
    if solution.question.names.constants and any(
        token in solution.best.tokens.split() + solution.question.equation.split()
        for token in (f"a{index}" for index in range(len(solution.question.names.constants)))
    ):
        raise ValueError("an answer with letters for constants cannot be drawn: give them values")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    x = np.linspace(*_interval(solution), _POINTS)
    answers = [from_prefix(each.tokens) for each in solution.finished.met] if solution.finished else []
    answers = answers or [solution.answer]
    for tree in answers:
        free = [token for token in ("a8", "a9") if token in to_prefix(tree)]
        for values in itertools.product(constants, repeat=len(free)):
            axes.plot(x, _values(tree, x, dict(zip(free, values, strict=True))), linewidth=1.2)
    table = name_table(solution.question.names, solution.asked, *answers)
    if solution.is_integral:
        integrand = _values(solution.asked, x, {})
        axes.plot(x, integrand, linestyle="--", color="gray", label="integrand")
        if solution.question.limits is not None:
            axes.fill_between(x, integrand, alpha=0.15)
        axes.legend(loc="best")
    axes.set_xlabel(solution.question.names.variable)
    axes.set_ylabel("antiderivative" if solution.is_integral else solution.question.names.unknown)
    axes.set_title(words(solution.asked, table), parse_math=False)
    _limit_height(axes)
    if path is None:
        return figure
    path = Path(path)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format=path.suffix.lstrip(".") or "png")
    return path


def _interval(solution: "Solution") -> tuple[float, float]:
    from symbolic.verification.definite import constant

    if solution.question.limits is not None:
        return tuple(float(constant(each).mid()) for each in solution.question.limits)
    places = [float(constant(each.at).mid()) for each in solution.question.conditions]
    return min([-_WIDTH, *(place - 1 for place in places)]), max([_WIDTH, *(place + 1 for place in places)])


def _values(tree: Tree, x: np.ndarray, constants: dict[str, float]) -> np.ndarray:
    """The values of a tree at x, nan where it has no real one."""
    program = Program()
    slot = program.enter(tree)
    columns = {"x": x} | {name: np.full_like(x, value) for name, value in constants.items()}
    values = numeric.run(program, columns)[slot]
    values = np.broadcast_to(np.asarray(values, dtype=float), x.shape).copy()
    values[~np.isfinite(values)] = np.nan
    jumps = np.abs(np.diff(values)) > 50 * (1 + np.nanmedian(np.abs(values)))
    values[:-1][jumps] = np.nan
    return values


def _limit_height(axes) -> None:
    """Poles would flatten everything else: the picture shows the middle of the values."""
    heights = np.concatenate([line.get_ydata() for line in axes.lines])
    heights = heights[np.isfinite(heights)]
    if len(heights):
        low, high = np.percentile(heights, [3, 97])
        margin = 0.25 * (high - low) or 1.0
        axes.set_ylim(low - margin, high + margin)
