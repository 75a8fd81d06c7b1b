"""What lesson 04 states as theory."""

import pytest
import torch

from labkit.losses.variational import kl, kl_fixed

SCENES = torch.randn(2, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
S_A, S_B = torch.randn(2, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def world(turn: float):
    """Cycle error, and how far apart the codes of a picture and of its translation and true partner lie."""
    angle = torch.tensor(turn, dtype=torch.float64)
    T = torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])
    E_A, E_B, Dec_A, Dec_B = S_A.inverse(), T.inverse() @ S_B.inverse(), S_A, S_B @ T
    x_A, x_B = S_A @ SCENES, S_B @ SCENES
    fake_B = Dec_B @ E_A @ x_A
    pairs = ((Dec_A @ E_B @ fake_B, x_A), (E_B @ fake_B, E_A @ x_A), (E_B @ x_B, E_A @ x_A))
    return [(a - b).abs().max().item() for a, b in pairs]


def test_one_code_for_true_pairs_brings_the_cycle_home():
    assert max(world(0.0)) < 1e-12


@pytest.mark.parametrize("turn", [0.3, 1.57, 3.0])
def test_a_cycle_that_comes_home_does_not_mean_one_code(turn):
    cycle, translation, partner = world(turn)
    assert cycle < 1e-12 and translation < 1e-12
    assert partner > 0.1


def test_at_the_published_size_the_mean_is_a_373248th_of_twice_the_theory():
    mu = torch.randn(1, 256, 54, 54, generator=torch.Generator().manual_seed(0))
    assert kl(mu, torch.ones_like(mu)).item() / kl_fixed(mu).item() == pytest.approx(256 * 54 * 54 / 2, rel=1e-4)
    assert 256 * 54 * 54 // 2 == 373_248
