"""Conversions are exact inverses on published lines, where these lie beside the repository."""

import pytest

from symbolic.expressions.exchange import from_sympy, to_sympy
from symbolic.expressions.infix import from_infix, to_infix
from symbolic.expressions.notation import is_prefix
from symbolic.expressions.prefix import from_prefix, prefix_text
from tests import SHARED_DATA

FILES = [
    "published_fwd.valid",
    "published_ode1.head",
    "reference_bwd.tsv",
    "reference_fwd.tsv",
    "reference_ode1.tsv",
    "reference_ode2.tsv",
]


def assert_exact(name, step):
    """Round trips of both sides of every `step`-th line; a file without a failure passes."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip("the published data does not lie beside the repository")
    lines = path.read_text(encoding="utf-8").splitlines()[::step]
    failed = []
    for line in lines:
        for prefix in line.split("|")[-1].split("\t"):
            tree = from_prefix(prefix)
            assert is_prefix(prefix.split())
            exact = {
                "tree": prefix_text(tree) == prefix,
                "SymPy": prefix_text(from_sympy(to_sympy(tree))) == prefix,
                "infix": from_infix(to_infix(tree)) == tree,
            }
            failed += [f"{route}: {prefix}" for route, ok in exact.items() if not ok]
    assert lines and not failed, f"{len(failed)} conversions of {len(lines)} lines are not exact:\n" + failed[0]


@pytest.mark.parametrize("name", FILES)
def test_a_sample_of_the_published_lines_round_trips(name):
    assert_exact(name, step=23)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_published_line_round_trips(name):
    assert_exact(name, step=1)
