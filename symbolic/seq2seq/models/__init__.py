"""The models by name, and how a model of one's own is named; `contract` lists what a model must meet."""

import keras

from symbolic.runtime.imports import imported
from symbolic.runtime.names import did_you_mean
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.models.transformer import Transformer

MODELS: dict[str, type[keras.Model]] = {"attention_rnn": AttentionRNN, "transformer": Transformer}


def model_class(name: str) -> type[keras.Model]:
    """The model of a name in `MODELS`, or the class that `my_package.my_module:MyModel` names.

    Raises:
        ValueError: there is no such name, its module cannot be imported, or what it names is no Keras model.
    """
    if name in MODELS:
        return MODELS[name]
    if ":" not in name:
        raise ValueError(
            f"unknown model `{name}`.{did_you_mean(name, MODELS)} Known: {', '.join(MODELS)}, "
            "and a class of your own as `my_package.my_module:MyModel`."
        )
    found = imported("model", name)
    if not (isinstance(found, type) and issubclass(found, keras.Model)):
        raise ValueError(f"model `{name}` must be a subclass of `keras.Model`. Received: {found!r}.")
    return found
