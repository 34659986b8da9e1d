"""Training one trial, from checkpoint to checkpoint.

`train` begins a trial, or takes it up where a killed run left it, and leaves in its folder

    history.csv           a row per epoch
    best.weights.h5       the weights, averaged if so asked, of the epoch that was best by `early_stopping`
    tensorboard/          curves
    checkpoint_7.keras    only until the trial ends: model and optimizer after epoch 7, the last whole one
    epoch_7.weights.h5    likewise, if the weights of several epochs are averaged

An epoch is a number of batches, not a pass over the data; a kill costs what was trained since the last one ended. Every
file is written whole or not at all, and the checkpoint last. Weights are float32 whatever the precision of the
computations. This file knows how a model is trained; not what it is made of, nor what is looked at afterwards.
"""

import contextlib
import itertools
import logging
import math
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd

from symbolic.atomic import atomic_path
from symbolic.experiments import devices
from symbolic.problems.files import ProblemFiles
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.splits import skeleton
from symbolic.problems.stream import stream
from symbolic.seq2seq.attention_rnn import AttentionRNN
from symbolic.seq2seq.batches import (
    BATCHES_PER_STREAMED_WINDOW,
    Batch,
    EvaluationBatches,
    Shapes,
    Source,
    as_input,
    batch_shapes,
    streamed_batches,
    training_batches,
)
from symbolic.seq2seq.losses import MaskedAccuracy, MaskedCrossEntropy
from symbolic.seq2seq.optimizers import Muon
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.schedules import WarmupSchedule
from symbolic.seq2seq.token_store import TokenStore
from symbolic.seq2seq.transformer import Transformer
from symbolic.seq2seq.translator import CONTEXT_VOCABULARY, MODEL, TARGET_VOCABULARY, Translator

HISTORY, BEST_WEIGHTS = "history.csv", "best.weights.h5"
UNTIL_THE_END = ("checkpoint_*.keras", "epoch_*.weights.h5")  # patterns of what only a resumed run needs
_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
_STEPS_BETWEEN_LOOKS = 50  # at the loss; each look waits for the device

Judge = Callable[[keras.Model], dict[str, float]]


class Diverged(RuntimeError):
    """The loss of a trial is no longer a number."""


class TrialData(NamedTuple):
    """What every trial of a run is trained and judged on.

    Attributes:
        description: what the data and vocabularies are, for `params.json`: counts and hashes.
        problems: split -> its files.
        stores: split -> the same problems as token ids.
        sources: what is mixed for training, parts of the train store with their weights; that store alone if empty.
        stream: tasks of fresh problems to train on in place of the train split, with their weights; none if empty.
    """

    description: dict[str, Any]
    context_processor: TextProcessor
    target_processor: TextProcessor
    problems: dict[str, ProblemFiles]
    stores: dict[str, TokenStore]
    stream: dict[str, float] = {}
    sources: Sequence[Source] = ()


# --- models -----------------------------------------------------------------------------------------------------------


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
    """Give a model its optimizer, loss and metric.

    Keras counts the steps of a schedule in batches, whether or not gradients are accumulated over several, and scales
    the loss of a model that computes in float16 by itself.

    Raises:
        ValueError: the model cannot be compiled as `jit_compile` asks.
    """
    schedule = WarmupSchedule(
        peak=params["learning_rate"],
        warmup_steps=params["warmup_steps"],
        decay=params["schedule"],
        total_steps=params["epoch"] * params["steps_per_epoch"],
    )
    accumulated = params["gradient_accumulation"]
    config = {
        "learning_rate": schedule,
        "global_clipnorm": params["clip_norm"],
        "gradient_accumulation_steps": accumulated if accumulated > 1 else None,
    }
    if params["ema_decay"] is not None:
        # Keras averages after every batch, also after those whose gradients are only accumulated.
        config |= {"use_ema": True, "ema_momentum": params["ema_decay"] ** (1 / accumulated)}
    model.compile(
        optimizer=_optimizer(params, config),
        loss=MaskedCrossEntropy(label_smoothing=params["label_smoothing"]),
        metrics=[MaskedAccuracy(name="token_accuracy")],
        jit_compile=_jit_compile(params),
    )


