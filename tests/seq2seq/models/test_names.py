"""A model is named by its line in `MODELS`, or by its module and class."""

import shutil
import sys

import keras
import pytest

from symbolic.seq2seq.models import MODELS, model_class, transformer
from symbolic.seq2seq.models.transformer import Transformer


def test_every_name_gives_its_class():
    for name, path in MODELS.items():
        assert f"{model_class(name).__module__}:{model_class(name).__name__}" == path
    assert model_class("symbolic.seq2seq.models.transformer:Transformer") is Transformer


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "transfomer",
            "unknown model `transfomer`. Did you mean `transformer`.* attention_rnn, transformer, and a class",
        ),
        ("symbolic.seq2seq.models.transformer:Transfomer", "has no `Transfomer`. Did you mean `Transformer`"),
        ("symbolic.seq2seq.searches:Beam", "must be a subclass of `keras.Model`. Received: .*Beam"),
        ("no_such_module:Model", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
def test_the_error_for_an_unknown_name_names_what_there_is(name, message):
    with pytest.raises(ValueError, match=message):
        model_class(name)


def test_a_copy_registered_under_our_name_is_refused(tmp_path, monkeypatch):
    shutil.copy(transformer.__file__, tmp_path / "a_copy.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    try:
        with pytest.raises(
            ValueError, match="must not be registered as `symbolic>Transformer`, which is a model of ours"
        ):
            model_class("a_copy:Transformer")
    finally:
        keras.saving.register_keras_serializable(package="symbolic")(Transformer)
        sys.modules.pop("a_copy", None)
    assert keras.saving.get_registered_object("symbolic>Transformer") is Transformer
