"""The SHA-256 of a file is that of its bytes, also after a change; JSON of others is read or refused by name."""

import hashlib
import os
from pathlib import Path

import pytest

from symbolic.runtime import files
from symbolic.runtime.files import read_json


def test_the_digest_follows_the_bytes(tmp_path):
    path = tmp_path / "a"
    for number, content in enumerate((b"", b"one", b"two")):  # the last two have the same size
        path.write_bytes(content)
        os.utime(path, (number, number))
        assert files.sha256_of(path) == files.sha256_of(str(path)) == hashlib.sha256(content).hexdigest()


def test_an_unchanged_file_is_hashed_once(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = files.sha256_of(path)
    monkeypatch.setattr(files.hashlib, "file_digest", None)
    assert files.sha256_of(path) == first


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.sha256_of(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff\xfe", b"[" * 10**5, b"9" * 10**5, b'{"a": "\xff"}'])
def test_json_that_is_damaged_is_one_sentence_with_the_files_name(tmp_path, content):
    (tmp_path / "settings.json").write_bytes(content)
    with pytest.raises(ValueError, match="settings.json is damaged"):
        read_json(tmp_path / "settings.json")


def test_what_is_endless_or_no_file_is_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(ValueError, match="is no regular file"):
            read_json(path)
    with open(tmp_path / "large.json", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ValueError, match="it has more than 64 MB"):
        read_json(tmp_path / "large.json")
