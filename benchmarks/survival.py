"""What is lost when commands are killed, interrupted, short of disk, or given damaged files, at random places.

    python -m benchmarks.survival --trials N [--seed S] [--only dataset,verify] [--rows FILE]
    python -m benchmarks.survival --rows FILE --table

Every trial does one harm to one command, at a place that the seed decides: the n-th time that the command opens,
renames or removes a file, or a moment of its run. Then it looks at what is there, and runs the command again. What a
trial shows is counted under the first of these that holds:

    hung        no end within the limit
    silent      what is read is neither what was there before nor what the whole command writes, or an error went unseen
    lost        the command, run again, does not end with what it writes when nothing happens
    traceback   an error is not one sentence, or does not name the file at fault
    left        processes or temporary files outlive the command and its second run
    good        none of these

A trial of `parse` is a thousand texts near valid ones. Of a command that is killed, processes may live for ten seconds.

It runs in pieces: the rows of earlier pieces stay in FILE, and trials that have a row are not done again. Commands that
need no model are run in forked copies of this process, so a trial takes a fraction of a second; training, evaluation
and answers take some ten seconds each. Needs a POSIX system.
"""

import argparse
import contextlib
import csv
import functools
import hashlib
import importlib
import io
import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import tqdm as bars

OUTCOMES = ("good", "left", "traceback", "lost", "silent", "hung")
LIMIT = 120  # seconds for one run of a command
_FILE_EVENTS = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir")
_BEGUN = "begun"  # a file that marks the moment from which a command runs
_GRACE = 10  # seconds in which the processes of a killed command end; they look whether it is there

Files = dict[str, str]


class Subject(NamedTuple):
    """A command under trial.

    Attributes:
        harms: what is done to it.
        prepare: writes what the command needs into a folder; run once.
        command: the words of the command, which runs in the folder.
        state: what is read from the folder: "none", or a digest of what a reader accepts.
        forks: whether it runs in a forked copy of this process, not as a program of its own.
    """

    harms: tuple[str, ...]
    prepare: Callable[[Path], None]
    command: tuple[str, ...]
    state: Callable[[Path], str]
    forks: bool = True


# --- subjects ---------------------------------------------------------------------------------------------------------


