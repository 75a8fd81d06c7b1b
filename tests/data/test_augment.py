"""Random views: seeded, each image its own, in range, and known transformations at known settings."""

import math

import pytest
import torch

from labkit.data.augment import AUGMENTATIONS, RGB_TO_YIQ, Augmentation, random_view


def images(n=6, channels=3, size=16, seed=0):
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_shape_range_and_seed(name, channels):
    x = images(channels=channels)
    before = x.clone()
    views = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        views.append(random_view(x, AUGMENTATIONS[name]))
    assert views[0].shape == x.shape and views[0].abs().max() <= 1 and views[0].isfinite().all()
    assert torch.equal(views[0], views[1])
    assert torch.equal(views[0], views[2]) == (name == "none")
    assert torch.equal(x, before)


def test_no_augmentation_changes_nothing():
    x = images()
    assert torch.allclose(random_view(x, Augmentation()), x, atol=1e-5)


def test_every_image_has_its_own_draw():
    x = images(1).repeat(8, 1, 1, 1)
    views = random_view(x, AUGMENTATIONS["digits"])
    assert torch.pdist(views.flatten(1)).min() > 0.1


def test_certain_flip_is_a_mirror_image():
    x = images()
    assert torch.allclose(random_view(x, Augmentation(flip=1.0)), x.flip(3), atol=1e-5)


def test_a_crop_of_a_quarter_shows_the_corner_it_was_taken_from():
    """On a ramp from -1 (left) to 1 (right) a crop of half the side spans half the ramp, and lies inside it."""
    ramp = torch.linspace(-1, 1, 32).expand(64, 1, 32, 32)
    views = random_view(ramp, Augmentation(area=(0.25, 0.25)))
    width = views[:, 0, 0, -1] - views[:, 0, 0, 0]
    assert torch.allclose(width, torch.ones(64), atol=0.07)
    assert views[:, 0, 0, 0].min() < -0.9 and views[:, 0, 0, 0].max() > -0.1
    assert torch.allclose(views, views[:, :, :1].expand_as(views), atol=1e-5)


def test_shrinking_pads_with_the_border_and_keeps_the_whole_image():
    x = torch.full((4, 1, 16, 16), -1.0)
    x[:, :, 4:12, 4:12] = 1.0
    views = random_view(x, Augmentation(area=(4.0, 4.0)))
    lit = (views > 0).flatten(1).float().mean(1)
    assert torch.allclose(lit, torch.full((4,), 64 / 256 / 4), atol=0.03)
    assert (views[:, :, 0] == -1).all()


def test_rotation_is_bounded_and_goes_both_ways():
    """A bar through the centre: the angle of its principal axis after rotations of up to 30 degrees."""
    x = torch.full((200, 1, 33, 33), -1.0)
    x[:, :, 15:18, 4:29] = 1.0
    views = (random_view(x, Augmentation(degrees=30.0))[:, 0] + 1) / 2
    place = torch.arange(33.0) - 16
    xy = (views * place[:, None] * place[None, :]).sum((1, 2))
    xx, yy = (views * place[None, :] ** 2).sum((1, 2)), (views * place[:, None] ** 2).sum((1, 2))
    angle = torch.rad2deg(torch.atan2(2 * xy, xx - yy) / 2)
    assert angle.abs().max() < 31 and angle.max() > 25 and angle.min() < -25


def test_grey_has_equal_channels_and_blur_keeps_the_mean():
    x = images()
    grey = random_view(x, Augmentation(grey=1.0))
    assert torch.allclose(grey[:, 0], grey[:, 1], atol=1e-5) and torch.allclose(grey[:, 0], grey[:, 2], atol=1e-5)
    spot = torch.full((5, 1, 17, 17), -1.0)
    spot[:, :, 8, 8] = 1.0
    blurred = random_view(spot, Augmentation(blur=1.0, blur_width=0.08))
    assert torch.allclose(blurred.mean((1, 2, 3)), spot.mean((1, 2, 3)), atol=1e-5)
    peak = blurred[:, 0, 8, 8]
    assert peak.min() < 0 and len(peak.unique()) == 5  # every image its own width
    assert torch.allclose(blurred, blurred.transpose(2, 3), atol=1e-5)


def test_moco_always_jitters_and_never_blurs_and_crops_no_smaller_than_a_fifth():
    """On a ramp across the image a view spans as much of it as the crop is wide: at the least √(0.2 · 3/4)."""
    moco = AUGMENTATIONS["photos_moco"]
    assert (moco.jitter, moco.blur) == (1.0, 0.0)
    ramp = torch.linspace(-1, 1, 64).expand(400, 3, 64, 64)
    spans = {}
    for name in ("photos", "photos_moco"):
        crop = Augmentation(area=AUGMENTATIONS[name].area, aspect=AUGMENTATIONS[name].aspect)
        views = random_view(ramp, crop)
        spans[name] = ((views[:, 0, 0, -1] - views[:, 0, 0, 0]) / 2).min().item()
    assert spans["photos"] < 0.35 < math.sqrt(0.2 * 3 / 4) - 0.03 < spans["photos_moco"]
    flat = torch.full((300, 3, 8, 8), 0.2)
    views = random_view(flat, moco)
    assert ((views - flat).abs().amax((1, 2, 3)) > 1e-3).float().mean() > 0.97  # every image is recoloured …
    level = (views[:, 0].mean((1, 2)) + 1) / 2
    assert level.min() > 0.35 and level.max() < 0.85  # … by at most 0.4 of its 0.6


def test_hue_turns_colours_and_keeps_their_luma():
    x = images() * 0.2  # away from black and white, so that nothing is cut off
    turned = random_view(x, Augmentation(jitter=1.0, hue=0.5))
    weights = torch.tensor(RGB_TO_YIQ[0])[:, None, None]
    assert (turned - x).abs().max() > 0.05
    assert torch.allclose((turned * weights).sum(1), (x * weights).sum(1), atol=2e-2)


def test_brightness_scales_about_black():
    x = torch.full((300, 1, 8, 8), 0.0)  # grey one half
    level = (random_view(x, Augmentation(jitter=1.0, brightness=0.4)).mean((1, 2, 3)) + 1) / 2
    assert 0.3 - 1e-4 <= level.min() < 0.32 and 0.68 < level.max() <= 0.7 + 1e-4
    assert math.isclose(level.mean().item(), 0.5, abs_tol=0.03)
