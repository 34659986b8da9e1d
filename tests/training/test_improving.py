"""A model is improved by what the whole solver proves: nothing unproved is learnt, and test problems are left out."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest

from symbolic.__main__ import main
from symbolic.expressions.tokens import TOKENS
from symbolic.problems.files import read_problems, write_problems
from symbolic.seq2seq.models.attention_rnn import AttentionRNN
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.translator import Translator
from symbolic.solving.spellings import spelt_answer
from symbolic.training.improving import RECORD, improve
from symbolic.training.trials import read_params
from symbolic.verification import verify

TERMS = ["x", "sin x", "cos x", "exp x", "sqrt x", "inv x", "sinh x", "ln x", "pow sin x INT+ 2", "mul x exp x"]
SOLVABLE = [f"sub Y' add {one} {other}" for one, other in itertools.combinations(TERMS, 2)]
UNSOLVABLE = "sub Y' exp exp x"
TRIAL = {
    "model": "attention_rnn",
    "num_units": 8,
    "num_heads": 2,
    "epoch": 1,
    "steps_per_epoch": 2,
    "batch_size": 4,
    "max_length": 64,
    "valid_problems": 0,
    "test_problems": 0,
}


@pytest.fixture(scope="module")
def improved(tmp_path_factory):
    """An untrained model, a round of improvement on problems without answers, and the arguments for another call."""
    folder = tmp_path_factory.mktemp("improve")
    processor = TextProcessor(list(TOKENS))
    model = AttentionRNN(len(processor), len(processor), num_units=8, num_heads=2, dropout=0.1)
    ids = np.ones((1, 4), "int32")
    model({"context": ids, "target": ids})
    Translator(model, processor, processor, max_length=64).save(folder / "start")
    write_problems(folder / "asked.test", [(problem, "x") for problem in [*SOLVABLE, UNSOLVABLE]])
    write_problems(folder / "kept.test", [(SOLVABLE[0], "x")])
    for split in ("train", "valid", "test"):
        write_problems(folder / "old" / f"old.{split}", [(f"sub Y' mul INT+ {n} x", "x") for n in range(2, 10)])
    arguments = (folder / "start", [folder / "asked.test"], str(folder / "old"), folder / "out", TRIAL)
    options = {"leave_out": [folder / "kept.test"], "beam": 1, "workers": 2}
    return folder, improve(*arguments, **options), arguments, options


def test_only_what_is_proved_is_learnt_and_test_problems_are_left_out(improved):
    folder, _, _, _ = improved
    solved, _ = read_problems(folder / "out" / "round_1_pairs" / "solved.gz")
    assert len(solved) > 0.9 * len(SOLVABLE) and UNSOLVABLE not in set(solved["input"])
    assert all(verify(*pair).general for pair in solved[["input", "output"]].head(10).itertuples(index=False))
    learnt, _ = read_problems(folder / "out" / "round_1_data" / "solved.train.gz")
    assert len(learnt) > 0.7 * len(solved) and SOLVABLE[0] not in set(learnt["input"])


def test_the_trial_begins_with_the_old_weights_and_the_record_counts_who_solved(improved):
    folder, last, _, _ = improved
    assert last == folder / "out" / "round_1"
    params = read_params(last)["params"]
    assert params["initial_weights"] == str(folder / "start")
    record = json.loads((folder / "out" / RECORD).read_text())["rounds"]["round_1"]
    assert record["asked"] == len(SOLVABLE) + 1 and record["solved"] == sum(record["by"].values())
    assert set(record["by"]) <= {"model", "ansatz", "repair", "linearity"}
    history = pd.read_csv(last / "history.csv")
    assert len(history) == 1


def test_the_same_call_goes_on_and_another_is_refused(improved):
    folder, last, arguments, options = improved
    before = (last / "history.csv").read_bytes()
    assert improve(*arguments, **options) == last and (last / "history.csv").read_bytes() == before
    with pytest.raises(ValueError, match="holds an improvement with other settings"):
        improve(*arguments, **(options | {"beam": 2}))


def test_an_answer_gets_the_spelling_of_the_families():
    assert spelt_answer("sub Y' cos x", "add sin x INT+ 5") == "sin x"
    assert spelt_answer("sub Y' mul INT+ 2 x", "mul x x") == "pow x INT+ 2"
    assert spelt_answer("sub Y' Y", "mul a8 exp x") == "mul a8 exp x"


def test_the_command_names_a_trial_that_does_not_exist(tmp_path, capsys):
    words = ["improve", str(tmp_path), "--problems", "p.test", "--data", "d", "--trial", "quick_rn", "--out", "o"]
    assert main(words) == 2
    assert "unknown trial `quick_rn`. Did you mean `quick_rnn`?" in capsys.readouterr().err
