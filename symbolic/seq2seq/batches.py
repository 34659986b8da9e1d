"""Batches of padded id matrices for `fit` and `evaluate`: shuffled over whole data sets, in few shapes.

A batch is `({"context": (B, S), "target": (B, T)}, labels (B, T))`, all int32 and padded with 0 on the right: the
targets begin with START and lack their last token, the labels are the same sequences one step on and end with END.

The pairs of a window meet in batches of pairs of similar size. At most `MOST_SHAPES` shapes occur, fitted to a sample
of the lengths, so that a compiler that specialises on shapes compiles few programs. Rows that a shape has too many hold
an empty context and no labels. Every batch is a function of the sources, the sizes, the seed and its step, and no
array here is as long as a data set. This file knows lengths, not models.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

import keras
import numpy as np

from symbolic.seq2seq.shapes import Shapes, Source, batch_shapes, columns_of, fitted_widths, pieces_of, shares_of
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, START_ID
from symbolic.seq2seq.token_store import TokenStore

# Batches made of one window: more would pad less and, at the end of a window, fill fewer rows up.
BATCHES_PER_WINDOW = 1000
# A stream's window must be there before its first batch.
BATCHES_PER_STREAMED_WINDOW = 100

_ROUNDS = 6  # of the network that shuffles

Batch = tuple[dict[str, np.ndarray], np.ndarray]


# --- shapes -----------------------------------------------------------------------------------------------------------


# --- which pairs meet -------------------------------------------------------------------------------------------------


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

    The batch of a step depends on the sources, the sizes, the seed and the step alone, wherever one starts: a killed
    run resumes with the batches it would have seen, after a walk over the lengths of the pairs before. A source is
    drawn from in passes, each of which brings every pair once in an order of its own, shuffled over the whole of it;
    a source alone ends its passes with a batch. Pairs that need more than `max_length` columns are left out.

    Args:
        sources: data sets, drawn from in proportion to their weights.
        batch_size, batch_tokens, max_length: as in `batch_shapes`.

    Raises:
        ValueError: as `batch_shapes`.
    """
    shapes = batch_shapes(sources, batch_size=batch_size, batch_tokens=batch_tokens, max_length=max_length)
    return _training_batches(sources, shapes, seed, start_step)


def _training_batches(sources: Sequence[Source], shapes: Shapes, seed: int, start_step: int) -> Iterator[Batch]:
    step = 0
    for number in count():
        drawn = _drawn(sources, shapes.pairs_per_batch * BATCHES_PER_WINDOW, seed, number)
        columns = np.concatenate([columns_of(store, rows) for store, rows in drawn])
        rng = np.random.default_rng([seed, 0, number])
        batches = _cut(columns, rng.permutation(len(columns)), shapes)
        step += len(batches)
        if step <= start_step:
            continue
        window = _gathered(drawn)
        for i in rng.permutation(len(batches))[start_step - step :]:  # all, but where `start_step` is among them
            shape, rows = batches[i]
            yield _batch(window, rows, shapes.rows[shape], shapes.widths[shape])


def _drawn(sources: Sequence[Source], size: int, seed: int, number: int) -> list[tuple[TokenStore, np.ndarray]]:
    """What window `number` holds, about `size` pairs: rows of the sources in ascending pieces.

    The first windows end with the first pass over the source for which one takes longest.
    """
    shares = shares_of(sources)
    longest = max(len(store) / share for (store, _), share in zip(sources, shares, strict=True))
    exact_size = longest / math.ceil(longest / size)
    pieces = []
    for i, ((store, _), share) in enumerate(zip(sources, shares, strict=True)):
        draws = np.arange(math.floor(number * exact_size * share), math.floor((number + 1) * exact_size * share))
        passes = draws // len(store)
        for each in np.unique(passes):
            rows = np.sort(shuffled(draws[passes == each] % len(store), len(store), [seed, 1 + i, each]))
            pieces += [(store, piece) for piece in pieces_of(rows)]
    return pieces


