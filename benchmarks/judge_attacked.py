"""The judge attacked: wrong answers where a judge that looks at points may miss them, and right ones in unusual forms.

    python -m benchmarks.judge_attacked [--each N] [--kind TEXT] [--seed S] [--workers N]

A row for each kind: how many pairs, how many verdicts of each status, and `fault`: wrong answers that are solved, or
right ones that are refuted; of the last kinds, right ones with a wrong extent or domain. Faults are printed.
With --each 1300 there are more than 40,000 pairs, which take some ten minutes of CPU.

A wrong answer is a right one with something added whose derivative is not 0 everywhere, or the answer to an equation
that was changed; a right answer is one with something added that is constant wherever it is real, with another inner
variable, or with a value in place of its constant.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.rewriting import FORMS, ODE_FORMS
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.prefix import Tree, fold, prefix_text
from symbolic.verification import STATUSES, Verdict, verify_many

X = Tree("x")
Pair = tuple[Tree, Tree]

# integrand, primitive, real on the whole line
EVERYWHERE = [
    ("1", "x"),
    ("2*x", "x^2"),
    ("cos(x)", "sin(x)"),
    ("x*cos(x)", "x*sin(x) + cos(x)"),
    ("x*exp(-x)", "-(x + 1)*exp(-x)"),
    ("exp(x)*cos(x)", "exp(x)*(sin(x) + cos(x))/2"),
    ("1/(1 + x^2)", "atan(x)"),
    ("1/sqrt(1 + x^2)", "asinh(x)"),
    ("x/sqrt(1 + x^2)", "sqrt(1 + x^2)"),
    ("tanh(x)", "ln(cosh(x))"),
    ("sin(x)^2", "x/2 - sin(2*x)/4"),
    ("x/(1 + x^4)", "atan(x^2)/2"),
    ("cos(x)*exp(sin(x))", "exp(sin(x))"),
    ("2*x*cos(x^2)", "sin(x^2)"),
]
# and real on a part of it
SOMEWHERE = [
    ("ln(x)", "x*ln(x) - x"),
    ("1/x", "ln(x)"),
    ("1/x", "ln(5*x)"),
    ("1/abs(x)", "sign(x)*ln(abs(x))"),
    ("sqrt(x)", "2/3*x^(3/2)"),
    ("x*sqrt(abs(x))", "2/5*x^(5/2)"),
    ("1/sqrt(1 - x^2)", "asin(x)"),
    ("1/sqrt(x^2 - 1)", "acosh(x)"),
    ("1/sqrt(x^2 - 1)", "ln(x + sqrt(x^2 - 1))"),
    ("1/(1 - x^2)", "atanh(x)"),
    ("tan(x)", "-ln(cos(x))"),
    ("1/(x*ln(x))", "ln(ln(x))"),
    ("sqrt(1 - x^2)", "(x*sqrt(1 - x^2) + asin(x))/2"),
    ("x/sqrt(x - 1)", "2/3*sqrt(x - 1)*(x + 2)"),
    ("1/sin(x)", "ln(abs(tan(x/2)))"),
]
# equation = 0, general solution that holds on an interval that depends on the constant
BRANCHES_FOR_ALL = [  # for any value of the constant
    ("Y' - 2*sqrt(Y)", "(x + a8)^2"),
    ("Y' - 4*Y^(3/4)", "(x + a8)^4"),
    ("Y' - sqrt(1 - Y^2)", "sin(x + a8)"),
    ("Y' + sqrt(1 - Y^2)", "cos(x + a8)"),
    ("Y' - x*sqrt(Y)", "(x^2/4 + a8)^2"),
    ("Y' - 2*exp(x)*sqrt(Y)", "(exp(x) + a8)^2"),
    ("x*Y' - atan(Y)*(1 + Y^2)", "tan(a8*x)"),
    ("Y' - sqrt(Y^2 - 1)", "cosh(x + a8)"),
    ("Y' - sqrt(4 - Y^2)", "2*sin(x + a8)"),
    ("Y' - 2*x*sqrt(1 - Y^2)", "sin(x^2 + a8)"),
]
BRANCHES = BRANCHES_FOR_ALL + [
    ("Y'' - sqrt(1 - Y'^2)", "a9 - cos(x + a8)"),
    ("Y' - cos(x)*sqrt(Y)", "(sin(x)/2 + a8)^2"),
    ("Y' - 2*sqrt(Y)/(1 + x^2)", "(atan(x) + a8)^2"),
]
# equation = 0, general solution that holds everywhere
EQUATIONS = [
    ("Y' - Y", "a8*exp(x)"),
    ("Y' - Y*cos(x)", "a8*exp(sin(x))"),
    ("Y' + Y - x", "x - 1 + a8*exp(-x)"),
    ("Y'' + Y", "a8*sin(x) + a9*cos(x)"),
    ("Y'' - Y", "a8*exp(x) + a9*exp(-x)"),
    ("Y*Y' - x", "sqrt(a8 + x^2)"),
    ("Y' - Y^2", "-1/(x + a8)"),
    ("Y' - 2*x*Y", "a8*exp(x^2)"),
]
# the same, but what is added to these may be right: they are real for x > 0 alone, or hold multiples of x
MORE_EQUATIONS = [("x*Y'' + Y'", "a8 + a9*ln(x)"), ("x*Y' - Y", "a8*x")]


class Kind(NamedTuple):
    """One way to attack: `draw` makes a pair; `is_right` says what its verdict should be.

    `misses` tells from the evidence on a right answer whether its extent or domain is wrong; None if it is not asked.
    """

    name: str
    is_right: bool
    draw: Callable[[random.Random], Pair]
    misses: Callable[[dict], bool] | None = None


def _tree(text: str) -> Tree:
    return from_infix(text)


def with_x(tree: Tree, inner: Tree) -> Tree:
    """The tree with another expression in place of x."""
    return fold(tree, lambda head, below: inner if head == "x" else Tree(head, tuple(below)))


def _sum(*terms: Tree) -> Tree:
    first, *rest = terms
    return Tree("add", (first, _sum(*rest))) if rest else first


def _integral(integrand: Tree, answer: Tree) -> Pair:
    return Tree("sub", (Tree("Y'"), integrand)), answer


def _number(rng: random.Random, low: float = 0.05, high: float = 300.0) -> str:
    """A positive number as text, of any scale, sometimes an integer, a fraction or an irrational number."""
    value = low * (high / low) ** rng.random()
    match rng.randrange(4):
        case 0 if value >= 1:
            return str(round(value))
        case 1:
            return f"(pi*{max(1, round(10 * value))}/31)"
        case 2:
            return f"sqrt({max(1, round(value**2))})"
        case _:
            return f"({max(1, round(value * 97))}/97)"


def _shift(rng: random.Random, high: float = 300.0) -> str:
    return f"(x {rng.choice('+-')} {_number(rng, high=high)})"


def _curve(rng: random.Random) -> str:
    """Something that is not linear and has a root on the real line."""
    c = _number(rng, low=0.3, high=200.0)
    return rng.choice(
        [
            f"(x^3 - {c})",
            f"(x^2 - {c})",
            f"(exp(x) - {c})",
            f"(x^5 + x - {c})",
            f"(sinh(x) + {c})",
            f"(x + atan(x) - {c})",
            f"(x*exp(x) - {c})",
            f"(x + sin(x) + {c})",
            f"(x^3 + x + {c})",
        ]
    )


def _kink(rng: random.Random, u: str) -> str:
    sign = rng.choice("+-")
    form = rng.choice(
        ["abs({u}) {s} {u}", "sqrt({u}^2) {s} {u}", "{u}*(abs({u}) {s} {u})", "{u}^2*sign({u}) {s} {u}^2"]
    )
    return f"{_number(rng)}*({form.format(u=u, s=sign)})"


def _step(rng: random.Random, u: str, most: int = 10) -> str:
    k = rng.randint(1, most)
    form = rng.choice(
        ["exp(-10^{k}*{u}^2)", "tanh(10^{k}*{u})", "atan(10^{k}*{u})", "1/(1 + 10^{k}*{u}^2)", "1/cosh(10^{k}*{u})"]
    )
    return form.format(k=k, u=u)


def _fading(rng: random.Random) -> str:
    u = rng.choice(["exp({s})", "exp(-{s})", "exp(exp({s}))", "sinh({s})", "{s}^3"]).format(s=_shift(rng, high=60.0))
    form = rng.choice(["(1 - tanh({u}))", "exp(-abs({u}))", "(1/tanh({u}) - 1)", "1/cosh({u})", "(1 - tanh({u})^2)"])
    return form.format(u=u)


def _added(part: Callable[[random.Random], str], bases: list[tuple[str, str]] = EVERYWHERE) -> Callable:
    """A right answer to an integral, and a part that is no constant."""

    def draw(rng: random.Random) -> Pair:
        integrand, answer = map(_tree, rng.choice(bases))
        terms = [answer, _tree(part(rng))]
        rng.shuffle(terms)
        return _integral(integrand, _sum(*terms))

    return draw


def _overflow(rng: random.Random) -> str:
    power, scale = rng.choice([4, 6, 8]), _number(rng, low=0.5, high=5.0)
    u = f"exp({scale}*x^{power})"
    nothing = rng.choice([f"{u} - {u}", f"({u} + 1) - {u}", f"{u}*x - x*{u}", f"cosh({u}) - cosh({u})"])
    return f"{_kink(rng, rng.choice([_shift(rng, high=40.0), _curve(rng)]))} + {nothing}"


def _off_the_line(rng: random.Random) -> Pair:
    """Right where u > 0, and for u < 0 with the other sign."""
    u = _shift(rng)
    integrand, answer = rng.choice(EVERYWHERE)
    sign = rng.choice(
        [f"sqrt(1/{u})*sqrt({u})", f"sqrt({u})/sqrt({u}) + sqrt(1/{u})*sqrt({u}) - 1", f"sqrt({u}^2)/{u}"]
    )
    nothing = rng.choice(["I - I", "0*I", "x*I - I*x"])
    return _integral(_tree(integrand), _tree(f"({answer} + x)*({sign}) - x + {nothing}"))


def _scaled(rng: random.Random) -> Pair:
    integrand, answer = map(_tree, rng.choice(EVERYWHERE + SOMEWHERE))
    factor = _tree(f"(1 {rng.choice('+-')} 10^(-{rng.randint(2, 40)}))")
    return _integral(integrand, Tree("mul", (factor, answer)))


def _chosen_by_a_constant(rng: random.Random) -> Pair:
    integrand, answer = map(_tree, rng.choice(EVERYWHERE))
    c = _number(rng, high=40.0)
    part = rng.choice(["(abs(a8 - {c}) + a8 - {c})*x", "x*exp(-exp({c}*a8))", "sign(a8 - {c})*x^2 + x^2"]).format(c=c)
    return _integral(integrand, _sum(answer, _tree(part)))


def _any_part(rng: random.Random, fixed: bool = False) -> str:
    """Something that is no constant; if `fixed`, on no interval: an answer without constants may be right on one."""
    return rng.choice(
        [
            *([] if fixed else [_kink(rng, _shift(rng, high=40.0)), _kink(rng, _curve(rng))]),
            _fading(rng),
            f"exp(-{_shift(rng, high=9.0)}^4)",
            f"exp(-exp({_shift(rng, high=30.0)}))",
            _step(rng, _shift(rng, high=40.0), 6),
            f"10^(-{rng.randint(1, 30)})*x",
        ]
    )


def _equation_changed(bases: list[tuple[str, str]], fixed: bool) -> Callable:
    """The answer to an equation with something added that depends on x alone."""

    def draw(rng: random.Random) -> Pair:
        equation, answer = map(_tree, rng.choice(bases))
        return _sum(equation, _tree(_any_part(rng, fixed))), _with_values(answer, rng) if fixed else answer

    return draw


def _solution_changed(bases: list[tuple[str, str]], fixed: bool) -> Callable:
    def draw(rng: random.Random) -> Pair:
        equation, answer = map(_tree, rng.choice(bases))
        answer = _sum(answer, _tree(_any_part(rng, fixed)))
        return equation, _with_values(answer, rng) if fixed else answer

    return draw


def _kink_at_a_constant(rng: random.Random) -> Pair:
    equation, answer = map(_tree, rng.choice(EQUATIONS))
    return equation, _sum(answer, _tree(_kink(rng, rng.choice(["(x - a7)", "(x + a7)", "(a7*x - 1)"]))))


def _with_values(tree: Tree, rng: random.Random) -> Tree:
    """The answer with numbers between -3 and 3 for its constants."""
    values = {name: _tree(f"{rng.choice(['', '-'])}{_number(rng, high=3.0)}") for name in ("a8", "a9")}
    return fold(tree, lambda head, below: values.get(head) or Tree(head, tuple(below)))


def _nothing(rng: random.Random) -> str:
    """Something that is constant wherever it is real, poles and jumps aside."""
    u = rng.choice([_shift(rng, high=20.0), _curve(rng)])
    return rng.choice(
        [
            "pi*sqrt(7)",
            f"5*sign({u})",
            f"atan({u}) + atan(1/{u})",
            "cosh(x)^2 - sinh(x)^2",
            f"sin({u})^2 + cos({u})^2",
            "asin(x) + acos(x)",
            f"ln(abs({u})) - ln(abs(3*{u}))",
            f"{u}/abs({u})",
            f"sqrt({u}^2) - abs({u})",
            "atan(tan(x)) - x",
            "exp(x^4) - exp(x^4)",
            "asinh(x) - ln(x + sqrt(1 + x^2))",
        ]
    )


def _moved(rng: random.Random) -> Pair:
    """Another inner variable: f(k x + c) has the primitive F(k x + c)/k."""
    integrand, answer = map(_tree, rng.choice(EVERYWHERE + SOMEWHERE))
    scale = rng.choice(["1", "2", "1/3", "-1", "10", "7/5", "sqrt(2)"])
    inner = _tree(f"{scale}*x {rng.choice('+-')} {_number(rng)}")
    return _integral(with_x(integrand, inner), Tree("div", (with_x(answer, inner), _tree(scale))))


def _inside(rng: random.Random) -> Pair:
    """f(u) u' has the primitive F(u)."""
    integrand, answer = map(_tree, rng.choice(EVERYWHERE + SOMEWHERE))
    inner, slope = rng.choice(
        [("x^3", "3*x^2"), ("exp(x)", "exp(x)"), ("sinh(x)", "cosh(x)"), ("x^2 + 1", "2*x"), ("sin(x)", "cos(x)")]
    )
    inner, slope = _tree(inner), _tree(slope)
    return _integral(Tree("mul", (with_x(integrand, inner), slope)), with_x(answer, inner))


