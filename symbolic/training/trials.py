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
    checkpoint_7.keras         model and optimizer after the last whole epoch, to go on from

A trial killed anywhere resumes at its last whole epoch and ends as if it had never stopped. A finished trial goes on
when it is given more epochs, and params.json records that. `loop` trains; this module keeps the folder, and has the
trained model judged.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from symbolic import __version__
from symbolic.evaluation.exact_match import evaluate_exactly, summarise_exactly
from symbolic.evaluation.rows import evaluate, summarise
from symbolic.problems.files import ANY
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.files import read_json
from symbolic.runtime.folders import check_same_settings
from symbolic.runtime.locks import locked
from symbolic.seq2seq.batches import EvaluationBatches, as_input
from symbolic.seq2seq.translator import Translator
from symbolic.training import devices
from symbolic.training.callbacks import Judge
from symbolic.training.data import Split, TrainingData
from symbolic.training.loop import train
from symbolic.training.models import NO_EXTENSIONS, Extensions, best_model, built_model
from symbolic.training.params import ANSWER_FIGURES, TrialParameters
from symbolic.training.recording import BEST_WEIGHTS, HISTORY, ONLY_TO_RESUME, last_epoch, remove

PARAMS, RESULT = "params.json", "result.json"
VERSIONS_OF = ("keras", "tensorflow", "tensorflow-text", "jax", "symengine", "sympy", "numpy", "pandas")

_training = threading.Lock()
_FOLDER_IS_READY, _FOLDER_IS_COPIED = "the trial's folder is ready", "the trial's folder is copied"  # barriers


# --- running ---------------------------------------------------------------------------------------------------------


