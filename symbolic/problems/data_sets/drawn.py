"""A small data set of random problems: train, valid and test files of the sizes asked for, with a README.

Made by one process and held in memory; `production` and `preparation` are for more. Says what was kept, what was
rejected and why, and how long the sequences are. The same seed and options give the same files on every machine; those
of `fwd` depend on the computer algebra system too.
"""

import dataclasses
import itertools
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import symengine
from tqdm import tqdm

import symbolic
from symbolic.problems.files import write_problems
from symbolic.problems.lengths import count_lengths, describe_lengths
from symbolic.problems.problem import Problem, ProblemOptions
from symbolic.problems.splits import SPLIT_KINDS, SPLITS, add_distinct, describe_split, leakage, skeleton, split_of
from symbolic.problems.tasks import problems
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.folders import holds_earlier
from symbolic.runtime.names import unknown_name

README = "README.md"
# Drawing stops when fewer than one in `_LEAST_KEPT` of the last `_WINDOW` problems was one to keep.
_WINDOW, _LEAST_KEPT = 10_000, 100


@dataclasses.dataclass
class DataSetReport:
    """What a data set holds and what was left out; `str(report)` is a small table.

    Attributes:
        kept: set -> problems in it.
        repeated: problems drawn whose equation was kept already.
        surplus: new problems for a set that was full.
        rejected: reason -> draws that gave no problem.
        lengths: "input" and "output" -> number of tokens -> problems kept.
    """

    kept: dict[str, int]
    repeated: int
    surplus: int
    rejected: Counter
    lengths: dict[str, Counter]

    def __str__(self) -> str:
        rows = [
            ("kept", self.kept),
            ("left out", {"repeated": self.repeated, "for a full set": self.surplus}),
            ("rejected draws", dict(self.rejected.most_common())),
        ]
        lines = [f"{title}: {' · '.join(f'{name} {count:,}' for name, count in row.items())}" for title, row in rows]
        return "\n".join([*lines, *describe_lengths(self.lengths)])


def make_data_set(
    folder: Path | str,
    tasks: str | Sequence[str],
    *,
    train: int = 100_000,
    valid: int = 2_000,
    test: int = 2_000,
    seed: int,
    split: str = "skeleton",
    options: ProblemOptions | None = None,
) -> DataSetReport:
    """Write `TASK.train.gz`, `TASK.valid.gz`, `TASK.test.gz` and a README.md that says how they were made.

    Draws problems until each set has its size; which set a problem may be in is a matter of `splits.split_of`.

    Args:
        folder: where the files go.
        tasks: a name in `tasks.TASKS`, or several, to be drawn from in turn; files are named by all of them.
        train, valid, test: problems in each set.
        seed: any integer from 0 up.
        split: "skeleton", where problems that are equal up to their numbers go into the same set, or "exact".
        options: what the problems are made of; None for the published settings.

    Raises:
        ValueError: an unknown task or kind of split, a size below 1, or options that do not allow so many distinct
            problems; or the folder holds anything but an earlier data set of the same tasks.
        NotADirectoryError: the folder is a file.
    """
    if split not in SPLIT_KINDS:
        raise unknown_name("kind of split", split, SPLIT_KINDS)
    folder, options = Path(folder), options or ProblemOptions()
    tasks = [tasks] if isinstance(tasks, str) else sorted(tasks)
    name = "_".join(tasks)
    _check_folder(folder, name)
    sizes = {"train": train, "valid": valid, "test": test}
    found, report = _collect(tasks, sizes, seed, skeleton if split == "skeleton" else str, options)
    assert not any(leakage(found[a], found[b]) for a, b in itertools.combinations(SPLITS, 2))
    for part in SPLITS:
        write_problems(folder / _file_name(name, part), found[part].items())
    with atomic_path(folder / README) as temporary:
        temporary.write_text(_readme(folder, tasks, sizes, seed, split, options, report), encoding="utf-8")
    return report


def _file_name(name: str, part: str) -> str:
    return f"{name}.{part}.gz"


def _check_folder(folder: Path, name: str) -> None:
    """Only an earlier data set of the same name may be replaced."""
    files = [README, *(_file_name(name, part) for part in SPLITS)]
    if holds_earlier(folder, files):
        readme = folder / README
        if not readme.exists() or not readme.read_text(encoding="utf-8").startswith(_TITLE):
            raise ValueError(
                f"{folder} holds files of another origin, or of a run that was killed: give the data set a folder of "
                "its own, or delete them."
            )


