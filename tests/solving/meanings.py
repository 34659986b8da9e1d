"""What typed inputs mean, and whether the reader agrees: for the tests and for `benchmarks.typed`."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import sympy as sp

from symbolic.expressions import numeric
from symbolic.expressions.engines import to_symengine
from symbolic.expressions.exchange import to_latex, to_sympy
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.prefix import Tree, from_prefix, to_prefix
from symbolic.expressions.program import Program
from symbolic.solving.question import Names
from symbolic.solving.reading.equations import read_equation
from symbolic.solving.reading.integrals import read_integral
from symbolic.solving.wording import name_table, words


class Input(NamedTuple):
    """A line of `typed_inputs.tsv`; its head explains the columns."""

    command: str
    text: str
    meaning: str
    names: str = ""
    more: str = ""
    says: str = ""


def read_inputs(path: Path) -> list[Input]:
    """The inputs in a file."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [Input(*line.split("\t")) for line in lines if line and not line.startswith("#")]


def disagreement(asked: Input) -> str:
    """How the reader's understanding differs from what is meant; empty if it does not."""
    try:
        read = read_integral(asked.text) if asked.command == "integrate" else read_equation(asked.text)
    except ValueError as error:
        refused = asked.meaning.removeprefix("refuse ")
        if refused == asked.meaning:
            return f"refused: {error}"
        return "" if all(word in str(error) for word in refused.split()) else f"the error misses a word: {error}"
    if asked.meaning.startswith("refuse"):
        return f"was read: {read}"
    expected = [_typed(side) for side in asked.meaning.split(" = ")]
    tree = read.integrand if asked.command == "integrate" else read.equation
    sides = [tree] if tree.head != "sub" else list(tree.operands)
    expected += [Tree(0)] * (len(sides) - len(expected))
    if len(sides) != len(expected) or not all(map(are_equal, sides, expected)):
        return f"means {to_infix(tree)}"
    names, _, constants = asked.names.partition(" : ")
    variable, unknown = [*names.split(), *("x", "y")[len(names.split()) :]]
    if read.names != Names(variable, unknown, tuple(constants.split())):
        return f"names {read.names}"
    if bool(asked.says) != bool(read.notes):
        return f"notes {read.notes}"
    return _disagreement_of_more(asked, read)


def _disagreement_of_more(asked: Input, read) -> str:
    if asked.command == "integrate":
        expected = [_typed(end) for end in asked.more.split(" .. ")] if asked.more else None
        found = None if read.limits is None else list(read.limits)
        return "" if (expected and found and all(map(are_equal, found, expected))) or expected == found else f"{found}"
    expected = sorted(part.strip() for part in asked.more.split(";") if part)
    found = sorted(f"y{chr(39) * each.order}({to_infix(each.at)}) = {to_infix(each.value)}" for each in read.conditions)
    return "" if expected == found else f"conditions {found}"


def _typed(text: str) -> Tree:
    return from_infix(text.replace("y", "Y"))


def are_equal(first: Tree, second: Tree) -> bool:
    """Whether two expressions are the same function: by expansion, or in numbers."""
    if first == second:
        return True
    difference = to_symengine(first) - to_symengine(second)
    if difference.expand() == 0:
        return True
    generator = np.random.default_rng(0)
    names = ["x", "Y", "Y'", "Y''", *(f"a{index}" for index in range(10)), "y", "z", "t"]
    points = {name: generator.uniform(0.2, 3, 60) * generator.choice([-1, 1], 60) for name in names}
    with np.errstate(all="ignore"):
        if all(not np.isfinite(_values(tree, points, True)).any() for tree in (first, second)):
            return True  # beyond floats, or without a value anywhere
        for is_complex in (False, True):  # on a branch cut, rounding decides on complex values
            values = [_values(tree, points, is_complex) for tree in (first, second)]
            both = np.isfinite(values[0]) & np.isfinite(values[1])
            if both.any():
                return bool(np.allclose(values[0][both], values[1][both], rtol=1e-6, atol=1e-9))
    return False


def _values(tree: Tree, points: dict[str, np.ndarray], is_complex: bool) -> np.ndarray:
    program = Program()
    slot = program.enter(tree, {name: program.step(name) for name in ("Y", "Y'", "Y''")})
    values = numeric.run(program, points, is_complex=is_complex)[slot]
    return np.broadcast_to(np.asarray(values, complex), (60,))


NOTATIONS = ("SymPy", "LaTeX", "SymPy's LaTeX", "infix", "words")


def written(tree: Tree, notation: str) -> str:
    """An expression in one of the NOTATIONS."""
    if notation == "SymPy":
        return sp.sstr(to_sympy(tree))
    if notation == "LaTeX":
        return to_latex(tree)
    if notation == "SymPy's LaTeX":
        return sp.latex(to_sympy(tree, evaluate=True))
    if notation == "infix":
        return to_infix(tree)
    return words(tree, name_table(Names(constants=tuple(f"a{index}" for index in range(8))), tree))


def is_read_back(tree: Tree, notation: str) -> bool:
    """Whether the reader finds the same function in a notation of an expression in x."""
    read = read_integral(f"{written(tree, notation)}, x")
    names = {f"a{index}": name for index, name in enumerate(read.names.constants)}
    text = " ".join(names.get(token, token) for token in to_prefix(read.integrand))
    text = text.replace(" C1", " a8").replace(" C2", " a9").replace(" C", " a8") if "C" in text else text
    text = text.replace("a_", "a")
    return are_equal(from_prefix(text), tree)
