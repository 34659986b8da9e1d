"""The parameters of a trial: one frozen object, checked before anything trains; and sweeps over their values.

The values stand in `model_params.py`. Parameters that only the model reads are the arguments of its class's
constructor, so a model of one's own needs no entry here. Nothing here imports Keras before a trial is checked, so a
trials file stays cheap to read.
"""

import dataclasses
import inspect
import itertools
import json
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from symbolic.runtime.names import did_you_mean

SCHEDULES = ("constant", "inverse_square_root", "cosine", "linear")
ACTIVATIONS = ("relu", "relu_squared")
OUTPUT_ACTIVATIONS = ("linear", "tanh")
PRECISIONS = ("float32", "bfloat16", "float16")
ANSWER_FIGURES = ("solve_rate", "exact_match")  # need problems decoded after every epoch
METRICS = ("val_loss", "val_token_accuracy", *ANSWER_FIGURES, "loss", "token_accuracy")

_SEED = "_seed_"  # between the name of a trial and another seed than its own
_VOCABULARY_SIZES = ("context_vocabulary_size", "target_vocabulary_size")  # constructor arguments that the data give


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrialParameters:
    """All parameters of one trial, checked by `complete`. `model_params.py` explains each.

    Attributes:
        model_options: parameters that only the model reads: arguments of its constructor.
        optimizer_options: settings of the optimizer beyond those that have a parameter of their own.
    """

    model: str
    model_options: Mapping[str, Any]
    optimizer: str
    learning_rate: float
    schedule: str
    warmup_steps: int
    clip_norm: float | None
    label_smoothing: float
    gradient_accumulation: int
    ema_decay: float | None
    last_k: int | None
    precision: str
    jit_compile: bool | str
    initial_weights: str | None
    epoch: int
    batch_size: int
    batch_tokens: int | None
    steps_per_epoch: int
    validation_steps: int | None
    epoch_problems: int
    early_stopping: str
    patience: int
    valid_problems: int
    test_problems: int
    max_length: int
    seed: int
    optimizer_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """One flat dictionary, as in a trial and in params.json.

        Empty `optimizer_options` are left out, as in folders that were made before there were any.
        """
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        options = values.pop("model_options")
        if not values["optimizer_options"]:
            del values["optimizer_options"]
        return {"model": values.pop("model"), **options, **values}


# Parameters that every trial has, whichever its model.
GENERAL = tuple(field.name for field in dataclasses.fields(TrialParameters) if field.name != "model_options")


# --- what a value may be: (rule in words, test) ----------------------------------------------------------------------

Rule = tuple[str, Callable[[Any], bool]]


def _number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(minimum: int) -> Rule:
    return (
        f"must be a whole number, {minimum} or more",
        lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= minimum,
    )


def _one_of(*choices: str) -> Rule:
    return f"must be one of {', '.join(choices)}", lambda v: v in choices


def _or_none(rule: Rule) -> Rule:
    words, test = rule
    return f"{words}, or None", lambda v: v is None or test(v)


def _is_json(value) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


_FRACTION: Rule = ("must be a number from 0 up to, but not including, 1", lambda v: _number(v) and 0 <= v < 1)
_BOOLEAN: Rule = ("must be True or False", lambda v: isinstance(v, bool))
_POSITIVE: Rule = ("must be a number above 0", lambda v: _number(v) and v > 0)
_NAME: Rule = ("must be a name", lambda v: isinstance(v, str) and v != "")
_JSON: Rule = ("must be a value that JSON can hold, for params.json", _is_json)

