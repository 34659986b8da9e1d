"""How far a run of several trials is, and about how long the rest will take."""

import time

import keras


class RunProgress(keras.callbacks.Callback):
    """Prints, after an epoch, which trial it belongs to and the time left for the whole run.

    The rest is estimated from the seconds of the epochs so far. The first epoch of a trial counts apart, because it
    compiles; so nothing is said before the second. Early stopping makes the rest shorter, larger models longer.

    Args:
        epochs: trial -> its most epochs, in the order in which they are trained.
    """

    def __init__(self, epochs: dict[str, int]):
        super().__init__()
        self.epochs = epochs
        self.first: list[float] = []  # seconds of the first epoch of each trial
        self.later: list[float] = []  # of all other epochs

    def begin(self, trial: str) -> None:
        """Print which trial comes now; called before its training."""
        self.number, self.own = list(self.epochs).index(trial) + 1, []
        print(f"\n{trial} ({self.number} of {len(self.epochs)})", flush=True)

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.started
        if self.own:
            self.later.append(seconds)
        else:
            self.first.append(seconds)
        self.own.append(seconds)
        to_do, *others = list(self.epochs.values())[self.number - 1 :]
        own, later = _mean(self.own[1:] or self.later), _mean(self.later)
        left = (to_do - epoch - 1) * own + sum(_mean(self.first) + (epochs - 1) * later for epochs in others)
        if self.later and left:
            text = f"trial {self.number} of {len(self.epochs)}, epoch {epoch + 1} of {to_do}"
            print(f"  {text}: about {_in_words(left)} of training left for all trials", flush=True)


def _mean(seconds: list[float]) -> float:
    return sum(seconds) / max(1, len(seconds))


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
