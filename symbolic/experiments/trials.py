"""One trial, one folder that explains itself.

    params.json                what was trained: parameters, data, versions, machine
    history.csv                a row per epoch
    best.weights.h5            the weights of the epoch with the lowest val_loss
    model.keras, context_vocabulary.txt, target_vocabulary.txt, translator.json
                               the whole model with those weights and its processors (`symbolic.seq2seq.translator`)
    predictions_valid.csv      a row per decoded problem, with its verdict
    predictions_test.csv
    result.json                how it ended, and the figures of the comparison table
    tensorboard/, run.log      curves and messages
    last.keras                 only until the trial ends: model and optimizer after the last whole epoch

Every file is written whole or not at all, `last.keras` last, so that a trial killed anywhere resumes at its last whole
epoch. This file knows how a trial runs and is kept; not what the models are made of, nor how answers are judged.
"""

import contextlib
import importlib.metadata
import itertools
import json
import logging
import math
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd

from symbolic import __version__
from symbolic.atomic import atomic_path
from symbolic.experiments.evaluation import evaluate, summarise
from symbolic.locks import locked
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.splits import skeleton
from symbolic.problems.stream import stream
from symbolic.seq2seq.attention_rnn import AttentionRNN
from symbolic.seq2seq.batches import (
    BATCHES_PER_WINDOW,
    WIDTH_BLOCK,
    Batch,
    EvaluationBatches,
    exceeding,
    streamed_batches,
    training_batches,
)
from symbolic.seq2seq.losses import MaskedAccuracy, MaskedCrossEntropy
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.schedules import WarmupSchedule
from symbolic.seq2seq.token_store import TokenStore
from symbolic.seq2seq.transformer import Transformer
from symbolic.seq2seq.translator import Translator

PARAMS, RESULT, HISTORY = "params.json", "result.json", "history.csv"
BEST_WEIGHTS, LAST = "best.weights.h5", "last.keras"
VERSIONS_OF = ("keras", "tensorflow", "tensorflow-text", "symengine", "sympy", "numpy", "pandas")


class Diverged(RuntimeError):
    """The loss of a trial is no longer a number."""


class TrialData(NamedTuple):
    """What every trial of a run is trained and judged on.

    Attributes:
        description: what the data and vocabularies are, for `params.json`: counts and hashes.
        problems: split -> frame with the columns input and output.
        stores: split -> the same problems as token ids.
        stream: tasks of fresh problems to train on in place of the train split, with their weights; none if empty.
    """

    description: dict[str, Any]
    context_processor: TextProcessor
    target_processor: TextProcessor
    problems: dict[str, pd.DataFrame]
    stores: dict[str, TokenStore]
    stream: dict[str, float] = {}


def build_model(params: dict[str, Any], context_size: int, target_size: int) -> keras.Model:
    """The untrained model of a trial; the sizes are those of the vocabularies, special tokens included."""
    shared = {
        "context_vocabulary_size": context_size,
        "target_vocabulary_size": target_size,
        "num_units": params["num_units"],
        "num_heads": params["num_heads"],
        "dropout": params["dropout"],
    }
    if params["model"] == "attention_rnn":
        return AttentionRNN(**shared, is_gru=params["is_gru"], output_activation=params["output_activation"])
    return Transformer(
        **shared,
        num_layers=params["num_layers"],
        feed_forward=params["feed_forward"],
        max_length=params["max_length"],
    )


def compile_model(model: keras.Model, params: dict[str, Any]) -> None:
    """Give a model its optimizer, loss and metric."""
    schedule = WarmupSchedule(
        peak=params["learning_rate"],
        warmup_steps=params["warmup_steps"],
        decay=params["schedule"],
        total_steps=params["epoch"] * params["steps_per_epoch"],
    )
    optimizer = keras.optimizers.get(
        {
            "class_name": params["optimizer"],
            "config": {"learning_rate": schedule, "global_clipnorm": params["clip_norm"]},
        }
    )
    model.compile(
        optimizer=optimizer,
        loss=MaskedCrossEntropy(label_smoothing=params["label_smoothing"]),
        metrics=[MaskedAccuracy(name="token_accuracy")],
        jit_compile=False,  # on a CPU XLA gains nothing here and takes a minute to compile
    )


