"""The prefix notation as one automaton: the kinds of tokens, where each may stand, and the limits of an expression.

Every token fills the place that is open and opens one for each of its operands; a text ends when no place is open.
Only an integer takes several tokens, its sign and its digits; the states of the automaton spell it. Derived from these
tables are `is_prefix`, the grammar that decoding follows, and the test of texts that encoding applies to whole files.
"""

from collections.abc import Iterable, Sequence

from symbolic.expressions.tokens import ARITY, DIGITS, NEGATIVE, POSITIVE

# Deeper trees are refused: no published line comes near (its longest has 512 tokens), and recursive consumers
# (SymPy, SymEngine, comparison of tuples) overflow the stack on far deeper ones.
MAX_DEPTH = 256
MAX_DIGITS = 1000

# Kinds of tokens: the end of a text, the four parts of integers, all others by arity, and words outside the notation.
_END, _PLUS, _MINUS, _ZERO, _DIGIT, _ARITY_0, *_, _FOREIGN = range(7 + max(ARITY.values()))

_KINDS = {token: _ARITY_0 + arity for token, arity in ARITY.items()}
_KINDS |= dict.fromkeys(DIGITS, _DIGIT) | {"0": _ZERO, POSITIVE: _PLUS, NEGATIVE: _MINUS}

# The tables have a column for each kind:
#   the end, INT+, INT-, 0, 1-9, arity 0, 1, 2, 3, foreign
_FILLS = [0, 1, 1, 0, 0, 1, 1, 1, 1, 0]  # whether a token fills a place; digits share the place of their sign
_OPENS = [0, 0, 0, 0, 0, 0, 1, 2, 3, 0]  # how many places it opens

# The state after a token, -1 where it may not stand. Integers have no leading zeros, and -0 is not one.
_TRANSITIONS = [
    [0, 1, 2, -1, -1, 0, 0, 0, 0, -1],  # 0: at the start, or after anything but an integer that may go on
    [-1, -1, -1, 0, 3, -1, -1, -1, -1, -1],  # 1: after INT+
    [-1, -1, -1, -1, 3, -1, -1, -1, -1, -1],  # 2: after INT-
    [0, 1, 2, 3, 3, 0, 0, 0, 0, -1],  # 3: after an integer that may go on
]

# For each state: token -> (the state after it, how many places it fills, how many more are open after it).
_STEPS = [
    {token: (row[kind], _FILLS[kind], _OPENS[kind] - _FILLS[kind]) for token, kind in _KINDS.items() if row[kind] >= 0}
    for row in _TRANSITIONS
]


def is_prefix(tokens: Iterable[str]) -> bool:
    """Whether a sequence is one well-formed expression: `from_prefix` without the tree, many times faster.

    Agrees with `from_prefix` on everything but MAX_DEPTH and MAX_DIGITS, which it does not check.
    """
    state, places = 0, 1
    for token in tokens:
        step = _STEPS[state].get(token)
        if step is None:
            return False
        state, fills, more = step
        if places < fills:
            return False
        places += more
    return places == 0 and _TRANSITIONS[state][_END] >= 0


def prefix_grammar(
    vocabulary: Sequence[str], end: int
) -> tuple[list[int], list[int], list[int], list[list[int]], int, int]:
    """The automaton over a vocabulary, for a search that writes token by token.

    Args:
        vocabulary: V tokens; words outside the notation may stand nowhere.
        end: the index of the token that ends a text.

    Returns:
        The kind of each token (V). For each of C kinds: whether it fills a place, 1 or 0, and how many it opens. The
        state after a token of each kind (S, C), -1 where it may not stand; the first state is 0. How many tokens with
        operands an expression may have, so that it is not too deep, and how many digits an integer.
    """
    kinds = [_END if index == end else _KINDS.get(token, _FOREIGN) for index, token in enumerate(vocabulary)]
    return kinds, _FILLS, _OPENS, _TRANSITIONS, MAX_DEPTH, MAX_DIGITS


def prefix_notation() -> tuple[dict[str, int], list[int], list[int], list[list[bool]], int, int]:
    """The automaton as pairs of neighbours, for a test of many texts at once.

    Whatever passes the test is well-formed. A few well-formed texts do not pass and are left to the parser: a pair
    does not tell the zero of `INT+ 0`, which ends there, from that of `INT+ 1 0`, so the first is not among the pairs.

    Returns:
        Token -> kind, from 1 up; kind 0 is the beginning and the end of a text. For each of C kinds: whether it fills a
        place, 1 or 0, and how many it opens. Which kinds may follow which (C, C). How many tokens with operands an
        expression may have, so that it is not too deep, and how many tokens, so that no integer is too long.
    """
    kinds = range(_FOREIGN)
    state_after = [max(row[kind] for row in _TRANSITIONS) for kind in kinds]  # the one of `1 0`, not that of `+ 0`
    follows = [[_TRANSITIONS[state_after[kind]][after] == state_after[after] for after in kinds] for kind in kinds]
    return _KINDS, _FILLS[:_FOREIGN], _OPENS[:_FOREIGN], follows, MAX_DEPTH, MAX_DIGITS
