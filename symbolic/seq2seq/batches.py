"""Batches of padded id matrices for `fit` and `evaluate`, pairs of similar length together.

A batch is `({"context": (B, S), "target": (B, T)}, labels (B, T))`, all int32 and padded with 0 on the right: the
targets begin with START and lack their last token, the labels are the same sequences one step on and end with END.
This file knows lengths, not models.

Keras, fed by a generator or a PyDataset on TensorFlow, takes a width in which the first two batches agree for the
width of all. So the widths of even batches are multiples of 8 and those of odd ones lie half-way between: no two
neighbours agree, and every batch is still a pure function of its number.
"""

from collections.abc import Iterable, Iterator

import keras
import numpy as np

from symbolic.seq2seq.special_tokens import PADDING_ID
from symbolic.seq2seq.token_store import TokenStore

WIDTH_BLOCK = 8

# Pairs are sorted by length within so many batches: more would pad less and shuffle less.
BATCHES_PER_WINDOW = 100

Batch = tuple[dict[str, np.ndarray], np.ndarray]


def training_batches(store: TokenStore, batch_size: int, seed: int, start_step: int = 0) -> Iterator[Batch]:
    """Endless training batches from global step `start_step` on.

    The batch of a step depends on the seed and the step alone, wherever one starts: a killed run resumes with the
    batches it would have seen. A pass over the data sees every pair once, in an order of its own; only a pass's
    batches of `len(store) % batch_size` pairs are smaller than `batch_size`.

    Raises:
        ValueError: the store is empty.
    """
    if not len(store):
        raise ValueError("`store` must hold at least one pair. Received: an empty store.")
    return _training_batches(store, batch_size, seed, start_step)


def _training_batches(store: TokenStore, batch_size: int, seed: int, step: int) -> Iterator[Batch]:
    steps_per_pass = -(-len(store) // batch_size)
    while True:
        pass_number, done = divmod(step, steps_per_pass)
        for rows in _order_of_pass(store, batch_size, np.random.default_rng([seed, pass_number]))[done:]:
            yield _batch(store, rows, step)
            step += 1


def _order_of_pass(store: TokenStore, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The rows of every batch of one pass: shuffled, sorted by length within windows, cut, and shuffled again."""
    order = rng.permutation(len(store))
    window = np.arange(len(store)) // (batch_size * BATCHES_PER_WINDOW)
    order = order[np.lexsort((_lengths(store)[order], window))]
    batches = np.split(order, np.arange(batch_size, len(store), batch_size))
    return [batches[i] for i in rng.permutation(len(batches))]


def _lengths(store: TokenStore) -> np.ndarray:
    """What pairs are sorted by; the longer side pads less on the published data than the sum of both."""
    return np.maximum(store.context_lengths, store.target_lengths)


def streamed_batches(windows: Iterable[TokenStore], batch_size: int, seed: int, start_step: int = 0) -> Iterator[Batch]:
    """Batches of pairs that come as a stream, from global step `start_step` on.

    Args:
        windows: stores of `BATCHES_PER_WINDOW * batch_size` pairs each, from window
            `start_step // BATCHES_PER_WINDOW` on. Pairs of similar length meet within a window.
    """
    first, done = divmod(start_step, BATCHES_PER_WINDOW)
    for number, window in enumerate(windows, first):
        batches = _order_of_pass(window, batch_size, np.random.default_rng([seed, number]))
        for i, rows in enumerate(batches[done:], number * BATCHES_PER_WINDOW + done):
            yield _batch(window, rows, i)
        done = 0


class EvaluationBatches(keras.utils.PyDataset):
    """The pairs of a store, every one once, for `validation_data` and `evaluate`.

    Args:
        store: the pairs.
        batch_size: pairs a batch.
        steps: how many batches; they hold the first pairs of the store. All pairs if None.

    Attributes:
        rows: the row of the store that each place in the batches holds, in their order (that of length).

    Raises:
        ValueError: there are no pairs.
    """

    def __init__(self, store: TokenStore, batch_size: int, steps: int | None = None):
        super().__init__()
        count = len(store) if steps is None else min(len(store), steps * batch_size)
        if not count:
            raise ValueError(f"There must be pairs to evaluate. Received: {len(store)} pairs, steps={steps}.")
        self.store, self.batch_size = store, batch_size
        self.rows = np.argsort(_lengths(store)[:count], kind="stable")

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, i: int) -> Batch:
        return _batch(self.store, self.rows[i * self.batch_size : (i + 1) * self.batch_size], i)


def _batch(store: TokenStore, rows: np.ndarray, number: int) -> Batch:
    context_width = _width(store.context_lengths[rows].max(), number)
    target_width = _width(store.target_lengths[rows].max() - 1, number)
    context = padded(store.context_ids, store.context_offsets, rows, context_width)
    target = padded(store.target_ids, store.target_offsets, rows, target_width + 1)
    labels = target[:, 1:]
    # Without its END, a row's input has one token fewer: what follows END is nothing that could be learnt.
    return {"context": context, "target": np.where(labels == PADDING_ID, PADDING_ID, target[:, :-1])}, labels


def _width(length, number: int):
    """The width to which batch `number` is padded if its longest sequence has `length` tokens; see the module."""
    offset = WIDTH_BLOCK // 2 * (number % 2)
    return -(-(length - offset) // WIDTH_BLOCK) * WIDTH_BLOCK + offset


def exceeding(store: TokenStore, max_length: int) -> np.ndarray:
    """Which pairs (n,) could make a batch wider than `max_length` columns, on the context's or the target's side."""
    length = np.maximum(store.context_lengths, store.target_lengths - 1)
    return np.maximum(_width(length, 0), _width(length, 1)) > max_length


def padded(ids: np.ndarray, offsets: np.ndarray, rows: np.ndarray, width: int | None = None) -> np.ndarray:
    """Sequences as one matrix (len(rows), width), int32, padded on the right.

    Args:
        ids, offsets: sequences end to end, as `TextProcessor.encode` returns them.
        rows: the sequences wanted, in the order wanted.
        width: columns, at least the longest length among the rows; that length if None.
    """
    starts, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
    position = np.arange(lengths.max() if width is None else width)
    inside = position < lengths[:, None]
    matrix = np.zeros(inside.shape, np.int32)
    matrix[inside] = ids[(starts[:, None] + position)[inside]]
    return matrix
