"""Commands that train models: train."""

import argparse
import os
import sys
import traceback
from pathlib import Path

from symbolic.commands import AddCommand, check_at_least_1
from symbolic.runtime.startup import import_keras


def add(command: AddCommand) -> None:
    """Tell the command line these commands."""
    sub = command("train", _train, "Train trials, verify what they solve, and compare them.")
    sub.epilog = "A killed run resumes when the same command is given again: finished trials are skipped."
    sub.add_argument(
        "--trials",
        metavar="NAMES",
        help="`all`, or names and beginnings of names, up to a _: trial_3,cells,quick; if not given, `quick`, or "
        "`all` with --trials-file",
    )
    sub.add_argument(
        "--trials-file", metavar="FILE", help="Python file with the trials; without it, the project's model_params.py"
    )
    sub.add_argument(
        "--data",
        default="data/starter",
        metavar="DIR",
        help="folder with train, valid and test files; several as DIR:0.6,DIR:0.3",
    )
    sub.add_argument("--runs", default="runs", metavar="DIR", help="folder that gets one folder per trial")
    sub.add_argument("--epochs", type=int, metavar="N", help="train at most N epochs instead of the trial's own")
    sub.add_argument("--seed", type=int, metavar="N", help="seed instead of the trial's own")
    sub.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count(),
        metavar="N",
        help="processes that verify answers, encode files and make the problems of a stream",
    )
    sub.add_argument(
        "--engine", default="local", help="local: trials one by one on this machine; ray: on the nodes of a cluster"
    )
    sub.add_argument(
        "--max-bad-lines",
        type=float,
        default=0.01,
        metavar="FRACTION",
        help="fraction of unreadable lines allowed in a file",
    )
    sub.add_argument(
        "--stream",
        metavar="TASKS",
        help="train on fresh problems of these tasks: bwd,ibp, or with weights bwd:0.6,my_module:my_family:0.4",
    )
    sub.add_argument(
        "--vocabulary",
        default="adapted",
        help="adapted: the tokens of the training data; fixed, as always with --stream: all tokens there are",
    )
    sub.add_argument("--list", action="store_true", help="list the trials and stop")


def _train(args: argparse.Namespace) -> int:
    check_at_least_1("--workers", args.workers)
    from symbolic.training.trials_file import read_trials

    trials = read_trials(args.trials_file)
    if args.list:
        for name, trial in trials.model_params.items():
            print(f"{name:20} " + " ".join(f"{key}={value}" for key, value in trial.items()))
        return 0
    if args.engine == "ray":  # the trials need the GPUs' memory; this process only tries out their models
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import_keras()
    from symbolic.training import devices

    try:
        status = _run(args, trials)
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from the last whole epoch", file=sys.stderr)
        status = 130
    except Exception as error:
        if devices.world_size() == 1:
            raise
        if isinstance(error, ValueError | OSError):
            print(f"symbolic train: {error}", file=sys.stderr)
        else:
            traceback.print_exc()
        status = 1
    devices.exit_if_failed(status)
    return status


def _run(args: argparse.Namespace, trials) -> int:
    from symbolic.training import devices
    from symbolic.training.comparison import CURVES, TABLE, format_table
    from symbolic.training.data import parse_stream
    from symbolic.training.params import select
    from symbolic.training.runs import SymbolicModelTrain

    names = args.trials or ("quick" if args.trials_file is None else "all")
    overrides = {"epoch": args.epochs, "seed": args.seed}
    overrides = {key: value for key, value in overrides.items() if value is not None}
    selected = {name: {**trial, **overrides} for name, trial in select(names, trials.model_params).items()}
    stream = parse_stream(args.stream) if args.stream is not None else None
    training = SymbolicModelTrain(selected, args.runs, args.workers, stream, defaults=trials.defaults)
    table = training.run_all(args.data, args.max_bad_lines, args.engine, args.vocabulary)
    if devices.rank():
        return 0
    runs = Path(args.runs)
    print(f"\n{format_table(table)}\n")
    print(f"table: {runs / TABLE}   curves: {runs / CURVES}   one folder per trial: {runs}/")
    judged = table[table["solve_rate"].notna()]
    if len(judged) and "Y'" in training.context_processor.vocabulary:
        best = judged.loc[judged["solve_rate"].astype(float).idxmax(), "trial"]
        print(f'ask the best: {_command(best, trials)} integrate "cos(x)*exp(sin(x))" --run {runs / best}')
    return 1 if training.failures else 0


def _command(trial: str, trials) -> str:
    """How the person at the machine starts the command line, with the module of a model of their own."""
    python = "python" if "VIRTUAL_ENV" in os.environ else os.path.relpath(sys.executable)
    command = "symbolic" if Path(sys.argv[0]).name == "symbolic" else f"{python} -m symbolic"
    module, colon, _ = str(trials.model_params.get(trial, {}).get("model", "")).partition(":")
    return f"{command} --import {module}" if colon else command
