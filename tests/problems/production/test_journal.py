"""The journal of a shard: what is appended is read, and a line that a death cut short is not."""

from symbolic.problems.problem import Problem
from symbolic.problems.production import journal
from symbolic.problems.production.journal import Kind, Record

RECORDS = [
    Record(Kind.BEGUN),
    Record.of_problem(Problem("sub Y' cos x", "sin x")),
    Record.of_rejection("problem\tof another kind\nin two lines"),
    Record(Kind.LOST, "crash"),
    Record.of_problem(Problem("sub Y' x", "mul div INT+ 1 INT+ 2 pow x INT+ 2")),
]


def written(path, records):
    with open(path, "ab", buffering=0) as file:
        for record in records:
            journal.append(file, record)
    return path


def test_what_is_appended_is_read_and_counted(tmp_path):
    path = written(tmp_path / "a.journal", RECORDS)
    assert journal.read(path) == RECORDS and journal.count_problems(path) == 2
    assert [record.kind for record in journal.read(path)] == ["begun", "problem", "rejected", "lost", "problem"]


def test_a_file_that_is_not_there_holds_nothing(tmp_path):
    assert journal.read(tmp_path / "none") == [] and journal.count_problems(tmp_path / "none") == 0


def test_a_line_that_a_death_cut_short_is_ignored(tmp_path):
    path = written(tmp_path / "a.journal", RECORDS)
    whole = path.read_bytes()
    last = whole.rindex(b"problem")
    for end in range(last, len(whole)):
        path.write_bytes(whole[:end])
        assert journal.read(path) == RECORDS[:-1]


def test_a_rewritten_journal_is_added_to(tmp_path):
    path = written(tmp_path / "a.journal", RECORDS)
    journal.rewrite(path, RECORDS[1:3])
    assert journal.read(written(path, RECORDS[3:])) == RECORDS[1:]
