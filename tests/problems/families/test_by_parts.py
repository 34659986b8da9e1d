"""Problems by parts: right, canonical, the same in every process; and the table that they grow from."""

import itertools
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import symengine as se

from symbolic.algebra.terms import constant_factor, expanded
from symbolic.expressions.engines import symengine_to_prefix, to_symengine
from symbolic.expressions.prefix import from_prefix
from symbolic.problems.families.by_parts import by_parts
from symbolic.problems.families.primitives import PrimitiveTable
from symbolic.problems.files import write_problems
from symbolic.problems.problem import Problem, ProblemOptions, Rejected
from symbolic.problems.tasks import problems
from symbolic.verification import SOLVED, verify
from tests import PROJECT

X = se.Symbol("x")


@pytest.fixture(scope="module")
def drawn():
    rejected = Counter()
    return list(itertools.islice(problems("ibp", 2, None, rejected), 300)), rejected


def sides(problem):
    equation = from_prefix(problem.equation)
    assert equation.head == "sub" and equation.operands[0].head == "Y'"
    return to_symengine(equation.operands[1]), to_symengine(from_prefix(problem.solution))


def test_none_is_refuted(drawn):
    statuses = Counter(verify(*problem).status for problem in drawn[0])
    assert statuses["refuted"] == 0
    assert sum(statuses[status] for status in SOLVED) >= 295


def test_solutions_differentiate_to_the_integrands(drawn):
    exact = 0
    for problem in drawn[0]:
        integrand, primitive = sides(problem)
        exact += se.expand(primitive.diff(X) - integrand) == 0
    assert exact > 0.8 * len(drawn[0])


def test_problems_are_canonical_and_without_constant_terms(drawn):
    for problem in drawn[0]:
        integrand, primitive = sides(problem)
        assert symengine_to_prefix(integrand) == problem.equation.split()[2:]
        assert symengine_to_prefix(primitive) == problem.solution.split()
        terms = primitive.args if isinstance(primitive, se.Add) else (primitive,)
        assert all(se.has_symbol(term, X) for term in terms)
        assert se.has_symbol(integrand, X)


def test_draws_are_rejected_for_known_reasons(drawn):
    _, rejected = drawn
    assert rejected.most_common(1)[0][0] == "no known integral"
    assert rejected["wrong primitive"] + rejected["no real domain"] < 0.03 * len(drawn[0])
    assert set(rejected) <= {
        *("no known integral", "constant", "constant part not real", "no finite value", "too large"),
        *("too long", "no real domain", "wrong primitive"),
    }


def test_the_table_finds_what_no_draw_could_find_without_it(drawn):
    """Problems later in the stream are not only products of powers: the table has learnt other functions."""
    late = [problem.equation for problem in drawn[0][150:]]
    assert sum(any(token in equation for token in ("exp", "sin", "cos", "ln")) for equation in late) > 15


def test_no_sequence_is_too_long():
    for problem in itertools.islice(problems("ibp", 5, ProblemOptions(max_len=25)), 60):
        assert max(problem.equation.count(" ") + 1, problem.solution.count(" ") + 3) <= 25


SCRIPT = """
import itertools
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.tasks import problems
for problem in itertools.islice(problems("ibp", 8, ProblemOptions(max_ops=6, table_size=300)), 60):
    print(*problem, sep="|")
"""


