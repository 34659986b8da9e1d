"""Learning rates at the beginning, at the end of the warm-up and at the end."""

import keras
import pytest

from symbolic.seq2seq.schedules import WarmupSchedule


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        (WarmupSchedule(2.0, 10), {0: 0.0, 5: 1.0, 10: 2.0, 1000: 2.0}),
        (WarmupSchedule(2.0), {0: 2.0, 7: 2.0}),
        (WarmupSchedule(2.0, 10, "inverse_square_root"), {0: 0.0, 5: 1.0, 10: 2.0, 40: 1.0, 1000: 0.2}),
        (WarmupSchedule(2.0, 10, "cosine", 110), {0: 0.0, 5: 1.0, 10: 2.0, 60: 1.0, 110: 0.0, 200: 0.0}),
        (WarmupSchedule(2.0, decay="cosine", total_steps=100), {0: 2.0, 50: 1.0, 100: 0.0}),
        (WarmupSchedule(2.0, 10, "linear", 110), {0: 0.0, 5: 1.0, 10: 2.0, 35: 1.5, 85: 0.5, 110: 0.0, 200: 0.0}),
        (WarmupSchedule(2.0, decay="linear", total_steps=100), {0: 2.0, 50: 1.0, 100: 0.0}),
    ],
)
def test_values_and_serialisation(schedule, values):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    for step, value in values.items():
        assert float(schedule(step)) == pytest.approx(value, abs=1e-6)
        assert float(copy(step)) == float(schedule(step))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"decay": "quadratic"}, "decay"),
        ({"decay": "linear"}, "total_steps"),
        ({"decay": "inverse_square_root"}, "warmup_steps"),
        ({"decay": "cosine"}, "total_steps"),
        ({"decay": "cosine", "warmup_steps": 10, "total_steps": 10}, "total_steps"),
    ],
)
def test_steps_that_do_not_fit_are_refused(arguments, name):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        WarmupSchedule(1.0, **arguments)
