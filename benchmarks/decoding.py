"""The cost of a decoded token: CPU-milliseconds for each equation and step, greedy and with beam 10.

    python -m benchmarks.decoding                       # about three minutes on two cores
    python -m benchmarks.decoding --units 512 --layers 6

At one size it compares the compiled search with a plain PyTorch loop that keeps keys and values, and with a loop that
keeps nothing; further a search with and without a grammar, and batches of equal and of unequal lengths. The weights are
random and the lengths forced, so that all searches take the same number of steps.
"""

import argparse
import statistics
import time

import keras
import numpy as np
import torch
from keras import ops
from torch import nn

from symbolic.expressions.tokens import TOKENS
from symbolic.seq2seq.compilation import compiled
from symbolic.seq2seq.decoding import CompiledSearch
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.models.contract import ModelState
from symbolic.seq2seq.models.transformer import Transformer
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.searches import Beam, Greedy
from symbolic.seq2seq.special_tokens import END_ID, START_ID
from symbolic.solving.rounds import grammar_of

CONTEXT = 48  # tokens of a problem
# With this penalty and these weights no beginning ever loses, so that a beam search too goes on to the forced end.
BEAM = Beam(10, length_penalty=1.0)


def ending_at_given_lengths(model_class):
    """A subclass that ends every output after as many tokens, END included, as the first id of its context."""

    class EndingAtGivenLengths(model_class):
        def start(self, context, hypotheses, steps):
            state = super().start(context, hypotheses, steps)
            return state._replace(shared=(state.shared, context[:, 0]))

        def step(self, tokens, state, position):
            inner, lengths = state.shared
            logits, state = super().step(tokens, ModelState(inner, state.own), position)
            is_end = ops.arange(ops.shape(logits)[-1]) == END_ID
            bias = ops.where((position + 1 >= lengths)[:, None, None], 1e4, -1e4)
            return ops.where(is_end, logits + bias, logits), state._replace(shared=(state.shared, lengths))

        def with_room(self, state, steps):
            inner, lengths = state.shared
            state = super().with_room(ModelState(inner, state.own), steps)
            return state._replace(shared=(state.shared, lengths))

    return EndingAtGivenLengths


