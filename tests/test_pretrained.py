"""The shipped model: small, found without being named, able to answer, and described by a card."""

import re
import shlex

import pytest

from symbolic.__main__ import main
from symbolic.solver import PRETRAINED, dsolve, integrate

CARD = (PRETRAINED / "README.md").read_text(encoding="utf-8")


def test_the_folder_is_small_and_its_card_tells_of_training_figures_and_limits():
    assert sum(path.stat().st_size for path in PRETRAINED.iterdir()) < 30 * 2**20
    for heading in ("## Training", "## What it solves", "## Limits"):
        assert heading in CARD
    assert "solve rate" in CARD and "Not measured yet" not in CARD


@pytest.mark.parametrize("command", re.findall(r"^    symbolic (.*)$", CARD, re.MULTILINE))
def test_the_commands_of_its_card_print_verified_answers(command, capsys):
    assert main(shlex.split(command)) == 0
    assert re.search(r"^found by .*; proved: ", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("integrand", ["x*cos(x)", "x^2", "1/x", "cos(x)*exp(sin(x))", "ln(x)"])
def test_it_integrates_what_a_textbook_begins_with(integrand):
    assert integrate(integrand).verdict.solved


def test_it_solves_a_differential_equation_in_general():
    assert dsolve("x*y' - y = 0").verdict.general
