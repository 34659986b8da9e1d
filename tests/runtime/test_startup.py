"""Importing Keras: only TensorFlow's notes are left out, and an unknown backend is refused."""

import os
import subprocess
import sys

import pytest

from symbolic.runtime.startup import _without_notes

NOTES = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    "I0000 00:00:1795313204.216540   13614 cudart_stub.cc:31] Could not find cuda drivers on your machine.\n"
)


def test_notes_are_left_out_and_warnings_and_errors_passed_on(capfd):
    with pytest.raises(ImportError), _without_notes():
        os.write(2, b"E0000 00:00:1 2 plugin.cc:1] broken\n" + NOTES.encode() + b"and this\n")
        raise ImportError
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "E0000 00:00:1 2 plugin.cc:1] broken\nand this\nafterwards\n"


def test_a_backend_that_models_do_not_run_on_is_refused_in_a_sentence():
    words = [sys.executable, "-m", "symbolic", "export", "pretrained", "exported"]
    ended = subprocess.run(words, env=os.environ | {"KERAS_BACKEND": "numpy"}, capture_output=True, text=True)
    assert ended.returncode == 2
    message = "symbolic export: Keras's backend must be one of tensorflow, jax. Received: numpy "
    assert ended.stderr.splitlines()[-1].startswith(message) and "Traceback" not in ended.stderr
