"""Archives that climb out, explode, lie, or are cut short: nothing of them may stay behind, nothing else be touched."""

import gzip
import io
import re
import shutil
import stat
import tarfile
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from labkit.data.files import archive as module
from labkit.data.files.archive import unpack
from labkit.errors import LabError

FILES = {"set/trainA/1.png": b"one" * 1000, "set/trainA/2.png": b"", "set/readme.txt": b"hello"}


def write_zip(path, files=FILES, entries=(), **how):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


def write_tar(path, files=FILES, members=(), mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for member in members:
            archive.addfile(member)
    return path


def tar_member(name, kind=tarfile.REGTYPE, link=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


def zip_link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def files_in(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


CLIMBING = ["../out.png", "set/../../out.png", "/tmp/labkit-out.png", "C:\\out.png", "set\\..\\..\\out.png"]
OUTSIDE = ["../out.png", "../../out.png", "/tmp/labkit-out.png"]  # where those would come out


def refusal(archive: Path, folder: Path) -> tuple[str, list[str]]:
    """What is said when the archive in `folder` is refused, and the names that came, went or changed meanwhile."""
    before = everything_in(folder)
    with pytest.raises(LabError) as caught:
        unpack(archive, folder / "set")
    after, said = everything_in(folder), str(caught.value)
    assert archive.name in said and "\n" not in said
    changed = [name for name in sorted(before.keys() | after.keys()) if before.get(name, -1) != after.get(name, -1)]
    return said, changed + [path for path in OUTSIDE if (folder / path).exists()]


def everything_in(folder: Path) -> dict[str, bytes | None]:
    """Files with their content and folders without any, by their path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.mark.parametrize("write, how", [
    (write_zip, {}),
    (write_tar, {"mode": "w"}),
    (write_tar, {"mode": "w:gz"}),
    (write_tar, {"mode": "w:bz2"}),
    (write_tar, {"mode": "w:xz"}),
])  # fmt: skip
def test_all_files_arrive_and_the_single_folder_is_taken_off(tmp_path, write, how):
    unpack(write(tmp_path / "a", **how), tmp_path / "new" / "set")
    assert files_in(tmp_path / "new" / "set") == {name.removeprefix("set/"): content for name, content in FILES.items()}
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["set"]


def test_several_folders_stay_and_the_macs_junk_goes(tmp_path):
    files = {"trainA/1.png": b"1", "trainB/1.png": b"2", "__MACOSX/trainA/._1.png": b"3", "trainA/.DS_Store": b"4"}
    unpack(write_zip(tmp_path / "a.zip", files), tmp_path / "set")
    assert files_in(tmp_path / "set") == {"trainA/1.png": b"1", "trainB/1.png": b"2"}


@pytest.mark.parametrize("name", CLIMBING)
def test_a_name_that_climbs_out_is_refused(tmp_path, name):
    # zipfile would mend an absolute name while writing, so the name is put in afterwards, letter by letter
    stand_in = "x" * len(name)
    archive = write_zip(tmp_path / "a.zip", FILES | {stand_in: b"evil"})
    archive.write_bytes(archive.read_bytes().replace(stand_in.encode(), name.encode()))
    said, changed = refusal(archive, tmp_path)
    assert re.search(r"holds .* which could lie outside its folder", said) and changed == []
    said, changed = refusal(write_tar(tmp_path / "a.tar.gz", FILES | {name: b"evil"}), tmp_path)
    assert "which could lie outside its folder" in said and changed == []


@pytest.mark.parametrize("member", [
    tar_member("set/link", tarfile.SYMTYPE, "/etc"),
    tar_member("set/inside", tarfile.SYMTYPE, "readme.txt"),
    tar_member("set/hard", tarfile.LNKTYPE, "../../out"),
    tar_member("set/pipe", tarfile.FIFOTYPE),
    tar_member("set/device", tarfile.CHRTYPE),
])  # fmt: skip
def test_links_and_devices_in_a_tar_are_refused(tmp_path, member):
    said, changed = refusal(write_tar(tmp_path / "a.tgz", members=[member]), tmp_path)
    assert f"holds a link or device ('{member.name}')" in said and changed == []


def test_links_in_a_zip_are_refused(tmp_path):
    said, changed = refusal(write_zip(tmp_path / "a.zip", entries=[(zip_link("set/link"), "/etc")]), tmp_path)
    assert "holds a link or device" in said and changed == []


def test_a_zip_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MIN_ALLOWANCE", 1_000_000)
    said, changed = refusal(write_zip(tmp_path / "a.zip", {"zeros": bytes(5_000_000)}), tmp_path)
    assert "unpacks to more than 1 MB" in said and changed == []


def test_a_tar_bomb_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MIN_ALLOWANCE", 1_000_000)
    said, changed = refusal(write_tar(tmp_path / "a.tgz", {"zeros": bytes(5_000_000)}), tmp_path)
    assert "unpacks to more than 1 MB" in said and changed == []


def test_a_tar_whose_headers_are_the_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MIN_ALLOWANCE", 1_000_000)
    monkeypatch.setattr(module, "MAX_FILES", 100)
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 50_000_000
    path = tmp_path / "a.tgz"
    with gzip.open(path, "wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(50):
            file.write(bytes(1_000_000))
    said, changed = refusal(path, tmp_path)
    assert "unpacks without end" in said and changed == []


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILES", 20)
    said, changed = refusal(write_zip(tmp_path / "a.zip", {f"{i}": b"" for i in range(21)}), tmp_path)
    assert "or 20 files" in said and changed == []


def test_a_zip_that_lies_about_a_size_is_damaged(tmp_path):
    archive = write_zip(tmp_path / "a.zip", {"zeros": bytes(100_000)})
    size, lie = (100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(size, lie))
    said, changed = refusal(archive, tmp_path)
    assert "the archive is damaged or unreadable" in said and changed == []


def test_a_name_given_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = write_zip(tmp_path / "a.zip", entries=[("set/readme.txt", b"other")])
    said, changed = refusal(archive, tmp_path)
    assert "holds 'set/readme.txt' twice" in said and changed == []


@pytest.mark.parametrize("keep", [0, 10, 100, -30])
def test_a_cut_archive_is_named(tmp_path, keep):
    for path in (write_zip(tmp_path / "a.zip"), write_tar(tmp_path / "a.tgz"), write_tar(tmp_path / "a.tar", mode="w")):
        content = path.read_bytes()
        path.write_bytes(content[:keep] if path.suffix != ".tar" else content[: len(content) // 20 + max(keep, 0)])
        said, changed = refusal(path, tmp_path)
        assert path.name in said and changed == []


def test_a_wrong_file_is_no_archive(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"<html>Please log in</html>" * 100)
    said, changed = refusal(path, tmp_path)
    assert "a.zip: is neither a zip nor a tar archive" in said and changed == []


def test_an_encrypted_zip_is_named(tmp_path):
    archive = write_zip(tmp_path / "a.zip")
    content = bytearray(archive.read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # set the bit "encrypted" of the first member
        content[content.index(signature) + flags] |= 1
    archive.write_bytes(content)
    said, changed = refusal(archive, tmp_path)
    assert re.search(r"damaged or unreadable .*password", said) and changed == []


def test_a_full_disk_is_told_beforehand(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")(1, 1, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    said, changed = refusal(write_zip(tmp_path / "a.zip"), tmp_path)
    assert "unpacking a.zip needs 0 MB and the disk has 0 MB free" in said and changed == []


def test_a_disk_that_fills_up_meanwhile_is_told(tmp_path, monkeypatch):
    def full(source, target, length):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    said, changed = refusal(write_zip(tmp_path / "a.zip"), tmp_path)
    assert re.search(r"a.zip: cannot be unpacked to .*No space left on device", said) and changed == []


def test_what_is_there_already_is_never_touched(tmp_path):
    archive = write_zip(tmp_path / "a.zip")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("mine")
    with pytest.raises(LabError, match="set exists already; move it away"):
        unpack(archive, tmp_path / "set")
    assert files_in(tmp_path / "set") == {"mine.txt": b"mine"}


def test_what_a_killed_process_left_is_removed(tmp_path):
    left = tmp_path / ".set.99999999.abcdefgh.tmp"  # no process has that number
    left.mkdir()
    (left / "half.png").write_bytes(b"half")
    unpack(write_zip(tmp_path / "a.zip"), tmp_path / "set")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "set"]
