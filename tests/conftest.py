"""A small model that has learnt one integral: what the solver, the command line and the plots are tested with."""

import keras
import pytest

from symbolic.seq2seq.attention_rnn import AttentionRNN
from symbolic.seq2seq.batches import training_batches
from symbolic.seq2seq.losses import MaskedCrossEntropy
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.token_store import TokenStore
from symbolic.seq2seq.translator import Translator

# What it has learnt, and one answer that is wrong, for the judge.
LEARNT = {
    "sub Y' cos x": "sin x",
    "sub Y' mul INT+ 2 x": "pow x INT+ 2",
    "sub Y' sin x": "cos x",
}


@pytest.fixture(scope="session")
def translator() -> Translator:
    """An attention RNN overfitted to `LEARNT`."""
    keras.utils.set_random_seed(0)
    contexts, targets = TextProcessor.adapt(LEARNT), TextProcessor.adapt(LEARNT.values())
    model = AttentionRNN(len(contexts), len(targets), num_units=32, num_heads=2)
    model.compile(keras.optimizers.Adam(0.01), MaskedCrossEntropy())
    store = TokenStore(contexts.encode(LEARNT), targets.encode(LEARNT.values()))
    model.fit(training_batches(store, 3, seed=0), steps_per_epoch=80, shuffle=False, verbose=0)
    return Translator(model, contexts, targets, max_length=32)


@pytest.fixture(scope="session")
def model_folder(translator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    translator.save(folder)
    return folder
