"""Muon with its matrix products at the precision of training.

Knows matrices, not models.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="symbolic")
class Muon(keras.optimizers.Muon):
    """Keras's Muon (Jordan 2024; Liu et al. 2025), whose orthogonalisation may run at a lower precision.

    It takes 15 products of the size of each matrix a step. In bfloat16, which is what its authors use, the result is a
    few per cent off, no more than five Newton-Schulz iterations are off themselves; a matrix of nearly low rank gains
    directions that are rounding.

    Args:
        product_dtype: "float32", or "bfloat16" where the hardware is faster at it.
        kwargs: what Keras's takes.
    """

    def __init__(self, *args, product_dtype: str = "float32", **kwargs):
        super().__init__(*args, **kwargs)
        self.product_dtype = product_dtype

    def zeropower_via_newtonschulz5(self, x, steps: int):
        """The matrix x (M, N) with its singular values brought near 1, in its own precision."""
        return ops.cast(super().zeropower_via_newtonschulz5(ops.cast(x, self.product_dtype), steps), x.dtype)

    def get_config(self):
        return {**super().get_config(), "product_dtype": self.product_dtype}
