"""Formulas as people write them become problems that the judge accepts; what cannot be read is shown with its place."""

import itertools
import json

import pytest

from symbolic.expressions.prefix import from_prefix
from symbolic.problems.data_sets.converted import NOTATIONS, convert, to_problem
from symbolic.problems.files import find_data, read_problems, write_problems
from symbolic.problems.splits import SPLITS, leakage, skeleton
from symbolic.runtime.lines import BadLine
from symbolic.verification import verify

RIGHT = [  # problem, solution
    ("2x", "x^2 + C"),
    ("x*cos(x)", "C + x*sin(x) + cos(x)"),
    (r"\frac{1}{x}", r"\ln{\left(\left|x\right|\right)} + C"),
    (r"$\int x e^{x} \, dx$", r"$\left(x - 1\right) e^{x}$"),
    ("∫ sin(x) dx", "-cos(x)"),
    ("Integral(x**2, x)", "x**3/3"),
    ("Rational(1, 2)*x + Abs(x)*0", "x**2/4"),
    ("sub Y' mul INT+ 2 x", "pow x INT+ 2"),
    ("y' = y", "y = C*exp(x)"),
    ("Eq(Derivative(y(x), x), y(x))", "Eq(y(x), C1*exp(x))"),
    ("Derivative(f(x), (x, 2)) + f(x)", "C1*sin(x) + C2*cos(x)"),
    (
        r"\frac{d^{2}}{d x^{2}} y{\left(x \right)} = - y{\left(x \right)}",
        r"C_{1} \sin{\left(x \right)} + C_{2} \cos{\left(x \right)}",
    ),
    (r"\frac{dy}{dx} = x y", r"y = c e^{x^2/2}"),
    (r"y^{\prime\prime} = 0", "c_1 x + c_2"),
    ("add Y'' Y", "add mul a8 sin x mul a9 cos x"),
]


@pytest.mark.parametrize("problem, solution", RIGHT, ids=[problem for problem, _ in RIGHT])
def test_a_formula_becomes_a_problem_that_its_solution_solves(problem, solution):
    equation, answer = to_problem(problem, solution)
    verdict = verify(equation, answer)
    assert verdict.solved and verdict.general, (equation, answer, verdict)


@pytest.mark.parametrize(
    "problem, solution, reason",
    [
        ("x", "", "empty"),
        ("x = 2", "x", "neither integrand nor equation"),
        ("Y + x = 0", "x", "neither integrand nor equation"),
        ("y' = x", "y^2 = x", "no solution"),
        ("y'' + y = 0", "y' = cos(x)", "no solution"),
        ("y' + y = 1", "1 - y", "no solution"),
        ("erf(x)", "x", "not readable"),
        ("x", "C*x", "not readable"),
        ("sub Y' INT+", "x", "not usable"),
        ("1/0", "x", "not usable"),
    ],
)
def test_what_is_no_problem_is_named(problem, solution, reason):
    with pytest.raises(BadLine) as caught:
        to_problem(problem, solution)
    assert caught.value.reason == reason


def test_every_layout_is_read_and_what_is_left_out_has_its_place(tmp_path):
    (tmp_path / "a.csv").write_text("\ufeffid;Integrand;Antiderivative\r\n1;2x;x^2 + C\r\n2;sin x (x+1);1\r\n3;x\r\n")
    (tmp_path / "b.csv").write_text('2x,x^2\n"Rational(1, 2)*x",x**2/4\n')
    objects = [{"f": "2*x", "F": "x**2", "id": 3}, {"problem": "x"}, {"problem": 3, "solution": "x"}]
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, objects)) + "\nnothing\n")
    (tmp_path / "d.txt").write_text("17|2x\tx^2\nno tab\n")
    for name, kept, bad in (
        ("a.csv", 1, {"not readable": 1, "too few cells": 1}),
        ("b.csv", 2, {}),
        ("c.jsonl", 1, {"no problem and solution": 2, "no JSON": 1}),
        ("d.txt", 1, {"not one tab": 1}),
    ):
        found = convert([tmp_path / name], tmp_path / "out.train.gz")
        (report,) = found.reports
        assert (report.kept, report.bad) == (kept, bad) and read_problems(tmp_path / "out.train.gz")[1].kept == kept
        assert read_problems(tmp_path / "out.train.gz")[0]["input"][0] == "sub Y' mul INT+ 2 x"
    assert f"{tmp_path / 'd.txt'}:2: not one tab" in str(found)


