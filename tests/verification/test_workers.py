import contextlib
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from symbolic.verification import verify, verify_many
from tests import PROJECT

RIGHT = ("sub Y' cos x", "sin x")
WRONG = ("sub Y' cos x", "cos x")
MALFORMED = ("sub Y' cos x", "sin")


def integer(value):
    return " ".join(["INT+" if value >= 0 else "INT-", *str(abs(value))])


def long_sum(first, last):
    """A balanced sum of k * acosh(sin x), real nowhere: of 5,000 terms it takes seconds and all the memory."""
    if first == last:
        return f"mul {integer(first)} acosh sin add x {integer(first)}"
    middle = (first + last) // 2
    return f"add {long_sum(first, middle)} {long_sum(middle + 1, last)}"


LONG = ("sub Y' INT+ 1", long_sum(1, 5_000))


def cpu_seconds(process):
    times = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def blows_to_busy_workers(blow):
    """A signal for every worker that has been at work for some time."""
    over = threading.Event()

    def strike():
        while not over.wait(0.05):
            for process in multiprocessing.active_children():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    if cpu_seconds(process) > 0.5:
                        os.kill(process.pid, blow)

    thread = threading.Thread(target=strike)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("workers", [1, 2])
def test_verdicts_are_those_of_verify_in_the_order_of_the_pairs(workers):
    pairs = [RIGHT, WRONG, MALFORMED, WRONG, RIGHT, ("sub Y' INT+ 1", "atan tan x")] * 5
    verdicts = list(verify_many(pairs, workers=workers))
    assert verdicts == [verify(*pair) for pair in pairs]
    assert not multiprocessing.active_children()


def test_an_endless_stream_is_read_as_far_as_verdicts_are_taken():
    verdicts = verify_many(itertools.cycle([RIGHT, WRONG]))
    assert [verdict.status for verdict in itertools.islice(verdicts, 4)] == ["proved", "refuted"] * 2
    verdicts.close()
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("blow", "time_limit", "reason"), [(signal.SIGSEGV, 100, "the checker crashed"), (signal.SIGSTOP, 3, "time limit")]
)
def test_a_crash_or_a_hang_costs_only_the_verdict_on_its_pair(blow, time_limit, reason):
    pairs = [RIGHT, WRONG] * 10
    expected = [verify(*pair) for pair in pairs]
    with blows_to_busy_workers(blow):
        *verdicts, lost = verify_many([*pairs, LONG], time_limit=time_limit)
    assert (lost.status, lost.reason.startswith(reason)) == ("undecided", True)
    assert verdicts == expected


def test_a_memory_blow_up_costs_one_pair():
    verdicts = list(verify_many([RIGHT, LONG, WRONG], time_limit=100))
    assert [verdict.status for verdict in verdicts] == ["proved", "undecided", "refuted"]
    assert verdicts[1].reason.startswith("memory limit")


HOSTILE = {
    "tower of numbers": ("sub Y' x", "pow INT+ 9 9 9 9 pow INT+ 9 9 INT+ 9"),
    "tower of powers": ("sub Y' x", "pow INT+ 2 " * 50 + "x"),
    "tower of exp": ("sub Y' x", "exp " * 200 + "x"),
    "tower of x": ("sub Y'' x", "pow x " * 60 + "x"),
    "nested functions": ("add Y'' add Y' Y", "sin " * 250 + "x"),
    "nested fractions": ("sub Y'' Y'", "div INT+ 1 add sin x " * 40 + "x"),
    "large integer": ("sub Y' x", integer(10**999)),
    "product of large integers": ("sub Y' x", f"mul {integer(10**900)} " * 30 + "x"),
    "squares of a large integer": ("sub Y' x", f"pow2 mul {integer(10**900)} " * 30 + "x"),
    "large exponent": (
        f"sub Y' mul {integer(2 * 10**10)} pow mul INT+ 2 x {integer(10**10 - 1)}",
        f"pow mul INT+ 2 x {integer(10**10)}",
    ),
    "tower of squares": ("add Y'' mul Y' Y", "mul sin x pow4 " * 120 + "x"),
    "expansion": (
        f"sub Y' mul {integer(1000)} pow add add x INT+ 1 sin x {integer(999)}",
        f"pow add add x INT+ 1 sin x {integer(1000)}",
    ),
    "expansion of a product": (
        "sub Y' x",
        " ".join(f"mul add {name} x {integer(k)}" for k in range(2, 8) for name in ("sin", "cos", "exp", "tan")) + " x",
    ),
}


def test_hostile_answers_end_quickly_and_are_never_accepted():
    verdicts = list(verify_many(HOSTILE.values(), time_limit=5.0))
    accepted = {name for name, verdict in zip(HOSTILE, verdicts, strict=True) if verdict.solved}
    assert not accepted  # "large exponent" is right, but its values are too large to be checked on half of the line
    assert not [verdict for verdict in verdicts if verdict.reason.startswith(("time limit", "the checker crashed"))]


def test_importing_the_package_loads_no_tensorflow():
    code = "import sys, symbolic.verification; print({'tensorflow', 'keras', 'jax'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True)
    assert result.stdout.decode().strip() == "set()"


@pytest.mark.parametrize("options", [{"workers": 0}, {"time_limit": 0.0}])
def test_limits_must_be_positive(options):
    with pytest.raises(ValueError, match="workers.*time_limit"):
        verify_many([RIGHT], **options)
