"""Two devices, and two processes, train to the losses and weights of one device; TensorFlow's own way is refused."""

import os
import signal
import socket
import subprocess
import sys
import time

import h5py
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import run_model_train
from symbolic.training import devices
from tests import PROJECT

pytest.importorskip("jax", reason="JAX is an optional extra")

ON_JAX = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
TWO_DEVICES = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}

# Five rows a batch, so that one is filled up; batches of the same seed have the same shape.
FIT = """
import contextlib, sys
import keras
import numpy as np
from symbolic.training import devices
from symbolic.seq2seq.batches import EvaluationBatches, training_batches
from symbolic.seq2seq.shapes import Source
from symbolic.seq2seq.losses import MaskedAccuracy, MaskedCrossEntropy
from symbolic.seq2seq.models.transformer import Transformer
from tests.seq2seq.conftest import reversal_store

class Losses(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(float(logs["loss"]))

store = reversal_store(20, seed=0)
devices.join_processes()
for name in sys.argv[2:]:
    with contextlib.nullcontext() if name == "one" else devices.all_devices():
        keras.utils.set_random_seed(0)
        model = Transformer(20, 20, num_units=16, num_layers=1, num_heads=2, feed_forward=32, dropout=0.1)
        optimizer = keras.optimizers.Adam(0.01, global_clipnorm=0.1)
        model.compile(optimizer, MaskedCrossEntropy(), metrics=[MaskedAccuracy(name="accuracy")])
        batches = training_batches([Source(store)], batch_size=5, max_length=24, seed=0)
        losses = Losses()
        losses.losses = []
        model.fit(devices.shared(batches), steps_per_epoch=3, shuffle=False, verbose=0, callbacks=[losses])
        figures = model.evaluate(devices.shared(EvaluationBatches(store, 10)), return_dict=True, verbose=0)
    with devices.rank_0_first("weights"):
        if not devices.rank():
            weights = {f"weight_{i}": weight for i, weight in enumerate(model.get_weights())}
            np.savez(f"{sys.argv[1]}/{name}.npz", losses=losses.losses, **figures, **weights)
    assert devices.broadcast({"a": devices.rank(), "b": 3}) == {"a": 0, "b": 3}
"""

TRIALS_FILE = """
trial = {
    "model": "transformer", "num_units": 16, "num_layers": 1, "num_heads": 2, "feed_forward": 32, "dropout": 0.1,
    "epoch": 3, "steps_per_epoch": 4, "batch_size": 6, "early_stopping": "solve_rate", "epoch_problems": 2,
    "valid_problems": 2, "test_problems": 0, "max_length": 16, "ema_decay": 0.5,
}
model_params = {"trial": trial}
"""
TRIAL = """
import sys
import run_model_train

arguments = dict(zip(("--trials-file", "--data", "--runs"), sys.argv[1:]))
words = [word for pair in arguments.items() for word in pair]
sys.exit(run_model_train.main(["--trials", "all", "--workers", "1", *words]))
"""


def started(script, *arguments, **environment):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **ON_JAX, **environment}, **pipes)


def started_together(script, *arguments):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    words = {"KERAS_DISTRIBUTION_JOB_ADDRESSES": address, "KERAS_DISTRIBUTION_NUM_PROCESSES": "2"}
    return [started(script, *arguments, **words, KERAS_DISTRIBUTION_PROCESS_ID=str(i)) for i in range(2)]


def ended(*runs):
    """What they said, when all have ended well."""
    said = [run.communicate(timeout=280)[0] for run in runs]
    assert all(run.returncode == 0 for run in runs), "\n".join(said)
    return said


def test_devices_and_processes_train_as_one_device_does(tmp_path):
    ended(started(FIT, tmp_path, "one", "devices", **TWO_DEVICES), *started_together(FIT, tmp_path, "processes"))
    one = np.load(tmp_path / "one.npz")
    assert np.ptp(one["losses"]) > 0.01
    for several in ("devices", "processes"):
        figures = np.load(tmp_path / f"{several}.npz")
        assert set(figures) == set(one)
        for name in one:
            np.testing.assert_allclose(figures[name], one[name], atol=2e-5, err_msg=f"{several}: {name}")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Problems of nearly one length, so that few shapes are compiled; 7 validation problems do not divide by two."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "small_trials.py").write_text(TRIALS_FILE)
    for split, count in (("train", 60), ("valid", 7), ("test", 4)):
        lines = (f"sub Y' mul INT+ {i % 9 + 1} {'cos ' * (i % 4)}x\tmul INT+ {i % 7} x\n" for i in range(count))
        (folder / f"small.{split}").write_text("".join(lines))
    return folder


def weights(runs):
    found = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            found[name] = item[()]

    with h5py.File(runs / "trial" / "best.weights.h5") as file:
        file.visititems(keep)
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_trial_of_two_processes_is_that_of_one_also_when_it_is_killed(data, tmp_path):
    ended(started(TRIAL, data / "small_trials.py", data, tmp_path / "one"))
    said, nothing = ended(*started_together(TRIAL, data / "small_trials.py", data, tmp_path / "whole"))
    assert "ask the best" in said and "ask the best" not in nothing
    first, second = started_together(TRIAL, data / "small_trials.py", data, tmp_path / "killed")
    while not list(tmp_path.glob("killed/trial/checkpoint_*.keras")):
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second.communicate(timeout=200)  # it does not wait for ever
    assert second.returncode
    ended(*started_together(TRIAL, data / "small_trials.py", data, tmp_path / "killed"))

    expected = pd.read_csv(tmp_path / "one" / "trial" / "history.csv").drop(columns="seconds")
    files = {path.name for path in (tmp_path / "one" / "trial").iterdir()}
    for runs in ("whole", "killed"):
        history = pd.read_csv(tmp_path / runs / "trial" / "history.csv").drop(columns="seconds")
        # In the averages of a validation set of 7 a filled row weighs a little.
        pd.testing.assert_frame_equal(history, expected, atol=5e-3)
        for name, weight in weights(tmp_path / "one").items():
            np.testing.assert_allclose(weights(tmp_path / runs)[name], weight, atol=2e-5, err_msg=name)
        assert {path.name for path in (tmp_path / runs / "trial").iterdir()} == files


def test_what_would_train_otherwise_is_refused(tmp_path, monkeypatch, capsys):
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        with pytest.raises(ValueError, match="A strategy of tf.distribute would train on other gradients"):
            with devices.all_devices():
                pass
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    assert run_model_train.main(["--trials", "quick", "--runs", str(tmp_path / "runs")]) == 2
    assert "Received: 4 processes, and Keras on tensorflow." in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_one_device_is_left_alone():
    batches = iter([])
    with devices.all_devices():
        assert devices.shared(batches) is batches
    assert (devices.rank(), devices.world_size()) == (0, 1)
