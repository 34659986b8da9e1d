"""The embedded data set: every line is well-formed, right, canonical, and in one split only."""

import pytest

from symbolic.expressions.engines import canonical
from symbolic.expressions.exchange import from_sympy, to_sympy
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.prefix import from_prefix, prefix_text
from symbolic.problems.files import read_data_folder
from symbolic.problems.splits import skeleton, split_of
from symbolic.verification import verify_many
from tests import PROJECT

STARTER = PROJECT / "data" / "starter"


@pytest.fixture(scope="module")
def data():
    return read_data_folder(STARTER)


@pytest.fixture(scope="module")
def texts(data):
    """Both sides of every line."""
    return [text for frame in data.values() for side in ("input", "output") for text in frame[side]]


def test_sizes_and_splits(data):
    assert {split: len(frame) for split, frame in data.items()} == {"train": 100_000, "valid": 2_000, "test": 2_000}
    equations = [equation for frame in data.values() for equation in frame["input"]]
    assert len(set(equations)) == len(equations)
    for split, frame in data.items():
        assert {split_of(skeleton(equation)) for equation in frame["input"]} == {split}


def test_every_line_survives_the_way_to_trees_and_back(texts):
    assert all(prefix_text(from_prefix(text)) == text for text in texts)


def test_every_line_survives_the_text_processor(data):
    from symbolic.seq2seq.processors import TextProcessor

    for side in ("input", "output"):
        processor = TextProcessor.adapt(data["train"][side])
        for frame in data.values():
            ids, offsets = processor.encode(frame[side])
            rows = [ids[start:stop] for start, stop in zip(offsets[:-1], offsets[1:], strict=True)]
            assert [processor.decode(row[None, :])[0] for row in rows] == frame[side].tolist()


def _round_trips(text):
    tree = from_prefix(text)
    assert from_infix(to_infix(tree)) == tree
    assert from_sympy(to_sympy(tree)) == tree
    assert tree.head == "sub" or canonical(tree) == tree


def test_lines_survive_the_way_to_infix_and_sympy_and_are_canonical(texts):
    for text in texts[::100]:
        _round_trips(text)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_line_survives_the_way_to_infix_and_sympy_and_is_canonical(texts):
    for text in texts:
        _round_trips(text)


def test_test_problems_are_right(data):
    verdicts = list(verify_many(zip(data["test"]["input"], data["test"]["output"], strict=True), workers=2))
    assert not [verdict for verdict in verdicts if verdict.status == "refuted"]
    assert sum(verdict.solved for verdict in verdicts) > 0.99 * len(verdicts)