def _digest(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _symbolic(*words: str) -> None:
    from symbolic.__main__ import main

    if main([str(word) for word in words]):
        raise RuntimeError(f"could not prepare: {words}")


_SMALL = ("--max-ops", "4")
_SIZES = ("--train", "150", "--valid", "5", "--test", "5")


def _data_set(folder: Path) -> str:
    """What a training would read."""
    from symbolic.problems.files import read_data_folder

    try:
        frames = read_data_folder(folder)
    except FileNotFoundError:  # no data set; a mixture or a damaged file is another error
        return "none"
    texts = [frame[["input", "output"]].to_csv().encode() for frame in frames.values()]
    return _digest(*texts, *(path.read_bytes() for path in sorted(folder.glob("README.md"))))


def _prepare_dataset(folder: Path) -> None:
    _symbolic("dataset", *_SIZES, *_SMALL, "--seed", "1", "--out", folder / "out")


def _prepare_prepare(folder: Path) -> None:
    _symbolic("generate", "--count", 400, "--workers", 1, *_SMALL, "--seed", 1, "--out", folder / "a")
    _symbolic("generate", "--count", 400, "--workers", 1, *_SMALL, "--seed", 2, "--out", folder / "b")
    _symbolic("prepare", folder / "a", "--valid", 5, "--test", 5, "--name", "bwd", "--out", folder / "out")


def _shards(folder: Path) -> str:
    from symbolic.problems.files import read_problems
    from symbolic.problems.production.manifest import read_manifest

    if not (folder / "manifest.json").exists():
        return "none"
    entries = read_manifest(folder / "manifest.json")["shards"]
    whole = []
    for name, entry in sorted(entries.items()):
        frame, _ = read_problems(folder / name, 0)
        lines = "".join(f"{row.input}\t{row.output}\n" for row in frame.itertuples())
        if hashlib.sha256(lines.encode()).hexdigest() != entry["sha256"]:
            raise ValueError(f"{folder / name} is not what the manifest says")
        whole.append(f"{name} {entry['sha256']}")
    return "none" if not whole else "\n".join(whole)


def encode(folder: str) -> int:
    """The command of `tokens`: two files into the token store of a folder."""
    from symbolic.expressions.tokens import TOKENS
    from symbolic.problems.files import parse_line
    from symbolic.seq2seq.encoding import encode_files

    paths = sorted(Path(folder).glob("*.tsv"))
    try:
        encode_files(
            paths, Path(folder) / "out", contexts=list(TOKENS), targets=list(TOKENS), parse=parse_line, max_bad_share=0
        )
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _prepare_tokens(folder: Path) -> None:
    from symbolic.problems.tasks import problems

    for name, seed in (("a", 1), ("b", 2)):
        lines = (
            f"{problem.equation}\t{problem.solution}\n" for problem in itertools.islice(problems("bwd", seed), 300)
        )
        (folder / f"{name}.tsv").write_text("".join(lines))
        if name == "a":
            encode(str(folder))


def _store(folder: Path) -> str:
    from symbolic.seq2seq.token_store import TokenStore

    if not (folder / "store.json").exists():
        return "none"
    store = TokenStore.open(folder)
    return f"{len(store)} {_digest(store.ids.tobytes(), store.starts.tobytes(), store.context_lengths.tobytes())}"


_TRIALS = """\
model_params = {"tiny": {
    "model": "transformer", "num_layers": 1, "feed_forward": 32, "num_units": 16, "num_heads": 2, "epoch": 3,
    "steps_per_epoch": 4, "batch_size": 16, "valid_problems": 4, "test_problems": 4, "dropout": 0.1}}
"""


def _prepare_train(folder: Path) -> None:
    _symbolic("dataset", *_SIZES, *_SMALL, "--seed", "1", "--out", folder / "data")
    (folder / "tiny.py").write_text(_TRIALS)


def _trained(folder: Path) -> str:
    """The weights of a trial that is finished."""
    import h5py

    run = folder / "tiny"
    if not (run / "result.json").exists() or json.loads((run / "result.json").read_text())["status"] != "finished":
        return "none"
    found = []
    with h5py.File(run / "best.weights.h5") as file:
        file.visititems(lambda name, item: found.append(item[()].tobytes()) if isinstance(item, h5py.Dataset) else None)
    return _digest(*found)


def _prepare_evaluate(folder: Path) -> None:
    _prepare_train(folder)
    words = ("train", "--trials-file", "tiny.py", "--data", "data", "--runs", "runs", "--workers", "1")
    subprocess.run([sys.executable, "-m", "symbolic", *words], cwd=folder, check=True, capture_output=True)


def _evaluated(folder: Path) -> str:
    """The table of results, without the times."""
    import pandas as pd

    if not (folder / "results.csv").exists():
        return "none"
    table = pd.read_csv(folder / "results.csv")
    return table[["solver", "set", "problems", "solve_rate"]].to_csv() if "set" in table else table.iloc[:, :4].to_csv()


_EVALUATE = ("evaluate", "runs/tiny", "--data", "data/bwd.test.gz", "--beam", "1", "--workers", "1", "--out", "out")
_GENERATE = ("generate", "--count", "240", "--shard-size", "40", "--workers", "2", *_SMALL, "--seed", "3")
_TRAIN = ("train", "--trials-file", "tiny.py", "--data", "data", "--runs", "out", "--workers", "1")
_PREPARE = ("prepare", "b", "--valid", "5", "--test", "5", "--name", "bwd", "--workers", "1", "--out", "out")
_HARMS = ("kill", "kill at a moment", "interrupt", "interrupt at a moment", "fill")

SUBJECTS = {
    "dataset": Subject(
        _HARMS, _prepare_dataset, ("dataset", *_SIZES, *_SMALL, "--seed", "2", "--out", "out"), _data_set
    ),
    "prepare": Subject(_HARMS, _prepare_prepare, _PREPARE, _data_set),
    "tokens": Subject(_HARMS, _prepare_tokens, ("encode", "."), _store),
    "generate": Subject(
        (*_HARMS, "kill a worker", "stop a worker"), lambda folder: None, (*_GENERATE, "--out", "out"), _shards, False
    ),
    "train": Subject(_HARMS[1:4:2], _prepare_train, _TRAIN, _trained, False),
    "evaluate": Subject(_HARMS[1:4:2], _prepare_evaluate, _EVALUATE, _evaluated, False),
    "integrate": Subject(
        ("interrupt at a moment", "kill at a moment"),
        lambda folder: None,
        ("integrate", "x*cos(x)"),
        lambda folder: "none",
        False,
    ),
}


# --- trials -----------------------------------------------------------------------------------------------------------


class Ended(NamedTuple):
    """How a run of a command ended: status is None if it did not end, negative if a signal ended it."""

    status: int | None
    stderr: str
    seconds: float
    left: bool


def run(subject: Subject, folder: Path, harm: str = "", place: float = 0.0, size: float = 1.0) -> Ended:
    """Run a command in a folder, with a harm to it.

    Args:
        place: the number of a file event, or of seconds, at which the harm is done.
    """
    (folder / _BEGUN).unlink(missing_ok=True)
    reader, writer = os.pipe()  # not a file, which a limit on the size of files would cut
    if subject.forks:
        pid = os.fork()
        if not pid:
            _child(subject, folder, harm, int(place), writer)
    else:
        words = [sys.executable, "-m", "benchmarks.survival", "--as-child", harm, str(int(place)), *subject.command]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"}
        pid = subprocess.Popen(
            words, cwd=folder, stdout=subprocess.DEVNULL, stderr=writer, start_new_session=True, env=environment
        ).pid
    os.close(writer)
    os.set_blocking(reader, False)
    stderr = bytearray()
    status, seconds = _waited(pid, folder, harm, place, reader, stderr)
    left = _is_left(pid, status != 0 and status not in (1, 2, 130))
    _drain(reader, stderr)
    os.close(reader)
    (folder / _BEGUN).unlink(missing_ok=True)
    return Ended(status, stderr.decode(errors="replace"), seconds, left)


def _drain(reader: int, into: bytearray) -> None:
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(reader, 1 << 16):
            into += piece


def _waited(
    pid: int, folder: Path, harm: str, place: float, reader: int, stderr: bytearray
) -> tuple[int | None, float]:
    """The status and the seconds, from when the command itself begins; it is harmed on the way if that is timed."""
    done, started, begun = False, time.monotonic(), 0.0
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        now = time.monotonic()
        if ended:
            return os.waitstatus_to_exitcode(status), now - (begun or started)
        if now - started > LIMIT:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return None, LIMIT
        if not begun and (folder / _BEGUN).exists():
            begun = now
        if begun and not done and now - begun > place and harm not in ("", "kill", "interrupt", "fill"):
            done = _harmed(pid, harm)
        _drain(reader, stderr)
        time.sleep(0.002)


def _harmed(pid: int, harm: str) -> bool:
    with contextlib.suppress(ProcessLookupError):
        if harm == "kill at a moment":
            os.kill(pid, signal.SIGKILL)
        elif harm == "interrupt at a moment":
            os.killpg(pid, signal.SIGINT)
        else:
            workers = _workers(pid)
            if not workers:
                return False
            os.kill(random.choice(workers), signal.SIGKILL if harm == "kill a worker" else signal.SIGSTOP)
    return True


def _workers(pid: int) -> list[int]:
    import psutil

    with contextlib.suppress(psutil.Error):
        servers = [child for child in psutil.Process(pid).children() if "forkserver" in " ".join(child.cmdline())]
        return [worker.pid for server in servers for worker in server.children()]
    return []


def _is_left(group: int, is_killed: bool) -> bool:
    """Whether processes of a command's group outlive it; those of a killed one get time to see that it has gone."""
    end = time.monotonic() + (_GRACE if is_killed else 0.5)
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.02)
    return True


