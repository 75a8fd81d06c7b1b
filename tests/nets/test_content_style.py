"""Published parameter counts and shapes of MUNIT's networks, and of what UNIT (2018) and FUNIT compose from them."""

import pytest
import torch

from labkit.nets.blocks import count_parameters
from labkit.nets.content_style import ContentEncoder, ContentStyleAutoencoder, Decoder, StyleEncoder
from labkit.nets.discriminators import MultiScalePatchGAN


def test_counts_are_munits():
    with torch.device("meta"):
        whole = ContentStyleAutoencoder()
    assert count_parameters(whole.content_encoder) == 5_385_856
    assert count_parameters(whole.style_encoder) == 2_764_936
    assert count_parameters(whole.decoder) == 5_754_627
    assert count_parameters(whole.mlp) == 1_120_768
    assert count_parameters(whole) == 15_026_187


def test_counts_are_those_of_unit_2018_and_of_funit():
    with torch.device("meta"):
        unit = torch.nn.ModuleList([ContentEncoder(), Decoder(norm="instance")])
        assert count_parameters(unit) == 11_140_483
        assert count_parameters(ContentEncoder(halvings=3, blocks=2)) == 12_202_112
        assert count_parameters(StyleEncoder(style_dim=64)) == 2_779_328
        funit = Decoder(doublings=3, blocks=2, upsampler_norm="instance")
    assert count_parameters(funit) == 13_749_891
    assert funit.style_numbers == 4096


def test_codes_have_the_published_shapes():
    with torch.device("meta"):
        whole, x = ContentStyleAutoencoder(), torch.empty(1, 3, 256, 256)
        content, style = whole.encode(x)
        assert content.shape == (1, 256, 64, 64) and style.shape == (1, 8)
        assert whole.decode(content, style).shape == x.shape
        assert whole.decoder.style_numbers == 4096


def test_discriminator_has_the_published_count_and_scales():
    with torch.device("meta"):
        D = MultiScalePatchGAN()
        assert count_parameters(D) == 8_271_171
        assert [logits.shape for logits in D(torch.empty(1, 3, 256, 256))] == [(1, 1, s, s) for s in (16, 8, 4)]


def test_scales_see_averages_that_do_not_count_the_padding():
    D = MultiScalePatchGAN(1, 2, layers=1, scales=2)
    ones = torch.ones(1, 1, 8, 8)
    torch.testing.assert_close(D(ones)[1], D.judges[1](torch.ones(1, 1, 4, 4)))


@pytest.mark.parametrize("upsampler_norm", ["layer", "instance"])
def test_small_networks_rebuild_the_shape_in_range_with_finite_gradients(upsampler_norm):
    whole = ContentStyleAutoencoder(width=4, blocks=1, mlp_width=8, upsampler_norm=upsampler_norm)
    x = torch.ones(2, 3, 16, 16)  # constant images: InstanceNorm divides by no deviation
    y = whole.decode(*whole.encode(x))
    assert y.shape == x.shape and y.abs().max() <= 1
    y.sum().backward()
    assert all(p.grad.isfinite().all() for p in whole.parameters())


def test_content_code_is_blind_to_brightness_and_contrast_and_the_style_code_is_not():
    whole = ContentStyleAutoencoder(width=4, blocks=1).double()
    x = torch.randn(1, 3, 16, 16, dtype=torch.float64)
    changed = 0.5 * x + 0.3
    (c, s), (c_changed, s_changed) = whole.encode(x), whole.encode(changed)
    torch.testing.assert_close(c, c_changed, atol=1e-3, rtol=0)
    assert (s - s_changed).abs().max() > 0.01


def test_weights_start_as_he_et_al():
    encoder = ContentEncoder()
    weight = encoder.layers[-1].layers[1].weight.detach()
    assert abs(float(weight.std()) - (2 / (256 * 9)) ** 0.5) < 0.001
    assert encoder.layers[-1].layers[1].bias.abs().max() == 0
