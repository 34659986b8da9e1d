"""A trial leaves a folder that explains itself, resumes where it was killed, and fails without harm to others."""

import contextlib
import itertools
import json
import shutil

import numpy as np
import pandas as pd
import pytest

import model_params
import run_model_train
from run_model_train import SymbolicModelTrain
from symbolic.problems.data_sets.drawn import make_data_set
from symbolic.problems.files import find_data, write_problems
from symbolic.problems.problem import ProblemOptions
from symbolic.seq2seq.batches import EvaluationBatches, as_input
from symbolic.seq2seq.shapes import longer_than
from symbolic.seq2seq.special_tokens import SPECIAL_TOKENS, UNKNOWN_ID
from symbolic.seq2seq.translator import MODEL, Translator
from symbolic.solving.rounds import grammar_of
from symbolic.training import trials
from symbolic.training.data import _held_out, parse_stream, training_input
from symbolic.training.models import compile_model
from symbolic.training.recording import read_history
from symbolic.training.release import release
from symbolic.training.trials import read_result

TINY = {
    "num_units": 16,
    "num_heads": 2,
    "epoch": 3,
    "steps_per_epoch": 4,
    "batch_size": 16,
    "valid_problems": 8,
    "test_problems": 16,
    "dropout": 0.1,
}
TRIALS = {
    "rnn": TINY | {"model": "attention_rnn"},
    "transformer": TINY | {"model": "transformer", "num_layers": 1, "feed_forward": 32},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    make_data_set(folder, "bwd", train=200, valid=40, test=40, seed=1, options=ProblemOptions(max_ops=3, max_len=64))
    return folder


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """Both trials, run to the end."""
    training = SymbolicModelTrain(TRIALS, tmp_path_factory.mktemp("runs"))
    return training, training.run_all(data)


def test_run_all_leaves_what_it_promises(finished):
    training, table = finished
    assert training.failures == {}
    assert list(table["trial"]) == ["rnn", "transformer"] and set(table["status"]) == {"finished"}
    assert np.isfinite(table[["loss", "token_accuracy", "exact_match", "solve_rate"]].to_numpy(float)).all()
    for trial in TRIALS:
        folder = training.run_dir / trial
        there = {path.name for path in folder.iterdir()}
        assert there == {
            "params.json",
            "result.json",
            "history.csv",
            "best.weights.h5",
            "checkpoint_3.keras",
            "model.keras",
            "translator.json",
            "context_vocabulary.txt",
            "target_vocabulary.txt",
            "predictions_valid.csv",
            "predictions_test.csv",
            "tensorboard",
            "run.log",
            "curves.png",
        }
        params = json.loads((folder / "params.json").read_text())
        assert params["params"] == training.model_params[trial].as_dict()
        assert {"seed"} <= set(params["params"]) and {"tensorflow", "keras", "symengine"} <= set(params["versions"])
        assert len(pd.read_csv(folder / "predictions_test.csv")) == 16
        history = training.training_result[trial]["history"]
        assert list(history["epoch"]) == [1, 2, 3]
        assert {"loss", "val_loss", "token_accuracy", "val_token_accuracy", "seconds"} <= set(history)
    assert (training.run_dir / "comparison.csv").exists() and (training.run_dir / "comparison.png").exists()


def test_shares_of_a_result_are_those_of_its_rows(finished):
    training, _ = finished
    for trial in TRIALS:
        folder = training.run_dir / trial
        rows = pd.read_csv(folder / "predictions_test.csv", keep_default_na=False)
        figures = json.loads((folder / "result.json").read_text())["test"]
        assert figures["exact_match"] == (rows["answer"] == rows["reference"]).mean()
        assert figures["solve_rate"] == rows["status"].isin(["proved", "confirmed"]).mean()
        assert sum(figures[s] for s in ("proved", "confirmed", "refuted", "undecided", "unanswered")) == pytest.approx(
            1
        )


def test_the_saved_model_has_the_best_weights_and_answers_alike(finished):
    training, _ = finished
    for trial in TRIALS:
        folder = training.run_dir / trial
        translator = Translator.load(folder)
        trained = training.training_result[trial]["trained_model"]
        for ours, theirs in zip(translator.model.weights, trained.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        translator.model.load_weights(folder / "best.weights.h5")
        for ours, theirs in zip(translator.model.weights, trained.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        rows = pd.read_csv(folder / "predictions_test.csv", keep_default_na=False)
        found = translator.translate(rows["input"].head(5).tolist(), grammar=grammar_of(translator.target_processor))
        assert [best.text for best, *_ in found] == rows["answer"].head(5).tolist()


def test_what_is_judged_is_spread_over_the_split_as_text_and_as_ids_alike(finished):
    training, _ = finished
    everything = training.data["test"].frame()
    for n in (1, 7, 1000):
        chosen = training._data.splits["test"].spread(n)
        problems, store = chosen.frame(), chosen.store
        assert len(problems) == len(store) == min(n, len(everything))
        texts = [training.context_processor.decode([store.context(i)])[0] for i in range(len(store))]
        for text, equation in zip(texts, problems["input"], strict=True):
            assert all(
                ours in (its, SPECIAL_TOKENS[UNKNOWN_ID])
                for ours, its in zip(text.split(), equation.split(), strict=True)
            )
    assert problems["input"].tolist() == everything["input"].tolist()


def test_a_finished_trial_is_loaded_and_not_trained_again(finished, data):
    training, _ = finished
    before = (training.run_dir / "rnn" / "history.csv").stat().st_mtime_ns
    again = SymbolicModelTrain(TRIALS, training.run_dir)
    table = again.run_all(data)
    assert (training.run_dir / "rnn" / "history.csv").stat().st_mtime_ns == before
    assert set(table["status"]) == {"finished"}
    pd.testing.assert_frame_equal(again.training_result["rnn"]["history"], training.training_result["rnn"]["history"])


def test_a_folder_with_other_parameters_is_not_overwritten(finished, data):
    training, _ = finished
    other = SymbolicModelTrain({"rnn": TRIALS["rnn"] | {"num_units": 32}}, training.run_dir)
    other.load_data(data)
    other.set_processor()
    other.set_train_datasets()
    with pytest.raises(ValueError, match=r"other settings \(num_units: 16 there, 32 now\)"):
        other.train_model("rnn")


def test_a_finished_trial_goes_on_with_more_epochs_as_if_it_had_had_them(finished, data, tmp_path):
    whole, _ = finished
    trial = TRIALS["rnn"] | {"test_problems": 2}
    assert not SymbolicModelTrain({"rnn": trial | {"epoch": 2}}, tmp_path).run_all(data)["reason"].any()
    longer = SymbolicModelTrain({"rnn": trial}, tmp_path)
    assert list(longer.run_all(data)["epochs"]) == [3], longer.failures
    expected = whole.training_result["rnn"]
    for ours, theirs in zip(
        longer.training_result["rnn"]["trained_model"].get_weights(),
        expected["trained_model"].get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
    record = json.loads((tmp_path / "rnn" / "params.json").read_text())
    assert record["params"]["epoch"] == 3 and read_result(tmp_path / "rnn")["epochs"] == 3
    assert [(step["after_epoch"], step["epochs_asked_before"]) for step in record["continued"]] == [(2, 2)]
    shorter = SymbolicModelTrain({"rnn": trial | {"epoch": 2}}, tmp_path)
    shorter.run_all(data)
    assert "epoch: 3 there, 2 now" in shorter.failures["rnn"]
    (tmp_path / "rnn" / "checkpoint_3.keras").unlink()  # as earlier versions left a folder
    without = SymbolicModelTrain({"rnn": trial | {"epoch": 4}}, tmp_path)
    without.run_all(data)
    assert "without the checkpoint that more epochs begin from" in without.failures["rnn"]
    assert read_result(tmp_path / "rnn")["status"] == "finished"


def test_the_learning_rate_range_rises_step_by_step_until_the_loss_does(finished):
    training, _ = finished
    table = training.learning_rate_range("rnn", low=1e-4, high=1e4, steps=40)
    factors = table["learning_rate"][1:].to_numpy() / table["learning_rate"][:-1].to_numpy()
    np.testing.assert_allclose(factors, 1e8 ** (1 / 39))
    assert 2 < len(table) < 40 and table["smoothed"].iloc[0] == pytest.approx(table["loss"].iloc[0])
    assert table["loss"].min() < table["loss"].iloc[0] < table["loss"].iloc[-1]
    with pytest.raises(ValueError, match="0 < low < high"):
        training.learning_rate_range("rnn", low=1, high=0.1)
    with pytest.raises(ValueError, match="no trial `rn`. Did you mean `rnn`?"):
        training.learning_rate_range("rn")


def test_seeds_have_folders_beside_each_other_and_one_row(finished, data, tmp_path):
    whole, _ = finished
    shutil.copytree(whole.run_dir, tmp_path, dirs_exist_ok=True)
    training = SymbolicModelTrain({"rnn": TRIALS["rnn"]}, tmp_path, seeds=[0, 7])
    table = training.run_all(data).set_index("trial")
    assert list(training.model_params) == ["rnn", "rnn_seed_7"] and not training.failures
    assert list(table.index) == ["rnn", "transformer"] and list(table["seeds"]) == [2, 1]
    rates = [read_result(tmp_path / folder)["test"]["loss"] for folder in ("rnn", "rnn_seed_7")]
    assert rates[0] != rates[1] and table.loc["rnn", "loss"] == pytest.approx(np.mean(rates))
    other = SymbolicModelTrain({"rnn": TRIALS["rnn"] | {"seed": 3}}, tmp_path)
    other.run_all(data)
    assert "seed: 0 there, 3 now" in other.failures["rnn"] and "--seed 3" in other.failures["rnn"]


def test_tokens_of_any_meaning_are_learnt_and_judged_by_exact_match(tmp_path, capsys, monkeypatch):
    rng = np.random.default_rng(0)
    for split, count in (("train", 200), ("valid", 20), ("test", 20)):
        words = [" ".join(rng.choice(list("abcd|"), 3)) for _ in range(count)]
        write_problems(tmp_path / f"reversed.{split}", [(each, each[::-1]) for each in words])
    trial = TRIALS["rnn"] | {"epoch": 1, "valid_problems": 0, "epoch_problems": 4, "early_stopping": "exact_match"}
    monkeypatch.setitem(model_params.model_params, "reversal", trial)
    words = ["--trials", "reversal", "--data", str(tmp_path), "--workers", "1", "--runs", str(tmp_path / "runs")]
    assert run_model_train.main([*words, "--tokens", "any", "--seed", "0"]) == 0
    judged = read_result(tmp_path / "runs" / "reversal")["test"]
    assert 0 <= judged["exact_match"] <= 1 and judged["problems"] == 16 and "solve_rate" not in judged
    rows = pd.read_csv(tmp_path / "runs" / "reversal" / "predictions_test.csv", keep_default_na=False)
    assert (rows["reference"] == rows["input"].str[::-1]).all()
    assert judged["exact_match"] == (rows["answer"] == rows["reference"]).mean()
    assert "exact" in capsys.readouterr().out
    assert run_model_train.main(words) == 2  # a mistake is not taken for tokens of one's own
    assert "unknown token" in capsys.readouterr().err
    for more, message in (
        (["--vocabulary", "fixed", "--tokens", "any"], "needs `--vocabulary adapted`"),
        (["--stream", "bwd", "--tokens", "any"], "exclude each other"),
        (["--tokens", "words"], "unknown kind of tokens `words`"),
        (["--seed", "1,x"], "`--seed` takes whole numbers"),
    ):
        assert run_model_train.main([*words, *more]) == 2
        assert message in capsys.readouterr().err


def test_training_on_a_stream_never_sees_a_held_out_problem_and_can_be_entered_anywhere(data, tmp_path):
    trial = TRIALS["rnn"] | {"epoch": 1, "valid_problems": 0, "test_problems": 4, "batch_size": 4}
    training = SymbolicModelTrain({"rnn": trial}, tmp_path, stream={"bwd": 1.0})
    table = training.run_all(data)
    assert list(table["status"]) == ["finished"], training.failures
    assert json.loads((tmp_path / "rnn" / "params.json").read_text())["data"]["stream"] == {"bwd": 1.0}

    params = training.model_params["rnn"]

    def batches(start, count):
        with contextlib.closing(training_input(params, training._data, start, workers=1)) as fresh:
            return list(itertools.islice(fresh, count))

    whole = batches(0, 60)
    for ours, theirs in zip(batches(55, 5), whole[55:], strict=True):
        np.testing.assert_array_equal(ours[0]["context"], theirs[0]["context"])
        np.testing.assert_array_equal(ours[1], theirs[1])
    seen = {text for inputs, _ in whole for text in training.context_processor.decode(inputs["context"])}
    assert seen and not any("[UNK]" in text for text in seen)
    assert not seen & set(training.data["valid"].frame()["input"])
    assert max(inputs["context"].shape[1] for inputs, _ in whole) <= params.max_length


def test_a_stream_leaves_out_whatever_differs_from_held_out_problems_by_numbers_alone(tmp_path):
    for split, equation in {"train": "sub Y' x", "valid": "sub Y' mul INT+ 2 x", "test": "sub Y' pow x INT+ 2"}.items():
        write_problems(tmp_path / f"a.{split}", [(equation, "x")])
    assert _held_out(find_data([tmp_path])) == {"sub Y' mul # x", "sub Y' pow x #"}


def test_a_diverging_trial_is_recorded_and_the_others_go_on(data, tmp_path):
    trials = {
        "diverges": TRIALS["rnn"] | {"learning_rate": 1e30, "clip_norm": None, "optimizer": "sgd"},
        "fine": TRIALS["rnn"] | {"epoch": 1, "valid_problems": 0, "test_problems": 0},
    }
    training = SymbolicModelTrain(trials, tmp_path)
    table = training.run_all(data).set_index("trial")
    assert set(training.failures) == {"diverges"}
    assert table.loc["diverges", "status"] == "failed" and "Diverged: " in table.loc["diverges", "reason"]
    assert table.loc["fine", "status"] == "finished"


def test_a_trial_that_gets_worse_stops_and_keeps_its_best_weights(data, tmp_path):
    # So large steps that val_loss soon rises; max_length is no multiple of a batch's blocks, as it may be.
    trial = TRIALS["rnn"] | {"epoch": 30, "learning_rate": 0.5, "clip_norm": None, "patience": 2, "max_length": 61}
    training = SymbolicModelTrain({"worse": trial}, tmp_path)
    training.run_all(data)
    assert not training.failures
    history = training.training_result["worse"]["history"]
    best = int(history["val_loss"].argmin())
    assert len(history) == best + 1 + trial["patience"] < trial["epoch"]

    translator = Translator.load(tmp_path / "worse")
    compile_model(translator.model, training.model_params["worse"])
    store = training.stores["valid"].select(~longer_than(training.stores["valid"], 61))
    losses = translator.model.evaluate(as_input(EvaluationBatches(store, 16)), return_dict=True, verbose=0)
    assert losses["loss"] == pytest.approx(history["val_loss"].min(), rel=1e-4)


def test_a_transformer_of_any_maximum_length_is_trained_and_judged(data, tmp_path):
    trial = TRIALS["transformer"] | {"epoch": 1, "max_length": 30, "valid_problems": 0}
    training = SymbolicModelTrain({"odd": trial}, tmp_path)
    training.run_all(data)
    assert not training.failures
    rows = pd.read_csv(tmp_path / "odd" / "predictions_test.csv", keep_default_na=False)
    assert len(rows) == 16


def test_validation_steps_limit_what_is_looked_at_after_an_epoch(data, tmp_path):
    trial = TRIALS["rnn"] | {"epoch": 1, "validation_steps": 1, "valid_problems": 0, "test_problems": 0}
    training = SymbolicModelTrain({"few": trial, "all": trial | {"validation_steps": None}}, tmp_path)
    training.run_all(data)
    few, every = (training.training_result[name]["history"]["val_loss"][0] for name in ("few", "all"))
    assert few != every


def test_a_finished_trial_that_cannot_be_loaded_keeps_its_result(finished, data, tmp_path):
    whole, _ = finished
    shutil.copytree(whole.run_dir / "rnn", tmp_path / "rnn")
    (tmp_path / "rnn" / "model.keras").unlink()
    again = SymbolicModelTrain({"rnn": TRIALS["rnn"]}, tmp_path)
    again.run_all(data)
    assert "it has no model.keras" in again.failures["rnn"]
    assert json.loads((tmp_path / "rnn" / "result.json").read_text())["status"] == "finished"


def test_other_vocabularies_are_another_trial(finished, data):
    whole, _ = finished
    other = SymbolicModelTrain({"rnn": TRIALS["rnn"]}, whole.run_dir)
    other.load_data(data)
    other.set_processor("fixed")
    other.set_train_datasets()
    with pytest.raises(ValueError, match="other settings .*data, context_vocabulary: "):
        other.train_model("rnn")


def test_steps_out_of_order_say_which_comes_first(data):
    training = SymbolicModelTrain(TRIALS)
    with pytest.raises(ValueError, match="call `load_data` first"):
        training.set_processor()
    training.load_data(data)
    with pytest.raises(ValueError, match="call `set_processor` first"):
        training.set_train_datasets()
    with pytest.raises(ValueError, match="`vocabulary` must be adapted or fixed"):
        training.set_processor("learnt")
    training.set_processor("fixed")
    with pytest.raises(ValueError, match="call `set_train_datasets` first"):
        training.train_model("rnn")
    training.set_train_datasets()
    with pytest.raises(ValueError, match="no trial `rn`. Did you mean `rnn`?"):
        training.train_model("rn")


def test_weights_of_a_stream_are_read():
    assert parse_stream("bwd,ibp:0.4,a.b:c,d:e:2") == {"bwd": 1.0, "ibp": 0.4, "a.b:c": 1.0, "d:e": 2.0}
    with pytest.raises(ValueError, match="TASK or TASK:WEIGHT, separated by commas, each TASK once .*'bwd:x'"):
        parse_stream("bwd:x")


def test_the_command_line_says_what_is_wrong_in_one_sentence(capsys, tmp_path, monkeypatch):
    assert run_model_train.main(["--trials", "trail_1"]) == 2
    assert "Did you mean `trial_1`?" in capsys.readouterr().err
    assert run_model_train.main(["--trials", "trial_1", "--data", str(tmp_path / "none")]) == 2
    error = capsys.readouterr().err
    assert "none" in error and "Traceback" not in error and error.count("\n") == 1
    monkeypatch.setitem(model_params.model_params, "wrong", {"num_head": 3})
    assert run_model_train.main(["--trials", "wrong"]) == 2
    assert "Did you mean `num_heads`?" in capsys.readouterr().err


def test_the_command_line_trains_compares_and_tells_where(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(model_params.model_params, "quick_tiny", TRIALS["rnn"])
    arguments = [
        "--trials",
        "quick_tiny",
        "--data",
        str(data),
        "--runs",
        str(tmp_path),
        "--epochs",
        "1",
        "--workers",
        "1",
    ]
    assert run_model_train.main(arguments) == 0
    out = capsys.readouterr().out
    assert "quick_tiny" in out and "solved" in out and "unanswered" in out and str(tmp_path / "comparison.png") in out


def test_a_released_trial_answers_as_the_trial_does_and_its_card_has_the_trials_figures(finished, tmp_path):
    training, _ = finished
    for trial in TRIALS:
        run, released = training.run_dir / trial, tmp_path / trial
        card = release(run, released).read_text(encoding="utf-8")
        assert f"{Translator.load(released).model.count_params():,} weights" in card
        history = read_history(run)
        assert f"validation set {history['val_loss'].min():.3f}" in " ".join(card.split())
        assert (released / MODEL).stat().st_size < (run / MODEL).stat().st_size
        assert "integrate" in card and "dsolve" not in card  # they learnt integrals alone
        assert release(run, released).read_text(encoding="utf-8") == card
    with pytest.raises(ValueError, match="the trial's own"):
        release(run, run)
    with pytest.raises(ValueError, match="something other than an earlier release of `rnn`"):
        release(training.run_dir / "rnn", tmp_path / "transformer")
    (tmp_path / "rnn" / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match="holds other files, such as thesis.tex"):
        release(training.run_dir / "rnn", tmp_path / "rnn")
    with pytest.raises(FileNotFoundError, match="evaluate"):
        release(run, released, results=tmp_path)


def test_the_card_shows_the_figures_of_an_evaluation(finished, tmp_path):
    training, _ = finished
    table = pd.DataFrame({"solver": ["rnn"], "beam": [1], "set": ["a set"], "problems": [7], "solve_rate": [0.25]})
    table.to_csv(tmp_path / "results.csv", index=False)
    card = release(training.run_dir / "rnn", tmp_path / "out", tmp_path, "Begun elsewhere.").read_text(encoding="utf-8")
    assert "25.0%" in card and "- Begun elsewhere.\n" in card
    with pytest.raises(ValueError, match="`transformer`. It has those of: rnn"):
        release(training.run_dir / "transformer", tmp_path / "other", tmp_path)


def test_problems_that_are_all_too_long_are_judged_as_unanswered(data, tmp_path):
    long = "sub Y' " + "add x " * 60 + "x"
    for split, problems in ((split, files.frame()) for split, files in find_data([data]).items()):
        pairs = [(long, "x")] if split == "test" else zip(problems["input"], problems["output"], strict=True)
        write_problems(tmp_path / f"a.{split}", pairs)
    trial = TRIALS["rnn"] | {"epoch": 1, "max_length": 64, "valid_problems": 0}
    training = SymbolicModelTrain({"rnn": trial}, tmp_path / "runs")
    assert list(training.run_all(tmp_path)["status"]) == ["finished"], training.failures
    judged = read_result(tmp_path / "runs" / "rnn")["test"]
    assert judged["unanswered"] == 1 and "loss" not in judged


def test_two_threads_of_a_process_do_not_train_at_once(data, tmp_path):
    """Keras's seeds are the process's, so both would end with other weights."""
    training = SymbolicModelTrain({"rnn": TRIALS["rnn"]}, tmp_path)
    with trials._alone(), pytest.raises(FileNotFoundError, match="no trial in"):
        training.run_all(data)
    assert "another thread of this process trains a trial" in training.failures["rnn"]


def test_a_max_length_that_leaves_no_validation_problem_is_named(data, tmp_path):
    shutil.copytree(data, tmp_path / "data")
    write_problems(tmp_path / "data" / "bwd.valid.gz", [("sub Y' " + "add x " * 30 + "x", "add x " * 30 + "x")])
    training = SymbolicModelTrain({"rnn": TRIALS["rnn"] | {"max_length": 20}}, tmp_path / "runs")
    training.run_all(tmp_path / "data")
    assert (
        "`max_length` must leave at least one validation problem: all 1 need more than 20" in training.failures["rnn"]
    )
