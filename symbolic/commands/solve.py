"""Commands that answer problems: integrate, dsolve."""

import argparse
import json

from symbolic.commands import AddCommand, check_at_least_1


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
    sub.add_argument("--beam", type=int, default=10, metavar="N", help="hypotheses of the model")
    sub.add_argument(
        "--repair", action=argparse.BooleanOptionalAction, default=True, help="correct coefficients if nothing verifies"
    )
    sub.add_argument(
        "--linearity",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="integrate part by part if nothing verifies",
    )
    sub.add_argument("--time-limit", type=float, default=10.0, metavar="S", help="seconds to check one candidate")
    sub.add_argument("--json", action="store_true", help="print everything that was tried, as JSON")


def _integrate(args) -> int:
    _check(args)
    from symbolic.solver import integrate

    return _solve(integrate, args)


def _dsolve(args) -> int:
    _check(args)
    from symbolic.solver import dsolve

    return _solve(dsolve, args)


def _check(args) -> None:
    check_at_least_1("--beam", args.beam)
    if not args.time_limit > 0:
        raise ValueError(f"`--time-limit` must be positive. Received: {args.time_limit}.")


def _solve(solver, args) -> int:
    """Print the solution; the exit status is 0 if an answer verified, 1 if none did."""
    options = {"repair": args.repair, "linearity": args.linearity, "time_limit": args.time_limit}
    solution = solver(args.problem, args.run, beam=args.beam, **options)
    print(json.dumps(solution.as_dict(), ensure_ascii=False) if args.json else solution.report())
    return 0 if solution.verdict.solved else 1
