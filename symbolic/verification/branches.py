"""Whether an answer to a differential equation that fails at some points solves it on a branch.

y = (x + a8)^2 solves Y' = 2 sqrt(Y) where x + a8 > 0 and fails elsewhere: at one and the same x it holds for some
values of the constant and not for others. Such an answer is a solution, on an interval that depends on the constants.
One that fails at some x whatever the constants are, as x^2/2 + a8 does for Y' = |x|, is not taken for one.
"""

import numpy as np

from symbolic.verification import floats
from symbolic.verification.constants import independent_constants
from symbolic.verification.residual import Residual

_ABSCISSAE, _DRAWS = 40, 100  # at each of so many x, so many values of the constants
_HOLDS = 1e-11  # a residual this small relative to its largest term may be 0


def points_on_a_branch(residual: Residual, seed: int) -> list[dict[str, float]]:
    """Points at which the answer holds although for other constants it fails at the same x; none if there are none.

    The answer must hold as many independent constants there as the equation's order asks for.
    """
    if len(residual.constants) < residual.order or not residual.order:
        return []
    columns = dict(floats.candidates(seed, _ABSCISSAE * _DRAWS, widest=50.0))
    columns["x"] = np.repeat(columns["x"][:_ABSCISSAE], _DRAWS)
    sizes = floats.relative_sizes(residual, columns).reshape(_ABSCISSAE, _DRAWS)
    holds, fails = sizes < _HOLDS, sizes > floats.SUSPICIOUS
    both = holds & fails.any(axis=1, keepdims=True)
    points = floats.rows(residual, columns, np.flatnonzero(both))
    if not points or independent_constants(residual, points) < residual.order:
        return []
    return points
