"""A trial that was killed ends as if it had not been; averages and precisions are what they say."""

import contextlib
import dataclasses
import json
import logging
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import model_params
from run_model_train import SymbolicModelTrain
from symbolic.problems.data_sets.drawn import make_data_set
from symbolic.problems.problem import ProblemOptions
from symbolic.seq2seq.optimizers import Muon
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.translator import Translator
from symbolic.training.callbacks import BestWeights, Checkpoint, HistoryWriter, TerminateOnNonFinite, trial_callbacks
from symbolic.training.data import TrainingData
from symbolic.training.loop import _closing
from symbolic.training.models import best_model, build_model, built_model, compile_model, new_model
from symbolic.training.params import complete
from symbolic.training.recording import best_epoch, is_out_of_patience
from symbolic.training.trials import read_result
from tests import PROJECT

SMALL = {
    "num_units": 16,
    "num_heads": 2,
    "epoch": 3,
    "steps_per_epoch": 4,
    "batch_size": 16,
    "dropout": 0.1,
    "valid_problems": 0,
    "test_problems": 0,
}
EVERYTHING = SMALL | {"gradient_accumulation": 2, "schedule": "cosine", "warmup_steps": 2}
TRIALS = {
    "transformer": EVERYTHING
    | {"model": "transformer", "num_layers": 1, "feed_forward": 32, "batch_tokens": 1500, "optimizer": "muon"}
    | {"last_k": 2, "precision": "bfloat16"},
    "rnn": EVERYTHING | {"model": "attention_rnn", "ema_decay": 0.5},
}
del TRIALS["transformer"]["batch_size"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    make_data_set(folder, "bwd", train=200, valid=40, test=40, seed=1, options=ProblemOptions(max_ops=3, max_len=64))
    return folder


def prepare(run: SymbolicModelTrain, data: Path) -> SymbolicModelTrain:
    run.load_data(data)
    run.set_processor("fixed")
    run.set_train_datasets()
    return run


def prepared(data: Path, trials, runs) -> SymbolicModelTrain:
    return prepare(SymbolicModelTrain(trials, runs), data)


# --- kills ------------------------------------------------------------------------------------------------------------


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


def _in_the_middle_of_epoch_3():
    check = TerminateOnNonFinite
    check.on_train_batch_end = lambda self, batch, logs=None: (self.epoch, batch) == (3, 1) and _die()


def _before_the_best_weights_of_epoch_2_are_in_place():
    keep = BestWeights.on_epoch_end

    def keep_or_die(self, epoch, logs=None):
        if epoch == 1:
            os.replace = lambda source, target: _die()
        keep(self, epoch, logs)

    BestWeights.on_epoch_end = keep_or_die


def _when_the_checkpoint_of_epoch_2_is_in_place():
    replace = os.replace

    def replace_and_die(source, target):
        replace(source, target)
        if Path(target).name == "checkpoint_2.keras":
            _die()

    os.replace = replace_and_die


def _disk_full_in_the_checkpoint_of_epoch_2(handler=signal.SIG_IGN):
    save = Checkpoint.on_epoch_end

    def save_with_little_room(self, epoch, logs=None):
        if epoch == 1:
            signal.signal(signal.SIGXFSZ, handler)
            resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))
        save(self, epoch)

    Checkpoint.on_epoch_end = save_with_little_room


def _within_a_write_of_the_checkpoint_of_epoch_2():
    _disk_full_in_the_checkpoint_of_epoch_2(signal.SIG_DFL)  # the system kills at the byte that is one too many


ACCIDENTS = {
    "rnn": [
        _within_a_write_of_the_checkpoint_of_epoch_2,
        _disk_full_in_the_checkpoint_of_epoch_2,
        _in_the_middle_of_epoch_3,
    ],
    "transformer": [
        _within_a_write_of_the_checkpoint_of_epoch_2,
        _before_the_best_weights_of_epoch_2_are_in_place,
        _when_the_checkpoint_of_epoch_2_is_in_place,
        _in_the_middle_of_epoch_3,
    ],
}


