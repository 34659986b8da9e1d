"""The SHA-256 of files, in one place, so that a large file is hashed once."""

import functools
import hashlib
from pathlib import Path


def sha256_of(path: Path | str) -> str:
    """The SHA-256 of a file's bytes as hexadecimal digits.

    It is remembered, and computed again only if the file's size or its time of modification has changed.

    Raises:
        OSError: the file cannot be read.
    """
    path = Path(path)
    status = path.stat()
    return _sha256_of(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache
def _sha256_of(path: Path, size: int, modified: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
