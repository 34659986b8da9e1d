"""One trial, one folder that explains itself.

    params.json                what was trained: parameters, data, versions, machine
    history.csv                a row per epoch
    best.weights.h5            the weights of the best epoch
    model.keras, context_vocabulary.txt, target_vocabulary.txt, translator.json
                               the whole model with those weights and its processors (`symbolic.seq2seq.translator`)
    predictions_valid.csv      a row per decoded problem, with its verdict
    predictions_test.csv
    result.json                how it ended, and the figures of the comparison table
    tensorboard/, run.log      curves and messages
    checkpoint_7.keras         only until the trial ends: model and optimizer after the last whole epoch

A trial killed anywhere resumes at its last whole epoch and ends as if it had never stopped. This file knows what a
trial's folder holds and what is looked at; how it is trained is `training`'s.
"""

import contextlib
import importlib.metadata
import json
import logging
import os
import platform
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from symbolic import __version__
from symbolic.evaluation.rows import evaluate, summarise
from symbolic.problems.files import spread
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.locks import locked
from symbolic.seq2seq.batches import EvaluationBatches, as_input
from symbolic.seq2seq.shapes import longer_than
from symbolic.seq2seq.token_store import TokenStore
from symbolic.seq2seq.translator import Translator
from symbolic.training import devices
from symbolic.training.data import TrialData
from symbolic.training.loop import train
from symbolic.training.models import best_model, built_model
from symbolic.training.recording import BEST_WEIGHTS, HISTORY, UNTIL_THE_END, Judge, last_epoch, remove

PARAMS, RESULT = "params.json", "result.json"
VERSIONS_OF = ("keras", "tensorflow", "tensorflow-text", "jax", "symengine", "sympy", "numpy", "pandas")


# --- running ----------------------------------------------------------------------------------------------------------


def run_trial(name: str, params: dict[str, Any], data: TrialData, folder: Path | str, workers: int = 1) -> Translator:
    """Train one trial in its folder, or go on where a killed one stopped, or load it if it is finished.

    Where several processes train together all of them call this, and the first alone writes into the folder.

    Args:
        workers: processes that verify answers after training.

    Raises:
        ValueError: the folder holds another trial, or one with other parameters or data.
        OSError: another run is at work in the folder, or it cannot be written.
        Diverged: the loss became infinite or not a number; recorded in result.json.
    """
    folder = Path(folder)
    if devices.process():
        return _take_part(params, data, folder, workers)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        record = {"trial": name, "params": params, "data": data.description}
        _check_same_trial(folder, record)
        if read_result(folder).get("status") == "finished":
            _forget_the_way(folder)  # if a kill came just before its end
            devices.wait()
            return Translator.load(folder)
        remove(folder, RESULT)  # of an earlier failure
        remove(folder, ".*-*")  # writes that a kill cut short
        log = _open_log(name, folder)
        try:
            return _train_and_judge(record, data, folder, workers, log)
        except Exception as error:
            with contextlib.suppress(OSError):  # where the disk is full, the error itself is what counts
                _write_json(folder / RESULT, {"status": "failed", "reason": f"{type(error).__name__}: {error}"})
            log.exception("failed")
            raise
        finally:
            for handler in list(log.handlers):
                handler.close()
                log.removeHandler(handler)


def _train_and_judge(record, data: TrialData, folder: Path, workers: int, log: logging.Logger) -> Translator:
    params = record["params"]
    if not last_epoch(folder):
        _write_json(folder / PARAMS, record | _circumstances())
    used = {split: store for split, store in data.stores.items() if split != "train" or not data.stream}
    too_long = {split: int(longer_than(store, params["max_length"]).sum()) for split, store in used.items()}
    for split, count in too_long.items():
        if count:
            words = f"{split}: {count:,} problems need more than max_length={params['max_length']}: left out"
            log.warning(words)
            print(words, file=sys.stderr)
    devices.wait()  # for `_take_part` to see the folder
    devices.wait()  # for it to have seen it
    history = _train(params, data, folder, log, workers)

    model = best_model(params, data, folder)
    translator = Translator(model, data.context_processor, data.target_processor, params["max_length"])
    translator.save(folder)
    result = {
        "status": "finished",
        "reason": None,
        "weights": model.count_params(),
        "epochs": len(history),
        "training_seconds": round(float(history["seconds"].sum()), 1),
        "too_long": too_long,
    }
    for split in ("valid", "test"):
        if params[f"{split}_problems"] and split in data.problems:
            result[split] = _judge(translator, data, split, params, folder, workers)
            log.info("%s: %s", split, result[split])
    _write_json(folder / RESULT, result)
    _forget_the_way(folder)
    return translator


def _train(params, data: TrialData, folder: Path, log: logging.Logger, workers: int) -> pd.DataFrame:
    valid = data.stores["valid"]
    stores = data.stores | {"valid": valid.select(~longer_than(valid, params["max_length"]))}
    judge = _epoch_judge(data, params, workers) if params["epoch_problems"] else None
    with devices.all_devices():
        return train(params, data, stores, folder, log, judge, workers)


