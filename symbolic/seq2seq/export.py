"""A translator as a TensorFlow SavedModel: text to text, for programs with only TensorFlow and TensorFlow Text.

    translate = tf.saved_model.load(folder).signatures["serving_default"]
    translate(tf.constant(["first input", "second input"]))

takes texts (B,) and returns `answers` (B, N), the best first, and their `scores` (B, N). Where a search finds fewer
answers, the rest are empty with a score of minus infinity. An input longer than the model reads has no answer. The
whole search is one graph. In it, unlike in `Translator.translate`, problems that are done wait for the rest of the
batch.
"""

import os
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from symbolic.seq2seq.decoding import decode
from symbolic.seq2seq.grammar import Grammar, rules_of
from symbolic.seq2seq.searches import Beam, Greedy
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID
from symbolic.seq2seq.translator import Translator


def export(
    translator: Translator, folder: Path | str, search: Greedy | Beam = Greedy(), grammar: Grammar | None = None
) -> None:
    """Write a SavedModel of a translator with a search; the folder is written completely or not at all.

    Args:
        translator: its model runs on Keras's TensorFlow backend.
        folder: does not exist, or is empty.
        search: its settings; N is what the search returns.
        grammar: every answer is well formed under it.

    Raises:
        ValueError: Keras runs on another backend, or the grammar does not fit the translator.
        FileExistsError: the folder is not empty.
    """
    folder = Path(folder)
    if keras.backend.backend() != "tensorflow":
        raise ValueError(f"a SavedModel needs Keras's TensorFlow backend. Received: {keras.backend.backend()}.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is not empty; a SavedModel is written to a new folder")
    module = _TextToText(translator, search, grammar)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as beside:
        temporary = Path(beside) / folder.name
        tf.saved_model.save(module, temporary, signatures=module.translate)
        os.replace(temporary, folder)


class _TextToText(tf.Module):
    """What is saved. All that its graph uses is an attribute, because TensorFlow saves nothing else."""

    def __init__(self, translator: Translator, search: Greedy | Beam, grammar: Grammar | None):
        super().__init__()
        self._model, self._table = translator.model, translator.context_processor.table
        rules = None
        if grammar is not None:
            rules = rules_of(grammar, len(translator.target_processor), translator.max_length)
        vocabulary = tf.constant(translator.target_processor.vocabulary)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="texts")])
        def translate(texts):
            count = tf.shape(texts)[0]
            texts = tf.cond(count > 0, lambda: texts, lambda: tf.constant([""]))  # a search needs something to search
            ids = translator.context_processor.ids_of(texts)
            fits = (ids.row_lengths() <= translator.max_length)[:, None]
            context = ids[:, : translator.max_length].to_tensor(PADDING_ID)
            found, scores = decode([translator.model], context, search, translator.max_length, rules)
            return {
                "answers": tf.where(fits, _texts(found, vocabulary), "")[:count],
                "scores": tf.where(fits, scores, -np.inf)[:count],
            }

        self.translate = translate


def _texts(ids: tf.Tensor, vocabulary: tf.Tensor) -> tf.Tensor:
    """The texts (B, N) of ids (B, N, L) that end with END and padding, or are cut off."""
    batch, hypotheses, length = tf.unstack(tf.shape(ids))
    ids = tf.reshape(ids, (-1, length))
    words = tf.ragged.boolean_mask(tf.gather(vocabulary, ids), (ids != END_ID) & (ids != PADDING_ID))
    return tf.reshape(tf.strings.reduce_join(words, axis=-1, separator=" "), (batch, hypotheses))
