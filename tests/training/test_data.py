"""From the files of one or several data sets to what trials train on."""

import gzip
import json
import re

import numpy as np
import pytest

import run_model_train
from run_model_train import SymbolicModelTrain
from symbolic.problems.data_sets.drawn import make_data_set
from symbolic.problems.files import read_data_folder, read_problems
from symbolic.problems.problem import ProblemOptions
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.token_store import TokenStore
from symbolic.training import data

TINY = {"model": "attention_rnn", "num_units": 8, "num_heads": 1, "epoch": 1, "steps_per_epoch": 2, "batch_size": 8}
TINY |= {"valid_problems": 0, "test_problems": 0}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two data sets of one size each."""
    made = {}
    for task, train, seed in (("bwd", 90, 1), ("ibp", 40, 2)):
        made[task] = tmp_path_factory.mktemp(task)
        options = ProblemOptions(max_ops=3)
        make_data_set(made[task], task, train=train, valid=train // 5, test=10, seed=seed, options=options)
    return made


def prepared(folder, runs, vocabulary="adapted"):
    training = SymbolicModelTrain({"tiny": TINY}, runs)
    training.load_data(folder)
    training.set_processor(vocabulary)
    training.set_train_datasets()
    return training


def assert_holds(store, frame, training):
    expected = TokenStore.of(
        training.context_processor.encode(frame["input"]), training.target_processor.encode(frame["output"])
    )
    everything = store.select(np.arange(len(store)))
    np.testing.assert_array_equal(everything.ids, expected.ids)
    np.testing.assert_array_equal(everything.starts, expected.starts)


@pytest.mark.parametrize("vocabulary", ["adapted", "fixed"])
def test_stores_hold_what_the_files_say_in_the_vocabulary_chosen(folders, tmp_path, vocabulary):
    training = prepared(folders["bwd"], tmp_path, vocabulary)
    frames = read_data_folder(folders["bwd"])
    if vocabulary == "adapted":
        assert training.context_processor.vocabulary == TextProcessor.adapt(frames["train"]["input"]).vocabulary
        assert training.target_processor.vocabulary == TextProcessor.adapt(frames["train"]["output"]).vocabulary
    for split, frame in frames.items():
        assert_holds(training.stores[split], frame, training)


def test_nothing_is_encoded_twice(folders, tmp_path, monkeypatch):
    prepared(folders["bwd"], tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.bin")}
    assert len(times) == 9
    again = prepared(folders["bwd"], tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.bin")} == times
    assert len(again.stores["train"]) == 90
    monkeypatch.setattr(data, "FORMAT", data.FORMAT + 1)
    prepared(folders["bwd"], tmp_path)
    assert len(list(tmp_path.rglob("*.bin"))) == 18


def test_several_data_sets_are_mixed_by_weight_and_their_tests_joined(folders, tmp_path):
    training = prepared(f"{folders['bwd']}:0.75,{folders['ibp']}:0.25", tmp_path)
    frames = {task: read_data_folder(folder) for task, folder in folders.items()}
    assert [weight for _, weight in training.sources] == [0.75, 0.25]
    for (store, _), task in zip(training.sources, folders, strict=True):
        assert_holds(store, frames[task]["train"], training)
    for split in ("valid", "test"):
        assert_holds(training.stores[split], training.data[split].frame(), training)
    heads = training.data["test"].head(4)["input"].tolist()
    assert heads == [frames[task]["test"]["input"][row] for row in range(2) for task in folders]

    result = training.train_model("tiny")
    assert np.isfinite(result["history"]["val_loss"]).all()
    described = json.loads((tmp_path / "tiny" / "params.json").read_text())["data"]
    assert described["train"]["problems"] == 130 and described["train"]["weights"] == [0.75, 0.25]
    assert described == training._data.describe()


def test_parts_of_a_split_are_the_same_problems_as_text_and_as_ids(folders, tmp_path):
    training = prepared(f"{folders['bwd']},{folders['ibp']}", tmp_path)
    split = training._data.splits["test"]
    assert_holds(split.spread(7).store, split.spread(7).frame(), training)
    longest = (split.store.starts[1:] - split.store.starts[:-1] - split.store.context_lengths - 1).max()
    longest = int(max(longest, split.store.context_lengths.max()))
    assert split.too_long(longest) == 0 and len(split.fitting(longest)) == len(split)
    short = split.spread(15).fitting(longest - 1)
    assert_holds(short.store, short.frame(), training)
    assert len(split.fitting(longest - 1)) == len(split) - split.too_long(longest - 1) < len(split)


def test_bad_lines_and_unknown_tokens_are_shown(folders, tmp_path, capsys):
    for split, path in {path.name.split(".")[1]: path for path in folders["bwd"].glob("*.gz")}.items():
        text = gzip.decompress(path.read_bytes()).decode()
        (tmp_path / f"a.{split}").write_text(text + ("sub Y' asech x\tx\nno tab\n" if split == "valid" else ""))
    training = SymbolicModelTrain({"tiny": TINY}, tmp_path / "runs")
    training.load_data(tmp_path, max_bad_share=0.1)
    training.set_processor()
    training.set_train_datasets()
    shown = capsys.readouterr().err
    assert "a.valid: kept 19 · not one tab 1" in shown and "not in the vocabulary: asech 1" in shown
    assert f"a.valid:{len(read_problems(tmp_path / 'a.valid', 0.1)[0]) + 1}: not one tab" in shown
    training.load_data(tmp_path, max_bad_share=0.01)
    training.set_processor()
    with pytest.raises(ValueError, match="1 of 20 lines are bad"):
        training.set_train_datasets()


def test_weights_of_folders_are_read(folders, tmp_path):
    assert data.parse_weights("a:0.5,b", "data", "DIR") == {"a": 0.5, "b": 1.0}
    training = SymbolicModelTrain({"tiny": TINY}, tmp_path / "runs")
    for word in ("b:x", "b:-1", "b:0", "b:nan", "b:inf", "b:", ":1", "", str(folders["bwd"]), f"{folders['bwd']}:0.2"):
        rule = (
            "`--data` takes DIR or DIR:WEIGHT, separated by commas, each DIR once and with a number above 0. Received: "
        )
        with pytest.raises(ValueError, match=re.escape(f"{rule}{word!r}")):
            training.load_data(f"{folders['bwd']},{word}")
    with pytest.raises(ValueError, match="Received: '' in ''"):
        training.load_data("")


@pytest.mark.parametrize(
    "option, message",
    [
        ({"--data": "a:0.5,a:0.2"}, "Received: 'a:0.2'"),
        ({"--data": ""}, "Received: ''"),
        ({"--stream": "bwd:-1"}, "Received: 'bwd:-1'"),
        ({"--stream": ""}, "Received: ''"),
        ({"--stream": "bwdd"}, "Did you mean `bwd`"),
    ],
)
def test_wrong_data_and_tasks_are_one_sentence_before_anything_is_written(tmp_path, capsys, option, message):
    words = [word for pair in option.items() for word in pair]
    assert run_model_train.main(["--trials", "quick", "--runs", str(tmp_path / "runs"), *words]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("stream", [{"bwdd": 1}, {"bwd": -1}, {"bwd": float("nan")}, {"bwd": float("inf")}])
def test_a_stream_is_checked_before_anything_is_made(tmp_path, stream):
    with pytest.raises(ValueError, match="bwdd|`tasks` must give at least one task a positive weight"):
        SymbolicModelTrain({"tiny": TINY}, tmp_path / "runs", stream=stream)
