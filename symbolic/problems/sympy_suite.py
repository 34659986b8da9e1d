"""Test suites in SymPy's spelling: a JSON object a line, with the texts `integrand` and `integral`, functions of `x`.

Our own grammar reads the texts and nothing evaluates them. What has no token here (erf, a sum over roots, a second
variable) is a bad line. Bad lines are counted and located as those of the published formats are.
"""

import json
import re
from pathlib import Path

import pandas as pd

from symbolic.expressions.engines import TooLargeError, UndefinedError, canonical
from symbolic.expressions.equations import integral_equation
from symbolic.expressions.infix import InfixError, from_infix
from symbolic.expressions.prefix import Tree, prefix_text
from symbolic.expressions.program import WITHOUT_VALUE
from symbolic.expressions.tokens import spellings
from symbolic.problems.files import MAX_BAD_SHARE, BadLine, ReadReport, read_lines

SUFFIXES = (".jsonl", ".jsonl.gz")
_LINE_FORMAT = 'A line is a JSON object such as {"integrand": "2*x", "integral": "x**2"}.'

_OPERATORS = {"sqrt", "log", "Abs", "Rational", "Integer"}
_KNOWN_WORDS = {"x", *spellings("constant"), *spellings("function"), *_OPERATORS} - {"abs", *WITHOUT_VALUE}
_FLOAT_WITH_EXPONENT = re.compile(r"\d\.?[eE]")


def read_suite(path: Path | str, max_bad_share: float = MAX_BAD_SHARE) -> tuple[pd.DataFrame, ReadReport]:
    """The problems in a suite, gzip if its name ends in `.gz`, in the project's canonical spelling.

    Returns:
        As `files.read_problems`: a frame with the columns `count` (1), `input`, `output` and `line`, and a report of
        the lines left out.

    Raises:
        OSError: the file is missing, is a folder, or is not the gzip that its name promises.
        ValueError: it is empty, it is not UTF-8, or more than `max_bad_share` of its lines are bad.
    """
    return read_lines(path, lambda line: (1, *parse_object(line)), max_bad_share, _LINE_FORMAT)


def parse_object(line: str) -> tuple[str, str]:
    """The problem `sub Y' f` and its solution in a line such as `{"integrand": "2*x", "integral": "x**2"}`.

    Raises:
        BadLine: the line cannot be right, or is outside the language.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine("no JSON", f"a JSON object was expected: {error}") from None
    if not isinstance(record, dict):
        raise BadLine("no JSON object", f"an object was expected, {type(record).__name__} found")
    integrand, integral = (_canonical_tree(key, record.get(key)) for key in ("integrand", "integral"))
    return prefix_text(integral_equation(integrand)), prefix_text(integral)


def _canonical_tree(key: str, text: object) -> Tree:
    if not isinstance(text, str):
        raise BadLine(f"no {key}", f"a text under {key!r} was expected, {type(text).__name__} found")
    for word in re.finditer(r"[^\W\d]\w*", text):
        if word[0] not in _KNOWN_WORDS:
            raise BadLine("outside the language", f"in the {key}, `{word[0]}` at character {word.start()}")
    if found := _FLOAT_WITH_EXPONENT.search(text):
        raise BadLine("outside the language", f"in the {key}, a float at character {found.start()} has no exact value")
    try:
        tree = from_infix(in_our_spelling(text))
        if tree.head == "sub":
            raise BadLine("not readable", f"in the {key}, an equals sign")
        return canonical(tree)
    except InfixError as error:
        raise BadLine("not readable", f"in the {key}, {error.reason} at character {error.position}") from None
    except (UndefinedError, TooLargeError) as error:
        raise BadLine("no finite value", f"in the {key}, {error}") from None


def in_our_spelling(text: str) -> str:
    """The same text, of the same length so that positions stay, without the names that only SymPy has."""
    text = re.sub(r"\bRational(\(\s*-?\d+\s*),", r"        \1/", text)
    text = re.sub(r"\bInteger(?=\()", " " * len("Integer"), text)
    return re.sub(r"\bAbs(?=\()", "abs", text)
