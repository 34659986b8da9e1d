"""Objects named as `my_package.my_module:name`, and one sentence for whatever is wrong with such a name."""

import sys

import pytest

from symbolic.runtime.imports import imported, is_import_name


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with modules of a person's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "of_my_own.py").write_text("class Mine:\n    pass\n", encoding="utf-8")
    (tmp_path / "unfinished.py").write_text("def f(:\n", encoding="utf-8")
    (tmp_path / "incomplete.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    yield tmp_path
    for name in ("of_my_own", "unfinished", "incomplete"):
        sys.modules.pop(name, None)


def test_modules_of_the_current_folder_are_found(folder):
    mine = imported("thing", "of_my_own:Mine")
    assert mine.__name__ == "Mine" and mine is imported("thing", "of_my_own:Mine")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("of_my_own", "thing must be named as `my_package.my_module:name`. Received: `of_my_own`."),
        ("of_my_own:Mein", "has no `Mein`. Did you mean `Mine`?"),
        ("not_there:Mine", "`not_there` cannot be imported: ModuleNotFoundError: No module named 'not_there'"),
        ("incomplete:Mine", "`incomplete` cannot be imported: ModuleNotFoundError: No module named 'nothing_of_this_"),
        ("unfinished:Mine", r"`unfinished` cannot be imported: SyntaxError: .*unfinished.py, line 1"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(folder, name, message):
    with pytest.raises(ValueError, match=message) as caught:
        imported("thing", name)
    assert "\n" not in str(caught.value)


def test_only_identifiers_make_a_name():
    assert is_import_name("a.b_1:C") and is_import_name("a:f")
    for name in ("", ":", "a:", ":f", "a.:f", "a..b:f", "a:b.c", "a:b:c", "../a:f", "a b:f", "a"):
        assert not is_import_name(name)
