"""The learning-rate range test: which learning rates a trial can be trained with (Smith 2017, section 3.3).

The rate grows from batch to batch. Where the loss falls fastest, the rate is good; where it rises, it is too high.
"""

import math

import keras
import pandas as pd

from symbolic.training.data import TrainingData, training_input
from symbolic.training.models import new_model
from symbolic.training.params import TrialParameters

_SMOOTHING = 0.9  # of the loss: this share of the mean so far, the rest from the batch
_DIVERGED = 2.0  # times the lowest smoothed loss ends the test


@keras.saving.register_keras_serializable(package="symbolic")
class ExponentialRange(keras.optimizers.schedules.LearningRateSchedule):
    """Rates from `low` to `high`, each by the same factor above the one before, in so many steps."""

    def __init__(self, low: float, high: float, steps: int):
        self.low, self.high, self.steps = low, high, steps

    def __call__(self, step):
        fraction = keras.ops.cast(step, "float32") / max(1, self.steps - 1)
        return self.low * keras.ops.exp(fraction * math.log(self.high / self.low))

    def get_config(self):
        return {"low": self.low, "high": self.high, "steps": self.steps}


def learning_rate_range(
    params: TrialParameters, data: TrainingData, low: float = 1e-5, high: float = 0.3, steps: int = 100
) -> pd.DataFrame:
    """Train a new model of a trial for some batches with growing rates. No folder is written.

    Args:
        params: the trial; its learning rate and schedule are not used.
        data: encoded data.
        low, high: the first and the last learning rate, both above 0.
        steps: batches; there are fewer rows if the loss doubles before.

    Returns:
        A row per batch: `learning_rate`, `loss` of the batch, and `smoothed`, an exponential mean of the losses.

    Raises:
        ValueError: the rates are not above 0 and rising, or there are fewer than 2 steps.
    """
    if not 0 < low < high or steps < 2:
        raise ValueError(f"0 < low < high and steps of 2 or more are needed. Received: {low}, {high}, {steps}.")
    model = new_model(params, data)
    model.optimizer.learning_rate = ExponentialRange(low, high, steps)
    rows, mean = [], 0.0
    batches = training_input(params, data, 0, workers=1)
    try:
        for step, (inputs, labels) in zip(range(steps), batches, strict=False):
            model.reset_metrics()  # or Keras returns the mean over all batches
            loss = float(model.train_on_batch(inputs, labels, return_dict=True)["loss"])
            mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
            smoothed = mean / (1 - _SMOOTHING ** (step + 1))
            rate = low * (high / low) ** (step / (steps - 1))
            rows.append({"learning_rate": rate, "loss": loss, "smoothed": smoothed})
            if not math.isfinite(loss) or smoothed > _DIVERGED * min(row["smoothed"] for row in rows):
                break
    finally:
        batches.close()
    return pd.DataFrame(rows)