def run_trial(
    name: str,
    params: TrialParameters,
    data: TrainingData,
    folder: Path | str,
    extensions: Extensions = NO_EXTENSIONS,
    workers: int = 1,
    watchers: Sequence[keras.callbacks.Callback] = (),
) -> Translator:
    """Train one trial in its folder, or go on where a killed one stopped, or load it if it is finished.

    A finished trial goes on if `params` has more epochs than it was given, and may have another patience then. Where
    the schedule of the learning rate depends on the number of epochs, it is the one of all epochs from there on.

    Where several processes train together all of them call this, and only that of rank 0 writes into the folder.

    Args:
        extensions: loss, metrics and callbacks of one's own.
        workers: processes that verify answers after training.
        watchers: further callbacks, which are no part of the record.

    Raises:
        ValueError: the folder holds another trial, or one with other parameters or data.
        OSError: another run is at work in the folder, or it cannot be written.
        Diverged: the loss became infinite or not a number; recorded in result.json.
        RuntimeError: on another rank than 0: the process of rank 0 has failed.
    """
    folder = Path(folder)
    if devices.rank():
        return _run_beside_rank_0(params, data, folder, extensions, workers)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(), locked(folder):
        if data.tokens == ANY and params.early_stopping == "solve_rate":
            raise ValueError(f"{name}: only `exact_match` is known of answers in any tokens. Received: solve_rate.")
        record = _record(name, params, data, extensions)
        if _has_more_epochs(folder, record):
            _go_on(folder, record)
        else:
            _check_same_trial(folder, record)
        if read_result(folder).get("status") == "finished":
            devices.barrier(_FOLDER_IS_READY)
            return Translator.load(folder)
        remove(folder, RESULT)  # of an earlier failure
        remove(folder, ".*-*")  # writes that a kill cut short
        log = _open_log(name, folder)
        try:
            watched = extensions._replace(callbacks=(*extensions.callbacks, *watchers))
            return _train_and_judge(record, params, data, folder, watched, workers, log)
        except Exception as error:
            with contextlib.suppress(OSError):  # where the disk is full, the error itself is what counts
                _write_json(folder / RESULT, {"status": "failed", "reason": f"{type(error).__name__}: {error}"})
            log.exception("failed")
            raise
        finally:
            for handler in list(log.handlers):
                handler.close()
                log.removeHandler(handler)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One trial at a time in a process.

    Keras's seeds and precision belong to the process, so two trials in two threads would both get other weights.

    Raises:
        ValueError: another thread trains.
    """
    if not _training.acquire(blocking=False):
        raise ValueError("another thread of this process trains a trial: train one after the other, or in processes.")
    try:
        yield
    finally:
        _training.release()


def _run_beside_rank_0(
    params: TrialParameters, data: TrainingData, folder: Path, extensions: Extensions, workers: int
) -> Translator:
    """Train on a copy of what is in the folder, and wait until the process of rank 0 has judged the answers.

    Raises:
        Diverged: the loss became infinite or not a number.
        RuntimeError: the process of rank 0 has failed.
    """
    devices.barrier(_FOLDER_IS_READY)
    if read_result(folder).get("status") != "finished":
        with tempfile.TemporaryDirectory(prefix="symbolic-trial-") as own:
            for pattern in (HISTORY, BEST_WEIGHTS, *ONLY_TO_RESUME):
                for path in folder.glob(pattern):
                    shutil.copy(path, own)
            devices.barrier(_FOLDER_IS_COPIED)
            _train(params, data, Path(own), logging.getLogger("symbolic.trial"), extensions, workers)
    while not (result := read_result(folder)):
        time.sleep(1)  # no barrier, for that would wait for ever where rank 0 has failed
    if result["status"] != "finished":
        raise RuntimeError(result["reason"])
    return Translator.load(folder)


def _train_and_judge(
    record: dict[str, Any],
    params: TrialParameters,
    data: TrainingData,
    folder: Path,
    extensions: Extensions,
    workers: int,
    log: logging.Logger,
) -> Translator:
    if not last_epoch(folder):
        _write_json(folder / PARAMS, record | _circumstances())
    too_long = _report_too_long(params, data, log)
    devices.barrier(_FOLDER_IS_READY)
    devices.barrier(_FOLDER_IS_COPIED)
    history = _train(params, data, folder, log, extensions, workers)

    model = best_model(params, data, folder, extensions)
    translator = Translator(model, data.context_processor, data.target_processor, params.max_length)
    translator.save(folder)
    result = {
        "status": "finished",
        "reason": None,
        "weights": model.count_params(),
        "epochs": len(history),
        "training_seconds": round(float(history["seconds"].sum()), 1),
        "too_long": too_long,
    }
    for split, problems in (("valid", params.valid_problems), ("test", params.test_problems)):
        if problems and split in data.splits:
            chosen = data.splits[split].spread(problems)
            result[split] = _judge(translator, chosen, params, folder / f"predictions_{split}.csv", workers)
            log.info("%s: %s", split, result[split])
    _write_json(folder / RESULT, result)
    return translator


def _report_too_long(params: TrialParameters, data: TrainingData, log: logging.Logger) -> dict[str, int]:
    """How many problems of each split the trial leaves out, also printed and logged."""
    used = {split: problems for split, problems in data.splits.items() if split != "train" or not data.stream}
    too_long = {split: problems.too_long(params.max_length) for split, problems in used.items()}
    for split, count in too_long.items():
        if count:
            words = f"{split}: {count:,} problems need more than max_length={params.max_length}: left out"
            log.warning(words)
            print(words, file=sys.stderr)
    return too_long


def _train(
    params: TrialParameters,
    data: TrainingData,
    folder: Path,
    log: logging.Logger,
    extensions: Extensions,
    workers: int,
) -> pd.DataFrame:
    judge = _epoch_judge(params, data, workers) if params.epoch_problems else None
    with devices.all_devices():
        return train(params, data, folder, log, extensions, judge, workers)


def _epoch_judge(params: TrialParameters, data: TrainingData, workers: int) -> Judge:
    """A function that gives the figures of a model's answers to some validation problems."""
    problems = data.splits["valid"].spread(params.epoch_problems)
    names = ("exact_match",) if data.tokens == ANY else ANSWER_FIGURES
    # A copy of the model, of this process and on one device, that computes as it will answer: in float32.
    model = built_model(params, data, "float32")
    translator = Translator(model, data.context_processor, data.target_processor, params.max_length)

    def judge(trained: keras.Model) -> dict[str, float]:
        model.set_weights(trained.get_weights())
        figures = dict.fromkeys(names, 0.0)
        if not devices.rank():
            _, judged = _answers(translator, problems, workers, progress=False)
            figures = {name: judged[name] for name in figures}
        return devices.broadcast(figures)

    return judge


def _judge(
    translator: Translator, problems: Split, params: TrialParameters, predictions: Path, workers: int
) -> dict[str, Any]:
    """Answers and verdicts on the problems; loss, token accuracy and metrics on those that are short enough."""
    started = time.perf_counter()
    store = problems.fitting(params.max_length).store
    measured = {}
    if len(store):
        batches = as_input(EvaluationBatches(store, params.batch_size, batch_tokens=params.batch_tokens))
        measured = translator.model.evaluate(batches, return_dict=True, verbose=0)
    rows, answered = _answers(translator, problems, workers)
    with atomic_path(predictions) as temporary:
        rows.to_csv(temporary, index=False)
    figures: dict[str, Any] = {name: float(measured.pop(name)) for name in ("loss", "token_accuracy") if measured}
    if measured:
        figures["metrics"] = {name: float(value) for name, value in measured.items()}
    return figures | answered | {"seconds": round(time.perf_counter() - started, 1)}


def _answers(
    translator: Translator, problems: Split, workers: int, progress: bool = True
) -> tuple[pd.DataFrame, dict[str, float]]:
    """A row per problem, and the figures over the rows."""
    if problems.files.tokens == ANY:
        rows = evaluate_exactly(translator, problems.frame(), progress)
        return rows, summarise_exactly(rows)
    rows = evaluate(translator, problems.frame(), workers=workers, progress=progress, respell=False)
    return rows, summarise(rows)


