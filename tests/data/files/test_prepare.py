"""Bringing a folder of images to one size: what is written, what is skipped, what is told."""

import numpy as np
import pytest
from PIL import Image

from labkit.data.files.prepare import prepare
from labkit.errors import LabError


@pytest.fixture
def photos(tmp_path):
    src = tmp_path / "photos"
    rng = np.random.default_rng(0)
    for name, size in {"trainA/a.jpg": (60, 40), "trainA/deep/b.PNG": (30, 90), "trainB/c.gif": (40, 40)}.items():
        path = src / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(256, size=(size[1], size[0], 3), dtype=np.uint8)).save(path)
    (src / "readme.txt").write_text("not an image")
    (src / ".hidden.jpg").write_bytes(b"not an image")
    return src


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_all_images_come_to_the_same_place_in_the_new_size(photos, tmp_path, capsys):
    before = {name: (photos / name).read_bytes() for name in files(photos)}
    assert prepare(photos, tmp_path / "out", 20) == 0
    assert files(tmp_path / "out") == ["trainA/a.jpg", "trainA/deep/b.PNG", "trainB/c.gif.png"]
    sizes = [Image.open(tmp_path / "out" / name).size for name in files(tmp_path / "out")]
    assert sizes == [(30, 20), (20, 60), (20, 20)]
    assert {name: (photos / name).read_bytes() for name in files(photos)} == before
    assert "3 images written" in capsys.readouterr().out


def test_a_second_call_does_only_what_is_missing_or_new(photos, tmp_path, capsys):
    out = tmp_path / "out"
    prepare(photos, out, 20)
    times = {name: (out / name).stat().st_mtime_ns for name in files(out)}
    (out / "trainA/a.jpg").unlink()
    capsys.readouterr()
    prepare(photos, out, 20)
    assert "1 images written" in capsys.readouterr().out
    changed = [name for name in files(out) if (out / name).stat().st_mtime_ns != times[name]]
    assert changed == ["trainA/a.jpg"]


def test_unreadable_files_are_named_together_and_the_rest_is_done(photos, tmp_path, capsys):
    (photos / "trainA/bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a JPEG")
    cut = (photos / "trainA/a.jpg").read_bytes()
    (photos / "trainB/cut.jpg").write_bytes(cut[: len(cut) // 2])
    assert prepare(photos, tmp_path / "out", 20) == 2
    captured = capsys.readouterr()
    assert "2 files could not be read" in captured.err and "bad.jpg" in captured.err and "cut.jpg" in captured.err
    assert len(files(tmp_path / "out")) == 3


def test_enlarging_is_told(photos, tmp_path, capsys):
    prepare(photos, tmp_path / "out", 35)
    assert "1 of them were smaller than 35 px" in capsys.readouterr().out


def test_what_lies_at_the_place_in_another_size_is_kept(photos, tmp_path):
    out = tmp_path / "out"
    prepare(photos, out, 20)
    before = {name: (out / name).read_bytes() for name in files(out)}
    with pytest.raises(LabError, match="a.jpg: is there, but is no image of 24 px; name another folder"):
        prepare(photos, out, 24)
    (out / "trainA/a.jpg").write_text("mine")
    with pytest.raises(LabError, match="a.jpg: is there, but is no image of 20 px"):
        prepare(photos, out, 20)
    assert {name: (out / name).read_bytes() for name in files(out)} == before | {"trainA/a.jpg": b"mine"}


def test_folders_that_cannot_serve_are_refused(photos, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(LabError, match="empty: there are no images; labkit reads jpg"):
        prepare(tmp_path / "empty", tmp_path / "out", 20)
    with pytest.raises(LabError, match="nowhere: there is no such folder"):
        prepare(tmp_path / "nowhere", tmp_path / "out", 20)
    for inside in (photos, photos / "small"):
        with pytest.raises(LabError, match="lies in the folder that is to be prepared"):
            prepare(photos, inside, 20)
    with pytest.raises(LabError, match="--side 4: give at least 8"):
        prepare(photos, tmp_path / "out", 4)
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "real"))
    with pytest.raises(LabError, match="lies in LABKIT_DATA, which labkit only reads"):
        prepare(photos, tmp_path / "real" / "out", 20)
    assert not (tmp_path / "out").exists() and not (tmp_path / "real").exists()


def test_what_a_killed_call_left_is_removed(photos, tmp_path):
    left = tmp_path / "out" / "trainA" / ".a.jpg.99999999.abcdefgh.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    prepare(photos, tmp_path / "out", 20)
    assert not left.exists()
