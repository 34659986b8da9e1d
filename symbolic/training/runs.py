"""A run: trials on the same data, one after the other or on a cluster, step by step or all at once."""

import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from symbolic.problems.files import PREFIX, ProblemFiles
from symbolic.problems.production.stream import check_tasks
from symbolic.runtime import cluster
from symbolic.runtime.cluster import ENGINES
from symbolic.runtime.names import did_you_mean, unknown_name
from symbolic.runtime.progress import tqdm
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.shapes import Source
from symbolic.seq2seq.token_store import TokenStore
from symbolic.training import devices
from symbolic.training.comparison import Comparison, compare, compare_differences, draw_curves
from symbolic.training.data import TrainingData
from symbolic.training.models import Extensions, Figure, try_out
from symbolic.training.params import TrialParameters, complete, with_seeds
from symbolic.training.progress import RunProgress
from symbolic.training.rate_range import learning_rate_range
from symbolic.training.recording import read_history
from symbolic.training.sweeps import on_cluster
from symbolic.training.trials import run_trial
from symbolic.training.trials_file import read_trials


class SymbolicModelTrain:
    """Trials on one data set, step by step or all at once.

    `run_all(data_path)` is `load_data`, `set_processor`, `set_train_datasets`, then `train_model` for every trial.
    Processes that were launched together (`symbolic.training.devices`) each do all of it, and train together.

    Attributes:
        model_params: trial -> all its parameters.
        data: split ("train", "valid", "test") -> its files: `head(n)` and `frame()` give problems, input and output.
        weights: folder -> its weight in training.
        context_processor, target_processor: text to ids, for inputs and outputs.
        stores: split -> its problems as token ids, kept in `run_dir`/tokens.
        sources: the parts of the train split, one for each folder, with their weights.
        training_result: trial -> {"trained_model": Keras model, "history": frame with a row an epoch}.
        failures: trial -> why it failed.
    """

    def __init__(
        self,
        model_params: Mapping[str, Mapping[str, Any]] | None = None,
        run_dir: Path | str = "runs",
        workers: int = 1,
        stream: Mapping[str, float] | None = None,
        *,
        defaults: Mapping[str, Any] | None = None,
        seeds: Sequence[int] | None = None,
        loss: Figure | None = None,
        metrics: Sequence[Figure] = (),
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ):
        """Check the trials. Each model and optimizer is tried out without weights, so what they refuse is known now.

        Args:
            model_params: trial -> the parameters in which it differs from the defaults; None for the trials of
                `model_params.py`.
            run_dir: where each trial gets its folder.
            workers: processes that verify answers after training, and that make the problems of a stream.
            stream: task -> weight: train on fresh problems of these tasks instead of the train split.
            defaults: values of parameters that a trial leaves open; None for those of `model_params.py`.
            seeds: train every trial once for each of these seeds; None for the trial's own seed alone. A trial NAME
                with another seed than its own is the trial NAME_seed_1, with a folder of its own.
            loss: a Keras loss or a function of labels (B, T) and logits (B, T, V), minimised in place of the
                cross-entropy. In the table `loss` is the cross-entropy all the same; this one has a column of its own.
            metrics: Keras metrics or such functions, reported in history, curves and table. Every trial gets copies.
            callbacks: Keras callbacks. What they put into `logs` at the end of an epoch is reported likewise. What
                they remember is lost when a run is killed.

        Raises:
            ValueError: a parameter or a task is unknown, wrong, or contradicts another; see also
                `devices.join_processes`.
            OSError: the processes that this one was launched with are not found.
        """
        if workers < 1:
            raise ValueError(f"`workers` must be at least 1. Received: {workers}.")
        if stream:
            check_tasks(stream)
        devices.join_processes()
        if model_params is None or defaults is None:
            standard = read_trials()
            model_params = standard.model_params if model_params is None else model_params
            defaults = standard.defaults if defaults is None else defaults
        self._extensions = Extensions(loss, tuple(metrics), tuple(callbacks))
        self._extensions.check()
        self._trials, self._defaults = dict(model_params), dict(defaults)
        if seeds is not None:
            self._trials = with_seeds(self._trials, seeds, self._defaults)
        self.model_params: dict[str, TrialParameters] = {}
        for name, trial in self._trials.items():
            self.model_params[name] = complete(name, trial, defaults, self._extensions.metric_names)
            self._check_loss(name)
            try_out(name, self.model_params[name])
        self.run_dir = Path(run_dir)
        self.workers = workers
        self.stream = dict(stream or {})
        self._data: TrainingData | None = None
        self.training_result: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, str] = {}

    @property
    def data(self) -> Mapping[str, ProblemFiles] | None:
        return self._data and self._data.files

    @property
    def tokens(self) -> str | None:
        """What the tokens of the data may be, "prefix" or "any"."""
        return self._data and self._data.tokens

    @property
    def weights(self) -> Mapping[str, float]:
        return self._data.weights if self._data else {}

    @property
    def context_processor(self) -> TextProcessor | None:
        return self._data and self._data.context_processor

    @property
    def target_processor(self) -> TextProcessor | None:
        return self._data and self._data.target_processor

    @property
    def stores(self) -> dict[str, TokenStore] | None:
        if self._data is None or self._data.splits is None:
            return None
        return {name: split.store for name, split in self._data.splits.items()}

    @property
    def sources(self) -> Sequence[Source]:
        return self._data.sources if self._data else []

    def load_data(
        self, data_path: Path | str, max_bad_share: float = 0.01, tokens: str = PREFIX
    ) -> Mapping[str, ProblemFiles]:
        """Find the train, valid and test files of a folder; their content is read when it is needed.

        Args:
            data_path: a folder, or several with weights: in training on `DIR:0.6,DIR:0.3` two problems of three come
                from the first, and its validation and test problems take turns with those of the second.
            max_bad_share: fraction of bad lines allowed in a file; they are left out, counted and printed.
            tokens: "prefix" for expressions, "any" for words of another meaning, judged by exact match alone.

        Raises:
            OSError, ValueError: something is missing, see `symbolic.problems.files.find_data_files`, or a weight is no
                number above 0.
        """
        self._data = TrainingData.find(data_path, self.run_dir, max_bad_share, self.stream, self.workers, tokens)
        return self.data

    def set_processor(self, vocabulary: str = "adapted") -> tuple[TextProcessor, TextProcessor]:
        """Make the text processors, for inputs and for outputs.

        Args:
            vocabulary: "adapted" takes the tokens of the training data, "fixed" the whole token table.

        Raises:
            OSError, ValueError: the training data cannot be read, too many of their lines are bad, or `run_dir` cannot
                be written.
        """
        self._need(self._data, "load_data")
        self._data = self._data.with_vocabulary(vocabulary)
        return self.context_processor, self.target_processor

    def set_train_datasets(self) -> dict[str, TokenStore]:
        """Encode every split to ids on disk, once; bad lines, and tokens that become [UNK], are counted and printed.

        Raises:
            OSError, ValueError: as `set_processor` does.
        """
        self._need(self.context_processor, "set_processor")
        self._data = self._data.encoded()
        return self.stores

    def train_model(self, trial: str) -> dict[str, Any]:
        """Train one trial, resume it, or load it if it is finished; returns its entry of `training_result`.

        Raises:
            Diverged: the loss became infinite or not a number.
            ValueError: there is no such trial, or its folder holds it with other parameters or data.
        """
        return self._train(trial)

    def _train(self, trial: str, watchers: Sequence[keras.callbacks.Callback] = ()) -> dict[str, Any]:
        """`watchers` are callbacks that change nothing and are no part of the record."""
        self._need(self.stores, "set_train_datasets")
        if trial not in self.model_params:
            raise ValueError(f"no trial `{trial}`.{did_you_mean(trial, self.model_params)}")
        folder = self.run_dir / trial
        params = self.model_params[trial]
        translator = run_trial(trial, params, self._data, folder, self._extensions, self.workers, watchers)
        self.training_result[trial] = {"trained_model": translator.model, "history": read_history(folder)}
        return self.training_result[trial]

    def learning_rate_range(self, trial: str, low: float = 1e-5, high: float = 0.3, steps: int = 100) -> pd.DataFrame:
        """The loss of a new model of a trial while its learning rate grows: `rate_range.learning_rate_range`.

        Raises:
            ValueError: there is no such trial, or the rates are wrong.
        """
        self._need(self.stores, "set_train_datasets")
        if trial not in self.model_params:
            raise ValueError(f"no trial `{trial}`.{did_you_mean(trial, self.model_params)}")
        return learning_rate_range(self.model_params[trial], self._data, low, high, steps)

    def run_all(
        self,
        data_path: Path | str,
        max_bad_share: float = 0.01,
        engine: str = "local",
        vocabulary: str = "adapted",
        tokens: str = PREFIX,
    ) -> Comparison:
        """All steps for all trials, then the comparison; a trial that fails is recorded and the others go on.

        Where several processes train together a failure ends the run, for the others cannot go on without each one.

        Args:
            engine: "local", one trial after the other in this process; or "ray", each on a node of a Ray cluster, as
                `symbolic.runtime.cluster.connection` finds it, with `workers` cores. The nodes need a common file
                system. `training_result` stays empty then.
            vocabulary: as `set_processor` takes it. With a stream it is always "fixed", for a stream may bring any
                token.
            tokens: as `load_data` takes it.

        Returns:
            The comparison table, a row per trial in `run_dir`; saved there with the curves.
        """
        if engine not in ENGINES:
            raise unknown_name("engine", engine, ENGINES)
        with devices.rank_0_first("data are encoded"):
            self._prepare(data_path, max_bad_share, vocabulary, tokens)
        how_prepared = (str(data_path), max_bad_share, vocabulary, tokens)
        ended = self._train_on_cluster(how_prepared) if engine == "ray" else self._train_here()
        for trial, failure in ended:
            if failure is not None:
                self.failures[trial] = failure
                tqdm.write(f"{trial} failed: {failure}", file=sys.stderr)
        if not devices.rank():
            draw_curves(self.run_dir)
            compare_differences(self.run_dir)
        return compare(self.run_dir)

    def _prepare(self, data_path: Path | str, max_bad_share: float, vocabulary: str, tokens: str) -> None:
        self.load_data(data_path, max_bad_share, tokens)
        self.set_processor("fixed" if self.stream else vocabulary)
        self.set_train_datasets()

    def _train_here(self) -> Iterator[tuple[str, str | None]]:
        """Each trial with the reason why it failed, None if it did not."""
        progress = RunProgress({trial: params.epoch for trial, params in self.model_params.items()})
        for trial in self.model_params:
            progress.begin(trial)
            try:
                self._train(trial, (progress,) if not devices.rank() else ())
                yield trial, None
            except Exception as error:  # whatever it is, it is recorded and costs only this trial
                if devices.world_size() > 1:
                    raise
                yield trial, str(error)

    def _train_on_cluster(self, how_prepared: tuple[str, float, str, str]) -> Iterator[tuple[str, str | None]]:
        """The same on the nodes of a Ray cluster, in the order in which they end."""
        options = {"stream": self.stream, "defaults": self._defaults, **self._extensions._asdict()}
        train = functools.partial(_train_on_node, self._trials, self.run_dir, options, how_prepared)
        with cluster.connection():
            environment = {"KERAS_BACKEND": keras.backend.backend(), **devices.ALONE}
            ended = on_cluster(train, self.model_params, self.workers, environment)
            yield from tqdm(ended, desc="training", unit="trial", total=len(self.model_params))

    def _check_loss(self, name: str) -> None:
        smoothing = self.model_params[name].label_smoothing
        if self._extensions.loss is not None and smoothing:
            raise ValueError(
                f"{name}: `label_smoothing` belongs to the cross-entropy, and a loss of your own takes its place. "
                f"Received: label_smoothing={smoothing}."
            )

    @staticmethod
    def _need(what: Any, step: str) -> None:
        if what is None:
            raise ValueError(f"call `{step}` first: this step works on what it returns")


def _train_on_node(
    trials: Mapping[str, Mapping[str, Any]],
    run_dir: Path,
    options: Mapping[str, Any],
    how_prepared: tuple[str, float, str, str],
    trial: str,
    workers: int,
) -> None:
    """Train one trial in a process of its own on a node of a cluster."""
    training = SymbolicModelTrain({trial: trials[trial]}, run_dir, workers, **options)
    training._prepare(*how_prepared)
    training.train_model(trial)
