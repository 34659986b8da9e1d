"""A trained trial as a small folder to hand on: the model at half precision, and a model card.

model.keras, context_vocabulary.txt, target_vocabulary.txt, translator.json    see `symbolic.seq2seq.translator`
README.md                                                                      the card
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from symbolic.evaluation.tables import RESULTS, format_results
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.folders import holds_earlier
from symbolic.seq2seq.translator import CONTEXT_VOCABULARY, MODEL, SETTINGS, TARGET_VOCABULARY, Translator
from symbolic.training.recording import best_epoch, read_history
from symbolic.training.trials import read_params, read_result

CARD = "README.md"
_FILES = (MODEL, CONTEXT_VOCABULARY, TARGET_VOCABULARY, SETTINGS, CARD)

_TEMPLATE = """\
# {trial}

A model (`{model}`) of {weights:,} weights that reads equations and writes solutions, in prefix tokens, at most
{max_length} of them. What it writes is a guess until it is verified, as these commands do:

{commands}

## Training

- Problems: {problems}.
- {epochs:,} epochs of {steps:,} steps, {minutes:,.0f} minutes. The weights are those of epoch {epoch:,}: loss
  {loss:.3f} nats a token, and on the validation set {val_loss:.3f}, with {token_accuracy:.1%} of the tokens right
  under teacher forcing.
- Machine: {platform}, {cpus} CPUs; backend {backend}; {versions}.
- Parameters: {params}.
{note}
## What it solves

{results}

## Limits

It solves problems like those it was trained on. Long problems, large numbers and rare functions make it fail. A wrong
answer looks like a right one, so verify. The weights are stored in float16; the model computes in float32.

Licence: that of the project (MIT).
"""


def release(run: Path | str, out: Path | str, results: Path | str | None = None, note: str = "") -> Path:
    """Write a finished trial's model, at half precision, and its card to a folder.

    Args:
        results: a folder of `evaluate`, with figures of this model for the card.
        note: what else a reader should know about its training, such as the trial whose weights it began with.

    Returns:
        The card.

    Raises:
        FileNotFoundError: the trial is not finished, or `results` holds no table.
        ValueError: the table has no figures of a model of this name, or `out` is the trial's own folder or holds
            anything but an earlier release of this trial.
    """
    run, out = Path(run).resolve(), Path(out).resolve()
    if run == out:
        raise ValueError(f"the folder to write must not be the trial's own. Received: {out}, twice.")
    translator = Translator.load(run)
    record = read_params(run)
    if holds_earlier(out, _FILES):
        card = out / CARD
        if not card.exists() or not card.read_text(encoding="utf-8").startswith(f"# {record['trial']}\n"):
            raise ValueError(
                f"{out} holds something other than an earlier release of `{record['trial']}`, or an unfinished one: "
                "choose another folder, or delete it."
            )
    figures = "Not measured yet." if results is None else _figures(Path(results) / RESULTS, run.name)
    too_long = read_result(run).get("too_long", {}).get("train", 0)
    card = _card(record, too_long, read_history(run), translator, figures, note)
    translator.save(out, half=True)
    with atomic_path(out / CARD) as temporary:
        temporary.write_text(card, encoding="utf-8")
    return out / CARD


def _figures(table: Path, name: str) -> str:
    if not table.exists():
        raise FileNotFoundError(f"{table} does not exist: `python -m symbolic evaluate` writes it")
    results = pd.read_csv(table, dtype={"beam": "Int64"})
    rows = results[results["solver"] == name]
    if rows.empty:
        there = ", ".join(results["solver"].unique())
        raise ValueError(f"{table} has no figures of `{name}`. It has those of: {there}.")
    return f"```\n{format_results(rows)}\n```"


def _card(
    record: dict[str, Any], too_long: int, history: pd.DataFrame, translator: Translator, figures: str, note: str
) -> str:
    params = record["params"]
    best = history.iloc[best_epoch(history, params["early_stopping"])]
    return _TEMPLATE.format(
        trial=record["trial"],
        model=params["model"],
        weights=translator.model.count_params(),
        max_length=translator.max_length,
        commands="\n".join(_commands(translator)),
        problems=_problems(record["data"], params, too_long),
        epoch=int(best["epoch"]),
        epochs=len(history),
        steps=params["steps_per_epoch"],
        minutes=history["seconds"].sum() / 60,
        loss=best["loss"],
        val_loss=best["val_loss"],
        token_accuracy=best["val_token_accuracy"],
        results=figures,
        note=f"- {note}\n" if note else "",
        backend=record["backend"],
        versions=", ".join(f"{package} {version}" for package, version in record["versions"].items()),
        params=", ".join(f"{name}={value}" for name, value in params.items()),
        **record["machine"],
    )


def _commands(translator: Translator) -> Iterator[str]:
    yield """    python -m symbolic integrate "x*exp(x)" --run FOLDER"""
    if "a8" in translator.target_processor.vocabulary:  # the constant that solutions of equations have
        yield """    python -m symbolic dsolve "y' + y = x" --run FOLDER"""


def _problems(data: dict[str, Any], params: dict[str, Any], too_long: int) -> str:
    if stream := data.get("stream"):
        shares = ", ".join(f"{task} {weight:g}" for task, weight in stream.items())
        return f"fresh ones all the time, of the families {shares}, from seed {params['seed']}"
    train = data["train"]
    files = (f"{digest} at weight {weight:g}" for digest, weight in zip(train["sha256"], train["weights"], strict=True))
    left_out = f", of which {too_long:,} are too long" if too_long else ""
    return f"{train['problems']:,}{left_out}, in files with the SHA-256 {', '.join(files)}"
