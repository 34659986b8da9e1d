"""The trials. Edit this file: `defaults` holds every parameter but five, which a comment names; a trial its changes.

`run_model_train.py --trials NAME,NAME` trains trials by name, `--trials all` those of `model_params`, and `--trials
quick` those whose name begins with "quick". A misspelt or contradictory parameter is refused before anything trains.
A file of your own like this one is named by `--trials-file`.
"""

from symbolic.training.params import sweep

defaults = {
    # --- the model
    "model": "attention_rnn",  # "attention_rnn", "transformer", or a class of your own: "my_package.my_module:MyModel"
    # Arguments of the model's constructor. A trial may set those that its model takes.
    "num_units": 256,  # width of embeddings and states; num_heads must divide it
    "num_heads": 8,  # heads of every attention
    "dropout": 0.1,  # fraction of activations dropped in training
    # only of attention_rnn
    "is_gru": True,  # GRU cells, else LSTM, in both encoder and decoder
    "output_activation": "linear",  # "tanh" reproduces the first replication, whose loss it keeps above 1.8 nats
    # only of transformer
    "num_layers": 4,  # encoder layers, and decoder layers
    "feed_forward": 1024,  # width between the two dense layers of a block
    # A Transformer may also have encoder_layers and decoder_layers, query_key_norm, activation and zero_outputs, see
    # `symbolic.seq2seq.models.transformer`. They have no value here, so that unfinished earlier trials can go on.
    # --- the optimizer
    "optimizer": "adam",  # the name of any Keras optimizer; "muon" learns from fewer problems, see results/LOG.md
    "optimizer_options": {},  # its own settings, such as {"weight_decay": 0.01, "beta_1": 0.85}
    "learning_rate": 1e-3,  # its peak, reached after warmup_steps
    "schedule": "constant",  # what follows the peak: "constant", "inverse_square_root", "cosine" or "linear"
    "warmup_steps": 0,  # batches of linear growth up to the peak
    "clip_norm": 1.0,  # gradients are scaled down to this global norm; None leaves them as they are
    "label_smoothing": 0.0,  # part of the target probability that is spread evenly over the vocabulary; in val_loss
    # too, but not in the loss of the comparison
    "gradient_accumulation": 1,  # batches to an update of the weights, with the mean of their gradients
    # Averaged weights are validated and kept instead of the last ones. Choose at most one of these two.
    "ema_decay": None,  # exponential moving average over updates: 0.999, say, looks back over about a thousand
    "last_k": None,  # mean of the weights after each of the last K epochs
    "precision": "float32",  # of the computations: "bfloat16" or "float16" where the hardware is faster at it. Weights
    # are float32 in any case, and the finished model computes in float32
    "jit_compile": "auto",  # whether XLA compiles the steps; "auto": on GPUs and TPUs where it can, and on JAX
    "initial_weights": None,  # to begin from: a weights file, or the folder of a trial or of a released model, such as
    # "pretrained", with the same vocabularies, which `--vocabulary fixed` gives
    # --- the length of training
    "epoch": 20,  # most epochs; a killed trial goes on after its last whole one
    "batch_size": 128,  # problems in a batch
    "batch_tokens": None,  # or: tokens in a batch, inputs, outputs and padding together
    "steps_per_epoch": 400,  # batches in an epoch; the data are gone through again and again, shuffled anew each time
    "validation_steps": None,  # after an epoch this many times batch_size validation problems are used; None: all
    "epoch_problems": 0,  # validation problems decoded and verified after every epoch; slow, so 0 for none
    "early_stopping": "val_loss",  # which epoch is the best: by "val_loss", "val_token_accuracy", a metric of your own,
    # or with epoch_problems "solve_rate" or "exact_match"; of equal ones the one with the lower val_loss
    "patience": 5,  # epochs without a better one before stopping
    # --- what is measured after training
    "valid_problems": 500,  # validation problems decoded and verified; 0 for none
    "test_problems": 2000,  # test problems decoded and verified; 0 for none
    # ---
    "max_length": 128,  # columns of a batch of inputs or outputs; pairs that need more are left out, and counted
    "seed": 0,  # of the weights, of dropout and of the order of the data
}

