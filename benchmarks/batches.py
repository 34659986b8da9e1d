"""Batches made per CPU-second from a memory-mapped store, ours beside grain, tf.data and a Keras PyDataset.

    python -m benchmarks.batches [--pairs N] [--batches B] [--runs R] [PIPELINE ...]
    python -m benchmarks.batches ours --pairs 1000000 5000000 20000000

The store is artificial: random ids in pairs as long as those of integrals, in a temporary folder. Every pipeline
shuffles it exactly and takes batches of 64 into NumPy arrays; `ours tokens` takes 4,096 positions. tf.data buckets by
length, at the boundaries of our widths; grain (`pip install grain`) and PyDataset have no buckets, so they pad to the
longest of each batch. Every run is a process of its own; the figures are medians over the runs. CPU time is that of all
threads. The table also gives the percentage of padding and the number of shapes among the batches, their peak memory
beyond that of the imports, and the CPU time from nothing to the first batch in the middle of the second pass.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

BATCH_SIZE, MAX_LENGTH = 64, 256
CHUNK = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pipelines", nargs="*", metavar="PIPELINE", default=list(PIPELINES), help=", ".join(PIPELINES))
    parser.add_argument("--pairs", type=int, nargs="+", default=[1_000_000], help="sizes of the store")
    parser.add_argument("--batches", type=int, default=2000, help="batches that a run takes")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)  # one run, in this process
    args = parser.parse_args()
    if args.store:
        print(json.dumps(measure(args.pipelines[0], args.store, args.batches)))
        return
    print(f"load of the machine at the start {os.getloadavg()[0]:.1f}; rates per CPU-second")
    print("pipeline           pairs  problems      tokens  padding  shapes   memory   resume")
    for pairs in args.pairs:
        with tempfile.TemporaryDirectory(prefix="batches-") as folder:
            make_store(Path(folder), pairs)
            for name in args.pipelines:
                runs = [_measure_in_a_new_process(name, folder, args.batches) for _ in range(args.runs)]
                figures = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
                print(
                    f"{name:12}{pairs:12,}{figures['problems']:10,.0f}{figures['tokens']:12,.0f}{figures['padding']:9.1%}"
                    f"{figures['shapes']:8.0f}{figures['memory']:6.0f} MB{figures['resume']:7.2f} s",
                    flush=True,
                )


def _measure_in_a_new_process(name: str, folder: str, batches: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.batches", name, "--store", folder, "--batches", str(batches)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout.splitlines()[-1])


def make_store(folder: Path, pairs: int) -> None:
    """Write a store of random pairs: long contexts and short targets that grow together, most of them short."""
    import numpy as np

    from symbolic.seq2seq.special_tokens import END_ID, START_ID
    from symbolic.seq2seq.token_store import CONTEXT_LENGTHS, FORMAT, IDS, SETTINGS, STARTS

    rng, written = np.random.default_rng(0), 0
    files = {name: (folder / name).open("wb") for name in (IDS, STARTS, CONTEXT_LENGTHS)}
    for first in range(0, pairs, CHUNK):
        size = rng.lognormal(3.5, 0.5, min(CHUNK, pairs - first))
        lengths = np.stack([size * rng.lognormal(0, 0.4, len(size)), 0.6 * size * rng.lognormal(0, 0.4, len(size))], 1)
        lengths = np.clip(lengths, 3, MAX_LENGTH).astype(np.int64)
        ends = np.cumsum(lengths.ravel())
        ids = rng.integers(4, 100, ends[-1], np.uint8)
        ids[ends - lengths.ravel()], ids[ends - 1] = START_ID, END_ID
        ids.tofile(files[IDS])
        (written + ends[1::2] - lengths.sum(axis=1)).tofile(files[STARTS])
        lengths[:, 0].astype(np.uint16).tofile(files[CONTEXT_LENGTHS])
        written += int(ends[-1])
    np.array([written]).tofile(files[STARTS])
    for file in files.values():
        file.close()
    settings = {"format": FORMAT, "pairs": pairs, "ids": written, "dtype": "uint8"}
    (folder / SETTINGS).write_text(json.dumps(settings))


def measure(name: str, folder: Path, batches: int) -> dict[str, float]:
    """Rates, padding, shapes, growth of memory (MB) and time to resume (CPU-s) of one pipeline."""
    import numpy as np

    from symbolic.seq2seq.token_store import TokenStore

    store = TokenStore.open(folder)
    next(PIPELINES[name](store.part(0, 1000), 0))  # so that whatever it imports is there
    before = _resident("VmRSS")
    start = time.process_time()
    tokens = positions = rows = 0
    shapes = set()
    for inputs, labels in itertools.islice(PIPELINES[name](store, 0), batches):
        for matrix in (inputs["context"], labels):
            tokens += np.count_nonzero(matrix)
            positions += matrix.size
        rows += np.count_nonzero(labels[:, 0])
        shapes.add((inputs["context"].shape, labels.shape))
    seconds, memory = time.process_time() - start, _resident("VmHWM") - before
    start = time.process_time()
    next(PIPELINES[name](store, 3 * len(store) // (2 * BATCH_SIZE)))
    return {
        "problems": rows / seconds,
        "tokens": tokens / seconds,
        "padding": 1 - tokens / positions,
        "shapes": len(shapes),
        "memory": memory,
        "resume": time.process_time() - start,
    }


def _resident(field: str) -> float:
    """Megabytes of memory that this process holds (VmRSS) or has held at most (VmHWM), mapped files included."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


