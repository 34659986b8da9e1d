"""The optimizer of a trial: any of Keras's by name, with the settings that it takes."""

import inspect
from typing import Any

import keras

from symbolic.runtime.names import did_you_mean, unknown_name
from symbolic.seq2seq.optimizers import Muon
from symbolic.seq2seq.schedules import WarmupSchedule
from symbolic.training.params import TrialParameters

# Settings of Keras's optimizers that a parameter of the trial gives; None: that nothing gives.
_GIVEN_BY = {
    "learning_rate": "learning_rate",
    "global_clipnorm": "clip_norm",
    "gradient_accumulation_steps": "gradient_accumulation",
    "use_ema": "ema_decay",
    "ema_momentum": "ema_decay",
    "ema_overwrite_frequency": None,  # would overwrite the weights that training goes on with
    "name": None,
}


def optimizer_classes() -> dict[str, type[keras.optimizers.Optimizer]]:
    """Every optimizer by its name in lower case: Keras's, with the project's Muon in place of Keras's."""
    found = {
        name.lower(): optimizer
        for name, optimizer in vars(keras.optimizers).items()
        if isinstance(optimizer, type)
        and issubclass(optimizer, keras.optimizers.Optimizer)
        and name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")  # made of other optimizers
    }
    return found | {"muon": Muon}


def build_optimizer(params: TrialParameters) -> keras.optimizers.Optimizer:
    """The optimizer of a trial with its schedule, clipping, accumulation, averaging and its own settings.

    Keras counts the steps of a schedule in batches, whether or not gradients are accumulated over several.

    Raises:
        ValueError: there is no such optimizer, or it does not take one of `optimizer_options`.
    """
    classes = optimizer_classes()
    if params.optimizer.lower() not in classes:
        raise unknown_name("optimizer", params.optimizer, classes)
    optimizer = classes[params.optimizer.lower()]
    _check_options(params, optimizer)
    accumulated = params.gradient_accumulation
    settings: dict[str, Any] = {
        "learning_rate": WarmupSchedule(
            peak=params.learning_rate,
            warmup_steps=params.warmup_steps,
            decay=params.schedule,
            total_steps=params.epoch * params.steps_per_epoch,
        ),
        "global_clipnorm": params.clip_norm,
        "gradient_accumulation_steps": accumulated if accumulated > 1 else None,
    }
    if params.ema_decay is not None:
        # Keras averages after every batch, also after those whose gradients are only accumulated.
        settings |= {"use_ema": True, "ema_momentum": params.ema_decay ** (1 / accumulated)}
    if optimizer is Muon:
        # Muon is for what lies between embeddings, which Keras leaves to AdamW by itself, and logits (Jordan 2024), and
        # not for a GRU's biases, though they are a matrix. The range of float16 is too small for its iterations.
        product_dtype = "bfloat16" if params.precision == "bfloat16" else "float32"
        settings |= {"exclude_layers": ["output_layer/", "bias$"], "product_dtype": product_dtype}
    try:
        return optimizer(**settings | dict(params.optimizer_options))
    except (TypeError, ValueError) as error:
        raise ValueError(f"optimizer `{params.optimizer}` does not take these options: {error}") from error


def _check_options(params: TrialParameters, optimizer: type[keras.optimizers.Optimizer]) -> None:
    taken = {name: default for name, default in _arguments(optimizer).items() if name not in _GIVEN_BY}
    for name, value in params.optimizer_options.items():
        if given_by := _GIVEN_BY.get(name):
            raise ValueError(f"`optimizer_options` must not hold `{name}`: the parameter `{given_by}` gives it.")
        if name not in taken:
            raise ValueError(
                f"`optimizer_options`: optimizer `{params.optimizer}` takes no `{name}`.{did_you_mean(name, taken)} "
                f"It takes {', '.join(taken)}."
            )
        if isinstance(taken[name], float) and not isinstance(value, int | float):
            raise ValueError(f"`optimizer_options`: `{name}` must be a number. Received: {value!r}.")


def _arguments(optimizer: type) -> dict[str, Any]:
    """The named arguments, with their defaults, of a constructor and of those that it passes others on to."""
    defaults: dict[str, Any] = {}
    for cls in optimizer.__mro__:
        if "__init__" not in vars(cls) or cls is object:
            continue
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        defaults |= {p.name: p.default for p in named if p.name not in defaults}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return defaults
