"""A wrong trial is refused before anything trains, with words that help."""

import pytest

import model_params
from symbolic.training.params import BELONGS_TO, RULES, complete, product, select, sweep

DEFAULTS = model_params.defaults


def test_every_default_has_a_rule_and_every_rule_a_default():
    assert set(RULES) == set(DEFAULTS)


@pytest.mark.parametrize("name", model_params.model_params)
def test_every_trial_of_the_file_is_accepted_and_completed(name):
    params = complete(name, model_params.model_params[name], DEFAULTS)
    of_the_other_model = {key for key, model in BELONGS_TO.items() if model != params["model"]}
    assert set(params) == set(DEFAULTS) - of_the_other_model


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
    params = complete(trial, model_params.model_params[trial], DEFAULTS)
    published = {"epoch": epochs, "optimizer": optimizer, "num_units": units, "is_gru": is_gru, "num_heads": heads}
    published |= {"batch_size": 128, "steps_per_epoch": 100, "validation_steps": 20, "patience": 5}
    assert {key: params[key] for key in published} == published


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"num_head": 4}, r"t: unknown parameter `num_head`\. Did you mean `num_heads`\?"),
        ({"num_heads": 3}, r"`num_heads` must divide `num_units`\. Received: num_heads=3, num_units=256"),
        ({"optimizer": "adan"}, r"`optimizer` must be one of .* Received: 'adan'\. Did you mean `adam`\?"),
        ({"model": "transfomer"}, r"`model` must be one of .* Did you mean `transformer`\?"),
        ({"model": "transformer", "is_gru": False}, r"`is_gru` belongs to model `attention_rnn`"),
        ({"num_layers": 2}, r"`num_layers` belongs to model `transformer`"),
        ({"model": "transformer", "num_units": 24, "num_heads": 8}, r"even number of units a head"),
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
        ({"batch_size": 8, "batch_tokens": 1000}, r"one of `batch_size` and `batch_tokens`"),
        ({"batch_tokens": 255, "max_length": 128}, r"`batch_tokens` must hold a pair"),
        ({"early_stopping": "solve_rates"}, r"`early_stopping` must be one of .* Did you mean `solve_rate`\?"),
        ({"early_stopping": "solve_rate"}, r"early_stopping `solve_rate` needs `epoch_problems`"),
        ({"initial_weights": ""}, r"`initial_weights` must be a path as text, or None"),
    ],
)
def test_wrong_parameters_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        complete("t", wrong, DEFAULTS)


def test_optimizers_are_known_to_keras():
    import keras

    from symbolic.training.params import OPTIMIZERS

    for name in (*OPTIMIZERS, "RMSprop"):
        assert isinstance(keras.optimizers.get(name), keras.optimizers.Optimizer)


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
