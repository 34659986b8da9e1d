"""The prefix notation as plain numbers: kinds of tokens, and which may follow which."""

import numpy as np

from symbolic.expressions.prefix import MAX_DEPTH, MAX_DIGITS
from symbolic.expressions.tokens import ARITY, DIGITS, NEGATIVE, POSITIVE

# Kinds of tokens; that of an operator with n operands is ARITY_0 + n.
_NOWHERE, END, _PLUS, _MINUS, _ZERO, _DIGIT, ARITY_0 = range(7)


FILLS = np.array([0, 0, 1, 1, 0, 0, 1, 1, 1, 1])
# Rows: what was written last is no number that may go on, INT+, INT-, a number that may go on. Of leading zeros and
# of -0 there are none.
TRANSITIONS = np.array(
    [
        [-1, 0, 1, 2, -1, -1, 0, 0, 0, 0],
        [-1, -1, -1, -1, 0, 3, -1, -1, -1, -1],
        [-1, -1, -1, -1, -1, 3, -1, -1, -1, -1],
        [-1, 0, 1, 2, 3, 3, 0, 0, 0, 0],
    ]
)


def kind_of(token: str) -> int:
    if token in DIGITS:
        return _ZERO if token == "0" else _DIGIT
    if token in (POSITIVE, NEGATIVE):
        return _PLUS if token == POSITIVE else _MINUS
    return ARITY_0 + ARITY[token] if token in ARITY else _NOWHERE


def prefix_notation() -> tuple[dict[str, int], list[int], list[int], list[list[bool]], int, int]:
    """Prefix expressions as plain numbers, by which most good lines are told without `parse_line`.

    What they let pass is well-formed; the reverse does not hold, as for `INT+ 0`.

    Returns:
        Token -> its kind, from 1 up, as 0 stands for the beginning and the end of a text. For each kind: 1 if it is an
        operand or its beginning, else 0; and how many operands it waits for. Which kinds may follow which. How many
        tokens with operands a text may have, lest it be too deep, and how many tokens, lest an integer be too long.
    """
    edge, sign, zero, digit, first_arity = range(5)
    operators = range(first_arity, first_arity + max(ARITY.values()) + 1)
    kinds = {token: first_arity + arity for token, arity in ARITY.items()}
    kinds |= dict.fromkeys(DIGITS, digit) | {"0": zero, POSITIVE: sign, NEGATIVE: sign}
    fills = [0, 1, 0, 0, *(1 for _ in operators)]
    opens = [0, 0, 0, 0, *(kind - first_arity for kind in operators)]
    begins = {sign, *operators}
    after = {edge: begins, sign: {digit}, **dict.fromkeys((zero, digit), {edge, zero, digit, *begins})}
    after |= dict.fromkeys(operators, {edge, *begins})
    follows = [[kind in after[last] for kind in range(len(opens))] for last in range(len(opens))]
    return kinds, fills, opens, follows, MAX_DEPTH, MAX_DIGITS
