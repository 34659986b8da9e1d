"""Errors and interruptions of the command line: few words, nothing that a terminal obeys, and the right status."""

import pytest

from symbolic import __main__
from symbolic.__main__ import main


@pytest.mark.parametrize("name", ["\x1b[31mred\x07", "a\x00b", "x" * 4_000_000, "\u202e" * 100_000])
def test_an_error_can_be_read(capsys, tmp_path, name):
    assert main(["prepare", name, "--out", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("symbolic prepare: ") and len(shown) < 3000
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_an_interruption_before_the_command_is_known_is_one_line(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "_parser", interrupted)
    assert main(["integrate", "x"]) == 130
    assert capsys.readouterr().err == "\nsymbolic: interrupted\n"
