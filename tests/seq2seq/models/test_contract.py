"""Every model meets the contract, one written outside the package too; for other classes, the error names the fault."""

import inspect
import os
import re
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from symbolic.__main__ import main
from symbolic.expressions.prefix import from_prefix
from symbolic.seq2seq.decoding import CompiledSearch
from symbolic.seq2seq.models import MODELS, model_class
from symbolic.seq2seq.models.contract import ModelState, check_model, check_model_class
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.searches import Beam
from symbolic.seq2seq.translator import Translator
from symbolic.solving.rounds import grammar_of
from tests import PROJECT
from tests.seq2seq.conftest import V, reversal
from tests.seq2seq.models.convolutional import Convolutional

OUTSIDER = "tests.seq2seq.models.convolutional:Convolutional"
SMALL = {"num_units": 16, "num_heads": 2, "num_layers": 2, "feed_forward": 32, "max_length": 64}
TRANSFORMERS = [
    {"encoder_layers": 3, "decoder_layers": 1},
    {"query_key_norm": True},
    {"activation": "relu_squared"},
    {"zero_outputs": True},
    {"query_key_norm": True, "activation": "relu_squared", "zero_outputs": True},
]
VARIANTS = [
    *((name, {}) for name in (*MODELS, OUTSIDER)),
    ("attention_rnn", {"is_gru": False}),
    *(("transformer", options) for options in TRANSFORMERS),
]

every_model = pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)


def build(name: str, options: dict, sizes: tuple[int, int] = (V, V)) -> keras.Model:
    """A small model of a name: what its constructor takes of `SMALL`, and the options.

    Matrices of zeros get other values, because behind them nothing that a layer does wrong would show.
    """
    keras.utils.set_random_seed(0)
    cls = model_class(name)
    own = {key: value for key, value in SMALL.items() if key in inspect.signature(cls).parameters}
    model = cls(*sizes, **own, **options)
    model({"context": np.ones((1, 2), np.int32), "target": np.ones((1, 2), np.int32)})  # which gives it its weights
    rng = np.random.default_rng(0)
    for weight in model.trainable_variables:
        if len(weight.shape) == 2 and not np.any(weight):
            weight.assign(rng.normal(0, 0.2, weight.shape))
    return model


@every_model
def test_every_model_meets_the_contract(name, options):
    check_model(build(name, options, sizes=(9, 11)))


