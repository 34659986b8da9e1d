"""Ctrl-C in a block that delays it comes at the end of the block, once, and whatever the block raises."""

import signal
import threading

import pytest

from symbolic.runtime.interruptions import interruption_delayed


def test_an_interruption_comes_at_the_end_of_the_block():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with interruption_delayed():
            signal.raise_signal(signal.SIGINT)
            done.append(1)
    assert done == [1] and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_replaces_an_error_of_the_block():
    with pytest.raises(KeyboardInterrupt), interruption_delayed():
        signal.raise_signal(signal.SIGINT)
        raise RuntimeError


def test_without_one_nothing_changes():
    with interruption_delayed():
        pass
    with pytest.raises(RuntimeError), interruption_delayed():
        raise RuntimeError


def test_other_threads_are_left_alone():
    def work():
        with interruption_delayed():
            done.append(1)

    done = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]
