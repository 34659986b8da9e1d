"""What the proposer `linearise` solves by itself, kind by kind and on sets of problems, and what it costs.

    python -m benchmarks.linearise                      the kinds of `linearise_kinds`, 50 members each
    python -m benchmarks.linearise --kind separable --show
    python -m benchmarks.linearise --set data/textbook/first_order.test --limit 50
    python -m benchmarks.linearise --hostile 2000       random and hostile equations: what reaches a limit
    python -m benchmarks.linearise --hypotheses FILE    JSON: {set: [[problem, reference, [hypothesis, ...]], ...]}

The columns:

    solved, general   problems with a right answer, and with one that is the general solution, as the judge says
    wrong             offered answers that the judge refutes
    s median … max    CPU-seconds of a problem, in its own process
    ratio             median of the leaves of the answer divided by those of the reference
    twice             the share of answers with at most twice the leaves of the reference
"""

import argparse
import gzip
import json
import statistics
import sys
import time

import numpy as np

from benchmarks.linearise_kinds import KINDS, Draw
from symbolic.expressions.engines import from_symengine
from symbolic.expressions.infix import to_infix
from symbolic.expressions.prefix import Tree, fold, from_prefix, prefix_text
from symbolic.expressions.tokens import TOKENS
from symbolic.runtime.processes import limit_this_process, process_pool
from symbolic.solving.linearise import proposals
from symbolic.solving.reading import equation_problem
from symbolic.solving.sandbox import MEMORY_LIMIT
from symbolic.verification import verify_many

