"""Random and hostile integrands through the proposer `ansatz`, in processes with limits: hangs and crashes are counted.

    python -m benchmarks.hostile_integrands [--count N] [--seconds S] [--seed S]

A third are random trees of up to 40 operators over all operators, a third nest towers of powers, roots and functions,
and a third are right problems with tokens replaced. It prints how many gave proposals, nothing, an error, reached the
limit or crashed, and the slowest.
"""

import argparse
import random
import statistics
from collections import Counter

import numpy as np

from benchmarks.ansatz_call import timed
from symbolic.expressions.prefix import PrefixError, from_prefix, prefix_text, to_prefix
from symbolic.expressions.tokens import ARITY, TOKENS
from symbolic.problems.families.trees import tree_sampler
from symbolic.problems.problem import ProblemOptions
from symbolic.runtime.processes import ProcessExpired, limit_this_process, process_pool

MEMORY = 2 << 30
_FUNCTIONS = [token.spelling for token in TOKENS.values() if token.kind == "function" and token.arity == 1]
_FUNCTIONS = [name for name in _FUNCTIONS if name not in ("f", "g", "h")]
_LEAVES = [
    "x",
    "x",
    "x",
    "INT+ 0",
    "INT+ 1",
    "INT- 1",
    "INT+ 9 9 9 9 9",
    "pi",
    "E",
    "I",
    "a0",
    "y",
    "INT+ 1 0 0 0 0 0 0",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=5.0, help="limit of wall time for one problem")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    problems = hostile_problems(args.count, args.seed)
    outcomes, seconds = Counter(), []
    with process_pool(2, initializer=limit_this_process, initargs=[MEMORY]) as pool:
        futures = [pool.schedule(timed, args=[problem], timeout=args.seconds) for problem in problems]
        for problem, future in zip(problems, futures, strict=True):
            try:
                found, spent = future.result()
                outcomes["proposals" if found else "nothing"] += 1
                seconds.append((spent, problem))
            except TimeoutError:
                outcomes["limit"] += 1
                print(f"LIMIT {problem[:200]}", flush=True)
            except ProcessExpired as error:
                outcomes[f"crash {error.exitcode}"] += 1
                print(f"CRASH {error.exitcode} {problem[:200]}", flush=True)
            except Exception as error:
                outcomes[f"error {type(error).__name__}"] += 1
                print(f"ERROR {type(error).__name__} {error} {problem[:200]}", flush=True)
    print(dict(outcomes))
    spent = sorted(second for second, _ in seconds)
    print(
        f"CPU seconds: median {statistics.median(spent):.4f}, mean {statistics.mean(spent):.4f}, "
        f"95 % {spent[int(0.95 * len(spent))]:.3f}, most {spent[-1]:.2f}"
    )
    for second, problem in sorted(seconds, reverse=True)[:5]:
        print(f"{second:.2f} {problem[:150]}")


def hostile_problems(count: int, seed: int) -> list[str]:
    """Problems `sub Y' f`, a third of each sort."""
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    operators = {name: 1 for name in _FUNCTIONS} | {"add": 8, "mul": 8, "sub": 4, "div": 6, "pow": 4}
    options = ProblemOptions(
        operators=operators,
        max_ops=40,
        leaves={"variable": 3, "integer": 2, "coefficient": 1, "constant": 1},
        coefficients=("a0", "a1"),
    )
    draw = tree_sampler(options)
    makers = (
        lambda: prefix_text(draw(numbers, rng.randint(1, 40))),
        lambda: _tower(rng, rng.randint(2, 12)),
        lambda: _damaged(prefix_text(draw(numbers, rng.randint(3, 15))), rng),
    )
    return [f"sub Y' {makers[index % 3]()}" for index in range(count)]


def _tower(rng: random.Random, height: int) -> str:
    text = "x"
    for _ in range(height):
        other = rng.choice(_LEAVES)
        text = rng.choice([
            f"pow {text} {other}", f"pow {other} {text}", f"sqrt {text}", f"{rng.choice(_FUNCTIONS)} {text}",
            f"mul {text} {text}" if len(text) < 200 else text, f"div {other} {text}", f"sub {text} {text}",
            f"pow {text} div INT+ 1 INT+ {rng.randint(2, 9)}", f"add {other} {text}",
            f"pow {text} INT+ {rng.randint(2, 9)} 0",
        ])  # fmt: skip
    return text


def _damaged(text: str, rng: random.Random) -> str:
    tokens = text.split()
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(tokens))
        same = [name for name in ARITY if ARITY[name] == ARITY.get(tokens[place], -1) and name not in ("f", "g", "h")]
        if same:
            tokens[place] = rng.choice(same)
    try:
        return " ".join(to_prefix(from_prefix(tokens)))
    except PrefixError:
        return text


if __name__ == "__main__":
    main()
