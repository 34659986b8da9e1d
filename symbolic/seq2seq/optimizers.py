"""Muon with its matrix products at the precision of training."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="symbolic")
class Muon(keras.optimizers.Muon):
    """Keras's Muon (Jordan 2024; Liu et al. 2025), whose orthogonalisation may run at a lower precision.

    A step takes 15 products of the size of each matrix. In bfloat16, which its authors use, the result has an error of
    a few per cent, no more than five Newton-Schulz iterations have themselves. In a matrix of nearly low rank, rounding
    adds directions.

    Args:
        product_dtype: "float32", or "bfloat16" where the hardware is faster at it.
        args, kwargs: as for Keras's Muon.
    """

    def __init__(self, *args, product_dtype: str = "float32", **kwargs):
        super().__init__(*args, **kwargs)
        self.product_dtype = product_dtype

    def zeropower_via_newtonschulz5(self, x, steps: int):
        """The matrix x (M, N) with all singular values near 1, in the dtype of x."""
        return ops.cast(super().zeropower_via_newtonschulz5(ops.cast(x, self.product_dtype), steps), x.dtype)

    def get_config(self):
        return {**super().get_config(), "product_dtype": self.product_dtype}
