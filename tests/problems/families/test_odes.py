"""Differential equations: each is solved by its solution, whose constants are independent, in one spelling."""

import functools
import itertools
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import symengine as se
import sympy as sp

from symbolic.expressions import numeric
from symbolic.expressions.engines import symengine_to_prefix, to_symengine
from symbolic.expressions.exchange import to_sympy
from symbolic.expressions.prefix import Tree, from_prefix, to_prefix
from symbolic.problems.families.odes import absorbed, check_solution, occurrences, solved_for, with_constants
from symbolic.problems.problem import ProblemOptions, Rejected
from symbolic.problems.tasks import TASKS, problems
from symbolic.verification import verify_many
from tests import PROJECT

SP_X, *SP_CONSTANTS = sp.symbols("x a8 a9")
POINTS = [
    dict(zip((SP_X, *SP_CONSTANTS), map(sp.Rational, values), strict=True))
    for values in (("3/8", "7/5", "5/7"), ("5/6", "-7/4", "6/5"), ("1/7", "2/9", "-4/3"), ("9/4", "11/5", "1/3"))
]
X, Y, A8, A9 = se.symbols("x Y a8 a9")
CONSTANTS = {"ode1": (A8,), "ode2": (A8, A9)}
UNKNOWNS = ("Y", "Y'", "Y''")
FAMILIES = pytest.mark.parametrize("task", CONSTANTS)
ALL_OPERATORS = ProblemOptions(
    operators=dict.fromkeys("add sub mul div pow rac inv abs sign cot sec csc acot asec acsc coth sech csch".split(), 1)
    | dict.fromkeys("acoth asech acsch sinh asin acosh atan exp ln sqrt".split(), 1),
    max_ops=7,
)


@functools.cache
def first_200(task):
    return list(itertools.islice(problems(task, 3), 200))


def first(task, count, seed=3, options=None):
    if seed == 3 and options is None:
        return first_200(task)[:count]
    return list(itertools.islice(problems(task, seed, options), count))


def parsed(text):
    return to_symengine(from_prefix(text))


# --- every problem ----------------------------------------------------------------------------------------------------


@FAMILIES
def test_the_judge_takes_every_solution_for_one_with_all_constants(task):
    verdicts = list(verify_many(first(task, 200)))
    assert [verdict for verdict in verdicts if verdict.extent not in ("general", "family")] == []
    assert {verdict.evidence["order"] for verdict in verdicts} == {len(CONSTANTS[task])}


@FAMILIES
def test_sympy_at_points_agrees(task):
    """A route of its own: SymPy differentiates the solution, mpmath evaluates both sides with 40 digits."""
    order, solved = len(CONSTANTS[task]), 0
    for problem in first(task, 25, seed=8):
        solution = to_sympy(from_prefix(problem.solution))
        derivatives = [solution.diff(SP_X, count) for count in range(order + 1)]
        names = {unknown: f"a{index}" for index, unknown in enumerate(UNKNOWNS)}
        equation = to_sympy(from_prefix(" ".join(names.get(token, token) for token in problem.equation.split())))
        solved += any(_residual_is_zero(equation, derivatives, point) for point in POINTS)
    assert solved >= 22


def _residual_is_zero(equation, derivatives, point):
    values = [derivative.subs(point).evalf(40) for derivative in derivatives]
    if not all(value.is_real and value.is_finite for value in values):
        return False
    substituted = equation.subs(point | dict(zip(sp.symbols("a0 a1 a2"), values, strict=False)))
    return abs(substituted.evalf(40, maxn=200)) < 1e-25 * max(1, *map(abs, values))


@FAMILIES
def test_both_sides_are_canonical_and_name_what_they_may(task):
    for problem in first(task, 150):
        for text in problem:
            assert symengine_to_prefix(parsed(text)) == text.split(), problem
        equation, solution = (Counter(text.split()) for text in problem)
        assert not {"a8", "a9"} & equation.keys() and not set(UNKNOWNS) & solution.keys()
        assert equation[UNKNOWNS[len(CONSTANTS[task])]]
        assert [solution[str(constant)] for constant in CONSTANTS[task]] == [1] * len(CONSTANTS[task])


def test_exchanging_the_constants_gives_no_second_spelling():
    for _, solution in first("ode2", 100):
        exchanged = parsed(solution).xreplace({A8: A9, A9: A8})
        assert solution.split() <= symengine_to_prefix(exchanged)


@FAMILIES
def test_problems_are_short_enough(task):
    options = ProblemOptions(max_len=40)
    assert max(len(text.split()) for problem in first(task, 50, options=options) for text in problem) <= 38


@FAMILIES
def test_every_operator_can_be_drawn_and_other_variables_are_parameters(task):
    drawn = first(task, 40, options=ALL_OPERATORS)
    assert len({token for problem in drawn for token in problem.solution.split()}) > 15
    drawn = first(task, 40, options=ProblemOptions(variables=("x", "z"), max_ops=6))
    assert any("z" in problem.equation.split() for problem in drawn)
    assert "refuted" not in [verdict.status for verdict in verify_many(drawn)]


@FAMILIES
def test_another_process_with_another_hash_seed_draws_the_same(task):
    script = (
        "import itertools, sys; from symbolic.problems.tasks import problems\n"
        "for problem in itertools.islice(problems(sys.argv[1], 3), 60): print(*problem, sep='\\t')"
    )
    written = subprocess.run(
        [sys.executable, "-c", script, task],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env={"PYTHONHASHSEED": "77"},
    ).stdout
    assert written.splitlines() == ["\t".join(problem) for problem in first(task, 60)]