def _with_form(bases: list[tuple[str, str]], names: list[str], is_integral: bool) -> Callable:
    forms = FORMS | ODE_FORMS

    def draw(rng: random.Random) -> Pair:
        problem, answer = map(_tree, rng.choice(bases))
        answer = forms[rng.choice(names)](answer)
        return _integral(problem, answer) if is_integral else (problem, answer)

    return draw


def _right_with_nothing(rng: random.Random) -> Pair:
    integrand, answer = map(_tree, rng.choice(EVERYWHERE + SOMEWHERE))
    return _integral(integrand, _sum(answer, _tree(_nothing(rng))))


def _right_at_values(bases: list[tuple[str, str]]) -> Callable:
    def draw(rng: random.Random) -> Pair:
        equation, answer = map(_tree, rng.choice(bases))
        return equation, _with_values(answer, rng)

    return draw


# equation = 0, general solution, in which each constant takes all values
GENERAL = [
    ("Y' - Y", "a8*exp(x)"),
    ("Y' - Y*cos(x)", "a8*exp(sin(x))"),
    ("Y' + Y - x", "x - 1 + a8*exp(-x)"),
    ("Y'' + Y", "a8*sin(x) + a9*cos(x)"),
    ("Y'' - Y", "a8*exp(x) + a9*exp(-x)"),
    ("Y'' - 3*Y' + 2*Y", "a8*exp(x) + a9*exp(2*x)"),
    ("Y'' - 2*Y' + Y - x", "x + 2 + (a8 + a9*x)*exp(x)"),
    ("Y' - 2*x*Y", "a8*exp(x^2)"),
    ("Y' - Y^2", "-1/(x + a8)"),
    ("Y' - exp(-Y)", "ln(x + a8)"),
    ("3*Y^2*Y' - 1", "sign(x + a8)*abs(x + a8)^(1/3)"),
    ("x*Y' - Y - x^2", "x^2 + a8*x"),
    ("Y' + 2*Y - exp(x)", "exp(x)/3 + a8*exp(-2*x)"),
]
_NOT_ALL_VALUES = [  # of a constant c; each misses an interval
    "exp({c})", "-exp({c})", "({c})^2", "cosh({c})", "sqrt({c})", "abs({c})", "3*sin({c})", "atan({c})",
    "1/(1 + ({c})^2)", "1 + exp({c})", "tanh({c})", "-sqrt({c}) - 1", "exp(-({c})^2)",
]  # fmt: skip
_ALL_VALUES = [
    "-3*{c}",
    "{c} + 5",
    "({c})^3",
    "sinh({c})",
    "tan({c})",
    "{c} + ({c})^3",
    "1/{c}",
    "asinh({c})",
    "2*{c} - 7",
]