RULES: dict[str, Rule] = {
    "model": _NAME,
    "optimizer": _NAME,
    "optimizer_options": (
        "must be a dictionary of names and values that JSON can hold",
        lambda v: isinstance(v, Mapping) and all(isinstance(key, str) for key in v) and _is_json(dict(v)),
    ),
    "learning_rate": _POSITIVE,
    "schedule": _one_of(*SCHEDULES),
    "warmup_steps": _whole(0),
    "clip_norm": _or_none(_POSITIVE),
    "label_smoothing": _FRACTION,
    "gradient_accumulation": _whole(1),
    "ema_decay": _or_none(("must be a number between 0 and 1", lambda v: _number(v) and 0 < v < 1)),
    "last_k": _or_none(_whole(2)),
    "precision": _one_of(*PRECISIONS),
    "jit_compile": ("must be True, False or auto", lambda v: isinstance(v, bool) or v == "auto"),
    "initial_weights": _or_none(("must be a path as text", lambda v: isinstance(v, str) and v != "")),
    "epoch": _whole(1),
    "batch_size": _whole(1),
    "batch_tokens": _or_none(_whole(1)),
    "steps_per_epoch": _whole(1),
    "validation_steps": _or_none(_whole(1)),
    "early_stopping": _NAME,
    "patience": _whole(1),
    "epoch_problems": _whole(0),
    "valid_problems": _whole(0),
    "test_problems": _whole(0),
    "max_length": _whole(3),
    "seed": ("must be a whole number from 0 up, below 2^32", lambda v: _whole(0)[1](v) and v < 2**32),
}

# Of the models in `symbolic.seq2seq.models.MODELS`. The constructor of a model of one's own checks its own arguments.
MODEL_RULES: dict[str, Rule] = {
    "num_units": _whole(1),
    "num_heads": _whole(1),
    "dropout": _FRACTION,
    "is_gru": _BOOLEAN,
    "output_activation": _one_of(*OUTPUT_ACTIVATIONS),
    "num_layers": _whole(1),
    "feed_forward": _whole(1),
    "encoder_layers": _or_none(_whole(1)),
    "decoder_layers": _or_none(_whole(1)),
    "query_key_norm": _BOOLEAN,
    "activation": _one_of(*ACTIVATIONS),
    "zero_outputs": _BOOLEAN,
}
_CHOICES = {
    "schedule": SCHEDULES,
    "activation": ACTIVATIONS,
    "output_activation": OUTPUT_ACTIVATIONS,
    "precision": PRECISIONS,
}


# --- one trial -------------------------------------------------------------------------------------------------------


def complete(
    name: str, trial: Mapping[str, Any], defaults: Mapping[str, Any], metrics: Iterable[str] = ()
) -> TrialParameters:
    """All parameters of one trial: the defaults with the trial's own values, checked.

    Args:
        defaults: values for what the trial leaves open. Of parameters of models, those that its model takes are used.
        metrics: names of metrics that are reported beside loss and token accuracy; `early_stopping` may name them too.

    Raises:
        ValueError: a parameter is unknown, missing or wrong, contradicts another, or is none of its model's.
    """
    from symbolic.seq2seq.models import MODELS, model_class  # here, because it imports Keras

    check_defaults(defaults)
    model = {**defaults, **trial}["model"]
    _check_value(name, "model", model, RULES["model"])
    try:
        arguments = constructor_arguments(model_class(model))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    own = [argument for argument in arguments if argument not in GENERAL]
    for key in trial:
        if key not in GENERAL and key not in own:
            raise ValueError(
                f"{name}: unknown parameter `{key}`.{did_you_mean(key, [*GENERAL, *own])} "
                f"Model `{model}` takes {', '.join(own)}; every trial takes {', '.join(GENERAL)}."
            )
    values = {**defaults, **trial}
    for key in own:
        if key in values:
            _check_value(name, key, values[key], MODEL_RULES.get(key, _JSON) if model in MODELS else _JSON)
        elif arguments[key].default is inspect.Parameter.empty:
            raise ValueError(f"{name}: model `{model}` needs the parameter `{key}`, and it has no default.")
    for key in GENERAL:
        if key in values:
            _check_value(name, key, values[key], RULES[key])
    options = {key: values[key] for key in own if key in values}
    params = TrialParameters(model_options=options, **{key: values[key] for key in GENERAL if key in values})
    _check_early_stopping(name, params, metrics)
    _check_steps(name, params)
    _check_contradictions(name, trial, params)
    return params


