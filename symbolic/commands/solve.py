"""Commands that answer questions: integrate, dsolve, ask."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from symbolic.commands import AddCommand, check_at_least_1, check_positive, names

_HISTORY = 1000  # questions that `symbolic ask` remembers


def add(command: AddCommand) -> None:
    """Add these commands to the command line."""
    sub = command("integrate", _integrate, "Find integrals, with or without limits. Every answer is checked.")
    sub.add_argument(
        "problem",
        nargs="+",
        metavar="INTEGRAND",
        help="what to integrate, as people type it: x*cos(x), \\int_0^1 t^2 dt; - for lines from a pipe",
    )
    _add_solving_options(sub)

    sub = command("dsolve", _dsolve, "Solve differential equations of first or second order. Every answer is checked.")
    sub.add_argument(
        "problem",
        nargs="+",
        metavar="EQUATION",
        help="an equation as people type it, with conditions after it if there are any: y' + y = x, y(0) = 1; - for "
        "lines from a pipe",
    )
    _add_solving_options(sub)

    sub = command("ask", _ask, "Ask for integrals and solutions one after the other, at a prompt.")
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
    sub.add_argument("--verbose", action="store_true", help="print also what the verdict rests on")
    sub.add_argument("--all", action="store_true", help="print also everything that was tried, one line each")
    sub.add_argument("--latex", action="store_true", help="print the answer alone, as LaTeX")
    sub.add_argument("--json", action="store_true", help="print everything as JSON, an object for each question")
    sub.add_argument("--plot", type=Path, metavar="FILE", help="draw the answer: .png, .svg or .pdf")


def _integrate(args) -> int:
    return _solve(args, "integrate")


def _dsolve(args) -> int:
    return _solve(args, "dsolve")


def _check(args) -> None:
    if args.beam is not None:
        check_at_least_1("--beam", args.beam)
    check_positive("--time-limit", args.time_limit)
    check_positive("--seconds", args.seconds)
    if args.latex and args.json:
        raise ValueError("`--latex` and `--json` print the answer in two ways: choose one.")
    if args.plot is not None and args.plot.suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"`--plot` needs a name that ends in .png, .svg or .pdf. Received: {args.plot}.")


def _questions(problems: list[str]) -> Iterator[str]:
    """The questions of the command line; for `-` the lines of standard input, as they come."""
    for problem in problems:
        if problem.strip() != "-":
            yield problem
            continue
        for line in sys.stdin:
            if line.strip():
                yield line.strip()


def _solve(args, solver: str) -> int:
    """Print the answers; the exit status is 0 if all were found, 1 if one was not, 2 if one could not be read.

    All questions are answered in this process, so that the model is loaded once.
    """
    _check(args)
    several = len(args.problem) > 1 or args.problem[0].strip() == "-"
    if several and args.plot is not None:
        raise ValueError("`--plot` draws the answer to one question.")
    status = 0
    with _ready():
        for number, question in enumerate(_questions(args.problem)):
            if number and not (args.json or args.latex):
                print()
            try:
                status = max(status, _answer(args, solver, question))
            except ValueError as error:
                if not several:
                    raise
                status = 2
                if args.json:
                    print(json.dumps({"question": question, "error": str(error)}, ensure_ascii=False), flush=True)
                else:
                    print(f"{question}: {error}", file=sys.stderr)
    return status


@contextlib.contextmanager
def _ready() -> Iterator[None]:
    """Worker processes that start while this process imports the solver, and stay for all questions of the block."""
    # The products of a search are too small for several threads, which would only wait for one another.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from symbolic.runtime.processes import WarmPools, start_server

    start_server("symbolic.solving.finishing", "symbolic.expressions.exchange")
    with WarmPools() as pools, pools.in_use():
        yield


def _answer(args, solver: str, question: str) -> int:
    from symbolic import solver as solvers

    options = {"beam": args.beam, "seconds": args.seconds, "time_limit": args.time_limit}
    if args.proposers is not None:
        options["proposers"] = [] if args.proposers == "none" else names(args.proposers)
    solution = getattr(solvers, solver)(question, model=args.run, systems=not args.no_systems, **options)
    if args.json:
        print(json.dumps({"question": question} | solution.as_dict(), ensure_ascii=False), flush=True)
    elif args.latex:
        print(solution.latex() if solution.solved else solution.report().partition("\n")[0], flush=True)
    else:
        print(solution.report(verbose=args.verbose, everything=args.all), flush=True)
    if args.plot is not None and solution.solved:
        solution.plot(args.plot)
        if not args.json:
            print(f"drawn in {args.plot}")
    return 0 if solution.solved else 1


# --- the prompt -------------------------------------------------------------------------------------------------------

_HELP = """Type an integral (x*cos(x), \\int_0^1 t^2 dt) or a differential equation (y' + y = x, y(0) = 1).
`verbose`, `all` and `latex` switch what is printed; `quit` or Ctrl-D ends."""


def _ask(args) -> int:
    """Answer questions from a prompt until it is closed."""
    _check(args)
    is_terminal = sys.stdin.isatty()
    with _ready(), _history() if is_terminal else contextlib.nullcontext():
        if is_terminal:
            print(_HELP)
        while True:
            try:
                line = input("symbolic> " if is_terminal else "").strip()
            except EOFError:
                break
            except KeyboardInterrupt:
                print()
                continue
            if line in ("quit", "exit"):
                break
            if line in ("help", "?"):
                print(_HELP)
            elif line in ("verbose", "all", "latex"):
                setattr(args, line, not getattr(args, line))
                print(f"{line} is {'on' if getattr(args, line) else 'off'}")
            elif line:
                _answer_line(args, line)
    return 0


def _answer_line(args, line: str) -> None:
    from symbolic.solving.reading import read_problem

    try:
        is_integral = read_problem(line).is_integral
        _answer(args, "integrate" if is_integral else "dsolve", line)
    except ValueError as error:
        print(error)
    except KeyboardInterrupt:
        print("\ninterrupted")


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Line editing, with the questions of earlier sessions."""
    try:
        import readline
    except ImportError:  # Python without it: a plain prompt
        yield
        return
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    file = state / "symbolic" / "history"
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(_HISTORY)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(file)
