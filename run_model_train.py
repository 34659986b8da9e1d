"""Train the trials of `model_params.py` and compare them, from a shell or, step by step, from a notebook.

From a shell: `python run_model_train.py --trials quick`. From a notebook: the steps of `SymbolicModelTrain`.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow starts: its notes on GPUs would hide ours

import pandas as pd

import model_params as trials_file
from symbolic.experiments.comparison import CURVES, TABLE, compare, draw_curves, format_table
from symbolic.experiments.params import complete, select
from symbolic.experiments.trials import TrialData, read_history, run_trial
from symbolic.expressions.tokens import TOKENS
from symbolic.problems.files import read_data_folder
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.token_store import TokenStore
from symbolic.suggestions import did_you_mean


class SymbolicModelTrain:
    """Trials on one data set, step by step or all at once.

    `run_all(data_path)` is `load_data`, `set_processor`, `set_train_datasets`, then `train_model` for every trial.

    Attributes:
        model_params: trial -> all its parameters.
        data: split ("train", "valid", "test") -> frame with the columns input and output.
        context_processor, target_processor: text to ids, for inputs and outputs.
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
            ValueError: a parameter is unknown, wrong, or contradicts another.
        """
        if workers < 1:
            raise ValueError(f"`workers` must be at least 1. Received: {workers}.")
        self.model_params = {name: complete(name, trial, trials_file.defaults) for name, trial in model_params.items()}
        self.run_dir = Path(run_dir)
        self.workers = workers
        self.stream = dict(stream or {})
        self.data: dict[str, pd.DataFrame] | None = None
        self.context_processor = self.target_processor = None
        self.stores: dict[str, TokenStore] | None = None
        self.training_result: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, str] = {}

    def load_data(self, data_path: Path | str, max_bad_share: float = 0.01) -> dict[str, pd.DataFrame]:
        """Read the train, valid and test files of a folder; lines that cannot be right are counted and shown.

        Raises:
            OSError, ValueError: something is missing or not readable, or too many lines are bad; see
                `symbolic.problems.files.read_data_folder`.
        """
        self.data = read_data_folder(data_path, max_bad_share=max_bad_share)
        return self.data

    def set_processor(self, vocabulary: str = "adapted") -> tuple[TextProcessor, TextProcessor]:
        """Make the text processors, for inputs and for outputs.

        Args:
            vocabulary: "adapted" takes the tokens of the training data, "fixed" the whole token table.
        """
        if vocabulary not in ("adapted", "fixed"):
            raise ValueError(f"`vocabulary` must be adapted or fixed. Received: {vocabulary!r}.")
        self._need(self.data, "load_data")
        train = self.data["train"]
        if vocabulary == "fixed":
            self.context_processor = TextProcessor(list(TOKENS))
            self.target_processor = TextProcessor(list(TOKENS))
        else:
            self.context_processor = TextProcessor.adapt(train["input"])
            self.target_processor = TextProcessor.adapt(train["output"])
        return self.context_processor, self.target_processor

    def set_train_datasets(self) -> dict[str, TokenStore]:
        """Encode every split to ids; tokens that the vocabularies lack are reported and become [UNK]."""
        self._need(self.context_processor, "set_processor")
        stores = {}
        for split, frame in self.data.items():
            for column, processor in (("input", self.context_processor), ("output", self.target_processor)):
                unknown = processor.unknown_tokens(frame[column])
                if unknown:
                    print(f"{split} {column}s: tokens that training never saw: {dict(unknown)}", file=sys.stderr)
            stores[split] = TokenStore(
                self.context_processor.encode(frame["input"]), self.target_processor.encode(frame["output"])
            )
        self.stores = stores
        return stores

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
        )
        translator = run_trial(trial, self.model_params[trial], data, self.run_dir / trial, workers=self.workers)
        self.training_result[trial] = {
            "trained_model": translator.model,
            "history": read_history(self.run_dir / trial),
        }
        return self.training_result[trial]

    def run_all(self, data_path: Path | str, max_bad_share: float = 0.01) -> pd.DataFrame:
        """All steps for all trials, then the comparison; a trial that fails is recorded and the others go on.

        Returns:
            The comparison table, a row per trial in `run_dir`; saved there with the curves.
        """
        self.load_data(data_path, max_bad_share)
        self.set_processor("fixed" if self.stream else "adapted")  # a stream may bring any token
        self.set_train_datasets()
        for number, trial in enumerate(self.model_params, start=1):
            print(f"\n{trial} ({number} of {len(self.model_params)})", flush=True)
            try:
                self.train_model(trial)
            except Exception as error:  # whatever it is, it is recorded and costs this trial alone
                self.failures[trial] = str(error)
                print(f"{trial} failed: {error}", file=sys.stderr)
        draw_curves(self.run_dir)
        return compare(self.run_dir)

    @staticmethod
    def _need(what: Any, step: str) -> None:
        if what is None:
            raise ValueError(f"call `{step}` first: this step works on what it returns")

    def _describe_data(self) -> dict[str, Any]:
        description = {
            split: {"problems": len(frame), "sha256": _sha256(frame["input"] + "\t" + frame["output"])}
            for split, frame in self.data.items()
        }
        for side, processor in (("context", self.context_processor), ("target", self.target_processor)):
            description[f"{side}_vocabulary"] = {"tokens": len(processor), "sha256": _sha256(processor.vocabulary)}
        return description | ({"stream": self.stream} if self.stream else {})


def _sha256(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Train trials of model_params.py, verify what they solve, and compare them.",
        epilog="A killed run, started again with the same words, skips finished trials and resumes the unfinished one.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--trials", default="quick", metavar="NAMES", help="`all`, `quick`, or names: trial_3,trial_6")
    parser.add_argument("--data", default="data/starter", metavar="DIR", help="folder with train, valid and test files")
    parser.add_argument("--runs", default="runs", metavar="DIR", help="folder that gets one folder per trial")
    parser.add_argument("--epochs", type=int, metavar="N", help="train at most N epochs instead of the trial's own")
    parser.add_argument("--seed", type=int, metavar="N", help="seed instead of the trial's own")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count(), metavar="N", help="processes that verify answers"
    )
    parser.add_argument(
        "--max-bad-lines", type=float, default=0.01, metavar="SHARE", help="share of unreadable lines to put up with"
    )
    parser.add_argument(
        "--stream", metavar="TASKS", help="train on fresh problems of these tasks, bwd,ibp or bwd:0.6,ibp:0.4"
    )
    parser.add_argument("--list", action="store_true", help="list the trials and stop")
    return parser.parse_args(arguments)


def parse_weights(words: str) -> dict[str, float]:
    """`bwd:0.6,ibp:0.4` as {"bwd": 0.6, "ibp": 0.4}; a task without a weight has 1.

    Raises:
        ValueError: a weight is no number above 0.
    """
    weights = {}
    for word in words.split(","):
        task, _, weight = word.partition(":")
        try:
            weights[task] = float(weight or 1)
        except ValueError:
            raise ValueError(
                f"`--stream` takes TASK or TASK:WEIGHT, separated by commas. Received: {word!r}."
            ) from None
    return weights


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
        stream = parse_weights(args.stream) if args.stream else None
        training = SymbolicModelTrain(selected, args.runs, workers=args.workers, stream=stream)
        table = training.run_all(args.data, args.max_bad_lines)
    except (ValueError, OSError) as error:
        print(f"run_model_train.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from the last whole epoch", file=sys.stderr)
        return 130
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
    sys.exit(main())
