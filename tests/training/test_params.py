"""A wrong trial is refused before anything trains, with words that help."""

import pytest

import model_params
from symbolic.training.models import try_out
from symbolic.training.optimizers import build_optimizer, optimizer_classes
from symbolic.training.params import (
    GENERAL,
    MODEL_RULES,
    RULES,
    complete,
    listed,
    log_uniform,
    product,
    random_sweep,
    select,
    sweep,
    uniform,
    with_seeds,
    without_seed,
)

DEFAULTS = model_params.defaults
OWN = {
    "attention_rnn": {"num_units", "num_heads", "dropout", "is_gru", "output_activation"},
    "transformer": {"num_units", "num_heads", "dropout", "num_layers", "feed_forward"},
}
# The constructor's defaults hold, so params.json of a trial that sets none is that of earlier versions.
WITHOUT_DEFAULT = {"encoder_layers", "decoder_layers", "query_key_norm", "activation", "zero_outputs"}


def checked(trial):
    params = complete("t", trial, DEFAULTS)
    try_out("t", params)
    return params


def test_every_parameter_has_a_default_and_a_rule():
    assert set(DEFAULTS) == {*RULES, *MODEL_RULES} - WITHOUT_DEFAULT and set(RULES) == set(GENERAL)


@pytest.mark.parametrize("name", model_params.model_params)
def test_every_trial_of_the_file_is_accepted_and_completed(name):
    params = complete(name, model_params.model_params[name], DEFAULTS)
    try_out(name, params)
    assert set(params.model_options) == OWN[params.model] | (WITHOUT_DEFAULT & set(model_params.model_params[name]))
    assert set(params.as_dict()) == {*GENERAL, *params.model_options} - {"optimizer_options"}
    assert params.as_dict().items() >= model_params.model_params[name].items()


def test_the_parameters_of_a_trial_cannot_be_changed():
    with pytest.raises(AttributeError):
        complete("t", {}, DEFAULTS).seed = 1


