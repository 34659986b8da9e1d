"""What a researcher adds stands in files of their own, outside the package: one file each, and no edit anywhere.

The files are written to a folder, and used from there as an outsider would: from the command line or from Python.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import run_model_train
from run_model_train import SymbolicModelTrain
from symbolic.problems.data_sets.drawn import make_data_set
from symbolic.problems.problem import ProblemOptions
from symbolic.training import comparison
from symbolic.training.trials_file import read_trials
from tests import PROJECT

MODEL = '''
"""A model with a convolutional encoder, whose decoder sees the last token only."""

import keras
from keras import ops

from symbolic.seq2seq.models.contract import ModelState


@keras.saving.register_keras_serializable(package="outsider")
class Convolutional(keras.Model):
    def __init__(self, context_vocabulary_size, target_vocabulary_size, width, kernel_size=3, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        if kernel_size % 2 == 0:
            raise ValueError(f"`kernel_size` must be odd. Received: {kernel_size}.")
        self.context_vocabulary_size, self.target_vocabulary_size = context_vocabulary_size, target_vocabulary_size
        self.width, self.kernel_size, self.dropout = width, kernel_size, dropout
        self.context_embedding = keras.layers.Embedding(context_vocabulary_size, width)
        self.convolution = keras.layers.Conv1D(width, kernel_size, padding="same", activation="relu")
        self.target_embedding = keras.layers.Embedding(target_vocabulary_size, width)
        self.drop = keras.layers.Dropout(dropout)
        self.output_layer = keras.layers.Dense(target_vocabulary_size)

    def call(self, inputs, training=None):
        return self.decode(self.encode(inputs["context"], training), inputs["target"])

    def encode(self, context, training=None):
        real = ops.cast(ops.not_equal(context, 0), self.compute_dtype)[..., None]
        x = self.convolution(self.drop(self.context_embedding(context), training=training) * real)
        return ops.sum(x * real, axis=1) / ops.sum(real, axis=1)

    def decode(self, encoded, tokens):
        return ops.cast(self.output_layer(ops.tanh(self.target_embedding(tokens) + encoded[:, None])), "float32")

    def start(self, context, hypotheses, steps):
        own = ops.zeros((ops.shape(context)[0], hypotheses, 1))
        return ModelState(shared=(self.encode(context),), own=(own,))

    def step(self, tokens, state, position):
        return self.decode(state.shared[0], tokens), state

    def with_room(self, state, steps):
        return state

    def get_config(self):
        names = ("context_vocabulary_size", "target_vocabulary_size", "width", "kernel_size", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
'''

TRIALS = '''
"""Trials of one's own, with a model that stands in a file beside this one."""

defaults = {"epoch": 2, "steps_per_epoch": 3, "batch_size": 8, "valid_problems": 0, "test_problems": 4}

model_params = {
    "convolutional": {
        "model": "outsiders_model:Convolutional",
        "width": 16,
        "kernel_size": 5,
        "optimizer": "adamw",
        "optimizer_options": {"weight_decay": 0.01, "beta_1": 0.8},
    },
}
'''

FIGURES = '''
"""A loss, two metrics and a callback."""

import keras
from keras import ops


