"""The copies that students work in: made once, renewed while untouched, never overwritten."""

import json
import sys

import pytest

from labkit import lab
from labkit.errors import LabError
from labkit.lab import refresh_copies


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for name in ("00_start_here.ipynb", "01_gan.ipynb"):
        (tmp_path / "notebooks" / name).write_text(f"{name} first")
    return tmp_path / "notebooks", tmp_path / "work"


def texts(work):
    return {path.name: path.read_text() for path in sorted(work.glob("*.ipynb"))}


def test_copies_are_made_once(folders):
    originals, work = folders
    assert refresh_copies(originals, work) == []
    assert texts(work) == {"00_start_here.ipynb": "00_start_here.ipynb first", "01_gan.ipynb": "01_gan.ipynb first"}
    (work / "01_gan.ipynb").write_text("my own")
    assert refresh_copies(originals, work) == []
    assert texts(work)["01_gan.ipynb"] == "my own"


def test_an_untouched_copy_follows_its_original(folders):
    originals, work = folders
    refresh_copies(originals, work)
    (originals / "01_gan.ipynb").write_text("second")
    assert refresh_copies(originals, work) == []
    assert texts(work)["01_gan.ipynb"] == "second"
    (originals / "01_gan.ipynb").write_text("third")
    refresh_copies(originals, work)
    assert texts(work)["01_gan.ipynb"] == "third"


def test_beside_a_changed_copy_a_newer_original_is_offered_once(folders):
    originals, work = folders
    refresh_copies(originals, work)
    (work / "01_gan.ipynb").write_text("my own")
    (originals / "01_gan.ipynb").write_text("second")
    (sentence,) = refresh_copies(originals, work)
    assert "01_gan.new.ipynb" in sentence and "is kept" in sentence
    assert texts(work) | {"00_start_here.ipynb": ""} == {
        "00_start_here.ipynb": "",
        "01_gan.ipynb": "my own",
        "01_gan.new.ipynb": "second",
    }
    assert refresh_copies(originals, work) == []  # said once
    (originals / "01_gan.ipynb").write_text("third")
    assert len(refresh_copies(originals, work)) == 1
    assert texts(work)["01_gan.ipynb"] == "my own" and texts(work)["01_gan.new.ipynb"] == "third"


def test_a_deleted_copy_is_made_again_from_the_newest(folders):
    originals, work = folders
    refresh_copies(originals, work)
    (work / "01_gan.ipynb").unlink()
    (originals / "01_gan.ipynb").write_text("second")
    assert refresh_copies(originals, work) == []
    assert texts(work)["01_gan.ipynb"] == "second"


def test_without_a_record_what_differs_counts_as_the_students(folders):
    originals, work = folders
    refresh_copies(originals, work)
    (work / "01_gan.ipynb").write_text("my own")
    (work / lab.RECORD).unlink()
    assert len(refresh_copies(originals, work)) == 1
    assert texts(work)["01_gan.ipynb"] == "my own"
    (work / lab.RECORD).write_text("[]")
    with pytest.raises(LabError, match="cannot be read; delete it"):
        refresh_copies(originals, work)


@pytest.mark.parametrize(("originals", "folder"), [(False, "work"), (True, "notebooks")])
def test_lab_opens_the_right_folder_on_this_machine_only(folders, monkeypatch, originals, folder):
    notebooks, work = folders
    called = []
    monkeypatch.setattr(lab, "WORK", lab.paths.ROOT / "work")
    monkeypatch.setattr(lab, "refresh_copies", lambda: [])
    monkeypatch.setattr(
        lab.subprocess, "run", lambda command, cwd: called.append((command, cwd)) or type("Done", (), {"returncode": 0})
    )
    assert lab.open_lab(originals, ["--port", "9"]) == 0
    command = [sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", f"{folder}/00_start_here.ipynb", "--port", "9"]
    assert called == [(command, lab.paths.ROOT)]


def test_the_record_names_what_each_copy_was_made_from(folders):
    originals, work = folders
    refresh_copies(originals, work)
    record = json.loads((work / lab.RECORD).read_text())
    assert set(record) == {"00_start_here.ipynb", "01_gan.ipynb"}
