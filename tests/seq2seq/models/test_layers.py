"""Our dense layer and normalisation give Keras's outputs and gradients, whatever the number of axes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from symbolic.seq2seq.models.layers import Dense, LayerNormalization

UNITS = 12


def outputs_and_gradients(layer, x, weights):
    """What a layer with these weights makes of x, and the gradients of a sum in which every output weighs its own."""
    x = tf.Variable(ops.convert_to_tensor(x))
    layer.build(x.shape)
    layer.set_weights(weights)
    with tf.GradientTape() as tape:
        y = layer(x)
        weighted = ops.sum(ops.cast(y, "float32") * np.linspace(-1, 1, np.prod(y.shape)).reshape(y.shape))
    gradients = tape.gradient(weighted, [x, *(weight.value for weight in layer.trainable_variables)])
    return [np.asarray(ops.cast(tensor, "float32")) for tensor in (y, *gradients)]


@pytest.mark.parametrize(
    ("ours", "theirs", "shapes"),
    [
        (LayerNormalization, keras.layers.LayerNormalization, [(UNITS,), (UNITS,)]),
        (lambda: Dense(5, activation="relu"), lambda: keras.layers.Dense(5, activation="relu"), [(UNITS, 5), (5,)]),
    ],
)
@pytest.mark.parametrize("shape", [(7, UNITS), (3, 4, UNITS)])
def test_outputs_and_gradients_are_those_of_keras(ours, theirs, shapes, shape):
    rng = np.random.default_rng(0)
    x = (3 * rng.normal(size=shape) + 1).astype(np.float32)
    weights = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    for mine, reference in zip(
        outputs_and_gradients(ours(), x, weights), outputs_and_gradients(theirs(), x, weights), strict=True
    ):
        np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-5)


def test_normalisation_in_bfloat16_computes_in_float32():
    x = np.random.default_rng(0).normal(100, 1, (5, UNITS)).astype(np.float32)
    x = np.asarray(ops.cast(ops.cast(x, "bfloat16"), "float32"))  # what bfloat16 can hold
    weights = [np.ones(UNITS, np.float32), np.zeros(UNITS, np.float32)]
    exact, *gradients = outputs_and_gradients(LayerNormalization(), x, weights)
    mixed = LayerNormalization(dtype="mixed_bfloat16")
    y, *of_mixed = outputs_and_gradients(mixed, ops.cast(x, "bfloat16"), weights)
    np.testing.assert_allclose(y, exact, atol=0.02)  # the output's own rounding
    for got, expected in zip(of_mixed, gradients, strict=True):
        np.testing.assert_allclose(got, expected, atol=0.02)
