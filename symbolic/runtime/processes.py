"""Worker processes that inherit nothing from the program that starts them, and pools of them.

A process of `CONTEXT` is forked by a small server. So it inherits neither the threads nor the modules of its caller. It
does not import the caller's main module either, which may be a heavy script or have no `__main__` guard. Ctrl-C reaches
only the caller, and a process ends when its caller does, even by kill -9. Needs a POSIX system.
"""

import atexit
import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextvars import ContextVar
from importlib.machinery import ModuleSpec
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext, ForkServerProcess

from symbolic.runtime.interruptions import interruption_delayed
from symbolic.runtime.pool import Pool, ProcessExpired

_MAIN_OF_A_PACKAGE = ModuleSpec("symbolic.__main__", None)
_starting = threading.Lock()
_MOST_DEATHS = 3  # over one item of `ordered_map`


class _Process(ForkServerProcess):
    @staticmethod
    def _Popen(process):
        with _starting, _start_settings():
            return ForkServerProcess._Popen(process)

    def run(self):
        threading.Thread(target=_die_with_parent, daemon=True).start()
        super().run()


@contextlib.contextmanager
def _start_settings() -> Iterator[None]:
    """Main module, environment and signals for starting a process, and with the first process the server."""
    main = sys.modules["__main__"]
    spec, main.__spec__ = main.__spec__, _MAIN_OF_A_PACKAGE  # the only kind of main module that is not imported
    # Each of NumPy's threads takes 40 MB of a process's address space, which is limited. The server ignores `sys.path`.
    variables = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    try:
        # Starting the server starts this process too if it does not run yet, and that unblocks SIGINT. A Ctrl-C would
        # then reach the server while it imports modules.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        main.__spec__ = spec
        for name in variables:
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if value is not None})
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)  # last, as it may let a waiting Ctrl-C in


def _die_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _end_servers(owner: int) -> None:
    """End the processes that multiprocessing leaves to end by themselves, so that none outlives the program."""
    if os.getpid() != owner:  # a forked copy of the program, to which they do not belong
        return
    server, tracker = forkserver._forkserver, resource_tracker._resource_tracker
    if server._forkserver_pid is not None:
        with contextlib.suppress(OSError):
            os.kill(server._forkserver_pid, signal.SIGKILL)
            server._stop()
    if tracker._pid is not None:
        os.close(tracker._fd)  # its sign to end
        for _ in range(100):  # a forked copy of the program may have the pipe open too
            if os.waitpid(tracker._pid, os.WNOHANG) != (0, 0):
                break
            time.sleep(0.01)
        tracker._fd = tracker._pid = None


atexit.register(_end_servers, os.getpid())  # pools are ended before, for they register later


class _Context(ForkServerContext):
    Process = _Process


CONTEXT = _Context()
_preloaded: set[str] = set()


def preload_module(name: str) -> None:
    """Let the server import a module once for all processes. It has no effect after the first process has started.

    A module that many short processes need calls this when it is imported, so that the order of pools does not matter.
    """
    _preloaded.add(name)
    CONTEXT.set_forkserver_preload(sorted(_preloaded))


def start_server(*modules: str) -> None:
    """Start the server with modules for all processes, if it does not run yet, and do not wait until it has them."""
    for name in modules:
        preload_module(name)
    with _starting, _start_settings():
        forkserver.ensure_running()


@contextlib.contextmanager
def process_pool(workers: int, preload: str | None = None, **options) -> Iterator[Pool]:
    """A `Pool` whose processes are ended with the block, even in the middle of a task.

    Where `WarmPools` are in use, the pool is one of theirs: only the tasks that are not done are ended with the block.

    Args:
        workers: number of processes.
        preload: a module for `preload_module`.
        options: other arguments of `Pool`.

    Raises:
        OSError: processes do not start on this machine.
    """
    if preload:
        preload_module(preload)
    warm = _warm.get()
    with _new_pool(workers, options) if warm is None else warm.pool(workers, options) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise OSError(f"worker processes do not start on this machine: {error}") from error


