"""Locks: one run at a time in a folder, whoever it is, and no trace of a lock afterwards."""

import fcntl
import shutil
import subprocess
import sys

import pytest

from symbolic.problems.data_sets.prepared import prepare
from symbolic.problems.files import write_problems
from symbolic.problems.production.generate import generate
from symbolic.runtime.locks import locked
from symbolic.training.trials import run_trial
from tests import PROJECT


def test_a_folder_is_locked_until_its_run_ends(tmp_path):
    with locked(tmp_path):
        with pytest.raises(OSError, match=f"another run is at work in {tmp_path}; give this one"), locked(tmp_path):
            pass
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path):
        pass


def test_a_lock_file_that_is_removed_before_it_is_locked_does_not_count(tmp_path, monkeypatch):
    """A run ends just when another one begins."""
    removed, flock = [], fcntl.flock

    def ends_meanwhile(*args):
        if not removed:
            (tmp_path / ".lock").unlink()
            removed.append(True)
        flock(*args)

    monkeypatch.setattr(fcntl, "flock", ends_meanwhile)
    with locked(tmp_path):
        assert removed
        with pytest.raises(OSError, match="another run is at work"), locked(tmp_path):
            pass


def test_a_run_may_remove_its_folder(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    with locked(folder):
        shutil.rmtree(folder)


def test_a_killed_run_leaves_no_lock(tmp_path):
    program = (
        "import os\nfrom symbolic.runtime.locks import locked\n"
        f"with locked({str(tmp_path)!r}):\n    os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=PROJECT).returncode == -9
    with locked(tmp_path):
        pass


def test_what_writes_a_folder_of_files_keeps_other_runs_out(tmp_path):
    raw, out = tmp_path / "raw.tsv.gz", tmp_path / "out"
    write_problems(raw, [("sub Y' x", "x")])
    out.mkdir()
    runs = {
        "generate": lambda: generate(out, "bwd", 10, seed=0),
        "prepare": lambda: prepare([raw], out),
        "run_trial": lambda: run_trial("trial", None, None, out),
    }
    with locked(out):
        for run in runs.values():
            with pytest.raises(OSError, match="another run is at work"):
                run()
        assert [path.name for path in out.iterdir()] == [".lock"]


def test_a_manifest_of_another_program_is_refused(tmp_path):
    manifest = tmp_path / "manifest.json"
    for text in ('{"name": "a web page"}', "[]", "not JSON"):
        manifest.write_text(text)
        write_problems(tmp_path / "raw.tsv.gz", [("sub Y' x", "x")])
        for run in (lambda: generate(tmp_path, "bwd", 10, seed=0), lambda: prepare([tmp_path], tmp_path / "out")):
            with pytest.raises(ValueError, match=f"{manifest} is no manifest of generated problems"):
                run()
        assert manifest.read_text() == text
