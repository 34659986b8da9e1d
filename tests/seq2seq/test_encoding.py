"""A store on disk holds the pairs of its text files, however these are stored, encoded, interrupted or added to."""

import functools
import gzip
import itertools
import json
import resource
import shutil
import subprocess
import sys
from collections import Counter

import duckdb
import numpy as np
import pytest

from symbolic.expressions.notation import prefix_notation
from symbolic.expressions.tokens import TOKENS
from symbolic.problems.files import parse_line, read_problems
from symbolic.problems.tasks import problems
from symbolic.runtime import lines
from symbolic.runtime.lines import BadLine, numbered_lines
from symbolic.seq2seq.encoding import encode_files
from symbolic.seq2seq.notation import Notation
from symbolic.seq2seq.processors import TextProcessor
from symbolic.seq2seq.special_tokens import UNKNOWN_ID
from symbolic.seq2seq.token_store import CONTEXT_LENGTHS, FORMAT, IDS, SETTINGS, STARTS, TokenStore, read_settings
from tests import PROJECT

NOTATION = Notation(*prefix_notation())
PAIRS = list(itertools.islice(problems("bwd", seed=5), 400))


def write(path, pairs, start=""):
    path.write_text("".join(f"{start}{context}\t{target}\n" for context, target in pairs))
    return path


def encode(paths, folder, **options):
    tokens = {"contexts": list(TOKENS), "targets": list(TOKENS), "parse": parse_line, "notation": NOTATION}
    return encode_files(paths, folder, **tokens | options)


def content(folder):
    return [(folder / name).read_bytes() for name in (IDS, STARTS, CONTEXT_LENGTHS)]


def pairs_of(store, contexts, targets):
    """The texts of a store."""
    rows = range(len(store))
    return list(
        zip(
            (contexts.decode(store.context(i)[None])[0] for i in rows),
            (targets.decode(store.target(i)[None])[0] for i in rows),
            strict=True,
        )
    )


@pytest.mark.parametrize("notation", [NOTATION, None])
def test_a_store_on_disk_equals_the_encoding_in_memory(tmp_path, notation):
    (file,) = encode([write(tmp_path / "a.train", PAIRS, "12|")], tmp_path / "store", notation=notation)
    processor = TextProcessor(list(TOKENS))
    expected = TokenStore.of(*(processor.encode(texts) for texts in zip(*PAIRS, strict=True)))
    store = TokenStore.open(tmp_path / "store")
    np.testing.assert_array_equal(store.ids, expected.ids)
    np.testing.assert_array_equal(store.starts, expected.starts)
    np.testing.assert_array_equal(store.context_lengths, expected.context_lengths)
    assert store.ids.dtype == np.uint8
    assert (file.first, file.report.kept, file.report.bad, file.report.unknown) == (0, len(PAIRS), {}, {})


def test_adapted_vocabularies_are_those_of_the_text_processors(tmp_path):
    encode([write(tmp_path / "a.train", PAIRS)], tmp_path / "store", adapt=True)
    contexts, targets = (TextProcessor.adapt(texts) for texts in zip(*PAIRS, strict=True))
    settings = read_settings(tmp_path / "store")
    assert settings["context_vocabulary"] == contexts.vocabulary
    assert settings["target_vocabulary"] == targets.vocabulary
    assert pairs_of(TokenStore.open(tmp_path / "store"), contexts, targets) == PAIRS


def test_plain_gzip_and_parquet_by_one_process_or_several_give_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "_BLOCK_BYTES", 5_000)
    monkeypatch.setattr(lines, "_BLOCK_ROWS", 30)
    plain = write(tmp_path / "a.train", PAIRS)
    packed, parquet = tmp_path / "a.train.gz", tmp_path / "a.train.parquet"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    columns = "columns={'input': 'VARCHAR', 'output': 'VARCHAR'}, delim='\t', header=false"
    duckdb.sql(f"COPY (FROM read_csv('{plain}', {columns})) TO '{parquet}'")
    encode([plain], tmp_path / "plain")
    encode([packed], tmp_path / "packed", workers=2)
    encode([parquet], tmp_path / "parquet")
    assert content(tmp_path / "plain") == content(tmp_path / "packed") == content(tmp_path / "parquet")


