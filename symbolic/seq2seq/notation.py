"""Which texts of token ids are well-formed prefix expressions, by tables of token kinds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from symbolic.seq2seq.special_tokens import END_ID, START_ID


class Notation(NamedTuple):
    """A prefix notation: kinds of tokens, by which a good text is told from its ids. C kinds.

    Attributes:
        kinds: token -> kind, from 1 up; 0 stands for the beginning and the end of a text.
        fills: (C,) 1 where a token of the kind is an operand or begins one, 0 where it goes on with the token before.
        opens: (C,) how many operands it waits for.
        follows: (C, C) whether a token of the second kind may come right after one of the first in every good text.
        most_operators: texts with more tokens that wait for operands are left to the parser, as they may be too deep.
        longest: and so are texts of more tokens.
    """

    kinds: Mapping[str, int]
    fills: Sequence[int]
    opens: Sequence[int]
    follows: Sequence[Sequence[bool]]
    most_operators: int
    longest: int


def well_formed(
    ids: np.ndarray, lengths: np.ndarray, notation: Notation | None, contexts: Sequence[str], targets: Sequence[str]
) -> np.ndarray:
    """Which texts (contexts and targets in turn) are well-formed beyond doubt: one expression each, and nothing else.

    Before each operand at least one is waited for, and none at the end.
    """
    if notation is None or not len(lengths):
        return np.zeros(len(lengths), bool)
    kind = _kinds(ids, lengths, notation, contexts, targets)
    fills, opens = (np.array([*numbers, 0], np.int8) for numbers in (notation.fills, notation.opens))
    count = len(fills)
    follows = np.zeros((count, count), bool)  # unknown tokens, the last kind, follow nothing
    follows[:-1, :-1] = notation.follows
    follows[0, 0] = True  # START after the END of the text before

    lasts = np.cumsum(lengths) - 1
    firsts = lasts - lengths + 1
    change = (opens - fills)[kind]
    change[firsts] = 1
    waiting = np.cumsum(change, dtype=np.int32)
    waiting -= np.repeat(waiting[firsts] - 1, lengths)
    wrong = waiting - change < fills[kind]
    wrong[lasts] = waiting[lasts] != 0
    wrong[1:] |= ~follows.ravel()[kind[:-1] * count + kind[1:]]
    operators = np.add.reduceat((opens > 0)[kind], firsts, dtype=np.int32)
    is_short = (operators <= notation.most_operators) & (lengths - 2 <= notation.longest)
    return is_short & ~np.logical_or.reduceat(wrong, firsts)


def _kinds(
    ids: np.ndarray, lengths: np.ndarray, notation: Notation, contexts: Sequence[str], targets: Sequence[str]
) -> np.ndarray:
    """The kind of every id: 0 for START and END, and one more than `notation` has for what it does not know."""
    tokens, offset = [*contexts, *targets], len(contexts)
    kinds = np.array([notation.kinds.get(token, len(notation.fills)) for token in tokens], np.uint16)
    kinds[[START_ID, END_ID, offset + START_ID, offset + END_ID]] = 0
    return kinds[keys_of(ids, lengths, offset)]


def keys_of(ids: np.ndarray, lengths: np.ndarray, offset: int) -> np.ndarray:
    """The ids of contexts and targets in turn, with `offset` added to those of the targets."""
    return ids + np.repeat(np.tile(np.array([0, offset], np.uint32), len(lengths) // 2), lengths)
