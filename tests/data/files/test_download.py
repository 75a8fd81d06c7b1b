"""Downloads from a server that breaks off, lies, ignores ranges, answers with something else, or not at all."""

import errno
import hashlib
import random
import shutil
import socket
from collections import namedtuple

import pytest

from labkit.data.files import download as module
from labkit.data.files.download import digest, download
from labkit.errors import LabError

CONTENT = random.Random(0).randbytes(300_000)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "set.bin"


def test_a_whole_file_arrives_as_a_part(server, target):
    part = download([server.serve("/f", CONTENT)], target, len(CONTENT))
    assert part.name == "set.bin.part" and part.read_bytes() == CONTENT and not target.exists()
    assert digest(part) == hashlib.sha256(CONTENT).hexdigest()
    assert digest(part, "md5") == hashlib.md5(CONTENT).hexdigest()


def test_a_transfer_that_breaks_off_goes_on_by_itself(server, target):
    part = download([server.serve("/f", CONTENT, breaks_after=100_000, breaks=2)], target, len(CONTENT))
    assert part.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=100000-", "bytes=200000-"]


def test_what_arrived_is_kept_and_the_next_call_goes_on_from_there(server, target):
    url = server.serve("/f", CONTENT, breaks_after=120_000)
    with pytest.raises(LabError, match="set.bin: the transfer broke off after 120,000 of 300,000 bytes.*goes on"):
        download([url], target, len(CONTENT), attempts=1)
    assert (target.parent / "set.bin.part").read_bytes() == CONTENT[:120_000]
    server.answers["/f"].breaks = 0
    assert download([url], target, len(CONTENT)).read_bytes() == CONTENT
    assert server.asked[-1] == ("/f", "bytes=120000-")


def test_it_stops_trying_where_nothing_more_comes(server, target):
    url = server.serve("/f", CONTENT, breaks_after=0)
    with pytest.raises(LabError, match="broke off after 0 of 300,000 bytes"):
        download([url], target, len(CONTENT))
    assert len(server.asked) == 1


def test_a_server_that_ignores_ranges_sends_all_again_and_the_file_is_right(server, target):
    url = server.serve("/f", CONTENT, breaks_after=100_000, breaks=1, ranges=False)
    assert download([url], target, len(CONTENT)).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=100000-"]


def test_a_whole_part_of_unknown_size_is_recognised(server, target):
    url = server.serve("/f", CONTENT)
    (target.parent / "set.bin.part").write_bytes(CONTENT)  # as after a kill between the last byte and the check
    assert download([url], target).read_bytes() == CONTENT
    assert server.asked == [("/f", "bytes=300000-")]


def test_a_part_that_is_no_part_of_the_file_is_named(server, target):
    (target.parent / "set.bin.part").write_bytes(CONTENT + b"more")
    with pytest.raises(LabError, match="/f: the server answers 416.*delete the .part file"):
        download([server.serve("/f", CONTENT)], target)
    assert download([server.serve("/f", CONTENT)], target, len(CONTENT)).read_bytes() == CONTENT  # the size tells


def test_another_size_than_the_catalogues_is_refused_before_a_byte_is_loaded(server, target):
    with pytest.raises(LabError, match="/f: offers 300,000 bytes where the catalogue says 299,999"):
        download([server.serve("/f", CONTENT)], target, 299_999)
    assert not (target.parent / "set.bin.part").exists()


def test_a_server_that_announces_more_than_it_has(server, target):
    url = server.serve("/f", CONTENT, announces=400_000, ranges=False)
    with pytest.raises(LabError, match="broke off after 300,000 of 400,000 bytes"):
        download([url], target)
    assert len(server.asked) == 2  # once more, and no third time: the second brought nothing


def test_a_server_that_announces_less_than_it_sends_gives_a_part_that_no_checksum_fits(server, target):
    part = download([server.serve("/f", CONTENT, announces=1000)], target)
    assert part.read_bytes() == CONTENT[:1000]  # the caller's checksum refuses it: see test_catalog.py


