"""The forms of textbook problems, as the table of docs/textbook.md: an example of each, and how many skeletons it has.

    python -m benchmarks.textbook_forms [--draws N] [--seed S]

A form is drawn N times, without what the families put around it (inner functions, sums, factors). The percentage is
that of draws of the whole family, for integrals those that are no sum.
"""

import argparse
import contextlib
from collections.abc import Callable, Mapping

import numpy as np

from symbolic.algebra.simplification import rebuilt
from symbolic.expressions.engines import from_symengine, symengine_to_prefix
from symbolic.expressions.infix import to_infix
from symbolic.problems.families.textbook.first_order import FIRST_ORDER
from symbolic.problems.families.textbook.formulas import X
from symbolic.problems.families.textbook.integrals import FORMS, LINEAR, SUBSTITUTED
from symbolic.problems.families.textbook.parameters import Parameters
from symbolic.problems.families.textbook.second_order import SECOND_ORDER
from symbolic.problems.families.textbook.table import OUTER
from symbolic.problems.splits import skeleton

_LONGEST = 60  # characters of an example


def rows(forms: Mapping[str, Callable[[Parameters], tuple]], percent: float, draws: int, seed: int) -> list[str]:
    """A line of the table for each form, which gets its part of `percent`."""
    lines = []
    for name, form in forms.items():
        p = Parameters(np.random.Generator(np.random.PCG64(seed)), letters=False)
        pairs = []
        for _ in range(draws):
            with contextlib.suppress(
                RuntimeError
            ):  # SymEngine's for a division by zero: the family rejects such a draw
                pairs.append(tuple(map(rebuilt, form(p))))
        bones = {skeleton(" ".join(symengine_to_prefix(asked))) for asked, _ in pairs}
        texts = [tuple(to_infix(from_symengine(side)) for side in pair) for pair in pairs if pair[0] != 0]
        short = [pair for pair in texts if max(map(len, pair)) <= _LONGEST and pair[0] != "1"]
        asked, answer = (short or texts)[len(short) // 2]
        lines.append(f"| {name} | {percent / len(forms):.1f} % | {len(bones):,} | `{asked}` | `{answer}` |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    table = {name: (lambda p, form=form: form(p, X)) for name, form in OUTER.items()}
    own = 100 - LINEAR - SUBSTITUTED
    for title, forms, percent in (
        (f"table, of a linear argument ({LINEAR} %) or an inner function ({SUBSTITUTED} %)", table, 100 - own),
        (f"`textbook`, forms of their own ({own} %)", FORMS, own),
        ("`textbook1`", FIRST_ORDER, 100),
        ("`textbook2`", SECOND_ORDER, 100),
    ):
        print(f"\n**{title}**\n\n| form | of all draws | skeletons in {args.draws:,} | asked | answer |")
        print("|---|---|---|---|---|")
        print("\n".join(rows(forms, percent, args.draws, args.seed)))


if __name__ == "__main__":
    main()
