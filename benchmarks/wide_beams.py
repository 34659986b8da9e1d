"""What beam search costs with the shipped model: NumPy, Keras, and CTranslate2 as an anchor from outside.

    python -m benchmarks.wide_beams                                 # about three minutes on two quiet cores
    python -m benchmarks.wide_beams --ctranslate2 /path/to/python   # of an environment with ctranslate2 and numpy

Held-out problems are decoded one at a time, as for a person who asks, under the grammar. The cost of a step is the
CPU time of a search, and its wall time, divided by its steps, the encoder included. The searches take turns. BLAS has
one thread and TensorFlow its own, unless the environment says otherwise.

CTranslate2 has no hook for a grammar, so it runs a model of the same sizes with random weights, for a fixed number of
steps.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BEAMS = (1, 10, 50, 200, 500)
DATA = "data/held_out/{}.test.gz"
STEPS = 32  # of CTranslate2

# A Transformer with the sizes of the shipped model; run by the interpreter of another environment.
CTRANSLATE2 = """
import json, sys, tempfile, time
import ctranslate2, numpy as np
from ctranslate2.specs import transformer_spec, common_spec
sizes, beams, steps = json.loads(sys.argv[1])
units, width, vocabulary = sizes["num_units"], sizes["feed_forward"], sizes["vocabulary"]
rng = np.random.default_rng(0)
spec = transformer_spec.TransformerSpec.from_config(
    num_layers=sizes["num_layers"], num_heads=sizes["num_heads"], pre_norm=True, activation=common_spec.Activation.RELU
)
array = lambda *shape: (0.05 * rng.normal(size=shape)).astype(np.float32)
def fill(norm): norm.gamma, norm.beta = np.ones(units, np.float32), np.zeros(units, np.float32)
def dense(layer, rows, columns): layer.weight, layer.bias = array(rows, columns), array(rows)
def attention(layer, is_own):
    fill(layer.layer_norm)
    for linear, rows in zip(layer.linear, (3 * units, units) if is_own else (units, 2 * units, units)):
        dense(linear, rows, units)
def feed_forward(layer):
    fill(layer.layer_norm), dense(layer.linear_0, width, units), dense(layer.linear_1, units, width)
for side in (spec.encoder, spec.decoder):
    embeddings = side.embeddings[0] if isinstance(side.embeddings, list) else side.embeddings
    embeddings.weight, side.position_encodings.encodings = array(vocabulary, units), array(1024, units)
    fill(side.layer_norm)
    for layer in side.layer:
        attention(layer.self_attention, True)
        if hasattr(layer, "attention"):
            attention(layer.attention, False)
        feed_forward(layer.ffn)
dense(spec.decoder.projection, vocabulary, units)
words = ["<unk>", "<s>", "</s>", *(f"w{i}" for i in range(vocabulary - 3))]
spec.register_source_vocabulary(words), spec.register_target_vocabulary(words)
with tempfile.TemporaryDirectory() as folder:
    spec.validate(), spec.optimize(quantization=None), spec.save(folder)
    for compute in ("float32", "int8"):
        translator = ctranslate2.Translator(folder, compute_type=compute, intra_threads=1)
        for beam in beams:
            options = dict(beam_size=beam, min_decoding_length=steps, max_decoding_length=steps)
            call = lambda: translator.translate_batch([words[10:34]], **options)
            call()
            repeats = 5 if beam < 200 else 2
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(repeats):
                call()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            a_step = 1e3 / repeats / steps
            print(json.dumps([f"CTranslate2 {compute}", beam, cpu * a_step, wall * a_step, wall / repeats]))
"""


def counting(model, counter: list[int]):
    """A model that counts the steps it is asked for."""

    class Counting:
        def __getattr__(self, name):
            return getattr(model, name)

        def step(self, *args):
            counter[0] += 1
            return model.step(*args)

    return Counting()


def print_row(name: str, beam: int, cpu: float, wall: float, seconds: float) -> None:
    print(f"{name:24s}{beam:>6d}{cpu:>14.2f}{wall:>14.2f}{seconds:>14.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=6, help="of a family")
    parser.add_argument("--beams", default=",".join(map(str, BEAMS)))
    parser.add_argument("--families", default="bwd,fwd,ode1")
    parser.add_argument("--no-keras", action="store_true")
    parser.add_argument("--ctranslate2", metavar="PYTHON")
    args = parser.parse_args()
    beams = [int(beam) for beam in args.beams.split(",")]

    from symbolic.seq2seq.numpy_decoding import NumPySearch
    from symbolic.seq2seq.searches import Beam, Greedy
    from symbolic.seq2seq.translator import MODEL, Translator, numpy_model
    from symbolic.solver import PRETRAINED
    from symbolic.solving.rounds import grammar_of

    translator, in_numpy, counter = Translator.load(PRETRAINED), numpy_model(PRETRAINED / MODEL), [0]
    grammar = grammar_of(translator.target_processor)
    contexts = []
    for family in args.families.split(","):
        with gzip.open(DATA.format(family), "rt") as file:
            texts = [
                line.partition("\t")[0].partition("|")[2] for line, _ in zip(file, range(args.problems), strict=False)
            ]
        contexts += [translator.context_processor.encode([text])[0][None] for text in texts]

    def search_of(beam):
        return Greedy() if beam == 1 else Beam(beam)

    def cost(decode, beam) -> tuple[float, float, list[int]]:
        """CPU-seconds, seconds, and steps of each problem."""
        decode(contexts[0], grammar)  # which may compile
        seconds, steps, cpu = [], [], time.process_time()
        for context in contexts:
            counter[0], start = 0, time.perf_counter()
            decode(context, grammar)
            seconds.append(time.perf_counter() - start)
            steps.append(counter[0])
        return time.process_time() - cpu, seconds, steps

    print(f"{len(contexts)} problems of {args.families}, median of seconds\n")
    print(f"{'':24s}{'beam':>6s}{'CPU-ms a step':>14s}{'ms a step':>14s}{'s a problem':>14s}")
    keras_model = None if args.no_keras else Translator.load(PRETRAINED).model
    for beam in beams:
        search = search_of(beam)
        cpu, seconds, steps = cost(NumPySearch([counting(in_numpy, counter)], search, translator.max_length), beam)
        total = sum(steps)
        print_row("NumPy", beam, 1e3 * cpu / total, 1e3 * sum(seconds) / total, statistics.median(seconds))
        if keras_model is not None:
            from symbolic.seq2seq.decoding import CompiledSearch

            cpu, seconds, _ = cost(CompiledSearch([keras_model], search, translator.max_length), beam)
            print_row(
                "Keras, TensorFlow", beam, 1e3 * cpu / total, 1e3 * sum(seconds) / total, statistics.median(seconds)
            )
    if args.ctranslate2:
        sizes = {"num_units": 256, "feed_forward": 1024, "num_layers": 3, "num_heads": 8, "vocabulary": 80}
        command = [args.ctranslate2, "-c", CTRANSLATE2, json.dumps([sizes, beams, STEPS])]
        for line in subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
            print_row(*json.loads(line))


if __name__ == "__main__":
    sys.exit(main())
