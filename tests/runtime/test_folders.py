"""A folder begun with other settings is not taken up again, and the error names what differs."""

import json

import pytest

from symbolic.runtime.folders import check_same_settings, differences


def test_settings_are_compared_as_json_stores_them():
    now = {"sizes": (1, 2), "weights": {"bwd": 1.0}, "seed": 0, "name": None}
    assert differences(json.loads(json.dumps(now)), now) == []


def test_every_difference_is_named_with_both_values():
    there, now = {"seed": 0, "task": "bwd", "name": None}, {"seed": 1, "task": "bwd", "size": 3}
    assert differences(there, now) == [
        "seed: 0 there, 1 now",
        "size: missing there, 3 now",
        "name: None there, missing now",
    ]
    assert differences({"seed": 0}, {"seed": 1}, ("was", "is now")) == ["seed: 0 was, 1 is now"]


def test_a_folder_with_other_settings_is_refused(tmp_path):
    check_same_settings(tmp_path, "this trial", {"seed": 0}, {"seed": 0})
    with pytest.raises(ValueError, match=r"holds this trial with other settings \(seed: 0 there, 1 now\)"):
        check_same_settings(tmp_path, "this trial", {"seed": 0}, {"seed": 1})
