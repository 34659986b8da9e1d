"""A small data set of random problems: train, valid and test files of the sizes asked for, with a README.

Made by one process and held in memory; `production` is for more. Says what was kept, what was rejected and why, and how
long the sequences are. The same seed and options give the same files on every machine.
"""

import dataclasses
import itertools
import platform
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import symengine
from tqdm import tqdm

import symbolic
from symbolic.atomic import atomic_path
from symbolic.problems.files import write_problems
from symbolic.problems.lengths import count_lengths, describe_lengths
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.splits import SPLITS, TEST_PERCENT, VALID_PERCENT, add_distinct, leakage, split_of
from symbolic.problems.tasks import problems

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
    task: str,
    *,
    train: int = 100_000,
    valid: int = 2_000,
    test: int = 2_000,
    seed: int,
    options: ProblemOptions | None = None,
) -> DataSetReport:
    """Write `integration.train.gz`, `.valid.gz`, `.test.gz` and a README.md that says how they were made.

    Draws problems until each set has its size; which set a problem may be in is a matter of `splits.split_of`.

    Raises:
        ValueError: an unknown task, a size below 1, or options that do not allow so many distinct problems.
    """
    folder, options = Path(folder), options or ProblemOptions()
    sizes = {"train": train, "valid": valid, "test": test}
    found, report = _collect(task, sizes, seed, options)
    assert not any(leakage(found[a], found[b]) for a, b in itertools.combinations(SPLITS, 2))
    for split in SPLITS:
        write_problems(folder / f"integration.{split}.gz", found[split].items())
    with atomic_path(folder / "README.md") as temporary:
        temporary.write_text(_readme(folder, task, sizes, seed, options, report), encoding="utf-8")
    return report


def _collect(
    task: str, sizes: Mapping[str, int], seed: int, options: ProblemOptions
) -> tuple[dict[str, dict[str, str]], DataSetReport]:
    """Draw until every set has its size. Returns set -> {equation: solution}, and what happened."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"the number of problems must be at least 1. Received: {name}={size}.")
    found: dict[str, dict[str, str]] = {name: {} for name in sizes}
    rejected: Counter = Counter()
    wanted = sum(sizes.values())
    kept = kept_before = repeated = surplus = 0
    stream = problems(task, seed, options, rejected)
    with tqdm(total=wanted, desc=task, unit=" problems") as progress:
        for drawn, problem in enumerate(stream, 1):
            name = split_of(problem.equation)
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
                    raise _exhausted(task, found, sizes, drawn)
                kept_before = kept
    lengths = count_lengths(pair for solutions in found.values() for pair in solutions.items())
    kept_by_set = {name: len(solutions) for name, solutions in found.items()}
    return found, DataSetReport(kept_by_set, repeated, surplus, rejected, lengths)


def _exhausted(task, found, sizes, drawn) -> ValueError:
    counts = ", ".join(f"{len(solutions):,} of {sizes[name]:,} for {name}" for name, solutions in found.items())
    return ValueError(
        f"{task} has too few distinct problems with these options: {drawn:,} draws gave {counts}, and of the last "
        f"{_WINDOW:,} fewer than 1 in {_LEAST_KEPT} was kept. Ask for fewer, or allow larger ones (max_ops, max_int)."
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


_README = """\
# Problems of the family `{task}`

Made by this project's own generator:

```
{command}
```

`integration.train.gz`, `integration.valid.gz` and `integration.test.gz` hold a problem a line, `input<TAB>output`, in
prefix tokens; `input` is `sub Y' f`, `output` a primitive of f.

```
{report}
```

- Seed {seed}; options: {options}.
- No equation occurs twice, and no validation or test problem is in train. A hash of the equation decides which set it
  may be in: {test_percent} % of all equations are for test, {valid_percent} % for validation, the rest for training.
- Made with symbolic {symbolic}, SymEngine {symengine}, NumPy {numpy}, Python {python}.
"""


def _readme(folder, task, sizes, seed, options, report) -> str:
    words = ["python -m symbolic dataset", "--task", task]
    words += [f"--{name} {size}" for name, size in sizes.items()]
    words += [
        *option_words(options),
        "--seed",
        str(seed),
        "--out",
        folder.name if folder.is_absolute() else folder.as_posix(),
    ]
    return _README.format(
        task=task,
        command=" ".join(words),
        report=report,
        seed=seed,
        options="; ".join(f"{name} = {' '.join(_words(value))}" for name, value in _values(options).items()),
        test_percent=TEST_PERCENT,
        valid_percent=VALID_PERCENT,
        symbolic=symbolic.__version__,
        symengine=symengine.__version__,
        numpy=np.__version__,
        python=platform.python_version(),
    )
