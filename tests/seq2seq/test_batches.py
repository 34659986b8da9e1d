"""Batches depend only on seed and step, hold every pair once in a pass, keep their sizes, and have few shapes."""

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import islice

import keras
import numpy as np
import pytest
from keras import ops

from symbolic.seq2seq.batches import (
    BATCHES_PER_STREAMED_WINDOW,
    EvaluationBatches,
    as_input,
    padded,
    shuffled,
    streamed_batches,
    training_batches,
)
from symbolic.seq2seq.losses import MaskedCrossEntropy
from symbolic.seq2seq.shapes import MOST_SHAPES, Source, batch_shapes, longer_than
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, SPECIAL_TOKENS, START_ID
from symbolic.seq2seq.token_store import CONTEXT_LENGTHS, FORMAT, IDS, SETTINGS, STARTS, TokenStore
from tests import PROJECT, SHARED_DATA

DATA = SHARED_DATA / "published_fwd.valid"


def random_store(count, longest=60, seed=0, first=10):
    """Pairs of random lengths; the second token of the context and of the target tells the pair's number."""
    rng = np.random.default_rng(seed)

    def sequences():
        rows = [[START_ID, first + i, *rng.integers(4, 10, rng.integers(longest)), END_ID] for i in range(count)]
        return np.concatenate(rows).astype(np.int32), np.cumsum([0, *map(len, rows)])

    return TokenStore.of(sequences(), sequences())


def pairs(batches):
    """All pairs of batches as (context, target) lists without padding, checking the form of each batch."""
    for inputs, labels in batches:
        context, target = inputs["context"], inputs["target"]
        assert context.dtype == target.dtype == labels.dtype == np.int32
        assert target.shape == labels.shape and len(context) == len(target)
        for row in range(len(context)):
            real = labels[row][labels[row] != PADDING_ID]
            given = target[row][target[row] != PADDING_ID]
            asked = context[row][context[row] != PADDING_ID].tolist()
            assert (context[row][len(asked) :] == PADDING_ID).all() and (labels[row][len(real) :] == PADDING_ID).all()
            if not len(real):
                assert given.tolist() == [START_ID] and asked == [START_ID, END_ID]
                continue
            assert given[0] == START_ID and real[-1] == END_ID and given[1:].tolist() == real[:-1].tolist()
            yield asked, [START_ID, *real.tolist()]


def all_pairs(store):
    return sorted((store.context(i).tolist(), store.target(i).tolist()) for i in range(len(store)))


def shapes_of(batches):
    return {(inputs["context"].shape, labels.shape) for inputs, labels in batches}


def passes(store, count, **sizes):
    """The batches of some passes over a store all of whose pairs fit, and the pairs of each pass."""
    batches = training_batches([Source(store)], **sizes)
    found = []
    for _ in range(count):
        seen, taken = [], []
        while len(seen) < len(store):
            taken.append(next(batches))
            seen += pairs(taken[-1:])
        found.append((taken, seen))
    return found


SIZES = [{"batch_size": 16}, {"batch_tokens": 2000}]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("count", [1, 5, 1000])
def test_every_pass_holds_every_pair_once_in_another_order(count, sizes):
    store = random_store(count)
    (_, first), (_, second) = passes(store, 2, max_length=80, seed=1, **sizes)
    assert sorted(first) == sorted(second) == all_pairs(store)
    assert first != second or count < 1000


def test_windows_of_a_pass_hold_every_pair_once_and_those_of_the_next_others(monkeypatch):
    monkeypatch.setattr("symbolic.seq2seq.batches.BATCHES_PER_WINDOW", 10)
    store = random_store(1000)
    (_, first), (_, second) = passes(store, 2, batch_size=16, max_length=80, seed=1)
    assert sorted(first) == sorted(second) == all_pairs(store)
    early, early_again = ({str(pair) for pair in seen[:128]} for seen in (first, second))  # of windows of 142 pairs
    assert len(early & early_again) < 64


