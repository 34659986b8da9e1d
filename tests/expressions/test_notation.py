"""One notation, three ways to test it: token by token, with the grammar of a search, and by pairs of neighbours."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic.expressions.notation import MAX_DEPTH, MAX_DIGITS, is_prefix, prefix_grammar, prefix_notation
from symbolic.expressions.prefix import to_prefix
from symbolic.expressions.tokens import TOKENS
from tests.expressions.strategies import repeatable, trees

VOCABULARY = ["[END]", "[UNK]", *TOKENS]
OF_EVERY_KIND = ["INT+", "INT-", "0", "7", "x", "sin", "add", "h", "[UNK]"]


def allowed_by_the_grammar(tokens: list[str]) -> bool:
    """Whether the automaton writes these tokens and then ends."""
    kinds, fills, opens, transitions, _, _ = prefix_grammar(VOCABULARY, end=0)
    state, places = 0, 1
    for token in tokens:
        kind = kinds[VOCABULARY.index(token)]
        state = transitions[state][kind]
        if state < 0 or places < fills[kind]:
            return False
        places += opens[kind] - fills[kind]
    return not places and transitions[state][kinds[0]] >= 0


def passes_by_pairs(tokens: list[str]) -> bool:
    """Whether every pair of neighbours may stand so, a place is open before each operand, and none at the end."""
    kinds, fills, opens, follows, _, _ = prefix_notation()
    if not kinds.keys() >= set(tokens):
        return False
    row = [kinds[token] for token in tokens]
    if not all(follows[before][after] for before, after in itertools.pairwise([0, *row, 0])):
        return False
    open_before = itertools.accumulate((opens[kind] - fills[kind] for kind in row), initial=1)
    *places, last = open_before
    return last == 0 and all(place >= fills[kind] for place, kind in zip(places, row, strict=True))


def holds_zero(tokens: list[str]) -> bool:
    """Whether the integer 0 occurs, the one expression that pairs of neighbours do not tell."""
    return ("INT+", "0") in itertools.pairwise(tokens)


def check_agreement(tokens: list[str]) -> None:
    assert allowed_by_the_grammar(tokens) == is_prefix(tokens), tokens
    assert passes_by_pairs(tokens) == (is_prefix(tokens) and not holds_zero(tokens)), tokens


@pytest.mark.parametrize("length", range(5))
def test_all_agree_on_every_short_sequence(length):
    for tokens in itertools.product(OF_EVERY_KIND, repeat=length):
        check_agreement(list(tokens))


@repeatable(max_examples=300)
@given(trees(), st.data())
def test_all_agree_on_expressions_and_on_damaged_ones(tree, data):
    tokens = to_prefix(tree)
    check_agreement(tokens)
    position, removed = data.draw(st.integers(0, len(tokens))), data.draw(st.integers(0, 2))
    tokens[position : position + removed] = data.draw(st.lists(st.sampled_from(VOCABULARY[1:]), max_size=2))
    check_agreement(tokens)


def test_the_limits_are_those_of_the_parser():
    assert prefix_grammar(VOCABULARY, end=0)[4:] == prefix_notation()[4:] == (MAX_DEPTH, MAX_DIGITS)
