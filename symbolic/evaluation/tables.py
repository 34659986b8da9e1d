"""Tables and curves of evaluations, counted from the rows in a folder (see `matrix`).

results.csv                      a row per solver and problem set
matrix.csv                       solve rates: a row per solver, a column per set
by_kind.csv, by_operators.csv, by_length.csv      the results by groups of problems
by_operators.png, by_length.png  solve rates in three classes of these, of the models at their largest beam
solvers.png                      solve rates of systems, and of models at their largest beam, also with proposers
by_beam.png                      solve rates by beam size, where a model has several
by_seconds.png                   problems answered within a time, of the models with a budget of seconds
overlap.csv                      for each pair of solvers how many problems one solves, both solve, and only one solves
verdicts.png                     the percentage of problems with each verdict, of the models at their largest beam
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from symbolic.evaluation.plots import (
    plot_solve_rates,
    plot_solve_rates_by_beam,
    plot_solved_by_seconds,
    plot_solvers,
    plot_verdicts,
    save_figure,
)
from symbolic.evaluation.problem_sets import with_kind
from symbolic.evaluation.rows import ALONE, OUTCOMES, WITH, proposer_columns, summarise
from symbolic.runtime.atomic import atomic_path
from symbolic.verification import SOLVED

ROWS = "rows.csv"  # of one solver on one set
RESULTS, MATRIX = "results.csv", "matrix.csv"

# The largest number in each group of problems; the last group has no end.
_GROUP_ENDS = {"operators": (2, 4, 6, 8, 10, 12, 15, 20, 30), "length": (10, 20, 30, 40, 60, 80, 120, 160, 240)}
AXIS_LABELS = {"operators": "operators in the problem", "length": "tokens of the problem"}
_CLASS_ENDS = {"operators": (4, 10), "length": (20, 60)}  # of the three classes in pictures; some of the group ends
# Columns from 0 to 1, shown as percentages.
_FRACTIONS = ("exact_match", "solve_rate", "fail", "general", "invalid", *OUTCOMES)


def write_tables(out: Path | str) -> pd.DataFrame:
    """Count all rows in a folder, write its tables and curves, and return the table of results.

    Raises:
        FileNotFoundError: there are no rows.
    """
    out = Path(out)
    rows = read_rows(out)
    results = results_table(rows)
    _write(results, out / RESULTS)
    _write(matrix_table(results).reset_index(), out / MATRIX)
    _write(results_table(rows, "kind"), out / "by_kind.csv")
    for by, ends in _GROUP_ENDS.items():
        table = results_table(rows.assign(**{by: _grouped(rows[by], ends)}), by)
        _write(table, out / f"by_{by}.csv")
        figure = plot_solve_rates(in_classes(at_largest_beam(table), by), by, AXIS_LABELS[by])
        save_figure(figure, out / f"by_{by}.png")
    save_figure(plot_solvers(at_largest_beam(results)), out / "solvers.png")
    if results.groupby("solver")["beam"].nunique().gt(1).any():
        save_figure(plot_solve_rates_by_beam(results), out / "by_beam.png")
    _write(overlap_table(out), out / "overlap.csv")
    if "seconds_to_answer" in rows:
        save_figure(plot_solved_by_seconds(rows.dropna(subset="found_by")), out / "by_seconds.png")
    save_figure(plot_verdicts(at_largest_beam(results), OUTCOMES), out / "verdicts.png")
    return results


def read_rows(out: Path | str) -> pd.DataFrame:
    """The rows of all solvers and sets in a folder, without the texts that no table counts.

    Raises:
        FileNotFoundError: there are none.
    """
    files = sorted(Path(out).glob(f"rows/*/*/{ROWS}"))
    if not files:
        raise FileNotFoundError(f"{out} holds no rows of an evaluation: no file rows/SOLVER/SET/{ROWS}")
    texts = {"line", "input", "reference", "answer", "score", "reason", "candidates"}
    types = dict.fromkeys(("solver", "set", "kind", "family", "status", "found_by"), str) | {"beam": "Int64"}
    return pd.concat(
        [with_kind(pd.read_csv(file, usecols=lambda column: column not in texts, dtype=types)) for file in files],
        ignore_index=True,
    )


def results_table(rows: pd.DataFrame, *by: str) -> pd.DataFrame:
    """The figures of `rows.summarise` per solver, beam and set, and per value of the columns `by`.

    A column `fail` is added, 1 minus the solve rate: at beam k it is the Fail@k of Welleck et al. 2022.
    """
    keys = ["solver", "beam", "set", *by]
    table = []
    for group, its_rows in rows.groupby(keys, dropna=False, observed=True):
        figures = summarise(its_rows)
        table.append(dict(zip(keys, group, strict=True)) | figures | {"fail": 1 - figures["solve_rate"]})
    return pd.DataFrame(table).astype({"beam": "Int64"} | {column: rows[column].dtype for column in by})


def overlap_table(out: Path | str) -> pd.DataFrame:
    """Who solves what: for each set and ordered pair of solvers, how many problems each solves, and both together.

    Solvers are those of `read_rows`, models by their own hypotheses. Beside them stands everything that a model and its
    proposers solve together, and each proposer by itself (the columns with_NAME and NAME_alone).

    Returns:
        Columns `set`, `solver`, `other`, `both_asked` (problems that both were asked), `solved`, `both`, and `only`:
        solved by `solver` and not by `other`.
    """
    solved: dict[str, dict[str, pd.Series]] = defaultdict(dict)  # set -> solver -> line -> whether it is solved
    for file in sorted(Path(out).glob(f"rows/*/*/{ROWS}")):
        rows = pd.read_csv(file, dtype={"beam": "Int64"}).set_index("line")
        name, label = rows["set"].iloc[0], solver_labels(rows).iloc[0]
        solved[name][label] = rows["status"].isin(SOLVED)
        for column in proposer_columns(rows):
            if column.startswith(WITH) or column.endswith(ALONE):
                solved[name][f"{label} {column.replace('_', ' ')}"] = rows[column]
    table = []
    for name, by_solver in solved.items():
        for one, other in itertools.permutations(by_solver, 2):
            both = pd.concat([by_solver[one], by_solver[other]], axis="columns", join="inner", keys=["one", "other"])
            counts = [len(both), both["one"].sum(), (both["one"] & both["other"]).sum()]
            table.append([name, one, other, *counts, counts[1] - counts[2]])
    return pd.DataFrame(table, columns=["set", "solver", "other", "both_asked", "solved", "both", "only"])


def matrix_table(results: pd.DataFrame) -> pd.DataFrame:
    """Solve rates: a row per solver, a column per set. Columns about proposers become rows of their own."""
    pieces = [
        results.assign(row=solver_labels(results) + words, rate=results[column])
        for column, words in {
            "solve_rate": "",
            **{name: f" {name.replace('_', ' ')}" for name in proposer_columns(results)},
        }.items()
    ]
    stacked = pd.concat(pieces).dropna(subset="rate").sort_values(["solver", "beam"], kind="stable")
    matrix = stacked.pivot(index="row", columns="set", values="rate")
    return matrix.reindex(stacked["row"].drop_duplicates()).rename_axis("solver")


def read_groups(out: Path | str, by: str) -> pd.DataFrame:
    """The table that `write_tables` wrote by "operators" or "length", with its groups as an ordered category.

    Raises:
        FileNotFoundError: there is none.
    """
    table = pd.read_csv(Path(out) / f"by_{by}.csv", dtype={"beam": "Int64"})
    labels = pd.CategoricalDtype(_group_labels(_GROUP_ENDS[by]), ordered=True)
    return table.astype({by: labels})


def in_classes(groups: pd.DataFrame, by: str) -> pd.DataFrame:
    """Problems and solve rates by "operators" or "length" in three classes, from the finer groups of `read_groups`."""
    ends = _CLASS_ENDS[by]
    starts = groups[by].astype(str).str.partition("–")[0].astype(int)
    labels = [f"up to {ends[0]}", f"{ends[0] + 1}–{ends[1]}", f"over {ends[1]}"]
    classes = pd.cut(starts, [-1, *ends, float("inf")], labels=labels)
    counted = groups.assign(**{by: classes, "solved": groups["solve_rate"] * groups["problems"]})
    keys = ["solver", "set", by]
    summed = counted.groupby(keys, observed=True, sort=False)[["problems", "solved"]].sum().reset_index()
    return summed.assign(solve_rate=summed["solved"] / summed["problems"])


def solver_labels(table: pd.DataFrame) -> pd.Series:
    """`quick_rnn@10` for a model at a beam size; for a system only its name."""
    return table["solver"] + [("" if pd.isna(beam) else f"@{beam}") for beam in table["beam"]]


def at_largest_beam(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of systems and of models at their largest beam, with the solvers named as in `solver_labels`."""
    table = table[table["beam"].isna() | (table["beam"] == table.groupby("solver")["beam"].transform("max"))]
    return table.assign(solver=solver_labels(table))


