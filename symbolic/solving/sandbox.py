"""Computations on expressions that may hang, crash or eat memory, in processes with limits; texts in, texts out.

SymEngine and SymPy hang or crash on some expressions that models and people write. Here that costs only one result:
`limited_map` returns None in its place and prints how many are lost, and `limited_call` raises LimitReached.
"""

import contextlib
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

import symengine as se

from symbolic.expressions.engines import differentiate, from_symengine, to_symengine
from symbolic.expressions.prefix import PrefixError, Tree, from_prefix, prefix_text
from symbolic.runtime.processes import ProcessExpired, limit_this_process, preload_module, process_pool
from symbolic.runtime.progress import tqdm
from symbolic.solving.linearity import combined, groups_of, terms_of
from symbolic.solving.repair import repaired

if TYPE_CHECKING:
    import sympy as sp

preload_module(__name__)

MEMORY_LIMIT = 2 << 30  # bytes of address space of a worker

_REASONS = {TimeoutError: "time limit", ProcessExpired: "crash", MemoryError: "memory limit"}


class LimitReached(RuntimeError):
    """A computation took longer than its time limit or more memory than a worker has, or its process crashed."""


@contextlib.contextmanager
def limited_map(
    workers: int, time_limit: float | Callable[[], float], progress: bool = False, quiet: bool = False
) -> Iterator[Callable[[Callable, Sequence[tuple]], list]]:
    """A function `compute(function, arguments)` that calls a function in worker processes, which end with the block.

    It returns the function's result for each tuple of arguments, in their order. The result is None where a limit was
    reached, the process crashed or the function raised an error; their number and the reasons are printed to stderr.
    `compute(function, arguments, at_most)` has a lower time limit.
    Workers must be able to import the function's module. The first call starts the processes.

    Args:
        workers: processes at a time.
        time_limit: seconds that one call of the function may take; or a function that returns them, asked at each
            `compute`.
        progress: show a progress bar.
        quiet: do not print the number of results that are lost.
    """
    with _workers(workers) as pool:

        def compute(function: Callable, arguments: Sequence[tuple], at_most: float = math.inf) -> list[Any]:
            name, results, losses = function.__name__, [], Counter()
            timeout = min(at_most, time_limit() if callable(time_limit) else time_limit)
            futures = [pool.schedule(function, each, timeout=timeout) for each in arguments]
            for future in tqdm(futures, desc=name, unit="problem", disable=not progress):
                try:
                    results.append(future.result())
                except BrokenProcessPool:
                    raise
                except Exception as error:  # whatever it is, it costs only this result
                    losses[_REASONS.get(type(error), f"error {type(error).__name__}")] += 1
                    results.append(None)
            if losses and not quiet:
                reasons = ", ".join(f"{reason} {count:,}" for reason, count in losses.most_common())
                tqdm.write(f"{name}: lost {losses.total():,} of {len(arguments):,} ({reasons})", file=sys.stderr)
            return results

        yield compute


def limited_call(function: Callable, *arguments: Any, time_limit: float) -> Any:
    """The result of one call of a function in a worker process, which must be able to import the function's module.

    Raises:
        LimitReached: the call took longer than `time_limit` seconds or too much memory, or the process crashed.
        Exception: whatever the function raises.
    """
    with _workers(1) as pool:
        try:
            return pool.schedule(function, arguments, timeout=time_limit).result()
        except tuple(_REASONS) as error:
            raise LimitReached(next(_REASONS[kind] for kind in _REASONS if isinstance(error, kind))) from error


def _workers(count: int):
    return process_pool(count, initializer=limit_this_process, initargs=[MEMORY_LIMIT])


# --- What workers compute ---------------------------------------------------------------------------------------------


def repairs(problem: str, hypotheses: Sequence[str]) -> list[str]:
    """The answers that `repair.repaired` makes of hypotheses; those that are no expressions are left out."""
    trees = []
    for hypothesis in hypotheses:
        with contextlib.suppress(PrefixError):
            trees.append(from_prefix(hypothesis))
    return [prefix_text(answer) for answer in repaired(from_prefix(problem), trees)]


def terms(problem: str) -> list[tuple[str, str]]:
    """(coefficient, term problem) pairs of `linearity.terms_of`."""
    return _as_texts(terms_of(from_prefix(problem)))


def groups(problem: str) -> list[tuple[str, str]]:
    """(coefficient, group problem) pairs of `linearity.groups_of`."""
    return _as_texts(groups_of(from_prefix(problem)))


def _as_texts(pairs: Sequence[tuple[Tree, Tree]]) -> list[tuple[str, str]]:
    return [(prefix_text(coefficient), prefix_text(part)) for coefficient, part in pairs]


def combination(parts: Sequence[tuple[str, str]]) -> str:
    """The sum of (coefficient, primitive) pairs, by `linearity.combined`."""
    return prefix_text(combined(tuple(map(from_prefix, pair)) for pair in parts))


def derivative_of(expression: str) -> str | None:
    """The derivative by x; None if the expression is malformed, or the derivative undefined or too large."""
    try:
        return prefix_text(from_symengine(differentiate(to_symengine(from_prefix(expression)), se.Symbol("x"))))
    except (ValueError, RuntimeError):
        return None


def evaluated(expression: str) -> "sp.Basic":
    """The SymPy expression in the form that SymPy's own evaluation gives it."""
    from symbolic.expressions.exchange import to_sympy  # here, because importing SymPy takes a third of a second

    return to_sympy(from_prefix(expression), evaluate=True)
