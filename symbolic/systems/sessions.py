"""Computer algebra systems as programs: each runs in a long-lived process and is asked line by line.

`Session(name, limit).ask(line)` returns what the system prints for a line. If the system hangs, crashes or uses up its
memory, only that answer is lost, and the next question starts a new process. `read` parses an answer with the project's
own grammar; nothing evaluates it. An answer may be wrong: the caller must check it. Needs a POSIX system.

To add a system, add a `_Program` to `_PROGRAMS`, and its question to `integrators` or `ode_solvers`.
"""

import ctypes
import importlib.metadata
import importlib.util
import math
import os
import re
import select
import shutil
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import symbolic
from symbolic.expressions.infix import MAX_CHARACTERS, InfixError, from_infix
from symbolic.expressions.prefix import Tree, fold, prefix_text
from symbolic.expressions.program import WITHOUT_VALUE
from symbolic.expressions.tokens import spellings
from symbolic.runtime.names import unknown_name

MEMORY_LIMIT = 4 << 30  # bytes of address space of a system
_QUESTIONS_PER_PROCESS = 2000  # then a new process, since an old one has grown; its CPU limit follows from this
_START_LIMIT = 60.0  # seconds until a system is ready
_MOST_QUESTIONS = 20  # that Maxima may ask about one problem: it repeats a question until it accepts the reply
_WAITING_LIMIT = 5.0  # seconds of wall time, added to 20 times the CPU limit, for a system that waits without working

# One thread; the same answers by SymPy in every process; Giac without its manual, which takes half of its start-up.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "XCAS_HELP": os.devnull}


