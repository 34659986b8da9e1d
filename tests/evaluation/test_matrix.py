"""Solvers × problem sets: no chunk is evaluated twice, a kill loses at most one, and the tables count the rows."""

import functools
import hashlib
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import BarContainer, ErrorbarContainer

from symbolic import solver
from symbolic.__main__ import main
from symbolic.evaluation.matrix import Solver, collect, evaluate_matrix
from symbolic.evaluation.plots import plot_solve_rates, plot_solve_rates_by_beam, wilson_interval
from symbolic.evaluation.problem_sets import read_problem_set
from symbolic.evaluation.rows import evaluate
from symbolic.evaluation.tables import (
    format_matrix,
    format_results,
    matrix_table,
    read_groups,
    read_rows,
    results_table,
)
from symbolic.problems.files import write_problems
from symbolic.runtime.locks import locked
from symbolic.systems.sessions import is_installed
from tests.conftest import LEARNT

# A system that only integrates, if it is installed; SymPy always is.
OTHERS = ["alkahest"] if is_installed("alkahest") else []
ODES = {"add Y' Y": "mul a8 exp mul INT- 1 x"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_problems(folder / "bwd.test", list(LEARNT.items()) * 3)
    write_problems(folder / "mixed.test.gz", (LEARNT | ODES).items())
    write_problems(folder / "ode1.test", ODES.items())
    return folder


@pytest.fixture(scope="module")
def finished(data, model_folder, tmp_path_factory):
    """One model at two beam sizes, and systems, on three sets."""
    out = tmp_path_factory.mktemp("evaluation")
    sets = [data / "bwd.test", data / "mixed.test.gz", data / "ode1.test"]
    options = {"systems": ["sympy", *OTHERS], "beams": [1, 3], "proposers": ["repair"], "seconds": [20]}
    results = evaluate_matrix(out, [model_folder], sets, **options)
    return out, results, functools.partial(evaluate_matrix, out, [model_folder], sets), options


def test_every_solver_is_asked_the_problems_of_every_set_that_it_can_be_asked(finished, model_folder):
    _, results, _, _ = finished
    met = {(row.solver, row.beam, row.set): row.problems for row in results.itertuples() if not pd.isna(row.beam)}
    assert met == {
        (model_folder.name, beam, name): count
        for beam in (1, 3)
        for name, count in [("bwd.test", 9), ("mixed.test", 4), ("ode1.test", 1)]
    }
    systems = results[results["beam"].isna() & ~results["solver"].str.startswith(model_folder.name)]
    asked = {(row.solver, row.set): row.problems for row in systems.itertuples()}
    assert asked == {
        **{("sympy", "bwd.test"): 9, ("sympy", "mixed.test"): 4, ("sympy", "ode1.test"): 1},
        **{(other, name): count for other in OTHERS for name, count in [("bwd.test", 9), ("mixed.test", 3)]},
    }


def test_the_figures_are_those_of_the_problems(finished, model_folder):
    _, results, _, _ = finished
    by_name = results.set_index(["solver", "set"])
    model = by_name.loc[(model_folder.name, "bwd.test")].set_index("beam")
    assert model["exact_match"].tolist() == [1.0, 1.0]
    assert model.loc[1, "solve_rate"] == pytest.approx(2 / 3) and model.loc[1, "with_repair"] == 1
    sympy = by_name.loc[[("sympy", "bwd.test")]]
    assert sympy["solve_rate"].item() == 1 and sympy["exact_match"].isna().all() and sympy["with_repair"].isna().all()
    np.testing.assert_allclose(results["fail"], 1 - results["solve_rate"])
    matrix = matrix_table(results)
    assert matrix.loc[f"{model_folder.name}@1", "bwd.test"] == pytest.approx(2 / 3)
    assert matrix.loc[f"{model_folder.name}@1 with repair", "bwd.test"] == 1
    assert all(np.isnan(matrix.loc[other, "ode1.test"]) for other in OTHERS)
    for text in (format_results(results), format_matrix(matrix)):
        assert "66.7%" in text and not re.search(r"\bnan\b|<NA>|NaN", text)


def test_a_budget_of_seconds_is_a_solver_of_its_own_with_and_without_systems(finished, model_folder):
    out, results, _, _ = finished
    by_name = results.set_index(["solver", "set"])
    alone, together = f"{model_folder.name}_20s", f"{model_folder.name}_20s_systems"
    for label in (alone, together):
        assert by_name.loc[(label, "bwd.test"), "solve_rate"] == pytest.approx(2 / 3)  # the model's own, as ever
        assert by_name.loc[(label, "bwd.test"), "with_repair"] == 1
    assert np.isnan(by_name.loc[(alone, "ode1.test"), "with_sympy"])
    assert by_name.loc[(together, "ode1.test"), "with_sympy"] == 1 > by_name.loc[(together, "ode1.test"), "solve_rate"]
    rows = pd.read_csv(out / "rows" / together / "ode1.test" / "rows.csv")
    assert rows["found_by"].tolist() == ["sympy"] and (rows["seconds_to_answer"] <= rows["seconds"]).all()


def test_the_overlap_counts_who_solves_what(finished, model_folder):
    out, _, _, _ = finished
    table = pd.read_csv(out / "overlap.csv").set_index(["set", "solver", "other"])
    model = f"{model_folder.name}@1"
    assert table.loc[("bwd.test", "sympy", model)].tolist() == [9, 9, 6, 3]
    assert table.loc[("bwd.test", model, "sympy")].tolist() == [9, 6, 6, 0]
    assert table.loc[("bwd.test", model, f"{model} with repair"), "only"] == 0


def test_the_folder_explains_itself(finished, model_folder):
    out, results, _, _ = finished
    there = {path.name for path in out.iterdir()}
    tables = {"results.csv", "matrix.csv", "by_kind.csv", "by_operators.csv", "by_length.csv", "overlap.csv"}
    pictures = {f"{name}.png" for name in ("by_operators", "by_length", "by_beam", "by_seconds", "solvers", "verdicts")}
    assert there == {"rows", *tables, *pictures}
    assert len(pd.read_csv(out / "results.csv")) == len(results)
    rows = pd.read_csv(out / "rows" / f"{model_folder.name}@3" / "mixed.test" / "rows.csv", keep_default_na=False)
    assert rows["input"].tolist() == [*LEARNT, *ODES] and rows["line"].tolist() == [1, 2, 3, 4]
    assert rows["kind"].tolist() == ["integration"] * 3 + ["ode1"]
    assert all(
        len(json.loads(text)) >= count for text, count in zip(rows["candidates"], rows["hypotheses"], strict=True)
    )
    kinds = pd.read_csv(out / "by_kind.csv").set_index(["solver", "beam", "set", "kind"])
    assert kinds.loc[(model_folder.name, 3, "mixed.test", "ode1"), "problems"] == 1
    for by in ("operators", "length"):
        groups = pd.read_csv(out / f"by_{by}.csv", dtype={by: str})
        assert (
            groups.groupby(["solver", "beam", "set"], dropna=False)["problems"].sum().sum() == results["problems"].sum()
        )
        again = read_groups(out, by)[by]
        assert again.astype(str).tolist() == groups[by].tolist()  # every label is a known one
        assert again.cat.categories[0].startswith("0–") and again.cat.ordered
    for name in pictures:
        assert (out / name).stat().st_size > 10_000


def test_what_is_done_is_not_done_again(finished):
    out, results, again, options = finished
    before = {path: path.stat().st_mtime_ns for path in out.glob("rows/*/*/*")}
    pd.testing.assert_frame_equal(again(**options), results)
    assert {path: path.stat().st_mtime_ns for path in out.glob("rows/*/*/*")} == before


@pytest.mark.parametrize(
    ("settings", "lines", "message"),
    [
        ({"grammar": False, "repair": True}, 3, "grammar: True there, False now"),
        ({"grammar": True}, 3, "repair: True there, missing now"),
        ({"grammar": True, "repair": True}, 2, "problems: 3 there, 2 now"),
    ],
)
def test_other_settings_do_not_mix(settings, lines, message, data, tmp_path):
    problems, _ = read_problem_set(data / "bwd.test", limit=3)
    solver = Solver("nobody", None, {"grammar": True, "repair": True}, lambda piece: piece, chunk=2)
    collect(tmp_path, solver, "bwd", problems)
    with pytest.raises(ValueError, match=rf"holds rows of an evaluation \(--out\) with other settings \(.*{message}"):
        collect(tmp_path, solver._replace(settings=settings), "bwd", problems.head(lines))
    with pytest.raises(ValueError, match=r"other settings \(content: "):
        collect(tmp_path, solver, "bwd", problems.assign(output="x"))


def test_rows_of_another_version_of_the_code_are_kept_with_a_warning(data, tmp_path, capsys):
    problems, _ = read_problem_set(data / "bwd.test", limit=3)
    solver = Solver("nobody", None, {}, lambda piece: piece, chunk=2)
    collect(tmp_path, solver, "bwd", problems)
    collect(tmp_path, solver, "bwd", problems)
    assert "another version" not in capsys.readouterr().err
    settings = tmp_path / "rows" / "nobody" / "bwd" / "settings.json"
    there = json.loads(settings.read_text())
    settings.write_text(json.dumps(there | {"code": there["code"][::-1]}))
    before = (settings.parent / "rows.csv").read_bytes()
    collect(tmp_path, solver, "bwd", problems)
    assert f"{settings.parent}: rows made by another version of this package are kept" in capsys.readouterr().err
    assert (settings.parent / "rows.csv").read_bytes() == before


@pytest.mark.parametrize("finished_chunks", [1, 2])
def test_a_folder_of_the_version_that_called_kinds_families_is_resumed_and_counted(finished_chunks, data, tmp_path):
    """As it was left there: the column in the parts, in the rows, and in the digest of the problems."""
    problems, _ = read_problem_set(data / "mixed.test.gz")
    solver = Solver("nobody", None, {}, _refuted, chunk=2)
    collect(tmp_path / "now", solver, "mixed", problems)
    folder = tmp_path / "before" / "rows" / "nobody" / "mixed"
    earlier = problems.rename(columns={"kind": "family"})
    content = hashlib.sha256(earlier.to_csv(index=False).encode()).hexdigest()
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps({"problems": 4, "content": content, "code": "of that version"}))
    who = {"solver": "nobody", "beam": None, "set": "mixed"}
    rows = _refuted(earlier).assign(**who)[[*who, *_refuted(earlier)]]
    if finished_chunks == 2:
        rows.to_csv(folder / "rows.csv", index=False)
    else:
        (folder / "parts").mkdir()
        rows.head(2).to_csv(folder / "parts" / "00000000.csv", index=False)
    collect(tmp_path / "before", solver, "mixed", problems)
    pd.testing.assert_frame_equal(read_rows(tmp_path / "before"), read_rows(tmp_path / "now"))


