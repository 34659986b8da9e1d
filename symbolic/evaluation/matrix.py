"""Solvers × problem sets: every solver on every set, in a folder that can be resumed.

    rows/SOLVER/SET/rows.csv         a row per problem (see `evaluation.evaluate`)
    rows/SOLVER/SET/settings.json    what they were made with
    rows/SOLVER/SET/parts/           while they are being made: a file for every chunk of problems that is done
    and the tables and curves of `tables`, over all that the folder holds, of earlier commands too

A solver is a model at one beam size, such as `quick_rnn@10`, or a computer algebra system. Knows how rows are kept, not
how they come about.
"""

import functools
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from tqdm import tqdm

from symbolic.evaluation.problem_sets import read_problem_set
from symbolic.evaluation.rows import evaluate, evaluate_system
from symbolic.evaluation.tables import ROWS, write_tables
from symbolic.problems.files import MAX_BAD_SHARE
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.locks import locked
from symbolic.seq2seq.translator import CONTEXT_VOCABULARY, MODEL, TARGET_VOCABULARY, Translator
from symbolic.seq2seq.translator import SETTINGS as TRANSLATOR_SETTINGS
from symbolic.systems.asking import asking, solves
from symbolic.systems.integrators import Integrator

SETTINGS, PARTS, CODE = "settings.json", "parts", "code"
_PACKAGE = Path(__file__).parents[1]
MODEL_CHUNK, SYSTEM_CHUNK = 128, 16  # problems; one chunk is what a kill costs at most


class Solver(NamedTuple):
    """Something that answers problems.

    Attributes:
        name: of the model or system.
        beam: the model's beam size; None for a system.
        settings: what its answers depend on, for `settings.json`.
        evaluate: from a frame of problems to their rows.
        chunk: problems that it is given at a time.
    """

    name: str
    beam: int | None
    settings: dict[str, Any]
    evaluate: Callable[[pd.DataFrame], pd.DataFrame]
    chunk: int

    @property
    def label(self) -> str:
        return self.name if self.beam is None else f"{self.name}@{self.beam}"


def evaluate_matrix(
    out: Path | str,
    runs: Sequence[Path | str],
    data: Sequence[Path | str],
    *,
    systems: Sequence[str] = (),
    beams: Sequence[int] = (1, 10, 50),
    limit: int | None = None,
    grammar: bool = True,
    repair: bool = False,
    linearity: bool = False,
    time_limit: float = 30.0,
    workers: int = 1,
    max_bad_share: float = MAX_BAD_SHARE,
) -> pd.DataFrame:
    """Every model at every beam size, and every system, on every problem set; the table of results.

    Started again, with the same settings, it goes on where it was stopped; what is done is not done again. Rows of
    another version of this package are kept too, and that is said.

    Args:
        out: the folder of the results.
        runs: folders of trained models.
        data: files of problems (see `problem_sets.read_problem_set`).
        systems: computer algebra systems; a system is asked those problems of a set that are of a family it knows.
        beams: beam sizes, each a search of its own; 1 is greedy.
        limit: problems of a file, evenly spread over it; None for all.
        grammar, repair, linearity: as for `evaluation.evaluate`.
        time_limit: seconds of wall time that a system may take for a problem.
        workers: processes that judge, and problems that a system works on at a time.
        max_bad_share: the share of bad lines that a file may have.

    Raises:
        ValueError: an option is out of range, a file is unusable, or the folder holds results of other settings.
        OSError: a file or a model is missing, or another run is at work in `out`.
    """
    _check(runs, systems, beams, time_limit, workers)
    problem_sets = {}
    for name, path in _named(data).items():
        problem_sets[name], report = read_problem_set(path, limit, max_bad_share)
        if report.bad:
            tqdm.write(str(report))
    folders = _named(runs)
    translators = {
        name: Translator.load(folder) for name, folder in folders.items()
    }  # now: none is to fail hours later
    options = {"grammar": grammar, "repair": repair, "linearity": linearity}
    Path(out).mkdir(parents=True, exist_ok=True)
    with locked(out):
        for name, translator in translators.items():
            settings = {"model": _digest(folders[name]), **options}
            for beam in beams:
                work = functools.partial(evaluate, translator, beam=beam, **options, workers=workers, progress=False)
                solver = Solver(name, beam, settings, work, MODEL_CHUNK)
                for set_name, problems in problem_sets.items():
                    collect(out, solver, set_name, problems)
        for system in systems:
            with asking(system, time_limit, workers) as ask:
                work = functools.partial(evaluate_system, ask, system, workers=workers)
                solver = Solver(system, None, {"time_limit": time_limit}, work, SYSTEM_CHUNK)
                for set_name, problems in problem_sets.items():
                    collect(
                        out, solver, set_name, problems[[solves(system, equation) for equation in problems["input"]]]
                    )
        return write_tables(out)