# The five trials of the first replication: 100 steps an epoch, 20 validation steps, patience 5.
published = {
    "model": "attention_rnn",
    "epoch": 100,
    "batch_size": 128,
    "steps_per_epoch": 100,
    "validation_steps": 20,
    "patience": 5,
    "dropout": 0.0,
    "clip_norm": None,
}

# Transformers of about 1, 5 and 12 million weights; epochs are as long as the published ones, so that they compare.
transformer = {
    "model": "transformer",
    "epoch": 100,
    "steps_per_epoch": 100,
    "optimizer": "muon",
    "learning_rate": 5e-3,
    "schedule": "cosine",  # down to 0 at the end of the last epoch
    "warmup_steps": 100,
    "precision": "bfloat16",  # on older processors "float32" is faster
}

# Small enough to learn something in minutes on two CPU cores: what `make run` trains.
quick = {
    "num_units": 128,
    "num_heads": 4,
    "dropout": 0.0,  # a run this short does not overfit
    "epoch": 10,
    "steps_per_epoch": 120,
    "optimizer": "muon",
    "schedule": "cosine",
    "warmup_steps": 100,
}

# The shipped model: short problems first, longer ones, then all, with `--vocabulary fixed` and in `runs`, where each
# trial looks for the weights of the one before. The data are listed in `results/LOG.md`.
pretrained = {
    "model": "transformer",
    "num_units": 256,
    "num_layers": 3,
    "num_heads": 8,
    "feed_forward": 1024,
    "dropout": 0.0,  # few problems are seen more than once
    "optimizer": "muon",
    "learning_rate": 5e-3,
    "warmup_steps": 100,
    "precision": "bfloat16",
    "batch_tokens": 8192,
    "steps_per_epoch": 250,
    "patience": 100,
    "valid_problems": 0,
    "test_problems": 0,
}

model_params = {
    "trial_1": published | {"optimizer": "adam", "num_units": 64, "is_gru": True, "num_heads": 4},
    "trial_2": published | {"optimizer": "RMSprop", "num_units": 64, "is_gru": False, "num_heads": 4},
    "trial_3": published | {"optimizer": "adam", "num_units": 256, "is_gru": False, "num_heads": 8},
    "trial_4": published | {"optimizer": "adam", "num_units": 256, "is_gru": True, "num_heads": 8},
    "trial_5": published | {"optimizer": "adam", "num_units": 512, "is_gru": True, "num_heads": 8},
    "trial_6": transformer | {"num_units": 128, "num_layers": 2, "num_heads": 4, "feed_forward": 512},
    "trial_7": transformer | {"num_units": 256, "num_layers": 3, "num_heads": 8, "feed_forward": 1024},
    "trial_8": transformer | {"num_units": 384, "num_layers": 3, "num_heads": 8, "feed_forward": 1536},
    # What is learnt from which problems: this one trial on one data set after the other, see docs/trials.md.
    "matrix": transformer
    | {
        "num_units": 256,
        "num_layers": 3,
        "num_heads": 8,
        "feed_forward": 1024,
        "valid_problems": 0,
        "test_problems": 0,
    },
    "pretrained_start": pretrained | {"max_length": 64, "epoch": 5},
    "pretrained_middle": pretrained
    | {"initial_weights": "runs/pretrained_start", "max_length": 192, "epoch": 15, "schedule": "cosine"},
    "pretrained": pretrained
    | {"initial_weights": "runs/pretrained_middle", "max_length": 512, "epoch": 22, "schedule": "cosine"},
    "quick_rnn": quick | {"model": "attention_rnn", "learning_rate": 4e-3},
    "quick_transformer": quick | {"model": "transformer", "num_layers": 2, "feed_forward": 512, "learning_rate": 8e-3},
}

# A sweep is a product of choices: cells_1 … cells_4.
model_params |= sweep("cells", published, is_gru=[True, False], num_units=[64, 128])
