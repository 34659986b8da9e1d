"""Text to token ids: problems a CPU-second, bytes a problem, opening time and memory, beside Python lists.

    python -m benchmarks.encoding --file prim_fwd.valid --problems 1000000 --folder DIR

The lines of a published file are repeated until there are this many problems; the text and the stores go into the
folder, which must be empty. Three ways are compared: our store by one process, with every line checked; the same
without the notation, so that every line is parsed (a tenth of the problems); and the reference, Lample & Charton's
trainer, which splits every line into Python lists of strings and checks nothing. Each runs in a process of its own, so
that its peak of resident memory is its own.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from symbolic.expressions.notation import prefix_notation
from symbolic.expressions.tokens import TOKENS
from symbolic.problems.files import parse_line
from symbolic.seq2seq.encoding import encode_files
from symbolic.seq2seq.notation import Notation
from symbolic.seq2seq.token_store import TokenStore

_PUBLISHED = 45_000_000


def store(text: Path, folder: Path) -> int:
    return _encoded(text, folder, Notation(*prefix_notation()))


def parsed(text: Path, folder: Path) -> int:
    return _encoded(text, folder, None)


def _encoded(text: Path, folder: Path, notation: Notation | None) -> int:
    tokens = {"contexts": list(TOKENS), "targets": list(TOKENS)}
    ((_, report),) = encode_files([text], folder, parse=parse_line, notation=notation, **tokens)
    return report.kept


def lists(text: Path, folder: Path) -> int:
    """The file in memory as the reference's trainer has it: a pair of lists of strings for every problem."""
    with open(text, encoding="utf-8") as file:
        lines = [line.rstrip().split("|") for line in file]
    pairs = [xy.split("\t") for _, xy in lines]
    problems = [(x.split(), y.split()) for x, y in pairs]
    return len(problems)


def opening(text: Path, folder: Path) -> int:
    """Open the store and read its last problem."""
    opened = TokenStore.open(folder)
    opened.target(len(opened) - 1)
    return len(opened)


_WAYS = {way.__name__: way for way in (store, parsed, lists, opening)}


def _measured(way: str, text: Path, folder: Path) -> dict[str, float]:
    """The figures of one way, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.encoding", "--way", way, "--file", text, "--folder", folder]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _measure(way: str, text: Path, folder: Path) -> dict[str, float]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    problems = _WAYS[way](text, folder)
    return {
        "problems": problems,
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "mib_before": before / 1024,
    }


def _repeated(source: Path, problems: int, target: Path) -> Path:
    """A file with this many lines; the count of each is its number, so that no two lines share a Python string."""
    lines = [line.partition("|")[2] for line in source.read_text(encoding="utf-8").splitlines()]
    with open(target, "w", encoding="utf-8") as file:
        file.writelines(f"{number + 1}|{lines[number % len(lines)]}\n" for number in range(problems))
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, required=True, help="a published file")
    parser.add_argument("--folder", type=Path, required=True, help="an empty folder for the text and the stores")
    parser.add_argument("--problems", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--way", choices=_WAYS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        print(json.dumps(_measure(args.way, args.file, args.folder)))
        return

    text = _repeated(args.file, args.problems, args.folder / "all.train")
    tenth = _repeated(args.file, args.problems // 10, args.folder / "tenth.train")
    rates = {}
    print(f"{'':8}{'problems':>12}{'a CPU-second':>14}{'MiB resident':>14}{'at the start':>14}")
    for way, path in (("store", text), ("parsed", tenth), ("lists", text)):
        runs = [_measured(way, path, args.folder / f"{way}-{i}") for i in range(args.repeats)]
        rates[way] = statistics.median(run["problems"] / run["cpu"] for run in runs)
        memory, before = (statistics.median(run[name] for run in runs) for name in ("mib", "mib_before"))
        print(f"{way:8}{runs[0]['problems']:>12,}{rates[way]:>14,.0f}{memory:>14,.0f}{before:>14,.0f}", flush=True)
    print(f"store : lists {rates['store'] / rates['lists']:.2f}, store : parsed {rates['store'] / rates['parsed']:.2f}")

    each = sum(path.stat().st_size for path in (args.folder / "store-0").iterdir()) / args.problems
    print(f"{each:.2f} bytes a problem; {_PUBLISHED / 1e6:.0f} million would take {each * _PUBLISHED / 1e9:.2f} GB")
    for name in ("parsed-0", "store-0"):
        runs = [_measured("opening", text, args.folder / name) for _ in range(args.repeats)]
        wall, memory = (statistics.median(run[name] for run in runs) for name in ("wall", "mib"))
        print(
            f"opened {runs[0]['problems']:,} problems, read the last: {wall * 1e3:.1f} ms, {memory:,.0f} MiB resident"
        )


if __name__ == "__main__":
    main()
