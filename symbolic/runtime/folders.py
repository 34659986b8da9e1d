"""Folders that a command writes: whether an earlier run's folder may be written, or taken up again, and why not.

Nothing of another origin is replaced, and an error leaves no empty folder behind.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from symbolic.runtime.disks import full_disk_named
from symbolic.runtime.locks import locked


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
def output_folder(folder: Path) -> Iterator[None]:
    """Create a folder to write, with those above it; after an error it is removed if it is new and empty."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


@contextlib.contextmanager
def replaced_together(folder: Path, names: Sequence[str], work: str) -> Iterator[Path]:
    """A subfolder to write files into. They take the place of earlier ones when the block ends without an error.

    Until then the earlier files are as they were. The last of `names` is removed first and comes last. So a kill on the
    way leaves a folder without that file, and never a mixture of two runs with it. One run at a time.

    Args:
        folder: where the files belong; it is created.
        names: of the files, all of which the block writes.
        work: the name of the subfolder, a hidden one; what a killed run left in it is removed.

    Raises:
        OSError: another run is at work in the folder, or it cannot be written.
    """
    with output_folder(folder), full_disk_named(folder), locked(folder):
        unfinished = folder / work
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            unfinished.mkdir()
            yield unfinished
            for name in reversed(names):
                (folder / name).unlink(missing_ok=True)
            for name in names:
                os.replace(unfinished / name, folder / name)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