@FAMILIES
def test_rejected_draws_are_counted_by_reason(task):
    rejected = Counter()
    list(itertools.islice(problems(task, 5, rejected=rejected), 80))
    assert set(rejected) >= {"too long", "collapsed", "constants not independent"}
    assert ("not solvable for the constants" in rejected) == (task == "ode2")


@FAMILIES
def test_trees_with_too_few_leaves_give_no_problem(task):
    with pytest.raises(ValueError, match="rejected .too few leaves"):
        next(problems(task, 0, ProblemOptions(max_ops=0)))


# --- the steps --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function, values",
    [
        *[(name, [-0.9, 0.3, 0.8]) for name in "sin cos tan tanh acot acsch atan asinh sinh sech".split()],
        *[(name, [0.2, 1.1, 1.5]) for name in "sec csc cosh coth csch cot acosh exp ln asin acos atanh asec".split()],
        *[(name, [0.2, 1.1, 1.5]) for name in "acsc acoth asech sqrt pow2 pow3 pow4 pow5 inv abs".split()],
    ],
)
def test_inverses_are_right_inverses(function, values):
    """f(f^-1(v)) = v wherever both are real."""
    inverse = solved_for(to_symengine(Tree(function, (Tree("a8"),))), A8, X)
    composed = Tree(function, (from_prefix(symengine_to_prefix(inverse)),))
    found = numeric.values(composed, {"x": np.array(values)})
    real = np.isfinite(found)
    assert real.any()
    np.testing.assert_allclose(found[real], np.array(values)[real], rtol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        *[f"{name} {operands}" for name in ("add", "sub", "mul", "div", "pow") for operands in ("a8 x", "x a8")],
        "rac a8 x",
        "add x sqrt mul pow x INT+ 2 sin add INT+ 1 div a8 x",
    ],
)
def test_binary_operators_and_whole_paths_are_inverted(function):
    expression = parsed(function)
    value = expression.subs({A8: se.RealDouble(0.4), X: se.RealDouble(1.7)})
    inverse = solved_for(expression, A8, Y)
    assert abs(complex(inverse.subs({Y: value, X: se.RealDouble(1.7)}).n()) - 0.4) < 1e-12


def test_an_operator_without_an_inverse_is_rejected():
    with pytest.raises(Rejected, match="not invertible"):
        solved_for(se.sign(A8 + X), A8, Y)


@pytest.mark.parametrize(
    "expression, constant, expected",
    [
        (2 * X * se.exp(5 * A8), A8, A8 * X),
        (se.sin(X + 3 + se.sqrt(A8)), A8, se.sin(X + A8)),
        (X + A8 * X / 2, A8, X + A8 * X),
        (X + A8 + se.sin(A9), A8, X + A8),
        (X**2 * (A8 + X * A9), A8, X**2 * (A8 + X * A9)),
        (se.exp(A8 + 2) * se.log(X), A8, A8 * se.log(X)),
        (X ** (1 + A8), A8, X**A8),
    ],
)
def test_what_is_constant_is_drawn_into_the_constant(expression, constant, expected):
    assert absorbed(expression, constant) == expected


def test_each_constant_takes_one_leaf_and_x_keeps_one():
    rng = np.random.Generator(np.random.PCG64(0))
    tree = from_prefix("add sin INT+ 2 mul INT+ 3 sub x INT+ 4")
    seen = Counter()
    for _ in range(2000):
        leaves = [token for token in to_prefix(with_constants(tree, ["a8", "a9"], rng)) if token in ("x", "a8", "a9")]
        assert leaves.count("a8") == leaves.count("a9") == 1 and "x" in leaves
        seen[tuple(leaves)] += 1
    assert len(seen) >= 6  # constants and x in any order
    with pytest.raises(Rejected, match="too few leaves"):
        with_constants(from_prefix("add x INT+ 1"), ["a8", "a9"], rng)


def test_occurrences_are_counted():
    assert occurrences(A8 + se.sin(A8 * X) ** A8, A8) == 3
    assert occurrences(X + A9, A8) == 0


@pytest.mark.parametrize(
    "equation, solution, constants, reason",
    [
        ("sub Y' Y", "mul a8 exp x", 1, None),
        ("add Y'' Y", "mul a8 sin add a9 x", 2, None),
        ("sub Y' mul INT+ 2 sqrt Y", "pow add a8 x INT+ 2", 1, None),
        ("add Y'' Y", "mul add a8 a9 sin x", 2, "constants not independent"),
        ("add Y'' Y", "mul a8 mul a9 sin x", 2, "constants not independent"),
        ("sub Y' Y", "add a8 exp x", 1, "not a solution"),
        ("sub Y' Y", "exp x", 1, "constants not independent"),
        ("sub Y' abs x", "add a8 div pow x INT+ 2 INT+ 2", 1, "not a solution"),
        ("sub Y' add Y div x pow INT+ 1 0 INT+ 5", "mul a8 exp x", 1, "not a solution"),
        ("sub add Y' Y INT+ 1", "add INT+ 1 pow add INT+ 1 pow add a8 x INT+ 2 INT- 9", 1, "the residual fades away"),
        ("sub Y' Y", "mul a8 exp asin add INT+ 9 x", 1, "too few real points"),
        ("sub Y' pow INT+ 1 0 INT+ 2 0", "add a8 mul x pow INT+ 1 0 INT+ 2 0", 1, "constants not independent"),
    ],
)
def test_pairs_are_checked_by_substitution(equation, solution, constants, reason):
    def check():
        check_solution(equation.split(), solution.split(), (A8, A9)[:constants])

    if reason is None:
        check()
    else:
        with pytest.raises(Rejected, match=reason):
            check()


def test_the_registry_holds_both_families():
    assert {"ode1", "ode2"} <= set(TASKS)
