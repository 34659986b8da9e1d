"""Run folders that earlier versions made still load and resume. `made_before/` holds some of version 0.1.0.

In `finished` the trial ran to its end. In `unfinished` it was killed after its second epoch, on the same data.
"""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from run_model_train import SymbolicModelTrain
from symbolic.seq2seq.translator import Translator
from symbolic.training.comparison import compare
from symbolic.training.trials import read_result

BEFORE = Path(__file__).parent / "made_before"
TRIAL = {"model": "attention_rnn", "num_units": 4, "num_heads": 2, "dropout": 0.1, "optimizer": "RMSprop"}
TRIAL |= {"ema_decay": 0.5, "gradient_accumulation": 2, "epoch": 3, "steps_per_epoch": 4, "batch_size": 8}
TRIAL |= {"valid_problems": 4, "test_problems": 4, "max_length": 48}


@pytest.fixture
def runs(tmp_path):
    shutil.copytree(BEFORE, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(runs: Path, **changes) -> SymbolicModelTrain:
    training = SymbolicModelTrain({"attention_rnn": TRIAL | changes}, runs)
    training.run_all(BEFORE / "data")
    return training


def test_an_unfinished_trial_resumes_and_ends_as_the_whole_one_did(runs):
    training = run(runs / "unfinished")
    assert not training.failures and read_result(runs / "unfinished" / "attention_rnn")["status"] == "finished"
    assert "resumed after epoch 2" in (runs / "unfinished" / "attention_rnn" / "run.log").read_text()
    history = training.training_result["attention_rnn"]["history"].drop(columns="seconds")
    whole = pd.read_csv(BEFORE / "finished" / "attention_rnn" / "history.csv").drop(columns="seconds")
    pd.testing.assert_frame_equal(history, whole, rtol=1e-4)  # machines differ by rounding
    model = training.training_result["attention_rnn"]["trained_model"]
    expected = Translator.load(BEFORE / "finished" / "attention_rnn").model
    for ours, theirs in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_a_finished_trial_is_loaded_and_compared(runs):
    training = run(runs / "finished")
    assert not training.failures and len(training.training_result["attention_rnn"]["history"]) == 3
    assert not (runs / "finished" / "attention_rnn" / "run.log").exists()
    table = compare(runs / "finished").set_index("trial")
    assert table.loc["attention_rnn", "status"] == "finished" and table.loc["attention_rnn", "epochs"] == 3


def test_other_parameters_are_told_from_those_of_before(runs):
    training = run(runs / "unfinished", num_units=8, optimizer_options={"rho": 0.8})
    failure = training.failures["attention_rnn"]
    assert "num_units: 4 there, 8 now" in failure and "optimizer_options: missing there, {'rho': 0.8} now" in failure
