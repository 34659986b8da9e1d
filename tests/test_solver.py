"""Answers are checked before they are answers; what is outside the language is named."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from symbolic.__main__ import main
from symbolic.expressions.infix import to_infix
from symbolic.seq2seq.translator import Translator
from symbolic.solver import describe, integrate
from tests.conftest import LEARNT


def test_a_verified_answer_is_given(translator):
    solution = integrate("2x", translator)
    assert to_infix(solution.answer) == "x^2" and solution.verdict.status == "proved"
    assert to_infix(solution.derivative) == "2*x"
    assert "answer      x^2 + C" in describe(solution)
    assert solution._repr_latex_() == r"$\int 2 x\,dx = x^{2} + C$ (proved)"


def test_a_wrong_answer_is_never_given_as_one(translator):
    solution = integrate("sin(x)", translator)
    assert solution.answer is None and solution.verdict.status == "refuted"
    assert "no verified answer; the model proposed cos(x)" in describe(solution)
    assert "no verified answer" in solution._repr_latex_()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x*y", "an integrand is an expression in x alone; `x\\*y` has `y`"),
        ("y' + y = x", "has `Y` and `Y'`"),
        ("1 = x", "an equals sign"),
        ("f(x)", "`f`"),
        ("tan(x)", "never saw `tan`"),
        ("1/0", "no finite value"),
        ("9^9^9^9", "too many digits|too large"),
        ("x +", "expected"),
    ],
)
def test_what_is_outside_the_language_is_named(translator, text, message):
    with pytest.raises(ValueError, match=message):
        integrate(text, translator)


def test_saved_and_loaded_translators_answer_alike(translator, model_folder):
    loaded = Translator.load(model_folder)
    ours, theirs = translator.translate(list(LEARNT)), loaded.translate(list(LEARNT))
    assert ours.answers == theirs.answers == list(LEARNT.values())
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-5)
    assert loaded.max_length == translator.max_length


def test_order_and_batch_size_do_not_change_answers(translator):
    texts = list(LEARNT) * 3
    together = translator.translate(texts)
    alone = [translator.translate([text]).answers[0] for text in texts[:3]]
    assert together.answers[:3] == alone and together.answers == translator.translate(texts, batch_size=2).answers


def test_an_input_that_is_too_long_has_no_answer(translator):
    long = "sub Y' " + "add x " * 40 + "x"
    answers, scores = translator.translate([long, "sub Y' cos x"])
    assert answers == ["", "sin x"] and np.isnan(scores[0]) and np.isfinite(scores[1])


def test_attention_has_a_row_for_every_token_written(translator):
    attention = translator.attention("sub Y' cos x")
    assert attention.context == ["[START]", "sub", "Y'", "cos", "x", "[END]"]
    assert attention.answer == ["sin", "x", "[END]"]
    assert attention.weights.shape == (2, 3, 6)
    np.testing.assert_allclose(attention.weights.sum(axis=-1), 1, atol=1e-5)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not hold a trained model: it has no model.keras"):
        Translator.load(tmp_path)


def test_vocabulary_and_model_must_belong_together(translator, tmp_path):
    translator.save(tmp_path)
    with open(tmp_path / "target_vocabulary.txt", "a", encoding="utf-8") as vocabulary:
        vocabulary.write("tan\n")
    with pytest.raises(ValueError, match="target_vocabulary.txt has .* tokens and the model"):
        Translator.load(tmp_path)


def test_integrate_from_the_command_line(model_folder, capsys):
    assert main(["integrate", "cos(x)", "--run", str(model_folder)]) == 0
    out = capsys.readouterr().out
    assert "sin(x) + C" in out and "proved" in out and "derivative  cos(x)" in out
    assert main(["integrate", "sin(x)", "--run", str(model_folder)]) == 1
    assert "refuted" in capsys.readouterr().out


def test_a_saved_model_answers_in_a_process_of_its_own(model_folder):
    command = [sys.executable, "-m", "symbolic", "integrate", "2x", "--run", str(model_folder), "--json"]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"] == "x^2"


def test_errors_of_the_command_line_are_one_sentence(model_folder, tmp_path, capsys):
    for arguments, words in [
        (["integrate", "sine(x)", "--run", str(model_folder)], "sin"),
        (["integrate", "x", "--run", str(tmp_path)], "does not hold a trained model"),
        (["compare", "--runs", str(tmp_path)], "no trial in"),
        (["plot", "--attention", "x"], "needs `--run`"),
        (["generate", "--task", "bdw", "--out", str(tmp_path / "new")], "Did you mean `bwd`?"),
    ]:
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert words in error and "Traceback" not in error


def test_attention_is_drawn(model_folder, capsys):
    assert main(["plot", "--attention", "cos(x)", "--run", str(model_folder)]) == 0
    picture = capsys.readouterr().out.strip()
    with open(picture, "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
