"""The alternatives that a user has: computer algebra systems, asked the same problems within the same limits.

Integrals go to the systems of `problems.integrators`, differential equations to SymPy's `dsolve`, each in a process
that is killed when its time is over. What they answer is not judged here.
"""

import contextlib
import queue
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import sympy as sp
from pebble import ProcessExpired

from symbolic.experiments.problem_sets import family_of, is_integral
from symbolic.expressions.engines import canonical, from_sympy, to_sympy
from symbolic.expressions.prefix import from_prefix, to_prefix
from symbolic.problems.integrators import INTEGRATORS, MEMORY_LIMIT, Integrator, NoPrimitive
from symbolic.processes import process_pool

SYSTEMS = INTEGRATORS
_SOLVES_ODES = "sympy"


class Attempt(NamedTuple):
    """What a system said to one problem.

    Attributes:
        answers: prefix texts, none of them checked.
        failure: why there is none, in a few words; empty if there is one.
        seconds: how long it took, of wall time.
    """

    answers: list[str]
    failure: str
    seconds: float


def solves(system: str, family: str) -> bool:
    """Whether a system is asked problems of a family: integrals all, differential equations SymPy alone."""
    return is_integral(family) or system == _SOLVES_ODES


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
        idle: queue.SimpleQueue[Integrator] = queue.SimpleQueue()
        for _ in range(workers):
            idle.put(stack.enter_context(contextlib.closing(Integrator(system, time_limit, time_limit))))
        pool = stack.enter_context(process_pool(workers, __name__, initializer=_limit_memory))
        threads = stack.enter_context(ThreadPoolExecutor(workers))

        def integrate(equation: str) -> list[str]:
            integrator = idle.get()
            try:
                return [_text(integrator.integrate(canonical(from_prefix(equation).operands[1])))]
            finally:
                idle.put(integrator)

        def solve(equation: str) -> list[str]:
            return pool.schedule(dsolve, args=[equation], timeout=time_limit).result()

        def attempt(equation: str) -> Attempt:
            started = time.perf_counter()
            try:
                answers = integrate(equation) if is_integral(family_of(equation)) else solve(equation)
                failure = "" if answers else "no solution found"
            except NoPrimitive as error:
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
    """SymPy's explicit solutions of an equation = 0, with the constants `a8` and `a9`, as prefix texts.

    Belongs into a process with limits on time and memory.
    """
    x, y = sp.Symbol("x"), sp.Function("Y")
    constants = {sp.Symbol(f"C{number}"): sp.Symbol(f"a{number + 7}") for number in (1, 2)}
    try:
        found = sp.dsolve(to_sympy(from_prefix(equation), evaluate=True), y(x))
    except Exception:  # what SymPy raises on equations that it cannot solve is of every kind
        return []
    answers = []
    for solution in found if isinstance(found, list) else [found]:
        with contextlib.suppress(ValueError):  # an integral, or a function that no token spells
            if solution.lhs == y(x):
                answers.append(_text(from_sympy(solution.rhs.xreplace(constants))))
    return answers


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


def _text(tree) -> str:
    return " ".join(to_prefix(tree))
