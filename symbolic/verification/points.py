"""Random points: exact rationals with odd denominators, from a seed that the pair itself gives.

Every float is a dyadic number, and x + cos(2^200 pi x) is x + 1 at all of them. A denominator that depends on the text
of problem and answer cannot be aimed at, and the same pair is always judged at the same points.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from flint import fmpq

Point = dict[str, fmpq | tuple[fmpq, fmpq]]  # variable or coefficient to value, a pair if x is complex

_DENOMINATOR_BITS = 54  # one more than a float has: the nearest float of a point is the one that it was made of


def seed_of(steps: Iterable, seed: int = 0) -> int:
    """A seed of 64 bits that depends on every step of a program, and on a seed given by the caller."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {steps}".encode(), digest_size=8).digest())


def candidates(names: Sequence[str], seed: int, count: int, widest: float) -> dict[str, np.ndarray]:
    """Random values of variables and coefficients; of x near 0, around it, and on any scale up to `widest`."""
    rng = np.random.default_rng([seed, count])
    columns = {name: rng.uniform(-3.0, 3.0, count) for name in names if name != "x"}
    any_scale = rng.choice([-1.0, 1.0], count) * np.exp(rng.uniform(np.log(0.01), np.log(widest), count))
    near, around = rng.uniform(-1.0, 1.0, count), rng.uniform(-5.0, 5.0, count)
    return columns | {"x": np.choose(np.arange(count) % 3, [near, around, any_scale])}


class Points(Sequence):
    """Rows of columns of floats, each made exact when it is asked for; a slice is a list."""

    def __init__(self, columns: Mapping[str, np.ndarray], rows: np.ndarray, names: Sequence[str], seed: int):
        self._columns, self._rows, self._names = columns, rows, names
        self._denominator = (seed >> 64 - _DENOMINATOR_BITS) | 1 << _DENOMINATOR_BITS - 1 | 1

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        row = self._rows[index]
        return {name: _exact(self._columns[name][row].item(), self._denominator) for name in self._names}


def _exact(value: float | complex, denominator: int) -> fmpq | tuple[fmpq, fmpq]:
    """The rational nearest to a float of those with this denominator, or for small values with a larger odd one."""
    if isinstance(value, complex):
        return _exact(value.real, denominator), _exact(value.imag, denominator)
    if 0 < abs(value) < 1:
        denominator *= 3 ** math.ceil(-math.log(abs(value), 3))
    numerator, power = value.as_integer_ratio()
    return fmpq((2 * numerator * denominator + power) // (2 * power), denominator)


def between(first: Point, second: Point, share: float) -> Point:
    """The point that lies this share of the way from the first real point to the second."""
    share = fmpq(*float(share).as_integer_ratio())
    return {name: first[name] + share * (second[name] - first[name]) for name in first}


def named(point: Point) -> str:
    return ", ".join(f"{name} = {_number(value):.6g}" for name, value in point.items())


def _number(value: fmpq | tuple[fmpq, fmpq]) -> float | complex:
    return complex(*map(_number, value)) if isinstance(value, tuple) else int(value.p) / int(value.q)
