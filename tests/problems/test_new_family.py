"""A family of one's own, as an outsider adds it: one module outside the package, and its name on the command line."""

import gzip
import importlib
import itertools
import json
import os
import subprocess
import sys

import pytest

from symbolic.problems.problem import ProblemOptions
from symbolic.problems.splits import skeleton, split_of
from symbolic.problems.tasks import TASKS, file_stem, problems, split_weight
from symbolic.verification import verify
from tests import PROJECT

MODULE = '''
"""Functions to differentiate: from Y - d/dx f(x) = 0 to f'(x)."""

import symengine

from symbolic.algebra.simplification import rebuilt
from symbolic.expressions.engines import differentiate, symengine_to_prefix, to_symengine
from symbolic.problems.families.drawing import draw_operator_count, rejecting
from symbolic.problems.families.trees import tree_sampler
from symbolic.problems.problem import Problem, Rejected


def derivative(options):
    draw_tree = tree_sampler(options)

    def draw(rng):
        tree = draw_tree(rng, draw_operator_count(rng, options, smallest=1))
        with rejecting():
            function = to_symengine(tree)
            slope = rebuilt(differentiate(function, symengine.Symbol("x")))
            equation = ["sub", "Y", "derivative", *symengine_to_prefix(function), "x"]
            solution = symengine_to_prefix(slope)
        if max(len(equation), len(solution)) + 2 > options.max_len:
            raise Rejected("too long")
        return Problem(" ".join(equation), " ".join(solution))

    return draw


def without_a_function(options):
    return Problem("sub Y' x", "x")


def misspelt(options):
    return lambda rng: Problem("sub Y' sinn x", "cos x")


a_lambda = lambda options: derivative(options)
a_number = 3
'''
DERIVATIVE = "my_families:derivative"


@pytest.fixture
def folder(tmp_path):
    """A folder with a person's own module, where they work."""
    (tmp_path / "my_families.py").write_text(MODULE)
    (tmp_path / "unfinished.py").write_text("def derivative(options:\n")
    (tmp_path / "incomplete.py").write_text("import nothing_of_this_name\n")
    return tmp_path


def run(folder, *words):
    """Python in the person's folder, with the project installed as far as it needs to be."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def symbolic(folder, words):
    ran = run(folder, "-m", "symbolic", *words.split())
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def problems_in(path):
    return [line.split("|")[-1].split("\t") for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


def are_derivatives(pairs):
    return all(equation.startswith("sub Y derivative ") for equation, _ in pairs) and all(
        verify(*pair).solved for pair in pairs[:5]
    )


def test_generate_and_prepare(folder):
    words = f"generate --task {DERIVATIVE} --count 200 --shard-size 100 --workers 2 --max-ops 4 --seed 1 --out shards"
    assert "kept: 200, of which 0 by an earlier run" in symbolic(folder, words)
    manifest = json.loads((folder / "shards" / "manifest.json").read_text())
    assert manifest["settings"]["task"] == DERIVATIVE
    assert list(manifest["shards"]) == ["derivative-00000.tsv.gz", "derivative-00001.tsv.gz"]
    first, second = (problems_in(folder / "shards" / name) for name in manifest["shards"])
    assert are_derivatives(first) and are_derivatives(second) and first != second

    assert "kept: 200, of which 200 by an earlier run" in symbolic(folder, words)
    with open(folder / "my_families.py", "a") as module:
        module.write("# another version\n")
    again = run(folder, "-m", "symbolic", *words.split())
    assert again.returncode == 2 and "shards holds problems with other settings (family: 'sha256 " in again.stderr

    symbolic(folder, "prepare shards --valid 1 --test 1 --workers 1 --out set")
    assert {path.name for path in (folder / "set").glob("*.gz")} == {
        f"derivative.{part}.gz" for part in ("train", "valid", "test")
    }
    assert are_derivatives(problems_in(folder / "set" / "derivative.train.gz"))
    assert f"200 of {DERIVATIVE} with seed 1" in (folder / "set" / "README.md").read_text()


def test_dataset(folder):
    words = "--train 40 --valid 2 --test 2 --max-ops 4 --seed 3 --out set"
    symbolic(folder, f"dataset --task {DERIVATIVE} bwd {words}")
    pairs = problems_in(folder / "set" / "bwd_derivative.train.gz")
    own = [pair for pair in pairs if "derivative" in pair[0]]
    assert are_derivatives(own) and 10 < len(own) < len(pairs) == 40
    assert f"--task bwd {DERIVATIVE} " in (folder / "set" / "README.md").read_text()


STREAM = """
import itertools, sys
from symbolic.problems.problem import ProblemOptions
from symbolic.problems.production.stream import stream
options = ProblemOptions(max_ops=4)
drawn = stream({sys.argv[1]: 0.6, "bwd": 0.4}, 5, workers=2, options=options)
for problem in itertools.islice(drawn, 50):
    print(*problem, sep="\\t")
