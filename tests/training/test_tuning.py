"""The recipe of the documentation runs: a study goes on where it stopped, prunes, and gives a trial."""

import re

import pytest

from symbolic.problems.data_sets.drawn import make_data_set
from symbolic.problems.problem import ProblemOptions
from tests import PROJECT


def recipe():
    """The file tune.py of the page, as a module of its own."""
    page = (PROJECT / "docs" / "tuning.md").read_text(encoding="utf-8")
    text = re.search(r'```python title="tune.py"\n(.*?)^```$', page, re.DOTALL | re.MULTILINE)[1]
    names = {"__name__": "tune"}
    exec(compile(text, "tune.py", "exec"), names)  # our own documentation
    return names


def test_a_study_resumes_and_its_best_trial_is_one_for_model_params(tmp_path, monkeypatch):
    optuna = pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    make_data_set("data", "bwd", train=60, valid=10, test=10, seed=1, options=ProblemOptions(max_ops=2, max_len=32))
    tune = recipe()
    tune["FIXED"] |= {"num_units": 8, "num_heads": 2, "num_layers": 1, "feed_forward": 8, "epoch": 2}
    tune["FIXED"] |= {"steps_per_epoch": 2, "warmup_steps": 0, "batch_size": 4, "valid_problems": 0}
    tune["DATA"] = "data"
    study = tune["open_study"]("sqlite:///tuning.db")
    study.optimize(tune["objective"], n_trials=1)
    again = tune["open_study"]("sqlite:///tuning.db")
    assert len(again.trials) == 1 and again.best_value == study.best_value
    best = tune["best_trial"](again)
    assert best["learning_rate"] == again.best_params["learning_rate"] and best["num_units"] == 8
    pruning = tune["Pruning"](FakeTrial())
    with pytest.raises(optuna.TrialPruned):
        pruning.on_epoch_end(0, {"val_loss": 1.0})


class FakeTrial:
    """A trial that the study wants to stop."""

    def report(self, value, step):
        assert (value, step) == (1.0, 0)

    def should_prune(self):
        return True