# --- folders ---------------------------------------------------------------------------------------------------------


def trial_folders(runs: Path | str) -> list[Path]:
    """The trial folders in a runs folder, by name: trial_9 before trial_10.

    Raises:
        FileNotFoundError: there is no such folder, or no trial in it.
    """
    folders = sorted((params.parent for params in Path(runs).glob(f"*/{PARAMS}")), key=_natural_order)
    if not folders:
        raise FileNotFoundError(f"no trial in {runs}: a trial's folder holds {PARAMS}")
    return folders


def _natural_order(folder: Path) -> list[str | int]:
    """Words and numbers of a name in turn, so that numbers are compared as numbers."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", folder.name)]


def read_result(folder: Path | str) -> dict[str, Any]:
    """The content of result.json; empty while the trial has not ended. Raises ValueError if it is damaged."""
    path = Path(folder) / RESULT
    if not path.exists():
        return {}
    match result := read_json(path):
        case {"status": "finished" | "failed"}:
            return result
    raise ValueError(f"{path} is damaged: it has no `status` of a trial that has ended.")


def read_params(folder: Path | str) -> dict[str, Any]:
    """The content of params.json: trial, params, data, versions, machine. Raises ValueError if it is damaged."""
    match record := read_json(Path(folder) / PARAMS):
        case {"trial": str(), "params": dict()}:
            return record
    raise ValueError(f"{Path(folder) / PARAMS} is damaged: it does not describe a trial.")


def _record(name: str, params: TrialParameters, data: TrainingData, extensions: Extensions) -> dict[str, Any]:
    record = {"trial": name, "params": params.as_dict(), "data": data.describe()}
    return record | ({"extensions": extensions.describe()} if extensions.describe() else {})


def _check_same_trial(folder: Path, record: dict[str, Any]) -> None:
    """Refuse a folder that holds the trial with other parameters, loss, metrics, data or vocabularies."""
    if not (folder / PARAMS).exists():
        return
    there, now = (_settings(each) for each in (read_params(folder), record))
    if _differing(there, now) == {"seed"}:
        raise ValueError(
            f"{folder} holds this trial with other settings (seed: {there['seed']} there, {now['seed']} now). To train "
            f"it beside the other, give the seed with --seed {now['seed']}, or seeds=[{now['seed']}] in Python."
        )
    check_same_settings(folder, "this trial", there, now)


def _has_more_epochs(folder: Path, record: dict[str, Any]) -> bool:
    """Whether the folder holds the same trial with fewer epochs."""
    if not (folder / PARAMS).exists():
        return False
    there, now = (_settings(each) for each in (read_params(folder), record))
    return now["epoch"] > there["epoch"] and _differing(there, now) <= {"epoch", "patience"}


def _differing(there: dict[str, Any], now: dict[str, Any]) -> set[str]:
    missing = object()
    return {key for key in {**there, **now} if there.get(key, missing) != now.get(key, missing)}


def _go_on(folder: Path, record: dict[str, Any]) -> None:
    """Make a trial's folder that of the trial with more epochs, unfinished.

    Raises:
        ValueError: the trial is finished and has no checkpoint, as an earlier version left it.
    """
    before, done = read_params(folder), last_epoch(folder)
    if read_result(folder).get("status") == "finished" and not done:
        raise ValueError(
            f"{folder} holds this trial with {before['params']['epoch']} epochs, finished and without the checkpoint "
            "that more epochs begin from. Choose another folder, or train a new trial with these `initial_weights`."
        )
    step = {"after_epoch": done, "epochs_asked_before": before["params"]["epoch"]} | _started()
    remove(folder, RESULT)  # first: a kill before the next line leaves the unfinished trial of before
    _write_json(folder / PARAMS, before | record | {"continued": [*before.get("continued", []), step]})
    print(f"{folder.name}: goes on after epoch {done}, up to epoch {record['params']['epoch']}", flush=True)


def _settings(record: dict[str, Any]) -> dict[str, Any]:
    """What a trial's result follows from; callbacks are left out, for most of them only watch."""
    record = json.loads(json.dumps(record))  # as it is read back: tuples are lists
    extensions = {name: value for name, value in record.get("extensions", {}).items() if name != "callbacks"}
    data = {f"data, {name}": _fingerprint(entry) for name, entry in record["data"].items()}
    return {**record["params"], **extensions, **data}


def _fingerprint(entry: Any) -> str:
    """A short name of files or a vocabulary, whose description is too long for an error."""
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:8]


def _circumstances() -> dict[str, Any]:
    return {
        "backend": keras.backend.backend(),
        "versions": {"symbolic": __version__, "python": platform.python_version()}
        | {package: _version(package) for package in VERSIONS_OF},
        "machine": {"platform": platform.platform(), "cpus": os.cpu_count()},
        **_started(),
    }


def _started() -> dict[str, str]:
    return {"started": datetime.now(UTC).isoformat(timespec="seconds")}


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


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
