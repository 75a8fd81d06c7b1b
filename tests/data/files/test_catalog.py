"""The catalogue's file, and fetching and checking sets from a server on this machine."""

import hashlib
import io
import json
import zipfile

import pytest
import yaml
from filelock import FileLock

from labkit import paths
from labkit.data.files import catalog
from labkit.errors import LabError

REAL_DATA = paths.data_root()
NOTES = {
    *("horse2zebra", "grumpifycat", "monet2photo", "vangogh2photo", "ukiyoe2photo", "cezanne2photo"),
    *("summer2winter_yosemite", "apple2orange", "gta5_to_cityscapes", "cityscapes", "maps", "facades"),
    *("mnist", "usps", "svhn", "mnist_m", "afhq"),
}


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


IMAGES = {"tiny/trainA/1.png": b"a" * 2000, "tiny/trainB/1.png": b"b", "tiny/trainB/2.jpg": b"c"}
SET = zipped(IMAGES | {"tiny/readme.txt": b""})


@pytest.fixture(autouse=True)
def no_labkit_data(monkeypatch):
    monkeypatch.delenv("LABKIT_DATA", raising=False)


@pytest.fixture
def here(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def write(tmp_path, server):
    """Write a catalogue with one archive ("tiny") and one set of loose files ("loose")."""
    server.serve("/tiny.zip", SET)
    server.serve("/a.gz", b"first")
    server.serve("/b.gz", b"second")
    base = f"http://127.0.0.1:{server.server_port}"

    def write(tiny=None, loose=None, **file):
        known = {"what": "w", "licence": "l", "homepage": "h", "layout": "cyclegan", "confirmed": "c"}
        archive = {"url": [f"{base}/tiny.zip"], "save_as": "tiny.zip", "unpack": True} | file
        parts = [{"url": [f"{base}/{n}.gz"], "save_as": f"Loose/raw/{n}.gz"} for n in "ab"]
        parts[0]["md5"] = hashlib.md5(b"first").hexdigest()
        counts = {"trainA": 1, "trainB": 2}
        content = {
            "tiny": known | {"folder": "tiny", "counts": counts, "files": [archive]} | (tiny or {}),
            "loose": known | {"folder": "Loose", "files": parts} | (loose or {}),
            "by_hand": known | {"folder": "by_hand", "manual": "Make an account at example.org", "counts": counts},
        }
        path = tmp_path / "catalog.yml"
        path.write_text(yaml.safe_dump(content))
        return path

    return write


def fetch(name, here, path):
    return catalog.fetch(name, here, say=lambda line: None, path=path)


# The file -----------------------------------------------------------------------------------------------------------


def test_the_catalogue_names_the_sets_of_the_notes():
    entries = catalog.read_catalog()
    assert set(entries) >= NOTES
    for name, entry in entries.items():
        assert entry.confirmed and entry.licence and entry.homepage.startswith("http"), name
        assert bool(entry.files) != bool(entry.manual), name
        for file in entry.files:
            assert file.url and all(url.startswith(("http://", "https://")) for url in file.url), name
            assert file.sha256 is None or len(file.sha256) == 64 and int(file.sha256, 16), name
            assert file.md5 is None or len(file.md5) == 32 and int(file.md5, 16), name
            assert not file.save_as.startswith("/") and ".." not in file.save_as, name
            assert file.unpack or file.save_as.startswith(f"{entry.folder}/"), name


@pytest.mark.skipif(REAL_DATA is None, reason="LABKIT_DATA is not set")
def test_the_checksums_of_mnist_are_those_of_the_files():
    for file in catalog.read_catalog()["mnist"].files:
        content = (REAL_DATA / file.save_as).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)


@pytest.mark.parametrize("tiny, message", [
    ({"licnece": "x"}, "tiny: unknown setting 'licnece'; did you mean 'licence'"),
    ({"counts": {"trainA": "many"}}, "tiny: setting 'counts.trainA'"),
    ({"files": [{"url": ["http://x"]}]}, "tiny / files: setting 'save_as'"),
    ({"files": [{"url": ["http://x"], "save_as": "y", "sha": "z"}]}, "tiny / files: unknown setting 'sha'"),
    ({"files": []}, "tiny: give either files to download or"),
    ({"manual": "by hand"}, "tiny: give either files to download or"),
])  # fmt: skip
def test_a_mistake_in_the_catalogue_is_named(write, tiny, message):
    with pytest.raises(LabError, match=f"catalog.yml: {message}"):
        catalog.read_catalog(write(tiny))


