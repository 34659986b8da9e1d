"""The NumPy modules compute what their Keras models compute, from the same file, with every option."""

import inspect
import zipfile

import h5py
import keras
import numpy as np
import pytest

from symbolic.runtime.imports import imported
from symbolic.seq2seq.keras_file import Weights, read_config
from symbolic.seq2seq.models import MODELS, NUMPY_MODELS, model_class
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.special_tokens import END_ID, START_ID
from symbolic.seq2seq.translator import Translator
from tests.seq2seq.conftest import V, build

OPTIONS = [
    ("gru", {}),
    ("lstm", {"output_activation": "tanh"}),
    ("transformer", {}),
    ("transformer", {"encoder_layers": 3, "decoder_layers": 1, "dropout": 0.1}),
    ("transformer", {"query_key_norm": True, "activation": "relu_squared", "zero_outputs": True}),
]


def restless(kind: str, **options) -> keras.Model:
    """An untrained model without zeros and ones among its weights, so that each weight counts."""
    model, rng = build(kind, **options), np.random.default_rng(1)
    model.set_weights([weight + 0.3 * rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def loaded(path):
    config = read_config(path)
    arguments = {k: v for k, v in config.arguments.items() if k not in ("name", "trainable", "dtype")}
    weights = Weights.read(path)
    model = imported("model", NUMPY_MODELS[config.registered_name])(weights, **arguments)
    weights.check_all_taken()
    return model


@pytest.mark.parametrize(("kind", "options"), OPTIONS, ids=str)
def test_steps_give_the_logits_of_the_full_pass_of_keras(kind, options, tmp_path):
    """Also where hypotheses change places, are dropped and continued twice, and a problem leaves the batch."""
    model = restless(kind, **options)
    model.save(tmp_path / "model.keras")
    ours, rng = loaded(tmp_path / "model.keras"), np.random.default_rng(0)
    context = rng.integers(4, V, (3, 7)).astype(np.int32)
    context[:, 0], context[:, -1] = START_ID, END_ID
    context[1, 4:] = END_ID, 0, 0
    state, written = ours.start(context), np.empty((3, 1, 0), np.int32)
    for position in range(50):  # long enough for slots to be settled twice
        tokens = rng.integers(4, V, written.shape[:2]) if position else np.full((3, 1), START_ID)
        logits, state = ours.step(tokens, state, position)
        written = np.concatenate([written, tokens[..., None]], axis=2).astype(np.int32)
        if position in (0, 2, 20, 21, 33, 49):
            hypotheses = written.shape[1]
            # With padding, for Keras warns of a softmax over a single column.
            target = np.pad(written, ((0, 0), (0, 0), (0, 1))).reshape(len(context) * hypotheses, -1)
            theirs = model({"context": np.repeat(context, hypotheses, axis=0), "target": target})
            theirs = keras.ops.convert_to_numpy(theirs)[:, position].reshape(logits.shape)
            np.testing.assert_allclose(logits, theirs, atol=2e-4)
        parents = rng.integers(0, written.shape[1], (len(context), int(rng.integers(1, 6))))
        state, written = ours.continued(state, parents), np.take_along_axis(written, parents[..., None], axis=1)
        if position == 20:
            state, context, written = ours.left(state, np.array([2, 0])), context[[2, 0]], written[[2, 0]]


def test_every_model_of_ours_has_a_module_with_its_arguments():
    assert {keras.saving.get_registered_name(model_class(name)) for name in MODELS} == set(NUMPY_MODELS)
    for registered_name, path in NUMPY_MODELS.items():
        theirs = inspect.signature(keras.saving.get_registered_object(registered_name)).parameters
        ours = inspect.signature(imported("model", path)).parameters
        assert [name for name in ours if name != "weights"] == [name for name in theirs if name != "kwargs"]
        assert all(ours[name].default == theirs[name].default for name in ours if name != "weights")


def rewritten(path, change):
    """Change the weights of a file, which `change` gets as an open h5 file."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    weights = path.parent / "weights.h5"
    weights.write_bytes(parts["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        change(file)
    parts["model.weights.h5"] = weights.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def without(file):
    del file["encoder_norm/vars/0"]


def with_one_more(file):
    file["encoder_norm/vars/2"] = np.ones(3, np.float32)


def of_another_shape(file):
    without(file)
    file["encoder_norm/vars/0"] = np.ones(3, np.float32)


def of_integers(file):
    without(file)
    file["encoder_norm/vars/0"] = np.ones(16, np.int64)


def with_nan(file):
    file["encoder_norm/vars/0"][3] = np.nan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without, "has no weights `encoder_norm/0`, which its configuration asks for"),
        (with_one_more, "has weights that its configuration does not ask for: encoder_norm/2"),
        (of_another_shape, r"`encoder_norm/0` must be floats of shape \(16,\). Received: float32 of shape \(3,\)"),
        (of_integers, r"Received: int64 of shape \(16,\)"),
        (with_nan, "`encoder_norm/0` hold infinity or nan"),
    ],
)
def test_weights_that_do_not_fit_are_refused(change, message, tmp_path):
    processor = TextProcessor([f"word{i}" for i in range(V - 4)])
    Translator(build("transformer"), processor, processor, max_length=9).save(tmp_path)
    rewritten(tmp_path / "model.keras", change)
    with pytest.raises(ValueError, match=f"model.keras.*{message}"):
        Translator.load(tmp_path)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"nothing")
    for read in (read_config, Weights.read):
        with pytest.raises(ValueError, match="is no model that Keras saved"):
            read(tmp_path / "model.keras")