def constructor_arguments(model: type) -> dict[str, inspect.Parameter]:
    """The arguments of a model's constructor that a trial may set: all named ones but the sizes of vocabularies."""
    return {
        name: parameter
        for name, parameter in inspect.signature(model).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY) and name not in _VOCABULARY_SIZES
    }


def check_defaults(defaults: Mapping[str, Any]) -> None:
    """Refuse default values of parameters that do not exist, and the lack of those that every trial needs.

    Raises:
        ValueError: names the parameter.
    """
    for key in defaults:
        if key not in RULES and key not in MODEL_RULES:
            raise ValueError(
                f"defaults: unknown parameter `{key}`.{did_you_mean(key, [*RULES, *MODEL_RULES])} "
                "Parameters of a model of your own belong in its trials."
            )
    needed = [key for key in GENERAL if key != "optimizer_options"]
    if missing := [key for key in needed if key not in defaults]:
        raise ValueError(f"defaults: no value for {', '.join(missing)}.")


def _check_value(name: str, key: str, value: Any, rule: Rule) -> None:
    words, test = rule
    if not test(value):
        hint = did_you_mean(value, _CHOICES.get(key, ())) if isinstance(value, str) else ""
        raise ValueError(f"{name}: `{key}` {words}. Received: {value!r}.{hint}")


def _check_early_stopping(name: str, params: TrialParameters, metrics: Iterable[str]) -> None:
    known = [*METRICS, *(f"{prefix}{metric}" for metric in metrics for prefix in ("val_", ""))]
    if params.early_stopping not in known:
        raise ValueError(
            f"{name}: `early_stopping` must be one of {', '.join(known)}. "
            f"Received: {params.early_stopping!r}.{did_you_mean(params.early_stopping, known)}"
        )
    if params.early_stopping in ANSWER_FIGURES and not params.epoch_problems:
        raise ValueError(
            f"{name}: early_stopping `{params.early_stopping}` needs `epoch_problems`, the number of validation "
            "problems decoded after every epoch. Received: epoch_problems=0."
        )


def _check_steps(name: str, params: TrialParameters) -> None:
    if params.schedule == "inverse_square_root" and not params.warmup_steps:
        raise ValueError(f"{name}: schedule `inverse_square_root` needs `warmup_steps`. Received: warmup_steps=0.")
    steps = params.epoch * params.steps_per_epoch
    if params.warmup_steps >= steps:
        raise ValueError(
            f"{name}: `warmup_steps` must be fewer than all steps, epoch × steps_per_epoch = {steps}. "
            f"Received: warmup_steps={params.warmup_steps}. Give it more epochs, or fewer steps of warm-up."
        )
    if params.steps_per_epoch % params.gradient_accumulation:
        raise ValueError(
            f"{name}: `gradient_accumulation` must divide `steps_per_epoch`, so that an epoch ends with an update. "
            f"Received: gradient_accumulation={params.gradient_accumulation}, "
            f"steps_per_epoch={params.steps_per_epoch}."
        )


def _check_contradictions(name: str, trial: Mapping[str, Any], params: TrialParameters) -> None:
    if params.batch_tokens is not None and "batch_size" in trial:
        raise ValueError(
            f"{name}: the size of a batch is given by `batch_size` or by `batch_tokens`, not by both. "
            f"Received: batch_size={trial['batch_size']}, batch_tokens={params.batch_tokens}."
        )
    if params.batch_tokens is not None and params.batch_tokens < 2 * params.max_length:
        raise ValueError(
            f"{name}: `batch_tokens` must hold a pair of `max_length` tokens each. "
            f"Received: batch_tokens={params.batch_tokens}, max_length={params.max_length}."
        )
    if params.ema_decay is not None and params.last_k is not None:
        raise ValueError(
            f"{name}: weights are averaged by `ema_decay` or over `last_k` epochs, not by both. "
            f"Received: ema_decay={params.ema_decay}, last_k={params.last_k}."
        )


# --- several trials --------------------------------------------------------------------------------------------------


