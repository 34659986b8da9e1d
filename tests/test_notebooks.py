"""Every notebook runs from top to bottom, here on a tiny setting."""

import os

import nbformat
import pytest
from nbclient import NotebookClient

from symbolic.problems.data_sets.drawn import make_data_set
from symbolic.problems.problem import ProblemOptions
from tests import PROJECT

NOTEBOOKS = PROJECT / "notebooks"


@pytest.fixture(scope="module")
def settings(model_folder, tmp_path_factory):
    """Notebook -> the code that takes the place of its cell tagged `settings`."""
    data, runs = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("runs")
    make_data_set(data, "bwd", train=200, valid=30, test=30, seed=3, options=ProblemOptions(max_ops=3))
    tiny = {"num_units": 16, "num_heads": 2, "epoch": 2, "steps_per_epoch": 4, "batch_size": 16}
    tiny |= {"valid_problems": 4, "test_problems": 8}
    trials = {
        "rnn": tiny | {"model": "attention_rnn"},
        "transformer": tiny | {"model": "transformer", "num_layers": 1, "feed_forward": 32},
    }
    return {
        "01_train_and_compare.ipynb": f"data_path = Path({str(data)!r})\nrun_dir = Path({str(runs)!r})\n{trials = !r}",
        "02_solve_and_verify.ipynb": f"run = Path({str(model_folder)!r})\nknown, unknown, F = '2x', 'sin(x)', 'sin(x)'",
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))
def test_a_notebook_runs(name, settings):
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    tagged = [cell for cell in notebook.cells if "settings" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    tagged[0].source = settings.get(name, tagged[0].source)  # the results are small and ship
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": NOTEBOOKS}})
    client.execute(env=os.environ | {"PYTHONPATH": str(PROJECT)})  # this checkout, whichever is installed
    last = notebook.cells[-1].outputs[-1]["data"]["text/plain"]
    assert last == "True"  # a notebook ends on a comparison of two ways to the same thing


@pytest.mark.parametrize("name", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))
def test_a_notebook_is_kept_without_outputs(name):
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
