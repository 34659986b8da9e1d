"""The commands of `python -m symbolic`, a file for each subject.

Each file has one public function, `add(command)`; it takes the function that makes a sub-command. A command imports
heavy packages when it runs.
"""

import argparse
from collections.abc import Callable

# (name, action, help) -> the parser of the sub-command; an action takes the parsed words and returns the exit status.
AddCommand = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def check_at_least_1(option: str, value: int) -> None:
    """Refuse a smaller number by the option's name, before anything is loaded.

    Raises:
        ValueError: it is smaller.
    """
    if value < 1:
        raise ValueError(f"`{option}` must be at least 1. Received: {value}.")


def names(text: str) -> list[str]:
    """The names in `one,two,…`."""
    return [name.strip() for name in text.split(",") if name.strip()]


def check_positive(option: str, value: float) -> None:
    """Refuse a number that is not positive by the option's name.

    Raises:
        ValueError: it is not.
    """
    if not value > 0:
        raise ValueError(f"`{option}` must be positive. Received: {value}.")


# Commands to try, for the end of each `--help`; `symbolic` goes without saying. The tests parse all of them.
EXAMPLES = {
    "integrate": """
        integrate "x*cos(x)"
        integrate "∫ t^2 e^t dt" --verbose
        integrate "sin(x)/x^2 from 1 to 2" --json
        integrate "x^2" "ln(x)" --latex
        integrate - < questions.txt""",
    "dsolve": """
        dsolve "y' + y = x"
        dsolve "dN/dt = -k N, N(0) = N_0"
        dsolve "y'' + 4y = 0, y(0) = 1, y'(0) = 0" --plot curve.png""",
    "ask": """
        ask
        ask --seconds 3""",
    "verify": """
        verify "y' = 2x" "x^2 + C"
        verify "\\int_0^1 x^2 dx" "1/3"
        verify "y'' + y = 0, y(0) = 1, y'(0) = 0" "cos(x)"
        verify pairs.txt.gz --workers 2
        verify - --json < pairs.jsonl""",
    "train": """
        train --trials trial_1,trial_6 --data data/starter --runs runs""",
    "compare": """
        compare --runs runs""",
    "plot": """
        plot --runs runs
        plot --attention "x*cos(x)" --run runs/quick_transformer""",
    "generate": """
        generate --task ibp --count 20000 --seed 7 --out shards""",
    "dataset": """
        dataset --task bwd --train 5000 --valid 200 --test 200 --out data/mine""",
    "prepare": """
        prepare shards --out data/by_parts --valid 500 --test 500""",
    "leakage": """
        leakage data/by_parts/ibp.train.gz data/by_parts/ibp.test.gz""",
    "evaluate": """
        evaluate pretrained --data data/by_parts/ibp.test.gz --beam 10 --out results/mine""",
    "suite": """
        suite coefficients --count 100 --out robustness.txt""",
    "export": """
        export runs/quick_rnn saved --beam 10""",
    "release": """
        release runs/quick_rnn mine""",
    "completion": """
        completion bash > ~/.local/share/bash-completion/completions/symbolic""",
}


def examples_of(command: str) -> str | None:
    """The last part of a command's help; None if there are no examples."""
    lines = EXAMPLES.get(command, "").split("\n")
    shown = [f"  symbolic {line.strip()}" for line in lines if line.strip()]
    return "\n".join(["examples:", *shown]) if shown else None
