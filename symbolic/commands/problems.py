"""Commands that make problems: generate, dataset, prepare, leakage."""

import argparse
import dataclasses
import sys
import time

from symbolic.commands import AddCommand

_TASK = "such as bwd, or your own as my_module:my_family"


def add(command: AddCommand) -> None:
    """Add these commands to the command line."""
    sub = command(
        "generate",
        _generate,
        "Make any number of random problems in shards; the same command takes up a run that stopped.",
    )
    sub.add_argument("--task", default="bwd", metavar="NAME", help=f"family of problems, {_TASK}")
    sub.add_argument("--count", type=int, default=100_000, metavar="N", help="problems, duplicates included")
    _add_engine_options(sub)
    sub.add_argument("--shard-size", type=int, default=10_000, metavar="N", help="problems in a file")
    sub.add_argument("--time-limit", type=float, default=10.0, metavar="S", help="CPU seconds that a problem may take")
    sub.add_argument("--memory-limit", type=float, default=2.0, metavar="GIB", help="memory that a process may have")
    _add_problem_options(sub)

    sub = command(
        "dataset", _dataset, "Make a small data set of random problems: a folder with train, valid and test files."
    )
    words = f"families of problems, drawn from in turn, {_TASK}"
    sub.add_argument("--task", nargs="+", default=["bwd"], metavar="NAME", help=words)
    sub.add_argument(
        "--split", default="skeleton", help="skeleton: problems equal up to numbers in the same set; or exact"
    )
    sub.add_argument("--train", type=int, default=100_000, metavar="N", help="training problems")
    sub.add_argument("--valid", type=int, default=2_000, metavar="N", help="validation problems")
    sub.add_argument("--test", type=int, default=2_000, metavar="N", help="test problems")
    _add_problem_options(sub)

    sub = command("prepare", _prepare, "Make a training data set from generated or published files.")
    sub.add_argument("sources", nargs="+", metavar="DIR", help="folder of files with problems, or one such file")
    sub.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    sub.add_argument("--name", metavar="NAME", help="files are NAME.train.gz and so on; the tasks, if not given")
    sub.add_argument(
        "--split", default="skeleton", help="skeleton: problems equal up to numbers in the same set; or exact"
    )
    sub.add_argument("--valid", type=int, default=10_000, metavar="N", help="validation problems")
    sub.add_argument("--test", type=int, default=10_000, metavar="N", help="test problems")
    words = "test problems made elsewhere; what equals one of them up to numbers comes into no set"
    sub.add_argument("--leave-out", nargs="+", default=[], metavar="FILE", help=words)
    sub.add_argument("--memory-limit", default="4GB", metavar="SIZE", help="memory of DuckDB; the rest goes to disk")
    sub.add_argument("--temp", metavar="DIR", help="folder for a database of all problems; --out, if not given")
    _add_engine_options(sub)
    _add_reading_options(sub)

    sub = command("leakage", _leakage, "Count the problems of one file that another one holds too.")
    sub.add_argument("seen", metavar="SEEN", help="file or folder that a model trains on")
    sub.add_argument("tested", metavar="TESTED", help="file or folder that it is tested on")
    sub.add_argument("--workers", type=int, metavar="N", help="processes; all cores, if not given")
    _add_reading_options(sub)