def _child(subject: Subject, folder: Path, harm: str, place: int, stderr: int) -> None:
    """In a forked process: run the command, and end."""
    status = 1
    try:
        os.setsid()
        bars.tqdm.set_lock(threading.RLock())  # the other is shared with this process, and a kill may leave it locked
        os.dup2(stderr, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(folder)
        status = _run_words(harm, place, subject.command)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(status)


def _run_words(harm: str, place: int, words: tuple[str, ...]) -> int:
    from symbolic.__main__ import main

    Path(_BEGUN).touch()
    if harm == "fill":
        resource.setrlimit(resource.RLIMIT_FSIZE, (place, place))
    elif harm in ("kill", "interrupt"):
        _harm_at_event(place, signal.SIGKILL if harm == "kill" else signal.SIGINT)
    try:
        return encode(words[1]) if words[0] == "encode" else main(list(words))
    except KeyboardInterrupt:
        if "symbolic/" in "".join(traceback.format_exc()):  # it did not come between this line and the command
            raise
        return 130


def _harm_at_event(place: int, number: int) -> None:
    events, owner, out = 0, os.getpid(), os.path.abspath("out")

    def hook(event: str, arguments: tuple) -> None:
        nonlocal events
        if event in _FILE_EVENTS and os.getpid() == owner and isinstance(arguments[0], str | Path):
            if os.path.abspath(arguments[0]).startswith(out):
                events += 1
                if events == place:
                    os.kill(owner, number)

    sys.addaudithook(hook)


def count_events(subject: Subject, folder: Path) -> int:
    """How often a command opens, renames or removes a file; by trying, since the hook counts in the child."""
    low, high = 1, 2
    while run_copy(subject, folder, "kill", high).status == -signal.SIGKILL:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if run_copy(subject, folder, "kill", middle).status == -signal.SIGKILL:
            low = middle
        else:
            high = middle
    return low


def run_copy(subject: Subject, folder: Path, harm: str, place: float) -> Ended:
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        return run(subject, Path(copy), harm, place)


class Reference(NamedTuple):
    """A command that nothing happens to: what is there before and after it, its seconds, file events, largest file."""

    folder: Path
    before: str
    after: str
    names: tuple[str, ...]
    seconds: float
    events: int
    largest: int


def reference(name: str, subject: Subject, folder: Path) -> Reference:
    folder.mkdir()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        subject.prepare(folder)
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        before = _state(subject, Path(copy))
        ended = run(subject, Path(copy))
        if ended.status != 0:
            raise RuntimeError(f"{name} fails without any harm: {ended}")
        after = _state(subject, Path(copy))
        files = _files(Path(copy) / "out")
        names = tuple(str(path.relative_to(copy)) for path in files)
        largest = max((path.stat().st_size for path in files), default=0)
    events = count_events(subject, folder) if "kill" in subject.harms and subject.forks else 60
    return Reference(folder, before, after, names, ended.seconds, events, largest)


def _state(subject: Subject, folder: Path) -> str:
    return subject.state(folder / "out") if (folder / "out").exists() else "none"


def trial(name: str, subject: Subject, harm: str, base: Reference, rng: random.Random) -> tuple[str, str]:
    """One trial: its outcome, and a note."""
    place = {"kill": base.events, "interrupt": base.events, "fill": 2 * base.largest}.get(harm)
    place = rng.uniform(0, base.seconds * 1.1) if place is None else rng.randint(1, place)
    with tempfile.TemporaryDirectory() as copy:
        folder = Path(copy)
        shutil.copytree(base.folder, folder, dirs_exist_ok=True)
        ended = run(subject, folder, harm, place)
        note = f"{harm} at {place:.3g}: status {ended.status}"
        if ended.status is None:
            return "hung", note
        try:
            state = _state(subject, folder)
        except Exception as error:
            state = f"{type(error).__name__}: {error}"
        after = base.after
        if name == "generate":
            if (
                harm == "kill a worker"
                and ended.status == 0
                and _counted_losses(folder / "out", state, base.after) <= 1
            ):
                after = state  # the draw under way was lost and counted, which is what is promised
            is_right = state == "none" or set(state.splitlines()) <= set(after.splitlines())
        else:
            is_right = state in (base.before, base.after, "none")
        if not is_right or (ended.status == 0 and state != after):
            return "silent", f"{note}; {state[:200]}"
        again = run(subject, folder)
        if again.status != 0 or _state(subject, folder) != after:
            return "lost", f"{note}; again {again.status}: {again.stderr[-300:]}"
        if "Traceback" in ended.stderr or ended.status not in (0, 2, 130, -signal.SIGKILL):
            return "traceback", f"{note}; {ended.stderr[-300:]}"
        if harm == "fill" and ended.status == 2 and "out" not in ended.stderr:
            return "traceback", f"{note}; no path: {ended.stderr[-300:]}"
        # A lock file without its process locks nothing, and goes with the next run that writes.
        names = {str(path.relative_to(folder)) for path in _files(folder / "out") if path.name != ".lock"}
        if ended.left or again.left or {n for n in names if "/." in n or n.startswith(".")} - set(base.names):
            return "left", f"{note}; {ended.left} {again.left} {sorted(names - set(base.names))[:5]}"
        return "good", note


def _counted_losses(folder: Path, state: str, expected: str) -> float:
    """Draws of shards that the manifest counts as killed; infinity if a shard differs without such a loss."""
    from symbolic.problems.production.manifest import read_manifest

    shards = read_manifest(folder / "manifest.json")["shards"]
    losses = {name: shard["rejected"].get("killed", 0) for name, shard in shards.items()}
    differing = {line.split()[0] for line in set(state.splitlines()) ^ set(expected.splitlines())}
    if not all(losses.get(name) for name in differing):
        return float("inf")
    return sum(losses.values())


# --- verdicts, with harm to the workers -------------------------------------------------------------------------------


def verify_trial(harm: str, rng: random.Random) -> tuple[str, str]:
    """Verdicts on 48 right answers by two workers, which are killed or stopped three times."""
    at = sorted(rng.sample(range(48), 3))
    counts: Counter = Counter()
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(LIMIT)
    try:
        return _verify(harm, at, rng, counts)
    except _OutOfTime:
        return "hung", f"{harm} at {at}: {dict(counts)}"
    except Exception as error:
        return "lost", f"{harm} at {at}: {dict(counts)}; {type(error).__name__}: {error}"
    finally:
        signal.alarm(0)


class _OutOfTime(BaseException):
    pass


def _out_of_time(*_) -> None:
    raise _OutOfTime


def _verify(harm: str, at: list[int], rng: random.Random, counts: Counter) -> tuple[str, str]:
    from symbolic.verification import verify_many

    for number, verdict in enumerate(verify_many([("sub Y' cos x", "sin x")] * 48, workers=2)):
        counts[verdict.status] += 1
        if number in at and (workers := _workers(os.getpid())):
            os.kill(rng.choice(workers), signal.SIGKILL if harm == "kill a worker" else signal.SIGSTOP)
    note = f"{harm} at {at}: {dict(counts)}"
    if counts.total() != 48 or counts["refuted"]:
        return "silent", note
    return ("good" if counts["proved"] >= 45 else "lost"), note


# --- damaged files ----------------------------------------------------------------------------------------------------


def _damaged(content: bytes, rng: random.Random) -> bytes:
    """A file cut, with bytes changed, doubled, emptied or made of something else."""
    data, how = bytearray(content), rng.randrange(6)
    if how == 0:
        return bytes(data[: rng.randrange(len(data) + 1)])
    if how == 1:
        for _ in range(rng.randint(1, 20)):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        return bytes(data)
    if how == 2:
        start = rng.randrange(len(data) + 1)
        return bytes(data[:start]) + rng.randbytes(rng.randint(1, 100)) + bytes(data[start:])
    if how == 3:
        return bytes(data) * 2
    if how == 4:
        return rng.choice([b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 10**5, b"9" * 10**5, b"\0" * 1000])
    numbers = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
    if numbers:
        i = rng.choice(numbers)
        data[i : i + 1] = rng.choice([b"-1", b"1e999", b"99999999999999999999", b"null", b'"O"', b"true"])
    return bytes(data)


def damage_trial(what: str, base: Path, rng: random.Random) -> tuple[str, str]:
    """A file of an artefact is damaged; whoever reads it must refuse it by name, or read something that is whole."""
    with tempfile.TemporaryDirectory() as copy:
        folder = Path(copy) / "artefact"
        shutil.copytree(base, folder)
        path = rng.choice(_files(folder))
        before = path.read_bytes()
        path.write_bytes(_damaged(before, rng))
        note = f"{path.name}: {len(before)} -> {path.stat().st_size} bytes"
        if what == "trained model":
            return _read_by_worker(folder, note)
        pid = os.fork()
        if not pid:
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            os._exit(_read_damaged(what, folder))
        begun = time.monotonic()
        while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
            if time.monotonic() - begun > LIMIT:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return "hung", note
            time.sleep(0.005)
        status = os.waitstatus_to_exitcode(ended[1])
        return _OUTCOME_OF.get(status, "lost"), f"{note}: {status}"


_OUTCOME_OF = {0: "good", 3: "silent", 4: "traceback"}


def _read_by_worker(folder: Path, note: str) -> tuple[str, str]:
    """In a process that has Keras loaded, which a forked copy could not use."""
    try:
        status = _worker().schedule(_here()._read_damaged, ["trained model", folder], timeout=LIMIT).result()
    except TimeoutError:
        return "hung", note
    except OSError as death:
        return "lost", f"{note}: {death}"
    return _OUTCOME_OF.get(status, "lost"), f"{note}: {status}"


def _here() -> Any:
    """This module, by the name by which a worker finds it."""
    return importlib.import_module("benchmarks.survival")


@functools.cache
def _worker() -> Any:
    from symbolic.runtime.processes import process_pool

    return _STACK.enter_context(process_pool(1))


_STACK = contextlib.ExitStack()


def _read_damaged(what: str, folder: Path) -> int:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        READERS[what](folder)
    except (ValueError, OSError) as error:
        text = str(error)
        return 0 if str(folder) in text and len(text) < 5000 else 4
    except BaseException:
        return 4
    return 0


def _read_store(folder: Path) -> None:
    store = _store_opened(folder)
    for i in range(len(store)):
        store.context(i), store.target(i)


def _store_opened(folder: Path) -> Any:
    from symbolic.seq2seq.token_store import TokenStore

    return TokenStore.open(folder)


def _read_model(folder: Path) -> None:
    """A model that is read must have the weights that were saved; which these are, its loading checks."""
    from symbolic.seq2seq.translator import Translator

    Translator.load(folder)


READERS: dict[str, Callable[[Path], Any]] = {
    "token store": _read_store,
    "data set": _data_set,
    "shards": _shards,
    "trained model": _read_model,
}


def _artefact(what: str, folder: Path) -> Path:
    """A whole artefact to damage."""
    if what == "token store":
        folder.mkdir()
        _prepare_tokens(folder)
        return folder / "out"
    if what == "data set":
        folder.mkdir()
        _prepare_dataset(folder)
        return folder / "out"
    if what == "shards":
        _symbolic("generate", "--count", 90, "--shard-size", 30, "--workers", 1, *_SMALL, "--out", folder)
        return folder
    _worker().schedule(_here().save_model, [folder]).result()
    return folder


def save_model(folder: Path) -> None:
    """A small model that answers, with its vocabularies."""
    import numpy as np

    from symbolic.seq2seq.models.transformer import Transformer
    from symbolic.seq2seq.processors import TextProcessor
    from symbolic.seq2seq.translator import Translator

    words = TextProcessor(["sub", "Y'", "x", "add", "cos"])
    model = Transformer(len(words), len(words), 16, 1, num_heads=2, feed_forward=16, max_length=32)
    model({"context": np.ones((1, 2), np.int32), "target": np.ones((1, 2), np.int32)})
    Translator(model, words, words, 32).save(folder)


# --- texts ------------------------------------------------------------------------------------------------------------

TEXTS_PER_TRIAL = 1000
_EXPRESSIONS = ("x*cos(x)", "2^-3/x", r"\\frac{1}{2} x^{2}", "sqrt(1+x^2)", "y' + y = x", "|x|*ln|x|", "-3^2 + exp(-x)")
_PREFIXES = ("sub Y' mul x cos x", "add x pow x INT- 1 2", "1|sub Y' x\tpow x INT+ 2", "rac x INT+ 3\tinv x")
_PIECES = "()[]{}|^*+-/=',.\\ \t\n\0\x1b√π∫²½\u202e\ufeff0123456789xyYeEIπ"


def _text(rng: random.Random, seeds: tuple[str, ...]) -> str:
    """A text near a valid one: characters added, removed or changed, and parts repeated."""
    text = list(rng.choice(seeds))
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(text) + 1)
        how = rng.randrange(5)
        if how == 0:
            text.insert(place, rng.choice(_PIECES))
        elif how == 1:
            del text[place : place + rng.randint(1, 3)]
        elif how == 2:
            text[place:place] = rng.choice(seeds)
        elif how == 3:
            text[place:place] = text[: rng.randint(1, 20)] * rng.choice((1, 2, 50))
        else:
            text.insert(
                place, chr(rng.choice((rng.randrange(128), rng.randrange(0xD7FF), rng.randrange(0x10000, 0x20000))))
            )
    return "".join(text)