def _refuted(piece):
    columns = {"status": "refuted", "exact": False, "general": False, "hypotheses": 1, "invalid": 0, "seconds": 1.0}
    return piece.rename(columns={"output": "reference"}).assign(**columns)


class _Interruption(Exception):
    pass


def test_a_stopped_evaluation_resumes_and_ends_like_an_unstopped_one(translator, data, tmp_path):
    problems, _ = read_problem_set(data / "bwd.test")
    asked = []

    def solver(stop_after):
        def work(piece):
            if len(asked) == stop_after:
                raise _Interruption
            asked.append(piece["line"].tolist())
            return evaluate(translator, piece, progress=False).drop(columns="seconds")

        return Solver("model", 1, {}, work, chunk=4)

    with pytest.raises(_Interruption):
        collect(tmp_path / "stopped", solver(2), "bwd", problems)
    folder = tmp_path / "stopped" / "rows" / "model@1" / "bwd"
    assert not (folder / "rows.csv").exists() and len(list((folder / "parts").iterdir())) == 2
    (folder / "parts" / ".00000008.csv-cut").mkdir()  # a kill in the middle of a write leaves this
    collect(tmp_path / "stopped", solver(None), "bwd", problems)
    assert asked == [[1, 2, 3, 4], [5, 6, 7, 8], [9]]
    collect(tmp_path / "whole", solver(None), "bwd", problems)
    assert {path.name for path in folder.iterdir()} == {"rows.csv", "settings.json"}
    whole = tmp_path / "whole" / "rows" / "model@1" / "bwd" / "rows.csv"
    assert (folder / "rows.csv").read_bytes() == whole.read_bytes()


