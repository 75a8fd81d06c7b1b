"""SinCUT's networks: published counts, sizes, and variance that survives."""

import pytest
import torch

from labkit.nets.blocks import count_parameters
from labkit.nets.stylegan2 import EqualConv, Noise, StyleDiscriminator, StyleGenerator


def test_parameter_counts_are_the_official_codes():
    with torch.device("meta"):
        assert count_parameters(StyleGenerator()) == 3_068_404
        assert count_parameters(StyleDiscriminator()) == 5_885_473


def test_shapes_of_taps_and_logits_are_the_official_codes():
    with torch.device("meta"):
        generator, x = StyleGenerator(), torch.empty(2, 3, 64, 64)
        y, maps = generator.translate_and_tap(x, generator.taps)
        assert y.shape == x.shape
        assert [tuple(m.shape[1:]) for m in maps] == [(3, 64, 64), (160, 32, 32), (160, 32, 32)]
        assert StyleDiscriminator()(x).shape == (2, 1)


def test_trained_on_crops_used_on_whole_images():
    generator = StyleGenerator(ngf=1).eval()
    assert generator(torch.zeros(1, 3, 48, 80)).shape == (1, 3, 48, 80)


@pytest.mark.parametrize(("scale", "energy"), [(0.5, (20 / 64) ** 2), (1, 1.0), (2, 4 * (20 / 64) ** 2)])
def test_a_convolution_scales_and_keeps_the_variance(scale, energy):
    """White noise of variance 1: the blur leaves (20 / 64)² of it; growing spreads ¼ and scales by 16."""
    torch.manual_seed(0)
    x = torch.randn(2, 64, 24, 24)
    y = EqualConv(64, 64, 3, scale=scale)(x)
    side = int(24 * scale)
    assert y.shape == (2, 64, side, side)
    assert y[:, :, 2:-2, 2:-2].square().mean().item() == pytest.approx(energy, rel=0.3)


def test_noise_starts_silent_and_is_off_in_evaluation():
    noise, x = Noise(), torch.ones(1, 2, 4, 4)
    assert torch.equal(noise(x), x)
    with torch.no_grad():
        noise.strength.fill_(1.0)
    assert not torch.equal(noise(x), x)
    assert torch.equal(noise.eval()(x), x)


@pytest.mark.parametrize("size", [8, 32])
def test_the_discriminator_is_built_for_its_size(size):
    assert StyleDiscriminator(ndf=1, size=size)(torch.zeros(3, 3, size, size)).shape == (3, 1)