def suffer(data: str, runs: str, trial: str, stream: dict[str, float] | None) -> None:
    """Train until each accident in turn, each time in a process of its own; write down how it ended."""
    for accident in ACCIDENTS[trial]:
        child = os.fork()  # TensorFlow is imported and has not started yet
        if not child:
            accident()
            run = SymbolicModelTrain({trial: TRIALS[trial]}, runs, stream=stream)
            with contextlib.suppress(OSError):
                prepare(run, Path(data)).train_model(trial)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        folder = Path(runs) / trial
        ended = [accident.__name__, os.waitstatus_to_exitcode(status), read_result(folder).get("reason")]
        print(json.dumps([*ended, sorted(path.name for path in folder.glob("*.keras"))]))


def assert_same_end(training: SymbolicModelTrain, other: SymbolicModelTrain, trial: str) -> None:
    ours, theirs = training.training_result[trial], other.training_result[trial]
    pd.testing.assert_frame_equal(
        ours["history"].drop(columns="seconds"), theirs["history"].drop(columns="seconds"), check_exact=True
    )
    for one, another in zip(ours["trained_model"].weights, theirs["trained_model"].weights, strict=True):
        np.testing.assert_array_equal(one, another)
    files = [{path.name for path in (each.run_dir / trial).iterdir()} for each in (training, other)]
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("trial", "stream"),
    [("rnn", {"bwd": 1.0}), pytest.param("transformer", None, marks=pytest.mark.slow)],
)
def test_a_trial_killed_anywhere_ends_with_the_same_weights(trial, stream, data, tmp_path):
    script = f"from {__name__} import suffer; suffer({str(data)!r}, {str(tmp_path / 'killed')!r}, {trial!r}, {stream})"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    ends = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [end[0] for end in ends] == [accident.__name__ for accident in ACCIDENTS[trial]]
    for accident, status, reason, checkpoints in ends:
        if "disk_full" in accident:
            assert status == 0 and re.search("checkpoint_2.keras could not be written .* goes on from its last", reason)
        else:
            assert status == (-signal.SIGXFSZ if "within_a_write" in accident else -signal.SIGKILL) and reason is None
        if "_in_place" not in accident and "epoch_2" in accident:
            assert checkpoints == ["checkpoint_1.keras"]

    runs = [SymbolicModelTrain({trial: TRIALS[trial]}, tmp_path / each, stream=stream) for each in ("killed", "whole")]
    for run in runs:
        prepare(run, data).train_model(trial)
    assert_same_end(*runs, trial)
    assert "resumed after epoch 2" in (tmp_path / "killed" / trial / "run.log").read_text()
    # The schedule counts batches, although every second one updates the weights: after 12 it has come to its end.
    assert runs[0].training_result[trial]["history"]["learning_rate"].iloc[-1] == pytest.approx(0, abs=1e-9)


# --- averages, precisions, beginnings ---------------------------------------------------------------------------------


def small_data(tokens: str = "a b c d") -> TrainingData:
    """What a model needs of data before it is trained: the vocabularies."""
    processor = TextProcessor(tokens.split())
    return TrainingData(files={}, weights={}, context_processor=processor, target_processor=processor)


def parameters(trial: str = "rnn", **changes):
    return complete("t", TRIALS[trial] | changes, model_params.defaults)


def vector(weights) -> np.ndarray:
    return np.concatenate([np.ravel(weight) for weight in weights])


