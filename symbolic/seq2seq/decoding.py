"""Greedy search over token ids.

The search asks a function for the next logits and knows nothing of models or text. Every tensor of its state has the
rows of the batch as its first axis.

Shapes: B batch, V vocabulary, L longest output.
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, START_ID


class Decoded(NamedTuple):
    """What a search found.

    Attributes:
        ids: (B, L) int32, the tokens after START, END included where it came, then padding.
        lengths: (B,) int32, tokens before END; L where none came.
        scores: (B,) float32, the sum of the log-probabilities of the tokens, END included, in nats.
    """

    ids: np.ndarray
    lengths: np.ndarray
    scores: np.ndarray


def greedy_search(next_logits: Callable, state, batch_size, max_length: int):
    """The likeliest token at every position, until each row has met END or has `max_length` tokens.

    Runs inside a compiled function on every backend.

    Args:
        next_logits: `(tokens (B,), state, position) -> (logits (B, V), state)`.
        state: nested tuples of tensors, the state at position 0.
        batch_size: B.
        max_length: L, END included.

    Returns:
        The fields of `Decoded` as tensors.
    """
    position_of = ops.arange(max_length)

    def unfinished(position, tokens, finished, ids, lengths, scores, state):
        return ops.logical_not(ops.all(finished))

    def extend(position, tokens, finished, ids, lengths, scores, state):
        logits, state = next_logits(tokens, state, position)
        log_probabilities = ops.log_softmax(logits)
        best = ops.cast(ops.argmax(logits, axis=-1), "int32")
        tokens = ops.where(finished, PADDING_ID, best)
        scores += ops.where(finished, 0.0, ops.max(log_probabilities, axis=-1))
        finished = ops.logical_or(finished, ops.equal(tokens, END_ID))
        ids = ops.where(position_of == position, tokens[:, None], ids)
        lengths += ops.cast(ops.logical_not(finished), "int32")
        return position + 1, tokens, finished, ids, lengths, scores, state

    shape = (batch_size,)
    before = (
        ops.convert_to_tensor(0, "int32"),
        ops.full(shape, START_ID, "int32"),
        ops.zeros(shape, "bool"),
        ops.full((batch_size, max_length), PADDING_ID, "int32"),
        ops.zeros(shape, "int32"),
        ops.zeros(shape, "float32"),
        state,
    )
    _, _, _, ids, lengths, scores, _ = ops.while_loop(unfinished, extend, before, maximum_iterations=max_length)
    return ids, lengths, scores


class GreedyDecoder:
    """Decodes batches of contexts with one model; compiled once a shape, so keep it for many batches.

    Args:
        model: has `start(context, max_length) -> state` and `step(tokens, state, position) -> (logits, state)`, as
            `AttentionRNN` and `Transformer` do, and has been built.
        max_length: the most tokens of an output, END included.

    Example:
        >>> decode = GreedyDecoder(model, max_length=64)
        >>> decode(contexts).ids.shape
        (256, 64)
    """

    def __init__(self, model: keras.Model, max_length: int):
        self._search = _Search(model, max_length)

    def __call__(self, contexts: np.ndarray) -> Decoded:
        """Decode contexts (B, S), padded with 0 on the right."""
        return Decoded(*self._search.predict_on_batch(contexts))


class _Search(keras.Model):
    """Greedy search as a Keras model, because `predict_on_batch` compiles a model's call on every backend."""

    def __init__(self, model: keras.Model, max_length: int):
        super().__init__(name="greedy_search")
        self.model, self.max_length = model, max_length

    def call(self, contexts):
        state = self.model.start(contexts, self.max_length)
        return greedy_search(self.model.step, state, ops.shape(contexts)[0], self.max_length)


def greedy(model: keras.Model, contexts: np.ndarray, max_length: int) -> Decoded:
    """Decode one batch of contexts (B, S) greedily; see `GreedyDecoder`, which serves many."""
    return GreedyDecoder(model, max_length)(contexts)
