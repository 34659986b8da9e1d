"""Dense layers and layer normalisation with the names, weights and results of Keras's own, but faster in training."""

import keras
from keras import ops


class Dense(keras.layers.Dense):
    """Keras's dense layer on x (..., U), computed on rows (R, U).

    TensorFlow then fuses product, bias and activation into one kernel, and XLA on CPUs uses its fast matrix product.
    """

    def call(self, inputs, training=None):
        rows = super().call(ops.reshape(inputs, (-1, inputs.shape[-1])))
        return ops.reshape(rows, (*ops.shape(inputs)[:-1], self.units))


class LayerNormalization(keras.layers.LayerNormalization):
    """Keras's normalisation over the last axis of x (..., U) (Ba et al. 2016), with its gradient written out.

    The automatic gradient would pass over the activations about twice as often.
    """

    def call(self, inputs):
        # Reshaped, because a custom gradient takes tensors and no variables.
        return _normalized(inputs, ops.reshape(self.gamma, (-1,)), ops.reshape(self.beta, (-1,)), self.epsilon)


def _normalized(x, gamma, beta, epsilon: float):
    """x (..., U), shifted and scaled to mean `beta` and standard deviation `gamma`, both (U,), in their precision."""

    @ops.custom_gradient
    def normalized(x, gamma, beta):
        precise = ops.cast(x, gamma.dtype)
        centred = precise - ops.mean(precise, axis=-1, keepdims=True)
        scale = ops.rsqrt(ops.mean(ops.square(centred), axis=-1, keepdims=True) + epsilon)
        unit = centred * scale

        def gradient(upstream):
            upstream = ops.cast(upstream, gamma.dtype)
            of_unit = upstream * gamma
            along_unit = ops.mean(of_unit * unit, axis=-1, keepdims=True)
            of_x = (of_unit - ops.mean(of_unit, axis=-1, keepdims=True) - unit * along_unit) * scale
            return ops.cast(of_x, x.dtype), _sum_of_rows(upstream * unit), _sum_of_rows(upstream)

        return ops.cast(unit * gamma + beta, x.dtype), gradient

    return normalized(x, gamma, beta)


def _sum_of_rows(x):
    """The sum (U,) of x (..., U) over all axes but the last; a product is faster than a reduction on TensorFlow."""
    rows = ops.reshape(x, (-1, x.shape[-1]))
    return ops.matmul(ops.ones((ops.shape(rows)[0],), rows.dtype), rows)