def test_appending_is_encoding_all_at_once_and_no_file_is_encoded_twice(tmp_path):
    first, second = write(tmp_path / "a", PAIRS[:150]), write(tmp_path / "b", PAIRS[150:])
    encode([first, second], tmp_path / "at_once")
    encode([first], tmp_path / "store")
    encode([second], tmp_path / "store")
    files = encode([second, first, write(tmp_path / "copy", PAIRS[:150])], tmp_path / "store", parse=None)
    assert content(tmp_path / "store") == content(tmp_path / "at_once")
    assert [(file.first, file.report.kept) for file in files] == [(150, 250), (0, 150), (0, 150)]


# The child has only the second file left to encode: three writes, then store.json. It is killed before one of them.
_KILLED = """
import itertools, os, signal, sys
from symbolic.expressions.tokens import TOKENS
from symbolic.problems.files import parse_line
from symbolic.seq2seq import encoding, token_store

def dying(function, calls):
    def wrapped(*arguments):
        if next(calls) == {call}:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)
    return wrapped

{name} = dying({name}, itertools.count(1))
encoding.encode_files(sys.argv[2:], sys.argv[1], contexts=list(TOKENS), targets=list(TOKENS), parse=parse_line)
"""


@pytest.mark.parametrize(
    "name, call", [("token_store._write", 1), ("token_store._write", 3), ("encoding.write_settings", 1)]
)
def test_a_run_that_is_killed_leaves_the_store_as_it_was(tmp_path, name, call):
    first, second = write(tmp_path / "a", PAIRS[:150]), write(tmp_path / "b", PAIRS[150:])
    store = tmp_path / "store"
    encode([first], store)
    before = TokenStore.open(store)
    script = _KILLED.format(name=name, call=call)
    child = subprocess.run([sys.executable, "-c", script, store, first, second], cwd=PROJECT, capture_output=True)
    assert child.returncode == -9, child.stderr.decode()

    left = TokenStore.open(store)
    assert len(left) == 150
    np.testing.assert_array_equal(left.ids, before.ids)
    np.testing.assert_array_equal(left.starts, before.starts)
    encode([first, second], store)
    encode([first, second], tmp_path / "at_once")
    assert content(store) == content(tmp_path / "at_once")


