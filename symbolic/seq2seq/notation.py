"""Which texts are well-formed prefix expressions, told from their token ids by tables of token kinds.

The check is one pass of NumPy over many texts at once. It is one-sided: what it accepts is well formed, and what it
does not accept is left to a parser.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from symbolic.seq2seq.special_tokens import END_ID, START_ID


class Notation(NamedTuple):
    """A prefix notation as kinds of tokens. C kinds, counted from 0.

    Attributes:
        kinds: token -> kind, from 1 up; kind 0 stands for the beginning and the end of a text.
        fills: (C,) 1 where a token of the kind is an operand or begins one, 0 where it continues the token before it.
        opens: (C,) how many operands must follow it.
        follows: (C, C) whether a token of the second kind may come right after one of the first, in every good text.
        most_operators: texts with more tokens that have operands are left to the parser, as they may be too deep.
        longest: texts of more tokens are left to the parser.
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
    """Which texts (n,) are well formed beyond doubt: one prefix expression each, and nothing after it.

    Args:
        ids: the ids of contexts and targets in turn, each between START and END, one text after another.
        lengths: (n,) ids of each text.
        notation: no text is accepted without one.
        contexts, targets: the vocabularies, special tokens included.
    """
    if notation is None or not len(lengths):
        return np.zeros(len(lengths), bool)
    kinds = _kinds_of(ids, lengths, notation, contexts, targets)
    # Unknown tokens have a kind of their own, the last: it may follow nothing, so what it fills and opens is no matter.
    fills, opens = (np.array([*numbers, 0], np.int8) for numbers in (notation.fills, notation.opens))
    starts = np.cumsum(lengths) - lengths
    wrong = _ill_counted(kinds, fills, opens, starts, lengths)
    wrong[1:] |= ~_may_follow(kinds, notation)
    operators = np.add.reduceat((opens > 0)[kinds], starts, dtype=np.int32)
    is_short = (operators <= notation.most_operators) & (lengths - 2 <= notation.longest)
    return is_short & ~np.logical_or.reduceat(wrong, starts)


def _ill_counted(
    kinds: np.ndarray, fills: np.ndarray, opens: np.ndarray, starts: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """Where operands that are due and operands that come do not agree, for every token.

    One operand is due after START, and none may be due after END. A token that fills a place needs one that is due.
    """
    change = (opens - fills)[kinds]
    change[starts] = 1
    due = np.cumsum(change, dtype=np.int32)  # after each token, over all texts
    due -= np.repeat(due[starts] - 1, lengths)  # now within each text
    wrong = due - change < fills[kinds]
    ends = starts + lengths - 1
    wrong[ends] = due[ends] != 0
    return wrong


def _may_follow(kinds: np.ndarray, notation: Notation) -> np.ndarray:
    """Whether each token but the first may come after the one before it."""
    count = len(notation.fills) + 1
    follows = np.zeros((count, count), bool)
    follows[:-1, :-1] = notation.follows
    follows[0, 0] = True  # START after the END of the text before
    return follows.ravel()[kinds[:-1] * count + kinds[1:]]  # faster than an index for each axis


def _kinds_of(
    ids: np.ndarray, lengths: np.ndarray, notation: Notation, contexts: Sequence[str], targets: Sequence[str]
) -> np.ndarray:
    """The kind of every id: 0 for START and END, and C for tokens that the notation lacks."""
    tokens, offset = [*contexts, *targets], len(contexts)
    kinds = np.array([notation.kinds.get(token, len(notation.fills)) for token in tokens], np.uint16)
    kinds[[START_ID, END_ID, offset + START_ID, offset + END_ID]] = 0
    return kinds[joint_ids(ids, lengths, offset)]


def joint_ids(ids: np.ndarray, lengths: np.ndarray, offset: int) -> np.ndarray:
    """Ids in one vocabulary for both sides: those of contexts, and those of targets with `offset` added.

    Args:
        ids: of contexts and targets in turn.
        lengths: (n,) ids of each text.
    """
    return ids + np.repeat(np.tile(np.array([0, offset], np.uint32), len(lengths) // 2), lengths)
