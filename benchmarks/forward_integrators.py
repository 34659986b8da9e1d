"""What does each integrator of the family `fwd` keep of the same draws, how fast, and how long are its primitives?

    python -m benchmarks.forward_integrators [--integrators ansatz giac] [--draws N] [--seed S]

A row for each integrator: problems kept, of these only by this one, per CPU-second of this process and its children,
and tokens of integrands and primitives. Below it, how many integrands hold each function.
"""

import argparse
import resource

import numpy as np

from symbolic.expressions.tokens import spellings
from symbolic.problems.families.forward import forward
from symbolic.problems.problem import Problem, ProblemOptions, Rejected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--integrators", nargs="+", default=["ansatz", "giac"])
    parser.add_argument("--draws", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    kept, seconds = {}, {}
    for name in args.integrators:
        kept[name], seconds[name] = drawn(name, args.draws, args.seed)
    print(f"{args.draws:,} draws, seed {args.seed}")
    print(
        f"{'integrator':12}{'kept':>6}{'only it':>9}{'kept/CPU-s':>12}{'input mean':>12}{'output mean':>13}"
        f"{'median':>8}{'95 %':>6}{'abs or sign':>13}"
    )
    for name, problems in kept.items():
        others = set().union(*(found for other, found in kept.items() if other != name))
        inputs, outputs = (np.array([len(p[side].split()) for p in problems.values()]) for side in (0, 1))
        with_bars = sum(bool({"abs", "sign"} & set(p.solution.split())) for p in problems.values())
        print(
            f"{name:12}{len(problems):>6}{len(problems.keys() - others):>9}{len(problems) / seconds[name]:>12.1f}"
            f"{inputs.mean():>12.1f}{outputs.mean():>13.1f}{np.median(outputs):>8.0f}{np.percentile(outputs, 95):>6.0f}"
            f"{with_bars:>13}"
        )
    for name, problems in kept.items():
        counts = {f: sum(f in p.equation.split() for p in problems.values()) for f in spellings("function")}
        print(f"{name:12}" + "  ".join(f"{function} {count}" for function, count in counts.items() if count))


def drawn(name: str, draws: int, seed: int) -> tuple[dict[int, Problem], float]:
    """Index of the draw -> problem, and the CPU seconds of all draws."""
    draw, problems = forward(ProblemOptions(integrators=(name,))), {}
    rng = np.random.Generator(np.random.PCG64(seed))
    begin = _cpu_seconds()
    for index in range(draws):
        try:
            problems[index] = draw(rng)
        except Rejected:
            continue
    del draw  # ends the system's process, whose time is then counted
    return problems, _cpu_seconds() - begin


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