@pytest.mark.parametrize(
    ("trial", "epochs", "optimizer", "units", "is_gru", "heads"),
    [
        ("trial_1", 100, "adam", 64, True, 4),
        ("trial_2", 100, "RMSprop", 64, False, 4),
        ("trial_3", 100, "adam", 256, False, 8),
        ("trial_4", 100, "adam", 256, True, 8),
        ("trial_5", 100, "adam", 512, True, 8),
    ],
)
def test_the_published_trials_are_the_published_ones(trial, epochs, optimizer, units, is_gru, heads):
    params = complete(trial, model_params.model_params[trial], DEFAULTS).as_dict()
    published = {"epoch": epochs, "optimizer": optimizer, "num_units": units, "is_gru": is_gru, "num_heads": heads}
    published |= {"batch_size": 128, "steps_per_epoch": 100, "validation_steps": 20, "patience": 5}
    assert {key: params[key] for key in published} == published


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"num_head": 4}, r"t: unknown parameter `num_head`\. Did you mean `num_heads`\?"),
        ({"num_heads": 3}, r"`num_heads` must divide `num_units`\. Received: num_heads=3, num_units=256"),
        ({"optimizer": "adan"}, r"t: unknown optimizer `adan`\. Did you mean `adam`\? Known: .*adamw"),
        ({"model": "transfomer"}, r"t: unknown model `transfomer`\. Did you mean `transformer`\?"),
        (
            {"model": "nothing_here:Model"},
            r"t: the module `nothing_here` cannot be imported",
        ),
        ({"model": 3}, r"`model` must be a name\. Received: 3"),
        (
            {"model": "transformer", "is_gru": False},
            r"t: unknown parameter `is_gru`\. .*`transformer` takes num_units,",
        ),
        ({"num_layers": 2}, r"unknown parameter `num_layers`\. .*Model `attention_rnn` takes num_units, num_heads"),
        ({"model": "transformer", "num_units": 24, "num_heads": 8}, r"t: `num_units / num_heads` must be even"),
        (
            {"model": "transformer", "activation": "relu_square"},
            r"of relu, relu_squared\. .*Did you mean `relu_squared`\?",
        ),
        ({"model": "transformer", "encoder_layers": 0}, r"`encoder_layers` must be a whole number, 1 or more, or None"),
        ({"model": "transformer", "query_key_norm": 1}, r"`query_key_norm` must be True or False"),
        ({"schedule": "liner"}, r"`schedule` must be one of .*linear\. .*Did you mean `linear`\?"),
        ({"optimizer_options": {"beta_3": 0.9}}, r"optimizer `adam` takes no `beta_3`\. Did you mean `beta_\d`\?"),
        (
            {"optimizer": "sgd", "optimizer_options": {"beta_1": 0.9}},
            r"`sgd` takes no `beta_1`\..* It takes momentum, nes",
        ),
        (
            {"optimizer_options": {"global_clipnorm": 1.0}},
            r"must not hold `global_clipnorm`: the parameter `clip_norm`",
        ),
        (
            {"optimizer_options": {"beta_1": "much"}},
            r"t: `optimizer_options`: `beta_1` must be a number. Received: 'much'",
        ),
        ({"optimizer_options": {"weight_decay": object()}}, r"`optimizer_options` must be a dictionary"),
        ({"epoch": 0}, r"`epoch` must be a whole number, 1 or more\. Received: 0"),
        ({"epoch": True}, r"`epoch` must be a whole number"),
        ({"epoch": 2.0}, r"`epoch` must be a whole number"),
        ({"dropout": 1}, r"`dropout` must be a number from 0"),
        ({"learning_rate": float("nan")}, r"`learning_rate` must be a number above 0"),
        ({"seed": 2**32}, r"`seed` must be a whole number from 0 up, below 2\^32"),
        ({"learning_rate": float("inf")}, r"`learning_rate` must be a number above 0"),
        ({"is_gru": "yes"}, r"`is_gru` must be True or False"),
        ({"epoch": 1, "steps_per_epoch": 10, "warmup_steps": 10}, r"`warmup_steps` must be fewer than all steps"),
        ({"precision": "bfloat"}, r"`precision` must be one of .* Did you mean `bfloat16`\?"),
        ({"jit_compile": "yes"}, r"`jit_compile` must be True, False or auto"),
        ({"steps_per_epoch": 10, "gradient_accumulation": 4}, r"`gradient_accumulation` must divide `steps_per_epoch`"),
        ({"ema_decay": 1.0}, r"`ema_decay` must be a number between 0 and 1, or None"),
        ({"last_k": 1}, r"`last_k` must be a whole number, 2 or more, or None"),
        ({"last_k": 3, "ema_decay": 0.9}, r"averaged by `ema_decay` or over `last_k` epochs"),
        ({"batch_size": 8, "batch_tokens": 1000}, r"by `batch_size` or by `batch_tokens`, not by both"),
        ({"batch_tokens": 255, "max_length": 128}, r"`batch_tokens` must hold a pair"),
        ({"early_stopping": "solve_rates"}, r"`early_stopping` must be one of .* Did you mean `solve_rate`\?"),
        ({"early_stopping": "solve_rate"}, r"early_stopping `solve_rate` needs `epoch_problems`"),
        ({"initial_weights": ""}, r"`initial_weights` must be a path as text, or None"),
    ],
)
def test_wrong_parameters_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        checked(wrong)


@pytest.mark.parametrize("name", [*optimizer_classes(), "RMSprop"])
def test_every_optimizer_is_built_with_the_parameters_of_a_trial(name):
    trial = {
        "optimizer": name,
        "ema_decay": 0.9,
        "gradient_accumulation": 2,
        "optimizer_options": {"weight_decay": 0.1},
    }
    optimizer = build_optimizer(complete("t", trial, DEFAULTS))
    assert (optimizer.weight_decay, optimizer.global_clipnorm, optimizer.use_ema) == (0.1, 1.0, True)


