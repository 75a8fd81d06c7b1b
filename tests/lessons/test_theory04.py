"""What lesson 04 states as theory."""

import math

import pytest
import torch

from labkit.losses.adversarial import optimal_discriminator, value
from labkit.losses.variational import kl, kl_fixed

SCENES = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], dtype=torch.float64).T
S_A, S_B = torch.randn(2, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def world(degrees: float):
    """How far a fake lies from all pictures of B, the cycle's error, and how far apart the codes of a picture and of
    its translation and true partner lie."""
    angle = torch.tensor(math.radians(degrees), dtype=torch.float64)
    T = torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])
    E_A, E_B, Dec_A, Dec_B = S_A.inverse(), T.inverse() @ S_B.inverse(), S_A, S_B @ T
    x_A, x_B = S_A @ SCENES, S_B @ SCENES
    fake_B = Dec_B @ E_A @ x_A
    pairs = ((Dec_A @ E_B @ fake_B, x_A), (E_B @ fake_B, E_A @ x_A), (E_B @ x_B, E_A @ x_A))
    return [torch.cdist(fake_B.T, x_B.T).amin(1).max().item(), *((a - b).abs().max().item() for a, b in pairs)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5])
def test_all_joint_distributions_of_two_halves_look_alike_to_both_discriminators(share):
    joint = torch.tensor([[share, 0.5 - share], [0.5 - share, share]], dtype=torch.float64)
    half = torch.full((2,), 0.5, dtype=torch.float64)
    for axis in (0, 1):
        seen = joint.sum(axis)
        best = value(optimal_discriminator(half, seen), half, seen, dx=1.0)
        assert best.item() == pytest.approx(-math.log(4), abs=1e-12)


def test_one_code_for_true_pairs_brings_the_cycle_home():
    assert max(world(0)) < 1e-12


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turn_that_is_a_symmetry_of_the_scenes_is_seen_by_nothing_but_the_true_partner(degrees):
    seen, cycle, translation, partner = world(degrees)
    assert max(seen, cycle, translation) < 1e-12
    assert partner >= 1 - 1e-12


@pytest.mark.parametrize("degrees", [20, 45, 130])
def test_another_turn_comes_home_as_well_and_is_seen_by_the_discriminator(degrees):
    seen, cycle, translation, partner = world(degrees)
    assert max(cycle, translation) < 1e-12
    assert min(seen, partner) > 0.1


def test_the_published_weight_of_the_kl_is_0_000375_of_the_summed_absolute_error():
    """100 times a mean over pixels and 0.1 times a mean of squares, against their sums, at any size."""
    generator = torch.Generator().manual_seed(0)
    for side in (216, 256):
        error = torch.rand(1, 3, side, side, generator=generator)
        mu = torch.randn(1, 256, side // 4, side // 4, generator=generator)
        published = 100 * error.mean() + 0.1 * kl_fixed(mu)
        summed = error.sum() + 0.000375 * kl(mu, torch.ones_like(mu))
        assert (published * error.numel() / 100 / summed).item() == pytest.approx(1, rel=1e-5)


def test_a_laplacian_of_scale_b_weighs_the_kl_with_b():
    """-log p of a Laplacian is the summed absolute error over b, plus a constant."""
    error, b = torch.tensor([0.3, -0.1, 0.7], dtype=torch.float64), 0.05
    density = torch.distributions.Laplace(torch.zeros_like(error), b)
    constant = len(error) * math.log(2 * b)
    assert -density.log_prob(error).sum().item() == pytest.approx(error.abs().sum().item() / b + constant)


def test_the_best_of_many_equal_checkpoints_gains_as_much_as_the_answer_says():
    deviation = math.sqrt(0.9 * 0.1 / 1860)
    draws = torch.randn(400, 2000, generator=torch.Generator().manual_seed(0))
    assert deviation == pytest.approx(0.007, abs=0.0005)
    assert deviation * draws.amax(1).mean().item() == pytest.approx(0.024, abs=0.001)
