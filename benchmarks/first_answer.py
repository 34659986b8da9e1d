"""From the start of a process to its first answer: seconds, CPU-seconds and memory of whole processes.

    python -m benchmarks.first_answer            # about a minute on two quiet cores

All processes that a command starts are counted, until the last one has ended: CPU time by the system's own account,
memory as the largest sum of what is resident, in which pages that processes share count for each (RSS) or in parts
(PSS). SymPy does the same integral in a fresh process for comparison. Medians of ten runs.
"""

import argparse
import ctypes
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36

SYMPY = "import sympy; x = sympy.Symbol('x'); print(sympy.integrate(x * sympy.exp(x), x))"
SECOND = """
import os, time
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
from symbolic import Solver
with Solver() as solver:
    solver.integrate("x*exp(x)")
    began = time.perf_counter(), time.process_time()
    solver.integrate("x*cos(x)")
    print(time.perf_counter() - began[0], time.process_time() - began[1])
"""


def adopt_orphans() -> None:
    """Processes whose parent ends become children of this one, so that their CPU time is counted."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def descendants() -> list[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, generation = [], [os.getpid()]
    while generation:
        generation = [pid for pid, parent in parents.items() if parent in generation]
        found += generation
    return found


def resident(pid: int) -> tuple[int, int]:
    """RSS and PSS of a process, in kB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    values = {line.split()[0]: int(line.split()[1]) for line in lines[1:] if line.endswith("kB")}
    return values.get("Rss:", 0), values.get("Pss:", 0)


def run(command: list[str], watch: bool = False) -> tuple[float, float, float, float]:
    """Wall seconds, CPU-seconds, and, if watched, the largest RSS and PSS in MB of one run of a command."""
    peak, over = [0, 0], threading.Event()

    def look():
        while not over.wait(0.02):
            sums = [sum(column) for column in zip((0, 0), *map(resident, descendants()), strict=True)]
            peak[:] = map(max, peak, sums)

    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if watch:
        thread = threading.Thread(target=look)
        thread.start()
    process.wait()
    wall = time.perf_counter() - start
    over.set()
    try:
        while True:
            os.wait()  # for the orphans
    except ChildProcessError:
        pass
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, peak[0] / 1024, peak[1] / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    args = parser.parse_args()
    adopt_orphans()
    ours = [sys.executable, "-m", "symbolic"]
    commands = {
        'symbolic integrate "x*exp(x)"': [*ours, "integrate", "x*exp(x)"],
        'symbolic integrate "x*exp(x)" --beam 10': [*ours, "integrate", "x*exp(x)", "--beam", "10"],
        'symbolic dsolve "y\' + y = x"': [*ours, "dsolve", "y' + y = x"],
        "SymPy, the same integral": [sys.executable, "-c", SYMPY],
        "symbolic --help": [*ours, "--help"],
        'symbolic integrate "foo(x)", an error': [*ours, "integrate", "foo(x)"],
    }
    print(f"{'':42s}{'seconds':>10s}{'CPU-s':>10s}{'RSS MB':>10s}{'PSS MB':>10s}")
    for name, command in commands.items():
        rows = [run(command)[:2] for _ in range(args.runs)]
        wall, cpu = (statistics.median(column) for column in zip(*rows, strict=True))
        _, _, rss, pss = run(command, watch=True)
        print(f"{name:42s}{wall:10.2f}{cpu:10.2f}{rss:10.0f}{pss:10.0f}", flush=True)
    outputs = [subprocess.run([sys.executable, "-c", SECOND], capture_output=True, text=True, check=True).stdout
               for _ in range(args.runs)]  # fmt: skip
    wall, cpu = (statistics.median(map(float, column)) for column in zip(*map(str.split, outputs), strict=True))
    print(f"{'second answer of a Solver':42s}{wall:10.2f}{cpu:10.2f}   (CPU-seconds without workers)")


if __name__ == "__main__":
    main()
