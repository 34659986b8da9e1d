"""Problems as people and programs write them, to the published format, and back for reading.

A file is CSV, JSON lines, or lines with a tab between problem and solution; or problems and solutions stand in two
parallel files. A formula is infix (`x*exp(x)`), LaTeX (`x e^{x}`), SymPy's text (`x*exp(x)`, `Eq(Derivative(y(x), x),
y(x))`) or prefix tokens. Which of these it is shows by itself. Grammars read the formulas and nothing evaluates them.

A problem is an integrand, or an equation that holds y' or y''. Its solution may end with `+ C`. In the solution of an
equation the constants are `C1` and `C2`, or `a8` and `a9`. Solutions are not checked: `symbolic verify` does that.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from symbolic.expressions.engines import canonical, from_symengine, to_symengine
from symbolic.expressions.equations import UNKNOWNS, integral_equation, integrand_of
from symbolic.expressions.exchange import to_latex, to_sympy
from symbolic.expressions.infix import InfixError, from_infix, to_infix
from symbolic.expressions.notation import is_prefix
from symbolic.expressions.prefix import Tree, from_prefix, prefix_text, to_prefix
from symbolic.expressions.tokens import NEGATIVE, POSITIVE
from symbolic.problems.data_sets.database import find_source_files
from symbolic.problems.files import write_problems
from symbolic.problems.problem import Problem
from symbolic.problems.splits import SPLITS, add_distinct, skeleton, split_of
from symbolic.problems.sympy_suite import in_our_spelling
from symbolic.runtime.atomic import atomic_path
from symbolic.runtime.folders import holds_earlier
from symbolic.runtime.lines import BadLine, ReadReport, cut_count, numbered_lines
from symbolic.runtime.names import unknown_name

PROBLEM_COLUMNS = ("problem", "integrand", "equation", "input", "question", "ode", "function", "f")
SOLUTION_COLUMNS = ("solution", "integral", "antiderivative", "primitive", "output", "answer", "target", "F")
NOTATIONS: dict[str, Callable[[Tree], str]] = {
    "infix": to_infix,
    "latex": to_latex,
    "sympy": lambda tree: str(to_sympy(tree)),
    "prefix": prefix_text,
}
_COMPRESSED = (".gz", ".xz", ".bz2")
_FILES = (".csv", ".jsonl", ".tsv", ".txt", ".train", ".valid", ".test")  # endings of an output that is one file

Row = tuple[int, tuple[str, str] | BadLine]  # a line's number, and its problem and solution or what is wrong with it


class Conversion(NamedTuple):
    """What a conversion did; `str(conversion)` shows it.

    Attributes:
        reports: a report of each file: what was converted, and what was not, by reason and with its place.
        written: path -> problems written there.
        repeated: problems whose equation was there already.
    """

    reports: list[ReadReport]
    written: Mapping[Path, int]
    repeated: int = 0

    def __str__(self) -> str:
        lines = [str(report) for report in self.reports]
        lines += [f"{path}: {count:,} problems" for path, count in self.written.items()]
        return "\n".join(lines + ([f"left out as repeated: {self.repeated:,}"] if self.repeated else []))


def convert(
    sources: Iterable[Path | str],
    out: Path | str,
    *,
    answers: Path | str | None = None,
    to: str | None = None,
) -> Conversion:
    """Read problems in whatever layout and write them to a data folder, or to one file.

    A data folder gets NAME.train.gz, NAME.valid.gz and NAME.test.gz with NAME the folder's own name, in prefix tokens,
    each equation once. As everywhere, a hash of the skeleton decides which set a problem comes into: 5 % of all are for
    each of validation and testing. All problems are held in memory; for millions of them write one file, and use
    `prepare`.

    Args:
        sources: files, and folders of files.
        out: a data folder; or a file that ends in .csv, .jsonl, .tsv, .txt, .train, .valid or .test, the last five also
            with .gz.
        answers: a file with the solutions, line by line, if the one source holds problems alone.
        to: the notation of the formulas in a file: "infix", "latex", "sympy" or "prefix"; None for prefix where the
            ending is .train, .valid or .test, and for infix otherwise.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: an argument is wrong, nothing could be converted, or too few problems for all three sets.
    """
    sources, out = [Path(source) for source in sources], Path(out)
    if answers is not None and len(sources) != 1:
        raise ValueError(f"`answers` goes with one file of problems. Received: {len(sources)} sources.")
    ending = _ending(out)
    is_file = ending in _FILES and not out.is_dir()
    if to is not None and to not in NOTATIONS:
        raise unknown_name("notation", to, NOTATIONS)
    if to not in (None, "prefix") and not is_file:
        raise ValueError(f"a data folder is in prefix tokens; `{to}` is for a file, such as {out.name}.csv.")
    files = find_source_files(sources)
    reports: list[ReadReport] = []
    problems = [problem for path in files for problem in _converted(path, answers, reports)]
    if not problems:
        shown = "\n".join(map(str, reports))
        raise ValueError(f"nothing could be converted.\n{shown}")
    if is_file:
        notation = to or ("prefix" if ending[1:] in SPLITS else "infix")
        _write_file(out, ending, problems, NOTATIONS[notation])
        return Conversion(reports, {out: len(problems)})
    return Conversion(reports, *_write_folder(out, problems))


def _ending(path: Path) -> str:
    """The ending of a name, in small letters and without that of a compression."""
    name = path.name.lower()
    for compressed in _COMPRESSED:
        name = name.removesuffix(compressed)
    return Path(name).suffix


# --- rows ------------------------------------------------------------------------------------------------------------


def _converted(path: Path, answers: Path | str | None, reports: list[ReadReport]) -> Iterator[Problem]:
    """The problems of a file that can be converted; the report of the others is appended to `reports`."""
    report = ReadReport(path)
    reports.append(report)
    for number, row in _rows(path, answers):
        try:
            if isinstance(row, BadLine):
                raise row
            yield to_problem(*row)
            report.kept += 1
        except BadLine as fault:
            report.add_bad(number, fault)


def _rows(path: Path, answers: Path | str | None) -> Iterator[Row]:
    if answers is not None:
        return _parallel(path, Path(answers))
    read = {".csv": _of_csv, ".jsonl": _of_json}.get(_ending(path), _of_lines)
    return read(numbered_lines(path))


def _of_lines(lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
    for number, line in lines:
        sides = line.split("\t")
        if len(sides) == 2:
            count, text = cut_count(sides[0])
            yield number, (text if count else sides[0], sides[1])
        else:
            yield number, BadLine("not one tab", f"one tab between problem and solution, {len(sides) - 1} found")


def _of_csv(lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
    columns = delimiter = None
    for number, line in lines:
        if delimiter is None:
            delimiter = max(",;\t", key=line.count)
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
        if columns is None:
            columns = _columns(cells)
            if columns is not None:
                continue  # a heading
            columns = (0, 1)
        if len(cells) <= max(columns):
            yield number, BadLine("too few cells", f"{max(columns) + 1} were expected, {len(cells)} found")
        else:
            yield number, (cells[columns[0]], cells[columns[1]])


def _columns(cells: list[str]) -> tuple[int, int] | None:
    """The places of problem and solution if these cells are a heading."""
    found = [_named(cells, names) for names in (PROBLEM_COLUMNS, SOLUTION_COLUMNS)]
    return None if None in found else tuple(cells.index(name) for name in found)


def _named(there: Iterable[str], names: Iterable[str]) -> str | None:
    """The first of the names that is there, whatever its case; `f` and `F` are two names."""
    there = list(there)
    for name in names:
        for each in there:
            if each.strip() == name or (len(name) > 1 and each.strip().lower() == name):
                return each
    return None


def _of_json(lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
    for number, line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, BadLine("no JSON", f"a JSON object was expected: {error}")
            continue
        keys = [_named(record, names) for names in (PROBLEM_COLUMNS, SOLUTION_COLUMNS)] if _is_object(record) else []
        if not keys or None in keys or not all(isinstance(record[key], str) for key in keys):
            yield number, BadLine("no problem and solution", "an object with two texts was expected")
        else:
            yield number, tuple(record[key] for key in keys)


def _is_object(record: object) -> bool:
    return isinstance(record, dict)


def _parallel(path: Path, answers: Path) -> Iterator[Row]:
    solutions = dict(numbered_lines(answers))
    for number, problem in numbered_lines(path):
        if number in solutions:
            yield number, (problem, solutions.pop(number))
        else:
            yield number, BadLine("no solution", f"{answers} has nothing in this line")
    for number in solutions:
        yield number, BadLine("no problem", f"only {answers} has this line")


# --- formulas --------------------------------------------------------------------------------------------------------

_UNKNOWN = r"(?:[yYf](?:\(x\)|\{\\left\(x ?\\right\)\}))"  # y(x), and as SymPy's LaTeX has it
_SPELLINGS = [
    (re.compile(rf"Derivative\({_UNKNOWN}, ?\(x, ?2\)\)|Derivative\({_UNKNOWN}, ?x, ?x\)"), "y''"),
    (re.compile(rf"Derivative\({_UNKNOWN}, ?x\)"), "y'"),
    (re.compile(rf"\\frac\{{d\^\{{?2\}}?\}}\{{d ?x\^\{{?2\}}?\}} ?(?:{_UNKNOWN}|[yY])"), " y'' "),
    (re.compile(rf"\\frac\{{d\}}\{{d ?x\}} ?(?:{_UNKNOWN}|[yY])"), " y' "),
    (re.compile(r"\\frac\{d\^\{?2\}? ?[yY]\}\{d ?x\^\{?2\}?\}|d\^?2[yY]/dx\^?2"), " y'' "),
    (re.compile(r"\\frac\{d ?[yY]\}\{d ?x\}|d[yY]/dx"), " y' "),
    (re.compile(r"[yY]\^\{\\prime ?\\prime\}"), "y''"),
    (re.compile(r"[yY]\^\{?\\prime\}?"), "y'"),
    (re.compile(rf"(?<![A-Za-z\\]){_UNKNOWN}"), "y"),
]
_INTEGRAL = re.compile(r"(?:\\int|∫)(.*?)(?:\\[,;:!]|\s)*d ?x$|(?:Integral|integrate)\((.*), ?x\)$", re.DOTALL)
_MATH = re.compile(r"^(\$\$?|\\\(|\\\[)(.*?)(\$\$?|\\\)|\\\])$", re.DOTALL)
_LEFT_SIDE = re.compile(r"^[yY](?:\(x\))? ?= ?")
_C = r"[Cc](?:_?\{?1\}?|onst(?:ant)?\.?)?"
_PLUS_C = re.compile(rf"\+ ?{_C}$|^{_C} ?\+")
_CONSTANT = re.compile(r"(?<![A-Za-z\\])[Cc](?:_?\{?([12])\}?)?(?![A-Za-z0-9_(])")


def to_problem(problem: str, solution: str) -> Problem:
    """A problem and its solution in prefix tokens, as the published files have them.

    Prefix tokens stay as they are; everything else is brought into SymEngine's form.

    Raises:
        BadLine: one of them is no formula, or the problem is neither an integrand nor an equation.
    """
    if not problem.strip() or not solution.strip():
        raise BadLine("empty", f"no {'problem' if not problem.strip() else 'solution'}")
    asked = _tree("problem", _integrand_in(problem))
    unknowns = set(UNKNOWNS) & set(to_prefix(asked))
    if integrand_of(asked) is None and not unknowns:
        if asked.head == "sub":
            raise BadLine("neither integrand nor equation", "the equation holds neither y' nor y''")
        return _integral(asked, problem, solution)
    if integrand_of(asked) is not None:
        return _integral(integrand_of(asked), problem, solution)
    if unknowns == {UNKNOWNS[0]}:
        raise BadLine("neither integrand nor equation", "the equation holds neither y' nor y''")
    found = _right_side(_tree("solution", _general(solution)))
    if {"y", *UNKNOWNS} & set(to_prefix(found)):
        raise BadLine("no solution", "it holds the unknown function; only y = … was expected")
    return Problem(_spelt(problem, asked), _spelt(solution, found))


def _integral(integrand: Tree, problem: str, solution: str) -> Problem:
    primitive = _right_side(_tree("solution", _PLUS_C.sub("", _LEFT_SIDE.sub("", _without_signs(solution)))))
    if not _is_tokens(problem):
        integrand = _checked("problem", canonical, integrand)
    return Problem(prefix_text(integral_equation(integrand)), _spelt(solution, primitive))


def _right_side(tree: Tree) -> Tree:
    """The f of `Y = f`, and an expression as it is."""
    if tree.head != "sub":
        return tree
    left, right = tree.operands
    if left not in (Tree(UNKNOWNS[0]), Tree("y")):
        raise BadLine("no solution", "an expression, or y = an expression, was expected; another equation found")
    return right


def _spelt(text: str, tree: Tree) -> str:
    """The tree as tokens, in SymEngine's form unless it was written in tokens; an equation as its left-hand side."""
    if _is_tokens(text):
        return prefix_text(tree)
    return prefix_text(_checked("formula", _one_side, tree))


