"""Batches of padded id matrices for `fit` and `evaluate`: shuffled over whole data sets, in few shapes.

A batch is `({"context": (B, S), "target": (B, T)}, labels (B, T))`, all int32 and padded with 0 on the right: the
targets begin with START and lack their last token, the labels are the same sequences one step on and end with END.

The pairs of a data set are taken window by window. Within a window, pairs of similar size are put into the same batch.
At most `MOST_SHAPES` shapes occur, fitted to a sample of the lengths, so that a compiler that specialises on shapes
compiles few programs. If a batch has fewer pairs than rows, the spare rows hold an empty context and no labels. Every
batch is a function of the sources, the sizes, the seed and its step. No array here is as long as a data set.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

import keras
import numpy as np

from symbolic.seq2seq.shapes import Shapes, Source, batch_shapes, columns_of, fitted_widths, fractions_of, pieces_of
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, START_ID
from symbolic.seq2seq.token_store import TokenStore, padded

# About this many batches are made of one window. With more there would be less padding and fewer spare rows.
BATCHES_PER_WINDOW = 1000
# A window of a stream has fewer, because its pairs must all be there before its first batch.
BATCHES_PER_STREAMED_WINDOW = 100

_ROUNDS = 6  # of the network that shuffles

Batch = tuple[dict[str, np.ndarray], np.ndarray]


# --- which pairs are in a batch --------------------------------------------------------------------------------------


def training_batches(
    sources: Sequence[Source],
    *,
    batch_size: int | None = None,
    batch_tokens: int | None = None,
    max_length: int,
    seed: int,
    start_step: int = 0,
) -> Iterator[Batch]:
    """Endless training batches from global step `start_step` on.

    The batch of a step depends only on the sources, the sizes, the seed and the step, not on `start_step`: a killed run
    resumes with the batches it would have seen, after a walk over the lengths of the pairs before them. A source is
    drawn from in passes. Each pass brings every pair once, in an order of its own, shuffled over the whole source. If
    there is only one source, no batch holds pairs of two passes. Pairs that need more than `max_length` columns are
    left out.

    Args:
        sources: data sets, drawn from in proportion to their weights.
        batch_size, batch_tokens, max_length: as in `batch_shapes`.

    Raises:
        ValueError: as `batch_shapes`.
    """
    shapes = batch_shapes(sources, batch_size=batch_size, batch_tokens=batch_tokens, max_length=max_length)
    return _training_batches(sources, shapes, seed, start_step)


def _training_batches(sources: Sequence[Source], shapes: Shapes, seed: int, start_step: int) -> Iterator[Batch]:
    first_step = 0  # of the window
    for number in count():
        drawn = _window(sources, shapes.pairs_per_batch * BATCHES_PER_WINDOW, seed, number)
        columns = np.concatenate([columns_of(store, rows) for store, rows in drawn])
        rng = np.random.default_rng([seed, 0, number])
        batches = _grouped(columns, rng.permutation(len(columns)), shapes)
        order = rng.permutation(len(batches))
        skipped = max(start_step - first_step, 0)
        first_step += len(batches)
        if skipped < len(batches):
            window = _in_memory(drawn)
            for i in order[skipped:]:
                shape, rows = batches[i]
                yield _batch(window, rows, shapes.rows[shape], shapes.widths[shape])


def _window(sources: Sequence[Source], size: int, seed: int, number: int) -> list[tuple[TokenStore, np.ndarray]]:
    """The pairs of window `number`, about `size` of them, as rows of the stores in ascending pieces.

    Each window continues the passes over all sources, from each in proportion to its weight. The size is adjusted so
    that a whole number of windows makes one pass over the source for which a pass takes longest.
    """
    fractions = fractions_of(sources)
    longest_pass = max(len(store) / fraction for (store, _), fraction in zip(sources, fractions, strict=True))
    exact_size = longest_pass / math.ceil(longest_pass / size)
    pieces = []
    for i, ((store, _), fraction) in enumerate(zip(sources, fractions, strict=True)):
        first, end = (math.floor(edge * exact_size * fraction) for edge in (number, number + 1))
        for rows in _drawn(first, end, len(store), [seed, 1 + i]):
            pieces += [(store, piece) for piece in pieces_of(rows)]
    return pieces


def _drawn(first: int, end: int, pairs: int, seed: Sequence[int]) -> Iterator[np.ndarray]:
    """The rows that draws `first` to `end` - 1 from a source bring, ascending, for each pass apart.

    Draw number d belongs to pass d // pairs, and brings what that pass, which is a permutation, has at d % pairs.
    """
    while first < end:
        number, place = divmod(first, pairs)
        taken = min(end - first, pairs - place)
        yield np.sort(shuffled(np.arange(place, place + taken), pairs, [*seed, number]))
        first += taken


def _in_memory(drawn: list[tuple[TokenStore, np.ndarray]]) -> TokenStore:
    """The pairs of some rows of stores, as one store in memory."""
    parts = []
    for store, rows in drawn:
        parts.append(store.select(rows))
        store.release()
    lengths = [np.diff(part.starts) for part in parts]
    return TokenStore(
        ids=np.concatenate([part.ids for part in parts]),
        starts=np.cumsum(np.concatenate([[0], *lengths])),
        context_lengths=np.concatenate([part.context_lengths for part in parts]),
    )


def shuffled(positions: np.ndarray, n: int, seed: int | Sequence[int]) -> np.ndarray:
    """The values of a random permutation of 0 … n - 1 at some positions (m,), with memory of the order of m + √n.

    The permutation is a Feistel network on two digits of base ⌈√n⌉, whose round functions are random tables. A value
    of n or more is enciphered again until it is below n (Black & Rogaway 2002, Ciphers with arbitrary finite domains,
    sections 4 and 5).
    """
    base = math.isqrt(n - 1) + 1
    tables = np.random.default_rng(seed).integers(base, size=(_ROUNDS, base))

    def encipher(numbers):
        left, right = np.divmod(numbers, base)
        for table in tables:
            left, right = right, (left + table[right]) % base
        return left * base + right

    found = encipher(positions)
    while (outside := found >= n).any():
        found[outside] = encipher(found[outside])
    return found


def _grouped(columns: np.ndarray, order: np.ndarray, shapes: Shapes) -> list[tuple[int, np.ndarray]]:
    """Batches of a window's pairs, each as the number of its shape and the rows of its pairs.

    Pairs that are too long for every shape are left out.

    Args:
        columns: (n, 2) the columns that the pairs need.
        order: (n,) the rows of the pairs, in the order in which pairs for the same shape fill its batches.
    """
    smallest = shapes.smallest(columns)[order]
    full, left_over = [], []
    for shape, rows in enumerate(shapes.rows):
        members = order[smallest == shape]
        whole = len(members) // rows * rows
        full += [(shape, batch) for batch in members[:whole].reshape(-1, rows)]
        left_over.append(members[whole:])
    # The widest first, so that the last batch, which may have spare rows, is narrow.
    return full + _grouped_in_order(columns, np.concatenate(left_over[::-1]), shapes)


def _grouped_in_order(columns: np.ndarray, rest: np.ndarray, shapes: Shapes) -> list[tuple[int, np.ndarray]]:
    """Batches of pairs as they come, each with as many pairs as some shape takes; the last may have fewer."""
    batches = []
    while len(rest):
        # For every i, the smallest shape into which the first i + 1 pairs fit. Wider shapes have fewer rows.
        shape = shapes.smallest(np.maximum.accumulate(columns[rest]))
        size = np.count_nonzero(np.arange(len(rest)) < shapes.rows[shape])
        batches.append((shape[size - 1], rest[:size]))
        rest = rest[size:]
    return batches


def streamed_batches(windows: Iterable[TokenStore], shapes: Shapes, seed: int, start_step: int = 0) -> Iterator[Batch]:
    """Batches of pairs that come as a stream, from global step `start_step` on.

    Every window lasts exactly `BATCHES_PER_STREAMED_WINDOW` steps, so that the window of any step is known without the
    windows before it. If a window gives more batches, the rest is dropped; if it gives fewer, the first come again.

    Args:
        windows: stores of `BATCHES_PER_STREAMED_WINDOW * shapes.pairs_per_batch` pairs each, from window
            `start_step // BATCHES_PER_STREAMED_WINDOW` on. Pairs of similar size are put together within a window.
        shapes: fitted to pairs like those of the stream.
    """
    first_window, skipped = divmod(start_step, BATCHES_PER_STREAMED_WINDOW)
    for number, window in enumerate(windows, first_window):
        all_rows = np.arange(len(window))
        batches = _grouped(columns_of(window, all_rows), all_rows, shapes)
        order = np.random.default_rng([seed, 0, number]).permutation(len(batches))
        for i in np.resize(order, BATCHES_PER_STREAMED_WINDOW)[skipped:]:  # cut off, or repeated from the start
            shape, rows = batches[i]
            yield _batch(window, rows, shapes.rows[shape], shapes.widths[shape])
        skipped = 0


class EvaluationBatches(keras.utils.PyDataset):
    """Every pair of a store once, without spare rows, for `validation_data` and `evaluate`.

    Args:
        store: the pairs.
        batch_size: pairs in a batch; the last one may be smaller.
        steps: take only `steps * batch_size` pairs, evenly spread over the store; all pairs if None.
        batch_tokens: the most positions of a batch, padding included, instead of a number of pairs; a pair that needs
            more has a batch of its own.

    Attributes:
        rows: the rows of the store, in the order in which the batches hold them.

    Raises:
        ValueError: there are no pairs.
    """

    def __init__(self, store: TokenStore, batch_size: int, steps: int | None = None, batch_tokens: int | None = None):
        super().__init__()
        pairs = len(store) if steps is None else min(len(store), steps * batch_size)
        if not pairs:
            raise ValueError(f"There must be pairs to evaluate. Received: {len(store)} pairs, steps={steps}.")
        chosen = np.arange(pairs) * len(store) // pairs
        columns = columns_of(store, chosen)
        widths = fitted_widths(columns, columns.max())
        rows = np.full(len(widths), batch_size)
        if batch_tokens is not None:
            rows = np.maximum(batch_tokens // widths.sum(axis=1), 1)
        shapes = Shapes(widths, rows, batch_size)
        self.store = store
        self.batches = [(widths[shape], chosen[rows]) for shape, rows in _grouped(columns, np.arange(pairs), shapes)]
        self.rows = np.concatenate([rows for _, rows in self.batches])

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, i: int) -> Batch:
        widths, rows = self.batches[i]
        return _batch(self.store, rows, len(rows), widths)

    def __iter__(self) -> Iterator[Batch]:
        return (self[i] for i in range(len(self)))


# --- matrices ---------------------------------------------------------------------------------------------------------


def _batch(store: TokenStore, rows: np.ndarray, height: int, widths: np.ndarray) -> Batch:
    """Pairs of a store as matrices with `height` rows, and `widths` columns for contexts and for targets."""
    starts, middles, ends = store.starts[rows], store.starts[rows] + store.context_lengths[rows], store.starts[rows + 1]
    context, target = np.zeros((height, widths[0]), np.int32), np.zeros((height, widths[1] + 1), np.int32)
    context[: len(rows)] = padded(store.ids, starts, middles - starts, widths[0])
    target[: len(rows)] = padded(store.ids, middles, ends - middles, widths[1] + 1)
    labels = target[:, 1:]
    # END is no input, because nothing that could be learnt follows it.
    written = np.where(labels == PADDING_ID, PADDING_ID, target[:, :-1])
    # In rows that hold only padding, attention would have no key to attend to.
    context[len(rows) :, :2] = START_ID, END_ID
    written[len(rows) :, 0] = START_ID
    return {"context": context, "target": written}, labels


def as_input(batches: Iterable[Batch]):
    """Batches of differing shapes in the form that `fit` and `evaluate` need on the present backend.

    On TensorFlow, Keras infers a fixed width from the first two batches of a generator or PyDataset. A data set with an
    open TensorSpec prevents this.
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    ids = tf.TensorSpec((None, None), tf.int32)
    dataset = tf.data.Dataset.from_generator(lambda: batches, output_signature=({"context": ids, "target": ids}, ids))
    if isinstance(batches, keras.utils.PyDataset):  # else Keras warns at the end that the data ran out
        return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return dataset