@pytest.mark.parametrize("average", [{"ema_decay": 0.8}, {"ema_decay": None, "last_k": 3}])
def test_averages_are_those_of_the_weights_that_training_went_through(average, tmp_path):
    params = parameters(**average, warmup_steps=0, schedule="constant")
    model = built_model(params, small_data(), "float32")
    compile_model(model, params)
    raw, moving, judged, average_now, rng = [], [], [], None, np.random.default_rng(0)
    decay = 0.8 ** (1 / 2)  # per batch, when two batches make an update

    def judge(model):
        judged.append(vector(model.get_weights()))
        return {}

    history = HistoryWriter(tmp_path, pd.DataFrame())
    in_order = trial_callbacks(params, tmp_path, history, logging.getLogger("test"), judge)
    recorder = keras.callbacks.CallbackList(in_order, model=model)
    for epoch in range(5):
        recorder.on_epoch_begin(epoch)
        for _ in range(2):  # batches to an update
            gradients = [rng.normal(size=v.shape).astype(np.float32) for v in model.trainable_variables]
            model.optimizer.apply(gradients, model.trainable_variables)
            now = vector(model.get_weights())
            average_now = decay * average_now + (1 - decay) * now if epoch else now
        moving.append(average_now)
        raw.append(vector(model.get_weights()))
        state = vector(model.optimizer.variables)
        recorder.on_test_begin()
        recorder.on_epoch_end(epoch, {"loss": 1.0, "val_loss": 1.0 / (epoch + 1)})
        np.testing.assert_array_equal(vector(model.get_weights()), raw[-1])
        np.testing.assert_array_equal(vector(model.optimizer.variables), state)

    for i in range(5):
        expected = np.mean(raw[max(0, i - 2) : i + 1], axis=0) if "last_k" in average else moving[i]
        np.testing.assert_allclose(judged[i], expected, atol=1e-6)
    np.testing.assert_array_equal(vector(best_model(params, small_data(), tmp_path).get_weights()), judged[-1])
    assert [path.name for path in tmp_path.glob("checkpoint_*")] == ["checkpoint_5.keras"]
    assert len(list(tmp_path.glob("epoch_*"))) == (2 if "last_k" in average else 0)


@pytest.mark.parametrize("trial", TRIALS)
@pytest.mark.parametrize(("precision", "policy"), [("bfloat16", "mixed_bfloat16"), ("float16", "mixed_float16")])
def test_layers_compute_in_the_precision_and_keep_float32_weights(trial, precision, policy, tmp_path):
    params = parameters(trial, precision=precision)
    model = built_model(params, small_data(), precision)
    compile_model(model, params)
    assert {layer.dtype_policy.name for layer in model._flatten_layers() if layer.weights} == {policy}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (precision == "float16")
    assert keras.config.dtype_policy().name == "float32"

    ids = {"context": np.array([[2, 5, 6, 3, 0]], np.int32), "target": np.array([[2, 6, 5]], np.int32)}
    model.save_weights(tmp_path / "best.weights.h5")
    finished = best_model(params, small_data(), tmp_path)
    assert {layer.compute_dtype for layer in finished._flatten_layers()} == {"float32"}
    np.testing.assert_allclose(model(ids), finished(ids), atol=0.05)


def test_a_trial_of_float16_learns_and_is_stopped_by_its_answers(data, tmp_path):
    changes = {"precision": "float16", "epoch": 2, "epoch_problems": 4, "early_stopping": "solve_rate"}
    run = prepared(data, {"t": TRIALS["transformer"] | changes}, tmp_path)
    history = run.train_model("t")["history"]
    assert history["loss"].iloc[-1] < history["loss"].iloc[0] and history["solve_rate"].between(0, 1).all()
    assert not run.training_result["t"]["trained_model"].dtype_policy.name.startswith("mixed")


def test_initial_weights_are_those_of_the_other_trial_or_released_model(tmp_path):
    params, data = parameters(), small_data()
    other = built_model(params, data, "float32")
    Translator(other, data.context_processor, data.target_processor, 64).save(tmp_path)
    other.save_weights(tmp_path / "best.weights.h5")
    for path in (tmp_path, tmp_path / "best.weights.h5"):
        model = new_model(parameters(initial_weights=str(path)), data)
        np.testing.assert_array_equal(vector(model.get_weights()), vector(other.get_weights()))
    (tmp_path / "best.weights.h5").rename(tmp_path / "other.weights.h5")  # a released model has none
    for half in (False, True):
        Translator(other, data.context_processor, data.target_processor, 64).save(tmp_path, half=half)
        model = new_model(parameters(initial_weights=str(tmp_path)), data)
        exact, found = vector(other.get_weights()), vector(model.get_weights())
        np.testing.assert_allclose(found, exact.astype(np.float16) if half else exact, rtol=0, atol=0)
    for path in (tmp_path, tmp_path / "other.weights.h5"):
        with pytest.raises(ValueError, match="`initial_weights` must be of a model like this one"):
            new_model(parameters(num_units=32, initial_weights=str(path)), data)
    with pytest.raises(FileNotFoundError, match="There is no .*nothing"):
        new_model(parameters(initial_weights=str(tmp_path / "nothing")), data)
    with pytest.raises(ValueError, match="trial with the same vocabularies"):
        new_model(parameters(initial_weights=str(tmp_path)), small_data("a b d c"))


