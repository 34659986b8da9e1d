"""Judges the candidates of earlier evaluations again, and counts the verdicts that differ today.

    python -m benchmarks.judged_again ROWS [ROWS ...]

ROWS are `rows.csv` files of `symbolic evaluate`. The columns of the output, beside solver and set:

    candidates    candidates that were judged again
    changed       of them, those that count as solved today and did not before, or the other way round
    otherwise     those with another verdict that counts the same
    problems      the change in the number of problems that the model solves without repair and linearity
"""

import argparse
import json
from collections import Counter

import pandas as pd

from symbolic.verification import SOLVED, verify_many


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", metavar="ROWS", help="rows.csv of an evaluation")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes that judge")
    args = parser.parse_args()
    print(f"{'solver':>14}{'set':>28}{'candidates':>12}{'changed':>9}{'otherwise':>11}{'problems':>10}")
    for path in args.files:
        rows = pd.read_csv(path, keep_default_na=False)
        pairs, before, by_model = [], [], []
        for number, (equation, candidates) in enumerate(zip(rows["input"], rows["candidates"], strict=True)):
            for candidate in json.loads(candidates):
                pairs.append((equation, candidate["answer"]))
                before.append(candidate["status"])
                by_model.append(number if candidate["origin"] == "model" else None)
        now = [verdict.status for verdict in verify_many(pairs, workers=args.workers)]
        same_count = Counter(
            (old in SOLVED) == (new in SOLVED) for old, new in zip(before, now, strict=True) if old != new
        )
        solved_before, solved_now = (
            {number for number, status in zip(by_model, statuses, strict=True) if status in SOLVED} - {None}
            for statuses in (before, now)
        )
        solver, problems = rows.iloc[0][["solver", "set"]]
        label = f"{solver}@{rows['beam'].iloc[0]}"
        print(f"{label:>14}{problems:>28}{len(pairs):12,}{same_count[False]:9,}{same_count[True]:11,}", end="")
        print(f"{len(solved_now) - len(solved_before):+10}", flush=True)


if __name__ == "__main__":
    main()
