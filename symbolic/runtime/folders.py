"""Folders that a command writes: nothing of another origin is replaced, and an error leaves no empty one.

Knows nothing of what is written.
"""

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path


def holds_earlier(folder: Path, files: Collection[str]) -> bool:
    """Whether a folder that is to get files of these names has some of them already.

    Raises:
        ValueError: it holds anything else, hidden files apart.
        NotADirectoryError: it is a file.
    """
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; a folder to write was expected.")
    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    if others := sorted(there.difference(files)):
        raise ValueError(
            f"{folder} holds other files, such as {others[0]}: what is to be written needs its own folder."
        )
    return bool(there)


@contextlib.contextmanager
def made(folder: Path) -> Iterator[None]:
    """A folder, made if it is not there, with those above it; after an error it goes again if it is new and empty."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