# --- running ----------------------------------------------------------------------------------------------------------


def run_trial(name: str, params: dict[str, Any], data: TrialData, folder: Path | str, workers: int = 1) -> Translator:
    """Train one trial in its folder, or go on where a killed one stopped, or load it if it is finished.

    Args:
        workers: processes that verify answers after training.

    Raises:
        ValueError: the folder holds another trial, or one with other parameters or data.
        OSError: another run is at work in the folder.
        Diverged: the loss became infinite or not a number; recorded in result.json.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        record = {"trial": name, "params": params, "data": data.description}
        _check_same_trial(folder, record)
        if read_result(folder).get("status") == "finished":
            _remove(folder, LAST)  # if a kill came just before its end
            return Translator.load(folder)
        for leftover in (RESULT, *(f".{file}-*" for file in (HISTORY, BEST_WEIGHTS, LAST))):
            _remove(folder, leftover)  # of an earlier failure, and of writes that a kill cut short
        log = _open_log(name, folder)
        try:
            return _train_and_judge(record, data, folder, workers, log)
        except Exception as error:
            _write_json(folder / RESULT, {"status": "failed", "reason": f"{type(error).__name__}: {error}"})
            log.exception("failed")
            raise
        finally:
            for handler in list(log.handlers):
                handler.close()
                log.removeHandler(handler)


def _remove(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _train_and_judge(record, data: TrialData, folder: Path, workers: int, log: logging.Logger) -> Translator:
    params = record["params"]
    if (folder / LAST).exists():
        model = keras.saving.load_model(folder / LAST)
    else:
        model = _start(record, data, folder)
    too_long = {split: exceeding(store, params["max_length"]) for split, store in data.stores.items()}
    stores = {split: store.select(~too_long[split]) for split, store in data.stores.items()}
    for split, mask in too_long.items():
        if mask.any():
            words = f"{split}: {mask.sum():,} problems need more than max_length={params['max_length']}: left out"
            log.warning(words)
            print(words, file=sys.stderr)
    history = _fit(model, params, data, stores, folder, workers, log)

    model.load_weights(folder / BEST_WEIGHTS)
    translator = Translator(model, data.context_processor, data.target_processor, params["max_length"])
    translator.save(folder)
    result = {
        "status": "finished",
        "reason": None,
        "weights": model.count_params(),
        "epochs": len(history),
        "training_seconds": round(float(history["seconds"].sum()), 1),
        "too_long": {split: int(mask.sum()) for split, mask in too_long.items()},
    }
    for split in ("valid", "test"):
        if params[f"{split}_problems"] and split in data.problems:
            result[split] = _judge(translator, data, split, params, folder, workers)
            log.info("%s: %s", split, result[split])
    _write_json(folder / RESULT, result)
    _remove(folder, LAST)
    return translator


def _judge(translator, data: TrialData, split: str, params, folder: Path, workers: int) -> dict[str, float]:
    """Loss and token accuracy, then answers and verdicts, on the first problems of a split."""
    started = time.perf_counter()
    problems = data.problems[split].head(params[f"{split}_problems"])
    store = data.stores[split].select(np.arange(len(problems)))
    store = store.select(~exceeding(store, params["max_length"]))
    losses = translator.model.evaluate(EvaluationBatches(store, params["batch_size"]), return_dict=True, verbose=0)
    rows = evaluate(translator, problems, workers=workers)
    with atomic_path(folder / f"predictions_{split}.csv") as temporary:
        rows.to_csv(temporary, index=False)
    figures = {name: float(value) for name, value in losses.items()} | summarise(rows)
    return figures | {"seconds": round(time.perf_counter() - started, 1)}


def _start(record, data: TrialData, folder: Path) -> keras.Model:
    """Write down what is about to be trained, and build it."""
    for leftover in (HISTORY, BEST_WEIGHTS, "tensorboard"):
        _remove(folder, leftover)
    _write_json(folder / PARAMS, record | _circumstances())
    keras.utils.set_random_seed(record["params"]["seed"])
    model = build_model(record["params"], len(data.context_processor), len(data.target_processor))
    compile_model(model, record["params"])
    return model


def _fit(model, params, data: TrialData, stores: dict[str, TokenStore], folder: Path, workers, log) -> pd.DataFrame:
    steps = params["steps_per_epoch"]
    epochs_done = int(model.optimizer.iterations) // steps
    history = read_history(folder).head(epochs_done)
    recorder = _Recorder(folder, history, params["patience"], params["seed"], log)
    if recorder.out_of_patience or epochs_done >= params["epoch"]:
        return history
    if epochs_done:
        log.info("resumed after epoch %d", epochs_done)
    if data.stream:
        batches = _fresh_batches(params, data, epochs_done * steps, workers)
    else:
        batches = training_batches(stores["train"], params["batch_size"], params["seed"], epochs_done * steps)
    with contextlib.closing(batches):
        model.fit(
            batches,
            steps_per_epoch=steps,
            initial_epoch=epochs_done,
            epochs=params["epoch"],
            validation_data=EvaluationBatches(stores["valid"], params["batch_size"], params["validation_steps"]),
            callbacks=[
                recorder,
                keras.callbacks.TensorBoard(folder / "tensorboard", write_graph=False),
            ],
            shuffle=False,  # the batches come shuffled
            verbose=1 if sys.stdout.isatty() else 2,
        )
    return recorder.history


def _fresh_batches(params, data: TrialData, start_step: int, workers: int) -> Iterator[Batch]:
    """Batches of problems that are drawn while the model trains, none of them one that is held out."""
    window = BATCHES_PER_WINDOW * params["batch_size"]
    # A batch may be a block wider than its longest sequence, and [START] and [END] are not counted in max_len.
    options = ProblemOptions(max_len=params["max_length"] - WIDTH_BLOCK - 2)
    held_out = _held_out(data.problems)
    start = start_step // BATCHES_PER_WINDOW * window
    problems = stream(data.stream, params["seed"], workers=workers, start=start, options=options, held_out=held_out)

    def windows():
        while True:
            equations, solutions = zip(*itertools.islice(problems, window), strict=True)
            yield TokenStore(data.context_processor.encode(equations), data.target_processor.encode(solutions))

    with contextlib.closing(problems):
        yield from streamed_batches(windows(), params["batch_size"], params["seed"], start_step)


def _held_out(problems: dict[str, pd.DataFrame]) -> set[str]:
    """What a stream must not bring: validation and test problems, up to their numbers if the data set was cut so."""
    tested = {equation for split in ("valid", "test") for equation in problems.get(split, {}).get("input", [])}
    skeletons = set(map(skeleton, tested))
    return skeletons if skeletons.isdisjoint(map(skeleton, problems["train"]["input"])) else tested


class _Recorder(keras.callbacks.Callback):
    """Keeps the folder true to the training: history, best weights, state to resume from; stops when told to.

    What early stopping needs to remember is in the history, so a resumed trial stops where the whole one would.
    """

    def __init__(self, folder: Path, history: pd.DataFrame, patience: int, seed: int, log: logging.Logger):
        super().__init__()
        self.folder, self.history, self.patience, self.seed, self.log = folder, history, patience, seed, log

    @property
    def out_of_patience(self) -> bool:
        losses = self.history.get("val_loss", pd.Series(dtype=float))
        return len(losses) > 0 and len(losses) - 1 - int(losses.to_numpy().argmin()) >= self.patience

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.epoch_started = epoch, time.perf_counter()
        # Keras does not save the states of its random generators, so dropout starts anew from seed and epoch.
        states = [v for v in self.model.variables if v.name == "seed_generator_state"]
        for i, state in enumerate(states):
            state.assign(np.random.SeedSequence([self.seed, epoch, i]).generate_state(2).astype(state.dtype))

    def on_train_batch_end(self, batch, logs=None):
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise Diverged(f"the loss became {loss} in epoch {self.epoch + 1}, step {batch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, "seconds": round(time.perf_counter() - self.epoch_started, 2)}
        row |= {"learning_rate": float(self.model.optimizer.learning_rate)}
        row |= {name: float(value) for name, value in logs.items()}
        if not math.isfinite(row["val_loss"]):
            raise Diverged(f"val_loss became {row['val_loss']} after epoch {epoch + 1}")
        self.history = pd.concat([self.history, pd.DataFrame([row])], ignore_index=True)
        with atomic_path(self.folder / HISTORY) as temporary:
            self.history.to_csv(temporary, index=False)
        if row["val_loss"] <= self.history["val_loss"].min():
            with atomic_path(self.folder / BEST_WEIGHTS) as temporary:
                self.model.save_weights(temporary)
        with atomic_path(self.folder / LAST) as temporary:
            self.model.save(temporary)
        self.log.info(
            "epoch %d: loss %.4f, val_loss %.4f, val_token_accuracy %.4f, %.1f s",
            row["epoch"],
            row["loss"],
            row["val_loss"],
            row["val_token_accuracy"],
            row["seconds"],
        )
        if self.out_of_patience:
            self.log.info("no better val_loss in %d epochs: stopped", self.patience)
            self.model.stop_training = True


# --- folders ----------------------------------------------------------------------------------------------------------


def trial_folders(runs: Path | str) -> list[Path]:
    """The trial folders in a runs folder, by name.

    Raises:
        FileNotFoundError: there is no such folder, or no trial in it.
    """
    folders = sorted(params.parent for params in Path(runs).glob(f"*/{PARAMS}"))
    if not folders:
        raise FileNotFoundError(f"no trial in {runs}: a trial's folder holds {PARAMS}")
    return folders


def read_history(folder: Path | str) -> pd.DataFrame:
    """The rows of history.csv, a row an epoch; empty if no epoch has ended."""
    path = Path(folder) / HISTORY
    return pd.read_csv(path) if path.exists() else pd.DataFrame()


def read_result(folder: Path | str) -> dict[str, Any]:
    """What result.json says; empty while the trial has not ended."""
    path = Path(folder) / RESULT
    return _read_json(path) if path.exists() else {}


def read_params(folder: Path | str) -> dict[str, Any]:
    """What params.json says: trial, params, data, versions, machine."""
    return _read_json(Path(folder) / PARAMS)


def _check_same_trial(folder: Path, record: dict[str, Any]) -> None:
    if not (folder / PARAMS).exists():
        return
    there = _read_json(folder / PARAMS)
    changed = [
        f"{key}: {there['params'].get(key)!r} there, {value!r} now"
        for key, value in record["params"].items()
        if there["params"].get(key) != value
    ]
    if there["data"] != json.loads(json.dumps(record["data"])):
        changed.append("other data or vocabularies")
    if changed:
        raise ValueError(
            f"{folder} holds this trial with other settings ({'; '.join(changed)}). "
            "Choose another runs folder, or delete this one to train anew."
        )


def _circumstances() -> dict[str, Any]:
    return {
        "backend": keras.backend.backend(),
        "versions": {"symbolic": __version__, "python": platform.python_version()}
        | {package: _version(package) for package in VERSIONS_OF},
        "machine": {"platform": platform.platform(), "cpus": os.cpu_count()},
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _open_log(name: str, folder: Path) -> logging.Logger:
    log = logging.getLogger(f"symbolic.trial.{name}")
    log.setLevel(logging.INFO)
    log.propagate = False
    handler = logging.FileHandler(folder / "run.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    return log


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
