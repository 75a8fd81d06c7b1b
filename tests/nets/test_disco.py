"""The official parameter counts, the shapes of the features, and feature matching written out."""

import pytest
import torch

from labkit.nets.blocks import count_parameters
from labkit.nets.disco import (
    DiscoDiscriminator,
    DiscoGenerator,
    PointDiscriminator,
    PointGenerator,
    feature_matching,
)


def test_parameter_counts_are_the_official_ones():
    with torch.device("meta"):
        assert count_parameters(DiscoGenerator()) == 5_513_856
        assert count_parameters(DiscoGenerator(bottleneck=100)) == 7_153_480
        assert count_parameters(DiscoDiscriminator()) == 2_765_568


def test_the_discriminator_shows_three_features_at_full_size():
    with torch.device("meta"):
        logits, features = DiscoDiscriminator()(torch.empty(2, 3, 64, 64))
    assert logits.shape == (2, 1)
    assert [tuple(f.shape) for f in features] == [(2, 128, 16, 16), (2, 256, 8, 8), (2, 512, 4, 4)]


@pytest.mark.parametrize(("halvings", "bottleneck"), [(1, 0), (2, 0), (3, 0), (2, 5)])
def test_a_generator_has_as_many_layers_as_it_says_and_keeps_the_shape(halvings, bottleneck):
    generator = DiscoGenerator(ngf=4, halvings=halvings, bottleneck=bottleneck)
    layers = [m for m in generator.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    assert len(layers) == 2 * halvings + (2 if bottleneck else 0)
    y = generator(torch.randn(3, 3, 16, 16))
    assert y.shape == (3, 3, 16, 16)
    assert y.abs().max() <= 1


def test_the_toy_has_three_and_five_linear_layers():
    for network, count in ((PointGenerator(8), 3), (PointDiscriminator(8), 5)):
        assert sum(isinstance(m, torch.nn.Linear) for m in network.modules()) == count
    logits, features = PointDiscriminator(8)(torch.randn(5, 2))
    assert logits.shape == (5, 1) and [f.shape for f in features] == [(5, 8)] * 3


def test_feature_matching_compares_batch_means_and_leaves_the_real_side_alone():
    real = [torch.randn(4, 3, 2, 2, requires_grad=True), torch.randn(4, 5, requires_grad=True)]
    fake = [torch.randn(6, 3, 2, 2, requires_grad=True), torch.randn(6, 5, requires_grad=True)]
    value = feature_matching(real, fake)
    by_hand = 0.0
    for r, f in zip(real, fake, strict=True):
        mean_r, mean_f = r.flatten(1).sum(0) / len(r), f.flatten(1).sum(0) / len(f)
        by_hand += sum((a - b) ** 2 for a, b in zip(mean_r.tolist(), mean_f.tolist(), strict=True)) / len(mean_r)
    assert value.item() == pytest.approx(by_hand, rel=1e-5)
    value.backward()
    assert all(r.grad is None for r in real) and all(f.grad is not None for f in fake)
    assert feature_matching(real, [r.detach().flip(0) for r in real]).item() == pytest.approx(0, abs=1e-12)
