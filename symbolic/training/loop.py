"""Training one trial, from checkpoint to checkpoint.

`train` begins a trial, or takes it up where a killed run left it. An epoch is a number of batches, not a pass over the
data. A kill costs the batches since the last whole epoch. Weights are float32 whatever the precision of the
computations.
"""

import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from symbolic.seq2seq.batches import Batch, as_input
from symbolic.training import devices
from symbolic.training.callbacks import HistoryWriter, Judge, trial_callbacks
from symbolic.training.data import TrainingData, training_input, validation_input
from symbolic.training.models import NO_EXTENSIONS, Extensions, new_model, resumed_model
from symbolic.training.params import TrialParameters
from symbolic.training.recording import (
    BEST_WEIGHTS,
    HISTORY,
    ONLY_TO_RESUME,
    checkpoint,
    is_out_of_patience,
    last_epoch,
    read_history,
    remove,
)


def train(
    params: TrialParameters,
    data: TrainingData,
    folder: Path,
    log: logging.Logger,
    extensions: Extensions = NO_EXTENSIONS,
    judge: Judge | None = None,
    workers: int = 1,
) -> pd.DataFrame:
    """Train until the last epoch or until early stopping, from the checkpoint in the folder if there is one.

    Args:
        extensions: loss, metrics and callbacks of one's own.
        judge: figures of a model that are recorded with each epoch, beside loss and metrics.
        workers: processes that make the problems of a stream.

    Returns:
        The history, a row an epoch.

    Raises:
        Diverged: the loss became infinite or not a number.
        OSError: a file could not be written; the last checkpoint is as it was.
    """
    epochs_done = last_epoch(folder)
    history = HistoryWriter(folder, read_history(folder).head(epochs_done) if epochs_done else pd.DataFrame())
    if epochs_done >= params.epoch or is_out_of_patience(history.frame, params.early_stopping, params.patience):
        return history.frame
    if epochs_done:
        log.info("resumed after epoch %d", epochs_done)
        model = resumed_model(params, data, folder / checkpoint(epochs_done), extensions)
    else:
        remove(folder, HISTORY, BEST_WEIGHTS, "tensorboard", *ONLY_TO_RESUME)
        model = new_model(params, data, extensions)
    batches = training_input(params, data, epochs_done * params.steps_per_epoch, workers)
    with _closing(batches):
        model.fit(
            as_input(devices.shared(batches)),
            steps_per_epoch=params.steps_per_epoch,
            initial_epoch=epochs_done,
            epochs=params.epoch,
            validation_data=as_input(devices.shared(validation_input(params, data))),
            callbacks=trial_callbacks(params, folder, history, log, judge, extensions.callbacks),
            shuffle=False,  # the batches come shuffled
            verbose=0 if devices.rank() else 1 if sys.stdout.isatty() else 2,
        )
    return history.frame


@contextlib.contextmanager
def _closing(batches: Iterator[Batch]) -> Iterator[None]:
    """Close a generator at the end, once the thread that TensorFlow reads it in has left it."""
    try:
        yield
    finally:
        while True:
            try:
                batches.close()
                break
            except ValueError as error:
                if "already executing" not in str(error):
                    raise
                time.sleep(0.05)