class TorchDecoder(nn.Module):
    """A plain Transformer decoder in PyTorch that keeps keys and values, and re-orders them for its beams."""

    def __init__(self, vocabulary_size: int, units: int, layers: int, heads: int):
        super().__init__()
        self.heads = heads
        self.embedding = nn.Embedding(vocabulary_size, units)
        self.layers = nn.ModuleList(nn.ModuleDict(self._layer(units)) for _ in range(layers))
        self.norm = nn.LayerNorm(units)

    def _layer(self, units):
        names = ("query", "key", "value", "output", "context_query", "context_key", "context_value", "context_output")
        dense = {name: nn.Linear(units, units) for name in names}
        norms = {name: nn.LayerNorm(units) for name in ("norm", "context_norm", "feed_forward_norm")}
        return {**dense, **norms, "widen": nn.Linear(units, 4 * units), "narrow": nn.Linear(4 * units, units)}

    def _split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _attend(self, query, keys, values):
        attended = nn.functional.scaled_dot_product_attention(self._split(query), keys, values)
        return attended.transpose(1, 2).flatten(2)

    def start(self, context):
        """Keys and values of an encoded context (R, S, U), and empty caches, for each layer."""
        of_context = [(self._split(layer.context_key(context)), self._split(layer.context_value(context)))
                      for layer in self.layers]  # fmt: skip
        return of_context, [None] * len(self.layers)

    def step(self, tokens, of_context, caches):
        """Logits (R, V) after the tokens (R,), and the new caches."""
        x, new_caches = self.embedding(tokens)[:, None], []
        for layer, (keys, values), cache in zip(self.layers, of_context, caches, strict=True):
            y = layer.norm(x)
            own = self._split(layer.key(y)), self._split(layer.value(y))
            cache = own if cache is None else tuple(torch.cat(pair, dim=2) for pair in zip(cache, own, strict=True))
            new_caches.append(cache)
            x = x + layer.output(self._attend(layer.query(y), *cache))
            x = x + layer.context_output(self._attend(layer.context_query(layer.context_norm(x)), keys, values))
            x = x + layer.narrow(torch.relu(layer.widen(layer.feed_forward_norm(x))))
        return self.norm(x)[:, 0] @ self.embedding.weight.T, new_caches

    @torch.inference_mode()
    def greedy(self, context, steps: int):
        of_context, caches = self.start(context)
        tokens, ids = torch.full((len(context),), START_ID), []
        for _ in range(steps):
            logits, caches = self.step(tokens, of_context, caches)
            tokens = logits.argmax(dim=-1)
            ids.append(tokens)
        return torch.stack(ids, dim=1)

    @torch.inference_mode()
    def beam(self, context, steps: int, size: int):
        batch = len(context)
        of_context, caches = self.start(context.repeat_interleave(size, dim=0))
        tokens, ids = torch.full((batch * size,), START_ID), torch.zeros((batch * size, 0), dtype=torch.long)
        scores = torch.full((batch, size), -torch.inf)
        scores[:, 0] = 0
        first_rows = size * torch.arange(batch)[:, None]
        for _ in range(steps):
            logits, caches = self.step(tokens, of_context, caches)
            continued = scores[..., None] + logits.log_softmax(dim=-1).view(batch, size, -1)
            scores, best = continued.flatten(1).topk(size)
            parents = (first_rows + best // logits.shape[-1]).flatten()
            tokens = (best % logits.shape[-1]).flatten()
            ids = torch.cat([ids[parents], tokens[:, None]], dim=1)
            caches = [(keys[parents], values[parents]) for keys, values in caches]
        return ids


def milliseconds(units: int, *functions, repeats: int = 7) -> list[float]:
    """CPU-milliseconds of a call of each function, divided by `units`: medians over calls after the first.

    The functions take turns, because the processor is not equally fast all the time.
    """
    times = [[] for _ in functions]
    for _ in range(1 + repeats):
        for function, own in zip(functions, times, strict=True):
            start = time.process_time()
            function()
            own.append(time.process_time() - start)
    return [1e3 * statistics.median(own[1:]) / units for own in times]


def uncached(model, batch: int, hypotheses: int, steps: int) -> float:
    """The same of a loop that passes all tokens so far through the model at each step: the mean of three steps."""
    forward = compiled(
        lambda context, target: ops.argmax(model({"context": context, "target": target})[:, -1]), [model]
    )
    batch = min(batch, 4)  # of many, the cost is proportional
    context = np.full((batch * hypotheses, CONTEXT), 5, np.int32)

    def cost(length: int) -> float:
        target = np.full((batch * hypotheses, length), 5, np.int32)
        return milliseconds(batch, lambda: forward(context, target), repeats=3)[0]

    return statistics.mean(map(cost, (steps // 6, steps // 2, 5 * steps // 6)))


def contexts(lengths, vocabulary_size: int) -> np.ndarray:
    """Random problems whose first id is the length of the output."""
    ids = np.random.default_rng(0).integers(4, vocabulary_size, (len(lengths), CONTEXT))
    ids[:, 0] = lengths
    return ids.astype(np.int32)


def print_row(name: str, *cells: str) -> None:
    print(f"{name:34s}" + "".join(f"{cell:>12s}" for cell in cells), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4, help="of the encoder, and of the decoder")
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--steps", type=int, default=48, help="tokens of an output")
    args = parser.parse_args()
    steps = args.steps

    processor = TextProcessor(list(TOKENS))
    size, grammar = len(processor), grammar_of(processor)
    size_of_context = max(size, 4 * steps)  # its ids are lengths
    keras.utils.set_random_seed(0)
    transformer = ending_at_given_lengths(Transformer)(
        size_of_context, size, args.units, args.layers, args.heads, 4 * args.units, max_length=4 * steps
    )
    rnn = ending_at_given_lengths(AttentionRNN)(size_of_context, size, args.units, args.heads)
    two = np.full((2, 2), START_ID, np.int32)
    for model in (transformer, rnn):
        model({"context": two, "target": two})
    torch.set_num_threads(1)  # CPU time is what counts, and threads that wait for others spend it
    in_torch = TorchDecoder(size, args.units, args.layers, args.heads).eval()

    print(f"{args.units} units, {args.layers} + {args.layers} layers, {CONTEXT} context tokens, {steps} steps, "
          f"{keras.backend.backend()}; CPU-ms for each equation and step\n")  # fmt: skip
    print_row("", "batch 32", "", "batch 1", "")
    print_row("", "greedy", "beam 10", "greedy", "beam 10")
    kinds = [(batch, search) for batch in (32, 1) for search in (Greedy(), BEAM)]

    def ours(model, lengths, search, *grammars) -> list[float]:
        decode, ids = CompiledSearch([model], search, int(max(lengths))), contexts(lengths, size)
        return milliseconds(sum(lengths), *(lambda each=each: decode(ids, each) for each in grammars or (None,)))

    def rows(names: list[str], cost) -> list[tuple[float, ...]]:
        costs = list(zip(*(cost(batch, search) for batch, search in kinds), strict=True))
        for name, row in zip(names, costs, strict=True):
            print_row(name, *(f"{cost:.2f}" for cost in row))
        return costs

    def torch_cost(batch, search):
        context = torch.randn(batch, CONTEXT, args.units)
        if isinstance(search, Greedy):
            return milliseconds(batch * steps, lambda: in_torch.greedy(context, steps))
        return milliseconds(batch * steps, lambda: in_torch.beam(context, steps, search.size))

    plain, ruled = rows(
        ["Transformer", "Transformer, with grammar"],
        lambda batch, search: ours(transformer, [steps] * batch, search, None, grammar),
    )
    (theirs,) = rows(["PyTorch loop, keys and values kept"], torch_cost)
    (naive,) = rows(
        ["Transformer, nothing kept"], lambda batch, search: [uncached(transformer, batch, search.hypotheses, steps)]
    )
    rows(["attention GRU"], lambda batch, search: ours(rnn, [steps] * batch, search))
    for name, costs in (("grammar", ruled), ("PyTorch loop", theirs), ("nothing kept", naive)):
        print_row(f"{name} / Transformer", *(f"{a / b:.2f}" for a, b in zip(costs, plain, strict=True)))

    lengths = np.random.default_rng(1).permutation(np.linspace(steps // 8, 2 * steps, 32).astype(int)).tolist()
    print(f"\n32 equations with outputs of {min(lengths)} to {max(lengths)} tokens, CPU-ms for each equation and token")
    print_row("", "greedy", "beam 10")
    print_row("unequal lengths", *(f"{ours(transformer, lengths, search)[0]:.2f}" for search in (Greedy(), BEAM)))
    print_row(
        "all as long as the longest",
        *(f"{ours(transformer, [max(lengths)] * 32, search)[0]:.2f}" for search in (Greedy(), BEAM)),
    )


if __name__ == "__main__":
    main()
