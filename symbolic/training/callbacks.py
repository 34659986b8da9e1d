"""The Keras callbacks of a trial; each has one duty, and `trial_callbacks` puts them in their order.

Together they keep a trial's folder, as `recording` describes it, true to the training after every epoch.
"""

import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from symbolic.runtime.atomic import atomic_path
from symbolic.training.params import TrialParameters
from symbolic.training.recording import (
    BEST_WEIGHTS,
    HISTORY,
    best_epoch,
    checkpoint,
    epoch_of,
    epoch_weights,
    is_out_of_patience,
)

_BATCHES_BETWEEN_CHECKS = 50  # of the loss; each check waits for the device

Judge = Callable[[keras.Model], dict[str, float]]


class Diverged(RuntimeError):
    """The loss of a trial is no longer a number."""


def trial_callbacks(
    params: TrialParameters,
    folder: Path,
    history: "HistoryWriter",
    log: logging.Logger,
    judge: Judge | None = None,
    others: Sequence[keras.callbacks.Callback] = (),
) -> list[keras.callbacks.Callback]:
    """The callbacks of a trial, in the order in which they must run at the end of an epoch.

    What is judged and kept as best are the averaged weights, where weights are averaged. What is saved to resume from
    are the weights that training goes on with.

    Args:
        judge: figures of a model that are recorded with each epoch, beside loss and metrics.
        others: callbacks of one's own; what they put into `logs` is recorded.
    """
    averages = params.ema_decay is not None or params.last_k is not None
    return [
        RestartDropout(params.seed),
        TerminateOnNonFinite(),
        *([AnswerFigures(judge)] if judge is not None else []),
        *others,
        history,
        BestWeights(folder, history, params.early_stopping),
        *([AverageWeights(folder, params.last_k)] if averages else []),
        Checkpoint(folder, params.last_k),
        EpochLog(history, log),
        EarlyStopping(history, params.early_stopping, params.patience, log),
        keras.callbacks.TensorBoard(folder / "tensorboard", write_graph=False),
    ]


class RestartDropout(keras.callbacks.Callback):
    """Begins every epoch with random states that follow from seed and epoch, for Keras does not save them."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        states = [v for v in self.model.variables if v.name == "seed_generator_state"]
        for i, state in enumerate(states):
            state.assign(np.random.SeedSequence([self.seed, epoch, i]).generate_state(2).astype(state.dtype))


class TerminateOnNonFinite(keras.callbacks.Callback):
    """Raises `Diverged` when the loss becomes infinite or not a number: after some batches, and after an epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        if (batch + 1) % _BATCHES_BETWEEN_CHECKS == 0:
            self._check("the loss", float(logs["loss"]))

    def on_epoch_end(self, epoch, logs=None):
        self._check("the loss", logs["loss"])
        self._check("val_loss", logs["val_loss"])

    def _check(self, name: str, value: float) -> None:
        if not math.isfinite(value):
            raise Diverged(f"{name} became {value} in epoch {self.epoch}")


class AnswerFigures(keras.callbacks.Callback):
    """Adds figures of the model's answers, such as the solve rate, to what an epoch reports."""

    def __init__(self, judge: Judge):
        super().__init__()
        self.judge = judge

    def on_epoch_end(self, epoch, logs=None):
        logs.update(self.judge(self.model))


class HistoryWriter(keras.callbacks.Callback):
    """Writes history.csv, a row for every epoch with all that it reports.

    Attributes:
        frame: the rows so far, those of an earlier run included.
    """

    def __init__(self, folder: Path, frame: pd.DataFrame):
        super().__init__()
        self.folder, self.frame = folder, frame

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, "seconds": round(time.perf_counter() - self.started, 2)}
        row |= {"learning_rate": float(self.model.optimizer.learning_rate)}
        row |= {name: float(value) for name, value in logs.items()}
        self.frame = pd.concat([self.frame, pd.DataFrame([row])], ignore_index=True)
        with _written(self.folder / HISTORY) as temporary:
            self.frame.to_csv(temporary, index=False)


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the epoch that is the best so far by a metric."""

    def __init__(self, folder: Path, history: HistoryWriter, metric: str):
        super().__init__()
        self.folder, self.history, self.metric = folder, history, metric

    def on_epoch_end(self, epoch, logs=None):
        if best_epoch(self.history.frame, self.metric) == len(self.history.frame) - 1:
            _save_weights(self.model, self.folder / BEST_WEIGHTS)


class AverageWeights(keras.callbacks.Callback):
    """Gives the model averaged weights while it is validated, judged and kept as best; then those it trains with.

    Args:
        last_k: mean of the weights after each of the last K epochs; None for the moving average of the optimizer.
    """

    def __init__(self, folder: Path, last_k: int | None):
        super().__init__()
        self.folder, self.last_k = folder, last_k

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_test_begin(self, logs=None):
        self.trained_weights = self.model.get_weights()
        if self.last_k is None:
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
            self.model.set_weights(self.model.get_weights())  # copies, for on JAX they share memory with the averages
        else:
            _save_weights(self.model, self.folder / epoch_weights(self.epoch))
            self.model.set_weights(self._mean_of_last_epochs())

    def on_epoch_end(self, epoch, logs=None):
        self.model.set_weights(self.trained_weights)

    def _mean_of_last_epochs(self) -> list[np.ndarray]:
        first = max(1, self.epoch - self.last_k + 1)
        total = self.trained_weights
        with _without_optimizer(self.model):
            for epoch in range(first, self.epoch):
                self.model.load_weights(self.folder / epoch_weights(epoch))
                total = [one + other for one, other in zip(total, self.model.get_weights(), strict=True)]
        return [one / (self.epoch - first + 1) for one in total]


class Checkpoint(keras.callbacks.Callback):
    """Saves model and optimizer after every epoch, and then removes files that only earlier checkpoints need."""

    def __init__(self, folder: Path, last_k: int | None):
        super().__init__()
        self.folder, self.last_k = folder, last_k

    def on_epoch_end(self, epoch, logs=None):
        epoch += 1
        with _written(self.folder / checkpoint(epoch)) as temporary:
            self.model.save(temporary)
        for path in self.folder.glob(checkpoint("*")):
            if epoch_of(path) != epoch:
                path.unlink()
        for path in self.folder.glob(epoch_weights("*")):
            if epoch_of(path) < epoch + 2 - self.last_k:
                path.unlink()


class EpochLog(keras.callbacks.Callback):
    """Writes a line to the log after every epoch."""

    def __init__(self, history: HistoryWriter, log: logging.Logger):
        super().__init__()
        self.history, self.log = history, log

    def on_epoch_end(self, epoch, logs=None):
        figures = ", ".join(f"{name} {float(value):.4f}" for name, value in logs.items())
        self.log.info("epoch %d: %s, %.1f s", epoch + 1, figures, self.history.frame["seconds"].iloc[-1])


class EarlyStopping(keras.callbacks.Callback):
    """Stops the training after `patience` epochs without a better one.

    All it remembers is in the history, so a resumed trial stops where the whole one would.
    """

    def __init__(self, history: HistoryWriter, metric: str, patience: int, log: logging.Logger):
        super().__init__()
        self.history, self.metric, self.patience, self.log = history, metric, patience, log

    def on_epoch_end(self, epoch, logs=None):
        if is_out_of_patience(self.history.frame, self.metric, self.patience):
            self.log.info("no better %s in %d epochs: stopped", self.metric, self.patience)
            self.model.stop_training = True


def _save_weights(model: keras.Model, path: Path) -> None:
    with _written(path) as temporary, _without_optimizer(model):
        model.save_weights(temporary)


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
