"""The attention RNN: a recurrent encoder and decoder joined by cross-attention (after Bahdanau et al. 2015).

The encoder reads the context in both directions. The decoder reads the target from left to right, and at every
position attends to the encoded context with multi-head attention.

Shapes: B batch, S context tokens, T target tokens, U units, H heads, V target vocabulary.
"""

import keras
from keras import ops

from symbolic.seq2seq.models.attention import Mask, MultiHeadAttention, padding_mask
from symbolic.seq2seq.models.contract import ModelState
from symbolic.seq2seq.models.layers import Dense, LayerNormalization
from symbolic.seq2seq.special_tokens import PADDING_ID


def _recurrent(num_units: int, is_gru: bool, **kwargs):
    layer = keras.layers.GRU if is_gru else keras.layers.LSTM
    return layer(num_units, return_sequences=True, **kwargs)


class Encoder(keras.layers.Layer):
    """Encodes context ids (B, S) as (B, S, U), the sum of the outputs of a forward and a backward RNN."""

    def __init__(self, vocabulary_size: int, num_units: int, is_gru: bool, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(vocabulary_size, num_units, name="embedding")
        self.dropout = keras.layers.Dropout(dropout)
        self.rnn = keras.layers.Bidirectional(_recurrent(num_units, is_gru), merge_mode="sum", name="rnn")

    def call(self, ids, training=None):
        x = self.dropout(self.embedding(ids), training=training)
        # An explicit mask, because the backward RNN reads the padding first.
        return self.rnn(x, mask=ops.not_equal(ids, PADDING_ID))


class CrossAttention(keras.layers.Layer):
    """Attention from the target to the context, with a residual and normalisation after it."""

    def __init__(self, num_units: int, num_heads: int, **kwargs):
        super().__init__(**kwargs)
        self.attention = MultiHeadAttention(num_units, num_heads, name="attention")
        self.norm = LayerNormalization(name="norm")

    def call(self, x, keys, values, context_mask, return_weights=False):
        """Attend from x (B, T, U).

        Returns:
            (B, T, U), and if `return_weights` the attention weights (B, H, T, S) too.
        """
        if return_weights:
            attended, weights = self.attention(x, keys, values, context_mask, return_weights=True)
            return self.norm(x + attended), weights
        return self.norm(x + self.attention(x, keys, values, context_mask))


class Decoder(keras.layers.Layer):
    """Logits (B, T, V) of target ids (B, T): a unidirectional RNN, then cross-attention, then the output layer."""

    def __init__(
        self,
        vocabulary_size: int,
        num_units: int,
        num_heads: int,
        is_gru: bool,
        dropout: float,
        output_activation: str,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(vocabulary_size, num_units, name="embedding")
        self.dropout = keras.layers.Dropout(dropout)
        self.rnn = _recurrent(num_units, is_gru, name="rnn")
        self.cross_attention = CrossAttention(num_units, num_heads, name="cross_attention")
        # With small weights all tokens are equally likely at first, so an untrained model has the loss ln V.
        self.output_layer = Dense(
            vocabulary_size,
            activation=output_activation,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="output_layer",
        )

    def call(self, ids, keys, values, context_mask, return_weights=False, training=None):
        """Decode all positions at once.

        Returns:
            Logits (B, T, V), or if `return_weights` the attention weights (B, H, T, S).
        """
        x = self.rnn(self.dropout(self.embedding(ids), training=training))
        if return_weights:
            return self.cross_attention(x, keys, values, context_mask, return_weights=True)[1]
        x = self.cross_attention(x, keys, values, context_mask)
        return self.output_layer(self.dropout(x, training=training))

    def step(self, tokens, rnn_state, keys, values, bias):
        """Decode one position: logits (B, K, V) after the tokens (B, K), and the new state of the RNN (B, K, U)."""
        shape = (*ops.shape(tokens), self.rnn.units)
        rnn_state = [ops.reshape(part, (-1, self.rnn.units)) for part in rnn_state]
        x, rnn_state = self.rnn.cell(self.embedding(ops.reshape(tokens, (-1,))), rnn_state)
        x = self.cross_attention(ops.reshape(x, shape), keys, values, Mask(bias))
        return self.output_layer(x), tuple(ops.reshape(part, shape) for part in rnn_state)


@keras.saving.register_keras_serializable(package="symbolic")
class AttentionRNN(keras.Model):
    """Next-token logits of a target, given a context.

    Inputs are `{"context": (B, S), "target": (B, T)}`, token ids padded with 0 on the right, the target beginning
    with START; the output is (B, T, V), float32. Padding influences no logits at real positions.

    Args:
        context_vocabulary_size: number of context token ids.
        target_vocabulary_size: number of target token ids, V.
        num_units: width U of embeddings and states.
        num_heads: attention heads; must divide `num_units`.
        is_gru: GRU layers if true, else LSTM.
        dropout: rate on embeddings and before the output layer.
        output_activation: activation of the output layer. "linear" gives free logits. "tanh" confines them to
            [-1, 1], which bounds the loss from below by ln((e² + V - 1) / e²).

    Examples:
        >>> model = AttentionRNN(10, 12, num_units=16, num_heads=2)
        >>> model({"context": np.array([[2, 5, 3]]), "target": np.array([[2, 7]])}).shape
        (1, 2, 12)
    """

    def __init__(
        self,
        context_vocabulary_size: int,
        target_vocabulary_size: int,
        num_units: int,
        num_heads: int,
        is_gru: bool = True,
        dropout: float = 0.0,
        output_activation: str = "linear",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.context_vocabulary_size = context_vocabulary_size
        self.target_vocabulary_size = target_vocabulary_size
        self.num_units = num_units
        self.num_heads = num_heads
        self.is_gru = is_gru
        self.dropout = dropout
        self.output_activation = output_activation

        self.encoder = Encoder(context_vocabulary_size, num_units, is_gru, dropout, name="encoder")
        self.decoder = Decoder(
            target_vocabulary_size, num_units, num_heads, is_gru, dropout, output_activation, name="decoder"
        )

    def call(self, inputs, training=None):
        encoded = self._encode(inputs["context"], training)
        return ops.cast(self.decoder(inputs["target"], *encoded, training=training), "float32")

    def attention_weights(self, inputs):
        """The weights (B, H, T, S) that target positions give to context positions."""
        return self.decoder(inputs["target"], *self._encode(inputs["context"]), return_weights=True)

    def start(self, context, hypotheses: int, steps: int) -> ModelState:
        """The state before the first step of decoding; see `contract.NextLogits`."""
        shape = (ops.shape(context)[0], hypotheses, self.num_units)
        rnn_state = (ops.zeros(shape, self.compute_dtype),) * (1 if self.is_gru else 2)
        keys, values, mask = self._encode(context)
        return ModelState(shared=(keys, values, mask.bias), own=rnn_state)

    def step(self, tokens, state: ModelState, position):
        """One step of decoding; see `contract.NextLogits`. An RNN does not use the position."""
        logits, rnn_state = self.decoder.step(tokens, state.own, *state.shared)
        return ops.cast(logits, "float32"), state._replace(own=rnn_state)

    def with_room(self, state: ModelState, steps: int) -> ModelState:
        """The state itself, because it does not grow."""
        return state

    def _encode(self, context, training=None):
        """Keys and values of the context, and the mask that hides its padding."""
        keys_values = self.decoder.cross_attention.attention.keys_values(self.encoder(context, training=training))
        return *keys_values, padding_mask(context, self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "context_vocabulary_size": self.context_vocabulary_size,
            "target_vocabulary_size": self.target_vocabulary_size,
            "num_units": self.num_units,
            "num_heads": self.num_heads,
            "is_gru": self.is_gru,
            "dropout": self.dropout,
            "output_activation": self.output_activation,
        }
