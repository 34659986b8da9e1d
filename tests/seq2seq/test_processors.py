"""Texts survive the round trip, case kept; what a vocabulary lacks is reported; files are checked."""

import sys
import unicodedata

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.special_tokens import END_ID, PADDING_ID, SPECIAL_TOKENS, START_ID, UNKNOWN_ID

WORDS = ["Y", "Y'", "y", "INT+", "E", "e", "ä", "[a]"]
PROCESSOR = TextProcessor(WORDS)


def matrix(ids, offsets):
    rows = [ids[start:stop] for start, stop in zip(offsets, offsets[1:], strict=False)]
    width = max(map(len, rows))
    return np.array([[*row, *[PADDING_ID] * (width - len(row))] for row in rows])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(st.sampled_from(WORDS)), min_size=1))
def test_decoding_gives_the_encoded_tokens_back(texts):
    texts = [" ".join(tokens) for tokens in texts]
    assert PROCESSOR.decode(matrix(*PROCESSOR.encode(texts))) == texts


def test_ids_are_those_of_the_vocabulary_between_start_and_end():
    ids, offsets = PROCESSOR.encode(["Y e", "", " E \t nonsense "])
    expected = [
        [START_ID, PROCESSOR.vocabulary.index("Y"), PROCESSOR.vocabulary.index("e"), END_ID],
        [START_ID, END_ID],
        [START_ID, PROCESSOR.vocabulary.index("E"), UNKNOWN_ID, END_ID],
    ]
    assert (ids.dtype, offsets.dtype) == (np.int32, np.int64)
    assert [ids[a:b].tolist() for a, b in zip(offsets, offsets[1:], strict=False)] == expected
    assert len(PROCESSOR) == len(PROCESSOR.vocabulary) == len(WORDS) + len(SPECIAL_TOKENS)


def test_no_texts_encode_to_nothing():
    ids, offsets = PROCESSOR.encode([])
    assert len(ids) == 0 and offsets.tolist() == [0]


def test_unicode_spellings_of_one_token_are_one_token():
    composed, decomposed = PROCESSOR.encode(["\u00e4"])[0], PROCESSOR.encode(["a\u0308"])[0]
    assert composed.tolist() == decomposed.tolist() and UNKNOWN_ID not in composed


def test_a_graph_of_tensorflow_splits_texts_in_the_same_way():
    """Every character but those that Python or TensorFlow Text treats in a way of its own."""
    control = "\x00\x1c\x1d\x1e\x1f"  # the last four are whitespace to Python only
    within_bytes = "\x85\u1680\u2028\u2029"  # TensorFlow Text 2.21 cuts in the middle of these
    characters = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if character not in control + within_bytes and unicodedata.category(character) not in ("Cn", "Cs", "Co")
    ]
    texts = [f"a{character}e Y" for character in characters]
    processor = TextProcessor(["a", "e", "Y", "aae", "aYe", "ae"])
    theirs = processor.ids_of(tf.constant(texts))
    ids, offsets = processor.encode(texts)
    np.testing.assert_array_equal(theirs.flat_values.numpy(), ids)
    np.testing.assert_array_equal(theirs.row_splits.numpy(), offsets)


def test_adapting_orders_by_frequency_then_spelling():
    processor = TextProcessor.adapt(["b c B", "c a"])
    assert processor.vocabulary == [*SPECIAL_TOKENS, "c", "B", "a", "b"]


def test_many_texts_are_encoded_as_few_are():
    texts = [f"{' '.join('Y' * (i % 3))} e" for i in range(25_000)]
    ids, offsets = PROCESSOR.encode(texts)
    assert len(offsets) == len(texts) + 1 and offsets[-1] == len(ids)
    for i in (0, 9_999, 10_000, 24_999):
        assert ids[offsets[i] : offsets[i + 1]].tolist() == PROCESSOR.encode([texts[i]])[0].tolist()


def test_unknown_tokens_are_counted():
    assert PROCESSOR.unknown_tokens(["Y yes", "no yes e", "[START]"]) == {"yes": 2, "no": 1, "[START]": 1}


def test_a_special_token_in_a_text_is_only_an_unknown_word():
    assert PROCESSOR.encode(["[END]"])[0].tolist() == [START_ID, UNKNOWN_ID, END_ID]


def test_decoding_stops_at_the_first_end():
    ids = [[START_ID, 4, END_ID, 5, END_ID], [4, 5, UNKNOWN_ID, PADDING_ID, PADDING_ID]]
    assert PROCESSOR.decode(np.array(ids)) == ["Y", "Y Y' [UNK]"]


def test_saving_and_loading_keep_the_vocabulary(tmp_path):
    PROCESSOR.save(tmp_path / "words.txt")
    assert TextProcessor.load(tmp_path / "words.txt").vocabulary == PROCESSOR.vocabulary
    assert [path.name for path in tmp_path.iterdir()] == ["words.txt"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a\nb\na\n", "repeat a token"),
        (b"a\n[END]\n", "special"),
        (b"a\n\nb\n", "special"),
        (b"a b\n", "whitespace"),
        ("a\u0308\n".encode(), "NFKC"),
        (b"\xff\n", "utf-8"),
    ],
)
def test_a_file_that_is_no_vocabulary_is_refused(tmp_path, content, reason):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"words.txt is not a vocabulary: .*{reason}"):
        TextProcessor.load(path)
