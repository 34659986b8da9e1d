"""Ctrl-C, held back where an interruption would do harm or be lost."""

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def interruption_delayed() -> Iterator[None]:
    """Ctrl-C within the block takes effect at its end, also if the block raises an error.

    For libraries that swallow every exception, KeyboardInterrupt included, or that an exception leaves half-done. The
    block should take seconds at most. Other threads than the main one get no Ctrl-C, so nothing changes there.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came = []
    signal.signal(signal.SIGINT, lambda *arguments: came.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])
