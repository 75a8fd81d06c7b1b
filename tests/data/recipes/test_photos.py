import numpy as np
import pytest
import torch

from labkit.data.recipes import photos
from labkit.data.recipes.photos import PHOTOS, SURFACES, colour_to_grey, crops, night, photo, photo_crops, scenes
from labkit.errors import LabError


@pytest.mark.parametrize("name", PHOTOS)
def test_every_photograph_is_there_and_in_colour(name):
    picture = photo(name)
    assert picture.mode == "RGB"
    assert min(picture.size) >= 250
    r, g, b = (np.asarray(channel, dtype=float) for channel in picture.resize((64, 64)).split())
    assert abs(r - g).mean() + abs(g - b).mean() > 5


@pytest.mark.parametrize("name", SURFACES)
def test_the_surfaces_are_grey(name):
    picture = np.asarray(photo(name))
    assert (picture == picture[:, :, :1]).all()
    assert picture.std() > 10


def test_crops_are_seeded_spread_over_the_photographs_and_in_range():
    images, sources = crops(["cat", "coffee"], 40, size=32, seed=1)
    again, _ = crops(["cat", "coffee"], 40, size=32, seed=1)
    other, _ = crops(["cat", "coffee"], 40, size=32, seed=2)
    assert images.shape == (40, 3, 32, 32)
    assert images.dtype == torch.float32
    assert -1 <= images.min() < images.max() <= 1
    assert sources.bincount().tolist() == [20, 20]
    assert torch.equal(images, again)
    assert not torch.equal(images, other)


def test_a_crop_is_a_piece_of_its_photograph():
    picture = torch.from_numpy(np.array(photos.fit(photo("cat"), 48))).permute(2, 0, 1) / 127.5 - 1
    images, _ = crops(["cat"], 12, size=48, zoom=1.0)
    windows = picture.unfold(2, 48, 1).permute(2, 0, 1, 3)
    for image in images:
        found = [(windows - x).abs().amax((1, 2, 3)).min() for x in (image, image.flip(2))]
        assert min(found) < 1e-6


def test_the_split_is_by_photograph():
    dataset = photo_crops(size=32, n_train=50, n_test=20, held_out=("cat", "coffee"))
    train, test = (set(part["real"].labels.tolist()) for part in (dataset.train, dataset.test))
    assert not train & test
    assert {photos.SCENES[i] for i in test} == {"cat", "coffee"}
    assert len(train) == len(photos.SCENES) - 2


@pytest.mark.parametrize("picture", photos.SCENES)
def test_no_photograph_serves_two_parts(monkeypatch, picture):
    """Every other photograph is made black: crops that show something must come from the part `picture` is in."""
    black = photo("cat").point(lambda _: 0)
    monkeypatch.setattr(photos, "photo", lambda name: photo(name) if name == picture else black)
    dataset = colour_to_grey(size=16, n_train=12, n_test=12)
    shows = [bool((domain.images > -1).any()) for domain in (dataset.train["A"], dataset.train["B"], dataset.test["A"])]
    assert sum(shows) == 1


def test_grey_loses_the_colour_and_the_truth_is_the_grey_of_A():
    dataset = colour_to_grey(size=32, n_train=20, n_test=10)
    assert torch.equal(dataset.truth["A", "B"], photos.grey(dataset.test["A"].images))
    assert torch.equal(dataset.truth["B", "A"], dataset.test["A"].images)
    for images in (dataset.train["B"].images, dataset.test["B"].images):
        assert (images - images[:, :1]).abs().max() == 0
    assert (dataset.train["A"].images.std(1) > 0.05).float().mean() > 0.3


@pytest.mark.parametrize(
    "wish",
    [
        lambda: photo("mona_lisa"),
        lambda: photo_crops(held_out=()),
        lambda: photo_crops(held_out=photos.SCENES),
        lambda: photo_crops(held_out=("galaxies",)),
        lambda: colour_to_grey(held_out=("temple",)),
    ],
)
def test_impossible_wishes_are_refused(wish):
    with pytest.raises(LabError):
        wish()


def test_night_is_darker_and_bluer_and_keeps_the_scene():
    day, _ = crops(["cat", "temple"], 6, size=32, seed=1)
    dark = night(day)
    assert dark.shape == day.shape and dark.min() >= -1 and dark.max() <= 1
    assert dark.mean() < day.mean() - 0.3
    red, _, blue = ((dark + 1).mean((0, 2, 3)) / (day + 1).mean((0, 2, 3))).tolist()
    assert blue > 1.5 * red
    order = day[0, 0].flatten().argsort()
    assert (dark[0, 0].flatten()[order].diff() >= -1e-6).all()  # what was brighter is brighter still


def test_a_scene_is_the_middle_of_a_photograph():
    found = scenes(("temple", "cat"), size=32)
    assert found.shape == (2, 3, 32, 32) and -1 <= found.min() < -0.5 and 0.5 < found.max() <= 1
    width, height = photo("temple").size
    middle = photo("temple").crop(((width - height) // 2, 0, (width + height) // 2, height)).resize((32, 32))
    same = torch.from_numpy(np.asarray(middle)).permute(2, 0, 1) / 127.5 - 1
    assert (found[0] - same).abs().mean() < 0.1
