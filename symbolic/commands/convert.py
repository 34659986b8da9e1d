"""The command that converts files of problems: convert."""

from symbolic.commands import AddCommand


def add(command: AddCommand) -> None:
    """Add this command to the command line."""
    sub = command(
        "convert",
        _convert,
        "Convert CSV, JSON lines or text with formulas (infix, LaTeX, SymPy, prefix) to a data folder, and back.",
    )
    sub.epilog = (
        "What cannot be converted is left out, counted by reason, and shown with file and line. Solutions are not "
        "checked; `symbolic verify` does that."
    )
    sub.add_argument("sources", nargs="+", metavar="FILE", help="file of problems, or folder of such files")
    sub.add_argument("--answers", metavar="FILE", help="solutions line by line, if FILE holds problems alone")
    words = "data folder to write; or one file, such as mine.csv, mine.jsonl, mine.txt, mine.train.gz"
    sub.add_argument("--out", required=True, metavar="PATH", help=words)
    words = "formulas of a file: infix, latex, sympy or prefix; prefix for .train, .valid, .test, otherwise infix"
    sub.add_argument("--to", metavar="NOTATION", help=words)


def _convert(args) -> int:
    from symbolic.problems.data_sets.converted import convert

    print(convert(args.sources, args.out, answers=args.answers, to=args.to))
    return 0
