"""Commands that look at trained models: compare, plot."""

import os

from symbolic.commands import AddCommand
from symbolic.runtime.startup import import_keras


def add(command: AddCommand) -> None:
    """Tell the command line these commands."""
    sub = command("compare", _compare, "Print and save one table of all trials in a runs folder.")
    sub.add_argument("--runs", default="runs", metavar="DIR", help="folder with one folder per trial")
    sub.add_argument("--each-seed", action="store_true", help="a row for each seed of a trial, not their mean")

    sub = command("plot", _plot, "Draw the curves of all trials, or one problem's attention.")
    sub.add_argument("--runs", default="runs", metavar="DIR", help="folder with one folder per trial")
    sub.add_argument("--x", default="epoch", help="what the curves are drawn by: epoch, problems (seen) or seconds")
    sub.add_argument("--attention", metavar="INTEGRAND", help="draw where --run's model looks while it integrates this")
    sub.add_argument("--run", metavar="DIR", help="folder of the trial whose attention is drawn")


def _compare(args) -> int:
    import_keras()
    from symbolic.training.comparison import TABLE, compare, compare_differences, format_table
    from symbolic.training.differences import describe_differences

    print(format_table(compare(args.runs, args.each_seed)))
    if sentences := describe_differences(compare_differences(args.runs)):
        print(f"\n{sentences}")
    print(f"\nall columns, with reasons: {os.path.join(args.runs, TABLE)}")
    return 0


def _plot(args) -> int:
    import_keras()
    from symbolic.training.comparison import draw_curves

    if args.attention is None:
        paths = draw_curves(args.runs, args.x)
    else:
        if args.run is None:
            raise ValueError("`--attention` needs `--run`, the folder of the trial whose attention is drawn")
        paths = [_draw_attention(args.attention, args.run)]
    for path in paths:
        print(path)
    return 0


def _draw_attention(integrand: str, run: str) -> str:
    from symbolic.evaluation.plots import plot_attention, save_figure
    from symbolic.expressions.infix import to_infix
    from symbolic.expressions.prefix import from_prefix
    from symbolic.seq2seq.translator import Translator
    from symbolic.solver import problem_of

    translator = Translator.load(run)
    problem = problem_of(integrand, translator)
    path = os.path.join(run, "attention.png")
    save_figure(plot_attention(*translator.attention(problem), title=to_infix(from_prefix(problem))), path)
    return path