def format_results(results: pd.DataFrame) -> str:
    """The results as text for a terminal."""
    fractions = [*_FRACTIONS[:4], *proposer_columns(results), *_FRACTIONS[4:]]
    shown = ["solver", "set", "problems", *fractions, "seconds_per_problem"]
    table = results.assign(solver=solver_labels(results))
    formats = dict.fromkeys(fractions, "{:.1%}") | {"problems": "{:,.0f}", "seconds_per_problem": "{:.3f}"}
    return as_text(table[[column for column in shown if column in table]], formats)


def format_matrix(matrix: pd.DataFrame) -> str:
    """The matrix as text for a terminal."""
    shown = matrix.map("{:.1%}".format, na_action="ignore")
    return shown.fillna("").reset_index().to_string(index=False)


def _grouped(numbers: pd.Series, ends: Sequence[int]) -> pd.Series:
    """Each number's group, such as `11–20`."""
    return pd.cut(numbers, [-1, *ends, float("inf")], labels=_group_labels(ends))


def _group_labels(ends: Sequence[int]) -> list[str]:
    starts = [0, *(end + 1 for end in ends)]
    return [*(f"{start}–{end}" for start, end in zip(starts, ends, strict=False)), f"{starts[-1]}–"]


def _write(table: pd.DataFrame, path: Path) -> None:
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)


def as_text(table: pd.DataFrame, formats: Mapping[str, str]) -> str:
    """A table for a terminal: numbers in the format of their column, missing ones blank."""
    shown = table.copy()
    for column in shown.columns.intersection(list(formats)):
        shown[column] = ["" if pd.isna(value) else formats[column].format(value) for value in shown[column]]
    headings = [column.replace("_", " ") if column in formats else column for column in shown]
    return shown.to_string(index=False, header=headings)
