"""Whether an answer to a differential equation that fails at some points solves it on a branch.

y = (x + a8)^2 solves Y' = 2 sqrt(Y) where x + a8 > 0 and fails elsewhere: at one and the same x it holds for some
values of the constant and not for others. Such an answer is a solution, on an interval that depends on the constants.
One that fails at some x whatever the constants are, as x^2/2 + a8 does for Y' = |x|, is not taken for one.

On a branch the residual is 0 and not merely small: where a8 exp(x) + exp(-exp(a9 x)) seems to solve Y' = Y, for large
a9 x, enclosures without 0 tell that it does not. There is no branch where another function would do as well, and none
of an equation in x and one derivative alone, as Y' = f(x), whose solutions hold at some x all or none. Constants that
choose between formulas are not seen through: a9 exp(x sign(a8)) passes for Y' = Y.
"""

from typing import NamedTuple

import numpy as np

from symbolic.expressions.prefix import Tree, from_prefix, to_prefix
from symbolic.verification import balls, floats
from symbolic.verification.constants import independent_constants
from symbolic.verification.residual import UNKNOWNS, Residual, residual_of

Point = dict[str, float]

_ABSCISSAE, _DRAWS = 40, 100  # at each of so many x, so many values of the constants
_HOLDS = 1e-11  # a residual this small relative to its largest term may be 0
_TRIED = 64  # at least so many of a branch's points are tried, where there are as many: some lie at kinks
_UNRELATED = from_prefix("div sin sin x INT+ 1 0 0")  # added to a solution, it gives another function close by


class Branch(NamedTuple):
    """Where an answer holds although for other constants it fails at the same x.

    Attributes:
        points: one dict a point, of variable or coefficient to value.
        radii: bounds of |residual| at the points where it was enclosed.
    """

    points: list[Point]
    radii: list[float]


def branch_of(residual: Residual, seed: int) -> Branch | None:
    """The branch on which the answer solves the equation, or None.

    The answer must hold as many independent constants there as the equation's order asks for.
    """
    unknowns = set(UNKNOWNS) & set(to_prefix(residual.problem))
    if unknowns == {UNKNOWNS[residual.order]} or len(residual.constants) < residual.order:
        return None
    holding, failing = _points(residual, seed)
    if not holding or independent_constants(residual, holding) < residual.order:
        return None
    other = residual_of(residual.problem, Tree("add", (residual.answer, _UNRELATED)))
    radii = []
    step = max(1, len(holding) // _TRIED)
    for point, where_it_fails in zip(holding[::step], failing[::step], strict=True):
        enclosure = balls.enclose(residual, point)
        if enclosure.status == "nonzero":
            return None
        contrasts = balls.enclose(residual, where_it_fails), balls.enclose(other, point)
        if enclosure.status == "zero" and all(contrast.status == "nonzero" for contrast in contrasts):
            radii.append(enclosure.radius)
    return Branch(holding, radii)


def _points(residual: Residual, seed: int) -> tuple[list[Point], list[Point]]:
    """Points where floats say that the answer holds, and for each of them one with the same x where it fails."""
    columns = dict(floats.candidates(seed, _ABSCISSAE * _DRAWS, widest=50.0))
    columns["x"] = np.repeat(columns["x"][:_ABSCISSAE], _DRAWS)
    sizes = floats.relative_sizes(residual, columns).reshape(_ABSCISSAE, _DRAWS)
    fails = sizes > floats.SUSPICIOUS
    abscissae, draws = np.nonzero((sizes < _HOLDS) & fails.any(axis=1, keepdims=True))
    first_failures = np.argmax(fails, axis=1)[abscissae]
    return tuple(floats.rows(residual, columns, abscissae * _DRAWS + each) for each in (draws, first_failures))
