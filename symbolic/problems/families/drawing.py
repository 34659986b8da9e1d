"""What families have in common when they draw: operator counts, rejections, and the integration problem."""

import contextlib
from collections.abc import Iterator

import numpy as np

from symbolic.expressions.engines import TooLargeError, UndefinedError
from symbolic.expressions.equations import integral_tokens
from symbolic.expressions.tokens import ARITY
from symbolic.problems.families.trees import draw_below
from symbolic.problems.problem import Problem, ProblemOptions, Rejected


@contextlib.contextmanager
def rejecting() -> Iterator[None]:
    """Within the block the errors of SymEngine's expressions become rejections."""
    try:
        yield
    except (UndefinedError, RuntimeError):  # SymEngine raises RuntimeError for a division by zero
        raise Rejected("no finite value") from None
    except TooLargeError:
        raise Rejected("too large") from None


def integration_problem(integrand: list[str], primitive: list[str], options: ProblemOptions) -> Problem:
    """The problem `sub Y' f` with its solution, from prefix tokens.

    Raises:
        Rejected: either side is longer than `max_len`; two tokens are added, for `sub Y'` or for start and end.
    """
    if max(len(integrand), len(primitive)) + 2 > options.max_len:
        raise Rejected("too long")
    return Problem(" ".join(integral_tokens(integrand)), " ".join(primitive))


# In the published generator one tree of 40 has fewer operators than the family's smallest number.
_SMALL_TREES = 40


def fewest_operators(options: ProblemOptions, smallest: int) -> int:
    """`min_ops`; if the options name none, the family's published number, or `max_ops` if that is less."""
    return min(smallest, options.max_ops) if options.min_ops is None else options.min_ops


def draw_operator_count(rng: np.random.Generator, options: ProblemOptions, smallest: int) -> int:
    """How many operators the next tree has: from `min_ops` to `max_ops` in 39 of 40 cases, else fewer, uniformly.

    `smallest` is the family's published number; see `fewest_operators`.
    """
    low = fewest_operators(options, smallest)
    if low and draw_below(rng, _SMALL_TREES) == 0:
        return draw_below(rng, low)
    return low + draw_below(rng, options.max_ops - low + 1)


def operator_count(tokens: list[str]) -> int:
    """The operators and functions in a prefix sequence."""
    return sum(ARITY[token] > 0 for token in tokens)
