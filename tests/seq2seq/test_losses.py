"""The loss and the accuracy agree with their definitions, over real tokens only."""

import keras
import numpy as np
import pytest

from symbolic.seq2seq.losses import MaskedAccuracy, MaskedCrossEntropy

V = 7


def random_batch(seed, lengths=(3, 1, 4), width=4):
    rng = np.random.default_rng(seed)
    labels = np.where(np.arange(width) < np.array(lengths)[:, None], rng.integers(1, V, (len(lengths), width)), 0)
    return labels.astype(np.int32), rng.normal(size=(len(lengths), width, V)).astype(np.float32)


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_the_mean_over_real_tokens(smoothing):
    labels, logits = random_batch(0)
    log_p = log_softmax(logits.astype(float))
    wanted = (1 - smoothing) * np.eye(V)[labels] + smoothing / V
    losses = -(wanted * log_p).sum(-1)
    loss = MaskedCrossEntropy(label_smoothing=smoothing)(labels, logits)
    assert float(loss) == pytest.approx(losses[labels > 0].mean(), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_padding_columns_change_neither(smoothing):
    labels, logits = random_batch(1)
    wide_labels = np.pad(labels, ((0, 0), (0, 3)))
    wide_logits = np.concatenate([logits, np.full((3, 3, V), 5.0, np.float32)], axis=1)
    loss, metric, wide_metric = MaskedCrossEntropy(smoothing), MaskedAccuracy(), MaskedAccuracy()
    assert float(loss(wide_labels, wide_logits)) == pytest.approx(float(loss(labels, logits)), rel=1e-6)
    metric.update_state(labels, logits)
    wide_metric.update_state(wide_labels, wide_logits)
    assert float(metric.result()) == float(wide_metric.result())


def test_accuracy_counts_tokens_whatever_the_batches():
    batches = [random_batch(seed, lengths) for seed, lengths in enumerate([(1, 2, 4), (4, 4), (1,)])]
    metric = MaskedAccuracy()
    for batch in batches:
        metric.update_state(*batch)
    hits = np.concatenate([(logits.argmax(-1) == labels)[labels > 0] for labels, logits in batches])
    assert float(metric.result()) == pytest.approx(hits.mean(), rel=1e-6)
    metric.reset_state()
    assert float(metric.result()) == 0.0


def test_an_epoch_of_more_tokens_than_float32_can_count():
    metric = MaskedAccuracy()
    metric.correct.assign(2**24)
    metric.total.assign(2**24)
    metric.update_state(np.array([[1]], np.int32), np.eye(V, dtype=np.float32)[[[1]]])
    assert int(metric.correct) == int(metric.total) == 2**24 + 1


def test_serialisation():
    loss = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(MaskedCrossEntropy(0.1)))
    assert loss.label_smoothing == 0.1
    assert isinstance(keras.metrics.deserialize(keras.metrics.serialize(MaskedAccuracy())), MaskedAccuracy)
