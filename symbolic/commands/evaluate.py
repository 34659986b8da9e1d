"""The commands evaluate and suite, which measure what solvers can do."""

import sys

from symbolic.commands import AddCommand, names


def add(command: AddCommand) -> None:
    """Add these commands to the command line."""
    sub = command("evaluate", _evaluate, "Measure how many problems models and computer algebra systems solve.")
    sub.add_argument(
        "runs", nargs="*", metavar="RUN", help="folder of a trained model; without RUN and --against, the shipped model"
    )
    sub.add_argument("--data", action="append", required=True, metavar="FILE", help="file of problems; may be repeated")
    sub.add_argument("--beam", default="1,10,50", metavar="N,…", help="beam sizes; 1 is greedy")
    sub.add_argument("--limit", type=int, metavar="N", help="N problems of each file, evenly spread over it")
    sub.add_argument("--no-grammar", action="store_true", help="let models write malformed expressions")
    sub.add_argument(
        "--proposers",
        default="",
        metavar="NAME,…",
        help="who proposes beside the model, each with columns of its own: repair, linearity, …; `all` for all",
    )
    sub.add_argument(
        "--seconds", default="", metavar="S,…", help="budgets for a problem; the beam widens until one is proved"
    )
    sub.add_argument("--against", default="", metavar="NAME,…", help="systems: sympy, maxima, fricas, giac, alkahest")
    sub.add_argument(
        "--time-limit", type=float, default=30.0, metavar="S", help="seconds that a system has for a problem"
    )
    sub.add_argument("--workers", type=int, default=1, metavar="N", help="processes that judge, or that systems run in")
    sub.add_argument(
        "--max-bad-lines", type=float, default=0.01, metavar="FRACTION", help="bad lines that a file may have"
    )
    sub.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="folder of the results; the same command resumes it, and its tables count all rows in it",
    )

    sub = command("suite", _suite, "Write a suite of problems that tests how robust a solver is.")
    sub.add_argument("name", metavar="NAME", help="coefficients, far-coefficients, powers, roots, sums or scaled")
    sub.add_argument("--count", type=int, default=1000, metavar="N", help="problems to write")
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same suite")
    sub.add_argument(
        "--of",
        metavar="FILE",
        help="only for sums and scaled: problems, or rows.csv of an evaluation (its solved ones)",
    )
    sub.add_argument("--workers", type=int, default=1, metavar="N", help="processes that prove the solutions")
    sub.add_argument("--out", required=True, metavar="FILE", help="file to write; gzip if its name ends with .gz")


def _evaluate(args) -> int:
    from symbolic.evaluation.matrix import evaluate_matrix
    from symbolic.evaluation.tables import format_matrix, format_results, matrix_table
    from symbolic.solver import default_model
    from symbolic.solving.proposers import OWN

    proposers = OWN if args.proposers == "all" else names(args.proposers)
    try:
        results = evaluate_matrix(
            args.out,
            args.runs or ([] if args.against else [default_model()]),
            args.data,
            systems=names(args.against),
            beams=_numbers("--beam", args.beam, int),
            limit=args.limit,
            time_limit=args.time_limit,
            workers=args.workers,
            max_bad_share=args.max_bad_lines,
            grammar=not args.no_grammar,
            proposers=proposers,
            seconds=_numbers("--seconds", args.seconds, float),
        )
    except KeyboardInterrupt:
        print(f"\ninterrupted; the same command resumes the evaluation in {args.out}", file=sys.stderr)
        return 130
    print(format_results(results))
    print(f"\nsolve rates\n{format_matrix(matrix_table(results))}")
    print(f"\nrows, tables and curves: {args.out}")
    return 0


def _suite(args) -> int:
    from symbolic.evaluation.robustness import make_suite

    print(make_suite(args.name, args.out, args.count, args.seed, source=args.of, workers=args.workers))
    return 0


def _numbers(option: str, text: str, kind: type) -> list:
    """`1,10,50` as [1, 10, 50].

    Raises:
        ValueError: a part is no number of this kind.
    """
    try:
        return [kind(part) for part in names(text)]
    except ValueError:
        raise ValueError(
            f"`{option}` must be numbers separated by commas, such as 1,10,50. Received: {text!r}."
        ) from None
