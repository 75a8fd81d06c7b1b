"""The files of a recorded network: whole or refused, found by a short name, written as a whole."""

import hashlib
import json

import pytest
from safetensors.torch import load_file, save_file

from labkit import networks
from labkit.errors import LabError
from labkit.networks import store
from labkit.networks.card import card


def test_every_file_is_in_the_checksums_and_the_checksums_in_the_index(keep, spec):
    keep(spec)
    folder = store.folder_of("03_test/cycle")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("spec.json", "weights.safetensors", "history.json", "metrics.json", "record.json", "strip.png"),
        *("probe.safetensors", "README.md", "checksums.json"),
    }
    checksums = json.loads((folder / "checksums.json").read_text())
    assert set(checksums) == names - {"checksums.json"}
    for name, entry in checksums.items():
        assert entry["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    known = store.index()["03_test/cycle"]
    assert known["sha256"] == hashlib.sha256((folder / "checksums.json").read_bytes()).hexdigest()
    assert (known["system"], known["steps"], known["bytes"]) == ("cyclegan", 3, store.total_bytes(folder))


@pytest.mark.parametrize("file", ["weights.safetensors", "metrics.json", "README.md", "strip.png", "checksums.json"])
def test_a_file_that_was_tampered_with_or_is_missing_is_refused_in_one_sentence(keep, spec, file):
    keep(spec)
    path = store.folder_of("03_test/cycle") / file
    content = path.read_bytes()
    for damage in (lambda: path.write_bytes(content + b" "), path.unlink):
        damage()
        found = f"{file} is (missing|not).*git checkout.*study 03 --arms cycle"
        with pytest.raises(LabError, match=found) as refused:
            networks.open("03_test", "cycle")
        assert "\n" not in str(refused.value)


def test_weights_and_checksums_changed_together_are_refused_all_the_same(keep, spec):
    keep(spec)
    folder = store.folder_of("03_test/cycle")
    weights = {key: value * 2 for key, value in load_file(folder / "weights.safetensors").items()}
    save_file(weights, folder / "weights.safetensors")
    (folder / "checksums.json").unlink()
    store.write_checksums(folder)
    with pytest.raises(LabError, match="03_test/cycle: checksums.json is not the one that was recorded"):
        networks.open("03_test", "cycle")


def test_a_network_is_found_by_the_lessons_number(keep, spec):
    keep(spec)
    assert store.find("03/cycle") == store.find("03_test/cycle") == "03_test/cycle"
    with pytest.raises(LabError, match="no recorded network '03/cycel'; did you mean '03_test/cycle'"):
        store.find("03/cycel")
    with pytest.raises(LabError, match="no recorded network 'zzz'; `python -m labkit networks list`"):
        store.find("zzz")


def test_a_network_is_replaced_as_a_whole(keep, spec):
    keep(spec)
    folder = store.folder_of("03_test/cycle")
    (folder / "left.txt").write_text("of an older version")
    keep(spec)
    assert not (folder / "left.txt").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["cycle"]
    assert networks.open("03_test", "cycle").name == "03_test/cycle"


def test_the_card_says_what_was_measured_and_how_to_train_again(keep, spec):
    keep(spec)
    text = networks.open("03_test", "cycle").card()
    assert text == card(store.folder_of("03_test/cycle"), "03_test/cycle")
    for expected in (
        "# 03_test/cycle",
        "| measure | seed 3 | seed 4 | n | split | judge |",
        "| `label_accuracy` | 0.25 | 0.5 | 450 | test | glyph_digits |",
        "python -m labkit study 03 --arms cycle\n",
        "CC BY 4.0",
        "(../../LICENSE.md)",
        "![the same test images after several steps](strip.png)",
        "G_AB, G_BA; ",
    ):
        assert expected in text
