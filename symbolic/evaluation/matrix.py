"""Solvers × problem sets: every solver on every set, in a folder that can be resumed.

    rows/SOLVER/SET/rows.csv         a row per problem (see `rows.evaluate`)
    rows/SOLVER/SET/settings.json    the settings that the rows were made with
    rows/SOLVER/SET/parts/           only during a run: a file for each finished chunk of problems
    tables and curves                over all rows in the folder, also of earlier runs (see `tables`)

A solver is a model at one beam size, such as `quick_rnn@10`, or with a budget of seconds, such as `quick_rnn_10s`, or a
computer algebra system.
"""

import functools
import hashlib
import itertools
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from symbolic.evaluation.problem_sets import read_problem_set, with_kind
from symbolic.evaluation.rows import evaluate, evaluate_system, evaluate_within
from symbolic.evaluation.tables import ROWS, write_tables
from symbolic.problems.files import MAX_BAD_SHARE
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.files import read_json, sha256_of
from symbolic.runtime.folders import check_same_settings
from symbolic.runtime.locks import locked
from symbolic.runtime.progress import tqdm
from symbolic.seq2seq.translator import CONTEXT_VOCABULARY, MODEL, TARGET_VOCABULARY, Translator
from symbolic.seq2seq.translator import SETTINGS as TRANSLATOR_SETTINGS
from symbolic.solving.proposers import check_proposers
from symbolic.systems.asking import asking, solves
from symbolic.systems.integrators import Integrator
from symbolic.systems.ode_solvers import lacking

SETTINGS, PARTS, CODE = "settings.json", "parts", "code"
_PACKAGE = Path(__file__).parents[1]
MODEL_CHUNK, BUDGET_CHUNK, SYSTEM_CHUNK = 128, 16, 16  # problems; a killed run loses at most one chunk


