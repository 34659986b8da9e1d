"""The Transformer, encoder and decoder (Vaswani et al. 2017), with normalisation before each block (Xiong et al. 2020).

The encoder reads the context once; each decoder layer attends to the target so far and then to the context. The
decoder's embedding is also its output projection (Press & Wolf 2017). Self-attention encodes positions by rotation (Su
et al. 2021), so no length is built into the weights.

Shapes: B batch, S context tokens, T target tokens, U units, H heads, V target vocabulary.
"""

import math
from typing import Any, NamedTuple

import keras
from keras import ops

from symbolic.runtime.names import unknown_name
from symbolic.seq2seq.models.attention import Mask, MultiHeadAttention, causal_mask, padding_mask, visibility_mask
from symbolic.seq2seq.models.contract import ModelState
from symbolic.seq2seq.models.layers import Dense, LayerNormalization

ACTIVATIONS = ("relu", "relu_squared")


class _Sizes(NamedTuple):
    """What all layers of a model have in common; `Transformer` explains each."""

    num_units: int
    num_heads: int
    feed_forward: int
    dropout: float
    query_key_norm: bool
    activation: str
    zero_outputs: bool

    def attention(self, name: str) -> MultiHeadAttention:
        return MultiHeadAttention(self.num_units, self.num_heads, self.query_key_norm, self.zero_outputs, name=name)


class FeedForward(keras.layers.Layer):
    """Two dense layers at each position (section 3.3), with normalisation before and a residual around them."""

    def __init__(self, sizes: _Sizes, **kwargs):
        super().__init__(**kwargs)
        self.norm = LayerNormalization(name="norm")
        self.widen = Dense(sizes.feed_forward, activation="relu", name="widen")
        self.is_squared = sizes.activation == "relu_squared"
        self.narrow = Dense(
            sizes.num_units, kernel_initializer="zeros" if sizes.zero_outputs else "glorot_uniform", name="narrow"
        )
        self.dropout = keras.layers.Dropout(sizes.dropout)

    def call(self, x, training=None):
        y = self.widen(self.norm(x))
        y = ops.square(y) if self.is_squared else y
        return x + self.dropout(self.narrow(y), training=training)


class EncoderLayer(keras.layers.Layer):
    """Self-attention and feed-forward over a context (B, S, U)."""

    def __init__(self, sizes: _Sizes, **kwargs):
        super().__init__(**kwargs)
        self.norm = LayerNormalization(name="norm")
        self.attention = sizes.attention(name="attention")
        self.dropout = keras.layers.Dropout(sizes.dropout)
        self.feed_forward = FeedForward(sizes, name="feed_forward")

    def call(self, x, own_mask, positions, training=None):
        y = self.norm(x)
        y = self.attention(y, *self.attention.keys_values(y, positions), own_mask, positions)
        return self.feed_forward(x + self.dropout(y, training=training), training=training)


