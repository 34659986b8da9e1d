"""The proposer `ansatz`: candidate primitives of an integrand, by the algorithms of `integration`, without a model."""

from collections.abc import Sequence

from symbolic.expressions.engines import symengine_to_prefix
from symbolic.expressions.equations import integrand_of
from symbolic.expressions.prefix import from_prefix
from symbolic.integration.primitives import primitives


def proposals(problem: str, hypotheses: Sequence[str] = ()) -> list[str]:
    """Candidate primitives for a problem `sub Y' f`, as prefix texts, the shortest first; none for other problems.

    They are not judged. Call it in a process with limits, because SymEngine hangs on some expressions.

    Args:
        problem: an equation's left-hand side as prefix text.
        hypotheses: are ignored; the parameter is there because other proposers use them.
    """
    integrand = integrand_of(from_prefix(problem))
    if integrand is None:
        return []
    try:
        found = primitives(integrand)
        return [" ".join(symengine_to_prefix(primitive)) for primitive in found]
    except (ValueError, RuntimeError):  # undefined, or too large to write down
        return []
