"""How many wrong answers does coefficient repair rescue, and what does it cost?

Answers to random backward problems are damaged as a model would damage them, in one place each. Repair sees only the
damaged answers: one in the rows of a single damage, ten of all kinds in the row of a beam. Its own answers are judged.
Damaged answers that are still right (x^2 + 2 for x^2 + 1) do not count.

    python -m benchmarks.repair --problems 300 --max-ops 12
"""

import argparse
import itertools
import statistics
import time

import numpy as np

from symbolic.expressions.prefix import Tree, chain, from_prefix, operands_of_chain, to_prefix
from symbolic.expressions.tokens import DIGITS, TOKENS
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.tasks import problems
from symbolic.solving.repair import repaired
from symbolic.verification import verify_many

BEAM = 10


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--max-ops", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    rng = np.random.default_rng(args.seed)
    pairs = itertools.islice(problems("bwd", args.seed, ProblemOptions(max_ops=args.max_ops)), args.problems)
    pairs = [(from_prefix(pair.equation), from_prefix(pair.solution)) for pair in pairs]
    print(f"{'damage':28} {'wrong answers':>13} {'rescued':>8} {'offers refuted':>14} {'ms median':>9} {'ms worst':>8}")
    for name, damage in DAMAGES.items():
        cases = [(problem, [damage(answer, rng)]) for problem, answer in pairs]
        report(name, [(problem, answers) for problem, answers in cases if answers[0] is not None])
    report(f"a beam of {BEAM}, all kinds", [(problem, beam(answer, rng)) for problem, answer in pairs])
    answers = [answer for _, answer in pairs]
    unrelated = [[answers[(i + k) % len(answers)] for k in range(1, BEAM + 1)] for i in range(len(answers))]
    report(
        f"{BEAM} unrelated answers", [(problem, others) for (problem, _), others in zip(pairs, unrelated, strict=True)]
    )


def report(name, cases):
    solved = judged([(problem, answers) for problem, answers in cases])
    cases = [case for case, right in zip(cases, solved, strict=True) if not any(right)]
    offers, milliseconds = [], []
    for problem, answers in cases:
        start = time.process_time()
        offers.append((problem, repaired(problem, answers)))
        milliseconds.append(1000 * (time.process_time() - start))
    verdicts = judged(offers)
    rescued = sum(map(any, verdicts)) / len(cases)
    refuted = sum(not right for offered in verdicts for right in offered)
    times = f"{statistics.median(milliseconds):9.1f} {max(milliseconds):8.1f}"
    print(f"{name:28} {len(cases):13,} {rescued:8.1%} {refuted:14} {times}", flush=True)


def judged(cases):
    """For each (problem, answers), a list of whether each answer is right."""
    verdicts = verify_many((problem, answer) for problem, answers in cases for answer in answers)
    return [[next(verdicts).solved for _ in answers] for _, answers in cases]


def beam(answer, rng):
    """Distinct damaged answers, one or two places wrong in each."""
    found = {}
    for _ in range(10 * BEAM):
        damaged = answer
        for damage in rng.choice(list(DAMAGES.values()), rng.integers(1, 3)):
            damaged = damage(damaged, rng) or damaged
        found[damaged] = damaged != answer
        if sum(found.values()) == BEAM:
            break
    return [damaged for damaged, is_new in found.items() if is_new]


# --- Damages: (answer, rng) -> a wrong one, or None where the answer has no such place -------------------------------


def wrong_factor(answer, rng):
    return _change_term(answer, rng, lambda term: _times(term, int(rng.integers(2, 10)), int(rng.integers(1, 10))))


def wrong_sign(answer, rng):
    return _change_term(answer, rng, lambda term: _times(term, -1, 1))


def lost_term(answer, rng):
    terms = operands_of_chain(answer, "add")
    if len(terms) == 1:
        return None
    del terms[rng.integers(len(terms))]
    return chain("add", terms)


def wrong_digit(answer, rng):
    return _change_token(answer, rng, lambda tokens, i: tokens[i] in DIGITS, _another_digit)


def wrong_exponent(answer, rng):
    return _change_token(answer, rng, _is_exponent, _another_digit)


def wrong_function(answer, rng):
    functions = [t.spelling for t in TOKENS.values() if t.kind == "function" and t.arity == 1 and t.spelling != "f"]
    return _change_token(answer, rng, lambda tokens, i: tokens[i] in functions, lambda _, rng: rng.choice(functions))


DAMAGES = {
    "a term's factor": wrong_factor,
    "a term's sign": wrong_sign,
    "a term lost": lost_term,
    "any digit": wrong_digit,
    "an exponent's digit": wrong_exponent,
    "a function": wrong_function,
}


def _times(term, numerator, denominator):
    return Tree("mul", (Tree("div", (Tree(numerator), Tree(denominator))), term))


def _change_term(answer, rng, change):
    terms = operands_of_chain(answer, "add")
    place = rng.integers(len(terms))
    terms[place] = change(terms[place])
    return chain("add", terms)


def _change_token(answer, rng, is_place, change):
    tokens = to_prefix(answer)
    places = [i for i in range(len(tokens)) if is_place(tokens, i)]
    if not places:
        return None
    place = rng.choice(places)
    tokens[place] = str(change(tokens[place], rng))
    return from_prefix(tokens)


def _another_digit(digit, rng):
    return rng.choice([other for other in "123456789" if other != digit])


def _is_exponent(tokens, i):
    """Whether a digit begins the integer exponent of a power of x or of one function of x, as in `pow sin x INT+ 2`."""
    base = next((k for k in range(i - 2, -1, -1) if tokens[k] == "pow"), None)
    return tokens[i] in DIGITS and base is not None and tokens[base + 1 : i - 1][-1:] == ["x"] and i - base <= 4


if __name__ == "__main__":
    main()