def _one_side(tree: Tree) -> Tree:
    if tree.head != "sub":
        return canonical(tree)
    left, right = map(to_symengine, tree.operands)
    return from_symengine(left - right)


def _integrand_in(text: str) -> str:
    """What stands under an integral sign, or the text itself."""
    found = _INTEGRAL.match(_without_signs(text))
    return (found[1] or found[2]) if found else text


def _general(text: str) -> str:
    """A solution with its constants as tokens, without `y =`."""
    if _is_tokens(text):
        return text
    text = _LEFT_SIDE.sub("", _without_signs(text))
    return _CONSTANT.sub(lambda found: f" a{7 + int(found[1] or 1)} ", text)


def _without_signs(text: str) -> str:
    """Without the signs around a formula in LaTeX, and with single blanks."""
    text = " ".join(text.split())
    found = _MATH.match(text)
    return found[2].strip() if found else text


def _is_tokens(text: str) -> bool:
    words = text.split()
    return is_prefix(words) or bool({POSITIVE, NEGATIVE} & set(words))


def _tree(side: str, text: str) -> Tree:
    if _is_tokens(text):
        return _checked(side, from_prefix, text.split())
    text = _without_signs(text)
    for pattern, ours in _SPELLINGS:
        text = pattern.sub(ours, text)
    if text.startswith("Eq(") and text.endswith(")"):
        text = _sides_of_eq(text)
    return _checked(side, from_infix, in_our_spelling(text))


