"""What the tests of `symbolic.processes` have workers do."""

import os
import sys
import time

IMPORTED_BY = os.getpid()


def was_preloaded() -> bool:
    return IMPORTED_BY != os.getpid()


def loaded() -> set[str]:
    return set(sys.modules)


def end_by(signal_number: int) -> None:
    os.kill(os.getpid(), signal_number)


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def pid_then_nap(path: str, seconds: float) -> str:
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(seconds)
    return "rested"