class NoAnswer(Exception):
    """A system gave no answer that our tokens can express. `reason` is one of the REASONS."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


# Gravest first: where several systems fail in turn, the problem is counted under the first of their reasons here.
REASONS = (
    "time limit",  # the system was stopped
    "step limit",  # the system stopped itself after a fixed amount of work
    "system crashed",
    "too long",
    "rounded numbers",  # Giac rounds the roots of a polynomial: the answer is only nearly right
    "not elementary",  # the system itself proved that there is no elementary answer
    "function without a token",  # erf, a sum over roots, or what the system could not evaluate
    "no answer found",
    "answer not readable",
)


class _Program(NamedTuple):
    """How a system is run through a pipe.

    Attributes:
        command: the program and its arguments.
        install: the command that installs it; for programs, on Debian and Ubuntu.
        setup: lines that make it ready.
        end: a line that prints END. Systems echo their input, so the word END itself may not stand in the line.
        names: token -> the system's own spelling, where that differs; `None` if it reads prefix tokens.
        prints: the system's output for a token or an operator -> our spelling, where that differs.
        module: the Python package it needs.
        own_limit: whether it keeps to the limit by itself; its process is then stopped after twice the limit.
    """

    command: tuple[str, ...]
    install: str
    setup: str
    end: str
    names: Mapping[str, str] | None
    prints: Mapping[str, str] = {}
    module: str | None = None
    own_limit: bool = False


def _python_program(name: str) -> _Program:
    command = (sys.executable, "-m", "symbolic.systems.worker", name)
    return _Program(command, f"pip install {name}", setup="", end="end", names=None, module=name, own_limit=True)


_PROGRAMS = {
    "alkahest": _python_program("alkahest"),
    "giac": _Program(
        ("giac",),
        "apt install xcas",  # the package that holds Giac's command line
        setup="",
        end='"EN"+"D";',
        names={"E": "exp(1)"},
        prints={'"': ""},
    ),
    "maxima": _Program(
        ("maxima", "--very-quiet"),
        "apt install maxima maxima-share",  # contrib_ode is in the second
        # Its questions ("Is w positive?") are answered by `reply`; after too many of them it gives up.
        setup="display2d:false$linel:100000$reply:positive$asked:0$\n"
        ":lisp (defun retrieve (msg flag) (declare (ignore msg flag))"
        f' (if (> (incf $asked) {_MOST_QUESTIONS}) (merror "too many questions") $reply))',
        end='print(sconcat("EN","D"))$',
        names={"E": "%e", "pi": "%pi", "ln": "log", "sign": "signum"},
        prints={"%e": "E", "%pi": "pi", "%i": "I", "signum": "sign"},
    ),
    "fricas": _Program(
        ("fricas", "-nosman"),
        "apt install fricas",
        setup=")set message prompt none\n)set message type off\n)set output algebra off",
        end='PRINC(concat("EN","D"))$Lisp',
        names={"E": "exp(1)", "pi": "%pi", "ln": "log"},
        prints={"pi()": "pi"},
    ),
    "sympy": _python_program("sympy"),
}
SYSTEMS = tuple(_PROGRAMS)


def is_installed(name: str) -> bool:
    """Whether a system of `SYSTEMS` is installed on this machine."""
    program = _PROGRAMS[name]
    return bool(importlib.util.find_spec(program.module) if program.module else shutil.which(program.command[0]))


def how_to_install(name: str) -> str:
    """The command that installs a system of `SYSTEMS` whole; for programs, on Debian and Ubuntu."""
    return _PROGRAMS[name].install


class Session:
    """One computer algebra system; its process is started when it is first needed.

    Args:
        name: one of `SYSTEMS`.
        limit: CPU seconds that the system may spend on one answer.
        wall_limit: seconds of wall time after which it is stopped in any case; None for more than 20 times the CPU
            limit, so that answers do not depend on how busy the machine is.
        setup: lines for the system to read at its start, after those of its `_Program`.

    Raises:
        ValueError: there is no such system, it is not installed, or the limit is not positive.
    """

    def __init__(self, name: str, limit: float, wall_limit: float | None = None, setup: str = ""):
        if name not in _PROGRAMS:
            raise unknown_name("computer algebra system", name, SYSTEMS)
        if not is_installed(name):
            installed = ", ".join(filter(is_installed, SYSTEMS))
            raise ValueError(
                f"the computer algebra system `{name}` is not installed. Installed: {installed}. "
                f"To install it: {_PROGRAMS[name].install}"
            )
        if not 0 < limit < math.inf:
            raise ValueError(f"a system's `limit` must be positive and finite. Received: {limit} s.")
        self.name, self._program, self._setup = name, _PROGRAMS[name], setup
        self._limit = limit
        self._wall_limit = wall_limit
        self._process: subprocess.Popen | None = None
        self._asked = 0  # questions to this process
        self._stop = lambda: None

    def ask(self, line: str) -> str:
        """What the system prints after BEGIN for a line; empty if it prints no BEGIN.

        Raises:
            NoAnswer: it did not answer in time, or died.
        """
        if self._asked == _QUESTIONS_PER_PROCESS:
            self.close()
        if self._process is None:
            self._start()
        self._asked += 1
        stop_after = 2 * self._limit if self._program.own_limit else self._limit
        return self._converse(line, stop_after, self._wall_limit)

    def written(self, tree: Tree, names: Mapping[str, str] = {}) -> str:
        """An expression in the system's spelling; `names` spells leaves that the `_Program` does not."""
        if self._program.names is None:
            return prefix_text(tree)
        return _in_brackets(tree, self._program.names | names)

    def read(self, answer: str, names: Collection[str] = ()) -> Tree:
        """The tree of an answer: not checked, not canonical.

        Args:
            answer: what the system printed: an expression, or `!` and one of the REASONS.
            names: leaves that it may hold beside x.

        Raises:
            NoAnswer: it is `!` and a reason, or no expression in our tokens.
        """
        return _read(answer, self._program.prints, {*_KNOWN_WORDS, *names})

    def version(self) -> str:
        """The version of the installed system, as it reports it; "unknown" if it reports none."""
        if self._program.module:
            return importlib.metadata.version(self._program.module)
        ended = subprocess.run([self._program.command[0], "--version"], capture_output=True, stdin=subprocess.DEVNULL)
        found = re.search(r"\d+(\.\d+)+", ended.stdout.decode(errors="replace"))
        return found[0] if found else "unknown"

    def close(self) -> None:
        """End the system's process; the next question starts a new one."""
        self._stop()
        self._process = None

    def _start(self) -> None:
        # The CPU limit is what ends a process whose caller was killed while the system computes.
        cpu_limit = math.ceil(_QUESTIONS_PER_PROCESS * 2 * self._limit + _START_LIMIT)
        limits = f'ulimit -v {MEMORY_LIMIT >> 10}; ulimit -t {cpu_limit}; exec "$@"'
        paths = [str(Path(symbolic.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        own_limit = [str(self._limit)] if self._program.own_limit else []
        self._process = subprocess.Popen(
            ["sh", "-c", limits, "sh", *self._program.command, *own_limit],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,  # with a buffer, closing the pipe of a dead process would try to flush what it did not read
            env=os.environ | _ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(paths)},
        )
        self._stop = weakref.finalize(self, _end, self._process)  # also called when Python ends
        self._asked = 0
        try:
            self._converse(f"{self._program.setup}\n{self._setup}", _START_LIMIT)
        except NoAnswer as failure:
            raise OSError(f"`{self._program.command[0]}` did not start: {failure.reason}") from None

    def _converse(self, line: str, limit: float, wall_limit: float | None = None) -> str:
        """What the system prints between BEGIN and END for a line; without END in time its process is ended."""
        try:
            self._process.stdin.write(f"{line}\n{self._program.end}\n".encode())
            output = self._output_until_end(limit, wall_limit or 20 * limit + _WAITING_LIMIT)
        except BrokenPipeError:
            output = ""
        except TimeoutError:
            self.close()
            raise NoAnswer("time limit") from None
        if not output:
            self.close()
            raise NoAnswer("system crashed")
        _, _, answer = output.rpartition("BEGIN")
        return answer.partition("\n")[0].strip() if "BEGIN" in output else ""

    def _output_until_end(self, limit: float, wall_limit: float) -> str:
        """All output up to END; empty if the system's process ends first."""
        pipe, cpu_seconds = self._process.stdout.fileno(), _cpu_clock(self._process.pid)
        cpu_start, wall_start = cpu_seconds(), time.monotonic()
        output, wait = b"", min(limit, wall_limit)
        while b"END" not in output[-200:]:
            readable, _, _ = select.select([pipe], [], [], wait)
            if readable:
                piece = os.read(pipe, 1 << 16)
                if not piece:
                    return ""
                output += piece
            wall_left = wall_limit - (time.monotonic() - wall_start)
            wait = min(limit - (cpu_seconds() - cpu_start), wall_left)
            if wait <= 0:
                raise TimeoutError
        return output.decode(errors="replace")


def _cpu_clock(process_id: int) -> Callable[[], float]:
    """A clock of the CPU seconds of another process; of wall time on macOS, which has no such clock."""
    clock = ctypes.c_int()
    try:
        error = ctypes.CDLL(None).clock_getcpuclockid(process_id, ctypes.byref(clock))
    except AttributeError:
        return time.monotonic
    return time.monotonic if error else lambda: time.clock_gettime(clock.value)


def _end(process: subprocess.Popen) -> None:
    process.kill()
    with process:  # closes its pipes and waits until it has ended
        pass


_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "^"}


def _in_brackets(tree: Tree, names: Mapping[str, str]) -> str:
    """The tree as text with brackets around every operation, so that all systems read it alike."""

    def write(head, operands):
        if isinstance(head, int):
            return f"({head})" if head < 0 else str(head)
        if head in _SIGNS:
            return f"({_SIGNS[head].join(operands)})"
        name = names.get(head, head)
        return f"{name}({','.join(operands)})" if operands else name

    return fold(tree, write)


_KNOWN_WORDS = {"x", "pi", "E", "I", "e", "i", "log", *spellings("operator"), *spellings("function")} - WITHOUT_VALUE


def _read(answer: str, prints: Mapping[str, str], known: Collection[str]) -> Tree:
    if answer.startswith("!"):
        raise NoAnswer(answer[1:])
    for printed, spelling in prints.items():
        answer = answer.replace(printed, spelling)
    if not answer or "integra" in answer.lower():  # after an error it is empty; some systems return the integral itself
        raise NoAnswer("no answer found")
    if len(answer) > MAX_CHARACTERS:
        raise NoAnswer("too long")
    if not known >= set(re.findall(r"[^\W\d]\w*", answer)):
        raise NoAnswer("function without a token")
    if re.search(r"\.|\d[eE][+-]?\d", answer):
        raise NoAnswer("rounded numbers")
    try:
        return from_infix(answer)
    except InfixError:
        raise NoAnswer("answer not readable") from None
