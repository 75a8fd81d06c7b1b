import os
import zipfile

import pytest

from labkit import paths
from labkit.data.files.places import locate, unpacked
from labkit.errors import LabError


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    for name in ("real", "project"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "real"))
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "DATA", tmp_path / "project")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def zipped(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def test_a_folder_is_found_here_then_in_labkit_data_then_in_the_project(places):
    for root in ("project", "real", "."):
        (places / root / "horses").mkdir()
        assert locate("horses") == (places / root / "horses").resolve()


def test_a_path_of_its_own_is_taken_as_it_is(places):
    (places / "elsewhere").mkdir()
    assert locate(places / "elsewhere") == places / "elsewhere"


def test_an_archive_is_unpacked_into_the_cache_once(places):
    archive = zipped(places / "real" / "horses.zip", horses__trainA__x="1", horses__trainB__y="2")
    before = os.stat(places / "real").st_mtime_ns
    folder = locate("horses")
    assert places / "cache" in folder.parents
    assert sorted(path.name for path in folder.iterdir()) == ["trainA", "trainB"]
    (folder / "trainA" / "x").write_text("kept")
    assert locate("horses.zip") == unpacked(archive) == folder
    assert (folder / "trainA" / "x").read_text() == "kept"
    assert [path.name for path in (places / "real").iterdir()] == ["horses.zip"]
    assert os.stat(places / "real").st_mtime_ns == before


def test_a_new_archive_of_the_same_name_is_unpacked_anew(places):
    zipped(places / "real" / "horses.zip", horses__x="1")
    first = locate("horses")
    zipped(places / "real" / "horses.zip", horses__x="1", horses__z="12345")
    second = locate("horses")
    assert first != second
    assert (second / "z").read_text() == "12345"


def test_an_archive_that_climbs_out_is_refused_and_leaves_nothing(places):
    zipped(places / "real" / "evil.zip", **{"..____escaped": "x", "good": "y"})
    with pytest.raises(LabError, match=r"evil\.zip"):
        locate("evil")
    assert not list(places.rglob("escaped"))
    assert not list(places.rglob("good"))


def test_a_damaged_archive_is_named(places):
    whole = zipped(places / "real" / "cut.zip", a="x" * 1000).read_bytes()
    (places / "real" / "cut.zip").write_bytes(whole[:60])
    with pytest.raises(LabError, match=r"cut\.zip"):
        locate("cut")


def test_what_is_nowhere_is_named_with_the_way_out(places, monkeypatch):
    with pytest.raises(LabError, match="unicorns: there is no such"):
        locate("unicorns")
    monkeypatch.delenv("LABKIT_DATA")
    with pytest.raises(LabError, match="LABKIT_DATA"):
        locate("unicorns")
