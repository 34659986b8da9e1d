"""What the long training might use: trials for `benchmarks.choice`. `results/LOG.md` has what came of them."""

choice = {
    "model": "transformer",
    "num_units": 256,
    "num_layers": 3,
    "num_heads": 8,
    "feed_forward": 1024,
    "dropout": 0.0,
    "optimizer": "muon",
    "learning_rate": 5e-3,
    "schedule": "cosine",
    "warmup_steps": 50,
    "precision": "bfloat16",
    "batch_tokens": 4096,
    "epoch": 2,
    "steps_per_epoch": 100,
    "patience": 100,
    "valid_problems": 0,
    "test_problems": 0,
}

model_params = {
    "choice_baseline": choice,
    "choice_query_key_norm": choice | {"query_key_norm": True},
    "choice_relu_squared": choice | {"activation": "relu_squared"},
    "choice_zero_outputs": choice | {"zero_outputs": True},
    "choice_three": choice | {"query_key_norm": True, "activation": "relu_squared", "zero_outputs": True},
    "choice_5_2_layers": choice | {"encoder_layers": 5, "decoder_layers": 2},
    "choice_linear": choice | {"schedule": "linear"},
    "choice_relu_squared_linear": choice | {"activation": "relu_squared", "schedule": "linear"},
    "choice_12_million": choice
    | {"num_units": 384, "feed_forward": 1536, "steps_per_epoch": 50, "warmup_steps": 25},  # steps cost twice as much
}
