"""Every notebook runs from top to bottom, here on a tiny setting, and is stored with the outputs of its own code."""

import importlib.util
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
    """Notebook -> the code that takes the place of its cell tagged `parameters`, the tag that papermill looks for."""
    lengths = {"epoch": 1, "steps_per_epoch": 2, "batch_size": 8, "valid_problems": 0, "test_problems": 4}
    small = {"model": "transformer", "num_units": 16, "num_heads": 2, "num_layers": 1, "feed_forward": 16}
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
        "04_your_own_model.ipynb": f"data_path = Path({str(data)!r})\n"
        f"run_dir = Path({str(runs / 'own')!r})\n{lengths = !r}",
        "05_your_own_problems.ipynb": f"run_dir, trial = Path({str(runs / 'family')!r}), {small | lengths!r}\n"
        "sizes = {'train': 100, 'valid': 10, 'test': 10}",
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))
def test_a_notebook_runs(name, settings):
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    tagged[0].source = settings.get(name, tagged[0].source)  # the results are small and ship
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": NOTEBOOKS}})
    client.execute(env=os.environ | {"PYTHONPATH": str(PROJECT)})  # this checkout, whichever is installed
    last = notebook.cells[-1].outputs[-1]["data"]["text/plain"]
    assert last == "True"  # a notebook ends on a comparison of two ways to the same thing


def execution():
    """The module that `make notebooks` runs."""
    spec = importlib.util.spec_from_file_location("execute", NOTEBOOKS / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))
def test_a_notebook_is_stored_with_the_outputs_of_its_code(name):
    notebook, execute = nbformat.read(NOTEBOOKS / name, as_version=4), execution()
    assert notebook.metadata.get(execute.CODE) == execute.digest_of_code(notebook), "run `make notebooks`"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    outputs = [output for cell in code for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs) or name.startswith("05")
    assert not any(output.get("name") == "stderr" or output.output_type == "error" for output in outputs)
    assert str(PROJECT) not in str(outputs)
    assert notebook.cells[-1].outputs[-1]["data"]["text/plain"] == "True"
