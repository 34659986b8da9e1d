"""Suites in SymPy's spelling are read as SymPy means them; what is outside the language is located."""

import gzip
import json

import pytest
import sympy as sp

from symbolic.expressions.exchange import to_sympy
from symbolic.expressions.prefix import from_prefix
from symbolic.problems.sympy_suite import parse_object, read_suite
from symbolic.verification import verify

X = sp.Symbol("x")
PRIMITIVES = [
    X**2 / 2,
    X * sp.log(X) - X,
    sp.exp(-X) * sp.sin(3 * X),
    sp.sqrt(X**2 + 1),
    sp.Rational(2, 3) * X ** sp.Rational(3, 2),
    sp.atan(X / 2) / 2 + sp.pi * X,
    sp.acsc(X + 2) - sp.asech(X),
    sp.log(sp.Abs(X)),
    sp.E**X / X**3,
    sp.cos(X) ** 2 / (1 - sp.sqrt(2) * X),
]


def line(integrand, integral):
    return json.dumps({"integrand": str(integrand), "integral": str(integral)})


@pytest.mark.parametrize("primitive", PRIMITIVES, ids=str)
@pytest.mark.parametrize("spelt", [str, lambda expression: str(expression).replace("/2", "*Rational(1, 2)")])
def test_what_sympy_prints_is_read_as_it_means_it(primitive, spelt):
    _, solution = parse_object(line(1, spelt(primitive)))
    read = to_sympy(from_prefix(solution), evaluate=True)
    for point in (0.31, 0.77):
        assert complex(read.subs(X, point)) == pytest.approx(complex(primitive.subs(X, point)))


@pytest.mark.parametrize("primitive", PRIMITIVES[:7], ids=str)
def test_a_primitive_with_its_derivative_is_a_problem_that_the_judge_solves(primitive):
    assert verify(*parse_object(line(sp.diff(primitive, X), primitive))).solved


@pytest.mark.parametrize(
    ("text", "reason", "message"),
    [
        ("erf(x)", "outside the language", "in the integrand, `erf` at character 0"),
        ("2*y + x", "outside the language", "`y` at character 2"),
        ("e**x", "outside the language", "`e`"),
        ("f(x)", "outside the language", "`f`"),
        ("1e-3*x", "outside the language", "`e`"),
        ("1E-3*x", "outside the language", "a float at character 0"),
        ("Integral(1/x, x)", "outside the language", "`Integral`"),
        ("__import__('os')", "outside the language", "`__import__`"),
        ("x = 2", "not readable", "equals sign"),
        ("x + + )", "not readable", "at character 6"),
        ("Abs(x) + Rational(1, 2))", "not readable", "at character 23"),
        ("1/0", "no finite value", "no finite value"),
        ("9**9**9**9", "no finite value", "too"),
        (3, "no integrand", "int found"),
        (None, "no integrand", "NoneType found"),
    ],
)
def test_what_is_outside_the_language_is_named(text, reason, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")) as caught:
        parse_object(json.dumps({"integrand": text, "integral": "x"}))
    assert caught.value.reason == reason


@pytest.mark.parametrize("text", ["", "x, x", "[1, 2]", "3", "[" * 100_000, '{"integrand": "x"'])
def test_a_line_that_is_no_object_is_bad(text):
    with pytest.raises(ValueError, match="no JSON"):
        parse_object(text)


@pytest.mark.parametrize("name", ["suite.jsonl", "suite.jsonl.gz"])
def test_a_suite_is_read_with_its_bad_lines_located(tmp_path, name):
    text = "\n".join([line("2*x", "x**2"), line("erf(x)", "x"), "", line("cos(x)", "sin(x)")])
    opened = gzip.open if name.endswith(".gz") else open
    with opened(tmp_path / name, "wt") as file:
        file.write(text)
    frame, report = read_suite(tmp_path / name, max_bad_share=0.5)
    assert frame["input"].tolist() == ["sub Y' mul INT+ 2 x", "sub Y' cos x"]
    assert frame["output"].tolist() == ["pow x INT+ 2", "sin x"] and frame["line"].tolist() == [1, 4]
    assert report.kept == 2 and report.bad == {"outside the language": 1}
    assert report.examples == [f"{tmp_path / name}:2: outside the language: in the integrand, `erf` at character 0"]
    with pytest.raises(ValueError, match="1 of 3 lines are bad"):
        read_suite(tmp_path / name)
