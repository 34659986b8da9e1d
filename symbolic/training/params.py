"""The parameters of a trial: what each may be, which belong together, and sweeps over their values.

The values themselves stand in `model_params.py`; this file refuses a wrong one before anything trains. It knows
nothing of how a trial is run.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from symbolic.runtime.names import did_you_mean

MODELS = ("attention_rnn", "transformer")
OPTIMIZERS = ("adam", "adamw", "muon", "adafactor", "lion", "nadam", "rmsprop", "sgd")  # written in any case: RMSprop
SCHEDULES = ("constant", "inverse_square_root", "cosine")
OUTPUT_ACTIVATIONS = ("linear", "tanh")
PRECISIONS = ("float32", "bfloat16", "float16")
ANSWER_FIGURES = ("solve_rate", "exact_match")  # need problems decoded after every epoch
METRICS = ("val_loss", "val_token_accuracy", *ANSWER_FIGURES, "loss", "token_accuracy")

# Parameters that only one model reads; setting one in a trial of the other is a contradiction.
BELONGS_TO = {
    "is_gru": "attention_rnn",
    "output_activation": "attention_rnn",
    "num_layers": "transformer",
    "feed_forward": "transformer",
}


# --- what a value may be: (rule in words, test) --------------------------------------------------------------------

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


_SHARE: Rule = ("must be a number from 0 up to, but not including, 1", lambda v: _number(v) and 0 <= v < 1)
_BOOLEAN: Rule = ("must be True or False", lambda v: isinstance(v, bool))
_POSITIVE: Rule = ("must be a number above 0", lambda v: _number(v) and v > 0)

RULES: dict[str, Rule] = {
    "model": _one_of(*MODELS),
    "num_units": _whole(1),
    "num_heads": _whole(1),
    "dropout": _SHARE,
    "is_gru": _BOOLEAN,
    "output_activation": _one_of(*OUTPUT_ACTIVATIONS),
    "num_layers": _whole(1),
    "feed_forward": _whole(1),
    "optimizer": (
        f"must be one of {', '.join(OPTIMIZERS)} in any case",
        lambda v: isinstance(v, str) and v.lower() in OPTIMIZERS,
    ),
    "learning_rate": _POSITIVE,
    "schedule": _one_of(*SCHEDULES),
    "warmup_steps": _whole(0),
    "clip_norm": _or_none(_POSITIVE),
    "label_smoothing": _SHARE,
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
    "early_stopping": _one_of(*METRICS),
    "patience": _whole(1),
    "epoch_problems": _whole(0),
    "valid_problems": _whole(0),
    "test_problems": _whole(0),
    "max_length": _whole(3),
    "seed": ("must be a whole number from 0 up, below 2^32", lambda v: _whole(0)[1](v) and v < 2**32),
}


def complete(name: str, trial: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of one trial: the defaults with the trial's own values, checked; none of the other model's.

    Raises:
        ValueError: a parameter is unknown, has a value it may not have, or contradicts another.
    """
    for key in trial:
        if key not in defaults:
            raise ValueError(
                f"{name}: unknown parameter `{key}`.{did_you_mean(key, defaults)} Known: {', '.join(defaults)}."
            )
    params = {**defaults, **trial}
    for key, value in params.items():
        if key not in RULES:
            raise ValueError(f"`{key}` is among the defaults, but symbolic/training/params.py has no rule for it")
        rule, test = RULES[key]
        if not test(value):
            hint = did_you_mean(value, _choices(key)) if isinstance(value, str) else ""
            raise ValueError(f"{name}: `{key}` {rule}. Received: {value!r}.{hint}")
    for key, model in BELONGS_TO.items():
        if key in trial and params["model"] != model:
            raise ValueError(
                f"{name}: `{key}` belongs to model `{model}` and would have no effect here. "
                f"Received: model={params['model']!r}, {key}={trial[key]!r}."
            )
    _check_sizes(name, params)
    _check_steps(name, params)
    _check_contradictions(name, trial, params)
    return {key: value for key, value in params.items() if BELONGS_TO.get(key, params["model"]) == params["model"]}