class DecoderLayer(keras.layers.Layer):
    """Self-attention, attention to the context, and feed-forward over a target (B, T, U).

    `call` serves the full pass and a step of decoding. In the full pass, the keys and values are those of the target
    itself. In a step, the T tokens are one of each of T hypotheses, and keys and values are kept in a cache.
    """

    def __init__(self, sizes: _Sizes, **kwargs):
        super().__init__(**kwargs)
        self.norm = LayerNormalization(name="norm")
        self.attention = sizes.attention(name="attention")
        self.context_norm = LayerNormalization(name="context_norm")
        self.context_attention = sizes.attention(name="context_attention")
        self.dropout = keras.layers.Dropout(sizes.dropout)
        self.feed_forward = FeedForward(sizes, name="feed_forward")

    def call(
        self,
        x,
        own_mask,
        positions,
        context_keys_values,
        context_mask,
        cache=None,
        slot=None,
        return_weights=False,
        training=None,
    ):
        """
        Args:
            x: the target (B, T, U).
            own_mask: hides keys of the target: the causal mask, or with a cache a mask (B, 1, T, N).
            positions: of the target's tokens, (T,), or (1,) if all have the same.
            context_keys_values: keys and values of the context, from `context_attention.keys_values`.
            context_mask: hides padding among the keys of the context.
            cache: keys and values (B, H, N, U / H) of the earlier steps, or None for the full pass.
            slot: the place in the cache where the keys and values of x begin.

        Returns:
            The output (B, T, U) and the updated cache. If `return_weights`, instead of both, the weights (B, H, T, S)
            of the attention to the context.
        """
        y = self.norm(x)
        keys_values = self.attention.keys_values(y, positions)
        if cache is not None:
            keys_values = tuple(
                ops.slice_update(old, (0, 0, slot, 0), new) for new, old in zip(keys_values, cache, strict=True)
            )
        y = self.attention(y, *keys_values, own_mask, positions, is_causal=cache is None)
        x = x + self.dropout(y, training=training)
        to_context = (self.context_norm(x), *context_keys_values, context_mask)
        if return_weights:
            return self.context_attention(*to_context, return_weights=True)[1]
        x = x + self.dropout(self.context_attention(*to_context), training=training)
        return self.feed_forward(x, training=training), keys_values


class _Shared(NamedTuple):
    """What all hypotheses of a problem share while it is decoded.

    Attributes:
        context_bias: (B, 1, 1, S) hides the context's padding.
        context_keys_values: for each decoder layer, two (B, H, S, U / H).
        caches: keys and values of the tokens so far, for each decoder layer two (B, H, N, U / H). Each step fills K of
            the N slots, one for each hypothesis. Every hypothesis records which slots it sees, so that nothing in the
            caches is copied when the search copies a hypothesis.
        used: (B,) slots in use, the same in every row.
    """

    context_bias: Any
    context_keys_values: Any
    caches: Any
    used: Any


def _slots_of(cache, slots):
    """The slots (B, M) of a cache (B, H, N, D): (B, H, M, D)."""
    batch, heads, size, width = ops.shape(cache)
    # By rows of a matrix, which is ten times as fast as `take_along_axis` on TensorFlow.
    first_rows = ops.reshape(ops.arange(batch * heads) * size, (batch, heads, 1))
    return ops.take(ops.reshape(cache, (-1, width)), first_rows + slots[:, None], axis=0)


def _with_empty_slots(tensor, count: int):
    """A cache (B, H, N, D), or what is visible of it (B, K, N), with `count` more slots of zeros."""
    widths = [(0, 0)] * len(tensor.shape)
    widths[2] = (0, count)
    return ops.pad(tensor, widths)


