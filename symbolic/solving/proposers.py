"""Who proposes answers besides the model: algorithms of this project, and computer algebra systems.

A proposer gets a problem and what has been proposed so far, and returns answers. Whatever it returns is judged like the
model's own, and carries its name. To add one, write its function and its line in `PROPOSERS`.
"""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import NamedTuple

from symbolic.runtime.names import unknown_name
from symbolic.solving import ansatz, linearise, sandbox
from symbolic.solving.question import Question
from symbolic.systems.integrators import INTEGRATORS
from symbolic.systems.sessions import is_installed

NEEDED, USED, IGNORED = "needed", "used", "ignored"  # what a proposer does with hypotheses


class Proposer(NamedTuple):
    """An algorithm that proposes answers.

    Attributes:
        name: the origin of its candidates.
        asks: whether it can be asked a question.
        propose: a function of a module, from a problem and the texts of hypotheses for it to the texts of answers. It
            is called in a process with limits.
        hypotheses: "needed" where it proposes nothing without hypotheses, "used" where it proposes more with them,
            "ignored" where it does not look at them.
    """

    name: str
    asks: Callable[[Question], bool]
    propose: Callable[[str, Sequence[str]], list[str]]
    hypotheses: str


LINEARITY = "linearity"  # it asks the model and the other proposers for the parts of a sum, see `rounds.by_linearity`

_ALGORITHMS = (
    Proposer("ansatz", lambda question: question.is_integral, ansatz.proposals, IGNORED),
    Proposer("repair", lambda question: True, sandbox.repairs, NEEDED),
    Proposer("linearise", lambda question: not question.is_integral, linearise.proposals, USED),
)
PROPOSERS = MappingProxyType({proposer.name: proposer for proposer in _ALGORITHMS})
OWN = (*PROPOSERS, LINEARITY)  # the proposers of this project, in the order in which they are asked

_BY_SPEED = ("giac", "fricas", "alkahest", "maxima", "sympy")  # SymPy, which is always there, takes longest


def check_proposers(names: Sequence[str]) -> None:
    """Check that each name is that of a proposer of this project.

    Raises:
        ValueError: one is not.
    """
    for name in names:
        if name not in OWN:
            raise unknown_name("proposer", name, OWN)


def installed_systems() -> list[str]:
    """The computer algebra systems of this machine, the fastest first."""
    return [name for name in sorted(INTEGRATORS, key=_BY_SPEED.index) if is_installed(name)]
