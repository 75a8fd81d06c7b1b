"""A network that is not in the checkout: fetched over HTTP into the cache, held against checksums, opened."""

import functools
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labkit import networks, paths
from labkit.errors import LabError
from labkit.networks import store


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def elsewhere(keep, spec, house, monkeypatch):
    """The recorded network lies on a server, and no longer in the checkout."""
    keep(spec)
    published = house / "published"
    shutil.move(store.folder_of(""), published)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=published))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("LABKIT_NETWORKS", f"http://127.0.0.1:{server.server_port}/")
    yield published
    server.shutdown()
    server.server_close()


def everything(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_fetched_once_into_the_cache_and_nowhere_else(elsewhere, house):
    before = everything(house)
    network = networks.open("03_test", "cycle")
    assert network.folder == paths.cache_dir() / "networks" / "03_test" / "cycle" and network.deviation < 0.002
    new = {path for path, content in everything(house).items() if before.get(path) != content}
    assert new and all(path.parts[0] == "cache" for path in new)
    shutil.rmtree(elsewhere)
    assert networks.open("03_test", "cycle").spec == network.spec


def test_without_the_setting_one_sentence_says_how(elsewhere, monkeypatch):
    monkeypatch.delenv("LABKIT_NETWORKS")
    with pytest.raises(LabError, match="03_test/cycle is not on this machine and LABKIT_NETWORKS is not set; set it"):
        networks.open("03_test", "cycle")
    monkeypatch.setenv("LABKIT_NETWORKS", "/some/folder")
    with pytest.raises(LabError, match="LABKIT_NETWORKS is '/some/folder'; set it to the web address"):
        networks.open("03_test", "cycle")


@pytest.mark.parametrize("file", ["checksums.json", "weights.safetensors"])
def test_a_file_that_is_not_the_recorded_one_gets_no_name(elsewhere, file):
    path = elsewhere / "03_test" / "cycle" / file
    content = path.read_bytes()
    path.write_bytes(bytes(reversed(content)))
    with pytest.raises(LabError, match=f"03_test/cycle/{file} is not the file that was recorded"):
        networks.open("03_test", "cycle")
    assert not (paths.cache_dir() / "networks" / "03_test" / "cycle" / file).exists()
    path.write_bytes(content)
    assert networks.open("03_test", "cycle").deviation < 0.002


def test_a_missing_file_is_named_and_a_damaged_cache_is_mended(elsewhere):
    networks.open("03_test", "cycle")
    cached = paths.cache_dir() / "networks" / "03_test" / "cycle" / "metrics.json"
    cached.write_text("{}")
    assert networks.open("03_test", "cycle").metrics["seeds"] == [3, 4]
    cached.unlink()
    (elsewhere / "03_test" / "cycle" / "metrics.json").unlink()
    with pytest.raises(LabError, match="metrics.json: the server answers 404"):
        networks.open("03_test", "cycle")
