"""The search itself, on a next-logits function that spells, and against the models' full pass."""

import numpy as np
from keras import ops

from symbolic.seq2seq.decoding import GreedyDecoder, greedy, greedy_search
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, START_ID
from tests.seq2seq.conftest import reversal

V = 9
# What each row spells, END or not; after an END the function goes on with nonsense that must not be heard.
SPELLING = np.array([[5, 6, END_ID, 7, 7], [END_ID, 8, 8, 8, 8], [4, 4, 5, 5, 6], [7, 8, 4, END_ID, END_ID]])
PROBABILITY = 0.6


def spelling_logits(tokens, state, position):
    """Row i's next token has PROBABILITY; checks that the token handed in is the one spelt before."""
    spelling, mistakes = state
    expected = ops.where(position == 0, START_ID, ops.take(spelling, ops.maximum(position - 1, 0), axis=1))
    over = ops.any((ops.arange(5) < position) & (spelling == END_ID), axis=1)
    mistakes = mistakes + ops.cast((tokens != expected) & ~over, "int32")
    next_token = ops.one_hot(ops.take(spelling, position, axis=1), V)
    probabilities = next_token * PROBABILITY + (1 - next_token) * (1 - PROBABILITY) / (V - 1)
    return ops.log(probabilities) + 3.0, (spelling, mistakes)


def spelt(max_length):
    state = (ops.convert_to_tensor(SPELLING, "int32"), ops.zeros(4, "int32"))
    return [ops.convert_to_numpy(part) for part in greedy_search(spelling_logits, state, 4, max_length)]


def test_each_row_is_spelt_up_to_its_end():
    ids, lengths, scores = spelt(5)
    assert ids.tolist() == [[5, 6, 3, 0, 0], [3, 0, 0, 0, 0], [4, 4, 5, 5, 6], [7, 8, 4, 3, 0]]
    assert lengths.tolist() == [2, 0, 5, 3]
    np.testing.assert_allclose(scores, np.log(PROBABILITY) * np.array([3, 1, 5, 4]), rtol=1e-5)


def test_the_limit_cuts_rows_off():
    ids, lengths, scores = spelt(2)
    assert ids.tolist() == [[5, 6], [3, 0], [4, 4], [7, 8]]
    assert lengths.tolist() == [2, 0, 2, 2]
    np.testing.assert_allclose(scores, np.log(PROBABILITY) * np.array([2, 1, 2, 2]), rtol=1e-5)


def test_the_search_stops_when_all_rows_have_ended():
    def never_beyond(tokens, state, position):
        return ops.one_hot(ops.full((3,), END_ID), V), state + 1

    ids, lengths, _ = greedy_search(never_beyond, ops.zeros((3,)), 3, max_length=50)
    assert ops.convert_to_numpy(lengths).tolist() == [0, 0, 0]
    assert (ops.convert_to_numpy(ids)[:, 1:] == PADDING_ID).all()


def test_greedy_is_the_argmax_of_the_full_pass_token_by_token(model):
    context, length = reversal(6, seed=1)[0]["context"], 7
    target = np.full((6, length + 1), PADDING_ID)
    target[:, 0] = START_ID
    scores, ended = np.zeros(6), np.zeros(6, bool)
    for position in range(length):
        full_pass = ops.convert_to_numpy(model({"context": context, "target": target[:, :-1]}))
        logits = full_pass[:, position].astype(float)
        log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        target[:, position + 1] = np.where(ended, PADDING_ID, logits.argmax(axis=-1))
        scores += np.where(ended, 0, log_p.max(axis=-1))
        ended |= target[:, position + 1] == END_ID
    decoded = greedy(model, context, length)
    assert decoded.ids.tolist() == target[:, 1:].tolist()
    np.testing.assert_allclose(decoded.scores, scores, atol=1e-4)


def test_one_decoder_serves_batches_of_every_shape(model):
    decode = GreedyDecoder(model, max_length=5)
    for count, longest in ((3, 4), (2, 6), (3, 5)):
        context = reversal(count, seed=2, longest=longest)[0]["context"]
        assert decode(context).ids.tolist() == greedy(model, context, 5).ids.tolist()