def _take_part(params, data: TrialData, folder: Path, workers: int) -> Translator:
    """Train with the process that keeps the folder, from what is in it, and wait until that has judged the answers.

    Raises:
        Diverged: the loss became infinite or not a number.
        RuntimeError: the other process has failed.
    """
    devices.wait()
    if read_result(folder).get("status") != "finished":
        with tempfile.TemporaryDirectory(prefix="symbolic-trial-") as own:
            for pattern in (HISTORY, BEST_WEIGHTS, *UNTIL_THE_END):
                for path in folder.glob(pattern):
                    shutil.copy(path, own)
            devices.wait()
            _train(params, data, Path(own), logging.getLogger("symbolic.trial"), workers)
    while not (result := read_result(folder)):
        time.sleep(1)
    if result["status"] != "finished":
        raise RuntimeError(result["reason"])
    return Translator.load(folder)


def _forget_the_way(folder: Path) -> None:
    for pattern in UNTIL_THE_END:
        remove(folder, pattern)


def _epoch_judge(data: TrialData, params, workers: int) -> Judge:
    """The figures of the answers to some validation problems."""
    problems, _ = _some(data, "valid", params["epoch_problems"])
    # A copy of the model, of this process and on one device, that computes as it will answer: in float32.
    model = built_model(params, data, "float32")
    translator = Translator(model, data.context_processor, data.target_processor, params["max_length"])

    def judge(trained: keras.Model) -> dict[str, float]:
        model.set_weights(trained.get_weights())
        figures = dict.fromkeys(("solve_rate", "exact_match"), 0.0)
        if not devices.process():
            judged = summarise(evaluate(translator, problems, workers=workers, progress=False))
            figures = {name: judged[name] for name in figures}
        return devices.of_first(figures)

    return judge


def _judge(translator, data: TrialData, split: str, params, folder: Path, workers: int) -> dict[str, float]:
    """Answers and verdicts on some problems of a split, loss and token accuracy on those that are short enough."""
    started = time.perf_counter()
    problems, store = _some(data, split, params[f"{split}_problems"])
    store = store.select(~longer_than(store, params["max_length"]))
    losses = {}
    if len(store):
        batches = as_input(EvaluationBatches(store, params["batch_size"], batch_tokens=params["batch_tokens"]))
        losses = translator.model.evaluate(batches, return_dict=True, verbose=0)
    rows = evaluate(translator, problems, workers=workers)
    with atomic_path(folder / f"predictions_{split}.csv") as temporary:
        rows.to_csv(temporary, index=False)
    figures = {name: float(value) for name, value in losses.items()} | summarise(rows)
    return figures | {"seconds": round(time.perf_counter() - started, 1)}


def _some(data: TrialData, split: str, n: int) -> tuple[pd.DataFrame, TokenStore]:
    """n problems of a split, evenly spread over it, as text and as ids."""
    problems = data.problems[split].frame()
    rows = spread(n, len(problems))
    return problems.iloc[rows], data.stores[split].select(rows)


# --- folders ----------------------------------------------------------------------------------------------------------


def trial_folders(runs: Path | str) -> list[Path]:
    """The trial folders in a runs folder, by name.

    Raises:
        FileNotFoundError: there is no such folder, or no trial in it.
    """
    folders = sorted(params.parent for params in Path(runs).glob(f"*/{PARAMS}"))
    if not folders:
        raise FileNotFoundError(f"no trial in {runs}: a trial's folder holds {PARAMS}")
    return folders


def read_result(folder: Path | str) -> dict[str, Any]:
    """What result.json says; empty while the trial has not ended."""
    path = Path(folder) / RESULT
    return _read_json(path) if path.exists() else {}


def read_params(folder: Path | str) -> dict[str, Any]:
    """What params.json says: trial, params, data, versions, machine."""
    return _read_json(Path(folder) / PARAMS)


def _check_same_trial(folder: Path, record: dict[str, Any]) -> None:
    if not (folder / PARAMS).exists():
        return
    there = _read_json(folder / PARAMS)
    changed = [
        f"{key}: {there['params'].get(key)!r} there, {value!r} now"
        for key, value in record["params"].items()
        if there["params"].get(key) != value
    ]
    if there["data"] != json.loads(json.dumps(record["data"])):
        changed.append("other data or vocabularies")
    if changed:
        raise ValueError(
            f"{folder} holds this trial with other settings ({'; '.join(changed)}). "
            "Choose another runs folder, or delete this one to train anew."
        )


def _circumstances() -> dict[str, Any]:
    return {
        "backend": keras.backend.backend(),
        "versions": {"symbolic": __version__, "python": platform.python_version()}
        | {package: _version(package) for package in VERSIONS_OF},
        "machine": {"platform": platform.platform(), "cpus": os.cpu_count()},
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _open_log(name: str, folder: Path) -> logging.Logger:
    log = logging.getLogger(f"symbolic.trial.{name}")
    log.setLevel(logging.INFO)
    log.propagate = False
    handler = logging.FileHandler(folder / "run.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    return log


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
