"""The effect of beam search's length penalty on the answers of a trained model.

    python -m benchmarks.length_penalty FILE [FILE ...] [--run DIR] [--beam N] [--limit N]

The same problems are solved with penalties 0, 0.5 and 1. `first` is the percentage of problems whose best-scored
hypothesis verifies, `any` the percentage with some hypothesis that does; `tokens` is the mean length of the best.
"""

import argparse
from pathlib import Path

from symbolic.evaluation.problem_sets import read_problem_set
from symbolic.seq2seq.searches import Beam
from symbolic.solver import default_model, load_model
from symbolic.solving.answers import answers
from symbolic.solving.question import question_of

PENALTIES = (0.0, 0.5, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="problems with their answers")
    parser.add_argument("--run", type=Path, help="folder of a trained model; the shipped one without it")
    parser.add_argument("--beam", type=int, default=10)
    parser.add_argument("--limit", type=int, default=200, help="problems of each file")
    args = parser.parse_args()
    translator = load_model(args.run or default_model())
    print(f"{'problems':20}{'penalty':>8}{'first':>9}{'any':>9}{'tokens':>9}")
    for path in args.files:
        problems = read_problem_set(path, args.limit)[0]["input"].tolist()
        for penalty in PENALTIES:
            found = answers(
                [question_of(each) for each in problems],
                translator,
                Beam(args.beam, length_penalty=penalty),
                progress=False,
            )
            firsts = [candidates[0] for candidates in found if candidates]
            first = sum(each.verdict.solved for each in firsts) / len(problems)
            some = sum(any(each.verdict.solved for each in candidates) for candidates in found) / len(problems)
            tokens = sum(len(each.tokens.split()) for each in firsts) / max(1, len(firsts))
            print(f"{path.name:20}{penalty:8.1f}{first:9.1%}{some:9.1%}{tokens:9.1f}", flush=True)


if __name__ == "__main__":
    main()