drawn.close()
"""


def test_stream(folder):
    """The module is found from the folder, which a script elsewhere has not on its path."""
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "script.py").write_text(STREAM)
    ran = run(folder, "elsewhere/script.py", DERIVATIVE)
    assert ran.returncode == 0, ran.stderr
    pairs = [line.split("\t") for line in ran.stdout.splitlines()]
    own = [pair for pair in pairs if "derivative" in pair[0]]
    assert are_derivatives(own) and len(own) == 30 and len(pairs) == 50
    assert {split_of(skeleton(equation)) for equation, _ in pairs} == {"train"}


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("bwdd", "unknown task `bwdd`. Did you mean `bwd`? Known: fwd, bwd, ibp, ode1, ode2, textbook, "),
        ("not_there:derivative", "the module `not_there` cannot be imported: ModuleNotFoundError: No module named"),
        ("unfinished:derivative", "the module `unfinished` cannot be imported: SyntaxError: "),
        ("incomplete:derivative", "No module named 'nothing_of_this_name'"),
        ("my_families:derivatives", "has no `derivatives`. Did you mean `derivative`?"),
        ("my_families:a_number", "must be a function that takes options. Received: 3."),
        ("my_families:a_lambda", "must be a function that worker processes can import by its name"),
        ("my_families:without_a_function", "must return a function that draws a problem. Received: Problem("),
        ("my_families:misspelt", "rejected (equation is not in prefix notation, unknown token 10,000)"),
    ],
)
def test_what_is_wrong_with_a_family_is_one_sentence(folder, task, message):
    ran = run(folder, "-m", "symbolic", *f"generate --task {task} --count 10 --out shards".split())
    assert ran.returncode == 2 and message in ran.stderr and "Traceback" not in ran.stderr
    assert sum(line.startswith("symbolic generate: ") for line in ran.stderr.splitlines()) == 1


def test_names_may_hold_colons_before_a_weight():
    for word, parts in {
        "bwd": ("bwd", None),
        "bwd:0.6": ("bwd", "0.6"),
        "a.b:f": ("a.b:f", None),
        "a.b:f:2": ("a.b:f", "2"),
        "bwd:": ("bwd", ""),
        ":1": ("", "1"),
        "bwd:nan": ("bwd", "nan"),
    }.items():
        assert split_weight(word) == parts


def test_files_are_named_without_the_module():
    assert [file_stem(task) for task in ("bwd", "a.b:f")] == ["bwd", "f"]


def test_its_problems_are_right_and_a_wrong_answer_or_the_question_itself_is_not(folder, monkeypatch):
    """By its line in `TASKS`."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setitem(TASKS, "derivative", importlib.import_module("my_families").derivative)
    monkeypatch.delitem(sys.modules, "my_families")
    for equation, solution in itertools.islice(problems("derivative", 0, ProblemOptions(max_ops=4)), 30):
        assert verify(equation, solution).solved
        assert verify(equation, f"add INT+ 1 {solution}").status == "refuted"
        assert verify(equation, equation.removeprefix("sub Y ")).status == "refuted"


def test_a_derivative_by_no_variable_is_no_problem():
    verdict = verify("sub Y derivative sin x INT+ 2", "cos x")
    assert verdict.status == "undecided" and "malformed problem" in verdict.reason
