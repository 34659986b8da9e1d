"""A problem set is the problems of a file, with their kinds, lengths and numbers of operators."""

import pytest

from symbolic.evaluation.problem_sets import is_integral, kind_of, read_problem_set
from symbolic.problems.files import write_problems

PROBLEMS = [
    ("sub Y' mul INT+ 2 x", "pow x INT+ 2"),
    ("sub Y' cos x", "sin x"),
    ("sub Y' Y", "mul a8 exp x"),
    ("add Y'' Y", "mul a8 sin add x a9"),
]


def test_a_set_has_kinds_lengths_and_operators(tmp_path):
    write_problems(tmp_path / "a.test.gz", PROBLEMS)
    problems, report = read_problem_set(tmp_path / "a.test.gz")
    assert list(problems[["input", "output"]].itertuples(index=False, name=None)) == PROBLEMS
    assert problems["kind"].tolist() == ["integration", "integration", "ode1", "ode2"]
    assert problems["length"].tolist() == [6, 4, 3, 3] and problems["operators"].tolist() == [2, 2, 1, 1]
    assert problems["line"].tolist() == [1, 2, 3, 4] and report.kept == 4


def test_a_limit_spreads_over_the_file(tmp_path):
    write_problems(tmp_path / "a.test", PROBLEMS)
    for limit, lines in {1: [1], 2: [1, 3], 3: [1, 2, 3], 4: [1, 2, 3, 4], 9: [1, 2, 3, 4]}.items():
        assert read_problem_set(tmp_path / "a.test", limit=limit)[0]["line"].tolist() == lines
    with pytest.raises(ValueError, match="`limit` must be at least 1. Received: 0"):
        read_problem_set(tmp_path / "a.test", limit=0)


def test_a_suite_in_sympys_spelling_is_a_set(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"integrand": "2*x", "integral": "x**2"}\n')
    problems, _ = read_problem_set(tmp_path / "a.jsonl")
    assert problems["input"].tolist() == ["sub Y' mul INT+ 2 x"] and problems["kind"].tolist() == ["integration"]


@pytest.mark.parametrize(
    ("equation", "file", "kind"),
    [
        ("sub Y' x", "prim_fwd.test", "fwd"),
        ("sub Y' x", "ibp.valid.gz", "ibp"),
        ("sub Y' x", "bwd_ode.tsv", "bwd"),
        ("sub Y' x", "forward.test", "integration"),
        ("sub Y' add x Y", "bwd.test", "ode1"),
        ("sub x Y'", "bwd.test", "ode1"),
        ("sub Y' Y''", "ode1.test", "ode2"),
        ("add x Y", "a.test", "ode1"),
    ],
)
def test_the_kind_follows_from_the_equation_and_for_integrals_from_the_file_name(equation, file, kind):
    assert kind_of(equation, file) == kind
    assert is_integral(kind) == (kind in ("integration", "fwd", "bwd", "ibp"))
