"""A growing table of functions with known primitives, bounded in memory, that finds integrals by linearity.

An entry is found by its integrand up to a constant factor, in any spelling that expands to the same sum. A sum that is
not in the table is integrated term by term.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator

import symengine as se

from symbolic.algebra.terms import constant_factor, expanded
from symbolic.expressions.engines import TooLargeError, UndefinedError, differentiate, symengine_to_prefix, to_symengine
from symbolic.expressions.equations import integral_tokens, integrand_of
from symbolic.expressions.prefix import from_prefix
from symbolic.problems.problem import Problem

_X = se.Symbol("x")


class PrimitiveTable:
    """Primitives by their integrands. When the table is full, the least recently added entry is evicted.

    An entry holds a hash of the integrand and the primitive as prefix text.
    """

    def __init__(self, size: int):
        """An empty table for at most `size` entries."""
        self._size = size
        self._primitives: dict[bytes, str] = {}  # the least recently added first

    def __len__(self) -> int:
        return len(self._primitives)

    def add(self, integrand: se.Basic, primitive: se.Basic) -> None:
        """Enter a pair. If the integrand is known already, the primitive with fewer tokens stays.

        Raises:
            UndefinedError, TooLargeError: the primitive cannot be written down.
        """
        constant, normalized = _normalized(integrand)
        if not se.has_symbol(normalized, _X):
            return
        key, text = _key(normalized), " ".join(symengine_to_prefix(primitive / constant))
        known = self._primitives.pop(key, text)
        self._primitives[key] = min(known, text, key=lambda each: (each.count(" "), each))
        if len(self._primitives) > self._size:
            del self._primitives[next(iter(self._primitives))]

    def find(self, integrand: se.Basic) -> se.Basic | None:
        """A primitive, from an entry or a sum of entries; None if a part of the integrand is not in the table."""
        constant, normalized = _normalized(integrand)
        primitive = self._entry(normalized)
        if primitive is None and isinstance(normalized, se.Add):
            primitive = self._term_by_term(normalized)
        return None if primitive is None else constant * primitive

    def _entry(self, normalized):
        if not se.has_symbol(normalized, _X):
            return normalized * _X
        text = self._primitives.get(_key(normalized))
        return None if text is None else to_symengine(from_prefix(text))

    def _term_by_term(self, normalized):
        primitives = []
        for term in normalized.args:
            constant, varying = constant_factor(term)
            primitive = self._entry(varying)
            if primitive is None:
                return None
            primitives.append(constant * primitive)
        return se.Add(*primitives)

    def problems(self) -> Iterator[Problem]:
        """The entries as integration problems; the integrand is the derivative, not simplified."""
        for text in self._primitives.values():
            derivative = differentiate(to_symengine(from_prefix(text)), _X)
            yield Problem(" ".join(integral_tokens(symengine_to_prefix(derivative))), text)

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Enter problems with their solutions, those of another table or of any integration family.

        A problem to which SymEngine gives no finite value is left out.

        Raises:
            ValueError: one of them is not an integration problem `sub Y' f`.
        """
        for equation, solution in problems:
            tree = from_prefix(equation)
            integrand = integrand_of(tree)
            if integrand is None:
                raise ValueError(f"an integration problem `sub Y' f` was expected. Received: `{equation[:80]}`.")
            with contextlib.suppress(UndefinedError, TooLargeError):
                self.add(to_symengine(integrand), to_symengine(from_prefix(solution)))


def _normalized(expr) -> tuple[se.Basic, se.Basic]:
    """A constant and the expanded expression divided by it, which is the same for all its constant multiples."""
    expr = expanded(expr)
    if not isinstance(expr, se.Add):
        return constant_factor(expr)
    parts = [constant_factor(term) for term in expr.args]
    leading, _ = min(parts, key=lambda part: (str(part[1]), str(part[0])))
    return leading, se.Add(*(constant / leading * varying for constant, varying in parts))


def _key(expr) -> bytes:
    """A hash of an expression by content: SymEngine's text, unlike its own hash, is the same everywhere."""
    return hashlib.blake2b(str(expr).encode(), digest_size=16).digest()
