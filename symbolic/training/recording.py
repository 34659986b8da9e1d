"""What training leaves in a trial's folder, epoch by epoch; `callbacks` writes it.

    history.csv           a row per epoch
    best.weights.h5       the weights of the best epoch by `early_stopping`, averaged if averaging is on
    checkpoint_7.keras    model and optimizer after epoch 7, the last whole one; what a resumed trial begins from
    epoch_7.weights.h5    likewise, if the weights of several epochs are averaged

Every file is written whole or not at all, and the checkpoint last: a killed trial goes on as if it had never stopped.
"""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

HISTORY, BEST_WEIGHTS = "history.csv", "best.weights.h5"
ONLY_TO_RESUME = ("checkpoint_*.keras", "epoch_*.weights.h5")  # patterns of files that only a resumed run needs

# Columns of history.csv that the trainer writes; others are those of metrics and callbacks of one's own.
TRAINER_COLUMNS = (
    *("epoch", "seconds", "learning_rate", "loss", "token_accuracy", "val_loss", "val_token_accuracy"),
    *("solve_rate", "exact_match"),
)


def read_history(folder: Path | str) -> pd.DataFrame:
    """The rows of history.csv, a row an epoch; empty if no epoch has ended."""
    path = Path(folder) / HISTORY
    return pd.read_csv(path) if path.exists() else pd.DataFrame()


def best_epoch(history: pd.DataFrame, metric: str) -> int:
    """The row of the best epoch by a metric; of equal ones, that of the lowest val_loss, then the first.

    A metric is better if it is higher, unless its name ends with "loss".
    """
    worse = history[metric] if metric.endswith("loss") else -history[metric]
    return int(np.lexsort((history["val_loss"], worse))[0])


def is_out_of_patience(history: pd.DataFrame, metric: str, patience: int) -> bool:
    """Whether the last `patience` epochs brought no better one. The history decides it, so a resume changes nothing."""
    return len(history) > 0 and len(history) - 1 - best_epoch(history, metric) >= patience


def last_epoch(folder: Path) -> int:
    """The epoch of the newest checkpoint; 0 if there is none."""
    return max(map(epoch_of, folder.glob(checkpoint("*"))), default=0)


def checkpoint(epoch: int | str) -> str:
    """The name of the checkpoint after an epoch; "*" fits all."""
    return f"checkpoint_{epoch}.keras"


def epoch_weights(epoch: int | str) -> str:
    """The name of the file of weights after an epoch, for their mean over several; "*" fits all."""
    return f"epoch_{epoch}.weights.h5"


def epoch_of(path: Path) -> int:
    """The epoch in the name of a checkpoint or of an epoch's weights."""
    return int(re.search(r"\d+", path.name)[0])


def remove(folder: Path, *patterns: str) -> None:
    """Remove the files and folders in a folder whose names fit one of the patterns."""
    for pattern in patterns:
        for path in folder.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
