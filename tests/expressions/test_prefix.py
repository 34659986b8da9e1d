import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic.expressions.notation import MAX_DEPTH, MAX_DIGITS, is_prefix
from symbolic.expressions.prefix import (
    PrefixError,
    Tree,
    chain,
    fold,
    from_prefix,
    operands_of_chain,
    prefix_text,
    to_prefix,
)
from symbolic.expressions.tokens import TOKENS
from tests.expressions.strategies import repeatable, trees

X = Tree("x")


@repeatable(max_examples=200)
@given(trees())
def test_prefix_and_tree_are_exact_inverses(tree):
    tokens = to_prefix(tree)
    assert from_prefix(tokens) == tree
    assert from_prefix(" ".join(tokens)) == tree
    assert is_prefix(tokens)


def reads(tokens):
    try:
        return to_prefix(from_prefix(tokens)) == tokens
    except PrefixError:
        return False


WORDS = st.sampled_from(sorted(TOKENS) + ["foo"])


@repeatable(max_examples=300)
@given(st.lists(st.sampled_from(["INT+", "INT-", "0", "1", "x", "add", "sin"]), max_size=9))
def test_is_prefix_agrees_with_from_prefix_on_short_sequences(tokens):
    assert is_prefix(tokens) == reads(tokens)


@repeatable(max_examples=300)
@given(trees(), st.data())
def test_is_prefix_agrees_with_from_prefix_on_corrupted_sequences(tree, data):
    tokens = to_prefix(tree)
    position = data.draw(st.integers(0, len(tokens)))
    removed = data.draw(st.integers(0, 2))
    tokens[position : position + removed] = data.draw(st.lists(WORDS, max_size=2))
    assert is_prefix(tokens) == reads(tokens)


@pytest.mark.parametrize(
    ("text", "reason", "position", "token", "says"),
    [
        ("", "incomplete", 0, None, "an expression was expected"),
        ("add x", "incomplete", 2, None, "operand 2 of 2 of `add` (token 0)"),
        ("mul x h x y", "incomplete", 5, None, "operand 3 of 3 of `h` (token 2)"),
        ("x y", "trailing tokens", 1, "y", "the end was expected"),
        ("add x sine x", "unknown token", 2, "sine", "did you mean `sin`?"),
        ("add x ### x", "unknown token", 2, "###", "operand 2 of 2 of `add`"),
        ("mul 2 x", "stray digit", 1, "2", "digits follow INT+ or INT-"),
        ("mul INT+ x", "integer without digits", 2, "x", "a digit of `INT+` (token 1)"),
        ("INT-", "integer without digits", 1, None, "a digit of `INT-` (token 0)"),
        ("sin INT+ 0 1", "integer not canonical", 1, "INT+", "leading zeros"),
        ("INT- 0", "integer not canonical", 0, "INT-", "0 as INT+ 0"),
        ("INT+" + " 1" * (MAX_DIGITS + 1), "integer too long", 0, "INT+", f"at most {MAX_DIGITS} digits"),
        ("sin " * (MAX_DEPTH + 1) + "x", "too deep", MAX_DEPTH, "sin", f"at most {MAX_DEPTH} levels"),
    ],
)
def test_an_error_names_the_token_its_position_and_what_was_expected(text, reason, position, token, says):
    with pytest.raises(PrefixError) as caught:
        from_prefix(text)
    error = caught.value
    assert (error.reason, error.position, error.token) == (reason, position, token)
    assert says in str(error)
    assert isinstance(error, ValueError)
    assert is_prefix(text.split()) == (reason in ("too deep", "integer too long"))  # limits, which it does not check


def test_an_error_survives_the_way_between_processes():
    for text in ("sin foo", "add x"):
        with pytest.raises(PrefixError) as caught:
            from_prefix(text)
        copy = pickle.loads(pickle.dumps(caught.value))
        assert vars(copy) == vars(caught.value) and str(copy) == str(caught.value)


def test_the_deepest_tree_and_the_longest_integer_are_read():
    deepest = "sin " * MAX_DEPTH + "x"
    assert prefix_text(from_prefix(deepest)) == deepest
    assert from_prefix("INT-" + " 9" * MAX_DIGITS).head == 1 - 10**MAX_DIGITS


@repeatable()
@given(trees())
def test_fold_visits_operands_in_order_before_their_operator(tree):
    assert fold(tree, lambda head, operands: Tree(head, tuple(operands))) == tree
    visited = []
    fold(tree, lambda head, operands: visited.append(head))
    postorder = []

    def walk(node):
        for operand in node.operands:
            walk(operand)
        postorder.append(node.head)

    walk(tree)
    assert visited == postorder


def test_fold_and_to_prefix_do_not_recurse():
    tree = X
    for _ in range(20_000):
        tree = Tree("sin", (tree,))
    assert fold(tree, lambda head, operands: 1 + sum(operands)) == 20_001
    assert len(to_prefix(tree)) == 20_001


@repeatable()
@given(st.lists(trees(["mul", "sin"], max_leaves=3), min_size=1, max_size=5))
def test_chain_and_its_operands_are_inverses(operands):
    tree = chain("add", operands)
    assert operands_of_chain(tree, "add") == operands
    assert to_prefix(tree).count("add") == len(operands) - 1


def test_a_left_nested_sum_is_one_operand_of_the_chain():
    left = chain("add", [X, X])
    assert operands_of_chain(Tree("add", (left, X)), "add") == [left, X]
    assert operands_of_chain(X, "add") == [X]
