"""The models by name, and how a model of one's own is named; `contract` lists what a model must meet."""

import keras

from symbolic.runtime.imports import imported
from symbolic.runtime.names import did_you_mean
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.models.contract import check_model_class
from symbolic.seq2seq.models.transformer import Transformer

MODELS: dict[str, type[keras.Model]] = {"attention_rnn": AttentionRNN, "transformer": Transformer}


def model_class(name: str) -> type[keras.Model]:
    """The model of a name in `MODELS`, or the class that `my_package.my_module:MyModel` names.

    Raises:
        ValueError: there is no such name, its module cannot be imported, or what it names does not meet the contract.
    """
    if name in MODELS:
        return MODELS[name]
    if ":" not in name:
        raise ValueError(
            f"unknown model `{name}`.{did_you_mean(name, MODELS)} Known: {', '.join(MODELS)}, "
            "and a class of your own as `my_package.my_module:MyModel`."
        )
    cls = imported("model", name)
    check_model_class(cls)
    for ours in MODELS.values():  # a copy of our file, say, whose package was not changed
        registered_name = keras.saving.get_registered_name(ours)
        if cls is not ours and keras.saving.get_registered_name(cls) == registered_name:
            raise ValueError(f"model `{name}` must not be registered as `{registered_name}`, which is a model of ours.")
    return cls
