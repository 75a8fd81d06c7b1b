"""Shapes, published parameter counts, and the range of the output."""

import pytest
import torch

from labkit.nets.blocks import count_parameters
from labkit.nets.generators import ResnetGenerator


@pytest.mark.parametrize(
    ("blocks", "channels", "parameters"), [(9, 3, 11_378_179), (6, 3, 7_837_699), (9, 1, 11_365_633)]
)
def test_parameter_counts_are_the_papers(blocks, channels, parameters):
    with torch.device("meta"):
        assert count_parameters(ResnetGenerator(channels, channels, blocks=blocks)) == parameters


@pytest.mark.parametrize("size", [(16, 16), (32, 48)])
def test_maps_images_to_images_of_the_same_size_within_range(size):
    generator = ResnetGenerator(ngf=4, blocks=1)
    y = generator(torch.randn(2, 3, *size))
    assert y.shape == (2, 3, *size)
    assert y.abs().max() <= 1


def test_constant_images_give_finite_gradients():
    generator = ResnetGenerator(ngf=4, blocks=1)
    generator(torch.ones(1, 3, 16, 16)).sum().backward()
    assert all(p.grad.isfinite().all() for p in generator.parameters())
