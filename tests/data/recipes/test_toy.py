import math

import pytest
import torch

from labkit.data.recipes.toy import (
    Density,
    grid,
    grid_centres,
    jensen_shannon,
    points_around,
    ring,
    ring_centres,
    rings,
)
from labkit.errors import LabError


def test_the_ring_lies_on_its_circle():
    centres = ring_centres(8, 0.75)
    assert torch.allclose(centres.norm(dim=1), torch.full((8,), 0.75))
    assert torch.allclose(centres.sum(0), torch.zeros(2), atol=1e-6)
    assert torch.cdist(centres, centres).fill_diagonal_(9).min() == pytest.approx(
        2 * 0.75 * math.sin(math.pi / 8), rel=1e-4
    )


def test_points_have_the_spread_and_the_modes_they_should():
    points, modes = points_around(grid_centres(3), 0.05, 9000, seed=1)
    assert modes.bincount().tolist() == [1000] * 9
    offsets = points - grid_centres(3)[modes]
    assert offsets.std().item() == pytest.approx(0.05, rel=0.03)
    assert offsets.mean().abs() < 0.002


@pytest.mark.parametrize("recipe", [ring, grid])
def test_a_toy_domain_holds_points_with_modes(recipe):
    dataset, again, other = recipe(), recipe(), recipe(seed=1)
    points = dataset.train["real"]
    assert points.images.shape == (len(points), 2)
    assert points.images.abs().max() < 1
    assert torch.equal(points.images, again.train["real"].images)
    assert not torch.equal(points.images, other.train["real"].images)
    assert not torch.equal(points.images[:10], dataset.test["real"].images[:10])


def test_the_two_rings_have_their_modes():
    dataset = rings()
    assert dataset.train["A"].labels.unique().numel() == 5
    assert dataset.train["B"].labels.unique().numel() == 10
    assert dataset.truth == {}


def test_a_density_integrates_to_one_and_agrees_with_its_samples():
    density = Density([-1.0, 2.0], [0.5, 1.0], [1.0, 3.0])
    x = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    assert torch.trapezoid(density.pdf(x), x).item() == pytest.approx(1, abs=1e-6)
    samples = density.sample(40_000, torch.Generator().manual_seed(0))
    assert samples.mean().item() == pytest.approx(0.25 * -1 + 0.75 * 2, abs=0.03)
    assert (samples < 0).float().mean().item() == pytest.approx(
        torch.trapezoid(density.pdf(x[x <= 0]), x[x <= 0]).item(), abs=0.01
    )


def test_jensen_shannon_is_zero_for_equals_ln_2_for_strangers_and_symmetric():
    p, q = Density([0.0], [1.0]), Density([1.0, 3.0], [0.5, 0.7])
    assert jensen_shannon(p, p) == pytest.approx(0, abs=1e-9)
    assert jensen_shannon(Density([-50.0], [1.0]), Density([50.0], [1.0])) == pytest.approx(math.log(2), abs=1e-6)
    assert jensen_shannon(p, q) == pytest.approx(jensen_shannon(q, p), abs=1e-9)
    x = torch.linspace(-8, 9, 200_001, dtype=torch.float64)  # an oracle: the definition, term by term
    u, v = p.pdf(x), q.pdf(x)
    kl = [torch.trapezoid(a * torch.log(2 * a / (u + v)), x) for a in (u, v)]
    assert jensen_shannon(p, q) == pytest.approx(float(sum(kl) / 2), abs=1e-6)


@pytest.mark.parametrize(
    "wish",
    [
        lambda: Density([0.0], [1.0, 2.0]),
        lambda: Density([0.0], [0.0]),
        lambda: Density([0.0], [1.0], [0.0]),
        lambda: Density([], []),
        lambda: ring(std=0.0),
        lambda: ring(n_train=3),
    ],
)
def test_impossible_wishes_are_refused(wish):
    with pytest.raises(LabError):
        wish()
