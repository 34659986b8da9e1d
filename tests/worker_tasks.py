"""What tests have workers do."""

import os
import signal
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


def hang(question: str) -> None:
    misbehave("hang", 0)


def hang_over(problem: str, hypotheses: list[str]) -> None:
    misbehave("hang", 0)


def misbehave(how: str, result: int) -> int:
    if how == "hang":
        while True:
            pass
    if how == "crash":
        crash()
    if how == "eat":
        return len(bytearray(4 << 30))
    if how == "raise":
        raise KeyError
    return result


def crash(*_) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_for_sines(problem: str, hypotheses: list[str]) -> list[str]:
    return crash() if "sin" in problem.split() else ["INT+ 7"]


def own_pid() -> int:
    return os.getpid()


def large(size: int) -> bytes:
    return bytes(size)


def fail_oddly(how: str):
    if how == "exit":
        sys.exit(3)
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "cannot be unpickled":
        raise _TwoArguments("a", "b")
    return (number for number in range(3))  # a result that cannot be pickled


class _TwoArguments(Exception):
    def __init__(self, one, two):
        super().__init__(one)