def test_two_parallel_files_are_joined_line_by_line(tmp_path):
    (tmp_path / "q.txt").write_text("x\n\n2x\ncos x\n")
    (tmp_path / "a.txt").write_text("x^2/2\n\nx^2\n\nsin x\n")
    found = convert([tmp_path / "q.txt"], tmp_path / "out.csv", answers=tmp_path / "a.txt")
    assert (tmp_path / "out.csv").read_text() == "problem,solution\nx,1/2*x^2\n2*x,x^2\n"
    assert found.reports[0].bad == {"no solution": 1, "no problem": 1}
    with pytest.raises(ValueError, match="`answers` goes with one file of problems. Received: 2 sources"):
        convert([tmp_path / "q.txt", tmp_path / "q.txt"], tmp_path / "out.csv", answers=tmp_path / "a.txt")


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.txt"])
def test_what_is_written_for_reading_is_read_as_the_same_problems(notation, name, tmp_path):
    pairs = [to_problem(*pair) for pair in RIGHT]
    write_problems(tmp_path / "mine.train", pairs)
    convert([tmp_path / "mine.train"], tmp_path / name, to=notation)
    convert([tmp_path / name], tmp_path / "again.train")
    again = read_problems(tmp_path / "again.train")[0]
    assert len(again) == len(pairs)
    for (equation, solution), found in zip(pairs, again.itertuples(), strict=True):
        assert from_prefix(found.input).head == from_prefix(equation).head
        assert verify(equation, found.output).solved and verify(found.input, solution).solved


def test_a_data_folder_is_cut_by_skeletons(tmp_path):
    names = ("sin", "cos", "tan", "exp", "sinh", "atan")
    lines = [f"{f}(x)*{g}({h}(x)),1" for f, g, h in itertools.product(names, repeat=3)]
    (tmp_path / "a.csv").write_text("\n".join([*lines, lines[0]]))
    found = convert([tmp_path / "a.csv"], tmp_path / "mine")
    assert found.repeated == 1 and sum(found.written.values()) == len(lines)
    frames = {part: files.frame() for part, files in find_data([tmp_path / "mine"]).items()}
    assert list(frames) == list(SPLITS) and all(map(len, frames.values()))
    bones = {part: list(map(skeleton, frame["input"])) for part, frame in frames.items()}
    assert not leakage(bones["train"], bones["valid"]) and not leakage(bones["train"], bones["test"])
    with pytest.raises(ValueError, match="holds a data set already"):
        convert([tmp_path / "a.csv"], tmp_path / "mine")
    (tmp_path / "few.csv").write_text("2x,x^2\n")
    with pytest.raises(ValueError, match="no problem of the 1 falls into .* Convert more problems"):
        convert([tmp_path / "few.csv"], tmp_path / "few")
    assert not (tmp_path / "few").exists()


def test_wrong_arguments_and_useless_files_are_one_sentence(tmp_path):
    (tmp_path / "a.csv").write_text("erf(x),1\n")
    with pytest.raises(ValueError, match="nothing could be converted(.|\n)*a.csv:1: not readable"):
        convert([tmp_path / "a.csv"], tmp_path / "out.txt")
    with pytest.raises(ValueError, match="unknown notation `latx`. Did you mean `latex`?"):
        convert([tmp_path / "a.csv"], tmp_path / "out.txt", to="latx")
    with pytest.raises(ValueError, match="a data folder is in prefix tokens; `infix` is for a file, such as out.csv"):
        convert([tmp_path / "a.csv"], tmp_path / "out", to="infix")
