"""A full disk is one sentence with the path and what is wanted; what may go has gone, and what was whole is kept."""

import os
import resource
import subprocess
import sys

import pytest

from symbolic.runtime.atomic import atomic_path
from tests import PROJECT

SMALL = ("--max-ops", "4", "--seed", "3")


def symbolic(*words, largest_file=None):
    """Run a command that cannot write larger files than this many bytes, which is an error as on a full disk."""

    def limit():
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.run(
        [sys.executable, "-m", "symbolic", *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def check_one_sentence(done, command, path):
    assert done.returncode == 2
    (sentence,) = [line for line in done.stderr.splitlines() if line.startswith(f"symbolic {command}")]
    assert str(path) in sentence and "cannot be written, the disk or the quota is full" in sentence
    assert "Traceback" not in done.stderr
    return sentence


def test_generate_keeps_its_shards_and_no_work(tmp_path):
    words = ("generate", "--count", 4000, "--shard-size", 1000, "--workers", 1, *SMALL, "--out", tmp_path / "shards")
    full = symbolic(*words, largest_file=20_000)  # a journal of a shard is larger
    assert "bytes are wanted" in check_one_sentence(full, "generate", tmp_path / "shards")
    assert everything_in(tmp_path / "shards") in ([], ["manifest.json"])
    assert symbolic(*words).returncode == 0


def test_prepare_and_dataset_leave_the_earlier_set(tmp_path):
    shards, out = tmp_path / "shards", tmp_path / "set"
    symbolic("generate", "--count", 3000, "--workers", 1, *SMALL, "--out", shards)
    words = ("prepare", shards, "--valid", 10, "--test", 10, "--workers", 1, "--out", out)
    assert symbolic(*words).returncode == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert "bytes are wanted" in check_one_sentence(symbolic(*words, largest_file=100_000), "prepare", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before

    words = ("dataset", "--train", 300, "--valid", 5, "--test", 5, *SMALL, "--out", tmp_path / "drawn")
    check_one_sentence(symbolic(*words, largest_file=500), "dataset", tmp_path / "drawn")
    assert not (tmp_path / "drawn").exists()


def test_every_file_that_is_written_whole_is_named(tmp_path):
    with pytest.raises(OSError, match="file.txt cannot be written, the disk or the quota is full; [0-9,]+ bytes"):
        with atomic_path(tmp_path / "file.txt"):
            raise OSError(28, "No space left on device")
    assert everything_in(tmp_path) == []