def _sides_of_eq(text: str) -> str:
    """`Eq(a, b)` as `a = b`: the comma is the one outside all brackets."""
    depth = 0
    for place, character in enumerate(inner := text[3:-1]):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            return f"{inner[:place]} = {inner[place + 1 :]}"
    return text


def _checked(side: str, function: Callable, argument):
    """What the function returns; its error as a bad line."""
    try:
        return function(argument)
    except InfixError as error:
        raise BadLine("not readable", f"in the {side} at character {error.position + 1}, {error.reason}") from None
    except ValueError as error:  # of prefix tokens, or without a finite value, or too large
        raise BadLine("not usable", f"in the {side}, {error}") from None


# --- writing ---------------------------------------------------------------------------------------------------------


def _write_file(out: Path, ending: str, problems: list[Problem], notation: Callable[[Tree], str]) -> None:
    if notation is prefix_text:
        pairs = [tuple(problem) for problem in problems]
    else:
        pairs = [_readable(problem, notation) for problem in problems]
    if ending == ".csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([("problem", "solution"), *pairs])
        _write_text(out, text.getvalue())
    elif ending == ".jsonl":
        lines = (
            json.dumps(dict(zip(("problem", "solution"), pair, strict=True)), ensure_ascii=False) for pair in pairs
        )
        _write_text(out, "".join(f"{line}\n" for line in lines))
    else:
        write_problems(out, pairs)


