"""Measures of image quality on distortions whose order is known."""

import pytest
import torch

from labkit.data.recipes.photos import crops
from labkit.metrics import quality
from labkit.metrics.quality import DISTORTIONS, LEVELS, auc, meaning_auc, replaced, severity_correlation, shifted


@pytest.fixture(scope="module")
def photos():
    return crops(["cat", "coffee"], 12, 32, seed=3)[0]


MEASURES = [quality.psnr_loss, quality.ssim_loss, quality.sliced_wasserstein]


@pytest.mark.parametrize("measure", MEASURES)
def test_a_measure_gives_one_number_a_picture_and_its_least_to_the_same_picture(measure, photos):
    same, other = measure(photos, photos), measure(photos.roll(1, 0), photos)
    assert same.shape == other.shape == (12,)
    assert (same < other).all()


def test_psnr_is_the_formula(photos):
    noisy = (photos + 0.1).clamp(-1, 1)
    mse = (noisy - photos).square().mean((1, 2, 3))
    assert torch.allclose(quality.psnr_loss(noisy, photos), -10 * torch.log10(4 / mse), atol=1e-3)


def test_sliced_wasserstein_knows_no_places(photos):
    """A picture whose quarters change places keeps its patches, but for those at the seams."""
    moved = photos.roll((16, 16), (2, 3))
    moved_distance = quality.sliced_wasserstein(moved, photos).mean()
    assert moved_distance < 0.4 * quality.sliced_wasserstein(photos.roll(1, 0), photos).mean()
    assert (quality.psnr_loss(moved, photos) > -20).all()


@pytest.mark.parametrize("name", DISTORTIONS)
def test_distortions_grow_with_their_level(name, photos):
    errors = [(DISTORTIONS[name](photos, level) - photos).abs().mean().item() for level in LEVELS]
    assert errors == sorted(errors) and errors[0] > 0
    assert DISTORTIONS[name](photos, 3).shape == photos.shape


def test_a_shift_moves_and_a_replacement_changes_only_the_middle(photos):
    assert torch.equal(shifted(photos)[:, :, 2:, 2:], photos[:, :, :-2, :-2])
    changed = replaced(photos) != photos
    assert changed[:, :, 10:22, 10:22].float().mean() > 0.8
    assert not changed[:, :, :10].any() and not changed[:, :, 22:].any()


def test_rank_correlation_is_one_for_order_and_minus_one_for_the_contrary(photos):
    def error(pictures, references):
        """The level itself, for distortions whose error is far apart from level to level."""
        return (pictures - references).square().mean((1, 2, 3))

    found = severity_correlation(error, photos)
    assert found.keys() == DISTORTIONS.keys()
    assert found["noise"] > 0.97  # noise of a level has the same strength in every picture
    assert 0.3 < found["blur"] < 0.97  # a blur takes more from a busy picture than from a plain one
    contrary = severity_correlation(lambda *both: -error(*both), photos)
    assert contrary == pytest.approx({name: -value for name, value in found.items()}, abs=1e-9)
    assert abs(severity_correlation(lambda p, r: r.mean((1, 2, 3)), photos)["noise"]) < 1e-6


def test_auc_counts_pairs_and_ties():
    assert auc(torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0])).value == 1.0
    assert auc(torch.tensor([0.0]), torch.tensor([1.0])).value == 0.0
    assert auc(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 2.0])).value == pytest.approx(0.625)


def test_a_measure_that_sees_the_middle_alone_tells_meaning(photos):
    def far_from_the_border(pictures, references):
        return (pictures - references).abs()[:, :, :10, :10].mean((1, 2, 3))

    assert meaning_auc(far_from_the_border, photos).value < 0.2  # a shift changes the corner, a replacement does not
