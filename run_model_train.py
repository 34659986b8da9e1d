"""Train the trials of `model_params.py` and compare them, from a shell or, step by step, from a notebook.

From a shell: `python run_model_train.py --trials quick`, the same as `python -m symbolic train --trials quick`.
From a notebook: `from run_model_train import SymbolicModelTrain`, and the steps of that class.
"""

import sys

from symbolic.__main__ import main as symbolic


def main(arguments: list[str] | None = None) -> int:
    """Run `symbolic train`; its exit status."""
    return symbolic(["train", *(sys.argv[1:] if arguments is None else arguments)])


def __getattr__(name: str):
    """`SymbolicModelTrain`, imported when it is asked for, since Keras takes seconds."""
    if name != "SymbolicModelTrain":
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    from symbolic.runtime.startup import import_keras

    import_keras()
    from symbolic.training.runs import SymbolicModelTrain

    return SymbolicModelTrain


if __name__ == "__main__":
    sys.exit(main())