def _optimizer(params: dict[str, Any], config: dict[str, Any]) -> keras.optimizers.Optimizer:
    if params["optimizer"].lower() != "muon":
        return keras.optimizers.get({"class_name": params["optimizer"], "config": config})
    # Muon is for what lies between embeddings, which Keras leaves to AdamW by itself, and logits (Jordan 2024), and not
    # for a GRU's biases, though they are a matrix. The range of float16 is too small for its iterations.
    product_dtype = "bfloat16" if params["precision"] == "bfloat16" else "float32"
    return Muon(**config, exclude_layers=["output_layer/", "bias$"], product_dtype=product_dtype)


def _jit_compile(params: dict[str, Any]) -> bool:
    """Whether XLA compiles the steps: on JAX nothing else does, on a CPU it gains nothing and takes a minute."""
    rnn_on_tensorflow = keras.backend.backend() == "tensorflow" and params["model"] == "attention_rnn"
    if params["jit_compile"] == "auto":
        on_cpu = keras.distribution.list_devices()[0].startswith("cpu")
        return keras.backend.backend() == "jax" or not (on_cpu or rnn_on_tensorflow)
    if params["jit_compile"] and rnn_on_tensorflow:
        raise ValueError(
            "`jit_compile` must be auto or False for model `attention_rnn` on TensorFlow: XLA cannot compile its RNNs."
        )
    return params["jit_compile"]


