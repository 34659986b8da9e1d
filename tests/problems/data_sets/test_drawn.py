"""Data sets: exact sizes, no duplicates, the same files for the same seed, and an error where problems run out."""

import gzip
import hashlib
import itertools
import os
import re
import shlex
import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest

from symbolic.problems.data_sets.drawn import make_data_set, option_words
from symbolic.problems.files import read_data_folder
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.splits import SPLIT_KINDS, leakage, skeleton, split_of
from symbolic.problems.tasks import problems
from symbolic.runtime.locks import locked
from tests import PROJECT

SMALL = ProblemOptions(max_ops=4)


def digests(folder):
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("split", SPLIT_KINDS)
def test_a_data_set_has_the_sizes_asked_for_and_no_leak(tmp_path, split):
    report = make_data_set(tmp_path, "bwd", train=400, valid=20, test=30, seed=1, split=split, options=SMALL)
    frames = read_data_folder(tmp_path)
    assert {name: len(frame) for name, frame in frames.items()} == {"train": 400, "valid": 20, "test": 30}
    assert report.kept == {"train": 400, "valid": 20, "test": 30}
    for name, frame in frames.items():
        assert frame["input"].is_unique
        contents = map(skeleton, frame["input"]) if split == "skeleton" else frame["input"]
        assert set(map(split_of, contents)) == {name}
    assert leakage(frames["train"]["input"], [*frames["valid"]["input"], *frames["test"]["input"]]) == 0
    for side in ("input", "output"):
        lengths = pd.concat(frames)[side].str.split().map(len)
        expected = (
            f"tokens of {side}: mean {lengths.mean():.1f} · median {lengths.median():g} · longest {lengths.max()}"
        )
        assert expected in str(report)


SCRIPT = """
import sys
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.data_sets.drawn import make_data_set
options = ProblemOptions(max_ops=6)
make_data_set(sys.argv[1], "bwd", train=300, valid=10, test=10, seed=int(sys.argv[2]), options=options)
"""


def test_the_same_seed_gives_the_same_bytes_in_every_process(tmp_path):
    made = []
    for number, (hash_seed, seed) in enumerate([("0", 5), ("123", 5), ("0", 6)]):
        folder = tmp_path / str(number) / "set"
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(PROJECT)}
        subprocess.run([sys.executable, "-c", SCRIPT, folder, str(seed)], env=environment, check=True, timeout=60)
        made.append(digests(folder))
    assert len(made[0]) == 4
    assert made[0] == made[1]
    assert all(made[0][name] != made[2][name] for name in made[0])


