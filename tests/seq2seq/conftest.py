"""Small models of both kinds, and the task of reversing a sequence."""

import keras
import numpy as np
import pytest

from symbolic.seq2seq.batches import EvaluationBatches
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.models.transformer import Transformer
from symbolic.seq2seq.special_tokens import END_ID, START_ID
from symbolic.seq2seq.token_store import TokenStore

V = 16


def build(kind: str, num_units: int = 16, num_layers: int = 2, **options) -> keras.Model:
    """An untrained model, with options of its class; its inputs need not have been seen."""
    keras.utils.set_random_seed(0)
    if kind == "transformer":
        sizes = {"num_heads": 2, "feed_forward": 2 * num_units, "max_length": 64}
        model = Transformer(V, V, num_units, num_layers, **sizes, **options)
    else:
        model = AttentionRNN(V, V, num_units, num_heads=2, is_gru=kind == "gru", **options)
    model(reversal(2, seed=0)[0])
    return model


def reversal_store(count: int, seed: int, longest: int = 6) -> TokenStore:
    """Random sequences of 1 to `longest` tokens, and their reversals."""
    rng = np.random.default_rng(seed)
    texts = [rng.integers(4, V, rng.integers(1, longest, endpoint=True)).tolist() for _ in range(count)]
    offsets = np.cumsum([0, *(len(text) + 2 for text in texts)])
    contexts = np.concatenate([[START_ID, *text, END_ID] for text in texts]).astype(np.int32)
    targets = np.concatenate([[START_ID, *reversed(text), END_ID] for text in texts]).astype(np.int32)
    return TokenStore.of((contexts, offsets), (targets, offsets))


def reversal(count: int, seed: int, longest: int = 6):
    """The same as one batch (inputs, labels)."""
    return EvaluationBatches(reversal_store(count, seed, longest), count)[0]


@pytest.fixture(scope="session", params=["gru", "lstm", "transformer"])
def kind(request):
    return request.param


@pytest.fixture(scope="session")
def model(kind):
    """One untrained model of each kind for all tests: do not train it."""
    return build(kind)
