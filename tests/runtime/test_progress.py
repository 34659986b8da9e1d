"""A bar on terminals; elsewhere lines, and none for what takes less than a minute."""

import io
import sys

import pytest

from symbolic.runtime import progress
from symbolic.runtime.progress import tqdm


class Stream(io.StringIO):
    def __init__(self, is_terminal):
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal


def written(monkeypatch, is_terminal, steps=50):
    stream = Stream(is_terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    with tqdm(total=steps, desc="working") as bar:
        for step in range(steps):
            bar.update()
            if step == steps // 2:
                tqdm.write("a message", file=sys.stderr)
    return stream.getvalue()


def test_a_terminal_gets_a_bar(monkeypatch):
    assert "\r" in written(monkeypatch, True) and "100%" in written(monkeypatch, True)


def test_elsewhere_what_is_short_prints_only_its_messages(monkeypatch):
    assert written(monkeypatch, False) == "a message\n"


@pytest.mark.parametrize("steps", [1, 50])
def test_elsewhere_what_is_long_prints_lines(monkeypatch, steps):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 1e-9)
    lines = written(monkeypatch, False, steps).splitlines()
    assert "\r" not in "".join(lines) and all(line.strip() for line in lines)
    assert "100%" in lines[-1] and "a message" in lines
