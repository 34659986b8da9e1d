"""First and second order differential equations, made from their solutions (Lample & Charton 2020, sections 4.2, 4.3).

A random y = F(x, a8) is solved for its constant, a8 = G(x, y), and differentiated: G_x + G_y y' = 0 holds whatever
the constant is. For two constants this is repeated. Each constant stands in one leaf of F, so that inverting the
operators on the path to it solves for it; the reference implementation asks a computer algebra system instead.
"""

import functools
import itertools
import math
import operator
from collections.abc import Callable, Sequence

import numpy as np
import symengine as se

from symbolic.algebra.constants import has_real_constants
from symbolic.algebra.polynomials import Polynomial, numerator
from symbolic.algebra.simplification import rebuilt
from symbolic.expressions import numeric
from symbolic.expressions.engines import differentiate, symengine_to_prefix, to_symengine
from symbolic.expressions.prefix import Tree, fold, from_prefix
from symbolic.expressions.program import Program
from symbolic.expressions.tokens import spellings
from symbolic.problems.families.checks import check_real_domain
from symbolic.problems.families.drawing import fewest_operators, operator_count, rejecting
from symbolic.problems.families.trees import draw_below, tree_sampler
from symbolic.problems.problem import Problem, ProblemOptions, Rejected

_X = se.Symbol("x")
_UNKNOWNS = tuple(se.Symbol(name) for name in ("Y", "Y'", "Y''"))
_CONSTANTS = tuple(se.Symbol(name) for name in ("a8", "a9"))

# function -> a right inverse of it: tan(atan(v)) is v.
_INVERSES = {
    "sin": se.asin,
    "cos": se.acos,
    "tan": se.atan,
    "cot": se.acot,
    "sec": se.asec,
    "csc": se.acsc,
    "sinh": se.asinh,
    "cosh": se.acosh,
    "tanh": se.atanh,
    "coth": se.acoth,
    "sech": se.asech,
    "csch": se.acsch,
}
_INVERSES |= {f"a{name}": getattr(se, name) for name in _INVERSES}
_INVERSES = {type(getattr(se, name)(_X)): inverse for name, inverse in _INVERSES.items()}
_INVERSES |= {type(se.log(_X)): se.exp, type(se.Abs(_X)): lambda value: value}

# Where a solution is tried: at 42 values of x, each with 16 values of the constants.
_ABSCISSAE, _DRAWS = 42, 16
_ENOUGH_POINTS = 12  # of the real domain
_ENOUGH_RIGHT = 0.2  # fraction of the real points at which a solution must solve the equation, as published
_ENOUGH_ABSCISSAE = 5  # where a solution is wrong for some constants, it must be right for others at this many x
_ZERO, _NOT_ZERO = 1e-11, 1e-7  # of a residual relative to its largest term; values between may be rounding
_FADING = 0.5  # more such values, for each point that is right, mean a residual that fades away and is 0 nowhere
_DEPENDENT = 1e-8  # a determinant this small relative to its products is rounding


def first_order(options: ProblemOptions) -> Callable[[np.random.Generator], Problem]:
    """A function that draws one equation of first order with its solution, which holds the constant a8.

    The function raises `Rejected` for a draw that gives no problem.
    """
    return _drawing(options, _CONSTANTS[:1], _first_order_equation, smallest=3)


def second_order(options: ProblemOptions) -> Callable[[np.random.Generator], Problem]:
    """A function that draws one equation of second order with its solution, which holds the constants a8 and a9.

    The two constants can be exchanged; of the two spellings the solution has the one whose tokens sort first.

    The function raises `Rejected` for a draw that gives no problem.
    """
    return _drawing(options, _CONSTANTS, _second_order_equation, smallest=5)


def _drawing(options, constants, equation_of, smallest):
    draw_tree = tree_sampler(options)
    low = fewest_operators(options, smallest)

    def draw(rng: np.random.Generator) -> Problem:
        operators = low + draw_below(rng, options.max_ops - low + 1)
        tree = with_constants(draw_tree(rng, operators), [str(constant) for constant in constants], rng)
        with rejecting():
            solution = _solution(rebuilt(to_symengine(tree)), constants)
            target = symengine_to_prefix(solution)
            if operator_count(target) < operators / 2:  # as published: what collapses that far is too easy
                raise Rejected("collapsed")
            if len(target) + 2 > options.max_len:
                raise Rejected("too long")
            equation = equation_of(solution, constants, options.max_len)
            source = symengine_to_prefix(equation)
        if len(source) + 2 > options.max_len:
            raise Rejected("too long")
        if not has_real_constants(equation):
            raise Rejected("constant part not real")
        if solution.free_symbols - equation.free_symbols - {_X, *constants}:
            raise Rejected("a parameter is not in the equation")
        check_real_domain(solution)  # it finds sums that are 0, which `check_solution` may take for rounding
        check_solution(source, target, constants)
        return Problem(" ".join(source), " ".join(target))

    return draw


