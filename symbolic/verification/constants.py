"""How many independent constants an answer holds: the rank of a Jacobian, with ball arithmetic.

A general solution of an equation of order n holds n of them: y, y', …, y^(n - 1) at one x can then be chosen freely, as
far as the solution reaches. A minor whose enclosure does not contain 0 is not 0, so the rank is never too large.
"""

from flint import acb, arb, ctx

from symbolic.verification import balls
from symbolic.verification.residual import Residual

_POINTS = 7  # at which the rank is computed


def independent_constants(residual: Residual, points: list[dict], is_complex: bool = False) -> int:
    """The largest rank of the derivatives of y, y', …, y^(n - 1) with respect to the constants, at a few of the points.

    A rank reached at one point holds nearby.

    Args:
        points: variable or coefficient to value; the first few are enough.
        is_complex: take principal values, for an answer that is real nowhere.
    """
    is_complex = is_complex or residual.of_values is not None
    if not residual.constants or not residual.order:
        return 0
    program = residual.program
    rows = [residual.answer_slot]
    while len(rows) < residual.order and rows[-1] is not None:
        rows.append(program.derivative(rows[-1]))
    jacobian = [
        [program.derivative(row, constant) for constant in residual.constants] for row in rows if row is not None
    ]
    ball = acb if is_complex else arb

    def rank(point):
        known = 0
        for bits in balls.PRECISIONS:
            with ctx.workprec(bits):
                values = balls.run(program, point, is_complex)
                known = _rank([[ball(0 if slot is None else values[slot]) for slot in row] for row in jacobian])
            if known == len(jacobian):
                break
        return known

    return max(map(rank, points[:_POINTS]))


def constants_asked_for(residual: Residual) -> int:
    """How many constants make a solution general: the order; none for an integral, where + C goes without saying."""
    return 0 if residual.is_integral else residual.order


def _rank(matrix: list[list]) -> int:
    """The rank of a matrix of enclosures, by elimination: it counts the pivots whose enclosure does not contain 0."""
    rank = 0
    while pivot := next(
        ((r, c) for r, row in enumerate(matrix) for c, each in enumerate(row) if _is_nonzero(each)), None
    ):
        row, column = pivot
        rank += 1
        first = matrix[row]
        others = [other for index, other in enumerate(matrix) if index != row]
        matrix = [
            [
                a - other[column] / first[column] * b
                for k, (a, b) in enumerate(zip(other, first, strict=True))
                if k != column
            ]
            for other in others
        ]
    return rank


def _is_nonzero(ball) -> bool:
    return ball.is_finite() and not ball.contains(0)
