"""The loss and the accuracy over real target tokens; padding has no influence on either.

Shapes: B batch, T target tokens, V target vocabulary.
"""

import keras
from keras import ops

from symbolic.seq2seq.special_tokens import PADDING_ID


@keras.saving.register_keras_serializable(package="symbolic")
class MaskedCrossEntropy(keras.losses.Loss):
    """Cross-entropy of logits (B, T, V) and labels (B, T), in nats: its mean over the non-padding labels of a batch.

    Args:
        label_smoothing: the fraction of each label's probability that is spread evenly over the vocabulary (Szegedy et
            al. 2016, section 7), between 0 and 1.
    """

    def __init__(self, label_smoothing: float = 0.0, name: str = "masked_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        # A scalar: the base class's reduction has nothing left to do.
        y_pred = ops.cast(y_pred, "float32")
        loss = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        if self.label_smoothing:
            evenly = -ops.mean(ops.log_softmax(y_pred), axis=-1)
            loss = (1 - self.label_smoothing) * loss + self.label_smoothing * evenly
        real = ops.cast(ops.not_equal(y_true, PADDING_ID), loss.dtype)
        return ops.sum(loss * real) / ops.maximum(ops.sum(real), 1)

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable(package="symbolic")
class MaskedAccuracy(keras.metrics.Metric):
    """Token accuracy: the fraction of non-padding labels (B, T) at which the logits (B, T, V) are highest.

    Tokens are counted as integers over all batches, so that neither batch sizes nor rounding matter.
    """

    def __init__(self, name: str = "masked_accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.correct = self.add_variable(shape=(), initializer="zeros", dtype="int32", name="correct")
        self.total = self.add_variable(shape=(), initializer="zeros", dtype="int32", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        real = ops.not_equal(y_true, PADDING_ID)
        right = ops.logical_and(real, ops.equal(ops.cast(ops.argmax(y_pred, axis=-1), y_true.dtype), y_true))
        self.correct.assign_add(ops.sum(ops.cast(right, "int32")))
        self.total.assign_add(ops.sum(ops.cast(real, "int32")))

    def result(self):
        return ops.cast(self.correct, "float32") / ops.cast(ops.maximum(self.total, 1), "float32")
