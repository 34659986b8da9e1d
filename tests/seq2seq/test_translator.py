"""Text in, text out: whatever the order, the batches and the folder in between."""

import numpy as np
import pytest

from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.searches import Beam, Greedy, Sampling
from symbolic.seq2seq.translator import MODEL, Translator
from symbolic.solving.rounds import grammar_of
from tests.conftest import LEARNT

SEARCHES = [Greedy(), Beam(3), Beam(4, length_penalty=1.0, n_best=2), Sampling(3, temperature=1.5, seed=1)]


def test_saved_and_loaded_translators_answer_alike(translator, model_folder):
    loaded = Translator.load(model_folder)
    ours, theirs = translator.translate(list(LEARNT)), loaded.translate(list(LEARNT))
    assert [best.text for (best,) in ours] == [best.text for (best,) in theirs] == list(LEARNT.values())
    np.testing.assert_allclose([best.score for (best,) in ours], [best.score for (best,) in theirs], atol=1e-5)
    assert loaded.max_length == translator.max_length


def test_a_translator_saved_at_half_precision_is_half_as_large_and_answers_alike(translator, model_folder, tmp_path):
    translator.save(tmp_path, half=True)
    ratio = (tmp_path / MODEL).stat().st_size / (model_folder / MODEL).stat().st_size
    loaded = Translator.load(tmp_path)
    assert ratio < 0.75 and {variable.dtype for variable in loaded.model.weights} == {"float32"}
    for ours, theirs in zip(translator.model.get_weights(), loaded.model.get_weights(), strict=True):
        np.testing.assert_array_equal(theirs, ours.astype(np.float16).astype(np.float32))
    assert [best.text for (best,) in loaded.translate(list(LEARNT))] == list(LEARNT.values())


@pytest.mark.parametrize("search", SEARCHES, ids=str)
def test_batches_do_not_change_answers(translator, search):
    texts = ["sub Y' mul INT+ 2 x", "sub Y' cos x", "cos cos cos x", "x", "sub Y' sin x"]
    together, apart = (translator.translate(texts, search, batch_size=size) for size in (1000, search.hypotheses))
    assert [[h.text for h in row] for row in together] == [[h.text for h in row] for row in apart]
    for row, same in zip(together, apart, strict=True):
        np.testing.assert_allclose([h.score for h in row], [h.score for h in same], atol=1e-4)


def test_order_does_not_change_answers(translator):
    texts = list(LEARNT) * 2
    answers = translator.translate(texts, Beam(3))
    assert [[h.text for h in row] for row in translator.translate(texts[::-1], Beam(3))[::-1]] == [
        [h.text for h in row] for row in answers
    ]


def test_the_answer_learnt_by_heart_comes_first_and_scores_fall(translator):
    for search in SEARCHES[:3]:
        for row, learnt in zip(translator.translate(list(LEARNT), search), LEARNT.values(), strict=True):
            scores = [hypothesis.score for hypothesis in row]
            assert row[0].text == learnt and scores == sorted(scores, reverse=True) and len(row) == search.returned


def test_an_input_that_is_too_long_has_no_answer(translator):
    long = "sub Y' " + "add x " * 40 + "x"
    nothing, (best,) = translator.translate([long, "sub Y' cos x"])
    assert nothing == [] and best.text == "sin x" and np.isfinite(best.score)


def test_no_texts_have_no_answers(translator):
    assert translator.translate([]) == []


def test_a_model_beside_itself_changes_nothing_and_another_one_does(translator):
    other = AttentionRNN(len(translator.context_processor), len(translator.target_processor), 16, num_heads=2)
    other({"context": np.array([[2, 3]]), "target": np.array([[2, 3]])})
    texts, search = list(LEARNT), Beam(3)
    alone = translator.translate(texts, search)
    twice = translator.translate(texts, search, others=[translator.model])
    mixed = translator.translate(texts, search, others=[other])
    for row, same, less_sure in zip(alone, twice, mixed, strict=True):
        assert [h.text for h in row] == [h.text for h in same]
        np.testing.assert_allclose([h.score for h in row], [h.score for h in same], atol=1e-4)
        assert less_sure[0].score < row[0].score - 1


def test_models_of_another_vocabulary_are_refused(translator):
    other = AttentionRNN(5, 6, 16, num_heads=2)
    with pytest.raises(ValueError, match="`others` must have the vocabularies of `model`.*a model with 5 and 6"):
        translator.translate(["x"], others=[other])


def test_a_grammar_comes_and_goes_with_one_compiled_search(translator):
    grammar = grammar_of(translator.target_processor)
    with_grammar = translator.translate(list(LEARNT), Beam(2), grammar)
    assert [row[0].text for row in with_grammar] == list(LEARNT.values())
    assert translator.translate(list(LEARNT), Beam(2), grammar) == with_grammar


def test_attention_has_a_row_for_every_token_written(translator):
    for answer, written in ((None, ["sin", "x", "[END]"]), ("cos x", ["cos", "x", "[END]"])):
        attention = translator.attention("sub Y' cos x", answer)
        assert attention.context == ["[START]", "sub", "Y'", "cos", "x", "[END]"]
        assert attention.answer == written
        assert attention.weights.shape == (2, 3, 6)
        np.testing.assert_allclose(attention.weights.sum(axis=-1), 1, atol=1e-5)


def test_there_is_no_attention_to_an_input_that_is_too_long(translator):
    for answer in (None, "sin x"):
        with pytest.raises(ValueError, match="needs 85 tokens, and this model reads at most 32"):
            translator.attention("sub Y' " + "add x " * 40 + "x", answer)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not hold a trained model: it has no model.keras"):
        Translator.load(tmp_path)


def test_vocabulary_and_model_must_belong_together(translator, tmp_path):
    translator.save(tmp_path)
    with open(tmp_path / "target_vocabulary.txt", "a", encoding="utf-8") as vocabulary:
        vocabulary.write("tan\n")
    with pytest.raises(ValueError, match="target_vocabulary.txt has .* tokens and the model"):
        Translator.load(tmp_path)


def test_tokens_that_the_model_has_never_seen_are_named_once(model_folder, caplog):
    translator = Translator.load(model_folder)
    translator.translate(["sub Y' cos x"])
    assert not caplog.records
    for _ in range(2):
        translator.translate(["sub Y' tanh x", "sub Y' tanh tan x"])
    (record,) = caplog.records
    assert (
        record.levelname == "WARNING" and "3 tokens" in record.getMessage() and "tanh 2, tan 1" in record.getMessage()
    )
