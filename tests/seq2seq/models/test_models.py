"""What both models must do beyond the contract (`test_contract`): no gradient from later tokens, and learning."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from symbolic.seq2seq.batches import EvaluationBatches, as_input, training_batches
from symbolic.seq2seq.decoding import CompiledSearch
from symbolic.seq2seq.losses import MaskedAccuracy, MaskedCrossEntropy
from symbolic.seq2seq.models.attention import MultiHeadAttention, causal_mask, rotated
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.models.transformer import Transformer
from symbolic.seq2seq.searches import Greedy
from symbolic.seq2seq.shapes import Source
from tests.seq2seq.conftest import V, build, reversal, reversal_store


def logits_of(model, inputs):
    return ops.convert_to_numpy(model(inputs))


def greedy_ids(model, contexts, max_length):
    return CompiledSearch([model], Greedy(), max_length)(contexts).ids[:, 0]


def target_table(model):
    embedding = model.target_embedding if isinstance(model, Transformer) else model.decoder.embedding
    return embedding.embeddings.value


def test_logits_depend_on_no_later_token(model):
    # Every position has a token of its own, so the table's gradient tells positions apart. Only logits of other
    # tokens are summed, because the table may be the output projection too.
    context, target, unused = np.array([[2, 5, 6, 3]]), np.array([[2, 4, 5, 6, 7]]), list(range(8, V))
    for t in range(target.shape[1]):
        with tf.GradientTape() as tape:
            value = ops.sum(ops.take(model({"context": context, "target": target})[0, t], unused))
        gradient = tf.convert_to_tensor(tape.gradient(value, target_table(model))).numpy()
        influence = np.abs(gradient).sum(axis=-1)[target[0]]
        assert (influence[: t + 1] > 0).all() and (influence[t + 1 :] == 0).all()


def test_padding_columns_change_no_loss_accuracy_or_answer(model):
    inputs, labels = reversal(6, seed=2)
    wide = {name: np.pad(ids, ((0, 0), (0, 5))) for name, ids in inputs.items()}
    wide_labels = np.pad(labels, ((0, 0), (0, 5)))
    narrow_logits, wide_logits = logits_of(model, inputs), logits_of(model, wide)
    np.testing.assert_allclose(wide_logits[:, :-5][labels > 0], narrow_logits[labels > 0], atol=1e-5)
    loss, accuracy, wide_accuracy = MaskedCrossEntropy(), MaskedAccuracy(), MaskedAccuracy()
    assert float(loss(wide_labels, wide_logits)) == pytest.approx(float(loss(labels, narrow_logits)), abs=1e-5)
    accuracy.update_state(labels, narrow_logits)
    wide_accuracy.update_state(wide_labels, wide_logits)
    assert float(accuracy.result()) == float(wide_accuracy.result())
    ours, theirs = (greedy_ids(model, batch["context"], 9) for batch in (inputs, wide))
    assert ours.tolist() == theirs.tolist()


def test_attention_weights_of_the_real_context_add_up_to_one(model):
    inputs, _ = reversal(6, seed=3)
    weights = ops.convert_to_numpy(model.attention_weights(inputs))
    assert weights.shape == (6, 2, inputs["target"].shape[1], inputs["context"].shape[1])
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
    padding = np.broadcast_to((inputs["context"] == 0)[:, None, None, :], weights.shape)
    assert weights[padding].max() == 0 and weights[~padding].min() > 0


def test_the_context_matters(model):
    inputs, _ = reversal(6, seed=3)
    other = {**inputs, "context": inputs["context"][::-1]}
    assert np.abs(logits_of(model, inputs) - logits_of(model, other)).max() > 1e-3


def test_untrained_loss_is_that_of_guessing(model):
    inputs, labels = reversal(200, seed=4)
    assert float(MaskedCrossEntropy()(labels, model(inputs))) == pytest.approx(np.log(V), rel=0.05)


@pytest.mark.parametrize("kind", ["gru", "transformer"])
def test_one_batch_is_learnt_by_heart_and_spelt_back(kind):
    model, store = build(kind, num_units=32, num_layers=1), reversal_store(8, seed=6)
    model.compile(keras.optimizers.Adam(0.01), MaskedCrossEntropy(), metrics=[MaskedAccuracy()])
    history = model.fit(
        as_input(training_batches([Source(store)], batch_size=8, max_length=16, seed=0)),
        steps_per_epoch=150,
        validation_data=as_input(EvaluationBatches(store, 5)),
        shuffle=False,
        verbose=0,
    ).history
    assert history["val_loss"][0] < 0.02 and history["val_masked_accuracy"][0] == 1
    inputs, labels = reversal(8, seed=6)
    assert greedy_ids(model, inputs["context"], labels.shape[1]).tolist() == labels.tolist()


@pytest.mark.slow
def test_a_transformer_learns_to_reverse_sequences_it_has_not_seen():
    model = build("transformer", num_units=32)
    model.compile(keras.optimizers.Adam(0.005), MaskedCrossEntropy())
    inputs, labels = reversal(64 * 300, seed=7, longest=4)
    model.fit(inputs, labels, batch_size=64, verbose=0)
    inputs, labels = reversal(100, seed=8, longest=4)
    right = (greedy_ids(model, inputs["context"], labels.shape[1]) == labels).all(axis=1)
    assert right.mean() > 0.8


def test_tanh_logits_have_a_floor():
    # Logits within [-1, 1] leave the right token at most e / (e + (V - 1) / e) of the probability.
    inputs, labels = reversal(4, seed=9)
    floor = np.log((np.e**2 + V - 1) / np.e**2)
    best = np.where(np.arange(V) == labels[..., None], 1, -1).astype(np.float32)
    assert float(MaskedCrossEntropy()(labels, best)) == pytest.approx(floor, rel=1e-6)

    model = AttentionRNN(V, V, num_units=16, num_heads=2, output_activation="tanh")
    model(inputs)
    model.set_weights([100 * weight for weight in model.get_weights()])
    # Even for the labels that suit it best, a model of any weights stays above the floor.
    logits = logits_of(model, inputs)
    assert 0.9 < np.abs(logits).max() <= 1
    assert float(MaskedCrossEntropy()(logits.argmax(axis=-1), logits)) > floor


@pytest.mark.parametrize(
    "make",
    [
        lambda: AttentionRNN(V, V, num_units=16, num_heads=3),
        lambda: Transformer(V, V, num_units=16, num_layers=1, num_heads=3, feed_forward=16),
    ],
)
def test_heads_must_divide_units(make):
    with pytest.raises(ValueError, match="`num_heads` must divide `num_units`. Received: num_heads=3, num_units=16."):
        make()


def test_a_transformer_refuses_odd_heads():
    with pytest.raises(ValueError, match="`num_units / num_heads` must be even"):
        Transformer(V, V, num_units=15, num_layers=1, num_heads=3, feed_forward=16)


def test_a_transformer_has_the_layers_that_it_is_given():
    sizes = {"num_units": 16, "num_layers": 2, "num_heads": 2, "feed_forward": 16}
    for options, layers in (({}, (2, 2)), ({"encoder_layers": 5}, (5, 2)), ({"decoder_layers": 1}, (2, 1))):
        model = Transformer(V, V, **sizes, **options)
        assert (len(model.encoder), len(model.decoder)) == layers


def test_a_transformer_refuses_an_unknown_activation():
    with pytest.raises(ValueError, match="unknown activation `relu_square`. Did you mean `relu_squared`?"):
        build("transformer", activation="relu_square")


def test_squared_relu_is_the_square_of_relu():
    plain, squared = (
        build("transformer", activation=name).encoder[0].feed_forward for name in ("relu", "relu_squared")
    )
    squared.set_weights(plain.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 3, 16)).astype(np.float32)
    widened = ops.convert_to_numpy(plain.widen(plain.norm(x)))
    np.testing.assert_allclose(squared(x), x + squared.narrow(widened**2), atol=1e-6)
    assert np.abs(ops.convert_to_numpy(plain(x)) - ops.convert_to_numpy(squared(x))).max() > 1e-2


def test_a_transformer_with_zero_outputs_begins_with_layers_that_are_the_identity():
    model, x = build("transformer", zero_outputs=True), np.random.default_rng(0).normal(size=(2, 3, 16))
    mask, positions = causal_mask(3, "float32"), np.arange(3)
    np.testing.assert_array_equal(model.encoder[0](x, mask, positions), x.astype(np.float32))
    keys_values = model.decoder[0].context_attention.keys_values(ops.cast(x, "float32"))
    np.testing.assert_array_equal(model.decoder[0](x, mask, positions, keys_values, mask)[0], x.astype(np.float32))


def test_normalised_scores_do_not_depend_on_the_size_of_queries_and_keys():
    x, mask = np.random.default_rng(0).normal(size=(2, 3, 16)).astype(np.float32), causal_mask(3, "float32")
    attention = MultiHeadAttention(16, 2, query_key_norm=True)

    def weights():
        return ops.convert_to_numpy(attention(x, *attention.keys_values(x), mask, return_weights=True)[1])

    before = weights()
    attention.query.kernel.assign(5 * attention.query.kernel)
    attention.key.kernel.assign(3 * attention.key.kernel)
    np.testing.assert_allclose(weights(), before, atol=1e-5)
    attention.score_scale.assign([0, 1])
    np.testing.assert_allclose(weights()[:, 0, -1], 1 / 3, rtol=1e-5)
    np.testing.assert_allclose(weights()[:, 1], before[:, 1], atol=1e-5)


def test_rotation_makes_scores_depend_only_on_distance():
    query, key = np.random.default_rng(0).normal(size=(2, 1, 1, 1, 8)).astype(np.float32)

    def score(query_position, key_position):
        turned = rotated(query, np.array([query_position])), rotated(key, np.array([key_position]))
        return float(ops.sum(turned[0] * turned[1]))

    np.testing.assert_allclose(score(3, 1), score(40, 38), rtol=1e-4)
    np.testing.assert_allclose(score(5, 5), np.sum(query * key), rtol=1e-5)
    assert abs(score(3, 1) - score(3, 2)) > 1e-3


def test_a_transformer_refuses_what_is_longer_than_its_maximum():
    model = Transformer(V, V, num_units=16, num_layers=1, num_heads=2, feed_forward=16, max_length=8)
    short, long = np.ones((1, 8), np.int32), np.ones((1, 9), np.int32)
    model({"context": short, "target": short})
    for inputs in ({"context": long, "target": short}, {"context": short, "target": long}):
        with pytest.raises(ValueError, match="Received: 9, max_length=8"):
            model(inputs)
