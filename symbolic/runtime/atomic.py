"""Files that are written whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from symbolic.runtime.disks import full_disk_named


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """A temporary path of the same name, which replaces `path` when the block ends without an error.

    After an error or a kill, `path` is as it was before. Missing folders above it are created.

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
        tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder,
    ):
        temporary = Path(folder) / path.name
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