@contextlib.contextmanager
def _new_pool(workers: int, options: dict) -> Iterator[Pool]:
    pool = Pool(workers, CONTEXT, **options)

    def end():
        with interruption_delayed():
            pool.end()

    # For a generator that is never closed: by the time Python closes it at exit, the pool's threads are gone.
    atexit.register(end)
    try:
        yield pool
    finally:
        atexit.unregister(end)
        end()


class WarmPools:
    """Pools whose processes stay, so that the next work need not start any.

    While a thread is in a block of `in_use`, every `process_pool` of that thread is one of these. Pools are never in
    use twice at a time: several threads have pools of their own.

    Examples:
        >>> with WarmPools() as pools, pools.in_use(), process_pool(1) as pool:
        ...     pool.schedule(abs, [-2]).result()
        2
    """

    def __init__(self):
        self._lock, self._free, self._stack = threading.Lock(), [], contextlib.ExitStack()

    def __enter__(self) -> "WarmPools":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        with self._lock:
            if self._stack is None:
                raise ValueError("these processes were ended")
            pools = self._free.pop() if self._free else _Pools(self._stack, self._lock)
        before = _warm.set(pools)
        try:
            yield
        finally:
            _warm.reset(before)
            with self._lock:
                self._free.append(pools)

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            stack, self._stack = self._stack, None
        if stack is not None:
            stack.close()


class _Pools:
    """The pools of one block at a time, by their options."""

    def __init__(self, stack: contextlib.ExitStack, lock: threading.Lock):
        self._stack, self._lock, self._pools = stack, lock, {}

    @contextlib.contextmanager
    def pool(self, workers: int, options: dict) -> Iterator["_Borrowed"]:
        key = (workers, *((name, str(value)) for name, value in sorted(options.items())))
        if key not in self._pools or not self._pools[key].active:
            with self._lock:
                self._pools[key] = self._stack.enter_context(_new_pool(workers, options))
        borrowed = _Borrowed(self._pools[key])
        try:
            yield borrowed
        finally:
            borrowed.cancel()


class _Borrowed:
    """A pool that remembers which of its tasks are not done."""

    def __init__(self, pool: Pool):
        self._pool, self._futures = pool, set()

    def schedule(self, *args, **kwargs):
        future = self._pool.schedule(*args, **kwargs)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    def cancel(self) -> None:
        for future in list(self._futures):
            future.cancel()


_warm: ContextVar[_Pools | None] = ContextVar("warm", default=None)


@contextlib.contextmanager
def ordered_map(workers: int, work: str, preload: str | None = None) -> Iterator[Callable]:
    """A `map` over one iterable by worker processes, with results in order and few items read ahead.

    For one worker it is Python's own `map`. An item whose process dies is done again, so a process that is killed by
    chance costs nothing.

    Args:
        workers: number of processes.
        work: the name of the work, for the error.
        preload: a module for `preload_module`.

    Raises:
        OSError: three processes died over the same item, or processes do not start on this machine.
    """
    if workers == 1:
        yield map
        return
    with process_pool(workers, preload) as pool:

        def result(function, item, future):
            for _ in range(_MOST_DEATHS - 1):
                with contextlib.suppress(ProcessExpired):
                    return future.result()
                future = pool.schedule(function, args=[item])
            return future.result()

        def mapped(function, items):
            under_way = deque()
            for item in items:
                under_way.append((function, item, pool.schedule(function, args=[item])))
                if len(under_way) > 2 * workers:
                    yield result(*under_way.popleft())
            while under_way:
                yield result(*under_way.popleft())

        try:
            yield mapped
        except ProcessExpired as error:
            raise OSError(f"{work}: a worker process died (exit status {error.exitcode}); is memory short?") from error


def limit_this_process(memory: int) -> None:
    """For a worker: limit its address space to `memory` bytes, and drop what libraries print when that is used up."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
