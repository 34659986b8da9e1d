"""Greedy search, sampling and beam search with Keras models, over token ids, under a grammar if one is given.

A search asks models for the logits of the next token, by the methods of `models.contract.NextLogits`.

Shapes: B problems, K hypotheses of each that are alive, N hypotheses of each that are returned, L longest output,
V vocabulary.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from symbolic.seq2seq.compilation import compiled
from symbolic.seq2seq.grammar import Grammar, Rules, allowed, first_parse, parsed, rules_of
from symbolic.seq2seq.models.contract import ModelState, NextLogits
from symbolic.seq2seq.searches import Beam, Decoded, Greedy, Sampling, Search
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, START_ID

# Steps that are compiled together. After each segment, problems that are done leave the batch, and caches grow.
_SEGMENT = 16
_DEAD = -np.inf  # the score of a hypothesis that is not there


class _Live(NamedTuple):
    """A search between two steps. Every tensor's first axis is B.

    Attributes:
        tokens: (B, K) the last token of each hypothesis.
        scores: (B, K) the sum of its tokens' log-probabilities; minus infinity where there is no hypothesis.
        ids: (B, K, L) its tokens.
        finished: outputs that ended, with their final scores.
        parse: (B, K, 4) where it stands in the grammar; () without one.
        states: of each model.
        draws: (B, K, L) uniform numbers in [0, 1), which decide what sampling draws; () for other searches.
    """

    tokens: Any
    scores: Any
    ids: Any
    finished: Decoded
    parse: Any
    states: tuple[ModelState, ...]
    draws: Any


def decode(models: Sequence[NextLogits], context, search: Search, max_length: int, rules: Rules | tuple = (), draws=()):
    """A whole search as one graph, for use inside a compiled function; `CompiledSearch` is faster on many problems.

    Args:
        models: the search uses the mean of their log-probabilities.
        context: (B, S) ids, padded with 0 on the right.
        search: its settings.
        max_length: L, END included.
        rules: what `grammar.rules_of` makes of the grammar; () without one.
        draws: (B, K, L) uniform numbers in [0, 1), if `search` is sampling.

    Returns:
        The fields of `Decoded` as tensors.
    """
    live = _start(models, context, search, max_length, max_length, rules, draws)
    live, _ = _advance(models, live, search, rules, 0, max_length)
    return _found(live, search)


def _start(models, context, search: Search, max_length: int, steps: int, rules: Rules | tuple, draws) -> _Live:
    batch, hypotheses = ops.shape(context)[0], search.hypotheses
    scores = ops.zeros((batch, hypotheses), "float32")
    if isinstance(search, Beam):  # at first only one hypothesis is alive; all others branch from it
        scores = ops.where(ops.arange(hypotheses) == 0, scores, _DEAD)
    return _Live(
        tokens=ops.full((batch, hypotheses), START_ID, "int32"),
        scores=scores,
        ids=ops.full((batch, hypotheses, max_length), PADDING_ID, "int32"),
        finished=Decoded(
            ops.full((batch, search.returned, max_length), PADDING_ID, "int32"),
            ops.full((batch, search.returned), _DEAD, "float32"),
        ),
        parse=first_parse(batch, hypotheses, ops) if rules else (),
        states=tuple(model.start(context, hypotheses, steps) for model in models),
        draws=draws,
    )


def _advance(models, live: _Live, search: Search, rules: Rules | tuple, start, stop):
    """Take up to `stop - start` steps from position `start` on; return the new state, and which problems are done."""
    extend = _extend_beams if isinstance(search, Beam) else _extend_each

    def unfinished(position, live):
        return (position < stop) & ~ops.all(_done(live, search))

    def step(position, live):
        log_probabilities, states = _next_log_probabilities(models, live, position)
        may_come = _may_come(live, rules, position, ops.shape(log_probabilities)[-1])
        live = extend(live._replace(states=states), ops.where(may_come, log_probabilities, _DEAD), search, position)
        return position + 1, live._replace(parse=parsed(rules, live.parse, live.tokens, ops)) if rules else live

    _, live = ops.while_loop(unfinished, step, (ops.convert_to_tensor(start, "int32"), live))
    return live, _done(live, search)


def _next_log_probabilities(models, live: _Live, position):
    """The mean over the models of the log-probabilities (B, K, V) of the next tokens, and the new states."""
    logits, states = zip(
        *(model.step(live.tokens, state, position) for model, state in zip(models, live.states, strict=True)),
        strict=True,
    )
    return sum(map(ops.log_softmax, logits)) / len(models), states


def _may_come(live: _Live, rules: Rules | tuple, position, vocabulary_size: int):
    """Which tokens may come next, (B, K, V) or broadcast to it."""
    if rules:
        return allowed(rules, live.parse, ops.shape(live.ids)[-1] - 1 - position, ops)
    ids = ops.arange(vocabulary_size)
    return (ids != PADDING_ID) & (ids != START_ID)


def _extend_each(live: _Live, log_probabilities, search: Greedy | Sampling, position) -> _Live:
    """Extend every hypothesis by one token, and copy those that end to their places among the finished."""
    if isinstance(search, Greedy):
        tokens = ops.cast(ops.argmax(log_probabilities, axis=-1), "int32")
    else:
        tokens = _drawn(log_probabilities, search, ops.take(live.draws, position, axis=-1))
    scores = live.scores + _picked(log_probabilities, tokens)
    ids = _written(live.ids, tokens, position)
    ended = (tokens == END_ID) & (scores > _DEAD)
    finished = Decoded(
        ops.where(ended[..., None], ids, live.finished.ids), ops.where(ended, scores, live.finished.scores)
    )
    return live._replace(tokens=tokens, scores=ops.where(ended, _DEAD, scores), ids=ids, finished=finished)


def _drawn(log_probabilities, search: Sampling, draws):
    """Tokens (B, K), drawn by inverting the cumulative distribution over the tokens, the likeliest first."""
    top = log_probabilities.shape[-1] if search.top_k is None else min(search.top_k, log_probabilities.shape[-1])
    likeliest, tokens = ops.top_k(log_probabilities / search.temperature, top)
    weights = ops.exp(likeliest - likeliest[..., :1])
    if search.top_p is not None:
        likelier = ops.cumsum(weights, axis=-1) - weights
        weights = ops.where(likelier < search.top_p * ops.sum(weights, axis=-1, keepdims=True), weights, 0.0)
    up_to = ops.cumsum(weights, axis=-1)
    drawn = ops.sum(ops.cast(up_to <= draws[..., None] * up_to[..., -1:], "int32"), axis=-1)
    last = ops.maximum(ops.sum(ops.cast(weights > 0, "int32"), axis=-1) - 1, 0)
    return ops.cast(_picked(tokens, ops.minimum(drawn, last)), "int32")  # rounding can make `drawn` one too many


def _extend_beams(live: _Live, log_probabilities, search: Beam, position) -> _Live:
    """Keep the likeliest of all continuations by one token; hypotheses that end join the finished if they are better.

    Finished outputs and beginnings do not compete for places: END is tried on every hypothesis, and separately.
    """
    hypotheses, vocabulary_size = search.size, log_probabilities.shape[-1]
    continued = live.scores[..., None] + log_probabilities
    ending = Decoded(
        _written(live.ids, END_ID, position), _normalised(continued[..., END_ID], position + 1, search.length_penalty)
    )
    candidates = Decoded(*(ops.concatenate(pair, axis=1) for pair in zip(live.finished, ending, strict=True)))
    finished = _best(candidates, search.returned)

    beginnings = ops.where(ops.arange(vocabulary_size) == END_ID, _DEAD, continued)
    scores, best = ops.top_k(ops.reshape(beginnings, (-1, hypotheses * vocabulary_size)), hypotheses)
    best = ops.cast(best, "int32")
    parents, tokens = best // vocabulary_size, best % vocabulary_size
    return live._replace(
        tokens=tokens,
        scores=scores,
        ids=_written(_rows_of(live.ids, parents), tokens, position),
        finished=finished,
        parse=keras.tree.map_structure(lambda tensor: _rows_of(tensor, parents), live.parse),
        states=tuple(
            state._replace(own=keras.tree.map_structure(lambda tensor: _rows_of(tensor, parents), state.own))
            for state in live.states
        ),
    )


def _done(live: _Live, search: Search):
    """Which problems (B,) no further step can change: no hypothesis is alive, or none that is alive can win.

    A sum of log-probabilities can only fall. The best score that it can still reach is that of the longest output,
    whose length divides the sum by most.
    """
    best = ops.max(live.scores, axis=1)
    nothing_lives = best == _DEAD
    if not isinstance(search, Beam):
        return nothing_lives
    attainable = _normalised(best, ops.shape(live.ids)[-1], search.length_penalty)
    return nothing_lives | (ops.min(live.finished.scores, axis=1) >= attainable)


def _found(live: _Live, search: Search):
    """The finished hypotheses, or the live ones of a problem that has none, as the fields of `Decoded`."""
    unfinished = Decoded(
        live.ids[:, : search.returned],
        _normalised(live.scores[:, : search.returned], ops.shape(live.ids)[-1], search.length_penalty),
    )
    none_ended = ops.all(live.finished.scores == _DEAD, axis=1, keepdims=True)
    return _best(
        Decoded(
            ops.where(none_ended[..., None], unfinished.ids, live.finished.ids),
            ops.where(none_ended, unfinished.scores, live.finished.scores),
        ),
        search.returned,
    )


def _best(candidates: Decoded, count: int) -> Decoded:
    scores, best = ops.top_k(candidates.scores, count)
    return Decoded(_rows_of(candidates.ids, ops.cast(best, "int32")), scores)


def _normalised(scores, length, length_penalty: float):
    return scores / ops.cast(length, "float32") ** length_penalty if length_penalty else scores


def _written(ids, tokens, position):
    """The ids (B, K, L) with the tokens (B, K) at the position."""
    here = ops.arange(ops.shape(ids)[-1]) == position
    return ops.where(here, tokens if isinstance(tokens, int) else tokens[..., None], ids)


def _picked(values, indices):
    """The values (B, K, M) at the indices (B, K)."""
    return ops.take_along_axis(values, indices[..., None], axis=-1)[..., 0]


def _rows_of(tensor, parents):
    """The rows (B, M, …) of a tensor (B, K, …) that belong to the parents (B, M)."""
    batch, hypotheses = ops.shape(tensor)[:2]
    flat = ops.reshape(tensor, (-1, *ops.shape(tensor)[2:]))
    return ops.take(flat, parents + hypotheses * ops.arange(batch, dtype="int32")[:, None], axis=0)


class CompiledSearch:
    """A search with given models, compiled once for many batches; compiling takes seconds, so keep the object.

    It runs a few steps at a time. In between, problems that are done leave the batch, so that they cost no more.

    Args:
        models: built, with one target vocabulary; the search uses the mean of their log-probabilities.
        search: its settings.
        max_length: the most tokens of an output, END included.

    Examples:
        >>> decode = CompiledSearch([model], Beam(10), max_length=64)
        >>> decode(contexts).ids.shape
        (32, 10, 64)
    """

    def __init__(self, models: Sequence[NextLogits], search: Search, max_length: int):
        self._models, self._search, self._max_length = tuple(models), search, max_length
        first_steps = min(_SEGMENT, max_length)

        def start(context, rules, draws):
            return _start(models, context, search, max_length, first_steps, rules, draws)

        def advance(live, rules, start, stop):
            live, done = _advance(models, live, search, rules, start, stop)
            return live, done, _found(live, search)

        self._start, self._advance = compiled(start, models), compiled(advance, models)

    def __call__(
        self, contexts: np.ndarray, grammar: Grammar | None = None, numbers: Sequence[int] | None = None
    ) -> Decoded:
        """Decode contexts (B, S), padded with 0 on the right.

        Args:
            grammar: every output is well formed under it.
            numbers: the numbers of the problems, on which sampling depends (see `Sampling`); 0 to B - 1 if None.

        Raises:
            ValueError: as `grammar.rules_of`.
        """
        rules = rules_of(grammar, self._models[0].target_vocabulary_size, self._max_length) if grammar else ()
        rows = np.arange(len(contexts))
        live = self._start(np.asarray(contexts), rules, self._draws(rows if numbers is None else numbers))
        shape = (len(contexts), self._search.returned)
        found = Decoded(np.empty((*shape, self._max_length), np.int32), np.empty(shape, np.float32))
        start = 0
        while True:
            stop = min(start + _SEGMENT, self._max_length)
            live, done, best = self._advance(live, rules, np.int32(start), np.int32(stop))
            found.ids[rows], found.scores[rows] = (ops.convert_to_numpy(part) for part in best)
            done = ops.convert_to_numpy(done)
            if done.all() or stop == self._max_length:
                return found
            live, rows = self._continued(live, rows, done, min(_SEGMENT, self._max_length - stop))
            start = stop

    def _draws(self, numbers: Sequence[int]):
        if not isinstance(self._search, Sampling):
            return ()
        shape = (self._search.samples, self._max_length)
        return np.stack([np.random.default_rng([self._search.seed, n]).random(shape, np.float32) for n in numbers])

    def _continued(self, live: _Live, rows: np.ndarray, done: np.ndarray, steps: int) -> tuple[_Live, np.ndarray]:
        """The search with room for `steps` more steps, and without most of the problems that are done.

        A few of these may stay, because the size of the batch is a multiple of an eighth of the present one: each new
        size may have to be compiled.
        """
        block = max(1, len(done) // 8)
        size = -(-int(np.sum(~done)) // block) * block
        if size < len(rows):
            left = np.argsort(done, kind="stable")[:size]  # those that are not done first
            rows = rows[left]
            live = keras.tree.map_structure(lambda tensor: ops.take(tensor, left, axis=0), live)
        states = zip(self._models, live.states, strict=True)
        return live._replace(states=tuple(model.with_room(state, steps) for model, state in states)), rows
