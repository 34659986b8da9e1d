"""The searches, against scripted models, brute force, and the full pass of models."""

import itertools

import numpy as np
import pytest
from keras import ops

from symbolic.seq2seq.decoding import CompiledSearch, decode
from symbolic.seq2seq.models.contract import ModelState
from symbolic.seq2seq.searches import Beam, Decoded, Greedy, Sampling
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, START_ID
from tests.seq2seq.conftest import build, reversal

SEARCHES = [Greedy(), Beam(4), Beam(5, length_penalty=1.0, n_best=2), Sampling(3, top_k=9, top_p=0.9, seed=2)]


class Scripted:
    """A model whose next logits are looked up in a table, by what each hypothesis has written so far.

    Args:
        logits: (P, n, V), a table for each first id of a context; row i holds the logits after the beginning number i.
            Beginnings are numbered as if their tokens were digits of base V.
    """

    def __init__(self, logits: np.ndarray):
        self.rows, self.vocabulary_size = logits.shape[1:]
        self.logits = ops.reshape(ops.convert_to_tensor(logits, "float32"), (-1, self.vocabulary_size))

    def start(self, context, hypotheses, steps):
        return ModelState(shared=context[:, :1], own=ops.zeros((ops.shape(context)[0], hypotheses), "int32"))

    def step(self, tokens, state, position):
        beginning = ops.where(position == 0, 0, state.own * self.vocabulary_size + tokens)
        return ops.take(self.logits, state.shared * self.rows + beginning, axis=0), state._replace(own=beginning)


def found(models, tables, search, max_length, draws=()) -> Decoded:
    context = ops.convert_to_tensor(np.array(tables)[:, None], "int32")
    return Decoded(*map(ops.convert_to_numpy, decode(models, context, search, max_length, draws=draws)))


def outputs(decoded: Decoded, row: int = 0) -> list[tuple[tuple, float]]:
    """The real tokens of each hypothesis of a problem, with its score."""
    there = decoded.scores[row] > -np.inf
    tokens = [tuple(ids[ids != PADDING_ID].tolist()) for ids in decoded.ids[row][there]]
    return list(zip(tokens, decoded.scores[row][there], strict=True))


def random_log_probabilities(tables: int, real_tokens: int, max_length: int, seed: int) -> np.ndarray:
    vocabulary_size = 4 + real_tokens
    logits = 2 * np.random.default_rng(seed).normal(size=(tables, vocabulary_size ** (max_length - 1), vocabulary_size))
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def all_outputs(log_probabilities: np.ndarray, max_length: int, length_penalty: float) -> list[tuple[tuple, float]]:
    """Every output that ends within `max_length` tokens, by falling score."""
    vocabulary_size = log_probabilities.shape[-1]
    tokens = sorted(set(range(vocabulary_size)) - {PADDING_ID, START_ID, END_ID})
    scored = []
    for length in range(1, max_length + 1):
        for *before, last in itertools.product(*[tokens] * (length - 1), [END_ID]):
            score, beginning = 0.0, 0
            for token in before:
                score += log_probabilities[beginning, token]
                beginning = beginning * vocabulary_size + token
            score += log_probabilities[beginning, last]
            scored.append(((*before, last), score / length**length_penalty))
    return sorted(scored, key=lambda pair: -pair[1])


def assert_equal(ours: list[tuple[tuple, float]], expected: list[tuple[tuple, float]]) -> None:
    assert [output for output, _ in ours] == [output for output, _ in expected]
    np.testing.assert_allclose([score for _, score in ours], [score for _, score in expected], rtol=1e-4)


