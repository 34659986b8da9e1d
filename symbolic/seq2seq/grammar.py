"""Which token may come next: a small automaton with counters, followed by every hypothesis of a search.

A grammar is plain arrays over a vocabulary and knows nothing of what the tokens mean. It describes prefix notation: a
token fills the place that is open and opens as many as it has operands; the output ends when no place is open. The
automaton adds what a counter cannot say, such as a number that is spelt in several tokens.

Shapes: V vocabulary, C kinds of tokens, S states of the automaton, B problems, K hypotheses.
"""

from typing import NamedTuple

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
    """A grammar with what it takes to end an output, as tensors.

    Attributes:
        due: (S,) how many more tokens the state demands before anything else.
        shortest: the tokens of the shortest operand.
    """

    grammar: Grammar
    due: np.ndarray
    shortest: np.ndarray


class Parse(NamedTuple):
    """Where each hypothesis stands in the grammar, each (B, K) int32."""

    state: np.ndarray
    open: np.ndarray
    operators: np.ndarray
    run: np.ndarray


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
    integers = (kinds, fills, opens, transitions, grammar.max_operators, grammar.max_run)
    tensor = [ops.convert_to_tensor(array, "int32") for array in (*integers, due, shortest)]
    return Rules(Grammar(*tensor[:6]), *tensor[6:])


def first_parse(batch_size, hypotheses: int) -> Parse:
    """Before the first token: one place is open."""
    zeros = ops.zeros((batch_size, hypotheses), "int32")
    return Parse(zeros, zeros + 1, zeros, zeros)


def allowed(rules: Rules, parse: Parse, left):
    """Which tokens may come next (B, K, V), if at most `left` tokens may come after it."""
    kinds, fills, opens, transitions, max_operators, max_run = rules.grammar
    state, places, operators, run = (count[..., None] for count in parse)
    after = ops.take(transitions, parse.state, axis=0)
    still_open = places - fills + opens
    to_end = still_open * rules.shortest + ops.take(rules.due, ops.maximum(after, 0)) + 1
    goes_on = (to_end <= left) & ((operators < max_operators) | (opens == 0)) & ((run < max_run) | (fills == 1))
    is_end = ops.arange(ops.shape(fills)[0]) == kinds[END_ID]
    legal = (after >= 0) & (places >= fills) & ops.where(is_end, places == 0, goes_on)
    return ops.take(legal, kinds, axis=-1)


def parsed(rules: Rules, parse: Parse, tokens) -> Parse:
    """Where the hypotheses stand after the tokens (B, K)."""
    kinds, fills, opens, transitions, _, _ = rules.grammar
    kind = ops.take(kinds, tokens)
    fill, open_after = ops.take(fills, kind), ops.take(opens, kind)
    after = ops.take(ops.reshape(transitions, (-1,)), parse.state * ops.shape(fills)[0] + kind)
    return Parse(
        ops.maximum(after, 0),  # what may not stand is written only by hypotheses that are dead
        parse.open - fill + open_after,
        parse.operators + ops.cast(open_after > 0, "int32"),
        ops.where(fill == 1, 0, parse.run + 1),
    )