def _write_text(out: Path, text: str) -> None:
    if out.suffix.lower() in _COMPRESSED:
        raise ValueError(f"CSV and JSON lines are written plain. Received: {out}.")
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _readable(problem: Problem, notation: Callable[[Tree], str]) -> tuple[str, str]:
    """An integral by its integrand, an equation with its equals sign."""
    equation = from_prefix(problem.equation)
    integrand = integrand_of(equation)
    if integrand is not None:
        asked = integrand
    else:
        asked = equation if equation.head == "sub" else Tree("sub", (equation, Tree(0)))
    return notation(asked), notation(from_prefix(problem.solution))


def _write_folder(out: Path, problems: list[Problem]) -> tuple[dict[Path, int], int]:
    names = {part: f"{out.name}.{part}.gz" for part in SPLITS}
    if holds_earlier(out, names.values()):
        raise ValueError(f"{out} holds a data set already: give this one a folder of its own, or delete that one.")
    sets: dict[str, dict[str, str]] = {part: {} for part in SPLITS}
    new = sum(add_distinct(sets[split_of(skeleton(problem.equation))], problem) for problem in problems)
    if empty := [part for part in SPLITS if not sets[part]]:
        raise ValueError(
            f"no problem of the {new:,} falls into {' and '.join(empty)}: 5 % of all skeletons are for each of valid "
            f"and test. Convert more problems, or write one file (--out {out.name}.train.gz)."
        )
    for part in reversed(SPLITS):  # the training file is last: without it nobody takes a folder for a data set
        write_problems(out / names[part], sets[part].items())
    return {out / names[part]: len(sets[part]) for part in SPLITS}, len(problems) - new
