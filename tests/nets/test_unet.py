"""The official parameter counts, the per-image norm, and the bottleneck that lets nothing through."""

import pytest
import torch

from labkit.nets.blocks import count_parameters
from labkit.nets.unet import DualCritic, ImageNorm, UNet


def test_parameter_counts_are_the_official_ones():
    with torch.device("meta"):
        assert count_parameters(UNet()) == 30_627_907
        assert count_parameters(DualCritic()) == 3_949_441
        assert count_parameters(DualCritic(view="patch")) == 3_921_281


def test_full_size_shapes():
    with torch.device("meta"):
        x = torch.empty(1, 3, 256, 256)
        maps = UNet().encode(x)
        assert UNet()(x).shape == x.shape
        assert DualCritic()(x).shape == (1, 1)
        assert DualCritic(view="patch")(x).shape == (1, 1, 4, 4)
    assert [m.shape[-1] for m in maps] == [128, 64, 32, 16, 8, 4, 2, 1]
    assert maps[-1].shape[1] == 512


def test_image_norm_is_instance_norm_with_scale_and_shift():
    norm = ImageNorm(3)
    with torch.no_grad():
        norm.shift.copy_(torch.tensor([0.1, -0.2, 0.3]).reshape(3, 1, 1))
    x = torch.randn(2, 3, 4, 4) * 5 + 1
    expected = torch.nn.functional.instance_norm(x, weight=norm.scale.flatten(), bias=norm.shift.flatten())
    torch.testing.assert_close(norm(x), expected)


def test_over_one_pixel_the_norm_gives_its_shift_whatever_came_in():
    norm = ImageNorm(3)
    x = torch.randn(2, 3, 1, 1, requires_grad=True)
    y = norm(x)
    assert torch.equal(y, norm.shift.expand(2, 3, 1, 1))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert gradient.abs().max() == 0


def test_nothing_passes_a_bottleneck_of_one_pixel_and_much_passes_one_of_four():
    torch.manual_seed(0)
    x, other = torch.randn(2, 1, 3, 16, 16)
    for levels, passes in ((4, False), (3, True)):
        net = UNet(ngf=4, levels=levels)
        a, b = net.encode(x)[-1], net.encode(other)[-1]
        assert (not torch.allclose(a, b)) == passes


@pytest.mark.parametrize("levels", [2, 4])
def test_maps_images_to_the_same_shape_within_range(levels):
    y = UNet(ngf=4, levels=levels)(torch.randn(2, 3, 16, 32))
    assert y.shape == (2, 3, 16, 32) and y.abs().max() <= 1
