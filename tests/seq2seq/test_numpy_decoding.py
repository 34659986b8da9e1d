"""The searches in NumPy find what the searches with Keras find, with the same scores."""

import gzip

import keras
import numpy as np
import pytest

from symbolic.seq2seq.decoding import CompiledSearch
from symbolic.seq2seq.keras_file import Weights
from symbolic.seq2seq.models.numpy_attention_rnn import NumPyAttentionRNN
from symbolic.seq2seq.models.numpy_transformer import NumPyTransformer
from symbolic.seq2seq.numpy_decoding import NumPySearch
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.searches import Beam, Greedy, Sampling
from symbolic.seq2seq.special_tokens import END_ID, START_ID
from symbolic.seq2seq.translator import Translator, numpy_model
from symbolic.solver import PRETRAINED
from symbolic.solving.rounds import grammar_of
from tests import PROJECT
from tests.seq2seq.conftest import V, build, reversal

LONG = 40  # more than are settled together, so that slots are dropped and problems leave in between
SEARCHES = [
    Greedy(),
    Beam(4),
    Beam(5, length_penalty=1.0, n_best=2),
    Beam(30, n_best=3),
    Sampling(3, seed=2),
    Sampling(7, top_k=9, top_p=0.9, temperature=1.3),
]


@pytest.fixture(scope="module", params=["gru", "transformer"])
def twins(request, tmp_path_factory):
    """An untrained Keras model whose outputs differ in length, some being cut off, and the same in NumPy."""
    model, path = build(request.param, num_layers=1), tmp_path_factory.mktemp("model") / "model.keras"
    model.set_weights([(5 if weight.ndim > 1 else 1) * weight for weight in model.get_weights()])
    model.save(path)
    arguments = {k: v for k, v in model.get_config().items() if k not in ("name", "trainable", "dtype")}
    cls = NumPyTransformer if request.param == "transformer" else NumPyAttentionRNN
    return model, cls(Weights.read(path), **arguments)


def assert_equal(ours, theirs):
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(ours.ids[ours.scores > -np.inf], theirs.ids[theirs.scores > -np.inf])


@pytest.mark.parametrize("search", SEARCHES, ids=str)
def test_outputs_and_scores_are_those_of_keras(twins, search):
    (theirs, ours), contexts = twins, reversal(9, seed=3)[0]["context"]
    decoded = NumPySearch([ours], search, LONG)(contexts)
    assert_equal(decoded, CompiledSearch([theirs], search, LONG)(contexts))
    alone = NumPySearch([ours], search, LONG)(contexts[4:5], numbers=[4])  # whatever else is in the batch
    np.testing.assert_array_equal(alone.ids[0], decoded.ids[4])


@pytest.mark.parametrize("search", [Greedy(), Beam(6), Sampling(4)], ids=str)
def test_so_are_those_under_a_grammar_and_of_two_models(twins, search):
    (theirs, ours), contexts = twins, reversal(5, seed=1)[0]["context"]
    grammar = grammar_of(TextProcessor("add sin h x INT+ INT- 0 7 ln y a8 pow".split()))
    for count, length in ((1, 12), (2, 25)):
        decoded = NumPySearch([ours] * count, search, length)(contexts, grammar)
        assert_equal(decoded, CompiledSearch([theirs] * count, search, length)(contexts, grammar))
        there = decoded.scores > -np.inf
        assert there.any(axis=1).all() and (decoded.ids[there] == END_ID).any(axis=1).all()


def test_a_grammar_of_another_vocabulary_is_refused(twins):
    foreign = grammar_of(TextProcessor(["x"]))
    with pytest.raises(ValueError, match="grammar.kinds"):
        NumPySearch([twins[1]], Greedy(), 9)(np.full((1, 3), START_ID), foreign)


