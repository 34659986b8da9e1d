import random
from pathlib import Path

import flint
import numpy as np
import pytest

from symbolic.expressions import engines, numeric
from symbolic.expressions.prefix import Tree, fold, from_prefix, is_prefix
from symbolic.expressions.program import CORE_HEADS, Program
from symbolic.expressions.tokens import TOKENS
from symbolic.verification import SOLVED, STATUSES, balls, verify

SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def integral(integrand, answer, **options):
    return verify(f"sub Y' {integrand}", answer, **options)


# integrand, a primitive
PRIMITIVES = [
    ("pow x INT+ 2", "mul div INT+ 1 INT+ 3 pow x INT+ 3"),
    ("mul x cos x", "add mul x sin x cos x"),
    ("mul x exp x", "mul sub x INT+ 1 exp x"),
    ("ln x", "sub mul x ln x x"),
    ("inv x", "ln x"),
    ("inv x", "ln mul INT- 1 x"),
    ("inv x", "ln abs x"),
    ("inv x", "ln abs mul INT+ 3 x"),
    ("div INT+ 1 add INT+ 1 pow2 x", "atan x"),
    ("div INT+ 1 add INT+ 1 pow2 x", "mul INT- 1 acot x"),
    ("div INT+ 1 sqrt sub INT+ 1 pow2 x", "asin x"),
    ("div INT+ 1 sqrt sub INT+ 1 pow2 x", "mul INT- 1 acos x"),
    ("div INT+ 1 sqrt sub pow2 x INT+ 1", "acosh x"),
    ("div INT+ 1 sqrt sub pow2 x INT+ 1", "ln add x sqrt sub pow2 x INT+ 1"),
    ("div INT+ 1 sqrt add pow2 x INT+ 1", "asinh x"),
    ("div INT+ 1 sub INT+ 1 pow2 x", "atanh x"),
    ("div INT+ 1 sub INT+ 1 pow2 x", "acoth x"),
    ("div INT+ 1 sub INT+ 1 pow2 x", "mul div INT+ 1 INT+ 2 ln abs div add INT+ 1 x sub INT+ 1 x"),
    ("sec x", "ln abs add sec x tan x"),
    ("sec x", "mul INT+ 2 atanh tan div x INT+ 2"),
    ("csc x", "ln tan div x INT+ 2"),
    ("tan x", "mul INT- 1 ln cos x"),
    ("tanh x", "ln cosh x"),
    ("sech x", "mul INT+ 2 atan tanh div x INT+ 2"),
    ("pow2 sin x", "sub div x INT+ 2 div sin mul INT+ 2 x INT+ 4"),
    ("pow2 sin x", "div sub x mul sin x cos x INT+ 2"),
    ("mul sin x cos x", "div pow2 sin x INT+ 2"),
    ("mul sin x cos x", "mul div INT- 1 INT+ 4 cos mul INT+ 2 x"),
    ("rac x INT+ 3", "mul div INT+ 3 INT+ 4 pow x div INT+ 4 INT+ 3"),
    ("mul pow x x add INT+ 1 ln x", "pow x x"),
    ("sqrt pow2 x", "mul div INT+ 1 INT+ 2 mul x abs x"),
    ("div sqrt pow2 x x", "abs x"),
    ("sign x", "abs x"),
    ("abs x", "mul div INT+ 1 INT+ 2 mul x abs x"),
    ("INT+ 1", "atan tan x"),
    ("INT+ 0", "sign x"),
    ("INT+ 1", "add x mul INT+ 5 sign sin x"),
    (
        "asin sub x INT+ 2 0",  # real between 19 and 21
        "add mul sub x INT+ 2 0 asin sub x INT+ 2 0 sqrt sub INT+ 1 pow2 sub x INT+ 2 0",
    ),
]


@pytest.mark.parametrize(("integrand", "primitive"), PRIMITIVES)
def test_primitives_are_accepted_with_any_constant_and_refuted_when_changed(integrand, primitive):
    assert integral(integrand, primitive).solved
    for constant in ("a8", "mul pi sqrt INT+ 7", "ln a3"):
        assert integral(integrand, f"add {primitive} {constant}").solved, constant
    for wrong in (f"add {primitive} x", f"mul div INT+ 9 9 INT+ 1 0 0 add x {primitive}"):
        verdict = integral(integrand, wrong)
        assert verdict.status == "refuted", wrong
        assert set(verdict.evidence) >= {"point", "residual"}


def test_the_verdict_does_not_hang_on_the_random_points():
    for integrand, primitive in PRIMITIVES[:12]:
        statuses = {integral(integrand, primitive, seed=seed).status for seed in range(5)}
        assert len(statuses) == 1 and statuses <= SOLVED