# --- the pipelines: batches of a store from a step on ----------------------------------------------------------------


def ours(store, step: int) -> Iterator:
    from symbolic.seq2seq.batches import training_batches
    from symbolic.seq2seq.shapes import Source

    return training_batches([Source(store)], batch_size=BATCH_SIZE, max_length=MAX_LENGTH, seed=0, start_step=step)


def ours_by_tokens(store, step: int) -> Iterator:
    from symbolic.seq2seq.batches import training_batches
    from symbolic.seq2seq.shapes import Source

    return training_batches([Source(store)], batch_tokens=4096, max_length=MAX_LENGTH, seed=0, start_step=step)


def grain(store, step: int) -> Iterator:
    import grain

    dataset = grain.MapDataset.range(len(store)).seed(0).shuffle().repeat().batch(BATCH_SIZE)
    dataset = dataset.map(lambda rows: _unbucketed(store, rows))
    return iter(dataset.slice(slice(step, len(dataset))).to_iter_dataset(grain.ReadOptions(num_threads=1)))


def tf_data(store, step: int) -> Iterator:
    import numpy as np
    import tensorflow as tf

    from symbolic.seq2seq.shapes import Source, batch_shapes

    widths = batch_shapes([Source(store)], batch_size=BATCH_SIZE, max_length=MAX_LENGTH).widths.max(axis=1)
    boundaries = np.unique(widths + 1).tolist()

    def pair(i):
        context, target = tf.numpy_function(
            lambda row: (store.context(row).astype(np.int32), store.target(row).astype(np.int32)),
            [i],
            [tf.int32, tf.int32],
            stateful=False,
        )
        return tf.ensure_shape(context, [None]), tf.ensure_shape(target, [None])

    def as_batch(context, target):
        return {"context": context, "target": target[:, :-1]}, target[:, 1:]

    places = tf.data.Dataset.range(step * BATCH_SIZE, np.iinfo(np.int64).max)
    rows = places.map(
        lambda i: tf.random.experimental.index_shuffle(i % len(store), tf.stack([i // len(store), 0]), len(store) - 1)
    )
    buckets = rows.map(pair).bucket_by_sequence_length(
        lambda context, target: tf.maximum(tf.size(context), tf.size(target) - 1),
        boundaries,
        [BATCH_SIZE] * (len(boundaries) + 1),
        pad_to_bucket_boundary=False,
    )
    return buckets.map(as_batch).as_numpy_iterator()


def py_dataset(store, step: int) -> Iterator:
    import keras
    import numpy as np

    class Batches(keras.utils.PyDataset):
        def __init__(self):
            super().__init__()
            self.order = np.random.default_rng(0).permutation(len(store))

        def __getitem__(self, i):
            rows = np.arange(i * BATCH_SIZE, (i + 1) * BATCH_SIZE) % len(store)
            return _unbucketed(store, self.order[rows])

    batches = Batches()
    return map(batches.__getitem__, itertools.count(step))


def _unbucketed(store, rows):
    from symbolic.seq2seq.batches import padded

    starts, lengths = store.starts[rows], store.context_lengths[rows].astype("int64")
    middles, target_lengths = starts + lengths, store.starts[rows + 1] - starts - lengths
    target = padded(store.ids, middles, target_lengths, target_lengths.max())
    context = padded(store.ids, starts, lengths, lengths.max())
    return {"context": context, "target": target[:, :-1]}, target[:, 1:]


PIPELINES = {"ours": ours, "ours tokens": ours_by_tokens, "grain": grain, "tf.data": tf_data, "PyDataset": py_dataset}


if __name__ == "__main__":
    main()
