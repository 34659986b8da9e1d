"""A model is named by its line in `MODELS`, or by its module and class."""

import pytest

from symbolic.seq2seq.models import MODELS, model_class
from symbolic.seq2seq.models.transformer import Transformer


def test_every_name_gives_its_class():
    for name, cls in MODELS.items():
        assert model_class(name) is cls
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
def test_a_name_that_is_none_is_an_error_that_says_what_there_is(name, message):
    with pytest.raises(ValueError, match=message):
        model_class(name)
