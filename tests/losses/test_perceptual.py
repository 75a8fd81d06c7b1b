"""Distances in features: what InstanceNorm takes away, VGG-16's shape and count, and its missing weights."""

import pytest
import torch

from labkit.errors import LabError
from labkit.losses.perceptual import VGG16, VGG16_FILE, domain_invariant_loss, feature_distance, load_vgg16


def test_against_loops():
    x, y = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 5)
    for b in range(2):
        total = 0.0
        for c in range(3):
            u, v = ((z[b, c] - z[b, c].mean()) / (z[b, c].var(unbiased=False) + 1e-5).sqrt() for z in (x, y))
            total += float((u - v).square().sum())
        assert feature_distance(x, y)[b].item() == pytest.approx(total / 60, rel=1e-4)
    torch.testing.assert_close(feature_distance(x, y, normalise=False), (x - y).square().mean((1, 2, 3)))


def test_normalised_features_forget_scale_and_shift_of_each_channel():
    x = torch.randn(2, 3, 8, 8)
    scale, shift = torch.rand(2, 3, 1, 1) + 0.5, torch.randn(2, 3, 1, 1)
    assert feature_distance(x, scale * x + shift).max() < 1e-6
    assert feature_distance(x, scale * x + shift, normalise=False).min() > 0.01


def test_loss_is_the_mean_and_reaches_the_image():
    x, y = torch.randn(3, 2, 6, 6, requires_grad=True), torch.randn(3, 2, 6, 6)
    loss = domain_invariant_loss(lambda image: image.square(), x, y)
    torch.testing.assert_close(loss, feature_distance(x.square(), y.square()).mean())
    loss.backward()
    assert x.grad.abs().sum() > 0


def test_vgg_has_the_published_count_and_munits_three_poolings():
    with torch.device("meta"):
        vgg = VGG16()
        assert sum(b.numel() for b in vgg.buffers()) == 14_714_688
        assert vgg(torch.empty(1, 3, 256, 256)).shape == (1, 512, 32, 32)
        assert VGG16("relu4_3")(torch.empty(1, 3, 64, 64)).shape == (1, 512, 8, 8)
        assert VGG16("relu1_2")(torch.empty(1, 3, 64, 64)).shape == (1, 64, 64, 64)
    assert not vgg.state_dict() and not list(vgg.parameters())


def test_unknown_layer_is_refused():
    with pytest.raises(LabError, match="relu6_1"):
        VGG16("relu6_1")


def test_missing_and_damaged_weights_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(LabError, match=r"download https://.*put the file at"):
        load_vgg16()
    file = tmp_path / "hub" / "checkpoints" / VGG16_FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"not weights")
    with pytest.raises(LabError, match="cannot be read"):
        load_vgg16()


def test_weights_are_read_in_torchvisions_order(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub" / "checkpoints" / VGG16_FILE
    file.parent.mkdir(parents=True)
    vgg = VGG16("relu1_2")
    stored = {name: torch.randn_like(value) for name, value in vgg.named_buffers()}
    torch.save({f"features.{i}": value for i, value in enumerate(stored.values())}, file)
    loaded = load_vgg16("relu1_2")
    assert all(torch.equal(value, stored[name]) for name, value in loaded.named_buffers())
    x = torch.rand(1, 3, 8, 8) * 2 - 1
    pixels = (x + 1) * 127.5 - torch.tensor([123.68, 116.779, 103.939])[:, None, None]
    conv = torch.nn.functional.conv2d
    by_hand = conv(pixels, stored["weight_1_1"], stored["bias_1_1"], padding=1).relu()
    by_hand = conv(by_hand, stored["weight_1_2"], stored["bias_1_2"], padding=1).relu()
    torch.testing.assert_close(loaded(x), by_hand)
