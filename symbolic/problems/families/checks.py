"""Quick float64 checks of a family's problems at a few fixed real points.

What passes may still be wrong between the points, and rounding may fail what is right.
The package `verification` gives verdicts on answers.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import symengine as se

from symbolic.algebra.agreement import ENOUGH_POINTS, FIXED_POINTS, SMALL, TOLERANCE, compiled
from symbolic.expressions import numeric
from symbolic.expressions.prefix import Tree
from symbolic.expressions.program import Program
from symbolic.problems.problem import Rejected

_FIRST_POINTS = 8  # which settle most questions
_MORE_POINTS = np.linspace(-5.01, 5.02, 600)  # of x, where the fixed ones meet the real domain too rarely


def check_real_domain(*functions: se.Basic) -> None:
    """Check that functions of x and parameters are all real and finite at four common points or more.

    Raises:
        Rejected: they are not, or rounding alone makes them so where a sum is 0, as in 1/(1 + x - (1 + x)).
    """
    values, fixed = compiled(functions)
    real = _count_real(values(fixed[:_FIRST_POINTS]))
    if real == _FIRST_POINTS:
        return
    _check_sums(functions)
    if real >= ENOUGH_POINTS or _count_real(values(fixed)) >= ENOUGH_POINTS:
        return
    more = np.resize(fixed, (len(_MORE_POINTS), fixed.shape[1]))
    more[:, 0] = _MORE_POINTS
    if _count_real(values(more)) < ENOUGH_POINTS:
        raise Rejected("no real domain")


def _check_sums(functions: Sequence[se.Basic]) -> None:
    """Check that no sum within the functions is next to 0 wherever it is real."""
    sums: dict[se.Basic, None] = {}
    todo = list(functions)
    while todo:
        part = todo.pop()
        todo += part.args
        if isinstance(part, se.Add):
            sums[part] = None
    if not sums:
        return
    values, fixed = compiled(list(sums))
    sizes = np.abs(values(fixed).reshape(len(fixed), len(sums)))
    real = np.isfinite(sizes)
    if np.any(real.any(axis=0) & (np.where(real, sizes, 0.0).max(axis=0) < SMALL)):
        raise Rejected("a sum is 0")


def _count_real(values: np.ndarray) -> int:
    return np.isfinite(values).all(axis=-1).sum()


def check_primitive(
    primitive: Tree, integrand: Tree, points: Mapping[str, np.ndarray] = MappingProxyType(FIXED_POINTS)
) -> None:
    """Compare the derivative of `primitive` by x with `integrand` at those of the points where both functions are real.

    Raises:
        Rejected: they differ at a point, or both are real at fewer than four points.
    """
    program = Program()
    value = program.enter(primitive)
    derivative = program.derivative(value)
    if derivative is None:
        raise Rejected("wrong primitive")
    residual = program.step("sub", derivative, program.enter(integrand))
    values = numeric.run(program, points)
    sizes = np.broadcast_to(numeric.relative_size(values, residual, program.terms(residual)), points["x"].shape)
    sizes = sizes[np.isfinite(values[value]) & np.isfinite(sizes)]
    if len(sizes) < ENOUGH_POINTS:
        raise Rejected("no real domain")
    if np.any(sizes > TOLERANCE):
        raise Rejected("wrong primitive")
