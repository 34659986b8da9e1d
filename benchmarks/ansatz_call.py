"""One call of the proposer `ansatz` with its CPU time, for worker processes; they cannot import a main module."""

import time

from symbolic.solving import ansatz


def timed(problem: str) -> tuple[list[str], float]:
    """The proposals for a problem, and the CPU seconds that they took."""
    begin = time.process_time()
    found = ansatz.proposals(problem)
    return found, time.process_time() - begin