def test_parameters_reach_the_optimizer_and_the_loss():
    changed = {"clip_norm": 0.25, "label_smoothing": 0.1, "optimizer": "RMSprop", "learning_rate": 0.01}
    params = complete("t", TRIALS["rnn"] | changed, model_params.defaults)
    model = build_model(params, 10, 12)
    compile_model(model, params)
    assert type(model.optimizer).__name__ == "RMSprop" and model.optimizer.global_clipnorm == 0.25
    assert model.loss.label_smoothing == 0.1 and model.optimizer.gradient_accumulation_steps == 2
    schedule = model.optimizer._learning_rate
    assert float(schedule(2)) == pytest.approx(0.01) and float(schedule(12)) == pytest.approx(0, abs=1e-8)
    with pytest.raises(ValueError, match="`jit_compile` must be auto or False"):
        compile_model(model, dataclasses.replace(params, jit_compile=True))
    with pytest.raises(ValueError, match="^compiled: `jit_compile` must be auto or False"):
        SymbolicModelTrain({"compiled": {"model": "attention_rnn", "jit_compile": True}}, "never made")


def test_muon_in_bfloat16_is_about_the_same_and_survives_saving():
    momentum = np.random.default_rng(0).normal(size=(32, 64)).astype(np.float32)
    exact, rounded = (
        np.array(Muon(product_dtype=dtype).zeropower_via_newtonschulz5(momentum, 5))
        for dtype in ("float32", "bfloat16")
    )
    assert 0 < np.linalg.norm(exact - rounded) / np.linalg.norm(exact) < 0.1 and rounded.dtype == np.float32
    np.testing.assert_allclose(np.linalg.svd(rounded, compute_uv=False), 1, atol=0.4)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(Muon(product_dtype="bfloat16")))
    assert type(again) is Muon and again.product_dtype == "bfloat16"


@pytest.mark.parametrize("name", TRIALS)
def test_muon_moves_neither_embeddings_nor_logits(name):
    params = complete("t", TRIALS[name] | {"optimizer": "muon"}, model_params.defaults)
    model = build_model(params, 10, 12)
    model({"context": np.ones((1, 2), np.int32), "target": np.ones((1, 2), np.int32)})
    compile_model(model, params)
    by_adam = {v.path for v in model.trainable_variables if model.optimizer._should_use_adamw(v)}
    assert {v.path for v in model.trainable_variables if len(v.shape) != 2} < by_adam
    ends = ("embedding", "output_layer/kernel")
    assert {v.path for v in model.trainable_variables if any(end in v.path for end in ends)} < by_adam
    matrices = {v.path for v in model.trainable_variables} - by_adam
    assert len(matrices) >= 8 and all(path.endswith("kernel") for path in matrices)


# --- early stopping ---------------------------------------------------------------------------------------------------


def test_the_best_epoch_by_any_metric():
    history = pd.DataFrame({"val_loss": [3.0, 2.0, 2.5, 2.0], "solve_rate": [0.0, 0.0, 0.5, 0.5]})
    assert best_epoch(history, "val_loss") == 1
    assert best_epoch(history, "solve_rate") == 3
    assert best_epoch(history.head(2), "solve_rate") == 1  # nothing solved yet, but the loss falls


def test_early_stopping_remembers_across_a_resume():
    def out_of_patience(losses, patience):
        return is_out_of_patience(pd.DataFrame({"val_loss": losses}), "val_loss", patience)

    assert not out_of_patience([3.0, 2.0, 2.5, 2.2], patience=3)
    assert out_of_patience([3.0, 2.0, 2.5, 2.2], patience=2)
    assert not out_of_patience([], patience=1)


def test_batches_are_closed_also_while_another_thread_is_at_work_in_them():
    closed = []

    def batches():
        try:
            yield 1
            time.sleep(0.3)
            yield 2
        finally:
            closed.append(True)

    reading = batches()
    next(reading)
    thread = threading.Thread(target=next, args=[reading])
    with pytest.raises(KeyboardInterrupt), _closing(reading):
        thread.start()
        time.sleep(0.1)
        raise KeyboardInterrupt
    thread.join()
    assert closed == [True]