def _with_constant(forms: list[str]) -> Callable:
    """A general solution with a function of the constant in the place of one."""

    def draw(rng: random.Random) -> Pair:
        equation, answer = rng.choice(GENERAL)
        name = rng.choice([name for name in ("a8", "a9") if name in answer])
        inner = rng.choice(["{c}", "({c} + 1/3)", "(2*{c})", "(-{c}/3)"]).format(c=name)
        form = _tree(rng.choice(forms).format(c=inner))
        return _tree(equation), fold(
            _tree(answer), lambda head, below: form if head == name else Tree(head, tuple(below))
        )

    return draw


def _place(rng: random.Random) -> str:
    """Something with one root between -300 and 300, at which it changes its sign."""
    c = _number(rng, low=0.1, high=30.0)
    return rng.choice([_shift(rng), f"({c} - x)", f"(x^3 - {c})", f"(exp(x) - {c})", f"(x + atan(x) - {c})"])


def _real_on_a_part(rng: random.Random) -> str:
    u = _place(rng)
    form = rng.choice(
        [
            "sqrt({u})^2 - {u}",
            "ln({u}) - ln(abs({u}))",
            "{u}^(3/2) - sqrt({u})*{u}",
            "exp(ln({u})) - {u}",
            "acosh(1 + {u}) - ln(1 + {u} + sqrt({u})*sqrt(2 + {u}))",
        ]
    )
    return form.format(u=u)