@contextlib.contextmanager
def _precision(name: str) -> Iterator[None]:
    """Layers that are made or loaded here compute in a precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[name])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def built_model(params: dict[str, Any], data: TrialData, precision: str) -> keras.Model:
    """A model that has its weights."""
    with _precision(precision):
        model = build_model(params, len(data.context_processor), len(data.target_processor))
        ids = np.ones((1, 2), np.int32)
        model({"context": ids, "target": ids})
    return model


def best_model(params: dict[str, Any], data: TrialData, folder: Path) -> keras.Model:
    """The model with the best weights; it computes in float32, so that it answers alike on every machine.

    Its loss is without label smoothing, so that trials can be compared by it.
    """
    model = built_model(params, data, "float32")
    model.load_weights(folder / BEST_WEIGHTS)
    metrics = [MaskedAccuracy(name="token_accuracy")]
    model.compile(loss=MaskedCrossEntropy(), metrics=metrics, jit_compile=_jit_compile(params))
    return model


def _load_initial_weights(model: keras.Model, path: Path, data: TrialData) -> None:
    """Begin with the weights of a file, with the best ones of a trial, or with those of a released model.

    Raises:
        FileNotFoundError: there are none.
        ValueError: they are those of another model, or of one with other vocabularies.
    """
    if path.is_dir():
        for file, processor in (
            (CONTEXT_VOCABULARY, data.context_processor),
            (TARGET_VOCABULARY, data.target_processor),
        ):
            if TextProcessor.load(path / file).vocabulary != processor.vocabulary:
                raise ValueError(
                    f"`initial_weights` must be of a trial with the same vocabularies. {path / file} differs."
                )
        path = path / (BEST_WEIGHTS if (path / BEST_WEIGHTS).exists() else MODEL)
    if not path.is_file():
        raise FileNotFoundError(
            f"`initial_weights` must be a weights file, or the folder of a trial or released model. There is no {path}."
        )
    try:
        if path.name == MODEL:
            model.set_weights(Translator.load(path.parent).model.get_weights())
        else:
            model.load_weights(path)
    except (ValueError, OSError) as error:
        raise ValueError(f"`initial_weights` must be of a model like this one. {path} does not fit: {error}") from error


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
        with _precision(params["precision"]):
            model = keras.saving.load_model(folder / _checkpoint(epochs_done))
        model.jit_compile = _jit_compile(params)  # the machine may be another one
    else:
        for leftover in (HISTORY, BEST_WEIGHTS, "tensorboard", *UNTIL_THE_END):
            remove(folder, leftover)
        model = new_model(params, data)
    recorder = Recorder(params, folder, read_history(folder).head(epochs_done), log, judge)
    if recorder.out_of_patience or epochs_done >= params["epoch"]:
        return recorder.history
    start_step = epochs_done * params["steps_per_epoch"]
    batches = _batches(params, data, stores["train"], start_step, workers)
    with _closing(batches):
        model.fit(
            as_input(devices.shared(batches)),
            steps_per_epoch=params["steps_per_epoch"],
            initial_epoch=epochs_done,
            epochs=params["epoch"],
            validation_data=as_input(devices.shared(_validation_batches(params, stores["valid"]))),
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


def new_model(params: dict[str, Any], data: TrialData) -> keras.Model:
    """The model of a trial as it begins to train.

    Raises:
        FileNotFoundError, ValueError: `initial_weights` are not there, or of another model or other vocabularies.
    """
    keras.utils.set_random_seed(params["seed"])
    model = built_model(params, data, params["precision"])
    if params["initial_weights"] is not None:
        _load_initial_weights(model, Path(params["initial_weights"]), data)
    compile_model(model, params)
    return model


def _batches(params, data: TrialData, train: TokenStore, start_step: int, workers: int) -> Iterator[Batch]:
    sizes = {"batch_tokens": params["batch_tokens"], "max_length": params["max_length"]}
    sizes["batch_size"] = params["batch_size"] if params["batch_tokens"] is None else None
    sources = data.sources or [Source(train)]
    if data.stream:
        return _fresh_batches(params, data, batch_shapes(sources, **sizes), start_step, workers)
    return training_batches(sources, **sizes, seed=params["seed"], start_step=start_step)


def _validation_batches(params: dict[str, Any], valid: TokenStore) -> EvaluationBatches:
    return EvaluationBatches(valid, params["batch_size"], params["validation_steps"], params["batch_tokens"])


def _fresh_batches(params, data: TrialData, shapes: Shapes, start_step: int, workers: int) -> Iterator[Batch]:
    """Batches of problems that are drawn while the model trains, none of them one that is held out."""
    window = BATCHES_PER_STREAMED_WINDOW * shapes.pairs_per_batch
    options = ProblemOptions(max_len=params["max_length"] - 2)  # max_len counts neither [START] nor [END]
    held_out = _held_out(data.problems)
    start = start_step // BATCHES_PER_STREAMED_WINDOW * window
    problems = stream(data.stream, params["seed"], workers=workers, start=start, options=options, held_out=held_out)

    def windows():
        while True:
            equations, solutions = zip(*itertools.islice(problems, window), strict=True)
            yield TokenStore.of(data.context_processor.encode(equations), data.target_processor.encode(solutions))

    with contextlib.closing(problems):
        yield from streamed_batches(windows(), shapes, params["seed"], start_step)


def _held_out(problems: dict[str, ProblemFiles]) -> set[str]:
    """What a stream must not bring: validation and test problems, whatever their numbers."""
    tested = (files.frame()["input"] for split, files in problems.items() if split != "train")
    return set(map(skeleton, itertools.chain.from_iterable(tested)))


# --- recording --------------------------------------------------------------------------------------------------------


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
        with _written(self.folder / _checkpoint(self.epoch)) as temporary:
            self.model.save(temporary)
        for path in self.folder.glob(_checkpoint("*")):
            if _number(path) != self.epoch:
                path.unlink()
        for path in self.folder.glob(_epoch_weights("*")):
            if _number(path) < self.epoch + 2 - self.trial["last_k"]:
                path.unlink()


def last_epoch(folder: Path) -> int:
    """The epoch of the newest checkpoint; 0 if there is none."""
    return max(map(_number, folder.glob(_checkpoint("*"))), default=0)


def remove(folder: Path, pattern: str) -> None:
    """Remove the files and folders in a folder whose names fit a pattern."""
    for path in folder.glob(pattern):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _checkpoint(epoch: int | str) -> str:
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