def test_a_full_disk_is_a_clear_error_and_leaves_the_store_as_it_was(tmp_path):
    first, second = write(tmp_path / "a", PAIRS[:150]), write(tmp_path / "b", PAIRS[150:])
    store = tmp_path / "store"
    encode([first], store)
    before = content(store)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before[0]) + 1000, limits[1]))
    try:
        with pytest.raises(OSError, match=f"the token store {store} cannot be written: "):
            encode([first, second], store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(TokenStore.open(store)) == 150
    encode([first, second], store)
    assert len(TokenStore.open(store)) == len(PAIRS)


def test_unknown_tokens_are_counted_and_encoded_as_unknown(tmp_path):
    path = write(tmp_path / "a", [("sub Y' cos x", "sin x"), ("sub Y' exp cos cos x", "x"), ("sub Y' x", "x")])
    contexts = [token for token in TOKENS if token not in ("cos", "exp")]
    ((_, report),) = encode([path], tmp_path / "store", contexts=contexts)
    assert report.kept == 3 and report.unknown == {"cos": 3, "exp": 1}
    assert "kept 3 · not in the vocabulary: cos 3 · not in the vocabulary: exp 1" in str(report)
    store = TokenStore.open(tmp_path / "store")
    assert [(store.context(i) == UNKNOWN_ID).sum() for i in range(3)] == [1, 3, 0]


def test_the_same_lines_are_good_with_and_without_a_notation(tmp_path):
    """Texts of all kinds, most of them wrong somewhere: what `parse_line` takes is what the store holds."""
    rng = np.random.default_rng(0)
    words = ["x", "INT+", "INT-", "0", "1", "2", "add", "sin", "Y'", "h", "add x"]
    texts = [" ".join(rng.choice(words, rng.integers(1, 7))) for _ in range(8000)]
    texts += [" ".join(context.split(" ")[: rng.integers(3, 30)]) for context, _ in PAIRS]
    texts += [f"{'sin ' * 256}x", f"{'sin ' * 257}x", f"INT+ {' '.join('1' * 1000)}", f"INT+ {' '.join('1' * 1001)}"]
    tree = functools.reduce(lambda text, _: f"add {text} {text}", range(15), "x")  # 65,535 tokens
    texts += [tree, tree.replace("add x x", "x", 1)]
    texts += ["", " ", "x ", "|x", "7|x", "07|x", "1|2|x", "x\tx", "\u00b2|x", "INT+ 0", "INT- 0", "[UNK]", "[START] x"]
    good, bad = [], Counter()
    for _, line in numbered_lines(write(tmp_path / "a", [(text, "x") for text in texts])):
        try:
            good.append(parse_line(line)[1])
        except BadLine as fault:
            bad[fault.reason] += 1
    assert len(good) > 300 and bad.total() > 3000 and bad["too long"] == 1

    processor = TextProcessor(list(TOKENS))
    for notation in (NOTATION, None):
        folder = tmp_path / str(notation is None)
        ((_, report),) = encode(
            [write(tmp_path / "a", [(text, "x") for text in texts])], folder, notation=notation, max_bad_share=0.99
        )
        assert report.bad == bad
        assert [context for context, _ in pairs_of(TokenStore.open(folder), processor, processor)] == good


def test_bad_lines_are_located_and_too_many_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "_BLOCK_BYTES", 5_000)
    path = write(tmp_path / "a", PAIRS)
    text = path.read_bytes().splitlines()
    text[99], text[299], text[300] = b"", b"sub Y' caf\xe9\tx", b"sub Y' x"
    path.write_bytes(b"\r\n".join(text))
    ((_, report),) = encode([path], tmp_path / "store")
    assert report.kept == 397 and report.bad == {"unknown token": 1, "not one tab": 1}
    assert [example.split(": ")[0] for example in report.examples] == [f"{path}:300", f"{path}:301"]
    ((_, again),) = encode([path], tmp_path / "store", parse=None)
    assert again == report
    with pytest.raises(ValueError, match=r"2 of 399 lines are bad, more than the 0\.001 allowed") as caught:
        encode([path], tmp_path / "strict", max_bad_share=0.001)
    assert f"{path}:301: not one tab" in str(caught.value)
    assert not (tmp_path / "strict" / "store.json").exists()
    with pytest.raises(ValueError, match="is empty"):
        encode([write(tmp_path / "empty", [])], tmp_path / "strict")


def reads_words(line):
    return 1, *line.split("\t")


def test_large_vocabularies_and_texts_of_any_kind(tmp_path):
    tokens = [f"word{i}" for i in range(300)]
    path = write(
        tmp_path / "a", [("word299 word0", "word7"), (" ".join(["word1"] * 65_534), "word1"), ("x", "word298")]
    )
    ((_, report),) = encode_files(
        [path], tmp_path / "store", contexts=tokens, targets=tokens, parse=reads_words, max_bad_share=0.5
    )
    store = TokenStore.open(tmp_path / "store")
    assert store.ids.tolist() == [2, 303, 4, 3, 2, 11, 3, 2, UNKNOWN_ID, 3, 2, 302, 3]
    assert report.bad == {"too long": 1} and report.unknown == {"x": 1}


def test_a_store_keeps_its_vocabularies(tmp_path):
    path = write(tmp_path / "a", PAIRS[:50])
    encode([path], tmp_path / "store")
    with pytest.raises(ValueError, match="has other vocabularies; choose another folder"):
        encode([path], tmp_path / "store", targets=[*TOKENS, "new"])


