"""Texts to token ids and back.

TensorFlow is imported only by what a graph of TensorFlow needs, `TextProcessor.ids_of` with its table. In such a graph
TensorFlow Text splits texts, with the same result.
"""

from __future__ import annotations

import functools
import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.runtime.atomic import atomic_path
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, SPECIAL_TOKENS, START_ID, UNKNOWN_ID

if TYPE_CHECKING:
    import tensorflow as tf


class TextProcessor:
    """Turns texts into id sequences with one vocabulary, and back.

    A text is normalised (Unicode NFKC, case kept) and split at whitespace. No text can spell a special token: a literal
    `[START]` in a text is an unknown token like any other.

    Args:
        vocabulary: the real tokens, without the special ones; token i gets the id i + 4.

    Attributes:
        vocabulary: all tokens in the order of their ids, the special ones first.

    Raises:
        ValueError: a token is repeated, is special, or would not survive normalisation and splitting.

    Examples:
        >>> processor = TextProcessor.adapt(["a b", "b c"])
        >>> processor.decode([[2, 4, 5, 3, 0]])
        ['b a']
    """

    def __init__(self, vocabulary: Sequence[str]):
        _check_vocabulary(vocabulary)
        self.vocabulary = [*SPECIAL_TOKENS, *vocabulary]
        self._ids = {token: id_ for id_, token in enumerate(vocabulary, len(SPECIAL_TOKENS))}

    def __len__(self) -> int:
        return len(self.vocabulary)

    @classmethod
    def adapt(cls, texts: Iterable[str]) -> TextProcessor:
        """A processor for all tokens in the texts, the most frequent first and equally frequent ones by spelling."""
        counts = Counter(token for text in texts for token in _tokens(text))
        return cls(sorted(counts, key=lambda token: (-counts[token], token)))

    def encode(self, texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Ids of texts, each between START and END.

        Returns:
            All ids one after another (int32), and the n + 1 offsets at which the texts begin and the last one ends
            (int64): text i is `ids[offsets[i] : offsets[i + 1]]`.
        """
        ids, offsets = [], [0]
        for text in texts:
            ids += [START_ID, *(self._ids.get(token, UNKNOWN_ID) for token in _tokens(text)), END_ID]
            offsets.append(len(ids))
        return np.array(ids, np.int32), np.array(offsets, np.int64)

    @functools.cached_property
    def table(self) -> tf.lookup.StaticHashTable:
        """The hash table from real tokens to ids; an exported graph that uses it must hold it as an attribute."""
        import tensorflow as tf

        tokens = tf.constant(list(self._ids), tf.string)
        ids = tf.range(len(SPECIAL_TOKENS), len(self.vocabulary))
        return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tokens, ids), UNKNOWN_ID)

    def ids_of(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Ids (texts, tokens), int32, of a string tensor of texts, each between START and END; runs in any graph."""
        import tensorflow as tf
        import tensorflow_text as tf_text

        tokens = tf_text.WhitespaceTokenizer().tokenize(tf_text.normalize_utf8(texts, "NFKC"))
        rows = tokens.with_flat_values(self.table.lookup(tokens.flat_values))
        edge = tf.ones((rows.nrows(), 1), tf.int32)
        return tf.concat([edge * START_ID, rows, edge * END_ID], axis=1)

    def decode(self, ids: np.ndarray) -> list[str]:
        """The texts of an id matrix (B, T): each row up to its first END, without START and padding."""
        texts = []
        for row in np.asarray(ids).tolist():
            end = row.index(END_ID) if END_ID in row else len(row)
            texts.append(" ".join(self.vocabulary[i] for i in row[:end] if i not in (START_ID, PADDING_ID)))
        return texts

    def unknown_tokens(self, texts: Iterable[str]) -> Counter[str]:
        """The tokens of the texts that the vocabulary lacks, and how often each occurs."""
        return Counter(token for text in texts for token in _tokens(text) if token not in self._ids)

    def digest(self) -> str:
        """The SHA-256 of the real tokens in their order."""
        return hashlib.sha256("\n".join(self.vocabulary[len(SPECIAL_TOKENS) :]).encode()).hexdigest()

    def save(self, path: str | os.PathLike) -> None:
        """Write the real tokens to a UTF-8 text file, one on each line; it is complete or not written."""
        with atomic_path(path) as temporary:
            temporary.write_text("\n".join(self.vocabulary[len(SPECIAL_TOKENS) :]) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike) -> TextProcessor:
        """Read a processor that `save` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not a vocabulary.
        """
        try:
            return cls(Path(path).read_text(encoding="utf-8-sig").removesuffix("\n").split("\n"))
        except ValueError as error:  # of the vocabulary, or UnicodeDecodeError
            raise ValueError(f"{path} is not a vocabulary: {error}") from None


def _tokens(text: str) -> list[str]:
    return unicodedata.normalize("NFKC", text).split()


def _check_vocabulary(vocabulary: Sequence[str]) -> None:
    repeated = [token for token, count in Counter(vocabulary).items() if count > 1]
    if repeated:
        raise ValueError(f"`vocabulary` must not repeat a token. Received more than once: {repeated[:5]}.")
    special = [token for token in vocabulary if token in SPECIAL_TOKENS]
    if special:
        raise ValueError(f"`vocabulary` must not contain the special tokens {SPECIAL_TOKENS}. Received: {special}.")
    broken = [token for token in vocabulary if _tokens(token) != [token]]
    if broken:
        raise ValueError(
            "`vocabulary` must hold tokens without whitespace, in Unicode's NFKC form, or no text can contain them. "
            f"Received: {broken[:5]}."
        )
