"""Methods one after the other; one that fails on an expression does not stop the next."""

from collections.abc import Callable, Iterator

import symengine as se

# What SymEngine, FLINT and NumPy raise for expressions without a value, too large ones, and matrices with infinities.
FAILURES = (ValueError, RuntimeError, ArithmeticError)


def attempts(*methods: Callable[[], Iterator[se.Basic]]) -> Iterator[se.Basic]:
    """What the methods yield, in their order; a method ends where it raises such an error."""
    for method in methods:
        try:
            yield from method()
        except FAILURES:
            continue
