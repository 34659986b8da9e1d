"""Greedy search, sampling and beam search with NumPy models: the searches of `decoding`, and the same outputs.

No hypothesis is computed that is not there: a beam search begins with one and has its full width once there are that
many continuations. Problems that are done leave the batch.

Shapes: B problems, K hypotheses of each that are alive, N hypotheses of each that are returned, T tokens so far, L
longest output, V vocabulary.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from symbolic.seq2seq.grammar import Grammar, Rules, allowed, first_parse, parsed, rules_of
from symbolic.seq2seq.models.numpy_layers import log_softmax
from symbolic.seq2seq.searches import Beam, Decoded, Greedy, Sampling, Search
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, START_ID

_DEAD = np.float32(-np.inf)  # the score of a hypothesis that is not there


class NumPyModel(Protocol):
    """What a search asks of a model. A step may write into the state that it is given, which is not used again."""

    context_vocabulary_size: int
    target_vocabulary_size: int

    def start(self, context: np.ndarray) -> Any:
        """The state before the first step, with one hypothesis for each context (B, S)."""

    def step(self, tokens: np.ndarray, state: Any, position: int) -> tuple[np.ndarray, Any]:
        """Logits (B, K, V) after the tokens (B, K) at `position`, and the new state. START is at position 0."""

    def continued(self, state: Any, parents: np.ndarray) -> Any:
        """The state in which the hypotheses are those that continue the `parents` (B, K')."""

    def left(self, state: Any, problems: np.ndarray) -> Any:
        """The state of some of the problems (B',)."""


class _Live(NamedTuple):
    """A search between two steps.

    Attributes:
        scores: (B, K) the sum of the log-probabilities of each hypothesis; minus infinity where there is none.
        ids: (B, K, T) its tokens.
        finished: outputs that ended, with their final scores.
        parse: (B, K, 4) where it stands in the grammar; None without one.
        states: of each model.
        draws: (B, K, L) uniform numbers in [0, 1), which decide what sampling draws; None for other searches.
    """

    scores: np.ndarray
    ids: np.ndarray
    finished: Decoded
    parse: np.ndarray | None
    states: list
    draws: np.ndarray | None


class NumPySearch:
    """A search with given models, as `decoding.CompiledSearch`; nothing is compiled.

    Args:
        models: with one target vocabulary; the search uses the mean of their log-probabilities.
        search: its settings.
        max_length: the most tokens of an output, END included.
    """

    def __init__(self, models: Sequence[NumPyModel], search: Search, max_length: int):
        self._models, self._search, self._max_length = tuple(models), search, max_length

    def __call__(
        self, contexts: np.ndarray, grammar: Grammar | None = None, numbers: Sequence[int] | None = None
    ) -> Decoded:
        """Decode contexts (B, S); arguments, result and errors are those of `decoding.CompiledSearch`."""
        rules = rules_of(grammar, self._models[0].target_vocabulary_size, self._max_length) if grammar else None
        problems = np.arange(len(contexts))
        live = self._start(contexts, rules, problems if numbers is None else numbers)
        found = _nothing(len(contexts), self._search.returned, self._max_length)
        for position in range(self._max_length):
            live = self._step(live, rules, position)
            done = _done(live, self._search, self._max_length)
            if done.all() or position + 1 == self._max_length:
                break
            if 8 * done.sum() >= len(done):  # fewer are not worth a copy of what is left
                self._put(found, problems[done], _rows(live, done))
                left = np.flatnonzero(~done)
                live = _rows(live, left)._replace(
                    states=[model.left(state, left) for model, state in zip(self._models, live.states, strict=True)]
                )
                problems = problems[left]
        self._put(found, problems, live)
        return found

    def _start(self, contexts: np.ndarray, rules: Rules | None, numbers: Sequence[int]) -> _Live:
        search, batch = self._search, len(contexts)
        draws = None
        if isinstance(search, Sampling):
            shape = (search.samples, self._max_length)
            draws = np.stack([np.random.default_rng([search.seed, n]).random(shape, np.float32) for n in numbers])
        return _Live(
            scores=np.zeros((batch, 1), np.float32),
            ids=np.empty((batch, 1, 0), np.int32),
            finished=_nothing(batch, search.returned, self._max_length),
            parse=None if rules is None else first_parse(batch, 1),
            states=[model.start(contexts) for model in self._models],
            draws=draws,
        )

    def _step(self, live: _Live, rules: Rules | None, position: int) -> _Live:
        tokens = live.ids[:, :, -1] if position else np.full(live.scores.shape, START_ID, np.int32)
        steps = (model.step(tokens, state, position) for model, state in zip(self._models, live.states, strict=True))
        logits, states = zip(*steps, strict=True)
        log_probabilities = sum(map(log_softmax, logits)) / np.float32(len(logits))
        if rules is None:
            log_probabilities[..., [PADDING_ID, START_ID]] = _DEAD
        else:
            may_come = allowed(rules, live.parse, self._max_length - 1 - position)
            log_probabilities[~may_come] = _DEAD
        live = live._replace(states=list(states))
        if isinstance(self._search, Beam):
            return self._with_best(live, log_probabilities, rules, position)
        return self._with_one_each(live, log_probabilities, rules, position)

    def _with_best(self, live: _Live, log_probabilities: np.ndarray, rules: Rules | None, position: int) -> _Live:
        """Keep the likeliest continuations by one token; END is tried on every hypothesis, and separately."""
        search = self._search
        continued = live.scores[..., None] + log_probabilities
        ending = _normalised(continued[..., END_ID], position + 1, search.length_penalty)
        if (ending > _DEAD).any():
            live = live._replace(finished=_with_endings(live.finished, live.ids, ending))
        continued[..., END_ID] = _DEAD
        flat = continued.reshape(len(continued), -1)
        alive = int((flat > _DEAD).sum(axis=1).max())
        scores, best = _likeliest(flat, max(1, min(search.size, alive)))
        parents, tokens = np.divmod(best, continued.shape[-1])
        return self._continued(live, parents, tokens, scores, rules)

    def _with_one_each(self, live: _Live, log_probabilities: np.ndarray, rules: Rules | None, position: int) -> _Live:
        """Extend every hypothesis by one token; those that end join the finished, each in its own place."""
        search = self._search
        parents = np.broadcast_to(np.arange(log_probabilities.shape[1]), log_probabilities.shape[:2])
        if position == 0:  # from here on there are as many as are wanted
            parents = np.zeros((len(log_probabilities), search.hypotheses), np.intp)
            log_probabilities = np.repeat(log_probabilities, search.hypotheses, axis=1)
            live = live._replace(scores=np.repeat(live.scores, search.hypotheses, axis=1))
        if isinstance(search, Greedy):
            tokens = log_probabilities.argmax(axis=-1)
        else:
            tokens = _drawn(log_probabilities, search, live.draws[:, :, position])
        scores = live.scores + _picked(log_probabilities, tokens)
        live = self._continued(live, parents, tokens, scores, rules)
        ended = (tokens == END_ID) & (scores > _DEAD)
        live.finished.ids[ended, : position + 1] = live.ids[ended]
        live.finished.scores[ended] = scores[ended]
        return live._replace(scores=np.where(ended, _DEAD, scores))

    def _continued(self, live: _Live, parents, tokens, scores, rules: Rules | None) -> _Live:
        """The search with the hypotheses that continue `parents` (B, K) by `tokens` (B, K)."""
        problems = np.arange(len(parents))[:, None]
        tokens = tokens.astype(np.int32)
        return live._replace(
            scores=scores,
            ids=np.concatenate([live.ids[problems, parents], tokens[..., None]], axis=2),
            parse=None if rules is None else parsed(rules, live.parse[problems, parents], tokens),
            states=[model.continued(state, parents) for model, state in zip(self._models, live.states, strict=True)],
        )

    def _put(self, found: Decoded, problems: np.ndarray, live: _Live) -> None:
        """Write what was found for some problems: what ended, or what is alive of a problem of which nothing ended."""
        returned = self._search.returned
        scores, best = _likeliest(live.finished.scores, returned)
        found.scores[problems], found.ids[problems] = scores, live.finished.ids[np.arange(len(best))[:, None], best]
        none_ended = scores[:, 0] == _DEAD
        if none_ended.any():
            unfinished = _normalised(live.scores[none_ended], self._max_length, self._search.length_penalty)
            scores, best = _likeliest(unfinished, min(returned, unfinished.shape[1]))
            ids = live.ids[none_ended][np.arange(len(best))[:, None], best]
            found.scores[problems[none_ended], : best.shape[1]] = scores
            found.ids[problems[none_ended], : best.shape[1], : ids.shape[2]] = ids


def _nothing(batch: int, returned: int, max_length: int) -> Decoded:
    ids = np.full((batch, returned, max_length), PADDING_ID, np.int32)
    return Decoded(ids, np.full((batch, returned), _DEAD, np.float32))


def _rows(live: _Live, problems: np.ndarray) -> _Live:
    """The search of some problems, without the states of the models."""
    return _Live(
        scores=live.scores[problems],
        ids=live.ids[problems],
        finished=Decoded(live.finished.ids[problems], live.finished.scores[problems]),
        parse=None if live.parse is None else live.parse[problems],
        states=[],
        draws=None if live.draws is None else live.draws[problems],
    )


def _with_endings(finished: Decoded, ids: np.ndarray, scores: np.ndarray) -> Decoded:
    """The best of the finished outputs (B, N) and of the beginnings ids (B, K, T) with END, whose scores are (B, K)."""
    batch, hypotheses, length = ids.shape
    end = np.full((batch, hypotheses, 1), END_ID, np.int32)
    candidates = np.concatenate([finished.ids[:, :, : length + 1], np.concatenate([ids, end], axis=2)], axis=1)
    scores, best = _likeliest(np.concatenate([finished.scores, scores], axis=1), finished.scores.shape[1])
    all_ids = np.full_like(finished.ids, PADDING_ID)
    all_ids[:, :, : length + 1] = candidates[np.arange(batch)[:, None], best]
    return Decoded(all_ids, scores)


def _done(live: _Live, search: Search, max_length: int) -> np.ndarray:
    """Which problems (B,) no further step can change; see `decoding`."""
    best = live.scores.max(axis=1)
    nothing_lives = best == _DEAD
    if not isinstance(search, Beam):
        return nothing_lives
    return nothing_lives | (live.finished.scores.min(axis=1) >= _normalised(best, max_length, search.length_penalty))


def _drawn(log_probabilities: np.ndarray, search: Sampling, draws: np.ndarray) -> np.ndarray:
    """Tokens (B, K), drawn by inverting the cumulative distribution over the tokens, the likeliest first."""
    vocabulary_size = log_probabilities.shape[-1]
    top = vocabulary_size if search.top_k is None else min(search.top_k, vocabulary_size)
    shape = log_probabilities.shape[:2]
    flat = log_probabilities.reshape(-1, vocabulary_size) / np.float32(search.temperature)
    likeliest, tokens = _likeliest(flat, top)
    with np.errstate(invalid="ignore"):  # of hypotheses that ended, no token may come
        weights = np.exp(likeliest - likeliest[:, :1])
    if search.top_p is not None:
        likelier = np.cumsum(weights, axis=-1) - weights
        weights = np.where(likelier < np.float32(search.top_p) * weights.sum(axis=-1, keepdims=True), weights, 0)
    up_to = np.cumsum(weights, axis=-1)
    drawn = (up_to <= draws.reshape(-1, 1) * up_to[:, -1:]).sum(axis=-1)
    last = np.maximum((weights > 0).sum(axis=-1) - 1, 0)  # rounding can make `drawn` one too many
    return tokens[np.arange(len(tokens)), np.minimum(drawn, last)].reshape(shape)


def _likeliest(scores: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` largest scores of each row, falling, and their columns; of equal ones the first come first."""
    columns = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    if count < scores.shape[1]:
        columns = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    there = np.take_along_axis(scores, columns, axis=1)
    order = np.lexsort((columns, -there), axis=1)
    return np.take_along_axis(there, order, axis=1), np.take_along_axis(columns, order, axis=1)


def _normalised(scores: np.ndarray, length: int, length_penalty: float) -> np.ndarray:
    return scores / np.float32(length) ** np.float32(length_penalty) if length_penalty else scores


def _picked(values: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """The values (B, K, M) at the indices (B, K)."""
    return np.take_along_axis(values, indices[..., None], axis=-1)[..., 0]
