"""Execute the notebooks of this folder and store them with their outputs: `make notebooks`.

Without names all notebooks are executed, in order; 01 loads the trials of `make run` if they are there. What would
differ on every machine is left out: progress bars, notes on stderr, times. Each notebook records a hash of the code
that made its outputs, so that the tests notice outputs of other code.
"""

import hashlib
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
CODE = "executed_code_sha256"  # in the metadata of a notebook
_TIMES = re.compile(r"\b\d+(\.\d+)?m?s/(step|epoch)|\b\d+s\b|(?<=about )[\d.]+ (s|min|h)")


def digest_of_code(notebook: nbformat.NotebookNode) -> str:
    """The SHA-256 of all code cells."""
    code = "\0".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()


def execute(path: Path) -> None:
    """Execute one notebook, and write it if all of its cells ran."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=1800, record_timing=False, resources={"metadata": {"path": FOLDER}}).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_without_times(output) for output in cell.outputs if output.get("name") != "stderr"]
    notebook.metadata[CODE] = digest_of_code(notebook)
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)


def _without_times(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    if output.get("name") == "stdout":
        text = output.text.replace(str(FOLDER.parent), "PROJECT")
        output.text = _TIMES.sub("…", text)
    return output


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.name for path in FOLDER.glob("*.ipynb")):
        print(name, flush=True)
        execute(FOLDER / name)
