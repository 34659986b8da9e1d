"""Neural symbolic mathematics: random problems in, trained models and checked answers out.

    >>> from symbolic import integrate, dsolve, verify
    >>> integrate("x*cos(x)").expression
    x*sin(x) + cos(x)
    >>> verify("y' = 2x", "x^2 + C").status
    'proved'

To import this package loads nothing heavy: what it offers is loaded when it is first used.
"""

import importlib

__version__ = "0.2.0"
__all__ = ["Solver", "dsolve", "integrate", "verify"]

_MODULES = {
    "Solver": "symbolic.solver",
    "integrate": "symbolic.solver",
    "dsolve": "symbolic.solver",
    "verify": "symbolic.solving.claims",
}


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f"module `symbolic` has no attribute `{name}`")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