def with_constants(tree: Tree, constants: list[str], rng: np.random.Generator) -> Tree:
    """The tree with each constant in the place of one random leaf, and x in one more if no leaf left is x.

    Raises:
        Rejected: the tree has too few leaves.
    """
    leaves: list[str | int] = fold(tree, lambda head, below: sum(below, []) if below else [head])
    free = list(range(len(leaves)))
    if len(leaves) <= len(constants):
        raise Rejected("too few leaves")
    for constant in constants:
        leaves[free.pop(draw_below(rng, len(free)))] = constant
    if "x" not in leaves:
        leaves[free.pop(draw_below(rng, len(free)))] = "x"
    heads = iter(leaves)
    return fold(tree, lambda head, operands: Tree(head if operands else next(heads), tuple(operands)))


def _solution(solution, constants):
    for constant in constants:
        if occurrences(solution, constant) == 1 and se.has_symbol(solution, _X):
            solution = absorbed(solution, constant)
    solution = rebuilt(solution)
    if any(occurrences(solution, constant) != 1 for constant in constants) or not se.has_symbol(solution, _X):
        raise Rejected("constants not independent")
    if not has_real_constants(solution):
        raise Rejected("constant part not real")
    if len(constants) == 1:
        return solution
    exchanged = solution.xreplace(dict(zip(constants, constants[::-1], strict=True)))
    return min(solution, exchanged, key=symengine_to_prefix)


def absorbed(expr: se.Basic, constant: se.Symbol) -> se.Basic:
    """The expression with everything constant beside `constant` absorbed in it: 2*x*exp(5*a8) becomes x*a8.

    `constant` must occur once. Other constants beside it are absorbed too, as they add nothing.
    """
    if not se.has_symbol(expr, _X):
        return constant
    if isinstance(expr, se.Add | se.Mul):
        fixed = [operand for operand in expr.args if not se.has_symbol(operand, _X)]
        if any(se.has_symbol(operand, constant) for operand in fixed):
            return expr.func(constant, *(operand for operand in expr.args if operand not in fixed))
    return expr.func(*(absorbed(o, constant) if se.has_symbol(o, constant) else o for o in expr.args))


def occurrences(expr: se.Basic, symbol: se.Symbol) -> int:
    """How many leaves of an expression are the symbol."""
    if expr == symbol:
        return 1
    return sum(occurrences(operand, symbol) for operand in expr.args) if se.has_symbol(expr, symbol) else 0


def _first_order_equation(solution, constants, max_len):
    integral = solved_for(solution, constants[0], _UNKNOWNS[0])
    return _equation(integral, _UNKNOWNS[:2], max_len)


def _second_order_equation(solution, constants, max_len):
    for first, second in (constants, constants[::-1]):
        integral = solved_for(solution, first, _UNKNOWNS[0])
        vanishing = _total_derivative(integral, _UNKNOWNS[:2])
        kernel_value = _kernel_value(vanishing, second)
        if kernel_value is not None:
            return _equation(solved_for(*kernel_value), _UNKNOWNS, max_len)
    raise Rejected("not solvable for the constants")


def _equation(integral, unknowns, max_len):
    vanishing = _total_derivative(integral, unknowns)
    if vanishing.least_tokens() > max_len:  # writing it to see that takes long
        raise Rejected("too long")
    return rebuilt(vanishing.expression())


def solved_for(expr: se.Basic, symbol: se.Symbol, value: se.Basic) -> se.Basic:
    """The value of a symbol at which `expr` equals `value`, by inverting the operators on the path to the symbol.

    `symbol` must occur once. Of several solutions it is the principal one.

    Raises:
        Rejected: an operator on the path has no inverse.
    """
    while expr != symbol:
        if isinstance(expr, se.Pow):
            base, exponent = expr.args
            if se.has_symbol(base, symbol):
                expr, value = base, value ** (1 / exponent)
            else:
                expr, value = exponent, se.log(value) if base == se.E else se.log(value) / se.log(base)
            continue
        operands = list(expr.args)
        holder = operands.pop(next(i for i, operand in enumerate(operands) if se.has_symbol(operand, symbol)))
        if isinstance(expr, se.Add):
            value = value - se.Add(*operands)
        elif isinstance(expr, se.Mul):
            value = value / se.Mul(*operands)
        elif type(expr) in _INVERSES:
            value = _INVERSES[type(expr)](value)
        else:
            raise Rejected("not invertible")
        expr = holder
    return value


def _total_derivative(integral, unknowns) -> Polynomial:
    """The part of d/dx G(x, Y, …) that can be 0: the factors of its numerator that hold the highest derivative."""
    total = differentiate(integral, _X)
    for symbol, its_derivative in itertools.pairwise(unknowns):
        total += differentiate(integral, symbol) * its_derivative
    return vanishing_factors(numerator(total, unknowns[::-1]))


def vanishing_factors(polynomial: Polynomial) -> Polynomial:
    kept = [factor for factor in polynomial.factors() if factor.degree(0)]
    if not kept:
        raise Rejected("constants not independent")
    return functools.reduce(operator.mul, kept)