def _jump(rng: random.Random) -> str:
    return rng.choice(
        ["2*sign({u})", "atan({u}) + atan(1/{u})", "{u}/abs({u})", "-3*abs({u})/{u}", "asin(sign({u}))"]
    ).format(u=_place(rng))


def _everywhere(rng: random.Random) -> Pair:
    integrand, answer = map(_tree, rng.choice(EVERYWHERE))
    scale = rng.choice(["1", "2", "1/3", "-1", "7/5"])
    inner = _tree(f"{scale}*x {rng.choice('+-')} {_number(rng, high=30.0)}")
    return _integral(with_x(integrand, inner), Tree("div", (with_x(answer, inner), _tree(scale))))


def _domain(evidence: dict, wrong: Callable[[dict], bool]) -> bool:
    """Whether a domain is known and wrong."""
    return "domain" in evidence and wrong(evidence["domain"])


_FAST_FORMS = ["canonical", "expanded", "one fraction", "other functions", "with bars"]
KINDS = [
    Kind("kink at a root of something linear", False, _added(lambda rng: _kink(rng, _shift(rng)))),
    Kind("kink at another root", False, _added(lambda rng: _kink(rng, _curve(rng)))),
    Kind("step or bump at a root of something linear", False, _added(lambda rng: _step(rng, _shift(rng)))),
    Kind("step or bump at another root", False, _added(lambda rng: _step(rng, _curve(rng)))),
    Kind(
        "small step or bump",
        False,
        _added(lambda rng: f"10^(-{rng.randint(1, 30)})*{_step(rng, rng.choice([_shift, _curve])(rng), 8)}"),
    ),
    Kind("fading away", False, _added(_fading)),
    Kind("kink where floats overflow", False, _added(_overflow)),
    Kind("0 at dyadic numbers", False, _added(lambda rng: f"cos(2^{rng.randint(20, 900)}*pi*x)")),
    Kind("0 at fractions", False, _added(lambda rng: f"sin({3 ** rng.randint(3, 90)}*2^{rng.randint(9, 90)}*pi*x)")),
    Kind("off the real line", False, _off_the_line),
    Kind("imaginary part that fades", False, _added(lambda rng: f"I*{_fading(rng)}")),
    Kind("off by a factor near 1", False, _scaled),
    Kind("chosen by a constant", False, _chosen_by_a_constant),
    Kind("branch of another equation", False, _equation_changed(BRANCHES, fixed=False)),
    Kind("branch, something added", False, _solution_changed(BRANCHES_FOR_ALL, fixed=False)),
    Kind("branch of another equation, no constant", False, _equation_changed(BRANCHES_FOR_ALL, fixed=True)),
    Kind("branch, something added, no constant", False, _solution_changed(BRANCHES_FOR_ALL, fixed=True)),
    Kind("solution of another equation", False, _equation_changed(EQUATIONS, fixed=False)),
    Kind("solution, something added", False, _solution_changed(EQUATIONS, fixed=False)),
    Kind("solution, something added, no constant", False, _solution_changed(EQUATIONS, fixed=True)),
    Kind("solution with a kink at a constant", False, _kink_at_a_constant),
    Kind("right: as they are, moved and scaled", True, _moved),
    Kind("right: of another variable", True, _inside),
    Kind("right: with a constant in disguise", True, _right_with_nothing),
    Kind("right: integrals in other functions", True, _with_form(EVERYWHERE + SOMEWHERE, _FAST_FORMS, True)),
    Kind("right: solutions in other functions", True, _with_form(EQUATIONS + MORE_EQUATIONS, _FAST_FORMS, False)),
    Kind("right: branches in other functions", True, _with_form(BRANCHES, ["canonical", "expanded"], False)),
    Kind("right: solutions with other constants", True, _with_form(EQUATIONS + MORE_EQUATIONS, list(ODE_FORMS), False)),
    Kind("right: branches with other constants", True, _with_form(BRANCHES, list(ODE_FORMS), False)),
    Kind("right: solutions without constants", True, _right_at_values(EQUATIONS + MORE_EQUATIONS)),
    Kind("right: branches without constants", True, _right_at_values(BRANCHES_FOR_ALL)),
    Kind("extent: a family", True, _with_constant(_NOT_ALL_VALUES), lambda evidence: evidence["general"]),
    Kind("extent: general", True, _with_constant(_ALL_VALUES), lambda evidence: not evidence["general"]),
    Kind("domain: a part", True, _added(_real_on_a_part), lambda evidence: _domain(evidence, lambda it: it["whole"])),
    Kind("domain: whole", True, _everywhere, lambda evidence: _domain(evidence, lambda it: not it["whole"])),
    Kind("domain: a jump", True, _added(_jump), lambda evidence: _domain(evidence, lambda it: not it["jumps"])),
]


