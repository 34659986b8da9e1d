"""Are our problems as hard as the reference generator's? Lengths, operators and numbers of both, in a table and a plot.

    python -m benchmarks.distribution FOLDER [TASK ...]

FOLDER holds problems that the public implementation of Lample & Charton (2020) made with its published settings: a file
for each task, `reference_bwd.tsv` and so on, with `input<TAB>output`. A task without a file is shown without a
reference. Ours are drawn with the same settings. The table goes between two marks in data/README.md, the plot to
data/distribution.png. All of it takes about half an hour, most of it for `fwd`.
"""

import argparse
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from tqdm import tqdm

from symbolic.expressions.tokens import ARITY, DIGITS
from symbolic.problems.files import read_problems
from symbolic.problems.tasks import problems
from symbolic.runtime.atomic import atomic_path

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402, the backend first

TASKS = ("fwd", "bwd", "ibp", "ode1", "ode2")
DRAWN = 10_000  # problems of each
DATA = Path(__file__).resolve().parents[1] / "data"
PLOT = "distribution.png"
BEGIN, END = "<!-- made by benchmarks/distribution.py -->", "<!-- end of what it made -->"
SHOWN_OPERATORS = 26


class Sample(NamedTuple):
    """Counts over many problems.

    Attributes:
        lengths: (problems, 2), tokens of input and output.
        operators: operator -> how often it occurs, on both sides.
        integers: number of digits -> integers with this many digits, on both sides.
    """

    lengths: np.ndarray
    operators: Counter
    integers: Counter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder with reference_bwd.tsv and so on")
    parser.add_argument("tasks", nargs="*", metavar="TASK", default=list(TASKS), help=", ".join(TASKS))
    args = parser.parse_args()
    samples = {}
    for task in args.tasks:
        drawn = itertools.islice(problems(task, seed=0), DRAWN)
        samples[task, "ours"] = counted(tqdm(drawn, desc=task, total=DRAWN, unit=" problems"))
        path = args.folder / f"reference_{task}.tsv"
        if path.exists():
            frame, _ = read_problems(path)
            samples[task, "reference"] = counted(zip(frame["input"], frame["output"], strict=True))
    with atomic_path(DATA / PLOT) as temporary:
        figure(samples).savefig(temporary, dpi=110, format="png")
    readme = DATA / "README.md"
    pattern = re.compile(f"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", re.DOTALL)
    with atomic_path(readme) as temporary:
        temporary.write_text(pattern.sub(tables(samples), readme.read_text(encoding="utf-8")), encoding="utf-8")


def counted(pairs: Iterator[tuple[str, str]]) -> Sample:
    """Count tokens, operators and digits in pairs of input and output."""
    lengths, operators, integers = [], Counter(), Counter()
    for pair in pairs:
        sides = [text.split() for text in pair]
        lengths.append([len(side) for side in sides])
        for side in sides:
            operators.update(token for token in side if ARITY[token])
            integers.update(_digits_of_integers(side))
    return Sample(np.array(lengths), operators, integers)


def _digits_of_integers(tokens: list[str]) -> Iterator[int]:
    for is_digit, run in itertools.groupby(tokens, DIGITS.__contains__):
        if is_digit:
            yield sum(1 for _ in run)


def tables(samples: dict[tuple[str, str], Sample]) -> str:
    """Lengths and numbers, a row for each sample, and operators, a column for each sample, in Markdown."""
    sections = [_table(["task", "made by", "problems", *LENGTH_HEADS, *NUMBER_HEADS], map(_row, samples.items()))]
    heads = ["operator", *(f"{task} {maker}" for task, maker in samples)]
    sections.append(_table(heads, _operator_rows(samples)))
    return "\n" + "\n".join(sections)


LENGTH_HEADS = [f"{side} {what}" for side in ("input", "output") for what in ("mean", "median", "95 %")]
NUMBER_HEADS = ["integers per 100 tokens", "of one digit", "of three or more"]


def _row(item: tuple[tuple[str, str], Sample]) -> list[str]:
    (task, maker), sample = item
    cells = [task, maker, f"{len(sample.lengths):,}"]
    for side in sample.lengths.T:
        cells += [f"{side.mean():.1f}", f"{np.median(side):g}", f"{np.percentile(side, 95):.0f}"]
    integers = sample.integers.total()
    long_ones = sum(count for digits, count in sample.integers.items() if digits >= 3)
    cells += [f"{100 * integers / sample.lengths.sum():.1f}", f"{sample.integers[1] / integers:.1%}"]
    return [*cells, f"{long_ones / integers:.2%}"]


def _operator_rows(samples: dict[tuple[str, str], Sample]) -> Iterator[list[str]]:
    for operator in _most_frequent(samples):
        fractions = (sample.operators[operator] / sample.operators.total() for sample in samples.values())
        yield [f"`{operator}`", *(f"{fraction:.1%}" for fraction in fractions)]


def _most_frequent(samples: dict[tuple[str, str], Sample]) -> list[str]:
    """The operators by their mean frequency, the most frequent first."""
    frequencies = Counter()
    for sample in samples.values():
        for operator, count in sample.operators.items():
            frequencies[operator] += count / sample.operators.total()
    return [operator for operator, _ in frequencies.most_common()]


def _table(heads: list[str], rows) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (heads, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(heads), *lines[1:]]) + "\n"


def figure(samples: dict[tuple[str, str], Sample]) -> plt.Figure:
    """A row for each task: the lengths of inputs and outputs, and the operators in them."""
    tasks = list(dict.fromkeys(task for task, _ in samples))
    shape = {"nrows": len(tasks), "ncols": 3, "width_ratios": [1, 1, 1.7]}
    result, axes = plt.subplots(**shape, figsize=(16, 2.6 * len(tasks)), squeeze=False, layout="constrained")
    bins = np.geomspace(2, 512, 33)
    operators = _most_frequent(samples)[:SHOWN_OPERATORS]
    for row, task in zip(axes, tasks, strict=True):
        of_task = {maker: samples[task, maker] for maker in ("ours", "reference") if (task, maker) in samples}
        for number, (maker, sample) in enumerate(of_task.items()):
            label = f"{maker} ({len(sample.lengths):,} problems)"
            weights = np.full(len(sample.lengths), 1 / len(sample.lengths))
            for axis, lengths in zip(row, sample.lengths.T, strict=False):
                axis.hist(lengths, bins, weights=weights, histtype="step", linewidth=1.5, label=label)
            fractions = [sample.operators[operator] / sample.operators.total() for operator in operators]
            row[2].bar(np.arange(len(operators)) + 0.4 * number - 0.2, fractions, width=0.4)
        for axis, side in zip(row, ("input", "output"), strict=False):
            axis.set(xscale="log", xlabel=f"tokens of {side}", ylabel="fraction of problems", title=f"{task}: {side}")
        row[0].legend(fontsize="small", frameon=False)
        row[2].set(yscale="log", ylabel="fraction of operators", title=f"{task}: operators of both sides")
        row[2].set_xticks(range(len(operators)), operators, rotation=60, ha="right", rotation_mode="anchor")
    return result


if __name__ == "__main__":
    main()
