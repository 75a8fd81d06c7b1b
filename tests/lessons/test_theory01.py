"""What lesson 01 states as theory."""

import math

import pytest
import torch

from labkit.data.recipes.toy import Density
from labkit.losses.adversarial import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    optimal_discriminator,
    optimal_logit,
    r1_penalty,
    value,
)
from labkit.views.phase import way
from labkit.views.pushes import pushes

ETA = 0.15


def at_once(theta, psi):
    return theta + ETA * psi, psi - ETA * theta


def in_turn(theta, psi):
    psi = psi - ETA * theta
    return theta + ETA * psi, psi


def with_r1(theta, psi, gamma=0.6):
    return theta + ETA * psi, psi - ETA * (theta + gamma * psi)


def with_gp(theta, psi, weight=0.3):
    return theta + ETA * psi, psi - ETA * (theta + 2 * weight * (psi - torch.sign(psi)))


def looking_ahead(theta, psi):
    theta_then, psi_then = at_once(theta, psi)
    return theta + ETA * psi_then, psi - ETA * theta_then


def squared(points):
    return points.square().sum(1)


@pytest.mark.parametrize("theta, psi", [(1.0, 0.0), (-0.5, 0.7), (0.3, -1.2)])
def test_the_forces_of_the_smallest_gan_are_the_gradients_of_the_losses(theta, psi):
    theta, psi = (torch.tensor([number], dtype=torch.float64, requires_grad=True) for number in (theta, psi))
    real, fake = psi * torch.zeros(1, dtype=torch.float64), psi * theta
    (of_G,) = torch.autograd.grad(generator_loss("wasserstein", fake), theta, retain_graph=True)
    (of_D,) = torch.autograd.grad(discriminator_loss("wasserstein", real, fake), psi)
    assert torch.allclose(-of_G, psi) and torch.allclose(-of_D, -theta)
    penalty = r1_penalty(lambda x: psi * x, torch.zeros(4, 1, dtype=torch.float64))
    (of_R1,) = torch.autograd.grad(penalty, psi)
    assert torch.allclose(of_R1, psi)  # gamma times this is subtracted from D's step
    real, fake = (
        psi * torch.zeros(1, dtype=torch.float64),
        psi * theta,
    )  # non-saturating: each force times a positive factor
    (of_G,) = torch.autograd.grad(generator_loss("nonsaturating", fake), theta, retain_graph=True)
    (of_D,) = torch.autograd.grad(discriminator_loss("nonsaturating", real, fake), psi, retain_graph=True)
    assert torch.allclose(-of_G, psi * (1 - torch.sigmoid(fake)))
    assert torch.allclose(-of_D, -theta * torch.sigmoid(fake))


def test_both_at_once_run_away_by_the_same_factor_at_every_step():
    radius = squared(way(at_once, (1.0, 0.0), 50))
    assert torch.allclose(radius[1:] / radius[:-1], torch.full((50,), 1 + ETA**2, dtype=torch.float64))


def test_in_turn_stays_on_an_ellipse():
    theta, psi = way(in_turn, (1.0, 0.3), 500).T
    kept = theta**2 + psi**2 - ETA * theta * psi
    assert torch.allclose(kept, kept[0].expand_as(kept))
    assert squared(torch.stack([theta, psi], 1)).min() > 0.5


def test_r1_and_looking_ahead_come_to_rest_and_wgan_gp_does_not():
    assert squared(way(with_r1, (1.0, 0.0), 300))[-1] < 1e-6
    ahead = squared(way(looking_ahead, (1.0, 0.0), 300))
    assert torch.allclose(ahead[1:] / ahead[:-1], torch.full((300,), 1 - ETA**2 + ETA**4, dtype=torch.float64))
    assert squared(way(with_gp, (1.0, 0.0), 3000))[-500:].mean() > 0.1


@pytest.mark.parametrize("kind", ["minimax", "nonsaturating", "lsgan", "hinge"])
@pytest.mark.parametrize("p_real, p_fake", [(0.2, 0.6), (0.5, 0.1), (1.0, 0.02)])
def test_the_best_logit_minimises_the_loss_of_d_at_a_point(kind, p_real, p_fake):
    real, fake = torch.tensor([p_real], dtype=torch.float64), torch.tensor([p_fake], dtype=torch.float64)
    apart = torch.linspace(-6, 6, 24001, dtype=torch.float64)
    nothing = 0.0 if kind == "lsgan" else 1000.0  # an answer that costs D nothing, so that one part is seen alone
    loss = torch.stack(
        [
            p_real * discriminator_loss(kind, d, torch.tensor([-nothing], dtype=torch.float64))
            + p_fake * discriminator_loss(kind, torch.tensor([nothing or 1.0], dtype=torch.float64), d)
            for d in apart[:, None]
        ]
    )
    assert apart[loss.argmin()].item() == pytest.approx(optimal_logit(kind, real, fake).item(), abs=1e-3)


def test_where_nothing_overlaps_the_best_logit_is_a_steep_ramp_and_the_pushes_are_as_told():
    here, far = Density([-4.0], [0.5]), Density([4.0], [0.5])
    x = torch.tensor([3.5, 4.0, 4.5], dtype=torch.float64)
    assert torch.allclose(optimal_logit("minimax", here.pdf(x), far.pdf(x)), -32 * x)
    push = pushes(here, far, x)
    assert push["minimax"].max() < 1e-45 and push["lsgan"].max() < 1e-45 and push["hinge"].max() == 0
    assert push["minimax"][1].item() == pytest.approx(32 * math.exp(-128), rel=1e-6)
    assert torch.allclose(push["nonsaturating"], torch.full_like(x, 32.0))
    assert torch.allclose(push["wasserstein"], torch.ones_like(x))


def test_on_the_line_the_gradient_penalty_has_a_second_minimum_on_the_wrong_side():
    slope = torch.linspace(-3, 3, 60001, dtype=torch.float64)
    real, fake = torch.full((1, 1), -4.0, dtype=torch.float64), torch.full((1, 1), 4.0, dtype=torch.float64)
    s = torch.tensor(0.25, dtype=torch.float64)
    paid = discriminator_loss("wasserstein", s * real, s * fake) + 10 * gradient_penalty(lambda x: s * x, real, fake)
    assert paid.item() == pytest.approx(8 * 0.25 + 10 * (0.25 - 1) ** 2)  # what the lesson writes
    cost = 8 * slope + 10 * (slope.abs() - 1) ** 2
    lowest = (cost[1:-1] < cost[:-2]) & (cost[1:-1] < cost[2:])
    assert torch.allclose(slope[1:-1][lowest], torch.tensor([-1.4, 0.6], dtype=torch.float64), atol=1e-3)


@pytest.mark.parametrize("modes", [1, 2, 4, 7, 8])
def test_the_best_discriminator_sees_through_a_collapse_and_every_mode_more_pays(modes):
    real = torch.full((8,), 1 / 8, dtype=torch.float64)

    def spread(over):
        return torch.cat([torch.full((over,), 1 / over), torch.zeros(8 - over)]).double()

    best = optimal_discriminator(real, spread(modes))
    assert torch.allclose(best[:modes], torch.tensor(modes / (modes + 8), dtype=torch.float64), atol=1e-7)
    assert (best[modes:] == 1).all()
    if modes > 1:
        fewer = optimal_discriminator(real, spread(modes - 1))
        assert value(best, real, spread(modes), 1.0) < value(fewer, real, spread(modes - 1), 1.0)
