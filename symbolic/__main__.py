"""python -m symbolic: make problems, train, compare and plot trials, solve, verify, evaluate, export, release.

Each command says what it takes with --help; what it does stands in `commands`.
"""
# ruff: noqa: E402  The version of Python is checked before any file is read that older ones do not understand

import argparse
import os
import re
import sys

from symbolic.runtime.startup import check_python, missing_package

check_python()

from symbolic.commands import evaluate, export, problems, results, solve, train, verify

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow starts: its notes on GPUs would hide ours


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if all went well, 2 after an error that the user can mend, 130 after an interruption."""
    args = _parser().parse_args(_with_signs(sys.argv[1:] if arguments is None else arguments))
    try:
        return args.action(args)
    except (ValueError, OSError) as error:
        print(f"symbolic {args.command}: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"symbolic {args.command}: {missing_package(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nsymbolic {args.command}: interrupted", file=sys.stderr)
        return 130


def _with_signs(arguments: list[str]) -> list[str]:
    """Problems may begin with a minus: with a space before it argparse does not take one for an option."""
    if arguments[:1] not in (["integrate"], ["dsolve"]):
        return arguments
    before = ["", *arguments]
    return [
        f" {word}" if re.match("-(?!-|h$)", word) and last != "--run" else word
        for last, word in zip(before, arguments, strict=False)
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m symbolic",
        description="Neural symbolic mathematics: problems, trained models, checked answers.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, action, words):
        sub = commands.add_parser(
            name, help=words, description=words, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        sub.set_defaults(action=action)
        return sub

    for subject in (problems, train, results, solve, verify, evaluate, export):
        subject.add(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
