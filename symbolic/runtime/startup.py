"""Imports Keras and its backend without the notes that TensorFlow prints at every start.

Whatever its log level, TensorFlow 2.21 writes to stderr that oneDNN is on and that there is no GPU. Those lines would
hide our output. Everything else that is written to stderr during the import is passed on.
"""

from __future__ import annotations  # so that Python 3.8 reads this file, and `check_python` names the cure

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

BACKENDS = ("tensorflow", "jax")
PYTHONS = ((3, 11), (3, 12), (3, 13))  # as `requires-python` in pyproject.toml
_CURE = "run `make install` and use .venv/bin/python"
_NOTES = re.compile(rb"^(WARNING: All log messages before absl::InitializeLog|I0000 ).*\n", re.MULTILINE)


def check_python() -> None:
    """Exit with one sentence if the project does not run on this Python."""
    if sys.version_info[:2] not in PYTHONS:
        this = f"{sys.version_info[0]}.{sys.version_info[1]} ({sys.executable})"
        sys.exit(f"symbolic: Python 3.11, 3.12 or 3.13 is needed, and this is Python {this}: {_CURE}.")


def missing_package(error: ModuleNotFoundError) -> str:
    """One sentence: which package is not installed, for which Python, and the cure.

    Raises:
        ModuleNotFoundError: the error again, if what is missing is a module of this project.
    """
    if (error.name or "symbolic").partition(".")[0] == "symbolic":
        raise error
    return f"the package {error.name} is not installed for {sys.executable}: {_CURE}."


def import_keras() -> None:
    """Import Keras and its backend, so that later imports are immediate and print nothing.

    Raises:
        ModuleNotFoundError: Keras or TensorFlow is not installed.
        ValueError: it is a backend that models here do not run on, or one that is not installed; or the environment
            asks for Keras 2.
    """
    if os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true"):
        raise ValueError(
            "the variable TF_USE_LEGACY_KERAS asks for Keras 2, and models here are of Keras 3: unset it "
            "(env -u TF_USE_LEGACY_KERAS symbolic ...)."
        )
    with _without_notes():
        try:
            import keras
            import tensorflow  # noqa: F401  vocabularies are TensorFlow's on every backend
        except ModuleNotFoundError as error:
            if error.name in ("keras", "tensorflow"):
                raise
            said = f"the package {error.name} is not installed, which Keras or its backend needs"
            raise ValueError(f"{said}. Backends that models here run on: {', '.join(BACKENDS)}.") from error
    if keras.backend.backend() not in BACKENDS:
        raise ValueError(
            f"Keras's backend must be one of {', '.join(BACKENDS)}. Received: {keras.backend.backend()} "
            "(from the variable KERAS_BACKEND or Keras's own settings)."
        )


@contextlib.contextmanager
def _without_notes() -> Iterator[None]:
    """Holds back what is written to stderr in the block, and writes it at the end without TensorFlow's notes."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            held_back.seek(0)
            os.write(2, _NOTES.sub(b"", held_back.read()))
