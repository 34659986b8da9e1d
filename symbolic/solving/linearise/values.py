"""Values of SymEngine expressions at real points, in float64."""

from collections.abc import Mapping, Sequence

import numpy as np
import symengine as se

from symbolic.solving.linearise.symbols import SLOPE, X, Y

_NAMED = (X, Y, SLOPE)


def evaluated(exprs: Sequence[se.Basic], columns: Mapping[se.Symbol, np.ndarray]) -> np.ndarray:
    """(expressions, points): values at points, nan outside the real domain and for what has no value.

    Args:
        columns: (points,) for every symbol that occurs.
    """
    count = len(next(iter(columns.values())))
    if not exprs:
        return np.empty((0, count))
    try:
        function = se.Lambdify(list(columns), list(exprs), backend="lambda")
        with np.errstate(all="ignore"):
            return function(np.stack(list(columns.values()), axis=1)).reshape(count, len(exprs)).T
    except RuntimeError:  # because of one of them
        if len(exprs) == 1:
            return np.full((1, count), np.nan)
        return np.concatenate([evaluated([expr], columns) for expr in exprs])


def grid(exprs: Sequence[se.Basic], rows: int, draws: int, seed: int = 0) -> dict[se.Symbol, np.ndarray]:
    """Points in rows of one x each: x and letters are the same along a row, Y and Y' are drawn at every point.

    Returns:
        (rows * draws,) for x, Y, Y' and every other symbol of the expressions.
    """
    rng = np.random.default_rng(seed)
    letters = sorted(set().union(*(expr.free_symbols for expr in exprs)) - set(_NAMED), key=str)
    x = rng.uniform(0.2, 2.5, rows) * np.where(np.arange(rows) % 4 == 3, -1.0, 1.0)
    columns = {X: np.repeat(x, draws)}
    columns |= {letter: np.repeat(rng.uniform(0.3, 2.0, rows), draws) for letter in letters}
    for symbol in _NAMED[1:]:
        size = rng.uniform(0.1, 2.0, rows * draws) * np.where(rng.random(rows * draws) < 0.25, 4.0, 1.0)
        columns[symbol] = size * np.where(rng.random(rows * draws) < 0.3, -1.0, 1.0)
    return columns
