"""Multi-head attention (Vaswani et al. 2017, section 3.2), as both models use it.

Keys and values are projected separately from the queries, so that step-by-step decoding can keep them. A mask is added
to the scores: 0 at keys that a query may attend to, a large negative number at the others. With JAX on a GPU, in
bfloat16 or float16, cuDNN's fused kernel (Dao et al. 2022) is used, which stores neither scores nor mask.

Shapes: B batch, T queries, S keys, U units, H heads.
"""

import math
from typing import Any, NamedTuple

import keras
from keras import ops

from symbolic.seq2seq.models.layers import Dense
from symbolic.seq2seq.special_tokens import PADDING_ID

_FUSED = "cudnn"  # what `jax.nn.dot_product_attention` calls its fused kernel
_HIDDEN = -3e4  # instead of minus infinity, whose product with 0 would be nan


class Mask(NamedTuple):
    """Which keys each query may attend to.

    Attributes:
        bias: what is added to the scores, of a shape that broadcasts to (B, H, T, S).
        key_lengths: (B,) if the bias shows the first keys and hides all others, the number of keys that it shows; else
            None.
    """

    bias: Any
    key_lengths: Any = None


def padding_mask(ids, dtype) -> Mask:
    """Hides padding among the ids (B, S) from all queries."""
    is_token = ops.not_equal(ids, PADDING_ID)
    lengths = ops.sum(ops.cast(is_token, "int32"), axis=1)
    # Our batches have no rows without tokens, but a caller's may; a softmax over no keys would be nan.
    return Mask(_bias(~is_token[:, None, None, :], dtype), ops.maximum(lengths, 1))


def causal_mask(length, dtype) -> Mask:
    """Hides from each of `length` queries the keys at later positions."""
    positions = ops.arange(length)
    later = ops.less(positions[:, None], positions[None, :])
    return Mask(_bias(later[None, None, :, :], dtype))


def visibility_mask(visible, dtype) -> Mask:
    """Hides what is false in `visible`, which broadcasts to (B, H, T, S)."""
    return Mask(_bias(~visible, dtype))


def _bias(hidden, dtype):
    return ops.cast(hidden, dtype) * _HIDDEN


def rotated(x, positions):
    """Rotary position encoding (Su et al. 2021): x (B, H, T, D), rotated by angles proportional to the positions (T,).

    Pairs of units are rotated, each pair at a frequency of its own, so that the product of a query and a key depends
    only on the distance between them. D must be even.
    """
    half = x.shape[-1] // 2
    frequencies = ops.exp(ops.arange(half, dtype="float32") * (-math.log(10_000) / half))
    angles = ops.cast(positions, "float32")[:, None] * frequencies[None, :]
    cos, sin = ops.cast(ops.cos(angles), x.dtype), ops.cast(ops.sin(angles), x.dtype)
    first, second = ops.split(x, 2, axis=-1)  # the gradient of slices is far slower on TensorFlow
    return ops.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def rms_normalized(x, epsilon: float = 1e-6):
    """x (..., D), scaled to a mean square of 1 over D (Zhang & Sennrich 2019); the mean square is taken in float32."""
    mean_square = ops.mean(ops.square(ops.cast(x, "float32")), axis=-1, keepdims=True)
    return x * ops.cast(ops.rsqrt(mean_square + epsilon), x.dtype)


