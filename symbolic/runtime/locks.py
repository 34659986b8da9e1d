"""One run at a time in a folder.

The package `filelock` would do, but (as of 4.2) it leaves its lock file in the folder. These folders are data sets,
models and results that people list, compare and publish, so the file has to go when the run ends. Removing it is safe
only with the check in `_is_at`, and then a package saves nothing.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def locked(folder: Path | str) -> Iterator[None]:
    """Keep other runs out of an existing folder. The operating system releases the lock if the process is killed.

    Raises:
        OSError: another run is at work in the folder, or the folder cannot be written.
    """
    path = Path(folder) / ".lock"
    lock = _acquired(path)
    # Another run may have ended, and removed its file, after we opened that file and before we locked it. Our lock is
    # then on a file that nobody else will open.
    while not _is_at(path, lock):
        lock.close()
        lock = _acquired(path)
    with lock:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # the run may have removed its folder


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