def _check_sizes(name: str, params: Mapping[str, Any]) -> None:
    if params["num_units"] % params["num_heads"]:
        raise ValueError(
            f"{name}: `num_heads` must divide `num_units`. "
            f"Received: num_heads={params['num_heads']}, num_units={params['num_units']}."
        )
    if params["model"] == "transformer" and params["num_units"] // params["num_heads"] % 2:
        raise ValueError(
            f"{name}: a transformer needs an even number of units a head. "
            f"Received: num_heads={params['num_heads']}, num_units={params['num_units']}."
        )


def _check_steps(name: str, params: Mapping[str, Any]) -> None:
    if params["schedule"] == "inverse_square_root" and not params["warmup_steps"]:
        raise ValueError(f"{name}: schedule `inverse_square_root` needs `warmup_steps`. Received: warmup_steps=0.")
    steps = params["epoch"] * params["steps_per_epoch"]
    if params["warmup_steps"] >= steps:
        raise ValueError(
            f"{name}: `warmup_steps` must be fewer than all steps, epoch × steps_per_epoch = {steps}. "
            f"Received: warmup_steps={params['warmup_steps']}. Give it more epochs, or fewer steps of warm-up."
        )
    if params["steps_per_epoch"] % params["gradient_accumulation"]:
        raise ValueError(
            f"{name}: `gradient_accumulation` must divide `steps_per_epoch`, so that an epoch ends with an update. "
            f"Received: gradient_accumulation={params['gradient_accumulation']}, "
            f"steps_per_epoch={params['steps_per_epoch']}."
        )


def _check_contradictions(name: str, trial: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    if params["batch_tokens"] is not None and "batch_size" in trial:
        raise ValueError(
            f"{name}: one of `batch_size` and `batch_tokens` says how large a batch is. "
            f"Received: batch_size={trial['batch_size']}, batch_tokens={params['batch_tokens']}."
        )
    if params["batch_tokens"] is not None and params["batch_tokens"] < 2 * params["max_length"]:
        raise ValueError(
            f"{name}: `batch_tokens` must hold a pair of `max_length` tokens each. "
            f"Received: batch_tokens={params['batch_tokens']}, max_length={params['max_length']}."
        )
    if params["ema_decay"] is not None and params["last_k"] is not None:
        raise ValueError(
            f"{name}: weights are averaged by `ema_decay` or over `last_k` epochs. "
            f"Received: ema_decay={params['ema_decay']}, last_k={params['last_k']}."
        )
    if params["early_stopping"] in ANSWER_FIGURES and not params["epoch_problems"]:
        raise ValueError(
            f"{name}: early_stopping `{params['early_stopping']}` needs `epoch_problems`, the validation problems "
            "decoded after every epoch. Received: epoch_problems=0."
        )


def _choices(key: str) -> tuple[str, ...]:
    return {
        "model": MODELS,
        "optimizer": OPTIMIZERS,
        "schedule": SCHEDULES,
        "output_activation": OUTPUT_ACTIVATIONS,
        "precision": PRECISIONS,
        "early_stopping": METRICS,
    }.get(key, ())


def select(names: str, trials: Mapping[str, Mapping]) -> dict[str, Mapping]:
    """The trials that a command line asks for: `all`, or names and beginnings of names separated by commas.

    `quick` selects every trial whose name is or begins with "quick".

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


def product(**choices: Iterable) -> list[dict[str, Any]]:
    """Every combination of the given values: `product(num_units=[64, 128], is_gru=[True, False])` has four."""
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


def sweep(name: str, fixed: Mapping[str, Any], **choices: Iterable) -> dict[str, dict[str, Any]]:
    """Named trials for every combination: `sweep("lr", {...}, learning_rate=[1e-3, 3e-4])` -> lr_1, lr_2."""
    return {f"{name}_{i}": {**fixed, **values} for i, values in enumerate(product(**choices), start=1)}
