"""A SavedModel answers as its translator does, in a process without this project."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from symbolic.__main__ import main
from symbolic.seq2seq.export import export
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.searches import Beam
from symbolic.seq2seq.translator import Translator
from symbolic.solving.rounds import grammar_of
from tests.conftest import LEARNT
from tests.seq2seq.conftest import V, build

TEXTS = [*LEARNT, "sub Y' x", "  sub   Y' cos\tx ", "sub Y' unheard_of", "", "sub Y' " + "cos " * 40 + "x"]

# All that a user's program holds.
PROGRAM = """
import json, sys
import tensorflow as tf
import tensorflow_text
translate = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
found = translate(tf.constant(json.loads(sys.argv[2])))
answers = [[text.decode() for text in row] for row in found["answers"].numpy().tolist()]
ours = sorted(name for name in sys.modules if name.startswith("symbolic"))
print(json.dumps({"answers": answers, "scores": found["scores"].numpy().tolist(), "ours": ours}))
"""


def answers_elsewhere(folder, texts, cwd):
    command = [sys.executable, "-c", PROGRAM, str(folder), json.dumps(texts)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def assert_same(found, expected):
    """Arrays of answers and scores equal lists of hypotheses."""
    for answers, scores, hypotheses in zip(found["answers"], found["scores"], expected, strict=True):
        there = np.isfinite(scores)
        assert [answer for answer, is_there in zip(answers, there, strict=True) if is_there] == [
            hypothesis.text for hypothesis in hypotheses
        ]
        np.testing.assert_allclose(
            np.array(scores)[there], [hypothesis.score for hypothesis in hypotheses], rtol=1e-4, atol=1e-5
        )
        assert not any(answer for answer, is_there in zip(answers, there, strict=True) if not is_there)


def test_a_process_with_only_tensorflow_gets_the_same_answers(translator, model_folder, tmp_path, capsys):
    saved = tmp_path / "new" / "saved"
    assert main(["export", str(model_folder), str(saved), "--beam", "3"]) == 0
    assert "up to 3 answers to a text" in capsys.readouterr().out
    found = answers_elsewhere(saved, TEXTS, tmp_path)
    assert found["ours"] == []
    assert [path.name for path in saved.parent.iterdir()] == ["saved"]
    expected = translator.translate(TEXTS, Beam(3), grammar_of(translator.target_processor))
    assert [rows[0].text for rows in expected[: len(LEARNT)]] == list(LEARNT.values()) and expected[-1] == []
    assert_same(found, expected)


def test_greedy_answers_of_a_transformer_are_the_same_too(tmp_path):
    processor = TextProcessor([f"word{i}" for i in range(V - 4)])
    translator = Translator(build("transformer"), processor, processor, max_length=9)
    export(translator, tmp_path / "saved")
    texts = ["word1 word2", "word3", "word4 word5 word6 word7 word0 word1 word2", "word1 " * 8, "nothing known"]
    saved = tf.saved_model.load(tmp_path / "saved")
    found = saved.translate(tf.constant(texts))
    answers = [[text.decode() for text in row] for row in found["answers"].numpy().tolist()]
    assert_same({"answers": answers, "scores": found["scores"].numpy()}, translator.translate(texts))
    nothing = saved.translate(tf.constant([], tf.string))
    assert nothing["answers"].shape == (0, 1) and nothing["scores"].shape == (0, 1)


def test_nothing_is_overwritten_and_an_error_leaves_nothing(translator, model_folder, tmp_path, capsys):
    assert main(["export", str(model_folder), str(model_folder)]) == 2
    assert "exists and is not empty; a SavedModel is written to a new folder" in capsys.readouterr().err
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match="file exists"):
        export(translator, tmp_path / "file")
    foreign = grammar_of(TextProcessor(["x"]))
    with pytest.raises(ValueError, match="grammar.kinds"):
        export(translator, tmp_path / "saved", grammar=foreign)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