def _add_problem_options(sub: argparse.ArgumentParser) -> None:
    """The fields of `ProblemOptions`, with the seed and the folder."""
    sub.add_argument("--operators", nargs="+", metavar="NAME:WEIGHT", help="as published, if not given")
    sub.add_argument("--min-ops", type=int, metavar="N", help="fewest operators, for 39 of 40 random expressions")
    sub.add_argument("--max-ops", type=int, default=15, metavar="N", help="most operators in a random expression")
    kinds = "of variable, integer, coefficient, constant; variable:3 integer:1, if not given"
    sub.add_argument("--leaves", nargs="+", metavar="KIND:WEIGHT", help=kinds)
    sub.add_argument("--variables", nargs="+", default=["x"], metavar="NAME", help="variables that a leaf may be")
    sub.add_argument("--coefficients", nargs="+", default=[], metavar="NAME", help="coefficients that a leaf may be")
    sub.add_argument("--max-int", type=int, default=5, metavar="N", help="largest integer in a random expression")
    sub.add_argument("--negative-integers", action="store_true", help="half of the integers are negative")
    sub.add_argument("--max-len", type=int, default=512, metavar="N", help="most tokens in an input or output")
    sub.add_argument(
        "--simplify", type=float, default=0.5, metavar="FRACTION", help="bwd: integrands that are simplified, 0 to 1"
    )
    sub.add_argument("--max-ops-G", type=int, default=4, metavar="N", help="ibp: most operators in the second factor")
    sub.add_argument("--table-size", type=int, default=200_000, metavar="N", help="ibp: most primitives in the table")
    sub.add_argument(
        "--known-primitives", nargs="+", default=[], metavar="FILE", help="ibp: what the table starts with"
    )
    sub.add_argument("--integrators", nargs="+", default=[], metavar="NAME", help="fwd: systems to ask, in this order")
    sub.add_argument("--integrator-limit", type=float, metavar="S", help="fwd: CPU seconds that a system may take")
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same files everywhere")
    sub.add_argument("--out", required=True, metavar="DIR", help="folder to write")


def _add_engine_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--engine", default="local", help="local: processes of this machine; ray: the nodes of a cluster")
    sub.add_argument("--workers", type=int, metavar="N", help="processes at a time; all cores, if not given")


def _add_reading_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--max-bad-lines", type=float, default=0.01, metavar="FRACTION", help="bad lines allowed in a file"
    )


def _problem_options(args):
    from symbolic.problems.problem import ProblemOptions

    values = {field.name: getattr(args, field.name) for field in dataclasses.fields(ProblemOptions)}
    values |= {name: _weights(values[name]) for name in ("operators", "leaves") if values[name]}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return ProblemOptions(**{name: value for name, value in values.items() if value is not None})


def _generate(args) -> int:
    from symbolic.problems.production.generate import generate

    limits = {"time_limit": args.time_limit, "memory_limit": args.memory_limit}
    sizes = {"workers": args.workers, "engine": args.engine, "shard_size": args.shard_size}
    try:
        print(generate(args.out, args.task, args.count, args.seed, options=_problem_options(args), **sizes, **limits))
    except KeyboardInterrupt:
        print(f"\ninterrupted; the same command goes on with the unfinished shards of {args.out}", file=sys.stderr)
        return 130
    return 0


def _dataset(args) -> int:
    from symbolic.problems.data_sets.drawn import make_data_set

    counts = {"train": args.train, "valid": args.valid, "test": args.test}
    options, start = _problem_options(args), time.perf_counter()
    report = make_data_set(args.out, args.task, **counts, seed=args.seed, split=args.split, options=options)
    print(report)
    print(f"rate: {sum(report.kept.values()) / (time.perf_counter() - start):,.0f} problems a second")
    return 0


def _prepare(args) -> int:
    from symbolic.problems.data_sets.prepared import prepare

    data_set = {"name": args.name, "split": args.split, "valid": args.valid, "test": args.test}
    data_set["leave_out"] = args.leave_out
    limits = {"max_bad_share": args.max_bad_lines, "memory_limit": args.memory_limit}
    place = {"workers": args.workers, "engine": args.engine, "temp": args.temp}
    try:
        print(prepare(args.sources, args.out, **data_set, **limits, **place))
    except KeyboardInterrupt:
        print(f"\ninterrupted; {args.out} is as it was, and the same command starts anew", file=sys.stderr)
        return 130
    return 0


def _leakage(args) -> int:
    from symbolic.problems.data_sets.leakage import leakage_between

    print(leakage_between(args.seen, args.tested, max_bad_share=args.max_bad_lines, workers=args.workers))
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
