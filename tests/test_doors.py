"""The house keeps its doors: importing a room is cheap, and text is never evaluated."""

import ast
import subprocess
import sys

import pytest

from tests import PROJECT


@pytest.mark.parametrize(
    ("module", "must_not_load"),
    [
        ("symbolic", ("numpy", "sympy", "symengine", "tensorflow", "keras")),
        ("symbolic.__main__", ("numpy", "sympy", "symengine", "tensorflow", "keras")),
        ("symbolic.expressions.infix", ("tensorflow", "keras", "pandas")),
        ("symbolic.problems.production.generate", ("tensorflow", "keras")),
        ("symbolic.verification", ("tensorflow", "keras", "pandas")),
        ("symbolic.seq2seq.models.transformer", ("tensorflow_text", "sympy", "symengine")),
    ],
)
def test_importing_a_room_stays_cheap(module, must_not_load):
    script = f"import sys, {module}; print([m for m in {must_not_load!r} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_no_module_evaluates_text_or_unpickles():
    forbidden = {"eval", "exec", "sympify", "parse_expr", "pickle", "literal_eval", "compile_command"}
    found = []
    for path in [*PROJECT.glob("*.py"), *(PROJECT / "symbolic").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                # Engine objects, not text, go through SymEngine's sympify.
                if name in forbidden and path.name != "engines.py":
                    found.append(f"{path.name}:{node.lineno} {name}")
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None)]
                found += [f"{path.name}:{node.lineno} {name}" for name in names if name in forbidden]
    assert found == []
