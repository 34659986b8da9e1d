"""Learning from the judge: what the whole solver proves becomes training data for the model.

Problems without answers are put to a trained model and all proposers. The shortest general answer that verifies, of
each problem that has one, makes a training pair. A model that begins with the old weights trains on the old data and
the new pairs, and may be improved in turn. This is expert iteration (Anthony, Tian, Barber 2017; Zelikman et al. 2022
for language models), with a judge that does not accept wrong answers.

    OUT/round_1_pairs/parts/    a file for each finished chunk of problems
    OUT/round_1_pairs/solved.gz the new pairs
    OUT/round_1_data/           the data set made of them (`problems.data_sets.prepared`)
    OUT/round_1/                the trial (`trials`)
    OUT/improvement.json        what each round was asked, what was solved and by whom
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from symbolic.evaluation.problem_sets import read_problem_set
from symbolic.evaluation.rows import as_trained
from symbolic.problems.data_sets.prepared import prepare
from symbolic.problems.files import write_problems
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.folders import check_same_settings
from symbolic.runtime.locks import locked
from symbolic.runtime.progress import tqdm
from symbolic.seq2seq.searches import Beam
from symbolic.seq2seq.translator import Translator
from symbolic.solving.proposers import OWN
from symbolic.solving.rounds import Inquiry, by_system, fixed
from symbolic.solving.sandbox import limited_map
from symbolic.solving.search import search
from symbolic.solving.spellings import spelt_answer
from symbolic.training.data import parse_weights
from symbolic.training.runs import SymbolicModelTrain
from symbolic.verification import verify_many

RECORD = "improvement.json"
_CHUNK = 64  # problems; a killed run loses at most one chunk


def improve(
    run: Path | str,
    problems: Sequence[Path | str],
    data: str,
    out: Path | str,
    trial: Mapping[str, Any],
    *,
    rounds: int = 1,
    beam: int = 10,
    systems: Sequence[str] = (),
    leave_out: Sequence[Path | str] = (),
    weight: float = 0.25,
    time_limit: float = 5.0,
    workers: int = 1,
    defaults: Mapping[str, Any] | None = None,
) -> Path:
    """Solve problems, train on what was proved, and so on; a second call with the same arguments goes on.

    Args:
        run: the folder of a trained model, which solves the first round and gives the first weights.
        problems: files of problems; their own answers are not used.
        data: the other training data, as `run_model_train.py --data` takes it.
        out: a folder for what the rounds write.
        trial: the parameters of the training, as in `model_params`; `initial_weights` is set by this function.
        rounds: how often to solve and train.
        beam: beam size of the model.
        systems: computer algebra systems that are asked last.
        leave_out: files of test problems. What equals one of them up to its numbers is not trained on.
        weight: fraction of the training that the new pairs get.
        time_limit: seconds that a proposer may take for a problem, and the judge for an answer.
        workers: processes that propose and judge.
        defaults: values of parameters that the trial leaves open; None for those of `model_params.py`.

    Returns:
        The folder of the last trial.

    Raises:
        ValueError: an argument is out of its range, a file is unusable, nothing was solved, or `out` holds another
            improvement.
        OSError: a file or a model is missing.
    """
    if rounds < 1 or not 0 < weight < 1:
        raise ValueError(f"`rounds` must be at least 1 and `weight` between 0 and 1. Received: {rounds}, {weight}.")
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    settings = {"run": str(run), "problems": list(map(str, problems)), "data": data, "beam": beam}
    settings |= {"systems": list(systems), "leave_out": list(map(str, leave_out)), "weight": weight}
    with locked(out):
        record = _record(out, settings)
        model = Path(run)
        for number in range(1, rounds + 1):
            name = f"round_{number}"
            pairs = out / f"{name}_pairs" / "solved.gz"
            if not pairs.exists():
                solved = _solved(model, problems, pairs.parent, beam, systems, time_limit, workers)
                if solved.empty:
                    raise ValueError(
                        f"nothing was solved of {', '.join(map(str, problems))}: there is nothing to learn"
                    )
                record["rounds"][name] = _counts(solved)
                _write_record(out, record)
                answered = solved[solved["answer"] != ""]
                write_problems(pairs, zip(answered["problem"], answered["answer"], strict=True))
            prepared = out / f"{name}_data"
            if not prepared.exists():
                prepare([pairs], prepared, name="solved", valid=1, test=1, leave_out=leave_out, workers=workers)
            training = SymbolicModelTrain(
                {name: {**trial, "initial_weights": str(model)}}, out, workers, defaults=defaults
            )
            training.run_all(_with_new(data, prepared, weight), vocabulary="fixed")
            if name in training.failures:
                raise ValueError(f"{out / name}: {training.failures[name]}")
            model = out / name
    return model


def _with_new(data: str, prepared: Path, weight: float) -> str:
    """The old data with weights that add up to 1 - weight, and the new pairs with `weight`."""
    old = parse_weights(data, "data", "DIR")
    total = sum(old.values())
    words = [f"{folder}:{part / total * (1 - weight)}" for folder, part in old.items()]
    return ",".join([*words, f"{prepared}:{weight}"])


def _solved(
    model: Path,
    files: Sequence[Path | str],
    folder: Path,
    beam: int,
    systems: Sequence[str],
    limit: float,
    workers: int,
) -> pd.DataFrame:
    """A row per problem: `problem` in the training spelling, the `answer` (empty if none) and its `origin`."""
    translator = Translator.load(model)
    texts = [text for file in files for text in read_problem_set(file)[0]["input"]]
    texts = list(dict.fromkeys(texts))
    parts = []
    with tqdm(total=len(texts), desc="solving", unit="problem") as bar:
        for start in range(0, len(texts), _CHUNK):
            part = folder / "parts" / f"{start:08}.json"
            if not part.exists():
                rows = _solved_chunk(translator, texts[start : start + _CHUNK], beam, systems, limit, workers)
                with atomic_path(part) as temporary:
                    temporary.write_text(json.dumps(rows) + "\n", encoding="utf-8")
            parts += json.loads(part.read_text(encoding="utf-8"))
            bar.update(len(texts[start : start + _CHUNK]))
    return pd.DataFrame(parts, columns=["problem", "answer", "origin"])


def _solved_chunk(
    translator: Translator, texts: Sequence[str], beam: int, systems: Sequence[str], limit: float, workers: int
) -> list[tuple[str, str, str]]:
    inquiries = [Inquiry(question) for question in as_trained(texts, workers)]
    rounds = [*fixed(Beam(beam), OWN), *map(by_system, systems)]
    for _ in search(inquiries, translator, rounds, time_limit=limit, workers=workers):
        pass
    general = [[each for each in inquiry.candidates if each.verdict.general] for inquiry in inquiries]
    shortest = [min(row, key=lambda each: len(each.tokens.split()), default=None) for row in general]
    asked = [(inquiry, best) for inquiry, best in zip(inquiries, shortest, strict=True) if best]
    with limited_map(workers, limit) as compute:
        spelt = compute(spelt_answer, [(inquiry.question.problem, best.tokens) for inquiry, best in asked])
    pairs = []  # (problem as the model will read it, answer), two for each inquiry that is solved
    for (inquiry, best), text in zip(asked, spelt, strict=True):
        pairs += [(inquiry.question.problem, text or best.tokens), (inquiry.question.problem, best.tokens)]
    verdicts = verify_many(pairs, workers=workers, time_limit=limit)
    right = {}  # problem -> its first answer that verifies
    for (problem, answer), verdict in zip(pairs, verdicts, strict=True):
        if verdict.general:
            right.setdefault(problem, answer)
    origins = {inquiry.question.problem: best.origin for inquiry, best in asked}
    problems = [inquiry.question.problem for inquiry in inquiries]
    return [(each, right.get(each, ""), origins[each] if each in right else "") for each in problems]


def _counts(solved: pd.DataFrame) -> dict[str, Any]:
    origins = Counter(solved.loc[solved["answer"] != "", "origin"])
    return {"asked": len(solved), "solved": sum(origins.values()), "by": dict(origins.most_common())}


def _record(out: Path, settings: dict[str, Any]) -> dict[str, Any]:
    path = out / RECORD
    if not path.exists():
        record = {"settings": settings, "rounds": {}}
        _write_record(out, record)
        return record
    record = json.loads(path.read_text(encoding="utf-8"))
    check_same_settings(out, "an improvement", record["settings"], settings)
    return record


def _write_record(out: Path, record: dict[str, Any]) -> None:
    with atomic_path(out / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
