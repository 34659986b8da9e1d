"""The grammar of prefix expressions accepts exactly what can be parsed."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from symbolic.expressions.notation import MAX_DEPTH, is_prefix
from symbolic.expressions.prefix import from_prefix
from symbolic.expressions.tokens import TOKENS
from symbolic.seq2seq.decoding import decode
from symbolic.seq2seq.grammar import allowed, first_parse, parsed, rules_of
from symbolic.seq2seq.models.contract import ModelState
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.searches import Beam, Greedy, Sampling
from symbolic.seq2seq.special_tokens import END_ID
from symbolic.solving.rounds import grammar_of


def rules(processor: TextProcessor, max_length: int):
    return rules_of(grammar_of(processor), len(processor), max_length)


def accepted(rules, ids: np.ndarray, max_length: int) -> np.ndarray:
    """Whether each row of ids may be written token by token, ending within `max_length` tokens."""
    parse, fine = first_parse(len(ids), 1), np.ones(len(ids), bool)
    for position in range(ids.shape[1]):
        may_come = ops.convert_to_numpy(allowed(rules, parse, max_length - 1 - position))
        fine &= may_come[np.arange(len(ids)), 0, ids[:, position]]
        parse = parsed(rules, parse, ops.convert_to_tensor(ids[:, position : position + 1], "int32"))
    return fine


def test_exactly_the_well_formed_sequences_are_accepted():
    vocabulary = "add sin h x INT+ INT- 0 7".split()
    processor = TextProcessor(vocabulary)
    for length in range(1, 6):
        sequences = list(itertools.product(vocabulary, repeat=length))
        ids = np.array([[processor.vocabulary.index(token) for token in tokens] + [END_ID] for tokens in sequences])
        expected = np.array([is_prefix(list(tokens)) for tokens in sequences])
        np.testing.assert_array_equal(accepted(rules(processor, 6), ids, 6), expected)
        np.testing.assert_array_equal(accepted(rules(processor, 4), ids[:, :5], 4), expected & (length < 4))


class Whims:
    """A model of random logits, some tokens being favoured."""

    def __init__(self, vocabulary_size: int, seed: int, favoured=()):
        rng = np.random.default_rng(seed)
        self.logits = 3 * rng.normal(size=(97, vocabulary_size)).astype(np.float32)
        self.logits[:, favoured] += 20

    def start(self, context, hypotheses, steps):
        return ModelState((), ops.zeros((ops.shape(context)[0], hypotheses), "int32") + context[:, :1])

    def step(self, tokens, state, position):
        mood = (state.own * 31 + tokens * 7 + 1) % 97
        return ops.take(self.logits, mood, axis=0), ModelState((), mood)


def texts(processor, model, search, max_length, problems=4) -> list[str]:
    context = ops.convert_to_tensor(np.arange(problems)[:, None], "int32")
    draws = ops.convert_to_tensor(np.random.default_rng(0).random((problems, search.hypotheses, max_length)), "float32")
    ids, scores = decode([model], context, search, max_length, rules(processor, max_length), draws)
    found = ops.convert_to_numpy(ids)[ops.convert_to_numpy(scores) > -np.inf]
    assert len(found) >= problems and (found == END_ID).any(axis=1).all()
    return processor.decode(found)


@settings(max_examples=12, deadline=None)
@given(
    vocabulary=st.sets(st.sampled_from(list(TOKENS))).map(lambda some: sorted(some | {"x"})),
    search=st.sampled_from([Greedy(), Beam(5), Beam(4, length_penalty=1.0), Sampling(5, temperature=3.0)]),
    max_length=st.integers(2, 20),
    seed=st.integers(0, 100),
)
def test_whatever_a_model_wants_its_answers_can_be_read(vocabulary, search, max_length, seed):
    processor = TextProcessor(vocabulary)
    for text in texts(processor, Whims(len(processor), seed), search, max_length):
        from_prefix(text)


@pytest.mark.parametrize("favoured", ["sin", "add", "INT-", "0", "7"])
def test_the_greediest_model_is_brought_to_an_end(favoured):
    processor = TextProcessor("add sin x INT+ INT- 0 7".split())
    model = Whims(len(processor), 0, favoured=[processor.vocabulary.index(favoured)])
    for text in texts(processor, model, Greedy(), 30):
        from_prefix(text)
        assert len(text.split()) == 29 or favoured not in ("add", "sin")  # as long as it may be


def test_expressions_do_not_nest_deeper_than_can_be_read():
    processor = TextProcessor("sin x".split())
    model = Whims(len(processor), 0, favoured=[processor.vocabulary.index("sin")])
    (text,) = texts(processor, model, Greedy(), MAX_DEPTH + 40, problems=1)
    assert text.split().count("sin") == MAX_DEPTH
    from_prefix(text)


def test_signs_without_digits_are_never_written():
    processor = TextProcessor("add x INT+ INT-".split())
    model = Whims(len(processor), 0, favoured=[processor.vocabulary.index("INT+")])
    assert all("INT" not in text for text in texts(processor, model, Beam(3), 9))


def test_a_limit_leaves_room_for_the_shortest_expression():
    processor = TextProcessor("add INT+ 7".split())
    assert set(texts(processor, Whims(len(processor), 0), Beam(3), 3)) == {"INT+ 7"}
    with pytest.raises(ValueError, match="no well-formed output has at most 2 tokens, END included"):
        rules(processor, 2)


@pytest.mark.parametrize("vocabulary", ["add sin", "add INT+ INT-", "add 7", "INT- 0"])
def test_a_vocabulary_without_operands_is_refused(vocabulary):
    with pytest.raises(ValueError, match="the vocabulary has no operand"):
        rules(TextProcessor(vocabulary.split()), 20)


def test_a_grammar_of_another_vocabulary_is_refused():
    with pytest.raises(ValueError, match="one kind for each of the 9 tokens. Received: 5"):
        rules_of(grammar_of(TextProcessor(["x"])), 9, 20)
