"""Production: the same bytes whatever happens to the run and its workers, and every lost draw is counted."""

import fcntl
import gzip
import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version

import pytest

from symbolic.problems.families.forward import forward
from symbolic.problems.files import read_problems
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.production.generate import _check_node, _ingredients, generate
from symbolic.problems.production.shards import Shard, draw_shard, run_shards
from symbolic.problems.tasks import TASKS
from tests import PROJECT
from tests.problems import hostile

SMALL = ProblemOptions(max_ops=4, simplify=0)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.tsv.gz")}


def test_shards_and_manifest_agree(tmp_path):
    report = generate(tmp_path, "bwd", 250, seed=1, options=SMALL, shard_size=100)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    frames = {path.name: read_problems(path)[0] for path in sorted(tmp_path.glob("*.gz"))}
    assert [len(frame) for frame in frames.values()] == [100, 100, 50]
    assert list(manifest["shards"]) == list(frames) == [f"bwd-0000{number}.tsv.gz" for number in range(3)]
    for name, entry in manifest["shards"].items():
        assert entry["sha256"] == hashlib.sha256(gzip.decompress((tmp_path / name).read_bytes())).hexdigest()
        for side in ("input", "output"):
            assert entry[f"{side}_tokens"] == frames[name][side].str.split().map(len).sum()
    assert report.kept == sum(len(frame) for frame in frames.values())
    assert report.rejected.total() == sum(sum(entry["rejected"].values()) for entry in manifest["shards"].values()) > 0
    assert report.lengths["output"].total() == 250
    assert {path.name for path in tmp_path.iterdir()} == {*frames, "manifest.json"}


def test_the_number_of_workers_changes_nothing_and_the_seed_everything(tmp_path):
    for name, seed, workers in (("one", 5, 1), ("three", 5, 3), ("other", 6, 3)):
        generate(tmp_path / name, "bwd", 250, seed=seed, options=SMALL, shard_size=50, workers=workers)
    assert len(contents(tmp_path / "one")) == 5
    assert contents(tmp_path / "one") == contents(tmp_path / "three")
    assert not set(contents(tmp_path / "one").values()) & set(contents(tmp_path / "other").values())
    assert len(set(contents(tmp_path / "one").values())) == 5


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_goes_on_to_the_same_bytes(tmp_path, by):
    words = "--task bwd --count 1500 --shard-size 100 --max-ops 6 --simplify 0 --seed 7 --workers 2".split()
    command = [sys.executable, "-m", "symbolic", "generate", *words, "--out", str(tmp_path / "broken")]
    run = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while len(before := contents(tmp_path / "broken")) < 2:  # whatever is visible is whole at any time
        assert all(gzip.decompress(shard).count(b"\n") == 100 for shard in before.values())
        time.sleep(0.01)
    run.kill() if by == signal.SIGKILL else os.killpg(run.pid, by)
    _, said = run.communicate(timeout=30)
    assert run.returncode == (-9 if by == signal.SIGKILL else 130)
    before = contents(tmp_path / "broken")
    assert 2 <= len(before) < 15
    wait_for_the_end_of_group(run.pid)
    if by == signal.SIGINT:
        assert "the same command goes on" in said and "Traceback" not in said
        assert not (tmp_path / "broken" / ".work").exists()

    resumed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60)
    kept_before = int(resumed.stdout.split("of which ")[1].split()[0])
    assert kept_before <= 100 * len(before)
    if by == signal.SIGINT:
        assert kept_before == 100 * len(before)
    options = ProblemOptions(max_ops=6, simplify=0)
    generate(tmp_path / "whole", "bwd", 1500, seed=7, options=options, shard_size=100, workers=2)
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")
    assert before.items() <= contents(tmp_path / "whole").items()


