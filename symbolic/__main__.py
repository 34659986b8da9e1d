"""The command line: `symbolic COMMAND`, or `python -m symbolic COMMAND`.

The commands are in `symbolic.commands`. `--help` lists them, and `COMMAND --help` lists the options of one.
"""
# ruff: noqa: E402  The version of Python is checked before any file is read that older ones do not understand

import argparse
import os
import re
import sys

from symbolic.runtime.startup import check_python, missing_package

check_python()

from symbolic import __version__
from symbolic.commands import (
    completion,
    convert,
    evaluate,
    examples_of,
    export,
    improve,
    problems,
    results,
    solve,
    train,
    verify,
)
from symbolic.runtime.imports import import_module
from symbolic.runtime.names import unknown_name
from symbolic.runtime.startup import import_keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow starts: its notes on GPUs would hide our output


_MOST_CHARACTERS = 2000  # of an error message


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 is success, 1 a problem without a verified answer, 2 an error that the user can correct, 130 an interruption.
    Without a command it prints the help.
    """
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # before the command is known
        print("\nsymbolic: interrupted", file=sys.stderr)
        return 130


def _run(arguments: list[str]) -> int:
    parser = _parser()
    words = _with_signs(arguments)
    if not words:
        parser.print_help()
        return 0
    if (unknown := _unknown_command(words)) is not None:
        print(f"symbolic: {unknown_name('command', unknown, _commands(parser))}", file=sys.stderr)
        return 2
    args = parser.parse_args(words)
    args.parser = parser
    try:
        if args.modules:
            import_keras()  # quietly, before a module does it
        for module in args.modules:
            import_module(module)
        return args.action(args)
    except BrokenPipeError:  # whoever reads the output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        print(f"symbolic {args.command}: {_shown(error)}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"symbolic {args.command}: {missing_package(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nsymbolic {args.command}: interrupted", file=sys.stderr)
        return 130


def _shown(error: Exception) -> str:
    """The message of an error at a length that can be read; control characters, which a terminal obeys, as escapes."""
    text = "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in str(error)[:10_000]
    )
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]} ... ({len(str(error)):,} characters)"


def _commands(parser: argparse.ArgumentParser) -> list[str]:
    """The names of all commands."""
    return next(list(action.choices) for action in parser._actions if isinstance(action.choices, dict))


def _unknown_command(words: list[str]) -> str | None:
    """The first word that stands where a command is expected and names none."""
    while words[:1] == ["--import"]:
        words = words[2:]
    is_word = bool(words) and not words[0].startswith("-")
    return words[0] if is_word and words[0] not in _commands(_parser()) else None


def _with_signs(arguments: list[str]) -> list[str]:
    """Problems may begin with a minus. A space before it keeps argparse from reading the problem as an option."""
    first = 2 if arguments[:1] == ["--import"] else 0
    if arguments[first : first + 1] not in (["integrate"], ["dsolve"], ["verify"]):
        return arguments
    before = ["", *arguments]
    return [
        f" {word}" if re.match("-(?!-|h$|$)", word) and last not in ("--run", "--plot") else word
        for last, word in zip(before, arguments, strict=False)
    ]


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Adds an option's default to its help, but not that a flag is off or that an option is not given.

    Examples keep their lines.
    """

    def _fill_text(self, text, width, indent):
        before, heading, after = text.partition("examples:\n")
        filled = super()._fill_text(before, width, indent) if before.strip() else ""
        return "\n\n".join(filter(None, (filled, heading + after)))

    def _get_help_string(self, action):
        has_default = not (action.default is None or action.default is False or action.default == "")
        return super()._get_help_string(action) if has_default else action.help


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="symbolic",
        description="Neural symbolic mathematics: problems, trained models, checked answers.",
    )
    parser.add_argument("--version", action="version", version=f"symbolic {__version__}")
    parser.add_argument(
        "--import",
        dest="modules",
        action="append",
        default=[],
        metavar="MODULE",
        help="import a module first, such as one with the class of a model of your own",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, action, description):
        sub = commands.add_parser(
            name,
            help=description,
            description=description,
            formatter_class=_HelpFormatter,
        )
        sub.set_defaults(action=action)
        return sub

    for subject in (solve, verify, problems, convert, train, improve, results, evaluate, export, completion):
        subject.add(command)
    for name, sub in commands.choices.items():
        sub.epilog = "\n\n".join(filter(None, (sub.epilog, examples_of(name)))) or None
    return parser


if __name__ == "__main__":
    sys.exit(main())
