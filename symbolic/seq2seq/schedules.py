"""Learning rates by step: a linear warm-up, then constant, inverse square root, cosine or linear."""

import math

import keras
from keras import ops

_DECAYS = ("constant", "inverse_square_root", "cosine", "linear")
_TO_ZERO = ("cosine", "linear")  # at `total_steps`


@keras.saving.register_keras_serializable(package="symbolic")
class WarmupSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly from 0 at step 0 to `peak` at step `warmup_steps`, and then follows `decay`.

    Args:
        peak: the highest learning rate.
        warmup_steps: steps to reach the peak; 0 begins with it.
        decay: "constant" stays at the peak; "inverse_square_root" falls as `sqrt(warmup_steps / step)` (Vaswani et al.
            2017, section 5.3); "cosine" falls along half a cosine to 0 at `total_steps` (Loshchilov & Hutter 2017);
            "linear" falls along a line to 0 at `total_steps` (Bergsma et al. 2025).
        total_steps: the step at which "cosine" and "linear" reach 0; the others do not use it.

    Raises:
        ValueError: the decay is none of these, or the steps do not fit it.
    """

    def __init__(self, peak: float, warmup_steps: int = 0, decay: str = "constant", total_steps: int | None = None):
        super().__init__()
        if decay not in _DECAYS:
            raise ValueError(f"`decay` must be one of {_DECAYS}. Received: decay={decay!r}.")
        if decay == "inverse_square_root" and warmup_steps < 1:
            raise ValueError(
                "`warmup_steps` must be positive for decay='inverse_square_root'. "
                f"Received: warmup_steps={warmup_steps}."
            )
        if decay in _TO_ZERO and (total_steps is None or total_steps <= warmup_steps):
            raise ValueError(
                f"`total_steps` must be more than `warmup_steps` for decay={decay!r}. "
                f"Received: total_steps={total_steps}, warmup_steps={warmup_steps}."
            )
        self.peak, self.warmup_steps, self.decay, self.total_steps = peak, warmup_steps, decay, total_steps

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rising = step / max(self.warmup_steps, 1)
        return self.peak * ops.where(step < self.warmup_steps, rising, self._decayed(step))

    def _decayed(self, step):
        """The fraction of the peak that is left from step `warmup_steps` on."""
        if self.decay == "inverse_square_root":
            return ops.sqrt(self.warmup_steps / ops.maximum(step, 1.0))
        if self.decay in _TO_ZERO:
            progress = ops.minimum((step - self.warmup_steps) / (self.total_steps - self.warmup_steps), 1.0)
            return 1 - progress if self.decay == "linear" else (1 + ops.cos(math.pi * progress)) / 2
        return ops.ones_like(step)

    def get_config(self):
        return {
            "peak": self.peak,
            "warmup_steps": self.warmup_steps,
            "decay": self.decay,
            "total_steps": self.total_steps,
        }
