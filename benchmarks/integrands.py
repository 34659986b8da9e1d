"""Integrands of a calculus course by kind, drawn from templates with a seed: fifteen kinds, fifty integrands of each.

The templates were written before the code that integrates them, and were not changed after. `KINDS` maps the name of a
kind to a function that draws an integrand, written as people type it.
"""

import random
from collections.abc import Callable


def _n(rng: random.Random, low: int = 1, high: int = 5) -> int:
    return rng.randint(low, high)


def _linear(rng: random.Random) -> str:
    a, b = rng.choice([1, 1, 2, 3, 5, -1, -2]), rng.choice([-4, -3, -2, -1, 1, 2, 3, 5])
    return f"({a}*x+({b}))"


def _monic_quadratic(rng: random.Random) -> str:
    return f"(x^2+({rng.choice([-6, -4, -2, -1, 0, 1, 2, 3, 4])})*x+({rng.choice([-5, -3, -1, 1, 2, 5, 7, 10])}))"


def _polynomial(rng: random.Random, degree: int = 2) -> str:
    return "(" + "+".join(f"({rng.randint(-4, 4)})*x^{k}" for k in range(1, degree + 1)) + f"+({_n(rng, 1, 5)}))"


def _fraction(rng: random.Random) -> str:
    p, q = rng.choice(
        [(1, 2), (3, 2), (-1, 2), (1, 3), (2, 3), (-1, 3), (-2, 3), (4, 3), (1, 4), (-3, 2), (5, 2), (3, 4)]
    )
    return f"({p}/{q})"


def by_parts(rng):
    k, m, n = _n(rng, 1, 4), _n(rng, 1, 4), _n(rng, 1, 3)
    return rng.choice([
        f"x^{n}*exp({rng.choice([-3, -2, -1, 1, 2, 4])}*x)",
        f"x^{n}*sin({k}*x)",
        f"x^{n}*cos({k}*x+{m})",
        f"{_polynomial(rng)}*exp({k}*x)",
        f"{_polynomial(rng)}*cos({k}*x)",
        f"exp({k}*x)*sin({m}*x)",
        f"x*exp(-x)*cos({m}*x)",
        f"x^{n}*sin(x)^2",
        f"x*sin({k}*x)*cos({m}*x)",
        f"x*cosh({k}*x)",
        f"x^2*sinh(x/{k})",
        f"x*sec({k}*x)^2",
        f"x*exp({k}*x)/(1+{k}*x)^2",
        f"exp(x)*(1/x-1/x^2)*{m}",
        f"exp({k}*x)*cos(x)^2",
    ])  # fmt: skip


def rational(rng):
    a, b = rng.sample([-3, -2, -1, 1, 2, 4, 5], 2)
    return rng.choice([
        f"{_polynomial(rng)}/((x+({a}))*(x+({b})))",
        f"1/((x+({a}))^2*(x+({b})))",
        f"{_polynomial(rng)}/((x+({a}))*{_monic_quadratic(rng)})",
        f"x^{_n(rng, 0, 5)}/{_monic_quadratic(rng)}",
        f"{_linear(rng)}/{_monic_quadratic(rng)}",
        f"{_linear(rng)}/{_monic_quadratic(rng)}^2",
        f"1/(x^2+{_n(rng)})^{_n(rng, 2, 3)}",
        f"x^{_n(rng, 0, 3)}/(x^3+({rng.choice([-8, -1, 1, 8, 27])}))",
        f"x^{_n(rng, 0, 3)}/(x^4+({rng.choice([-16, -1, 1, 4, 16])}))",
        f"1/(x*(x^2+{_n(rng)}))",
        f"1/(x^{_n(rng, 2, 3)}*{_linear(rng)})",
        f"{_polynomial(rng, 3)}/(x^4+{_n(rng)}*x^2)",
        f"1/((x^2+1)*(x^2+{_n(rng, 2, 6)}))",
        f"x^{_n(rng, 0, 4)}/(x^6+({rng.choice([-1, 1])}))",
        f"1/(x^4+{rng.choice([1, 3])}*x^2+1)",
        f"1/(x^3+({rng.choice([2, 3, 5])}))",
        f"x/(x^4-2*x^2+({rng.choice([2, 5, 10])}))",
        f"{_linear(rng)}^{_n(rng, 2, 4)}/{_linear(rng)}^{_n(rng, 1, 3)}",
        f"x^{_n(rng, 1, 4)}*{_linear(rng)}^{_n(rng, 4, 9)}",
        f"x^{_n(rng, 2, 3)}/{_linear(rng)}^{_n(rng, 2, 5)}",
    ])  # fmt: skip


