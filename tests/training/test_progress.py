"""The time left counts all trials, and the first epoch of each apart."""

from symbolic.training import progress
from symbolic.training.progress import RunProgress


def test_the_time_left_is_that_of_all_trials(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    run = RunProgress({"a": 3, "b": 3})
    for trial in ("a", "b"):
        run.begin(trial)
        for epoch, seconds in enumerate((100, 10, 10)):  # the first one compiles
            run.on_epoch_begin(epoch)
            now[0] += seconds
            run.on_epoch_end(epoch)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line]
    assert lines == [
        "a (1 of 2)",
        "trial 1 of 2, epoch 2 of 3: about 2 min of training left for all trials",  # 10 + 100 + 10 + 10
        "trial 1 of 2, epoch 3 of 3: about 2 min of training left for all trials",  # 120
        "b (2 of 2)",
        "trial 2 of 2, epoch 1 of 3: about 20 s of training left for all trials",
        "trial 2 of 2, epoch 2 of 3: about 10 s of training left for all trials",
    ]
