"""Real sets, where LABKIT_DATA names their folder; how they are read is tested on tiny stand-ins anywhere."""

import bz2
import gzip
import hashlib

import numpy as np
import pytest
import torch
from scipy.io import savemat

from labkit import data, paths
from labkit.data.recipes import real_digits
from labkit.errors import LabError

real = pytest.mark.skipif(not paths.data_root(), reason="LABKIT_DATA is not set: no real digits to read")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.getbasetemp() / "real_digits_cache"  # shared, so that MNIST is unpacked once
    monkeypatch.setenv("LABKIT_CACHE", str(folder))
    return folder


def state(folder):
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


@real
@pytest.mark.parametrize(
    ("name", "key", "n_train", "n_test", "channels", "first"),
    [
        ("mnist", "real", 60_000, 10_000, 1, [5, 0, 4, 1, 9]),
        ("usps", "real", 7291, 2007, 1, [6, 5, 4, 7, 3]),
        ("svhn_subset", "real", 554, 486, 3, None),
    ],
)
def test_a_real_set_is_complete_and_nothing_is_written_beside_it(name, key, n_train, n_test, channels, first):
    before = state(paths.data_root())
    dataset = data.load(name)
    train, test = dataset.train[key], dataset.test[key]
    assert (len(train), len(test)) == (n_train, n_test)
    assert train.images.shape[1:] == (channels, 32, 32)
    assert -1 <= train.images.min() < -0.9
    assert 0.9 < train.images.max() <= 1
    assert set(test.labels.tolist()) == set(range(10))
    assert first is None or train.labels[:5].tolist() == first
    assert state(paths.data_root()) == before


@real
def test_two_sets_make_a_pair_of_domains():
    dataset = data.load("mnist_to_usps", {"n_train": 100, "n_test": 50})
    assert [dataset.train[key].name for key in "AB"] == ["mnist", "usps"]
    assert [len(dataset.train[key]) for key in "AB"] == [100, 100]


@real
def test_a_part_of_two_sets_is_seeded():
    one, same, other = (data.load("svhn_to_mnist", {"n_train": 100, "n_test": 50, "seed": i}) for i in (0, 0, 1))
    for key in ("A", "B"):
        assert (len(one.train[key]), len(one.test[key])) == (100, 50)
        assert torch.equal(one.train[key].images, same.train[key].images)
        assert not torch.equal(one.train[key].images, other.train[key].images)
    assert one.train["A"].images.shape[1] == one.train["B"].images.shape[1]


@real
@pytest.mark.parametrize(
    ("recipe", "settings", "counts"),
    [
        ("cyclegan_folders", {"root": "horse2zebra"}, (1067, 1334, 120, 140)),
        ("cyclegan_folders", {"root": "grumpifycat", "size": 64}, (67, 184, 8, 20)),
        ("emoji", {}, (260, 260, 80, 80)),
        ("single_pair", {"root": "single_image_monet_etretat", "load_size": 256, "size": 32}, (1, 1, 1, 1)),
    ],
)
def test_real_folders_out_of_their_archives(recipe, settings, counts):
    before = state(paths.data_root())
    dataset = data.load(recipe, settings)
    assert tuple(len(part[key]) for part in (dataset.train, dataset.test) for key in "AB") == counts
    assert dataset.train["A"].take([0, 0], [1, 2]).shape[1] == 3
    assert state(paths.data_root()) == before


# -- stand-ins ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "DATA", tmp_path / "project")
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def tiny_mnist(stand_in, monkeypatch):
    from labkit.torchvision_shim import torchvision

    raw = stand_in / "MNIST" / "raw"
    raw.mkdir(parents=True)
    resources = []
    for part in ("train", "t10k"):
        images = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes([0]) * 784 + bytes([255]) * 784
        labels = bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 3])
        for kind, content in (("images-idx3", images), ("labels-idx1", labels)):
            packed = gzip.compress(content)
            (raw / f"{part}-{kind}-ubyte.gz").write_bytes(packed)
            resources.append((f"{part}-{kind}-ubyte.gz", hashlib.md5(packed).hexdigest()))
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)
    return raw


def test_mnist_is_unpacked_into_the_cache_not_beside_its_archives(tiny_mnist):
    before = state(tiny_mnist)
    train = data.load("mnist").train["real"]
    assert train.labels.tolist() == [7, 3]
    assert [float(image.mean()) for image in train.images] == [-1, 1]
    assert state(tiny_mnist) == before


def test_a_damaged_mnist_is_named(tiny_mnist):
    path = tiny_mnist / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(LabError, match="train-images-idx3-ubyte.gz: the checksum is wrong"):
        data.load("mnist")


def test_usps_values_and_labels(stand_in):
    (stand_in / "USPS").mkdir()
    lines = [" ".join([label, *(f"{i + 1}:{value}" for i in range(256))]) for label, value in (("1", -1), ("10", 1))]
    for name in ("usps.bz2", "usps.t.bz2"):
        (stand_in / "USPS" / name).write_bytes(bz2.compress("\n".join(lines).encode()))
    train = data.load("usps", {"size": 16}).train["real"]
    assert train.labels.tolist() == [0, 9]
    assert [float(image.mean()) for image in train.images] == [-1, 1]


