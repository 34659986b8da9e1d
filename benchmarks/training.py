"""The cost of a training step: our models on TensorFlow and JAX, a plain torch.nn.Transformer, unbucketed batches.

    python -m benchmarks.training
    python -m benchmarks.training --batches 6 --rounds 3      # half an hour on two busy cores, most of it compiling

All train on the same problems of the family bwd in batches of 64, with Adam, clipped gradients and no dropout. All but
"unbucketed", which takes the problems in random order, use the same bucketed batches. Every contestant has a process of
its own, and they take turns: in a round, one makes a pass over the batches. The rates are medians over the rounds. "of
product" is the rate of the model's matrix products, padding included, divided by that of large matrix products in the
same precision, both for each CPU-second. Two threads of torch wait for each other by spinning, which on a busy machine
costs CPU time. So take its rate for each CPU-second from one thread, and its rate on an idle machine from two.
"""

import argparse
import itertools
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

UNITS, LAYERS, HEADS, FEED_FORWARD = 256, 4, 8, 1024
BATCH_SIZE, MAX_LENGTH = 64, 256


class Contestant(NamedTuple):
    """What trains: a model of a framework, in a precision, on batches of a kind."""

    framework: str
    model: str
    precision: str
    batches: str = "bucketed"

    def __str__(self):
        return f"{self.model} {self.framework} {self.precision} {self.batches}"


CONTESTANTS = (
    Contestant("tensorflow", "transformer", "float32"),
    Contestant("tensorflow", "transformer", "bfloat16"),
    Contestant("tensorflow", "transformer", "float32", "unbucketed"),
    Contestant("jax", "transformer", "float32"),
    Contestant("jax", "transformer", "bfloat16"),
    Contestant("torch 2 threads", "transformer", "float32"),
    Contestant("torch 1 thread", "transformer", "float32"),
    Contestant("tensorflow", "attention_rnn", "float32"),
)
PRODUCTS = tuple(Contestant("tensorflow", "product", precision, "none") for precision in ("float32", "bfloat16"))


class Round(NamedTuple):
    """The duration of a round, and the resident bytes after it."""

    seconds: float
    cpu_seconds: float
    resident: int


def drawn_batches(count: int) -> tuple[dict[str, list], int]:
    """Batches by name, `count` of each, and the size of the vocabulary."""
    import numpy as np

    from symbolic.expressions.tokens import TOKENS
    from symbolic.problems.problem import ProblemOptions
    from symbolic.problems.production.stream import stream
    from symbolic.seq2seq.batches import EvaluationBatches, training_batches
    from symbolic.seq2seq.processors import TextProcessor
    from symbolic.seq2seq.shapes import Source
    from symbolic.seq2seq.token_store import TokenStore

    problems = stream({"bwd": 1.0}, seed=0, options=ProblemOptions(max_len=MAX_LENGTH - 16))
    equations, solutions = zip(*itertools.islice(problems, 100 * BATCH_SIZE), strict=True)
    problems.close()
    processor = TextProcessor(list(TOKENS))
    store = TokenStore.of(processor.encode(equations), processor.encode(solutions))
    bucketed = training_batches([Source(store)], batch_size=BATCH_SIZE, max_length=MAX_LENGTH, seed=0)
    order = np.random.default_rng(0).permutation(len(store))
    shuffled = (
        EvaluationBatches(store.select(rows), BATCH_SIZE)[0] for rows in np.split(order, len(order) // BATCH_SIZE)
    )
    batches = {
        name: list(itertools.islice(each, count)) for name, each in (("bucketed", bucketed), ("unbucketed", shuffled))
    }
    return batches, len(processor)


def keras_pass(contestant: Contestant, batches: list, vocabulary_size: int) -> Callable[[], None]:
    """A pass of one of our models over the batches, by `fit`."""
    import keras

    from symbolic.seq2seq.batches import as_input
    from symbolic.seq2seq.losses import MaskedAccuracy, MaskedCrossEntropy
    from symbolic.seq2seq.models.attention_rnn import AttentionRNN
    from symbolic.seq2seq.models.transformer import Transformer

    keras.config.set_dtype_policy("float32" if contestant.precision == "float32" else "mixed_bfloat16")
    if contestant.model == "transformer":
        model = Transformer(vocabulary_size, vocabulary_size, UNITS, LAYERS, HEADS, FEED_FORWARD, max_length=MAX_LENGTH)
    else:
        model = AttentionRNN(vocabulary_size, vocabulary_size, UNITS, HEADS)
    adam = keras.optimizers.Adam(1e-4, global_clipnorm=1.0)
    on_jax = contestant.framework == "jax"  # which runs nothing without XLA
    model.compile(adam, MaskedCrossEntropy(), metrics=[MaskedAccuracy()], jit_compile=on_jax)

    def one_pass():
        passing = (batch for batch in batches)  # a generator, for Keras on JAX accepts no other iterator
        model.fit(as_input(passing), steps_per_epoch=len(batches), shuffle=False, verbose=0)

    return one_pass


def torch_pass(threads: int, batches: list, vocabulary_size: int) -> Callable[[], None]:
    """A pass of a torch.nn.Transformer of the same size over the batches."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    context_embedding, target_embedding = (nn.Embedding(vocabulary_size, UNITS) for _ in range(2))
    positions = nn.Embedding(MAX_LENGTH, UNITS)
    model = nn.Transformer(UNITS, HEADS, LAYERS, LAYERS, FEED_FORWARD, dropout=0, batch_first=True, norm_first=True)
    parameters = list(nn.ModuleList([context_embedding, target_embedding, positions, model]).parameters())
    adam = torch.optim.Adam(parameters, 1e-4)
    tensors = [
        [torch.from_numpy(ids).long() for ids in (inputs["context"], inputs["target"], labels)]
        for inputs, labels in batches
    ]

    def embedded(table, ids):
        return table(ids) + positions(torch.arange(ids.shape[1]))

    def one_pass():
        for context, target, labels in tensors:
            is_padding = context == 0
            states = model(
                embedded(context_embedding, context),
                embedded(target_embedding, target),
                tgt_mask=nn.Transformer.generate_square_subsequent_mask(target.shape[1]),
                src_key_padding_mask=is_padding,
                memory_key_padding_mask=is_padding,
                tgt_is_causal=True,
            )
            logits = states @ target_embedding.weight.T
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0)
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            adam.step()
            loss.item()

    return one_pass


_PRODUCTS_OF_A_ROUND, _PRODUCT_SIZE = 20, 2048


def product_pass(contestant: Contestant) -> Callable[[], None]:
    """Several products of large square matrices, on TensorFlow."""
    import tensorflow as tf

    matrix = tf.cast(tf.random.normal((_PRODUCT_SIZE, _PRODUCT_SIZE)), contestant.precision)

    def one_pass():
        for _ in range(_PRODUCTS_OF_A_ROUND):
            product = tf.matmul(matrix, matrix)
        product.numpy()

    return one_pass


def work(contestant: Contestant, batches: list, vocabulary_size: int, pipe) -> None:
    """A contestant's process: two rounds that are not counted, in which it compiles, then one for each message."""
    import psutil

    if contestant.model == "product":
        one_pass = product_pass(contestant)
    elif contestant.framework.startswith("torch"):
        one_pass = torch_pass(int(contestant.framework.split()[1]), batches, vocabulary_size)
    else:
        one_pass = keras_pass(contestant, batches, vocabulary_size)
    for _ in range(2):
        one_pass()
    pipe.send("ready")
    while pipe.recv():
        started, cpu_started = time.perf_counter(), time.process_time()
        one_pass()
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        pipe.send(Round(seconds, cpu_seconds, psutil.Process().memory_info().rss))


def start(contestant: Contestant, batches: dict[str, list], vocabulary_size: int):
    """The pipe to a new process of a contestant, once that is ready."""
    os.environ["KERAS_BACKEND"] = "jax" if contestant.framework == "jax" else "tensorflow"
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=work, args=(contestant, batches.get(contestant.batches), vocabulary_size, theirs), daemon=True
    )
    process.start()
    theirs.close()  # otherwise `recv` would wait for a process that ended
    ours.recv()
    return ours


