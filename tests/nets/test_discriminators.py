"""Shapes, published parameter counts and receptive fields."""

import pytest
import torch
from torch import nn

from labkit.nets.blocks import count_parameters
from labkit.nets.discriminators import PatchGAN


@pytest.mark.parametrize(("layers", "parameters", "side"), [(3, 2_764_737, 30), (2, 662_977, 62), (5, 11_154_369, 6)])
def test_parameter_counts_and_map_sizes_are_the_papers(layers, parameters, side):
    with torch.device("meta"):
        discriminator = PatchGAN(layers=layers)
        assert count_parameters(discriminator) == parameters
        assert discriminator(torch.empty(1, 3, 256, 256)).shape == (1, 1, side, side)


def test_antialiasing_changes_neither_count_nor_map():
    with torch.device("meta"):
        discriminator = PatchGAN(antialias=True)
        assert count_parameters(discriminator) == 2_764_737
        assert discriminator(torch.empty(1, 3, 256, 256)).shape == (1, 1, 30, 30)


def test_padding_changes_the_map_and_not_the_count():
    with torch.device("meta"):
        discriminator = PatchGAN(padding=2)
        assert count_parameters(discriminator) == 2_764_737
        assert discriminator(torch.empty(1, 3, 256, 256)).shape == (1, 1, 35, 35)


@pytest.mark.parametrize(
    ("layers", "antialias", "field"), [(1, False, 16), (2, False, 34), (3, False, 70), (3, True, 84)]
)
def test_receptive_field_by_the_support_of_the_gradient(layers, antialias, field):
    discriminator = PatchGAN(ndf=4, layers=layers, antialias=antialias)
    for name, layer in discriminator.layers.named_children():
        if isinstance(layer, nn.InstanceNorm2d):  # it spreads every gradient over the whole image
            discriminator.layers[int(name)] = nn.Identity()
    x = torch.randn(1, 3, 128, 128, requires_grad=True)
    logits = discriminator(x)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    rows = x.grad.abs().sum((0, 1, 3)).nonzero()
    assert rows.max() - rows.min() + 1 == field
