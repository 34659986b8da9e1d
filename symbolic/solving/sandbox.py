"""Computations on expressions that may hang, crash or eat memory, in processes with limits; texts in, texts out.

SymEngine and SymPy do so on some of the expressions that models and people write. What that costs is the result for one
expression; of many it is counted and said, of a single one it is an error. Knows neither where expressions come from
nor what is made of the results.
"""

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import symengine as se
import sympy as sp
from pebble import ProcessExpired
from tqdm import tqdm

from symbolic.expressions.engines import differentiate, from_symengine, to_symengine
from symbolic.expressions.exchange import to_sympy
from symbolic.expressions.prefix import PrefixError, Tree, from_prefix, prefix_text
from symbolic.runtime.processes import limit_this_process, preload_module, process_pool
from symbolic.solving.linearity import combined, groups_of, terms_of
from symbolic.solving.repair import repaired

preload_module(__name__)

MEMORY_LIMIT = 2 << 30  # bytes of address space of a worker


@contextlib.contextmanager
def limited(workers: int, time_limit: float, progress: bool = False) -> Iterator[Callable[..., list]]:
    """A function `compute(function, arguments)` that calls a function in worker processes, which end with the block.

    It returns the function's result for each tuple of arguments, in their order, and None where there is none because
    a limit was reached, the process crashed or the function raised an error; how many these are, and why, it prints to
    stderr. The function is one of a module that workers can import: one of this module, that is. A process starts with
    the first call.

    Args:
        workers: processes at a time.
        time_limit: seconds that one call of the function may take.
        progress: show a progress bar.
    """
    with process_pool(workers, initializer=limit_this_process, initargs=[MEMORY_LIMIT]) as pool:

        def compute(function: Callable, arguments: Sequence[tuple]) -> list[Any]:
            name, results, losses = function.__name__, [], Counter()
            futures = [pool.schedule(function, each, timeout=time_limit) for each in arguments]
            for future in tqdm(futures, desc=name, unit="problem", disable=not progress):
                try:
                    results.append(future.result())
                except BrokenProcessPool:
                    raise
                except Exception as error:  # whatever it is, it costs this result alone
                    losses[_REASONS.get(type(error), f"error {type(error).__name__}")] += 1
                    results.append(None)
            if losses:
                reasons = ", ".join(f"{reason} {count:,}" for reason, count in losses.most_common())
                tqdm.write(f"{name}: lost {losses.total():,} of {len(arguments):,} ({reasons})", file=sys.stderr)
            return results

        yield compute


class LimitReached(RuntimeError):
    """A computation in a process of its own took too long or too much memory, or crashed."""


def within_limits(function: Callable, *arguments: Any, time_limit: float) -> Any:
    """What a function of a module that workers can import returns, called in a worker process; what it raises passes.

    Raises:
        LimitReached: it took longer than `time_limit` seconds or too much memory, or the process crashed.
    """
    with process_pool(1, initializer=limit_this_process, initargs=[MEMORY_LIMIT]) as pool:
        try:
            return pool.schedule(function, arguments, timeout=time_limit).result()
        except tuple(_REASONS) as error:
            raise LimitReached(next(_REASONS[kind] for kind in _REASONS if isinstance(error, kind))) from error


_REASONS = {TimeoutError: "time limit", ProcessExpired: "crash", MemoryError: "memory limit"}


def repairs(problem: str, hypotheses: Sequence[str]) -> list[str]:
    """What `repair.repaired` makes of hypotheses; those that are no expressions are left out."""
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


def derivative(expression: str) -> str | None:
    """The derivative by x; None where there is none that could be written down."""
    try:
        slope = from_symengine(differentiate(to_symengine(from_prefix(expression)), se.Symbol("x")))
    except (ValueError, RuntimeError):  # malformed, undefined or too large
        return None
    return prefix_text(slope)


def evaluated(expression: str) -> sp.Basic:
    """The SymPy expression in the form that SymPy's own evaluation gives it."""
    return to_sympy(from_prefix(expression), evaluate=True)
