"""Train the trials of `model_params.py` and compare them, from a shell or, step by step, from a notebook.

From a shell: `python run_model_train.py --trials quick`. From a notebook: the steps of `SymbolicModelTrain`.
"""
# ruff: noqa: E402  Keras is imported before all that needs it

import argparse
import functools
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from symbolic.runtime.startup import check_python, import_keras, missing_package

if __name__ == "__main__":
    check_python("run_model_train.py")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # for the notes that TensorFlow writes when it begins to compute
try:
    import_keras()  # without those that it writes when it is imported
except ValueError as error:
    if __name__ == "__main__":
        sys.exit(f"run_model_train.py: {error}")
    raise
except ModuleNotFoundError as error:
    if __name__ == "__main__":
        sys.exit(f"run_model_train.py: {missing_package(error)}")
    raise
except KeyboardInterrupt:
    if __name__ == "__main__":
        sys.exit(130)
    raise

import keras
import pandas as pd
from tqdm import tqdm

import model_params as trials_file
from symbolic.expressions.notation import prefix_notation
from symbolic.expressions.tokens import TOKENS
from symbolic.problems.files import ProblemFiles, find_data, parse_line
from symbolic.problems.production.stream import check_tasks
from symbolic.runtime import cluster
from symbolic.runtime.cluster import ENGINES
from symbolic.runtime.files import sha256_of
from symbolic.runtime.names import did_you_mean, unknown_name
from symbolic.seq2seq.encoding import EncodedFile, encode_files
from symbolic.seq2seq.notation import Notation
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.shapes import Source
from symbolic.seq2seq.special_tokens import SPECIAL_TOKENS
from symbolic.seq2seq.token_store import FORMAT, TokenStore, read_settings
from symbolic.training import devices
from symbolic.training.comparison import CURVES, TABLE, compare, draw_curves, format_table
from symbolic.training.data import TrialData, in_turns, parse_weights, sha256_of_lines
from symbolic.training.models import jit_compiled
from symbolic.training.params import complete, select
from symbolic.training.recording import read_history
from symbolic.training.sweeps import on_cluster
from symbolic.training.trials import run_trial