def test_a_seed_gives_the_same_problems_in_every_process():
    outputs = []
    for hash_seed in ("0", "99"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(PROJECT)}
        process = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, check=True, capture_output=True)
        outputs.append(process.stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\n") == 60


def test_every_stream_has_a_table_of_its_own():
    first, second = problems("ibp", 3), problems("ibp", 3)
    interleaved = [next(stream) for _ in range(20) for stream in (first, second)]
    assert interleaved[::2] == interleaved[1::2]


def draw_many(draw, tries, seed=6):
    rng, found = np.random.Generator(np.random.PCG64(seed)), []
    for _ in range(tries):
        try:
            found.append(draw(rng))
        except Rejected:
            pass
    return found


def test_a_full_table_stays_full():
    options = ProblemOptions(table_size=50)
    table = PrimitiveTable(options.table_size)
    assert draw_many(by_parts(options, table), 300)
    assert len(table) == 50


def test_known_primitives_from_files_are_used(tmp_path):
    table = PrimitiveTable(100_000)
    draw_many(by_parts(ProblemOptions(), table), 1200)
    write_problems(tmp_path / "known.gz", table.problems())
    without = draw_many(by_parts(ProblemOptions()), 400, seed=7)
    shared = ProblemOptions(known_primitives=(str(tmp_path / "known.gz"),))
    assert len(draw_many(by_parts(shared), 400, seed=7)) > len(without)
    with pytest.raises(OSError, match="does not exist"):
        by_parts(ProblemOptions(known_primitives=(str(tmp_path / "missing"),)))


def table_of(*pairs, size=100):
    table = PrimitiveTable(size)
    for integrand, primitive in pairs:
        table.add(integrand, primitive)
    return table


ELEMENTARY = [
    (se.cos(X), se.sin(X)),
    (X, X**2 / 2),
    (2 * se.exp(X) + 2, 2 * se.exp(X) + 2 * X),
    (6 * X * se.log(X), 3 * X**2 * se.log(X) - 3 * X**2 / 2),
]


@pytest.mark.parametrize(
    "integrand",
    [
        se.cos(X),
        -3 * se.cos(X) * se.sin(2),
        se.cos(X) + X,
        (se.cos(X) / se.pi + 4 * X) * 7,
        X * (5 * se.log(X) + 1),
        se.sin(3) * X * (1 - se.log(X)) + 8,
        3 * se.exp(X) + 3,
        -se.exp(X) - 1,
    ],
)
def test_integrals_are_found_up_to_factors_and_by_linearity(integrand):
    primitive = table_of(*ELEMENTARY).find(integrand)
    assert se.expand(primitive.diff(X) - integrand) == 0


@pytest.mark.parametrize("integrand", [se.sin(X), se.cos(X) + se.sin(X), se.exp(X), X * se.exp(X), se.cos(2 * X)])
def test_what_is_not_known_is_not_found(integrand):
    assert table_of(*ELEMENTARY).find(integrand) is None


def test_the_shorter_of_two_primitives_stays():
    short, long = X**3 / 3, (X**3 + se.cos(X) ** 2 + se.sin(X) ** 2) / 3
    for pairs in ([short, long], [long, short]):
        assert table_of(*((X**2, primitive) for primitive in pairs)).find(X**2) == short


def test_the_oldest_entry_makes_room_unless_it_was_added_again():
    table = table_of(*ELEMENTARY[:2], size=2)
    table.add(*ELEMENTARY[0])
    table.add(*ELEMENTARY[3])
    assert len(table) == 2
    assert table.find(se.cos(X)) is not None and table.find(X) is None


def test_a_table_goes_through_problems_and_back():
    table = table_of(*ELEMENTARY)
    copy = PrimitiveTable(100)
    copy.add_problems(table.problems())
    assert set(copy.problems()) == set(table.problems())
    assert len(copy) == len(table) == 4


def test_only_integration_problems_are_entered():
    table = PrimitiveTable(10)
    table.add_problems([Problem("sub Y' div INT+ 1 INT+ 0", "x")])
    assert len(table) == 0
    with pytest.raises(ValueError, match="integration problem `sub Y' f` was expected. Received: `add Y Y'`"):
        table.add_problems([Problem("add Y Y'", "exp mul INT- 1 x")])


def test_factors_and_expansion():
    assert constant_factor(6 * se.sin(1) * X * se.exp(X)) == (6 * se.sin(1), X * se.exp(X))
    assert expanded((1 + X) ** 3 * X) == X + 3 * X**2 + 3 * X**3 + X**4
    large = (1 + X + se.sin(X)) ** 25 * X
    assert expanded(large) == large


@pytest.mark.parametrize(
    "choices, message",
    [
        ({"simplify": 1.5}, "`simplify` must be from 0 to 1. Received: 1.5"),
        ({"max_ops_G": 0}, "`max_ops_G` must be from 1 to 100. Received: 0"),
        ({"table_size": 0}, "`table_size` must be at least 1. Received: 0"),
    ],
)
def test_impossible_options_are_refused(choices, message):
    with pytest.raises(ValueError, match=message):
        ProblemOptions(**choices)
