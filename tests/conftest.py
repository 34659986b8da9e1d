"""Small models that know a few answers by heart: what the solver, the command line and the plots are tested with."""

import signal

import keras
import pytest

from symbolic.seq2seq.batches import as_input, training_batches
from symbolic.seq2seq.losses import MaskedCrossEntropy
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.shapes import Source
from symbolic.seq2seq.token_store import TokenStore
from symbolic.seq2seq.translator import Translator

# The background job of a shell ignores Ctrl-C, and so would the programs that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What it has learnt, and one answer that is wrong, for the judge.
LEARNT = {
    "sub Y' cos x": "sin x",
    "sub Y' mul INT+ 2 x": "pow x INT+ 2",
    "sub Y' sin x": "cos x",
}


# Equations as the training data spell them; the first answer is general, the second is not.
LEARNT_EQUATIONS = {
    "add Y add Y' mul INT- 1 x": "add INT- 1 add x mul a8 exp mul INT- 1 x",
    "add Y' mul INT- 1 Y": "exp x",
    "sub Y' cos x": "sin x",
    "sub Y' x": "mul div INT+ 1 INT+ 2 pow x INT+ 2",
}


def overfitted(pairs: dict[str, str]) -> Translator:
    """An attention RNN that has learnt pairs by heart."""
    keras.utils.set_random_seed(0)
    contexts, targets = TextProcessor.adapt(pairs), TextProcessor.adapt(pairs.values())
    model = AttentionRNN(len(contexts), len(targets), num_units=32, num_heads=2)
    model.compile(keras.optimizers.Adam(0.01), MaskedCrossEntropy())
    store = TokenStore.of(contexts.encode(pairs), targets.encode(pairs.values()))
    batches = training_batches([Source(store)], batch_size=len(pairs), max_length=32, seed=0)
    model.fit(as_input(batches), steps_per_epoch=80, shuffle=False, verbose=0)
    return Translator(model, contexts, targets, max_length=32)


@pytest.fixture(scope="session")
def translator() -> Translator:
    """It has learnt integrals alone."""
    return overfitted(LEARNT)


@pytest.fixture(scope="session")
def ode_translator() -> Translator:
    """It has learnt equations of first order and integrals."""
    return overfitted(LEARNT_EQUATIONS)


@pytest.fixture(scope="session")
def model_folder(translator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    translator.save(folder)
    return folder