def roots_of_linear_terms(rng):
    k = _n(rng, 1, 4)
    return rng.choice([
        f"x^{_n(rng, 1, 3)}*{_linear(rng)}^{_fraction(rng)}",
        f"1/({k}+sqrt(x))",
        f"x/(1+sqrt(x+{k}))",
        f"1/(x*sqrt(x+{k}))",
        f"1/(x*sqrt({k}*x-1))",
        "1/(sqrt(x)+x^(1/3))",
        f"sqrt(x)/(x+{k})",
        f"sqrt(x+{k})/x",
        f"sqrt((x+{k})/(x-{_n(rng)}))",
        f"sqrt((1-x)/(1+x))/{k}",
        f"x^(1/3)/(x^(2/3)+{k})",
        f"1/(x^(1/2)*(x^(1/3)+{k}))",
        f"(sqrt(x)+{k})^{_n(rng, 2, 4)}/x",
        f"(x+1)/(x^{_fraction(rng)})",
        f"sin(sqrt({k}*x))",
        f"exp(sqrt(x+{k}))",
        f"sqrt(1+sqrt({k}*x))",
        f"1/(sqrt(x)*({k}+sqrt(x)))",
        f"cos(x^(1/3))/{k}",
        f"1/(sqrt(x+1)+sqrt(x))*{k}",
    ])  # fmt: skip


def quadratic_radicals(rng):
    k = _n(rng, 1, 9)
    q = rng.choice([
        f"({k}-x^2)", f"(x^2+{k})", f"(x^2-{k})", f"(x^2+2*x+{k})", f"({k}*x-x^2)", f"(4*x^2+{k})", "(x^2+x+1)",
        f"({k}-2*x^2)",
    ])  # fmt: skip
    return rng.choice([
        f"sqrt{q}",
        f"1/sqrt{q}",
        f"x^{_n(rng, 1, 4)}*sqrt{q}",
        f"x^{_n(rng, 1, 4)}/sqrt{q}",
        f"{_linear(rng)}/sqrt{q}",
        f"1/(x*sqrt{q})",
        f"1/(x^{_n(rng, 2, 3)}*sqrt{q})",
        f"sqrt{q}/x^{_n(rng, 1, 2)}",
        f"{q}^(3/2)",
        f"{q}^(-3/2)",
        f"x^{_n(rng, 0, 2)}/{q}^(3/2)",
        f"1/((x+{_n(rng, 2, 4)})*sqrt{q})",
    ])  # fmt: skip


def trigonometric_products(rng):
    m, n, k, a, b = _n(rng, 1, 5), _n(rng, 1, 5), _n(rng, 1, 3), _n(rng, 1, 4), _n(rng, 5, 8)
    return rng.choice([
        f"sin({k}*x)^{m}*cos({k}*x)^{n}",
        f"sin(x)^{m + 1}",
        f"cos({k}*x)^{m + 1}",
        f"tan({k}*x)^{m}",
        f"cot(x)^{m}",
        f"sec({k}*x)^{m}",
        f"csc(x)^{m}",
        f"tan(x)^{m}*sec(x)^{n}" if m % 2 or n % 2 == 0 else f"tan(x)^{m}*sec(x)^{n + 1 - n % 2 + 1}",
        f"sin({a}*x)*cos({b}*x)",
        f"sin({a}*x)*sin({b}*x)",
        f"cos({a}*x)*cos({b}*x)*cos(x)",
        f"sin(x)^{m}/cos(x)^{n}",
        f"cos(x)^{2 * k + 1}/sqrt(sin(x))",
        f"1/(sin(x)^{k}*cos(x)^{k})",
        f"cot(x)^{k}*csc(x)^{2 * k}",
        f"(sin(x)+cos(x))^{k + 1}",
        f"tan(x)^2*cos(x)^{m}",
    ])  # fmt: skip


