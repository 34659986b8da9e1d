"""Files are written whole or not at all, and nothing is left beside them."""

import os
import subprocess
import sys

import pytest

from symbolic.runtime.atomic import atomic_path
from tests import PROJECT


def test_a_file_is_replaced_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "a.txt.gz"
    for text in ("one", "two"):
        with atomic_path(path) as temporary:
            assert temporary.name == path.name  # writers choose a format by the name's ending
            temporary.write_text(text)
            assert not path.exists() or path.read_text() == "one"
        assert path.read_text() == text
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_after_an_error_the_file_is_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(KeyError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


def test_a_folder_is_refused_before_the_block_runs(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder; a file to write was expected"), atomic_path(tmp_path):
        raise AssertionError


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path):
    program = (
        "import os, signal\n"
        "from symbolic.runtime.atomic import atomic_path\n"
        "with atomic_path('file') as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment)
    (left,) = tmp_path.iterdir()
    with atomic_path(tmp_path / "other") as temporary:
        temporary.write_text("whole")
    assert left.exists()
    with atomic_path(tmp_path / "file") as temporary, atomic_path(tmp_path / "file") as at_the_same_time:
        temporary.write_text("whole")
        at_the_same_time.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "other"]
