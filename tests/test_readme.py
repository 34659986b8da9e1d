"""The README is true: its Python examples give what it says, and the files it names exist."""

import doctest
import re

from tests import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_python_examples_give_what_the_readme_says():
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(code, {}, "README.md", "README.md", 0)
    results = doctest.DocTestRunner().run(test)
    assert results.attempted > 5 and results.failed == 0


def test_every_file_of_the_map_exists():
    room = None
    for line in README.split("## Map of the files")[1].split("```")[1].splitlines():
        names = [word for word in line.split() if word.endswith((".py", "/"))]
        indent = len(line) - len(line.lstrip())
        base = {0: PROJECT, 2: PROJECT / "symbolic", 4: room}[indent]
        for name in names:
            assert (base / name).exists(), line
        if indent == 2 and names[:1] and names[0].endswith("/"):
            room = base / names[0]


def test_every_module_is_on_the_map():
    named = set(README.split("## Map of the files")[1].split("```")[1].split())
    for path in (PROJECT / "symbolic").rglob("*.py"):
        assert path.name in named or path.name == "__init__.py" or path.parent.name == "commands", path


def test_every_linked_file_exists():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (PROJECT / target).exists(), target


def test_no_figure_is_left_to_be_filled_in():
    assert not re.findall(r"@[A-Z0-9]+@", README)
