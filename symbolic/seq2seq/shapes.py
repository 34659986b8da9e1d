"""The few shapes of batches, fitted to the lengths of the pairs in a data set."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from symbolic.seq2seq.token_store import TokenStore

WIDTH_BLOCK = 8
MOST_SHAPES = 24
_SAMPLE = 10_000  # the shapes are fitted to the lengths of this many pairs
_PIECE = 1024  # pairs of a mapped store that are read before `TokenStore.release`


class Source(NamedTuple):
    """A data set, and its weight among the data sets that a training mixes."""

    store: TokenStore
    weight: float = 1.0


class Shapes(NamedTuple):
    """The shapes that batches have, those with the fewest columns first.

    Attributes:
        widths: (K, 2) columns of the context and of the target.
        rows: (K,) rows.
        pairs_per_batch: pairs in the average batch.
    """

    widths: np.ndarray
    rows: np.ndarray
    pairs_per_batch: int

    def smallest(self, columns: np.ndarray) -> np.ndarray:
        """The number of the first shape (n,) into which each pair fits, given the columns (n, 2) that the pairs need.

        It is K where a pair fits into no shape.
        """
        smallest = np.full(len(columns), len(self.widths))
        for i, (context, target) in reversed(list(enumerate(self.widths))):
            smallest[(columns[:, 0] <= context) & (columns[:, 1] <= target)] = i
        return smallest


def batch_shapes(
    sources: Sequence[Source],
    *,
    batch_size: int | None = None,
    batch_tokens: int | None = None,
    max_length: int,
) -> Shapes:
    """Shapes in which a sample of the sources needs little padding.

    Args:
        batch_size: rows of a batch; or else
        batch_tokens: the most positions of a batch, context, target and padding together.
        max_length: the most columns of a context or a target.

    Raises:
        ValueError: a size or a weight is out of its range, a source is empty, or all pairs of the sample are too long.
    """
    _check_sources(sources)
    if (batch_size is None) == (batch_tokens is None):
        raise ValueError(
            f"One of `batch_size` and `batch_tokens` must be given. Received: {batch_size} and {batch_tokens}."
        )
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"`batch_size` must be at least 1. Received: {batch_size}.")
    if batch_tokens is not None and batch_tokens < 2 * max_length:
        raise ValueError(
            f"`batch_tokens` must be at least {2 * max_length}, twice max_length, so that any pair fits into a batch. "
            f"Received: {batch_tokens}."
        )
    sample = [
        (store, rows)
        for (store, _), fraction in zip(sources, fractions_of(sources), strict=True)
        for rows in pieces_of(np.linspace(0, len(store) - 1, math.ceil(_SAMPLE * fraction)).astype(np.int64))
    ]
    columns = np.concatenate([columns_of(store, rows) for store, rows in sample])
    columns = columns[(columns <= max_length).all(axis=1)]
    if not len(columns):
        raise ValueError(f"`max_length` must leave some pairs. Received: {max_length}, and all of a sample need more.")
    widths = fitted_widths(columns, max_length)
    if batch_size is not None:
        return Shapes(widths, np.full(len(widths), batch_size), batch_size)
    rows = batch_tokens // widths.sum(axis=1)
    shapes = Shapes(widths, rows, 1)
    return shapes._replace(pairs_per_batch=round(len(columns) / (1 / rows[shapes.smallest(columns)]).sum()))


def _check_sources(sources: Sequence[Source]) -> None:
    if not sources or not all(len(store) for store, _ in sources):
        raise ValueError(
            "Every source must hold at least one pair, and there must be one. "
            f"Received sources of {[len(store) for store, _ in sources]} pairs."
        )
    if not all(0 < weight < math.inf for _, weight in sources):
        raise ValueError(f"Weights must be finite and above 0. Received: {[weight for _, weight in sources]}.")


def fractions_of(sources: Sequence[Source]) -> list[Fraction]:
    """The weights, divided by their sum, without rounding."""
    weights = [Fraction(weight) for _, weight in sources]
    return [weight / sum(weights) for weight in weights]


def pieces_of(rows: np.ndarray) -> list[np.ndarray]:
    """Ascending rows of a store in pieces; between two of them `TokenStore.release` keeps memory small."""
    return np.split(rows, range(_PIECE, len(rows), _PIECE))


def columns_of(store: TokenStore, rows: np.ndarray) -> np.ndarray:
    """The columns (n, 2) that the contexts and the targets of some pairs need in a batch."""
    contexts = store.context_lengths[rows].astype(np.int64)
    columns = np.stack([contexts, store.starts[rows + 1] - store.starts[rows] - contexts - 1], axis=1)
    store.release()
    return columns


def fitted_widths(columns: np.ndarray, widest: int) -> np.ndarray:
    """Widths (K, 2) such that pairs take few positions, each pair in the narrowest widths into which it fits.

    Two widths are always there: one that holds any pair allowed, and one that holds every pair given. The others are
    chosen greedily, each saving most. For savings like these, the greedy choice reaches at least 1 - 1/e of the best
    (Nemhauser, Wolsey & Fisher 1978, section 4).
    """
    sizes, counts = np.unique(np.minimum(_rounded_up(columns), widest), axis=0, return_counts=True)
    choices = np.stack(np.meshgrid(*map(np.unique, sizes.T)), axis=-1).reshape(-1, 2)
    costs = choices.sum(axis=1)
    fits = (sizes <= choices[:, None]).all(axis=-1)
    chosen, taken = [(widest, widest), tuple(sizes.max(axis=0))], np.full(len(sizes), sizes.max(axis=0).sum())
    while len(chosen) < MOST_SHAPES:
        saved = np.where(fits, np.maximum(taken - costs[:, None], 0), 0) @ counts
        best = saved.argmax()
        if not saved[best]:
            break
        chosen.append(tuple(choices[best]))
        taken[fits[best]] = np.minimum(taken[fits[best]], costs[best])
    return np.array(sorted(chosen, key=lambda widths: (sum(widths), widths)))


def _rounded_up(lengths: np.ndarray) -> np.ndarray:
    return -(-lengths // WIDTH_BLOCK) * WIDTH_BLOCK


def longer_than(store: TokenStore, max_length: int) -> np.ndarray:
    """Which pairs (n,) need more than `max_length` columns for the context or the target; reads all lengths."""
    piece = 1 << 20
    pieces = (np.arange(i, min(i + piece, len(store))) for i in range(0, len(store), piece))
    return np.concatenate([(columns_of(store, rows) > max_length).any(axis=1) for rows in pieces])
