"""Commands that answer problems: integrate."""

import json

from symbolic.commands import AddCommand


def add(command: AddCommand) -> None:
    """Tell the command line these commands."""
    sub = command("integrate", _integrate, "Ask a trained model for an integral and check its answer.")
    sub.add_argument("integrand", help='an expression in x, for example "x*cos(x)"')
    sub.add_argument("--run", required=True, metavar="DIR", help="folder of a finished trial")
    sub.add_argument("--json", action="store_true", help="print the answer as JSON")


def _integrate(args) -> int:
    from symbolic.solver import as_dict, describe, integrate

    solution = integrate(args.integrand, args.run)
    print(json.dumps(as_dict(solution)) if args.json else describe(solution))
    return 0 if solution.answer is not None else 1
