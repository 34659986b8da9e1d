"""The trials of `choice_trials.py`, to choose a model: their loss, and the CPU-seconds that a step of training takes.

    export TF_NUM_INTRAOP_THREADS=1
    python -m benchmarks.choice train --trials choice --data sets/bwd,sets/fwd,sets/ibp
    python -m benchmarks.choice cost --trials choice --data sets/bwd,sets/fwd,sets/ibp

`train` trains the trials as `run_model_train.py` does. In each history.csv the column `cpu_seconds` has those of an
epoch's batches, without validation. On a busy machine it still depends on what else runs, so trials that ran one after
the other do not compare by it. `cost` keeps all models in memory and lets them take turns: in a round each trains on
the same batches. It prints the median over the rounds, without the first two.
"""

import argparse
import itertools
import statistics
import sys
import time
from pathlib import Path

ROUNDS, BATCHES_PER_ROUND = 6, 6


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.choice", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["train", "cost"], help="train the trials, or measure what their steps cost")
    parser.add_argument("--trials", required=True, help="names and beginnings of names of trials")
    parser.add_argument("--data", required=True, help="as run_model_train.py takes it")
    parser.add_argument("--runs", default="runs/choice", help="folder for the trials' folders (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the trials (default: %(default)s)")
    args = parser.parse_args(arguments)

    from symbolic.runtime.startup import import_keras
    from symbolic.training.params import select
    from symbolic.training.trials_file import read_trials

    import_keras()
    trials = read_trials(Path(__file__).with_name("choice_trials.py"))
    selected = {name: {**trial, "seed": args.seed} for name, trial in select(args.trials, trials.model_params).items()}
    runs = Path(args.runs) / f"seed_{args.seed}"
    return (train if args.what == "train" else cost)(selected, trials.defaults, args.data, runs)


def train(trials: dict, defaults: dict, data: str, runs: Path) -> int:
    """Train the trials; a line of figures for each. The exit status."""
    import keras

    from symbolic.training.recording import read_history
    from symbolic.training.runs import SymbolicModelTrain

    class CpuSeconds(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.started = time.process_time()

        def on_test_begin(self, logs=None):
            self.taken = time.process_time() - self.started

        def on_epoch_end(self, epoch, logs=None):
            logs["cpu_seconds"] = self.taken

    training = SymbolicModelTrain(trials, runs, defaults=defaults, callbacks=[CpuSeconds()])
    training.run_all(data, vocabulary="fixed")
    for name, params in training.model_params.items():
        if name not in training.failures:
            history = read_history(runs / name)
            losses = " ".join(f"{loss:.4f}" for loss in history["val_loss"])
            print(
                f"{name:24} {len(history) * params.steps_per_epoch} steps  {history['cpu_seconds'].sum():.0f} CPU-s  "
                f"validation loss {losses}  token accuracy {history['val_token_accuracy'].iloc[-1]:.4f}"
            )
    return 1 if training.failures else 0


def cost(trials: dict, defaults: dict, data: str, runs: Path) -> int:
    """Print the CPU-seconds of a step of each trial's training, and how they compare with the first trial's."""
    from symbolic.seq2seq.batches import as_input
    from symbolic.training.data import TrainingData, training_input
    from symbolic.training.models import new_model
    from symbolic.training.params import complete

    encoded = TrainingData.find(data, runs).with_vocabulary("fixed").encoded()
    checked = {name: complete(name, trial, defaults) for name, trial in trials.items()}
    first = next(iter(checked.values()))
    batches = list(itertools.islice(training_input(first, encoded, 0, 1), BATCHES_PER_ROUND))
    models = {name: new_model(params, encoded) for name, params in checked.items()}
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(ROUNDS):
        for name, model in models.items():
            started = time.process_time()
            model.fit(as_input(iter(batches)), steps_per_epoch=len(batches), shuffle=False, verbose=0)
            seconds[name].append((time.process_time() - started) / len(batches))
    medians = {name: statistics.median(taken[2:]) for name, taken in seconds.items()}
    for name, median in medians.items():
        ratio = median / next(iter(medians.values()))
        print(f"{name:24} {models[name].count_params():10,} weights  {median:.3f} CPU-s a step  {ratio:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
