import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.nets.encoders import ConvDecoder, ConvEncoder, ProjectionHead, build_encoder, features_of


@pytest.mark.parametrize(("size", "channels"), [(16, 1), (32, 3)])
def test_encoder_and_decoder_shapes(size, channels):
    encoder, decoder = ConvEncoder(channels, size, 4, 10), ConvDecoder(channels, size, 4, 10)
    images = torch.zeros(2, channels, size, size)
    codes = encoder(images)
    assert codes.shape == (2, 10)
    pictures = decoder(codes)
    assert pictures.shape == images.shape and pictures.abs().max() <= 1


def test_a_side_that_cannot_be_halved_three_times_is_refused():
    with pytest.raises(LabError, match="multiple of 8"):
        ConvEncoder(size=20)


@pytest.mark.parametrize(("name", "side"), [("resnet50", 64), ("resnet50_small_images", 32)])
def test_resnet50_has_the_papers_body(name, side):
    with torch.device("meta"):
        encoder = build_encoder(name, 3, 0, 0, 0)
        assert encoder(torch.empty(2, 3, side, side)).shape == (2, 2048) == (2, encoder.features)
    stem = 7 * 7 if name == "resnet50" else 3 * 3
    assert count_parameters(encoder) == 23_508_032 - 64 * 3 * (49 - stem)


def test_small_image_stem_keeps_the_resolution():
    with torch.device("meta"):
        encoder = build_encoder("resnet50_small_images", 3, 0, 0, 0)
        first = encoder.layers.maxpool(encoder.layers.conv1(torch.empty(1, 3, 32, 32)))
    assert first.shape == (1, 64, 32, 32)


def test_heads_end_on_the_sphere():
    for layers, parameters in ((1, 8 * 5 + 5), (2, 8 * 8 + 8 + 8 * 5 + 5)):
        head = ProjectionHead(8, 5, layers)
        assert count_parameters(head) == parameters
        assert torch.allclose(head(torch.randn(6, 8)).norm(dim=1), torch.ones(6))


def test_frozen_features_do_not_depend_on_the_batch_and_change_nothing():
    encoder = ConvEncoder(1, 16, 4, 6).train()
    state = {key: value.clone() for key, value in encoder.state_dict().items()}
    images = torch.rand(7, 1, 16, 16)
    whole, parts = features_of(encoder, images), features_of(encoder, images, batch_size=2)
    assert torch.allclose(whole, parts, atol=1e-6) and not whole.requires_grad
    assert encoder.training
    assert all(torch.equal(value, encoder.state_dict()[key]) for key, value in state.items())
