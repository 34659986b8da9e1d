"""Files of problems: what is written is read, in both layouts; every fault of a file is named."""

import bz2
import gzip
import logging
import lzma

import duckdb
import pytest

from symbolic.problems.data_sets.leakage import leakage_between
from symbolic.problems.files import (
    ProblemFiles,
    find_data_files,
    parse_line,
    read_data_folder,
    read_problems,
    write_problems,
)
from symbolic.runtime.lines import BadLine
from tests import SHARED_DATA

GOOD = [
    ("sub Y' x", "mul div INT+ 1 INT+ 2 pow x INT+ 2"),
    ("sub Y' cos x", "sin x"),
    ("sub Y' INT- 1 2", "mul INT- 1 2 x"),
]


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def lines(pairs=GOOD):
    return "".join(f"{source}\t{target}\n" for source, target in pairs)


def pairs(frame):
    return list(frame[["input", "output"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("name", ["a.train", "a.train.gz"])
def test_what_is_written_is_read(tmp_path, name):
    write_problems(tmp_path / name, GOOD)
    frame, report = read_problems(tmp_path / name)
    assert pairs(frame) == GOOD
    assert list(frame["count"]) == [1, 1, 1] and list(frame["line"]) == [1, 2, 3]
    assert (report.kept, report.bad.total(), report.examples) == (3, 0, [])


def test_gzip_bytes_hold_neither_time_nor_name(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_problems(tmp_path / name, GOOD)
    data = (tmp_path / "a.gz").read_bytes()
    assert data == (tmp_path / "b.gz").read_bytes()
    assert data[3] == 0 and data[4:8] == bytes(4)  # no name among the flags, no time
    assert gzip.decompress(data).decode() == lines()


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.train"
    write_problems(path, GOOD[:1])

    def failing():
        yield GOOD[1]
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_problems(path, failing())
    assert path.read_text() == lines(GOOD[:1])
    assert list(tmp_path.iterdir()) == [path]


def test_parquet_is_read_and_a_line_break_in_a_text_is_one_bad_line(tmp_path):
    rows = [*GOOD[:2], ("sub Y' x", "x\nx"), ("sub Y' x", None), GOOD[2]]
    connection = duckdb.connect()
    connection.execute("CREATE TABLE problems (output VARCHAR, input VARCHAR)")
    connection.executemany("INSERT INTO problems (input, output) VALUES (?, ?)", rows)
    connection.execute(f"COPY problems TO '{tmp_path / 'a.train.parquet'}'")
    frame, report = read_problems(tmp_path / "a.train.parquet", max_bad_share=0.5)
    assert pairs(frame) == GOOD and list(frame["line"]) == [1, 2, 5]
    assert report.bad == {"unknown token": 1, "empty output": 1}


@pytest.mark.parametrize("name", ["a*.parquet", "a?.parquet", "[ab].parquet"])
def test_the_name_of_a_parquet_file_is_no_pattern(tmp_path, name):
    for other, output in (("aa.parquet", "sin x"), ("a.parquet", "cos x"), (name, "x")):
        duckdb.sql(
            f"COPY (SELECT 'sub Y'' x' AS input, '{output}' AS output) TO '{tmp_path / 'made'}' (FORMAT parquet)"
        )
        (tmp_path / "made").rename(tmp_path / other)
    frame, _ = read_problems(tmp_path / name)
    assert pairs(frame) == [("sub Y' x", "x")]


def test_problem_files_give_the_first_problems_and_take_turns(tmp_path):
    first, second = tmp_path / "a.train", tmp_path / "b.train"
    write(first, lines(GOOD))
    write(second, f"no tab\n{lines(GOOD[1:2])}")
    assert pairs(ProblemFiles((first,)).head(2)) == GOOD[:2]
    files = ProblemFiles((first, second), max_bad_share=0.6)
    assert pairs(files.frame()) == [GOOD[0], GOOD[1], GOOD[1], GOOD[2]]
    for n in range(6):
        assert pairs(files.head(n)) == pairs(files.frame())[:n]
    with pytest.raises(ValueError, match="1 of 2 lines are bad"):
        ProblemFiles((first, second)).frame()


def test_counts_are_read(tmp_path):
    path = write(tmp_path / "a.valid", f"548021|{lines()}")
    frame, _ = read_problems(path)
    assert list(frame["count"]) == [548021, 1, 1]
    assert pairs(frame) == GOOD


def test_blank_lines_and_windows_line_ends_are_harmless(tmp_path):
    path = tmp_path / "a.valid"
    path.write_bytes(("\ufeff" + lines() + "\n").replace("\n", "\r\n").encode())
    frame, report = read_problems(path)
    assert pairs(frame) == GOOD and not report.bad


BAD = {
    "sub Y' x": ("not one tab", "0 found"),
    "sub Y' x\tx\tx": ("not one tab", "2 found"),
    "\tx": ("empty input", "before the tab"),
    "sub Y' x\t": ("empty output", "after the tab"),
    "0|sub Y' x\tx": ("bad count", "`0` found"),
    "many|sub Y' x\tx": ("bad count", "`many` found"),
    "|sub Y' x\tx": ("bad count", "`` found"),
    f"{'9' * 5000}|sub Y' x\tx": ("bad count", "found"),
    "sub Y' sinn x\tx": ("unknown token", "in the input, .* at token 2 `sinn`: .* did you mean `sin`"),
    "sub Y' x\tmul x": ("incomplete", "in the output, incomplete at the end: operand 2 of 2 of `mul`"),
    "sub Y' x\tsin x x": ("trailing tokens", "in the output, .* at token 2 `x`"),
    "sub Y' x\t2": ("stray digit", "token 0 `2`"),
    "sub Y' x\tINT+ 0 2": ("integer not canonical", "token 0"),
    "sub Y' x\tsin  x": ("unknown token", "token 1 ``"),
    f"sub Y' x\t{'x ' * 65_533}x": ("too long", "a text has at most 65,533 tokens, 65,534 found"),
    f"sub Y' x\t{'sin ' * 300}x": ("too deep", "token 256 `sin`"),
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_is_named(line):
    reason, message = BAD[line]
    with pytest.raises(BadLine, match=message) as caught:
        parse_line(line)
    assert caught.value.reason == reason


def test_bad_lines_are_counted_and_the_first_of_each_reason_shown_with_their_place(tmp_path):
    bad = ["sub Y' sinn x\tx"] * 5 + ["no tab"]
    path = write(tmp_path / "a.train", lines() + "\n".join(bad) + "\n" + lines())
    frame, report = read_problems(path, max_bad_share=0.5)
    assert pairs(frame) == GOOD + GOOD
    assert list(frame["line"]) == [1, 2, 3, 10, 11, 12]
    assert report.bad == {"unknown token": 5, "not one tab": 1}
    assert [example.split(": ")[0] for example in report.examples] == [f"{path}:{n}" for n in (4, 5, 6, 9)]
    assert "kept 6 · unknown token 5 · not one tab 1" in str(report)


def test_more_bad_lines_than_allowed_stop_the_load(tmp_path):
    path = write(tmp_path / "a.train", lines(GOOD * 33) + "sub Y' x\n")
    assert read_problems(path)[1].bad.total() == 1  # 1 of 100 is allowed
    write(path, lines(GOOD * 33) + "sub Y' x\n" * 2)
    with pytest.raises(
        ValueError, match=r"2 of 101 lines are bad, more than the 0\.01 allowed.*--max-bad-lines"
    ) as caught:
        read_problems(path)
    assert f"{path}:100: not one tab" in str(caught.value)


@pytest.mark.parametrize("fraction", [-0.1, 1, float("nan")])
def test_a_fraction_of_bad_lines_out_of_range(tmp_path, fraction):
    path = write(tmp_path / "a.train", lines())
    with pytest.raises(ValueError, match=f"`max_bad_share` .* at least 0 and less than 1. Received: {fraction}"):
        read_problems(path, max_bad_share=fraction)
    with pytest.raises(ValueError, match="`max_bad_share`"):
        leakage_between(path, path, max_bad_share=fraction)


def test_files_that_are_not_there_or_not_what_they_seem(tmp_path):
    write(tmp_path / "a.train", lines())
    with pytest.raises(FileNotFoundError, match=r"b\.train does not exist. Beside it there are: a\.train"):
        read_problems(tmp_path / "b.train")
    with pytest.raises(IsADirectoryError, match="is a folder; a file"):
        read_problems(tmp_path)
    with pytest.raises(ValueError, match="is empty"):
        read_problems(write(tmp_path / "empty.train", ""))
    with pytest.raises(OSError, match="is named .gz but is no such file"):
        read_problems(write(tmp_path / "plain.train.gz", lines()))
    (tmp_path / "cut.train.gz").write_bytes(gzip.compress(lines().encode())[:-12])
    with pytest.raises(OSError, match="is compressed, and not whole"):
        read_problems(tmp_path / "cut.train.gz")
    (tmp_path / "latin.train").write_bytes("sub Y' x\té\n".encode("latin-1"))
    with pytest.raises(ValueError, match="latin.train:1: unknown token: in the output, .* `\ufffd`"):
        read_problems(tmp_path / "latin.train")
    with pytest.raises(OSError, match="is named .parquet but cannot be read as such"):
        read_problems(write(tmp_path / "plain.parquet", lines()))
    duckdb.sql(f"COPY (SELECT 'x' AS question) TO '{tmp_path / 'other.parquet'}'")
    duckdb.sql(f"COPY (SELECT 1 AS input, 2 AS output) TO '{tmp_path / 'numbers.parquet'}'")
    for name in ("other.parquet", "numbers.parquet"):
        with pytest.raises(ValueError, match="must have the columns input and output, of texts.$"):
            read_problems(tmp_path / name)


@pytest.mark.parametrize(
    "name, pack",
    [
        ("a.train.GZ", gzip.compress),
        ("renamed.train", gzip.compress),
        ("a.train.xz", lzma.compress),
        ("a.train.bz2", bz2.compress),
        ("marked.train", lambda text: b"\xef\xbb\xbf" + text),
        ("windows.train", lambda text: text.replace(b"\n", b"\r\n")),
        ("trailing.train", lambda text: text.replace(b"\n", b"  \n")),
        ("edges.train", lambda text: b"  " + text.replace(b"\t", b" \t  ").replace(b"\n", b" \r\n ")),
        ("doubled.train", lambda text: text.replace(b" ", b"   ")),
        ("blank.train", lambda text: text.replace(b"\n", b"\n   \n\n")),
    ],
)
def test_files_are_read_as_people_have_them(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(lines().encode()))
    frame, report = read_problems(tmp_path / name)
    assert pairs(frame) == GOOD and not report.bad


@pytest.mark.parametrize(
    "content, message",
    [
        (lines().encode("utf-16"), "is text in UTF-16: save it as UTF-8"),
        (b"\x28\xb5\x2f\xfd" + b"0" * 30, "is compressed by zstd, .* `zstd -d`"),
        (lzma.compress(lines().encode() * 99)[:-9], "is compressed, and not whole"),
        (bz2.compress(lines().encode() * 99)[:-9], "is compressed, and not whole"),
    ],
)
def test_files_that_are_not_read_are_named_with_a_cure(tmp_path, content, message):
    (tmp_path / "a.train").write_bytes(content)
    with pytest.raises((ValueError, OSError), match=message):
        read_problems(tmp_path / "a.train")


def test_bad_lines_are_shown_escaped_beside_the_format_that_was_expected(tmp_path):
    path = write(tmp_path / "a.train", "sub Y' \x1b[31m\tx\n")
    with pytest.raises(ValueError, match=r"A line is `input<TAB>output` or `count\|input<TAB>output`") as caught:
        read_problems(path)
    assert r"\x1b[31m" in str(caught.value) and "\x1b" not in str(caught.value)


@pytest.mark.parametrize("name", ["integration", "prim_fwd"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_both_layouts_are_read(tmp_path, name, ending):
    for position, split in enumerate(("train", "valid", "test")):
        write_problems(tmp_path / f"{name}.{split}{ending}", GOOD[position:])
    (tmp_path / "README.md").write_text("what this is")
    frames = read_data_folder(tmp_path)
    assert list(frames) == ["train", "valid", "test"]
    assert [pairs(frame) for frame in frames.values()] == [GOOD, GOOD[1:], GOOD[2:]]


def test_left_out_lines_of_a_folder_are_logged_as_warnings(tmp_path, caplog):
    for split in ("train", "valid", "test"):
        write(tmp_path / f"a.{split}", lines())
    write(tmp_path / "a.valid", lines() + "sub Y' x\n")
    read_data_folder(tmp_path, max_bad_share=0.3)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1 and "a.valid:4: not one tab" in warnings[0]


def test_wrong_folders(tmp_path):
    with pytest.raises(NotADirectoryError, match="does not exist; a folder with NAME.train"):
        find_data_files(tmp_path / "nowhere")
    write(tmp_path / "a.train", lines())
    with pytest.raises(NotADirectoryError, match="a.train is not a folder"):
        find_data_files(tmp_path / "a.train")
    with pytest.raises(FileNotFoundError, match=r"no file NAME\.valid, NAME\.test .* There are: a\.train\."):
        find_data_files(tmp_path)
    write(tmp_path / "a.train.gz", lines())
    with pytest.raises(ValueError, match=r"both a\.train and a\.train\.gz"):
        find_data_files(tmp_path)
    (tmp_path / "a.train.gz").unlink()
    write(tmp_path / "b.valid", lines())
    with pytest.raises(ValueError, match=r"several data sets \(a, b\)"):
        find_data_files(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="There are: no files"):
        find_data_files(empty)


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the published files are not beside this checkout")
@pytest.mark.parametrize(
    "name, count",
    [
        ("published_fwd.valid", 9985),
        ("published_ode1.head", 2626),
        ("reference_bwd.tsv", 1996),
        ("reference_fwd.tsv", 271),
        ("reference_ode1.tsv", 185),
        ("reference_ode2.tsv", 52),
    ],
)
def test_published_files_are_read_whole(name, count):
    frame, report = read_problems(SHARED_DATA / name)
    assert len(frame) == report.kept == count
    assert not report.bad
