"""Training one trial, from checkpoint to checkpoint.

`train` begins a trial, or takes it up where a killed run left it; what it leaves in its folder is `recording`'s.
An epoch is a number of batches, not a pass over the data; a kill costs what was trained since the last one ended.
Weights are float32 whatever the precision of the computations. This file knows how a model is trained; not what it is
made of, nor what is looked at afterwards.
"""

import contextlib
import itertools
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd

from symbolic.experiments import devices
from symbolic.experiments.recording import (
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

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


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
        jit_compile=jit_compiled(params),
    )


def _optimizer(params: dict[str, Any], config: dict[str, Any]) -> keras.optimizers.Optimizer:
    if params["optimizer"].lower() != "muon":
        return keras.optimizers.get({"class_name": params["optimizer"], "config": config})
    # Muon is for what lies between embeddings, which Keras leaves to AdamW by itself, and logits (Jordan 2024), and not
    # for a GRU's biases, though they are a matrix. The range of float16 is too small for its iterations.
    product_dtype = "bfloat16" if params["precision"] == "bfloat16" else "float32"
    return Muon(**config, exclude_layers=["output_layer/", "bias$"], product_dtype=product_dtype)


def jit_compiled(params: dict[str, Any]) -> bool:
    """Whether XLA compiles the steps: on JAX nothing else does, on a CPU it gains nothing and takes a minute.

    Raises:
        ValueError: it should, and cannot.
    """
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
    model.compile(loss=MaskedCrossEntropy(), metrics=metrics, jit_compile=jit_compiled(params))
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