class MultiHeadAttention(keras.layers.Layer):
    """Scaled dot-product attention with `num_heads` heads; `num_heads` must divide `num_units`.

    Args:
        num_units: width of queries, keys, values and output, all heads together.
        num_heads: number of heads.
        query_key_norm: whether each head normalises its queries and keys, and learns a scale of its scores instead
            (Henry et al. 2020; Dehghani et al. 2023 normalise likewise). The scores can then not grow without limit.
        zero_output: whether the output projection begins with zeros.
    """

    def __init__(
        self, num_units: int, num_heads: int, query_key_norm: bool = False, zero_output: bool = False, **kwargs
    ):
        super().__init__(**kwargs)
        if num_units % num_heads:
            raise ValueError(
                f"`num_heads` must divide `num_units`. Received: num_heads={num_heads}, num_units={num_units}."
            )
        self.num_units, self.num_heads, self.query_key_norm = num_units, num_heads, query_key_norm
        self.query = Dense(num_units, name="query")
        self.key = Dense(num_units, name="key")
        self.value = Dense(num_units, name="value")
        self.output_projection = Dense(
            num_units, kernel_initializer="zeros" if zero_output else "glorot_uniform", name="output_projection"
        )
        if query_key_norm:
            self.score_scale = self.add_weight(shape=(num_heads,), initializer="ones", name="score_scale")

    def keys_values(self, context, positions=None):
        """Keys and values, each (B, H, S, U / H), of a context (B, S, U); positions (S,), if given, rotate the keys."""
        keys = self._split_heads(self.key(context))
        if self.query_key_norm:
            keys = rms_normalized(keys)
        return keys if positions is None else rotated(keys, positions), self._split_heads(self.value(context))

    def call(self, queries, keys, values, key_mask, positions=None, is_causal=False, return_weights=False):
        """Attend from (B, T, U) to keys and values; positions (T,), if given, rotate the queries.

        Args:
            key_mask: which keys a query may attend to.
            is_causal: whether `key_mask` is a `causal_mask`.

        Returns:
            The attended values (B, T, U), and if `return_weights` the attention weights (B, H, T, S) too.
        """
        score_scale = (self.num_units // self.num_heads) ** -0.5
        if self.query_key_norm:
            query = rms_normalized(self._split_heads(self.query(queries)))
            query *= ops.cast(self.score_scale, query.dtype)[:, None, None] * score_scale
        else:
            query = self._split_heads(self.query(queries) * score_scale)
        query = query if positions is None else rotated(query, positions)
        attended = None if return_weights else _attended_by_one_kernel(query, keys, values, key_mask, is_causal)
        if attended is None:
            weights = ops.softmax(ops.matmul(query, ops.transpose(keys, (0, 1, 3, 2))) + key_mask.bias)
            attended = ops.matmul(weights, values)
        attended = ops.transpose(attended, (0, 2, 1, 3))
        batch, length, _, _ = ops.shape(attended)
        output = self.output_projection(ops.reshape(attended, (batch, length, self.num_units)))
        return (output, weights) if return_weights else output

    def _split_heads(self, x):
        batch, length, _ = ops.shape(x)
        x = ops.reshape(x, (batch, length, self.num_heads, self.num_units // self.num_heads))
        return ops.transpose(x, (0, 2, 1, 3))


def _attended_by_one_kernel(query, keys, values, mask: Mask, is_causal: bool):
    """The attended values of queries, already scaled, all (B, H, ., U / H); None where no fused kernel can be used."""
    if not (is_causal or mask.key_lengths is not None) or not _has_fused_kernel(query.dtype):
        return None
    import jax

    by_position = [ops.transpose(x, (0, 2, 1, 3)) for x in (query, keys, values)]
    hidden = {"is_causal": is_causal, "key_value_seq_lengths": mask.key_lengths}
    try:
        attended = jax.nn.dot_product_attention(*by_position, scale=1.0, implementation=_FUSED, **hidden)
    except (RuntimeError, ValueError, NotImplementedError):  # no cuDNN, or sizes that it does not support
        return None
    return ops.transpose(attended, (0, 2, 1, 3))


def _has_fused_kernel(dtype) -> bool:
    """Whether the present backend and device have a fused kernel for this dtype, and Keras's switch allows it."""
    if (
        keras.backend.backend() != "jax"
        or keras.config.is_flash_attention_enabled() is False
        or keras.backend.standardize_dtype(dtype) not in ("bfloat16", "float16")
    ):
        return False
    import jax

    # JAX does not check this; on a GPU older than Ampere, compiling the kernel would fail.
    capability = getattr(jax.local_devices()[0], "compute_capability", "0.0")
    return tuple(map(int, capability.split("."))) >= (8, 0)
