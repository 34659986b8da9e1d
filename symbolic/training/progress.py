"""How far a run of several trials is, and about how long the rest will take."""

import time

import keras


class RunProgress(keras.callbacks.Callback):
    """Prints, after every epoch, which trial it belongs to and the time left for the whole run.

    The rest is estimated from the seconds of an epoch so far, validation and all: those of the trial under way for its
    own epochs, the mean of all for the trials to come. Early stopping makes it shorter, larger models longer.

    Args:
        epochs: trial -> its most epochs, in the order in which they are trained.
    """

    def __init__(self, epochs: dict[str, int]):
        super().__init__()
        self.epochs, self.seconds = epochs, []  # of every epoch so far

    def begin(self, trial: str) -> None:
        """Say which trial comes now; called before its training."""
        self.number = list(self.epochs).index(trial) + 1
        self.own: list[float] = []
        print(f"\n{trial} ({self.number} of {len(self.epochs)})", flush=True)

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.own.append(time.perf_counter() - self.started)
        self.seconds.append(self.own[-1])
        to_do, *others = list(self.epochs.values())[self.number - 1 :]
        left = (to_do - epoch - 1) * _mean(self.own) + sum(others) * _mean(self.seconds)
        if left:
            text = f"trial {self.number} of {len(self.epochs)}, epoch {epoch + 1} of {to_do}"
            print(f"  {text}: at most about {_in_words(left)} left for all trials", flush=True)


def _mean(seconds: list[float]) -> float:
    """Without the first epoch, which compiles, if there are others."""
    later = seconds[1:] or seconds
    return sum(later) / len(later)


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
