"""How many independent constants an answer holds: the rank of a Jacobian, in float64.

A general solution of an equation of order n holds n of them. This is a number for the evidence, not a proof.
"""

import numpy as np

from symbolic.expressions import numeric
from symbolic.verification.residual import Residual

_DEPENDENT = 1e-8  # a singular value this small beside the largest is rounding


def independent_constants(residual: Residual, points: list[dict[str, float]]) -> int:
    """The rank of the derivatives of y, y', …, y^(n - 1) with respect to the constants, at most of the points."""
    if not residual.constants or not residual.order:
        return 0
    program = residual.program
    rows = [residual.answer_slot]
    while len(rows) < residual.order and rows[-1] is not None:
        rows.append(program.derivative(rows[-1]))
    jacobian = [
        [None if row is None else program.derivative(row, constant) for constant in residual.constants] for row in rows
    ]
    columns = {name: np.array([point[name] for point in points]) for name in points[0]}
    values = numeric.run(program, columns)
    zero = np.zeros(len(points))
    entries = [[zero if slot is None else zero + values[slot] for slot in row] for row in jacobian]
    matrices = np.moveaxis(np.array(entries), -1, 0)
    sizes = np.abs(matrices).max(axis=1, keepdims=True)  # of the columns: constants may act on any scale
    usable = np.isfinite(sizes).all(axis=(1, 2))
    if not usable.any():
        return 0
    ranks = np.linalg.matrix_rank(matrices[usable] / np.where(sizes > 0, sizes, 1.0)[usable], tol=_DEPENDENT)
    return int(np.median(ranks))