def pairs(kind: Kind, count: int, seed: int = 0) -> Iterator[Pair]:
    """This many pairs of a kind, the same ones for the same seed; what cannot be written as a tree is drawn again."""
    rng = random.Random(f"{kind.name} {seed}")
    for _ in range(count):
        while True:
            try:
                pair = kind.draw(rng)
                prefix_text(pair[1])
            except (ValueError, RuntimeError):
                continue
            yield pair
            break


def is_fault(kind: Kind, verdict: Verdict) -> bool:
    """Whether a verdict is wrong, and not merely open."""
    if kind.misses is not None and verdict.solved:
        return kind.misses(verdict.evidence)
    return verdict.status == "refuted" if kind.is_right else verdict.solved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=1300, metavar="N", help="pairs of each kind")
    parser.add_argument("--kind", default="", metavar="TEXT", help="only kinds whose name holds this text")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes")
    args = parser.parse_args()
    print(f"{'kind':46}{'pairs':>8}" + "".join(f"{status:>11}" for status in STATUSES) + f"{'fault':>8}")
    total = Counter()
    for kind in KINDS:
        if args.kind not in kind.name:
            continue
        drawn = list(pairs(kind, args.each, args.seed))
        verdicts = list(verify_many(drawn, workers=args.workers, domain=kind.misses is not None))
        counts = Counter(verdict.status for verdict in verdicts)
        faults = [pair for pair, verdict in zip(drawn, verdicts, strict=True) if is_fault(kind, verdict)]
        total.update(counts, pairs=len(drawn), fault=len(faults))
        columns = "".join(f"{counts[status]:>11,}" for status in STATUSES)
        print(f"{kind.name:46}{len(drawn):>8,}{columns}{len(faults):>8,}", flush=True)
        for problem, answer in faults[:5]:
            print(f"    {to_infix(problem)}\n    {to_infix(answer)}", flush=True)
    print(
        f"{'all':46}{total['pairs']:>8,}{''.join(f'{total[status]:>11,}' for status in STATUSES)}{total['fault']:>8,}"
    )


if __name__ == "__main__":
    main()
