"""Problem sets: the problems of one file, each with its family, its length and its number of operators.

Knows the file formats by their names and how to tell one kind of equation from another; not how problems are solved.
"""

import re
from pathlib import Path

import pandas as pd

from symbolic.expressions.equations import integrand_of, order_of
from symbolic.expressions.prefix import from_prefix
from symbolic.problems.families.drawing import operator_count
from symbolic.problems.files import MAX_BAD_SHARE, ReadReport, read_problems, spread
from symbolic.problems.sympy_suite import SUFFIXES, read_suite

INTEGRATION = "integration"
_WAY_OF_INTEGRATION = re.compile(r"(?<![a-z])(fwd|bwd|ibp)(?![a-z])")


def read_problem_set(
    path: Path | str, limit: int | None = None, max_bad_share: float = MAX_BAD_SHARE
) -> tuple[pd.DataFrame, ReadReport]:
    """The problems of a file, in a published format or, if it is named `.jsonl`, in SymPy's spelling.

    Args:
        limit: so many of them at most, evenly spread over the file.

    Returns:
        A frame with the columns `line`, `family`, `operators` (in the input, `sub` and all), `length` (tokens of the
        input), `input` and `output`; and a report of the lines left out.

    Raises:
        OSError, ValueError: as `files.read_problems` does; or `limit` is below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"`limit` must be at least 1. Received: {limit}.")
    path = Path(path)
    read = read_suite if path.name.endswith(SUFFIXES) else read_problems
    problems, report = read(path, max_bad_share)
    if limit is not None:
        problems = problems.iloc[spread(limit, len(problems))]
    tokens = [equation.split(" ") for equation in problems["input"]]
    columns = {
        "line": problems["line"],
        "family": [family_of(equation, path.name) for equation in problems["input"]],
        "operators": [operator_count(each) for each in tokens],
        "length": [len(each) for each in tokens],
    }
    return pd.DataFrame(columns | {side: problems[side] for side in ("input", "output")}), report


def family_of(equation: str, file_name: str = "") -> str:
    """ "ode1" or "ode2" by the order of an equation, "integration" if it is `sub Y' f`.

    How an integral was made does not show in it: it is "fwd", "bwd" or "ibp" where the file's name says so.
    """
    tree = from_prefix(equation)
    if integrand_of(tree) is not None:
        way = _WAY_OF_INTEGRATION.search(file_name)
        return way[0] if way else INTEGRATION
    return "ode2" if order_of(tree) == 2 else "ode1"


def is_integral(family: str) -> bool:
    """Whether the problems of a family are integrals."""
    return not family.startswith("ode")
