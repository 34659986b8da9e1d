"""The command improve, by which a model learns from what the whole solver proves."""

import argparse
import os
import sys

from symbolic.commands import AddCommand, check_at_least_1, names
from symbolic.runtime.startup import import_keras


def add(command: AddCommand) -> None:
    """Add this command to the command line."""
    sub = command("improve", _improve, "Solve problems with all proposers, and train the model on what was proved.")
    sub.epilog = "A killed run goes on when the same command is given again."
    sub.add_argument("run", metavar="RUN", help="folder of a trained model to begin with")
    sub.add_argument(
        "--problems", action="append", required=True, metavar="FILE", help="file of problems; may be repeated"
    )
    sub.add_argument("--data", required=True, metavar="DIR", help="the other training data: DIR:0.6,DIR:0.3")
    sub.add_argument("--rounds", type=int, default=1, metavar="N", help="how often to solve and train")
    sub.add_argument("--trial", default="improve", metavar="NAME", help="the trial of the trials file that trains")
    sub.add_argument(
        "--trials-file", metavar="FILE", help="Python file with the trials; without it, the project's model_params.py"
    )
    sub.add_argument("--weight", type=float, default=0.25, metavar="W", help="fraction of training for the new pairs")
    sub.add_argument("--beam", type=int, default=10, metavar="N", help="beam size of the model")
    sub.add_argument("--systems", default="", metavar="NAME,…", help="systems that are asked last: sympy, giac, …")
    sub.add_argument(
        "--leave-out",
        nargs="+",
        default=[],
        metavar="FILE",
        help="test problems; what equals one of them up to numbers is not trained on",
    )
    sub.add_argument("--time-limit", type=float, default=5.0, metavar="S", help="seconds for one step on one problem")
    sub.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N", help="processes")
    sub.add_argument("--out", required=True, metavar="DIR", help="folder of the rounds")


def _improve(args: argparse.Namespace) -> int:
    for option, value in (("--workers", args.workers), ("--beam", args.beam), ("--rounds", args.rounds)):
        check_at_least_1(option, value)
    import_keras()
    from symbolic.runtime.names import unknown_name
    from symbolic.training.improving import improve
    from symbolic.training.trials_file import read_trials

    trials = read_trials(args.trials_file)
    if args.trial not in trials.model_params:
        raise unknown_name("trial", args.trial, trials.model_params)
    try:
        last = improve(
            args.run,
            args.problems,
            args.data,
            args.out,
            trials.model_params[args.trial],
            rounds=args.rounds,
            beam=args.beam,
            systems=names(args.systems),
            leave_out=args.leave_out,
            weight=args.weight,
            time_limit=args.time_limit,
            workers=args.workers,
            defaults=trials.defaults,
        )
    except KeyboardInterrupt:
        print(f"\ninterrupted; the same command goes on in {args.out}", file=sys.stderr)
        return 130
    print(f"improved model: {last}")
    return 0
