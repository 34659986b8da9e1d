"""A model as somebody outside the package would write it: a convolutional encoder, whose mean a GRU begins with."""

import keras
from keras import ops

from symbolic.seq2seq.models.contract import ModelState


@keras.saving.register_keras_serializable(package="convolutional")
class Convolutional(keras.Model):
    def __init__(self, context_vocabulary_size, target_vocabulary_size, num_units=32, kernel_size=3, **kwargs):
        super().__init__(**kwargs)
        self.context_vocabulary_size, self.target_vocabulary_size = context_vocabulary_size, target_vocabulary_size
        self.num_units, self.kernel_size = num_units, kernel_size
        self.context_embedding = keras.layers.Embedding(context_vocabulary_size, num_units)
        self.convolution = keras.layers.Conv1D(num_units, kernel_size, padding="same", activation="relu")
        self.target_embedding = keras.layers.Embedding(target_vocabulary_size, num_units)
        self.rnn = keras.layers.GRU(num_units, return_sequences=True)
        self.output_layer = keras.layers.Dense(target_vocabulary_size)

    def call(self, inputs):
        state = self.encode(inputs["context"])
        return self.logits(self.rnn(self.target_embedding(inputs["target"]), initial_state=state))

    def encode(self, context):
        is_token = ops.cast(context != 0, self.compute_dtype)[..., None]
        x = self.convolution(self.context_embedding(context) * is_token) * is_token
        return ops.sum(x, axis=1) / ops.maximum(ops.sum(is_token, axis=1), 1)

    def logits(self, x):
        return ops.cast(self.output_layer(x), "float32")

    def start(self, context, hypotheses, steps):
        return ModelState(shared=(), own=ops.repeat(self.encode(context)[:, None], hypotheses, axis=1))

    def step(self, tokens, state, position):
        rows = ops.reshape(state.own, (-1, self.num_units))
        x, _ = self.rnn.cell(self.target_embedding(ops.reshape(tokens, (-1,))), [rows])
        x = ops.reshape(x, ops.shape(state.own))
        return self.logits(x), state._replace(own=x)

    def with_room(self, state, steps):
        return state

    def get_config(self):
        names = ("context_vocabulary_size", "target_vocabulary_size", "num_units", "kernel_size")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
