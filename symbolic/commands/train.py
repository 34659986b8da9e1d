"""Commands that train models: train."""

import argparse
import os
import sys
import traceback
from pathlib import Path

from symbolic.commands import AddCommand, check_at_least_1, names
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
    sub.add_argument(
        "--seed",
        metavar="N,N",
        help="train each trial once for each of these seeds: 0,1,2; with another seed than its own it gets a folder of "
        "its own, TRIAL_seed_N",
    )
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
    sub.add_argument(
        "--tokens",
        default="prefix",
        help="prefix: expressions; any: words of any other meaning, judged by exact match alone",
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

    which = args.trials or ("quick" if args.trials_file is None else "all")
    overrides = {} if args.epochs is None else {"epoch": args.epochs}
    selected = {name: {**trial, **overrides} for name, trial in select(which, trials.model_params).items()}
    stream = parse_stream(args.stream) if args.stream is not None else None
    training = SymbolicModelTrain(
        selected, args.runs, args.workers, stream, defaults=trials.defaults, seeds=_seeds(args.seed)
    )
    table = training.run_all(args.data, args.max_bad_lines, args.engine, args.vocabulary, args.tokens)
    if devices.rank():
        return 0
    runs = Path(args.runs)
    print(f"\n{format_table(table)}\n")
    _print_differences(args.runs)
    print(f"table: {runs / TABLE}   curves: {runs / CURVES}   one folder per trial: {runs}/")
    _print_best(table, runs, trials, training)
    if training.failures:
        reasons = "; ".join(f"{trial}: {reason}" for trial, reason in training.failures.items())
        print(f"failed: {len(training.failures)} of {len(training.model_params)} trials ({reasons})", file=sys.stderr)
    return 1 if training.failures else 0


def _seeds(words: str | None) -> list[int] | None:
    """`0,1,2` as numbers."""
    if words is None:
        return None
    if not all(word.isascii() and word.isdigit() for word in names(words)) or not names(words):
        raise ValueError(f"`--seed` takes whole numbers from 0 up, separated by commas. Received: {words!r}.")
    return [int(word) for word in names(words)]


def _print_differences(runs: str) -> None:
    from symbolic.training.comparison import compare_differences
    from symbolic.training.differences import describe_differences

    if sentences := describe_differences(compare_differences(runs)):
        print(f"{sentences}\n")


def _print_best(table, runs: Path, trials, training) -> None:
    from symbolic.training.comparison import best_trial

    best = best_trial(table)
    if best is None:
        return
    trial, figure = best
    if figure == "loss":
        print(f"No problem was solved. By its loss, {trial} is the best.")
    asks_for_integrals = training.tokens == "prefix" and "Y'" in training.context_processor.vocabulary
    if figure == "solve_rate" and asks_for_integrals:
        print(f'ask the best: {_command(trial, trials)} integrate "cos(x)*exp(sin(x))" --run {runs / trial}')


def _command(trial: str, trials) -> str:
    """How the person at the machine starts the command line, with the module of a model of their own."""
    python = "python" if "VIRTUAL_ENV" in os.environ else os.path.relpath(sys.executable)
    command = "symbolic" if Path(sys.argv[0]).name == "symbolic" else f"{python} -m symbolic"
    module, colon, _ = str(trials.model_params.get(trial, {}).get("model", "")).partition(":")
    return f"{command} --import {module}" if colon else command
