"""Worker processes: they inherit nothing from their caller, a death costs only its task, and none is left over."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from symbolic.runtime.processes import ProcessExpired, WarmPools, ordered_map, process_pool
from tests import PROJECT, worker_tasks

TASKS = "tests.worker_tasks"


def start(tmp_path, program, *, how="path"):
    """Start a program from a file, as a module or as text (`-c`), in its own process group."""
    program = f"import sys\nsys.path.append({str(PROJECT)!r})\n{program}"
    (tmp_path / "program.py").write_text(program)
    words = {"path": ["program.py"], "module": ["-m", "program"], "text": ["-c", program]}[how]
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, *words], cwd=tmp_path, text=True, start_new_session=True, **pipes)


def written(path):
    """Waits for a task to write into a file, and returns the text."""
    while not path.exists() or not path.read_text():
        time.sleep(0.01)
    return path.read_text()


def has_ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_processes_have_no_module_that_the_caller_has_loaded():
    """This process has loaded Keras, and with it TensorFlow."""
    assert "keras" in sys.modules
    with process_pool(1, TASKS) as pool:
        assert not {"keras", "tensorflow", "jax", "pytest"} & pool.schedule(worker_tasks.loaded).result()


@pytest.mark.parametrize("how", ["path", "module", "text"])
def test_the_main_module_needs_no_guard_and_runs_once(tmp_path, how):
    (tmp_path / "heavy.py").write_text("")
    program = (
        "import heavy\n"
        "from symbolic.runtime.processes import process_pool\n"
        "from tests.worker_tasks import loaded, was_preloaded\n"
        "before = __spec__\n"
        "print('main runs')\n"
        f"with process_pool(2, {TASKS!r}) as pool:\n"
        "    print('heavy' in pool.schedule(loaded).result(), pool.schedule(was_preloaded).result())\n"
        "assert __spec__ is before\n"
    )
    assert start(tmp_path, program, how=how).communicate(timeout=60) == ("main runs\nFalse True\n", "")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_death_costs_only_its_task_even_while_the_caller_is_busy(workers):
    busy = threading.Event()

    def keep_python_busy():
        while not busy.is_set():
            sum(range(100_000))

    thread = threading.Thread(target=keep_python_busy)
    thread.start()
    try:
        with process_pool(workers, TASKS, max_tasks=1) as pool:
            others = [pool.schedule(worker_tasks.nap, [0.01 * number]) for number in range(5)]
            for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGPROF) * 3:
                with pytest.raises(ProcessExpired) as death:
                    pool.schedule(worker_tasks.end_by, [number]).result(timeout=60)
                assert death.value.exitcode == -number
            assert [other.result(timeout=60) for other in others] == [0.01 * number for number in range(5)]
    finally:
        busy.set()
        thread.join()


def test_a_death_in_an_ordered_map_is_an_error_of_one_sentence():
    with ordered_map(2, "ending processes", TASKS) as parallel_map:
        assert list(parallel_map(worker_tasks.nap, [0.02, 0.0, 0.01])) == [0.02, 0.0, 0.01]
    message = r"^ending processes: a worker process died \(exit status -9\); is memory short\?$"
    with pytest.raises(OSError, match=message), ordered_map(2, "ending processes", TASKS) as parallel_map:
        list(parallel_map(worker_tasks.end_by, [signal.SIGKILL]))


def test_the_end_of_the_block_ends_processes_in_the_middle_of_a_task(tmp_path):
    with process_pool(2, TASKS) as pool:
        for name in ("one", "two", "never begun"):
            pool.schedule(worker_tasks.pid_then_nap, [str(tmp_path / name), 1000])
        pids = [written(tmp_path / name) for name in ("one", "two")]
    assert all(map(has_ended, pids))
    assert not (tmp_path / "never begun").exists()


def test_a_pool_that_ends_while_processes_start_prints_nothing(tmp_path):
    program = (
        "from symbolic.runtime.processes import process_pool\n"
        "from tests.worker_tasks import nap\n"
        "for _ in range(10):\n"
        f"    with process_pool(8, {TASKS!r}) as pool:\n"
        "        pool.schedule(nap, [0.0]).result()\n"
    )
    assert start(tmp_path, program).communicate(timeout=200) == ("", "")


PROGRAM = (
    "import signal\n"
    "from symbolic.runtime.processes import process_pool\n"
    "from tests.worker_tasks import pid_then_nap\n"
    "{preparation}\n"
    f"with process_pool(1, {TASKS!r}) as pool:\n"
    "    print(pool.schedule(pid_then_nap, ['pid', {seconds}]).result())\n"
)


def test_processes_end_with_a_caller_that_is_killed(tmp_path):
    run = start(tmp_path, PROGRAM.format(preparation="", seconds=1000))
    pid = written(tmp_path / "pid")
    run.kill()
    run.communicate(timeout=60)  # its pipes are closed by the last process that has them
    assert has_ended(pid)


def test_an_interruption_reaches_only_the_caller(tmp_path):
    run = start(tmp_path, PROGRAM.format(preparation="signal.signal(signal.SIGINT, lambda *_: None)", seconds=1))
    written(tmp_path / "pid")
    os.killpg(run.pid, signal.SIGINT)
    assert run.communicate(timeout=60) == ("rested\n", "")


def test_a_program_may_end_with_a_generator_left_open(tmp_path):
    program = (
        "from symbolic.verification import verify_many\n"
        "verdicts = verify_many([('sub Y\\' x', 'x')] * 1000)\n"
        "print(next(verdicts).status)\n"
    )
    run = start(tmp_path, program)
    assert run.communicate(timeout=60) == ("refuted\n", "")
    assert run.returncode == 0


# --- warm pools -------------------------------------------------------------------------------------------------------


def warm_pid(**options):
    with process_pool(1, TASKS, **options) as pool:
        return pool.schedule(os.getpid).result()


def test_warm_processes_stay_until_the_end_and_no_longer():
    with WarmPools() as pools:
        with pools.in_use():
            first = warm_pid()
            with process_pool(1, TASKS), process_pool(1, TASKS) as within:  # as a search within a search
                assert within.schedule(os.getpid).result() == first
            assert warm_pid(initializer=worker_tasks.nap, initargs=[0]) != first
        with pools.in_use():
            assert warm_pid() == first
        assert warm_pid() != first and not has_ended(first)  # not in use: a process of its own
    assert has_ended(first) and not multiprocessing.active_children()
    with pytest.raises(ValueError, match="were ended"), pools.in_use():
        pass


def test_two_threads_never_share_warm_processes():
    both, pids = threading.Barrier(2, timeout=60), []

    def work():
        with pools.in_use(), process_pool(1, TASKS) as pool:
            both.wait()
            pids.append(pool.schedule(os.getpid).result())
            both.wait()

    with WarmPools() as pools:
        for _ in range(2):
            threads = [threading.Thread(target=work) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(pids) == 4 and len(set(pids)) == 2


def test_what_is_not_done_at_the_end_of_a_block_does_not_delay_the_next():
    with WarmPools() as pools, pools.in_use():
        with process_pool(1, TASKS) as pool:
            hanging = [pool.schedule(worker_tasks.nap, [100]) for _ in range(3)]
            pool.schedule(abs, [1])
        start = time.monotonic()
        assert warm_pid() and time.monotonic() - start < 20
        assert all(future.cancelled() for future in hanging)


def test_a_death_among_warm_processes_costs_only_its_task():
    with WarmPools() as pools, pools.in_use():
        for _ in range(2):
            with process_pool(1, TASKS) as pool, pytest.raises(ProcessExpired):
                pool.schedule(worker_tasks.end_by, [signal.SIGKILL]).result()
            assert warm_pid()
