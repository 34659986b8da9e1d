"""Files that are written whole or not at all."""

import contextlib
import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from symbolic.runtime.disks import full_disk_named

_MACHINE = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """A temporary path of the same name, which replaces `path` when the block ends without an error.

    After an error or a kill, `path` is as it was before. Missing folders above it are created. What a killed process
    of this machine left beside `path` is removed.

    Raises:
        OSError: it cannot be written; where the disk is full, the error names `path`. A folder at `path` is refused
            before the block runs.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; a file to write was expected.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        full_disk_named(path),
        tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-{_MACHINE}-{os.getpid()}-") as folder,
    ):
        _remove_left_over(path)
        temporary = Path(folder) / path.name
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)


def _remove_left_over(path: Path) -> None:
    """Remove the temporary folders of processes that are gone; several machines may write into one folder."""
    prefix = f".{path.name}-{_MACHINE}-"
    for name in os.listdir(path.parent):
        process_id = name.removeprefix(prefix).partition("-")[0]
        if name.startswith(prefix) and process_id.isdecimal() and not _runs(int(process_id)):
            shutil.rmtree(path.parent / name, ignore_errors=True)


def _runs(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, and is somebody else's
        pass
    return True
