"""The terms of an integrand add up to it, and their primitives to one of it."""

import pytest
import symengine as se
from hypothesis import assume, given
from hypothesis import strategies as st

from symbolic.expressions.engines import canonical, to_symengine
from symbolic.expressions.equations import integral_equation
from symbolic.expressions.infix import from_infix
from symbolic.expressions.prefix import Tree
from symbolic.solving.linearity import combined, groups_of, terms_of
from symbolic.verification import verify
from tests.expressions.strategies import repeatable, trees

X = se.Symbol("x")
OPERATORS = ["add", "sub", "mul", "div", "pow2", "pow3", "sin", "exp", "ln", "sqrt"]

# Integrands in canonical spelling, with primitives.
PRIMITIVES = {
    "1": "x",
    "x": "x^2/2",
    "x^2": "x^3/3",
    "sin(x)": "-cos(x)",
    "x*sin(x)": "sin(x) - x*cos(x)",
    "exp(x)": "exp(x)",
    "x^(-1)": "ln(x)",
    "1/(1+x^2)": "atan(x)",
}


def problem(integrand: str | Tree) -> Tree:
    return integral_equation(from_infix(integrand) if isinstance(integrand, str) else integrand)


@repeatable(max_examples=200)
@given(trees(OPERATORS, ["x", "pi"], max_leaves=10))
def test_coefficients_times_terms_add_up_to_the_integrand(integrand):
    try:
        expected = to_symengine(integrand)
    except ValueError:
        assume(False)
    parts = [(to_symengine(factor), to_symengine(term.operands[1])) for factor, term in terms_of(problem(integrand))]
    assert (se.Add(*(factor * term for factor, term in parts)) - expected).expand() == 0
    for factor, term in parts:
        assert X not in factor.free_symbols
        assert term == 1 or all(X in each.free_symbols for each in se.Mul.make_args(term))
    for _, term in terms_of(problem(integrand)):
        assert term == problem(canonical(term.operands[1]))


@repeatable(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(sorted(PRIMITIVES)), st.fractions(-9, 9, max_denominator=9).filter(bool), min_size=1
    )
)
def test_primitives_of_the_terms_are_put_together(factors):
    integrand = from_infix(" + ".join(f"({factor})*({term})" for term, factor in factors.items()))
    known = {problem(canonical(from_infix(term))): from_infix(primitive) for term, primitive in PRIMITIVES.items()}
    parts = terms_of(problem(integrand))
    assert {term for _, term in parts} <= known.keys()
    answer = combined([(factor, known[term]) for factor, term in parts])
    assert verify(problem(integrand), answer).status == "proved"


@pytest.mark.parametrize(
    ("integrand", "expected"),
    [
        ("x*cos(x)", {"x*cos(x)": "1"}),
        ("ln(2)*x - pi", {"x": "ln(2)", "1": "-pi"}),
        ("(x+1)^2*sin(x)", {"sin(x)*x^2": "1", "x*sin(x)": "2", "sin(x)": "1"}),
        ("(x+1)^40", {"(x+1)^40": "1"}),
        ("(1+x+exp(x))^9", {"(1+x+exp(x))^9": "1"}),
        ("exp(x)/(1+x)^2", {"exp(x)/(1+x)^2": "1"}),
    ],
)
def test_sums_are_multiplied_out_where_that_gives_few_terms(integrand, expected):
    found = {term: factor for factor, term in terms_of(problem(integrand))}
    assert found == {
        problem(canonical(from_infix(term))): canonical(from_infix(factor)) for term, factor in expected.items()
    }


def test_what_is_no_integral_has_no_terms():
    for equation in ("y' + y = x", "y'' = x", "y' = 1/0"):
        assert terms_of(from_infix(equation)) == []


def test_a_sum_without_a_value_is_put_together_as_it_is():
    parts = [(Tree(2), from_infix("1/0")), (Tree(1), Tree("x"))]
    assert combined(parts) == from_infix("2*(1/0) + 1*x")


@repeatable(max_examples=200)
@given(trees(OPERATORS, ["x", "pi"], max_leaves=10))
def test_coefficients_times_groups_add_up_to_the_integrand(integrand):
    try:
        expected = to_symengine(integrand)
    except ValueError:
        assume(False)
    groups = groups_of(problem(integrand))
    total = se.Add(*(to_symengine(factor) * to_symengine(group.operands[1]) for factor, group in groups))
    assert (total - expected).expand() == 0


@pytest.mark.parametrize(
    "integrand, expected",
    [
        ("exp(x)/x - exp(x)/x^2 + 3*x^2", ["exp(x)/x - exp(x)/x^2", "x^2"]),
        ("cos(x^2)*2*x*ln(x) + sin(x^2)/x + tan(x)", ["cos(x^2)*2*x*ln(x) + sin(x^2)/x", "tan(x)"]),
        ("sqrt(1+x)*sin(x) + cos(x) + exp(x)", ["sqrt(1+x)*sin(x) + cos(x)", "exp(x)"]),
        ("coth(x)/x^2 + 1/(x*sinh(x)^2) + cosh(x)", ["coth(x)/x^2 + 1/(x*sinh(x)^2) + cosh(x)"]),
        ("tan(x)/x + x^2*sec(x)^2 + sinh(2*x)", ["tan(x)/x + x^2*sec(x)^2", "sinh(2*x)"]),
        ("ln(1+x)/x + ln(x)/(1+x) + ln(x+7)", ["ln(1+x)/x + ln(x)/(1+x)", "ln(x+7)"]),
        ("exp(x)*asin(2*x) + x/sqrt(1-4*x^2) + exp(2*x)", ["exp(x)*asin(2*x) + x/sqrt(1-4*x^2)", "exp(2*x)"]),
        ("x*atan(x^2) + x^3/(1+x^4) + atan(x)", ["x*atan(x^2) + x^3/(1+x^4)", "atan(x)"]),
        ("1/(1+x^2) + x/(1+x^2) + 1/x + 5", ["1/(1+x^2) + x/(1+x^2)", "1/x", "1"]),
        ("sin(x)*ln(x) + cos(2*x)*exp(x) + ln(x)*exp(x)", ["sin(x)*ln(x) + cos(2*x)*exp(x) + ln(x)*exp(x)"]),
    ],
)
def test_terms_with_a_function_in_common_are_in_one_group(integrand, expected):
    groups = {group for _, group in groups_of(problem(integrand))}
    assert groups == {problem(canonical(from_infix(each))) for each in expected}
