import time

import pytest
import torch

from labkit.data.recipes.digits import TINTS, optdigits, recoloured_digits, scaled, stratified_split
from labkit.errors import LabError


def test_the_digits_are_white_on_black_and_complete():
    dataset = optdigits()
    train, test = dataset.train["real"], dataset.test["real"]
    assert len(train) + len(test) == 1797
    for domain in (train, test):
        assert domain.images.shape[1:] == (1, 32, 32)
        assert (domain.images.min(), domain.images.max()) == (-1, 1)
        assert domain.images[:, :, :, 0].mean() < -0.9  # black at the left border
        assert set(domain.labels.tolist()) == set(range(10))


def test_scaling_keeps_brightness_and_interpolates_linearly():
    grey = torch.rand(3, 8, 8)
    assert torch.allclose(scaled(grey, 32, 1).mean((1, 2, 3)), 2 * grey.mean((1, 2)) - 1, atol=0.02)
    ramp = torch.arange(8.0).expand(1, 8, 8) / 8
    line = scaled(ramp, 16, 1)[0, 0, 0, 1:-1].diff()
    assert torch.allclose(line, torch.full((13,), 1 / 8), atol=1e-6)


@pytest.mark.parametrize(("size", "channels"), [(32, 1), (28, 3), (8, 1), (64, 3)])
def test_size_and_channels(size, channels):
    images = optdigits(size, channels).test["real"].images
    assert images.shape[1:] == (channels, size, size)
    assert images.dtype == torch.float32
    assert (images == images[:, :1]).all()


def test_the_split_is_disjoint_stratified_and_seeded():
    labels = torch.arange(1000) % 10
    train, test = stratified_split(labels, 0.25, seed=0)
    assert sorted(torch.cat([train, test]).tolist()) == list(range(1000))
    assert labels[test].bincount().tolist() == [25] * 10
    assert torch.equal(test, stratified_split(labels, 0.25, seed=0)[1])
    assert not torch.equal(test, stratified_split(labels, 0.25, seed=1)[1])


def test_training_and_test_digits_are_different_images():
    dataset = optdigits()
    seen = {image.numpy().tobytes() for image in dataset.train["real"].images}
    assert not any(image.numpy().tobytes() in seen for image in dataset.test["real"].images)


def test_loading_is_quick():
    optdigits()  # imports scikit-learn
    start = time.process_time()
    optdigits()
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("change", ["invert", "mirror", "rotate"])
def test_a_known_change_has_its_truth_for_the_test_images(change):
    dataset = recoloured_digits(change)
    A, B = dataset.test["A"], dataset.test["B"]
    assert torch.equal(dataset.truth["A", "B"], B.images)
    assert torch.equal(dataset.truth["B", "A"], A.images)
    assert torch.equal(A.labels, B.labels)
    undo = {"invert": lambda x: -x, "mirror": lambda x: x.flip(3), "rotate": lambda x: x.rot90(-1, (2, 3))}[change]
    assert torch.equal(undo(B.images), A.images)
    written = {image.numpy().tobytes() for image in dataset.train["A"].images}
    assert not any(image.numpy().tobytes() in written for image in undo(dataset.train["B"].images))


def test_a_tinted_digit_has_one_of_the_tints():
    images = recoloured_digits("tint").train["B"].images
    brightest = ((images + 1) / 2).amax((2, 3))
    assert torch.cdist(brightest, TINTS).min(1).values.max() < 0.2
    assert torch.cdist(brightest, TINTS).argmin(1).unique().tolist() == [0, 1, 2, 3, 4]
    assert ((images + 1) / 2).amin((2, 3)).max() < 0.01


@pytest.mark.parametrize(
    "wish", [lambda: recoloured_digits("upside"), lambda: optdigits(channels=2), lambda: optdigits(test_fraction=1.0)]
)
def test_impossible_wishes_are_refused(wish):
    with pytest.raises(LabError):
        wish()


def test_a_margin_is_empty_and_leaves_the_digits_whole():
    wide = optdigits(16, margin=2).train["real"].images
    assert wide.shape[2:] == (16, 16) and torch.equal(wide[..., 2:14, 2:14], optdigits(12).train["real"].images)
    assert (wide[..., :2] == -1).all() and (wide[..., -2:, :] == -1).all()
    with pytest.raises(LabError, match="a margin of 5 px"):
        optdigits(16, margin=5)
