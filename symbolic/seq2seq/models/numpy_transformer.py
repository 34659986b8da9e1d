"""The Transformer in NumPy: the encoder, and the decoder step by step, with the weights of `transformer.Transformer`.

In a step, all hypotheses of all problems go through each dense layer as the rows of one matrix. Keys and values of the
tokens written so far stand in slots, and a slot is never copied because a hypothesis is continued more than once:
hypotheses with a common beginning see the same slots. The slots of the last few steps are looked up for each
hypothesis. Before them are the settled slots, of which there are few, since the hypotheses of a beam descend from few
beginnings: one product takes all hypotheses to all settled slots, and a mask hides those of other hypotheses.

Shapes: B problems, K hypotheses, S context tokens, U units, H heads, D = U / H, V target vocabulary, N slots in use,
M settled slots, T steps since slots were last settled.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from symbolic.runtime.names import unknown_name
from symbolic.seq2seq.keras_file import Weights
from symbolic.seq2seq.models.numpy_layers import (
    HIDDEN,
    Attention,
    Dense,
    LayerNormalization,
    attended,
    padding_bias,
    rms_normalized,
    side_by_side,
    softmax,
)

ACTIVATIONS = ("relu", "relu_squared")

_RECENT = 16  # tokens of a hypothesis whose slots are never settled; those of twice as many at most are not


class _OwnAttention(NamedTuple):
    """Attention of tokens to tokens of the same sequence, with positions encoded by rotation.

    Attributes:
        query_key_value: (U, 3 U); queries carry the factor D^-1/2 of the scores, unless `query_scale` does.
        query_scale: (H, 1) the learnt scale of normalised queries and keys; None if they are not normalised.
    """

    query_key_value: Dense
    query_scale: np.ndarray | None
    output: Dense
    heads: int

    @classmethod
    def read(cls, weights: Weights, name: str, units: int, heads: int, is_normalized: bool) -> "_OwnAttention":
        attention = Attention.read(weights, name, units, heads, is_normalized)
        key, value = np.split(attention.key_value.kernel, 2, axis=1), np.split(attention.key_value.bias, 2)
        layers = _paired(attention.query, heads), _paired(Dense(key[0], value[0]), heads), Dense(key[1], value[1])
        return cls(side_by_side(*layers), attention.query_scale, attention.output, heads)

    def queries_keys_values(self, x: np.ndarray, phases: np.ndarray) -> np.ndarray:
        """Queries, keys and values (R, 3, H, D) of rows x (R, U), rotated by `phases` (D / 2) or (R, 1, 1, D / 2)."""
        rows = self.query_key_value(x).reshape(len(x), 3, self.heads, -1)
        if self.query_scale is not None:
            rows[:, :2] = rms_normalized(rows[:, :2])
            rows[:, 0] *= self.query_scale
        turned = rows[:, :2].view(np.complex64)
        turned *= phases
        return rows


def _paired(layer: Dense, heads: int) -> Dense:
    """The layer with the units of each head in another order: those that are rotated together stand side by side.

    Then a pair is a complex number, and a rotation is a product. Scores do not change where queries and keys have the
    same order.
    """
    units = layer.bias.shape[0]
    order = np.arange(units).reshape(heads, 2, -1).swapaxes(1, 2).reshape(-1)
    return Dense(np.ascontiguousarray(layer.kernel[:, order]), layer.bias[order])


class _FeedForward(NamedTuple):
    norm: LayerNormalization
    widen: Dense
    narrow: Dense
    is_squared: bool

    @classmethod
    def read(cls, weights: Weights, name: str, units: int, width: int, is_squared: bool) -> "_FeedForward":
        return cls(
            LayerNormalization.read(weights, f"{name}/norm", units),
            Dense.read(weights, f"{name}/widen", units, width),
            Dense.read(weights, f"{name}/narrow", width, units),
            is_squared,
        )

    def __call__(self, x: np.ndarray) -> np.ndarray:
        y = self.widen(self.norm(x))
        np.maximum(y, 0, out=y)
        if self.is_squared:
            y *= y
        return x + self.narrow(y)


class _EncoderLayer(NamedTuple):
    norm: LayerNormalization
    attention: _OwnAttention
    feed_forward: _FeedForward


class _DecoderLayer(NamedTuple):
    norm: LayerNormalization
    attention: _OwnAttention
    context_norm: LayerNormalization
    context_attention: Attention
    feed_forward: _FeedForward


class TransformerState(NamedTuple):
    """What is kept between two steps.

    Attributes:
        context_bias: (B, 1, 1, S) hides the padding of the contexts; None if there is none.
        context: for each layer, keys and values of the contexts (B, S, 2, H, D).
        slots: for each layer, keys and values of the tokens written (B, more than N, 2, H, D).
        used: N.
        bias: (B, K, M) hides the settled slots that a hypothesis must not see.
        recent: (B, K, T) the slots of the last T tokens of each hypothesis.
    """

    context_bias: np.ndarray | None
    context: tuple[np.ndarray, ...]
    slots: tuple[np.ndarray, ...]
    used: int
    bias: np.ndarray
    recent: np.ndarray


class NumPyTransformer:
    """What `transformer.Transformer` computes, without its dropout; the arguments besides `weights` are its.

    Raises:
        ValueError: the weights are not those of such a model, or there is no such activation.
    """

    def __init__(
        self,
        weights: Weights,
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
    ):
        if activation not in ACTIVATIONS:
            raise unknown_name("activation", activation, ACTIVATIONS)
        self.context_vocabulary_size, self.target_vocabulary_size = context_vocabulary_size, target_vocabulary_size
        self.max_length, self._units, self._heads = max_length, num_units, num_heads
        self._is_squared, self._query_key_norm, self._width = activation == "relu_squared", query_key_norm, feed_forward
        context = weights.take("context_embedding/0", context_vocabulary_size, num_units)
        # Keras's name for the target's embedding.
        target = weights.take("layers/reversible_embedding/0", target_vocabulary_size, num_units)
        self._context_embedding, self._target_embedding = (
            table * np.float32(math.sqrt(num_units)) for table in (context, target)
        )
        self._to_logits = np.ascontiguousarray(target.T)
        self._encoder = [
            self._encoder_layer(weights, _numbered("encoder/encoder_layer", i))
            for i in range(encoder_layers or num_layers)
        ]
        self._decoder = [
            self._decoder_layer(weights, _numbered("decoder/decoder_layer", i))
            for i in range(decoder_layers or num_layers)
        ]
        self._encoder_norm = LayerNormalization.read(weights, "encoder_norm", num_units)
        self._decoder_norm = LayerNormalization.read(weights, "decoder_norm", num_units)
        half = num_units // num_heads // 2
        self._frequencies = np.exp(np.arange(half, dtype=np.float32) * np.float32(-math.log(10_000) / half))

    def _encoder_layer(self, weights: Weights, name: str) -> _EncoderLayer:
        return _EncoderLayer(
            LayerNormalization.read(weights, f"{name}/norm", self._units),
            self._attention(_OwnAttention, weights, f"{name}/attention"),
            self._feed_forward(weights, f"{name}/feed_forward"),
        )

    def _decoder_layer(self, weights: Weights, name: str) -> _DecoderLayer:
        return _DecoderLayer(
            LayerNormalization.read(weights, f"{name}/norm", self._units),
            self._attention(_OwnAttention, weights, f"{name}/attention"),
            LayerNormalization.read(weights, f"{name}/context_norm", self._units),
            self._attention(Attention, weights, f"{name}/context_attention"),
            self._feed_forward(weights, f"{name}/feed_forward"),
        )

    def _attention(self, kind: type, weights: Weights, name: str) -> Any:
        return kind.read(weights, name, self._units, self._heads, self._query_key_norm)

    def _feed_forward(self, weights: Weights, name: str) -> _FeedForward:
        return _FeedForward.read(weights, name, self._units, self._width, self._is_squared)

    # --- the encoder --------------------------------------------------------------------------------------------------

    def start(self, context: np.ndarray) -> TransformerState:
        """The state before the first step, with one hypothesis for each context (B, S)."""
        batch, length = context.shape
        self._check_length("context", length)
        bias = padding_bias(context)
        x = self._context_embedding[context].reshape(-1, self._units)
        phases = np.tile(self._phases(np.arange(length)), (batch, 1))[:, None, None, :]
        for layer in self._encoder:
            rows = layer.attention.queries_keys_values(layer.norm(x), phases)
            rows = rows.reshape(batch, length, 3, self._heads, -1)
            gathered = attended(rows[:, :, 0], rows[:, :, 1:], bias)
            x = layer.feed_forward(x + layer.attention.output(gathered.reshape(-1, self._units)))
        x = self._encoder_norm(x)
        shape = (batch, length, 2, self._heads, self._units // self._heads)
        keys_values = tuple(layer.context_attention.keys_values(x).reshape(shape) for layer in self._decoder)
        nothing = np.empty((batch, 0, *shape[2:]), np.float32)
        return TransformerState(
            context_bias=bias,
            context=keys_values,
            slots=(nothing,) * len(self._decoder),
            used=0,
            bias=np.empty((batch, 1, 0), np.float32),
            recent=np.empty((batch, 1, 0), np.intp),
        )

    def _phases(self, positions: np.ndarray) -> np.ndarray:
        """The complex numbers (n, D / 2) that rotate the pairs of units at some positions."""
        return np.exp(1j * (positions[:, None] * self._frequencies).astype(np.float32)).astype(np.complex64)

    def _check_length(self, what: str, length: int) -> None:
        if length > self.max_length:
            raise ValueError(
                f"`{what}` is longer than `max_length` of this model. Received: {length}, max_length={self.max_length}."
            )

    # --- the decoder --------------------------------------------------------------------------------------------------

    def step(self, tokens: np.ndarray, state: TransformerState, position: int) -> tuple[np.ndarray, TransformerState]:
        """Logits (B, K, V) after the tokens (B, K) at a position, and the state with them."""
        self._check_length("target", position + 1)
        state = self._with_room(state, tokens.shape[1])
        batch, hypotheses = tokens.shape
        new = np.arange(state.used, state.used + hypotheses)
        own = np.broadcast_to(new[:, None], (batch, hypotheses, 1))
        recent = np.concatenate([state.recent, own], axis=2)
        state = state._replace(recent=recent, used=state.used + hypotheses)
        phases = self._phases(np.array([position]))[0]
        x = self._target_embedding[tokens.ravel()]
        for layer, slots, context in zip(self._decoder, state.slots, state.context, strict=True):
            rows = layer.attention.queries_keys_values(layer.norm(x), phases)
            rows = rows.reshape(batch, hypotheses, 3, self._heads, -1)
            slots[:, new[0] : state.used] = rows[:, :, 1:]
            gathered = _attended_to_slots(rows[:, :, 0], slots, state)
            x = x + layer.attention.output(gathered.reshape(-1, self._units))
            queries = layer.context_attention.queries(layer.context_norm(x)).reshape(batch, hypotheses, self._heads, -1)
            gathered = attended(queries, context, state.context_bias)
            x = layer.feed_forward(x + layer.context_attention.output(gathered.reshape(-1, self._units)))
        logits = self._decoder_norm(x) @ self._to_logits
        return logits.reshape(batch, hypotheses, -1), state

    def continued(self, state: TransformerState, parents: np.ndarray) -> TransformerState:
        """The state in which the hypotheses are those that continue the `parents` (B, K')."""
        problems = np.arange(len(parents))[:, None]
        return state._replace(bias=state.bias[problems, parents], recent=state.recent[problems, parents])

    def left(self, state: TransformerState, problems: np.ndarray) -> TransformerState:
        """The state of some of the problems (B',)."""
        return state._replace(
            context_bias=None if state.context_bias is None else state.context_bias[problems],
            context=tuple(each[problems] for each in state.context),
            slots=tuple(each[problems] for each in state.slots),
            bias=state.bias[problems],
            recent=state.recent[problems],
        )

    def _with_room(self, state: TransformerState, hypotheses: int) -> TransformerState:
        """The state with room for one more slot of each hypothesis.

        Where there is none left, slots that no hypothesis sees are dropped, and all but the youngest are settled.
        """
        if state.used + hypotheses <= state.slots[0].shape[1] and state.recent.shape[2] < 2 * _RECENT:
            return state
        visible = np.zeros((*state.recent.shape[:2], state.used), bool)
        visible[:, :, : state.bias.shape[2]] = state.bias == 0
        old, young = np.split(state.recent, [max(0, state.recent.shape[2] - _RECENT)], axis=2)
        np.put_along_axis(visible, old, True, axis=2)
        settled = _first_true(visible.any(axis=1))
        is_young = np.zeros((len(young), state.used), bool)
        np.put_along_axis(is_young, young.reshape(len(young), -1), True, axis=1)
        kept = np.concatenate([settled, _first_true(is_young)], axis=1)
        place = np.empty_like(is_young, dtype=np.intp)  # of each kept slot among the new ones
        np.put_along_axis(place, kept, np.broadcast_to(np.arange(kept.shape[1]), kept.shape), axis=1)

        problems, used = np.arange(len(kept))[:, None], kept.shape[1]
        room = (2 * _RECENT - young.shape[2]) * hypotheses
        slots = []
        for before in state.slots:
            after = np.empty((len(kept), used + room, *before.shape[2:]), np.float32)
            after[:, :used] = before[problems, kept]
            slots.append(after)
        return state._replace(
            slots=tuple(slots),
            used=used,
            bias=np.where(np.take_along_axis(visible, settled[:, None], axis=2), np.float32(0), HIDDEN),
            recent=place[problems[:, None], young],
        )


def _first_true(mask: np.ndarray) -> np.ndarray:
    """The columns of a mask (B, N) that are true, and as many others in each row as make all rows equally long."""
    return np.argsort(~mask, axis=1, kind="stable")[:, : mask.sum(axis=1).max(initial=0)]


def _numbered(name: str, index: int) -> str:
    """Keras's name for the layer of a list."""
    return f"{name}_{index}" if index else name


def _attended_to_slots(queries: np.ndarray, slots: np.ndarray, state: TransformerState) -> np.ndarray:
    """What queries (B, K, H, D) gather (B, K, H, D) from the slots that each hypothesis sees."""
    batch, hypotheses, heads, _ = queries.shape
    settled, steps = state.bias.shape[2], state.recent.shape[2]
    recent = slots[np.arange(batch)[:, None, None], state.recent]  # (B, K, T, 2, H, D)
    scores = np.empty((batch, heads, hypotheses, settled + steps), np.float32)
    if settled:
        keys, values = slots[:, :settled, 0], slots[:, :settled, 1]
        np.matmul(queries.transpose(0, 2, 1, 3), keys.transpose(0, 2, 3, 1), out=scores[..., :settled])
        scores[..., :settled] += state.bias[:, None]
    np.einsum("bkhd,bkthd->bhkt", queries, recent[:, :, :, 0], out=scores[..., settled:])
    weights = softmax(scores)
    gathered = np.einsum("bhkt,bkthd->bkhd", weights[..., settled:], recent[:, :, :, 1])
    if settled:
        gathered += (weights[..., :settled] @ values.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)
    return gathered
