"""Errors for misspelt names: the nearest known name, and the whole list."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean `…`?`, with a space before it, for the nearest known word; empty if none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean `{near[0]}`?" if near else ""


def unknown_name(what: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a misspelt name, with the nearest known one and the whole list."""
    known = list(known)
    return ValueError(f"unknown {what} `{name}`.{did_you_mean(name, known)} Known: {', '.join(known)}.")