def test_a_server_that_announces_nothing(server, target, monkeypatch):
    url = server.serve("/f", CONTENT, announces=-1)
    assert download([url], target).read_bytes() == CONTENT
    (target.parent / "set.bin.part").unlink()
    monkeypatch.setattr(module, "MAX_UNANNOUNCED", 200_000)
    with pytest.raises(LabError, match="/f: sends more than 200,000 bytes"):
        download([url], target)


@pytest.mark.parametrize("how", [{"content_type": "text/html; charset=utf-8"}, {}])
def test_a_web_page_is_not_taken_for_the_file(server, target, how):
    url = server.serve("/f", b"\n<!DOCTYPE HTML><title>Please log in</title>", **how)
    with pytest.raises(LabError, match="/f: gives a web page instead of the file"):
        download([url], target)


@pytest.mark.parametrize("status, hint", [(404, "moved or is gone"), (403, "account"), (503, "try again later")])
def test_an_error_of_the_server_is_told(server, target, status, hint):
    with pytest.raises(LabError, match=f"/f: the server answers {status} .*{hint}"):
        download([server.serve("/f", b"", status=status)], target)


def test_no_server_at_all(target):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(LabError, match="127.0.0.1 cannot be reached .*refused.*check the network"):
        download([f"http://127.0.0.1:{port}/f"], target)
    (target.parent / "set.bin.part").write_bytes(b"kept")
    with pytest.raises(LabError, match="cannot be reached"):
        download([f"http://127.0.0.1:{port}/f"], target)
    assert (target.parent / "set.bin.part").read_bytes() == b"kept"


def test_a_server_that_falls_silent(server, target):
    url = server.serve("/f", CONTENT, pause=0.4)
    with pytest.raises(LabError, match="broke off after 0 of 300,000 bytes .*timed out"):
        download([url], target, timeout=0.15, attempts=1)


def test_a_slow_server_is_waited_for(server, target):
    assert download([server.serve("/f", CONTENT, pause=0.3)], target, timeout=2.0).read_bytes() == CONTENT


def test_the_second_mirror_goes_on_where_the_first_broke_off(server, target):
    bad = server.serve("/bad", CONTENT, breaks_after=50_000, breaks=1)
    server.answers["/bad"].ranges = True
    gone, good = server.serve("/gone", b"", status=404), server.serve("/good", CONTENT)
    assert download([gone, bad, good], target, len(CONTENT), attempts=1).read_bytes() == CONTENT
    assert server.asked == [("/gone", None), ("/bad", None), ("/good", "bytes=50000-")]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/f", "nonsense"])
def test_only_web_addresses_are_opened(target, url):
    with pytest.raises(LabError, match="no http or https address"):
        download([url], target)


def test_a_full_disk_is_told_before_and_while_loading(server, target, monkeypatch):
    url = server.serve("/f", CONTENT)
    usage = namedtuple("usage", "total used free")(1, 1, 200_000)
    with monkeypatch.context() as patch, pytest.raises(LabError, match="set.bin needs 0 MB and the disk has 0 MB"):
        patch.setattr(shutil, "disk_usage", lambda path: usage)
        download([url], target, len(CONTENT))
    original = type(target).open

    class Full:
        def __init__(self, file):
            self.file, self.left = file, 150_000

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            self.file.close()

        def flush(self):
            self.file.flush()

        def write(self, chunk):
            self.left -= len(chunk)
            if self.left < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.file.write(chunk)

    with (
        monkeypatch.context() as patch,
        pytest.raises(LabError, match="set.bin.part: cannot be written .No space"),
    ):
        patch.setattr(type(target), "open", lambda path, *mode: Full(original(path, *mode)))
        download([url], target, len(CONTENT))
    kept = (target.parent / "set.bin.part").read_bytes()
    assert kept and kept == CONTENT[: len(kept)]
    assert download([url], target, len(CONTENT)).read_bytes() == CONTENT