class FocalLoss(keras.losses.Loss):
    """Lin et al. 2017: tokens that are right already weigh less."""

    def __init__(self, gamma=2.0, name="focal_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.gamma = gamma

    def call(self, y_true, y_pred):
        losses = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        real = ops.cast(ops.not_equal(y_true, 0), losses.dtype)
        return ops.sum((1 - ops.exp(-losses)) ** self.gamma * losses * real) / ops.maximum(ops.sum(real), 1)

    def get_config(self):
        return {**super().get_config(), "gamma": self.gamma}


class TopThree(keras.metrics.Metric):
    """How often the right token is among the three most likely ones."""

    def __init__(self, name="top_three", **kwargs):
        super().__init__(name=name, **kwargs)
        self.right = self.add_variable(shape=(), initializer="zeros", name="right")
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        real = ops.cast(ops.not_equal(y_true, 0), "float32")
        _, best = ops.top_k(y_pred, k=3)
        hit = ops.any(ops.equal(best, ops.cast(y_true, "int32")[..., None]), axis=-1)
        self.right.assign_add(ops.sum(real * ops.cast(hit, "float32")))
        self.total.assign_add(ops.sum(real))

    def result(self):
        return self.right / ops.maximum(self.total, 1)


def largest_logit(y_true, y_pred):
    return ops.max(y_pred)


class WeightNorm(keras.callbacks.Callback):
    """Reports the norm of the weights after every epoch."""

    def on_epoch_end(self, epoch, logs=None):
        logs["weight_norm"] = sum(float(ops.sum(weight**2)) for weight in self.model.trainable_variables) ** 0.5
'''

SMALL = {"num_units": 8, "num_heads": 2, "epoch": 2, "steps_per_epoch": 3, "batch_size": 8, "valid_problems": 0}
SMALL |= {"test_problems": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of an outsider, and a small data set."""
    folder = tmp_path_factory.mktemp("outsider")
    for name, text in (("outsiders_model", MODEL), ("outsiders_trials", TRIALS), ("outsiders_figures", FIGURES)):
        (folder / f"{name}.py").write_text(text)
    options = ProblemOptions(max_ops=2, max_len=32)
    make_data_set(folder / "data", "bwd", train=40, valid=8, test=8, seed=1, options=options)
    return folder


@pytest.fixture
def figures(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    import outsiders_figures

    return outsiders_figures


def outside(folder, *words):
    """What a program prints that runs in the outsider's folder, where the package is installed."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_model_of_ones_own_is_trained_released_loaded_elsewhere_and_asked(folder):
    """Its trials stand in a file of one's own, with an optimizer's own settings."""
    arguments = ["--trials-file", "outsiders_trials.py", "--trials", "all", "--data", "data", "--workers", "1"]
    said = outside(folder, "-m", "symbolic", "train", *arguments)
    assert "convolutional finished" in " ".join(said.split())
    params = json.loads((folder / "runs" / "convolutional" / "params.json").read_text())["params"]
    assert params["width"] == 16 and params["kernel_size"] == 5 and "num_heads" not in params
    assert params["dropout"] == 0.1  # a default that its model takes too
    assert params["optimizer_options"] == {"weight_decay": 0.01, "beta_1": 0.8}
    assert params["patience"] == 5  # left open in the outsider's defaults

    program = """if True:
        import outsiders_model  # registers the class with Keras
        from symbolic.seq2seq.translator import Translator
        from symbolic.training.release import release

        release("runs/convolutional", "released")
        translator = Translator.load("released")
        print(type(translator.model).__name__, translator.model.kernel_size)
        print(len(translator.translate(["sub Y' x"])[0]))
    """
    assert outside(folder, "-c", program).splitlines()[-2:] == ["Convolutional 5", "1"]
    assert "(`outsiders_model:Convolutional`)" in (folder / "released" / "README.md").read_text()


def test_a_model_of_ones_own_is_checked_before_anything_trains(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    trial = {"model": "outsiders_model:Convolutional", "width": 4}
    for wrong, message in (
        ({"kernel_size": 4}, r"^t: `kernel_size` must be odd\. Received: 4\."),
        ({"kernel_sise": 3}, r"^t: unknown parameter `kernel_sise`\. Did you mean `kernel_size`\? .* takes width, ker"),
        ({"num_heads": 2}, r"^t: unknown parameter `num_heads`"),
        ({"model": "outsiders_model:Convolutionel"}, r"^t: .*has no `Convolutionel`\. Did you mean `Convolutional`\?"),
        ({"model": "outsiders_modell:Convolutional"}, r"^t: .*`outsiders_modell` cannot be imported"),
        ({"width": {1, 2}}, r"^t: `width` must be a value that JSON can hold"),
    ):
        with pytest.raises(ValueError, match=message):
            SymbolicModelTrain({"t": trial | wrong}, tmp_path / "runs")
    with pytest.raises(ValueError, match=r"^t: model `outsiders_model:Convolutional` needs the parameter `width`"):
        SymbolicModelTrain({"t": {"model": "outsiders_model:Convolutional"}}, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_loss_metrics_and_a_callback_reach_history_curves_and_table(folder, figures, tmp_path, monkeypatch):
    drawn = {}
    plots = {name: getattr(comparison, name) for name in ("plot_trial", "plot_comparison")}
    for name, plot in plots.items():
        monkeypatch.setattr(comparison, name, lambda *args, n=name, p=plot: drawn.setdefault(n, p(*args)))
    added = {"loss": figures.FocalLoss(gamma=1.0), "metrics": [figures.TopThree(), figures.largest_logit]}
    trial = SMALL | {"early_stopping": "val_top_three"}
    training = SymbolicModelTrain({"own": trial}, tmp_path, callbacks=[figures.WeightNorm()], **added)
    table = training.run_all(folder / "data").set_index("trial")
    assert not training.failures

    history = training.training_result["own"]["history"]
    own = ["top_three", "val_top_three", "largest_logit", "val_largest_logit", "weight_norm"]
    assert np.isfinite(history[own].to_numpy()).all() and (history["weight_norm"] > 0).all()
    assert {"top three", "largest logit", "weight norm"} <= {axis.get_title() for axis in drawn["plot_trial"].axes}
    assert "validation top three" in {axis.get_title() for axis in drawn["plot_comparison"].axes}
    assert drawn["plot_trial"].axes[0].get_ylabel() == "outsiders_figures.FocalLoss"

    for name in ("top_three", "largest_logit", "focal_loss", "weight_norm"):
        assert np.isfinite(table.loc["own", name])
        assert name.replace("_", " ") in comparison.format_table(table.reset_index())
    assert table.loc["own", "focal_loss"] < table.loc["own", "loss"]  # in nats, as of any other trial
    assert table.loc["own", "weight_norm"] == pytest.approx(history["weight_norm"][history["val_top_three"].argmax()])
    record = json.loads((tmp_path / "own" / "params.json").read_text())["extensions"]
    assert record["loss"].startswith("outsiders_figures.FocalLoss(") and "gamma=1.0" in record["loss"]
    assert record["callbacks"] == ["outsiders_figures.WeightNorm"]

    other = SymbolicModelTrain({"own": trial}, tmp_path, loss=figures.FocalLoss(gamma=3.0), metrics=added["metrics"])
    other.run_all(folder / "data")
    assert 'gamma=1.0)" there' in other.failures["own"] and 'gamma=3.0)" now' in other.failures["own"]


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ({"loss": "mse"}, r"`loss` must be a Keras loss or a function\. Received: 'mse'"),
        ({"metrics": ["accuracy"]}, r"`metrics` must be Keras metrics or functions\. Received: 'accuracy'"),
        ({"metrics": [len, len]}, r"need a name of their own"),
        ({"callbacks": [print]}, r"`callbacks` must be instances of `keras\.callbacks\.Callback`"),
        ({"loss": len}, r"^t: `label_smoothing` belongs to the cross-entropy"),
    ],
)
def test_what_keras_could_not_use_is_refused_before_anything_trains(added, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        SymbolicModelTrain({"t": SMALL | {"label_smoothing": 0.1}}, tmp_path / "runs", **added)


def test_a_metric_needs_a_name_that_is_free(figures, tmp_path):
    with pytest.raises(ValueError, match="need a name of their own, .* Received: val_loss"):
        SymbolicModelTrain({"t": SMALL}, tmp_path, metrics=[figures.TopThree(name="val_loss")])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model_params = {\n    'a': 3 4,\n}\n", "wrong_{}.py, line 2: invalid syntax"),
        ("trials = {}\n", "wrong_{}.py must define `model_params`, a dictionary"),
        ("import math\nmodel_params = {'a': {'epoch': math.floor(nothing)}}\n", "wrong_{}.py, line 2: NameError: name"),
        ("model_params = ['a']\n", "wrong_{}.py must define `model_params`, a dictionary"),
        ("model_params = {'a': {}}\ndefaults = {'epok': 3}\n", "unknown parameter `epok`. Did you mean `epoch`?"),
    ],
)
def test_a_wrong_trials_file_is_one_sentence_with_file_and_line(text, message, tmp_path, capsys):
    name = f"wrong_{abs(hash(text))}"
    (tmp_path / f"{name}.py").write_text(text)
    arguments = ["--trials-file", str(tmp_path / f"{name}.py"), "--trials", "a", "--runs", str(tmp_path / "runs")]
    assert run_model_train.main(arguments) == 2
    error = capsys.readouterr().err
    assert message.replace("wrong_{}", str(tmp_path / name)) in error and error.count("\n") == 1


def test_trials_are_read_from_the_project_and_from_any_file(tmp_path, capsys):
    assert {"trial_1", "quick_rnn"} <= set(read_trials().model_params)
    (tmp_path / "thesis.py").write_text("model_params = {'mine': {'epoch': 3}}\ndefaults = {'seed': 7}\n")
    trials = read_trials(tmp_path / "thesis.py")
    assert trials.defaults == read_trials().defaults | {"seed": 7}
    assert read_trials(tmp_path / "thesis.py").model_params is trials.model_params  # run once
    assert run_model_train.main(["--trials-file", str(tmp_path / "thesis.py"), "--list"]) == 0
    assert capsys.readouterr().out.split() == ["mine", "epoch=3"]
    for name, message in (("thesis.txt", "there is no trials file"), ("json.py", "has the name of another module")):
        if name == "json.py":
            (tmp_path / name).write_text("model_params = {}\n")
        assert run_model_train.main(["--trials-file", str(tmp_path / name)]) == 2
        assert message in capsys.readouterr().err


def test_an_old_table_has_no_columns_of_others(tmp_path):
    """Only what a run reports itself is added to its row."""
    for trial, history in (("a", {"grad": [1.0, 2.0]}), ("b", {})):
        (tmp_path / trial).mkdir()
        frame = pd.DataFrame({"epoch": [1, 2], "loss": [2.0, 1.0], "val_loss": [1.0, 2.0], **history})
        frame.to_csv(tmp_path / trial / "history.csv", index=False)
        (tmp_path / trial / "params.json").write_text(json.dumps({"trial": trial, "params": {}}))
    table = comparison.compare(tmp_path).set_index("trial")
    assert table.loc["a", "grad"] == 1.0 and np.isnan(table.loc["b", "grad"])
