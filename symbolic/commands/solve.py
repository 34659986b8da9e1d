"""Commands that answer problems: integrate, dsolve."""

import argparse
import json
import os

from symbolic.commands import AddCommand, check_at_least_1, names


def add(command: AddCommand) -> None:
    """Add these commands to the command line."""
    sub = command("integrate", _integrate, "Ask a trained model for an integral and check its answer.")
    sub.add_argument("problem", metavar="INTEGRAND", help='an expression in x, for example "x*cos(x)"')
    _add_solving_options(sub)

    sub = command("dsolve", _dsolve, "Ask a trained model for the solution of a differential equation and check it.")
    sub.add_argument("problem", metavar="EQUATION", help="an equation in x, y, y' and y'', for example \"y' + y = x\"")
    _add_solving_options(sub)


def _add_solving_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--run", metavar="DIR", help="folder of a finished trial; without it, the shipped model")
    sub.add_argument(
        "--seconds", type=float, default=10.0, metavar="S", help="time to search; the beam widens until one is proved"
    )
    sub.add_argument("--beam", type=int, metavar="N", help="search once with this beam instead, and judge all of it")
    sub.add_argument(
        "--proposers",
        metavar="NAME,…",
        help="who proposes beside the model: all, if not given; none for the model alone",
    )
    sub.add_argument("--no-systems", action="store_true", help="ask no computer algebra system")
    sub.add_argument("--time-limit", type=float, default=10.0, metavar="S", help="seconds to check one candidate")
    sub.add_argument("--json", action="store_true", help="print everything that was tried, as JSON")


def _integrate(args) -> int:
    _check(args)
    return _solve("integrate", args)


def _dsolve(args) -> int:
    _check(args)
    return _solve("dsolve", args)


def _check(args) -> None:
    if args.beam is not None:
        check_at_least_1("--beam", args.beam)
    for name in ("time_limit", "seconds"):
        if not getattr(args, name) > 0:
            raise ValueError(f"`--{name.replace('_', '-')}` must be positive. Received: {getattr(args, name)}.")


def _solve(solver: str, args) -> int:
    """Print the solution; the exit status is 0 if an answer verified, 1 if none did."""
    # The products of a search are too small for several threads, which would only wait for one another.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from symbolic.runtime.processes import WarmPools, start_server

    start_server("symbolic.solving.sandbox", "symbolic.verification")  # while this process imports and searches
    from symbolic import solver as solvers

    options = {"beam": args.beam, "seconds": args.seconds, "time_limit": args.time_limit}
    if args.proposers is not None:
        options["proposers"] = [] if args.proposers == "none" else names(args.proposers)
    with WarmPools() as pools, pools.in_use():
        solution = getattr(solvers, solver)(args.problem, model=args.run, systems=not args.no_systems, **options)
        print(json.dumps(solution.as_dict(), ensure_ascii=False) if args.json else solution.report())
    return 0 if solution.verdict.solved else 1