class Endless:
    """Writes the tokens 4 to 6 with falling probability, and END only after a token 6."""

    target_vocabulary_size = 7

    def start(self, context):
        return None

    def step(self, tokens, state, position):
        logits = np.broadcast_to(np.array([-9, -9, -9, -np.inf, 2, 1, 0], np.float32), (*tokens.shape, 7)).copy()
        logits[tokens == 6, END_ID] = 0
        return logits, state

    def continued(self, state, parents):
        return state

    def left(self, state, problems):
        return state


@pytest.mark.parametrize("search", [Greedy(), Beam(2), Beam(2, length_penalty=1.0)], ids=str)
def test_what_never_ends_is_cut_off_only_if_nothing_ended(search):
    context = np.full((2, 3), START_ID)
    decoded = NumPySearch([Endless()], search, 3)(context)
    best = 3 * (2 - np.log(np.exp([-9.0, -9, -9, 2, 1, 0]).sum())) / 3**search.length_penalty
    assert decoded.ids[0, 0].tolist() == [4, 4, 4] and abs(decoded.scores[0, 0] - best) < 1e-5
    if isinstance(search, Beam):
        wide = NumPySearch([Endless()], Beam(9, search.length_penalty), 3)(context)
        ended = wide.scores[0] > -np.inf
        assert ended.any() and (wide.ids[0, ended] == END_ID).any(axis=1).all()


def test_a_loaded_translator_answers_in_numpy_until_its_keras_model_is_asked_for(translator, model_folder):
    loaded, texts = Translator.load(model_folder), ["sub Y' cos x", "sub Y' x"]
    answers = loaded.translate(texts, Beam(3))
    for row, same in zip(answers, translator.translate(texts, Beam(3)), strict=True):
        assert [h.text for h in row] == [h.text for h in same]
        np.testing.assert_allclose([h.score for h in row], [h.score for h in same], atol=1e-4)
    before = loaded.translate(texts[:1])[0][0].score
    loaded.model.set_weights([0 * weight for weight in loaded.model.get_weights()])
    assert loaded.translate(texts[:1])[0][0].score < before - 1


@keras.saving.register_keras_serializable(package="tests")
class Own(keras.saving.get_registered_object("symbolic>AttentionRNN")):
    """A model of one's own, without a NumPy module."""


def test_a_model_without_a_module_is_answered_by_keras(tmp_path):
    processor, model = TextProcessor([f"word{i}" for i in range(V - 4)]), Own(V, V, 16, num_heads=2)
    model(reversal(2, seed=0)[0])
    saved = Translator(model, processor, processor, max_length=9)
    saved.save(tmp_path)
    assert Translator.load(tmp_path).translate(["word1 word2"]) == saved.translate(["word1 word2"])


@pytest.mark.parametrize("options", [{"output_activation": "relu"}, {"dtype": "mixed_bfloat16"}], ids=str)
def test_so_is_one_with_an_option_that_its_module_lacks(options, tmp_path):
    build("gru").save(tmp_path / "known.keras")
    build("gru", **options).save(tmp_path / "other.keras")
    assert numpy_model(tmp_path / "known.keras") is not None and numpy_model(tmp_path / "other.keras") is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bwd", "fwd", "ibp", "ode1", "ode2"])
def test_the_shipped_model_has_the_scores_of_keras_on_held_out_problems(name):
    """Every hypothesis of twenty problems of each of five families; see `benchmarks.decoding` for the time it takes."""
    with gzip.open(PROJECT / f"data/held_out/{name}.test.gz", "rt") as file:
        texts = [line.partition("\t")[0].partition("|")[2] for line, _ in zip(file, range(20), strict=False)]
    ours, theirs = Translator.load(PRETRAINED), Translator.load(PRETRAINED)
    assert theirs.model.name
    grammar, differing = grammar_of(ours.target_processor), 0
    for search in (Greedy(), Beam(10)):
        rows = zip(ours.translate(texts, search, grammar), theirs.translate(texts, search, grammar), strict=True)
        for row, expected in rows:
            np.testing.assert_allclose([h.score for h in row], [h.score for h in expected], atol=1e-4)
            assert {h.text for h in row} == {h.text for h in expected}
            differing += [h.text for h in row] != [h.text for h in expected]
    assert differing == 0
