"""Computer algebra systems, asked a list of problems under one time limit.

Integrals go to `integrators`, differential equations to `ode_solvers`. Each runs in a process that is killed when the
time is up. The answers are not checked here.
"""

import contextlib
import functools
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import NamedTuple

from symbolic.expressions.engines import canonical
from symbolic.expressions.equations import integrand_of
from symbolic.expressions.prefix import Tree, from_prefix, prefix_text
from symbolic.runtime.processes import ProcessExpired, limit_this_process, process_pool
from symbolic.systems import ode_solvers
from symbolic.systems.integrators import Integrator
from symbolic.systems.ode_solvers import ODE_SOLVERS, OdeSolver
from symbolic.systems.sessions import MEMORY_LIMIT, NoAnswer, Session

_Asked = Callable[[Tree], list[str]]  # from an integrand or an equation to answers as prefix texts; raises NoAnswer


class Attempt(NamedTuple):
    """A system's answers to one problem.

    Attributes:
        answers: prefix texts, none of them checked.
        failure: why there is none, in a few words; empty if there is one.
        seconds: wall time it took, about half a second more where a process had to be started.
    """

    answers: list[str]
    failure: str
    seconds: float


def solves(system: str, equation: str) -> bool:
    """Whether a system can be asked this equation: every system integrates, those in `ODE_SOLVERS` solve ODEs too.

    One that is installed without what it needs for differential equations does not, see `ode_solvers.lacking`.
    """
    if integrand_of(from_prefix(equation)) is not None:
        return True
    return system in ODE_SOLVERS and not ode_solvers.lacking(system)


@contextlib.contextmanager
def asking(
    system: str, time_limit: float = 30.0, workers: int = 1
) -> Iterator[Callable[[Sequence[str]], list[Attempt]]]:
    """A function from equations to one attempt each, in the same order. The system's processes end with the block.

    Args:
        system: one of `integrators.INTEGRATORS`.
        time_limit: seconds of wall time that the system may take for a problem.
        workers: problems that are solved at the same time.

    Raises:
        ValueError: there is no such system, it is not installed, or the limit is not positive.
    """
    with (
        _integrating(system, time_limit, workers) as integrate,
        _solving(system, time_limit, workers) as solve,
        ThreadPoolExecutor(workers) as threads,
    ):
        yield lambda equations: list(threads.map(functools.partial(_attempt, integrate, solve), equations))


def _attempt(integrate: _Asked, solve: _Asked, equation: str) -> Attempt:
    started = time.perf_counter()
    answers, failure = [], "no answer found"
    try:
        tree = from_prefix(equation)
        integrand = integrand_of(tree)
        answers = solve(tree) if integrand is None else integrate(integrand)
    except NoAnswer as error:
        failure = error.reason
    except TimeoutError:
        failure = "time limit"
    except ProcessExpired:
        failure = "system crashed"
    except ValueError as error:  # the integrand has no finite value
        failure = str(error)
    return Attempt(answers, "" if answers else failure, time.perf_counter() - started)


@contextlib.contextmanager
def _integrating(system: str, time_limit: float, workers: int) -> Iterator[_Asked]:
    with _sessions(lambda: Integrator(system, time_limit, time_limit), workers) as borrowed:

        def integrate(integrand: Tree) -> list[str]:
            with borrowed() as integrator:
                return [prefix_text(integrator.integrate(canonical(integrand)))]

        yield integrate


def _solving(system: str, time_limit: float, workers: int) -> AbstractContextManager[_Asked]:
    if system == "sympy":
        return _solving_by_sympy(time_limit, workers)
    if system in ODE_SOLVERS:
        return _solving_by_sessions(system, time_limit, workers)
    return contextlib.nullcontext(_solve_nothing)


@contextlib.contextmanager
def _solving_by_sympy(time_limit: float, workers: int) -> Iterator[_Asked]:
    with process_pool(workers, __name__, initializer=limit_this_process, initargs=[MEMORY_LIMIT]) as pool:

        def solve(equation: Tree) -> list[str]:
            return pool.schedule(dsolve, args=[prefix_text(equation)], timeout=time_limit).result()

        yield solve


@contextlib.contextmanager
def _solving_by_sessions(system: str, time_limit: float, workers: int) -> Iterator[_Asked]:
    with _sessions(lambda: OdeSolver(system, time_limit, time_limit), workers) as borrowed:

        def solve(equation: Tree) -> list[str]:
            with borrowed() as solver:
                return list(map(prefix_text, solver.solve(canonical(equation))))

        yield solve


def _solve_nothing(equation: Tree) -> list[str]:
    raise NoAnswer("no answer found")


def dsolve(equation: str) -> list[str]:
    """`ode_solvers.dsolve` from and to prefix texts, to be run in a process with limits."""
    return list(map(prefix_text, ode_solvers.dsolve(from_prefix(equation))))


@contextlib.contextmanager
def _sessions(make: Callable[[], Session], count: int) -> Iterator[Callable[[], AbstractContextManager]]:
    """A function that lends one of `count` sessions for a block, and waits if none is idle. All are closed at the end.

    Each thread needs a session of its own, since a session has one conversation at a time.
    """
    idle = queue.SimpleQueue()

    @contextlib.contextmanager
    def borrowed() -> Iterator[Session]:
        session = idle.get()
        try:
            yield session
        finally:
            idle.put(session)

    with contextlib.ExitStack() as stack:
        for _ in range(count):
            idle.put(stack.enter_context(contextlib.closing(make())))
        yield borrowed
