"""python -m symbolic: make problems, compare and plot trials, integrate.

Each command says what it takes with --help. Heavy rooms are imported by the command that needs them.
"""

import argparse
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow starts: its notes on GPUs would hide ours


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if all went well, 2 after an error that the user can mend, 130 after an interruption."""
    args = _parser().parse_args(arguments)
    try:
        return args.action(args)
    except (ValueError, OSError) as error:
        print(f"symbolic {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nsymbolic {args.command}: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m symbolic",
        description="Neural symbolic mathematics: problems, trained models, checked answers.",
        epilog="Models are trained by `python run_model_train.py`.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, action, words):
        sub = commands.add_parser(
            name, help=words, description=words, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        sub.set_defaults(action=action)
        return sub

    sub = command(
        "generate", _generate, "Make a data set of random problems: a folder with train, valid and test files."
    )
    sub.add_argument("--task", default="bwd", help="family of problems")
    sub.add_argument("--train", type=int, default=100_000, metavar="N", help="training problems")
    sub.add_argument("--valid", type=int, default=2_000, metavar="N", help="validation problems")
    sub.add_argument("--test", type=int, default=2_000, metavar="N", help="test problems")
    sub.add_argument("--operators", nargs="+", metavar="NAME:WEIGHT", help="as published, if not given")
    sub.add_argument("--min-ops", type=int, metavar="N", help="fewest operators in 39 of 40 random expressions")
    sub.add_argument("--max-ops", type=int, default=15, metavar="N", help="most operators in a random expression")
    sub.add_argument("--leaves", nargs="+", metavar="KIND:WEIGHT", help="variable:3 integer:1, if not given")
    sub.add_argument("--variables", nargs="+", default=["x"], metavar="NAME", help="variables that a leaf may be")
    sub.add_argument("--max-int", type=int, default=5, metavar="N", help="largest integer in a random expression")
    sub.add_argument("--negative-integers", action="store_true", help="half of the integers are negative")
    sub.add_argument("--max-len", type=int, default=512, metavar="N", help="most tokens in an input or output")
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same files everywhere")
    sub.add_argument("--out", required=True, metavar="DIR", help="folder to write")

    sub = command("compare", _compare, "Print and save one table of all trials in a runs folder.")
    sub.add_argument("--runs", default="runs", metavar="DIR", help="folder with one folder per trial")

    sub = command("plot", _plot, "Draw the curves of all trials, or one problem's attention.")
    sub.add_argument("--runs", default="runs", metavar="DIR", help="folder with one folder per trial")
    sub.add_argument("--attention", metavar="INTEGRAND", help="draw where --run's model looks while it integrates this")
    sub.add_argument("--run", metavar="DIR", help="folder of the trial whose attention is drawn")

    sub = command("integrate", _integrate, "Ask a trained model for an integral and check its answer.")
    sub.add_argument("integrand", help='an expression in x, for example "x*cos(x)"')
    sub.add_argument("--run", required=True, metavar="DIR", help="folder of a finished trial")
    sub.add_argument("--json", action="store_true", help="print the answer as JSON")
    return parser


def _generate(args) -> int:
    from symbolic.problems.problem import ProblemOptions
    from symbolic.problems.production import make_data_set

    weights = {name: _weights(words) for name in ("operators", "leaves") if (words := getattr(args, name))}
    options = ProblemOptions(
        **weights,
        min_ops=args.min_ops,
        max_ops=args.max_ops,
        variables=tuple(args.variables),
        max_int=args.max_int,
        negative_integers=args.negative_integers,
        max_len=args.max_len,
    )
    counts = {"train": args.train, "valid": args.valid, "test": args.test}
    print(make_data_set(args.out, args.task, **counts, seed=args.seed, options=options))
    return 0


def _weights(words: list[str]) -> dict[str, int]:
    """`add:10 mul:5` as {"add": 10, "mul": 5}."""
    weights = {}
    for word in words:
        name, _, weight = word.partition(":")
        if not weight.isascii() or not weight.isdigit():
            raise ValueError(f"a weight is written NAME:NUMBER, such as add:10. Received: {word!r}.")
        weights[name] = int(weight)
    return weights


def _compare(args) -> int:
    from symbolic.experiments.comparison import TABLE, compare, format_table

    print(format_table(compare(args.runs)))
    print(f"\nwith parameters and reasons: {os.path.join(args.runs, TABLE)}")
    return 0


def _plot(args) -> int:
    from symbolic.experiments.comparison import draw_curves

    if args.attention is None:
        paths = draw_curves(args.runs)
    else:
        if args.run is None:
            raise ValueError("`--attention` needs `--run`, the folder of the trial whose attention is drawn")
        paths = [_draw_attention(args.attention, args.run)]
    for path in paths:
        print(path)
    return 0


def _draw_attention(integrand: str, run: str) -> str:
    from symbolic.experiments.plots import plot_attention, save_figure
    from symbolic.seq2seq.translator import Translator
    from symbolic.solver import problem_of

    translator = Translator.load(run)
    path = os.path.join(run, "attention.png")
    save_figure(plot_attention(*translator.attention(problem_of(integrand, translator))), path)
    return path


def _integrate(args) -> int:
    from symbolic.solver import as_dict, describe, integrate

    solution = integrate(args.integrand, args.run)
    print(json.dumps(as_dict(solution)) if args.json else describe(solution))
    return 0 if solution.answer is not None else 1


if __name__ == "__main__":
    sys.exit(main())
