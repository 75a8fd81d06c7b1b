"""What lesson 05 states in its prose and does not measure there."""

import math

import pytest
import torch

from labkit.data.recipes.glyphs import glyph_pair
from labkit.losses.adversarial import equilibrium
from labkit.metrics import conditional_inception_score, pairwise_diversity
from labkit.metrics.invariance import feature_maps, pair_distances
from labkit.nets.adain import AdaINResBlock, adain
from labkit.nets.random_features import RandomEdges


def test_a_style_that_is_never_read_back_costs_four_fifths():
    assert math.sqrt(2 / math.pi) == pytest.approx(0.8, abs=0.01)  # E|s| of the standard normal
    draws = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    guesses = torch.linspace(-1, 1, 21)
    costs = torch.stack([(draws - guess).abs().mean() for guess in guesses])
    assert guesses[costs.argmin()].abs() < 0.06 and costs.min() == pytest.approx(0.8, abs=0.01)


def test_adversarial_terms_of_two_scales_rest_where_the_figure_says():
    rest_D, rest_G = equilibrium("lsgan")
    assert 2 * (2 * rest_D) == 1.0 and 2 * rest_G == 0.5


def test_many_different_outputs_of_one_kind_have_diversity_and_no_cis():
    noise = torch.randn(4, 8, 3, 8, 8)
    assert pairwise_diversity(noise).value > 0.5
    assert conditional_inception_score(torch.eye(4)[0].expand(4, 8, 4)).value == 0


def test_style_slips_past_an_instance_norm_that_is_not_directly_behind_adain():
    torch.manual_seed(0)
    content, norm = torch.randn(1, 4, 8, 8), torch.nn.InstanceNorm2d(4)
    styles = [(torch.randn(1, 4), torch.rand(1, 4) + 0.5) for _ in range(2)]
    at_once = [norm(adain(content, *each)) for each in styles]
    torch.testing.assert_close(*at_once, atol=1e-3, rtol=0)
    behind_relu = [norm(adain(content, *each).relu()) for each in styles]
    assert (behind_relu[0] - behind_relu[1]).abs().mean() > 0.1


def test_residual_blocks_with_equal_styles_are_equal_whatever_the_batch():
    torch.manual_seed(0)
    block, x, style = AdaINResBlock(3), torch.randn(2, 3, 6, 6), torch.randn(2, 12)
    torch.testing.assert_close(block(x, style)[:1], block(x[:1], style[:1]))


def test_exchanged_colours_defeat_random_edges_with_and_without_the_norm():
    pair = glyph_pair({"ink": "white", "paper": "black"}, {"ink": "navy", "paper": "sky"}, channels=3, n_train=10)
    maps = [feature_maps(pair.test["A"].images, RandomEdges()), feature_maps(pair.truth["A", "B"], RandomEdges())]
    for normalise in (False, True):
        assert pair_distances(*maps, pair.test["A"].labels, normalise).auc < 0.5
