"""The families of problems by name, and endless streams of their problems.

A new family is one function, which takes options and gives a function that draws one problem, and its line in `TASKS`.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from symbolic.problems.families.backward import backward
from symbolic.problems.families.by_parts import by_parts
from symbolic.problems.families.forward import forward
from symbolic.problems.families.odes import first_order, second_order
from symbolic.problems.families.textbook.integrals import textbook
from symbolic.problems.families.textbook.odes import textbook_first_order, textbook_second_order
from symbolic.problems.problem import Problem, ProblemOptions, Rejected
from symbolic.runtime.names import unknown_name

TASKS: dict[str, Callable[[ProblemOptions], Callable[[np.random.Generator], Problem]]] = {
    "fwd": forward,
    "bwd": backward,
    "ibp": by_parts,
    "ode1": first_order,
    "ode2": second_order,
    "textbook": textbook,
    "textbook1": textbook_first_order,
    "textbook2": textbook_second_order,
}

# A stream that rejects so many draws in a row gives up: its options allow next to nothing.
MOST_REJECTED_IN_A_ROW = 10_000


def problems(
    task: str, seed: int, options: ProblemOptions | None = None, rejected: Counter | None = None
) -> Iterator[Problem]:
    """Problems of a task without end, duplicates included; the same ones for the same seed on every machine.

    Args:
        task: a name in `TASKS`.
        seed: any integer from 0 up.
        options: what the problems are made of; None for the published settings.
        rejected: a counter that the rejected draws are added to, by reason.

    Raises:
        ValueError: the task is unknown, the seed negative, or 10,000 draws in a row were rejected.
    """
    if task not in TASKS:
        raise unknown_name("task", task, TASKS)
    if seed < 0:
        raise ValueError(f"`seed` must be at least 0. Received: {seed}.")
    return _stream(TASKS[task](options or ProblemOptions()), seed, Counter() if rejected is None else rejected)


def _stream(draw, seed, rejected):
    rng = np.random.Generator(np.random.PCG64(seed))
    in_a_row = 0
    while in_a_row < MOST_REJECTED_IN_A_ROW:
        try:
            problem = draw(rng)
        except Rejected as rejection:
            rejected[rejection.reason] += 1
            in_a_row += 1
        else:
            in_a_row = 0
            yield problem
    raise ValueError(f"{in_a_row:,} draws in a row were rejected ({counts_by_reason(rejected)}): choose other options.")


def counts_by_reason(counts: Counter) -> str:
    """`reason 1,234, other reason 56`, the most frequent first."""
    return ", ".join(f"{reason} {count:,}" for reason, count in counts.most_common()) or "none"
