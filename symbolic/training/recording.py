"""What training leaves in a trial's folder, epoch by epoch, so that a killed trial goes on as if it had never stopped.

    history.csv           a row per epoch
    best.weights.h5       the weights, averaged if so asked, of the epoch that was best by `early_stopping`
    checkpoint_7.keras    only until the trial ends: model and optimizer after epoch 7, the last whole one
    epoch_7.weights.h5    likewise, if the weights of several epochs are averaged

Every file is written whole or not at all, and the checkpoint last. This file knows nothing of data, nor of what a model
is made of.
"""

import contextlib
import logging
import math
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from symbolic.runtime.atomic import atomic_path

HISTORY, BEST_WEIGHTS = "history.csv", "best.weights.h5"
UNTIL_THE_END = ("checkpoint_*.keras", "epoch_*.weights.h5")  # patterns of what only a resumed run needs
_STEPS_BETWEEN_LOOKS = 50  # at the loss; each look waits for the device

Judge = Callable[[keras.Model], dict[str, float]]


class Diverged(RuntimeError):
    """The loss of a trial is no longer a number."""


def read_history(folder: Path | str) -> pd.DataFrame:
    """The rows of history.csv, a row an epoch; empty if no epoch has ended."""
    path = Path(folder) / HISTORY
    return pd.read_csv(path) if path.exists() else pd.DataFrame()


def best_epoch(history: pd.DataFrame, metric: str) -> int:
    """The row of the epoch that was best by a metric; of equal ones, that of the lowest val_loss, then the first."""
    worse = history[metric] if metric.endswith("loss") else -history[metric]
    return int(np.lexsort((history["val_loss"], worse))[0])


class Recorder(keras.callbacks.Callback):
    """Keeps the folder true to the training: history, best weights, state to resume from; stops when told to.

    What early stopping needs to remember is in the history, so a resumed trial stops where the whole one would.
    """

    def __init__(
        self, params: dict[str, Any], folder: Path, history: pd.DataFrame, log: logging.Logger, judge: Judge | None
    ):
        super().__init__()
        self.trial = params  # Keras gives callbacks other `params`
        self.folder, self.history, self.log, self.judge = folder, history, log, judge

    @property
    def out_of_patience(self) -> bool:
        if not len(self.history):
            return False
        return len(self.history) - 1 - best_epoch(self.history, self.trial["early_stopping"]) >= self.trial["patience"]

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.epoch_started = epoch + 1, time.perf_counter()
        # Keras does not save the states of its random generators, so dropout starts anew from seed and epoch.
        states = [v for v in self.model.variables if v.name == "seed_generator_state"]
        for i, state in enumerate(states):
            state.assign(np.random.SeedSequence([self.trial["seed"], epoch, i]).generate_state(2).astype(state.dtype))

    def on_train_batch_end(self, batch, logs=None):
        if (batch + 1) % _STEPS_BETWEEN_LOOKS == 0:
            self._check_finite("the loss", float(logs["loss"]))

    def on_test_begin(self, logs=None):
        """From here to the end of the epoch the model has the weights that are judged and kept: averaged ones."""
        self.trained_weights = self.model.get_weights()
        if self.trial["ema_decay"] is not None:
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
            self.model.set_weights(self.model.get_weights())  # copies, for on JAX they share memory with the averages
        elif self.trial["last_k"] is not None:
            self._save_weights(_epoch_weights(self.epoch))
            self.model.set_weights(self._mean_of_last_epochs())

    def on_epoch_end(self, epoch, logs=None):
        self._check_finite("the loss", logs["loss"])
        self._check_finite("val_loss", logs["val_loss"])
        if self.judge is not None:
            logs.update(self.judge(self.model))  # for TensorBoard too
        row = {"epoch": self.epoch, "seconds": round(time.perf_counter() - self.epoch_started, 2)}
        row |= {"learning_rate": float(self.model.optimizer.learning_rate)}
        row |= {name: float(value) for name, value in logs.items()}
        self.history = pd.concat([self.history, pd.DataFrame([row])], ignore_index=True)
        with _written(self.folder / HISTORY) as temporary:
            self.history.to_csv(temporary, index=False)
        if best_epoch(self.history, self.trial["early_stopping"]) == len(self.history) - 1:
            self._save_weights(BEST_WEIGHTS)
        self.model.set_weights(self.trained_weights)
        self._save_checkpoint()
        figures = (f"{name} {row[name]:.4f}" for name in logs)
        self.log.info("epoch %d: %s, %.1f s", self.epoch, ", ".join(figures), row["seconds"])
        if self.out_of_patience:
            self.log.info("no better %s in %d epochs: stopped", self.trial["early_stopping"], self.trial["patience"])
            self.model.stop_training = True

    def _check_finite(self, name: str, value: float) -> None:
        if not math.isfinite(value):
            raise Diverged(f"{name} became {value} in epoch {self.epoch}")

    def _mean_of_last_epochs(self) -> list[np.ndarray]:
        first = max(1, self.epoch - self.trial["last_k"] + 1)
        total = self.trained_weights
        model = self.model
        with _without_optimizer(model):
            for epoch in range(first, self.epoch):
                model.load_weights(self.folder / _epoch_weights(epoch))
                total = [one + other for one, other in zip(total, model.get_weights(), strict=True)]
        return [one / (self.epoch - first + 1) for one in total]

    def _save_weights(self, name: str) -> None:
        model = self.model
        with _written(self.folder / name) as temporary, _without_optimizer(model):
            model.save_weights(temporary)

    def _save_checkpoint(self) -> None:
        """The checkpoint of this epoch; then what only an earlier one needed goes."""
        with _written(self.folder / checkpoint(self.epoch)) as temporary:
            self.model.save(temporary)
        for path in self.folder.glob(checkpoint("*")):
            if _number(path) != self.epoch:
                path.unlink()
        for path in self.folder.glob(_epoch_weights("*")):
            if _number(path) < self.epoch + 2 - self.trial["last_k"]:
                path.unlink()


def last_epoch(folder: Path) -> int:
    """The epoch of the newest checkpoint; 0 if there is none."""
    return max(map(_number, folder.glob(checkpoint("*"))), default=0)


def remove(folder: Path, pattern: str) -> None:
    """Remove the files and folders in a folder whose names fit a pattern."""
    for path in folder.glob(pattern):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def checkpoint(epoch: int | str) -> str:
    """The name of the checkpoint after an epoch; "*" fits all."""
    return f"checkpoint_{epoch}.keras"


def _epoch_weights(epoch: int | str) -> str:
    return f"epoch_{epoch}.weights.h5"


def _number(path: Path) -> int:
    return int(re.search(r"\d+", path.name)[0])


@contextlib.contextmanager
def _without_optimizer(model: keras.Model) -> Iterator[None]:
    """Keras saves and loads the state of a model's optimizer with its weights, unless it has none."""
    optimizer, model.optimizer = model.optimizer, None
    try:
        yield
    finally:
        model.optimizer = optimizer


@contextlib.contextmanager
def _written(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` once it is whole.

    Raises:
        OSError: it could not be written: the disk is full, say.
    """
    try:
        with atomic_path(path) as temporary:
            yield temporary
    except (OSError, RuntimeError) as error:  # HDF5 raises either
        raise OSError(
            f"{path} could not be written ({error}). The trial goes on from its last checkpoint when it is run again."
        ) from error
