"""Progress: a bar on a terminal; elsewhere a line now and then, for a bar would fill a log with its own copies."""

import sys
from collections.abc import Callable
from typing import Any, TextIO

import tqdm as bars

_SECONDS_BETWEEN_LINES = 60.0


class tqdm(bars.tqdm):
    """`tqdm.tqdm` on a terminal. Elsewhere it writes a line every minute, and nothing for what takes less."""

    def __init__(self, *args: Any, **options: Any):
        self._on_terminal = sys.stderr.isatty()
        if not self._on_terminal:
            options |= {"mininterval": _SECONDS_BETWEEN_LINES, "delay": _SECONDS_BETWEEN_LINES, "ascii": True}
        super().__init__(*args, **options)

    @staticmethod
    def status_printer(file: TextIO) -> Callable[[str], None]:
        if file.isatty():
            return bars.tqdm.status_printer(file)

        def print_line(status: str) -> None:
            if status:
                file.write(f"{status}\n")
                file.flush()

        return print_line

    def clear(self, nolock: bool = False) -> None:
        if self._on_terminal:
            super().clear(nolock)

    def refresh(self, nolock: bool = False, lock_args: Any = None) -> None:
        if self._on_terminal or not nolock:  # not after each message that `write` prints
            super().refresh(nolock, lock_args)

    def close(self) -> None:
        if self._on_terminal or self.disable:
            super().close()
            return
        if self.last_print_t >= self.start_t + self.delay:
            self.display()
        self.disable = True
        self._decr_instances(self)
