"""The models by name, and how a model of one's own is named; `contract` lists what a model must meet.

Importing this package loads no Keras: a model's module is imported when its class is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.runtime.imports import imported
from symbolic.runtime.names import did_you_mean

if TYPE_CHECKING:
    import keras

_HERE = "symbolic.seq2seq.models"

MODELS = {
    "attention_rnn": f"{_HERE}.attention_rnn:AttentionRNN",
    "transformer": f"{_HERE}.transformer:Transformer",
}

# What computes the same in NumPy, by the name under which Keras knows a class; `numpy_decoding.NumPyModel` says what
# it must offer. A model without a line here is answered by Keras.
NUMPY_MODELS = {
    "symbolic>AttentionRNN": f"{_HERE}.numpy_attention_rnn:NumPyAttentionRNN",
    "symbolic>Transformer": f"{_HERE}.numpy_transformer:NumPyTransformer",
}


def model_class(name: str) -> type[keras.Model]:
    """The model of a name in `MODELS`, or the class that `my_package.my_module:MyModel` names.

    Raises:
        ValueError: there is no such name, its module cannot be imported, or what it names does not meet the contract.
    """
    if name in MODELS:
        return imported("model", MODELS[name])
    if ":" not in name:
        raise ValueError(
            f"unknown model `{name}`.{did_you_mean(name, MODELS)} Known: {', '.join(MODELS)}, "
            "and a class of your own as `my_package.my_module:MyModel`."
        )
    import keras

    from symbolic.seq2seq.models.contract import check_model_class

    cls = imported("model", name)
    check_model_class(cls)
    for ours in map(model_class, MODELS):  # a copy of our file, say, whose package was not changed
        registered_name = keras.saving.get_registered_name(ours)
        if cls is not ours and keras.saving.get_registered_name(cls) == registered_name:
            raise ValueError(f"model `{name}` must not be registered as `{registered_name}`, which is a model of ours.")
    return cls
