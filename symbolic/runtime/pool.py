"""A pool of worker processes in which a process that dies, hangs or is stopped costs at most the task that it has.

Every worker has a pipe of its own, and a thread of the caller that talks to it. Nothing is shared between workers, so
none can leave a lock behind or write half a message into another's channel. A worker that dies before it takes a task
is replaced, and the task goes to the next one. A stopped worker (SIGSTOP) is made to go on within a second. Time limits
are measured by a clock that nobody can set, from the moment that a worker begins a task.
"""

import contextlib
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple

_MOST_FALSE_STARTS = 20  # processes that end before they take a task, in a row, until a pool gives up
_SECONDS_BETWEEN_CONTINUES = 1.0
_SECONDS_AFTER_A_FALSE_START = 0.05
_BEGUN = b"begun"

# The exit status of a process can be read once. `Process.start` reads those of all that have ended.
_starting_or_reaping = threading.Lock()


class ProcessExpired(OSError):
    """A worker process died during a task.

    Attributes:
        exitcode: its exit status; -9 if it was ended by signal 9.
    """

    def __init__(self, message: str, exitcode: int = 0):
        super().__init__(message)
        self.exitcode = exitcode


class _Task(NamedTuple):
    future: Future
    call: bytes  # the function and its arguments, pickled
    timeout: float | None