def _kernel_value(vanishing: Polynomial, constant) -> tuple[se.Basic, se.Symbol, se.Basic] | None:
    """An expression in which `constant` occurs once, the constant, and the value that makes the polynomial vanish.

    None where the polynomial is not linear, quadratic or binomial in the one generator that holds the constant.
    """
    indices = vanishing.indices_with(constant)
    while len(indices) > 1 and (root := next(filter(vanishing.is_square_root, indices), None)) is not None:
        vanishing = vanishing_factors(vanishing.without_square_root(root))
        indices = vanishing.indices_with(constant)
    if not indices:
        raise Rejected("constants not independent")
    kernel = vanishing.generators[indices[0]]
    if len(indices) > 1 or occurrences(kernel, constant) != 1:
        return None
    by_degree = sorted(vanishing.coefficients(indices[0]).items())
    degrees, coefficients = zip(*by_degree, strict=True)
    if len(degrees) == 2:
        low, high = coefficients
        return kernel, constant, (-low / high) ** se.Rational(1, degrees[1] - degrees[0])
    if degrees == (0, 1, 2):
        c, b, a = coefficients
        return kernel, constant, (se.sqrt(b**2 - 4 * a * c) - b) / (2 * a)
    return None


def check_solution(source: list[str], target: list[str], constants: Sequence[se.Symbol]) -> None:
    """Check an equation's solution in float64 at random points, and that its constants are independent there.

    Where it is wrong for some values of the constants it must be right for others at the same x: y = (x + a8)**2
    solves y' = 2*sqrt(y) on an interval that depends on a8.

    Raises:
        Rejected: it is not a solution, its constants are not independent, or too few points can tell.
    """
    residual, independent = _at_points(source, target, constants)
    known = ~np.isnan(residual)
    right, wrong = residual < _ZERO, residual > _NOT_ZERO
    if known.sum() < _ENOUGH_POINTS:
        raise Rejected("too few real points")
    if right.sum() < max(_ENOUGH_POINTS, _ENOUGH_RIGHT * known.sum()):
        raise Rejected("not a solution")
    if wrong.any():
        depends_on_constants = right.any(axis=1) & wrong.any(axis=1)
        if depends_on_constants.sum() < _ENOUGH_ABSCISSAE:
            raise Rejected("not a solution")
        between = known & ~right & ~wrong
        if between.sum() > _FADING * right.sum():
            raise Rejected("the residual fades away")
    if independent[right].mean() < 0.5:
        raise Rejected("constants not independent")


def _at_points(source, target, constants) -> tuple[np.ndarray, np.ndarray]:
    """The relative residual, and whether the constants are independent, at the points; both (abscissae, draws).

    The residual is nan where it or the solution has no real value.
    """
    program = Program()
    derivatives = [program.enter(from_prefix(target))]  # slots of y, y', y'', as far as the equation holds them
    for _ in constants:
        derivatives.append(_derivative(program, derivatives[-1]))
    residual = program.enter(from_prefix(source), dict(zip(map(str, _UNKNOWNS), derivatives, strict=False)))
    jacobian = [[_derivative(program, slot, str(constant)) for constant in constants] for slot in derivatives[:-1]]
    values = numeric.run(program, _points())
    sizes = numeric.relative_size(values, residual, program.terms(residual))
    sizes = np.broadcast_to(sizes, (_ABSCISSAE, _DRAWS))
    known = np.isfinite(values[derivatives[0]]) & np.isfinite(sizes)
    with np.errstate(all="ignore"):
        independent = _is_regular([[values[slot] for slot in row] for row in jacobian])
        for slot in jacobian[0]:  # floats cannot see a constant that is tiny beside the rest
            independent = independent & (np.abs(values[slot]) > _DEPENDENT * np.abs(values[derivatives[0]]))
    return np.where(known, sizes, np.nan), np.broadcast_to(independent, sizes.shape)


def _derivative(program, slot, variable="x"):
    derivative = program.derivative(slot, variable)
    return program.step(0) if derivative is None else derivative


def _is_regular(matrix) -> np.ndarray:
    """Where the determinant of a matrix of one or two rows is not 0."""
    if len(matrix) == 1:
        return np.abs(matrix[0][0]) > 0
    (a, b), (c, d) = matrix
    return np.abs(a * d - b * c) > _DEPENDENT * np.maximum(np.abs(a * d), np.abs(b * c))


@functools.cache
def _points():
    """The same points for every problem and on every machine; x around 0 and, a third of the time, up to 50."""
    rng = np.random.Generator(np.random.PCG64(0))

    def uniform(*shape):
        return np.array([draw_below(rng, 2**32) / 2**31 - 1 for _ in range(math.prod(shape))]).reshape(shape)

    names = [*spellings("variable"), *map(str, _CONSTANTS)]
    points = {name: 3 * uniform(_ABSCISSAE, _DRAWS) for name in names}
    abscissae = np.concatenate([5 * uniform(_ABSCISSAE * 2 // 3, 1), 50 * uniform(_ABSCISSAE // 3, 1) ** 3])
    points["x"] = np.repeat(abscissae, _DRAWS, axis=1)
    return points | {name: 3 * uniform(_ABSCISSAE, _DRAWS) for name in spellings("coefficient") if name not in points}
