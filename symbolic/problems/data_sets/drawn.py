"""A small data set of random problems: train, valid and test files of the sizes asked for, with a README.

One process makes it and holds it in memory; `generate` and `prepare` are for more. Its report has what was kept, what
was rejected and why, and how long the sequences are. The same seed and options give the same files on every machine;
those of `fwd` depend on the computer algebra system too.
"""

import dataclasses
import itertools
import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import symengine

import symbolic
from symbolic.problems.files import write_problems
from symbolic.problems.lengths import count_lengths, describe_lengths
from symbolic.problems.problem import Problem, ProblemOptions
from symbolic.problems.splits import SPLIT_KINDS, SPLITS, add_distinct, describe_split, leakage, skeleton, split_of
from symbolic.problems.tasks import file_stem, problems
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.folders import holds_earlier, replaced_together
from symbolic.runtime.names import unknown_name
from symbolic.runtime.progress import tqdm

README = "README.md"
# Drawing stops when fewer than one in `_LEAST_KEPT` of the last `_WINDOW` problems was one to keep.
_WINDOW, _LEAST_KEPT = 10_000, 100
_WORK = ".drawing"  # subfolder of what is not finished; a later run removes what a killed one left


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


@dataclasses.dataclass(frozen=True)
class _DataSet:
    """What is asked for: `tasks` sorted, `sizes` set -> problems, and the rest as `make_data_set` takes it."""

    tasks: Sequence[str]
    sizes: Mapping[str, int]
    seed: int
    split: str
    options: ProblemOptions

    def __post_init__(self):
        if self.split not in SPLIT_KINDS:
            raise unknown_name("kind of split", self.split, SPLIT_KINDS)
        for name, size in self.sizes.items():
            if size < 1:
                raise ValueError(f"the number of problems must be at least 1. Received: {name}={size}.")

    @property
    def name(self) -> str:
        return "_".join(map(file_stem, self.tasks))

    def file(self, part: str) -> str:
        return f"{self.name}.{part}.gz"

    def files(self) -> list[str]:
        """All that is written. The training file is last: without it nobody takes a folder for a data set."""
        return [README, *map(self.file, reversed(SPLITS))]

    def set_of(self, equation: str) -> str:
        """The only set that a problem may be in."""
        return split_of(skeleton(equation) if self.split == "skeleton" else equation)

    def command(self, folder: Path) -> str:
        words = ["python -m symbolic dataset", "--task", *self.tasks, "--split", self.split]
        words += [f"--{name} {size}" for name, size in self.sizes.items()]
        out = folder.name if folder.is_absolute() else folder.as_posix()
        return " ".join([*words, *option_words(self.options), "--seed", str(self.seed), "--out", out])


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
    """Write `TASK.train.gz`, `TASK.valid.gz`, `TASK.test.gz` and a README.md that tells how they were made.

    Draws problems until each set has its size; `splits.split_of` decides which set a problem may be in. An earlier
    data set in the folder stays as it is until the new one is whole.

    Args:
        folder: where the files go.
        tasks: a name in `tasks.TASKS` or `my_module:my_family`, or several, to be drawn from in turn; files are named
            by all of them.
        train, valid, test: problems in each set.
        seed: any integer from 0 up.
        split: "skeleton", where problems that are equal up to their numbers go into the same set, or "exact".
        options: what the problems are made of; None for the published settings.

    Raises:
        ValueError: an unknown task or kind of split, a size below 1, or options that allow too few distinct problems;
            or the folder holds anything but an earlier data set of the same tasks.
        OSError: the folder is a file, cannot be written, or is being written by another run.
    """
    tasks = [tasks] if isinstance(tasks, str) else sorted(tasks)
    sizes = {"train": train, "valid": valid, "test": test}
    data_set = _DataSet(tasks, sizes, seed, split, options or ProblemOptions())
    folder = Path(folder)
    _check_folder(folder, data_set)
    with replaced_together(folder, data_set.files(), _WORK) as work:
        found, report = _collect(data_set)
        assert not any(leakage(found[a], found[b]) for a, b in itertools.combinations(SPLITS, 2))
        for part in SPLITS:
            write_problems(work / data_set.file(part), found[part].items())
        with atomic_path(work / README) as temporary:
            temporary.write_text(_readme(data_set, folder, report), encoding="utf-8")
    return report


def _check_folder(folder: Path, data_set: _DataSet) -> None:
    """Only an earlier data set of the same name may be replaced."""
    if holds_earlier(folder, data_set.files()):
        readme = folder / README
        if not readme.exists() or not readme.read_text(encoding="utf-8").startswith(_TITLE):
            raise ValueError(
                f"{folder} holds files of another origin: give the data set a folder of its own, or delete them."
            )


def _in_turn(data_set: _DataSet, rejected: Counter) -> Iterator[Problem]:
    """A problem of each task, then the next of each, without end."""
    streams = [problems(task, data_set.seed, data_set.options, rejected) for task in data_set.tasks]
    return itertools.chain.from_iterable(zip(*streams, strict=True))


def _collect(data_set: _DataSet) -> tuple[dict[str, dict[str, str]], DataSetReport]:
    """Draw until every set has its size. Returns set -> {equation: solution}, and what happened."""
    sizes = data_set.sizes
    found: dict[str, dict[str, str]] = {name: {} for name in sizes}
    rejected: Counter = Counter()
    wanted = sum(sizes.values())
    kept = kept_before = repeated = surplus = 0
    drawn_problems = _in_turn(data_set, rejected)
    with tqdm(total=wanted, desc=" ".join(data_set.tasks), unit=" problems") as progress:
        for drawn, problem in enumerate(drawn_problems, 1):
            name = data_set.set_of(problem.equation)
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
                    raise _exhausted(data_set, found, drawn)
                kept_before = kept
    lengths = count_lengths(pair for solutions in found.values() for pair in solutions.items())
    kept_by_set = {name: len(solutions) for name, solutions in found.items()}
    return found, DataSetReport(kept_by_set, repeated, surplus, rejected, lengths)


def _exhausted(data_set: _DataSet, found: Mapping[str, Mapping[str, str]], drawn: int) -> ValueError:
    counts = ", ".join(f"{len(found[name]):,} of {size:,} for {name}" for name, size in data_set.sizes.items())
    return ValueError(
        f"{' and '.join(data_set.tasks)}: too few distinct problems with these options. {drawn:,} draws gave {counts}, "
        f"and of the last {_WINDOW:,} fewer than 1 in {_LEAST_KEPT} was kept. Ask for fewer, or allow larger ones "
        "(max_ops, max_int)."
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
{title}{tasks}

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


def _readme(data_set: _DataSet, folder: Path, report: DataSetReport) -> str:
    return _README.format(
        title=_TITLE,
        tasks=", ".join(f"`{task}`" for task in data_set.tasks),
        name=data_set.name,
        command=data_set.command(folder),
        report=report,
        seed=data_set.seed,
        options="; ".join(f"{name} = {' '.join(_words(value))}" for name, value in _values(data_set.options).items()),
        split=describe_split(data_set.split),
        symbolic=symbolic.__version__,
        symengine=symengine.__version__,
        numpy=np.__version__,
        python=platform.python_version(),
    )