def test_a_missing_model_is_named_before_any_work(data, model_folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not hold a trained model"):
        evaluate_matrix(tmp_path / "out", [model_folder, tmp_path / "nowhere"], [data / "bwd.test"], beams=[1])
    assert not (tmp_path / "out").exists()


def test_rows_depend_on_the_models_vocabulary_too(data, model_folder, tmp_path):
    """With its vocabulary in another order, a model of the same weights writes other answers.

    A model that was saved without the digests of its vocabularies, as earlier versions did, is loaded all the same.
    """
    run = shutil.copytree(model_folder, tmp_path / "run")
    evaluate_matrix(tmp_path / "out", [run], [data / "ode1.test"], beams=[1])
    vocabulary = run / "target_vocabulary.txt"
    *special, before, last = vocabulary.read_text().splitlines()
    vocabulary.write_text("\n".join([*special, last, before]) + "\n")
    with pytest.raises(ValueError, match="target_vocabulary.txt is not the vocabulary"):
        evaluate_matrix(tmp_path / "out", [run], [data / "ode1.test"], beams=[1])
    (run / "translator.json").write_text('{"max_length": 32}')
    with pytest.raises(ValueError, match="other settings .*model: .* there, .* now"):
        evaluate_matrix(tmp_path / "out", [run], [data / "ode1.test"], beams=[1])


def test_a_folder_of_results_has_one_run_at_a_time(data, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with locked(out), pytest.raises(OSError, match="another run is at work"):
        evaluate_matrix(out, [], [data / "bwd.test"], systems=["sympy"])


def test_files_of_one_name_are_told_apart(tmp_path):
    for day in ("monday", "friday"):
        write_problems(tmp_path / day / "bwd.test", [("sub Y' cos x", "sin x")])
    files = [tmp_path / day / "bwd.test" for day in ("monday", "friday")]
    results = evaluate_matrix(tmp_path / "out", [], files, systems=["sympy"])
    assert results["set"].tolist() == ["friday_bwd.test", "monday_bwd.test"]
    assert results["solve_rate"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--beam", "1,ten"], "`--beam` must be numbers separated by commas, such as 1,10,50. Received: '1,ten'"),
        (["--beam", "5,5"], "beam sizes must be different numbers from 1 up. Received: 5, 5"),
        (["--beam", "0"], "beam sizes must be different numbers from 1 up. Received: 0"),
        (["--against", "simpy"], "unknown integrator `simpy`. Did you mean `sympy`?"),
        (["--workers", "0"], "`workers` must be at least 1"),
        (["--limit", "0"], "`limit` must be at least 1"),
        (["--data", "nowhere.test"], "nowhere.test does not exist"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_loaded(arguments, message, data, tmp_path, capsys):
    words = ["evaluate", str(tmp_path / "no_model"), "--data", str(data / "bwd.test"), "--out", str(tmp_path / "out")]
    assert main(words + arguments) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_something_must_be_evaluated_and_no_path_twice(data, tmp_path, capsys):
    words = ["--data", str(data / "bwd.test"), "--out", str(tmp_path / "out")]
    for arguments, message in [
        (["evaluate", "--against", "sympy", *words, *words[:2]], "a path is given twice"),
        (["evaluate", "--against", "sympy", *words, "--data", f"{words[1]}.gz"], "a path is given twice"),
        (["evaluate", str(tmp_path), *words], "does not hold a trained model"),
    ]:
        assert main(arguments) == 2
        assert message in capsys.readouterr().err


def test_without_a_run_the_shipped_model_is_evaluated(model_folder, data, tmp_path, monkeypatch, capsys):
    with pytest.raises(ValueError, match="nothing to evaluate"):
        evaluate_matrix(tmp_path, [], [data / "bwd.test"])
    monkeypatch.setattr(solver, "PRETRAINED", model_folder)
    words = ["--data", str(data / "bwd.test"), "--beam", "1", "--limit", "1", "--out", str(tmp_path / "out")]
    assert main(["evaluate", *words]) == 0
    assert f"{model_folder.name}@1" in capsys.readouterr().out


def test_the_command_makes_a_suite_and_evaluates_it(model_folder, tmp_path, capsys):
    suite = tmp_path / "powers.test"
    assert main(["suite", "powers", "--count", "5", "--seed", "1", "--out", str(suite)]) == 0
    assert "kept: proved 5" in capsys.readouterr().out
    words = [
        "evaluate",
        str(model_folder),
        "--data",
        str(suite),
        "--beam",
        "1",
        "--limit",
        "3",
        "--proposers",
        "linearity",
    ]
    assert main([*words, "--no-grammar", "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert f"{model_folder.name}@1" in out and "with linearity" in out and str(tmp_path / "out") in out


def test_an_empty_folder_has_no_tables(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no rows of an evaluation"):
        read_rows(tmp_path)


# --- figures ----------------------------------------------------------------------------------------------------------


def test_wilsons_interval_solves_its_equation():
    """Each end p differs from the observed rate by z standard deviations of the rate of n trials with chance p."""
    rates, counts = np.array([0.0, 0.1, 0.5, 0.97, 1.0]), np.array([5, 40, 1000, 33, 7])
    for p in wilson_interval(rates, counts, z=2.0):
        np.testing.assert_allclose(np.abs(rates - p), 2.0 * np.sqrt(p * (1 - p) / counts), atol=1e-12)


def rows_of(solver, beam, name, solved, operators):
    columns = {"solver": solver, "beam": beam, "set": name, "operators": operators, "exact": False, "general": False}
    columns |= {"hypotheses": 1, "invalid": 0, "seconds": 1.0}
    return pd.DataFrame(columns | {"status": ["proved" if each else "refuted" for each in solved]})


@pytest.fixture
def made_up():
    frames = [
        rows_of("a", 1, "one", [True, False, False, True], [1, 1, 2, 3]),
        rows_of("a", 10, "one", [True, True, False, True], [1, 1, 2, 3]),
        rows_of("cas", None, "one", [False, False, True, False], [1, 1, 2, 3]),
        rows_of("a", 1, "two", [False], [3]),
    ]
    return pd.concat([frame.astype({"beam": "Int64"}) for frame in frames], ignore_index=True)


def points(axis):
    lines = {line.get_label(): line for line in axis.get_lines()} | {
        bars.get_label(): bars.lines[0] for bars in axis.containers if isinstance(bars, ErrorbarContainer)
    }
    return {label: list(line.get_ydata()) for label, line in lines.items()}


def test_a_panel_shows_the_rates_of_its_set(made_up):
    made_up["operators"] = pd.Categorical(made_up["operators"].map(str), ["1", "2", "3"], ordered=True)
    table = results_table(made_up[made_up["beam"].fillna(0) != 1], "operators")
    figure = plot_solve_rates(table, "operators", "operators")
    (axis,) = (axis for axis in figure.axes if axis.get_visible())
    assert axis.get_title() == "one" and [label.get_text() for label in axis.get_xticklabels()] == ["1", "2", "3"]
    drawn = {
        bars.get_label(): [bar.get_height() for bar in bars]
        for bars in axis.containers
        if isinstance(bars, BarContainer)
    }
    assert drawn["a"] == [1, 0, 1] and drawn["cas"] == [0, 1, 0]


def test_beams_are_drawn_by_size_and_systems_as_levels(made_up):
    one, two = plot_solve_rates_by_beam(results_table(made_up)).axes
    drawn = points(one)
    assert drawn["a"] == [0.5, 0.75] and drawn["cas"] == [0.25, 0.25]
    assert points(two)["a"] == [0.0] and "cas" not in points(two)


@pytest.fixture(autouse=True)
def close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")
