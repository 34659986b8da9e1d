"""The attention RNN in NumPy: the encoder, and the decoder step by step, with the weights of `attention_rnn`.

Shapes: B problems, K hypotheses, S context tokens, U units, H heads, D = U / H, R rows.
"""

from typing import NamedTuple

import numpy as np

from symbolic.seq2seq.keras_file import Weights
from symbolic.seq2seq.models.numpy_layers import (
    Attention,
    Dense,
    LayerNormalization,
    NotInNumPyError,
    attended,
    padding_bias,
)
from symbolic.seq2seq.special_tokens import PADDING_ID

OUTPUT_ACTIVATIONS = ("linear", "tanh")


class _Cell(NamedTuple):
    """A GRU or an LSTM (Cho et al. 2014; Hochreiter & Schmidhuber 1997), as Keras computes them by default.

    Attributes:
        kernel, recurrent: (U, 3 U) or (U, 4 U): update, reset and candidate, or input, forget, candidate and output.
        bias: (2, 3 U) of inputs and of the state, or (4 U,).
    """

    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray
    is_gru: bool

    @classmethod
    def read(cls, weights: Weights, name: str, units: int, is_gru: bool) -> "_Cell":
        width = 3 * units if is_gru else 4 * units
        shapes = ((units, width), (units, width), (2, width) if is_gru else (width,))
        return cls(*(weights.take(f"{name}/cell/{i}", *shape) for i, shape in enumerate(shapes)), is_gru)

    def first_state(self, rows: int) -> tuple[np.ndarray, ...]:
        return (np.zeros((rows, self.recurrent.shape[0]), np.float32),) * (1 if self.is_gru else 2)

    def __call__(self, x: np.ndarray, state: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """The new state (R, U) after x (R, U), whose first part is the output."""
        if self.is_gru:
            (h,) = state
            of_input, of_state = x @ self.kernel + self.bias[0], h @ self.recurrent + self.bias[1]
            units = h.shape[1]
            gates = _sigmoid(of_input[:, : 2 * units] + of_state[:, : 2 * units])
            update, reset = gates[:, :units], gates[:, units:]
            candidate = np.tanh(of_input[:, 2 * units :] + reset * of_state[:, 2 * units :])
            return (update * h + (1 - update) * candidate,)
        h, c = state
        inner = x @ self.kernel + h @ self.recurrent + self.bias
        let_in, forget, candidate, let_out = np.split(inner, 4, axis=1)
        c = _sigmoid(forget) * c + _sigmoid(let_in) * np.tanh(candidate)
        return _sigmoid(let_out) * np.tanh(c), c


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * x))  # which cannot overflow


class RNNState(NamedTuple):
    """What is kept between two steps.

    Attributes:
        context_bias: (B, 1, 1, S) hides the padding of the contexts; None if there is none.
        context: keys and values of the contexts (B, S, 2, H, D).
        rnn: the parts of the RNN's state, each (B, K, U).
    """

    context_bias: np.ndarray | None
    context: np.ndarray
    rnn: tuple[np.ndarray, ...]


class NumPyAttentionRNN:
    """What `attention_rnn.AttentionRNN` computes, without its dropout; the arguments besides `weights` are its.

    Raises:
        NotInNumPyError: the activation of the output is another one than linear and tanh.
        ValueError: the weights are not those of such a model.
    """

    def __init__(
        self,
        weights: Weights,
        context_vocabulary_size: int,
        target_vocabulary_size: int,
        num_units: int,
        num_heads: int,
        is_gru: bool = True,
        dropout: float = 0.0,
        output_activation: str = "linear",
    ):
        if output_activation not in OUTPUT_ACTIVATIONS:
            raise NotInNumPyError(f"the output activation `{output_activation}`")
        self.context_vocabulary_size, self.target_vocabulary_size = context_vocabulary_size, target_vocabulary_size
        self._units, self._is_tanh = num_units, output_activation == "tanh"
        self._context_embedding = weights.take("encoder/embedding/0", context_vocabulary_size, num_units)
        self._forward, self._backward = (
            _Cell.read(weights, f"encoder/rnn/{direction}_layer", num_units, is_gru)
            for direction in ("forward", "backward")
        )
        self._target_embedding = weights.take("decoder/embedding/0", target_vocabulary_size, num_units)
        self._decoder = _Cell.read(weights, "decoder/rnn", num_units, is_gru)
        self._attention = Attention.read(weights, "decoder/cross_attention/attention", num_units, num_heads)
        self._norm = LayerNormalization.read(weights, "decoder/cross_attention/norm", num_units)
        self._output_layer = Dense.read(weights, "decoder/output_layer", num_units, target_vocabulary_size)

    def start(self, context: np.ndarray) -> RNNState:
        """The state before the first step, with one hypothesis for each context (B, S)."""
        x = self._context_embedding[context]
        is_token = context != PADDING_ID
        encoded = _read(self._forward, x, is_token) + _read(self._backward, x[:, ::-1], is_token[:, ::-1])[:, ::-1]
        keys_values = self._attention.keys_values(encoded.reshape(-1, self._units))
        rnn = tuple(part[:, None] for part in self._decoder.first_state(len(context)))
        return RNNState(padding_bias(context), keys_values.reshape(*context.shape, *keys_values.shape[1:]), rnn)

    def step(self, tokens: np.ndarray, state: RNNState, position: int) -> tuple[np.ndarray, RNNState]:
        """Logits (B, K, V) after the tokens (B, K), and the state with them. An RNN does not use the position."""
        before = tuple(part.reshape(-1, self._units) for part in state.rnn)
        after = self._decoder(self._target_embedding[tokens.ravel()], before)
        queries = self._attention.queries(after[0]).reshape(*tokens.shape, *state.context.shape[3:])
        gathered = attended(queries, state.context, state.context_bias).reshape(-1, self._units)
        logits = self._output_layer(self._norm(after[0] + self._attention.output(gathered)))
        logits = np.tanh(logits) if self._is_tanh else logits
        rnn = tuple(part.reshape(*tokens.shape, -1) for part in after)
        return logits.reshape(*tokens.shape, -1), state._replace(rnn=rnn)

    def continued(self, state: RNNState, parents: np.ndarray) -> RNNState:
        """The state in which the hypotheses are those that continue the `parents` (B, K')."""
        problems = np.arange(len(parents))[:, None]
        return state._replace(rnn=tuple(part[problems, parents] for part in state.rnn))

    def left(self, state: RNNState, problems: np.ndarray) -> RNNState:
        """The state of some of the problems (B',)."""
        return RNNState(
            None if state.context_bias is None else state.context_bias[problems],
            state.context[problems],
            tuple(part[problems] for part in state.rnn),
        )


def _read(cell: _Cell, x: np.ndarray, is_token: np.ndarray) -> np.ndarray:
    """The outputs (B, S, U) of a cell that reads x (B, S, U); at padding its state stays what it was."""
    state, outputs = cell.first_state(len(x)), np.empty_like(x)
    for position in range(x.shape[1]):
        here = is_token[:, position, None]
        state = tuple(np.where(here, new, old) for new, old in zip(cell(x[:, position], state), state, strict=True))
        outputs[:, position] = state[0]
    return outputs
