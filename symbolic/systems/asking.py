"""The alternatives that a user has: computer algebra systems, asked the same problems within the same limits.

Integrals go to `problems.integrators`, differential equations to `ode_solvers`, each to a process that is killed when
its time is over. What they answer is not judged here.
"""

import contextlib
import queue
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from pebble import ProcessExpired

from symbolic.expressions.engines import canonical
from symbolic.expressions.equations import integrand_of
from symbolic.expressions.prefix import Tree, from_prefix, prefix_text
from symbolic.runtime.processes import process_pool
from symbolic.systems import ode_solvers
from symbolic.systems.integrators import INTEGRATORS, Integrator
from symbolic.systems.ode_solvers import ODE_SOLVERS, OdeSolver
from symbolic.systems.sessions import MEMORY_LIMIT, NoAnswer

SYSTEMS = INTEGRATORS


class Attempt(NamedTuple):
    """What a system said to one problem.

    Attributes:
        answers: prefix texts, none of them checked.
        failure: why there is none, in a few words; empty if there is one.
        seconds: how long it took, of wall time; half a second more where a process had to be started.
    """

    answers: list[str]
    failure: str
    seconds: float


def solves(system: str, equation: str) -> bool:
    """Whether a system is asked an equation: integrals every system, differential equations those that solve them."""
    return system in ODE_SOLVERS or integrand_of(from_prefix(equation)) is not None


@contextlib.contextmanager
def asking(
    system: str, time_limit: float = 30.0, workers: int = 1
) -> Iterator[Callable[[Sequence[str]], list[Attempt]]]:
    """A function from equations to a system's attempts, in their order; its processes end with the block.

    Args:
        system: one of `SYSTEMS`.
        time_limit: seconds of wall time that the system may take for a problem.
        workers: problems under way at a time.

    Raises:
        ValueError: there is no such system, it is not installed, or the limit is not positive.
    """
    with contextlib.ExitStack() as stack:
        integrators, solvers = queue.SimpleQueue(), queue.SimpleQueue()
        for _ in range(workers):
            integrators.put(stack.enter_context(contextlib.closing(Integrator(system, time_limit, time_limit))))
            if system in ODE_SOLVERS and system != "sympy":
                solvers.put(stack.enter_context(contextlib.closing(OdeSolver(system, time_limit, time_limit))))
        pool = stack.enter_context(process_pool(workers, __name__, initializer=_limit_memory))
        threads = stack.enter_context(ThreadPoolExecutor(workers))

        def integrate(integrand: Tree) -> list[str]:
            with _taken(integrators) as integrator:
                return [prefix_text(integrator.integrate(canonical(integrand)))]

        def solve(equation: Tree) -> list[str]:
            if system == "sympy":
                return pool.schedule(dsolve, args=[prefix_text(equation)], timeout=time_limit).result()
            with _taken(solvers) as solver:
                return list(map(prefix_text, solver.solve(canonical(equation))))

        def attempt(equation: str) -> Attempt:
            started = time.perf_counter()
            try:
                tree = from_prefix(equation)
                integrand = integrand_of(tree)
                answers = solve(tree) if integrand is None else integrate(integrand)
                failure = "" if answers else "no answer found"
            except NoAnswer as error:
                answers, failure = [], error.reason
            except TimeoutError:
                answers, failure = [], "time limit"
            except ProcessExpired:
                answers, failure = [], "system crashed"
            except ValueError as error:  # the integrand has no finite value
                answers, failure = [], str(error)
            return Attempt(answers, failure, time.perf_counter() - started)

        yield lambda equations: list(threads.map(attempt, equations))


def dsolve(equation: str) -> list[str]:
    """`ode_solvers.dsolve` from and to prefix texts, for a process with limits."""
    return list(map(prefix_text, ode_solvers.dsolve(from_prefix(equation))))


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


@contextlib.contextmanager
def _taken(idle: queue.SimpleQueue) -> Iterator[Any]:
    """One of the sessions that are idle, which it is again after the block."""
    session = idle.get()
    try:
        yield session
    finally:
        idle.put(session)
