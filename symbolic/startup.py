"""Keras and its backend, imported without the notes that TensorFlow prints on every start.

TensorFlow 2.21 says on stderr that oneDNN is on and that there is no GPU, whatever its log level; these lines would
hide ours. Everything else that is written there meanwhile is passed on.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

_NOTES = re.compile(rb"^(WARNING: All log messages before absl::InitializeLog|I0000 ).*\n", re.MULTILINE)


def import_keras() -> None:
    """Import Keras and its backend; later imports cost nothing and say nothing."""
    with _without_notes():
        import keras  # noqa: F401


@contextlib.contextmanager
def _without_notes() -> Iterator[None]:
    """Within the block what is written to stderr is held back, and then written without lines for information."""
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
