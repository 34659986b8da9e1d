"""Preparation: duplicates, sets and leakage, from files to files; order and sharding change nothing."""

import gzip
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import duckdb
import pytest

from symbolic.problems.data_sets.database import Resources, open_database
from symbolic.problems.data_sets.leakage import leakage_between
from symbolic.problems.data_sets.prepared import RECORD, SPLIT_KINDS, prepare
from symbolic.problems.files import read_data_folder, read_problems, write_problems
from symbolic.problems.problem import Problem, ProblemOptions
from symbolic.problems.production.generate import generate
from symbolic.problems.splits import SPLITS, add_distinct, skeleton, split_of
from symbolic.problems.tasks import problems
from tests import PROJECT, SHARED_DATA

PUBLISHED = SHARED_DATA / "published_fwd.valid"
SIZES = {"valid": 20, "test": 15}


@pytest.fixture(scope="module")
def drawn():
    """Problems with many duplicates, and several solutions for some equations."""
    some = list(itertools.islice(problems("bwd", 0, ProblemOptions(max_ops=5)), 2500))
    others = [Problem(equation, f"add INT+ {i % 3} {solution}") for i, (equation, solution) in enumerate(some[:300])]
    return some + some[:500] + others


def write_shards(folder, pairs, shards=1):
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(shards):
        write_problems(folder / f"bwd-{shard:05d}.tsv.gz", pairs[shard::shards])
    return folder


