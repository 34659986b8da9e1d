"""Files: their SHA-256, in one place, so that a large file is hashed once; and JSON objects that others wrote."""

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

_MOST_BYTES = 1 << 26  # of a JSON file; the largest that is written here, a manifest, has a few MB


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


def read_json(path: Path | str) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        OSError: the file cannot be read.
        ValueError: names the file: it is no regular file, has more than 64 MB, or holds something else.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is no regular file; a JSON file was expected.")
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path} is damaged: it has more than {_MOST_BYTES >> 20} MB.")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # no JSON, a number of too many digits, or no UTF-8
        raise ValueError(f"{path} is damaged: it is no JSON ({error}).") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} is damaged: a JSON object was expected.")
    return content
