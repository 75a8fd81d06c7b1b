import os

import pytest

from labkit import paths
from labkit.errors import LabError


def test_writing_replaces_whole_files_and_leaves_nothing_else(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    paths.write_atomically(target, "one")
    paths.write_atomically(target, b"two")
    assert target.read_bytes() == b"two"
    assert [p.name for p in target.parent.iterdir()] == ["file.txt"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "file.txt"
    paths.write_atomically(target, "old")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LabError, match=r"file.txt: cannot be written \(No space left on device\)"):
        paths.write_atomically(target, "new")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_the_data_folder_is_absolute_whatever_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LABKIT_DATA", "sets")
    assert paths.data_root() == tmp_path / "sets"
    monkeypatch.delenv("LABKIT_DATA")
    assert paths.data_root() is None