def test_rational_answers_are_proved_and_trigonometric_ones_at_least_confirmed():
    assert integral("div INT+ 1 pow2 add INT+ 1 x", "div x add INT+ 1 x").status == "proved"
    confirmed = integral("mul sin x cos x", "mul div INT- 1 INT+ 4 cos mul INT+ 2 x")
    assert confirmed.status == "confirmed"
    assert confirmed.evidence["points"] >= 6 and confirmed.evidence["radius"] <= 1e-50


@pytest.mark.parametrize(
    ("integrand", "answer"),
    [
        ("INT+ 1", "asin sin x"),  # right where cos x > 0
        ("abs x", "div pow2 x INT+ 2"),  # right where x > 0
        ("cos add x INT+ 4", "sin abs add x INT+ 4"),
        ("div INT+ 1 mul x sqrt sub pow2 x INT+ 1", "asec x"),  # the sign is wrong for x < -1
        ("cos x", "add sin x mul pow INT+ 1 0 INT- 9 x"),
        ("cos x", "add sin x mul pow INT+ 1 0 INT- 2 5 exp x"),  # below the precision of float64
        (
            # Terms of size 10^40 cancel and must not hide a residual of 10^-45.
            "sub add cos x mul x pow INT+ 1 0 INT+ 4 0 mul x pow INT+ 1 0 INT+ 4 0",
            "add sin x mul x pow INT+ 1 0 INT- 4 5",
        ),
        ("inv x", "INT+ 7"),
        ("exp x", "exp exp x"),
        ("cos x", "pow sub sin x sin x INT+ 2"),  # a ball around 0, squared
        ("mul INT+ 2 x", "add a9 mul sign a8 pow2 x"),  # right where a8 > 0
        ("INT+ 0", "add a9 tanh mul a8 x"),
        ("cos x", "add sin x exp mul INT- 1 exp mul a8 x"),
    ],
)
def test_answers_that_are_wrong_anywhere_in_the_real_domain_are_refuted(integrand, answer):
    assert integral(integrand, answer).status == "refuted"


@pytest.mark.parametrize(
    ("integrand", "answer", "nothing"),
    [
        ("INT+ 1", "x", "mul INT+ 0 inv {zero}"),
        ("mul INT+ 2 x", "pow2 x", "sub div {zero} {zero} INT+ 1"),
        ("mul INT+ 2 x", "pow2 x", "mul INT+ 0 ln {zero}"),
    ],
)
@pytest.mark.parametrize(
    "zero",
    [
        "sub add pow2 sin x pow2 cos x INT+ 1",
        "sub pow2 add x INT+ 1 add add pow2 x mul INT+ 2 x INT+ 1",
        "sub mul exp x exp mul INT- 1 x INT+ 1",
    ],
)
def test_an_answer_that_divides_by_a_hidden_zero_is_not_solved(integrand, answer, nothing, zero):
    assert integral(integrand, f"add {answer} {nothing.format(zero='sub INT+ 2 INT+ 1')}").solved
    assert not integral(integrand, f"add {answer} {nothing.format(zero=zero)}").solved


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("mul x", "malformed answer: incomplete"),
        ("", "malformed answer"),
        ("sin foo", "malformed answer: unknown token"),
        ("mul x Y", "contains `Y`"),
        ("sin Y'", "contains `Y'`"),
        ("add x z", "contains `z`"),
        ("f x", "contains `f`"),
        ("div x INT+ 0", "undefined"),
        ("add x ln INT+ 0", "undefined"),
        ("add x inv sub INT+ 2 INT+ 2", "undefined"),
    ],
)
def test_what_cannot_be_an_answer_is_refuted_with_the_reason(answer, reason):
    verdict = integral("INT+ 1", answer)
    assert verdict.status == "refuted"
    assert reason in verdict.reason


@pytest.mark.parametrize("problem", ["sub Y'", "sub x INT+ 1", "sub Y' f x", "nonsense"])
def test_a_problem_that_is_no_equation_is_undecided(problem):
    verdict = verify(problem, "x")
    assert verdict.status == "undecided"
    assert "problem" in verdict.reason