def test_a_misspelt_name_gets_a_hint(write):
    with pytest.raises(LabError, match="no data set 'tinny'; did you mean 'tiny'"):
        catalog.fetch("tinny", path=write())


# Fetching -----------------------------------------------------------------------------------------------------------


def test_an_archive_is_fetched_unpacked_and_recorded(here, write, server):
    folder = fetch("tiny", here, write())
    assert folder == here / "tiny" and (folder / "trainB" / "2.jpg").read_bytes() == b"c"
    assert {p.name for p in here.iterdir()} == {"tiny", "checksums.json", ".fetch.lock"}
    recorded = json.loads((here / "checksums.json").read_text())["tiny"]
    assert recorded["tiny.zip"] == hashlib.sha256(SET).hexdigest()
    assert recorded["contents"] == catalog.contents_digest(folder)
    assert catalog.check("tiny", here, write()) == f"tiny: whole, in {folder}"
    fetch("tiny", here, write())
    assert len(server.asked) == 1  # what is here is not loaded again


def test_loose_files_are_fetched_each_once(here, write, server):
    assert fetch("loose", here, write()) == here / "Loose"
    assert (here / "Loose/raw/b.gz").read_bytes() == b"second"
    (here / "Loose/raw/a.gz").unlink()
    fetch("loose", here, write())
    assert [path for path, _ in server.asked] == ["/a.gz", "/b.gz", "/a.gz"]


def test_a_broken_transfer_goes_on_at_the_next_call(here, write, server):
    server.answers["/tiny.zip"].breaks_after, server.answers["/tiny.zip"].ranges = 100, False
    with pytest.raises(LabError, match="tiny.zip: the transfer broke off after 100 of"):
        fetch("tiny", here, write())
    assert (here / "downloads/tiny.zip.part").stat().st_size == 100 and not (here / "tiny").exists()
    server.answers["/tiny.zip"].breaks_after, server.answers["/tiny.zip"].ranges = None, True
    fetch("tiny", here, write())
    assert server.asked[-1] == ("/tiny.zip", "bytes=100-") and (here / "tiny").is_dir()


def test_a_wrong_file_is_set_aside(here, write, server):
    path = write(sha256=hashlib.sha256(b"another file").hexdigest())
    with pytest.raises(LabError, match="tiny.zip: its sha256 .* is not the catalogue's, .* set aside as .*wrong"):
        fetch("tiny", here, path)
    assert (here / "downloads/tiny.zip.wrong").read_bytes() == SET and not (here / "tiny").exists()
    assert not (here / "checksums.json").exists()


def test_a_wrong_md5_is_found_too(here, write, server):
    server.answers["/a.gz"].content = b"fIrst"
    with pytest.raises(LabError, match="a.gz: its md5 .* is not the catalogue's"):
        fetch("loose", here, write())
    assert not (here / "Loose/raw/a.gz").exists()


def test_the_checksum_of_the_first_fetch_is_held(here, write, server):
    folder = fetch("tiny", here, write())
    folder.rename(here / "aside")
    server.answers["/tiny.zip"].content = zipped(IMAGES | {"tiny/trainA/1.png": b"changed"})
    with pytest.raises(LabError, match="tiny.zip: its sha256 .* is not that of its first fetch"):
        fetch("tiny", here, write())


def test_an_archive_that_cannot_be_unpacked_is_not_recorded_and_loaded_anew(here, write, server):
    server.answers["/tiny.zip"].content = SET[:-30]
    with pytest.raises(LabError, match="tiny.zip: is neither a zip nor a tar archive"):
        fetch("tiny", here, write())
    assert not (here / "checksums.json").exists() and not (here / "tiny").exists()
    server.answers["/tiny.zip"].content = SET
    assert fetch("tiny", here, write()).is_dir()


def test_an_incomplete_set_says_what_is_missing_and_is_kept(here, write, server):
    server.answers["/tiny.zip"].content = zipped({"tiny/trainA/1.png": b"A"})
    with pytest.raises(LabError, match="tiny: is not the whole set .trainB holds 0 of 2 images.; move it away"):
        fetch("tiny", here, write())
    assert (here / "tiny/trainA/1.png").exists()


def test_a_call_killed_between_verifying_and_unpacking_goes_on(here, write, server):
    (here / "downloads").mkdir(parents=True)
    (here / "downloads/tiny.zip").write_bytes(SET)
    fetch("tiny", here, write())
    assert server.asked == [] and not (here / "downloads").exists()


