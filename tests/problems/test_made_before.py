"""Shards that version 0.1.0 wrote are read as they are, and today's code draws the same problems from their seed."""

import itertools
import json
from pathlib import Path

import pytest

from symbolic.problems.data_sets.prepared import prepare
from symbolic.problems.files import read_problems
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.production.generate import generate
from symbolic.problems.production.manifest import read_manifest

BEFORE = Path(__file__).parent / "made_before" / "shards"


def texts(folder):
    frames = [read_problems(path)[0] for path in sorted(folder.glob("*.gz"))]
    return list(itertools.chain.from_iterable(frame[["input", "output"]].itertuples(index=False) for frame in frames))


def test_todays_code_draws_the_same_problems(tmp_path):
    generate(tmp_path, "bwd", 60, 4, options=ProblemOptions(max_ops=4), shard_size=30)
    assert texts(tmp_path) == texts(BEFORE) and len(texts(BEFORE)) == 60
    ours, theirs = (json.loads((folder / "manifest.json").read_text()) for folder in (tmp_path, BEFORE))
    assert ours["shards"] == theirs["shards"]


def test_they_become_a_data_set(tmp_path):
    done = prepare([BEFORE], tmp_path, valid=1, test=1)
    assert done.drawn == 60 and "60 of bwd with seed 4" in (tmp_path / "README.md").read_text()


def test_a_run_of_another_version_is_not_gone_on_with():
    assert read_manifest(BEFORE / "manifest.json")["settings"]["count"] == 60
    with pytest.raises(ValueError, match=r"other settings .*symbolic: '0.1.0' there"):
        generate(BEFORE, "bwd", 60, 4, options=ProblemOptions(max_ops=4), shard_size=30)