def test_real_nowhere_means_principal_values_at_complex_points():
    root = "sqrt sub INT- 1 pow2 x"  # real for no real x
    primitive = f"div sub mul x {root} atan div x {root} INT+ 2"
    right, wrong = integral(root, primitive), integral(root, f"mul INT+ 2 {primitive}")
    assert right.solved and right.evidence["complex"]
    assert wrong.status == "refuted"
    assert integral("mul I cos x", "mul I sin x").solved
    assert integral("mul I cos x", "sin x").status == "refuted"
    # acosh has this derivative on the whole line, below -1 too, where one square root of x^2 - 1 has the other sign.
    assert integral("div I mul sqrt sub x INT+ 1 sqrt add x INT+ 1", "mul I acosh x").solved
    # Two square roots of -x: right for x > 0 and wrong for x < 0, or the other way round.
    assert integral("mul I div INT+ 1 sqrt x", "mul INT+ 2 sqrt mul INT- 1 x").status == "undecided"
    assert integral("abs add I x", "x").status == "undecided"


# equation, general solution
SOLUTIONS = [
    ("sub Y' Y", "mul a8 exp x", 1),
    ("add Y'' Y", "mul a9 sin add a8 x", 2),
    ("add Y'' Y", "add mul a8 sin x mul a9 cos x", 2),
    ("add mul x Y'' Y'", "add a8 mul a9 ln x", 2),
    ("sub Y' mul INT+ 2 sqrt Y", "pow2 add x a8", 1),  # where x + a8 > 0
    ("add mul INT+ 2 mul atan Y add INT+ 1 pow2 Y Y'", "tan mul a8 exp mul INT- 2 x", 1),  # while a8 exp(-2x) is small
    ("sub mul Y Y' x", "sqrt add pow2 x a8", 1),
]


@pytest.mark.parametrize(("equation", "solution", "order"), SOLUTIONS)
def test_general_solutions_are_accepted_for_all_values_of_their_constants(equation, solution, order):
    verdict = verify(equation, solution)
    assert verdict.solved
    assert verdict.evidence["order"] == verdict.evidence["constants"] == order
    assert verify(equation, f"add x {solution}").status == "refuted"
    product = verify(f"mul x {equation}", solution)
    assert product.solved and product.evidence.get("branch") == verdict.evidence.get("branch")


@pytest.mark.parametrize(
    ("equation", "solution", "constants"),
    [
        ("sub Y' Y", "INT+ 0", 0),
        ("sub Y' Y", "mul add a8 a9 exp x", 1),
        ("Y''", "add a8 a9", 1),
        ("Y''", "add a8 mul a9 add x a7", 2),
        ("add Y'' Y", "mul a8 mul a9 sin x", 1),
    ],
)
def test_independent_constants_are_counted(equation, solution, constants):
    verdict = verify(equation, solution)
    assert verdict.solved
    assert verdict.evidence["constants"] == constants


@pytest.mark.parametrize(
    ("equation", "answer"),
    [
        ("sub Y' abs x", "add a8 div pow2 x INT+ 2"),  # fails for x < 0 whatever a8 is
        ("sub Y' Y", "sub abs a8 a8"),  # 0 for a8 > 0, which is short of a constant
        ("sub Y' Y", "add a8 exp x"),
        ("add Y'' Y", "mul a9 sin mul a8 x"),
        # The residual fades away for large values of a constant.
        ("add Y'' Y", "add mul a8 sin x exp mul INT- 1 mul a9 pow2 x"),
        ("sub add Y' Y INT+ 1", "add INT+ 1 exp mul INT- 1 mul a8 pow2 x"),
        ("sub Y' Y", "add mul a8 exp x exp mul INT- 1 mul a9 exp x"),
        ("sub Y' Y", "add mul a8 exp x exp mul INT- 1 exp exp mul a9 x"),
        ("mul INT+ 3 sub Y' Y", "add mul a8 exp x exp mul INT- 1 mul a9 exp x"),
        # Wrong for x < 0, and for x > 0 floats are not 0 but for rounding.
        ("sub Y' mul sign x Y", "mul a8 pow exp div x INT+ 3 INT+ 3"),
        ("mul x sub Y' mul sign x Y", "mul a8 pow exp div x INT+ 3 INT+ 3"),
        ("sin sub Y' mul sign x Y", "mul a8 pow exp div x INT+ 3 INT+ 3"),
        # Any function near the answer holds, too, where a8 > 2.
        ("mul sub Y' Y sub INT+ 1 sign sub Y INT+ 2", "add a8 sin x"),
    ],
)
def test_answers_that_fail_for_some_constants_and_are_no_branch_are_refuted(equation, answer):
    assert verify(equation, answer).status == "refuted"


def test_a_coefficient_of_the_problem_is_the_same_number_in_the_answer():
    assert integral("mul a0 x", "mul a0 div pow2 x INT+ 2").solved
    assert integral("mul a0 x", "mul a1 div pow2 x INT+ 2").status == "refuted"


