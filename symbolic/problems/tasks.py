"""Families of problems by name, and endless streams of their problems.

A family is a function that takes options and returns a function that draws one problem. Its name on the command line is
its task: a key of `TASKS`, or `my_module:my_family` for a family outside this package.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from symbolic.expressions.prefix import PrefixError, from_prefix
from symbolic.problems.families.backward import backward
from symbolic.problems.families.by_parts import by_parts
from symbolic.problems.families.forward import forward
from symbolic.problems.families.odes import first_order, second_order
from symbolic.problems.families.textbook.integrals import textbook
from symbolic.problems.families.textbook.odes import textbook_first_order, textbook_second_order
from symbolic.problems.problem import Problem, ProblemOptions, Rejected
from symbolic.runtime.imports import imported
from symbolic.runtime.names import unknown_name

Draw = Callable[[np.random.Generator], Problem]
Family = Callable[[ProblemOptions], Draw]

TASKS: dict[str, Family] = {
    "fwd": forward,
    "bwd": backward,
    "ibp": by_parts,
    "ode1": first_order,
    "ode2": second_order,
    "textbook": textbook,
    "textbook1": textbook_first_order,
    "textbook2": textbook_second_order,
}

# A stream gives up after this many rejections in a row: its options allow next to nothing.
MOST_REJECTED_IN_A_ROW = 10_000


def family_named(task: str) -> Family:
    """The family that a task names; the module of `my_module:my_family` is imported, which runs it.

    Raises:
        ValueError: nothing has this name, its module cannot be imported, or it is not callable.
    """
    if task in TASKS:
        return TASKS[task]
    if ":" not in task:
        known = unknown_name("task", task, TASKS)
        raise ValueError(f"{known} A family of your own is named as `my_module:my_family`.")
    family = imported("task", task)
    if not callable(family):
        raise ValueError(f"the family `{task}` must be a function that takes options. Received: {family!r}.")
    return family


def is_built_in(family: Family) -> bool:
    """Whether a family belongs to this package, whose version then tells what it draws."""
    module = family.__module__ or ""  # none, if no module's code defined it
    return module.partition(".")[0] == __name__.partition(".")[0]


def file_stem(task: str) -> str:
    """How files of a task's problems begin: its name, or `my_family` of `my_module:my_family`."""
    return task.rpartition(":")[2]


def split_weight(word: str) -> tuple[str, str | None]:
    """The name and the weight in `NAME:WEIGHT`, where the name may hold colons: `my_module:my_family:0.6`.

    The weight is the text behind the last colon if that is empty or a number; else there is none (None).
    """
    name, colon, weight = word.rpartition(":")
    return (name, weight) if colon and (not weight or _is_number(weight)) else (word, None)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def drawing_function(family: Family, options: ProblemOptions) -> Draw:
    """The function that draws a family's problems; for a family outside this package it rejects what is no problem.

    Raises:
        ValueError: the family returns something else than a function.
    """
    draw = family(options)
    if not callable(draw):
        name = getattr(family, "__name__", family)
        raise ValueError(f"the family `{name}` must return a function that draws a problem. Received: {draw!r}.")
    return draw if is_built_in(family) else _checked(draw)


def _checked(draw: Callable) -> Draw:
    def draw_checked(rng: np.random.Generator) -> Problem:
        problem = draw(rng)
        if not (isinstance(problem, tuple) and len(problem) == 2 and all(isinstance(text, str) for text in problem)):
            raise Rejected("not a pair of texts")
        for side, text in zip(Problem._fields, problem, strict=True):
            try:
                from_prefix(text)
            except PrefixError as error:
                raise Rejected(f"{side} is not in prefix notation, {error.reason}") from None
        return Problem(*problem)

    return draw_checked


def problems(
    task: str, seed: int, options: ProblemOptions | None = None, rejected: Counter | None = None
) -> Iterator[Problem]:
    """Problems of a task without end, duplicates included; the same ones for the same seed on every machine.

    Args:
        task: a name in `TASKS`, or `my_module:my_family`.
        seed: any integer from 0 up.
        options: what the problems are made of; None for the published settings.
        rejected: a counter that the rejected draws are added to, by reason.

    Raises:
        ValueError: the task is unknown, the seed negative, or 10,000 draws in a row were rejected.
    """
    family = family_named(task)
    if seed < 0:
        raise ValueError(f"`seed` must be at least 0. Received: {seed}.")
    draw = drawing_function(family, options or ProblemOptions())
    return _stream(draw, seed, Counter() if rejected is None else rejected)


def _stream(draw: Draw, seed: int, rejected: Counter) -> Iterator[Problem]:
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
    raise all_rejected(in_a_row, rejected)


def all_rejected(in_a_row: int, rejected: Counter) -> ValueError:
    """The error for options that allow next to no problem."""
    return ValueError(
        f"{in_a_row:,} draws in a row were rejected ({counts_by_reason(rejected)}): choose other options."
    )


def counts_by_reason(counts: Counter) -> str:
    """`reason 1,234, other reason 56`, the most frequent first."""
    return ", ".join(f"{reason} {count:,}" for reason, count in counts.most_common()) or "none"
