"""Prefix token sequences to trees and back; an error names the token, its position and what was expected there.

A tree is `Tree(head, operands)`; an integer is one leaf whose head is a Python int. Nothing here recurses, so depth
costs no stack.
"""

import difflib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from symbolic.expressions.notation import MAX_DEPTH, MAX_DIGITS
from symbolic.expressions.tokens import ARITY, DIGITS, NEGATIVE, POSITIVE


class Tree(NamedTuple):
    """An expression. `head` is a token's spelling or, for an integer leaf, a Python int."""

    head: str | int
    operands: tuple["Tree", ...] = ()


class PrefixError(ValueError):
    """A token sequence is not one prefix expression.

    Attributes:
        reason: a short fixed text, by which errors can be counted, such as "unknown token".
        position: index of the offending token, counted from 0; the length of the sequence if it ends too early.
        token: the offending token, or None at the end of the sequence.
    """

    def __init__(self, reason: str, position: int, token: str | None, detail: str):
        self.reason, self.position, self.token = reason, position, token
        self.detail = detail
        super().__init__(reason, position, token, detail)  # all of them, so that the error can be pickled

    def __str__(self) -> str:
        where = "the end" if self.token is None else f"token {self.position} `{self.token}`"
        return f"{self.reason} at {where}: {self.detail}"


def _split(tokens: str | Iterable[str]) -> list[str]:
    return tokens.split() if isinstance(tokens, str) else list(tokens)


def from_prefix(tokens: str | Iterable[str]) -> Tree:
    """The tree of a prefix sequence, given as text with spaces or as an iterable of tokens.

    Raises:
        PrefixError: the sequence is not exactly one well-formed expression.
    """
    tokens = _split(tokens)
    open_nodes: list[tuple[str, int, list[Tree]]] = []  # (operator, its position, operands read so far)
    position = 0
    while position < len(tokens):
        token, start = tokens[position], position
        position += 1
        if token in (POSITIVE, NEGATIVE):
            while position < len(tokens) and tokens[position] in DIGITS:
                position += 1
            node = Tree(_integer(tokens, start, position))
        elif token in DIGITS:
            raise PrefixError(
                "stray digit", start, token, f"{_expected(open_nodes)} was expected; digits follow INT+ or INT-"
            )
        elif token not in ARITY:
            close = difflib.get_close_matches(token, ARITY, n=1)
            hint = f"did you mean `{close[0]}`?" if close else "it is in no published data set"
            raise PrefixError("unknown token", start, token, f"{_expected(open_nodes)} was expected; {hint}")
        elif ARITY[token]:
            if len(open_nodes) >= MAX_DEPTH:
                raise PrefixError("too deep", start, token, f"expressions nest at most {MAX_DEPTH} levels")
            open_nodes.append((token, start, []))
            continue
        else:
            node = Tree(token)
        while open_nodes:
            head, _, operands = open_nodes[-1]
            operands.append(node)
            if len(operands) < ARITY[head]:
                break
            open_nodes.pop()
            node = Tree(head, tuple(operands))
        else:
            if position < len(tokens):
                raise PrefixError(
                    "trailing tokens",
                    position,
                    tokens[position],
                    f"the expression was complete after {position} tokens, so the end was expected",
                )
            return node
    raise PrefixError("incomplete", len(tokens), None, f"{_expected(open_nodes)} was expected")


def _expected(open_nodes) -> str:
    if not open_nodes:
        return "an expression"
    head, start, operands = open_nodes[-1]
    return f"operand {len(operands) + 1} of {ARITY[head]} of `{head}` (token {start})"


def _integer(tokens: list[str], start: int, stop: int) -> int:
    sign, digits = tokens[start], "".join(tokens[start + 1 : stop])
    if not digits:
        token = tokens[stop] if stop < len(tokens) else None
        raise PrefixError("integer without digits", stop, token, f"a digit of `{sign}` (token {start}) was expected")
    if len(digits) > MAX_DIGITS:
        raise PrefixError("integer too long", start, sign, f"at most {MAX_DIGITS} digits, received {len(digits)}")
    if digits[0] == "0" and (len(digits) > 1 or sign == NEGATIVE):
        raise PrefixError(
            "integer not canonical", start, sign, f"{digits} is written without leading zeros, and 0 as INT+ 0"
        )
    return int(digits) if sign == POSITIVE else -int(digits)


def integer_tokens(value: int) -> list[str]:
    """The spelling of an integer: its sign, then one token a digit."""
    return [NEGATIVE if value < 0 else POSITIVE, *str(abs(value))]


def to_prefix(tree: Tree) -> list[str]:
    """The token sequence of a tree: the exact inverse of `from_prefix`."""
    tokens: list[str] = []
    todo = [tree]
    while todo:
        head, operands = todo.pop()
        if isinstance(head, int):
            tokens += integer_tokens(head)
        else:
            tokens.append(head)
            todo += reversed(operands)
    return tokens


def prefix_text(tree: Tree) -> str:
    """The tokens of a tree as text with one space between them, as in the files of a data set."""
    return " ".join(to_prefix(tree))


def fold(tree: Tree, combine: Callable[[str | int, list], Any]) -> Any:
    """The value of a tree from its leaves up: `combine(head, values of the operands)` at each node."""
    order, todo = [], [tree]  # from the root down, the last operand first: backwards it is from the leaves up
    while todo:
        node = todo.pop()
        order.append(node)
        todo += node.operands
    values: list = []
    for head, operands in reversed(order):
        if count := len(operands):
            below = values[-count:]
            values[-count:] = [combine(head, below)]
        else:
            values.append(combine(head, []))
    return values[0]


def operands_of_chain(tree: Tree, head: str) -> list[Tree]:
    """The operands of a right-nested chain: `add a add b c` gives a, b, c; any other tree gives only itself."""
    operands = []
    while tree.head == head:
        operands.append(tree.operands[0])
        tree = tree.operands[1]
    return [*operands, tree]


def chain(head: str, operands: Iterable[Tree]) -> Tree:
    """The right-nested chain of operands: the inverse of `operands_of_chain` where no left operand is a chain."""
    *first, result = operands
    for operand in reversed(first):
        result = Tree(head, (operand, result))
    return result
