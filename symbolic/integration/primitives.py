"""Candidate primitives of an integrand: what the rules find, checked in floats, the shortest form first."""

import symengine as se

from symbolic.expressions.engines import UNDEFINED, UndefinedError, to_symengine
from symbolic.expressions.prefix import Tree
from symbolic.integration import checking
from symbolic.integration.absolute import without_absolute_values
from symbolic.integration.algebraic import (
    polynomial_times_power,
    power_of_linear,
    rational_function,
    root_of_quadratic,
    roots_of_linear_terms,
)
from symbolic.integration.exponential import exponential_polynomial
from symbolic.integration.forms import U, V, W, X, basic, depends, parts, size
from symbolic.integration.parts import by_parts, polynomial_by_parts
from symbolic.integration.search import MOST_STEPS, Search, term_by_term
from symbolic.integration.substitution import (
    derivative_divides,
    derivative_is_a_factor,
    inverse_function,
    linear_argument,
    power_of_inverse_function,
)
from symbolic.integration.tidying import tidy
from symbolic.integration.trigonometric import of_exponentials, of_sines
from symbolic.integration.undetermined import STEPS_OF_ALL_FITS, fitted_primitive, undetermined


def _exponential_polynomial(f, search):
    return exponential_polynomial(f)


RULES = (
    power_of_linear,
    polynomial_times_power,
    rational_function,
    of_sines,
    _exponential_polynomial,
    of_exponentials,
    derivative_is_a_factor,
    term_by_term,
    root_of_quadratic,
    roots_of_linear_terms,
    derivative_divides,
    power_of_inverse_function,
    by_parts,
    linear_argument,
    inverse_function,
    polynomial_by_parts,
    undetermined,
)
_LARGEST_INTEGRAND = 300
_LARGEST_EXPONENT = 200


def primitives(integrand: Tree, steps: int = MOST_STEPS) -> list[se.Basic]:
    """Candidate primitives of an integrand with respect to x, the shortest first, not judged.

    Args:
        integrand: a function of x; it may hold coefficients a0 ... a9.
        steps: the budget of the search.

    Raises:
        UndefinedError, TooLargeError: as `to_symengine` raises them.
    """
    f = to_symengine(integrand)
    if isinstance(f, UNDEFINED):
        raise UndefinedError("the integrand has no finite value")
    if size(f) > _LARGEST_INTEGRAND or f.free_symbols & {U, V, W} or _may_hang(f):
        return []
    if not depends(f):
        return [f * X]
    points = checking.points_of(integrand)
    plain = basic(f)
    found = without_absolute_values(plain, lambda g: Search(RULES, steps).integrate(g))
    forms = _right_forms(found, integrand, points)
    if not forms and not f.atoms(se.Abs, se.sign):
        # Nothing, or what is wrong on the real line; the fit takes real values. It has a budget of its own.
        found = fitted_primitive(plain, Search((), min(steps // 10, STEPS_OF_ALL_FITS + 1)))
        forms = _right_forms(found, integrand, points)
    return forms[:1]


def _right_forms(found: se.Basic | None, integrand: Tree, points) -> list[se.Basic]:
    if found is None or isinstance(found, UNDEFINED) or not depends(found):  # a constant fits 1/cosh(e^10*x) in floats
        return []
    if not points:  # nothing can be checked; the judge may know complex values
        return [found]
    return [
        form for form in tidy(found, points)[:3] if depends(form) and checking.is_primitive(form, integrand, points)
    ]


def _may_hang(f: se.Basic) -> bool:
    """Whether f holds the sign of a power, which SymEngine cannot rebuild, or a power with a large exponent."""
    if any(isinstance(each.args[0], se.Pow) and each.args[0].args[0] != se.E for each in f.atoms(se.sign)):
        return True
    exponents = (part.args[1] for part in parts(f) if isinstance(part, se.Pow))
    return any(
        isinstance(factor, se.Rational) and max(abs(int(factor.p)), int(factor.q)) > _LARGEST_EXPONENT
        for exponent in exponents
        for term in se.Add.make_args(exponent)
        for factor in se.Mul.make_args(term)
    )
