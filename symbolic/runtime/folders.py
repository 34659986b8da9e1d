"""Folders that a command writes: nothing of another origin is replaced, and an error leaves no empty one."""

import contextlib
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


def differences(there: Mapping[str, Any], now: Mapping[str, Any], was: str = "was", is_now: str = "is now") -> str:
    """Where the settings that a folder was begun with differ from those of now: `seed was 1 and is now 2; ...`.

    Nested settings are named by their path, as `options.max_ops`. Empty if nothing differs.
    """
    there, now = _flat(there), _flat(now)
    return "; ".join(
        f"{name} {was} {there.get(name)!r} and {is_now} {now.get(name)!r}"
        for name in {**there, **now}
        if there.get(name) != now.get(name)
    )


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level: {"options": {"max_ops": 4}} becomes {"options.max_ops": 4}."""
    flat = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat
