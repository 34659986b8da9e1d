"""The search for a primitive: rules that ask for primitives of simpler integrands, within a budget of work.

A rule is a function from an integrand and the search to a primitive or None. Nothing measures time: the budget counts
steps, so that an answer is the same on every machine. An integrand is a step, and so is each costly attempt of a rule.
"""

from collections.abc import Callable

import symengine as se

from symbolic.algebra.terms import additive_terms, constant_factor
from symbolic.expressions.engines import UNDEFINED
from symbolic.integration.forms import X, size, tidied

MOST_STEPS = 150
_MAX_DEPTH = 8  # integrands within one another
_LARGEST_INTEGRAND = 500  # parts
_MOST_FAILED_TERMS = 6  # of a sum, until it is given up

Rule = Callable[[se.Basic, "Search"], se.Basic | None]


class Search:
    """A search with a memory of the integrands that it has met.

    Args:
        rules: in the order in which they are tried.
        steps: how much work the search may do.
    """

    def __init__(self, rules: tuple[Rule, ...], steps: int = MOST_STEPS):
        self._rules = rules
        self._known: dict[se.Basic, se.Basic | None] = {}
        self._open: set[se.Basic] = set()
        self.left = steps
        self.depth = 0

    def integrate(self, f: se.Basic) -> se.Basic | None:
        """A primitive of f with respect to x, or None; it may be wrong where real branches do not agree."""
        if isinstance(f, UNDEFINED):
            return None
        constant, varying = constant_factor(f)
        if varying == 1:
            return f * X
        if varying in self._known:
            result = self._known[varying]
        else:
            result = self._found(varying)
        return None if result is None else constant * result

    def spend(self, steps: int) -> bool:
        """Take steps off the budget; False if it is used up."""
        self.left -= steps
        return self.left > 0

    def _found(self, f):
        if self.left <= 0 or self.depth >= _MAX_DEPTH or f in self._open or size(f) > _LARGEST_INTEGRAND:
            return None
        self.left -= 1
        self.depth += 1
        self._open.add(f)
        try:
            for rule in self._rules:
                try:
                    result = rule(f, self)
                except RuntimeError:  # SymEngine's, for a division by zero
                    result = None
                if result is not None and not isinstance(result, UNDEFINED):
                    self._known[f] = result
                    return result
        finally:
            self.depth -= 1
            self._open.discard(f)
        if self.left > 0:
            self._known[f] = None
        return None


def term_by_term(f: se.Basic, search: Search) -> se.Basic | None:
    """The sum of the primitives of the terms; what has none by itself is tried once more as one sum."""
    terms = se.Add.make_args(f) if isinstance(f, se.Add) else additive_terms(f)
    if len(terms) < 2:
        return None
    total, failed = se.Integer(0), []
    for term in terms:
        part = search.integrate(term)
        if part is None:
            failed.append(term)
            if len(failed) > _MOST_FAILED_TERMS:
                return None
        else:
            total += part
    if len(failed) == len(terms) or len(failed) == 1:
        return None
    if failed:
        rest = search.integrate(se.Add(*failed))
        if rest is None:
            return None
        total += rest
    return total


def substituted(integrand: se.Basic, inner: se.Basic, search: Search) -> se.Basic | None:
    """A primitive in u, here called x, of the integrand, with `inner` put for u."""
    primitive = search.integrate(integrand)
    return None if primitive is None else tidied(primitive.xreplace({X: inner}))
