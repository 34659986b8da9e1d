"""Training one trial, from checkpoint to checkpoint.

`train` begins a trial, or takes it up where a killed run left it; what it leaves in its folder is `recording`'s.
An epoch is a number of batches, not a pass over the data; a kill costs what was trained since the last one ended.
Weights are float32 whatever the precision of the computations. This file knows how a model is trained; not what it is
made of, nor what is looked at afterwards.
"""

import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from symbolic.seq2seq.batches import (
    Batch,
    as_input,
)
from symbolic.seq2seq.token_store import TokenStore
from symbolic.training import devices
from symbolic.training.data import TrialData, training_input, validation_input
from symbolic.training.models import jit_compiled, new_model, precision_of_layers
from symbolic.training.recording import (
    BEST_WEIGHTS,
    HISTORY,
    UNTIL_THE_END,
    Judge,
    Recorder,
    checkpoint,
    last_epoch,
    read_history,
    remove,
)

# --- models -----------------------------------------------------------------------------------------------------------


# --- training ---------------------------------------------------------------------------------------------------------


def train(
    params: dict[str, Any],
    data: TrialData,
    stores: dict[str, TokenStore],
    folder: Path,
    log: logging.Logger,
    judge: Judge | None = None,
    workers: int = 1,
) -> pd.DataFrame:
    """Train until the last epoch or until early stopping, from the checkpoint in the folder if there is one.

    Args:
        stores: those of the data, validation problems without those that are too long.
        judge: figures of a model that are recorded with each epoch, beside loss and token accuracy.
        workers: processes that make the problems of a stream.

    Returns:
        The history, a row an epoch.

    Raises:
        Diverged: the loss became infinite or not a number.
        OSError: a file could not be written; the last checkpoint is as it was.
    """
    epochs_done = last_epoch(folder)
    if epochs_done:
        log.info("resumed after epoch %d", epochs_done)
        with precision_of_layers(params["precision"]):
            model = keras.saving.load_model(folder / checkpoint(epochs_done))
        model.jit_compile = jit_compiled(params)  # the machine may be another one
    else:
        for leftover in (HISTORY, BEST_WEIGHTS, "tensorboard", *UNTIL_THE_END):
            remove(folder, leftover)
        model = new_model(params, data)
    recorder = Recorder(params, folder, read_history(folder).head(epochs_done), log, judge)
    if recorder.out_of_patience or epochs_done >= params["epoch"]:
        return recorder.history
    start_step = epochs_done * params["steps_per_epoch"]
    batches = training_input(params, data, stores["train"], start_step, workers)
    with _closing(batches):
        model.fit(
            as_input(devices.shared(batches)),
            steps_per_epoch=params["steps_per_epoch"],
            initial_epoch=epochs_done,
            epochs=params["epoch"],
            validation_data=as_input(devices.shared(validation_input(params, stores["valid"]))),
            callbacks=[recorder, keras.callbacks.TensorBoard(folder / "tensorboard", write_graph=False)],
            shuffle=False,  # the batches come shuffled
            verbose=0 if devices.process() else 1 if sys.stdout.isatty() else 2,
        )
    return recorder.history


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
