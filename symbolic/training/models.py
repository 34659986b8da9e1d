"""The model of a trial: built, compiled, with initial or best weights."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from symbolic.seq2seq.losses import MaskedAccuracy, MaskedCrossEntropy
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.models.transformer import Transformer
from symbolic.seq2seq.optimizers import Muon
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.schedules import WarmupSchedule
from symbolic.seq2seq.translator import CONTEXT_VOCABULARY, MODEL, TARGET_VOCABULARY, Translator
from symbolic.training.data import TrialData
from symbolic.training.recording import (
    BEST_WEIGHTS,
)

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


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
def precision_of_layers(name: str) -> Iterator[None]:
    """Layers that are made or loaded here compute in a precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[name])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def built_model(params: dict[str, Any], data: TrialData, precision: str) -> keras.Model:
    """A model that has its weights."""
    with precision_of_layers(precision):
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
