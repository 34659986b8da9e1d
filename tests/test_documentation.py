"""README and documentation are true: examples give what they show, commands parse, links and maps hold."""

import ast
import contextlib
import doctest
import importlib
import io
import re
import shlex

import pytest

from symbolic.__main__ import _parser, _with_signs, main
from symbolic.expressions.tokens import TOKENS
from tests import PROJECT

README = PROJECT / "README.md"
PAGES = [README, *sorted((PROJECT / "docs").glob("*.md"))]
_BLOCK = re.compile(
    r"^```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


def named(paths):
    return {"argvalues": paths, "ids": [path.stem for path in paths]}


def blocks(page):
    """The code blocks of a page, as (language, title, text)."""
    return [match.group("language", "title", "text") for match in _BLOCK.finditer(page.read_text(encoding="utf-8"))]


# --- Python -----------------------------------------------------------------------------------------------------------

WITH_EXAMPLES = [page for page in PAGES if any(">>> " in text for *_, text in blocks(page))]


@pytest.mark.parametrize("page", **named(WITH_EXAMPLES))
def test_python_examples_give_what_the_page_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "data").symlink_to(PROJECT / "data")
    for _, title, text in blocks(page):
        if title:  # a file that the examples import
            (tmp_path / title).write_text(text, encoding="utf-8")
    code = "\n".join(text for language, title, text in blocks(page) if language == "python" and not title)
    test = doctest.DocTestParser().get_doctest(code, {}, page.name, str(page), 0)
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
    assert results.attempted and not results.failed


FILES = [(page, title, text) for page in PAGES for _, title, text in blocks(page) if title]


@pytest.mark.parametrize("page, title, text", FILES, ids=[title for _, title, _ in FILES])
def test_files_import_what_there_is(page, title, text):
    """Also those that no example runs, since they need packages of others."""
    for node in ast.walk(ast.parse(text, title)):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] in ("symbolic", "run_model_train"):
            module = importlib.import_module(node.module)
            assert all(hasattr(module, name.name) for name in node.names), ast.unparse(node)


def test_most_pages_have_examples():
    assert {"README", "answering", "trials", "data", "evaluating", "extending"} <= {page.stem for page in WITH_EXAMPLES}


# --- commands ---------------------------------------------------------------------------------------------------------

# A line that begins with one of our commands, after a prompt, variables that are set for it, or srun.
_COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S* |srun (?:--\S+ )*)*(?P<command>(?:symbolic|python) .*)$", re.MULTILINE)


def commands(page):
    """The shell commands of a page, each as words."""
    for language, title, text in blocks(page):
        if language in ("", "console", "bash") and not title:
            for match in _COMMAND.finditer(re.sub(r"\\\n\s*", "", text)):
                words = shlex.split(match["command"], comments=True)
                yield [re.sub(r"\$(\{[^}]*\}|\w+)", "1", word) for word in words]  # variables


@pytest.mark.parametrize("page", **named([page for page in PAGES if any(commands(page))]))
def test_commands_parse(page):
    for words in commands(page):
        if words[:2] == ["python", "-m"] and words[2].startswith("benchmarks."):
            assert (PROJECT / words[2].replace(".", "/")).with_suffix(".py").exists(), words
        else:
            _parser().parse_args(_with_signs(_arguments(words)))


def _arguments(words):
    """What `symbolic` gets, however it is called."""
    for program, before in (
        (["symbolic"], []),
        (["python", "-m", "symbolic"], []),
        (["python", "run_model_train.py"], ["train"]),
    ):
        if words[: len(program)] == program:
            return before + words[len(program) :]
    if words[:2] == ["python", "-c"] and "symbolic.__main__" in words[2]:
        return words[3:]
    raise AssertionError(words)


CONSOLE = [
    (page, *example.split("\n", maxsplit=1))
    for page in PAGES
    for language, _, text in blocks(page)
    if language == "console"
    for example in text.removeprefix("$ ").split("\n$ ")
]


@pytest.mark.parametrize(
    "page, command, shown", CONSOLE, ids=[f"{page.stem}: {command}" for page, command, _ in CONSOLE]
)
def test_shown_answers_are_what_the_command_prints(page, command, shown):
    program, *words = shlex.split(command)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = main(words)

    def without_scores(text):  # these may differ in their last digits elsewhere
        return re.sub(r"-?\d+\.\d\d(?=  \w)", "SCORE", text.strip())

    assert program == "symbolic" and without_scores(printed.getvalue()) == without_scores(shown)
    assert status == (1 if shown.startswith(("no ", "wrong", "undecided")) or " is not elementary" in shown else 0)


def test_the_glossary_shows_the_ball_of_the_readme():
    """The readme's is compared with what the command prints."""
    balls = [re.findall(r"\[-?[\d.]+ \+/- [\d.e-]+\]", page.read_text(encoding="utf-8")) for page in PAGES]
    assert len({ball for found in balls for ball in found}) == 1 and sum(map(bool, balls)) >= 2


# --- names ------------------------------------------------------------------------------------------------------------


def anchors(page):
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    text = re.sub(_BLOCK, "", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", **named([*PAGES, PROJECT / "results" / "README.md", PROJECT / "results" / "LOG.md"]))
def test_links_name_what_is_there(page):
    for target in re.findall(r"\]\(([^)]+)\)", re.sub(_BLOCK, "", page.read_text(encoding="utf-8"))):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            file = page.parent / path if path else page
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), target


def test_the_readme_is_short_and_begins_with_its_two_commands():
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    first = next(text for *_, text in blocks(README))
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make run", "make test"]


def test_the_map_names_every_module_and_nothing_else():
    (map_of_files,) = (
        text for *_, text in blocks(PROJECT / "docs" / "architecture.md") if "run_model_train.py " in text
    )
    folders, on_the_map = {}, set()
    for line in map_of_files.splitlines():
        name, _, words = line.strip().partition(" ")
        depth = (len(line) - len(line.lstrip())) // 2
        path = folders[depth] = folders.get(depth - 1, PROJECT) / name
        assert path.exists() and words.strip(), line
        on_the_map.add(path)
    modules = {path for path in (PROJECT / "symbolic").rglob("*.py") if path.name != "__init__.py"}
    assert modules <= on_the_map, modules - on_the_map


def test_the_token_table_is_that_of_the_code():
    page = (PROJECT / "docs" / "data.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (\d) \| `([^`]+)` \|", page, re.MULTILINE)
    listed = [(token, kind, int(arity)) for kind, arity, tokens in rows for token in tokens.split()]
    assert sorted(listed) == sorted((token.spelling, token.kind, token.arity) for token in TOKENS.values())


def test_the_glossary_is_in_alphabetical_order():
    words = re.findall(r"^### (.*)$", (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(words) > 20 and words == sorted(words, key=str.lower)