def published_lines(path):
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def data_bytes(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.gz"))}


@pytest.mark.parametrize("split", SPLIT_KINDS)
def test_sets_are_as_they_are_defined(tmp_path, drawn, split):
    done = prepare([write_shards(tmp_path / "raw", drawn)], tmp_path / "out", split=split, **SIZES)
    frames = read_data_folder(tmp_path / "out")
    solutions, counts = {}, Counter(problem.equation for problem in drawn)
    for problem in drawn:
        add_distinct(solutions, problem)
    content = skeleton if split == "skeleton" else str
    of_set = {part: {e for e in solutions if split_of(content(e)) == part} for part in SPLITS}
    assert set(frames["train"]["input"]) == of_set["train"]
    for part in SPLITS:
        frame = frames[part]
        assert set(frame["input"]) <= of_set[part]
        assert dict(zip(frame["input"], frame["output"], strict=True)).items() <= solutions.items()
        assert dict(zip(frame["input"], frame["count"], strict=True)).items() <= counts.items()
        assert len(frame) == done.kept[part] == SIZES.get(part, len(frame)) == frame["input"].nunique()
    assert done.drawn == len(drawn) == counts.total()
    assert done.distinct == len(solutions) == sum(done.kept.values()) + done.unused


def test_no_test_skeleton_is_in_train_by_default(tmp_path, drawn):
    done = prepare([write_shards(tmp_path / "raw", drawn)], tmp_path / "out", **SIZES)
    frames = read_data_folder(tmp_path / "out")
    skeletons = {part: set(map(skeleton, frame["input"])) for part, frame in frames.items()}
    assert not skeletons["train"] & skeletons["valid"] and not skeletons["train"] & skeletons["test"]
    assert [(leak.tested, leak.exact, leak.skeleton) for leak in done.leakage] == [("valid", 0, 0), ("test", 0, 0)]


def test_problems_of_files_to_leave_out_come_into_no_set_whatever_their_numbers(tmp_path, drawn):
    raw = write_shards(tmp_path / "raw", drawn)
    prepare([raw], tmp_path / "whole", **SIZES)
    tested = drawn[:40]
    write_problems(tmp_path / "tests" / "made_elsewhere.test", tested)
    done = prepare([raw], tmp_path / "out", leave_out=[tmp_path / "tests"], **SIZES)
    bones = {skeleton(equation) for equation, _ in tested}
    whole, kept = (
        [set(frame["input"]) for frame in read_data_folder(tmp_path / folder).values()] for folder in ("whole", "out")
    )
    assert not any(skeleton(equation) in bones for equation in set().union(*kept))
    assert {equation for equation in whole[0] if skeleton(equation) not in bones} == kept[0]
    assert done.left_out == sum(skeleton(equation) in bones for equation, _ in drawn)
    assert f" · left out {done.left_out:,}" in str(done)
    record = json.loads((tmp_path / "out" / RECORD).read_text())
    assert record["left_out"] == done.left_out and f"--leave-out {tmp_path / 'tests'}" in record["command"]


def test_an_exact_split_reports_the_skeletons_that_leak(tmp_path, drawn):
    done = prepare([write_shards(tmp_path / "raw", drawn)], tmp_path / "out", split="exact", **SIZES)
    frames = read_data_folder(tmp_path / "out")
    trained = set(map(skeleton, frames["train"]["input"]))
    for leak in done.leakage:
        assert leak.exact == 0
        assert leak.skeleton == sum(skeleton(equation) in trained for equation in frames[leak.tested]["input"]) > 0
        of_files = leakage_between(
            tmp_path / "out" / "problems.train.gz", tmp_path / "out" / f"problems.{leak.tested}.gz"
        )
        assert (of_files.problems, of_files.exact, of_files.skeleton) == (leak.problems, leak.exact, leak.skeleton)


def test_neither_order_nor_shards_nor_workers_change_a_byte(tmp_path, drawn):
    prepare([write_shards(tmp_path / "a", drawn)], tmp_path / "out_a", **SIZES)
    shuffled = random.Random(1).sample(drawn, len(drawn))
    halves = [write_shards(tmp_path / "b", shuffled[:1000], 3), write_shards(tmp_path / "c", shuffled[1000:], 2)]
    prepare(halves, tmp_path / "out_b", workers=2, memory_limit="200MB", temp=tmp_path / "temp", **SIZES)
    assert len(data_bytes(tmp_path / "out_a")) == 3
    assert data_bytes(tmp_path / "out_a") == data_bytes(tmp_path / "out_b")
    assert not list((tmp_path / "temp").iterdir())


def test_published_counts_are_added_and_lines_sorted_by_them(tmp_path):
    lines = [f"{number}|sub Y' mul INT+ {' '.join(str(number))} x\tx" for number in range(1, 200)]
    raw = tmp_path / "prim_fwd.train"
    raw.write_text("\n".join([*lines, "1000|sub Y' mul INT+ 7 x\tcos x", "sub Y' mul INT+ 7 x\tsin x"]))
    prepare([raw], tmp_path / "out", name="prim_fwd", split="exact", valid=1, test=1)
    train = published_lines(tmp_path / "out" / "prim_fwd.train.gz")
    assert train[0] == "1008|sub Y' mul INT+ 7 x\tx"
    keys = [(-int(line.partition("|")[0]), line.partition("|")[2]) for line in train]
    assert keys == sorted(keys)


def test_a_second_preparation_changes_nothing(tmp_path, drawn):
    raw, out = write_shards(tmp_path / "raw", drawn), tmp_path / "out"
    prepare([raw], out, **SIZES)
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    (out / ".preparing").mkdir()
    (out / ".preparing" / "left.by.a.killed.run").write_text("")
    prepare([raw], out, **SIZES)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_an_own_data_set_can_be_prepared_again(tmp_path, drawn):
    first = prepare([write_shards(tmp_path / "raw", drawn)], tmp_path / "out", **SIZES)
    again = prepare([tmp_path / "out"], tmp_path / "again", **SIZES)
    assert again.distinct == first.distinct - first.unused
    assert data_bytes(tmp_path / "again") == data_bytes(tmp_path / "out")


def test_what_the_generator_wrote_is_recorded(tmp_path):
    generate(tmp_path / "raw", "bwd", 400, 7, options=ProblemOptions(max_ops=6), shard_size=200)
    prepare([tmp_path / "raw"], tmp_path / "out", valid=1, test=1)
    assert {path.name for path in tmp_path.joinpath("out").glob("*.gz")} == {f"bwd.{part}.gz" for part in SPLITS}
    record = json.loads((tmp_path / "out" / RECORD).read_text())
    assert record["generated"][str(tmp_path / "raw")]["seed"] == 7
    assert record["drawn"] == 400 and len(record["files"]) == 2
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "400 of bwd with seed 7" in readme and "--valid=1 --test=1" in readme


def test_an_unfinished_generation_is_reported_with_counts(tmp_path, capsys):
    raw = tmp_path / "raw"
    generate(raw, "bwd", 250, seed=1, options=ProblemOptions(max_ops=5), shard_size=100)
    assert not prepare([raw], tmp_path / "whole", valid=5, test=5).unfinished
    manifest = json.loads((raw / "manifest.json").read_text())
    del manifest["shards"]["bwd-00001.tsv.gz"]
    (raw / "manifest.json").write_text(json.dumps(manifest))
    (raw / "bwd-00001.tsv.gz").unlink()
    capsys.readouterr()
    done = prepare([raw], tmp_path / "part", valid=5, test=5)
    words = f"unfinished: {raw} holds 150 of 250 problems"
    assert words in str(done) and words in capsys.readouterr().err
    assert words in (tmp_path / "part" / "README.md").read_text()


SETTINGS = {"task": "bwd", "count": 10, "seed": 1}
FOREIGN = {
    "a list": [],
    "settings of another kind": {"settings": {"count": 10}, "lengths": {"input": {}, "output": {}}, "shards": {}},
    "shards without figures": {
        "settings": SETTINGS,
        "lengths": {"input": {}, "output": {}},
        "shards": {"bwd-00000.tsv.gz": {}},
    },
    "shards as a list": {"settings": SETTINGS, "lengths": {"input": {}, "output": {}}, "shards": ["bwd-00000.tsv.gz"]},
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_another_programs_manifest_is_refused_in_one_sentence(tmp_path, drawn, kind):
    raw = write_shards(tmp_path / "raw", drawn[:10])
    (raw / "manifest.json").write_text(json.dumps(FOREIGN[kind]))
    with pytest.raises(ValueError, match="manifest.json is no manifest of generated problems"):
        prepare([raw], tmp_path / "out", **SIZES)


def test_bad_lines_are_left_out_counted_and_located(tmp_path, drawn):
    raw = write_shards(tmp_path / "raw", drawn[:500])
    with open(raw / "more.tsv", "w") as file:
        file.writelines(f"{equation}\t{solution}\n" for equation, solution in drawn[500:1500])
        file.write("sub Y' sinn x\tx\n" * 5 + "no tab\n")
    done = prepare([raw], tmp_path / "out", valid=1, test=1, workers=2)
    assert [dict(report.bad) for report in done.files] == [{}, {"unknown token": 5, "not one tab": 1}]
    assert f"{raw}/more.tsv:1001: unknown token" in str(done)
    with pytest.raises(ValueError, match=r"more\.tsv: 6 of 1,006 lines are bad, more than the 0\.001 allowed"):
        prepare([raw], tmp_path / "strict", valid=1, test=1, max_bad_share=0.001)
    assert not (tmp_path / "strict").exists()


def test_a_failure_leaves_the_earlier_data_set(tmp_path, drawn):
    raw, out = write_shards(tmp_path / "raw", drawn), tmp_path / "out"
    prepare([raw], out, **SIZES)
    before = data_bytes(out)
    with pytest.raises(ValueError, match=r"`test` must be at most [\d,]+: .* Received: 2,000"):
        prepare([raw], out, valid=1, test=2000)
    assert data_bytes(out) == before and not (out / ".preparing").exists()


WRONG = {
    "workers": ({"workers": 0}, "`workers` must be at least 1. Received: 0"),
    "valid": ({"valid": 0}, "`valid` must be at least 1. Received: 0"),
    "split": ({"split": "skelton"}, "unknown kind of split `skelton`. Did you mean `skeleton`?"),
    "name": ({"name": "a/b"}, "`name` must be the first part of a file name"),
    "engine": ({"engine": "rai"}, "unknown engine `rai`. Did you mean `ray`?"),
    "bad share": ({"max_bad_share": 1}, "`max_bad_share` (--max-bad-lines) must be at least 0 and less than 1"),
    "memory": ({"memory_limit": "four apples"}, "`memory_limit` must be a size such as 4GB. Received: 'four apples'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments(tmp_path, drawn, case):
    arguments, message = WRONG[case]
    raw = write_shards(tmp_path / "raw", drawn[:10])
    with pytest.raises(ValueError) as caught:
        prepare([raw], tmp_path / "out", **{**SIZES, **arguments})
    assert message in str(caught.value)


def test_wrong_folders(tmp_path, drawn):
    raw = write_shards(tmp_path / "raw", drawn[:10])
    with pytest.raises(FileNotFoundError, match="nowhere does not exist; a file or a folder"):
        prepare([tmp_path / "nowhere"], tmp_path / "out")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").write_text("nothing here")
    with pytest.raises(ValueError, match="empty holds no files of problems"):
        prepare([tmp_path / "empty"], tmp_path / "out")
    with pytest.raises(ValueError, match="raw holds other files, such as bwd-00000.tsv.gz"):
        prepare([raw], raw)
    assert len(list(raw.iterdir())) == 1


def test_a_memory_limit_that_is_too_low_is_one_sentence(tmp_path, drawn):
    raw = write_shards(tmp_path / "raw", drawn)
    with pytest.raises(OSError, match=r"not enough memory \(limit 1MB\) or disk in "):
        prepare([raw], tmp_path / "out", memory_limit="1MB", **SIZES)


def test_names_with_quotes_are_only_names(tmp_path, drawn):
    raw = write_shards(tmp_path / "it's; DROP TABLE lines --", drawn)
    done = prepare([raw], tmp_path / "o'ut", name="b'wd", **SIZES)
    assert len(read_data_folder(tmp_path / "o'ut")["train"]) == done.kept["train"]


def test_an_interrupted_run_leaves_nothing_and_prints_so(tmp_path, drawn):
    raw = write_shards(tmp_path / "raw", drawn * 40)
    command = [sys.executable, "-m", "symbolic", "prepare", raw, "--out", tmp_path / "out", "--workers", "1"]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as running:
        while not list(tmp_path.glob("out/.preparing/*/problems.duckdb")):
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert f"interrupted; {tmp_path / 'out'} is as it was" in errors and "Traceback" not in errors
    assert not (tmp_path / "out").exists()


def test_a_query_can_be_interrupted(tmp_path):
    long = "SELECT count(*) FROM (SELECT DISTINCT hash(range) FROM range(1_000_000_000))"
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        with open_database(tmp_path, Resources(memory_limit="100MB")) as database:
            database.execute(long).fetchone()
    assert not list(tmp_path.iterdir())


def test_leakage_between_files(tmp_path):
    write_problems(tmp_path / "a", [("sub Y' x", "x"), ("sub Y' mul INT+ 2 x", "x"), ("sub Y' cos x", "x")])
    write_problems(tmp_path / "b", [("sub Y' x", "x"), ("sub Y' mul INT- 3 x", "x"), ("sub Y' sin x", "x")] * 2)
    leak = leakage_between(tmp_path / "a", tmp_path / "b")
    assert (leak.problems, leak.exact, leak.skeleton) == (6, 2, 4)
    assert "exact 2 (33.33%) · skeleton 4 (66.67%)" in str(leak)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        leakage_between(tmp_path / "a", tmp_path / "nowhere")


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published files are not beside this checkout")
def test_a_published_file(tmp_path):
    frame, _ = read_problems(PUBLISHED)
    done = prepare([PUBLISHED], tmp_path / "out", name="prim_fwd", valid=100, test=100)
    assert (done.distinct, done.drawn) == (9985, frame["count"].sum())
    assert [leak.skeleton for leak in done.leakage] == [0, 0]


def test_an_interruption_that_comes_as_an_error_of_the_database_is_one(tmp_path):
    """DuckDB wraps what is raised while it reads arrays of Python."""
    with pytest.raises(KeyboardInterrupt):
        with open_database(tmp_path, Resources(memory_limit="100MB")):
            raise duckdb.InvalidInputException("Traceback (most recent call last):\n  ...\nKeyboardInterrupt: ")
