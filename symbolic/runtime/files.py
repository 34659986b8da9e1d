"""The SHA-256 of files."""

import functools
import hashlib
from pathlib import Path


def sha256_of(path: Path | str) -> str:
    """The SHA-256 of a file's bytes; not computed twice while its size and time of change stay the same."""
    path = Path(path)
    status = path.stat()
    return _sha256_of(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache
def _sha256_of(path: Path, size: int, changed: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
