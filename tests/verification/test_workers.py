import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from symbolic.verification import verify, verify_many

RIGHT = ("sub Y' cos x", "sin x")
WRONG = ("sub Y' cos x", "cos x")
MALFORMED = ("sub Y' cos x", "sin")


def integer(value):
    return " ".join(["INT+" if value >= 0 else "INT-", *str(abs(value))])


def workers_of_this_process():
    """Their process ids; the test process has other children too, such as a fork server."""
    files = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    children = [int(child) for file in files for child in file.read_text().split()]
    return [
        child for child in children if b"symbolic.verification.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_verdicts_are_those_of_verify_in_the_order_of_the_pairs(workers):
    pairs = [RIGHT, WRONG, MALFORMED, WRONG, RIGHT, ("sub Y' INT+ 1", "atan tan x")] * 5
    verdicts = list(verify_many(pairs, workers=workers))
    assert verdicts == [verify(*pair) for pair in pairs]
    assert not workers_of_this_process()


def test_an_endless_stream_is_read_as_far_as_verdicts_are_taken():
    verdicts = verify_many(itertools.cycle([RIGHT, WRONG]))
    assert [verdict.status for verdict in itertools.islice(verdicts, 4)] == ["proved", "refuted"] * 2
    verdicts.close()
    assert not workers_of_this_process()


@pytest.mark.parametrize(("blow", "reason"), [(signal.SIGKILL, "the checker crashed"), (signal.SIGSTOP, "time limit")])
def test_a_crash_or_a_hang_costs_one_pair(blow, reason):
    pairs = [RIGHT, WRONG] * 30
    verdicts = verify_many(pairs, time_limit=1.0)
    first = next(verdicts)
    (worker,) = workers_of_this_process()
    os.kill(worker, blow)
    rest = list(verdicts)
    (lost,) = [verdict for verdict in rest if verdict.status == "undecided"]
    assert lost.reason.startswith(reason)
    expected = [verify(*pair) for pair in pairs]
    assert all(got in (lost, right) for got, right in zip([first, *rest], expected, strict=True))


def test_a_memory_blow_up_costs_one_pair():
    def total(first, last):  # a balanced sum of k * acosh(sin x): long, but not deep, and real nowhere
        if first == last:
            return f"mul {integer(first)} acosh sin add x {integer(first)}"
        middle = (first + last) // 2
        return f"add {total(first, middle)} {total(middle + 1, last)}"

    pairs = [RIGHT, ("sub Y' INT+ 1", total(1, 5_000)), WRONG]
    verdicts = list(verify_many(pairs, time_limit=60.0))
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
    assert accepted == {"large exponent"}  # which is right
    assert not [verdict for verdict in verdicts if verdict.reason.startswith(("time limit", "the checker crashed"))]


def test_workers_need_no_main_guard_and_never_load_what_the_caller_loads(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "print('main runs')\n"
        "from symbolic.verification import verify_many\n"
        "print([verdict.status for verdict in verify_many([('sub Y\\' x', 'x'), ('sub Y\\' INT+ 1', 'x')])])\n"
    )
    root = Path(__file__).parents[2]
    result = subprocess.run([sys.executable, script], env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True)
    assert result.stdout.decode().splitlines() == ["main runs", "['refuted', 'proved']"]


def test_importing_the_room_loads_no_tensorflow():
    code = "import sys, symbolic.verification; print({'tensorflow', 'keras', 'jax'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True)
    assert result.stdout.decode().strip() == "set()"


@pytest.mark.parametrize("options", [{"workers": 0}, {"time_limit": 0.0}])
def test_limits_must_be_positive(options):
    with pytest.raises(ValueError, match="workers.*time_limit"):
        verify_many([RIGHT], **options)