@pytest.mark.parametrize("head", CORE_HEADS)
def test_real_and_complex_balls_agree_with_floats(head):
    operands = [Tree("x"), Tree("y")] if head in ("add", "sub", "mul", "div", "pow") else [Tree("x")]
    program = Program()
    slot = program.enter(Tree(head, tuple(operands)))
    rng = np.random.default_rng(3)
    points = {"x": rng.uniform(-3, 3, 30), "y": rng.uniform(-3, 3, 30)}
    floats = numeric.run(program, points)[slot]
    for row, value in enumerate(floats):
        point = {name: float(column[row]) for name, column in points.items()}
        with flint.ctx.workprec(128):
            real, complex_ = balls.run(program, point)[slot], balls.run(program, point, is_complex=True)[slot]
        assert np.isfinite(value) == real.is_finite()
        assert complex_.is_finite()
        if np.isfinite(value):
            assert float(real.mid()) == pytest.approx(value, rel=1e-12)
            assert real.overlaps(complex_.real) and complex_.imag.contains(0)
        else:
            assert not complex_.imag.contains(0)


def test_rational_exponents_are_exact():
    assert integral("pow x sub div INT+ 1 INT+ 3 div INT+ 4 INT+ 3", "ln abs x").solved
    assert integral("pow x mul INT+ 4 div INT+ 1 INT+ 2", "div pow x INT+ 3 INT+ 3").solved


OTHER_FORMS = {
    "acosh": "ln add x mul sqrt sub x INT+ 1 sqrt add x INT+ 1",
    "asinh": "ln add x sqrt add pow2 x INT+ 1",
    "sinh": "div sub exp x exp mul INT- 1 x INT+ 2",
    "tan": "div sin x cos x",
    "cos": "sub INT+ 1 mul INT+ 2 pow2 sin div x INT+ 2",
    "asin": "sub div pi INT+ 2 acos x",
    "atan": "asin div x sqrt add INT+ 1 pow2 x",
    "sqrt": "pow x div INT+ 1 INT+ 2",
}


def rewritten(tree):
    """The tree with some functions written by others, of equal value wherever the function is real."""

    def combine(head, operands):
        if head not in OTHER_FORMS:
            return Tree(head, tuple(operands))
        return fold(
            from_prefix(OTHER_FORMS[head]), lambda leaf, inner: operands[0] if leaf == "x" else Tree(leaf, tuple(inner))
        )

    return fold(tree, combine)


def published(name, count, seed):
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the repository")
    lines = random.Random(seed).sample(path.read_text().splitlines(), count)
    return [tuple(line.split("|")[-1].split("\t")) for line in lines]


@pytest.mark.parametrize(
    ("name", "count", "least"),
    [("published_fwd.valid", 300, 0.98), ("reference_bwd.tsv", 200, 0.97), ("published_ode1.head", 200, 0.98)],
)
def test_published_pairs_are_solved(name, count, least):
    verdicts = [verify(*pair) for pair in published(name, count, seed=1)]
    assert sum(verdict.solved for verdict in verdicts) >= least * count


def test_right_answers_written_otherwise_are_not_refuted():
    for problem, answer in published("published_fwd.valid", 150, seed=2):
        tree = from_prefix(answer)
        if not verify(problem, tree).solved:
            continue
        expanded = engines.from_symengine(engines.to_symengine(tree).expand())
        for form in (expanded, rewritten(tree), Tree("add", (tree, from_prefix("mul pi a8")))):
            assert verify(problem, form).status != "refuted", (problem, form)


def mutated(answer, rng):
    """The answer with one of its digits, functions or operators replaced by another of the same arity."""
    words = answer.split()
    kinds = {"digit": "digit", "function": "function", "operator": "operator"}
    while True:
        index = rng.randrange(len(words))
        old = TOKENS[words[index]]
        choices = [t.spelling for t in TOKENS.values() if (t.kind, t.arity) == (old.kind, old.arity) and t != old]
        changed = [*words[:index], rng.choice(choices or ["x"]), *words[index + 1 :]]
        if old.kind in kinds and is_prefix(changed):
            return " ".join(changed)


def test_mutated_answers_are_right_only_if_they_differ_by_a_constant():
    rng = random.Random(4)
    accepted = 0
    x = np.array([0.31, 0.47, 0.83, 1.27, 2.9, 5.3])
    for problem, answer in published("published_fwd.valid", 300, seed=3):
        wrong = mutated(answer, rng)
        verdict = verify(problem, wrong)
        assert verdict.status in STATUSES
        if verdict.solved:
            accepted += 1
            difference = numeric.values(Tree("sub", (from_prefix(wrong), from_prefix(answer))), {"x": x})
            difference = difference[np.isfinite(difference)]
            np.testing.assert_allclose(difference, difference[:1].repeat(len(difference)), atol=1e-9)
    assert accepted < 10
