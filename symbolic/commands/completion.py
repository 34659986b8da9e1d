"""Command that prints a completion script for a shell: completion."""

import argparse

from symbolic.commands import AddCommand

SHELLS = ("bash", "zsh", "tcsh")


def add(command: AddCommand) -> None:
    """Add this command to the command line."""
    sub = command("completion", _completion, "Print a script that completes commands and options in a shell.")
    sub.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"one of {', '.join(SHELLS)}")


def _completion(args: argparse.Namespace) -> int:
    import shtab

    print(shtab.complete(args.parser, args.shell))
    return 0
