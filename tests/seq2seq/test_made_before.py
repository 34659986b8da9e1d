"""A token store that version 0.1.0 wrote is read as it is, and encodes nothing again."""

from pathlib import Path

import numpy as np

from symbolic.expressions.notation import prefix_notation
from symbolic.expressions.tokens import TOKENS
from symbolic.problems.files import parse_line, read_problems
from symbolic.seq2seq.encoding import encode_files
from symbolic.seq2seq.notation import Notation
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.token_store import TokenStore
from tests import PROJECT

BEFORE = Path(__file__).parent / "made_before" / "store"
TEXTS = PROJECT / "tests" / "training" / "made_before" / "data" / "bwd.valid"


def test_the_store_holds_the_problems_of_its_file():
    store, (problems, _) = TokenStore.open(BEFORE), read_problems(TEXTS)
    processor = TextProcessor(list(TOKENS))
    assert len(store) == len(problems) > 5
    for i, problem in enumerate(problems.itertuples()):
        for ids, text in ((store.context(i), problem.input), (store.target(i), problem.output)):
            expected, _ = processor.encode([text])
            np.testing.assert_array_equal(ids, expected)


def test_nothing_is_encoded_again():
    before = {path: path.stat().st_mtime_ns for path in BEFORE.iterdir()}
    (file,) = encode_files(
        [TEXTS],
        BEFORE,
        contexts=list(TOKENS),
        targets=list(TOKENS),
        parse=parse_line,
        notation=Notation(*prefix_notation()),
    )
    assert file.report.kept == len(TokenStore.open(BEFORE))
    assert {path: path.stat().st_mtime_ns for path in BEFORE.iterdir()} == before
