"""How each computer algebra system is asked for a primitive.

`Integrator(name, limit).integrate(tree)` asks one of the systems of `sessions`. The answer may be wrong: the caller
must check it.
"""

from typing import NamedTuple

from symbolic.expressions.prefix import Tree
from symbolic.runtime.names import unknown_name
from symbolic.systems.sessions import Session, is_installed


class _Question(NamedTuple):
    """How a system is asked.

    Attributes:
        limit: CPU seconds for one integral. Most of the integrals that a system can do take it less.
        ask: a line with `{integrand}` that prints BEGIN and its primitive with respect to x as one line.
        setup: lines that the system reads first.
    """

    limit: float
    ask: str = "{integrand}"
    setup: str = ""


_QUESTIONS = {
    "alkahest": _Question(0.5),
    "giac": _Question(0.015, '"BE"+"GIN"+string(integrate({integrand},x));'),
    "maxima": _Question(0.06, 'asked:0$print(sconcat("BE","GIN"),string(integrate({integrand},x)))$'),
    "fricas": _Question(
        0.1,
        'PRINC(concat(["BE","GIN",primitive({integrand})]))$Lisp',
        # The last line makes FriCAS load and compile what it needs.
        setup="primitive(f: EXPR INT): String == (F := integrate(f, x)$FSINT(INT, EXPR INT);"
        " one := (if F case EXPR INT then F::EXPR INT else first(F::List EXPR INT)); unparse(one::InputForm))\n"
        "primitive(exp(x)+sqrt(x))",
    ),
    "sympy": _Question(0.25),
}
INTEGRATORS = tuple(_QUESTIONS)


def best_installed() -> str:
    """The default system: Giac, which solves most in a given time, else Alkahest, else SymPy."""
    return next(name for name in ("giac", "alkahest", "sympy") if is_installed(name))


class Integrator(Session):
    """One computer algebra system; its process is started when it is first needed.

    Args:
        name: one of `INTEGRATORS`.
        limit: CPU seconds that the system may spend on one integral; None for the system's own default.
            Alkahest has a limit on its steps too, which is reached first. So its answers are the same on every
            machine, except where it hangs.
        wall_limit: as for `Session`.

    Raises:
        ValueError: there is no such system, it is not installed, or the limit is not positive.
    """

    def __init__(self, name: str, limit: float | None = None, wall_limit: float | None = None):
        if name not in _QUESTIONS:
            raise unknown_name("integrator", name, INTEGRATORS)
        self._question = _QUESTIONS[name]
        super().__init__(name, self._question.limit if limit is None else limit, wall_limit, self._question.setup)

    def integrate(self, integrand: Tree) -> Tree:
        """A primitive of the integrand with respect to x as the system printed it: not checked, not canonical.

        Raises:
            NoAnswer: the system found none, or none in time.
        """
        return self.read(self.ask(self._question.ask.format(integrand=self.written(integrand))))
