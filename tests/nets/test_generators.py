"""Shapes, published parameter counts, and the range of the output."""

import pytest
import torch
from torch import nn

from labkit.nets.blocks import count_parameters
from labkit.nets.generators import ResnetGenerator


@pytest.mark.parametrize(
    ("blocks", "channels", "parameters"), [(9, 3, 11_378_179), (6, 3, 7_837_699), (9, 1, 11_365_633)]
)
def test_parameter_counts_are_the_papers(blocks, channels, parameters):
    with torch.device("meta"):
        assert count_parameters(ResnetGenerator(channels, channels, blocks=blocks)) == parameters


def test_antialiasing_changes_no_parameter_count():
    with torch.device("meta"):
        assert count_parameters(ResnetGenerator(antialias=True)) == 11_378_179


@pytest.mark.parametrize(
    ("antialias", "shapes"),
    [
        (True, [(3, 262, 262), (128, 256, 256), (256, 128, 128), (256, 64, 64), (256, 64, 64)]),
        (False, [(3, 262, 262), (128, 128, 128), (256, 64, 64), (256, 64, 64), (256, 64, 64)]),
    ],
)
def test_taps_have_the_official_codes_shapes(antialias, shapes):
    with torch.device("meta"):
        generator, x = ResnetGenerator(antialias=antialias), torch.empty(1, 3, 256, 256)
        y, maps = generator.translate_and_tap(x, generator.taps)
    assert y.shape == x.shape
    assert [tuple(m.shape[1:]) for m in maps] == shapes
    assert [m.shape[1] for m in maps] == list(generator.tap_channels)


@pytest.mark.parametrize(("antialias", "fields"), [(True, [1, 9, 15, 35, 99]), (False, [1, 9, 13, 29, 93])])
def test_receptive_fields_of_the_taps_by_the_support_of_the_gradient(antialias, fields):
    torch.manual_seed(0)
    generator = ResnetGenerator(ngf=4, blocks=5, antialias=antialias)
    without_norms(generator)
    x = torch.randn(1, 3, 160, 160, requires_grad=True)
    for tap, field in zip(generator.taps, fields, strict=True):
        (features,) = generator.encode(x, [tap])
        middle = features.shape[2] // 2
        (gradient,) = torch.autograd.grad(features[0, :, middle, middle].sum(), x)
        rows = gradient.abs().sum((0, 1, 3)).nonzero()
        assert rows.max() - rows.min() + 1 == field


def without_norms(module):
    """Take out InstanceNorm, which spreads every gradient over the whole image, and ReLU, which may stop it."""
    for name, child in module.named_children():
        if isinstance(child, nn.InstanceNorm2d | nn.ReLU):
            setattr(module, name, nn.Identity())
        else:
            without_norms(child)


@pytest.mark.parametrize("antialias", [False, True])
def test_features_on_the_way_are_those_of_the_encoder_alone(antialias):
    generator, x = ResnetGenerator(ngf=4, blocks=2, antialias=antialias), torch.randn(2, 3, 16, 16)
    y, maps = generator.translate_and_tap(x, generator.taps)
    assert torch.equal(y, generator(x))
    assert all(torch.equal(a, b) for a, b in zip(maps, generator.encode(x, generator.taps), strict=True))


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
