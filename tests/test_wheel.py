"""The wheel, installed into an empty environment and used in another folder: it needs no clone.

The environment borrows the packages that the wheel depends on from the environment of the tests, so that this takes a
minute and little disk. Run by `make slow`.
"""

import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TRIALS = """\
model_params = {
    "tiny": {
        "model": "transformer", "num_units": 16, "num_layers": 1, "num_heads": 2, "feed_forward": 32,
        "epoch": 1, "steps_per_epoch": 4, "batch_size": 16, "valid_problems": 4, "test_problems": 8,
    }
}
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, PROJECT]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True, capture_output=True)
    (path,) = folder.glob("symbolic-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A function that runs `symbolic WORDS` of the installed wheel in a folder of its own."""
    environment, elsewhere = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("elsewhere")
    venv.create(environment)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps"]
    subprocess.run([*pip, wheel], check=True, capture_output=True)
    # After the installation, or pip would find the clone that `make install` has put into this environment. A .pth
    # file names folders whose own .pth files are not read, so the clone itself is not on the new path.
    (site_packages,) = environment.glob("lib/python*/site-packages")
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site_packages / "dependencies.pth").write_text("\n".join(borrowed))
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def symbolic(*words: str, unsolved: bool = False) -> str:
        """What the command prints; it must succeed, or if `unsolved` it may also end without a verified answer."""
        command = [environment / "bin" / "symbolic", *words]
        ended = subprocess.run(command, cwd=elsewhere, env=outside, capture_output=True, text=True)
        print(f"$ symbolic {' '.join(words)}\n{ended.stdout}{ended.stderr}")  # the transcript, with `pytest -s`
        assert ended.returncode in ((0, 1) if unsolved else (0,))
        return ended.stdout + ended.stderr

    symbolic.folder = elsewhere
    return symbolic


def test_it_holds_the_package_the_model_and_the_trials_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    in_clone = {path.relative_to(PROJECT).as_posix() for path in PROJECT.glob("symbolic/**/*.py")}
    model = {f"symbolic/{path.relative_to(PROJECT).as_posix()}" for path in PROJECT.glob("pretrained/*")}
    inside = {name for name in names if ".dist-info/" not in name}
    assert inside == in_clone | model | {"symbolic/py.typed", "symbolic/default_trials.py"}


def test_it_says_what_it_needs_and_where_it_comes_from(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        fields = Parser().parsestr(archive.read(metadata).decode())
    assert fields["License-Expression"] == "MIT" and fields["Requires-Python"] == "<3.14,>=3.11"
    assert fields["Keywords"] and fields["Project-URL"] and fields["Description-Content-Type"] == "text/markdown"
    for needed in fields.get_all("Requires-Dist"):
        if "extra" not in needed:
            importlib.metadata.version(re.match(r"[\w-]+", needed)[0])


def test_it_answers_with_the_model_inside(installed):
    said = installed("integrate", "x*cos(x)")
    assert re.search(r"answer +.*x\*sin\(x\)", said) and re.search("verdict +proved", said)


def test_it_generates_problems(installed):
    installed("generate", "--count", "50", "--shard-size", "50", "--workers", "1", "--out", "shards")
    assert list(installed.folder.glob("shards/*"))


def test_it_trains_the_default_trials_on_generated_problems(installed):
    installed("dataset", "--max-ops", "3", "--train", "200", "--valid", "30", "--test", "30", "--out", "mine")
    assert re.search("^trial_5 ", installed("train", "--list"), re.MULTILINE)
    said = installed("train", "--trials", "quick_rnn", "--epochs", "1", "--data", "mine", "--runs", "runs")
    assert re.search("quick_rnn finished", said)
    assert "integrand   2*x" in installed("integrate", "2x", "--run", "runs/quick_rnn", unsolved=True)


def test_it_trains_trials_of_ones_own(installed):
    (installed.folder / "my_trials.py").write_text(TRIALS)
    said = installed("train", "--trials-file", "my_trials.py", "--trials", "tiny", "--data", "mine", "--runs", "own")
    assert re.search("tiny finished", said)


# --- without TensorFlow -----------------------------------------------------------------------------------------------


def with_all_that_they_need(packages: list[str]) -> set[str]:
    """Packages, and those that they depend on in this environment."""
    found, new = set(), set(packages)
    while new:
        found |= new
        needed = [Requirement(each) for package in new for each in importlib.metadata.requires(package) or ()]
        new = {each.name for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})} - found
    return found


@pytest.fixture(scope="module")
def lean(wheel, tmp_path_factory):
    """A function that runs a program in an environment of the wheel and the packages of the group `answering` alone."""
    environment, elsewhere = tmp_path_factory.mktemp("lean"), tmp_path_factory.mktemp("elsewhere")
    venv.create(environment)
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install", "--no-deps"]
    subprocess.run([*pip, wheel], check=True, capture_output=True)
    (site_packages,) = environment.glob("lib/python*/site-packages")
    group = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["answering"]
    for package in with_all_that_they_need(group):
        distribution = importlib.metadata.distribution(package)
        for part in {file.parts[0] for file in distribution.files if file.parts[0] not in ("..", "__pycache__")}:
            (site_packages / part).symlink_to(distribution.locate_file(part))
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def run(program: str, *words: str) -> str:
        command = [environment / "bin" / program, *words]
        ended = subprocess.run(command, cwd=elsewhere, env=outside, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    run.folder = elsewhere
    return run


def test_without_tensorflow_it_answers_verifies_generates_and_evaluates(lean):
    here = "import importlib.util as u; print([n for n in ('tensorflow', 'keras', 'jax', 'duckdb') if u.find_spec(n)])"
    assert lean("python", "-c", here) == "[]\n"
    assert re.search("verdict +proved", lean("symbolic", "integrate", "x*cos(x)"))
    assert re.search("verdict +proved", lean("symbolic", "dsolve", "x*y' - y = 0"))
    assert '"status": "proved"' in lean("symbolic", "integrate", "sin(x)", "--json")
    (lean.folder / "pairs").write_text("sub Y' cos x\tsin x\n")
    assert "proved" in lean("symbolic", "verify", "pairs")
    lean("symbolic", "generate", "--count", "50", "--shard-size", "50", "--workers", "1", "--out", "shards")
    (shard,) = lean.folder.glob("shards/*.gz")
    said = lean("symbolic", "evaluate", "--data", str(shard), "--beam", "1,3", "--limit", "10", "--out", "results")
    assert re.search("pretrained@3 .* 10 ", said)
    assert "x*sin(x)" in lean("python", "-c", "import symbolic; print(symbolic.integrate('x*cos(x)').expression)")
