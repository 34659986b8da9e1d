"""Worker processes that owe nothing to the program that starts them, and pools of them.

A process of `CONTEXT` is forked by a small server, so that it inherits neither the caller's threads nor what the caller
has loaded, and does not import the caller's main module, which may be a heavy script or have no guard. Ctrl-C is for
the caller alone, and the process ends when the caller does, even by kill -9. Knows nothing of what processes work on.
Needs a POSIX system.
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

pebble.CONSTS.term_timeout = 0.1  # seconds that a process in native code, deaf to SIGTERM, has until SIGKILL
pebble.CONSTS.sleep_unit = 0.02  # seconds between looks for processes that ended or are over their time

_MAIN_OF_A_PACKAGE = ModuleSpec("symbolic.__main__", None)
_starting = threading.Lock()


class _Process(ForkServerProcess):
    @staticmethod
    def _Popen(process):
        with _starting, _passed_on():
            return ForkServerProcess._Popen(process)

    def run(self):
        threading.Thread(target=_die_with_parent, daemon=True).start()
        super().run()


@contextlib.contextmanager
def _passed_on() -> Iterator[None]:
    """What processes, and the server that starts with the first of them, are to find."""
    main = sys.modules["__main__"]
    spec, main.__spec__ = main.__spec__, _MAIN_OF_A_PACKAGE  # the only kind of main module that they do not import
    # Each thread of NumPy's takes 40 MB of the address space that a process may have; the server ignores `sys.path`.
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
    """Have a module imported once for all processes of this program; of no effect after the first has started.

    What many short processes need says so when it is imported itself, so that it does not matter whose come first.
    """
    _preloaded.add(name)
    CONTEXT.set_forkserver_preload(sorted(_preloaded))


@contextlib.contextmanager
def process_pool(workers: int, preload: str | None = None, **options) -> Iterator[pebble.ProcessPool]:
    """A `pebble.ProcessPool` whose processes are ended with the block, whatever they are at.

    Args:
        workers: processes at a time.
        preload: a module for `preload_module`.
        options: other arguments of `pebble.ProcessPool`.

    Raises:
        OSError: processes do not start here.
    """
    if preload:
        preload_module(preload)
    pool = _Pool(workers, context=CONTEXT, **options)

    def end():
        pool.stop()
        pool.join()

    atexit.register(end)  # for a generator that is left open: when Python closes that, the pool's threads are gone
    try:
        yield pool
    except BrokenProcessPool as error:
        raise OSError(f"worker processes do not start here: {error}") from error
    finally:
        atexit.unregister(end)
        end()


@contextlib.contextmanager
def ordered_map(workers: int, work: str, preload: str | None = None) -> Iterator[Callable]:
    """A `map` of one iterable by so many processes, in order and with few items under way; Python's own for 1.

    Args:
        workers: processes at a time.
        work: what they do, for the error.
        preload: a module for `preload_module`.

    Raises:
        OSError: a process was killed, or processes do not start here.
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
    """For a worker: so many bytes of address space, and nobody hears what libraries say when these are used up."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


class _Pool(pebble.ProcessPool):
    def __init__(self, workers: int, **options):
        super().__init__(workers, **options)
        self._pool_manager = _PoolManager(self._context, options["context"])


class _PoolManager(PoolManager):
    """Hears what a process said before it takes note of its end, and ends processes before what they talk through.

    pebble 5.2 reads messages in one thread and looks for dead processes in another. While the caller keeps Python busy,
    the end may be seen before the message that a task was taken: the task is then never finished, or the pool broken.
    """

    def __init__(self, *args):
        super().__init__(*args)
        self._dead = deque()

    def stop(self):
        # pebble 5.2 takes the channels away first, and a process that is only starting complains of it on stderr.
        self.worker_manager.force_stop_workers()
        super().stop()

    def handle_worker_expiration(self, expiration):
        self._dead.append(expiration)

    def process_next_message(self, timeout):
        dead, self._dead = self._dead, deque()
        with contextlib.suppress(OSError):  # the pool is being ended
            while dead and self.worker_manager.pool_channel.poll(0):
                super().process_next_message(0)
        for expiration in dead:
            super().handle_worker_expiration(expiration)
        super().process_next_message(timeout)
