"""Trials on a Ray cluster of this machine: each ends as it would alone, and one that fails or dies costs no other."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pytest

import run_model_train
from run_model_train import SymbolicModelTrain
from symbolic.problems.data_sets.drawn import make_data_set
from symbolic.problems.problem import ProblemOptions
from symbolic.runtime import cluster
from symbolic.training.sweeps import on_cluster

ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def ray_cluster():
    """A cluster of one node with two cores."""
    folder = tempfile.mkdtemp()  # pytest's own would be too long for the names of sockets
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=folder)
        with cluster.connection():  # is content with the one that is there
            yield
        ray.shutdown()
    shutil.rmtree(folder)


def test_every_trial_ends_once_with_its_failure(ray_cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def train(trial: str, cores: int) -> None:
        with open(trial, "a") as file:
            print(os.environ["KERAS_BACKEND"], cores, file=file)
        if trial == "wrong":
            raise ValueError("a rate of -1")
        if trial == "deadly":
            os.kill(os.getpid(), signal.SIGKILL)
        if trial == "killed_once" and len(Path(trial).read_text().splitlines()) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    trials = ["right", "wrong", "killed_once", "deadly", "last"]
    failures = dict(on_cluster(train, trials, cores=8, environment={"KERAS_BACKEND": "jax"}))
    assert failures.pop("wrong") == "a rate of -1"
    assert failures.pop("deadly").startswith("the process that trained it was lost: ")
    assert failures == dict.fromkeys(["right", "killed_once", "last"])
    assert Path("right").read_text() == "jax 2\n"
    assert [len(Path(trial).read_text().splitlines()) for trial in trials] == [1, 1, 2, 4, 1]


@pytest.mark.slow
def test_a_sweep_ends_as_its_trials_do_alone(ray_cluster, tmp_path):
    make_data_set(
        tmp_path / "data", "bwd", train=60, valid=10, test=10, seed=1, options=ProblemOptions(max_ops=3, max_len=40)
    )
    trial = {"num_units": 8, "num_heads": 2, "epoch": 2, "steps_per_epoch": 2, "batch_size": 8, "valid_problems": 0}
    trial |= {"test_problems": 4, "dropout": 0.1}
    trials = {"small": trial, "wild": trial | {"learning_rate": 1e30, "clip_norm": None, "optimizer": "sgd"}}
    runs = {engine: SymbolicModelTrain(trials, tmp_path / engine) for engine in ("local", "ray")}
    tables = [run.run_all(tmp_path / "data", engine=engine) for engine, run in runs.items()]
    assert list(runs["ray"].failures) == ["wild"] and runs["ray"].failures == runs["local"].failures
    measured = ["trial", "status", "reason", "epochs", "loss", "token_accuracy", "exact_match", "solve_rate"]
    pd.testing.assert_frame_equal(tables[0][measured], tables[1][measured])


def test_without_ray_one_sentence_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)  # an import of it fails
    words = ["--data", "data/starter", "--runs", str(tmp_path), "--trials", "quick_rnn"]
    assert run_model_train.main([*words, "--engine", "ray"]) == 2
    assert 'needs the package ray: pip install "ray' in capsys.readouterr().err
    assert run_model_train.main([*words, "--engine", "rai"]) == 2
    assert "Did you mean `ray`?" in capsys.readouterr().err
