"""What the reader makes of texts: files of typed inputs, and a data set's expressions written in five notations.

    python -m benchmarks.typed                                  the inputs of the tests, and the starter data
    python -m benchmarks.typed --inputs FILE … --data FILE … --count N

It prints how many inputs are read as meant, the time for each, and every one that is not. A file of inputs has the
columns of `tests/solving/typed_inputs.tsv`, or only the first three. An expression makes the round trip through a
notation when what is read back is the same function. Notations: SymPy's text, LaTeX as we and as SymPy write it, our
own infix, and the words that people are shown.
"""

import argparse
import re
import time
from collections import Counter
from pathlib import Path

from symbolic.expressions.equations import integrand_of
from symbolic.expressions.infix import to_infix
from symbolic.expressions.prefix import from_prefix
from symbolic.problems.files import read_problems, spread
from tests import PROJECT
from tests.solving.meanings import NOTATIONS, Input, disagreement, is_read_back, read_inputs, written

_SHOWN = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", nargs="+", type=Path, default=[PROJECT / "tests" / "solving" / "typed_inputs.tsv"])
    parser.add_argument("--data", nargs="+", type=Path, default=[PROJECT / "data" / "starter" / "bwd.train.gz"])
    parser.add_argument("--count", type=int, default=500, help="problems of each data file; 0 for all")
    args = parser.parse_args()
    for path in args.inputs:
        _read(path)
    for path in args.data:
        _round_trips(path, args.count)


def _read(path: Path) -> None:
    inputs = [_as_columns(each) for each in read_inputs(path)]
    right, seconds = 0, []
    for asked in inputs:
        started = time.perf_counter()
        fault = disagreement(asked)
        seconds.append(time.perf_counter() - started)
        right += not fault
        if fault:
            print(f"  {asked.command} {asked.text}: meant {asked.meaning}; {fault}")
    seconds.sort()
    half, most = 1000 * seconds[len(seconds) // 2], 1000 * seconds[-2]
    print(f"{path}: {right} of {len(inputs)} read as meant; median {half:.1f} ms, second slowest {most:.1f} ms")


def _as_columns(asked: Input) -> Input:
    """An input whose third column tells everything in words: `x^2 (in t)`, `y' = -y (x of t)`, `refuse: …`."""
    meaning, names, more, says = asked.meaning, asked.names, asked.more, asked.says
    if meaning.startswith("refuse: "):
        word = meaning.split()[2].rstrip(";")  # `refuse: a system; …`
        return asked._replace(meaning=f"refuse {_WORDS.get(meaning, word)}")
    if match := re.search(r" \((.*)\)$", meaning):
        meaning, told = meaning[: match.start()], match[1]
        if of := re.fullmatch(r"(\w) of (\w)", told):
            names = f"{of[2]} {of[1]}"
        elif told.startswith("in "):
            names = told[3:] if asked.command == "integrate" else f"{told[3:]} y"
        elif "constant" in told:
            letters = re.findall(r"\b[a-z]\b", re.sub(r"\ba constant|\band\b", "", told))
            letters = sorted(letters, key=lambda letter: re.search(rf"\b{letter}\b", meaning).start())
            for index, letter in enumerate(letters):
                meaning = re.sub(rf"\b{letter}\b", f"a{index}", meaning)
            names = ("x : " if asked.command == "integrate" else "x y : ") + " ".join(letters)
        else:
            names = f"x {told}"
    if ", and say how it was read" in meaning:
        meaning, says = meaning.replace(", and say how it was read", ""), "says"
    if " with " in meaning:
        meaning, _, more = meaning.partition(" with ")
        more = more.replace(", ", "; ")
    if match := re.search(r" from (.*) to (.*)$", meaning):
        meaning, more = meaning[: match.start()], f"{match[1]} .. {match[2]}"
    if "1e" in asked.text or "^{-1}" in asked.text:
        says = "says"
    return asked._replace(meaning=meaning, names=names, more=more, says=says)


_WORDS = {
    "refuse: names k and m": "`k` `m`",
    "refuse: a decimal point": "decimal point",
    "refuse: erf is not among the functions": "erf not among",
    "refuse: floor is not among the functions": "floor not among",
    "refuse: it holds no derivative of y": "no derivative of y",
    "refuse: of third order; first and second are solved": "third order first and second",
}


def _round_trips(path: Path, count: int) -> None:
    problems, _ = read_problems(path)
    rows = problems.iloc[spread(count or len(problems), len(problems))]
    counts, faults = Counter(), []
    started = time.perf_counter()
    for row in rows.itertuples():
        for tree in (integrand_of(from_prefix(row[2])), from_prefix(row[3])):
            for notation in NOTATIONS if tree is not None else ():
                try:
                    is_same = is_read_back(tree, notation)
                except ValueError as error:
                    is_same = False
                    faults.append(f"{notation}: {error}")
                counts[notation, is_same] += 1
                if not is_same:
                    faults.append(f"  {notation}: {to_infix(tree)[:80]} as {written(tree, notation)[:120]}")
    print(f"{path}: {time.perf_counter() - started:.0f} s")
    for notation in NOTATIONS:
        right = counts[notation, True]
        print(f"  {notation:<15} {right:>8,} of {right + counts[notation, False]:,} expressions read back")
    print(*faults[:_SHOWN], sep="\n")


if __name__ == "__main__":
    main()
