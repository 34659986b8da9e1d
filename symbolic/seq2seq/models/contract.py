"""What a class must meet to be a model here, and how to check it.

A model is a `keras.Model` in one file. It is trained under its line in `MODELS`, or under the name
`my_package.my_module:MyModel`. The checklist:

1. Its constructor takes `context_vocabulary_size`, `target_vocabulary_size` and its own parameters, all by name, and
   passes other keywords to `super().__init__`. It keeps each under the argument's name, and `get_config` returns them.
2. It is registered: `@keras.saving.register_keras_serializable(package="a name of your own")`.
3. Called on {"context": (B, S), "target": (B, T)}, ids padded with 0 on the right, it returns the logits (B, T, V) of
   the next tokens as float32, whatever precision it computes in. It is written with `keras.layers` and `keras.ops`,
   so that it runs on TensorFlow and on JAX.
4. Causality: the logits at a position depend on no later token of the target.
5. Padding columns change no logits at real positions, neither of the context nor of the target.
6. It can be decoded: it has the methods of `NextLogits`, and their steps give the logits of the full pass.
7. Saved and loaded again, it gives the same logits.

It may have `attention_weights(inputs)`, which returns (B, H, T, S); only `Translator.attention` needs it.

`check_model_class` looks at a class, which takes no time; `model_class` runs it. `check_model` runs points 1 and 3 to 6
on an untrained model of a small size, which takes seconds.

Shapes: B problems, S context tokens, T target tokens, V target vocabulary, K hypotheses.
"""

import functools
import inspect
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np
from keras import ops

from symbolic.seq2seq.special_tokens import END_ID, SPECIAL_TOKENS, START_ID

VOCABULARY_SIZES = ("context_vocabulary_size", "target_vocabulary_size")
_METHODS = {
    "call": ("inputs",),
    "start": ("context", "hypotheses", "steps"),
    "step": ("tokens", "state", "position"),
    "with_room": ("state", "steps"),
}


class ModelState(NamedTuple):
    """What a model keeps between two steps of decoding, as nested tuples of tensors.

    Attributes:
        shared: with first axis B, what all hypotheses of a problem share.
        own: with first axes B and K, what each hypothesis has of its own. The search reorders it along K when it
            drops some hypotheses and continues others more than once.
    """

    shared: Any
    own: Any


class NextLogits(Protocol):
    """What a search asks of a model. The search may leave out problems (rows of B) between two steps."""

    def start(self, context, hypotheses: int, steps: int) -> ModelState:
        """The state before the first step, with K = `hypotheses` for each context (B, S) and room for `steps` steps."""

    def step(self, tokens, state: ModelState, position) -> tuple[Any, ModelState]:
        """Logits (B, K, V) after the tokens (B, K) at `position`, and the new state. START is at position 0."""

    def with_room(self, state: ModelState, steps: int) -> ModelState:
        """The state with room for `steps` more steps; a state that does not grow is returned as it is.

        It is called between compiled parts, so the shapes that it returns may depend on the values in the state.
        """


def check_model_class(cls: type) -> None:
    """Check the points of the contract that a class shows without an instance.

    Raises:
        ValueError: names everything that is missing.
    """
    if not (isinstance(cls, type) and issubclass(cls, keras.Model)):
        raise ValueError(f"a model must be a subclass of `keras.Model`. Received: {cls!r}.")
    parameters = inspect.signature(cls).parameters
    faults = [f"its constructor must take `{size}`" for size in VOCABULARY_SIZES if size not in parameters]
    for method, arguments in _METHODS.items():
        if not _takes(cls, method, arguments):
            faults.append(f"it must have a method `{method}({', '.join(arguments)})`")
    if keras.saving.get_registered_object(keras.saving.get_registered_name(cls)) is not cls:
        faults.append("it must be registered with `@keras.saving.register_keras_serializable(package=...)`")
    if faults:
        raise ValueError(f"`{cls.__name__}` does not meet the contract in `{__name__}`: {'; '.join(faults)}.")


def _takes(cls: type, method: str, arguments: tuple[str, ...]) -> bool:
    function = getattr(cls, method, None)
    if function is None or function is getattr(keras.Model, method, None):
        return False
    try:
        inspect.signature(function).bind(cls, *arguments)
    except TypeError:
        return False
    return True