def test_several_tasks_take_turns(tmp_path):
    """Every problem is one that a single task draws too."""
    options = ProblemOptions(min_ops=2, max_ops=9)
    report = make_data_set(tmp_path, ["ode1", "bwd"], train=40, valid=1, test=1, seed=0, options=options)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("README.md", "bwd_ode1.test.gz", "bwd_ode1.train.gz", "bwd_ode1.valid.gz")
    ]
    made = {equation for frame in read_data_folder(tmp_path).values() for equation in frame["input"]}
    drawn = sum(report.kept.values()) + report.repeated + report.surplus
    for task, count in (("bwd", (drawn + 1) // 2), ("ode1", drawn // 2)):
        of_task = {problem.equation for problem in itertools.islice(problems(task, 0, options), count)}
        assert of_task & made
        made -= of_task
    assert not made


def test_the_readme_tells_how_the_data_were_made(tmp_path):
    folder = tmp_path / "easy"
    options = ProblemOptions(max_ops=4, operators={"add": 3, "mul": 2, "sin": 1}, negative_integers=True)
    report = make_data_set(folder, "bwd", train=100, valid=5, test=6, seed=9, split="exact", options=options)
    readme = (folder / "README.md").read_text()
    (command,) = re.findall("^python -m symbolic dataset.*$", readme, flags=re.MULTILINE)
    words = shlex.split(command)
    for option, value in {
        "task": "bwd",
        "split": "exact",
        "train": "100",
        "valid": "5",
        "test": "6",
        "seed": "9",
        "out": "easy",
    }.items():
        assert words[words.index(f"--{option}") + 1] == value
    assert " ".join(option_words(options)) in command
    assert str(report) in readme


def test_only_changed_options_become_words():
    assert option_words(ProblemOptions()) == []
    assert option_words(ProblemOptions(max_ops=4, max_int=9)) == ["--max-ops", "4", "--max-int", "9"]
    changed = ProblemOptions(operators={"add": 3, "sin": 1}, variables=("x", "z"))
    assert option_words(changed) == ["--operators", "add:3", "sin:1", "--variables", "x", "z"]


def test_production_stops_where_problems_run_out(tmp_path):
    options = ProblemOptions(max_ops=1, operators={"add": 1, "sin": 1})
    with pytest.raises(ValueError, match=r"too few distinct problems .* of 1,000 for train.*max_ops"):
        make_data_set(tmp_path, "bwd", train=1000, valid=1, test=1, seed=0, options=options)
    assert not list(tmp_path.iterdir())


def test_sizes_and_tasks_that_cannot_be(tmp_path):
    with pytest.raises(ValueError, match="at least 1. Received: valid=0"):
        make_data_set(tmp_path, "bwd", train=10, valid=0, test=1, seed=0)
    with pytest.raises(ValueError, match="unknown task `fw`"):
        make_data_set(tmp_path, "fw", seed=0)
    with pytest.raises(ValueError, match="unknown kind of split `skeletons`. Did you mean `skeleton`"):
        make_data_set(tmp_path, "bwd", seed=0, split="skeletons")
    assert not list(tmp_path.iterdir())


def test_nothing_but_an_earlier_data_set_of_the_same_tasks_is_replaced(tmp_path):
    def make(**folder):
        make_data_set(folder.get("folder", tmp_path), "bwd", train=20, valid=1, test=1, seed=0, split="exact")

    make()
    make()
    (tmp_path / "README.md").write_text("# My notes\n")
    with pytest.raises(ValueError, match="files of another origin"):
        make()
    assert (tmp_path / "README.md").read_text() == "# My notes\n"
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match="holds other files, such as thesis.tex"):
        make()
    with pytest.raises(NotADirectoryError, match="a folder to write was expected"):
        make(folder=tmp_path / "README.md")


def test_a_known_equation_keeps_its_simplest_solution(tmp_path):
    """1/x is the derivative of every ln(n*x); the file has ln(x)."""
    options = ProblemOptions(operators={"ln": 1, "mul": 1}, max_ops=3, max_int=9)
    make_data_set(tmp_path, "bwd", train=100, valid=1, test=1, seed=0, split="exact", options=options)
    text = gzip.decompress((tmp_path / "bwd.train.gz").read_bytes()).decode()
    assert "sub Y' pow x INT- 1\tln x\n" in text


KILLED = """
import os, shutil, signal, sys
from symbolic.problems.data_sets.drawn import make_data_set
from symbolic.problems.problem import ProblemOptions

CHANGES = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree")

def make(folder, seed):
    sizes = {"train": 60, "valid": 3, "test": 3}
    make_data_set(os.path.abspath(folder), "bwd", **sizes, seed=seed, options=ProblemOptions(max_ops=4))

def killed_at(change, folder):
    count = 0
    def hook(event, arguments):
        nonlocal count
        if event in CHANGES and folder in str(arguments[0]):
            count += 1
            if count == change:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    make(folder, 2)
    os._exit(0)

make("old/set", 1)
make("new/set", 2)
for change in range(1, 1000):
    shutil.copytree("old", f"{change}")
    if (child := os.fork()) == 0:
        killed_at(change, f"{change}/set")
    if os.waitpid(child, 0)[1] == 0:
        break
    shutil.copytree(f"{change}", f"killed/{change}")
    make(f"{change}/set", 2)
"""


def test_a_kill_anywhere_leaves_no_mixture_of_two_data_sets(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(PROJECT)})
    old, new = digests(tmp_path / "old" / "set"), digests(tmp_path / "new" / "set")
    left = Counter()
    for folder in tmp_path.glob("killed/*/set"):
        try:
            read_data_folder(folder)
        except FileNotFoundError:
            left["no data set"] += 1
        else:
            there = {name: digest for name, digest in digests(folder).items() if not name.startswith(".")}
            assert there in (old, new)
            left["old" if there == old else "new"] += 1
        again = tmp_path / folder.parent.name / "set"
        assert sorted(path.name for path in again.iterdir()) == sorted(new)  # hidden ones included
        assert digests(again) == new
    assert left.total() > 20 and left["old"] and left["new"]


def test_two_runs_at_once_are_refused(tmp_path):
    with locked(tmp_path), pytest.raises(OSError, match="another run is at work"):
        make_data_set(tmp_path, "bwd", train=60, valid=3, test=3, seed=1, options=SMALL)
