"""The manifest of a folder of shards: the settings that decide about its problems, and what every shard holds.

`manifest.json` has the keys

    settings    what must be the same for a run to go on: task, count, seed, options, versions, ...
    begun_on    the machine of the first run, for information
    lengths     "input" and "output" -> number of tokens -> problems
    shards      file name -> problems, rejected draws by reason, tokens, and the SHA-256 of the text
"""

import contextlib
import json
import os
import platform
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.files import read_json
from symbolic.runtime.folders import check_same_settings

MANIFEST = "manifest.json"


def open_manifest(folder: Path, settings: Mapping[str, Any], known_primitives: tuple[str, ...] = ()) -> dict[str, Any]:
    """The manifest of a folder, new or as an earlier run with the same settings left it.

    Args:
        settings: what decides about the problems.
        known_primitives: paths of files whose contents stand in `settings`.

    Raises:
        ValueError: the folder was begun with other settings, or its manifest is another program's.
    """
    path = folder / MANIFEST
    if not path.exists():
        begun_on = {"python": platform.python_version(), "platform": platform.platform()}
        begun_on |= {"known_primitives": list(known_primitives)}
        return {"settings": dict(settings), "begun_on": begun_on, "lengths": {"input": {}, "output": {}}, "shards": {}}
    manifest = read_manifest(path)
    check_same_settings(folder, "problems", flat(manifest["settings"]), flat(settings))
    return manifest


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level, without None: {"options": {"max_ops": 4}} becomes {"options.max_ops": 4}."""
    result = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            result |= flat(value, f"{prefix}{name}.")
        elif value is not None:  # an option that the version of an earlier run did not have is None by default
            result[prefix + name] = value
    return result


def read_manifest(path: Path) -> dict[str, Any]:
    """What `generate` wrote beside its shards.

    Raises:
        ValueError: the file is another program's.
    """
    with contextlib.suppress(ValueError):
        match manifest := read_json(path):
            case {
                "settings": {"task": str(), "count": int(), "seed": int()},
                "lengths": {"input": dict(), "output": dict()},
                "shards": dict(shards),
            } if all(map(_is_shard, shards.values())) and all(map(_is_count, manifest["lengths"].values())):
                return manifest
    raise ValueError(f"{path} is no manifest of generated problems: give them a folder of their own.")


def _is_shard(entry: Any) -> bool:
    match entry:
        case {"problems": int(problems), "rejected": dict(rejected)}:
            return problems >= 0 and all(type(count) is int for count in rejected.values())
    return False


def _is_count(lengths: Any) -> bool:
    """Whether it is number of tokens -> problems, as JSON stores it."""
    return isinstance(lengths, dict) and all(n.isdecimal() and type(count) is int for n, count in lengths.items())


def add_shard(manifest: dict[str, Any], name: str, entry: Mapping[str, Any], lengths: Mapping[str, Counter]) -> None:
    """Enter a finished shard by its file's name."""
    manifest["shards"][name] = entry
    for side, count in lengths.items():
        totals = manifest["lengths"][side]
        for length, problems in count.items():
            totals[str(length)] = totals.get(str(length), 0) + problems


def save_manifest(manifest: Mapping[str, Any], folder: Path, work: Path) -> None:
    """Write the manifest, shards in the order of their names; `work` is a folder for the unfinished file."""
    manifest = {**manifest, "shards": dict(sorted(manifest["shards"].items()))}
    with atomic_path(work / MANIFEST) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    os.replace(work / MANIFEST, folder / MANIFEST)


def count_problems(manifest: Mapping[str, Any]) -> int:
    """Problems in all shards of a manifest."""
    return sum(shard["problems"] for shard in manifest["shards"].values())


def count_rejected(manifest: Mapping[str, Any]) -> Counter:
    """Reason -> draws that gave no problem, in all shards of a manifest."""
    return sum((Counter(shard["rejected"]) for shard in manifest["shards"].values()), Counter())


def lengths_of(manifest: Mapping[str, Any]) -> dict[str, Counter]:
    """ "input" and "output" -> number of tokens -> problems."""
    return {side: Counter({int(n): count for n, count in of.items()}) for side, of in manifest["lengths"].items()}
