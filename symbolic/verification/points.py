"""Random points: exact rationals with odd denominators, from a seed that problem and answer determine.

Every float is a dyadic number, and x + cos(2^200 pi x) is x + 1 at all of them. No answer can be made to fit a
denominator that depends on the answer itself. And the same pair is always judged at the same points.
"""

import functools
import hashlib
import marshal
import math
from collections.abc import Mapping, Sequence

import numpy as np
from flint import fmpq

Point = dict[str, fmpq | tuple[fmpq, fmpq]]  # from variable or coefficient to value, a pair if it is complex

_DENOMINATOR_BITS = 54  # one more than a float has: the float nearest to a point is the one it was made from


def seed_of(steps: list, seed: int = 0) -> int:
    """A seed of 64 bits that depends on every step of a program, and on a seed given by the caller."""
    text = marshal.dumps((seed, steps), 2)  # version 2 has no references: equal steps give equal bytes
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def uniforms(seed: int, purpose: int, shape: int | tuple[int, ...]) -> np.ndarray:
    """Numbers in [0, 1): a slice of a fixed table, rotated by the seed; faster than a generator.

    Another `purpose` takes another slice.
    """
    table = _table()
    mixed = (seed ^ purpose * 0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93 & 2**64 - 1
    start, turn = (mixed >> 32) % (len(table) // 2), (mixed & 2**32 - 1) / 2**32
    return ((table[start : start + int(np.prod(shape))] + turn) % 1.0).reshape(shape)


@functools.cache
def _table() -> np.ndarray:
    return np.random.default_rng(0).random(1 << 19)


def candidates(names: Sequence[str], seed: int, count: int, widest: float) -> dict[str, np.ndarray]:
    """Random values of variables and coefficients; a third each of x in (-1, 1), in (-5, 5) and on any scale."""
    table = uniforms(seed, count, (len(names) + 1, count))
    columns = {name: 6.0 * row - 3.0 for name, row in zip(names, table, strict=False)}
    x = 2.0 * table[-1] - 1.0
    x[1::3] *= 5.0
    x[2::3] = _on_any_scale(x[2::3], 0.01, widest)
    return columns | {"x": x}


def _on_any_scale(uniform: np.ndarray, narrowest: float, widest: float) -> np.ndarray:
    """Maps values in (-1, 1) to both signs, log-uniformly between `narrowest` and `widest`."""
    return np.sign(uniform) * narrowest * (widest / narrowest) ** np.abs(uniform)


def far(names: Sequence[str], seed: int, count: int, nearest: float, widest: float) -> dict[str, np.ndarray]:
    """This many points on each side of 0, log-uniformly in |x| between `nearest` and `widest`."""
    table = uniforms(seed, -count, (len(names) + 1, 2 * count))
    columns = {name: 6.0 * row - 3.0 for name, row in zip(names, table, strict=False)}
    steps = (np.tile(np.arange(count), 2) + table[-1]) / count
    return columns | {"x": _on_any_scale(np.repeat([-1.0, 1.0], count) * steps, nearest, widest)}


class Points(Sequence):
    """Points from columns of floats, each made exact when it is taken; a slice is a list."""

    def __init__(self, columns: Mapping[str, np.ndarray], rows: np.ndarray, names: Sequence[str], seed: int):
        self._columns, self._rows, self._names = columns, rows, names
        self._denominator = (seed >> 64 - _DENOMINATOR_BITS) | 1 << _DENOMINATOR_BITS - 1 | 1

    def __len__(self) -> int:
        return len(self._rows)

    def column(self, name: str) -> np.ndarray:
        """The floats that the coordinates were made from."""
        return self._columns[name][self._rows]

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        row = self._rows[index]
        return {name: _exact(self._columns[name][row].item(), self._denominator) for name in self._names}


def _exact(value: float | complex, denominator: int) -> fmpq | tuple[fmpq, fmpq]:
    """The nearest rational with this denominator, or for small values with a larger odd one."""
    if isinstance(value, complex):
        return _exact(value.real, denominator), _exact(value.imag, denominator)
    if 0 < abs(value) < 1:
        denominator *= 3 ** math.ceil(-math.log(abs(value), 3))
    numerator, power = value.as_integer_ratio()
    return fmpq((2 * numerator * denominator + power) // (2 * power), denominator)


def between(first: Point, second: Point, fraction: float) -> Point:
    """The real point at this fraction of the way from the first to the second."""
    fraction = fmpq(*float(fraction).as_integer_ratio())
    return {name: first[name] + fraction * (second[name] - first[name]) for name in first}


def distance(point: Point) -> float:
    """|x|."""
    return abs(_number(point["x"]))


def signed_x(point: Point) -> float:
    """x at a real point, as a float."""
    return as_float(point["x"])


def as_float(value: fmpq) -> float:
    """The nearest float."""
    return int(value.p) / int(value.q)


def named(point: Point) -> str:
    """A point as text, with six digits."""
    return ", ".join(f"{name} = {_number(value):.6g}" for name, value in point.items())


def _number(value: fmpq | tuple[fmpq, fmpq]) -> float | complex:
    return complex(*map(_number, value)) if isinstance(value, tuple) else as_float(value)