@every_model
def test_saved_and_loaded_models_give_the_same_logits(name, options, tmp_path):
    model, (inputs, _) = build(name, options), reversal(3, seed=5)
    logits = ops.convert_to_numpy(model(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model) and loaded.get_config() == model.get_config()
    np.testing.assert_array_equal(ops.convert_to_numpy(loaded(inputs)), logits)


@every_model
def test_in_bfloat16_logits_are_float32_and_near_the_exact_ones(name, options):
    inputs, _ = reversal(4, seed=3)
    exact = build(name, options)
    logits = ops.convert_to_numpy(exact(inputs))
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(name, options)
        model.set_weights(exact.get_weights())
        rounded = ops.convert_to_numpy(model(inputs))
        assert {weight.dtype for weight in model.weights} == {"float32"} and rounded.dtype == np.float32
        decoded = CompiledSearch([model], Beam(2), 6)(inputs["context"])
    finally:
        keras.config.set_dtype_policy(before)
    np.testing.assert_allclose(rounded, logits, atol=0.05 * np.abs(logits).max())
    assert np.isfinite(decoded.scores[:, 0]).all()


class TakesNoSizes(keras.Model):
    def __init__(self, num_units=16):
        super().__init__()

    def start(self, context):
        pass


def test_the_error_names_all_that_a_class_lacks():
    with pytest.raises(ValueError) as caught:
        check_model_class(TakesNoSizes)
    for part in (
        "`TakesNoSizes` does not meet the contract in `symbolic.seq2seq.models.contract`",
        "must take `context_vocabulary_size`",
        "must take `target_vocabulary_size`",
        "`call(inputs)`",
        "`start(context, hypotheses, steps)`",
        "`step(tokens, state, position)`",
        "`with_room(state, steps)`",
        "must be registered",
    ):
        assert part in str(caught.value)
    with pytest.raises(ValueError, match="must be a subclass of `keras.Model`. Received: <class 'dict'>"):
        check_model_class(dict)


def test_a_class_registered_under_the_name_of_another_is_refused():
    class Copied(Convolutional):
        pass

    with pytest.raises(ValueError, match="`Copied` does not meet the contract .*must be registered"):
        check_model_class(Copied)
    keras.saving.register_keras_serializable(package="of_a_test")(Copied)
    check_model_class(Copied)


class SeesTheFuture(Convolutional):
    def call(self, inputs):
        later = ops.flip(ops.cumsum(ops.flip(inputs["target"], axis=1), axis=1), axis=1)
        return super().call(inputs) + 0.01 * ops.cast(later, "float32")[..., None]


class SeesContextPadding(Convolutional):
    def encode(self, context):
        return ops.mean(self.convolution(self.context_embedding(context)), axis=1)


class SeesTargetPadding(Convolutional):
    def call(self, inputs):
        return super().call(inputs) / ops.cast(ops.shape(inputs["target"])[1], "float32")


class ForgetsItsTokens(Convolutional):
    def step(self, tokens, state, position):
        return super().step(tokens, state, position)[0], state


class SharesWhatIsOwn(Convolutional):
    """The hypotheses change places, and the state does not go with them."""

    def start(self, context, hypotheses, steps):
        state = super().start(context, hypotheses, steps)
        return ModelState(shared=state.own, own=())

    def step(self, tokens, state, position):
        logits, state = super().step(tokens, ModelState((), state.shared), position)
        return logits, ModelState(shared=state.own, own=())


class MixesItsAxes(Convolutional):
    def start(self, context, hypotheses, steps):
        state = super().start(context, hypotheses, steps)
        return state._replace(own=ops.reshape(state.own, (-1, self.num_units)))


class HasNoConfig(Convolutional):
    def get_config(self):
        return {}


class MistakesAParameter(Convolutional):
    def get_config(self):
        return {**super().get_config(), "kernel_size": self.kernel_size + 2}


class Halves(Convolutional):
    def logits(self, x):
        return ops.cast(super().logits(x), "float16")


@pytest.mark.parametrize(
    ("cls", "rule"),
    [
        (SeesTheFuture, "logits must not depend on later tokens of the target"),
        (SeesContextPadding, "padding columns of the context must change no logits"),
        (SeesTargetPadding, "padding columns of the target must change no logits at real positions"),
        (ForgetsItsTokens, "`step` must give the logits of the full pass; at position 1 it does not"),
        (SharesWhatIsOwn, "`step` must give the logits of the full pass; at position 2 it does not"),
        (MixesItsAxes, "the first two axes of every tensor in `state.own` must be problems and hypotheses"),
        (HasNoConfig, "`context_vocabulary_size` must be in its config, and an attribute"),
        (MistakesAParameter, "`from_config(get_config())` must give a model of the same config"),
        (Halves, "logits must be float32 of shape (3, 6, 11); they are float16"),
    ],
)
def test_the_error_names_the_point_that_a_model_breaks(cls, rule):
    keras.saving.register_keras_serializable(package="of_a_test")(cls)
    keras.utils.set_random_seed(0)
    with pytest.raises(ValueError, match=re.escape(rule)):
        check_model(cls(9, 11))


# --- the model from outside ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outsider():
    """A translator with an untrained model of the class from outside."""
    contexts, targets = (
        TextProcessor("sub Y' mul cos sin x INT- 1".split()),
        TextProcessor("add sin x INT+ 0 7".split()),
    )
    model = build(OUTSIDER, {}, sizes=(len(contexts), len(targets)))
    return Translator(model, contexts, targets, max_length=12)


TEXTS = ["sub Y' cos x", "sub Y' sin x"]


def test_a_model_from_outside_decodes_under_a_grammar(outsider):
    for row in outsider.translate(TEXTS, Beam(4), grammar_of(outsider.target_processor)):
        assert len(row) == 4
        for hypothesis in row:
            from_prefix(hypothesis.text)


IN_ANOTHER_PROCESS = """
import sys
from symbolic.runtime.imports import imported
from symbolic.seq2seq.searches import Beam
from symbolic.seq2seq.translator import Translator

folder, name, *texts = sys.argv[1:]
try:
    Translator.load(folder)
except ValueError as error:
    print(error)
assert name.partition(":")[0] not in sys.modules
imported("model", name)
for row in Translator.load(folder).translate(texts, Beam(3)):
    print(*(f"{hypothesis.text} {hypothesis.score:.4f}" for hypothesis in row), sep=" | ")
"""


def test_a_model_from_outside_is_loaded_in_another_process_once_its_module_is_imported(outsider, tmp_path):
    outsider.save(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, tmp_path, OUTSIDER, *TEXTS],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    refused, *rows = run.stdout.splitlines()
    assert OUTSIDER in refused and "symbolic --import tests.seq2seq.models.convolutional" in refused
    assert rows == [
        " | ".join(f"{hypothesis.text} {hypothesis.score:.4f}" for hypothesis in row)
        for row in outsider.translate(TEXTS, Beam(3))
    ]


def test_a_model_from_outside_is_asked_on_the_command_line(outsider, tmp_path, capsys):
    outsider.save(tmp_path / "model")
    shutil.copy(PROJECT / "tests/seq2seq/models/convolutional.py", tmp_path / "my_models.py")
    question = ["integrate", "-cos(x)", "--run", "model", "--beam", "2"]
    run = subprocess.run(
        [sys.executable, "-m", "symbolic", "--import", "my_models", *question],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode in (0, 1), run.stderr  # 1 if no answer verified
    assert "integrand   -cos(x)" in run.stdout
    assert main(["--import", "my_model", *question]) == 2
    assert "the module `my_model` cannot be imported: ModuleNotFound" in capsys.readouterr().err
