"""Families that go wrong: draws that hang, wait, crash or fill the memory, and a twin that rejects the same draws."""

import ctypes
import itertools
import os
import tempfile
import time

from symbolic.problems.families.trees import draw_below
from symbolic.problems.problem import Problem, Rejected

_ACCIDENTS = {
    "time limit": [lambda: 3 ** (10**9), lambda: time.sleep(1000)],  # in C code that does not end; asleep
    "crash": [lambda: ctypes.string_at(0)],
    "memory limit": [lambda: [bytes(1 << 28) for _ in range(1000)]],
}


def hostile(options):
    """In one of 30 draws something goes wrong."""
    return lambda rng: _draw(rng, lambda accident, reason: accident())


def tame(options):
    """The same draws, rejected where `hostile` goes wrong."""

    def reject(accident, reason):
        raise Rejected(reason)

    return lambda rng: _draw(rng, reject)


def learning(options):
    """A family that keeps a state: its problems are numbered."""
    given = itertools.count(1)
    return lambda rng: Problem("sub Y' x", f"mul INT+ {next(given)} x")


def faulty(options):
    """Every second draw raises an error that no family should."""

    def draw(rng):
        return Problem("sub Y' x", "x") if draw_below(rng, 2) else [][1]

    return draw


def deadly(options):
    """Every draw crashes."""
    return lambda rng: ctypes.string_at(0)


def leaving_traces(options):
    """Every shard leaves a file in a folder."""
    tempfile.mkstemp(dir=options.known_primitives[0])
    return lambda rng: Problem("sub Y' x", "x")


def stillborn(options):
    """Processes end before they draw: the first two that get a folder, and all without one."""
    folders = options.known_primitives
    if not folders or len(os.listdir(folders[0])) < 2:
        for folder in folders:
            tempfile.mkstemp(dir=folder)
        ctypes.string_at(0)
    return tame(options)


def _draw(rng, on_accident):
    number, fate = draw_below(rng, 10**6), draw_below(rng, 30)
    if fate == 0:
        reason = ("time limit", "crash", "memory limit")[number % 3]
        accidents = _ACCIDENTS[reason]
        on_accident(accidents[number // 3 % len(accidents)], reason)
    if fate == 1:
        raise Rejected("dull")
    digits = " ".join(str(number))
    return Problem(f"sub Y' INT+ {digits}", f"mul INT+ {digits} x")
