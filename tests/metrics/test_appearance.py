"""Colour and roughness."""

import torch

from labkit.metrics.appearance import FEATURES, appearance_features


def test_appearance_features_see_colour_and_roughness():
    flat, striped = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    striped[..., ::2] = 1.0
    assert appearance_features(flat).shape == (1, FEATURES)
    assert appearance_features(flat).abs().max() == 0
    features = appearance_features(striped)[0]
    assert features[:3].tolist() == [0.5] * 3
    assert features[6] == 0 and features[7] == 1  # no change along rows of pixels below each other, full change across
    assert torch.equal(appearance_features(flat[:, :1]), appearance_features(flat))
