"""Errors for unknown names, with the nearest known name and the list of all."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The sentence "Did you mean `...`?" after a space, for the nearest known word; empty if none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean `{near[0]}`?" if near else ""


def unknown_name(what: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a name of this kind (`what`) that is not known: it has the nearest known name and the list."""
    known = list(known)
    return ValueError(f"unknown {what} `{name}`.{did_you_mean(name, known)} Known: {', '.join(known)}.")
