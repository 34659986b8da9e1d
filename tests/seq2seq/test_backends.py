"""The same code and the same files work on TensorFlow and on JAX; each backend has a process of its own."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from symbolic.seq2seq.decoding import CompiledSearch
from symbolic.seq2seq.losses import MaskedAccuracy, MaskedCrossEntropy
from symbolic.seq2seq.searches import Beam, Greedy
from tests import PROJECT
from tests.seq2seq.conftest import build, reversal

pytest.importorskip("jax", reason="JAX is an optional extra")

ON_JAX = """
import sys
from pathlib import Path

import keras
import numpy as np

from symbolic.seq2seq.batches import as_input, training_batches
from symbolic.seq2seq.shapes import Source
from symbolic.seq2seq.decoding import CompiledSearch
from symbolic.seq2seq.searches import Beam, Greedy
import symbolic.seq2seq.losses  # a saved model's classes must be known before it is loaded
from tests.seq2seq.conftest import reversal, reversal_store

assert keras.backend.backend() == "jax" and "tensorflow" not in sys.modules
folder = Path(sys.argv[1])
inputs, _ = reversal(4, seed=0)
for kind in sys.argv[2:]:
    model = keras.saving.load_model(folder / f"{kind}.keras")
    np.save(folder / f"{kind}-logits.npy", model.predict_on_batch(inputs))
    search = Greedy() if kind == "gru" else Beam(3, length_penalty=1.0)
    np.savez(folder / f"{kind}-decoded.npz", **CompiledSearch([model], search, 18)(inputs["context"])._asdict())

    batches = training_batches([Source(reversal_store(4, seed=0))], batch_size=4, max_length=16, seed=0)
    fit = model.fit(as_input(batches), steps_per_epoch=1, shuffle=False, verbose=0)
    assert all(np.isfinite(values).all() for values in fit.history.values()), fit.history
    model.save(folder / f"{kind}-jax.keras")
    np.save(folder / f"{kind}-jax-logits.npy", model.predict_on_batch(inputs))
"""


FUSED = """
import jax
import keras
import numpy as np

from symbolic.seq2seq.models import attention
from symbolic.seq2seq.losses import MaskedCrossEntropy
from tests.seq2seq.conftest import build, reversal

inputs, labels = reversal(6, seed=0)
inputs["context"][-1] = labels[-1] = 0  # a row without tokens


def loss_and_gradients(model):
    @jax.jit
    def of(trainable):
        def loss(trainable):
            logits, _ = model.stateless_call(trainable, model.non_trainable_variables, inputs)
            return MaskedCrossEntropy()(labels, logits)

        return jax.value_and_grad(loss)(trainable)

    return jax.tree.leaves(of([variable.value for variable in model.trainable_variables]))


tried, done = [], []
plain_attention = jax.nn.dot_product_attention


def recorded(*args, **kwargs):
    tried.append(kwargs)
    result = plain_attention(*args, **kwargs)
    done.append(kwargs)
    return result


jax.nn.dot_product_attention = recorded
normalized = {"query_key_norm": True}
for kind, options, count, causal in (("gru", {}, 1, 0), ("transformer", {}, 6, 2), ("transformer", normalized, 6, 2)):
    model = build(kind, **options)
    expected = loss_and_gradients(model)
    assert not tried
    has_fused_kernel, attention._has_fused_kernel = attention._has_fused_kernel, lambda dtype: True
    attention._FUSED = "xla"
    for mine, theirs in zip(loss_and_gradients(model), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert len(done) == count and sum(call["is_causal"] for call in done) == causal
    for call in done:
        lengths = call["key_value_seq_lengths"]
        assert call["scale"] == 1.0 and (lengths is None) == call["is_causal"]
        assert lengths is None or (lengths.dtype, lengths.shape) == (np.int32, (6,))
    attention._FUSED = "cudnn"  # which is not on this machine: the plain products are taken
    tried.clear(), done.clear()
    np.testing.assert_allclose(loss_and_gradients(model)[0], expected[0], rtol=1e-6)
    assert len(tried) == count and not done
    tried.clear(), done.clear()
    attention._has_fused_kernel = has_fused_kernel
assert not has_fused_kernel("bfloat16")  # on a CPU
"""


def run_on_jax(script, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


def test_files_of_one_backend_load_in_the_other_with_the_same_logits(tmp_path):
    kinds = ("gru", "transformer")
    inputs, labels = reversal(4, seed=0)
    for kind in kinds:
        model = build(kind, num_layers=1)
        model.compile(keras.optimizers.Adam(0.01), MaskedCrossEntropy(), metrics=[MaskedAccuracy()])
        model.train_on_batch(inputs, labels)
        model.save(tmp_path / f"{kind}.keras")
    run_on_jax(ON_JAX, tmp_path, *kinds)
    for kind in kinds:
        model = keras.saving.load_model(tmp_path / f"{kind}.keras")
        np.testing.assert_allclose(model(inputs), np.load(tmp_path / f"{kind}-logits.npy"), atol=1e-4)
        search = Greedy() if kind == "gru" else Beam(3, length_penalty=1.0)
        theirs, ours = np.load(tmp_path / f"{kind}-decoded.npz"), CompiledSearch([model], search, 18)(inputs["context"])
        np.testing.assert_array_equal(ours.ids, theirs["ids"])
        np.testing.assert_allclose(ours.scores, theirs["scores"], atol=1e-4)

        model = keras.saving.load_model(tmp_path / f"{kind}-jax.keras")
        np.testing.assert_allclose(model(inputs), np.load(tmp_path / f"{kind}-jax-logits.npy"), atol=1e-4)
        assert int(model.optimizer.iterations) == 2


def test_a_fused_kernel_gets_the_masks_in_its_own_words():
    """XLA's products stand in for the kernel, whose arguments are the same."""
    run_on_jax(FUSED)