def _parse_infix(text: str) -> None:
    from symbolic.expressions.exchange import to_latex
    from symbolic.expressions.infix import from_infix

    to_latex(from_infix(text))


def _parse_prefix(text: str) -> None:
    from symbolic.expressions.prefix import from_prefix

    from_prefix(text)


def _parse_line(text: str) -> None:
    from symbolic.problems.files import parse_line

    parse_line(text)


PARSERS = {
    "infix and LaTeX": (_parse_infix, _EXPRESSIONS),
    "prefix": (_parse_prefix, _PREFIXES),
    "lines": (_parse_line, _PREFIXES),
}


def text_trial(what: str, rng: random.Random) -> tuple[str, str]:
    """A thousand texts to a parser, which must read each or refuse it with a ValueError, in less than 10 s."""
    parse, seeds = PARSERS[what]
    signal.signal(signal.SIGALRM, _out_of_time)
    for _ in range(TEXTS_PER_TRIAL):
        text = _text(rng, seeds)
        signal.alarm(10)
        try:
            parse(text)
        except ValueError:
            pass
        except _OutOfTime:
            return "hung", repr(text)
        except BaseException as error:
            return "traceback", f"{type(error).__name__}: {error}: {text!r}"[:500]
        finally:
            signal.alarm(0)
    return "good", ""