def _gathered(drawn: list[tuple[TokenStore, np.ndarray]]) -> TokenStore:
    """Drawn pairs in memory."""
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
    """What a random permutation of 0 … n - 1 has at some positions (m,), in memory of the order of m + √n.

    A Feistel network on pairs of digits whose round functions are random tables; what falls outside walks on along its
    cycle (Black & Rogaway 2002, Ciphers with arbitrary finite domains, sections 4 and 5).
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


def _cut(columns: np.ndarray, order: np.ndarray, shapes: Shapes) -> list[tuple[int, np.ndarray]]:
    """Batches of a window's pairs, as shapes and rows; pairs too long for every shape are in none.

    Args:
        columns: (n, 2) what the pairs need.
        order: (n,) the rows in the order in which those for the same shape fill its batches.
    """
    smallest = shapes.smallest(columns)[order]
    batches, left_over = [], []
    for shape, rows in enumerate(shapes.rows):
        members = order[smallest == shape]
        whole = len(members) // rows * rows
        batches += [(shape, batch) for batch in members[:whole].reshape(-1, rows)]
        left_over.insert(0, members[whole:])
    rest = np.concatenate(left_over)  # the widest first, so that the batch with empty rows is narrow
    while len(rest):
        joint = shapes.smallest(np.maximum.accumulate(columns[rest]))  # what the first, the first two, … need
        size = np.count_nonzero(np.arange(len(rest)) < shapes.rows[joint])
        batches.append((joint[size - 1], rest[:size]))
        rest = rest[size:]
    return batches


def streamed_batches(windows: Iterable[TokenStore], shapes: Shapes, seed: int, start_step: int = 0) -> Iterator[Batch]:
    """Batches of pairs that come as a stream, from global step `start_step` on.

    A window lasts `BATCHES_PER_STREAMED_WINDOW` steps whatever its lengths, so that it is known at which to resume:
    batches beyond that are dropped, and if there are fewer, the first come again.

    Args:
        windows: stores of `BATCHES_PER_STREAMED_WINDOW * shapes.pairs_per_batch` pairs each, from window
            `start_step // BATCHES_PER_STREAMED_WINDOW` on. Pairs of similar size meet within a window.
        shapes: from pairs like those of the stream.
    """
    first, done = divmod(start_step, BATCHES_PER_STREAMED_WINDOW)
    for number, window in enumerate(windows, first):
        everything = np.arange(len(window))
        batches = _cut(columns_of(window, everything), everything, shapes)
        order = np.random.default_rng([seed, 0, number]).permutation(len(batches))
        for i in np.resize(order, BATCHES_PER_STREAMED_WINDOW)[done:]:
            shape, rows = batches[i]
            yield _batch(window, rows, shapes.rows[shape], shapes.widths[shape])
        done = 0


class EvaluationBatches(keras.utils.PyDataset):
    """The pairs of a store, every one once and no empty rows, for `validation_data` and `evaluate`.

    Args:
        store: the pairs.
        batch_size: pairs a batch; the last one may be smaller.
        steps: `steps * batch_size` pairs alone, evenly spread over the store; all pairs if None.
        batch_tokens: the most positions of a batch, padding included, instead of a number of pairs; a pair that needs
            more is alone.

    Attributes:
        rows: the row of the store that each place in the batches holds, in their order.

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
        self.batches = [(widths[shape], chosen[rows]) for shape, rows in _cut(columns, np.arange(pairs), shapes)]
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
    """Pairs of a store as matrices of so many rows and columns."""
    starts, middles, ends = store.starts[rows], store.starts[rows] + store.context_lengths[rows], store.starts[rows + 1]
    context, target = np.zeros((height, widths[0]), np.int32), np.zeros((height, widths[1] + 1), np.int32)
    context[: len(rows)] = padded(store.ids, starts, middles - starts, widths[0])
    target[: len(rows)] = padded(store.ids, middles, ends - middles, widths[1] + 1)
    labels = target[:, 1:]
    # Without its END, a row's input has one token fewer: what follows END is nothing that could be learnt.
    written = np.where(labels == PADDING_ID, PADDING_ID, target[:, :-1])
    # Rows of padding alone would leave attention nothing to look at.
    context[len(rows) :, :2] = START_ID, END_ID
    written[len(rows) :, 0] = START_ID
    return {"context": context, "target": written}, labels


def padded(ids: np.ndarray, starts: np.ndarray, lengths: np.ndarray, width: int) -> np.ndarray:
    """Sequences as one matrix (n, width), int32, padded on the right.

    Args:
        ids: sequences end to end.
        starts, lengths: (n,) where those wanted begin in it, and how long they are, at most `width`.
    """
    position = np.arange(width)
    inside = position < lengths[:, None]
    matrix = np.zeros(inside.shape, np.int32)
    matrix[inside] = ids[(starts[:, None] + position)[inside]]
    return matrix


def as_input(batches: Iterable[Batch]):
    """What `fit` and `evaluate` are to be handed for batches whose shapes differ, on either backend.

    From a generator or a PyDataset Keras on TensorFlow takes a width in which the first two batches agree for the width
    of all of them; a data set that says its shapes are open is taken at its word.
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    ids = tf.TensorSpec((None, None), tf.int32)
    dataset = tf.data.Dataset.from_generator(lambda: batches, output_signature=({"context": ids, "target": ids}, ids))
    if isinstance(batches, keras.utils.PyDataset):  # else Keras warns at the end that the data ran out
        return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return dataset