class SymbolicModelTrain:
    """Trials on one data set, step by step or all at once.

    `run_all(data_path)` is `load_data`, `set_processor`, `set_train_datasets`, then `train_model` for every trial.
    Processes that were launched together (`symbolic.training.devices`) each do all of it, and train together.

    Attributes:
        model_params: trial -> all its parameters.
        data: split ("train", "valid", "test") -> its files: `head(n)` and `frame()` give problems, input and output.
        context_processor, target_processor: text to ids, for inputs and outputs.
        stores: split -> its problems as token ids, kept in `run_dir`/tokens.
        training_result: trial -> {"trained_model": Keras model, "history": frame with a row an epoch}.
        failures: trial -> why it failed.
    """

    def __init__(
        self,
        model_params: Mapping[str, Mapping[str, Any]] = trials_file.model_params,
        run_dir: Path | str = "runs",
        workers: int = 1,
        stream: Mapping[str, float] | None = None,
    ):
        """Check the trials.

        Args:
            model_params: trial -> the parameters in which it differs from `model_params.defaults`.
            run_dir: where each trial gets its folder.
            workers: processes that verify answers after training, and that make the problems of a stream.
            stream: task -> weight: train on fresh problems of these tasks instead of the train split.

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
        self.model_params = {name: complete(name, trial, trials_file.defaults) for name, trial in model_params.items()}
        for name, params in self.model_params.items():
            if params["jit_compile"] is True:  # "auto" asks the devices, which may wait until they are needed
                try:
                    jit_compiled(params)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from error
        self.run_dir = Path(run_dir)
        self.workers = workers
        self.stream = dict(stream or {})
        self.data: dict[str, ProblemFiles] | None = None
        self.weights: dict[str, float] = {}
        self._adapted = False
        self.context_processor = self.target_processor = None
        self.stores: dict[str, TokenStore] | None = None
        self.sources: list[Source] = []
        self.training_result: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, str] = {}

    def load_data(self, data_path: Path | str, max_bad_share: float = 0.01) -> dict[str, ProblemFiles]:
        """Find the train, valid and test files of a folder; what is in them is read when it is needed.

        Args:
            data_path: a folder, or several with weights: in training on `DIR:0.6,DIR:0.3` two problems of three come
                from the first, and its validation and test problems take turns with those of the second.
            max_bad_share: share of lines that cannot be right to put up with in a file; they are counted and shown.

        Raises:
            OSError, ValueError: something is missing, see `symbolic.problems.files.find_data_files`, or a weight is no
                number above 0.
        """
        name = str(data_path)
        self.weights = {name: 1.0} if name and Path(name).is_dir() else parse_weights(name, "data", "DIR")
        self.data = find_data(self.weights, max_bad_share)
        return self.data

    def set_processor(self, vocabulary: str = "adapted") -> tuple[TextProcessor, TextProcessor]:
        """Make the text processors, for inputs and for outputs.

        Args:
            vocabulary: "adapted" takes the tokens of the training data, "fixed" the whole token table.

        Raises:
            OSError, ValueError: the training data cannot be read, too many of their lines are bad, or `run_dir` cannot
                be written.
        """
        if vocabulary not in ("adapted", "fixed"):
            raise ValueError(f"`vocabulary` must be adapted or fixed. Received: {vocabulary!r}.")
        self._need(self.data, "load_data")
        self._adapted = vocabulary == "adapted"
        contexts = targets = list(TOKENS)
        if self._adapted:
            folder, _ = self._encode("train")
            settings, first = read_settings(folder), len(SPECIAL_TOKENS)
            contexts, targets = settings["context_vocabulary"][first:], settings["target_vocabulary"][first:]
        self.context_processor, self.target_processor = TextProcessor(contexts), TextProcessor(targets)
        return self.context_processor, self.target_processor

    def set_train_datasets(self) -> dict[str, TokenStore]:
        """Encode every split to ids on disk, once; bad lines, and tokens that become [UNK], are counted and shown.

        The text files are known by their SHA-256, so every start reads them once; the ids on disk are not hashed.

        Raises:
            OSError, ValueError: as `set_processor` does.
        """
        self._need(self.context_processor, "set_processor")
        stores = {}
        for split in self.data:
            folder, files = self._encode(split)
            store = TokenStore.open(folder)
            stores[split] = store if split == "train" or len(files) == 1 else in_turns(store, files)
            if split == "train":
                parts = [store.part(file.first, file.report.kept) for file in files]
                self.sources = [Source(*part) for part in zip(parts, self.weights.values(), strict=True)]
            for file in files:
                if file.report.bad or file.report.unknown:
                    print(file.report, file=sys.stderr)
        self.stores = stores
        return stores

    def _encode(self, split: str) -> tuple[Path, list[EncodedFile]]:
        """The folder of the token store of a split, named by all that decides about it, and what the store holds."""
        adapt = self._adapted and split == "train"
        contexts = targets = list(TOKENS)
        if self._adapted and not adapt:
            first = len(SPECIAL_TOKENS)
            contexts, targets = (p.vocabulary[first:] for p in (self.context_processor, self.target_processor))
        paths = self.data[split].paths
        name = sha256_of_lines([str(FORMAT), *map(sha256_of, paths), *contexts, "", *targets, str(adapt)])[:12]
        folder = self.run_dir / "tokens" / f"{split}-{name}"
        files = encode_files(
            paths,
            folder,
            contexts=contexts,
            targets=targets,
            adapt=adapt,
            parse=parse_line,
            notation=Notation(*prefix_notation()),
            max_bad_share=self.data[split].max_bad_share,
            workers=self.workers,
            progress=True,
        )
        return folder, files

    def train_model(self, trial: str) -> dict[str, Any]:
        """Train one trial, resume it, or load it if it is finished; its entry of `training_result`.

        Raises:
            Diverged: the loss became infinite or not a number.
            ValueError: there is no such trial, or its folder holds it with other parameters or data.
        """
        self._need(self.stores, "set_train_datasets")
        if trial not in self.model_params:
            raise ValueError(f"no trial `{trial}`.{did_you_mean(trial, self.model_params)}")
        data = TrialData(
            description=self._describe_data(),
            stream=self.stream,
            context_processor=self.context_processor,
            target_processor=self.target_processor,
            problems=self.data,
            stores=self.stores,
            sources=self.sources,
        )
        translator = run_trial(trial, self.model_params[trial], data, self.run_dir / trial, workers=self.workers)
        self.training_result[trial] = {
            "trained_model": translator.model,
            "history": read_history(self.run_dir / trial),
        }
        return self.training_result[trial]

    def run_all(
        self, data_path: Path | str, max_bad_share: float = 0.01, engine: str = "local", vocabulary: str = "adapted"
    ) -> pd.DataFrame:
        """All steps for all trials, then the comparison; a trial that fails is recorded and the others go on.

        Where several processes train together a failure ends the run, for the others cannot go on without each one.

        Args:
            engine: "local", one trial after the other in this process; or "ray", each on a node of a Ray cluster, as
                `symbolic.runtime.cluster.connection` finds it, with `workers` cores. The nodes need a common file
                system. `training_result` stays empty then.
            vocabulary: as `set_processor` takes it; "fixed" with a stream, which may bring any token.

        Returns:
            The comparison table, a row per trial in `run_dir`; saved there with the curves.
        """
        if engine not in ENGINES:
            raise unknown_name("engine", engine, ENGINES)
        with devices.first_before_others():
            self._prepare(data_path, max_bad_share, vocabulary)
        ended = self._train_on_cluster(data_path, max_bad_share, vocabulary) if engine == "ray" else self._train_here()
        for trial, failure in ended:
            if failure is not None:
                self.failures[trial] = failure
                tqdm.write(f"{trial} failed: {failure}", file=sys.stderr)
        if not devices.process():
            draw_curves(self.run_dir)
        return compare(self.run_dir)

    def _prepare(self, data_path: Path | str, max_bad_share: float, vocabulary: str) -> None:
        self.load_data(data_path, max_bad_share)
        self.set_processor("fixed" if self.stream else vocabulary)
        self.set_train_datasets()

    def _train_here(self) -> Iterator[tuple[str, str | None]]:
        """Each trial with the reason why it failed, None if it did not."""
        for number, trial in enumerate(self.model_params, start=1):
            print(f"\n{trial} ({number} of {len(self.model_params)})", flush=True)
            try:
                self.train_model(trial)
                yield trial, None
            except Exception as error:  # whatever it is, it is recorded and costs this trial alone
                if devices.processes() > 1:
                    raise
                yield trial, str(error)

    def _train_on_cluster(
        self, data_path: Path | str, max_bad_share: float, vocabulary: str
    ) -> Iterator[tuple[str, str | None]]:
        """The same on the nodes of a Ray cluster, in the order in which they end."""
        train = functools.partial(
            _train_one, self.model_params, self.run_dir, self.stream, str(data_path), max_bad_share, vocabulary
        )
        with cluster.connection():
            environment = {"KERAS_BACKEND": keras.backend.backend(), **devices.ALONE}
            ended = on_cluster(train, self.model_params, self.workers, environment)
            yield from tqdm(ended, desc="training", unit="trial", total=len(self.model_params))

    @staticmethod
    def _need(what: Any, step: str) -> None:
        if what is None:
            raise ValueError(f"call `{step}` first: this step works on what it returns")

    def _describe_data(self) -> dict[str, Any]:
        description = {
            split: {"problems": len(self.stores[split]), "sha256": [sha256_of(path) for path in problems.paths]}
            for split, problems in self.data.items()
        }
        description["train"]["weights"] = list(self.weights.values())
        for side, processor in (("context", self.context_processor), ("target", self.target_processor)):
            description[f"{side}_vocabulary"] = {
                "tokens": len(processor),
                "sha256": sha256_of_lines(processor.vocabulary),
            }
        return description | ({"stream": self.stream} if self.stream else {})


def _train_one(
    model_params, run_dir: Path, stream, data_path: str, max_bad_share: float, vocabulary: str, trial: str, workers: int
):
    training = SymbolicModelTrain({trial: model_params[trial]}, run_dir, workers, stream)
    training._prepare(data_path, max_bad_share, vocabulary)
    training.train_model(trial)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Train trials of model_params.py, verify what they solve, and compare them.",
        epilog="A killed run, started again with the same words, skips finished trials and resumes the unfinished one.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--trials",
        default="quick",
        metavar="NAMES",
        help="`all`, or names and beginnings of names, up to a _: trial_3,cells,quick",
    )
    parser.add_argument(
        "--data",
        default="data/starter",
        metavar="DIR",
        help="folder with train, valid and test files; several as DIR:0.6,DIR:0.3",
    )
    parser.add_argument("--runs", default="runs", metavar="DIR", help="folder that gets one folder per trial")
    parser.add_argument("--epochs", type=int, metavar="N", help="train at most N epochs instead of the trial's own")
    parser.add_argument("--seed", type=int, metavar="N", help="seed instead of the trial's own")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count(),
        metavar="N",
        help="processes that verify answers, encode files and make the problems of a stream",
    )
    parser.add_argument(
        "--engine", default="local", help="local: trials one by one on this machine; ray: on the nodes of a cluster"
    )
    parser.add_argument(
        "--max-bad-lines", type=float, default=0.01, metavar="SHARE", help="share of unreadable lines to put up with"
    )
    parser.add_argument(
        "--stream", metavar="TASKS", help="train on fresh problems of these tasks, bwd,ibp or bwd:0.6,ibp:0.4"
    )
    parser.add_argument(
        "--vocabulary",
        default="adapted",
        help="adapted: the tokens of the training data; fixed, as always with --stream: all there are",
    )
    parser.add_argument("--list", action="store_true", help="list the trials and stop")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    args = parse_arguments(arguments)
    if args.list:
        for name, trial in trials_file.model_params.items():
            print(f"{name:20} " + " ".join(f"{key}={value}" for key, value in trial.items()))
        return 0
    overrides = {"epoch": args.epochs, "seed": args.seed}
    overrides = {key: value for key, value in overrides.items() if value is not None}
    try:
        selected = {
            name: {**trial, **overrides} for name, trial in select(args.trials, trials_file.model_params).items()
        }
        stream = parse_weights(args.stream) if args.stream is not None else None
        training = SymbolicModelTrain(selected, args.runs, workers=args.workers, stream=stream)
        table = training.run_all(args.data, args.max_bad_lines, args.engine, args.vocabulary)
    except (ValueError, OSError) as error:
        print(f"run_model_train.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from the last whole epoch", file=sys.stderr)
        return 130
    if devices.process():
        return 0
    runs = Path(args.runs)
    print(f"\n{format_table(table)}\n")
    print(f"table: {runs / TABLE}   curves: {runs / CURVES}   one folder per trial: {runs}/")
    judged = table[table["solve_rate"].notna()]
    if len(judged):
        best = judged.loc[judged["solve_rate"].astype(float).idxmax(), "trial"]
        python = "python" if "VIRTUAL_ENV" in os.environ else os.path.relpath(sys.executable)
        print(f'ask the best: {python} -m symbolic integrate "cos(x)*exp(sin(x))" --run {runs / best}')
    return 1 if training.failures else 0


if __name__ == "__main__":
    try:
        status = main()
    except Exception:
        traceback.print_exc()
        status = 1
    devices.leave(status)  # also after an error: other processes may wait for this one
