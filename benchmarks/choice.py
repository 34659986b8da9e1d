"""Trials of `model_params.py` for choosing a model: their loss against the CPU-seconds that training took.

    TF_NUM_INTRAOP_THREADS=1 python -m benchmarks.choice --trials choice --data sets/bwd,sets/fwd,sets/ibp

The trials are trained as `run_model_train.py` trains them. In each history.csv the column `cpu_seconds` has those of an
epoch's batches, without validation, so that a busy machine changes it little. In the printed table, "a step" is the
median over all epochs but the first, in which TensorFlow traces its graphs.
"""

import argparse
import sys
import time
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.choice", description=__doc__.splitlines()[0])
    parser.add_argument("--trials", required=True, help="names and beginnings of names of trials")
    parser.add_argument("--data", required=True, help="as run_model_train.py takes it")
    parser.add_argument(
        "--runs", default="runs/choice", help="folder that gets one folder per trial (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the trials (default: %(default)s)")
    args = parser.parse_args(arguments)

    from symbolic.runtime.startup import import_keras
    from symbolic.training.params import select
    from symbolic.training.trials_file import read_trials

    import_keras()
    import keras

    from symbolic.training.recording import read_history
    from symbolic.training.runs import SymbolicModelTrain

    class CpuSeconds(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.started, self.taken = time.process_time(), None

        def on_test_begin(self, logs=None):
            self.taken = time.process_time() - self.started

        def on_epoch_end(self, epoch, logs=None):
            logs["cpu_seconds"] = self.taken

    trials = read_trials()
    runs = Path(args.runs) / f"seed_{args.seed}"
    selected = {name: {**trial, "seed": args.seed} for name, trial in select(args.trials, trials.model_params).items()}
    training = SymbolicModelTrain(selected, runs, defaults=trials.defaults, callbacks=[CpuSeconds()])
    training.run_all(args.data, vocabulary="fixed")
    for name, params in training.model_params.items():
        if name in training.failures:
            continue
        history = read_history(runs / name)
        a_step = history["cpu_seconds"].iloc[1:].median() / params.steps_per_epoch
        last = history.iloc[-1]
        print(
            f"{name:28} seed {args.seed}  steps {len(history) * params.steps_per_epoch}  CPU-s {a_step:.3f} a step, "
            f"{history['cpu_seconds'].sum():.0f} in all  validation loss "
            + " ".join(f"{value:.3f}" for value in history["val_loss"])
            + f"  token accuracy {last['val_token_accuracy']:.3f}"
        )
    return 1 if training.failures else 0


if __name__ == "__main__":
    sys.exit(main())