def wait_for_the_end_of_group(group):
    """No worker outlives the run."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("processes are left")


def test_hangs_crashes_and_memory_cost_their_draws_and_are_counted(tmp_path, monkeypatch):
    """The hostile family gives the same problems as its tame twin, which rejects the draws that go wrong."""
    reports = {}
    for family in (hostile.hostile, hostile.tame):
        monkeypatch.setitem(TASKS, "hostile", family)
        folder = tmp_path / family.__name__
        reports[family] = generate(folder, "hostile", 160, seed=3, shard_size=80, workers=2, time_limit=0.1)
    assert reports[hostile.hostile].rejected == reports[hostile.tame].rejected
    assert set(reports[hostile.hostile].rejected) == {"time limit", "crash", "memory limit", "dull"}
    assert contents(tmp_path / "hostile") == contents(tmp_path / "tame")


def test_a_family_starts_anew_in_every_shard(tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "learning", hostile.learning)
    generate(tmp_path, "learning", 6, seed=0, shard_size=3)
    numbers = [read_problems(path)[0]["output"].tolist() for path in sorted(tmp_path.glob("*.gz"))]
    assert numbers == [[f"mul INT+ {number} x" for number in (1, 2, 3)]] * 2


def test_errors_of_a_family_cost_their_draws(tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "faulty", hostile.faulty)
    report = generate(tmp_path, "faulty", 40, seed=0)
    assert report.kept == 40 and set(report.rejected) == {"error IndexError"}


def test_a_run_that_only_loses_draws_ends(tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "deadly", hostile.deadly)
    with pytest.raises(OSError, match=r"20 draws in a row were lost \(crash 20\)"):
        generate(tmp_path, "deadly", 10, seed=0)


def test_a_process_that_ends_before_its_first_draw_costs_nothing(tmp_path):
    folder = tmp_path / "traces"
    folder.mkdir()
    lines = {}
    for family, places in ((hostile.stillborn, (str(folder),)), (hostile.tame, ())):
        shard = Shard("hostile", family, ProblemOptions(known_primitives=places), 3, 0, 60)
        ((_, lines[family]),) = run_shards(draw_shard, [shard], tmp_path, 1)
    assert len(list(folder.iterdir())) == 2
    assert lines[hostile.stillborn] == lines[hostile.tame]


def test_processes_that_never_get_to_a_draw_end_a_run(tmp_path):
    shard = Shard("hostile", hostile.stillborn, ProblemOptions(), 3, 0, 60)
    with pytest.raises(OSError, match="20 processes ended before their first draw, the last one with -11"):
        list(run_shards(draw_shard, [shard], tmp_path, 1))


def test_options_that_reject_everything_end_a_run(tmp_path):
    options = ProblemOptions(max_ops=1, min_ops=1, operators={"sin": 1}, max_len=1)
    with pytest.raises(ValueError, match=r"10,000 draws in a row were rejected \(.*too long"):
        generate(tmp_path, "bwd", 10, seed=0, options=options)
    assert not contents(tmp_path)


def test_other_settings_are_refused_and_extra_workers_are_not(tmp_path):
    generate(tmp_path, "bwd", 20, seed=1, options=SMALL, shard_size=10)
    before = contents(tmp_path)
    with pytest.raises(
        ValueError, match=r"holds problems with other settings \(seed: 1 there, 2 now\). Choose another folder"
    ):
        generate(tmp_path, "bwd", 20, seed=2, options=SMALL, shard_size=10)
    with pytest.raises(ValueError, match=r"settings \(options.max_ops: 4 there, 3 now\)"):
        generate(tmp_path, "bwd", 20, seed=1, options=ProblemOptions(max_ops=3, simplify=0), shard_size=10)
    (tmp_path / "bwd-00001.tsv.gz").unlink()
    report = generate(tmp_path, "bwd", 20, seed=1, options=SMALL, shard_size=10, workers=2)
    assert contents(tmp_path) == before
    assert (report.kept, report.kept_before, report.lengths["input"].total()) == (20, 10, 20)


def test_the_systems_that_integrate_are_settings_even_if_nobody_named_them(tmp_path, monkeypatch):
    options = ProblemOptions(max_ops=3)
    generate(tmp_path / "named", "fwd", 2, seed=1, options=ProblemOptions(max_ops=3, integrators=("sympy",)))
    manifest = json.loads((tmp_path / "named" / "manifest.json").read_text())
    assert manifest["settings"]["integrators"] == {"sympy": version("sympy")}
    with pytest.raises(ValueError, match=r"options.integrators: \['sympy'\] there, \[\] now"):
        generate(tmp_path / "named", "fwd", 2, seed=1, options=options)

    integrators = {}
    for name in ("with_giac", "without"):
        giac = tmp_path / "bin" / "giac"
        if name == "with_giac":  # enough of it to be found and to print its version
            giac.parent.mkdir()
            giac.write_text("#!/bin/sh\necho 9.8.7\n")
            giac.chmod(0o755)
        else:
            giac.unlink()
        monkeypatch.setenv("PATH", str(giac.parent))
        integrators[name] = _ingredients(forward, options)["integrators"]
    assert integrators["with_giac"] == {"giac": "9.8.7"}
    assert "giac" not in integrators["without"] and len(integrators["without"]) == 1
    with pytest.raises(
        ValueError, match="the node .* would make other problems: .*integrators.giac: '9.8.7' here, missing there"
    ):
        _check_node(forward, options, _ingredients(forward, options) | {"integrators": integrators["with_giac"]})
    assert _ingredients(TASKS["bwd"], options)["integrators"] == {}


def test_known_primitives_are_what_is_in_the_files_wherever_they_lie(tmp_path):
    first, second = tmp_path / "a.tsv", tmp_path / "b.tsv"
    for path in (first, second):
        path.write_text("sub Y' mul x cos x\tadd mul x sin x cos x\n")
    made = [
        generate(tmp_path / "out", "ibp", 3, seed=0, options=ProblemOptions(max_ops=4, known_primitives=(str(path),)))
        for path in (first, second)
    ]
    assert [report.kept_before for report in made] == [0, 3]
    first.write_text("sub Y' x\tdiv pow x INT+ 2 INT+ 2\n")
    with pytest.raises(ValueError, match="known_primitives: .'sha256 .* there, .'sha256 .* now"):
        generate(tmp_path / "out", "ibp", 3, seed=0, options=ProblemOptions(max_ops=4, known_primitives=(str(first),)))


def test_known_primitives_that_are_not_there_are_named(tmp_path):
    options = ProblemOptions(max_ops=4, known_primitives=("nowhere.gz",))
    with pytest.raises(OSError, match="`known_primitives` must be files of problems. Received: nowhere.gz .No such"):
        generate(tmp_path / "out", "ibp", 3, seed=0, options=options)
    assert not (tmp_path / "out").exists()


def test_one_run_a_folder(tmp_path):
    with open(tmp_path / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="another run is at work"):
            generate(tmp_path, "bwd", 10, seed=0)


def test_arguments_that_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "local", type("Family", (), {"__module__": "__main__"}))
    for words, complaint in {
        ("bw", 10, 0): "unknown task `bw`. Did you mean `bwd`",
        ("bwd", 0, 0): "`count` must be at least 1. Received: 0",
        ("bwd", 10, -1): "`seed` must be at least 0. Received: -1",
        ("local", 10, 0): "must be a function that worker processes can import by its name",
    }.items():
        with pytest.raises(ValueError, match=complaint):
            generate(tmp_path, *words)
    for value in (0, math.nan, math.inf):
        with pytest.raises(ValueError, match=f"`time_limit` must be positive and finite. Received: {value}"):
            generate(tmp_path, "bwd", 10, 0, time_limit=value)
    assert not list(tmp_path.iterdir())


def test_a_program_on_the_standard_input_needs_no_guard(tmp_path):
    """Workers do not import the main module of the program that starts them."""
    script = (
        "from symbolic.problems.production.generate import generate\n"
        f"print(generate({str(tmp_path)!r}, 'bwd', 10, 0).kept)"
    )
    ran = subprocess.run([sys.executable], input=script, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "10\n"