def rational_in_sines(rng):
    a, b = _n(rng, 2, 6), _n(rng, 1, 5)
    return rng.choice([
        f"1/({a}+{b}*cos(x))",
        f"1/({a}+{b}*sin(x))",
        f"1/({a}*sin(x)+{b}*cos(x))",
        "sin(x)/(1+cos(x)^2)",
        f"1/({a}+sin(x)^2)",
        f"1/({a}*cos(x)^2+{b}*sin(x)^2)",
        f"sin(x)/({a}+cos(x))",
        f"cos(x)/({a}+sin(x))^{_n(rng, 1, 3)}",
        "sin(x)/(sin(x)+cos(x))",
        "(1+sin(x))/(1+cos(x))",
        "1/(1+sin(x)+cos(x))",
        "cos(x)/(1+cos(x))",
        f"1/(1-sin({a}*x))",
        f"1/(1+cos({a}*x))",
        "tan(x)/(1+tan(x))",
        f"1/({a}+{b}*tan(x))",
        "sin(x)/(1+sin(x))",
        f"sin(2*x)/({a}+sin(x)^2)",
        "1/(cos(x)*(1+sin(x)))",
        f"({a}+{b}*cos(x))/(1+sin(x))",
    ])  # fmt: skip


def rational_in_exponentials(rng):
    a, b, k = _n(rng, 1, 6), _n(rng, 1, 5), _n(rng, 1, 3)
    return rng.choice([
        f"1/({a}+{b}*exp({k}*x))",
        f"exp(x)/({a}+exp(x))",
        f"exp({2 * k}*x)/({a}+exp({k}*x))",
        f"1/(exp(x)+{a}*exp(-x))",
        f"exp(x)/(exp({2}*x)+{a})",
        f"exp(x)/(exp(2*x)-{a * a})",
        f"(exp(x)-1)/(exp(x)+{b})",
        f"(exp({k}*x)+{a})^{_n(rng, 2, 4)}",
        f"exp(-{k}*x)/({a}+exp({k}*x))",
        f"sqrt(exp(x)+{a})",
        f"1/sqrt(exp({k}*x)+{a})",
        f"exp(x)*sqrt({a}+exp(x))",
        f"exp(x)/sqrt({a}-exp(2*x))",
        f"exp(2*x)/(1+exp(x))^{k}",
        f"1/({a}+exp(x))^2",
        f"exp(x)*cos(exp(x)+{a})",
        f"exp(x+exp(x))/{a}",
        f"(exp(2*x)+1)/exp({k}*x)",
        f"exp(3*x)/(exp(2*x)+{a})",
    ])  # fmt: skip


def hyperbolic(rng):
    m, n, k, a = _n(rng, 1, 4), _n(rng, 1, 4), _n(rng, 1, 3), _n(rng, 1, 5)
    return rng.choice([
        f"sinh({k}*x)^{m}",
        f"cosh({k}*x)^{m}",
        f"tanh({k}*x)^{m}",
        f"sinh(x)^{m}*cosh(x)^{n}",
        f"sech({k}*x)",
        f"sech(x)^{m}",
        f"csch({k}*x)",
        f"csch(x)^2*{a}",
        f"coth({k}*x)^{_n(rng, 1, 2)}",
        f"x*cosh({k}*x)",
        f"x^2*sinh({k}*x)",
        f"exp({a}*x)*sinh({a + k}*x)",
        f"exp(x)*cosh(x)*{a}",
        f"1/({a}+cosh(x))",
        f"sinh(x)/({a}+cosh(x))",
        f"cosh(x)/(1+sinh(x)^2)*{a}",
        f"sinh({a}*x)*cosh({a + 1}*x)",
        f"x*sech({k}*x)^2",
        f"tanh(x)*sech(x)^{m}",
        f"sinh(x)*sin({k}*x)",
        f"cosh({k}*x)*cos(x)",
        f"sinh(x)*sqrt(cosh(x)+{a})",
    ])  # fmt: skip