class Solver(NamedTuple):
    """Something that answers problems.

    Attributes:
        name: of the model or system.
        beam: the model's beam size; None for a system, and for a model that widens its beam.
        settings: what its answers depend on, for `settings.json`.
        evaluate: a function from a frame of problems to their rows.
        chunk: the number of problems that `evaluate` is given at a time.
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
    proposers: Sequence[str] = (),
    seconds: Sequence[float] = (),
    time_limit: float = 30.0,
    workers: int = 1,
    max_bad_share: float = MAX_BAD_SHARE,
) -> pd.DataFrame:
    """Evaluate every model at every beam size, and every system, on every problem set; returns the table of results.

    A second call with the same settings resumes the first: finished chunks are not evaluated again. Rows that another
    version of this package made are kept, with a warning.

    Args:
        out: the folder of the results.
        runs: folders of trained models.
        data: files of problems (see `problem_sets.read_problem_set`).
        systems: computer algebra systems. Each is asked only the problems of a set that it can be asked
            (see `systems.asking.solves`).
        beams: beam sizes, each with its own search; 1 is greedy search.
        seconds: budgets of wall time for a problem, each with a search that widens until an answer is proved. A solver
            `NAME_10s` uses the model and `proposers`; with systems there is a second one, `NAME_10s_systems`, that asks
            these last.
        limit: at most this many problems of each file, evenly spread over it; None for all.
        grammar, proposers: as for `rows.evaluate`.
        time_limit: seconds of wall time that a system may take for a problem.
        workers: processes that judge, and problems that a system solves at the same time.
        max_bad_share: the largest fraction of bad lines that a file may have.

    Raises:
        ValueError: an option is out of range, a file is unusable, or the folder holds results of other settings.
        OSError: a file or a model is missing, or another run is at work in `out`.
    """
    _check(runs, systems, beams, seconds, proposers, time_limit, workers)
    sets = {name: _read(path, limit, max_bad_share) for name, path in _named(data).items()}
    folders = _named(runs)
    # All models are loaded first, so that a missing one is found now and not after hours.
    translators = {name: Translator.load(folder) for name, folder in folders.items()}
    options = {"grammar": grammar, "proposers": list(proposers)}
    Path(out).mkdir(parents=True, exist_ok=True)
    with locked(out):
        for name, translator in translators.items():
            settings = {"model": _digest_of_model(folders[name]), **options}
            for beam in beams:
                work = functools.partial(evaluate, translator, beam=beam, **options, workers=workers, progress=False)
                solver = Solver(name, beam, settings, work, MODEL_CHUNK)
                for set_name, problems in sets.items():
                    collect(out, solver, set_name, problems)
            for budget, asked in itertools.product(seconds, [(), systems] if systems else [()]):
                limits = {"seconds": budget, "proposers": list(proposers), "systems": list(asked)}
                work = functools.partial(evaluate_within, translator, **limits, workers=workers)
                label = f"{name}_{budget:g}s" + ("_systems" if asked else "")
                solver = Solver(label, None, {"model": settings["model"], **limits}, work, BUDGET_CHUNK)
                for set_name, problems in sets.items():
                    collect(out, solver, set_name, problems)
        for system in systems:
            with asking(system, time_limit, workers) as ask:
                work = functools.partial(evaluate_system, ask, system, workers=workers)
                solver = Solver(system, None, {"time_limit": time_limit}, work, SYSTEM_CHUNK)
                for set_name, problems in sets.items():
                    solvable = [solves(system, equation) for equation in problems["input"]]
                    if not all(solvable) and (reason := lacking(system)):
                        raise ValueError(reason)
                    collect(out, solver, set_name, problems[solvable])
        return write_tables(out)


def _check(runs, systems, beams, seconds, proposers, time_limit, workers) -> None:
    if not runs and not systems:
        raise ValueError("nothing to evaluate: give the folder of a trained model, or systems (--against).")
    if any(beam < 1 for beam in beams) or len(set(beams)) < len(beams):
        raise ValueError(f"beam sizes must be different numbers from 1 up. Received: {', '.join(map(str, beams))}.")
    if not all(budget > 0 for budget in seconds) or len(set(seconds)) < len(seconds):
        raise ValueError(f"budgets of seconds must be different positive numbers. Received: {seconds}.")
    check_proposers(proposers)
    if workers < 1:
        raise ValueError(f"`workers` must be at least 1. Received: {workers}.")
    for system in systems:
        Integrator(system, time_limit)  # raises if it is unknown or not installed; starts no process


def _named(paths: Sequence[Path | str]) -> dict[str, Path]:
    """Paths by name: the shortest endings of the paths that differ, such as `quick_rnn` or `monday_quick_rnn`."""
    whole = [Path(path).resolve() for path in paths]
    if len({str(path).removesuffix(".gz") for path in whole}) < len(whole):
        raise ValueError(f"a path is given twice, with or without .gz: {', '.join(map(str, paths))}.")
    length = 1
    while len(named := {"_".join(path.parts[-length:]).removesuffix(".gz"): path for path in whole}) < len(whole):
        length += 1
    return named


def _read(path: Path, limit: int | None, max_bad_share: float) -> pd.DataFrame:
    problems, report = read_problem_set(path, limit, max_bad_share)
    if report.bad:
        tqdm.write(str(report))
    return problems


def collect(out: Path | str, solver: Solver, set_name: str, problems: pd.DataFrame) -> None:
    """Write the rows of a solver on a set, chunk by chunk; finished chunks are not evaluated again.

    For a set without problems nothing is written.

    Raises:
        ValueError: the folder holds rows made with other settings or from other problems.
    """
    if problems.empty:
        return
    folder = Path(out) / "rows" / solver.label / set_name
    identity = {"problems": len(problems), "content": _digest_of_problems(problems), CODE: _digest_of_code()}
    _record_settings(folder, solver.settings | identity)
    if (folder / ROWS).exists():
        return
    parts = []
    with tqdm(total=len(problems), desc=f"{solver.label} on {set_name}", unit="problem") as bar:
        for start in range(0, len(problems), solver.chunk):
            piece = problems.iloc[start : start + solver.chunk]
            parts.append(folder / PARTS / f"{start:08}.csv")
            if parts[-1].exists():
                bar.initial += len(piece)  # so that the bar's rate leaves them out
            else:
                rows = solver.evaluate(piece)
                who = {"solver": solver.name, "beam": solver.beam, "set": set_name}
                _write(rows.assign(**who)[[*who, *rows]], parts[-1])
            bar.update(len(piece))
    as_written = {"dtype": str, "keep_default_na": False}
    _write(pd.concat([with_kind(pd.read_csv(part, **as_written)) for part in parts]), folder / ROWS)
    shutil.rmtree(folder / PARTS)


def _record_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Write the settings of a folder's rows, or compare them with those that are written there."""
    path = folder / SETTINGS
    if not path.exists():
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        return
    before = read_json(path)
    if before.pop(CODE, None) != settings[CODE]:
        tqdm.write(
            f"{folder}: rows made by another version of this package are kept; delete the folder for new ones.",
            file=sys.stderr,
        )
    now = {name: value for name, value in settings.items() if name != CODE}
    check_same_settings(folder, "rows of an evaluation (--out)", before, now)


def _digest_of_model(folder: Path) -> str:
    """The SHA-256 of everything that a model's answers depend on."""
    digest = hashlib.sha256()
    for name in (MODEL, CONTEXT_VOCABULARY, TARGET_VOCABULARY, TRANSLATOR_SETTINGS):
        digest.update(bytes.fromhex(sha256_of(folder / name)))
    return digest.hexdigest()


def _digest_of_problems(problems: pd.DataFrame) -> str:
    # The header is that of the first version, so that its folders can be resumed.
    return hashlib.sha256(problems.rename(columns={"kind": "family"}).to_csv(index=False).encode()).hexdigest()


@functools.cache
def _digest_of_code() -> str:
    """The SHA-256 of this package's modules: all of them, because most have a part in answers and verdicts."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(f"{path.relative_to(_PACKAGE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _write(rows: pd.DataFrame, path: Path) -> None:
    with atomic_path(path) as temporary:
        rows.to_csv(temporary, index=False)
