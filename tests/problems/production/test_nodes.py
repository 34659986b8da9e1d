"""Ray clusters of several nodes on this machine: the same bytes as without one, whichever node dies on the way."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from symbolic.problems.data_sets.prepared import prepare
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.production.generate import generate
from symbolic.problems.tasks import TASKS
from symbolic.runtime import cluster as ray_cluster
from tests import PROJECT
from tests.problems import hostile

ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: E402

SMALL = ProblemOptions(max_ops=4, simplify=0)
MINE = "def mine(options):\n    return ours.backward(options)\n"
NODE = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
# A dead node is to be noticed soon; in earnest Ray gives it half a minute.
SOON = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}


@pytest.fixture(scope="module")
def nodes():
    """A cluster of two nodes with a core each, to which programs connect by RAY_ADDRESS, and its temporary folder."""
    folder = Path(tempfile.mkdtemp())  # pytest's own would be too long for the names of sockets
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TMPDIR", str(folder))  # of the nodes; this process has chosen its own by now
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        environment.setenv("PYTHONPATH", str(PROJECT))  # every node can import the project
        cluster = Cluster(initialize_head=True, head_node_args={**NODE, "_system_config": SOON})
        cluster.add_node(**NODE)
        environment.setenv("RAY_ADDRESS", cluster.address)
        ray.init(log_to_driver=False)
        yield cluster, folder
        ray.shutdown()
        cluster.shutdown()
    shutil.rmtree(folder)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.gz")}


def added_node(cluster):
    """A third node, with a process that waits for work."""
    node = cluster.add_node(**NODE)
    there = NodeAffinitySchedulingStrategy(node.node_id, soft=False)
    ray.get(ray.remote(scheduling_strategy=there)(lambda: os.getpid()).remote())
    return node


def shards_under_way(folder):
    return list(folder.glob("symbolic-shard-*"))


def test_nodes_draw_from_a_family_of_ones_own_if_they_find_its_module(nodes, tmp_path):
    """They look where they find this project, and in the folder in which the command was given."""
    (tmp_path / "elsewhere").mkdir()
    for name in ("my_family_here.py", "elsewhere/my_family_there.py"):
        (tmp_path / name).write_text("from symbolic.problems.families import backward as ours\n\n" + MINE)
    script = "import sys; sys.path.append('elsewhere'); from symbolic.__main__ import main; sys.exit(main())"

    def ran(module, engine):
        words = f"generate --task {module}:mine --count 40 --shard-size 20 --max-ops 4 --out {module}-{engine}".split()
        command = [sys.executable, "-c", script, *words, "--engine", engine]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)

    for engine in ("ray", "local"):
        assert ran("my_family_here", engine).returncode == 0
    assert len(contents(tmp_path / "my_family_here-ray")) == 2
    assert contents(tmp_path / "my_family_here-ray") == contents(tmp_path / "my_family_here-local")
    lost = ran("my_family_there", "ray")
    assert lost.returncode == 2 and "Traceback" not in lost.stderr
    assert "a node cannot unpack its task (No module named 'my_family_there'): it needs the same modules" in lost.stderr


def test_a_cluster_prepares_the_same_files(nodes, tmp_path):
    generate(tmp_path / "raw", "bwd", 600, seed=2, options=SMALL, shard_size=300)
    with open(tmp_path / "raw" / "more.tsv", "w") as file:
        file.writelines(f"sub Y' mul INT+ {n} x\tx\n" for n in range(1, 10) for _ in range(20))
        file.write("sub Y' sinn x\tx\n")
    for engine in ("local", "ray"):
        done = prepare([tmp_path / "raw"], tmp_path / engine, name="a", valid=5, test=5, workers=None, engine=engine)
        assert sum(report.bad["unknown token"] for report in done.files) == 1
    assert len(contents(tmp_path / "local")) == 3
    assert contents(tmp_path / "local") == contents(tmp_path / "ray")


def test_a_node_that_dies_costs_nothing(nodes, tmp_path, monkeypatch):
    """Draws that hang, crash or eat memory are lost as they are without a cluster, and no others."""
    cluster, temporary = nodes
    monkeypatch.setitem(TASKS, "hostile", hostile.hostile)
    words = {"task": "hostile", "count": 240, "seed": 3, "shard_size": 40, "time_limit": 0.1}
    victim = added_node(cluster)
    seen = []

    def kill():
        while len(shards_under_way(temporary)) < 3:  # one on each node
            time.sleep(0.01)
        seen.append(len(contents(tmp_path / "ray")))
        cluster.remove_node(victim, allow_graceful=False)

    threading.Thread(target=kill, daemon=True).start()
    by_cluster = generate(tmp_path / "ray", **words, workers=None, engine="ray")
    assert seen and seen[0] < 6
    alone = generate(tmp_path / "local", **words, workers=2)
    assert len(contents(tmp_path / "local")) == 6
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert by_cluster.rejected == alone.rejected and set(alone.rejected) >= {"time limit", "crash", "dull"}
    assert (by_cluster.kept, by_cluster.lengths) == (alone.kept, alone.lengths)


@pytest.mark.slow
def test_a_node_that_dies_during_a_preparation_costs_nothing(nodes, tmp_path, monkeypatch):
    """What it had computed and not handed over is computed again: batches of this size stay on their node till then."""
    cluster, _ = nodes
    lines = [f"sub Y' mul INT+ {' '.join(str(number))} x\tx\n" for number in range(1, 9000)]
    (tmp_path / "raw.tsv").write_text("".join(lines + lines[::7]))
    words = {"name": "a", "valid": 50, "test": 50, "split": "exact", "workers": 6}
    monkeypatch.setattr("symbolic.problems.data_sets.database._BATCH", 800)
    victim, by_node = added_node(cluster), []

    def mapped(function, items, workers):
        def slowly(item):
            time.sleep(0.2)  # so that every node gets work
            return ray.get_runtime_context().get_node_id(), function(item)

        for node, result in work(slowly, items, workers):
            by_node.append(node)
            if node == victim.node_id and by_node.count(node) == 1:
                cluster.remove_node(victim, allow_graceful=False)
            yield result

    work = ray_cluster.mapped
    monkeypatch.setattr(ray_cluster, "mapped", mapped)
    prepare([tmp_path / "raw.tsv"], tmp_path / "ray", **words, engine="ray")
    assert 1 <= by_node.count(victim.node_id) < len(by_node) == 13
    prepare([tmp_path / "raw.tsv"], tmp_path / "local", **words)
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


@pytest.mark.slow
def test_errors_on_a_node_are_told_here(nodes, tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "deadly", hostile.deadly)
    with pytest.raises(OSError, match=r"20 draws in a row were lost \(crash 20\)"):
        generate(tmp_path / "deadly", "deadly", 10, seed=0, engine="ray")


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_bytes(nodes, tmp_path):
    _, temporary = nodes
    left = set(shards_under_way(temporary))
    words = "--task bwd --count 2400 --shard-size 100 --max-ops 6 --simplify 0 --seed 7 --engine ray".split()
    command = [sys.executable, "-m", "symbolic", "generate", *words, "--out", str(tmp_path / "broken")]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as run:
        while len(contents(tmp_path / "broken")) < 2:
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "the same command goes on" in said and "Traceback" not in said
    before = contents(tmp_path / "broken")
    assert 2 <= len(before) < 24
    assert not (tmp_path / "broken" / ".work").exists()
    assert set(shards_under_way(temporary)) == left

    options = ProblemOptions(max_ops=6, simplify=0)
    again = generate(tmp_path / "broken", "bwd", 2400, seed=7, options=options, shard_size=100, workers=2)
    assert again.kept_before == 100 * len(before)
    generate(tmp_path / "whole", "bwd", 2400, seed=7, options=options, shard_size=100, workers=2)
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def test_without_ray_one_sentence_tells_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # an import of it fails
    with pytest.raises(ValueError, match='the engine `ray` needs the package ray: pip install "ray'):
        generate(tmp_path / "out", "bwd", 10, seed=0, engine="ray")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match="unknown engine `rai`. Did you mean `ray`?"):
        generate(tmp_path / "out", "bwd", 10, seed=0, engine="rai")


def test_an_address_where_nobody_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(OSError, match="no cluster answers at RAY_ADDRESS=127.0.0.1:1: "):
        generate(tmp_path / "out", "bwd", 10, seed=0, engine="ray")
    assert not (tmp_path / "out").exists()


def test_ray_is_imported_only_for_a_cluster():
    script = "import sys, symbolic.problems.data_sets.prepared; print('ray' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert loaded.stdout == "False\n"
