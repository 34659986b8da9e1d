"""Alkahest or SymPy as a program: `python -m symbolic.systems.worker SYSTEM SECONDS`.

For each line with an integrand in prefix tokens it prints `BEGIN` and the primitive in the system's own spelling, or
`BEGIN!` and a reason. For the line `end` it prints `END`.
"""

import signal
import sys

from symbolic.expressions.exchange import to_sympy
from symbolic.expressions.prefix import Tree, fold, from_prefix

# With 70 steps Alkahest finds 133 of the 164 primitives that it finds with 300, in a twentieth of the time.
ALKAHEST_STEPS = 70  # checkpoints that it may pass on one integral
ALKAHEST_MEMORY = 1 << 30  # bytes that its numbers may take


def alkahest_integrator():
    """A function from a tree to the text of Alkahest's primitive, found within ALKAHEST_STEPS."""
    import alkahest

    budget = alkahest.Budget(max_steps=ALKAHEST_STEPS, max_bytes=ALKAHEST_MEMORY)
    operators = {
        "add": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "pow": lambda a, b: a**b,
        "ln": alkahest.log,
    }

    def integrate(tree: Tree) -> str:
        pool = alkahest.ExprPool()
        leaves = {"x": pool.symbol("x"), "pi": pool.symbol("pi"), "E": alkahest.exp(pool.integer(1))}

        def combine(head, operands):
            if isinstance(head, int):
                return pool.integer(head)
            return (operators.get(head) or getattr(alkahest, head))(*operands) if operands else leaves[head]

        try:
            with alkahest.context(budget=budget):
                return str(alkahest.integrate(fold(tree, combine), leaves["x"]).value)
        except alkahest.BudgetExceededError:
            return "!step limit"
        except alkahest.AlkahestError as error:
            return "!not elementary" if error.code == "E-INT-004" else "!no answer found"

    return integrate


def sympy_integrator():
    """A function from a tree to the text of SymPy's primitive."""
    import sympy

    x = sympy.Symbol("x")

    def integrate(tree: Tree) -> str:
        try:
            return sympy.sstr(sympy.integrate(to_sympy(tree, evaluate=True), x))
        except Exception:  # SymPy raises errors of any kind on integrals that it cannot do
            return "!no answer found"

    return integrate


_INTEGRATORS = {"alkahest": alkahest_integrator, "sympy": sympy_integrator}


class _OutOfTime(BaseException):
    """Not an Exception, because SymPy catches those."""


def _stop(signal_number, frame):
    raise _OutOfTime


def _answer(integrate, integrand: Tree, limit: float) -> str:
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        return integrate(integrand)
    except _OutOfTime:
        return "!time limit"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    system, seconds = sys.argv[1:]
    signal.signal(signal.SIGPROF, _stop)
    system_integrates = _INTEGRATORS[system]()
    for line in sys.stdin:
        if line == "end\n":
            print("END", flush=True)
        elif line.strip():
            print("BEGIN" + _answer(system_integrates, from_prefix(line), float(seconds)))
