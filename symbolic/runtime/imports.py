"""Objects named as `my_package.my_module:name`: how a person hands in a class or a function of their own.

Importing a module runs it. So only names that the person at the machine typed or wrote in their own trials come here,
never names that stand in a file that somebody else may have made.
"""

import importlib
import os
import sys
from types import ModuleType
from typing import Any

from symbolic.runtime.names import did_you_mean


def is_import_name(name: str) -> bool:
    """Whether a name is of the form `my_package.my_module:name`, of identifiers only."""
    module, colon, attribute = name.partition(":")
    return bool(colon) and attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))


def imported(what: str, name: str) -> Any:
    """The object that `my_package.my_module:name` names.

    Args:
        what: the kind of thing that is named, for errors.

    Raises:
        ValueError: the name has another form, its module cannot be imported, or the module holds no such object.
    """
    if not is_import_name(name):
        raise ValueError(f"{what} must be named as `my_package.my_module:name`. Received: `{name}`.")
    module_name, _, attribute = name.partition(":")
    module = import_module(module_name)
    if not hasattr(module, attribute):
        public = [known for known in vars(module) if not known.startswith("_")]
        raise ValueError(
            f"{what} `{name}`: the module `{module_name}` has no `{attribute}`.{did_you_mean(attribute, public)}"
        )
    return getattr(module, attribute)


def import_module(name: str) -> ModuleType:
    """The module of a name, from wherever Python finds it, the current folder included.

    Raises:
        ValueError: it cannot be imported.
    """
    # The current folder is on the path of `python -m`, but not of an installed command. Last, so that it hides nothing.
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        return importlib.import_module(name)
    except Exception as error:  # whatever a person's module raises while it runs
        raise ValueError(f"the module `{name}` cannot be imported: {type(error).__name__}: {error}") from error
