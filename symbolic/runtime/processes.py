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
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from importlib.machinery import ModuleSpec
from multiprocessing.context import ForkServerContext, ForkServerProcess

import pebble
from pebble.pool.process import PoolManager

pebble.CONSTS.term_timeout = 0.1  # seconds from SIGTERM to SIGKILL, for processes in native code that ignore SIGTERM
pebble.CONSTS.sleep_unit = 0.02  # seconds between two checks for processes that ended or reached their time limit

_MAIN_OF_A_PACKAGE = ModuleSpec("symbolic.__main__", None)
_starting = threading.Lock()


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
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
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
def process_pool(workers: int, preload: str | None = None, **options) -> Iterator[pebble.ProcessPool]:
    """A `pebble.ProcessPool` whose processes are ended with the block, even in the middle of a task.

    Args:
        workers: number of processes.
        preload: a module for `preload_module`.
        options: other arguments of `pebble.ProcessPool`.

    Raises:
        OSError: processes do not start on this machine.
    """
    if preload:
        preload_module(preload)
    pool = _Pool(workers, context=CONTEXT, **options)

    def end():
        pool.stop()
        pool.join()

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

    For one worker it is Python's own `map`.

    Args:
        workers: number of processes.
        work: the name of the work, for the error.
        preload: a module for `preload_module`.

    Raises:
        OSError: a process was killed, or processes do not start on this machine.
    """
    if workers == 1:
        yield map
        return
    with process_pool(workers, preload) as pool:

        def mapped(function, items):
            under_way = deque()
            for item in items:
                under_way.append(pool.schedule(function, args=[item]))
                if len(under_way) > 2 * workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()

        try:
            yield mapped
        except pebble.ProcessExpired as error:
            raise OSError(f"{work}: a worker process died (exit status {error.exitcode}); is memory short?") from error


def limit_this_process(memory: int) -> None:
    """For a worker: limit its address space to `memory` bytes, and drop what libraries print when that is used up."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


class _Pool(pebble.ProcessPool):
    def __init__(self, workers: int, **options):
        super().__init__(workers, **options)
        self._pool_manager = _PoolManager(self._context, options["context"])


class _PoolManager(PoolManager):
    """Reads a process's last messages before it handles its death, and stops processes before it closes their channels.

    pebble 5.2 reads messages in one thread and checks for dead processes in another. While the caller keeps Python
    busy, a death may be seen before the message that the process took a task. Then the task never ends, or the pool
    breaks.
    """

    def __init__(self, *args):
        super().__init__(*args)
        self._dead = deque()

    def stop(self):
        # pebble 5.2 closes the channels first, and a process that is just starting then prints an error on stderr.
        self.worker_manager.force_stop_workers()
        super().stop()

    def handle_worker_expiration(self, expiration):
        self._dead.append(expiration)

    def process_next_message(self, timeout):
        dead, self._dead = self._dead, deque()
        with contextlib.suppress(OSError):  # the channel is closed: the pool is being stopped
            while dead and self.worker_manager.pool_channel.poll(0):
                super().process_next_message(0)
        for expiration in dead:
            super().handle_worker_expiration(expiration)
        super().process_next_message(timeout)