def test_a_call_killed_between_unpacking_and_recording_is_completed(here, write, server):
    fetch("tiny", here, write())
    recorded = (here / "checksums.json").read_bytes()
    (here / "checksums.json").unlink()
    (here / "downloads").mkdir()
    (here / "downloads/tiny.zip").write_bytes(SET)
    fetch("tiny", here, write())
    assert (here / "checksums.json").read_bytes() == recorded and not (here / "downloads").exists()


def test_a_full_disk_is_told_before_anything_is_loaded(here, write, server, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": len(SET) + 10}))
    with pytest.raises(LabError, match="tiny, packed and unpacked, needs .* MB free"):
        fetch("tiny", here, write(size=len(SET)))
    assert server.asked == []


def test_a_set_by_hand_says_how(here, write):
    with pytest.raises(LabError, match="by_hand cannot be fetched for you. Make an account at example.org."):
        fetch("by_hand", here, write())
    for place in ("trainA/1.png", "trainB/1.png", "trainB/2.png"):
        (here / "by_hand" / place).parent.mkdir(parents=True, exist_ok=True)
        (here / "by_hand" / place).write_bytes(b"")
    assert fetch("by_hand", here, write()) == here / "by_hand"


def test_a_second_fetch_at_the_same_time_is_refused(here, write):
    here.mkdir()
    with FileLock(here / ".fetch.lock"), pytest.raises(LabError, match="another fetch into this folder is running"):
        fetch("tiny", here, write())


def test_labkit_data_is_never_written_to(tmp_path, write, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "real"))
    with pytest.raises(LabError, match="lies in LABKIT_DATA, which labkit only reads"):
        fetch("tiny", tmp_path / "real" / "sub", write())
    assert not (tmp_path / "real").exists()


# Checking -----------------------------------------------------------------------------------------------------------


def test_check_finds_what_is_missing_added_or_changed(here, write):
    folder = fetch("tiny", here, write())
    image = folder / "trainA/1.png"
    image.write_bytes(b"x" * 2000)
    with pytest.raises(LabError, match="tiny: its files are not those that were fetched; move it away and fetch tiny"):
        catalog.check("tiny", here, write())
    image.unlink()
    with pytest.raises(LabError, match="trainA holds 0 of 1 images"):
        catalog.check("tiny", here, write())


def test_check_finds_changed_loose_files(here, write):
    fetch("loose", here, write())
    (here / "Loose/raw/b.gz").write_bytes(b"secOnd")  # known by the first fetch only
    with pytest.raises(LabError, match="sha256 .* is not that of its first fetch"):
        catalog.check("loose", here, write())
    (here / "Loose/raw/b.gz").unlink()
    with pytest.raises(LabError, match="Loose/raw/b.gz is missing"):
        catalog.check("loose", here, write())


def test_check_says_where_a_set_is_or_how_to_get_it(here, tmp_path, write, monkeypatch):
    with pytest.raises(LabError, match="tiny: is not in .*`python -m labkit data fetch tiny` gets it"):
        catalog.check("tiny", here, write())
    (tmp_path / "real" / "tiny").mkdir(parents=True)
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "real"))
    assert "lies in LABKIT_DATA" in catalog.check("tiny", here, write())


def test_check_all_goes_on_after_a_problem(here, write, capsys):
    path = write()
    assert catalog.check_all([], here, path) == 0
    fetch("tiny", here, path)
    fetch("loose", here, path)
    assert catalog.check_all([], here, path) == 0
    (here / "tiny/trainB/1.png").unlink()
    capsys.readouterr()
    assert catalog.check_all([], here, path) == 2
    out = capsys.readouterr().out
    assert "trainB holds 1 of 2 images" in out and "loose: whole" in out


def test_damaged_checksums_are_named(here, write):
    fetch("tiny", here, write())
    (here / "checksums.json").write_text("{")
    with pytest.raises(LabError, match="checksums.json: is damaged; delete it"):
        catalog.check("tiny", here, write())


def test_the_table_tells_what_is_here(here, write, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    path = write(size=3_000_000)
    catalog.show(here, path)
    (here / "tiny").mkdir(parents=True)
    before = capsys.readouterr().out
    catalog.show(here, path)
    after = capsys.readouterr().out
    assert "3 MB" in before and "by hand" in before and "tiny" in before and "incomplete" not in before
    assert "incomplete" in after
