"""Which token may come next in prefix notation: an automaton with counters, followed by every hypothesis of a search.

A token fills the place that is open and opens one place for each of its operands. An output ends when no place is open.
The automaton adds what counters cannot express, such as a number that is spelt in several tokens. A grammar is plain
arrays over a vocabulary.

A search follows the automaton with `first_parse`, `allowed` and `parsed`. They take the module whose functions they
use: `numpy`, or `keras.ops` for tensors.

Shapes: V vocabulary, C kinds of tokens, S states of the automaton, B problems, K hypotheses.
"""

import itertools
from typing import Any, NamedTuple

import numpy as np

from symbolic.seq2seq.special_tokens import END_ID

_NEVER = 1 << 20  # more tokens than any output has


class Grammar(NamedTuple):
    """Which outputs are well formed.

    Attributes:
        kinds: (V,) int, the kind of each token. END has a kind of its own.
        fills: (C,) 1 where a token of the kind fills an open place; 0 where it continues the token before it, and for
            END.
        opens: (C,) int, how many places a token of the kind opens: the number of its operands.
        transitions: (S, C) int, the state after a token of the kind; -1 where it must not stand. The first state is 0.
            A kind whose column is -1 everywhere is never written.
        max_operators: how many tokens with operands an output may have, and so how deep it may nest.
        max_run: how many tokens that fill no place may stand in a row.
    """

    kinds: np.ndarray
    fills: np.ndarray
    opens: np.ndarray
    transitions: np.ndarray
    max_operators: int
    max_run: int


class Rules(NamedTuple):
    """A grammar as tables, so that a step of a search takes few operations.

    The parse of a hypothesis is a row of four numbers: the state of the automaton, the number of open places, the
    number of tokens with operands so far, and the length of the run of tokens that fill no place.

    Attributes:
        needs: (8 S, V) how many tokens must follow a token, END included, besides those for the places that were open
            before it; `_NEVER` where it must not stand. The first axis is that of an array (S, 2, 2, 2): the state,
            then whether no place is open, whether the operators are at their maximum, and whether the run is.
        keeps: (V, 4) 1 where a token keeps a number of the parse before it, 0 where it replaces it.
        adds: (S V, 4) what it then adds to the number.
        limits: (4,) the values of the parse that the last three axes of `needs` are about; none for the state.
        shortest: the tokens of the shortest operand.
    """

    needs: Any
    keeps: Any
    adds: Any
    limits: Any
    shortest: Any


def rules_of(grammar: Grammar, vocabulary_size: int, max_length: int) -> Rules:
    """What a search needs of a grammar.

    Raises:
        ValueError: the grammar is not of this vocabulary, or no output of at most `max_length` tokens, END included,
            is well formed.
    """
    kinds, fills, opens, transitions = (np.asarray(array, np.int32) for array in grammar[:4])
    if len(kinds) != vocabulary_size:
        raise ValueError(
            f"`grammar.kinds` must have one kind for each of the {vocabulary_size} tokens. Received: {len(kinds)}."
        )
    fills, opens, transitions = fills[kinds], opens[kinds], transitions[:, kinds]  # of tokens instead of kinds
    completion = _completion(fills, transitions)
    shortest = _shortest_operand(fills, opens, transitions, completion)
    if shortest + 1 > max_length:
        limit = f"no well-formed output has at most {max_length} tokens"
        raise ValueError(f"{limit}, END included" if shortest < _NEVER else f"{limit}: the vocabulary has no operand")

    zero, one = np.zeros_like(fills), np.ones_like(fills)
    state_after = np.maximum(transitions, 0)  # a token that must not stand is written only by dead hypotheses
    counted = np.broadcast_to(np.stack([opens - fills, opens > 0, 1 - fills], axis=1), (*state_after.shape, 3))
    tables = Rules(
        needs=_needs(fills, opens, transitions, completion, shortest).reshape(-1, len(kinds)),
        keeps=np.stack([zero, one, one, 1 - fills], axis=1),
        adds=np.concatenate([state_after[..., None], counted], axis=2).reshape(-1, 4),
        limits=np.array([-1, 0, grammar.max_operators, grammar.max_run]),
        shortest=shortest,
    )
    return Rules(*(np.asarray(table, np.int32) for table in tables))


def _completion(fills, transitions) -> np.ndarray:
    """The fewest tokens (S,) that complete the operand begun in each state; 0 where it is complete, for END may come.

    A sign without digits, for example, needs one more token.
    """
    completion = np.where(transitions[:, END_ID] >= 0, 0, _NEVER)
    continuations = transitions[:, fills == 0]
    for _ in completion:  # each round finds the states that are one token farther from a complete operand
        farther = np.where(continuations >= 0, 1 + completion[continuations], _NEVER)
        completion = np.minimum(completion, farther.min(axis=1, initial=_NEVER))
    return completion


def _shortest_operand(fills, opens, transitions, completion) -> int:
    """The tokens of the shortest operand, wherever the operand before it is complete; `_NEVER` if there is none."""
    after_leaf = transitions[:, (fills == 1) & (opens == 0)]
    lengths = np.where(after_leaf >= 0, 1 + completion[after_leaf], _NEVER).min(axis=1, initial=_NEVER)
    return max(lengths[completion == 0], default=_NEVER)


def _needs(fills, opens, transitions, completion, shortest: int) -> np.ndarray:
    """`Rules.needs`, as (S, 2, 2, 2, V)."""
    fills_a_place, has_operands = fills == 1, opens > 0
    needs = np.empty((len(transitions), 2, 2, 2, len(fills)), np.int32)
    for nothing_open, operators_at_maximum, run_at_maximum in itertools.product((False, True), repeat=3):
        forbidden = (
            (nothing_open & fills_a_place) | (operators_at_maximum & has_operands) | (run_at_maximum & ~fills_a_place)
        )
        must_follow = (opens - fills) * shortest + completion[transitions] + 1
        forbidden[END_ID] = not nothing_open
        must_follow[:, END_ID] = -_NEVER  # nothing follows END, so it may stand however few tokens are left
        case = (slice(None), int(nothing_open), int(operators_at_maximum), int(run_at_maximum))
        needs[case] = np.where(forbidden | (transitions < 0), _NEVER, must_follow)
    return needs


def first_parse(batch_size, hypotheses: int, ops=np):
    """The parses (B, K, 4) before the first token: one place is open."""
    return ops.broadcast_to(ops.array([0, 1, 0, 0], "int32"), (batch_size, hypotheses, 4))


def allowed(rules: Rules, parse, left, ops=np):
    """Which tokens may come next (B, K, V), if at most `left` tokens may come after it."""
    # The row of an array (S, 2, 2, 2) that is stored as (8 S,); a state is at no limit.
    offsets = ops.where(ops.equal(parse, rules.limits), ops.array([0, 4, 2, 1], "int32"), 0)
    room = left - parse[..., 1] * rules.shortest
    return ops.take(rules.needs, 8 * parse[..., 0] + ops.sum(offsets, axis=-1), axis=0) <= room[..., None]


def parsed(rules: Rules, parse, tokens, ops=np):
    """The parses after the tokens (B, K)."""
    added = ops.take(rules.adds, parse[..., 0] * ops.shape(rules.keeps)[0] + tokens, axis=0)
    return parse * ops.take(rules.keeps, tokens, axis=0) + added