@pytest.mark.parametrize(("name", "folder"), [("svhn_subset", "SVHN_subset"), ("svhn", "SVHN")])
def test_svhn_calls_zero_ten_and_stores_its_images_last(stand_in, name, folder):
    (stand_in / folder).mkdir()
    pixels = np.zeros((32, 32, 3, 2), np.uint8)
    pixels[:, :, 0, 1] = 255
    for part in ("train", "test"):
        savemat(stand_in / folder / f"{part}_32x32.mat", {"X": pixels, "y": np.array([[10], [4]], np.uint8)})
    train = data.load(name).train["real"]
    assert train.labels.tolist() == [0, 4]
    assert train.images[1, :, 0, 0].tolist() == [1, -1, -1]
    assert data.load(name, {"channels": 1}).train["real"].images[1].mean() == pytest.approx(2 * 0.299 - 1)


@pytest.mark.parametrize("name", ["mnist", "usps", "svhn_subset", "svhn"])
def test_without_the_files_the_way_out_is_named(stand_in, name):
    with pytest.raises(LabError, match="there is no such file or folder"):
        data.load(name)


def test_a_damaged_usps_is_named(stand_in):
    (stand_in / "USPS").mkdir()
    (stand_in / "USPS" / "usps.bz2").write_bytes(b"nothing of the kind")
    with pytest.raises(LabError, match="USPS cannot be read"):
        data.load("usps")


@pytest.fixture
def tiny_usps(stand_in):
    """Ten images in the training part, 0 to 9, and five in the test part, 1, 3, 5, 7, 9."""
    (stand_in / "USPS").mkdir()
    for name, digits in (("usps.bz2", range(10)), ("usps.t.bz2", range(1, 10, 2))):
        lines = [
            " ".join([str(digit + 1), *(f"{i + 1}:{digit / 5 - 0.9:.2f}" for i in range(256))]) for digit in digits
        ]
        (stand_in / "USPS" / name).write_bytes(bz2.compress("\n".join(lines).encode()))


def test_usps_can_be_pooled_and_split_anew(tiny_usps):
    native, pooled = (data.load("usps", {"size": 16, "split": split}) for split in ("native", "pooled"))
    assert (len(native.train["real"]), len(native.test["real"])) == (10, 5)
    assert (len(pooled.train["real"]), len(pooled.test["real"])) == (12, 3)
    labels = torch.cat([part["real"].labels for part in (pooled.train, pooled.test)])
    assert sorted(labels.tolist()) == sorted([*range(10), 1, 3, 5, 7, 9])
    for part in (pooled.train["real"], pooled.test["real"]):  # an image keeps its label
        assert torch.allclose((part.images.mean((1, 2, 3)) + 0.9) * 5, part.labels.float(), atol=0.1)
    again, other = (data.load("usps", {"size": 16, "split": "pooled", "seed": seed}) for seed in (0, 1))
    assert torch.equal(again.train["real"].labels, pooled.train["real"].labels)
    assert not torch.equal(other.train["real"].labels, pooled.train["real"].labels)
    with pytest.raises(LabError, match="split 'even'"):
        data.load("usps", {"split": "even"})


# Frames ---------------------------------------------------------------------------------------------------------------


def stroke(size, top, left, height, width):
    picture = torch.zeros(1, size, size)
    picture[0, top : top + height, left : left + width] = 1
    return picture


def box_of(picture):
    """First and last row and column that are at least half bright."""
    rows, columns = ((picture > 0.5).any(axis).nonzero().flatten() for axis in (1, 0))
    return [rows[0].item(), rows[-1].item(), columns[0].item(), columns[-1].item()]


@pytest.mark.parametrize("place", [(0, 0), (5, 17), (8, 3)])
def test_framed_ink_fills_twenty_of_28_parts_in_the_middle_wherever_it_was(place):
    (found,) = real_digits.framed(stroke(28, *place, 20, 10))
    assert box_of(found) == [4, 23, 9, 18]  # 20 rows, and 10 columns in the middle


def test_framed_digits_of_a_tight_and_of_a_loose_collection_are_as_large():
    tight, loose = stroke(28, 0, 7, 28, 14), stroke(28, 6, 10, 16, 8)
    boxes = [box_of(real_digits.framed(picture)[0]) for picture in (tight, loose)]
    assert all(abs(a - b) <= 1 for a, b in zip(*boxes, strict=True))
    assert boxes[0][:2] == [4, 23]


def test_a_framed_recipe_shows_framed_digits_and_another_word_is_refused(tiny_mnist):
    images = data.load("mnist", {"frame": "ink", "size": 28, "channels": 3}).train["real"].images
    assert images.shape == (2, 3, 28, 28) and torch.equal(images[:, 0], images[:, 2])
    assert box_of((images[1, 0] + 1) / 2) == [4, 23, 4, 23]
    with pytest.raises(LabError, match="frame is own or ink"):
        data.load("mnist", {"frame": "tight"})