# --- the command ------------------------------------------------------------------------------------------------------


def plan(trials: int, only: list[str]) -> list[tuple[str, str, int]]:
    """(command, harm, number) of the trials: the cheap ones often, those that start TensorFlow seldom."""
    shares = {("verify", harm): 3 for harm in ("kill a worker", "stop a worker")}
    shares |= {("parse", what): 4 for what in PARSERS}
    shares |= {("read", what): 12 if what != "trained model" else 5 for what in READERS}
    for name, subject in SUBJECTS.items():
        shares |= {(name, harm): 8 if subject.forks else 1.2 for harm in subject.harms}
    shares = {kind: share for kind, share in shares.items() if not only or kind[0] in only}
    shares = dict(sorted(shares.items(), key=lambda item: -item[1]))  # the cheap ones first
    whole = sum(shares.values())
    return [
        (name, harm, number)
        for (name, harm), share in shares.items()
        for number in range(max(1, round(trials * share / whole)))
    ]


def main() -> None:
    if sys.argv[1:2] == ["--as-child"]:
        harm, place, *words = sys.argv[2:]
        sys.exit(_run_words(harm, int(place), tuple(words)))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=500, help="trials in all, those of earlier pieces included")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="commands: " + ",".join([*SUBJECTS, "verify", "read", "parse"]))
    parser.add_argument("--rows", type=Path, default=Path("survival.csv"), help="file with a row for each trial")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no trial after this many")
    parser.add_argument("--table", action="store_true", help="print the table of the rows, and try nothing")
    args = parser.parse_args()
    bars.tqdm.monitor_interval = 0  # its thread would be copied without its locks' owners
    rows = list(csv.reader(args.rows.open())) if args.rows.exists() else []
    if not args.table:
        done = {(name, harm, int(number)) for name, harm, number, *_ in rows}
        wanted = [each for each in plan(args.trials, args.only.split(",") if args.only else []) if each not in done]
        with tempfile.TemporaryDirectory(prefix="survival-") as folder, args.rows.open("a", newline="") as file:
            for row in _trials(wanted, args.seed, Path(folder), args.seconds):
                csv.writer(file).writerow(row)
                file.flush()
                rows.append([str(value) for value in row])
                if row[3] != "good":
                    print(*row, flush=True)
    print(table(rows))
    _STACK.close()