def check_model(model: keras.Model) -> None:
    """Check what a model computes, on a few random sequences. Its precision must be float32.

    Raises:
        ValueError: names the first point of the contract that the model does not meet.
    """
    check_model_class(type(model))
    _check_config(model)
    context, target = _random_ids(model)
    logits = _logits(model, context, target)
    shape = (*target.shape, model.target_vocabulary_size)
    if logits.shape != shape or logits.dtype != np.float32:
        raise _fault(model, f"logits must be float32 of shape {shape}; they are {logits.dtype} of shape {logits.shape}")
    _check_causality(model, context, target, logits)
    _check_padding(model, context, target, logits)
    _check_stepwise(model, context, target)


def _check_config(model: keras.Model) -> None:
    config = model.get_config()
    for size in VOCABULARY_SIZES:
        if config.get(size) is None or getattr(model, size, None) != config[size]:
            raise _fault(model, f"`{size}` must be in its config, and an attribute")
    if type(model).from_config(config).get_config() != config:
        raise _fault(model, "`from_config(get_config())` must give a model of the same config")


def _random_ids(model: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Contexts (3, 7), the second of which is padded, and targets (3, 6) of real tokens."""
    rng = np.random.default_rng(0)
    real = len(SPECIAL_TOKENS)
    context = rng.integers(real, model.context_vocabulary_size, (3, 7))
    target = rng.integers(real, model.target_vocabulary_size, (3, 6))
    context[:, 0] = target[:, 0] = START_ID
    context[:, -1] = END_ID
    context[1, 4:] = END_ID, 0, 0
    return context.astype(np.int32), target.astype(np.int32)


def _check_causality(model: keras.Model, context, target, logits) -> None:
    for position in range(1, target.shape[1]):
        other = target.copy()
        other[:, position:] = END_ID
        if _differ(_logits(model, context, other)[:, :position], logits[:, :position]):
            raise _fault(model, "logits must not depend on later tokens of the target")


def _check_padding(model: keras.Model, context, target, logits) -> None:
    if _differ(_logits(model, np.pad(context, ((0, 0), (0, 3))), target), logits):
        raise _fault(model, "padding columns of the context must change no logits")
    padded = np.pad(target, ((0, 0), (0, 3)))
    if _differ(_logits(model, context, padded)[:, : target.shape[1]], logits):
        raise _fault(model, "padding columns of the target must change no logits at real positions")


def _check_stepwise(model: keras.Model, context, target) -> None:
    """Decode two hypotheses of each problem as a search would: they change places, and a problem leaves the batch."""
    hypotheses, length = 2, target.shape[1]
    half = length // 2
    written = np.stack([target, np.roll(target, -1, axis=0)], axis=1)  # (B, K, T), the tokens of each hypothesis
    state = model.start(context, hypotheses, half)
    _check_axes(model, state, written.shape[:2])
    for position in range(length):
        logits, state = model.step(ops.convert_to_tensor(written[:, :, position]), state, position)
        for hypothesis in range(hypotheses):
            full_pass = _logits(model, context, written[:, hypothesis])[:, position]
            if _differ(ops.convert_to_numpy(logits)[:, hypothesis], full_pass):
                raise _fault(model, f"`step` must give the logits of the full pass; at position {position} it does not")
        if position == 1:
            state = state._replace(own=keras.tree.map_structure(lambda tensor: ops.flip(tensor, axis=1), state.own))
            written[:, :, : position + 1] = written[:, ::-1, : position + 1].copy()
        if position == half - 1:
            left = np.array([2, 0], np.int32)
            state = keras.tree.map_structure(functools.partial(ops.take, indices=left, axis=0), state)
            state = model.with_room(state, length - half)
            context, written = context[left], written[left]


def _check_axes(model: keras.Model, state: ModelState, axes: tuple[int, int]) -> None:
    for tensor in keras.tree.flatten(state.shared):
        if ops.shape(tensor)[0] != axes[0]:
            raise _fault(model, "the first axis of every tensor in `state.shared` must be that of the problems")
    for tensor in keras.tree.flatten(state.own):
        if tuple(ops.shape(tensor)[:2]) != axes:
            raise _fault(model, "the first two axes of every tensor in `state.own` must be problems and hypotheses")


def _logits(model: keras.Model, context: np.ndarray, target: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(model({"context": context, "target": target}))


def _differ(ours: np.ndarray, theirs: np.ndarray) -> bool:
    return not np.allclose(ours, theirs, rtol=0, atol=1e-3 * np.abs(theirs).max())


def _fault(model: keras.Model, rule: str) -> ValueError:
    return ValueError(f"`{type(model).__name__}` does not meet the contract in `{__name__}`: {rule}.")
