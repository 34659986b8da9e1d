"""Compiling a function of tensors on the present backend of Keras.

Keras compiles what a model does with a batch, but returns the results as NumPy arrays. A search keeps large tensors
between its compiled parts, and these must stay on the device.
"""

from collections.abc import Callable, Sequence

import keras


def compiled(function: Callable, models: Sequence[keras.Model]) -> Callable:
    """The function compiled: once for each structure of its arguments on TensorFlow, once for each shape on JAX.

    Args:
        function: takes and returns nested tuples of tensors, and uses only the variables of the models.
        models: built ones; each call uses their weights of that moment.
    """
    if keras.backend.backend() == "jax":
        import jax

        variables = [variable for model in models for variable in model.variables]

        @jax.jit
        def pure(values, *arguments):
            with keras.StatelessScope(state_mapping=zip(variables, values, strict=True)):
                return function(*arguments)

        return lambda *arguments: pure([variable.value for variable in variables], *arguments)

    import tensorflow as tf

    traced = tf.function(function, autograph=False)

    def any_shape(tensor):
        return tf.TensorSpec([None] * len(tensor.shape), tensor.dtype)

    def call(*arguments):
        arguments = keras.tree.map_structure(tf.convert_to_tensor, arguments)
        traced.get_concrete_function(*keras.tree.map_structure(any_shape, arguments))  # one trace for all shapes
        return traced(*arguments)

    return call