def _check(runs, systems, beams, time_limit, workers) -> None:
    if not runs and not systems:
        raise ValueError("nothing to evaluate: give the folder of a trained model, or systems (--against).")
    if any(beam < 1 for beam in beams) or len(set(beams)) < len(beams):
        raise ValueError(f"beam sizes must be different numbers from 1 up. Received: {', '.join(map(str, beams))}.")
    if workers < 1:
        raise ValueError(f"`workers` must be at least 1. Received: {workers}.")
    for system in systems:
        Integrator(system, time_limit)  # says at once if it is unknown or not installed; it starts no process


def _named(paths: Sequence[Path | str]) -> dict[str, Path]:
    """Paths by their ends, as long as it takes to tell them apart: `quick_rnn`, or `monday_quick_rnn` and the like."""
    whole = [Path(path).resolve() for path in paths]
    if len({str(path).removesuffix(".gz") for path in whole}) < len(whole):
        raise ValueError(f"a path is given twice, with or without .gz: {', '.join(map(str, paths))}.")
    length = 1
    while len(named := {"_".join(path.parts[-length:]).removesuffix(".gz"): path for path in whole}) < len(whole):
        length += 1
    return named


def _digest(folder: Path) -> str:
    """Of all that a model's answers depend on."""
    digest = hashlib.sha256()
    for name in (MODEL, CONTEXT_VOCABULARY, TARGET_VOCABULARY, TRANSLATOR_SETTINGS):
        with open(folder / name, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


@functools.cache
def _digest_of_code() -> str:
    """Of this package's modules. Search, repair and proof are all over it, so none is left out."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(f"{path.relative_to(_PACKAGE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def collect(out: Path | str, solver: Solver, set_name: str, problems: pd.DataFrame) -> None:
    """Write the rows of a solver on a set, chunk by chunk; a chunk that is there already is not done again.

    A set without problems leaves nothing.

    Raises:
        ValueError: rows made with other settings, or from other problems, are there.
    """
    if problems.empty:
        return
    folder = Path(out) / "rows" / solver.label / set_name
    content = hashlib.sha256(problems.to_csv(index=False).encode()).hexdigest()
    _open(folder, solver.settings | {"problems": len(problems), "content": content, CODE: _digest_of_code()})
    if (folder / ROWS).exists():
        return
    parts = []
    with tqdm(total=len(problems), desc=f"{solver.label} on {set_name}", unit="problem") as bar:
        for start in range(0, len(problems), solver.chunk):
            piece = problems.iloc[start : start + solver.chunk]
            parts.append(folder / PARTS / f"{start:08}.csv")
            if parts[-1].exists():
                bar.initial += len(piece)  # these do not count for the rate
            else:
                rows = solver.evaluate(piece)
                who = {"solver": solver.name, "beam": solver.beam, "set": set_name}
                _write(rows.assign(**who)[[*who, *rows]], parts[-1])
            bar.update(len(piece))
    as_written = {"dtype": str, "keep_default_na": False}
    _write(pd.concat([pd.read_csv(part, **as_written) for part in parts]), folder / ROWS)
    shutil.rmtree(folder / PARTS)


def _open(folder: Path, settings: dict[str, Any]) -> None:
    """Write down what rows are made with, or compare it with what is written there."""
    path = folder / SETTINGS
    if not path.exists():
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        return
    there = json.loads(path.read_text(encoding="utf-8"))
    names = sorted(name for name in there.keys() | settings.keys() if there.get(name) != settings.get(name))
    if CODE in names:
        names.remove(CODE)
        tqdm.write(
            f"{folder}: made, or begun, by another version of this package, and kept; delete it for new rows.",
            file=sys.stderr,
        )
    if names:
        says = {name: f"{name}: {there.get(name)} there, {settings.get(name)} now" for name in names}
        changed = "; ".join((says | {"content": "other problems"})[name] for name in names)
        raise ValueError(
            f"{folder} holds rows made with other settings ({changed}). Choose another folder (--out), or delete it."
        )


def _write(rows: pd.DataFrame, path: Path) -> None:
    with atomic_path(path) as temporary:
        rows.to_csv(temporary, index=False)
