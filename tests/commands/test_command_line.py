"""The command line itself: help, versions, what was meant, completion, several questions, a prompt."""

import io
import json
import re
import subprocess
import sys

import pytest

from symbolic import __version__
from symbolic.__main__ import _commands, _parser, _with_signs, main
from symbolic.commands import EXAMPLES
from tests import PROJECT


def test_without_a_command_it_helps(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("usage: symbolic")


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out == f"symbolic {__version__}\n"


@pytest.mark.parametrize(("word", "meant"), [("integral", "integrate"), ("dslove", "dsolve"), ("verfy", "verify")])
def test_an_unknown_command_names_the_nearest(word, meant, capsys):
    assert main([word, "x"]) == 2
    error = capsys.readouterr().err
    assert f"unknown command `{word}`. Did you mean `{meant}`?" in error and "Traceback" not in error


def test_every_command_has_examples_that_parse(capsys):
    commands = _commands(_parser())
    assert set(EXAMPLES) == set(commands)
    for command in commands:
        with pytest.raises(SystemExit):
            main([command, "--help"])
        shown = re.findall(r"^  symbolic (.*)$", capsys.readouterr().out.rpartition("examples:")[2], re.MULTILINE)
        assert shown, command
        for line in shown:
            words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', re.split(" [<>] ", line)[0])]
            assert words[0] == command
            _parser().parse_args(_with_signs(words))


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_a_script_with_every_command(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(command in script for command in _commands(_parser()))


def test_several_questions_are_answered_in_one_process(model_folder, capsys, monkeypatch):
    run = ["--run", str(model_folder), "--beam", "2"]
    assert main(["integrate", "cos(x)", "2t", *run]) == 0
    out = capsys.readouterr().out
    assert "∫ cos(x) dx = sin(x) + C\n" in out and "\n\n∫ 2*t dt = t^2 + C\n" in out
    monkeypatch.setattr("sys.stdin", io.StringIO("cos(x)\n\nfoo(x)\n2x\n"))
    assert main(["integrate", "-", "--json", *run]) == 2
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["question"] for record in records] == ["cos(x)", "foo(x)", "2x"]
    assert records[0]["answer"] == "sin(x)" and "unknown name `foo`" in records[1]["error"]


def test_latex_pictures_and_everything(model_folder, capsys, tmp_path):
    run = ["--run", str(model_folder), "--beam", "2"]
    assert main(["integrate", "cos(x)", "--latex", *run]) == 0
    assert capsys.readouterr().out == "\\int \\cos{\\left(x \\right)}\\,dx = \\sin{\\left(x \\right)} + C\n"
    picture = tmp_path / "curve.png"
    assert main(["integrate", "cos(x)", "--all", "--verbose", "--plot", str(picture), *run]) == 0
    out = capsys.readouterr().out
    assert "tried 2 candidates:" in out and "verdict: proved: the residual" in out and "evidence: " in out
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert main(["integrate", "cos(x)", "--plot", "curve.gif", *run]) == 2
    assert main(["integrate", "cos(x)", "--latex", "--json", *run]) == 2
    assert "choose one" in capsys.readouterr().err


def test_a_prompt_answers_until_it_is_closed(model_folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("cos(x)\nlatex\n2x\nfoo(x)\nhelp\nquit\n2x\n"))
    assert main(["ask", "--run", str(model_folder), "--beam", "2"]) == 0
    out = capsys.readouterr().out
    assert "∫ cos(x) dx = sin(x) + C" in out and "latex is on" in out and "\\int 2 x\\,dx = x^{2} + C" in out
    assert "unknown name `foo`" in out and out.count("x^{2}") == 1


def test_a_differential_equation_is_no_integrand(model_folder, capsys):
    assert main(["integrate", "y' = x", "--run", str(model_folder)]) == 2
    assert "ask `dsolve`" in capsys.readouterr().err


# --- verify -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "answer", "status", "said"),
    [
        ("y' = 2x", "x^2 + C", 0, "right: it solves y' = 2*x (proved as a formula); it is the general solution\n"),
        ("-2x", "-x^2", 0, "right: its derivative is -2*x (proved as a formula)\n"),
        ("\\int_0^1 x^2 dx", "1/2", 1, "wrong: the integral is 0.333333333333333, not 0.500000000000000\n"),
        ("y' = x/y", "y^2 = x^2 + C", 1, "undecided: the answer cannot be read: this is an implicit solution"),
    ],
)
def test_one_pair_is_judged_in_one_sentence(problem, answer, status, said, capsys):
    assert main(["verify", problem, answer, "--time-limit", "30"]) == status
    assert capsys.readouterr().out.startswith(said)


def test_one_pair_as_json(capsys):
    assert main(["verify", "y' = y", "0", "--json", "--time-limit", "30"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (
        record["status"] == "proved" and record["evidence"]["extent"] == "particular" and record["problem"] == "y' = y"
    )


def test_a_problem_that_cannot_be_read_ends_with_2(capsys):
    assert main(["verify", "foo(x)", "x"]) == 2
    assert "unknown name `foo`" in capsys.readouterr().err


LINES = (
    'sub Y\' cos x\tsin x\n2x\tx^2\n{"problem": "y\' = y", "answer": "C e^x"}\n'
    '{"problem": "2x"}\n\n\\int_0^1 x dx\t1/3\n|x|\tx*|x|/2\n'
)
STATUSES = ["proved", "proved", "proved", "malformed", "refuted", "confirmed"]


def statuses(out):
    return [json.loads(line)["status"] for line in out.splitlines()]


def test_pipes_and_process_substitution_are_read(tmp_path):
    (tmp_path / "lines").write_text(LINES, encoding="utf-8")
    verify = f"{sys.executable} -m symbolic verify"
    for command in (
        f"{verify} - --json --workers 1 < {tmp_path}/lines",
        f"cat {tmp_path}/lines | {verify} /dev/stdin --json --workers 1",
        f"{verify} <(cat {tmp_path}/lines) --json --workers 1",
        f"{verify} {tmp_path}/lines --json --workers 1",
    ):
        done = subprocess.run(["bash", "-c", command], cwd=PROJECT, capture_output=True, text=True, timeout=200)
        found = statuses(done.stdout)
        assert found[:5] == STATUSES[:5] and found[5] in ("proved", "confirmed"), (command, done.stderr)
        assert done.returncode == 1 and "malformed" in done.stderr
