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


@contextlib.contextmanager
def process_pool(workers: int, preload: str | None = None, **options) -> Iterator[Pool]:
    """A `Pool` whose processes are ended with the block, even in the middle of a task.

    Args:
        workers: number of processes.
        preload: a module for `preload_module`.
        options: other arguments of `Pool`.

    Raises:
        OSError: processes do not start on this machine.
    """
    if preload:
        preload_module(preload)
    pool = Pool(workers, CONTEXT, **options)

    def end():
        with interruption_delayed():
            pool.end()

    # For a generator that is never closed: by the time Python closes it at exit, the pool's threads are gone.
    atexit.register(end)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise OSError(f"worker processes do not start on this machine: {error}") from error
    finally:
        atexit.unregister(end)
        end()


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
