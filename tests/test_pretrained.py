"""What ships: a model within its size that answers without being told where it is, and a card that says what it is."""

import re

import pytest

from symbolic.solver import PRETRAINED, dsolve, integrate


def test_the_folder_is_small_and_has_a_card():
    assert sum(path.stat().st_size for path in PRETRAINED.iterdir()) < 30 * 2**20
    card = (PRETRAINED / "README.md").read_text(encoding="utf-8")
    for heading in ("## Training", "## What it solves", "## Limits"):
        assert heading in card
    assert re.search(r"solve rate", card) and "Not measured yet" not in card


@pytest.mark.parametrize("integrand", ["x*cos(x)", "x^2", "1/x", "cos(x)*exp(sin(x))", "ln(x)"])
def test_it_integrates_what_a_textbook_begins_with(integrand):
    assert integrate(integrand).verdict.solved


def test_it_solves_a_differential_equation_in_general():
    assert dsolve("x*y' - y = 0").verdict.general