@keras.saving.register_keras_serializable(package="symbolic")
class Transformer(keras.Model):
    """Next-token logits of a target, given a context.

    Inputs are `{"context": (B, S), "target": (B, T)}`, token ids padded with 0 on the right, the target beginning
    with START; the output is (B, T, V), float32. Padding influences no logits at real positions.

    Args:
        context_vocabulary_size: number of context token ids.
        target_vocabulary_size: number of target token ids, V.
        num_units: width U of embeddings and layers.
        num_layers: layers of the encoder, and of the decoder.
        num_heads: attention heads; must divide `num_units` into even parts.
        feed_forward: width of the feed-forward layers.
        dropout: rate on embeddings and on the output of each block.
        max_length: the most tokens of a context or target, padding included.
        encoder_layers, decoder_layers: layers of either, where it is not `num_layers`.
        query_key_norm: whether every attention normalises queries and keys, see `MultiHeadAttention`.
        activation: between the two layers of a block of feed-forward: "relu", or "relu_squared" (So et al. 2021).
        zero_outputs: whether the last matrix of every attention and feed-forward begins with zeros, so that each
            layer begins as the identity (as in Fixup, Zhang et al. 2019).

    Raises:
        ValueError: the heads do not divide the units into even parts, or there is no such activation.

    Examples:
        >>> model = Transformer(10, 12, num_units=16, num_layers=1, num_heads=2, feed_forward=32)
        >>> model({"context": np.array([[2, 5, 3]]), "target": np.array([[2, 7]])}).shape
        (1, 2, 12)
    """

    def __init__(
        self,
        context_vocabulary_size: int,
        target_vocabulary_size: int,
        num_units: int,
        num_layers: int,
        num_heads: int,
        feed_forward: int,
        dropout: float = 0.0,
        max_length: int = 1024,
        encoder_layers: int | None = None,
        decoder_layers: int | None = None,
        query_key_norm: bool = False,
        activation: str = "relu",
        zero_outputs: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if activation not in ACTIVATIONS:
            raise unknown_name("activation", activation, ACTIVATIONS)
        if num_units % num_heads == 0 and num_units // num_heads % 2:
            raise ValueError(
                "`num_units / num_heads` must be even, because positions rotate pairs of units. "
                f"Received: num_units={num_units}, num_heads={num_heads}."
            )
        self.context_vocabulary_size = context_vocabulary_size
        self.target_vocabulary_size = target_vocabulary_size
        self.num_units = num_units
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.feed_forward = feed_forward
        self.dropout = dropout
        self.max_length = max_length
        self.encoder_layers = encoder_layers
        self.decoder_layers = decoder_layers
        self.query_key_norm = query_key_norm
        self.activation = activation
        self.zero_outputs = zero_outputs

        init = keras.initializers.RandomNormal(stddev=0.02)
        self.context_embedding = keras.layers.Embedding(
            context_vocabulary_size, num_units, embeddings_initializer=init, name="context_embedding"
        )
        self.target_embedding = keras.layers.ReversibleEmbedding(
            target_vocabulary_size, num_units, embeddings_initializer=init.clone(), name="target_embedding"
        )
        self.embedding_dropout = keras.layers.Dropout(dropout)
        sizes = _Sizes(num_units, num_heads, feed_forward, dropout, query_key_norm, activation, zero_outputs)
        self.encoder = [EncoderLayer(sizes, name=f"encoder_{i}") for i in range(encoder_layers or num_layers)]
        self.decoder = [DecoderLayer(sizes, name=f"decoder_{i}") for i in range(decoder_layers or num_layers)]
        self.encoder_norm = LayerNormalization(name="encoder_norm")
        self.decoder_norm = LayerNormalization(name="decoder_norm")

    def call(self, inputs, training=None):
        x, layers = self._decoder_inputs(inputs, training)
        for layer, others in layers:
            x, _ = layer(x, *others, training=training)
        return self._logits(x)

    def attention_weights(self, inputs):
        """The weights (B, H, T, S) that target positions give to context positions in the last decoder layer."""
        x, layers = self._decoder_inputs(inputs)
        for layer, others in layers[:-1]:
            x, _ = layer(x, *others)
        last, others = layers[-1]
        return last(x, *others, return_weights=True)

    def start(self, context, hypotheses: int, steps: int) -> ModelState:
        """The state before the first step of decoding; see `contract.NextLogits`.

        A hypothesis has of its own `visible` (B, K, N): which slots of the caches hold its tokens.
        """
        self._check_length("target", steps)
        context_mask, context_keys_values = self._encode(context)
        batch, slots = ops.shape(context)[0], hypotheses * steps
        empty = ops.zeros((batch, self.num_heads, slots, self.num_units // self.num_heads), self.compute_dtype)
        caches = ((empty, empty),) * len(self.decoder)
        shared = _Shared(context_mask.bias, context_keys_values, caches, ops.zeros((batch,), "int32"))
        return ModelState(shared, ops.zeros((batch, hypotheses, slots), "bool"))

    def step(self, tokens, state: ModelState, position):
        """One step of decoding; see `contract.NextLogits`."""
        shared, visible = state
        slot, hypotheses = shared.used[0], ops.shape(tokens)[1]
        own_slots = slot + ops.arange(hypotheses, dtype="int32")
        visible |= ops.arange(ops.shape(visible)[-1], dtype="int32") == own_slots[:, None]
        mask = visibility_mask(visible[:, None], self.compute_dtype)
        context_mask = Mask(shared.context_bias)
        x, caches = self._embed(self.target_embedding, tokens), []
        for layer, keys_values, cache in zip(self.decoder, shared.context_keys_values, shared.caches, strict=True):
            x, cache = layer(x, mask, ops.reshape(position, (1,)), keys_values, context_mask, cache=cache, slot=slot)
            caches.append(cache)
        shared = shared._replace(caches=tuple(caches), used=shared.used + hypotheses)
        return self._logits(x), ModelState(shared, visible)

    def with_room(self, state: ModelState, steps: int) -> ModelState:
        """The state with empty slots for `steps` more steps, and without most slots that no hypothesis can see.

        The number of slots that stay is the largest that any problem needs, rounded up to a multiple of those of
        `steps` steps: few sizes occur, since each one is compiled. In the other problems, some hidden slots stay too.
        """
        shared, visible = state
        _, hypotheses, slots = ops.shape(visible)
        new_slots = steps * hypotheses
        is_needed = ops.cast(ops.any(visible, axis=1), "int32")  # (B, N)
        most_needed = int(ops.max(ops.sum(is_needed, axis=1)))
        remaining = min(-(-most_needed // new_slots) * new_slots, slots)
        # The needed slots first. Their order does not matter, because a key holds its own position.
        kept = ops.argsort(-is_needed, axis=1)[:, :remaining]  # (B, remaining)

        caches = keras.tree.map_structure(
            lambda cache: _with_empty_slots(_slots_of(cache, kept), new_slots), shared.caches
        )
        shared = shared._replace(caches=caches, used=ops.full_like(shared.used, remaining))
        visible = ops.take_along_axis(visible, kept[:, None], axis=2)
        return ModelState(shared, _with_empty_slots(visible, new_slots))

    def _encode(self, context, training=None):
        """The mask that hides the context's padding, and the context's keys and values for each decoder layer."""
        length = ops.shape(context)[1]
        self._check_length("context", length)
        mask = padding_mask(context, self.compute_dtype)
        x = self._embed(self.context_embedding, context, training)
        for layer in self.encoder:
            x = layer(x, mask, ops.arange(length), training=training)
        x = self.encoder_norm(x)
        return mask, tuple(layer.context_attention.keys_values(x) for layer in self.decoder)

    def _decoder_inputs(self, inputs, training=None):
        """The embedded target (B, T, U), and the decoder layers, each with its other arguments."""
        context_mask, context_keys_values = self._encode(inputs["context"], training)
        length = ops.shape(inputs["target"])[1]
        self._check_length("target", length)
        x = self._embed(self.target_embedding, inputs["target"], training)
        mask, positions = causal_mask(length, self.compute_dtype), ops.arange(length)
        others = [(mask, positions, keys_values, context_mask) for keys_values in context_keys_values]
        return x, list(zip(self.decoder, others, strict=True))

    def _embed(self, embedding, ids, training=None):
        return self.embedding_dropout(embedding(ids) * math.sqrt(self.num_units), training=training)

    def _logits(self, x):
        return ops.cast(self.target_embedding(self.decoder_norm(x), reverse=True), "float32")

    def _check_length(self, what: str, length) -> None:
        """Refuse a length above the maximum, if it is known: in a TensorFlow graph it may be open."""
        if isinstance(length, int) and length > self.max_length:
            raise ValueError(
                f"`{what}` is longer than `max_length` of this model. Received: {length}, max_length={self.max_length}."
            )

    def get_config(self):
        return {
            **super().get_config(),
            "context_vocabulary_size": self.context_vocabulary_size,
            "target_vocabulary_size": self.target_vocabulary_size,
            "num_units": self.num_units,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "feed_forward": self.feed_forward,
            "dropout": self.dropout,
            "max_length": self.max_length,
            "encoder_layers": self.encoder_layers,
            "decoder_layers": self.decoder_layers,
            "query_key_norm": self.query_key_norm,
            "activation": self.activation,
            "zero_outputs": self.zero_outputs,
        }
