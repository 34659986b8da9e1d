"""One run at a time in a folder. Knows nothing of what a run does."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(folder: Path | str) -> Iterator[None]:
    """Keep other runs out of an existing folder; the system lifts the lock even of a process that was killed.

    Raises:
        OSError: another run is at work in the folder, or the folder cannot be written.
    """
    path = Path(folder) / ".lock"
    with open(path, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(lock.fileno()), os.stat(path)):
                raise BlockingIOError  # a run has just ended and removed this file, and another one has begun
        except (BlockingIOError, FileNotFoundError):
            raise OSError(f"another run is at work in {folder}; give this one a folder of its own.") from None
        try:
            yield
        finally:
            path.unlink()