def select(names: str, trials: Mapping[str, Mapping]) -> dict[str, Mapping]:
    """The trials that a command line asks for: `all`, or names and beginnings of names separated by commas.

    `quick` selects the trial "quick" if there is one, and else every trial whose name begins with "quick_".

    Raises:
        ValueError: a word matches no trial.
    """
    if names == "all":
        return dict(trials)
    selected = {}
    for word in (word.strip() for word in names.strip(", ").split(",")):
        exact = {name: trials[name] for name in trials if name == word}
        matches = exact or {name: trial for name, trial in trials.items() if word and name.startswith(f"{word}_")}
        if not matches:
            raise ValueError(f"no trial `{word}`.{did_you_mean(word, trials)} Known: all, {', '.join(trials)}.")
        selected |= matches
    return selected


def with_seeds(
    trials: Mapping[str, Mapping[str, Any]], seeds: Iterable[int], defaults: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Every trial once for each seed: `{"rnn": {}}` with the seeds 0 and 1 gives rnn and rnn_seed_1.

    With the seed that it has anyway a trial keeps its name, so that a run without seeds is one of these.

    Raises:
        ValueError: a seed is given twice, or two trials get one name.
    """
    seeds = list(seeds)
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"every seed must be given once. Received: {', '.join(map(str, seeds))}.")
    repeated: dict[str, dict[str, Any]] = {}
    for name, trial in trials.items():
        own = {**defaults, **trial}["seed"]
        for seed in seeds:
            sibling = name if seed == own else f"{name}{_SEED}{seed}"
            if sibling in repeated:
                raise ValueError(f"two trials would have the name {sibling}: rename one of them.")
            repeated[sibling] = {**trial, "seed": seed}
    return repeated


def without_seed(name: str, seed: int) -> str:
    """The name of the trial that `with_seeds` repeated."""
    return name.removesuffix(f"{_SEED}{seed}")


def product(**choices: Iterable) -> list[dict[str, Any]]:
    """Every combination of the given values: `product(num_units=[64, 128], is_gru=[True, False])` has four."""
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


def sweep(name: str, fixed: Mapping[str, Any], **choices: Iterable) -> dict[str, dict[str, Any]]:
    """Named trials for every combination: `sweep("lr", {...}, learning_rate=[1e-3, 3e-4])` -> lr_1, lr_2."""
    return listed(name, fixed, product(**choices))


def listed(name: str, fixed: Mapping[str, Any], trials: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Named trials, one for each of the given sets of parameters: `listed("lr", {...}, [{"patience": 3}])` -> lr_1."""
    return {f"{name}_{i}": {**fixed, **values} for i, values in enumerate(trials, start=1)}


def random_sweep(
    name: str, fixed: Mapping[str, Any], number: int, *, seed: int, **choices: Sequence | Callable[[random.Random], Any]
) -> dict[str, dict[str, Any]]:
    """`number` named trials with values drawn at random, which cover more values of each parameter than a product.

    (Bergstra & Bengio 2012, Random search for hyper-parameter optimization.)

    Args:
        seed: the same seed gives the same trials; with a larger `number` the first ones stay.
        choices: parameter -> values, each equally likely, or `uniform(low, high)` or `log_uniform(low, high)`.
    """
    rng = random.Random(seed)
    draws = [
        {key: values(rng) if callable(values) else rng.choice(values) for key, values in choices.items()}
        for _ in range(number)
    ]
    return listed(name, fixed, draws)


def uniform(low: float, high: float) -> Callable[[random.Random], float]:
    """For `random_sweep`: numbers between two numbers, to three digits."""
    return lambda rng: _three_digits(rng.uniform(low, high))


def log_uniform(low: float, high: float) -> Callable[[random.Random], float]:
    """For `random_sweep`: numbers between two positive ones, each order of magnitude equally likely, to three digits.

    Raises:
        ValueError: a number is not above 0.
    """
    if min(low, high) <= 0:
        raise ValueError(f"`log_uniform` needs two numbers above 0. Received: {low}, {high}.")
    return lambda rng: _three_digits(math.exp(rng.uniform(math.log(low), math.log(high))))


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")
