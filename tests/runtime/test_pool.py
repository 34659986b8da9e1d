"""Workers that are killed, stopped or out of memory, idle, starting or busy: each costs one task at most."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool

import psutil
import pytest

from symbolic.runtime.pool import ProcessExpired
from symbolic.runtime.processes import limit_this_process, ordered_map, process_pool
from symbolic.verification import verify_many
from tests import PROJECT, worker_tasks

TASKS = "tests.worker_tasks"


def workers_of_this_process():
    """The worker processes; children of the server that forks them."""
    return [
        worker
        for server in psutil.Process().children()
        for worker in server.children()
        if "forkserver" in " ".join(server.cmdline())
    ]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGTERM])
def test_idle_workers_cost_nothing(number):
    with process_pool(2, TASKS) as pool:
        pids = {future.result() for future in [pool.schedule(worker_tasks.own_pid) for _ in range(20)]}
        for _ in range(3):
            for pid in pids:
                os.kill(pid, number)
            results = [pool.schedule(worker_tasks.nap, [0.01]) for _ in range(10)]
            assert [result.result(timeout=60) for result in results] == [0.01] * 10
            pids = {future.result() for future in [pool.schedule(worker_tasks.own_pid) for _ in range(20)]}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_workers_that_are_starting_or_busy_cost_one_task_each(number):
    """Workers are hit at random moments; `max_tasks` makes most of them start."""
    rng, hits, over = random.Random(1), [], threading.Event()

    def hit_workers():
        while not over.wait(rng.uniform(0, 0.05)):
            if len(hits) < 30 and (workers := workers_of_this_process()):
                hits.append(rng.choice(workers).pid)
                try:
                    os.kill(hits[-1], number)
                except ProcessLookupError:
                    hits.pop()

    thread = threading.Thread(target=hit_workers)
    thread.start()
    try:
        with process_pool(3, TASKS, max_tasks=2) as pool:
            futures = [pool.schedule(worker_tasks.nap, [0.02]) for _ in range(150)]
            lost = 0
            for future in futures:
                try:
                    assert future.result(timeout=60) == 0.02
                except ProcessExpired as death:
                    assert death.exitcode == -number
                    lost += 1
    finally:
        over.set()
        thread.join()
    assert hits and lost <= (len(hits) if number == signal.SIGKILL else 0)


def test_a_stopped_worker_goes_on_and_a_stopped_server_too():
    with process_pool(1, TASKS) as pool:
        pid = pool.schedule(worker_tasks.own_pid).result()
        server = psutil.Process(pid).parent()
        os.kill(server.pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        assert pool.schedule(worker_tasks.nap, [0.0]).result(timeout=60) == 0.0


def test_a_killed_server_costs_one_task_for_each_worker_at_most():
    with process_pool(2, TASKS) as pool:
        pid = pool.schedule(worker_tasks.own_pid).result()
        psutil.Process(pid).parent().kill()
        results = [pool.schedule(worker_tasks.nap, [0.01]) for _ in range(10)]
        lost = sum(isinstance(result.exception(timeout=60), ProcessExpired) for result in results)
        assert lost <= 2 and sum(result.exception() is None for result in results) == 10 - lost


def test_a_worker_that_dies_in_the_middle_of_a_large_answer_costs_that_answer():
    with process_pool(1, TASKS) as pool:
        pid = pool.schedule(worker_tasks.own_pid).result()
        large = pool.schedule(worker_tasks.large, [300 << 20])
        time.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
        assert isinstance(large.exception(timeout=60), ProcessExpired)
        assert pool.schedule(worker_tasks.nap, [0.0]).result(timeout=60) == 0.0


def test_a_time_limit_ends_a_task_even_a_stopped_one():
    with process_pool(2, TASKS) as pool:
        slow = pool.schedule(worker_tasks.misbehave, ["hang", 0], timeout=0.5)
        other = pool.schedule(worker_tasks.nap, [1.0])
        with pytest.raises(TimeoutError):
            slow.result(timeout=60)
        assert other.result(timeout=60) == 1.0


def test_time_limits_do_not_look_at_the_clock_that_people_set(monkeypatch):
    jumps = iter(range(0, 10**9, 3600))
    monkeypatch.setattr(time, "time", lambda: float(next(jumps)))
    with process_pool(1, TASKS) as pool:
        assert pool.schedule(worker_tasks.nap, [0.3], timeout=60).result(timeout=60) == 0.3


def test_a_task_that_is_cancelled_ends_even_if_it_runs():
    with process_pool(1, TASKS) as pool:
        running, waiting = (pool.schedule(worker_tasks.nap, [1000]) for _ in range(2))
        time.sleep(0.5)
        assert running.cancel() and waiting.cancel()
        assert pool.schedule(worker_tasks.nap, [0.0]).result(timeout=60) == 0.0
        assert wait([running, waiting], timeout=60).not_done == set()


def test_a_worker_out_of_memory_costs_its_task():
    with process_pool(1, TASKS, initializer=limit_this_process, initargs=[1 << 30]) as pool:
        with pytest.raises(MemoryError):
            pool.schedule(worker_tasks.misbehave, ["eat", 0]).result(timeout=60)
        assert pool.schedule(worker_tasks.nap, [0.0]).result(timeout=60) == 0.0


@pytest.mark.parametrize("how", ["exit", "interrupt", "cannot be unpickled", "cannot be pickled"])
def test_odd_errors_are_errors_of_their_task(how):
    with process_pool(1, TASKS) as pool:
        assert pool.schedule(worker_tasks.fail_oddly, [how]).exception(timeout=60) is not None
        with pytest.raises(Exception, match="pickle"):
            pool.schedule(worker_tasks.nap, [threading.Lock()]).result(timeout=60)
        assert pool.schedule(worker_tasks.nap, [0.0]).result(timeout=60) == 0.0


def test_where_no_process_gets_ready_it_is_an_error_of_one_sentence():
    message = "^worker processes do not start on this machine: 20 in a row ended before their first task"
    with pytest.raises(OSError, match=message), process_pool(1, TASKS, initializer=os._exit, initargs=[3]) as pool:
        pool.schedule(worker_tasks.nap, [0.0]).result(timeout=60)


def test_broken_pools_are_reported_to_every_task():
    with process_pool(1, TASKS, initializer=os._exit, initargs=[3]) as pool:
        futures = [pool.schedule(worker_tasks.nap, [0.0]) for _ in range(2)]
        assert all(isinstance(future.exception(timeout=60), BrokenProcessPool) for future in futures)


def test_killed_workers_cost_an_ordered_map_nothing():
    with ordered_map(2, "napping", TASKS) as parallel_map:
        for number, result in enumerate(parallel_map(worker_tasks.nap, [0.01] * 40)):
            assert result == 0.01
            if number % 8 == 0:
                workers_of_this_process()[0].kill()


def test_idle_and_busy_workers_that_are_killed_cost_one_verdict_each():
    verdicts = []
    for number, verdict in enumerate(verify_many([("sub Y' cos x", "sin x")] * 60, workers=2)):
        verdicts.append(verdict.status)
        if number % 20 == 10 and (workers := workers_of_this_process()):
            workers[0].kill()
    assert len(verdicts) == 60 and verdicts.count("proved") >= 57


INTERRUPTED = """
import sys
from symbolic.runtime.processes import process_pool
from tests.worker_tasks import nap
print("begun", flush=True)
try:
    with process_pool(4, "symbolic.solving.sandbox") as pool:
        for future in [pool.schedule(nap, [0.5]) for _ in range(8)]:
            future.result()
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_an_interruption_while_processes_start_prints_nothing_and_leaves_nothing(tmp_path):
    for delay in (0.0, 0.05, 0.2, 0.5, 1.0):
        program = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED],
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        program.stdout.readline()
        time.sleep(delay)
        os.killpg(program.pid, signal.SIGINT)
        _, stderr = program.communicate(timeout=60)
        assert (program.returncode, stderr) == (130, b"")
        with pytest.raises(ProcessLookupError):  # no process of the group is left
            os.killpg(program.pid, 0)