def _trials(wanted, seed: int, folder: Path, seconds: float):
    begun = time.monotonic()
    references: dict[str, Any] = {}
    for name, harm, number in wanted:
        if time.monotonic() - begun > seconds:
            return
        rng = random.Random(f"{seed} {name} {harm} {number}")
        if name == "verify":
            outcome, note = verify_trial(harm, rng)
        elif name == "parse":
            outcome, note = text_trial(harm, rng)
        elif name == "read":
            key = f"read {harm}"
            if key not in references:
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    references[key] = _artefact(harm, folder / key.replace(" ", "-"))
            outcome, note = damage_trial(harm, references[key], rng)
        else:
            subject = SUBJECTS[name]
            if name not in references:
                references[name] = reference(name, subject, folder / name)
            outcome, note = trial(name, subject, harm, references[name], rng)
        yield name, harm, number, outcome, note


def table(rows: list[list[str]]) -> str:
    """Trials by command and harm, and how many of each outcome."""
    counts: dict[tuple[str, str], Counter] = {}
    for name, harm, _, outcome, _ in rows:
        counts.setdefault((name, harm), Counter())[outcome] += 1
    total = sum(counts.values(), Counter())
    lines = [f"{'command':10} {'harm':22}{'trials':>8}" + "".join(f"{outcome:>11}" for outcome in OUTCOMES)]
    for (name, harm), of in [*counts.items(), (("all", ""), total)]:
        lines.append(f"{name:10} {harm:22}{of.total():>8}" + "".join(f"{of[outcome]:>11}" for outcome in OUTCOMES))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
