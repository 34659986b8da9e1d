"""Which token may come next: a small automaton with counters, followed by every hypothesis of a search.

A grammar is plain arrays over a vocabulary and knows nothing of what the tokens mean. It describes prefix notation: a
token fills the place that is open and opens as many as it has operands; the output ends when no place is open. The
automaton adds what a counter cannot say, such as a number that is spelt in several tokens.

Shapes: V vocabulary, C kinds of tokens, S states of the automaton, B problems, K hypotheses.
"""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from symbolic.seq2seq.special_tokens import END_ID

_NEVER = 1 << 20  # more tokens than any output has


class Grammar(NamedTuple):
    """Which outputs are well formed.

    Attributes:
        kinds: (V,) int, the kind of each token; END's kind is its own.
        fills: (C,) 1 where a token of the kind fills an open place, 0 where it goes on with the token before (or ends).
        opens: (C,) int, how many places it opens after it: its operands.
        transitions: (S, C) int, the state after a token of the kind, -1 where it may not stand. The first state is 0.
            A kind whose column is -1 throughout stands nowhere.
        max_operators: the most tokens with operands that an output has; so the most that it nests, too.
        max_run: the most tokens in a row that fill no place.
    """

    kinds: np.ndarray
    fills: np.ndarray
    opens: np.ndarray
    transitions: np.ndarray
    max_operators: int
    max_run: int


class Rules(NamedTuple):
    """A grammar made into tables, so that a step of a search takes few operations.

    Where a hypothesis stands is a row of four numbers: the state, how many places are open, how many tokens had
    operands, and how many in a row filled no place. Each of the last three may be at a limit, which gives the eight
    cases that `needs` tells apart: 1 for no open place, 2 for `max_operators`, 4 for `max_run`, added up.

    Attributes:
        needs: (8 S, V) how many tokens an output takes from this one on, END included, beyond what the places take that
            were open before; `_NEVER` where the token may not stand.
        keeps, adds: (V, 4) and (S V, 4), what the row after a token keeps of the one before, and what is added.
        limits: (4,) of the row.
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
    present = np.isin(np.arange(len(fills)), kinds)
    end = kinds[END_ID]
    due = np.where(transitions[:, end] >= 0, 0, _NEVER)
    for _ in due:  # each round finds the states that are one token farther from an end
        for kind in np.flatnonzero(present & (fills == 0)):
            after = transitions[:, kind]
            due = np.where(after >= 0, np.minimum(due, 1 + due[after]), due)
    leaves = transitions[:, present & (fills == 1) & (opens == 0)]
    lengths = np.where(leaves >= 0, 1 + due[leaves], _NEVER).min(axis=1, initial=_NEVER)
    shortest = max(lengths[due == 0], default=_NEVER)
    if shortest + 1 > max_length:
        limit = f"no well-formed output has at most {max_length} tokens"
        raise ValueError(f"{limit}, END included" if shortest < _NEVER else f"{limit}: the vocabulary has no operand")
    fills, opens, transitions = fills[kinds], opens[kinds], transitions[:, kinds]
    zero = np.zeros_like(fills)
    after = np.maximum(transitions, 0)  # what may not stand is written only by hypotheses that are dead
    step = np.stack([opens - fills, opens > 0, 1 - fills], axis=1)
    tables = Rules(
        needs=_needs(fills, opens, transitions, due, shortest).reshape(-1, len(kinds)),
        keeps=np.stack([zero, zero + 1, zero + 1, 1 - fills], axis=1),
        adds=np.concatenate([after[..., None], np.broadcast_to(step, (*after.shape, 3))], axis=2).reshape(-1, 4),
        limits=np.array([-1, 0, grammar.max_operators, grammar.max_run]),
        shortest=shortest,
    )
    return Rules(*(ops.convert_to_tensor(table, "int32") for table in tables))


def _needs(fills, opens, transitions, due, shortest: int) -> np.ndarray:
    """`Rules.needs`, (S, 8, V)."""
    cases = np.arange(8)[:, None]
    is_full, is_wide, is_long = cases & 1 > 0, cases & 2 > 0, cases & 4 > 0
    blocked = is_full & (fills == 1) | is_wide & (opens > 0) | is_long & (fills == 0)
    blocked[:, END_ID] = ~is_full[:, 0]
    needs = (opens - fills) * shortest + due[transitions] + 1
    needs[:, END_ID] = -_NEVER  # it may stand however few tokens are left
    return np.where(blocked | (transitions < 0)[:, None], _NEVER, needs[:, None])


def first_parse(batch_size, hypotheses: int):
    """Where each hypothesis stands before the first token, (B, K, 4): one place is open."""
    return ops.broadcast_to(ops.convert_to_tensor([0, 1, 0, 0], "int32"), (batch_size, hypotheses, 4))


def allowed(rules: Rules, parse, left):
    """Which tokens may come next (B, K, V), if at most `left` tokens may come after it."""
    at_limit = ops.cast(ops.equal(parse, rules.limits), "int32")
    case = 8 * parse[..., 0] + ops.sum(at_limit * ops.convert_to_tensor([0, 1, 2, 4], "int32"), axis=-1)
    room = left - parse[..., 1] * rules.shortest
    return ops.take(rules.needs, case, axis=0) <= room[..., None]


def parsed(rules: Rules, parse, tokens):
    """Where the hypotheses stand after the tokens (B, K)."""
    vocabulary_size = ops.shape(rules.keeps)[0]
    added = ops.take(rules.adds, parse[..., 0] * vocabulary_size + tokens, axis=0)
    return parse * ops.take(rules.keeps, tokens, axis=0) + added
