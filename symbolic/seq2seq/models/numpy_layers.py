"""The layers of our models in NumPy, float32, without dropout and gradients: what `layers` and `attention` compute.

Shapes: R rows, U units, H heads, D = U / H units of a head.
"""

from typing import NamedTuple

import numpy as np

from symbolic.seq2seq.keras_file import Weights
from symbolic.seq2seq.special_tokens import PADDING_ID

HIDDEN = np.float32(-3e4)  # added to the scores of keys that must not be seen


class NotInNumPyError(ValueError):
    """A model has an option that its NumPy module lacks; Keras can still answer."""


class Dense(NamedTuple):
    """A dense layer: kernel (U, V) and bias (V,)."""

    kernel: np.ndarray
    bias: np.ndarray

    @classmethod
    def read(cls, weights: Weights, name: str, inputs: int, outputs: int) -> "Dense":
        return cls(weights.take(f"{name}/0", inputs, outputs), weights.take(f"{name}/1", outputs))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        y = x @ self.kernel
        y += self.bias
        return y


def side_by_side(*layers: Dense) -> Dense:
    """One layer for several that read the same inputs: its outputs are theirs, one after another."""
    return Dense(
        np.concatenate([layer.kernel for layer in layers], axis=1), np.concatenate([layer.bias for layer in layers])
    )


class LayerNormalization(NamedTuple):
    """Normalisation over the last axis (Ba et al. 2016), as Keras does it by default."""

    gamma: np.ndarray
    beta: np.ndarray

    @classmethod
    def read(cls, weights: Weights, name: str, units: int) -> "LayerNormalization":
        return cls(weights.take(f"{name}/0", units), weights.take(f"{name}/1", units))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        y = x - x.mean(axis=-1, keepdims=True)
        variance = np.einsum("...i,...i->...", y, y)[..., None] / np.float32(y.shape[-1])
        y /= np.sqrt(variance + np.float32(1e-3))
        y *= self.gamma
        y += self.beta
        return y


def rms_normalized(x: np.ndarray) -> np.ndarray:
    """x (..., D), scaled to a mean square of 1 over D, as `attention.rms_normalized`."""
    mean_square = np.einsum("...i,...i->...", x, x)[..., None] / np.float32(x.shape[-1])
    return x / np.sqrt(mean_square + np.float32(1e-6))


def softmax(scores: np.ndarray) -> np.ndarray:
    """The softmax over the last axis, in place."""
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """The logarithm of the softmax over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def padding_bias(context: np.ndarray) -> np.ndarray | None:
    """(B, 1, 1, S) hides the padding of contexts (B, S); None if there is none."""
    hidden = context == PADDING_ID
    return np.where(hidden, HIDDEN, np.float32(0))[:, None, None, :] if hidden.any() else None


class Attention(NamedTuple):
    """Multi-head attention without positions, as `attention.MultiHeadAttention`.

    Attributes:
        query: (U, U); it carries the factor D^-1/2 of the scores, unless `query_scale` does.
        key_value: (U, 2 U).
        query_scale: (H, 1) the learnt scale of normalised queries and keys; None if they are not normalised.
    """

    query: Dense
    key_value: Dense
    query_scale: np.ndarray | None
    output: Dense
    heads: int

    @classmethod
    def read(cls, weights: Weights, name: str, units: int, heads: int, is_normalized: bool = False) -> "Attention":
        query, key, value, output = (
            Dense.read(weights, f"{name}/{part}", units, units)
            for part in ("query", "key", "value", "output_projection")
        )
        scale = np.float32((units // heads) ** -0.5)
        if is_normalized:
            return cls(
                query, side_by_side(key, value), weights.take(f"{name}/0", heads)[:, None] * scale, output, heads
            )
        return cls(Dense(query.kernel * scale, query.bias * scale), side_by_side(key, value), None, output, heads)

    def queries(self, x: np.ndarray) -> np.ndarray:
        """Queries (R, H, D) of rows x (R, U)."""
        rows = self.query(x).reshape(len(x), self.heads, -1)
        return rows if self.query_scale is None else rms_normalized(rows) * self.query_scale

    def keys_values(self, x: np.ndarray) -> np.ndarray:
        """Keys and values (R, 2, H, D) of rows x (R, U)."""
        rows = self.key_value(x).reshape(len(x), 2, self.heads, -1)
        if self.query_scale is not None:
            rows[:, 0] = rms_normalized(rows[:, 0])
        return rows


def attended(queries: np.ndarray, keys_values: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """What queries (B, T, H, D) gather (B, T, H, D) from keys and values (B, S, 2, H, D).

    Args:
        bias: added to the scores (B, H, T, S); None adds nothing.
    """
    keys, values = keys_values[:, :, 0], keys_values[:, :, 1]
    scores = queries.transpose(0, 2, 1, 3) @ keys.transpose(0, 2, 3, 1)
    if bias is not None:
        scores += bias
    return (softmax(scores) @ values.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)
