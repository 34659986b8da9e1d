"""Batches depend on seed and step alone, hold every pair once a pass, and suit what Keras expects of widths."""

from itertools import islice

import numpy as np
import pytest

from symbolic.seq2seq.batches import (
    BATCHES_PER_WINDOW,
    WIDTH_BLOCK,
    EvaluationBatches,
    exceeding,
    padded,
    streamed_batches,
    training_batches,
)
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, START_ID
from symbolic.seq2seq.token_store import TokenStore


def random_store(count, longest=60, seed=0):
    """Pairs of random lengths; the first context token and the first target token tell the pair's number."""
    rng = np.random.default_rng(seed)

    def sequences():
        rows = [[START_ID, 10 + i, *rng.integers(4, 10, rng.integers(longest)), END_ID] for i in range(count)]
        return np.concatenate(rows).astype(np.int32), np.cumsum([0, *map(len, rows)])

    return TokenStore(sequences(), sequences())


def pairs(batches):
    """All pairs of batches as (context, target) lists without padding, checking the form of each batch."""
    for inputs, labels in batches:
        context, target = inputs["context"], inputs["target"]
        assert context.dtype == target.dtype == labels.dtype == np.int32
        assert target.shape == labels.shape and len(context) == len(target)
        for row in range(len(context)):
            real = labels[row][labels[row] != PADDING_ID]
            given = target[row][target[row] != PADDING_ID]
            assert given[0] == START_ID and real[-1] == END_ID and given[1:].tolist() == real[:-1].tolist()
            assert (labels[row][len(real) :] == PADDING_ID).all() and len(given) == len(real)
            yield context[row][context[row] != PADDING_ID].tolist(), [START_ID, *real.tolist()]


def all_pairs(store):
    return sorted((store.context(i).tolist(), store.target(i).tolist()) for i in range(len(store)))


def test_every_pass_holds_every_pair_once_in_another_order():
    store, batch_size = random_store(1000), 16
    steps = -(-len(store) // batch_size)
    batches = training_batches(store, batch_size, seed=1)
    first, second = (list(pairs(islice(batches, steps))) for _ in range(2))
    assert sorted(first) == sorted(second) == all_pairs(store)
    assert first != second


def test_a_batch_depends_on_seed_and_step_alone():
    store = random_store(100)
    whole = list(islice(training_batches(store, 8, seed=3), 40))
    for start in (1, 12, 13, 14, 30):
        for ours, theirs in zip(training_batches(store, 8, seed=3, start_step=start), whole[start:], strict=False):
            np.testing.assert_equal(ours, theirs)
    other = list(islice(training_batches(store, 8, seed=4), 40))
    assert list(pairs(other)) != list(pairs(whole))


def test_streamed_batches_hold_every_pair_once_and_can_be_entered_anywhere():
    size = BATCHES_PER_WINDOW * 4
    windows = [random_store(size, seed=number) for number in range(3)]
    whole = list(streamed_batches(windows, 4, seed=5))
    assert len(whole) == 3 * BATCHES_PER_WINDOW
    assert sorted(pairs(whole)) == sorted(pair for window in windows for pair in all_pairs(window))
    for start in (7, BATCHES_PER_WINDOW, 2 * BATCHES_PER_WINDOW + 9):
        entered = list(streamed_batches(windows[start // BATCHES_PER_WINDOW :], 4, seed=5, start_step=start))
        assert len(entered) == len(whole) - start
        for ours, theirs in zip(entered, whole[start:], strict=True):
            np.testing.assert_array_equal(ours[0]["context"], theirs[0]["context"])
            np.testing.assert_array_equal(ours[1], theirs[1])


def test_pairs_of_similar_length_come_together():
    store = random_store(4000)
    longest = np.maximum(store.context_lengths, store.target_lengths - 1)
    batches = islice(training_batches(store, 32, seed=0), 125)
    columns = [max(inputs["context"].shape[1], labels.shape[1]) for inputs, labels in batches]
    assert longest.mean() + 2 * WIDTH_BLOCK < longest.max()
    assert np.mean(columns) < longest.mean() + WIDTH_BLOCK


def test_evaluation_holds_every_pair_once_and_says_which():
    store = random_store(90)
    batches = EvaluationBatches(store, 16)
    found = list(pairs(batches[i] for i in range(len(batches))))
    assert sorted(found) == all_pairs(store)
    assert found == [(store.context(i).tolist(), store.target(i).tolist()) for i in batches.rows]


def test_limited_evaluation_takes_the_first_pairs():
    batches = EvaluationBatches(random_store(90), 16, steps=2)
    assert len(batches) == 2 and sorted(batches.rows) == list(range(32))


@pytest.mark.parametrize("longest", [3, 30])
def test_neighbouring_batches_never_agree_in_a_width_and_widths_are_few(longest):
    store = random_store(200, longest)
    evaluation = EvaluationBatches(store, 16)
    for batches in (list(islice(training_batches(store, 16, seed=0), 60)), [evaluation[i] for i in range(13)]):
        for (inputs, _), (next_inputs, _) in zip(batches, batches[1:], strict=False):
            for name in inputs:
                assert inputs[name].shape[1] != next_inputs[name].shape[1]
                assert inputs[name].shape[1] % (WIDTH_BLOCK // 2) == 0


def test_without_exceeding_pairs_no_batch_is_too_wide():
    store = random_store(300)
    too_long = exceeding(store, 48)
    assert 0 < too_long.sum() < 300
    kept = store.select(~too_long)
    widths = [inputs[name].shape[1] for inputs, _ in islice(training_batches(kept, 4, 0), 150) for name in inputs]
    assert max(widths) <= 48
    assert not exceeding(store, 72).any() and exceeding(store, 4).any()


def test_padding_rows_by_hand():
    ids, offsets = np.array([5, 6, 7, 8], np.int32), np.array([0, 1, 1, 4])
    assert padded(ids, offsets, np.array([2, 0])).tolist() == [[6, 7, 8], [5, 0, 0]]
    assert padded(ids, offsets, np.array([1]), width=2).tolist() == [[0, 0]]


def test_empty_stores_are_refused():
    empty = random_store(3).select(np.zeros(3, bool))
    with pytest.raises(ValueError, match="at least one pair"):
        training_batches(empty, 2, seed=0)
    with pytest.raises(ValueError, match="must be pairs"):
        EvaluationBatches(empty, 2)
