"""Streams: a fixed order that can be entered anywhere, the weights asked for, and nothing that is held out."""

import contextlib
import itertools
import multiprocessing
import time
from collections import Counter

import pytest

from symbolic.problems.families.backward import backward
from symbolic.problems.problem import Problem, ProblemOptions
from symbolic.problems.production.shards import Shard, draw_shard, run_shards
from symbolic.problems.production.stream import stream, task_pattern
from symbolic.problems.splits import skeleton, split_of
from symbolic.problems.tasks import TASKS
from tests.problems import hostile

SMALL = ProblemOptions(max_ops=3, simplify=0)


def take(count, *args, **options):
    problems = stream(*args, options=SMALL, **options)
    taken = list(itertools.islice(problems, count))
    problems.close()
    return taken


def test_a_stream_is_the_same_with_any_number_of_workers_and_from_any_start(monkeypatch):
    monkeypatch.setitem(TASKS, "other", backward)
    tasks = {"bwd": 0.6, "other": 0.4}
    whole = take(4000, tasks, 3, workers=1)
    assert take(4000, tasks, 3, workers=3) == whole
    for start in (1, 997, 1666, 2503):  # within the first shards, at their ends, and behind them
        assert take(700, tasks, 3, workers=2, start=start) == whole[start : start + 700]
    assert take(4000, tasks, 4) != whole


def test_tasks_and_seeds_have_random_numbers_of_their_own(monkeypatch):
    monkeypatch.setitem(TASKS, "other", backward)
    assert len({tuple(take(50, {task: 1}, seed)) for task in ("bwd", "other") for seed in (0, 1)}) == 4


@pytest.mark.parametrize("tasks", [{"a": 1}, {"a": 0.6, "b": 0.4}, {"b": 5, "c": 3, "a": 1}, {"a": 1, "b": 1e-9}])
def test_tasks_are_mixed_evenly_by_weight(tasks):
    pattern = task_pattern(tasks)
    total = sum(tasks.values())
    for end in range(1, len(pattern) + 1):
        for task, weight in tasks.items():
            assert abs(pattern[:end].count(task) - end * weight / total) <= len(tasks) / 2 + end / 1000
    assert set(pattern) == set(tasks)


def test_a_stream_brings_what_data_sets_have_for_training_and_all_of_it(tmp_path):
    streamed = take(500, {"bwd": 1}, 0)
    assert {split_of(skeleton(equation)) for equation, _ in streamed} == {"train"}
    shard = Shard("bwd", TASKS["bwd"], SMALL, seed=0, number=0, size=500)
    ((_, (lines, _)),) = run_shards(draw_shard, [shard], tmp_path, workers=1)
    drawn = [Problem(*line.split("\t")) for line in lines]
    for_training = [problem for problem in drawn if split_of(skeleton(problem.equation)) == "train"]
    assert 0.8 < len(for_training) / len(drawn) < 1 and streamed[: len(for_training)] == for_training


def test_held_out_problems_do_not_occur_and_the_others_do():
    free = take(3000, {"bwd": 1}, 0)
    common = [equation for equation, _ in Counter(equation for equation, _ in free).most_common(20)]
    held_out = take(3000, {"bwd": 1}, 0, held_out=common)
    assert not {equation for equation, _ in held_out} & set(common)
    remaining = [problem for problem in free if problem.equation not in common]
    assert held_out[:200] == remaining[:200]


def test_held_out_skeletons_do_not_occur_with_any_numbers():
    free = take(1000, {"bwd": 1}, 0)
    common = {text for text, _ in Counter(skeleton(equation) for equation, _ in free).most_common(20)}
    held_out = take(1000, {"bwd": 1}, 0, held_out=common)
    assert not {skeleton(equation) for equation, _ in held_out} & common
    remaining = [problem for problem in free if skeleton(problem.equation) not in common]
    assert held_out[:200] == remaining[:200]


def test_workers_go_on_while_the_stream_is_not_read_but_not_for_ever(tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "leaving traces", hostile.leaving_traces)
    options = ProblemOptions(known_primitives=(str(tmp_path),))
    with contextlib.closing(stream({"leaving traces": 1}, 0, workers=2, options=options)) as problems:
        next(problems)
        while len(list(tmp_path.iterdir())) < 18:
            time.sleep(0.01)
        time.sleep(0.5)
        assert len(list(tmp_path.iterdir())) <= 20


def test_a_closed_stream_leaves_no_process():
    problems = stream({"bwd": 1}, 0, workers=2, options=SMALL)
    next(problems)
    assert multiprocessing.active_children()
    problems.close()
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("tasks", "options", "complaint"),
    [
        ({"bw": 1}, {}, "unknown task `bw`. Did you mean `bwd`"),
        ({}, {}, "at least one task"),
        ({"bwd": 0}, {}, "positive weight"),
        ({"bwd": 1}, {"start": -1}, "`start` must be at least 0. Received: -1"),
        ({"bwd": 1}, {"workers": 0}, "`workers` must be at least 1. Received: 0"),
    ],
)
def test_arguments_that_cannot_be(tasks, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        stream(tasks, 0, **options)