def rounds_of(contestants, batches, vocabulary_size: int, rounds: int) -> dict[Contestant, list[Round]]:
    """The rounds of all contestants, who take turns."""
    pipes = {contestant: start(contestant, batches, vocabulary_size) for contestant in contestants}
    taken: dict[Contestant, list[Round]] = {contestant: [] for contestant in contestants}
    for _ in range(rounds):
        for contestant, pipe in pipes.items():
            pipe.send(True)
            taken[contestant].append(pipe.recv())
    for pipe in pipes.values():
        pipe.send(False)
    return taken


def operations(batches: list, vocabulary_size: int) -> float:
    """Floating-point operations of the Transformer's matrix products in a training pass, padding included.

    The backward pass takes twice those of the forward pass.
    """

    def forward() -> Iterator[int]:
        for inputs, _ in batches:
            rows, source = inputs["context"].shape
            target = inputs["target"].shape[1]
            feed_forward = 2 * UNITS * FEED_FORWARD
            encoder = source * (4 * UNITS**2 + feed_forward) + 2 * source**2 * UNITS
            decoder = target * (6 * UNITS**2 + feed_forward) + 2 * target * (target + source) * UNITS
            keys_values = source * 2 * UNITS**2
            yield 2 * rows * (LAYERS * (encoder + decoder + keys_values) + target * UNITS * vocabulary_size)

    return 3 * sum(forward())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=16, help="in a round")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()

    batches, vocabulary_size = drawn_batches(args.batches)
    taken = rounds_of((*CONTESTANTS, *PRODUCTS), batches, vocabulary_size, args.rounds)

    def median(contestant: Contestant, of: Callable[[Round], float]) -> float:
        return statistics.median(of(one) for one in taken[contestant])

    rates = {}
    for contestant in PRODUCTS:
        count = _PRODUCTS_OF_A_ROUND * 2 * _PRODUCT_SIZE**3
        rates[contestant.precision] = count / median(contestant, lambda one: one.cpu_seconds)
        print(f"matrix product, {contestant.precision}: {rates[contestant.precision] / 1e9:.0f} GFLOP a CPU-second")

    print()
    print_row("", "problems/s", "tokens/s", "tokens/CPU-s", "padding", "of product", "resident GB")
    for contestant in CONTESTANTS:
        own = batches[contestant.batches]
        ids = [matrix for inputs, _ in own for matrix in inputs.values()]
        tokens, positions = sum((matrix > 0).sum() for matrix in ids), sum(matrix.size for matrix in ids)
        problems = sum((labels > 0).any(axis=1).sum() for _, labels in own)
        seconds = median(contestant, lambda one: one.seconds)
        cpu_seconds = median(contestant, lambda one: one.cpu_seconds)
        of_product = operations(own, vocabulary_size) / cpu_seconds / rates[contestant.precision]
        print_row(
            str(contestant),
            f"{problems / seconds:.0f}",
            f"{tokens / seconds:.0f}",
            f"{tokens / cpu_seconds:.0f}",
            f"{1 - tokens / positions:.0%}",
            f"{of_product:.0%}" if contestant.model == "transformer" else "-",
            f"{median(contestant, lambda one: one.resident) / 1e9:.1f}",
        )


def print_row(name: str, *cells: str) -> None:
    print(f"{name:46s}" + "".join(f"{cell:>13s}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
