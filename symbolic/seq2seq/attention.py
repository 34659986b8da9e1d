"""Multi-head attention (Vaswani et al. 2017, section 3.2), as both models use it.

Keys and values are projected apart from the queries, so that step-by-step decoding can keep them. Masks are added to
the scores: 0 where a position may be looked at, a large negative number where not.

Shapes: B batch, T queries, S keys, U units, H heads.
"""

import math

import keras
from keras import ops

from symbolic.seq2seq.layers import Dense
from symbolic.seq2seq.special_tokens import PADDING_ID

_HIDDEN = -3e4  # in place of minus infinity, which float16 would make nan of where nothing is hidden


def padding_bias(ids, dtype):
    """The bias (B, 1, 1, S) that hides padding among the ids (B, S)."""
    return hiding_bias(ops.equal(ids, PADDING_ID)[:, None, None, :], dtype)


def causal_bias(query_positions, key_positions, dtype):
    """The bias (1, 1, T, S) that hides from every query the keys at later positions."""
    later = ops.less(query_positions[:, None], key_positions[None, :])
    return hiding_bias(later[None, None, :, :], dtype)


def hiding_bias(hidden, dtype):
    """The bias that hides what is true."""
    return ops.cast(hidden, dtype) * _HIDDEN


def rotated(x, positions):
    """Rotary position encoding (Su et al. 2021): x (B, H, T, D) turned by angles that grow with the positions (T,).

    Pairs of units are turned, each pair at a frequency of its own, so that the product of a query and a key depends on
    how far apart they are. D must be even.
    """
    half = x.shape[-1] // 2
    frequencies = ops.exp(ops.arange(half, dtype="float32") * (-math.log(10_000) / half))
    angles = ops.cast(positions, "float32")[:, None] * frequencies[None, :]
    cos, sin = ops.cast(ops.cos(angles), x.dtype), ops.cast(ops.sin(angles), x.dtype)
    first, second = ops.split(x, 2, axis=-1)  # the gradient of slices is far slower on TensorFlow
    return ops.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


class MultiHeadAttention(keras.layers.Layer):
    """Scaled dot-product attention with `num_heads` heads; `num_heads` must divide `num_units`.

    Args:
        num_units: width of queries, keys, values and output, all heads together.
        num_heads: number of heads.
    """

    def __init__(self, num_units: int, num_heads: int, **kwargs):
        super().__init__(**kwargs)
        if num_units % num_heads:
            raise ValueError(
                f"`num_heads` must divide `num_units`. Received: num_heads={num_heads}, num_units={num_units}."
            )
        self.num_units, self.num_heads = num_units, num_heads
        self.query = Dense(num_units, name="query")
        self.key = Dense(num_units, name="key")
        self.value = Dense(num_units, name="value")
        self.output_projection = Dense(num_units, name="output_projection")

    def keys_values(self, context, positions=None):
        """Keys and values, each (B, H, S, U / H), of a context (B, S, U); keys know their positions (S,) if given."""
        keys = self._split_heads(self.key(context))
        return keys if positions is None else rotated(keys, positions), self._split_heads(self.value(context))

    def call(self, queries, keys, values, bias, positions=None):
        """Attend from (B, T, U) to keys and values; queries know their positions (T,) if given.

        Returns:
            The attended values (B, T, U) and the attention weights (B, H, T, S).
        """
        query = self._split_heads(self.query(queries) * (self.num_units // self.num_heads) ** -0.5)
        query = query if positions is None else rotated(query, positions)
        weights = ops.softmax(ops.matmul(query, ops.transpose(keys, (0, 1, 3, 2))) + bias)
        attended = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))
        batch, length, _, _ = ops.shape(attended)
        return self.output_projection(ops.reshape(attended, (batch, length, self.num_units))), weights

    def _split_heads(self, x):
        batch, length, _ = ops.shape(x)
        x = ops.reshape(x, (batch, length, self.num_heads, self.num_units // self.num_heads))
        return ops.transpose(x, (0, 2, 1, 3))
