"""One run at a time in a folder. Knows nothing of what a run does."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def locked(folder: Path | str) -> Iterator[None]:
    """Keep other runs out of an existing folder; the system lifts the lock even of a process that was killed.

    Raises:
        OSError: another run is at work in the folder, or the folder cannot be written.
    """
    path = Path(folder) / ".lock"
    lock = _acquired(path)
    while not _is_at(path, lock):  # a run that ended between the opening of its file and the lock on it has removed it
        lock.close()
        lock = _acquired(path)
    with lock:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # the folder may have been removed


def _acquired(path: Path) -> IO:
    lock = open(path, "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise OSError(f"another run is at work in {path.parent}; give this one a folder of its own.") from None
    return lock


def _is_at(path: Path, file: IO) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False
