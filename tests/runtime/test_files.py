"""The SHA-256 of a file is that of its bytes, also after the file has changed."""

import hashlib
import os

import pytest

from symbolic.runtime import files


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
