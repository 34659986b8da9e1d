"""Resident memory of a training, from the text file to the last step, for several numbers of pairs on disk.

    python -m benchmarks.memory --millions 1 5 20 [--steps N] [--temp DIR]

Each size is a data set of its own in a temporary folder: 20,000 new bwd problems, repeated with artificial counts up to
the wanted size (20 million take 5 GB of text and 2 GB of store). A process of its own then does what
`run_model_train.py` does: it encodes the file, and trains a Transformer of five million weights for some steps. The
table gives its peaks of resident memory. The pages of its files, which the system may take back, are a part of them.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from symbolic.problems.tasks import problems

DISTINCT = 20_000
HELD_OUT = 500  # problems for validation, and as many for testing
POSITIONS = 8192  # of a batch, about 100 problems; by a number of problems the widest batch would need most memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 5, 20], help="pairs")
    parser.add_argument("--steps", type=int, default=100, help="of training")
    parser.add_argument("--temp", type=Path, help="where the files go; the system's temporary folder, if not given")
    parser.add_argument("--train", help=argparse.SUPPRESS)  # one data set, in this process
    args = parser.parse_args()
    if args.train:
        print(json.dumps(trained(Path(args.train), args.steps)))
        return
    lines = [f"{problem.equation}\t{problem.solution}\n" for problem in itertools.islice(problems("bwd", 0), DISTINCT)]
    print(f"{'pairs':>12}{'encoded':>12}{'trained':>12}{'of it files':>14}{'encoding':>12}")
    for millions in args.millions:
        pairs = int(millions * 1e6)
        with tempfile.TemporaryDirectory(prefix="memory-", dir=args.temp) as folder:
            write(Path(folder), lines, pairs)
            command = [sys.executable, "-m", "benchmarks.memory", "--train", folder, "--steps", str(args.steps)]
            run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        peak = json.loads(run.stdout.splitlines()[-1])
        sizes = "".join(
            f"{peak[name] / 2**30:>{width}.2f} GiB" for name, width in (("encoded", 8), ("trained", 8), ("files", 10))
        )
        print(f"{pairs:12,}{sizes}{peak['seconds']:>10,.0f} s", flush=True)


def write(folder: Path, lines: list[str], pairs: int) -> None:
    """Write a data set with this many training problems."""
    held_out, trained_on = lines[: 2 * HELD_OUT], lines[2 * HELD_OUT :]
    (folder / "bwd.valid").write_text("".join(held_out[:HELD_OUT]), encoding="utf-8")
    (folder / "bwd.test").write_text("".join(held_out[HELD_OUT:]), encoding="utf-8")
    with open(folder / "bwd.train", "w", encoding="utf-8") as file:
        file.writelines(f"{i + 1}|{line}" for i, line in zip(range(pairs), itertools.cycle(trained_on), strict=False))


def trained(folder: Path, steps: int) -> dict[str, float]:
    """Peaks of resident memory in bytes, after encoding and after training."""
    from run_model_train import SymbolicModelTrain

    trial = {"model": "transformer", "num_layers": 3, "epoch": 1, "steps_per_epoch": steps}
    trial |= {"batch_tokens": POSITIONS, "max_length": 256, "valid_problems": 0, "test_problems": 0}
    training = SymbolicModelTrain({"trial": trial}, folder / "runs")
    begin = time.perf_counter()
    training.load_data(folder)
    training.set_processor()
    training.set_train_datasets()
    peaks = {"seconds": time.perf_counter() - begin, "encoded": _status("VmHWM")}
    training.train_model("trial")
    return peaks | {"trained": _status("VmHWM"), "files": _status("RssFile")}


def _status(field: str) -> int:
    """A field of this process's status, in bytes; only Linux has it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    main()
