"""Whether rows of an evaluation, made by an earlier version of the judge, would be the same today.

    python -m benchmarks.judged_again ROWS [ROWS ...]

ROWS are `rows.csv` of `python -m symbolic evaluate`. Every candidate in them is judged again; `changed` counts those
that were solved and are not, or the other way round, `otherwise` those whose verdict differs but not in that;
`problems` is by how many the problems that the model solves without repair are more or fewer.
"""

import argparse
import json
from collections import Counter

import pandas as pd

from symbolic.verification import SOLVED, verify_many


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", metavar="ROWS", help="rows.csv of an evaluation")
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    print(f"{'solver':>14}{'set':>28}{'candidates':>12}{'changed':>9}{'otherwise':>11}{'problems':>10}")
    for path in args.files:
        rows = pd.read_csv(path, keep_default_na=False)
        pairs, then, by_model = [], [], []
        for number, (equation, candidates) in enumerate(zip(rows["input"], rows["candidates"], strict=True)):
            for candidate in json.loads(candidates):
                pairs.append((equation, candidate["answer"]))
                then.append(candidate["status"])
                by_model.append(number if candidate["origin"] == "model" else None)
        now = [verdict.status for verdict in verify_many(pairs, workers=args.workers)]
        differ = Counter((old in SOLVED) == (new in SOLVED) for old, new in zip(then, now, strict=True) if old != new)
        before, after = (
            {number for number, status in zip(by_model, each, strict=True) if status in SOLVED} - {None}
            for each in (then, now)
        )
        solver, problems = rows.iloc[0][["solver", "set"]]
        label = f"{solver}@{rows['beam'].iloc[0]}"
        print(f"{label:>14}{problems:>28}{len(pairs):12,}{differ[False]:9,}{differ[True]:11,}", end="")
        print(f"{len(after) - len(before):+10}", flush=True)


if __name__ == "__main__":
    main()