class Pool:
    """Worker processes, each begun when there is a task for it.

    Args:
        workers: number of processes.
        context: how processes are started.
        max_tasks: tasks until a process is replaced; 0 for no limit.
        initializer, initargs: a function that every process calls first, and its arguments.
    """

    def __init__(
        self,
        workers: int,
        context: ForkServerContext,
        max_tasks: int = 0,
        initializer: Callable | None = None,
        initargs: Iterable[Any] = (),
    ):
        self._context, self._max_tasks = context, max_tasks
        self._setup = (initializer, tuple(initargs))
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._processes: dict[int, Any] = {}  # by process id, those that run
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(workers)]
        self._threads.append(threading.Thread(target=self._continue_stopped_processes, daemon=True))
        for thread in self._threads:
            thread.start()

    def schedule(
        self,
        function: Callable,
        args: Iterable[Any] = (),
        kwargs: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Future:
        """Have a worker call a function. It must be able to import the function's module.

        The result of the future raises what the function raises, `TimeoutError` if that takes longer than `timeout`
        seconds, `ProcessExpired` if the process dies, and `BrokenProcessPool` if no process starts. A future can be
        cancelled until it has its result; that ends the process.
        """
        if self._stopped.is_set():
            raise RuntimeError("the pool has ended")
        future: Future = Future()
        try:
            call = bytes(ForkingPickler.dumps((function, tuple(args), kwargs or {})))
        except Exception as error:  # whatever an object raises that cannot be pickled
            future.set_exception(error)
        else:
            self._tasks.put(_Task(future, call, timeout))
        return future

    @property
    def active(self) -> bool:
        """Whether the pool takes tasks."""
        return not self._stopped.is_set()

    def end(self) -> None:
        """End all processes, in the middle of a task if need be. What has no result yet gets none."""
        with _starting_or_reaping:
            self._stopped.set()
            for process in self._processes.values():
                process.kill()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    # --- in a thread for each worker ---------------------------------------------------------------------------------

    def _serve(self) -> None:
        worker, done = None, 0
        while (task := self._tasks.get()) is not None:
            if not task.future.cancelled():
                worker, done = self._run(task, worker), done + 1
                if worker is not None and self._max_tasks and done % self._max_tasks == 0:
                    worker = worker.end()
            if task.future.cancelled():
                task.future.set_running_or_notify_cancel()  # for whoever waits for several futures
        if worker is not None:
            worker.end()

    def _run(self, task: _Task, worker: "_Worker | None") -> "_Worker | None":
        """Have a task done by a worker, a new one if there is none; returns the worker unless it has ended."""
        false_starts = 0
        while not self._stopped.is_set() and not task.future.cancelled():
            try:
                worker = worker or self._start()
                worker.take(task)
            except (OSError, EOFError) as error:
                if worker is not None:
                    worker = worker.end()
                false_starts += 1
                if false_starts == _MOST_FALSE_STARTS:
                    reason = f"{false_starts} in a row ended before their first task ({error or type(error).__name__})"
                    _set(task.future, False, BrokenProcessPool(reason))
                    return None
                time.sleep(_SECONDS_AFTER_A_FALSE_START)
                continue
            try:
                is_result, value = worker.result(task)
            except (ProcessExpired, TimeoutError) as error:
                is_result, value, worker = False, error, worker.end()
            _set(task.future, is_result, value)
            return worker
        _set(task.future, False, CancelledError())
        return worker

    def _start(self) -> "_Worker":
        with _starting_or_reaping:
            if self._stopped.is_set():
                raise EOFError("the pool has ended")
            return _Worker(self._context, self._setup, self._processes)

    def _continue_stopped_processes(self) -> None:
        while not self._stopped.wait(_SECONDS_BETWEEN_CONTINUES):
            server = forkserver._forkserver._forkserver_pid
            for process_id in [*self._processes, *([] if server is None else [server])]:
                with contextlib.suppress(OSError):
                    os.kill(process_id, signal.SIGCONT)


def _set(future: Future, is_result: bool, value: Any) -> None:
    """Give a future its result or its error, unless it was cancelled."""
    with contextlib.suppress(InvalidStateError):
        (future.set_result if is_result else future.set_exception)(value)


class _Worker:
    """One process, as its thread in the caller sees it.

    Args:
        processes: where it enters itself while it runs.
    """

    def __init__(self, context: ForkServerContext, setup: tuple[Callable | None, tuple], processes: dict[int, Any]):
        self._pipe, its_end = context.Pipe()
        self._process = context.Process(target=_work, args=(its_end, *setup))
        self._process.start()
        its_end.close()  # so that the pipe ends with the process
        self._processes = processes
        processes[self._process.pid] = self._process

    def take(self, task: _Task) -> None:
        """Returns when the process has begun the task. Raises EOFError or OSError if it died before."""
        self._pipe.send_bytes(task.call)
        if self._pipe.recv_bytes() != _BEGUN:
            raise EOFError

    def result(self, task: _Task) -> tuple[bool, Any]:
        """Whether the task that was taken has a result, and the result or the error that it raised.

        Raises:
            TimeoutError: the time limit of the task was reached.
            ProcessExpired: the process died.
        """
        task.future.add_done_callback(self._end_if_cancelled)  # nobody needs the result then
        if not self._pipe.poll(task.timeout):
            raise TimeoutError(f"time limit of {task.timeout:g} s")
        try:
            return ForkingPickler.loads(self._pipe.recv_bytes())
        except (EOFError, OSError):
            self.end()
            code = self._process.exitcode
            raise ProcessExpired(f"a worker process died with exit status {code}", code) from None
        except Exception as error:  # whatever an object raises that cannot be unpickled
            return False, error

    def _end_if_cancelled(self, future: Future) -> None:
        if future.cancelled():
            self._process.kill()

    def end(self) -> None:
        """End the process, at once."""
        with _starting_or_reaping:
            self._process.kill()
            self._process.join()
            self._processes.pop(self._process.pid, None)
        self._pipe.close()


# --- in the process ---------------------------------------------------------------------------------------------------


def _work(pipe: connection.Connection, initializer: Callable | None, initargs: tuple) -> None:
    """Do tasks until the caller closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if initializer is not None:
        initializer(*initargs)
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_answer(pipe.recv_bytes(), lambda: pipe.send_bytes(_BEGUN)))


def _answer(call: bytes, begin: Callable[[], None]) -> bytes:
    """(True, result) or (False, error), pickled; calls `begin` before the function."""
    try:
        try:
            function, args, kwargs = ForkingPickler.loads(call)
        finally:
            begin()
        return bytes(ForkingPickler.dumps((True, function(*args, **kwargs))))
    except BaseException as error:  # SystemExit and KeyboardInterrupt too, for they are the function's
        error.add_note(f"In the worker process:\n{traceback.format_exc()}")
        with contextlib.suppress(Exception):
            answer = bytes(ForkingPickler.dumps((False, error)))
            ForkingPickler.loads(answer)  # some errors can be pickled and not unpickled
            return answer
        return bytes(ForkingPickler.dumps((False, RuntimeError(f"{type(error).__name__}: {error}"))))
