"""How the time, memory and disk of `prepare` grow with the number of pairs, and what 100 million would take.

    python -m benchmarks.preparation --folder /fast/disk --millions 1 5 20 --workers 2

It draws 250,000 backward problems with the published options, which stay in the folder for another time. It makes files
of 250,000 lines from them: the problems themselves, then copies in which the nine digits and the names of the functions
are permuted, by a different permutation for every copy. Lines are as long, and repetitions as frequent, in a copy as in
real data. The short problems of different copies coincide, exactly or up to their numbers, as those of different shards
do. The command line prepares each size in a process of its own; Linux only.
"""

import argparse
import gzip
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from symbolic.problems.production.generate import generate

GOAL = 100_000_000
PAIRS = 250_000  # of a file
DIGITS = b"123456789"
FUNCTIONS = "sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh exp ln sqrt".split()
_SECONDS_BETWEEN_SAMPLES = 0.5
_COLUMNS = ("pairs", "wall s", "main CPU s", "main GiB", "children GiB", "database GiB", "input GiB", "output GiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where all files go")
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 5, 20], help="pairs to prepare")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that draw and prepare")
    args = parser.parse_args()

    generate(args.folder / "drawn", "bwd", PAIRS, seed=3, shard_size=PAIRS // 10, workers=args.workers)
    shards = sorted((args.folder / "drawn").glob("*.tsv.gz"))
    copies = _copies(b"".join(gzip.decompress(shard.read_bytes()) for shard in shards))
    lines = args.folder / "lines"
    shutil.rmtree(lines, ignore_errors=True)
    lines.mkdir()
    print(*(f"{name:>14}" for name in _COLUMNS), flush=True)
    rows = []
    for millions in sorted(args.millions):
        for number in range(len(list(lines.iterdir())), millions * 1_000_000 // PAIRS):
            (lines / f"bwd-{number:05d}.tsv.gz").write_bytes(gzip.compress(next(copies), 1))
        rows.append(_prepared(millions * 1_000_000, lines, args.folder / "out", args.workers))
        _print_row(rows[-1])
    if len(rows) > 1:
        print("by the growth between the last two:")
        growth = (GOAL - rows[-1][0]) / (rows[-1][0] - rows[-2][0])
        _print_row([more + growth * (more - less) for less, more in zip(rows[-2], rows[-1], strict=True)])
    shutil.rmtree(lines)


def _copies(text: bytes) -> Iterator[bytes]:
    """The text, then permuted copies of it without end."""
    mark_of = {name.encode(): bytes([mark]) for mark, name in enumerate(FUNCTIONS, start=128)}  # one byte, while copied
    marked = re.sub(rb"\b(" + b"|".join(mark_of) + rb")\b", lambda found: mark_of[found[0]], text)
    rng = random.Random(0)
    digits, names = list(DIGITS), list(mark_of)
    while True:
        copy = marked.translate(bytes.maketrans(DIGITS, bytes(digits)))
        for mark, name in zip(mark_of.values(), names, strict=True):
            copy = copy.replace(mark, name)
        yield copy
        rng.shuffle(digits)
        rng.shuffle(names)


def _prepared(pairs: int, lines: Path, out: Path, workers: int) -> list[float]:
    """Prepare the lines. Returns a row of the table, in the units of its columns."""
    shutil.rmtree(out, ignore_errors=True)
    words = ["prepare", lines, "--out", out, "--workers", workers]
    with open(out.with_suffix(".log"), "w") as log:
        start, before = time.perf_counter(), os.times()
        process = subprocess.Popen([sys.executable, "-m", "symbolic", *map(str, words)], stdout=log, stderr=log)
        peaks = [0, 0, 0]
        while process.poll() is None:
            peaks = list(map(max, peaks, [*_memory(process.pid), _bytes(out)]))
            time.sleep(_SECONDS_BETWEEN_SAMPLES)
        seconds, after = time.perf_counter() - start, os.times()
    if process.returncode:
        raise SystemExit(out.with_suffix(".log").read_text())
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return [pairs, seconds, cpu, *(size / 2**30 for size in (*peaks, _bytes(lines), _bytes(out)))]


def _memory(process: int) -> tuple[int, int]:
    """Resident bytes of a process, and of all its descendants together."""
    try:
        main = psutil.Process(process)
        resident, descendants = main.memory_info().rss, main.children(recursive=True)
    except psutil.NoSuchProcess:
        return 0, 0
    total = 0
    for descendant in descendants:
        try:
            total += descendant.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return resident, total


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # a temporary file that has just gone
            continue
    return total


def _print_row(row: list[float]) -> None:
    print(f"{row[0]:14,.0f}", *(f"{value:14,.2f}" for value in row[1:]), flush=True)


if __name__ == "__main__":
    main()
