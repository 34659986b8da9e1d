"""Problem sets: the problems of one file, each with its kind, its length and its number of operators.

A kind is found from the equation and the file's name: "ode1", "ode2", or for an integral "fwd", "bwd", "ibp" or
"integration". It is not one of the families of generators in `problems.tasks`.
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
_KIND_IN_FILE_NAME = re.compile(r"(?<![a-z])(fwd|bwd|ibp)(?![a-z])")


def read_problem_set(
    path: Path | str, limit: int | None = None, max_bad_share: float = MAX_BAD_SHARE
) -> tuple[pd.DataFrame, ReadReport]:
    """The problems of a file in a published format or, if its name ends with `.jsonl`, in SymPy's spelling.

    Args:
        limit: at most this many problems, evenly spread over the file; None for all.
        max_bad_share: the largest fraction of bad lines that the file may have.

    Returns:
        A frame with the columns `line`, `kind`, `operators` (of the whole input, `sub` included), `length` (tokens of
        the input), `input` and `output`; and a report of the lines left out.

    Raises:
        OSError, ValueError: as for `files.read_problems`; or `limit` is below 1.
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
        "kind": [kind_of(equation, path.name) for equation in problems["input"]],
        "operators": [operator_count(each) for each in tokens],
        "length": [len(each) for each in tokens],
    }
    return pd.DataFrame(columns | {side: problems[side] for side in ("input", "output")}), report


def kind_of(equation: str, file_name: str = "") -> str:
    """The kind of an equation: "ode1" or "ode2" by its order, or that of an integral, `sub Y' f`.

    An integral does not show how it was made. So its kind is "fwd", "bwd" or "ibp" if the file's name contains that,
    else "integration".
    """
    tree = from_prefix(equation)
    if integrand_of(tree) is not None:
        found = _KIND_IN_FILE_NAME.search(file_name)
        return found[0] if found else INTEGRATION
    return "ode2" if order_of(tree) == 2 else "ode1"


def is_integral(kind: str) -> bool:
    """Whether problems of this kind are integrals."""
    return not kind.startswith("ode")


def with_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as read from a file, with the column `kind`; files of earlier versions call it `family`."""
    return rows.rename(columns={"family": "kind"})
