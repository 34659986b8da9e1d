"""The model of a trial: built, compiled, with initial, resumed or best weights."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from symbolic.seq2seq.loading import load_weights
from symbolic.seq2seq.losses import MaskedAccuracy, MaskedCrossEntropy
from symbolic.seq2seq.models import model_class
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.translator import CONTEXT_VOCABULARY, MODEL, TARGET_VOCABULARY, Translator
from symbolic.training.data import TrainingData
from symbolic.training.optimizers import build_optimizer
from symbolic.training.params import GENERAL, TrialParameters, constructor_arguments
from symbolic.training.recording import BEST_WEIGHTS, TRAINER_COLUMNS
from symbolic.verification import STATUSES

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
# Columns of history.csv and of the comparison table.
_TAKEN_NAMES = (
    *(*TRAINER_COLUMNS, *STATUSES, *("trial", "status", "reason", "weights", "epochs", "problems", "unanswered")),
    *("parameters", "seeds", "problems_seen", "judged_on", "solve_rate_sd", "solve_rate_low", "solve_rate_high"),
)

Figure = Callable[[Any, Any], Any]  # of labels (B, T) and logits (B, T, V): a function, or a Keras loss or metric


class Extensions(NamedTuple):
    """What a researcher adds to every trial of a run, as `compile` and `fit` of Keras take it.

    Attributes:
        loss: what is minimised in place of the cross-entropy; a `keras.losses.Loss` or a function.
        metrics: what is reported beside loss and token accuracy; a `keras.metrics.Metric` or a function each.
        callbacks: `keras.callbacks.Callback`s; numbers that they put into `logs` at the end of an epoch are recorded.
    """

    loss: Figure | None = None
    metrics: Sequence[Figure] = ()
    callbacks: Sequence[keras.callbacks.Callback] = ()

    @property
    def metric_names(self) -> list[str]:
        return [_name(metric) for metric in self.metrics]

    def check(self) -> None:
        """Refuse what Keras could not use, and names that history and table use already.

        Raises:
            ValueError: names it.
        """
        if self.loss is not None and not callable(self.loss):
            raise ValueError(f"`loss` must be a Keras loss or a function. Received: {self.loss!r}.")
        for metric in self.metrics:
            if not callable(metric) or isinstance(metric, type):
                raise ValueError(f"`metrics` must be Keras metrics or functions. Received: {metric!r}.")
        names = [*self.metric_names, *([] if self.loss is None else [_name(self.loss)])]
        for name in names:
            if name in _TAKEN_NAMES or name.startswith("val_") or names.count(name) > 1:
                raise ValueError(
                    f"a loss and every metric need a name of their own, without `val_`, and not one of "
                    f"{', '.join(_TAKEN_NAMES)}. Received: {', '.join(names)}."
                )
        for callback in self.callbacks:
            if not isinstance(callback, keras.callbacks.Callback):
                raise ValueError(
                    f"`callbacks` must be instances of `keras.callbacks.Callback`. Received: {callback!r}."
                )

    def describe(self) -> dict[str, Any]:
        """Their classes and settings, for params.json; empty if there are none."""
        described: dict[str, Any] = {}
        if self.loss is not None:
            described["loss"] = _described(self.loss)
        if self.metrics:
            described["metrics"] = [_described(metric) for metric in self.metrics]
        if self.callbacks:
            described["callbacks"] = [_qualified_name(type(callback)) for callback in self.callbacks]
        return described


NO_EXTENSIONS = Extensions()


def try_out(name: str, params: TrialParameters) -> None:
    """Build a trial's model, without weights, and its optimizer: what they do not take is refused before training.

    Raises:
        ValueError: in the words of the model's constructor or of the optimizer.
    """
    try:
        model = build_model(params, context_size=8, target_size=8)
        build_optimizer(params)
        if params.jit_compile is True:  # "auto" asks the devices, which may wait until they are needed
            jit_compiled(params, model)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from error


def build_model(params: TrialParameters, context_size: int, target_size: int) -> keras.Model:
    """The untrained model of a trial; the sizes are those of the vocabularies, special tokens included.

    Its constructor gets the parameters of the trial that have the names of its arguments.
    """
    model = model_class(params.model)
    general = {name: getattr(params, name) for name in constructor_arguments(model) if name in GENERAL}
    return model(
        context_vocabulary_size=context_size, target_vocabulary_size=target_size, **general, **params.model_options
    )


def compile_model(model: keras.Model, params: TrialParameters, extensions: Extensions = NO_EXTENSIONS) -> None:
    """Give a model its optimizer, loss and metrics.

    Keras scales the loss of a model that computes in float16 by itself.

    Raises:
        ValueError: the model cannot be compiled as `jit_compile` asks.
    """
    loss = MaskedCrossEntropy(label_smoothing=params.label_smoothing)
    model.compile(
        optimizer=build_optimizer(params),
        loss=loss if extensions.loss is None else _copy(extensions.loss),
        metrics=[MaskedAccuracy(name="token_accuracy"), *map(_copy, extensions.metrics)],
        jit_compile=jit_compiled(params, model),
    )


def jit_compiled(params: TrialParameters, model: keras.Model) -> bool:
    """Whether XLA compiles the steps: on JAX nothing else does, on a CPU it gains nothing and takes a minute.

    Raises:
        ValueError: it should, and cannot.
    """
    on_jax = keras.backend.backend() == "jax"
    possible = on_jax or not any(_is_beyond_xla(layer) for layer in model._flatten_layers())
    if params.jit_compile == "auto":
        on_cpu = keras.distribution.list_devices()[0].startswith("cpu")
        return on_jax or (possible and not on_cpu)
    if params.jit_compile and not possible:
        raise ValueError(
            f"`jit_compile` must be auto or False for model `{params.model}` on TensorFlow: "
            "XLA cannot compile all of its layers."
        )
    return params.jit_compile


def _is_beyond_xla(layer: keras.layers.Layer) -> bool:
    """Whether XLA on TensorFlow cannot compile a layer: an RNN, or a layer with `supports_jit` false."""
    return isinstance(layer, keras.layers.RNN) or not layer.supports_jit


@contextlib.contextmanager
def precision_of_layers(name: str) -> Iterator[None]:
    """Layers that are made or loaded in the block compute in a precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[name])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def built_model(params: TrialParameters, data: TrainingData, precision: str) -> keras.Model:
    """The model with its weights as they are initialised."""
    with precision_of_layers(precision):
        model = build_model(params, len(data.context_processor), len(data.target_processor))
        ids = np.ones((1, 2), np.int32)
        model({"context": ids, "target": ids})
    return model