OFFERED = 10  # answers that are judged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", action="append", metavar="NAME", help=f"one of {', '.join(KINDS)}")
    parser.add_argument("--set", action="append", default=[], metavar="FILE", help="problems: input<TAB>output lines")
    parser.add_argument("--hypotheses", metavar="FILE", help="problems with a model's hypotheses, see above")
    parser.add_argument("--without", action="store_true", help="of --hypotheses, use the problems alone")
    parser.add_argument("--hostile", type=int, metavar="N", help="try N random equations instead")
    parser.add_argument("--members", type=int, default=50, metavar="N", help="of every kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="problems of every set")
    parser.add_argument("--seconds", type=float, default=12.0, metavar="S", help="that a problem may take")
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument("--show", action="store_true", help="print what is not solved")
    args = parser.parse_args()
    if args.hostile:
        attack(args)
        return
    print(f"{'':26}{'of':>5}{'solved':>8}{'general':>9}{'wrong':>7}{'lost':>6}", end="")
    print(f"{'s median':>10}{'mean':>7}{'max':>7}{'ratio':>7}{'twice':>7}")
    for name, rows in sets(args):
        report(name, rows, args)


def sets(args):
    if args.hypotheses:
        for name, rows in json.load(open(args.hypotheses)).items():
            yield name, [(p, r, [] if args.without else h) for p, r, h in rows[: args.limit]]
        return
    for path in args.set:
        rows = lines(path)
        pick = np.sort(np.random.default_rng(17).choice(len(rows), min(args.limit, len(rows)), replace=False))
        yield path.rsplit("/", 1)[-1], [(*rows[index], []) for index in pick]
    if not args.set:
        for name in args.kind or KINDS:
            yield name, [(*each, []) for each in members(name, args.members, args.seed)]


def lines(path: str) -> list[tuple[str, str]]:
    with gzip.open(path, "rt") if path.endswith(".gz") else open(path) as file:
        pairs = (line.rstrip("\n").split("\t")[:2] for line in file if line.strip())
        return [(problem.split("|", 1)[-1], answer) for problem, answer in pairs]


def members(name: str, count: int, seed: int = 0) -> list[tuple[str, str | None]]:
    """(problem, reference) pairs of a kind, each problem once, as models read them."""
    found = {}
    for number in range(20 * count):
        rng = np.random.default_rng([seed, list(KINDS).index(name), number])
        equation, solution = KINDS[name](Draw(rng))
        problem = equation_problem(f"sub {prefix_text(from_symengine(equation))} INT+ 0")
        found.setdefault(problem, None if solution is None else prefix_text(from_symengine(solution)))
        if len(found) == count:
            break
    return list(found.items())


def report(name, rows, args):
    results = computed([(problem, hypotheses) for problem, _, hypotheses in rows], args.workers, args.seconds)
    offered = [[] if result is None else result[0][:OFFERED] for result in results]
    seconds = [args.seconds if result is None else result[1] for result in results]
    pairs = [(problem, answer) for (problem, _, _), answers in zip(rows, offered, strict=True) for answer in answers]
    verdicts = verify_many(pairs, workers=args.workers)
    solved = general = wrong = 0
    ratios = []
    for (problem, reference, _), answers, result in zip(rows, offered, results, strict=True):
        judged = [(answer, next(verdicts)) for answer in answers]
        wrong += sum(verdict.status == "refuted" for _, verdict in judged)
        right = [(answer, verdict) for answer, verdict in judged if verdict.solved]
        solved += bool(right)
        general += any(verdict.general for _, verdict in right)
        best = next((answer for answer, verdict in right if verdict.general), right[0][0] if right else None)
        if best is not None and reference is not None:
            ratios.append(leaves(best) / leaves(reference))
        if args.show and not any(verdict.general for _, verdict in right):
            mark = "lost   " if result is None else "family " if right else "unsolved"
            shown = "" if best is None else to_infix(from_prefix(best))
            wanted = "" if reference is None else to_infix(from_prefix(reference))
            print(f"    {mark} {to_infix(from_prefix(problem))} = 0    [{wanted}]    {shown}")
    times = f"{statistics.median(seconds):10.2f}{statistics.mean(seconds):7.2f}{max(seconds):7.2f}"
    lengths = f"{statistics.median(ratios):7.2f}{np.mean(np.array(ratios) <= 2):7.0%}" if ratios else f"{'':14}"
    lost = sum(result is None for result in results)
    print(f"{name:26}{len(rows):5}{solved:8}{general:9}{wrong:7}{lost:6}{times}{lengths}", flush=True)


def computed(problems, workers, seconds):
    """(answers, CPU-seconds) of every problem, or None where a limit was reached."""
    from benchmarks import linearise as this_module  # under the name by which a worker imports it

    with process_pool(workers, initializer=limit_this_process, initargs=[MEMORY_LIMIT]) as pool:
        futures = [pool.schedule(this_module.timed, each, timeout=seconds) for each in problems]
        results = []
        for (problem, _), future in zip(problems, futures, strict=True):
            try:
                results.append(future.result())
            except Exception as error:  # whatever it is, it costs only this problem
                print(f"    {type(error).__name__}: {error} at {problem}", file=sys.stderr)
                results.append(None)
        return results


def attack(args):
    """Counts what random equations cost, how many reach a limit, and how many offers the judge refutes."""
    rng = np.random.default_rng(args.seed)
    problems = [prefix_text(hostile_tree(rng, int(rng.integers(2, 6)))) for _ in range(args.hostile)]
    results = computed([(problem, []) for problem in problems], args.workers, args.seconds)
    seconds = [result[1] for result in results if result is not None]
    offers = [(p, y) for p, result in zip(problems, results, strict=True) for y in (result[0] if result else ())]
    statuses = [verdict.status for verdict in verify_many(offers, workers=args.workers)]
    counted = ", ".join(f"{status} {statuses.count(status):,}" for status in sorted(set(statuses)))
    print(f"{args.hostile:,} equations: {results.count(None):,} beyond a limit; CPU-seconds", end=" ")
    print(f"{statistics.mean(seconds):.2f} mean, {max(seconds):.2f} max; offers: {counted or 'none'}")


_LEAVES = ("x", "x", "Y", "Y", "Y'", "Y'", "Y''", "a0", "pi", "E", "I", "y", "a8", 0, 1, 2, -3, 10**9, 7**80)


def hostile_tree(rng: np.random.Generator, depth: int) -> Tree:
    """A random expression over all tokens, with numbers of any size, towers of exponentials and the like."""
    operators = [token for token in TOKENS.values() if token.arity]
    if depth == 0 or rng.random() < 0.1:
        return Tree(_LEAVES[int(rng.integers(len(_LEAVES)))])
    common = [token for token in operators if token.spelling in ("add", "sub", "mul", "div", "pow", "exp", "ln", "sin")]
    pool = common if rng.random() < 0.7 else operators
    token = pool[int(rng.integers(len(pool)))]
    return Tree(token.spelling, tuple(hostile_tree(rng, depth - 1) for _ in range(token.arity)))


def timed(problem: str, hypotheses: list[str]) -> tuple[list[str], float]:
    start = time.process_time()
    answers = proposals(problem, hypotheses)
    return answers, time.process_time() - start


def leaves(expression: str) -> int:
    """The leaves of a tree; a number is one leaf."""
    return fold(from_prefix(expression), lambda head, operands: sum(operands) or 1)


if __name__ == "__main__":
    main()