@pytest.mark.parametrize("sizes", SIZES)
def test_a_batch_depends_only_on_seed_and_step(sizes, monkeypatch):
    monkeypatch.setattr("symbolic.seq2seq.batches.BATCHES_PER_WINDOW", 5)
    sources = [Source(random_store(300), 0.7), Source(random_store(90, longest=20), 0.3)]

    def batches(seed, start=0):
        return training_batches(sources, max_length=50, seed=seed, start_step=start, **sizes)

    whole = list(islice(batches(3), 40))
    for start in (1, 12, 13, 14, 30):
        for ours, theirs in zip(batches(3, start), whole[start:], strict=False):
            np.testing.assert_equal(ours, theirs)
    assert list(pairs(islice(batches(4), 40))) != list(pairs(whole))


def test_sources_are_mixed_by_weight_and_each_is_gone_through_in_passes():
    small, large = random_store(100, first=10), random_store(3000, first=1000)
    batches = training_batches([Source(large, 3), Source(small, 1)], batch_size=10, max_length=80, seed=0)
    numbers = [context[1] for context, _ in pairs(islice(batches, 400))]  # a pass over the large one
    assert len(numbers) == 4000
    assert Counter(number >= 1000 for number in numbers) == {True: 3000, False: 1000}
    assert set(Counter(number for number in numbers if number >= 1000).values()) == {1}
    assert set(Counter(number for number in numbers if number < 1000).values()) == {10}


@pytest.mark.parametrize("sizes", SIZES)
def test_shapes_are_few_and_hold_what_is_in_them(sizes):
    taken = list(islice(training_batches([Source(random_store(4000))], max_length=40, seed=0, **sizes), 600))
    shapes = shapes_of(taken)
    assert 4 < len(shapes) <= MOST_SHAPES
    for context, labels in shapes:
        assert context[1] <= 40 and labels[1] <= 40
        assert context[0] * (context[1] + labels[1]) <= sizes.get("batch_tokens", np.inf)
        assert context[0] == sizes.get("batch_size", context[0])
    assert all(len(context) <= 40 and len(target) <= 41 for context, target in pairs(taken))


def test_pairs_that_are_too_long_are_left_out_and_no_others():
    store = random_store(300)
    too_long = longer_than(store, 48)
    assert too_long.tolist() == [len(store.context(i)) > 48 or len(store.target(i)) > 49 for i in range(300)]
    kept = store.select(~too_long)
    found = list(islice(pairs(training_batches([Source(store)], batch_size=1, max_length=48, seed=0)), len(kept)))
    assert sorted(found) == all_pairs(kept)


def test_batches_of_many_pairs_are_mostly_tokens():
    if not DATA.exists():
        pytest.skip("the published validation set is not here")
    from symbolic.seq2seq.processors import TextProcessor

    texts = [line.split("|", 1)[1].split("\t") for line in DATA.read_text().splitlines()]
    processors = [TextProcessor.adapt(side) for side in zip(*texts, strict=True)]
    store = TokenStore.of(*(each.encode(side) for each, side in zip(processors, zip(*texts, strict=True), strict=True)))
    ((taken, _),) = passes(store, 1, batch_size=32, max_length=512, seed=0)
    real = sum(np.count_nonzero(each) for inputs, labels in taken for each in (inputs["context"], labels))
    assert real > 0.8 * sum(each.size for inputs, labels in taken for each in (inputs["context"], labels))


@pytest.mark.parametrize("n", [1, 2, 3, 16, 1000, 1001])
def test_a_shuffle_is_a_permutation_whatever_part_of_it_is_asked_for(n):
    whole = shuffled(np.arange(n), n, seed=5)
    assert sorted(whole) == list(range(n))
    assert shuffled(np.arange(n)[::3], n, seed=5).tolist() == whole[::3].tolist()
    assert n < 1000 or (shuffled(np.arange(n), n, seed=6) != whole).mean() > 0.99