def new_model(params: TrialParameters, data: TrainingData, extensions: Extensions = NO_EXTENSIONS) -> keras.Model:
    """The compiled model of a trial as it begins to train.

    Raises:
        FileNotFoundError, ValueError: `initial_weights` are not there, or of another model or other vocabularies.
    """
    keras.utils.set_random_seed(params.seed)
    model = built_model(params, data, params.precision)
    if params.initial_weights is not None:
        _load_initial_weights(model, Path(params.initial_weights), data)
    compile_model(model, params, extensions)
    return model


def resumed_model(
    params: TrialParameters, data: TrainingData, checkpoint: Path, extensions: Extensions = NO_EXTENSIONS
) -> keras.Model:
    """The compiled model of a trial with the weights, and the state of the optimizer, of a checkpoint.

    It is built from the parameters, as at the beginning; of the checkpoint only the numbers are read.
    """
    keras.utils.set_random_seed(params.seed)
    model = built_model(params, data, params.precision)
    compile_model(model, params, extensions)
    model.optimizer.build(model.trainable_variables)
    load_weights(model, checkpoint)
    return model


def best_model(
    params: TrialParameters, data: TrainingData, folder: Path, extensions: Extensions = NO_EXTENSIONS
) -> keras.Model:
    """The model with the best weights; it computes in float32, so that it answers alike on every machine.

    Its loss is the cross-entropy without label smoothing, so that trials can be compared by it. Another loss that it
    was trained with is one of its metrics.
    """
    model = built_model(params, data, "float32")
    load_weights(model, folder / BEST_WEIGHTS)
    metrics = [MaskedAccuracy(name="token_accuracy"), *map(_copy, extensions.metrics)]
    if extensions.loss is not None:
        metrics.append(keras.metrics.MeanMetricWrapper(_copy(extensions.loss), name=_name(extensions.loss)))
    model.compile(loss=MaskedCrossEntropy(), metrics=metrics, jit_compile=jit_compiled(params, model))
    return model


def _load_initial_weights(model: keras.Model, path: Path, data: TrainingData) -> None:
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
            weights = Translator.load(path.parent).model.get_weights()
            if [w.shape for w in weights] != [tuple(w.shape) for w in model.weights]:
                there, here = (f"{sum(sizes):,}" for sizes in ([w.size for w in weights], [model.count_params()]))
                raise ValueError(f"it has {there} weights, and this model {here}")
            model.set_weights(weights)
        else:
            load_weights(model, path)
    except (ValueError, OSError) as error:
        raise ValueError(f"`initial_weights` must be of a model like this one. {path} does not fit: {error}") from error


# --- losses and metrics of others ------------------------------------------------------------------------------------


def _name(figure: Figure) -> str:
    return getattr(figure, "name", None) or figure.__name__


def _copy(figure: Figure) -> Figure:
    """A new one with the same settings, for a metric keeps variables of the model that it is compiled with."""
    return type(figure).from_config(figure.get_config()) if hasattr(figure, "get_config") else figure


def _described(figure: Figure) -> str:
    if not hasattr(figure, "get_config"):
        return _qualified_name(figure)
    settings = ", ".join(f"{key}={value!r}" for key, value in figure.get_config().items())
    return f"{_qualified_name(type(figure))}({settings})"


def _qualified_name(named: Any) -> str:
    return f"{named.__module__}.{named.__qualname__}"
