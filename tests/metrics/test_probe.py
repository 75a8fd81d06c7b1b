import numpy as np
import pytest
import torch

from labkit.errors import LabError
from labkit.metrics.probe import linear_pictures, linear_probe, linear_reconstruction


def blobs(n, spread, seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 3
    centres = torch.tensor([[4.0, 0.0], [0.0, 4.0], [-4.0, -4.0]])
    return centres[labels] + spread * torch.randn(n, 2, generator=generator), labels


def test_separable_features_are_read_perfectly_and_noise_at_chance():
    assert linear_probe(blobs(90, 0.3, 0), blobs(60, 0.3, 1)).value == 1.0
    assert linear_probe(blobs(90, 0.3, 0), blobs(60, 0.3, 1), per_class=1).value > 0.95
    noise = [(torch.randn(n, 8, generator=torch.Generator().manual_seed(n)), torch.arange(n) % 3) for n in (300, 301)]
    assert linear_probe(*noise).value == pytest.approx(1 / 3, abs=0.12)


def test_more_labels_help_and_the_draws_are_the_same_every_time():
    train, test = blobs(300, 3.5, 0), blobs(300, 3.5, 1)
    few, again = linear_probe(train, test, per_class=1), linear_probe(train, test, per_class=1)
    assert few.value == again.value
    assert few.value < linear_probe(train, test).value
    assert few.n == 300 and few.split == "test"


def test_scale_of_a_feature_does_not_matter():
    train, test = blobs(120, 2.0, 0), blobs(120, 2.0, 1)
    scale = torch.tensor([1000.0, 0.01])
    scaled = [(x * scale + 5, y) for x, y in (train, test)]
    assert linear_probe(*scaled).value == pytest.approx(linear_probe(train, test).value, abs=0.02)


def test_too_few_images_of_a_class_are_named():
    with pytest.raises(LabError, match="labels a class"):
        linear_probe(blobs(6, 1.0, 0), blobs(6, 1.0, 1), per_class=5)


def test_reconstruction_explains_what_is_linear_in_the_features_and_nothing_else():
    rng = np.random.default_rng(0)
    features = torch.tensor(rng.normal(size=(800, 5)), dtype=torch.float32)
    images = (features @ torch.tensor(rng.normal(size=(5, 16)), dtype=torch.float32)).reshape(800, 1, 4, 4)
    train, test = (features[:400], images[:400]), (features[400:], images[400:])
    assert linear_reconstruction(train, test).value > 0.99
    other = torch.tensor(rng.normal(size=(800, 5)), dtype=torch.float32)
    assert abs(linear_reconstruction((other[:400], images[:400]), (other[400:], images[400:])).value) < 0.06
    painted = linear_pictures(train, test[0])
    assert painted.shape == test[1].shape and (painted - test[1]).square().mean() < 0.01 * test[1].var()