@pytest.mark.parametrize("length_penalty", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("n_best", [1, 5, None])
def test_a_beam_as_wide_as_the_tree_finds_what_brute_force_finds(length_penalty, n_best):
    max_length, tables = 4, random_log_probabilities(3, real_tokens=2, max_length=4, seed=1)
    search = Beam(3 ** (max_length - 1), length_penalty, n_best)
    decoded = found([Scripted(tables)], [2, 0, 1, 0], search, max_length)
    for row, table in enumerate([2, 0, 1, 0]):
        assert_equal(outputs(decoded, row), all_outputs(tables[table], max_length, length_penalty)[: search.returned])


def test_models_together_are_the_mean_of_their_log_probabilities():
    tables = random_log_probabilities(2, real_tokens=2, max_length=3, seed=2)
    decoded = found([Scripted(tables[:1]), Scripted(tables[1:])], [0], Beam(9), 3)
    assert_equal(outputs(decoded), all_outputs(tables.mean(axis=0), 3, length_penalty=0)[:9])


# "a" looks best, but "b" ends at once: greedy finds "ac" (0.36), two beams find "b" (0.40).
A, B, C = 4, 5, 6
GARDEN_PATH = {(): {A: 0.6, B: 0.4}, (A,): {C: 0.6, END_ID: 0.4}, (A, C): {END_ID: 1.0}, (B,): {END_ID: 1.0}}


def spelling(steps: dict[tuple, dict[int, float]], vocabulary_size: int = 7) -> Scripted:
    longest = max(map(len, steps))
    probabilities = np.full((1, vocabulary_size**longest, vocabulary_size), 1e-9)
    for beginning, following in steps.items():
        row = sum(token * vocabulary_size**i for i, token in enumerate(reversed(beginning)))
        probabilities[0, row] = 0
        probabilities[0, row, list(following)] = list(following.values())
    with np.errstate(divide="ignore"):
        return Scripted(np.log(probabilities))


@pytest.mark.parametrize(
    ("search", "output", "probability"),
    [(Greedy(), (A, C, END_ID), 0.36), (Beam(1), (A, C, END_ID), 0.36), (Beam(2), (B, END_ID), 0.4)],
    ids=str,
)
def test_beams_find_what_greed_misses(search, output, probability):
    best, score = outputs(found([spelling(GARDEN_PATH)], [0], search, 3))[0]
    assert best == output
    np.testing.assert_allclose(np.exp(score), probability, rtol=1e-5)


def test_a_beam_keeps_its_finished_outputs_apart_from_its_beginnings():
    # Both beams end at once, and what is left of the probability still finds its way to the ends after them.
    steps = {(): {END_ID: 0.5, A: 0.3, B: 0.2}, (A,): {END_ID: 0.9, A: 0.1}, (B,): {END_ID: 1.0}}
    decoded = found([spelling(steps)], [0], Beam(3), 2)
    assert_equal(outputs(decoded), [((END_ID,), np.log(0.5)), ((A, END_ID), np.log(0.27)), ((B, END_ID), np.log(0.2))])


@pytest.mark.parametrize(("search", "count"), [(Greedy(), 1), (Beam(3), 3), (Beam(3, n_best=2), 2)], ids=str)
def test_what_never_ends_is_cut_off_only_if_nothing_ended(search, count):
    endless = spelling({(): {A: 0.6, B: 0.3, C: 0.1}, (A,): {A: 1.0}, (B,): {A: 1.0}, (C,): {A: 1.0}})
    cut = outputs(found([endless], [0], search, 2))
    assert_equal(cut, [((A, A), np.log(0.6)), ((B, A), np.log(0.3)), ((C, A), np.log(0.1))][:count])
    if isinstance(search, Beam):
        one_ends = spelling({(): {A: 0.9, B: 0.1}, (A,): {A: 1.0}, (B,): {END_ID: 0.2, A: 0.8}})
        assert_equal(outputs(found([one_ends], [0], search, 2)), [((B, END_ID), np.log(0.02))])


@pytest.mark.parametrize("search", SEARCHES, ids=str)
def test_padding_and_start_are_never_written(search):
    wanted = spelling({(): {PADDING_ID: 0.5, START_ID: 0.4, A: 0.06, END_ID: 0.04}, (A,): {START_ID: 0.9, END_ID: 0.1}})
    draws = ops.convert_to_tensor(np.random.default_rng(0).random((1, search.hypotheses, 2)), "float32")
    for ids, _ in outputs(found([wanted], [0], search, 2, draws)):
        assert START_ID not in ids and ids[-1] == END_ID


def drawn(search: Sampling, probabilities: dict[int, float]) -> dict[int, float]:
    """How often each token came first, of many."""
    draws = np.random.default_rng(3).random((1, search.samples, 1))
    context = ops.zeros((1, 1), "int32")
    model = spelling({(): probabilities})
    ids, _ = decode([model], context, search, 1, draws=ops.convert_to_tensor(draws, "float32"))
    tokens, counts = np.unique(ops.convert_to_numpy(ids)[0, :, 0], return_counts=True)
    return dict(zip(tokens.tolist(), (counts / search.samples).tolist(), strict=True))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {A: 0.5, B: 0.3, C: 0.2}),
        ({"temperature": 0.5}, {A: 25 / 38, B: 9 / 38, C: 4 / 38}),
        ({"temperature": 1e-3}, {A: 1.0}),
        ({"top_k": 2}, {A: 0.625, B: 0.375}),
        ({"top_k": 1}, {A: 1.0}),
        ({"top_k": 100}, {A: 0.5, B: 0.3, C: 0.2}),
        ({"top_p": 0.6}, {A: 0.625, B: 0.375}),
        ({"top_p": 0.4}, {A: 1.0}),
        ({"top_p": 1.0}, {A: 0.5, B: 0.3, C: 0.2}),
        ({"top_k": 2, "top_p": 0.6}, {A: 1.0}),  # of the two, A has 0.625
    ],
    ids=str,
)
def test_samples_come_as_often_as_they_should(options, expected):
    frequencies = drawn(Sampling(4000, **options), {A: 0.5, B: 0.3, C: 0.2})
    assert frequencies.keys() == expected.keys()
    np.testing.assert_allclose([frequencies[token] for token in expected], list(expected.values()), atol=0.025)


