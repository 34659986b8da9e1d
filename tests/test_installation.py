"""What a person installs: dependencies are declared and pinned; one sentence names the cure for what is missing."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import symbolic
from symbolic.runtime.startup import PYTHONS
from tests import PROJECT

SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))


def names(requirements) -> set[str]:
    """The packages that requirements name: "pebble>=5.2,<6" is of pebble."""
    return {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in requirements}


DEPENDENCIES = names(SETTINGS["project"]["dependencies"])
EXTRAS = names(sum(SETTINGS["project"]["optional-dependencies"].values(), []))
ANSWERING = names(SETTINGS["dependency-groups"]["answering"])
DEVELOPMENT = names(SETTINGS["dependency-groups"]["dev"])


def imported(path: Path, anywhere: bool) -> set[str]:
    """Modules of others that a file imports: anywhere in it, or when it is imported itself."""
    modules, found = [ast.parse(path.read_text(encoding="utf-8"))], set()
    while modules:
        node = modules.pop()
        if anywhere or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            modules.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"symbolic", "model_params"}


def packages_of(modules: set[str]) -> set[str]:
    """The installed packages that bring modules."""
    installed = importlib.metadata.packages_distributions()
    return {package.lower() for module in modules for package in installed.get(module, [module])}


@pytest.mark.parametrize("anywhere, declared", [(False, DEPENDENCIES), (True, DEPENDENCIES | EXTRAS)])
def test_every_package_that_is_imported_is_declared(anywhere, declared):
    files = [*PROJECT.glob("symbolic/**/*.py"), PROJECT / "run_model_train.py", PROJECT / "model_params.py"]
    modules = set().union(*(imported(path, anywhere) for path in files))
    assert {"keras", "numpy"} <= modules
    assert packages_of(modules) <= declared


def test_every_dependency_is_imported():
    modules = set().union(*(imported(path, anywhere=True) for path in PROJECT.glob("symbolic/**/*.py")))
    at_run_time = {"tensorboard"}  # `tf.summary` writes with it, and people look at their runs with it
    assert DEPENDENCIES - packages_of(modules) == at_run_time


def test_what_answers_without_tensorflow_is_a_part_of_the_dependencies():
    assert ANSWERING < DEPENDENCIES and not ANSWERING & {"tensorflow", "tensorflow-text", "keras", "tensorboard"}


def pins(name: str) -> dict[str, set[str]]:
    """Package -> the versions that a lock file allows, one for each group of Pythons or platforms."""
    found: dict[str, set[str]] = {}
    for line in (PROJECT / name).read_text(encoding="utf-8").splitlines():
        if not line.lstrip().startswith("#"):
            package, version = line.partition(" ;")[0].strip().split("==")
            found.setdefault(package, set()).add(version)
    return found


def test_the_lock_files_pin_all_that_is_declared():
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert DEPENDENCIES <= set(runtime) and DEVELOPMENT <= set(development)
    assert runtime.items() <= development.items()


def test_the_supported_pythons_are_the_same_everywhere():
    (_, first), (_, last) = PYTHONS[0], PYTHONS[-1]
    assert PYTHONS == tuple((3, minor) for minor in range(first, last + 1))
    assert SETTINGS["project"]["requires-python"] == f">=3.{first},<3.{last + 1}"
    assert SETTINGS["tool"]["ruff"]["target-version"] == f"py3{first}"
    classifiers = [words for words in SETTINGS["project"]["classifiers"] if words.startswith("Programming Language")]
    assert classifiers == [f"Programming Language :: Python :: 3.{minor}" for _, minor in PYTHONS]
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    assert f"not (3, {first}) <= sys.version_info < (3, {last + 1})" in makefile
    assert f"--python-version 3.{first}" in makefile


def test_the_version_is_the_same_everywhere():
    citation, changes = ((PROJECT / name).read_text(encoding="utf-8") for name in ("CITATION.cff", "CHANGELOG.md"))
    assert re.search(r"^version: (.*)$", citation, re.MULTILINE)[1] == symbolic.__version__
    assert f"\n## {symbolic.__version__}" in changes


# --- one sentence with the cure ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["-m", "symbolic", "integrate", "x"], ["run_model_train.py"]])
def test_without_the_packages_one_sentence_names_the_cure(words):
    command = [sys.executable, "-S", *words]  # -S: without the packages of the environment
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode
    assert re.fullmatch(
        r"symbolic (integrate|train): the package \w+ is not installed for \S+: "
        r"run `make install` and use \.venv/bin/python\.\n",
        ended.stderr,
    )


@pytest.mark.parametrize(
    "start",
    [
        "runpy.run_module('symbolic', run_name='__main__')",
        "runpy.run_path('run_model_train.py', run_name='__main__')",
    ],
)
def test_under_another_python_one_sentence_names_the_cure(start):
    code = f"import runpy, sys; sys.version_info = (3, 10, 13); sys.path.insert(0, '.'); {start}"
    ended = subprocess.run([sys.executable, "-S", "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"symbolic: Python 3.11, 3.12 or 3.13 is needed, and this is Python 3.10 ({sys.executable}): "
        "run `make install` and use .venv/bin/python.\n"
    )


@pytest.fixture
def make(tmp_path):
    """A function that runs `make install` in a copy of the project, with programs of the caller's in front."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(PROJECT / name, tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()

    def run(**scripts: str) -> str:
        """The line that `make install` stops with."""
        for name, script in scripts.items():
            (programs / name).write_text(f"#!/bin/sh\n{script}\n")
            (programs / name).chmod(0o755)
        # Without what `make test` hands to a make within it, which then prints the folders that it enters.
        environment = {
            name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
        }
        environment["PATH"] = f"{programs}:{environment['PATH']}"
        command = ["make", "install", "PYTHON=" + (str(programs / "python") if "python" in scripts else sys.executable)]
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert ended.returncode == 2 and not (tmp_path / ".venv").exists()
        (line,) = ended.stdout.splitlines()
        return line

    return run


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@needs_make
@pytest.mark.parametrize(
    "scripts, sentence",
    [
        (
            {"python": 'case "$*" in *version_info*) exit 1;; --version) echo Python 3.10.13;; esac'},
            r"\S+/python is Python 3\.10\.13, and Python 3\.11, 3\.12 or 3\.13 is needed: install one and name it.*",
        ),
        (
            {"python": 'case "$*" in *ensurepip*) exit 1;; esac'},
            r"\S+ cannot make environments: .*'apt install python3-venv'\.",
        ),
        (
            {"python": "exit 127"},
            r"\S+/python is not found: install Python 3\.11, 3\.12 or 3\.13 and name it, as in .*",
        ),
        (
            {"df": "echo Available; echo /dev/disk 100 100 4000000 99% /"},
            r"Less than 4 GB of disk are free here, and the packages take 3 GB: free some, or clone elsewhere\.",
        ),
    ],
    ids=["another Python", "no venv", "no Python", "no disk"],
)
def test_make_names_what_stands_in_the_way_of_an_environment(make, scripts, sentence):
    assert re.fullmatch(sentence, make(**scripts))
