"""A trained model with its text processors: text in, text out, kept in one folder.

    model.keras                the model
    context_vocabulary.txt     the tokens of the inputs, one a line
    target_vocabulary.txt      the tokens of the outputs
    translator.json            the longest sequence it reads or writes, and the SHA-256 of both vocabularies

Loading a folder runs no code that the folder names, so that a folder from anywhere can be loaded. `model.keras` names
the class of its model; that class must be one of `MODELS`, or of a module that is already imported. Whoever saved a
model of a class of their own imports its module first.

A loaded translator answers in NumPy, without Keras and its backend, if its model has a line in `NUMPY_MODELS`. Keras
answers for all other models, and once somebody has asked for the Keras model itself, whose weights may then change.
"""

from __future__ import annotations

import functools
import inspect
import io
import json
import logging
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.files import read_json
from symbolic.runtime.imports import imported
from symbolic.runtime.lines import MAX_TOKENS
from symbolic.runtime.progress import tqdm
from symbolic.runtime.startup import import_keras
from symbolic.seq2seq.grammar import Grammar
from symbolic.seq2seq.keras_file import WEIGHTS, ModelConfig, Weights, named_errors, read_config
from symbolic.seq2seq.models import MODELS, NUMPY_MODELS, model_class
from symbolic.seq2seq.models.numpy_layers import NotInNumPyError
from symbolic.seq2seq.numpy_decoding import NumPyModel, NumPySearch
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.searches import Greedy, Hypothesis, Search
from symbolic.seq2seq.shapes import WIDTH_BLOCK
from symbolic.seq2seq.special_tokens import UNKNOWN_ID
from symbolic.seq2seq.token_store import padded

if TYPE_CHECKING:
    import h5py
    import keras

    from symbolic.seq2seq.decoding import CompiledSearch

_log = logging.getLogger(__name__)

_SHOWN_TOKENS = 5
MODEL, SETTINGS = "model.keras", "translator.json"
CONTEXT_VOCABULARY, TARGET_VOCABULARY = "context_vocabulary.txt", "target_vocabulary.txt"
_KERAS_ARGUMENTS = ("name", "trainable", "dtype")  # of every Keras model


class Attention(NamedTuple):
    """Attention weights, and the tokens that they belong to.

    Attributes:
        weights: (heads, answer tokens, context tokens), each row summing to 1.
        context: the tokens of the input.
        answer: the tokens written, one for each row of a head's weights.
    """

    weights: np.ndarray
    context: list[str]
    answer: list[str]