def test_folders_that_cannot_be_opened_say_why(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a token store: it has no store.json"):
        TokenStore.open(tmp_path)
    encode([write(tmp_path / "a", PAIRS[:50])], tmp_path / "store")


@pytest.mark.parametrize("name", [IDS, STARTS, CONTEXT_LENGTHS, SETTINGS])
def test_a_damaged_store_is_refused_by_whoever_uses_it_and_encoded_anew_when_deleted(tmp_path, name):
    first, second, store = write(tmp_path / "a", PAIRS[:50]), write(tmp_path / "b", PAIRS[50:]), tmp_path / "store"
    encode([first], store)
    before = content(store)
    with open(store / name, "r+b") as file:
        file.truncate(80)
    for use in (lambda: TokenStore.open(store), lambda: encode([first], store), lambda: encode([second], store)):
        with pytest.raises(ValueError, match=f"the token store {store} is damaged: {name} .*[Dd]elete this folder"):
            use()
    if name != SETTINGS:
        (store / name).unlink()
        with pytest.raises(ValueError, match=f"{name} is missing"):
            TokenStore.open(store)
    shutil.rmtree(store)
    encode([first], store)
    assert content(store) == before


ODD = [
    None,
    True,
    -1,
    1.5,
    1e300,
    2**63,
    "O",
    "V8",
    "|O",
    "float64",
    "int8",
    [],
    [1],
    {},
    {"a": 1},
    [[[]]],
    "x" * 10**6,
]


def test_every_odd_entry_is_the_one_error_that_names_the_folder(tmp_path):
    """A dtype of objects would take the bytes of the file for pointers."""
    store = tmp_path / "store"
    encode([write(tmp_path / "a", PAIRS[:50])], store)
    whole = json.loads((store / SETTINGS).read_text())
    (digest,) = whole["files"]
    damaged = [{**whole, name: value} for name in whole for value in ODD if value != whole[name]]
    damaged += [{key: value for key, value in whole.items() if key != name} for name in whole]
    for name in whole["files"][digest]:
        for value in [value for value in ODD if type(value) is not type(whole["files"][digest][name])]:
            damaged.append({**whole, "files": {digest: {**whole["files"][digest], name: value}}})
    texts = [json.dumps(settings) for settings in damaged]
    texts += ["[" * 100_000, "[]", "3", "", '{"format": 1e999}', '{"format": ' + "1" * 5000 + "}", "\ud800"]
    for text in texts:
        (store / SETTINGS).write_text(text, errors="surrogatepass")
        with pytest.raises(ValueError, match=f"the token store {store} .*[Dd]elete this folder") as error:
            TokenStore.open(store)
        assert len(str(error.value)) < 500, text[:100]


@pytest.mark.parametrize("written, message", [('"format": 0', "0"), ('"other": 1', "None")])
def test_a_store_of_another_format_is_refused(tmp_path, written, message):
    path = write(tmp_path / "a", PAIRS[:50])
    encode([path], tmp_path / "store")
    settings = tmp_path / "store" / SETTINGS
    settings.write_text(settings.read_text().replace(f'"format": {FORMAT}', written))
    for use in (lambda: TokenStore.open(tmp_path / "store"), lambda: encode([path], tmp_path / "store")):
        with pytest.raises(
            ValueError, match=f"store has the format {message}, but {FORMAT} is read. Delete this folder"
        ):
            use()


def test_a_file_without_line_ends_is_bad_lines_here_and_in_the_files_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "_BLOCK_BYTES", 1000)
    monkeypatch.setattr(lines, "_LINE_BYTES", 3000)
    good = "".join(f"{context}\t{target}\n" for context, target in PAIRS[:40])
    text = f"{good}{'x' * 20_000}\n{good}{'x ' * 3000}".encode()
    (tmp_path / "a").write_bytes(text)
    (tmp_path / "a.gz").write_bytes(gzip.compress(text))
    assert max(len(block.text) for block in lines.blocks(tmp_path / "a")) <= 4000
    for name in ("a", "a.gz"):
        frame, read = read_problems(tmp_path / name, max_bad_share=0.5)
        ((_, encoded),) = encode([tmp_path / name], tmp_path / f"store-{name}", max_bad_share=0.5)
        assert (read.kept, read.bad, read.examples) == (encoded.kept, encoded.bad, encoded.examples)
        assert read.kept == 80 and read.bad == {"too long": 2}
        assert [example.split(": ")[0].rpartition(":")[2] for example in read.examples] == ["41", "82"]
        assert frame["line"].tolist() == [*range(1, 41), *range(42, 82)]
