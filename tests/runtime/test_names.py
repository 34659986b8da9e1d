"""An unknown name is refused with the nearest known name and the list of all."""

from symbolic.runtime.names import did_you_mean, unknown_name


def test_the_nearest_name_and_all_names_are_given():
    error = unknown_name("model", "transfomer", iter(["attention_rnn", "transformer"]))
    assert str(error) == "unknown model `transfomer`. Did you mean `transformer`? Known: attention_rnn, transformer."
    assert isinstance(error, ValueError)


def test_no_name_is_suggested_if_none_is_near():
    assert did_you_mean("xyz", ["adam", "rmsprop"]) == ""
    assert str(unknown_name("model", "xyz", ["adam"])) == "unknown model `xyz`. Known: adam."
