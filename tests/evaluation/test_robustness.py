"""Suites hold what they promise, with solutions that the judge accepts; the same seed gives the same suite."""

import re

import pandas as pd
import pytest

from symbolic.evaluation.robustness import SUITES, make_suite
from symbolic.expressions.infix import to_infix
from symbolic.expressions.prefix import from_prefix, operands_of_chain
from symbolic.problems.files import read_problems, write_problems
from symbolic.verification import verify

KNOWN = {
    "sub Y' cos x": "sin x",
    "sub Y' exp x": "exp x",
    "sub Y' mul INT+ 2 x": "pow x INT+ 2",
    "sub Y' ln x": "add mul INT- 1 x mul x ln x",
    "add Y' Y": "mul a8 exp mul INT- 1 x",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "known.valid"
    write_problems(path, KNOWN.items())
    return path


@pytest.mark.parametrize("name", SUITES)
def test_every_solution_is_right_and_no_problem_comes_twice(name, source, tmp_path):
    source = source if name in ("sums", "scaled") else None
    report = make_suite(name, tmp_path / "a.test", 20, seed=3, source=source)
    problems, _ = read_problems(tmp_path / "a.test")
    assert len(problems) == report.kept.total() == problems["input"].nunique()
    assert len(problems) == (20 if name != "sums" else min(20, 11))  # 4 known integrals have 6 + 4 + 1 sums
    for equation, solution in zip(problems["input"], problems["output"], strict=True):
        assert equation.startswith("sub Y' ") and verify(equation, solution, seed=1).solved


def test_a_seed_makes_a_suite(source, tmp_path):
    for name, seed in [("a", 3), ("b", 3), ("c", 4)]:
        make_suite("scaled", tmp_path / name, 10, seed=seed, source=source)
    a, b, c = ((tmp_path / name).read_text() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(("name", "lowest", "highest"), [("coefficients", 1, 100), ("far-coefficients", 200, 1000)])
def test_coefficients_come_from_their_range_and_functions_all_occur(name, lowest, highest, tmp_path):
    make_suite(name, tmp_path / "a.test", 60, seed=0)
    problems, _ = read_problems(tmp_path / "a.test")
    texts = [to_infix(from_prefix(equation).operands[1]) for equation in problems["input"]]
    numbers = [int(number) for text in texts for number in re.findall(r"\d+", text.replace("x^42", "x"))]
    assert lowest <= min(numbers) and max(numbers) <= highest
    assert all(any(name in text for text in texts) for name in ("ln", "exp", "sin", "cos", "tan", "x^42"))


def test_sums_are_of_the_known_problems(source, tmp_path):
    make_suite("sums", tmp_path / "a.test", 11, seed=0, source=source)
    terms = {from_prefix(equation).operands[1] for equation in KNOWN if equation.startswith("sub")}
    problems, _ = read_problems(tmp_path / "a.test")
    for equation in problems["input"]:
        summands = operands_of_chain(from_prefix(equation).operands[1], "add")
        assert 2 <= len(summands) <= 4 and terms.issuperset(summands)


@pytest.mark.parametrize("kind", ["kind", "family"])  # the column's name now, and in files of earlier versions
def test_only_what_an_evaluation_solved_is_taken_from_its_rows(kind, tmp_path):
    columns = ["input", "answer", "status", kind]
    rows = [
        ("sub Y' cos x", "add INT+ 1 sin x", "proved", "bwd"),
        ("sub Y' exp x", "exp x", "confirmed", "bwd"),
        ("sub Y' ln x", "x", "refuted", "bwd"),
        ("add Y' Y", "mul a8 exp mul INT- 1 x", "proved", "ode1"),
    ]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "rows.csv", index=False)
    make_suite("sums", tmp_path / "a.test", 5, seed=0, source=tmp_path / "rows.csv")
    problems, _ = read_problems(tmp_path / "a.test")
    assert problems["input"].tolist() == ["sub Y' add cos x exp x"]


def test_wrong_arguments_are_refused(source, tmp_path):
    out = tmp_path / "a.test"
    with pytest.raises(ValueError, match="unknown suite `coeficients`. Did you mean `coefficients`?"):
        make_suite("coeficients", out, 1, seed=0)
    with pytest.raises(ValueError, match="`sums` needs `source`"):
        make_suite("sums", out, 1, seed=0)
    with pytest.raises(ValueError, match="`powers` takes no `source`"):
        make_suite("powers", out, 1, seed=0, source=source)
    with pytest.raises(ValueError, match="Received: count=0"):
        make_suite("powers", out, 0, seed=0)
    write_problems(tmp_path / "one.test", [("sub Y' cos x", "sin x"), ("add Y' Y", "INT+ 0")])
    with pytest.raises(ValueError, match="holds 1 solved integrals"):
        make_suite("scaled", out, 1, seed=0, source=tmp_path / "one.test")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no column answer, input, kind, status"):
        make_suite("scaled", out, 1, seed=0, source=tmp_path / "other.csv")
    assert not out.exists()
