"""Trials files: Python files with the trials in `model_params` and, if they like, values in `defaults`.

The project's own is `model_params.py`; a person's own is handed in by its path. Reading one runs it, as Python runs any
module, so it must be a file that its reader wrote or trusts.
"""

import importlib.util
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import symbolic

_PACKAGE = Path(symbolic.__file__).resolve().parent


class TrialsFile(NamedTuple):
    """The trials of a file.

    Attributes:
        model_params: trial -> the parameters in which it differs from the defaults.
        defaults: every parameter's value for trials that leave it open.
    """

    model_params: dict[str, Mapping[str, Any]]
    defaults: dict[str, Any]


def default_trials_path() -> Path:
    """The project's `model_params.py` beside the package, or in an installed package the copy of it.

    Raises:
        FileNotFoundError: there is neither.
    """
    for path in (_PACKAGE.parent / "model_params.py", _PACKAGE / "default_trials.py"):
        if path.is_file():
            return path
    raise FileNotFoundError(f"there is no model_params.py beside {_PACKAGE}: give a trials file (--trials-file).")


def read_trials(path: Path | str | None = None) -> TrialsFile:
    """The trials of a file; None for the project's own.

    Where the file has no `defaults`, or leaves some parameters out of them, those of the project's own file hold. The
    file's folder is added to the places where Python looks for modules, so models beside it can be named.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no Python file, an error ends it, or it has no `model_params`; names file and line.
    """
    standard = default_trials_path()
    path = standard if path is None else Path(path).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"there is no trials file {path}")
    if path.suffix != ".py":
        raise ValueError(f"a trials file must be a Python file, NAME.py. Received: {path}.")
    if path != standard and str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    module = _module(path)
    trials, defaults = getattr(module, "model_params", None), getattr(module, "defaults", {})
    if not (isinstance(trials, dict) and all(isinstance(trial, Mapping) for trial in trials.values())):
        raise ValueError(f"{path} must define `model_params`, a dictionary from names of trials to their parameters.")
    if not isinstance(defaults, dict):
        raise ValueError(f"{path}: `defaults` must be a dictionary of parameters. Received: {defaults!r}.")
    return TrialsFile(trials, defaults if path == standard else {**read_trials().defaults, **defaults})


def _module(path: Path) -> ModuleType:
    """The file as a module under its own name, run once in a process."""
    name = "symbolic.default_trials" if path.parent == _PACKAGE else path.stem
    if there := sys.modules.get(name):
        if Path(getattr(there, "__file__", None) or "").resolve() == path:
            return there
        raise ValueError(f"{path} has the name of another module, {there.__name__}: give the trials file another name.")
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the file raises while it runs
        del sys.modules[name]
        raise ValueError(_one_sentence(path, error)) from error
    return module


def _one_sentence(path: Path, error: Exception) -> str:
    """Where in the file an error arose, and which."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    where = f"{path}, line {lines[-1]}" if lines else str(path)
    return f"{where}: {type(error).__name__}: {error}"