def _in_turn(tasks: Sequence[str], seed: int, options: ProblemOptions, rejected: Counter) -> Iterator[Problem]:
    """A problem of each task, then the next of each, without end."""
    return itertools.chain.from_iterable(zip(*(problems(task, seed, options, rejected) for task in tasks), strict=True))


def _collect(
    tasks: Sequence[str],
    sizes: Mapping[str, int],
    seed: int,
    content: Callable[[str], str],
    options: ProblemOptions,
) -> tuple[dict[str, dict[str, str]], DataSetReport]:
    """Draw until every set has its size; `content` is what of an equation decides about its set.

    Returns set -> {equation: solution}, and what happened.
    """
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"the number of problems must be at least 1. Received: {name}={size}.")
    found: dict[str, dict[str, str]] = {name: {} for name in sizes}
    rejected: Counter = Counter()
    wanted = sum(sizes.values())
    kept = kept_before = repeated = surplus = 0
    stream = _in_turn(tasks, seed, options, rejected)
    with tqdm(total=wanted, desc=" ".join(tasks), unit=" problems") as progress:
        for drawn, problem in enumerate(stream, 1):
            name = split_of(content(problem.equation))
            solutions = found[name]
            if problem.equation not in solutions and len(solutions) == sizes[name]:
                surplus += 1
            elif add_distinct(solutions, problem):
                kept += 1
                progress.update()
            else:
                repeated += 1
            if kept == wanted:
                break
            if drawn % _WINDOW == 0:
                if kept - kept_before < _WINDOW // _LEAST_KEPT:
                    raise _exhausted(tasks, found, sizes, drawn)
                kept_before = kept
    lengths = count_lengths(pair for solutions in found.values() for pair in solutions.items())
    kept_by_set = {name: len(solutions) for name, solutions in found.items()}
    return found, DataSetReport(kept_by_set, repeated, surplus, rejected, lengths)


def _exhausted(tasks, found, sizes, drawn) -> ValueError:
    counts = ", ".join(f"{len(solutions):,} of {sizes[name]:,} for {name}" for name, solutions in found.items())
    return ValueError(
        f"{' and '.join(tasks)}: too few distinct problems with these options. {drawn:,} draws gave {counts}, and of "
        f"the last {_WINDOW:,} fewer than 1 in {_LEAST_KEPT} was kept. Ask for fewer, or allow larger ones (max_ops, "
        "max_int)."
    )


def option_words(options: ProblemOptions) -> list[str]:
    """The options that are not the published ones, as words of the command line: `--max-ops 4`."""
    defaults = ProblemOptions()
    words = []
    for name, value in _values(options).items():
        if value != getattr(defaults, name):
            words.append("--" + name.replace("_", "-"))
            words += [] if value is True else _words(value)
    return words


def _values(options):
    return {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}


def _words(value) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name}:{weight}" for name, weight in value.items()]
    if isinstance(value, tuple):
        return list(value)
    return [str(value)]


_TITLE = "# Problems of "
_README = """\
{title}{families}

Made by this project's own generator:

```
{command}
```

`{name}.train.gz`, `{name}.valid.gz` and `{name}.test.gz` hold a problem a line, `input<TAB>output`, in prefix tokens.
`input` is the left-hand side of an equation = 0, `output` a solution y(x) of it: `sub Y' f` asks for a primitive of f,
without its constant; in the solution of another differential equation the constants are `a8` and `a9`.

```
{report}
```

- Seed {seed}; options: {options}.
{split}
- Made with symbolic {symbolic}, SymEngine {symengine}, NumPy {numpy}, Python {python}.
"""


def _readme(folder, tasks, sizes, seed, split, options, report) -> str:
    words = ["python -m symbolic dataset", "--task", *tasks, "--split", split]
    words += [f"--{name} {size}" for name, size in sizes.items()]
    words += [
        *option_words(options),
        "--seed",
        str(seed),
        "--out",
        folder.name if folder.is_absolute() else folder.as_posix(),
    ]
    return _README.format(
        title=_TITLE,
        families=", ".join(f"`{task}`" for task in tasks),
        name="_".join(tasks),
        command=" ".join(words),
        report=report,
        seed=seed,
        options="; ".join(f"{name} = {' '.join(_words(value))}" for name, value in _values(options).items()),
        split=describe_split(split),
        symbolic=symbolic.__version__,
        symengine=symengine.__version__,
        numpy=np.__version__,
        python=platform.python_version(),
    )