def inverse_functions(rng):
    n, k, a = _n(rng, 0, 3), _n(rng, 1, 5), _n(rng, 1, 4)
    return rng.choice([
        f"x^{n}*atan({k}*x)",
        f"x^{n}*asin(x/{k})",
        f"x^{n}*acos({k}*x)",
        f"asin({k}*x)^2",
        f"atan(x+{k})",
        f"acosh({k}*x)",
        f"x^{n}*asinh(x/{k})",
        f"x^{n}*atanh({k}*x)",
        f"atan(sqrt({k}*x))",
        f"asin(sqrt(x/{k}))",
        f"x*atan(x)^2*{a}",
        f"atan({k}*x)/(1+{k * k}*x^2)",
        f"asin(x)^{a}/sqrt(1-x^2)",
        f"exp({k}*atan(x))/(1+x^2)",
        f"atan(1/x)*{k}",
        f"x*asin(x)/sqrt(1-x^2)*{k}",
        f"atan({k}*x)/x^2",
        f"acot({k}*x)",
        f"acos(x)*{k}",
        f"1/(asin(x)*sqrt(1-x^2))*{k}",
        f"asinh(x)^2*{k}",
        f"asec({k}*x)",
        f"{_linear(rng)}*atan({k}*x)",
        f"asin(x)/x^2*{k}",
    ])  # fmt: skip


def derivative_divides(rng):
    k, n, a = _n(rng, 1, 4), _n(rng, 2, 4), _n(rng, 1, 5)
    inner, slope = rng.choice([
        (f"(x^2+{a})", "x"),
        ("(x^3+x)", "(3*x^2+1)"),
        ("sin(x)", "cos(x)"),
        ("cos(x)", "sin(x)"),
        ("ln(x)", "1/x"),
        ("exp(x)", "exp(x)"),
        ("tan(x)", "(1+tan(x)^2)"),
        ("atan(x)", "1/(1+x^2)"),
        ("sqrt(x)", "1/sqrt(x)"),
        ("(1/x)", "1/x^2"),
        ("(x*ln(x))", "(ln(x)+1)"),
        ("(x*exp(x))", "(x+1)*exp(x)"),
        ("(x+sin(x))", "(1+cos(x))"),
        ("(x^2+ln(x))", "(2*x+1/x)"),
        ("(exp(x)+x)", "(exp(x)+1)"),
        ("(x^2-3*x)", "(4*x-6)"),
    ])  # fmt: skip
    outer = rng.choice([
        f"exp({k}*{inner})", f"sin({inner}+{k})", f"cos({k}*{inner})", f"1/({inner}^2+{a})", f"({inner}+{a})^{n}",
        f"sqrt({inner}+{a})", f"1/({inner}+{k})", f"tan({inner})", f"({inner}+{k})^(-2)", f"({inner}+{k})^(2/3)",
        f"exp({inner})*{inner}", f"{inner}*cos({inner})", f"1/(1+exp({inner}))", f"ln({inner}+{k})", f"sinh({inner})",
        f"cos({inner})^3", f"1/sqrt({inner}^2+{a})",
    ])  # fmt: skip
    return f"({slope})*({outer})*{k}"


def logarithms(rng):
    k, n, m, a = _n(rng, 1, 5), _n(rng, 0, 3), _n(rng, 1, 3), _n(rng, 1, 5)
    return rng.choice([
        f"x^{n}*ln({k}*x)^{m}",
        f"ln(x)^{m}/x^{_n(rng, 1, 3)}",
        f"1/(x*ln({k}*x))",
        f"ln(ln(x))/x*{k}",
        f"x^{n}*ln(x+{k})",
        f"ln(x^2+{k})",
        f"x^{n}*ln(x^2-{k})",
        f"ln((x+{k})/(x-1))",
        f"ln(x+sqrt(x^2+{k}))",
        f"ln(x)*sqrt({k}*x)",
        f"ln(x)/sqrt(x)*{k}",
        f"sin({k}*ln(x))",
        f"x^{n}*cos(ln(x))",
        f"1/(x*(ln(x)^2+{a}))",
        f"ln(1+sqrt({k}*x))",
        f"ln(x)/(x+1)^2*{k}",
        f"{_polynomial(rng)}*ln(x)",
        f"ln({k}*x+1)/x^2",
        f"ln(x)^{m}*(1+x)*{k}",
        f"ln(sin(x))*cos(x)*{k}",
        f"x*ln(x)^{m}+ln(x)/x*{k}",
        f"sqrt(ln(x)+{k})/x",
        f"ln(x^{n + 2})*x^{k}",
    ])  # fmt: skip


