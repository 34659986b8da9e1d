"""Compiling a function of tensors on whichever backend Keras runs.

Keras compiles what a model does with a batch, but hands the results back as NumPy arrays; a search keeps large tensors
between its compiled parts, and these must stay where they are.
"""

from collections.abc import Callable, Sequence

import keras


def compiled(function: Callable, models: Sequence[keras.Model]) -> Callable:
    """The function compiled: once for each structure of its arguments on TensorFlow, once for each shape on JAX.

    Args:
        function: takes and returns nested tuples of tensors, and uses no variables but those of the models.
        models: have been built; the function sees their weights as they are at each call.
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
        traced.get_concrete_function(*keras.tree.map_structure(any_shape, arguments))  # so that every shape fits
        return traced(*arguments)

    return call
