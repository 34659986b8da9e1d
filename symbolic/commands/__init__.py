"""The commands of `python -m symbolic`, a file for each subject.

Each file has one public function, `add(command)`; it takes the function that makes a sub-command. A command imports
heavy packages when it runs.
"""

import argparse
from collections.abc import Callable

# (name, action, help) -> the parser of the sub-command; an action takes the parsed words and returns the exit status.
AddCommand = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def check_at_least_1(option: str, value: int) -> None:
    """Refuse a smaller number by the option's name, before anything is loaded.

    Raises:
        ValueError: it is smaller.
    """
    if value < 1:
        raise ValueError(f"`{option}` must be at least 1. Received: {value}.")


def names(text: str) -> list[str]:
    """The names in `one,two,…`."""
    return [name.strip() for name in text.split(",") if name.strip()]
