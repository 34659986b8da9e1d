"""A quick check in floats whether a primitive is right, at points on every scale."""

import numpy as np
import symengine as se

from symbolic.algebra.agreement import FIXED_POINTS, SMALL
from symbolic.expressions import numeric
from symbolic.expressions.engines import from_symengine
from symbolic.expressions.prefix import Tree
from symbolic.expressions.program import Program
from symbolic.expressions.tokens import spellings

_COUNT, _ENOUGH = 160, 12
_TOLERANCE = 1e-6
_SCALES = np.geomspace(0.013, 300, 50)
_POINTS = np.concatenate([_SCALES, -1.01 * _SCALES, np.linspace(-4.013, 4.017, 60)])
_MORE_POINTS = np.concatenate([np.linspace(-15.013, 15.017, 1500), np.linspace(-0.2003, 0.2001, 300)])
_OTHERS = (*spellings("coefficient"), "y", "z", "t")


def points_of(f: Tree) -> dict[str, np.ndarray]:
    """Points at which f has a real value; of finer ones where the first are too few; empty where there is none."""
    for candidates in (_POINTS, _MORE_POINTS):
        points = {"x": candidates}
        for name in _OTHERS:
            points[name] = np.resize(FIXED_POINTS[name], len(candidates))
        values = np.broadcast_to(numeric.values(f, points), candidates.shape)
        real = np.flatnonzero(np.isfinite(values))[:_COUNT]
        if len(real) >= _ENOUGH:
            break
    return {name: array[real] for name, array in points.items()} if len(real) else {}


def is_primitive(primitive: se.Basic, f: Tree, points: dict[str, np.ndarray]) -> bool:
    """Whether the derivative of a primitive is f wherever both are real, which must be so at some of the points."""
    try:
        tree = from_symengine(primitive)
    except ValueError:
        return False
    program = Program()
    value = program.enter(tree)
    derivative = program.derivative(value)
    derivative = program.step(0) if derivative is None else derivative
    target = program.enter(f)
    residual = program.step("sub", derivative, target)
    values = numeric.run(program, points)
    shape = points["x"].shape
    sizes = np.broadcast_to(numeric.relative_size(values, residual, program.terms(residual)), shape)
    smallest = np.abs(np.broadcast_to(values[residual], shape)) <= SMALL * 1e-3
    known = np.isfinite(np.broadcast_to(values[value], shape)) & np.isfinite(sizes)
    if known.sum() < min(4, len(known)):
        return False
    right = (sizes <= _TOLERANCE) | smallest
    # Where terms cancel, rounding is not small beside what is left; few such points do not make a primitive wrong.
    return bool((right | ~known).mean() >= 0.97)