LONG = 24  # more than are compiled together, so that caches grow and the batch shrinks in between


@pytest.fixture(scope="module")
def talkative():
    """Untrained models whose outputs differ in length, some being cut off at `LONG`."""
    models = {kind: build(kind, num_layers=1) for kind in ("gru", "transformer")}
    for model in models.values():
        model.set_weights([(5 if weight.ndim > 1 else 1) * weight for weight in model.get_weights()])
    return models


def scores_of_the_full_pass(models, context, ids, length_penalty):
    target = np.concatenate([np.full((len(ids), 1), START_ID), ids[:, :-1]], axis=1)
    inputs = {"context": context, "target": target}
    log_p = np.mean([ops.convert_to_numpy(ops.log_softmax(model(inputs))) for model in models], axis=0)
    real = ids != PADDING_ID
    log_p_of_ids = np.take_along_axis(log_p, ids[..., None], axis=-1)[..., 0]
    return np.where(real, log_p_of_ids, 0).sum(axis=1) / real.sum(axis=1).clip(1) ** length_penalty


@pytest.mark.parametrize(
    ("kind", "search"), [("gru", SEARCHES[2]), *(("transformer", search) for search in SEARCHES)], ids=str
)
def test_a_compiled_search_finds_what_decode_and_the_full_pass_find(talkative, kind, search):
    contexts, models = reversal(9, seed=3)[0]["context"], [talkative[kind]]
    compiled = CompiledSearch(models, search, LONG)
    decoded = compiled(contexts)
    draws = np.stack([np.random.default_rng([2, n]).random((search.hypotheses, LONG), np.float32) for n in range(9)])
    ids, scores = map(ops.convert_to_numpy, decode(models, contexts, search, LONG, draws=draws))
    np.testing.assert_array_equal(decoded.ids, ids)
    np.testing.assert_allclose(decoded.scores, scores, atol=1e-3)

    for column in range(search.returned):
        expected = scores_of_the_full_pass(models, contexts, ids[:, column], search.length_penalty)
        there = scores[:, column] > -np.inf
        np.testing.assert_allclose(scores[there, column], expected[there], rtol=1e-4, atol=1e-3)

    np.testing.assert_array_equal(compiled(contexts[4:6], numbers=[4, 5]).ids, ids[4:6])  # in other company


def test_greedy_takes_the_likeliest_token_of_the_full_pass(talkative):
    context, model = reversal(6, seed=1)[0]["context"], talkative["transformer"]
    ids = ops.convert_to_numpy(decode([model], context, Greedy(), 12)[0])[:, 0]
    target = np.concatenate([np.full((6, 1), START_ID), ids[:, :-1]], axis=1)
    logits = ops.convert_to_numpy(model({"context": context, "target": target}))
    logits[..., [PADDING_ID, START_ID]] = -np.inf
    real = ids != PADDING_ID
    np.testing.assert_array_equal(logits.argmax(axis=-1)[real], ids[real])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Beam(0), "`size` must be at least 1. Received: 0."),
        (lambda: Beam(3, n_best=4), "`n_best` must be from 1 to size=3. Received: 4."),
        (lambda: Beam(3, length_penalty=-1), "`length_penalty` must be at least 0. Received: -1."),
        (lambda: Sampling(0), "`samples` must be at least 1. Received: 0."),
        (lambda: Sampling(temperature=0), "`temperature` must be greater than 0. Received: 0."),
        (lambda: Sampling(top_k=0), "`top_k` must be at least 1. Received: 0."),
        (lambda: Sampling(top_p=1.5), "`top_p` must be greater than 0 and at most 1. Received: 1.5."),
    ],
)
def test_searches_refuse_what_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()
