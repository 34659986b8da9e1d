"""What holds for the whole package: cheap imports, few modules at the root, text never evaluated, true docstrings."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import PROJECT

PACKAGE = PROJECT / "symbolic"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("numpy", "pandas", "matplotlib", "sympy", "symengine", "flint", "duckdb", "tensorflow", "keras", "jax", "ray")


def loaded_by(program: str, modules=HEAVY) -> list[str]:
    """The modules that a program has loaded at its end, of those given."""
    program += f"\nimport sys\nprint(*[name for name in {modules!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    return ended.stdout.splitlines()[-1].split()


@pytest.mark.parametrize(
    ("module", "must_not_load"),
    [
        ("symbolic", HEAVY),
        ("symbolic.__main__", HEAVY),
        ("symbolic.expressions.infix", ("tensorflow", "keras", "pandas")),
        ("symbolic.algebra.terms", ("tensorflow", "keras", "pandas")),
        ("symbolic.systems.asking", ("tensorflow", "keras", "pandas")),
        ("symbolic.problems.production.generate", ("tensorflow", "keras")),
        ("symbolic.verification", ("tensorflow", "keras", "pandas")),
        ("symbolic.solving.reading", ("tensorflow", "keras", "pandas")),
        ("symbolic.seq2seq.models.transformer", ("tensorflow_text", "sympy", "symengine")),
        ("symbolic.evaluation.plots", ("tensorflow", "keras", "sympy")),
    ],
)
def test_importing_a_module_stays_cheap(module, must_not_load):
    assert loaded_by(f"import {module}", must_not_load) == []


def test_importing_all_of_runtime_stays_cheap():
    names = [f"symbolic.runtime.{path.stem}" for path in (PACKAGE / "runtime").glob("[!_]*.py")]
    assert len(names) > 5 and loaded_by(f"import {', '.join(names)}") == []


def test_the_help_of_every_command_stays_cheap():
    program = (
        "import contextlib, io, re\n"
        "from symbolic.__main__ import main\n"
        "def help_of(*words):\n"
        "    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):\n"
        "        main([*words, '--help'])\n"
        "    return out.getvalue()\n"
        r"commands = re.findall(r'^    ([a-z]+)\b', help_of(), flags=re.MULTILINE)"
        "\nassert {'generate', 'integrate', 'verify', 'evaluate'} <= set(commands)\n"
        "assert all(help_of(command).startswith(f'usage: symbolic {command}') for command in commands)\n"
    )
    assert loaded_by(program) == []


def test_at_the_root_there_are_packages_and_three_modules():
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", "__main__", "solver"}
    folders = {path.parent for path in MODULES}
    assert all((folder / "__init__.py").exists() for folder in folders)


FILES = (".py", ".json", ".jsonl", ".csv", ".txt", ".png", ".gz")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_has_a_docstring_that_names_only_what_there_is(path):
    """Of each `module.name` in a docstring or a comment that begins with a module of ours, the name is there."""
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    for dotted in re.findall(r"`((?:\w+\.)+\w+)`", text):
        if dotted.endswith(FILES):
            continue
        first, *rest = dotted.removeprefix("symbolic.").split(".")
        places = [*PACKAGE.rglob(first), *PACKAGE.rglob(f"{first}.py")]
        assert not places or any(holds(place, rest) for place in places), dotted


def holds(place: Path, names: list[str]) -> bool:
    """Whether a package or module has a name, which may be that of a module with further names in it."""
    if not names:
        return True
    for inner in (place / names[0], place / f"{names[0]}.py"):
        if place.is_dir() and inner.exists():
            return holds(inner, names[1:])
    return names[0] in names_in(place / "__init__.py" if place.is_dir() else place)


def names_in(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if isinstance(node, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
    return names


LIBRARIES = {"TensorFlow": "tensorflow", "Keras": "keras", "SymPy": "sympy", "SymEngine": "symengine", "JAX": "jax"}
DENIES = re.compile(r"(?i)\b(no|not|never)\b[^;]*\bimports?\b|\bimports? no\b")
PACKAGES = [path.parent for path in MODULES if path.name == "__init__.py"]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_imports_nothing_that_its_docstring_denies(package):
    """It may deny libraries, and all packages of the project but those that it names."""
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
    imported = {name for path in package.rglob("*.py") for name in imports_of(path)}
    for sentence in filter(DENIES.search, re.split(r"(?<=\.)\s+", docstring)):
        denied = {module for title, module in LIBRARIES.items() if title in sentence}
        assert not denied & {name.partition(".")[0] for name in imported}, sentence
        if "no other" in sentence:
            ours = {name.split(".")[1] for name in imported if name.startswith("symbolic.")}
            assert ours <= {package.relative_to(PACKAGE).parts[0], *re.findall(r"`(\w+)`", sentence)}, sentence


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return names


def test_no_module_evaluates_text_or_unpickles():
    forbidden = {"eval", "exec", "sympify", "parse_expr", "pickle", "literal_eval", "compile_command"}
    found = []
    for path in [*PROJECT.glob("*.py"), *MODULES]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                # `engines` gives SymEngine's sympify objects of an engine, never text.
                if name in forbidden and path.name != "engines.py":
                    found.append(f"{path.name}:{node.lineno} {name}")
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None)]
                found += [f"{path.name}:{node.lineno} {name}" for name in names if name in forbidden]
    assert found == []
