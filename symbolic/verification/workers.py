"""Verdicts on many pairs, in worker processes with limits on time and memory.

A worker is a fresh Python process, `python -m symbolic.verification.worker`, that reads pairs and writes verdicts, a
JSON line each. It inherits nothing of the caller: neither its threads, which a fork would break, nor its main module,
which multiprocessing would import again. One pair is under way in a worker at a time, so what a hang, a crash or a
memory blow-up costs is that pair and a new process. Needs a POSIX system.
"""

import collections
import contextlib
import json
import os
import queue
import select
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import symbolic
from symbolic.expressions.prefix import Tree, to_prefix
from symbolic.verification.verdict import Verdict

_PACKAGE_FOLDER = str(Path(symbolic.__file__).parents[1])
_AHEAD = 8  # pairs taken from the input ahead of the verdicts, per worker


def verify_many(
    pairs: Iterable[tuple[Tree | str, Tree | str]], workers: int = 1, time_limit: float = 5.0
) -> Iterator[Verdict]:
    """Verdicts on (problem, answer) pairs, in their order; see `verify`.

    Args:
        pairs: read as the verdicts are taken, a few ahead, so they may be a long stream.
        workers: processes, at least 1.
        time_limit: seconds a pair may take; one that takes longer is "undecided".

    Raises:
        ValueError: `workers` or `time_limit` is not positive.
    """
    if workers < 1 or time_limit <= 0:
        raise ValueError(
            f"`workers` must be at least 1 and `time_limit` positive. Received: workers={workers}, "
            f"time_limit={time_limit}."
        )
    return _verdicts(pairs, workers, time_limit)


def _verdicts(pairs, workers, time_limit):
    with contextlib.ExitStack() as stack:
        idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for _ in range(workers):
            idle.put(stack.enter_context(contextlib.closing(_Worker(time_limit))))
        threads = stack.enter_context(ThreadPoolExecutor(workers))

        def judge(pair):
            worker = idle.get()
            try:
                return worker.verify(*pair)
            finally:
                idle.put(worker)

        under_way = collections.deque()
        for pair in pairs:
            under_way.append(threads.submit(judge, pair))
            if len(under_way) > _AHEAD * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


class _Worker:
    """A worker process, started when it is first needed and again after it was lost."""

    def __init__(self, time_limit: float):
        self._time_limit = time_limit
        self._process: subprocess.Popen | None = None

    def verify(self, problem: Tree | str, answer: Tree | str) -> Verdict:
        if self._process is None:
            self._start()
        pair = [_text(problem), _text(answer)]
        try:
            self._process.stdin.write(json.dumps(pair).encode() + b"\n")
            self._process.stdin.flush()
            in_time, _, _ = select.select([self._process.stdout], [], [], self._time_limit)
            line = self._process.stdout.readline() if in_time else b""
        except BrokenPipeError:
            in_time, line = True, b""
        if line.endswith(b"\n"):
            return Verdict(*json.loads(line))
        self.close()
        if in_time:
            return Verdict("undecided", "the checker crashed")
        return Verdict("undecided", f"time limit: no verdict within {self._time_limit:g} s")

    def _start(self) -> None:
        paths = [_PACKAGE_FOLDER, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "symbolic.verification.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries that run out of memory say so here
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"},
        )
        if not self._process.stdout.readline():  # its greeting: the imports are done, the clock may start
            self.close()
            raise OSError(f"a worker process did not start: {sys.executable} -m symbolic.verification.worker")

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            with self._process:  # closes its pipes and waits for its end
                self._process = None


def _text(expression: Tree | str) -> str:
    return " ".join(to_prefix(expression)) if isinstance(expression, Tree) else expression
