"""Hostile, damaged and interrupted loading: a model is loaded whole or not at all, and the error names the file."""

import io
import json
import shutil
import signal
import tracemalloc
import zipfile

import h5py
import keras
import numpy as np
import pytest

from symbolic.seq2seq.loading import CONFIG, WEIGHTS, load_model, load_weights
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.translator import CONTEXT_VOCABULARY, MODEL, SETTINGS, TARGET_VOCABULARY, Translator
from tests.seq2seq.conftest import build


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    build("transformer", dropout=0.1).save(path)
    return path


def changed(path, to, config=None, weights=None, **arguments):
    """A copy of a file with another configuration or other weights."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = json.loads(parts[CONFIG])
    content["config"] |= arguments
    parts[CONFIG] = json.dumps(content).encode() if config is None else config
    if weights is not None:
        file = io.BytesIO(parts[WEIGHTS])
        with h5py.File(file, "r+") as arrays:
            weights(arrays)
        parts[WEIGHTS] = file.getvalue()
    with zipfile.ZipFile(to, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return to


@pytest.mark.parametrize("kind", ["gru", "lstm", "transformer"])
def test_a_model_is_loaded_with_all_its_weights(kind, tmp_path):
    model = build(kind, dropout=0.2)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    model.save_weights(tmp_path / "m.weights.h5")
    other = keras.models.clone_model(model)
    other({"context": np.ones((1, 2), np.int32), "target": np.ones((1, 2), np.int32)})
    load_weights(other, tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


def test_an_interruption_while_a_model_loads_is_one(saved, monkeypatch):
    compute = AttentionRNN.call

    def interrupted(self, *args, **kwargs):
        signal.raise_signal(signal.SIGINT)
        return compute(self, *args, **kwargs)

    folder = saved.parent / "rnn.keras"
    build("gru").save(folder)
    monkeypatch.setattr(AttentionRNN, "call", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_model(folder)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, RuntimeError("no device")])
def test_what_keras_swallows_while_a_model_is_built_leaves_no_random_weights(saved, monkeypatch, error):
    def fail(self, *args, **kwargs):
        raise error

    path = saved.parent / "rnn.keras"
    build("gru").save(path)
    monkeypatch.setattr(AttentionRNN, "call", fail)
    with pytest.raises((ValueError, KeyboardInterrupt)) as raised:
        load_model(path)
    assert raised.type is KeyboardInterrupt or str(path) in str(raised.value)


def to_nan(arrays):
    arrays["context_embedding/vars/0"][0, 0] = np.nan


def without_one(arrays):
    del arrays["context_embedding/vars/0"]


def with_one_more(arrays):
    arrays["context_embedding/vars/7"] = np.zeros(3, np.float32)


def of_other_shape(arrays):
    del arrays["context_embedding/vars/0"]
    arrays["context_embedding/vars/0"] = np.zeros((3, 3), np.float32)


def huge(arrays):
    del arrays["context_embedding/vars/0"]
    arrays.create_dataset("context_embedding/vars/0", (1 << 40, 16), np.float32)  # takes no space in the file


def elsewhere(arrays):
    del arrays["context_embedding/vars/0"]
    arrays.create_dataset("context_embedding/vars/0", (16, 16), np.float32, external=[("/etc/passwd", 0, 1024)])


DAMAGES = {
    "nan": {"weights": to_nan},
    "a weight less": {"weights": without_one},
    "a weight more": {"weights": with_one_more},
    "another shape": {"weights": of_other_shape},
    "a huge weight": {"weights": huge},
    "a weight in another file": {"weights": elsewhere},
    "a layer less": {"num_layers": 1},
    "a layer more": {"num_layers": 3},
    "layers without end": {"num_layers": 10**9},
    "wide layers": {"num_units": 10**7},
    "wide layers that fit a rule": {"num_units": 4096, "feed_forward": 4096},
    "no width": {"num_units": -16},
    "a width that is a text": {"num_units": "16"},
    "an unknown argument": {"colour": "red"},
    "no JSON": {"config": b"{"},
    "deep JSON": {"config": b"[" * 100_000},
    "a list": {"config": b"[]"},
    "no class": {"config": b"{}"},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_one_sentence_with_its_name(saved, tmp_path, damage):
    path = changed(saved, tmp_path / "damaged.keras", **DAMAGES[damage])
    tracemalloc.start()
    with pytest.raises(ValueError) as error:
        load_model(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(path) in str(error.value) and len(str(error.value)) < 1000
    assert peak < 100 << 20


def test_nothing_is_left_of_a_refused_model(saved, tmp_path):
    with pytest.raises(ValueError):
        load_model(changed(saved, tmp_path / "damaged.keras", weights=without_one))
    load_model(saved)


def test_a_file_cut_anywhere_is_an_error_with_its_name(saved, tmp_path):
    content = saved.read_bytes()
    path = tmp_path / "cut.keras"
    for share in (0, 0.1, 0.5, 0.9, 0.99, 0.9999):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(ValueError, match="cut.keras"):
            load_model(path)


def test_a_file_that_unpacks_to_a_thousand_times_its_size_is_refused_unread(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(CONFIG, "{}")
        archive.writestr(WEIGHTS, b"\0" * (200 << 20))
    tracemalloc.start()
    with pytest.raises(ValueError, match="bomb.keras is refused: .* more than 100 times"):
        load_model(path)
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_weights_of_another_model_are_refused_with_both_numbers(tmp_path):
    build("transformer", num_layers=1).save_weights(tmp_path / "small.weights.h5")
    model = build("transformer")
    with pytest.raises(
        ValueError, match=r"small.weights.h5 does not fit the model, which has [\d,]+ .* the file has [\d,]+"
    ):
        load_weights(model, tmp_path / "small.weights.h5")


SETTINGS_DAMAGED = [
    "",
    "{}",
    "[]",
    "[" * 100_000,
    '{"max_length": "long"}',
    '{"max_length": 1e400}',
    '{"max_length": -1}',
    '{"max_length": true}',
    '{"max_length": ' + "9" * 5000 + "}",
    '{"max_length": 32, "vocabularies": 3}',
]


@pytest.mark.parametrize("content", SETTINGS_DAMAGED, ids=range(len(SETTINGS_DAMAGED)))
def test_damaged_settings_are_one_sentence_with_the_files_name(model_folder, tmp_path, content):
    shutil.copytree(model_folder, tmp_path / "model")
    (tmp_path / "model" / SETTINGS).write_text(content)
    with pytest.raises(ValueError, match=SETTINGS):
        Translator.load(tmp_path / "model")


@pytest.mark.parametrize("file", [CONTEXT_VOCABULARY, TARGET_VOCABULARY])
def test_a_vocabulary_in_another_order_is_refused(translator, tmp_path, file):
    translator.save(tmp_path)
    words = (tmp_path / file).read_text().split()
    (tmp_path / file).write_text("\n".join(reversed(words)) + "\n")
    with pytest.raises(ValueError, match=f"{file} is not the vocabulary that the model was saved with"):
        Translator.load(tmp_path)


def test_a_byte_order_mark_before_a_vocabulary_is_no_token(translator, tmp_path):
    translator.save(tmp_path)
    content = (tmp_path / CONTEXT_VOCABULARY).read_bytes()
    (tmp_path / CONTEXT_VOCABULARY).write_bytes(b"\xef\xbb\xbf" + content)
    assert Translator.load(tmp_path).context_processor.vocabulary == translator.context_processor.vocabulary


def test_folders_of_earlier_versions_have_no_digests(model_folder, tmp_path):
    shutil.copytree(model_folder, tmp_path / "model")
    (tmp_path / "model" / SETTINGS).write_text('{"max_length": 32}\n')
    assert Translator.load(tmp_path / "model").max_length == 32
    assert (tmp_path / "model" / MODEL).is_file()