def general_powers(rng):
    k, n = rng.choice([2, 3, 5, 7, 10]), _n(rng, 1, 4)
    return rng.choice([
        f"{k}^x",
        f"x^{_n(rng, 1, 3)}*{k}^x",
        f"{k}^({n}*x+1)",
        f"{k}^x*sin({n}*x)",
        f"{k}^x*exp({n}*x)",
        f"x^x*(ln(x)+1)*{n}",
        f"{k}^sqrt(x)/sqrt(x)*{n}",
        f"x*{k}^(x^2)*{n}",
        f"{k}^x/(1+{k}^x)*{n}",
        f"({k}^x+1)^2*{n}",
        f"x^pi*{n}",
        f"x^(sqrt({k}))*{n}",
        f"x^x*(ln(x)+1)*sin(x^x)*{n}",
        f"cos(x)*{k}^sin(x)*{n}",
        f"x^(2*x)*(ln(x)+1)*{n}",
        f"{k}^x*cos(x)*{n}",
        f"{k}^(-x)*x*{n}",
        f"{k}^ln(x)*{n}",
    ])  # fmt: skip


def absolute_values(rng):
    a, n = _n(rng, 1, 5), _n(rng, 1, 3)
    return rng.choice([
        f"abs(x+{a})",
        f"x^{n}*abs(x)*{a}",
        f"abs({a}*x-1)",
        f"x*abs(x-{a})",
        f"sign(x)*x^{n}*{a}",
        f"sign(x-{a})*x^{n}",
        f"1/abs(x+{a})",
        f"sqrt(abs(x-{a}))",
        f"abs(sin(x))*cos(x)*{a}",
        f"exp(abs(x))*{a}",
        f"abs(x)*exp(x)*{a}",
        f"abs(x)/x*{a}",
        f"abs(x^2-{a})*x",
        f"x*sqrt(abs(x))*{a}",
        f"x*exp(-{a}*abs(x))",
        f"abs(x)^{2 * n + 1}*{a}",
        f"ln(abs(x+{a}))",
        f"x^{n}*ln(abs(x))*{a}",
        f"abs(x-{a})^(1/3)",
        f"sign(x)*sin({a}*x)",
    ])  # fmt: skip


def constants(rng):
    c = rng.choice(
        ["tan(3)", "cos(1)", "pi", "sqrt(2)", "ln(2)", "exp(3)", "sinh(2)", "atan(2)", "tanh(5)", "a0", "a1"]
    )
    k = _n(rng, 1, 4)
    return rng.choice([
        f"{c}*x*exp(x)*{k}",
        f"x+{c}*cos({k}*x)",
        f"1/(x+{c})*{k}",
        f"x/(x+{c})*{k}",
        f"({c}+x)^{k + 1}*x",
        f"exp({c}*x)*{k}",
        f"x*sin({c}*x)*{k}",
        f"x^2*exp({c}*x)*{k}",
        f"({c}*x+ln(x))*{k}",
        f"sin(x)/({c}+cos(x))*{k}",
        f"ln(x+{c})*{k}",
        f"sqrt({c}+x)*x*{k}",
        f"x*ln({c}*x)*{k}",
        f"1/(x*(x+{c}))*{k}",
        f"{k}/(x^2+{c}^2)",
        f"exp(x)*cos({c}*x)*{k}",
        f"({c}+exp(x))^2*x*{k}",
        f"x*atan(x)*{c}+{k}*x",
    ])  # fmt: skip


def sums(rng):
    makers = [by_parts, logarithms, inverse_functions, rational, hyperbolic, trigonometric_products]
    parts = [f"({_n(rng, 1, 5)})*({rng.choice(makers)(rng)})" for _ in range(_n(rng, 2, 3))]
    return rng.choice([" + ", " - "]).join(parts)


KINDS: dict[str, Callable[[random.Random], str]] = {
    kind.__name__.replace("_", " "): kind
    for kind in (
        by_parts, rational, roots_of_linear_terms, quadratic_radicals, trigonometric_products, rational_in_sines,
        rational_in_exponentials, hyperbolic, inverse_functions, derivative_divides, logarithms, general_powers,
        absolute_values, constants, sums,
    )
}  # fmt: skip


def integrands(kind: str, count: int = 50, seed: int = 1) -> list[str]:
    """`count` distinct integrands of a kind, as people type them."""
    rng, found = random.Random(f"{kind} {seed}"), {}
    while len(found) < count:
        found[KINDS[kind](rng)] = None
    return list(found)
