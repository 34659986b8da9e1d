"""`python -m symbolic verify FILE`: every line gets a verdict or a reason, in order, and the exit status tells."""

import gzip
import json

import pytest

from symbolic.__main__ import main

RIGHT = ["sub Y' cos x\tsin x", "12|sub Y' Y\tmul a8 exp x", "sub Y' div INT+ 1 x\tln x"]
WRONG = "sub Y' cos x\tcos x"
UNDECIDED = "sub x INT+ 1\tx"
MALFORMED = ["sub Y' cos x", "sub Y' cos x\tsin foo", "sub Y'\tx"]


@pytest.fixture
def file_of(tmp_path):
    def write(lines, name="pairs.txt"):
        path = tmp_path / name
        text = "".join(f"{line}\n" for line in lines)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
        return str(path)

    return write


def verified(capsys, *words):
    status = main(["verify", *words, "--workers", "1"])
    return status, *capsys.readouterr()


@pytest.mark.parametrize("name", ["pairs.txt", "pairs.txt.gz"])
def test_a_file_of_right_answers_ends_with_0(file_of, capsys, name):
    status, out, err = verified(capsys, file_of(RIGHT, name))
    rows = dict(line.split()[:2] for line in out.splitlines())
    assert status == 0
    assert int(rows["proved"]) + int(rows["confirmed"]) == len(RIGHT)
    assert rows["refuted"] == rows["undecided"] == "0"
    assert "3/3" in err  # the bar


def test_what_is_not_solved_is_listed_with_its_line_and_reason_and_ends_with_1(file_of, capsys):
    path = file_of([RIGHT[0], "", WRONG, MALFORMED[1], UNDECIDED])
    status, out, _ = verified(capsys, path)
    assert status == 1
    listed = [line for line in out.splitlines() if line.startswith(path)]
    assert [line.split(":")[1:3] for line in listed] == [
        ["3", " refuted"],
        ["4", " malformed"],
        ["5", " undecided"],
    ]
    assert "residual" in listed[0] and "foo" in listed[1] and "none of Y" in listed[2]


def test_the_list_is_bounded_and_says_how_many_more_there_are(file_of, capsys):
    status, out, _ = verified(capsys, file_of([WRONG] * 30))
    assert status == 1
    assert out.count("refuted: ") == 20 and "and 10 more" in out


def test_json_has_an_object_for_every_line_in_order(file_of, capsys):
    lines = [MALFORMED[0], *RIGHT, MALFORMED[1], WRONG, MALFORMED[2]]
    status, out, err = verified(capsys, file_of(lines), "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 1 and "malformed" in err
    assert [record["line"] for record in records] == [1, 2, 3, 4, 5, 6, 7]
    assert [record["status"] == "malformed" for record in records] == [line in MALFORMED for line in lines]
    assert records[2]["problem"] == "sub Y' Y" and records[2]["answer"] == "mul a8 exp x"
    assert records[2]["evidence"]["general"] is True
    assert records[5]["status"] == "refuted" and records[5]["reason"]


@pytest.mark.parametrize(("lines", "message"), [([], "is empty"), (None, "does not exist")])
def test_a_file_that_cannot_be_judged_ends_with_2(file_of, capsys, lines, message):
    path = "no_such_file" if lines is None else file_of(lines)
    status, out, err = verified(capsys, path)
    assert status == 2 and message in err


def test_a_number_of_workers_that_cannot_be_ends_with_2(file_of, capsys):
    assert main(["verify", file_of(RIGHT), "--workers", "0"]) == 2
    assert "`--workers` must be at least 1. Received: 0." in capsys.readouterr().err