class Translator:
    """A model, its two processors, and the most tokens it reads or writes ([START] and [END] included).

    Args:
        model: a Keras model.

    Attributes:
        model: the Keras model; of a translator that was loaded from a folder, Keras loads it when it is first used.
    """

    def __init__(
        self, model: keras.Model, context_processor: TextProcessor, target_processor: TextProcessor, max_length: int
    ):
        self._set(model, None, context_processor, target_processor, max_length)

    def _set(self, model, in_numpy, context_processor, target_processor, max_length) -> None:
        self.context_processor, self.target_processor = context_processor, target_processor
        self.max_length = max_length
        self._model: keras.Model | Path = model  # or the file to load it from
        self._in_numpy: NumPyModel | None = in_numpy
        self._searches: dict = {}  # see `_search`
        self._warned: set[str] = set()

    @property
    def model(self) -> keras.Model:
        if isinstance(self._model, Path):
            self._model = _keras_model(self._model)
            self._in_numpy = None
        return self._model

    def translate(
        self,
        texts: Sequence[str],
        search: Search = Greedy(),
        grammar: Grammar | None = None,
        others: Sequence[keras.Model] = (),
        batch_size: int = 320,
        progress: bool = False,
    ) -> list[list[Hypothesis]]:
        """The outputs that a search finds for each input, best first; none for an input longer than the model reads.

        Inputs of similar length are decoded together. The outputs do not depend on which inputs these are. The first
        time that inputs hold tokens which the model has never seen, that is logged as a warning.

        Args:
            search: its settings.
            grammar: every output is well formed under it. Without one an output may be cut off at `max_length`.
            others: models with the same vocabularies; the search uses the mean of all log-probabilities.
            batch_size: hypotheses that are decoded together.
            progress: show a progress bar.

        Raises:
            ValueError: the grammar does not fit the vocabulary, or another model has another vocabulary.
        """
        if others:
            self._check_vocabularies(others)
        ids, offsets = self.context_processor.encode(texts)
        if (ids == UNKNOWN_ID).any():
            self._warn_of_unknown_tokens(texts)
        lengths = np.diff(offsets)
        fitting = np.flatnonzero(lengths <= self.max_length)
        order = fitting[np.argsort(lengths[fitting], kind="stable")]
        answers: list[list[Hypothesis]] = [[] for _ in texts]
        decode = self._search(search, others)
        batch_size = max(1, batch_size // search.hypotheses)
        with tqdm(total=len(order), desc="decoding", unit="problem", disable=not progress) as bar:
            for start in range(0, len(order), batch_size):
                rows = order[start : start + batch_size]
                # Few widths, since each is compiled.
                width = min(-(-lengths[rows].max() // WIDTH_BLOCK) * WIDTH_BLOCK, self.max_length)
                for row, *found in zip(
                    rows, *decode(padded(ids, offsets[rows], lengths[rows], width), grammar, rows), strict=True
                ):
                    answers[row] = self._hypotheses(*found)
                bar.update(len(rows))
        return answers

    def attention(self, text: str, answer: str | None = None) -> Attention:
        """The weights that the last layer of cross-attention gives to the input's tokens, for every token of an answer.

        Args:
            answer: any answer; that of greedy search if None.

        Raises:
            ValueError: the input is longer than the model reads, or the model has no `attention_weights`.
        """
        if not hasattr(self.model, "attention_weights"):
            raise ValueError(f"a model of the class `{type(self.model).__name__}` has no `attention_weights` to show")
        context, _ = self.context_processor.encode([text])
        if len(context) > self.max_length:
            raise ValueError(f"the input needs {len(context)} tokens, and this model reads at most {self.max_length}")
        if answer is None:
            answer = self.translate([text])[0][0].text
        target, _ = self.target_processor.encode([answer])
        written = min(len(target) - 1, self.max_length)  # an answer that was cut off has no END
        target_input = np.pad(target[:written], (0, max(0, 2 - written)))[None, :]  # Keras warns of a single column
        import keras

        weights = self.model.attention_weights({"context": context[None, :], "target": target_input})
        return Attention(
            weights=keras.ops.convert_to_numpy(weights)[0, :, :written],
            context=[self.context_processor.vocabulary[token] for token in context],
            answer=[self.target_processor.vocabulary[token] for token in target[1 : written + 1]],
        )

    def _warn_of_unknown_tokens(self, texts: Sequence[str]) -> None:
        """Log once which tokens the model has never seen."""
        if "unknown" not in self._warned:
            self._warned.add("unknown")
            unknown = self.context_processor.unknown_tokens(texts)
            shown = ", ".join(f"{token} {count:,}" for token, count in unknown.most_common(_SHOWN_TOKENS))
            more = f", and {len(unknown) - _SHOWN_TOKENS} more" if len(unknown) > _SHOWN_TOKENS else ""
            words = "%d tokens in the inputs are not in the model's vocabulary (%s%s): it reads each as [UNK]."
            _log.warning(words, unknown.total(), shown, more)

    def _search(self, search: Search, others: Sequence[keras.Model]) -> CompiledSearch | NumPySearch:
        """The search with these models, compiled once if Keras answers."""
        in_numpy = self._in_numpy  # once, because another thread may ask for the Keras model
        if in_numpy is not None and not others:
            return NumPySearch([in_numpy], search, self.max_length)
        from symbolic.seq2seq.decoding import CompiledSearch

        models = (self.model, *others)
        key = (search, *map(id, models))  # a compiled search keeps its models, so no other model gets their ids
        if key not in self._searches:
            self._searches[key] = CompiledSearch(models, search, self.max_length)
        return self._searches[key]

    def _hypotheses(self, ids: np.ndarray, scores: np.ndarray) -> list[Hypothesis]:
        """The outputs of one problem as text, from (N, L) ids and (N,) scores."""
        exists = np.isfinite(scores)
        texts = self.target_processor.decode(ids[exists])
        return [Hypothesis(*pair) for pair in zip(texts, scores[exists].tolist(), strict=True)]

    def _check_vocabularies(self, others: Sequence[keras.Model]) -> None:
        ours = (self.model.context_vocabulary_size, self.model.target_vocabulary_size)
        for other in others:
            theirs = (other.context_vocabulary_size, other.target_vocabulary_size)
            if theirs != ours:
                raise ValueError(
                    f"`others` must have the vocabularies of `model`, {ours[0]} and {ours[1]} tokens. "
                    f"Received: a model with {theirs[0]} and {theirs[1]}."
                )

    def save(self, folder: Path | str, half: bool = False) -> None:
        """Write the four files; each is written completely or not at all.

        Args:
            half: store the weights in float16, which halves the file; they are read as float32 again.
        """
        folder = Path(folder)
        self.context_processor.save(folder / CONTEXT_VOCABULARY)
        self.target_processor.save(folder / TARGET_VOCABULARY)
        with atomic_path(folder / SETTINGS) as temporary:
            settings = {
                "max_length": self.max_length,
                "vocabularies": {"context": self.context_processor.digest(), "target": self.target_processor.digest()},
            }
            temporary.write_text(json.dumps(settings) + "\n", encoding="utf-8")
        with atomic_path(folder / MODEL) as temporary:
            self.model.save(temporary)
            if half:
                _halve(temporary)

    @classmethod
    def load(cls, folder: Path | str) -> Translator:
        """Read what `save` wrote, in Keras's safe mode; no module is imported that a file names.

        Raises:
            FileNotFoundError: the folder does not hold a trained model.
            ValueError: the model's class is not known in this process or does not meet `models.contract`, its weights
                do not belong to it, or vocabularies and model do not belong together.
        """
        folder = Path(folder)
        for file in (MODEL, CONTEXT_VOCABULARY, TARGET_VOCABULARY, SETTINGS):
            if not (folder / file).is_file():
                raise FileNotFoundError(f"{folder} does not hold a trained model: it has no {file}")
        settings = _read_settings(folder / SETTINGS)
        contexts = TextProcessor.load(folder / CONTEXT_VOCABULARY)
        targets = TextProcessor.load(folder / TARGET_VOCABULARY)
        path = folder / MODEL
        in_numpy = numpy_model(path)
        translator = cls.__new__(cls)
        model = _keras_model(path) if in_numpy is None else path.resolve()
        translator._set(model, in_numpy, contexts, targets, settings["max_length"])
        for side, processor in (("context", contexts), ("target", targets)):
            size = getattr(model if in_numpy is None else in_numpy, f"{side}_vocabulary_size")
            if len(processor) != size:
                raise ValueError(f"{folder}: {side}_vocabulary.txt has {len(processor)} tokens and the model {size}")
            if settings["vocabularies"].get(side, processor.digest()) != processor.digest():
                raise ValueError(
                    f"{folder}: {side}_vocabulary.txt is not the vocabulary that the model was saved with; "
                    f"the digest in {SETTINGS} is another."
                )
        return translator


def _read_settings(path: Path) -> dict[str, Any]:
    """The content of `translator.json`; folders of earlier versions have no digests.

    Raises:
        ValueError: it is damaged.
    """
    match settings := {"vocabularies": {}, **read_json(path)}:
        case {"max_length": int(length), "vocabularies": dict()} if length in range(3, MAX_TOKENS + 3):
            return settings
    raise ValueError(f"{path} is damaged: `max_length` must be an integer from 3 to {MAX_TOKENS + 2:,}.")


def numpy_model(path: Path) -> NumPyModel | None:
    """The model of a file in NumPy; None if there is no such module, or it lacks what the model needs."""
    config = read_config(path)
    if config.registered_name not in NUMPY_MODELS or not _is_float32(config):
        return None
    cls = imported("model", NUMPY_MODELS[config.registered_name])
    options = {name: value for name, value in config.arguments.items() if name not in _KERAS_ARGUMENTS}
    if not options.keys() <= inspect.signature(cls).parameters.keys():
        return None
    weights = Weights.read(path)
    with named_errors(path):
        try:
            model = cls(weights, **options)
        except NotInNumPyError:
            return None
    weights.check_all_taken()
    return model


def _is_float32(config: ModelConfig) -> bool:
    """Whether a model computes in float32, as NumPy does."""
    policy = config.arguments.get("dtype")
    return (policy["config"].get("name") if isinstance(policy, dict) else policy) == "float32"


def _keras_model(path: Path) -> keras.Model:
    """The model in a Keras archive, whose class must be known in this process and meet the contract of models."""
    import_keras()
    import keras

    from symbolic.seq2seq.models.contract import check_model_class

    for name in MODELS:
        model_class(name)  # which registers it
    config = read_config(path)
    cls = keras.saving.get_registered_object(config.registered_name)
    if cls is None:
        module = config.module
        raise ValueError(
            f"{path} holds a model of the class `{module}:{config.class_name}`, and this process knows "
            f"{', '.join(MODELS)} and the classes of imported modules. If you trust that module, `import {module}` "
            f"before you load the model, or on the command line `symbolic --import {module} ...`."
        )
    check_model_class(cls)
    from symbolic.seq2seq.loading import load_model

    return load_model(path)


def _halve(path: Path) -> None:
    """Rewrite a Keras archive with its float32 weights in float16."""
    import h5py

    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    halved = io.BytesIO()
    with h5py.File(io.BytesIO(parts[WEIGHTS])) as weights, h5py.File(halved, "w") as smaller:
        for name, value in weights.attrs.items():
            smaller.attrs[name] = value
        weights.visititems(functools.partial(_copy_halved, smaller))
    parts[WEIGHTS] = halved.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _copy_halved(to: h5py.File, name: str, item: h5py.Group | h5py.Dataset) -> None:
    import h5py

    if isinstance(item, h5py.Dataset):
        is_weight = item.dtype == np.float32
        copy = to.create_dataset(name, data=item[()], dtype=np.float16 if is_weight else item.dtype)
    else:
        copy = to.require_group(name)
    for key, value in item.attrs.items():
        copy.attrs[key] = value
