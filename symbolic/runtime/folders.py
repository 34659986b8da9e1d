"""Folders that a command writes: whether an earlier run's folder may be written, or taken up again, and why not.

Nothing of another origin is replaced, and an error leaves no empty folder behind.
"""

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any


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


def differences(
    there: Mapping[str, Any], now: Mapping[str, Any], words: tuple[str, str] = ("there", "now")
) -> list[str]:
    """The settings in which a run begun earlier differs from this one, each as `key: 16 there, 32 now`.

    Values are compared as JSON stores them, so a tuple equals the list that was read back.

    Args:
        there: what the earlier run wrote down.
        now: the settings of this run.
        words: what the two sides are called.
    """
    there, now = (json.loads(json.dumps(side)) for side in (there, now))
    return [
        f"{key}: {_shown(there, key)} {words[0]}, {_shown(now, key)} {words[1]}"
        for key in {**now, **there}
        if (key in there) != (key in now) or there.get(key) != now.get(key)
    ]


def check_same_settings(folder: Path | str, what: str, there: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to take up a folder that an earlier run began with other settings.

    Args:
        what: what the folder holds, for the error: "this trial".

    Raises:
        ValueError: names every difference.
    """
    if changed := differences(there, now):
        raise ValueError(
            f"{folder} holds {what} with other settings ({'; '.join(changed)}). "
            "Choose another folder, or delete this one to begin anew."
        )


def _shown(settings: Mapping[str, Any], key: str) -> str:
    return repr(settings[key]) if key in settings else "missing"


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