def test_a_shuffle_is_even():
    """Where two neighbours come to lie, by tenths of the whole: chi-squared of 100 cells, 99 degrees of freedom."""
    n, tries = 1000, 20_000
    cells = np.zeros((10, 10))
    for seed in range(tries // 500):
        found = shuffled(np.arange(n), n, seed) // (n // 10)
        np.add.at(cells, (found[0::2], found[1::2]), 1)
    expected = cells.sum() / 100
    assert ((cells - expected) ** 2 / expected).sum() < 149  # 99.9 % of the distribution lie below


def test_a_mapped_store_gives_the_batches_of_one_in_memory(tmp_path):
    store = random_store(300)
    for name, array in [(IDS, store.ids), (STARTS, store.starts), (CONTEXT_LENGTHS, store.context_lengths)]:
        array.astype("uint16" if name in (IDS, CONTEXT_LENGTHS) else array.dtype).tofile(tmp_path / name)
    settings = {"format": FORMAT, "pairs": 300, "ids": len(store.ids), "dtype": "uint16"}
    settings |= {
        "files": {"a": {"name": "a", "first": 0, "kept": 300, "bad": {}, "examples": [], "unknown": {}}},
        "context_vocabulary": [*SPECIAL_TOKENS],
        "target_vocabulary": [*SPECIAL_TOKENS],
    }
    (tmp_path / SETTINGS).write_text(json.dumps(settings))
    mapped, ours = (
        list(islice(training_batches([Source(each)], batch_size=8, max_length=80, seed=0), 60))
        for each in (TokenStore.open(tmp_path), store)
    )
    np.testing.assert_equal(mapped, ours)


def test_streamed_batches_can_be_entered_anywhere_and_hold_every_pair_once():
    like = random_store(1000)
    shapes = batch_shapes([Source(like)], batch_size=4, max_length=70)
    windows = [random_store(BATCHES_PER_STREAMED_WINDOW * shapes.pairs_per_batch, seed=number) for number in range(3)]
    whole = list(streamed_batches(windows, shapes, seed=5))
    assert sorted(pairs(whole)) == sorted(pair for window in windows for pair in all_pairs(window))
    assert len(whole) == 3 * BATCHES_PER_STREAMED_WINDOW and len(shapes_of(whole)) <= MOST_SHAPES
    for start in (7, 100, 209):
        entered = streamed_batches(windows[start // BATCHES_PER_STREAMED_WINDOW :], shapes, seed=5, start_step=start)
        np.testing.assert_equal(list(entered), whole[start:])


def test_streamed_batches_of_tokens_last_a_window_and_waste_little():
    shapes = batch_shapes([Source(random_store(1000))], batch_tokens=1000, max_length=70)
    size = BATCHES_PER_STREAMED_WINDOW * shapes.pairs_per_batch
    taken = list(streamed_batches([random_store(size, seed=7)], shapes, seed=0))
    assert len(taken) == BATCHES_PER_STREAMED_WINDOW
    assert len({str(pair) for pair in pairs(taken)}) > 0.9 * size


def test_evaluation_holds_every_pair_once_and_says_which():
    store = random_store(90)
    batches = EvaluationBatches(store, 16)
    found = list(pairs(batches))
    assert sorted(found) == all_pairs(store)
    assert found == [(store.context(i).tolist(), store.target(i).tolist()) for i in batches.rows]
    assert [len(labels) for _, labels in batches] == [16] * 5 + [10]


def test_evaluation_keeps_to_a_number_of_positions():
    store = random_store(90)
    batches = EvaluationBatches(store, 16, batch_tokens=200)
    sizes = [inputs["context"].size + inputs["target"].size for inputs, _ in batches]
    heights = [len(labels) for _, labels in batches]
    assert all(size <= 200 or height == 1 for size, height in zip(sizes, heights, strict=True))
    assert max(heights) > 1 and sorted(batches.rows) == list(range(90))


def test_limited_evaluation_takes_pairs_spread_over_the_store():
    store = random_store(90)
    batches = EvaluationBatches(store, 15, steps=2)
    assert len(batches) == 2 and sorted(batches.rows) == list(range(0, 90, 3))
    assert list(pairs(batches)) == [(store.context(i).tolist(), store.target(i).tolist()) for i in batches.rows]


class BagOfWords(keras.Model):
    """The smallest model of target tokens that sees both sides of a batch."""

    def __init__(self):
        super().__init__()
        self.embedding, self.logits = keras.layers.Embedding(100, 8), keras.layers.Dense(100)

    def call(self, inputs):
        asked = ops.mean(self.embedding(inputs["context"]), axis=1, keepdims=True)
        return self.logits(self.embedding(inputs["target"]) + asked)


def check_that_fit_trains_on_these_batches():
    """Training by `fit` equals training by hand, also where the first two batches agree in their widths."""
    store = random_store(80, longest=12)

    def batches(start):
        return training_batches([Source(store)], batch_size=2, max_length=16, seed=0, start_step=start)

    def trained(fit):
        keras.utils.set_random_seed(0)
        model = BagOfWords()
        model.compile(keras.optimizers.SGD(5.0), MaskedCrossEntropy(), jit_compile=False)
        fit(model)
        return model

    shapes = [inputs["context"].shape for inputs, _ in islice(batches(0), 120)]
    start = next(i for i in range(118) if shapes[i] == shapes[i + 1] != shapes[i + 2])
    by_hand = trained(lambda model: [model.train_on_batch(*batch) for batch in islice(batches(start), 6)])
    held_out = EvaluationBatches(random_store(8, longest=12, seed=1), 2)
    fitted = trained(
        lambda model: model.fit(
            as_input(batches(start)),
            steps_per_epoch=3,
            epochs=2,
            validation_data=as_input(held_out),
            shuffle=False,
            verbose=0,
        )
    )
    for ours, theirs in zip(fitted.get_weights(), by_hand.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    losses = [by_hand.test_on_batch(*batch) for batch in held_out]
    np.testing.assert_allclose(fitted.history.history["val_loss"][-1], np.mean(losses), rtol=1e-4)


def test_fit_trains_on_these_batches():
    check_that_fit_trains_on_these_batches()


def test_fit_trains_on_these_batches_on_jax():
    pytest.importorskip("jax", reason="JAX is an optional extra")
    check = """
from tests.seq2seq.test_batches import check_that_fit_trains_on_these_batches, keras
check_that_fit_trains_on_these_batches()
print(keras.backend.backend())
"""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    command = [sys.executable, "-W", "error::UserWarning", "-c", check]
    run = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["jax"]


def test_padding_rows_by_hand():
    ids, starts, lengths = np.array([5, 6, 7, 8], np.uint8), np.array([1, 0, 1]), np.array([3, 1, 0])
    assert padded(ids, starts, lengths, 3).tolist() == [[6, 7, 8], [5, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": None}, "One of"),
        ({"batch_tokens": 900}, "One of"),
        ({"batch_size": 0}, "at least 1. Received: 0"),
        ({"batch_size": None, "batch_tokens": 100}, "at least 160"),
        ({"max_length": 1}, "must leave some pairs"),
        ({"sources": []}, "there must be one"),
        ({"sources": [Source(random_store(2)), Source(random_store(2), 0.0)]}, "above 0"),
        ({"sources": [Source(random_store(3).select(np.zeros(3, bool)))]}, "at least one pair"),
    ],
)
def test_impossible_batches_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        training_batches(**{"sources": [Source(random_store(9))], "batch_size": 4, "max_length": 80, "seed": 0} | wrong)


def test_nothing_cannot_be_evaluated():
    with pytest.raises(ValueError, match="must be pairs"):
        EvaluationBatches(random_store(3).select(np.zeros(3, bool)), 2)