def test_settings_of_an_optimizer_reach_it():
    options = {"beta_1": 0.8, "epsilon": 1e-5}
    optimizer = build_optimizer(complete("t", {"optimizer": "adamw", "optimizer_options": options}, DEFAULTS))
    assert (type(optimizer).__name__, optimizer.beta_1, optimizer.epsilon) == ("AdamW", 0.8, 1e-5)
    muon = build_optimizer(complete("t", {"optimizer": "Muon", "optimizer_options": {"ns_steps": 3}}, DEFAULTS))
    assert muon.ns_steps == 3 and muon.product_dtype == "float32"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"num_unit": 3}, r"defaults: unknown parameter `num_unit`\. Did you mean `num_units`\?"),
        ({"seed": None}, "defaults: no value for seed"),
    ],
)
def test_wrong_defaults_are_refused(changed, message):
    defaults = {key: value for key, value in (DEFAULTS | changed).items() if value is not None or key != "seed"}
    with pytest.raises(ValueError, match=message):
        complete("t", {}, defaults)


def test_product_and_sweep_have_every_combination_once():
    combinations = product(num_units=[64, 128, 256], is_gru=[True, False])
    assert len(combinations) == 6
    assert {(c["num_units"], c["is_gru"]) for c in combinations} == {
        (u, g) for u in (64, 128, 256) for g in (True, False)
    }
    trials = sweep("size", {"epoch": 3}, num_units=[64, 128])
    assert trials == {"size_1": {"epoch": 3, "num_units": 64}, "size_2": {"epoch": 3, "num_units": 128}}


def test_select_takes_names_beginnings_and_all():
    trials = {"quick_rnn": {}, "quick_transformer": {}, "trial_1": {}, "trial_10": {}}
    assert list(select("all", trials)) == list(trials)
    assert list(select("quick", trials)) == ["quick_rnn", "quick_transformer"]
    assert list(select("trial_1", trials)) == ["trial_1"]
    assert list(select("trial_10,trial_1", trials)) == ["trial_10", "trial_1"]
    with pytest.raises(ValueError, match=r"no trial `trail_1`\. Did you mean `trial_1`\?"):
        select("trail_1", trials)
    with pytest.raises(ValueError, match="no trial ``"):
        select("", trials)


def test_random_sweeps_follow_from_their_seed_and_stay_within_their_choices():
    choices = {"learning_rate": log_uniform(1e-4, 1e-2), "dropout": uniform(0, 0.3), "num_units": [64, 128]}
    trials = random_sweep("r", {"epoch": 3}, 200, seed=5, **choices)
    assert list(trials)[:2] == ["r_1", "r_2"] and len(trials) == 200
    assert random_sweep("r", {"epoch": 3}, 20, seed=5, **choices) == dict(list(trials.items())[:20])
    assert random_sweep("r", {"epoch": 3}, 20, seed=6, **choices) != dict(list(trials.items())[:20])
    rates = [trial["learning_rate"] for trial in trials.values()]
    assert min(rates) >= 1e-4 and max(rates) <= 1e-2 and all(rate == float(f"{rate:.3g}") for rate in rates)
    assert 70 < sum(rate < 1e-3 for rate in rates) < 130  # each order of magnitude is equally likely
    assert {trial["num_units"] for trial in trials.values()} == {64, 128}
    with pytest.raises(ValueError, match="`log_uniform` needs two numbers above 0. Received: 0, 1."):
        log_uniform(0, 1)


def test_listed_trials_are_numbered():
    assert listed("a", {"epoch": 2}, [{"patience": 3}, {"epoch": 4}]) == {
        "a_1": {"epoch": 2, "patience": 3},
        "a_2": {"epoch": 4},
    }


def test_every_trial_is_repeated_with_every_seed_and_keeps_its_name_with_its_own():
    trials = with_seeds({"a": {"epoch": 2}, "b": {"seed": 1}}, [0, 1], {"seed": 0})
    assert {name: trial["seed"] for name, trial in trials.items()} == {"a": 0, "a_seed_1": 1, "b_seed_0": 0, "b": 1}
    assert all(without_seed(name, trial["seed"]) in ("a", "b") for name, trial in trials.items())
    with pytest.raises(ValueError, match="every seed must be given once. Received: 1, 1."):
        with_seeds({"a": {}}, [1, 1], {"seed": 0})
    with pytest.raises(ValueError, match="two trials would have the name a_seed_1"):
        with_seeds({"a": {}, "a_seed_1": {}}, [0, 1], {"seed": 0})
